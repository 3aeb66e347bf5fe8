"""The result of a bootstrap: estimates with intervals, neighbours, stability."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from .._checks import boolean, choice, integer, real, shown
from .._checks import words as words_of
from .._drawing import histogram
from .._io.files import output_path
from .._io.sources import Source
from .._progress import Progress, reporter
from .._results import IntervalTable, ResultTable
from .._unknown_word import UnknownWord
from .._vectors.cosine import cosines_of_pairs, row_slices, unit_rows, unit_rows_in_float64
from .._warnings import warn
from ..vectors import WordVectors
from .estimates import INTERVALS, Estimate, interval_of, spread, warn_of_few
from .queries import Query, mean_overlaps, rank_words
from .reading import check_reading, trainer_of
from .resampling import jackknife_blocks
from .store import ReplicateStore
from .trainer import Trainer

__all__ = ["Bootstrap", "Models"]

_F64: TypeAlias = npt.NDArray[np.float64]
#: `Bootstrap.neighbours` warns if the stability of the word is below this value: on average, two
#: replicates then share less than half of the nearest neighbours of the word.
LOW_STABILITY = 0.5
#: The number of nearest neighbours that are compared for the stability in `Bootstrap.neighbours`.
_NEIGHBOURS = 10


class Models(Sequence[WordVectors]):
    """The vectors of the replicates, float16. Each access maps a file of vectors into memory."""

    def __init__(
        self,
        store: ReplicateStore,
        length: int,
        temporary: tempfile.TemporaryDirectory[str] | None = None,
    ) -> None:
        self._store, self._length = store, length
        # The reference keeps the temporary folder, if any, as long as these models are in use.
        self._temporary = temporary

    def __repr__(self) -> str:
        return f"<{len(self)} models of replicates>"

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> WordVectors: ...
    @overload
    def __getitem__(self, index: slice) -> list[WordVectors]: ...
    def __getitem__(self, index: int | slice) -> WordVectors | list[WordVectors]:
        at = range(self._length)[index]
        if isinstance(at, range):
            return [self._store.load(number) for number in at]
        return self._store.load(at)


class Bootstrap:
    """Models of resampled texts. Created by :func:`glove_rs.bootstrap` and :meth:`load`.

    An estimate is the value of a statistic in the model of all of the text, with an interval from
    the replicates. Replicates in which the statistic has no finite value, for example because a
    word does not occur in them, are left out with a warning.

    Attributes
    ----------
    full : WordVectors
        The vectors of the model of all of the text, float32.
    models : sequence of WordVectors
        The vectors of the replicates, float16, in the space of `full`. The rows of words that do
        not occur in a replicate are NaN.
    method : {"bootstrap", "jackknife"}
    unit : {"document", "group"}
    seed : int
        The seed of the resampling.
    level : float
        The confidence level of the intervals: 0.95, until another value is assigned.
    interval : {"rms", "standard", "bias_corrected", "percentile", "basic"}
        The kind of the intervals: "rms", until another kind is assigned. A jackknife always has
        "standard". The kinds are:

        - "rms": the estimate ± Student's t times √(standard error² + bias²), which is about the
          root of the mean squared deviation of the replicates from the estimate;
        - "standard": the estimate ± Student's t times the standard error;
        - "bias_corrected": the standard interval, moved by −bias;
        - "percentile": quantiles of the replicates;
        - "basic": twice the estimate minus these quantiles.

    References
    ----------
    Antoniak and Mimno (2018), Evaluating the stability of embedding-based word similarities. Efron
    and Tibshirani (1993), An introduction to the bootstrap.
    """

    def __init__(
        self,
        store: ReplicateStore,
        trainer: Trainer | None,
        temporary: tempfile.TemporaryDirectory[str] | None = None,
    ) -> None:
        self._store, self._trainer, self._temporary = store, trainer, temporary
        self._settings = store.read_settings()
        self.method: str = self._settings["method"]
        self.unit: str = self._settings["unit"]
        self.seed: int = self._settings["seed"]
        self.level = 0.95
        self.interval = INTERVALS[0]
        self._done = store.finished()

    def __getstate__(self) -> object:
        if self._temporary is not None:
            raise TypeError(
                "this bootstrap cannot be pickled or copied, because its replicates are in a "
                "temporary folder: save it and load the saved bootstrap, or make it with path="
            )
        # The copy has no trainer, as after `load`: the trainer holds the text in memory.
        return {**self.__dict__, "_trainer": None}

    # --- the models ----------------------------------------------------------------------------

    @property
    def full(self) -> WordVectors:
        """The vectors of the model of all of the text."""
        return self._store.full

    @property
    def models(self) -> Models:
        """The vectors of the replicates."""
        return Models(self._store, self._done, self._temporary)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the bootstrap and of its models, and numbers that identify the text."""
        return dict(self._settings)

    def __len__(self) -> int:
        return self._done

    def __contains__(self, word: object) -> bool:
        return word in self.full

    def __repr__(self) -> str:
        kind = "jackknife" if self.method == "jackknife" else "bootstrap"
        return (
            f"<{kind} of {self._settings['text']['units']} {self.unit}s: {len(self)} models of "
            f"{len(self.full)} words, dim={self.full.vector_size}>"
        )

    def __str__(self) -> str:
        return str(self._summary())

    def _repr_html_(self) -> str:
        return self._summary()._repr_html_()

    def _summary(self) -> ResultTable:
        text = self._settings["text"]
        rows: dict[str, Any] = {
            "models": len(self),
            "method": self.method,
            f"{self.unit}s": text["units"],
            "tokens": text["tokens"],
            "words": len(self.full),
            "dim": self.full.vector_size,
            "interval": f"{self.interval}, {self.level:g}",
        }
        return ResultTable({"name": list(rows), "value": [str(value) for value in rows.values()]})

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with a row for each replicate.

        The columns are replicate (its number, from 0), words (the number of words that have a
        vector in it) and cosine (the mean over these words of the cosine of the word's vector in
        the replicate and in the full model). The cosine of a replicate without words is NaN. All
        vectors are read once.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return self._over_replicates().to_pandas()

    def plot(self, ax: Any = None) -> Any:
        """Draw a histogram of how near the replicates are to the full model.

        A replicate counts by its mean cosine with the full model: see :meth:`to_pandas`. For some
        words, ``stability(words).plot()`` draws how stable their neighbours are.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If no replicate has a word.
        ImportError
            If matplotlib is not installed.
        """
        return histogram(self._over_replicates()["cosine"], "mean cosine with the full model", ax)

    def _over_replicates(self) -> ResultTable:
        found = [_nearness(self.full.vectors, model.vectors) for model in self.models]
        return ResultTable(
            {
                "replicate": np.arange(len(found)),
                "words": np.array([words for words, _ in found], dtype=np.int64),
                "cosine": np.array([cosine for _, cosine in found], dtype=np.float64),
            }
        )

    # --- estimates -------------------------------------------------------------------------------

    def estimate(
        self, function: Callable[[WordVectors], Any], *, name: str = "estimate"
    ) -> Estimate:
        """Estimate any statistic of word vectors.

        Parameters
        ----------
        function : callable
            It is called with the :class:`glove_rs.WordVectors` of the full model and of each
            replicate, and returns a number or an array of numbers. Vectors of words that do not
            occur in a replicate are NaN.
        name : str, default "estimate"
            The name of the statistic, for the printed result.

        Returns
        -------
        Estimate

        Raises
        ------
        ValueError
            If there are fewer than 2 replicates, if fewer than 2 have a finite value, if the
            arrays have different shapes, or if `level` or `interval` was set to an invalid value.

        Examples
        --------
        >>> import glove_rs
        >>> text = ["ice is cold", "snow is cold", "steam is hot", "fire is hot"] * 20
        >>> model = glove_rs.Glove(dim=5, threads=1, deterministic=True)
        >>> b = glove_rs.bootstrap(model, text, n=10)
        >>> e = b.estimate(lambda wv: wv.similarity("ice", "snow") - wv.similarity("ice", "fire"))
        >>> e.low < e.value < e.high
        True
        """
        self._check_replicates()
        value = np.asarray(function(self.full), dtype=np.float64)
        replicates = [np.asarray(function(model), dtype=np.float64) for model in self.models]
        for own in replicates:
            if own.shape != value.shape:
                raise ValueError(
                    f"function must return arrays of one shape, got {value.shape} for the full "
                    f"model and {own.shape} for a replicate"
                )
        return self._estimate(value, np.stack(replicates), name)

    def _check_replicates(self) -> None:
        if len(self) < 2:
            more = "call compare.slices with a larger n" if self._is_slice else "call extend"
            raise ValueError(f"an interval needs at least 2 replicates, got {len(self)}: {more}")

    @property
    def _is_slice(self) -> bool:
        """Whether :func:`compare.slices` trained the replicates."""
        return "slice" in self._settings

    def _estimate(self, value: _F64, replicates: _F64, name: str) -> Estimate:
        self._warn_of_missing(replicates, name)
        low, high = self._limits(value, replicates)
        error, bias = spread(value, replicates, self.method)
        parts = {
            "value": value,
            "low": low,
            "high": high,
            "standard_error": error,
            "bias": bias,
        }
        numbers: dict[str, Any] = {k: x if np.ndim(x) else float(x) for k, x in parts.items()}
        return Estimate(**numbers, level=self.level, name=name, replicates=replicates)

    def _limits(self, value: _F64, replicates: _F64) -> tuple[_F64, _F64]:
        kind = choice("interval", self.interval, INTERVALS)
        level = real("level", self.level, above=True, below=1.0)
        return interval_of(value, replicates, self.method, kind, level)

    def _warn_of_missing(self, replicates: _F64, name: str) -> None:
        found = np.isfinite(replicates).reshape(len(replicates), -1).sum(axis=0)
        if found.size and found.min() < 2:
            raise ValueError(
                f"{name} must have a value in at least 2 of the {len(replicates)} replicates, got "
                f"{found.min()}: a word may be too rare"
            )
        warn_of_few(found, len(replicates), name)

    def similarity(self, w1: str, w2: str) -> Estimate:
        """Estimate the cosine of two words.

        Raises
        ------
        KeyError
            If a word is unknown.
        ValueError
            As for :meth:`estimate`.
        """
        return self.estimate(lambda wv: wv.similarity(w1, w2), name=f"similarity({w1}, {w2})")

    def similarities(self, pairs: Iterable[tuple[str, str]]) -> IntervalTable:
        """Estimate the cosines of pairs of words.

        Returns
        -------
        IntervalTable
            With the columns word1, word2, similarity, low, high and standard_error.

        Raises
        ------
        KeyError
            If a word is unknown.
        ValueError
            As for :meth:`estimate`, or if an item of `pairs` is not two words.
        """
        self._check_replicates()
        listed = [self._pair("an item of pairs", pair) for pair in pairs]
        rows = np.array([[self._row(w) for w in pair] for pair in listed], dtype=np.intp)
        rows = rows.reshape(len(listed), 2)
        estimate = self.estimate(lambda wv: cosines_of_pairs(wv.vectors, rows), name="similarities")
        return IntervalTable(
            {
                "word1": [pair[0] for pair in listed],
                "word2": [pair[1] for pair in listed],
                "similarity": estimate.value.tolist(),
                **_limit_columns(estimate),
            }
        )

    def similarity_difference(self, pair1: tuple[str, str], pair2: tuple[str, str]) -> Estimate:
        """Estimate the cosine of `pair1` minus the cosine of `pair2`.

        Raises
        ------
        KeyError
            If a word is unknown.
        ValueError
            As for :meth:`estimate`, or if a pair is not two words.
        """
        (a, b), (c, d) = self._pair("pair1", pair1), self._pair("pair2", pair2)
        return self.estimate(
            lambda wv: wv.similarity(a, b) - wv.similarity(c, d),
            name=f"similarity({a}, {b}) - similarity({c}, {d})",
        )

    def projection(
        self, words: str | Iterable[str], positive: Iterable[str], negative: Iterable[str]
    ) -> Estimate | IntervalTable:
        """Estimate the projection of words on an axis.

        The axis is the mean of the unit vectors of `positive` minus the mean of those of
        `negative`. The projection of a word is the cosine of its vector and the axis.

        Returns
        -------
        Estimate or IntervalTable
            An `Estimate` if `words` is a str, which is one word; otherwise a table.

        Raises
        ------
        KeyError
            If a word is unknown.
        ValueError
            As for :meth:`estimate`, or if `positive` or `negative` has no words.
        """
        one = isinstance(words, str)
        listed = [words] if isinstance(words, str) else words_of("words", words)
        rows = np.array([self._row(word) for word in listed], dtype=np.intp)
        ends = [self._end("positive", positive), self._end("negative", negative)]

        def project(wv: WordVectors) -> _F64:
            axis = np.zeros(wv.vector_size)
            for sign, end in zip((1, -1), ends, strict=True):
                units, directed = unit_rows_in_float64(wv.vectors, end)
                # A word that does not occur in this replicate is left out of the mean.
                axis += sign * (units.sum(axis=0) / directed.sum() if directed.any() else np.nan)
            units, directed = unit_rows_in_float64(wv.vectors, rows)
            length = np.linalg.norm(axis)
            cosines = units @ axis / (length if length else np.nan)
            return np.where(directed, cosines, np.nan)

        if one:
            return self.estimate(lambda wv: project(wv)[0], name=f"projection({listed[0]})")
        estimate = self.estimate(project, name="projection")
        columns = {"word": listed, "projection": estimate.value.tolist()}
        return IntervalTable(columns | _limit_columns(estimate))

    def _end(self, name: str, words: Iterable[str]) -> npt.NDArray[np.intp]:
        listed = [words] if isinstance(words, str) else words_of(name, words)
        if not listed:
            raise ValueError(f"{name} must have at least one word, got []")
        return np.array([self._row(word) for word in listed], dtype=np.intp)

    # --- neighbours ------------------------------------------------------------------------------

    def neighbours(self, word: str, topn: int = 10) -> IntervalTable:
        """Return the nearest neighbours of a word, with their mean rank over the replicates.

        The method warns if the :meth:`stability` of the word, with ``topn=10``, is below 0.5.

        Returns
        -------
        IntervalTable
            The `topn` words with the smallest mean rank, sorted by mean rank. The columns are word,
            similarity, low, high (the cosine and its interval), mean_rank, rank_low, rank_high
            (quantiles of the ranks), and share (the fraction of the replicates in which the word is
            among the `topn` nearest).

        Raises
        ------
        KeyError
            If the word is unknown.
        ValueError
            If there are fewer than 2 replicates, or if `topn` is not an integer >= 1.
        """
        row = self._row(word)
        (stability,) = mean_overlaps(self.models, [row], _NEIGHBOURS)
        if stability < LOW_STABILITY:
            warn(
                f"the neighbours of {word!r} are not stable: two replicates share "
                f"{stability:.0%} of the {_NEIGHBOURS} nearest"
            )
        return self._ranked(lambda wv: wv.vectors[row], [row], topn, f"neighbours of {word}")

    def analogy(self, a: str, b: str, c: str, topn: int = 10) -> IntervalTable:
        """Return the words that complete "a is to b as c is to …", with their mean rank.

        They are the words nearest to v_b − v_a + v_c, where v_a is the vector of `a`, scaled to
        unit length. An example is ``analogy("man", "king", "woman")``. The columns of the table,
        the order of its rows and the exceptions are those of :meth:`neighbours`.
        """
        rows = [self._row(word) for word in (a, b, c)]
        weights = np.array([-1.0, 1.0, 1.0])

        def target(wv: WordVectors) -> _F64:
            units, directed = unit_rows_in_float64(wv.vectors, np.array(rows))
            return weights @ units if directed.all() else np.full(wv.vector_size, np.nan)

        return self._ranked(target, rows, topn, f"{a} is to {b} as {c} is to")

    def _ranked(self, query: Query, excluded: list[int], topn: int, title: str) -> IntervalTable:
        self._check_replicates()
        topn = integer("topn", topn, 1)
        ranking = rank_words(self.full, self.models, query, excluded, topn)
        found = np.isfinite(ranking.ranks)
        with np.errstate(invalid="ignore"):
            mean = np.where(found, ranking.ranks, 0).sum(axis=0) / found.sum(axis=0)
        order = np.argsort(mean, kind="stable")[:topn]
        words = self.full.index_to_key
        low, high = self._limits(ranking.full, ranking.cosines)
        tail = (1 - self.level) / 2
        rank_low, rank_high = (
            np.nanquantile(ranking.ranks[:, order], at, axis=0) for at in (tail, 1 - tail)
        )
        return IntervalTable(
            {
                "word": [words[row] for row in ranking.rows[order]],
                "similarity": ranking.full[order].tolist(),
                "low": low[order].tolist(),
                "high": high[order].tolist(),
                "mean_rank": mean[order].tolist(),
                "rank_low": rank_low.tolist(),
                "rank_high": rank_high.tolist(),
                "share": ranking.within[:, order].mean(axis=0).tolist(),
            },
            title,
        )

    def stability(
        self, words: str | Iterable[str], topn: int = 10, *, progress: Progress = None
    ) -> float | IntervalTable:
        """Return how stable the nearest neighbours of words are.

        The stability of a word is the mean fraction of its `topn` nearest neighbours that two
        replicates share, over all pairs of replicates that have the word (Antoniak and Mimno 2018).
        It is 1 if all replicates have the same neighbours. :meth:`neighbours` warns if it is below
        0.5. Each replicate is read once for all words, or once for each block of words if there
        are very many.

        Parameters
        ----------
        words : str or iterable of str
        topn : int, default 10
        progress : bool or callable, optional
            As for :class:`glove_rs.Glove`. The name of the stage is "replicates".

        Returns
        -------
        float or IntervalTable
            A float if `words` is a str, which is one word. Otherwise a table with the columns word
            and stability, the most stable word first. The stability is NaN if fewer than two
            replicates have the word. ``plot()`` draws a dot for each word of the table.

        Raises
        ------
        KeyError
            If a word is unknown.
        ValueError
            If there are fewer than 2 replicates, or if `topn` is not an integer >= 1.
        """
        self._check_replicates()
        topn = integer("topn", topn, 1)
        listed = [words] if isinstance(words, str) else words_of("words", words)
        rows = [self._row(word) for word in listed]
        with reporter(progress) as callback:
            values = mean_overlaps(self.models, rows, topn, callback)
        if isinstance(words, str):
            return values[0]
        order = np.argsort(-np.nan_to_num(values, nan=-1), kind="stable").tolist()
        columns = {
            "word": [listed[index] for index in order],
            "stability": [values[index] for index in order],
        }
        return IntervalTable(columns)

    def _row(self, word: object) -> int:
        rows = self.full.key_to_index
        if not isinstance(word, str):
            raise TypeError(f"a word must be a str, got {shown(word)}")
        if word not in rows:
            raise UnknownWord(word, self.full.index_to_key, rows)
        return rows[word]

    @staticmethod
    def _pair(name: str, pair: Any) -> tuple[str, str]:
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise ValueError(f"{name} must be two words, got {shown(pair)}")
        return pair[0], pair[1]

    # --- more replicates, files ------------------------------------------------------------------

    def extend(
        self, n: int, source: Source | None = None, *, progress: Progress = None, **reading: Any
    ) -> Bootstrap:
        """Add replicates until there are at least `n` in all.

        If Ctrl-C interrupts the call, the finished replicates stay. Call `extend` again to
        continue. Replicate r has the same weights and the same seed whether
        :func:`glove_rs.bootstrap` trains it or this method adds it.

        A bootstrap can always be extended, unless :func:`compare.slices` made it: its training
        needs the context vectors of all of the text, which it does not have. A jackknife with
        ``n=0`` can be extended to any `n`. Any other jackknife can be extended only to its own `n`,
        after an interruption: a jackknife has as many blocks as replicates, so more replicates
        would need other blocks.

        Parameters
        ----------
        n : int
            The number of replicates to reach. If there are already `n` or more, none is added. For
            a jackknife, `n` must be at least 2. If `n` is larger than the number of units, it is
            set to this number.
        source : Source, optional
            The text. It is needed after :meth:`load`. The result of :func:`glove_rs.bootstrap`
            still has the text in memory.
        progress : bool or callable, optional
            As for :class:`glove_rs.Glove`. The name of the stage that trains is "replicates".
        **reading
            Only with `source`: the arguments `by`, `column`, `storage_options`, `vocabulary`,
            `threads` and `memory` of :func:`glove_rs.bootstrap`, and the `tokenizer` of the model.
            Give the tokenizer again if it is a function, because a function is not saved.

        Returns
        -------
        Bootstrap
            This object.

        Raises
        ------
        ValueError
            If the text is needed and `source` is not given, if `source` is not the text of this
            bootstrap, if this is a jackknife that cannot be extended to `n`, or if
            :func:`compare.slices` made this bootstrap.
        FormatError
            If the text is read and ``bootstrap.json`` lacks a setting of the model without which it
            cannot be trained.
        TypeError
            For any other argument, such as `replicate_epochs`: the settings of the replicates
            cannot change.
        """
        n = integer("n", n, 0)
        check_reading(reading, self._settings)
        if self._is_slice:
            raise ValueError(
                f"the bootstrap of the slice {self._settings['slice']!r} cannot be extended by "
                "itself, because its training needs the context vectors of all of the text: call "
                f"compare.slices with n={n}, and with the same path if one was given"
            )
        if source is not None or reading:
            if source is None:
                verb = "needs" if len(reading) == 1 else "need"
                raise ValueError(f"{', '.join(reading)} {verb} a source")
            self._store.check_model(self._settings)
            self._trainer = trainer_of(self._settings, source, progress, **reading)
        if n > self._done and self.method == "jackknife":
            n = jackknife_blocks(n, self._settings["text"]["units"])
            self._check_blocks(n)
        if n <= self._done:
            return self
        if self._trainer is None:
            raise ValueError("this bootstrap was loaded, and has no text: give source")
        with reporter(progress) as callback:
            self._run(n, callback)
        return self

    def _check_blocks(self, n: int) -> None:
        """Raise a ValueError if this jackknife has blocks, but not `n` of them."""
        own = self._settings["n"]
        if own not in (0, n):
            missing = f"extend({own}) trains its missing replicates; " if self._done < own else ""
            raise ValueError(
                f"a jackknife with n={own} cannot be extended to n={n}, which needs other blocks: "
                f"{missing}for n={n}, call bootstrap again, with another path if one was given"
            )

    def _run(self, n: int, callback: Any) -> None:
        """Train the missing replicates up to `n`."""
        trainer = self._trainer
        assert trainer is not None
        if n > self._settings["n"]:
            self._settings["n"] = n
            self._store.write_settings(self._settings)
        for number in range(self._done, n):
            if callback is not None:
                callback("replicates", number, n, {})
            vectors = trainer.replicate(number, n, self.full, None)
            self._store.write(number, vectors)
            self._done = number + 1
        if callback is not None:
            callback("replicates", n, n, {})

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a folder with all models. The folder appears complete or not at all.

        The vectors of the replicates are float16, so a component takes two bytes.

        Parameters
        ----------
        path : path
            The folder to write.
        overwrite : bool, default False
            Replace a folder that holds a bootstrap.

        Raises
        ------
        FileExistsError
            If `path` is a file, or a folder that is not empty; with `overwrite`, if `path` is a
            file, or a folder that holds anything other than a bootstrap. The folder of this
            bootstrap is no error: nothing is written.
        OSError
            If the folder cannot be written.
        """
        self._store.copy(
            output_path("path", path, "folder"),
            self._done,
            overwrite=boolean("overwrite", overwrite),
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Bootstrap:
        """Open a folder that :meth:`save` or ``bootstrap(path=...)`` wrote.

        The file of a replicate is mapped into memory when its vectors are used. After an
        interrupted run, the folder has the replicates that were finished.

        Raises
        ------
        FileNotFoundError
            If there is no such folder, or if it has no bootstrap.
        FormatError
            If ``bootstrap.json`` or ``full.native`` is not a valid file of a bootstrap. The file of
            a replicate is checked when its vectors are used.
        """
        store = ReplicateStore(path)
        bootstrap = cls(store, None)
        _ = store.full
        return bootstrap

    def __iter__(self) -> Iterator[WordVectors]:
        return iter(self.models)


def _nearness(full: npt.NDArray[Any], replicate: npt.NDArray[Any]) -> tuple[int, float]:
    """Return the number of words with a finite, nonzero vector in both, and their mean cosine."""
    words, total = 0, 0.0
    for rows in row_slices(len(full)):
        (u, has_u), (v, has_v) = (unit_rows(vectors, rows) for vectors in (full, replicate))
        total += float(np.einsum("ij,ij->", u, v, dtype=np.float64))
        words += int((has_u & has_v).sum())
    return words, total / words if words else float("nan")


def _limit_columns(estimate: Estimate) -> dict[str, list[float]]:
    return {
        "low": estimate.low.tolist(),
        "high": estimate.high.tolist(),
        "standard_error": estimate.standard_error.tolist(),
    }
