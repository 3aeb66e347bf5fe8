"""The class `WordVectors`: look up, compare, query, draw, evaluate, read and write word vectors.

Queries have the names, argument order and results of ``gensim.models.KeyedVectors``. The page
"Coming from gensim" of the documentation lists the differences.
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
    from .evaluation import AnalogyResult, CategoryResult, SimilarityResult

__all__ = ["COMBINATIONS", "Neighbours", "UnknownWord", "WordVectors", "combine"]

# The modules for plots, exports and evaluation are imported in the methods that need them, so that
# glove_rs is imported faster.

# `_repr_html_` shows the neighbours of the words in these rows. The words in earlier rows are often
# function words such as "the", and the vectors of words in much later rows are less exact. With 100
# words or fewer, it shows the neighbours of the first five words.
_SHOWN_RANKS = (100, 200, 400, 800, 1_600)
# `print` shows this many words and components.
_PRINTED = 8


class WordVectors(GensimNames):
    """Words and their vectors.

    The words of a :class:`Glove` are in the order of its vocabulary: most frequent first, unless
    the user gave the words.

    Nothing that is computed from the matrix is stored between queries, so each query uses the
    present values of :attr:`vectors`. Threads can query at the same time. Do not change vectors
    while another thread queries.

    Parameters
    ----------
    words : sequence of str, length V
        If a word is repeated, its first vector is kept, with a warning.
    vectors : ndarray, shape (V, dim)
        The matrix, float32 or float16. It is not copied if it is C-contiguous and no word is
        repeated. Other real dtypes are converted to float32.

    Attributes
    ----------
    index_to_key : list of str
        The words, in the order of the rows.
    key_to_index : dict of str to int
        The row of each word.
    vectors : ndarray of float32 or float16, shape (V, dim)
        The matrix itself.
    vector_size : int
        The number of components of each vector, dim.

    Raises
    ------
    ValueError
        If `vectors` is not a matrix of real numbers with one row per word.
    TypeError
        If `words` does not hold words.

    Notes
    -----
    A vector of zeros has no direction. As in gensim, its cosines are NaN in arrays and in lists of
    neighbours, its word comes last in these lists, and its :meth:`similarity` to any word is 0. If
    a vector has NaN or infinity, its cosines and similarities are NaN, and its word also comes last
    in lists of neighbours.

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

    def __str__(self) -> str:
        from ._results import ResultTable

        words, parts = self.index_to_key[:_PRINTED], range(min(self.vector_size, _PRINTED))
        columns: dict[str, Any] = {"word": words}
        columns |= {str(k): self._vectors[: len(words), k].astype(np.float64) for k in parts}
        more = [
            f"… and {left:,} more {what}"
            for left, what in (
                (len(self) - len(words), "words"),
                (self.vector_size - len(parts), "components"),
            )
            if left
        ]
        return str(ResultTable(columns, repr(self), more))

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
    ) -> AnalogyResult | SimilarityResult | CategoryResult:
        r"""Measure the vectors on a file of analogy questions, rated word pairs or categories.

        If the first line starts with ':', or the first two lines have four words each and no
        rating, the file has questions and is passed to :func:`glove_rs.evaluation.analogies`. If
        the first two lines have two fields each, a word and its category, the file is passed to
        :func:`glove_rs.evaluation.categories`. Any other file is passed to
        :func:`glove_rs.evaluation.similarity`. Lines that start with '#' do not count as lines
        here. A word that is unknown, or whose vector has NaN or infinity, is left out together with
        its question or pair. The result has the number of items that were left out.
        :func:`glove_rs.evaluation.panel` measures all files of a folder.

        Parameters
        ----------
        path : str or path-like
            The file of questions, rated pairs or categories.
        method : {"3cosadd", "3cosmul"}, default "3cosadd"
            The rule that chooses the answer of a question. It has no effect on other files.
        restrict_vocab : int, optional
            Use only the first `restrict_vocab` words. All other words are unknown.
        lowercase : bool, default True
            Convert the words of the file to lower case.

        Returns
        -------
        AnalogyResult, SimilarityResult or CategoryResult

        Raises
        ------
        FormatError
            If the file is malformed. The message has the number of the line.
        OSError
            If the file cannot be read.
        ValueError
            If `method` is not one of the choices or `restrict_vocab` is below 1.
        ImportError
            If the file has categories and SciPy is not installed.

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
        r"""Read vectors from a file in any of the usual formats.

        Parameters
        ----------
        path : str, path-like or open file
            A plain file, or one compressed with gzip, bzip2, xz or Zstandard. The compression is
            recognised by the content, not by the name. ``"archive.zip:name"`` is a file in a zip
            archive. An open file, of bytes or text, is read from its current position.
        member : str, optional
            The name of the file to read if `path` is a zip archive of several files: the whole name
            in the archive, or its last part. Without `member`, an archive of several files is an
            error that lists them.
        format : str, optional
            The format of the file. By default it is detected from the content.

            ``"glove"``
                Text with a word and its numbers on each line, as in pretrained GloVe files.
            ``"word2vec"``
                The same text after a first line ``V dim``: the number of words and the length of
                the vectors. fastText's ``.vec`` files have this format.
            ``"word2vec_binary"``
                word2vec's binary format.
            ``"stanford"``
                The ``.bin`` of Stanford's ``glove``. Needs `vocabulary`.
            ``"native"``
                The format of :meth:`save`. An uncompressed file with numbers of `dtype` is mapped
                into memory instead of read: it opens at once, processes share its pages, and
                :attr:`vectors` is read-only. With the parameter `words`, the vectors of these words
                are copied from the mapped file. See `mmap`.
        limit : int, optional
            Read only the first `limit` vectors of the file, >= 1, as gensim does. With the
            parameter `words`, a warning counts the words that are not among these vectors.
        dtype : {"auto", "float32", "float16"}, default "auto"
            The precision of the numbers. float16 needs half the memory. "auto" keeps the precision
            of a native file, and means float32 for all other files.
        words : iterable of str, optional
            Read only the vectors of these words, in the order of the file. The lines of other words
            are skipped, and reading stops when all words are found. Words that are not in the file
            are left out.
        errors : {"strict", "replace", "ignore"}, default "strict"
            What to do with bytes of a word that are not UTF-8, which word2vec's tool may write:
            raise an error, replace them with U+FFFD, or leave them out. If two words are equal
            after this, the second one is a repeated word.
        vocabulary : path or Vocabulary, optional
            The words of a Stanford ``.bin``, which has no words itself: a Vocabulary, or a file of
            words with counts in Stanford's text format.
        combine : {"sum", "mean", "word", "context", "concat"}, default "sum"
            How to combine the two vectors of a word in a Stanford ``.bin``; see
            :meth:`glove_rs.Glove.word_vectors`. The other formats have one vector for each word.
        mmap : bool, default True
            Map a native file into memory if possible. With False, the file is read into memory. Do
            not shorten a mapped file in place: a process that then reads the missing pages is
            killed (SIGBUS). Replacing the file, as :meth:`save` does, is safe.
        max_line_bytes : int, default 67108864
            The longest allowed line of text, in bytes, from 1 to 2**40. A longer line is an error,
            so that a small compressed file cannot fill the memory.
        subwords : Subwords, path or open file, optional
            The subword model of these vectors, or a file of :meth:`Subwords.save`. It becomes
            :attr:`subwords`, which gives vectors for unknown words.
        progress : bool or callable, optional
            As for :class:`glove_rs.Glove`.

        Returns
        -------
        WordVectors
            If a word is repeated, its first vector is kept, with a warning. Another warning counts
            vectors with NaN or infinity. A mapped file is not checked for these.

        Raises
        ------
        FormatError
            If the file is malformed; the message has the number of the line of a text, or the byte
            offset in a binary file. If the file has no vectors but, for example, a vocabulary, the
            message says what the file has and what reads it.
        OSError
            If the file cannot be read. The error is of the subclass for the cause, such as
            FileNotFoundError, and has the path. URLs are not read: pass an open file from
            :func:`fsspec.open` instead.
        ValueError
            If a parameter is out of its range, if `path` is an archive of several files and
            `member` is not given, or if `subwords` has vectors of another length.
        TypeError
            If `words` is a str or does not hold words.

        Notes
        -----
        In text, one space or tab separates the fields of a line: the word and its numbers. A word
        may contain spaces, as in glove.840B: the last `dim` fields of a line are the vector, and
        all fields before them are the word. So if a line has one number too many, the first number
        becomes the end of the word. A warning counts such words and names the first five.

        Some variants of this layout are recognised if most of the first lines have them: decimal
        commas in numbers, several spaces that align the columns, and commas or semicolons as
        separators. A first line with the names of the columns is left out. Numbers are rounded to
        the nearest float32. `nan` and `inf` are accepted.

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
        """Write the native format. :meth:`load` maps such a file into memory and opens it at once.

        Words may have spaces and newlines. The vectors keep their precision, float32 or float16.

        Parameters
        ----------
        path : str or path-like
            The file to write. If its name has an ending such as ``.gz``, the file is compressed,
            and :meth:`load` reads it instead of mapping it.

        Raises
        ------
        OSError
            If the file cannot be written. An existing file is then unchanged.
        ValueError
            If the name has the ending of another format, such as ``.npz``, or if a word has a lone
            surrogate, which UTF-8 cannot encode.

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
        r"""Write the vectors in word2vec's format, which gensim, spaCy and other programs read.

        ``spacy init vectors`` takes the text file as its second argument.

        Parameters
        ----------
        path : str or path-like
            The file to write.
        binary : bool, default False
            Write float32 as little-endian bytes instead of text. In text, a number has the fewest
            digits that are read back as the same float32.

        Raises
        ------
        OSError
            If the file cannot be written. An existing file is then unchanged.
        ValueError
            If a word is empty or contains a space or newline, because other programs would split
            it; or if the name has the ending of another format, such as ``.npz``.

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
        r"""Write the vectors in GloVe's text format: a word and its numbers on each line.

        Parameters
        ----------
        path : str or path-like
            The file to write.
        unk : bool, default False
            Add a last line with the word ``<unk>``, as Stanford's tool does. The vector of this
            word is the mean of the last 100 vectors. If the most frequent word is first, these are
            the vectors of the 100 rarest words.

        Raises
        ------
        OSError
            If the file cannot be written. An existing file is then unchanged.
        ValueError
            If a word is empty or contains a newline; if a reader could not detect the length of the
            vectors, because many words end in a space and a number; if `unk` is true and ``<unk>``
            is already a word; or if the name has the ending of another format, such as ``.npz``.

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
                raise ValueError("unk must be False: the vectors already have a word <unk>")
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
        r"""Read word2vec's format, with the arguments of gensim's method of this name.

        :meth:`load` detects the format and has more options.

        Parameters
        ----------
        fname : str or path-like
            The file to read.
        fvocab : None
            gensim's file of word counts. It is not supported, because WordVectors has no counts.
        binary : bool, default False
            Whether the file has word2vec's binary format.
        encoding : {"utf8"}
            The encoding of the words.
        unicode_errors : {"strict", "replace", "ignore"}, default "strict"
            What to do with bytes of a word that are not UTF-8.
        limit : int, optional
            Read only the first `limit` vectors, >= 1.
        datatype : {float32, float16}, default float32
            The precision of the numbers.
        no_header : bool, default False
            Whether the first line is a word with its vector, as in GloVe's text format.

        Returns
        -------
        WordVectors

        Raises
        ------
        FormatError, OSError
            As for :meth:`load`.
        ValueError
            If `encoding` is not "utf8", if `fvocab` is given, or if both `binary` and `no_header`
            are true.

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
            raise ValueError(f"fvocab must be None: word counts are not read, got {shown(fvocab)}")
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
        """Return a ``gensim.models.KeyedVectors`` with the same words and the same matrix.

        Returns
        -------
        gensim.models.KeyedVectors
            The matrix is not copied: a change in ``KeyedVectors.vectors`` also changes
            :attr:`vectors`.

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
        """Return a ``pandas.DataFrame`` with the vectors, one row for each word.

        Returns
        -------
        pandas.DataFrame
            Shape (V, dim), indexed by word. The matrix is not copied.

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

    def plot(self, words: Sequence[Key] | None = None, ax: Any = None) -> Any:
        """Draw words on the plane of their first two principal components, with labels.

        Parameters
        ----------
        words : sequence of str, optional
            At least two words. By default the words in the rows 100 to 129, which are frequent, but
            not the most frequent ones; if there are fewer than 130 words, the first 30. Words whose
            vector has NaN or infinity are then left out.
        ax : matplotlib.axes.Axes, optional
            The axes to draw on. By default a new figure is created.

        Returns
        -------
        matplotlib.axes.Axes
            The object that was drawn on. It has one collection with a point for each word, and one
            text for each word. The x-axis and the y-axis have the same scale. The label of each
            gives the fraction of the variance along its component. If adjustText is installed
            (``pip install adjustText``), the texts are moved apart, and a line connects a text that
            is far from its point with the point. Characters that the default font does not have are
            drawn with an installed font that has them.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        KeyError
            If a word is unknown.
        ValueError
            If there are fewer than two words, or if a vector has NaN or infinity.

        Warns
        -----
        UserWarning
            If some characters are in no installed font. The warning names a font to install.

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
        from ._vectors.plot import frequent_rows, scatter

        if words is None:
            indices = np.array(frequent_rows(len(self)), dtype=np.intp)
            indices = indices[~not_finite(self._vectors, indices)]
        else:
            indices = self._indices(as_list("words", words))
        if len(indices) < 2:
            raise ValueError(f"plot needs at least two words, got {len(indices)}")
        lost = indices[not_finite(self._vectors, indices)]
        if lost.size:
            word = self.index_to_key[lost[0]]
            raise ValueError(f"plot needs finite vectors, but that of {word!r} has NaN or infinity")
        names = [self.index_to_key[index] for index in indices.tolist()]
        return scatter(names, self._vectors[indices], ax)

    def _repr_html_(self) -> str:
        """Return a small table of neighbours, for notebooks."""
        ranks = [rank for rank in _SHOWN_RANKS if rank < len(self)]
        words = [self.index_to_key[rank] for rank in ranks or range(min(5, len(self)))]
        from ._vectors.plot import neighbour_table

        return neighbour_table(repr(self), words, self.most_similar_batch(words, topn=5))
