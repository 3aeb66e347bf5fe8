"""Word vectors for each period or group of a text, in one space."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .. import _core, _settings
from .._bootstrap import Bootstrap
from .._bootstrap.resampling import Resampling
from .._bootstrap.store import ReplicateStore
from .._bootstrap.trainer import model_settings
from .._checks import instance, integer, optional_integer, shown
from .._core import FormatError
from .._fit import short_schedule
from .._fit.documents import By, EncodedDocuments, Label
from .._io.files import output_path
from .._io.sources import Source
from .._progress import Progress, reporter
from .._results import IntervalTable, ResultTable
from .._unknown_word import UnknownWord
from .._vectors.combine import combine
from .._warnings import warn
from ..glove import Glove
from ..vectors import WordVectors
from ..vocabulary import Vocabulary
from .changes import changed_words, neighbours
from .slice_store import SliceStore, check_same, new_folder, stored, text_of

__all__ = ["Slices", "slices"]

_F32: TypeAlias = npt.NDArray[np.float32]
_Weights: TypeAlias = npt.NDArray[np.uint32]
_Callback: TypeAlias = "Callable[[str, int, int, dict[str, Any]], object] | None"


class _OverSlices(IntervalTable):
    """A row for each slice, in order: :meth:`plot` draws a line over the slices."""

    _is_ordered = True


class Slices(Mapping[Any, WordVectors]):
    """Word vectors for each period or group, in one space: the result of :func:`slices`.

    The object is a mapping: ``slices["1990s"]`` are the :class:`glove_rs.WordVectors` of the slice
    "1990s". They have the words that occur at least `min_count` times in the slice.

    Attributes
    ----------
    labels : list
        The labels of the slices, in the order of the parameter `labels` of :func:`slices`. Without
        this parameter, they are sorted if they can be compared.
    compass : WordVectors
        The vectors W of all of the text, in the same space.
    tokens : dict of label to int
        The number of tokens of each slice: of words of the vocabulary, or with `keep_gaps`, of all
        words.
    bootstraps : dict of label to Bootstrap
        The bootstrap of each slice; empty without replicates.
    """

    def __init__(
        self,
        compass: WordVectors,
        vectors: dict[Any, WordVectors],
        tokens: dict[Any, int],
        bootstraps: dict[Any, Bootstrap],
        temporary: tempfile.TemporaryDirectory[str] | None = None,
        settings: dict[str, Any] | None = None,
        store: SliceStore | None = None,
    ) -> None:
        self.compass, self.tokens, self.bootstraps = compass, tokens, bootstraps
        self._vectors, self._temporary = vectors, temporary
        self._settings, self._store = settings, store

    def __reduce__(self) -> Any:
        if self._temporary is not None:
            raise TypeError(
                "these slices cannot be pickled or copied, because their replicates are in a "
                "temporary folder: save them, or make them with path="
            )
        parts = (self.compass, self._vectors, self.tokens, self.bootstraps)
        return type(self), (*parts, None, self._settings, self._store)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a folder with the vectors and the replicates. It appears complete or not at all.

        The labels must be str, int, float or bool. After ``slices(path=...)`` there is no need to
        save: :meth:`load` reads that folder.

        Parameters
        ----------
        path : path
            The folder to write. Nothing is written if these slices are already in this folder.

        Raises
        ------
        FileExistsError
            If `path` is a file, or a folder that is not empty.
        TypeError
            If a label has another type.
        OSError
            If the folder cannot be written.

        Examples
        --------
        >>> from glove_rs import Glove, compare
        >>> text = ["ice is cold", "steam is hot"] * 20
        >>> model = Glove(dim=4, threads=1, deterministic=True)
        >>> periods = compare.slices(model, text * 2, by=[1990] * 40 + [2000] * 40, n=2)
        >>> periods.save("periods")
        >>> compare.Slices.load("periods")
        <2 slices: 1990, 2000>
        """
        target = os.path.realpath(output_path("path", path, "folder"))
        own = self._store
        if own is not None and os.path.lexists(target) and os.path.samefile(target, own.path):
            return
        if self._settings is None:
            raise ValueError("these slices have no settings to save: make them with slices()")
        settings = stored(self._settings)
        with new_folder(target) as folder:
            copy = SliceStore(folder)
            copy.write_compass(self.compass)
            if own is not None:
                own.copy_contexts(copy)
            for number, label in enumerate(entry["label"] for entry in settings["labels"]):
                if label in self.bootstraps:
                    self.bootstraps[label].save(copy.slice(number).path)
                elif label in self._vectors:
                    copy.write_slice(number, settings, self._vectors[label])
            copy.write_settings(settings)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Slices:
        """Open a folder that :meth:`save` or ``slices(path=...)`` wrote.

        The vectors are mapped into memory. After an interrupted run, the folder has the slices and
        the replicates that were finished.

        Raises
        ------
        FileNotFoundError
            If there is no such folder, or if it has no slices.
        FormatError
            If a file is not valid. The file of a replicate is checked when its vectors are used.
        """
        store = SliceStore(path)
        settings, compass = store.read_settings(), store.compass()
        vectors, tokens, bootstraps = {}, {}, {}
        for number, entry in enumerate(settings["labels"]):
            label = entry["label"]
            found = store.read_slice(number, settings, compass.vector_size)
            if found is not None:
                vectors[label], tokens[label] = found, entry["tokens"]
                if settings["n"]:
                    bootstraps[label] = Bootstrap(store.slice(number), None)
        return cls(compass, vectors, tokens, bootstraps, None, settings, store)

    @property
    def labels(self) -> list[Any]:
        """The labels of the slices."""
        return list(self._vectors)

    def __getitem__(self, label: Any) -> WordVectors:
        return self._vectors[label]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._vectors)

    def __len__(self) -> int:
        return len(self._vectors)

    def __repr__(self) -> str:
        return f"<{len(self)} slices: {', '.join(map(str, self.labels))}>"

    def _summary(self) -> ResultTable:
        return _OverSlices(
            {
                "slice": [str(label) for label in self],
                "tokens": [self.tokens[label] for label in self],
                "words": [len(vectors) for vectors in self.values()],
            }
        )

    def __str__(self) -> str:
        return str(self._summary())

    def _repr_html_(self) -> str:
        return self._summary()._repr_html_()

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with the numbers of tokens and words of each slice.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return self._summary().to_pandas()

    def plot(self, ax: Any = None) -> Any:
        """Draw the number of tokens of each slice: vectors of slices with few tokens have noise.

        :meth:`drift` and :meth:`similarity` return tables whose method ``plot()`` draws a word over
        the slices.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = self._summary().plot(ax)
        ax.set_ylim(bottom=0)
        return ax

    def neighbours(self, word: str, topn: int = 10) -> IntervalTable:
        """Return the nearest neighbours of a word in each slice: see :func:`neighbours`."""
        return neighbours(word, self, topn)

    def similarity(self, w1: str, w2: str) -> IntervalTable:
        """Return the cosine of two words in each slice, with intervals if there are replicates.

        Returns
        -------
        IntervalTable
            With the columns slice and similarity, and also low and high if there are replicates.
            The numbers of a slice that lacks one of the words are NaN. ``plot()`` draws the
            similarity as a line over the slices, with a gap at such a slice and with the intervals.
            If all labels are rising numbers, such as years, the x-axis is to scale.
        """
        self._check_known(w1, w2)

        def cosine(wv: WordVectors) -> float:
            return wv.similarity(w1, w2)

        return self._over_slices("similarity", [w1, w2], cosine)

    def drift(self, word: str) -> IntervalTable:
        """Return how far the vector of a word moves away from its vector in the first slice.

        The drift is 1 − the cosine of the vector in each slice and the vector in the first slice
        that has the word. The noise of small samples also increases the drift: the vector of a rare
        word drifts even if its meaning does not change. :meth:`changed_words` corrects for this
        noise if there are replicates.

        Returns
        -------
        IntervalTable
            With the columns slice and drift. The drift is NaN for a slice that lacks the word.
            ``plot()`` draws the drift as a line over the slices, as for :meth:`similarity`. To
            compare words, draw their lines in the same axes; a legend names them.

        Warns
        -----
        UserWarning
            If no slice has the word.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> from glove_rs import Glove, compare
        >>> text = ["ice is cold", "steam is hot"] * 20
        >>> model = Glove(dim=4, threads=1, deterministic=True)
        >>> periods = compare.slices(model, text * 2, by=[1990] * 40 + [2000] * 40)
        >>> ax = periods.drift("ice").plot()
        >>> ax = periods.drift("steam").plot(ax)
        >>> [text.get_text() for text in ax.legend().get_texts()]
        ['ice', 'steam']
        """
        self._check_known(word)
        first = next((wv for wv in self.values() if word in wv), None)
        if first is None:
            warn(f"no slice has {word!r} often enough for a vector: its drift is NaN")
            return self._over([word], {"drift": [float("nan")] * len(self)})
        start = first[word].astype(np.float64)
        start /= np.linalg.norm(start)
        drift = []
        for wv in self.values():
            if word not in wv:
                drift.append(float("nan"))
                continue
            own = wv[word].astype(np.float64)
            moved = float(1 - own @ start / np.linalg.norm(own))
            # Rounding could give the first vector a drift above 0, or any vector one below 0.
            drift.append(0.0 if moved < 0 or (wv is first and np.isfinite(moved)) else moved)
        return self._over([word], {"drift": drift})

    def changed_words(self, a: Any, b: Any, **options: Any) -> IntervalTable:
        """Return the words that changed most between two slices: see :func:`changed_words`.

        Parameters
        ----------
        a, b : label
            The labels of the two slices.
        **options
            The parameters `words`, `topn` and `level` of :func:`changed_words`.
        """
        models: Mapping[Any, Any] = self.bootstraps or self
        for label in (a, b):
            if label not in models:
                raise KeyError(f"no slice {label!r}: there are {', '.join(map(repr, self))}")
        return changed_words(models[a], models[b], aligned=True, **options)

    def _check_known(self, *words: str) -> None:
        for word in words:
            if word not in self.compass:
                raise UnknownWord(word, self.compass.index_to_key, self.compass.key_to_index)

    def _over_slices(
        self, name: str, words: list[str], function: Callable[[WordVectors], float]
    ) -> IntervalTable:
        values: list[list[float]] = []
        for label, vectors in self.items():
            if not all(word in vectors for word in words):
                values.append([float("nan")] * 3)
            elif self.bootstraps:
                estimate = self.bootstraps[label].estimate(function, name=f"{name} in {label}")
                values.append([estimate.value, estimate.low, estimate.high])
            else:
                values.append([function(vectors)] * 3)
        columns = dict(
            zip((name, "low", "high"), map(list, zip(*values, strict=True)), strict=True)
        )
        if not self.bootstraps:
            columns = {name: columns[name]}
        return self._over(words, columns)

    def _over(self, words: list[str], columns: Mapping[str, list[float]]) -> IntervalTable:
        """Return a table with a row for each slice. `words` name the line of its plot."""
        table = _OverSlices({"slice": [str(label) for label in self], **columns})
        table._of = ", ".join(words)
        return table


def slices(
    model: Glove,
    source: Source | Mapping[Any, Source],
    by: By | None = None,
    *,
    column: str | None = None,
    storage_options: Any = None,
    n: int = 0,
    epochs: int | None = None,
    min_count: int | None = None,
    vocabulary: Vocabulary | Sequence[str] | None = None,
    labels: Iterable[Label] | None = None,
    seed: int = 0,
    threads: int | None = None,
    memory: int | str | None = None,
    progress: Progress = None,
    path: str | os.PathLike[str] | None = None,
) -> Slices:
    """Train word vectors for each period or group of a text, in one space.

    First a model is trained on all of the text. Then the word vectors of each slice are trained on
    the counts of this slice, while the context vectors W_tilde and their biases keep their values
    (the compass method: Di Carlo, Bianchi and Palmonari 2019). So a word has similar vectors in two
    slices if it has the same contexts in both, and no alignment is needed. The vectors of a slice
    are W, not W + W_tilde. Their training starts at the vectors of all of the text. A word that is
    rare in a slice therefore stays near its vector in all of the text.

    Parameters
    ----------
    model : Glove
        The settings. The model is not changed and need not be fitted.
    source : Source, or mapping of label to Source
        The text, as for :meth:`glove_rs.Glove.fit`; or a mapping with a text for each label.
        Without `vocabulary`, each text of a mapping is read twice.
    by : sequence or callable
        A label for each document, empty documents included. If `source` is an iterable of
        documents, `by` may be a function that returns the label of a document. If `source` is a
        mapping, `by` must be None.
    column, storage_options
        As for :meth:`glove_rs.Glove.fit`; for all texts if `source` is a mapping. Each row of a
        table whose text is not null is a document.
    n : int, default 0
        The number of bootstrap replicates of each slice, for intervals. The documents of the slice
        are resampled; the context vectors keep their values.
    epochs : int, optional
        The number of epochs of each slice, >= 1. If it is given, a slice has the learning rate of
        the model. By default, a slice has 4/7 of the epochs of the model, rounded up, and 1.6 times
        the learning rate of the model. If `model.epochs` is None, the model of all of the text
        trains for 7 epochs in the preset "best", whatever the size of the text. With too few epochs
        of a slice, all changes are too small, because the vectors stay near those of all of the
        text.
    min_count : int, optional
        Leave out words that occur fewer than `min_count` times in the slice. Default: the
        `min_count` of the model.
    vocabulary : Vocabulary or sequence of str, optional
        The words to train, instead of those that `min_count` and `max_vocab` of the model select.
    labels : iterable, optional
        The labels of the slices to train, in this order. By default all labels, sorted if they can
        be compared. The context vectors are always trained on all of the text.
    seed : int, default 0
        Seed of the resampling.
    threads, memory, progress : optional
        If given, they replace those of the model.
    path : path, optional
        The folder to write to. Each slice and each replicate is stored when it is finished, so a
        killed or interrupted run can continue: call the function again with the same arguments. A
        larger `n` adds replicates. :meth:`Slices.load` opens the folder. The labels must be str,
        int, float or bool. By default the replicates are in a temporary folder, which is removed
        when the result is deleted.

    Returns
    -------
    Slices

    Raises
    ------
    ValueError
        If a parameter is out of its range, if labels and documents do not match, if a label is
        missing (None, NaN, NaT or the NA of pandas), if every slice is left out (see Warns), if `n`
        is not 0 and a slice has only one document with words, if `path` holds slices with other
        settings or of another text, or if the model has ``subwords=True`` or ``adjacent=True``. The
        subword model would move the context vectors. Slices are trained with the context vectors
        of the model, and a model does not keep those of adjacent words.
    TypeError
        If `model` is not a :class:`glove_rs.Glove`, or if `by` or `labels` is of another type, such
        as a str or, for `by`, a set; or if `path` is given and a label cannot be stored.
    FileExistsError
        If `path` is a file, or a folder that is not empty and holds no slices.

    Warns
    -----
    UserWarning
        If a slice is left out, because it has no word of the vocabulary, no pair of such words, or
        no word that occurs `min_count` times.
    """
    model = instance("model", model, Glove)
    n, seed = integer("n", n, 0), integer("seed", seed, 0)
    epochs = optional_integer("epochs", epochs, 1)
    parameters = _settings.with_content(model.get_params())
    given = {"threads": threads, "memory": memory}
    parameters |= {name: value for name, value in given.items() if value is not None}
    if min_count is None:
        least = _settings.checked(parameters, "choosing")["min_count"]
    else:
        least = integer("min_count", min_count, 1)
    parameters = _settings.without_adjacent(parameters, "by compare.slices")
    if parameters["subwords"] is None:
        parameters["subwords"] = False
    if _settings.core_training(parameters)["subwords"]:
        raise ValueError("model must have subwords=False: subwords would move the context vectors")
    schedule = short_schedule.of_slice(_settings.core_training(parameters), epochs)
    settings: dict[str, Any] = {
        "n": n,
        "seed": seed,
        "min_count": least,
        "epochs": schedule.epochs,
        "learning_rate": schedule.learning_rate,
        "model": model_settings(parameters),
    }
    store = None if path is None else SliceStore(path)
    if store is not None:  # check the folder before the text is read
        store.check()
        if store.exists():
            check_same(store.path, store.read_settings(), settings)
    with reporter(model.progress if progress is None else progress) as callback:
        where = {"column": column, "storage_options": storage_options}
        documents = _documents(source, by, {**parameters, **where}, callback, vocabulary)
        groups = _groups(documents, labels)
        settings |= text_of(documents, groups)
        if store is not None:
            settings = stored(settings)
        temporary = None
        if store is None and n:
            temporary = tempfile.TemporaryDirectory(
                prefix="glove-rs-slices-", dir=parameters["tmp_dir"], ignore_cleanup_errors=True
            )
            store = SliceStore(temporary.name)
        if store is not None and store.exists():
            saved = store.read_settings()
            check_same(store.path, saved, settings)
            if saved["n"] < n:
                store.write_settings(settings)
            settings["n"] = max(n, saved["n"])
            compass = _Compass(documents, parameters, epochs, callback, store)
        else:
            if store is not None:
                store.create()
            compass = _Compass(documents, parameters, epochs, callback)
            if store is not None:
                store.write_compass(compass.words)
                store.write_contexts(documents.vocabulary.words, compass.arrays)
                if temporary is None:  # a temporary folder is not continued
                    store.write_settings(settings)
        run = _Run(compass, groups, settings, store, temporary)
        run.train_slices(callback)
        if n:
            run.train_replicates(n, callback)
        return run.result()


def _documents(
    source: Any,
    by: By | None,
    parameters: Mapping[str, Any],
    callback: _Callback,
    vocabulary: Vocabulary | Sequence[str] | None,
) -> EncodedDocuments:
    if isinstance(source, Mapping):
        if by is not None:
            raise ValueError("by must be None if source is a mapping of labels to texts")
        return EncodedDocuments.read_labelled(source, parameters, callback, vocabulary=vocabulary)
    if by is None:
        raise ValueError("by must give the label of each document, or source be a mapping")
    return EncodedDocuments.read(source, parameters, callback, vocabulary=vocabulary, by=by)


def _groups(documents: EncodedDocuments, wanted: Iterable[Label] | None) -> dict[Any, _Weights]:
    """Return the weights of all documents for each slice: 1 for its documents, 0 for the others."""
    assert documents.labels is not None
    numbers: dict[Any, int] = {}
    own = np.array([numbers.setdefault(label, len(numbers)) for label in documents.labels])
    if wanted is None:
        chosen = list(numbers)
        with suppress(TypeError):  # labels of several types stay in the order of the text
            chosen.sort()
    elif isinstance(wanted, str) or not isinstance(wanted, Iterable):
        raise TypeError(f"labels must be several labels, got {shown(wanted)}")
    else:
        chosen = list(wanted)
        for label in chosen:
            if label not in numbers:
                raise ValueError(f"labels must occur in the text, and {label!r} does not")
    groups = {label: (own == numbers[label]).astype(np.uint32) for label in chosen}
    for label, weights in list(groups.items()):
        if not documents.lengths[weights > 0].any():
            warn(f"slice {label!r} has no word of the vocabulary: it is left out")
            del groups[label]
    if not groups:
        raise ValueError("labels must have at least one slice with words")
    return groups


class _Compass:
    """The model of all of the text. All slices are trained with its context vectors.

    With a `store`, the model is not trained but read. Then `arrays` has W only, until
    :meth:`parameters_of` reads the other parameters for a slice that is to be trained.
    """

    def __init__(
        self,
        documents: EncodedDocuments,
        parameters: Mapping[str, Any],
        epochs: int | None,
        callback: _Callback,
        store: SliceStore | None = None,
    ) -> None:
        self.documents, self.parameters = documents, parameters
        self.dim = _settings.SETTINGS["dim"].check(parameters["dim"])
        self.training = _settings.core_training(parameters)
        self.running = _settings.core_running(parameters)
        self.tokens = int(documents.lengths.sum(dtype=np.int64))
        schedule = short_schedule.of_slice(self.training, epochs)
        self.slice_training: _core._Training = {
            **self.training,
            "epochs": schedule.epochs,
            "learning_rate": schedule.learning_rate,
        }
        self._store = store
        if store is not None:
            #: W of all of the text.
            self.words = store.compass()
            if self.words.index_to_key != documents.vocabulary.words:
                raise FormatError(f"{store.path}: compass.native has other words than the text")
            self.arrays = {"W": np.asarray(self.words.vectors, dtype=np.float32)}
            return
        everything = np.ones(len(documents), dtype=np.uint32)
        counts = documents.count(everything, parameters, callback)
        trained = _core.train(counts._core, self.dim, self.training, self.running, callback, True)
        self.arrays = trained.arrays
        self.words = WordVectors(
            documents.vocabulary.words, combine(self.arrays["W"], self.arrays["W_tilde"], "word")
        )

    def parameters_of(self, rows: npt.NDArray[np.intp]) -> dict[str, _F32]:
        """Return copies of these rows of W, W_tilde, b and b_tilde."""
        if "W_tilde" not in self.arrays:
            assert self._store is not None
            self.arrays |= self._store.contexts((len(self.arrays["W"]), self.dim))
        return {name: self.arrays[name][rows] for name in ("W", "W_tilde", "b", "b_tilde")}


class _SliceTrainer:
    """Trains W of a slice on its documents.

    Words that do not occur in the slice are left out, because their vectors would not move. Words
    that occur fewer than `least` times in the slice are only context words. Their word vectors are
    not trained, and this changes no other word vector, because the context vectors are frozen.

    Attributes
    ----------
    documents : EncodedDocuments
        The documents of the slice.
    words : list of str
        The words that occur at least `least` times in the slice, most frequent first.
    """

    def __init__(self, compass: _Compass, weights: _Weights, least: int) -> None:
        self.compass = compass
        self.documents, rows = compass.documents.subset(weights)
        vocabulary = self.documents.vocabulary
        self.words = vocabulary.words[: np.count_nonzero(vocabulary.counts >= least)]
        arrays = compass.parameters_of(rows)
        # Subtract from each row of W_tilde the weighted mean of all rows. Add to the bias of each
        # word the inner product of the word's vector and this mean. This changes no prediction, but
        # training needs fewer epochs: if the mean stayed in W_tilde, a step of a word vector along
        # the mean would change all predictions of the word, as a step of its bias does. The weights
        # are about the probabilities of the words in negative sampling.
        # einsum, because the bits of a matrix product may depend on the number of threads.
        mean_weights = vocabulary.counts.astype(np.float32) ** _core.NEGATIVE_EXPONENT
        mean = np.einsum("i,ij->j", mean_weights / mean_weights.sum(), arrays["W_tilde"])
        arrays["W_tilde"] -= mean
        arrays["b"] += np.einsum("ij,j->i", arrays["W"], mean)
        self._arrays = arrays

    def train(self, weights: _Weights, seed: int) -> _F32:
        """Train the vectors of `words` on the documents of the slice, each weighted by `weights`.

        If the documents with a weight above 0 have no pair of words, all vectors are NaN.
        """
        compass, arrays = self.compass, self._arrays
        counts = self.documents.count(weights, compass.parameters, None)
        if counts.nnz == 0:
            return np.full((len(self.words), compass.dim), np.nan, dtype=np.float32)
        # Documents with a fraction of all tokens have about this fraction of each count. So the
        # logarithm of the fraction is added to the bias of each word.
        tokens = int(self.documents.lengths @ weights.astype(np.int64))
        shift = np.float32(np.log(max(tokens, 1) / compass.tokens))
        # The accumulators of the compass are not passed: they would make the steps too small.
        start: _core._Start = {
            "W": arrays["W"],
            "W_tilde": arrays["W_tilde"],
            "b": arrays["b"] + shift,
            "b_tilde": arrays["b_tilde"],
            "epochs_done": 0,
            "halvings": 0,
        }
        arguments: _core._FitArguments = {
            "validation": None,
            "early_stopping": None,
            "seconds_left": None,
            "callback": None,
            "checkpoint": None,
            "init": None,
            "keep_counts": False,
            "store_result": None,
            "frozen_contexts": True,
            "trained_words": len(self.words),
        }
        training: _core._Training = {**compass.slice_training, "seed": seed}
        trained = _core.train(
            counts._core, compass.dim, training, compass.running, None, True, start, arguments
        )
        result: _F32 = trained.arrays["W"][: len(self.words)]
        return result


class _Run:
    """Trains the slices and then their replicates, but not those that the store already has."""

    def __init__(
        self,
        compass: _Compass,
        groups: dict[Any, _Weights],
        settings: dict[str, Any],
        store: SliceStore | None,
        temporary: tempfile.TemporaryDirectory[str] | None,
    ) -> None:
        self._compass, self._groups, self._settings = compass, groups, settings
        self._store, self._temporary = store, temporary
        self._vectors: dict[Any, WordVectors] = {}

    def train_slices(self, callback: _Callback) -> None:
        """Train the vectors of each slice."""
        groups = self._groups
        for number, label in enumerate(groups):
            if callback is not None:
                callback("slices", number, len(groups), {})
            vectors = None
            if self._store is not None:
                vectors = self._store.read_slice(number, self._settings, self._compass.dim)
            if vectors is None:
                vectors = self._train_slice(number, label)
            if vectors is not None:
                self._vectors[label] = vectors
        if callback is not None:
            callback("slices", len(groups), len(groups), {})
        if not self._vectors:
            raise ValueError(f"no slice has a word min_count={self._settings['min_count']} times")

    def _trainer(self, label: Any) -> _SliceTrainer:
        return _SliceTrainer(self._compass, self._groups[label], self._settings["min_count"])

    def _resampling(self, label: Any, documents: EncodedDocuments) -> Resampling:
        try:
            return Resampling(documents.lengths, None, "bootstrap", self._settings["seed"])
        except ValueError as error:
            raise ValueError(f"slice {label!r}: {error}") from None

    def _train_slice(self, number: int, label: Any) -> WordVectors | None:
        """Train and store the vectors of a slice. Return None if it is left out."""
        trainer = self._trainer(label)
        if not trainer.words:
            warn(f"slice {label!r} has no word {self._settings['min_count']} times: it is left out")
            return None
        everything = np.ones(len(trainer.documents), dtype=np.uint32)
        own = trainer.train(everything, self._compass.training["seed"])
        if np.isnan(own).all():
            warn(f"slice {label!r} has no document of two words: it is left out")
            return None
        if self._settings["n"]:
            self._resampling(label, trainer.documents)  # checks that there are at least 2 documents
        vectors = WordVectors(trainer.words, own)
        if self._store is not None:
            self._store.write_slice(number, self._settings, vectors)
        return vectors

    def train_replicates(self, n: int, callback: _Callback) -> None:
        """Train the replicates of all slices, up to `n` of each."""
        assert self._store is not None
        missing: list[tuple[Any, ReplicateStore, int]] = []
        for number, label in enumerate(self._groups):
            if label in self._vectors:
                store = self._store.slice(number)
                missing.append((label, store, store.finished()))
        total = n * len(missing)
        done = sum(min(finished, n) for _, _, finished in missing)
        for label, store, finished in missing:
            own = store.read_settings()
            if own["n"] < n:
                store.write_settings({**own, "n": n})
            if finished >= n:
                continue
            trainer = self._trainer(label)
            resampling = self._resampling(label, trainer.documents)
            for replicate in range(finished, n):
                if callback is not None:
                    callback("replicates", done, total, {})
                drawn = resampling.weights(replicate, n)
                seed = resampling.training_seed(replicate, self._compass.training["seed"])
                vectors = trainer.train(drawn, seed)
                vectors[trainer.documents.word_counts(drawn)[: len(vectors)] == 0] = np.nan
                store.write(replicate, vectors)
                done += 1
        if callback is not None:
            callback("replicates", total, total, {})

    def result(self) -> Slices:
        tokens, bootstraps = {}, {}
        for number, label in enumerate(self._groups):
            if label in self._vectors:
                tokens[label] = self._settings["labels"][number]["tokens"]
                if self._store is not None and self._settings["n"]:
                    bootstraps[label] = Bootstrap(self._store.slice(number), None, self._temporary)
        return Slices(
            self._compass.words,
            self._vectors,
            tokens,
            bootstraps,
            self._temporary,
            self._settings,
            self._store,
        )
