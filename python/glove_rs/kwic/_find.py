"""The search for a keyword in a source."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Unpack

from .. import _core, _settings
from .._checks import boolean, integer, optional_integer, shown
from .._io.sources import Source
from .._progress import reporter
from .._settings import accepts
from .._user_dictionary import WITHOUT_DICTIONARY
from .._warnings import warn
from ._contexts import Builder, Context, KeywordContexts, metadata_names
from ._match import Keyword, Splitter
from ._scan import Row, documents_of_source

if TYPE_CHECKING:
    from .._settings import KeywordSettings

__all__ = ["contexts"]


class _HasParameters(Protocol):
    """The method of a model, such as :class:`glove_rs.Glove`, that the search calls."""

    def get_params(self) -> dict[str, Any]:
        """Return the parameters of the constructor."""


@accepts("source", "reading", "tokenizing", "limits", "lists", "running", but=("column", "threads"))
def contexts(
    source: Source | Any,
    word: str | Sequence[str],
    window: int = 6,
    *,
    match: str = "word",
    text: str | None = None,
    metadata: Any = None,
    limit: int | None = None,
    full_windows: bool = False,
    model: _HasParameters | None = None,
    callback: Callable[[Context, Mapping[str, Any]], object] | None = None,
    **settings: Unpack[KeywordSettings],
) -> KeywordContexts:
    """Find every occurrence of a word in a text, with the words around it.

    The source is read once, as a stream. Memory grows with the number of occurrences, and not with
    the text. A word of a window takes four bytes.

    Parameters
    ----------
    source : path, paths, open file, iterable or table
        As for :meth:`glove_rs.Glove.fit`. Also a table of pandas, Polars, Arrow or `datasets`, or
        an iterable of mappings: the column `text` is read, and all other columns are metadata (of
        mappings, the keys that the first 4,096 have). From files of tables, only the column `text`
        is read, and `text` must be given. A stream of pyarrow gives their other columns too:
        ``pyarrow.dataset.dataset(path).scanner().to_reader()``.
    word : str or sequence of str
        The keyword. Several words in one str are a phrase. With a sequence of keywords, the
        occurrences of all of them are found.
    window : int, default 6
        The largest number of words on each side. Windows do not cross the end of a document. A
        window includes rare words and stop words that the training of a model would drop.
    match : {"word", "glob", "regex"}, default "word"
        How each word of the keyword is compared with the words of the text. "word": both are the
        same word. "glob": ``*``, ``?`` and ``[...]`` mean what they mean in patterns of file names.
        "regex": the word of the keyword is a regular expression that must match a whole word.
    text : str, optional
        The column of text of a table; by default "text", or the only column that holds text. Files
        are read as tables if `text` is given, and otherwise as plain text.
    metadata : mapping of str to sequence, or data frame, optional
        Columns of metadata in addition to those of the source, with a value for each document. An
        empty line of a file is not a document. A value may be missing (None, NaN), but functions
        that compare groups of occurrences refuse missing values. A column of metadata named
        document, position, left, keyword or right gets the suffix "_metadata", because the result
        has a column of this name. In the parameter `by` of other functions, "document" is the
        number of the document, and "document_metadata" is the column of metadata named document.
    limit : int, optional
        Stop after this many occurrences.
    full_windows : bool, default False
        Keep only occurrences with `window` words on both sides.
    model : object with the method get_params, optional
        A model, such as a :class:`glove_rs.Glove`, whose parameters `tokenizer`, `user_dictionary`,
        `simplified_lookup`, `lowercase`, `normalize` and `documents` are used. If one of these
        parameters is also given here, the given value is used. If `tokenizer` is given,
        `user_dictionary` and `simplified_lookup` are not taken from the model.
    callback : callable, optional
        Called with each occurrence and its metadata as soon as it is found; the occurrences are
        then not collected, and the result is empty.
    storage_options : dict or file system, optional
        As for :meth:`glove_rs.Glove.fit`.
    tokenizer, user_dictionary, simplified_lookup, lowercase, normalize, documents, errors, \
