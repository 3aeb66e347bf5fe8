"""The model: text in, vectors out."""

from __future__ import annotations

import inspect
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from . import _core, _folder, _stanford
from ._files import replacing
from ._parameters import boolean, integer, positive, real
from ._progress import Progress, reporter
from .cooccurrence import Cooccurrence
from .vectors import WordVectors, combine
from .vocabulary import Source, Vocabulary, running_arguments

__all__ = ["Glove", "History", "NotFittedError"]

_F32: TypeAlias = npt.NDArray[np.float32]

_ARRAYS = ("W", "W_tilde", "b", "b_tilde", "G_W", "G_W_tilde", "G_b", "G_b_tilde")
_COUNTING = (
    "window",
    "min_count",
    "max_vocab",
    "symmetric",
    "distance_weighting",
    "keep_gaps",
    "tokenizer",
    "lowercase",
    "threads",
    "memory",
    "tmp_dir",
    "progress",
)


class NotFittedError(ValueError, AttributeError):
    """The model has no vectors yet: call `fit` first."""


class History(list[float]):
    """The loss of each epoch, Σ ½ f(X) diff² / nnz, measured while it ran.

    Attributes
    ----------
    seconds : list of float
        Wall time of each epoch.
    records_per_second : list of float
        Records updated per second of wall time, of each epoch.
    """

    def __init__(self, epochs: Iterable[tuple[float, float, float]] = ()) -> None:
        epochs = list(epochs)
        super().__init__(loss for loss, _, _ in epochs)
        self.seconds = [seconds for _, seconds, _ in epochs]
        self.records_per_second = [rate for _, _, rate in epochs]

    def __reduce__(self) -> tuple[type[History], tuple[list[tuple[float, float, float]]]]:
        return History, (list(zip(self, self.seconds, self.records_per_second, strict=False)),)


@dataclass
class _Fitted:
    """What training left behind."""

    vocabulary: Vocabulary
    arrays: dict[str, _F32]
    history: History
    # Where the core had the arrays' numbers before it gave them away; empty after loading.
    memory: dict[str, int] = field(default_factory=dict)
    vectors: WordVectors | None = None

    def addresses(self) -> dict[str, int]:
        return self.memory

    def __getstate__(self) -> dict[str, Any]:
        # What can be made again is not stored, and addresses mean nothing elsewhere.
        return {**self.__dict__, "vectors": None, "memory": {}}


