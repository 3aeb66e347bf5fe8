"""Documents that are encoded once and counted many times, each time with other weights."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .. import _core, _settings
from .._checks import is_missing, shown
from .._io.sources import Source, names_files, refuse_pipes, source_arguments
from ..cooccurrence import Cooccurrence
from ..vocabulary import Vocabulary, as_vocabulary

__all__ = ["By", "EncodedDocuments", "Label"]

#: The name of a group of documents.
Label: TypeAlias = Hashable
#: A sequence with the label of each document, or a function from a document to its label.
By: TypeAlias = "Sequence[Label] | Callable[[Any], Label]"

_Weights: TypeAlias = npt.NDArray[np.uint32]
_Callback: TypeAlias = "Callable[[str, int, int, dict[str, Any]], object] | None"


class EncodedDocuments:
    """The documents of a text, encoded in memory.

    A token takes two bytes, or ten if the rank of its word is 65,532 or more. Create an object with
    :meth:`read` or :meth:`read_labelled`.

    Attributes
    ----------
    vocabulary : Vocabulary
        The words of the whole text.
    lengths : ndarray of uint32, shape (n,)
        For each document, the number of its tokens whose word is in the vocabulary; with
        `keep_gaps`, the number of all its tokens.
    labels : list of hashable, length n, or None
        The label of each document, if labels were given.
    """

    def __init__(self, cores: list[_core.CoreDocuments], labels: list[Label] | None) -> None:
        self._cores = cores
        self.labels = labels
        self.vocabulary = Vocabulary._of(cores[0].vocabulary)
        self.lengths: _Weights = np.concatenate([core.lengths() for core in cores])
        if not self.lengths.any():
            raise ValueError("source must have a document with a word of the vocabulary")

    @classmethod
    def read(
        cls,
        source: Source,
        settings: Mapping[str, Any],
        callback: _Callback,
        *,
        vocabulary: Vocabulary | Sequence[str] | None = None,
        by: By | None = None,
    ) -> EncodedDocuments:
        """Read and encode a text with the settings of a model.

        Parameters
        ----------
        source : Source
            As for :meth:`glove_rs.Glove.fit`.
        settings : mapping
            The parameters of the source, of reading, encoding and running.
        callback : callable or None
            Called with the progress.
        vocabulary : Vocabulary or sequence of str, optional
            The words, instead of those that `min_count` and `max_vocab` select.
        by : sequence or callable, optional
            The label of each document, or a function from a document to its label.

        Raises
        ------
        ValueError
            If `by` does not give a label for each document, if a label is missing (None, NaN, NaT
            or the NA of pandas), or if no document has a word of the vocabulary.
        TypeError
            If `by` is a function and `source` is not an iterable of documents, if `by` is neither a
            function nor labels, or if a label is not hashable.
        """
        labels: list[Label] | None = None
        if callable(by):
            source, labels = _labelled(source, by, settings.get("storage_options"))
        elif by is not None:
            labels = _label_list(by)
        words = None if vocabulary is None else as_vocabulary(vocabulary)._core
        core = _read(source, settings, words, callback)
        if labels is not None and len(labels) != len(core):
            hint = ""
            if callable(by):
                hint = "; set documents='file', so that each item of source is one document"
            raise ValueError(
                f"by must give a label for each document: {len(labels)} labels, {len(core)} "
                f"documents{hint}"
            )
        return cls([core], labels)

    @classmethod
    def read_labelled(
        cls,
        sources: Mapping[Any, Source],
        settings: Mapping[str, Any],
        callback: _Callback,
        *,
        vocabulary: Vocabulary | Sequence[str] | None = None,
    ) -> EncodedDocuments:
        """Read several sources. The key of a source is the label of its documents.

        Without `vocabulary`, each source is read twice: first to count its words, then to encode
        it with the words of all sources.

        Raises
        ------
        ValueError
            If there is no source, if a label is missing, if a source has no documents, if no
            document has a word of the vocabulary, or if `vocabulary` is None and a source is an
            open file, standard input, a pipe or a stream of tables, which can be read only once. A
            message about one source names its label.
        OSError, FormatError, TypeError, ImportError
            As for :meth:`glove_rs.Glove.fit`.
        """
        if not sources:
            raise ValueError("source must have a text for at least one label, got {}")
        for label in sources:
            if is_missing(label):
                raise ValueError(f"source must have a label for each text, got {label}")
        if vocabulary is None:
            for label, source in sources.items():
                is_open = hasattr(source, "read") or hasattr(source, "read_next_batch")
                if is_open or (isinstance(source, str) and source == "-"):
                    raise ValueError(
                        f"source must be readable twice, got {shown(source)} for {shown(label)}: "
                        "give a path, or the words as vocabulary"
                    )
                with _labelling(label):
                    refuse_pipes(source, settings.get("storage_options"))
        # A generator can be read only once, so its items are put into a list.
        kept = {label: _repeatable(source) for label, source in sources.items()}
        if vocabulary is None:
            encoding = _settings.core_encoding(settings)
            every_word: _core._Encoding = {**encoding, "min_count": 1, "max_vocab": None}
            running = _settings.core_running(settings)
            parts = []
            for label, source in kept.items():
                with _labelling(label):
                    arguments = source_arguments(source, settings)
                    parts.append(
                        _core.CoreVocabulary.from_corpus(arguments, every_word, running, callback)
                    )
            words = _core.merge_vocabularies(parts)
            words = words.chosen("source", encoding)
        else:
            words = as_vocabulary(vocabulary)._core
        cores = []
        for label, source in kept.items():
            with _labelling(label):
                core = _read(source, settings, words, callback)
                if not len(core):
                    raise ValueError("there are no documents in the text")
            cores.append(core)
        pairs = zip(kept, cores, strict=True)
        return cls(cores, [label for label, core in pairs for _ in range(len(core))])

    def __len__(self) -> int:
        return len(self.lengths)

    def _parts(self, weights: _Weights) -> Iterator[tuple[_core.CoreDocuments, _Weights]]:
        """Yield the documents of each source with their weights.

        A source whose documents all have the weight 0 is left out.
        """
        weights = np.ascontiguousarray(weights, dtype=np.uint32)
        first = 0
        for core in self._cores:
            own = weights[first : first + len(core)]
            first += len(core)
            if own.any():
                yield core, own

    def count(
        self, weights: _Weights, settings: Mapping[str, Any], callback: _Callback
    ) -> Cooccurrence:
        """Count the text in which document d stands ``weights[d]`` times in a row.

        For documents from :meth:`read`, the counts have the same bits as those of a text with
        repeated documents. For documents from :meth:`read_labelled`, the counts of the sources are
        added, which can round differently.

        Raises
        ------
        ValueError
            If all weights are 0.
        """
        counting, running = _settings.core_counting(settings), _settings.core_running(settings)
        total: Cooccurrence | None = None
        for core, own in self._parts(weights):
            counts = Cooccurrence._of(core.count(own, counting, running, callback))
            total = counts if total is None else total + counts
        if total is None:
            raise ValueError("the weights of all documents are 0")
        return total

    def subset(self, weights: _Weights) -> tuple[EncodedDocuments, npt.NDArray[np.intp]]:
        """Return the documents whose weight is above 0, with the vocabulary of only their words.

        Returns
        -------
        documents : EncodedDocuments
            These documents, without labels. The words of the vocabulary are sorted by falling count
            in these documents.
        rows : ndarray of intp
            The rank of each word of `documents` in the vocabulary of the whole text.
        """
        counts = self.word_counts((weights > 0).astype(np.uint32))
        rows = np.argsort(-counts.astype(np.int64), kind="stable")[: np.count_nonzero(counts)]
        vocabulary = self.vocabulary._core.selected(rows.astype(np.uint32), counts[rows])
        ranks = np.zeros(len(counts), dtype=np.uint32)
        ranks[rows] = np.arange(len(rows))
        cores = [core.subset(own, vocabulary, ranks) for core, own in self._parts(weights)]
        return EncodedDocuments(cores, None), rows

    def checksum(self) -> int:
        """Return a checksum of the lengths of the documents and the words of the vocabulary.

        Another text with the same lengths and the same vocabulary is not recognised as different.
        """
        checksum = zlib.crc32(self.lengths.tobytes())
        return zlib.crc32("\n".join(self.vocabulary.words).encode(), checksum)

    def word_counts(self, weights: _Weights) -> npt.NDArray[np.uint64]:
        """Return how often each word occurs if each document counts as often as its weight.

        The result is uint64, shape (V,).
        """
        total = np.zeros(len(self.vocabulary), dtype=np.uint64)
        for core, own in self._parts(weights):
            total += core.word_counts(own)
        return total


def _read(
    source: Source,
    settings: Mapping[str, Any],
    vocabulary: _core.CoreVocabulary | None,
    callback: _Callback,
) -> _core.CoreDocuments:
    return _core.CoreDocuments.from_corpus(
        source_arguments(source, settings),
        vocabulary,
        _settings.core_encoding(settings),
        _settings.core_running(settings),
        callback,
    )


@contextmanager
def _labelling(label: Label) -> Iterator[None]:
    """Add the label of a source to an error about its text."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if type(error) not in (TypeError, ValueError, _core.FormatError):
            raise
        raise type(error)(f"source[{shown(label)}]: {error}") from error


