"""The class `Glove`: it trains word vectors on text or counts."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Self, TypeAlias, Unpack

import numpy as np
import numpy.typing as npt

from . import _html, _settings
from ._checks import boolean, instance, shown
from ._fit import estimate, fitting, infer, loss_plot, training_counts
from ._fit import score as scoring
from ._fit import update as updating
from ._fit.counted_text import Text
from ._fit.epoch_state import EpochCallback
from ._fit.estimate import FitEstimate
from ._fit.fit_options import CheckedFitOptions, FitOptions
from ._fit.fitted import Fitted
from ._fit.history import History
from ._fit.pretrained import Init
from ._io import model_file, stanford
from ._io.sources import Source
from ._optional import optional
from ._progress import Progress
from ._python_tokenizers import Tokenizer
from ._user_dictionary import UserDictionary
from ._word_lists import StopWords
from .cooccurrence import Cooccurrence
from .phrases import Phrases
from .vectors import WordVectors
from .vectors import combine as combined
from .vocabulary import Vocabulary, as_vocabulary

__all__ = ["Glove", "History", "NotFittedError"]

_F32: TypeAlias = npt.NDArray[np.float32]


class NotFittedError(ValueError, AttributeError):
    """The model is not trained yet: call `fit` first."""


class Glove:
    r"""GloVe: word vectors from co-occurrence counts (Pennington, Socher, Manning 2014).

    Training minimises equation 8 of the paper over the non-zero counts, by AdaGrad or another
    `optimizer`:
    :math:`J = \sum_{ij} f(X_{ij}) (w_i \cdot \tilde w_j + b_i + \tilde b_j - \ln X_{ij})^2`
    with :math:`f(x) = \min(1, (x/x_{max})^\alpha)`. The parameter `negative` adds a term for pairs
    of words that never co-occur. The equation of the paper has no term for them.

    Parameters
    ----------
    dim : int, default 50
        Number of components of each vector, from 1 to 1048576.
    window : int or None, default 15
        Count pairs of words that are at most this many words apart, >= 1. None counts every pair of
        a document, for baskets, playlists and other sets of items. A document may then have up to
        10000 words.
    min_count : int, default 5
        Number of occurrences, >= 1. Words with fewer occurrences are dropped before pairs are
        counted.
    max_vocab : int, optional
        Keep at most this many words, the most frequent ones, >= 1.
    symmetric : bool, default True
        Count both directions of a pair. With False, count only (left word, right word).
    distance_weighting : bool, default True
        Add 1/d to the count of a pair at distance d. With ``window=None``, add 1/(length of the
        document - 1) to the count of each pair. With the defaults of `symmetric` and `keep_gaps`,
        each occurrence of a word then adds 1 in total to the row of the word. With False, add 1.
    adjacent : bool, optional
        Also count which words stand side by side (:attr:`glove_rs.Cooccurrence.adjacent`), and
        train with these counts. Each of the 16,384 most frequent words then has three context
        vectors, each with a bias: as a word in the window, as the left neighbour, and as the right
        neighbour of another word (Salle et al. 2016). All words train with these contexts. The
        fitted model keeps only the context vectors and biases of the window. This improves
        analogies, most of all syntactic ones. Best True, paper False. If adjacent words were not
        counted (``window=None``, or X without :attr:`~glove_rs.Cooccurrence.adjacent`), None means
        False, and True raises a ValueError.
    keep_gaps : bool, default False
        Count dropped words in the distance between two words.
    tokenizer : {"whitespace", "unicode", "zh"}, pattern or callable, default "whitespace"
        How text is split into words. "whitespace": at spaces, tabs and newlines, as Stanford's
        tools do; carriage returns are removed. "unicode": into words by Unicode's Annex 29, without
        punctuation. "zh": into Chinese words by jieba, without punctuation. A compiled pattern of
        `re` or `regex`: the whole text of each match is a word. A function from str to a list of
        str: it is called with each document.
    user_dictionary : path or iterable of str, optional
        Words that the tokenizer "zh" adds to jieba's dictionary: a file in jieba's format (UTF-8;
        on each line a word, optionally its frequency and its tag, with spaces between them), or a
        list of such lines. A word without a frequency gets the lowest frequency at which jieba
        does not split it. Tags are not used. Frequencies go from 1 to 4,294,967,295. A model and a
        checkpoint are saved with the words, so they do not need the file later.
    simplified_lookup : bool, default False
        With the tokenizer "zh", simplify traditional characters by the tables of OpenCC to look
        words up in the dictionary. Only the look-up is simplified: the words keep the characters of
        the text, so the two spellings of a word are two words.
    lowercase : bool, default False
        Convert the text to lower case before it is split.
    phrases : Phrases or path, optional
        Count each of these phrases as one word, such as new_york. The model is saved with its
        phrases, and `update` joins them in the new text too. A path names a file that
        :meth:`glove_rs.phrases.Phrases.save` wrote.
    stop_words : iterable of str, path or str, optional
        Words that are dropped before pairs are counted, as words below `min_count` are: a list, the
        path of a file with a word on each line, or a language such as "english" (``pip install
        stop-words``). Phrases are joined first, so a phrase may contain a stop word. The words are
        lower-cased and normalized as the text is.
    preset : {"best", "paper", "stanford2024"}, default "best"
        Source of the training settings that are None. A preset does not change settings that are
        given. "paper" is the paper's model as Stanford's tool trains it. "best" scores higher than
        "paper" in less time. "stanford2024" is "paper" with the settings of Stanford's vectors of
        2024: `x_max` 10, `epochs` 100, and unless they are given, `window` 10, `min_count` 20 and
        `seed` 2024. If `preset` is changed later, these three follow it, unless they were given.
        Below, "Best 20, paper 100" means 20 in the preset "best" and 100 in "paper".
    x_max : float, optional
        A count > 0. Counts of `x_max` and more have the full weight f = 1. Best 20, paper 100.
    alpha : float, optional
        Exponent of f, >= 0. In every preset 0.75.
    learning_rate : float, optional
        The learning rate η of the vectors in the first epoch, > 0. Best 0.25 for up to 7 epochs and
        0.16 for more, paper 0.05.
    bias_learning_rate : float, optional
        The learning rate of the biases in the first epoch, > 0. Best 0.2, paper 1. With "sgd" the
        biases use `learning_rate` instead.
    schedule : {"constant", "linear", "cosine"}, optional
        How both learning rates change during training: "constant" keeps them, "linear" lowers them
        to 0 in a straight line, and "cosine" along half a cosine wave. Best "cosine", paper
        "constant".
    epochs : int, optional
        Number of passes over the counts, >= 1. Best c + √(4·10⁸ / records), rounded, and at most
        20. c is 5 up to dim 50, 8 at dim 100 and 6 from dim 300 on, and changes linearly between
        these dims. At dim 100 this is 20 up to 3 million records, 16 for 6.6 million (1 million
        words), 10 for 69 million (17 million words) and 8 above 1.6 billion. A record is a non-zero
        count X[i, j]; (i, j) and (j, i) are two records. Paper 25. In
        :func:`glove_rs.bootstrap` and :func:`glove_rs.compare.slices`, best 7.
    negative : float, optional
        Negative sampling: in each epoch, draw this many word pairs for each non-zero count, from 0
        to 1000. Pairs that co-occur are dropped, and a few others with them. Each pair that
        remains adds
        ½ λ max(0, w·w̃ + b + b̃ − t)² to the objective, with t = ½ ln E − 1, where E is the count
        that the pair would have if its words occurred independently. Best 1, paper 0.
    negative_weight : float, optional
        The weight λ of the pairs that `negative` adds, > 0. For comparison, a count of `x_max` has
        weight 1. Best 0.15, paper 0.3.
    optimizer : {"adagrad", "rowwise_adagrad", "sgd"}, optional
        The step rule. "adagrad": AdaGrad with one accumulator for each component of a vector and
        one for each bias (Duchi et al. 2011). "rowwise_adagrad": AdaGrad with one accumulator for
        each vector and one for each bias, which needs half the memory and less time. "sgd": plain
        stochastic gradient descent. Best "rowwise_adagrad", paper "adagrad".
    grad_clip : float, optional
        Bound of each component of a vector's gradient, > 0. It keeps training at high learning
        rates from diverging. With "rowwise_adagrad" it is the bound of the root of the mean square
        of all components. Best 3, and 3 (100/dim)² beyond dim 100; paper 100.
    subwords : bool, optional
        After the last epoch, change the vectors W + W_tilde in five steps. In up to eight
        directions in which the rows of W and W_tilde are opposite, change the sign of W_tilde
        before the sum, because the sum would lose the components in these directions. Subtract the
        weighted mean of the vectors. Halve their components in the two directions of largest
        variance (Mu and Viswanath 2018). Divide each vector by its relative length l, and fit a
        subword model (:class:`glove_rs.Subwords`) to the results; l is the Euclidean norm of the
        vector divided by the weighted mean of all norms, but at least 0.5. Multiply the vector that
        this model predicts from the spelling of a word by the l of the word, and move the vector of
        the word 0.56 of the way to this product. Words without an n-gram of the model do not move
        in this last step. This improves the vectors of rare words, and the scores in word
        similarity and syntactic analogies. The subword model becomes ``vectors.subwords``, which
        gives unknown words a vector. If the spelling of held-out words does not predict their
        vectors, no vector is changed, and there is no subword model. Best True, paper False. With
        `init` or rectangular counts, None means False.
    deterministic : bool, default False
        Give a result with the same bits for any number of threads. With False, threads update
        shared vectors without locks (Hogwild, Niu et al. 2011), in an order that varies.
    threads : int, optional
        Number of threads, at least 1. The most is 64, or 8 for each processor if that is more.
        Default: the number of processors that this process may use.
    seed : int, default 0
        Seed of the random numbers of training, >= 0: of initial parameters, the order of records,
        negative pairs and held-out pairs.
    memory : int or str, optional
        Limit for counts and training records, in bytes or as "512MB" or "2GiB", at least 1 MB.
        Data beyond the limit goes to temporary files. The limit does not include the vectors. By
        default there is no limit, unless the system limits the memory of the process, as in a
        container: then the limit is a fraction of the memory that the process may still use.
    tmp_dir : path, optional
        Folder for temporary files. Default: that of the system.
    normalize : {"NFC", "NFKC"}, optional
        Normalize the text (Unicode) before it is split.
    documents : {"line", "paragraph", "file"}, default "line"
        What a document is: a line, the text between two blank lines, or a file or item of an
        iterable. Windows never cross the end of a document. A list of words is always a document.
    errors : {"strict", "replace", "ignore"}, default "strict"
        What to do with bytes that are not text, and with lone surrogates: raise an error, replace
        them with U+FFFD, or leave them out.
    max_word_bytes : int, default 1048576
        Raise an error if a word is longer than this many bytes: a file with a megabyte without
        white space is probably not text.
    progress : bool or callable, optional
        Show progress: bars on a terminal and in a notebook, elsewhere a line for each stage and
        epoch. By default only bars are shown. A callable is called instead, as
        ``progress(stage, done, total, info)``, about ten times a second, and at least once for each
        stage and each epoch. With any value, the log "glove_rs" of :mod:`logging` gets the lines,
        if the program has imported `logging` and the level of the log is INFO or lower.

    Attributes
    ----------
    W, W_tilde : numpy.ndarray of float32, (V, dim)
        Word vectors and context vectors, in the order of `vocabulary`. After training on
        rectangular counts, W_tilde has the shape (C, dim), in the order of `context_vocabulary`.
    b, b_tilde : numpy.ndarray of float32, (V,)
        The biases of the words and of the context words; b_tilde is (C,) after training on
        rectangular counts.
    vocabulary : Vocabulary
        The words.
    context_vocabulary : Vocabulary
        The context words: `vocabulary`, unless the counts are rectangular.
    history : list of float
        The loss of each epoch, measured while the epoch ran: the objective that training minimises,
        divided by the number of records, nnz. `history.data_loss` is the loss without the terms of
        negative pairs and anchor, Σ ½ f(X) diff² / nnz, with diff = w·w̃ + b + b̃ − ln X. With
        `adjacent`, the records include those of the contexts to the left and to the right.
        `history.seconds`, `history.records_per_second` and, if records were held out,
        `history.validation` also have a number for each epoch.
    settings_ : dict
        Every setting that training used, by its name.
    vectors : WordVectors
        The vectors W + W_tilde with their words; W alone after training on rectangular counts.
    context_vectors : WordVectors
        The vectors W_tilde with the context words.

    Raises
    ------
    ValueError
        `fit` raises it for a parameter that is out of its range; the message names the parameter.
        As in scikit-learn, the constructor checks nothing.

    Examples
    --------
    >>> from glove_rs import Glove
    >>> text = ["an apple a day keeps the doctor away"] * 20
    >>> model = Glove(dim=10, epochs=5, threads=1).fit(text)
    >>> model.W.shape, len(model.history)
    ((8, 10), 5)
    >>> "apple" in model.vectors
    True
    """

    _fitted: Fitted | None = None

    @_settings.with_defaults
    def __init__(
        self,
        dim: int = 50,
        *,
        window: int | None = 15,
        min_count: int = 5,
        max_vocab: int | None = None,
        symmetric: bool = True,
        distance_weighting: bool = True,
        keep_gaps: bool = False,
        tokenizer: Tokenizer = "whitespace",
        lowercase: bool = False,
        preset: str = "best",
        x_max: float | None = None,
        alpha: float | None = None,
        learning_rate: float | None = None,
        epochs: int | None = None,
        optimizer: str | None = None,
        grad_clip: float | None = None,
        deterministic: bool = False,
        threads: int | None = None,
        seed: int = 0,
        memory: int | str | None = None,
        progress: Progress = None,
        tmp_dir: str | os.PathLike[str] | None = None,
        bias_learning_rate: float | None = None,
        schedule: str | None = None,
        negative: float | None = None,
        negative_weight: float | None = None,
        subwords: bool | None = None,
        normalize: str | None = None,
        documents: str = "line",
        errors: str = "strict",
        max_word_bytes: int = 2**20,
        phrases: Phrases | str | os.PathLike[str] | None = None,
        stop_words: StopWords | None = None,
        user_dictionary: UserDictionary | None = None,
        simplified_lookup: bool = False,
        adjacent: bool | None = None,
    ) -> None:
        self.preset = preset  # first, because `__setattr__` uses it for the others
        self.dim = dim
        self.window = window
        self.min_count = min_count
        self.max_vocab = max_vocab
        self.symmetric = symmetric
        self.distance_weighting = distance_weighting
        self.keep_gaps = keep_gaps
        self.tokenizer = tokenizer
        self.lowercase = lowercase
        self.x_max = x_max
        self.alpha = alpha
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.optimizer = optimizer
        self.grad_clip = grad_clip
        self.deterministic = deterministic
        self.threads = threads
        self.seed = seed
        self.memory = memory
        self.tmp_dir = tmp_dir
        self.progress = progress
        self.bias_learning_rate = bias_learning_rate
        self.schedule = schedule
        self.negative = negative
        self.negative_weight = negative_weight
        self.subwords = subwords
        self.normalize = normalize
        self.documents = documents
        self.errors = errors
        self.max_word_bytes = max_word_bytes
        self.phrases = phrases
        # An iterator can be read only once, but a model can be trained several times.
        self.stop_words = list(stop_words) if isinstance(stop_words, Iterator) else stop_words
        self.user_dictionary = (
            list(user_dictionary) if isinstance(user_dictionary, Iterator) else user_dictionary
        )
        self.simplified_lookup = simplified_lookup
        self.adjacent = adjacent

    if not TYPE_CHECKING:  # otherwise type checkers allow every name

        def __setattr__(self, name: str, value: Any) -> None:
            # A new preset changes `window`, `min_count` and `seed`, unless the user gave them.
            value = _settings.passed_on(name, value, vars(self).get("preset"))
            super().__setattr__(name, value)
            if name == "preset":
                vars(self).update(_settings.following(vars(self), value))

    # --- training -------------------------------------------------------------------------------

    def fit(
        self,
        source: Source,
        y: object = None,
        *,
        column: str | None = None,
        storage_options: Any = None,
        vocabulary: Vocabulary | Sequence[str] | None = None,
        init: WordVectors | None = None,
        anchor: float = 0.0,
        validation: float | None = None,
        early_stopping: int | None = None,
        max_seconds: float | None = None,
        callbacks: Sequence[EpochCallback] = (),
        checkpoint_dir: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
        resume: bool = False,
        keep_counts: bool | None = None,
    ) -> Self:
        """Count the co-occurrences of `source` and train on them.

        Parameters
        ----------
        source : path, paths, open file or iterable
            Files: a path; a list of paths; a folder, which means all files in it and its
            subfolders, sorted, without hidden ones; a pattern such as ``"texts/**/*.txt"``; ``"-"``
            for standard input; or a file that is open for text or bytes. Files may be compressed
            with gzip, bzip2, xz or Zstandard. They are UTF-8, or UTF-16 with a byte order mark.
            Instead of files, `source` can be an iterable of documents, each a str or a list of
            words, such as a generator; a pandas or Polars column; an Arrow column or table with one
            column of text; or a Hugging Face dataset. A list of str holds documents, unless most of
            its items are names of existing files or all look like names of files.
        y : object, optional
            Ignored. Pipelines of scikit-learn pass it.
        column : str, optional
            Read this column of text, or of lists of words, from tables. `source` then names files
            of Parquet, Arrow (Feather), ORC, JSON lines, CSV or TSV; or it is an open file of one
            of these, a data frame, an Arrow table, a relation of DuckDB, a LazyFrame of Polars, a
            dataset, or an iterable of dicts. Each row is a document; nulls are skipped. ``"a.b"``
            is the field "b" of the column "a". Tables in files need pyarrow.
        storage_options : dict or file system, optional
            Options of fsspec for the store of a URL, such as ``{"anon": True}``; or a file system
            of fsspec or pyarrow, in which `source` names paths. They are not saved with the model.
        vocabulary : Vocabulary or sequence of str, optional
            The words to train, instead of those that `min_count` and `max_vocab` select.
        init : WordVectors, optional
            Pretrained vectors with `dim` components. A word with a pretrained vector r starts with
            w + w̃ = r. All other words start at random.
        anchor : float, default 0.0
            The weight μ >= 0 of the term μ Σ ‖(w + w̃) − r‖² over the words that have a pretrained
            vector r. The term is added to the objective Σ ½ f(X) diff² and keeps these words near r
            (Mittens: Dingwall and Potts 2018).
        validation : float, optional
            Fraction of the word pairs to hold out of training, above 0 and below 1. Both directions
            of a pair are held out. `history.validation` has the data loss of the held-out records
            after each epoch.
        early_stopping : int, optional
            Stop after this many epochs in a row without a new lowest validation loss, >= 1. Needs
            `validation`. The model is that of the epoch with the lowest validation loss, even if
            the number of epochs, `max_seconds` or a callback ends the training earlier. After
            Ctrl-C or an error, the model is that of the last finished epoch.
        max_seconds : float, optional
            Time limit in seconds from the call, > 0. Another epoch starts only if it would finish
            in time, assuming that it takes as long as the last one. The first epoch always runs,
            and counting is not cut short.
        callbacks : sequence of callable, optional
            Functions that are called as ``callback(state)`` after each epoch, with an
            :class:`EpochState`, on the calling thread. If one returns True, training stops. If one
            raises an exception, `fit` raises it, and the model is that of the finished epoch.
        checkpoint_dir : path, optional
            Folder for checkpoints: the counts, and the state of the training after every
            `checkpoint_every` epochs. A killed training can resume from them. A missing folder is
            created.
        checkpoint_every : int, default 1
            Number of epochs between two checkpoints, >= 1. The state after the last epoch is always
            written.
        resume : bool, default False
            Continue from the checkpoint in `checkpoint_dir`, if there is one. The settings must be
            those of the checkpoint, except `threads`, `memory`, `tmp_dir`, `progress`,
            `max_word_bytes` and, if `schedule` is "constant", `epochs`. The text is not counted
            again: the folder has the counts. To detect another text, only the total size of text
            files and both ends of each file are compared. With ``deterministic=True`` the result
            has the same bits as that of a training without interruption.
        keep_counts : bool, optional
            Keep the counts in the model for :meth:`update`, compressed: about 4 bytes for each pair
            of words that co-occurs, 137 MB for 17 million words of Wikipedia. By default the model
            keeps the counts unless `source` names local files: `update` counts unchanged files
            again.

        Returns
        -------
        Glove
            The model itself.

        Raises
        ------
        ValueError
            If a parameter is out of its range; if no words are left to train on; if `vocabulary`
            has a stop word; if `init` has no word of the text; if there is a checkpoint in
            `checkpoint_dir` and `resume` is False; or if this checkpoint has other settings,
            another text or another vocabulary. The message says which.
        OSError
            If the text cannot be read or a checkpoint cannot be written. The error is of the
            matching subclass and has the path. The model is then that of the last finished epoch,
            if there is one.
        FormatError
            If the source has bytes that are not text or a word longer than `max_word_bytes`, or if
            compressed data or a checkpoint is damaged. The message has the byte offset.
        TrainingDiverged
            If an epoch diverges after the learning rate of the vectors has been halved three times.
            An epoch diverges if its cost Σ ½ f(X) diff² is not finite, or is more than ten times
            that of a poor model, whose |diff| is |ln X| + 1. Each halving gives a RuntimeWarning.
        TypeError
            If `source` is of another type.
        ImportError
            If reading `source` needs a library that is not installed.
        KeyboardInterrupt
            Within half a second of Ctrl-C. The model is then that of the last finished epoch, if
            there is one.
        """
        words = None if vocabulary is None else as_vocabulary(vocabulary)
        text = Text(source, words, column, storage_options)
        fit_options = CheckedFitOptions(
            validation=validation,
            early_stopping=early_stopping,
            max_seconds=max_seconds,
            callbacks=callbacks,
            checkpoint_dir=checkpoint_dir,
            checkpoint_every=checkpoint_every,
            keep_counts=keep_counts,
        )
        fitting.fit(self, text, fit_options, Init.of(init, anchor, self.dim), resume=resume)
        return self

    def estimate(
        self,
        source: Source,
        *,
        column: str | None = None,
        storage_options: Any = None,
        keep_counts: bool | None = None,
    ) -> FitEstimate:
        """Predict the memory, disk space and time that :meth:`fit` needs with these settings.

        A sample of the text is counted (see :meth:`glove_rs.Cooccurrence.estimate`). Two epochs of
        training on the sample measure the speed of this machine. The model does not change.

        Parameters
        ----------
        source : path, paths, open file or iterable
            As for :meth:`fit`. A generator and an open file are used up.
        column, storage_options, keep_counts
            As for :meth:`fit`.

        Returns
        -------
        FitEstimate
            Memory, disk space, time and the size of the text, with bounds. ``print`` shows a table.

        Raises
        ------
        ValueError, OSError, FormatError, TypeError, ImportError
            As for :meth:`fit`.

        Examples
        --------
        >>> from glove_rs import Glove
        >>> estimate = Glove(dim=100, min_count=1).estimate(["an apple a day"])
        >>> estimate.counts.words, estimate.within("1GB").fits
        (4, True)
        """
        text = Text(source, None, column, storage_options)
        return estimate.estimate(self, text, keep_counts=keep_counts)

    def fit_cooccurrence(
        self,
        X: Any,
        *,
        vocabulary: Vocabulary | Sequence[str] | None = None,
        start: Glove | None = None,
        init: WordVectors | None = None,
        anchor: float = 0.0,
        resume: bool = False,
        **options: Unpack[FitOptions],
    ) -> Self:
        """Train on counts.

        Parameters
        ----------
        X : Cooccurrence, or scipy sparse or dense matrix, or data frame, (V, V)
            Counts, finite and >= 0. A Cooccurrence may be rectangular, (V, C): users and items, or
            words and documents. `vectors` is then W alone, and `context_vectors` has the vectors
            of the columns. `init` and ``subwords=True`` are refused, because they need the sum of
            the word vector and the context vector of each word.
        vocabulary : Vocabulary or sequence of str, optional
            The words of the rows of a matrix. Default: the labels of a data frame, otherwise "0",
            "1", …. The rows of a data frame with labels are put in the order of `vocabulary`, which
            must have the same words. For a Cooccurrence, leave `vocabulary` out, or pass its words.
        start : Glove, optional
            A fitted model with the same words and `dim`. Training starts from its parameters and
            accumulators, instead of random parameters, and runs `epochs` more epochs.
        init, anchor, validation, early_stopping, max_seconds, callbacks, checkpoint_dir, \