class Glove:
    r"""GloVe: word vectors from co-occurrence counts (Pennington, Socher, Manning 2014).

    Minimises equation 8 of the paper over the non-zero counts, by AdaGrad:
    :math:`J = \sum_{ij} f(X_{ij}) (w_i \cdot \tilde w_j + b_i + \tilde b_j - \ln X_{ij})^2`
    with :math:`f(x) = \min(1, (x/x_{max})^\alpha)`.

    Parameters
    ----------
    dim : int, default 50
        Components of a vector, >= 1.
    window : int, default 15
        Words to each side that count as near, >= 1.
    min_count : int, default 5
        Words that occur less often are left out, before windows are laid.
    max_vocab : int, optional
        Keep at most so many words, the most frequent.
    symmetric : bool, default True
        Count both directions; otherwise (left word, right word) only.
    distance_weighting : bool, default True
        A pair d words apart adds 1/d; otherwise 1.
    keep_gaps : bool, default False
        Words that are left out still count for distances.
    tokenizer : {"whitespace"}, default "whitespace"
        How text becomes words.
    lowercase : bool, default False
        Lower-case the text first (Unicode).
    x_max : float, default 100.0
        Counts from here on have weight f = 1, > 0.
    alpha : float, default 0.75
        Exponent of f for smaller counts, >= 0.
    learning_rate : float, default 0.05
        AdaGrad's η, > 0.
    epochs : int, default 25
        Passes over the counts, >= 1.
    optimizer : {"adagrad", "sgd"}, default "adagrad"
        The step rule.
    grad_clip : float, default 100.0
        Bound of each component of the gradient, > 0.
    deterministic : bool, default False
        The same bits for any number of threads, instead of lock-free Hogwild.
    threads : int, optional
        Threads to use. Default: every processor this process may use.
    seed : int, default 0
        Fixes the initial parameters and the order of training.
    memory : int or str, optional
        Limit for counts and training records, in bytes or as "512MB" or "2GiB"; what is more goes
        to temporary files. Parameters are not counted.
    tmp_dir : path, optional
        Folder for temporary files beyond that limit. Default: the system's.
    progress : bool or callable, optional
        True shows progress bars, False does not, None (default) does on a terminal. A callable is
        called as ``progress(stage, done, total, info)`` about ten times a second.

    Attributes
    ----------
    W, W_tilde : numpy.ndarray of float32, (V, dim)
        Word and context vectors, in the order of `vocabulary`.
    b, b_tilde : numpy.ndarray of float32, (V,)
        Their biases.
    vocabulary : Vocabulary
        The words.
    history : list of float
        The loss of each epoch, Σ ½ f(X) diff² / nnz, measured while it ran; with its attributes
        `seconds` and `records_per_second`, of each epoch too.
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

    _fitted: _Fitted | None = None

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
        tokenizer: str = "whitespace",
        lowercase: bool = False,
        x_max: float = 100.0,
        alpha: float = 0.75,
        learning_rate: float = 0.05,
        epochs: int = 25,
        optimizer: str = "adagrad",
        grad_clip: float = 100.0,
        deterministic: bool = False,
        threads: int | None = None,
        seed: int = 0,
        memory: int | str | None = None,
        progress: Progress = None,
        tmp_dir: str | os.PathLike[str] | None = None,
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

    # --- training -------------------------------------------------------------------------------

    def fit(self, source: Source, *, vocabulary: Vocabulary | Sequence[str] | None = None) -> Self:
        """Count the co-occurrences of `source` and train on them.

        Parameters
        ----------
        source : path or iterable
            A UTF-8 text file with a document per line, or an iterable of documents: each a str, or
            a list of words.
        vocabulary : Vocabulary or sequence of str, optional
            The words to train, instead of those that `min_count` and `max_vocab` select.

        Returns
        -------
        Glove
            The model itself.

        Raises
        ------
        ValueError
            For a bad parameter, or if nothing is left to train on; the message says why.
        OSError
            If the text cannot be read: the subclass that fits, with the path.
        FormatError
            For invalid UTF-8, with the byte offset.
        TrainingDiverged
            If training meets numbers that are not finite, or a loss ten times that of a model that
            knows nothing, and halving the learning rate three times does not help. Each halving is
            a RuntimeWarning.
        KeyboardInterrupt
            Within half a second of Ctrl-C.
        """
        training = self._training_arguments()
        counting = {name: getattr(self, name) for name in _COUNTING}
        counts = Cooccurrence.from_corpus(source, vocabulary, **counting)
        # Nobody else sees these counts: their memory may go while tiles are made of them.
        return self._train(counts, training, consume=True)

    def fit_cooccurrence(
        self,
        X: Any,
        *,
        vocabulary: Vocabulary | Sequence[str] | None = None,
        start: Glove | None = None,
    ) -> Self:
        """Train on counts.

        Parameters
        ----------
        X : Cooccurrence, or scipy sparse or dense matrix, (V, V)
            Counts, finite and >= 0.
        vocabulary : Vocabulary or sequence of str, optional
            The words of the rows of a matrix. Default "0", "1", …. A Cooccurrence has its own, and
            another is refused.
        start : Glove, optional
            A fitted model of the same words and `dim`: `epochs` more from its parameters and
            accumulators on, instead of from random ones.

        Returns
        -------
        Glove
            The model itself.

        Raises
        ------
        ValueError
            For a bad parameter, counts that are negative or not finite, no counts at all, or a
            `start` that does not fit them.
        """
        training = self._training_arguments()
        if not isinstance(X, Cooccurrence):
            X = Cooccurrence.from_scipy(X, vocabulary)
        elif vocabulary is not None and X.vocabulary.words != list(vocabulary):
            raise ValueError("vocabulary must be that of the Cooccurrence, or None")
        begin = None if start is None else start._as_start(X.vocabulary, self.dim)
        if begin is not None:
            training["epochs"] += begin["epochs_done"]
        return self._train(X, training, consume=False, start=begin)

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

    def _training_arguments(self) -> _core._Training:
        integer("dim", self.dim, 1, 2**20)
        if not isinstance(self.optimizer, str):
            raise ValueError(f"optimizer must be a name, got {self.optimizer!r}")
        training: _core._Training = {
            "x_max": positive("x_max", self.x_max),
            "alpha": real("alpha", self.alpha),
            "learning_rate": positive("learning_rate", self.learning_rate),
            "epochs": integer("epochs", self.epochs, 1),
            "optimizer": self.optimizer,
            "grad_clip": positive("grad_clip", self.grad_clip),
            "deterministic": boolean("deterministic", self.deterministic),
            "seed": integer("seed", self.seed, 0),
        }
        _core.check_training(training)
        return training

    def _train(
        self,
        counts: Cooccurrence,
        training: _core._Training,
        *,
        consume: bool,
        start: _core._Start | None = None,
    ) -> Self:
        running = running_arguments(threads=self.threads, memory=self.memory, tmp_dir=self.tmp_dir)
        with reporter(self.progress) as callback:
            made = _core.train(counts._core, self.dim, training, running, callback, consume, start)
        history = History(epoch[1:] for epoch in made.history)
        self._fitted = _Fitted(counts.vocabulary, made.arrays, history, made.addresses)
        return self

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
        """The loss of each epoch, with `.seconds` and `.records_per_second` of each."""
        return self._state.history

    @property
    def vectors(self) -> WordVectors:
        """W + W_tilde with their words, the paper's choice; made once, then kept."""
        state = self._state
        if state.vectors is None:
            rows = combine(state.arrays["W"], state.arrays["W_tilde"], "sum")
            state.vectors = WordVectors(state.vocabulary.words, rows)
        return state.vectors

    @property
    def _parameters(self) -> _Fitted:
        return self._state

    @property
    def _state(self) -> _Fitted:
        if self._fitted is None:
            raise NotFittedError(
                "this Glove is not fitted yet: call fit(source) or fit_cooccurrence(X) first"
            )
        return self._fitted

    # --- files ----------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the whole model to one file: parameters, accumulators, words, history, settings.

        The file is a NumPy ``.npz`` archive (whatever its name), without pickled objects, and
        appears complete or not at all.

        Raises
        ------
        NotFittedError
            Before `fit`.
        OSError
            If it cannot be written; the old file is then still there.
        """
        state = self._state
        settings = self.get_params()
        if callable(settings["progress"]):
            settings["progress"] = None
        if settings["tmp_dir"] is not None:
            settings["tmp_dir"] = os.fspath(settings["tmp_dir"])
        # What numpy gave as a number or a truth value goes into JSON as Python's.
        settings = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in settings.items()
        }
        settings["dim"] = state.arrays["W"].shape[1]
        words = [word.encode() for word in state.vocabulary.words]
        header = {"format": "glove-rs model", "version": 1, "settings": settings}
        with replacing(path) as file:
            np.savez(
                file,
                allow_pickle=False,
                header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
                words=np.frombuffer(b"".join(words), dtype=np.uint8),
                word_ends=np.cumsum([len(word) for word in words], dtype=np.int64),
                counts=state.vocabulary.counts,
                history=np.array(
                    [state.history, state.history.seconds, state.history.records_per_second]
                ).T,
                **state.arrays,
            )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model that :meth:`save` or ``glove-rs fit --out`` wrote: a file, or a folder.

        Raises
        ------
        FormatError
            If the file is something else, damaged, or from a later version.
        """
        path = _folder.model_file(path)
        name = os.fspath(path)
        with open(path, "rb") as file:
            try:
                archive = np.load(file, allow_pickle=False)
                header = json.loads(archive["header"].tobytes())
                if header["format"] != "glove-rs model":
                    raise KeyError("format")
                if header["version"] != 1:
                    raise _core.FormatError(
                        f"{name}: model of version {header['version']}; this glove-rs reads 1"
                    )
                text, ends = archive["words"].tobytes(), archive["word_ends"].tolist()
                words = [
                    text[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)
                ]
                model = cls(**header["settings"])
                arrays = {key: archive[key] for key in _ARRAYS}
                history = History(map(tuple, archive["history"].reshape(-1, 3).tolist()))
                vocabulary = Vocabulary(words, archive["counts"].tolist())
            except _core.FormatError:
                raise
            except (
                AttributeError,
                EOFError,
                IndexError,
                KeyError,
                TypeError,
                UnicodeDecodeError,
                ValueError,
                zipfile.BadZipFile,
                zlib.error,
            ) as error:
                raise _core.FormatError(
                    f"{name}: not a glove-rs model, or damaged ({error})"
                ) from error
        shape = (len(vocabulary), model.dim)
        for key, array in arrays.items():
            wanted = shape if "W" in key else shape[:1]
            if array.shape != wanted or array.dtype != np.float32:
                raise _core.FormatError(
                    f"{name}: {key} has shape {array.shape} and dtype {array.dtype}, "
                    f"expected {wanted} and float32"
                )
        model._fitted = _Fitted(vocabulary, arrays, history)
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
            Beginning of the files' names.
        text : bool, default True
            ``prefix.txt``: words and numbers, six decimals.
        binary : bool, default True
            ``prefix.bin``: float64, V rows of (W, b), then V rows of (W_tilde, b_tilde).
        gradsq : bool, default False
            ``prefix.gradsq.bin``: the accumulators, in the same shape.
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
        prefix = os.fspath(prefix)
        if text:
            rows = _stanford.text_rows(state.arrays, model)
            _stanford.write_text(
                prefix + ".txt", state.vocabulary.words, rows, header=header, unk=unk
            )
        if binary:
            _stanford.write_parameters(prefix + ".bin", state.arrays)
        if gradsq:
            _stanford.write_parameters(prefix + ".gradsq.bin", state.arrays, "G_")

    @classmethod
    def load_stanford(
        cls,
        path: str | os.PathLike[str],
        vocabulary: str | os.PathLike[str] | Vocabulary,
        *,
        gradsq: str | os.PathLike[str] | None = None,
        **settings: Any,
    ) -> Self:
        """Read what Stanford's ``glove`` or :meth:`save_stanford` trained, a checkpoint too.

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
            If a file does not fit the vocabulary, or holds what is not a finite number.
        OSError
            If a file cannot be read.
        """
        words = vocabulary if isinstance(vocabulary, Vocabulary) else Vocabulary.load(vocabulary)
        arrays = _stanford.read_parameters(path, len(words))
        if gradsq is None:
            sums = {name: np.ones_like(array) for name, array in arrays.items()}
        else:
            sums = _stanford.read_parameters(gradsq, len(words))
            if sums["W"].shape != arrays["W"].shape:
                raise ValueError(
                    f"gradsq must have the shape of the parameters: {sums['W'].shape}, "
                    f"{arrays['W'].shape}"
                )
        model = cls(arrays["W"].shape[1], **settings)
        arrays |= {f"G_{name}": array for name, array in sums.items()}
        model._fitted = _Fitted(words, arrays, History())
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
            For a name that is not one; nothing is changed then.
        """
        for name in params:
            if name not in self._names():
                raise ValueError(f"{name} is not a parameter of Glove: {', '.join(self._names())}")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if name == "dim" or value != defaults[name].default
        ]
        return f"Glove({', '.join(changed)})"