memory, tmp_dir, progress
        As for :class:`glove_rs.Glove`.
    phrases, stop_words, max_word_bytes
        Accepted, so that the settings of a model can be passed. They change no context: its words
        are not joined and not left out.

    Returns
    -------
    KeywordContexts
        If several files are read, the metadata has a column "file" with the file of each
        occurrence. In tables, a row is a document; rows are numbered from 0 over all files.

    Warns
    -----
    UserWarning
        If the keyword does not occur.

    Raises
    ------
    ValueError
        If a parameter is out of its range; if `metadata` has no value for a document in which the
        keyword occurs, or, after the whole source was read, more values than documents.
    TypeError
        If `word` is neither a str nor a sequence of str, or if `source` or `metadata` is of another
        type.
    OSError, FormatError
        As for :meth:`glove_rs.Glove.fit`.

    Examples
    --------
    >>> from glove_rs import kwic
    >>> rows = [
    ...     {"text": "the ice is cold and solid", "year": 1900},
    ...     {"text": "ice cream in summer", "year": 2000},
    ... ]
    >>> found = kwic.contexts(rows, "ice", window=2)
    >>> print(found)
    2 occurrences of 'ice' in 2 of 2 documents; 2 words on each side
    document       keyword            year
    0         the  ice      is cold   1900
    1              ice      cream in  2000
    """
    window, limit = integer("window", window, 1), optional_integer("limit", limit, 1)
    boolean("full_windows", full_windows)
    given: dict[str, Any] = dict(settings)
    if model is not None:
        own = model.get_params()
        taken = (*_settings.names("tokenizing"), "documents")
        left_out = WITHOUT_DICTIONARY if "tokenizer" in given else {}
        given = {name: own[name] for name in taken if name not in left_out} | given
    given = _settings.with_content(given)
    checked = _settings.checked(given, "reading", "encoding")
    splitter = Splitter(checked)
    keyword = Keyword(word, match, splitter)
    with reporter(given.get("progress")) as report:
        documents = documents_of_source(source, text, metadata, given, report)
        search = _Search(
            keyword,
            splitter,
            window=window,
            full=full_windows,
            limit=limit,
            names=metadata_names(documents.names),
            callback=callback,
            is_folded=documents.is_folded,
            unit="file" if documents.is_cut else checked["documents"],
        )
        with contextlib.suppress(_Enough):
            documents.for_each(search.search)
    if not search.count:
        warn(f"{shown(keyword.name)} does not occur in {search.documents:,} documents")
    return search.builder.result(keyword.name, window, search.documents)


class _Enough(Exception):  # noqa: N818 - no error
    """Raised to stop reading the source after `limit` occurrences."""


class _Search:
    """Searches documents for the keyword, one after the other."""

    def __init__(
        self,
        keyword: Keyword,
        splitter: Splitter,
        *,
        window: int,
        full: bool,
        limit: int | None,
        names: list[str],
        callback: Callable[[Context, Mapping[str, Any]], object] | None,
        is_folded: bool,
        unit: str,
    ) -> None:
        self.builder = Builder(names)
        self.documents = self.count = 0
        self._keyword = keyword
        self._splitter = splitter
        self._window, self._full, self._limit = window, full, limit
        self._names, self._callback = names, callback
        self._is_folded, self._unit = is_folded, unit

    def search(self, text: str | Sequence[str], metadata: Callable[[], Row]) -> None:
        """Search a text, which may hold several documents, or a list of words."""
        number, self.documents = self.documents, self.documents + 1
        if not isinstance(text, str):
            self._look([self._splitter.folded(word) for word in text], number, 0, metadata)
            return
        folded = text if self._is_folded else self._splitter.folded(text)
        needles = self._keyword.needles
        # Skip a text without any needle. The white-space tokenizer removes carriage returns inside
        # words, so a text with a carriage return is always split.
        if needles is not None and "\r" not in folded and not any(n in folded for n in needles):
            return
        before = 0
        for document in _core.split_documents(folded, self._unit):
            words = self._splitter.split(document)
            self._look(words, number, before, metadata)
            before += len(words)

    def _look(
        self, words: Sequence[str], number: int, before: int, metadata: Callable[[], Row]
    ) -> None:
        window = self._window
        for at, length in self._keyword.occurrences(words):
            left = tuple(words[max(0, at - window) : at])
            right = tuple(words[at + length : at + length + window])
            if self._full and len(left) + len(right) < 2 * window:
                continue
            phrase = " ".join(words[at : at + length])
            context = Context(number, before + at, left, phrase, right)
            row = metadata()
            if self._callback is None:
                self.builder.add(context, row)
            else:
                self._callback(context, dict(zip(self._names, row, strict=True)))
            self.count += 1
            if self.count == self._limit:
                raise _Enough