checkpoint_every, resume, keep_counts
            As for :meth:`fit`. By default the model keeps the counts. A Cooccurrence is not copied.

        Returns
        -------
        Glove
            The model itself.

        Raises
        ------
        ValueError
            If a parameter is out of its range; if a count is negative or not finite, or all are 0;
            if `start` has other words or another `dim`; if `init` or ``subwords=True`` comes with
            rectangular counts; if the model has ``adjacent=True``, but X has no counts of adjacent
            words; or for a checkpoint, as for :meth:`fit`.
        TypeError
            If `start` is not a Glove, or `vocabulary` does not hold words.
        OSError, FormatError, TrainingDiverged, KeyboardInterrupt
            As for :meth:`fit`.

        Warns
        -----
        UserWarning
            If X is not symmetric, for example triangular, and the parameter `symmetric` of the
            model is True. Only a matrix, a data frame and a Cooccurrence that
            :meth:`glove_rs.Cooccurrence.from_scipy` returned are checked.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import Glove
        >>> counts = np.array([[0, 2, 1], [2, 0, 3], [1, 3, 0]])
        >>> model = Glove(dim=5, threads=1).fit_cooccurrence(counts, vocabulary=["a", "b", "c"])
        >>> model.W.shape, model.vocabulary.words
        ((3, 5), ['a', 'b', 'c'])
        """
        X = training_counts.given_counts(X, vocabulary, self.symmetric)
        if X.is_rectangular and (init is not None or self.subwords):
            name = "init" if init is not None else "subwords"
            raise ValueError(
                f"{name} must be left out for rectangular counts: it needs the sum of the word "
                "vector and the context vector of each word, but rows and columns have words of "
                "their own"
            )
        fit_options, given = CheckedFitOptions(**options), Init.of(init, anchor, self.dim)
        begin = None
        if start is not None:
            begin = instance("start", start, Glove)._state.as_start(X, self.dim)
        fitting.fit(self, X, fit_options, given, resume=resume, start=begin)
        return self

    @classmethod
    def resume(
        cls,
        checkpoint_dir: str | os.PathLike[str],
        *,
        max_seconds: float | None = None,
        callbacks: Sequence[EpochCallback] = (),
        keep_counts: bool | None = None,
        **parameters: Any,
    ) -> Self:
        """Continue an interrupted training from its last checkpoint.

        Parameters
        ----------
        checkpoint_dir : path
            The folder that was given to :meth:`fit` or another method that trains.
        max_seconds, callbacks, keep_counts
            As for :meth:`fit`. They are not part of a checkpoint. By default the model keeps the
            counts.
        **parameters
            New values of `threads`, `memory`, `tmp_dir`, `progress`, `max_word_bytes` or, if
            `schedule` is "constant", `epochs`. All other parameters are those of the checkpoint.

        Returns
        -------
        Glove
            The fitted model. If the training had reached its end, no further epoch is run.

        Raises
        ------
        FileNotFoundError
            If the checkpoint or its counts are missing.
        FormatError
            If a file is truncated or damaged; the message has the byte offset.
        ValueError
            If the checkpoint belongs to other counts than those in the folder, or if a parameter
            may not change.
        OSError, TrainingDiverged, KeyboardInterrupt
            As for :meth:`fit`. If another training uses the folder, the OSError is a
            BlockingIOError.

        Examples
        --------
        >>> import os, tempfile
        >>> from glove_rs import Glove
        >>> text = ["an apple a day keeps the doctor away"] * 9
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model = Glove(dim=5, preset="paper", epochs=2).fit(text, checkpoint_dir=folder)
        ...     len(Glove.resume(folder, epochs=3).history)
        3
        """
        running: FitOptions = {
            "max_seconds": max_seconds,
            "callbacks": callbacks,
            "keep_counts": keep_counts,
        }
        return fitting.resume(cls, checkpoint_dir, running, parameters)

    def update(
        self,
        source: Source,
        *,
        column: str | None = None,
        storage_options: Any = None,
        epochs: int | None = None,
        new_words: bool = True,
        counts: Cooccurrence | None = None,
        **options: Unpack[FitOptions],
    ) -> Self:
        """Count more text, add its counts to the earlier ones, and continue the training.

        Old words keep their parameters and accumulators. Words that occur at least `min_count`
        times in the earlier and the new text together are added. If `fit` was given a `vocabulary`,
        only the occurrences of a new word in the new text count. The pairs of new words in the
        earlier text were not counted, so they are missing from the counts. Adjacent words are
        counted and trained only if the earlier counts have them. With `new_words`, the
        rows of the result are sorted by the number of occurrences, most frequent words first, so
        the row of an old word can change.

        Parameters
        ----------
        source : path or iterable
            Only the new text, as for :meth:`fit`. It is counted with the model's settings.
        column, storage_options
            As for :meth:`fit`, for the new text.
        epochs : int, optional
            Number of passes over all counts, old and new. Default: 0.4 times the `epochs` of the
            model. If the model's `epochs` is None, the default is 0.4 times the number that `fit`
            would choose for all counts. Both are rounded up.
        new_words : bool, default True
            Add words, up to `max_vocab`. With False the words and the order of the rows do not
            change.
        counts : Cooccurrence, optional
            The counts of the earlier text. Needed only if the model does not have them: after
            `load` or unpickling, with ``keep_counts=False``, or if `fit` read files that have
            changed since.
        validation, early_stopping, max_seconds, callbacks, checkpoint_dir, checkpoint_every, \
