"""Word vectors: look up, compare, query, draw, evaluate and export.

Queries have the names, argument order and results of ``gensim.models.KeyedVectors``. docs/gensim.md
lists what remains different.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from . import _core
from ._checks import boolean, choice, shown
from ._io import vector_files
from ._io.vector_files import Format
from ._progress import Progress
from ._unknown_word import UnknownWord
from ._vectors.combine import COMBINATIONS, combine
from ._vectors.cosine import not_finite
from ._vectors.gensim_names import GensimNames
from ._vectors.query_terms import Key, as_list
from ._vectors.similarity import Neighbours
from .subwords import Subwords
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from .evaluation import AnalogyResult, SimilarityResult

__all__ = ["COMBINATIONS", "Neighbours", "UnknownWord", "WordVectors", "combine"]

# Plots, exports and evaluation are imported by the methods that need them, to keep the import of
# glove_rs short.

# Frequency ranks shown by `_repr_html_`: after the function words, before the rare words.
_SHOWN_RANKS = (100, 200, 400, 800, 1_600)


class WordVectors(GensimNames):
    """Words and their vectors, most frequent first when they come from a :class:`Glove`.

    Nothing about the matrix is kept between queries: a query sees what was written to
    :attr:`vectors` before it. Reading is thread-safe; do not write while another thread queries.

    Parameters
    ----------
    words : sequence of str, length V
        A repeated word keeps its first vector, with a warning.
    vectors : ndarray, shape (V, dim)
        float32 or float16; not copied if it is C-contiguous and no word is repeated. Other real
        dtypes are converted to float32.

    Attributes
    ----------
    index_to_key : list of str
    key_to_index : dict of str to int
    vectors : ndarray of float32 or float16, shape (V, dim)
    vector_size : int

    Raises
    ------
    ValueError
        If `vectors` is not a matrix of real numbers with one row per word.

    Notes
    -----
    A vector of zeros has no direction. As in gensim, its cosine is NaN in lists and arrays and is
    sorted last, and its :meth:`similarity` to any word is 0. A vector with NaN or infinity has no
    cosine anywhere: it is NaN, and sorted last.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import WordVectors
    >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2, 0], [3, 1], [0, 4]], np.float32))
    >>> wv
    WordVectors(3 words, dim=2, float32)
    >>> wv["ice"]
    array([2., 0.], dtype=float32)
    >>> "fire" in wv
    False
    >>> [word for word, cosine in wv.most_similar("ice")]
    ['snow', 'steam']
    """

    def __repr__(self) -> str:
        return f"WordVectors({len(self)} words, dim={self.vector_size}, {self._vectors.dtype})"

    # ---------------------------------------------------------------- evaluation

    def evaluate(
        self,
        path: str | os.PathLike[str],
        *,
        method: str = "3cosadd",
        restrict_vocab: int | None = None,
        lowercase: bool = True,
    ) -> AnalogyResult | SimilarityResult:
        r"""Measure the vectors on a file of analogy questions or of rated word pairs.

        A file of questions goes to :func:`glove_rs.evaluation.analogies`: its first line starts
        with ':', or its first lines have four words each and no rating. Any other goes to
        :func:`glove_rs.evaluation.similarity`. Questions and pairs with an unknown word, or with a
        vector that is not finite, are left out and counted.

        Parameters
        ----------
        path : str or path-like
        method : {"3cosadd", "3cosmul"}, default "3cosadd"
            For analogies.
        restrict_vocab : int, optional
            Use only this many words from the first.
        lowercase : bool, default True
            Lower-case the words of the file.

        Returns
        -------
        AnalogyResult or SimilarityResult

        Raises
        ------
        FormatError
            If the file is malformed.
        OSError
            If it cannot be read.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "pairs.tsv")
        ...     with open(path, "w") as file:
        ...         _ = file.write("ice\tsnow\t9\nice\tsteam\t3\nsnow\tsteam\t4\n")
        ...     round(wv.evaluate(path).spearman, 3)
        1.0
        """
        from . import evaluation

        return evaluation.evaluate(
            self, path, method=method, restrict_vocab=restrict_vocab, lowercase=lowercase
        )

    # ---------------------------------------------------------------- files

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | IO[bytes] | IO[str],
        *,
        member: str | None = None,
        format: Format | None = None,
        limit: int | None = None,
        dtype: DTypeLike = "auto",
        words: Iterable[str] | None = None,
        errors: str = "strict",
        vocabulary: str | os.PathLike[str] | Vocabulary | None = None,
        combine: str = "sum",
        mmap: bool = True,
        max_line_bytes: int = 64 << 20,
        subwords: Subwords | str | os.PathLike[str] | IO[bytes] | None = None,
        progress: Progress = None,
    ) -> WordVectors:
        r"""Read vectors from a file of any of the usual formats.

        Parameters
        ----------
        path : str, path-like or open file
            Uncompressed, or compressed by gzip, bzip2, xz or Zstandard: the content tells, not the
            name. ``"archive.zip:name"`` is a file in a zip archive. An open file, of bytes or text,
            is read from its current position.
        member : str, optional
            The name of the file to read if `path` is a zip archive of several: the whole name in
            the archive, or its last part. Without it, an archive of several files is an error that
            lists them.
        format : str, optional
            Detected from the content if not given:

            ``"glove"``
                Text with a word and its numbers on each line, as in pretrained GloVe files.
            ``"word2vec"``
                The same after a first line ``V dim``, as in fastText's ``.vec`` files.
            ``"word2vec_binary"``
                word2vec's binary format.
            ``"stanford"``
                The ``.bin`` of Stanford's ``glove``. Needs `vocabulary`.
            ``"native"``
                The format of :meth:`save`. An uncompressed file with numbers of `dtype` is mapped
                into memory instead of read: it opens at once, processes share its pages, and
                :attr:`vectors` is read-only. See `mmap`.
        limit : int, optional
            Read only the first `limit` vectors of the file, >= 1, as gensim does. With `words`,
            those that are not among them are left out, with a warning.
        dtype : {"auto", "float32", "float16"}, default "auto"
            The precision of the numbers. float16 takes half the memory. "auto": that of a native
            file, and float32 for all others.
        words : iterable of str, optional
            Read only the vectors of these words, in the order of the file. The lines of other words
            are skipped unread, and reading stops when all are found; words that are not in the file
            are left out.
        errors : {"strict", "replace", "ignore"}, default "strict"
            What to do with bytes of a word that are not UTF-8, which word2vec's tool may write:
            raise an error, replace them with U+FFFD, or leave them out. Words that are equal
            afterwards are repeated words.
        vocabulary : path or Vocabulary, optional
            The words of a Stanford ``.bin``, in Stanford's text format.
        combine : {"sum", "mean", "word", "context", "concat"}, default "sum"
            How to combine the two vectors of a word in a Stanford ``.bin``; see
            :meth:`glove_rs.Glove.word_vectors`. The other formats have one vector per word.
        mmap : bool, default True
            Map a native file into memory if possible; False reads it. Do not shorten a mapped
            file in place: a process that then reads the missing pages is killed (SIGBUS).
            Replacing the file, as :meth:`save` does, is safe.
        max_line_bytes : int, default 67108864
            The longest line allowed in a text, in bytes, from 1 to 2**40. A longer line is an
            error, so that a small compressed file cannot fill the memory.
        subwords : Subwords, path or open file, optional
            The subword model of these vectors, or a file of :meth:`Subwords.save`: becomes
            :attr:`subwords`, which gives vectors for unknown words.
        progress : bool or callable, optional
            As for :class:`glove_rs.Glove`.

        Returns
        -------
        WordVectors
            A repeated word keeps its first vector, with a warning. Another warning counts vectors
            that hold NaN or infinity, unless the file is mapped.

        Raises
        ------
        FormatError
            For a malformed file, with the line of a text or the byte of a binary file. For a file
            of another kind the message says what it is and what reads it.
        OSError
            If the file cannot be read: the subclass that fits, with the path. A URL is not read:
            give an open file instead, which :func:`fsspec.open` makes.
        ValueError
            For a bad parameter, and for an archive of several files without `member`.

        Notes
        -----
        In text, one space or tab separates words and numbers. A word may itself contain spaces, as
        in glove.840B: the last `dim` fields of a line are the vector, and all before them is the
        word. So if a line has a number too many, the word ends in a number; a warning names such
        words. Columns that are aligned by several spaces, separated by commas or semicolons, and
        numbers with a decimal comma are recognised if most of the first lines have them; a first
        line with the names of the columns is then left out. Numbers are rounded to the nearest
        float32; `nan` and `inf` are accepted.

        Examples
        --------
        >>> import os, tempfile
        >>> from glove_rs import WordVectors
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "vectors.txt")
        ...     with open(path, "w") as file:
        ...         _ = file.write("ice 1 0\nnew york 0 1\n")
        ...     wv = WordVectors.load(path)
        >>> wv.index_to_key, wv["new york"].tolist()
        (['ice', 'new york'], [0.0, 1.0])
        """
        if subwords is not None and not isinstance(subwords, Subwords):
            subwords = Subwords._load("subwords", subwords)
        wv = cls._from_unique(
            *vector_files.read(
                path,
                member=member,
                format=format,
                limit=limit,
                dtype=dtype,
                words=words,
                errors=errors,
                vocabulary=vocabulary,
                combine=combine,
                mmap=mmap,
                max_line_bytes=max_line_bytes,
                progress=progress,
            )
        )
        wv.subwords = subwords
        return wv

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the native format, which :meth:`load` maps into memory: large files open at once.

        It stores any words and either dtype.

        Parameters
        ----------
        path : str or path-like
            The file; its name does not matter.

        Raises
        ------
        OSError
            If the file cannot be written. An existing file is then left unchanged.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = os.path.join(folder.name, "vectors")
        >>> WordVectors(["ice", "steam"], np.eye(2)).save(path)
        >>> WordVectors.load(path)["steam"]
        array([0., 1.], dtype=float32)
        """
        vector_files.write(path, self.index_to_key, self._vectors, "native")

    def save_word2vec_format(self, path: str | os.PathLike[str], binary: bool = False) -> None:
        r"""Write the vectors in word2vec's format, which gensim, spaCy and others read.

        ``spacy init vectors`` takes the text as its second argument.

        Parameters
        ----------
        path : str or path-like
        binary : bool, default False
            Write float32 in little-endian bytes instead of text. The text has the fewest digits
            that are read as the same float32.

        Raises
        ------
        OSError
            If the file cannot be written. An existing file is then left unchanged.
        ValueError
            If a word is empty or contains a space or newline: other programs would split it.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "vectors.txt")
        ...     WordVectors(["ice", "steam"], np.eye(2)).save_word2vec_format(path)
        ...     open(path).readline()
        '2 2\n'
        """
        layout: Literal["text", "binary"] = "binary" if boolean("binary", binary) else "text"
        vector_files.write(path, self.index_to_key, self._vectors, layout)

    def save_glove(self, path: str | os.PathLike[str], unk: bool = False) -> None:
        r"""Write the vectors in GloVe's text format: no header, a word and its numbers on a line.

        Parameters
        ----------
        path : str or path-like
        unk : bool, default False
            Add a last vector for ``<unk>``, as Stanford's tool does: the mean of the last 100
            vectors, those of the rarest words.

        Raises
        ------
        OSError
            If the file cannot be written. An existing file is then left unchanged.
        ValueError
            If a word is empty or contains a newline; if too many words end in a space and a
            number, so that the length of the vectors could not be detected; or if `unk` is true
            and ``<unk>`` is a word already.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "vectors.txt")
        ...     WordVectors(["ice", "steam"], np.eye(2)).save_glove(path, unk=True)
        ...     open(path).readlines()
        ['ice 1.0 0.0\n', 'steam 0.0 1.0\n', '<unk> 0.5 0.5\n']
        """
        words, matrix = self.index_to_key, self._vectors
        if boolean("unk", unk):
            if "<unk>" in self:
                raise ValueError("unk must be False: there is a word <unk> already")
            mean = matrix[-100:].mean(axis=0, dtype=np.float32, keepdims=True)
            words, matrix = [*words, "<unk>"], np.vstack([matrix, mean.astype(matrix.dtype)])
        vector_files.write(path, words, matrix, "headless")

    @classmethod
    def load_word2vec_format(
        cls,
        fname: str | os.PathLike[str],
        fvocab: None = None,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
        datatype: DTypeLike = np.float32,
        no_header: bool = False,
    ) -> WordVectors:
        r"""Read word2vec's format with gensim's arguments. :meth:`load` detects the format itself.

        Parameters
        ----------
        fname : str or path-like
        fvocab : None
            gensim's file of word counts; there is no place for them here.
        binary : bool, default False
            word2vec's binary format.
        encoding : {"utf8"}
        unicode_errors : {"strict", "replace", "ignore"}, default "strict"
            What to do with bytes of a word that are not UTF-8.
        limit : int, optional
            Read only this many vectors from the first.
        datatype : {float32, float16}, default float32
        no_header : bool, default False
            The first line is a word with its vector, as in GloVe's text format.

        Returns
        -------
        WordVectors

        Raises
        ------
        FormatError, OSError
            As for :meth:`load`.
        ValueError
            For another `encoding`, for `fvocab`, or for `binary` together with `no_header`.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "vectors.bin")
        ...     WordVectors(["ice", "steam"], np.eye(2)).save_word2vec_format(path, binary=True)
        ...     WordVectors.load_word2vec_format(path, binary=True)
        WordVectors(2 words, dim=2, float32)
        """
        if fvocab is not None:
            raise ValueError(f"fvocab must be None: counts are not read, got {shown(fvocab)}")
        if str(encoding).lower().replace("-", "").replace("_", "") != "utf8":
            raise ValueError(f"encoding must be 'utf8', got {shown(encoding)}")
        errors = choice("unicode_errors", unicode_errors, _core.TEXT_ERRORS)
        format: Format = "word2vec"
        if boolean("no_header", no_header):
            format = "glove"
        if boolean("binary", binary):
            if no_header:
                raise ValueError("no_header must be False for binary files: they have a header")
            format = "word2vec_binary"
        return cls.load(fname, format=format, limit=limit, dtype=datatype, errors=errors)

    # ---------------------------------------------------------------- other libraries

    def to_gensim(self) -> Any:
        """Return the same vectors as a ``gensim.models.KeyedVectors``, the matrix shared.

        Returns
        -------
        gensim.models.KeyedVectors
            It shares the matrix: a change of its ``vectors`` changes :attr:`vectors`.

        Raises
        ------
        ImportError
            If gensim is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "steam"], np.eye(2))
        >>> wv.to_gensim().vectors is wv.vectors
        True
        """
        from ._vectors.export import gensim_vectors

        return gensim_vectors(self.index_to_key, self.key_to_index, self._vectors)

    def to_pandas(self) -> Any:
        """Return the vectors as a ``pandas.DataFrame``, one row per word, the matrix not copied.

        Returns
        -------
        pandas.DataFrame
            Shape (V, dim), indexed by word.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> WordVectors(["ice", "steam"], np.eye(2)).to_pandas().loc["steam"].tolist()
        [0.0, 1.0]
        """
        from ._vectors.export import pandas_frame

        return pandas_frame(self.index_to_key, self._vectors)

    # ---------------------------------------------------------------- pictures

    def plot(self, words: Sequence[Key], ax: Any = None) -> Any:
        """Draw words on the plane of their first two principal components, with labels.

        Parameters
        ----------
        words : sequence of str
            At least two.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            It has one collection with a point per word, and one text per word. Both axes have the
            same scale. Their labels give the fraction of the variance along each component. If
            adjustText is installed (``pip install adjustText``), the texts are moved apart, and
            a line leads to the point of a text that is far from it. Characters that the default
            font lacks are drawn with an installed font that has them.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        KeyError
            If a word is unknown.
        ValueError
            If there are fewer than two words, or a vector is not finite.

        Warns
        -----
        UserWarning
            If no installed font has some characters; it says what to install.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import numpy as np
        >>> from glove_rs import WordVectors
        >>> wv = WordVectors(["ice", "snow", "steam"], np.array([[2.0, 0], [3, 1], [0, 4]]))
        >>> [text.get_text() for text in wv.plot(["ice", "steam"]).texts]
        ['ice', 'steam']
        """
        indices = self._indices(as_list("words", words))
        if len(indices) < 2:
            raise ValueError(f"plot needs at least two words, got {len(indices)}")
        lost = indices[not_finite(self._vectors, indices)]
        if lost.size:
            word = self.index_to_key[lost[0]]
            raise ValueError(f"plot needs finite vectors, and that of {word!r} is not")
        names = [self.index_to_key[index] for index in indices.tolist()]
        from ._vectors.plot import scatter

        return scatter(names, self._vectors[indices], ax)

    def _repr_html_(self) -> str:
        """Return a small table of neighbours, for notebooks."""
        ranks = [rank for rank in _SHOWN_RANKS if rank < len(self)]
        words = [self.index_to_key[rank] for rank in ranks or range(min(5, len(self)))]
        from ._vectors.plot import neighbour_table

        return neighbour_table(repr(self), words, self.most_similar_batch(words, topn=5))
