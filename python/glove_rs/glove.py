"""The model: text in, vectors out."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any, Self, TypeAlias, Unpack, cast

import numpy as np
import numpy.typing as npt

from . import _core, _settings
from ._checks import boolean, instance, path_text, plain
from ._checks import words as words_of
from ._fit import estimate, fitting, infer
from ._fit import score as scoring
from ._fit.estimate import FitEstimate
from ._fit.training import Callback, Fitted, History, Init, Session, SessionOptions, Text
from ._io import output_folder, stanford
from ._io.archives import Archive, open_regular, refusing
from ._io.files import readable, replacing
from ._io.sources import Source
from ._optional import optional
from ._progress import Progress
from ._tokenizers import Tokenizer, from_json, to_json
from ._warnings import warn
from .cooccurrence import Cooccurrence
from .subwords import Subwords
from .vectors import WordVectors
from .vectors import combine as combined
from .vocabulary import Vocabulary, as_vocabulary

__all__ = ["Glove", "History", "NotFittedError"]

_F32: TypeAlias = npt.NDArray[np.float32]

_ARRAYS = ("W", "W_tilde", "b", "b_tilde", "G_W", "G_W_tilde", "G_b", "G_b_tilde")


class NotFittedError(ValueError, AttributeError):
    """The model has no vectors yet: call `fit` first."""


class Glove:
    r"""GloVe: word vectors from co-occurrence counts (Pennington, Socher, Manning 2014).

    Minimises equation 8 of the paper over the non-zero counts, by AdaGrad:
    :math:`J = \sum_{ij} f(X_{ij}) (w_i \cdot \tilde w_j + b_i + \tilde b_j - \ln X_{ij})^2`
    with :math:`f(x) = \min(1, (x/x_{max})^\alpha)`; `negative` adds a term for pairs of words that
    never co-occur, which that equation leaves out.

    Parameters
    ----------
    dim : int, default 50
        Number of components of a vector, >= 1.
    window : int, default 15
        Count pairs of words that are at most this many words apart, >= 1.
    min_count : int, default 5
        Drop words that occur less often, before windows are laid.
    max_vocab : int, optional
        Keep at most this many words, the most frequent ones.
    symmetric : bool, default True
        Count both directions of a pair; otherwise only (left word, right word).
    distance_weighting : bool, default True
        A pair at distance d adds 1/d to its count; otherwise 1.
    keep_gaps : bool, default False
        A dropped word still counts for the distance between its neighbours.
    tokenizer : {"whitespace", "unicode", "zh"}, pattern or callable, default "whitespace"
        How text is split into words. "whitespace": at spaces, tabs and newlines, as Stanford's
        tools do; carriage returns are removed. "unicode": the words of Unicode's Annex 29, without
        punctuation. "zh": Chinese, segmented by jieba, without punctuation. A compiled pattern of
        `re` or `regex`: its matches, each as a whole. A function from str to a list of str: it is
        called for each document.
    lowercase : bool, default False
        Convert the text to lower case before it is split.
    preset : {"best", "paper"}, default "best"
        Source of the training settings that are None: it fills in these and nothing else. "paper"
        is the paper's model as Stanford's tool trains it; "best" was measured to score higher in a
        fraction of the time.
    x_max : float, optional
        Counts of at least `x_max` have full weight in f, > 0. Best 10, paper 100.
    alpha : float, optional
        Exponent of f, >= 0. Both 0.75.
    learning_rate : float, optional
        The learning rate η of the vectors in the first epoch, > 0. Best 0.2, paper 0.05.
    bias_learning_rate : float, optional
        The same for the biases, > 0. Best 0.2, paper 1. SGD takes `learning_rate` for them too.
    schedule : {"constant", "linear", "cosine"}, optional
        How both learning rates change during training: they stay, fall in a straight line to 0, or
        fall along half a cosine wave to 0. Best "cosine", paper "constant".
    epochs : int, optional
        Number of passes over the counts, >= 1. Best 8, paper 25.
    negative : float, optional
        Negative sampling: number of word pairs that never co-occur to draw for each count, from 0
        to 1000. Each adds ½ λ max(0, w·w̃ + b + b̃ − t)² to the loss, with t = ½ ln E − 1, where E
        is the count that independent words would have. Best 1, paper 0.
    negative_weight : float, optional
        The weight λ of these pairs, > 0; a frequent pair that co-occurs has 1. Both 0.3.
    optimizer : {"adagrad", "rowwise_adagrad", "sgd"}, optional
        The step rule: AdaGrad with an accumulator for each number (Duchi et al. 2011) or with one
        for each vector and bias, which needs half the memory and less time; or plain stochastic
        gradient descent. Best "rowwise_adagrad", paper "adagrad".
    grad_clip : float, optional
        Bound of each component of a vector's gradient, > 0, which keeps high rates from diverging;
        under row-wise AdaGrad, bound of the root of the mean square of the components.
        Best 3, and 3 (100/dim)² beyond dim 100; paper 100.
    subwords : bool, optional
        After the last epoch, fit a subword model to W + W_tilde (:class:`glove_rs.Subwords`), and
        move each vector 0.4 of the way to what the spelling of its word predicts: rare words, forms
        of words and similarities gain. The model stays as ``vectors.subwords`` and gives unknown
        words a vector. Nothing is moved if spelling tells nothing, which is measured on words that
        are held out. Both False, and False with `init`.
    deterministic : bool, default False
        Give the same bits for any number of threads, instead of lock-free Hogwild.
    threads : int, optional
        Number of threads, at most 64 or 8 for each processor. Default: the processors that this
        process may use.
    seed : int, default 0
        Seed of the initial parameters and of the order of training.
    memory : int or str, optional
        Limit for counts and training records, in bytes or as "512MB" or "2GiB". The rest goes to
        temporary files. The limit does not include the parameters.
    tmp_dir : path, optional
        Folder for temporary files. Default: the system's.
    normalize : {"NFC", "NFKC"}, optional
        Normalize the text (Unicode) before it is split.
    documents : {"line", "paragraph", "file"}, default "line"
        What a document is: a line, the text between two blank lines, or a file or item of an
        iterable. Windows never cross the end of a document. A list of words is always a document.
    errors : {"strict", "replace", "ignore"}, default "strict"
        What to do with bytes that are not text, and with lone surrogates: raise an error, replace
        them with U+FFFD, or leave them out.
    max_word_bytes : int, default 1048576
        Raise an error at a longer word: a megabyte without white space is hardly text.
    progress : bool or callable, optional
        Show progress: bars on a terminal and in a notebook, elsewhere a line for each stage and
        epoch. By default only bars are shown. A callable is called instead, as
        ``progress(stage, done, total, info)``, about ten times a second, and at least once for each
        stage and each epoch. The log "glove_rs" of :mod:`logging` always gets the lines.

    Attributes
    ----------
    W, W_tilde : numpy.ndarray of float32, (V, dim)
        Word and context vectors, in the order of `vocabulary`.
    b, b_tilde : numpy.ndarray of float32, (V,)
        Their biases.
    vocabulary : Vocabulary
        The words.
    history : list of float
        The loss of each epoch, measured while it ran: the objective that training minimises,
        divided by the number of records. Its attribute `data_loss` has the first term alone,
        Σ ½ f(X) diff² / nnz, without negative pairs and anchor. `seconds`, `records_per_second`
        and, where records were held out, `validation`, have a number for each epoch too.
    settings_ : dict
        Every setting that training used, by its name.
    vectors : WordVectors
        W + W_tilde, to be queried.

    Raises
    ------
    ValueError
        By `fit`, for a parameter out of its range; the message names it. As in scikit-learn, the
        constructor only stores.

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

    def __init__(
        self,
        dim: int = 50,
        *,
        window: int = 15,
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
    ) -> None:
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
        self.preset = preset
        self.bias_learning_rate = bias_learning_rate
        self.schedule = schedule
        self.negative = negative
        self.negative_weight = negative_weight
        self.subwords = subwords
        self.normalize = normalize
        self.documents = documents
        self.errors = errors
        self.max_word_bytes = max_word_bytes

    # --- training -------------------------------------------------------------------------------

    def fit(
        self,
        source: Source,
        y: object = None,
        *,
        vocabulary: Vocabulary | Sequence[str] | None = None,
        init: WordVectors | None = None,
        anchor: float = 0.0,
        validation: float | None = None,
        early_stopping: int | None = None,
        max_seconds: float | None = None,
        callbacks: Sequence[Callback] = (),
        checkpoint_dir: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
        resume: bool = False,
        keep_counts: bool | None = None,
    ) -> Self:
        """Count the co-occurrences of `source` and train on them.

        Parameters
        ----------
        source : path, paths, open file or iterable
            A text file, or several in a list; a folder, with all that is in it but hidden files,
            sorted; a pattern such as ``"texts/**/*.txt"``; ``"-"`` for standard input; a file open
            for text or bytes. Files may be packed with gzip, bzip2, xz or Zstandard, and are UTF-8,
            or UTF-16 with a byte order mark. Or an iterable of documents, which may be a generator:
            each a str, or a list of words; a pandas or Polars column, an Arrow column or table with
            one column of text, a Hugging Face dataset. A list of str holds documents unless all of
            them are names of files that exist.
        y : object, optional
            Ignored: scikit-learn's pipelines pass it.
        vocabulary : Vocabulary or sequence of str, optional
            The words to train, instead of those that `min_count` and `max_vocab` select.
        init : WordVectors, optional
            Pretrained vectors r of `dim` components. Words that have one start with w + w̃ = r,
            the others at random.
        anchor : float, default 0.0
            μ >= 0 of the term μ Σ ‖(w + w̃) − r‖² over the words that have a vector r, which is
            added to Σ ½ f(X) diff² (Mittens: Dingwall and Potts 2018) and holds them near it.
        validation : float, optional
            Fraction of the word pairs, above 0 and below 1, to hold out of training, in both
            directions. `history.validation` is the data loss on them after each epoch.
        early_stopping : int, optional
            Stop after this many epochs in a row without a new lowest validation loss. The model is
            that of the epoch with the lowest loss, also if the number of epochs, `max_seconds` or a
            callback ends training first. After Ctrl-C or an error it is that of the last finished
            epoch.
        max_seconds : float, optional
            Time limit, counted from the call. Another epoch starts only if it would finish in time,
            assuming that it takes as long as the last one. The first epoch always runs, and
            counting is not cut short.
        callbacks : sequence of callable, optional
            Each is called as ``callback(state)`` with an :class:`EpochState` after each epoch, on
            the calling thread; training stops if one returns True. What it raises leaves `fit`, and
            the model is that of the epoch.
        checkpoint_dir : path, optional
            Folder for the counts and, after epochs, the state of the training, from which a killed
            training can resume. It is made if it is missing.
        checkpoint_every : int, default 1
            Epochs between checkpoints, >= 1. The state after the last epoch is always written.
        resume : bool, default False
            Continue from the checkpoint in `checkpoint_dir`, if there is one. Its settings must be
            the same, except `threads`, `memory`, `tmp_dir`, `progress`, `max_word_bytes` and, if
            `schedule` is "constant", `epochs`. The counts are those of the checkpoint; of text
            files only the sizes and both ends are compared. With ``deterministic=True`` the result
            has the same bits as that of a training that was never interrupted.
        keep_counts : bool, optional
            Keep the counts in the model for :meth:`update`, compressed: about 4 bytes for each pair
            of words that co-occurs, 137 MB for 17 million words of Wikipedia. By default they are
            kept unless `source` is in files, which can be counted again if they have not changed.

        Returns
        -------
        Glove
            The model itself.

        Raises
        ------
        ValueError
            For a bad parameter, or if nothing is left to train on, or for a checkpoint of other
            settings, another text or vocabulary, or one that would be overwritten; the message says
            why.
        OSError
            If the text cannot be read or a checkpoint not written: the subclass that fits, with the
            path. The model is then that of the last finished epoch, if there is one.
        FormatError
            For bytes that are no text, with their offset; for packed data or a checkpoint that are
            damaged.
        TrainingDiverged
            If training meets numbers that are not finite, or a loss ten times that of a model that
            knows nothing, and halving the learning rate a few times does not help. Each halving is
            a RuntimeWarning.
        KeyboardInterrupt
            Within half a second of Ctrl-C. The model is then that of the last finished epoch, if
            there is one.
        """
        text = Text(source, None if vocabulary is None else as_vocabulary(vocabulary))
        session = Session(
            validation=validation,
            early_stopping=early_stopping,
            max_seconds=max_seconds,
            callbacks=callbacks,
            checkpoint_dir=checkpoint_dir,
            checkpoint_every=checkpoint_every,
            keep_counts=keep_counts,
        )
        fitting.fit(self, text, session, Init.of(init, anchor, self.dim), resume=resume)
        return self

    def estimate(self, source: Source, *, keep_counts: bool | None = None) -> FitEstimate:
        """Predict what :meth:`fit` would take with the settings of this model.

        A sample of the text is counted (see :meth:`glove_rs.Cooccurrence.estimate`) and trained on
        for two epochs, to measure the speed of this machine. Nothing is left in the model.

        Parameters
        ----------
        source : path, paths, open file or iterable
            As for :meth:`fit`. A generator and an open file are used up.
        keep_counts : bool, optional
            As for :meth:`fit`.

        Returns
        -------
        FitEstimate
            Memory, disk, time and the size of the text, with bounds; it prints as a table.

        Raises
        ------
        ValueError, OSError, FormatError
            As for :meth:`fit`.

        Examples
        --------
        >>> from glove_rs import Glove
        >>> estimate = Glove(dim=100, min_count=1).estimate(["an apple a day"])
        >>> estimate.counts.words, estimate.within("1GB").fits
        (4, True)
        """
        return estimate.estimate(self, source, keep_counts=keep_counts)

    def fit_cooccurrence(
        self,
        X: Any,
        *,
        vocabulary: Vocabulary | Sequence[str] | None = None,
        start: Glove | None = None,
        init: WordVectors | None = None,
        anchor: float = 0.0,
        resume: bool = False,
        **options: Unpack[SessionOptions],
    ) -> Self:
        """Train on counts.

        Parameters
        ----------
        X : Cooccurrence, or scipy sparse or dense matrix, or data frame, (V, V)
            Counts, finite and >= 0.
        vocabulary : Vocabulary or sequence of str, optional
            The words of the rows of a matrix. Default: the labels of a data frame, otherwise "0",
            "1", …. A frame with labels is put in the order of the words, which must be its labels.
            A Cooccurrence has its own, and another is refused.
        start : Glove, optional
            A fitted model of the same words and `dim`. Training takes its parameters and
            accumulators, instead of random parameters, and runs `epochs` more epochs.
        init, anchor, validation, early_stopping, max_seconds, callbacks, checkpoint_dir, \
checkpoint_every, resume, keep_counts
            As for :meth:`fit`. Counts are kept by holding on to `X`.

        Returns
        -------
        Glove
            The model itself.

        Raises
        ------
        ValueError
            For a bad parameter, counts that are negative or not finite, no counts at all, or a
            `start` that does not fit them.

        Warns
        -----
        UserWarning
            If a matrix is triangular or not symmetric and the model's `symmetric` is true.
        """
        if not isinstance(X, Cooccurrence):
            X = Cooccurrence.from_scipy(X, vocabulary)
        elif vocabulary is not None and X.vocabulary.words != words_of("vocabulary", vocabulary):
            raise ValueError("vocabulary must be that of the Cooccurrence, or None")
        expected = boolean("symmetric", self.symmetric)
        if expected and X._is_matrix and (asymmetry := X._asymmetry()):
            warn(
                f"X is {asymmetry}, and symmetric counts are expected: pass X + X.T with the "
                "diagonal taken once, or set symmetric=False if X is meant so"
            )
        session, given = Session(**options), Init.of(init, anchor, self.dim)
        begin = None
        if start is not None:
            begin = instance("start", start, Glove)._as_start(X.vocabulary, self.dim)
        fitting.fit(self, X, session, given, resume=resume, start=begin)
        return self

    @classmethod
    def resume(
        cls,
        checkpoint_dir: str | os.PathLike[str],
        *,
        max_seconds: float | None = None,
        callbacks: Sequence[Callback] = (),
        keep_counts: bool | None = None,
        **parameters: Any,
    ) -> Self:
        """Go on with a training that was interrupted, from its last checkpoint.

        Parameters
        ----------
        checkpoint_dir : path
            What was given to :meth:`fit` or another method that trains.
        max_seconds, callbacks, keep_counts
            As for :meth:`fit`; they are not part of a checkpoint. By default counts are kept.
        **parameters
            New values of `threads`, `memory`, `tmp_dir`, `progress` or, where `schedule` is
            "constant", `epochs`. All other parameters are those of the checkpoint.

        Returns
        -------
        Glove
            The fitted model. A training that was at its end is not trained further.

        Raises
        ------
        FileNotFoundError
            If there is no checkpoint, or not its counts.
        FormatError
            For a truncated or damaged file, with the byte offset.
        ValueError
            If the checkpoint is not of the counts in its folder, or for another parameter.
        """
        running: SessionOptions = {
            "max_seconds": max_seconds,
            "callbacks": callbacks,
            "keep_counts": keep_counts,
        }
        return fitting.resume(cls, checkpoint_dir, running, parameters)

    def update(
        self,
        source: Source,
        *,
        epochs: int | None = None,
        new_words: bool = True,
        counts: Cooccurrence | None = None,
        **options: Unpack[SessionOptions],
    ) -> Self:
        """Count more text, add it to the counts so far, and train on.

        Words keep their parameters and accumulators. Words that now occur `min_count` times in the
        earlier and the new text together are added. For added words, the windows of the earlier
        text are not known, only the number of occurrences. Rows are ordered by count again.

        Parameters
        ----------
        source : path or iterable
            The new text alone, as for :meth:`fit`; it is counted with the model's settings.
        epochs : int, optional
            Passes over all counts, old and new. Default: 0.4 times the model's `epochs`, rounded
            up.
        new_words : bool, default True
            Add words, as far as `max_vocab` has room. Otherwise the vocabulary and the order of the
            rows stay as they are.
        counts : Cooccurrence, optional
            The counts so far. Needed only if the model has none: after `load` or unpickling, with
            ``keep_counts=False``, or if `fit` read files without keeping their counts and the files
            have changed.
        validation, early_stopping, max_seconds, callbacks, checkpoint_dir, checkpoint_every, \
keep_counts
            As for :meth:`fit`.

        Returns
        -------
        Glove
            The model itself. Its `history` goes on. If anything fails before an epoch is finished
            it is unchanged.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If there are no counts to add to, if the text adds nothing to them because it is empty
            or has only words that stay out of the vocabulary, or for a bad parameter.
        OSError, FormatError, TrainingDiverged, KeyboardInterrupt
            As for :meth:`fit`.
        """
        session = Session(**options)
        fitting.update(self, source, session, epochs=epochs, new_words=new_words, counts=counts)
        return self

    def infer_vector(
        self,
        contexts: Iterable[str] | Iterable[Sequence[str]],
        word: str | None = None,
    ) -> _F32:
        """Solve for the vector of a word that training never saw, from examples of its use.

        Its counts with the words around it are taken from `contexts` as training would take them.
        Its parameters are then those that minimise Σ f(x) (w·w̃ + b + b̃ − ln x)² against fixed W̃
        and b̃, and the same for w̃ against W and b: linear least squares, weighted by f. A Gaussian
        prior with the mean and covariance of the model's own rows takes the place of what few
        examples cannot tell.

        Parameters
        ----------
        contexts : iterable of str or of list of str
            Pieces of text in which the word occurs, tokenised as in training. One str is one piece.
        word : str, optional
            How the word stands in them; it may be any token, also one the vocabulary has. By
            default each piece is what stands around one place, which is in its middle and where the
            word itself has been left out.

        Returns
        -------
        numpy.ndarray of float32, (dim,)
            w + w̃, as in `vectors`: ``model.vectors.similar_by_vector(v)``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the contexts hold no word of the vocabulary near the place, or never `word`.

        Examples
        --------
        >>> from glove_rs import Glove
        >>> model = Glove(dim=5, min_count=1, threads=1).fit(["an apple a day keeps them away"] * 9)
        >>> model.infer_vector(["a pear a day keeps"], word="pear").shape
        (5,)
        """
        return infer.infer_vector(self, contexts, word)

    def score(self, source: Source, y: object = None) -> float:
        """Return minus the loss on the co-occurrences of a text: higher is better, at most 0.

        The text is counted with the model's settings and vocabulary. The loss is Σ ½ f(X) diff² /
        nnz, without negative sampling. Compare models of the same `window`, `x_max` and `alpha`
        only: others count and weigh differently.

        Parameters
        ----------
        source : path, paths, open file or iterable
            As for :meth:`fit`; usually text that was not trained on.
        y : object, optional
            Ignored: scikit-learn passes it.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If no words of the vocabulary stand near each other.
        OSError, FormatError
            As for :meth:`fit`.

        Examples
        --------
        >>> from glove_rs import Glove
        >>> model = Glove(dim=5, min_count=1, threads=1).fit(["an apple a day keeps them away"] * 9)
        >>> model.score(["an apple a day"]) < 0
        True
        """
        return scoring.score(self, source)

    def _as_start(self, vocabulary: Vocabulary, dim: int) -> _core._Start:
        """Check that training can go on from here."""
        state = self._state
        if state.vocabulary.words != vocabulary.words:
            raise ValueError("start must have the words of X")
        if state.arrays["W"].shape[1] != dim:
            raise ValueError(f"start must have dim={dim}, got {state.arrays['W'].shape[1]}")
        # Accumulators that have grown tell of epochs elsewhere: the first one, which takes records
        # in a finer mixture, is over.
        done = len(state.history) or int((state.arrays["G_b"] > 1).any())
        return cast("_core._Start", {**state.arrays, "epochs_done": done, "halvings": 0})

    # --- what was learned -----------------------------------------------------------------------

    @property
    def W(self) -> _F32:
        """Word vectors: float32, (V, dim), sharing memory with what the core produced."""
        return self._state.arrays["W"]

    @property
    def W_tilde(self) -> _F32:
        """Context vectors: float32, (V, dim), sharing memory with what the core produced."""
        return self._state.arrays["W_tilde"]

    @property
    def b(self) -> _F32:
        """Word biases: float32, (V,)."""
        return self._state.arrays["b"]

    @property
    def b_tilde(self) -> _F32:
        """Context biases: float32, (V,)."""
        return self._state.arrays["b_tilde"]

    @property
    def vocabulary(self) -> Vocabulary:
        """The words, in the order of the rows."""
        return self._state.vocabulary

    @property
    def history(self) -> History:
        """The loss of each epoch, with `.data_loss`, `.seconds` and `.records_per_second`."""
        return self._state.history

    @property
    def settings_(self) -> dict[str, Any]:
        """Every setting that training used, by its name: what was left out has its value too."""
        return dict(self._state.settings)

    @property
    def vectors(self) -> WordVectors:
        """W + W_tilde with their words, the paper's choice; made once, then kept."""
        return self._state.vectors

    def word_vectors(self, combine: str = "sum") -> WordVectors:
        """Make one vector of a word's two.

        Parameters
        ----------
        combine : {"sum", "mean", "word", "context", "concat"}, default "sum"
            W + W_tilde (the paper's choice, and that of :attr:`vectors`), their mean, W alone,
            W_tilde alone (both without a copy), or W and W_tilde side by side.

        Returns
        -------
        WordVectors
            float32, (V, dim), or (V, 2 dim) for "concat".

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If `combine` is none of these.

        Examples
        --------
        >>> from glove_rs import Glove
        >>> model = Glove(dim=10, min_count=1, epochs=5).fit(["an apple a day"])
        >>> model.word_vectors(combine="concat")
        WordVectors(4 words, dim=20, float32)
        """
        state = self._state
        rows = combined(state.arrays["W"], state.arrays["W_tilde"], combine)
        return WordVectors(state.vocabulary.words, rows)

    def plot_loss(self, ax: Any = None) -> Any:
        """Draw the loss of each epoch, and the validation loss if records were held out.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            With a line for `history`, one for `history.data_loss` if it differs, and one for
            `history.validation` if there is one: a point per epoch, the first at 1. A legend names
            them.

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
        history = self.history
        if ax is None:
            ax = optional("matplotlib.pyplot", "plot_loss").subplots()[1]
        lines = [("training", list(history)), ("validation", history.validation)]
        if history.data_loss != history:
            lines = [
                ("training: objective", list(history)),
                ("training: data term", history.data_loss),
                ("validation: data term", history.validation),
            ]
        for name, losses in lines:
            if losses:
                ax.plot(np.arange(1, len(losses) + 1), losses, marker="o", label=name)
        ax.legend()
        ax.locator_params(axis="x", integer=True)
        ax.set_xlabel("epoch")
        ax.set_ylabel("loss (cost per record)")
        return ax

    @property
    def cooccurrence(self) -> Cooccurrence:
        """The counts of all text so far, which the next `update` adds to.

        They are those that were kept, or, where `fit` read files and was not told to keep them,
        the files are counted again. Their vocabulary has the same words, after an `update` in
        another order.

        Raises
        ------
        ValueError
            If the model has none: after `load` or unpickling, with ``keep_counts=False``, or if
            `fit` read files without keeping their counts and the files have changed.
        """
        return fitting.counts_of(self)

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

        A subword model of :attr:`vectors` is saved too.

        The file is a NumPy ``.npz`` archive (whatever its name), without pickled objects, and
        appears complete or not at all. A function given as `tokenizer` is not in it.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            For a name that ends as those of other formats do: ``.glove`` and ``.npz`` fit, and any
            ending that no format has.
        OSError
            If it cannot be written; the old file is then still there.
        """
        state = self._state
        _core.check_ending(path_text("path", path), model=True)
        # Those of every Glove: where it was trained does not matter.
        settings = {name: getattr(self, name) for name in Glove._names()}
        if callable(settings["progress"]):
            settings["progress"] = None
        settings["tokenizer"] = to_json(settings["tokenizer"])
        settings["dim"] = state.arrays["W"].shape[1]
        words = [word.encode() for word in state.vocabulary.words]
        used = {**state.settings, "tokenizer": settings["tokenizer"]}
        header = {"format": "glove-rs model", "version": 1, "settings": settings, "used": used}
        extra = {}
        if state.subwords is not None:
            extra["subwords"] = state.subwords._core.to_bytes()
        with replacing(path) as file:
            np.savez(
                file,
                allow_pickle=False,
                header=np.frombuffer(json.dumps(header, default=plain).encode(), dtype=np.uint8),
                words=np.frombuffer(b"".join(words), dtype=np.uint8),
                word_ends=np.cumsum([len(word) for word in words], dtype=np.int64),
                counts=state.vocabulary.counts,
                history=np.array(state.history.epochs()),
                **state.arrays,
                **extra,
            )

    @classmethod
    def load(cls, path: str | os.PathLike[str] | IO[bytes]) -> Self:
        """Read a model that :meth:`save` or ``glove-rs fit --out`` wrote: a file, or a folder.

        Parameters
        ----------
        path : path or open file
            An open file must be open for bytes and able to seek.

        Raises
        ------
        FormatError
            If the file is something else, damaged, or from a later version. The message says what
            the file is and what reads it, if that is recognised.
        OSError
            If it cannot be read, or is a pipe.
        """
        found = readable("path", path)
        if isinstance(found, str):
            found = name = output_folder.model_file(found)
        else:
            name = str(getattr(found, "name", "<file>"))
        with open_regular(found) as file, refusing(name, "a glove-rs model", "model"):
            archive = Archive(file)
            header = json.loads(archive.read("header", "u1", (None,)).tobytes())
            if header["format"] != "glove-rs model":
                raise ValueError("another format")
            if header["version"] != 1:
                raise _core.FormatError(
                    f"{name}: model of version {header['version']!r}; this glove-rs reads 1"
                )
            model = cls._of_settings(header["settings"])
            ends = archive.read("word_ends", "i8", (None,))
            if (np.diff(ends, prepend=0) < 0).any():
                raise ValueError("the words do not follow each other")
            text = archive.read("words", "u1", (int(ends[-1]) if len(ends) else 0,)).tobytes()
            words = [
                text[start:end].decode()
                for start, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)
            ]
            counts = archive.read("counts", "i8", (len(words),))
            vocabulary = Vocabulary(words, counts.tolist())
            history = History(archive.rows("history"))
            arrays = {}
            for key in _ARRAYS:
                # A vector has one accumulator, or one for each component.
                width = None if key.startswith("G_") else model.dim
                shape = (len(words), width)
                arrays[key] = archive.read(key, "f4", shape if "W" in key else shape[:1])
            widths = {arrays[key].shape[1] for key in ("G_W", "G_W_tilde")}
            if widths not in ({1}, {model.dim}):
                raise ValueError(f"a vector of {model.dim} components has {widths} accumulators")
            subwords = None
            if "subwords" in archive:
                content = archive.read("subwords", "u1", (None,)).tobytes()
                try:
                    subwords = Subwords(_core.restore_subwords(content))
                except _core.FormatError as error:
                    # Without its path: the file is the model.
                    raise ValueError(str(error)) from None
                if subwords.vector_size != model.dim:
                    raise ValueError(f"subwords of {subwords.vector_size} components")
            used = model._used(header.get("used"))
            model.set_params(**_settings.pinned(model.get_params(), used))
        model._fitted = Fitted(vocabulary, history, arrays, used, _subwords=subwords)
        return model

    def _used(self, saved: Any) -> dict[str, Any]:
        """Return the settings that a file says were used; older files only have the parameters."""
        used = _settings.used(self.get_params())
        if saved is None:
            return used
        if not isinstance(saved, dict):
            raise ValueError(f"used is {saved!r}")
        # Versions before subwords trained without them.
        return {"subwords": False, **saved, "tokenizer": used["tokenizer"]}

    @classmethod
    def _of_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Make a model of the settings in a file, which are checked as those of a training are."""
        settings = {**settings, "tokenizer": from_json(settings["tokenizer"])}
        for name, value in settings.items():
            if name != "tokenizer" and not isinstance(value, str | int | float | None):
                raise ValueError(f"{name} is {value!r}")
        settings = _settings.of_older_version(settings)
        threads = settings.get("threads")
        if isinstance(threads, int) and threads > _core.most_threads():
            # Saved on a machine with more processors.
            settings["threads"] = _core.most_threads()
        model = cls(**settings)
        _settings.used(model.get_params())
        return model

    def save_word2vec(self, path: str | os.PathLike[str], binary: bool = False) -> None:
        """Write `vectors` in word2vec's format, which gensim, spaCy and others read.

        Parameters
        ----------
        path : path
            The file to write; it appears complete or not at all.
        binary : bool, default False
            word2vec's binary format instead of text. Both read back exactly.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            For a word with a space or newline, which the format cannot hold.
        OSError
            If it cannot be written; the old file is then still there.
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
        """Write the files of Stanford's ``glove``: what its ``-save-file prefix`` makes.

        Parameters
        ----------
        prefix : path
            Beginning of the files' names; it must not end as the name of a folder does.
        text : bool, default True
            ``prefix.txt``: words and numbers, six decimals.
        binary : bool, default True
            ``prefix.bin``: float64, V rows of (W, b), then V rows of (W_tilde, b_tilde).
        gradsq : bool, default False
            ``prefix.gradsq.bin``: the accumulators, in the same shape. With row-wise AdaGrad all
            components of a vector have the same one.
        unk : bool, default True
            End the text with ``<unk>``, the mean of the 100 rarest words.
        model : {0, 1, 2, 3}, default 2
            What the text holds of each word: all (W, b, W_tilde, b_tilde), W, W + W_tilde, or W and
            W_tilde side by side.
        header : bool, default False
            Begin the text with a line of its number of words and of components.

        Raises
        ------
        NotFittedError, ValueError, OSError
            As for :meth:`save_word2vec`.
        """
        state = self._state
        prefix = path_text("prefix", prefix)
        if os.path.basename(prefix) in {"", os.curdir, os.pardir}:
            raise ValueError(f"prefix must be the beginning of the names of files, got {prefix!r}")
        if text:
            rows = stanford.text_rows(state.arrays, model)
            stanford.write_text(
                prefix + ".txt", state.vocabulary.words, rows, header=header, unk=unk
            )
        if binary:
            stanford.write_parameters(prefix + ".bin", state.arrays)
        if gradsq:
            stanford.write_parameters(prefix + ".gradsq.bin", state.arrays, "G_")

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

        A checkpoint of Stanford's ``glove`` can be read too.

        ``Glove(...).fit_cooccurrence(X, start=model)`` goes on from it.

        Parameters
        ----------
        path : path
            Parameters, a ``.bin``.
        vocabulary : path or Vocabulary
            Their words, in Stanford's text format.
        gradsq : path, optional
            Accumulators, a ``.bin`` too. Default: all 1, as before training.
        **settings
            Settings of the model but `dim`, as for the constructor: the files do not tell them.

        Raises
        ------
        FormatError
            If a file does not fit the vocabulary, or holds a number that is not finite.
        OSError
            If a file cannot be read.
        """
        if isinstance(vocabulary, Vocabulary):
            words = vocabulary
        else:
            words = Vocabulary.load(path_text("vocabulary", vocabulary))
        arrays = stanford.read_parameters(path, len(words))
        if gradsq is None:
            sums = {name: np.ones_like(array) for name, array in arrays.items()}
        else:
            sums = stanford.read_parameters(path_text("gradsq", gradsq), len(words))
            if sums["W"].shape != arrays["W"].shape:
                raise ValueError(
                    f"gradsq must have the shape of the parameters: {sums['W'].shape}, "
                    f"{arrays['W'].shape}"
                )
        model = cls(arrays["W"].shape[1], **settings)
        arrays |= {f"G_{name}": array for name, array in sums.items()}
        model._fitted = Fitted(words, History(), arrays, _settings.used(model.get_params()))
        return model

    # --- scikit-learn's manners -----------------------------------------------------------------

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments by name, as scikit-learn does."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments by name; returns the model itself.

        Raises
        ------
        ValueError
            If a name is not that of an argument. No argument is changed then.
        """
        for name in params:
            if name not in self._names():
                raise ValueError(f"{name} is not a parameter of Glove: {', '.join(self._names())}")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that this takes text and no y."""
        utils = optional("sklearn.utils", "__sklearn_tags__")
        return utils.Tags(
            estimator_type=None,
            target_tags=utils.TargetTags(required=False),
            input_tags=utils.InputTags(one_d_array=True, two_d_array=False, string=True),
            # Text is no array of numbers that scikit-learn could validate.
            no_validation=True,
            non_deterministic=not self.deterministic,
        )

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted is not None

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if name == "dim" or value != defaults[name].default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"