def _labelled(
    source: Source, by: Callable[[Any], Label], options: Any
) -> tuple[Iterator[Any], list[Label]]:
    """Return an iterator of the documents of `source`, and a list of the labels of those read.

    The list grows while the documents are read. `options` are those of the parameter
    `storage_options`.
    """
    named = names_files(source, options) or isinstance(source, str)
    is_table = hasattr(source, "columns") or hasattr(source, "read_next_batch")
    if named or is_table or not isinstance(source, Iterable) or hasattr(source, "read"):
        raise TypeError(
            "by must be a sequence of labels if source is not an iterable of documents, got a "
            f"function and {shown(source)}"
        )
    labels: list[Label] = []

    def documents() -> Iterator[Any]:
        for document in source:
            labels.append(_checked_label(by(document), len(labels)))
            yield document

    return documents(), labels


def _label_list(by: Any) -> list[Label]:
    if isinstance(by, str | bytes) or not isinstance(by, Iterable):
        raise TypeError(f"by must be labels of documents or a function, got {shown(by)}")
    if isinstance(by, Set | Mapping):
        raise TypeError(
            "by must be a sequence of labels in the order of the documents, which a "
            f"{type(by).__name__} is not, got {shown(by)}"
        )
    labels = by.tolist() if isinstance(by, np.ndarray) else list(by)
    return [_checked_label(label, document) for document, label in enumerate(labels)]


def _checked_label(label: Label, document: int) -> Label:
    """Return `label`. Raise an error if it is missing or not hashable."""
    try:
        hash(label)
    except TypeError:
        raise TypeError(f"by must have labels that are hashable, got {shown(label)}") from None
    if is_missing(label):
        raise ValueError(
            f"by must have a label for each document, got {label} for document {document:,} "
            "(from 0): leave such documents out, or name their group, such as 'unknown'"
        )
    return label


def _repeatable(source: Source) -> Source:
    if isinstance(source, Iterator) and not hasattr(source, "read"):
        return list(source)
    return source