keep_counts
            As for :meth:`fit`.

        Returns
        -------
        Glove
            The model itself. The new epochs are appended to `history`. After an error before the
            first new epoch has finished, the model is unchanged.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the counts of the earlier text are missing; if the new text is empty or has only
            words that stay out of the vocabulary; if `checkpoint_dir` has a checkpoint already; if
            the model was trained on rectangular counts; or if a parameter is out of its range.
        OSError, FormatError, TypeError, ImportError, TrainingDiverged, KeyboardInterrupt
            As for :meth:`fit`.

        Examples
        --------
        >>> from glove_rs import Glove
        >>> model = Glove(dim=5, threads=1).fit(["an apple a day keeps the doctor away"] * 9)
        >>> "pear" in model.update(["a pear a day"] * 9).vocabulary
        True
        """
        fit_options, text = (
            CheckedFitOptions(**options),
            Text(source, None, column, storage_options),
        )
        updating.update(self, text, fit_options, epochs=epochs, new_words=new_words, counts=counts)
        return self

    def infer_vector(
        self,
        contexts: Iterable[str] | Iterable[Sequence[str]],
        word: str | None = None,
    ) -> _F32:
        """Compute the vector of a word that training never saw, from examples of its use.

        The examples are counted with the model's settings. Then w and b of the word are those that
        minimise Σ f(x) (w·w̃ + b + b̃ − ln x)² plus the term of a Gaussian prior, with W̃ and b̃
        fixed: weighted linear least squares. w̃ is computed in the same way, with W and b fixed. If
        the word occurs n < 100 times in the examples, each of its counts x is multiplied by 100/n.
        The prior has the mean and the covariance of the vectors and biases of words that are about
        as frequent. Where the examples do not determine the vector, the prior determines it. If the
        model was trained with negative sampling, a sample of the words that do not occur near the
        word is used too, as in training.

        Parameters
        ----------
        contexts : iterable of str or of list of str
            Examples: texts in which the word occurs, tokenised as in training. One str is one
            example.
        word : str, optional
            The word, as it is written in the examples. Every token is allowed, also a word of the
            vocabulary. By default the word must be left out of the examples; it is assumed to stand
            in the middle of each example.

        Returns
        -------
        numpy.ndarray of float32, (dim,)
            The vector w + w̃. It can be compared with those in `vectors`:
            ``model.vectors.similar_by_vector(v)``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If no word of the vocabulary stands near the word in the examples, if `word` is not a
            str or is empty, or if the model was trained on rectangular counts.
        TypeError
            If `contexts` is not an iterable of texts or lists of words.

        Examples
        --------
        >>> from glove_rs import Glove
        >>> model = Glove(dim=5, min_count=1, threads=1).fit(["an apple a day keeps them away"] * 9)
        >>> model.infer_vector(["a pear a day keeps"], word="pear").shape
        (5,)
        """
        return infer.infer_vector(self, contexts, word)

    def score(
        self,
        source: Source,
        y: object = None,
        *,
        column: str | None = None,
        storage_options: Any = None,
    ) -> float:
        """Return minus the data loss of a text. The score is at most 0; higher is better.

        The text is counted with the model's settings and vocabulary. The data loss is
        Σ ½ f(X) diff² / nnz. Compare only models with the same `window`, `x_max` and `alpha`,
        because X and f depend on them.

        Parameters
        ----------
        source : path, paths, open file or iterable
            As for :meth:`fit`, for example text that the model was not trained on.
        y : object, optional
            Ignored. scikit-learn passes it.
        column, storage_options
            As for :meth:`fit`.

        Returns
        -------
        float
            Minus the data loss.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If no words of the vocabulary stand near each other, or if the model was trained on
            rectangular counts.
        OSError, FormatError, TypeError, ImportError
            As for :meth:`fit`.

        Examples
        --------
        >>> from glove_rs import Glove
        >>> model = Glove(dim=5, min_count=1, threads=1).fit(["an apple a day keeps them away"] * 9)
        >>> model.score(["an apple a day"]) < 0
        True
        """
        return scoring.score(self, Text(source, None, column, storage_options))

    # --- results of training --------------------------------------------------------------------

    @property
    def W(self) -> _F32:
        """Word vectors: float32, (V, dim). The array is that of the model, not a copy."""
        return self._state.arrays["W"]

    @property
    def W_tilde(self) -> _F32:
        """Context vectors: float32, (V, dim), or (C, dim) if the counts are rectangular.

        C is the number of context words. The array is that of the model, not a copy.
        """
        return self._state.arrays["W_tilde"]

    @property
    def b(self) -> _F32:
        """Word biases: float32, (V,)."""
        return self._state.arrays["b"]

    @property
    def b_tilde(self) -> _F32:
        """Context biases: float32, (V,), or (C,) for rectangular counts."""
        return self._state.arrays["b_tilde"]

    @property
    def vocabulary(self) -> Vocabulary:
        """The words, in the order of the rows."""
        return self._state.vocabulary

    @property
    def context_vocabulary(self) -> Vocabulary:
        """The context words, in the order of W_tilde: `vocabulary`, unless X was rectangular."""
        return self._state.context_vocabulary

    @property
    def history(self) -> History:
        """The loss of each epoch, a list with the attributes of :class:`History`."""
        return self._state.history

    @property
    def settings_(self) -> dict[str, Any]:
        """Every setting that training used, by its name, including values from the preset."""
        return dict(self._state.settings)

    @property
    def vectors(self) -> WordVectors:
        """The vectors W + W_tilde, the paper's choice, with their words; computed once.

        After training on rectangular counts, a word has no context vector: the vectors are W.
        """
        return self._state.vectors

    @property
    def context_vectors(self) -> WordVectors:
        """The vectors W_tilde with the context words, such as items if the words are users.

        ``model.context_vectors.similar_by_vector(model.W[model.vocabulary["ann"]])`` ranks the
        context words by the cosine with the vector of a word.
        """
        return self._state.context_vectors

    def word_vectors(self, combine: str = "sum") -> WordVectors:
        """Combine the word vector and the context vector of each word into one vector.

        Parameters
        ----------
        combine : {"sum", "mean", "word", "context", "concat"}, default "sum"
            W + W_tilde (the paper's choice, and that of :attr:`vectors`), their mean, W alone,
            W_tilde alone (both without a copy), or W and W_tilde side by side.

        Returns
        -------
        WordVectors
            Vectors of float32, (V, dim), or (V, 2 dim) for "concat".

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If `combine` is none of these names; or if it is not "word" or "context" and the model
            was trained on rectangular counts.

        Examples
        --------
        >>> from glove_rs import Glove
        >>> model = Glove(dim=10, min_count=1, epochs=5).fit(["an apple a day"])
        >>> model.word_vectors(combine="concat")
        WordVectors(4 words, dim=20, float32)
        """
        state = self._state
        if combine not in {"word", "context"}:
            state.check_square(f"combine={combine!r}")
        rows = combined(state.arrays["W"], state.arrays["W_tilde"], combine)
        words = state.context_vocabulary if combine == "context" else state.vocabulary
        return WordVectors(words.words, rows)

    def plot_loss(self, ax: Any = None) -> Any:
        """Draw the loss of each epoch, and the validation loss if records were held out.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            The axes to draw on. By default a new figure is created.

        Returns
        -------
        matplotlib.axes.Axes
            The axes have a line for `history`, one for `history.data_loss` if it differs from
            `history`, and one for `history.validation` if records were held out. A line has a point
            for each epoch, from epoch 1. A legend names the lines.

        Raises
        ------
        ImportError
            If matplotlib is not installed: ``pip install matplotlib``.
        NotFittedError
            Before `fit`.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> from glove_rs import Glove
        >>> model = Glove(dim=10, min_count=1, epochs=5).fit(["an apple a day"])
        >>> model.plot_loss().lines[0].get_xdata().tolist()
        [1, 2, 3, 4, 5]
        """
        return loss_plot.plot(self.history, ax)

    @property
    def cooccurrence(self) -> Cooccurrence:
        """The counts of all text so far. The next `update` adds the counts of new text to them.

        If the model did not keep the counts because `fit` read files, the files are counted again.
        The vocabulary of the counts has the words of the model; after an `update` their order may
        differ.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the model does not have the counts: after `load` or unpickling, with
            ``keep_counts=False``, or if `fit` read files that have changed since.
        """
        return training_counts.counts_of(self)

    def transform_matrix(
        self,
        weighting: str | int | None = "log",
        *,
        threads: int | None = None,
        memory: int | str | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return the matrix A of à la carte embeddings, from the counts of the model.

        A maps the mean of the vectors around a word to the vector of the word. It is fitted by
        weighted least squares: see :func:`glove_rs.alc.transform_matrix`, which also describes
        the parameters. The vectors are those of :attr:`vectors`.

        Parameters
        ----------
        weighting : "log", int or None, default "log"
            The weight of a word. "log": ln of the count of the word. An int n: 1 if the count is at
            least n, otherwise 0. None: 1.
        threads : int, optional
            By default, the threads of the model.
        memory : int or str, optional
            By default, there is no limit.

        Returns
        -------
        numpy.ndarray of float64, (dim, dim)

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the model does not have its counts (see :attr:`cooccurrence`), if it was trained on
            rectangular counts, if `weighting` is none of these, or if the words with a positive
            weight do not determine A, for example because they are fewer than `dim`.
        """
        from .alc import transform_matrix

        return transform_matrix(
            self.vectors,
            self.cooccurrence,
            weighting,
            threads=self.threads if threads is None else threads,
            memory=memory,
        )

    @property
    def _state(self) -> Fitted:
        if self._fitted is None:
            raise NotFittedError(
                "this Glove is not fitted yet: call fit(source) or fit_cooccurrence(X) first"
            )
        return self._fitted

    # --- files ----------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the whole model to one file: parameters, accumulators, words, history, settings.

        The file is a NumPy ``.npz`` archive without pickled objects, whatever its name. It appears
        complete or not at all. If `tokenizer` is a function or a pattern of the library `regex`,
        the file does not contain it.

        If :attr:`vectors` has a subword model, the file contains it too.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the name has the ending of another format, such as ``.csv`` or ``.gz``. The endings
            ``.glove`` and ``.npz`` and unknown endings are allowed.
        OSError
            If the file cannot be written. An existing file is then unchanged.

        Examples
        --------
        >>> import os, tempfile
        >>> from glove_rs import Glove
        >>> model = Glove(dim=5, min_count=1, threads=1).fit(["an apple a day"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.glove")
        ...     model.save(path)
        ...     Glove.load(path).vocabulary == model.vocabulary
        True
        """
        # Only the parameters of `Glove`: a subclass such as DaskGlove has more.
        parameters = {name: getattr(self, name) for name in Glove._names()}
        model_file.write(path, self._state, parameters)

    @classmethod
    def load(cls, path: str | os.PathLike[str] | IO[bytes]) -> Self:
        """Read a model: a file that :meth:`save` wrote, or a folder of ``glove-rs fit --out``.

        Parameters
        ----------
        path : path or open file
            An open file must be open for bytes and allow seeking.

        Raises
        ------
        FormatError
            If the file is not a model, is damaged, or was written by a later version. If the kind
            of the file is recognised, the message says what it is and what reads it.
        OSError
            If the file cannot be read or is a pipe.
        """
        return model_file.read(cls, path)

    @classmethod
    def _of_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Create a model from the settings in a file, and check them as `fit` does."""
        settings = _settings.restored(settings)
        if settings.get("phrases") is not None:
            settings["phrases"] = Phrases._of(settings["phrases"])
        model = cls(**settings)
        _settings.used(model.get_params())
        return model

    def save_word2vec(self, path: str | os.PathLike[str], binary: bool = False) -> None:
        """Write `vectors` in word2vec's format, which gensim, spaCy and other programs read.

        Parameters
        ----------
        path : path
            The file to write. It appears complete or not at all.
        binary : bool, default False
            Write word2vec's binary format instead of text. Both formats keep all bits of a float32.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If a word has a space or newline, which the format cannot hold, or if the name has the
            ending of another format, such as ``.npz``.
        OSError
            If the file cannot be written. An existing file is then unchanged.
        """
        self.vectors.save_word2vec_format(path, binary=boolean("binary", binary))

    def save_stanford(
        self,
        prefix: str | os.PathLike[str],
        *,
        text: bool = True,
        binary: bool = True,
        gradsq: bool = False,
        unk: bool = True,
        model: int = 2,
        header: bool = False,
    ) -> None:
        """Write the files that Stanford's ``glove`` writes with ``-save-file prefix``.

        Parameters
        ----------
        prefix : path
            Beginning of the names of the files. Its last part must not be empty, "." or "..".
        text : bool, default True
            Write ``prefix.txt``: words, and numbers with six decimals.
        binary : bool, default True
            Write ``prefix.bin``: float64, V rows of (W, b), then V rows of (W_tilde, b_tilde).
        gradsq : bool, default False
            Write ``prefix.gradsq.bin``: the accumulators, in the layout of ``prefix.bin``. Under
            row-wise AdaGrad the accumulator of a vector is written for each component.
        unk : bool, default True
            Add a last line ``<unk>`` to ``prefix.txt``: the mean vector of the 100 rarest words.
        model : {0, 1, 2, 3}, default 2
            The numbers of each word in ``prefix.txt``. 0: W, b, W_tilde and b_tilde. 1: W. 2: W +
            W_tilde. 3: W and W_tilde side by side.
        header : bool, default False
            Begin ``prefix.txt`` with a line that has the number of words and of components.

        Raises
        ------
        NotFittedError, ValueError, OSError
            As for :meth:`save_word2vec`. A ValueError also after training on rectangular counts, if
            the last part of `prefix` is not a name, if `model` is none of these numbers, or if
            `unk` is true and ``<unk>`` is a word.
        """
        state = self._state
        state.check_square("the format of Stanford's glove")
        stanford.write_model(
            prefix,
            state.vocabulary,
            state.arrays,
            text=text,
            binary=binary,
            gradsq=gradsq,
            unk=unk,
            model=model,
            header=header,
        )

    @classmethod
    def load_stanford(
        cls,
        path: str | os.PathLike[str],
        vocabulary: str | os.PathLike[str] | Vocabulary,
        *,
        gradsq: str | os.PathLike[str] | None = None,
        **settings: Any,
    ) -> Self:
        """Read parameters that Stanford's ``glove`` or :meth:`save_stanford` wrote.

        Checkpoints of Stanford's ``glove`` have the same format. To continue the training, call
        ``Glove(...).fit_cooccurrence(X, start=model)``.

        Parameters
        ----------
        path : path
            The ``.bin`` file of the parameters.
        vocabulary : path or Vocabulary
            The words, or a file of words with counts in Stanford's text format.
        gradsq : path, optional
            The ``.bin`` file of the accumulators. By default all accumulators are 1, as before
            training.
        **settings
            Parameters of the constructor except `dim`. The files do not contain them.

        Raises
        ------
        FormatError
            If the size of a ``.bin`` file does not fit the number of words, if it has a number that
            is not finite, or if the file of words is malformed.
        OSError
            If a file cannot be read.
        ValueError
            If `gradsq` has another shape than the parameters, or if a setting is out of its range.
        """
        words, arrays = stanford.read_model(path, vocabulary, gradsq)
        model = cls(arrays["W"].shape[1], **settings)
        model._fitted = Fitted(words, History(), arrays, _settings.used(model.get_params()))
        return model

    # --- methods of a scikit-learn estimator ----------------------------------------------------

    @classmethod
    @functools.cache
    def _names(cls) -> tuple[str, ...]:
        names = inspect.signature(cls.__init__).parameters
        return tuple(name for name in names if name != "self")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the constructor by name. `deep` has no effect."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:
        """Change parameters of the constructor, and return the model itself.

        Raises
        ------
        ValueError
            If a name is unknown. Then no parameter is changed.
        """
        for name in params:
            if name not in self._names():
                raise ValueError(
                    f"{name} is not a parameter of Glove, which has {', '.join(self._names())}"
                )
        preset = params.get("preset", self.preset)
        given = _settings.given_together(params, preset)
        # Set `preset` first, because `__setattr__` compares the others with the preset's defaults.
        for name in sorted(given, key=lambda name: name != "preset"):
            setattr(self, name, given[name])
        return self

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that `fit` takes text and needs no y."""
        utils = optional("sklearn.utils", "__sklearn_tags__")
        return utils.Tags(
            estimator_type=None,
            target_tags=utils.TargetTags(required=False),
            input_tags=utils.InputTags(one_d_array=True, two_d_array=False, string=True),
            # scikit-learn cannot validate text, which is not an array of numbers.
            no_validation=True,
            non_deterministic=not self.deterministic,
        )

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted is not None

    def _repr_html_(self) -> str:
        """Return the settings and the state of the model as an HTML table, for notebooks."""
        settings = [(name, shown(value, 80)) for name, value in self.get_params().items()]
        fitted = self._fitted
        if fitted is None:
            state = [("state", "not fitted")]
        else:
            losses = fitted.history
            state = [("state", f"fitted: {len(fitted.vocabulary):,} words, {len(losses):,} epochs")]
            state += [("loss", f"{losses[-1]:.4g}")] if losses else []
        return _html.captioned(repr(self), _html.name_value_table([*state, *settings]))

    def __repr__(self) -> str:
        parameters = inspect.signature(type(self).__init__).parameters
        defaults = {name: parameter.default for name, parameter in parameters.items()}
        of_preset = defaults | _settings.numbers(self.preset)
        # Stop words and a dictionary may have thousands of words: only the first ones are shown.
        changed = [
            f"{name}={shown(value)}"
            for name, value in self.get_params().items()
            if name == "dim" or not (_is(value, defaults[name]) and _is(value, of_preset[name]))
        ]
        return f"{type(self).__name__}({', '.join(changed)})"


def _is(value: object, default: object) -> bool:
    """Return whether a parameter has its default."""
    try:
        return bool(value == default)
    except (TypeError, ValueError):  # the comparison of an array gives an array, not a bool
        return False
