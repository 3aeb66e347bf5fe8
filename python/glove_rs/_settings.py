"""Every parameter of counting and training, declared once.

A row of :data:`SETTINGS` gives a parameter's name, section, type with its range, default in each
preset and the help of its command-line option. Checks, presets, the command line, checkpoints,
the Dask module and ``estimate`` read this table. The signature and the docstring of
:class:`glove_rs.Glove` repeat names and defaults for readers and type checkers; a test compares
them with the table.
"""

from __future__ import annotations

import functools
import inspect
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, ParamSpec, Protocol, TypeAlias, TypedDict, TypeVar, cast

from . import _core
from ._checks import (
    boolean,
    choice,
    integer,
    is_file_system,
    memory_bytes,
    path_text,
    real,
    shown,
    writable_words,
)
from ._progress import Progress
from ._python_tokenizers import Tokenizer, function_of, to_json
from ._user_dictionary import UserDictionary, check_tokenizer, core_words, user_dictionary
from ._word_lists import Phrases, StopWords, core_phrases, phrases_to_json, stop_words

__all__ = [
    "CONSTRUCTOR",
    "EVERY_WORD",
    "PRESETS",
    "SETTINGS",
    "CooccurrenceSettings",
    "Default",
    "EstimateSettings",
    "KeywordSettings",
    "PhraseSettings",
    "Setting",
    "VocabularySettings",
    "accepts",
    "check_text",
    "checked",
    "content_paths",
    "core_counting",
    "core_encoding",
    "core_running",
    "core_training",
    "decided",
    "default",
    "names",
    "of_older_version",
    "pinned",
    "resolve",
    "saved",
    "text_parameters",
    "used",
    "with_content",
    "with_defaults",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_C = TypeVar("_C", bound=Callable[..., None])

#: What a parameter decides:
#:
#: - `source`: which column has the text, and how to open a URL. These parameters belong to the
#:   methods that read a source, not to the model.
#: - `reading`: how text is read.
#: - `encoding`: how text becomes words of the vocabulary. It consists of `vocabulary` and `gaps`,
#:   and `vocabulary` of the other sections here:
#:
#:   - `tokenizing`: how text is split into words.
#:   - `limits`: when a text is refused. These parameters do not decide what is computed.
#:   - `lists`: words and phrases that are treated in a special way.
#:   - `choosing`: which words are frequent enough.
#:   - `gaps`: what takes the place of a word outside the vocabulary.
#: - `counting`: which pairs of words are counted, and with which weight.
#: - `training`: the model.
#: - `fitting`: how one call of `fit` trains.
#: - `running`: the threads, memory and folder that a call uses, and how it shows progress. These
#:   parameters do not decide what is computed, but without `deterministic`, the number of threads
#:   changes a result a little.
Section: TypeAlias = Literal[
    "source",
    "reading",
    "tokenizing",
    "limits",
    "lists",
    "choosing",
    "gaps",
    "counting",
    "training",
    "fitting",
    "running",
]
#: The name of a section, or of several sections together: see :data:`_UNIONS`.
Sections: TypeAlias = Section | Literal["vocabulary", "encoding"]

_VOCABULARY: Final[tuple[Section, ...]] = ("tokenizing", "limits", "lists", "choosing")
_UNIONS: Final[Mapping[str, tuple[Section, ...]]] = {
    "vocabulary": _VOCABULARY,
    "encoding": (*_VOCABULARY, "gaps"),
}


class Type(Protocol):
    """The type and range of a parameter."""

    def check(self, name: str, value: Any) -> Any:
        """Convert `value` to the type that the core takes, or raise a ValueError with the range."""

    @property
    def metavar(self) -> str | None:
        """The placeholder for the value in the help of a command; None for an on/off option."""

    @property
    def parse(self) -> Callable[[str], Any]:
        """The function that converts an argument of the command line to a value."""


@dataclass(frozen=True)
class Integer:
    """An integer from `least` to `most`."""

    least: int
    most: int = 2**63 - 1
    metavar: str = "N"
    parse: Callable[[str], Any] = int

    def check(self, name: str, value: Any) -> int:
        return integer(name, value, self.least, self.most)


@dataclass(frozen=True)
class Real:
    """A finite number from `least` to `most`.

    With `above`, `least` itself is not allowed. With `below`, `most` itself is not allowed.
    """

    least: float = 0.0
    above: bool = False
    most: float | None = None
    below: bool = False
    metavar: str = "X"
    parse: Callable[[str], Any] = float

    def check(self, name: str, value: Any) -> float:
        below = math.inf if self.most is None or not self.below else self.most
        number = real(name, value, self.least, above=self.above, below=below)
        if self.most is not None and number > self.most:
            raise ValueError(f"{name} must be at most {self.most:g}, got {shown(value)}")
        return number


@dataclass(frozen=True)
class Boolean:
    """True or False."""

    metavar: None = None
    parse: Callable[[str], Any] = bool

    def check(self, name: str, value: Any) -> bool:
        return boolean(name, value)


@dataclass(frozen=True)
class Choice:
    """One of `names`."""

    names: tuple[str, ...]
    parse: Callable[[str], Any] = str

    @property
    def metavar(self) -> str:
        return "|".join(self.names)

    def check(self, name: str, value: Any) -> str:
        return choice(name, value, self.names)


def _window_of(text: str) -> int | None:
    """Convert an argument of the command line: a number of words, or ``document`` for None."""
    if text.lower() in {"document", "none"}:
        return None
    try:
        return int(text)
    except ValueError:
        import argparse  # only the command line needs it, and has imported it

        raise argparse.ArgumentTypeError(
            f"must be a number of words or document, got {shown(text)}"
        ) from None


@dataclass(frozen=True)
class _TokenizerType(Choice):
    """The name of a tokenizer of the core, a compiled pattern or a function."""

    def check(self, name: str, value: Any) -> Any:
        function_of(value)
        return value


@dataclass(frozen=True)
class _MemorySize:
    """A number of bytes, or text with a unit such as "512MB"."""

    metavar: str = "SIZE"
    parse: Callable[[str], Any] = str

    def check(self, name: str, value: Any) -> int | None:
        return memory_bytes(value)


@dataclass(frozen=True)
class _FolderPath:
    """The path of a folder."""

    metavar: str = "PATH"
    parse: Callable[[str], Any] = str

    def check(self, name: str, value: Any) -> str:
        return path_text(name, value, "folder")


@dataclass(frozen=True)
class _ColumnType:
    """The name of a column."""

    metavar: str = "NAME"
    parse: Callable[[str], Any] = str

    def check(self, name: str, value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name} must be the name of a column, got {shown(value)}")
        writable_words(name, [value])
        return str.__str__(value)


def _options_of_json(text: str) -> Any:
    """Convert an argument of the command line to a dict."""
    try:
        return json.loads(text)
    except ValueError:
        return text  # `check` refuses it, with a message


@dataclass(frozen=True)
class _StorageOptions:
    """A dict of options, or a file system of fsspec or pyarrow."""

    metavar: str = "JSON"
    parse: Callable[[str], Any] = _options_of_json

    def check(self, name: str, value: Any) -> Any:
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return dict(value)
        if not is_file_system(value):
            # The value is not shown: it may have a password.
            raise ValueError(
                f"{name} must be a dict of options for fsspec, such as {{'anon': True}}, or a file "
                f"system of fsspec or pyarrow, got {type(value).__name__}"
            )
        return value


@dataclass(frozen=True)
class _ProgressType:
    """True, False or a callable."""

    metavar: None = None
    parse: Callable[[str], Any] = bool

    def check(self, name: str, value: Any) -> Any:
        return value if callable(value) else boolean(name, value)


@dataclass(frozen=True)
class _WordsOrFile:
    """Words or phrases, or the path of a file that has them. `read` accepts both."""

    read: Callable[[object], Any]
    metavar: str = "FILE"
    parse: Callable[[str], Any] = str

    def check(self, name: str, value: Any) -> Any:
        return self.read(value)


@dataclass(frozen=True)
class Setting:
    """One parameter.

    Attributes
    ----------
    name : str
        The public name. The command-line option has dashes instead of underscores.
    section : str
        What the parameter decides: see :data:`Section`.
    type : Type
        The type and the range.
    help : str
        The help of the command-line option.
    default : object
        The default; None if there is none, or if the preset or the system supplies the value.
    optional : bool
        Whether the value may be None.
    presets : mapping of str to object
        The default in each preset, by the name of the preset. A function is called with `dim` and
        returns the default.
    """

    name: str
    section: Section
    type: Type
    help: str
    default: Any = None
    optional: bool = False
    presets: Mapping[str, Any] = field(default_factory=dict)

    def check(self, value: Any) -> Any:
        """Convert `value` to the type that the core takes, or raise a ValueError with `name`."""
        if value is None and self.optional:
            return None
        return self.type.check(self.name, value)


class Default(int):
    """The default of an integer parameter. It marks a parameter that the user did not give.

    A preset may replace a Default. If the user gives the same number, it is an int, which no preset
    replaces.
    """


def _best_grad_clip(dim: int) -> float:
    """Return the default of `grad_clip` in the preset "best".

    This bound of the gradients keeps training at the high learning rate of this preset from
    diverging. Beyond dim 100 the bound falls with the square of the dimension.
    """
    # At dim 300, vectors trained with the bound 0.3 answer 42 % of the analogies, and with the
    # bound 3 only 29 % (benches/EXPERIMENTS.md, "Gradient clipping").
    return 3.0 * min(1.0, (100 / dim) ** 2)


def _both(best: Any, paper: Any, **other: Any) -> Mapping[str, Any]:
    """Return the defaults by preset, for :attr:`Setting.presets`.

    "stanford2024" has the default of "paper", unless `other` has another one for it.
    """
    return {"best": best, "paper": paper, "stanford2024": paper, **other}


# The values of the preset "best" were measured (benches/EXPERIMENTS.md). In "paper", `x_max`,
# `alpha`, `learning_rate` and `optimizer` are from section 4.2 of Pennington et al. 2014, and
# `epochs`, `bias_learning_rate` and `grad_clip` are those of Stanford's tool. The values of
# "stanford2024" are from the file Training_README.md of Stanford's repository.
_ROWS: Final = (
    # --- source: where the text is in the source of one call -------------------------------------
    Setting(
        "column",
        "source",
        _ColumnType(),
        "read this column of text, or of lists of words, from tables: Parquet, Arrow, ORC, JSON "
        "lines, CSV or TSV",
        optional=True,
    ),
    Setting(
        "storage_options",
        "source",
        _StorageOptions(),
        "options of fsspec for the store of a URL, as JSON, such as '{\"anon\": true}'; keep "
        "passwords in the configuration of the store instead",
        optional=True,
    ),
    # --- reading and encoding: how text is read and becomes words --------------------------------
    Setting(
        "tokenizer",
        "tokenizing",
        _TokenizerType(_core.TOKENIZERS),
        "how text is split into words: whitespace (as Stanford's tools do), unicode (UAX #29), or "
        "zh (Chinese, segmented by jieba)",
        default="whitespace",
        # None marks a model that was loaded from a file and whose tokenizer was a function or a
        # pattern of the library regex, which files do not keep. Such a model cannot read text: with
        # None, `core_encoding` raises an error.
        optional=True,
    ),
    Setting(
        "user_dictionary",
        "tokenizing",
        _WordsOrFile(user_dictionary),
        "with --tokenizer zh: also know the words in this file, which has jieba's format: on each "
        "line a word, optionally its frequency and its tag",
        optional=True,
    ),
    Setting(
        "simplified_lookup",
        "tokenizing",
        Boolean(),
        "with --tokenizer zh: simplify traditional characters to look words up in the dictionary; "
        "the words keep the characters of the text",
        default=False,
    ),
    Setting(
        "lowercase",
        "tokenizing",
        Boolean(),
        "convert the text to lower case before it is split",
        default=False,
    ),
    Setting(
        "normalize",
        "tokenizing",
        Choice(_core.NORMALIZATIONS),
        "apply this Unicode normalization to the text before it is split",
        optional=True,
    ),
    Setting(
        "phrases",
        "lists",
        _WordsOrFile(core_phrases),
        "count the phrases in this file of glove-rs phrases as one word each",
        optional=True,
    ),
    Setting(
        "stop_words",
        "lists",
        _WordsOrFile(stop_words, "FILE|LANGUAGE"),
        "drop these words before pairs are counted: a file with a word on each line, or a language "
        "such as english (pip install stop-words)",
        optional=True,
    ),
    Setting(
        "documents",
        "reading",
        Choice(_core.DOCUMENTS),
        "what a document is: a line, a paragraph between blank lines, or a file; windows never "
        "cross the end of a document",
        default="line",
    ),
    Setting(
        "errors",
        "reading",
        Choice(_core.TEXT_ERRORS),
        "what to do with bytes that are not text: stop with an error (strict), replace them with "
        "U+FFFD, or ignore them",
        default="strict",
    ),
    Setting(
        "min_count",
        "choosing",
        Integer(1),
        "drop words that occur fewer than N times; this is done before pairs are counted",
        default=Default(5),
        presets={"stanford2024": 20},
    ),
    Setting(
        "max_vocab",
        "choosing",
        Integer(1),
        "keep at most N words, the most frequent ones",
        optional=True,
    ),
    Setting(
        "keep_gaps",
        "gaps",
        Boolean(),
        "count dropped words in the distance between two words",
        default=False,
    ),
    Setting(
        "max_word_bytes",
        "limits",
        Integer(1, 2**31 - 1),
        "stop with an error at a word of more than N bytes: such a file is probably not text",
        default=2**20,
    ),
    # --- counting: which pairs of words are counted ----------------------------------------------
    Setting(
        "window",
        "counting",
        Integer(1, metavar="N|document", parse=_window_of),
        "count pairs of words that are at most N words apart; with document, count every pair of "
        "words of a document, which may have at most 10000 words",
        default=Default(15),
        presets={"stanford2024": 10},
        optional=True,
    ),
    Setting(
        "symmetric",
        "counting",
        Boolean(),
        "count both directions of a pair; with --no-symmetric, only (left word, right word)",
        default=True,
    ),
    Setting(
        "distance_weighting",
        "counting",
        Boolean(),
        "add 1/d to the count of a pair at distance d, or with --window document 1/(length of the "
        "document - 1); with --no-distance-weighting, add 1",
        default=True,
    ),
    # --- training: the model ---------------------------------------------------------------------
    Setting(
        "preset",
        "training",
        Choice(("best", "paper", "stanford2024")),
        "source of the training settings that are not given: best (scores higher in less time, as "
        "measured), paper (the paper's model, as Stanford's tool trains it), or stanford2024 (as "
        "paper, with the settings of Stanford's vectors of 2024: x_max 10, 100 epochs, and unless "
        "they are given, window 10, min_count 20 and seed 2024)",
        default="best",
    ),
    Setting(
        "dim",
        "training",
        Integer(1, 2**20),
        "number of components of each vector",
        default=50,
    ),
    Setting(
        "x_max",
        "training",
        Real(above=True),
        "counts of X and more have the full weight 1 in the loss",
        presets=_both(20.0, 100.0, stanford2024=10.0),
    ),
    Setting(
        "alpha",
        "training",
        Real(),
        "exponent of the weight (x/x_max)^alpha of a count",
        presets=_both(0.75, 0.75),
    ),
    Setting(
        "learning_rate",
        "training",
        Real(above=True),
        "learning rate of the vectors in the first epoch",
        presets=_both(0.25, 0.05),
    ),
    Setting(
        "bias_learning_rate",
        "training",
        Real(above=True),
        "learning rate of the biases in the first epoch",
        presets=_both(0.2, 1.0),
    ),
    Setting(
        "schedule",
        "training",
        Choice(_core.SCHEDULES),
        "how the learning rates change during training: constant, or falling to 0 in a straight "
        "line (linear) or along half a cosine wave (cosine)",
        presets=_both("cosine", "constant"),
    ),
    Setting(
        "epochs",
        "training",
        Integer(1),
        "number of passes over the counts",
        presets=_both(7, 25, stanford2024=100),
    ),
    Setting(
        "optimizer",
        "training",
        Choice(_core.OPTIMIZERS),
        "step rule: adagrad (an accumulator for each number), rowwise_adagrad (one for each "
        "vector: half the memory, and faster), or sgd",
        presets=_both("rowwise_adagrad", "adagrad"),
    ),
    Setting(
        "grad_clip",
        "training",
        Real(above=True),
        "bound of each component of a vector's gradient; with rowwise_adagrad, of the root of the "
        "mean square of all components (default: paper 100; best 3, and 3 (100/dim)^2 beyond dim "
        "100)",
        presets=_both(_best_grad_clip, 100.0),
    ),
    Setting(
        "negative",
        "training",
        Real(most=1000.0),
        "negative sampling: for each non-zero count, draw X word pairs, and train on those that "
        "never co-occur",
        presets=_both(2.0, 0.0),
    ),
    Setting(
        "negative_weight",
        "training",
        Real(above=True),
        "weight in the loss of a pair that negative sampling drew; for comparison, a count of "
        "--x-max has weight 1",
        presets=_both(0.1, 0.3),
    ),
    Setting(
        "subwords",
        "training",
        Boolean(),
        "after the last epoch, fit a subword model, and move each vector about half of the way to "
        "the vector that the spelling of its word predicts; no vector is moved if spelling does "
        "not predict the vectors of held-out words",
        presets=_both(True, False),
    ),
    Setting(
        "deterministic",
        "training",
        Boolean(),
        "give a result with the same bits for any number of threads; otherwise threads update "
        "shared vectors without locks (Hogwild), and results differ a little from run to run",
        default=False,
    ),
    Setting(
        "seed",
        "training",
        Integer(0),
        "seed of the random numbers of training",
        default=Default(0),
        presets={"stanford2024": 2024},
    ),
    # --- fitting: how one call of `fit` trains ---------------------------------------------------
    Setting(
        "anchor",
        "fitting",
        Real(),
        "with --init: weight of the term that keeps words near their pretrained vectors (Mittens)",
        default=0.0,
    ),
    Setting(
        "validation",
        "fitting",
        Real(above=True, most=1.0, below=True),
        "hold this fraction of the word pairs out of training, and measure the loss on them",
        optional=True,
    ),
    Setting(
        "early_stopping",
        "fitting",
        Integer(1),
        "with --validation: stop after N epochs in a row without a new lowest validation loss, and "
        "keep the model of the epoch with the lowest validation loss",
        optional=True,
    ),
    Setting(
        "max_seconds",
        "fitting",
        Real(above=True),
        "time limit: start another epoch only if it would finish in time, assuming it takes as "
        "long as the last; the first epoch always runs",
        optional=True,
    ),
    Setting(
        "checkpoint_dir",
        "fitting",
        _FolderPath(),
        "folder for the counts and the state of the training, from which a killed run can resume",
        optional=True,
    ),
    Setting(
        "checkpoint_every",
        "fitting",
        Integer(1),
        "number of epochs between checkpoints; a checkpoint is always written after the last epoch",
        default=1,
    ),
    Setting(
        "resume",
        "fitting",
        Boolean(),
        "with --checkpoint-dir: continue from the checkpoint in the folder, if there is one; the "
        "settings that decide the result must be those of the checkpoint, but with --schedule "
        "constant, --epochs may differ",
        default=False,
    ),
    Setting(
        "keep_counts",
        "fitting",
        Boolean(),
        "keep the counts in the model, so that it can be updated with more text",
        optional=True,
    ),
    # --- running: what a call may use, and how it shows progress ---------------------------------
    Setting(
        "threads",
        "running",
        Integer(1, _core.most_threads()),
        "number of threads (default: all processors that the process may use)",
        optional=True,
    ),
    Setting(
        "memory",
        "running",
        _MemorySize(),
        "limit for counts and training records, in bytes or as 512MB or 2GiB; data beyond the "
        "limit goes to temporary files; the limit does not include the vectors",
        optional=True,
    ),
    Setting(
        "tmp_dir",
        "running",
        _FolderPath(),
        "folder for temporary files (default: the system's)",
        optional=True,
    ),
    Setting(
        "progress",
        "running",
        _ProgressType(),
        "show progress: bars on a terminal, elsewhere a line for each stage and epoch (default: "
        "only on a terminal)",
        optional=True,
    ),
)

#: Every parameter by its name.
SETTINGS: Final[Mapping[str, Setting]] = {row.name: row for row in _ROWS}

#: The defaults of each preset, by the parameter's name. A default may be a function of `dim`.
PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    preset: {row.name: row.presets[preset] for row in _ROWS if preset in row.presets}
    for preset in cast("Choice", SETTINGS["preset"].type).names
}


def names(*sections: Sections) -> tuple[str, ...]:
    """Return the names of the parameters of these sections."""
    chosen = {part for section in sections for part in _UNIONS.get(section, (section,))}
    return tuple(row.name for row in _ROWS if row.section in chosen)


#: The parameters of the constructor of :class:`glove_rs.Glove`.
CONSTRUCTOR: Final = frozenset(names("reading", "encoding", "counting", "training", "running"))
#: Parameters with which a vocabulary has every word of the text that is not a stop word.
EVERY_WORD: Final = {"min_count": 1, "max_vocab": None}


def checked(values: Mapping[str, Any], *sections: Sections) -> dict[str, Any]:
    """Check the parameters of these sections and return them in the types that the core takes.

    A parameter that is not in `values` gets its default.

    Raises
    ------
    ValueError
        For a value that is out of its range; the message names the parameter and the range.
    TypeError
        For a folder that is not a path.
    OSError, FormatError, ImportError
        If words or phrases are given as a file or a language that cannot be read.
    """
    chosen = decided(
        {name: values.get(name, SETTINGS[name].default) for name in names(*sections)},
        values.get("preset"),
    )
    result = {name: SETTINGS[name].check(value) for name, value in chosen.items()}
    if "encoding" in sections:
        check_tokenizer(result)
    return result


def decided(values: Mapping[str, Any], preset: Any = None) -> dict[str, Any]:
    """Replace each :class:`Default` in `values` by the preset's value, if it has one, or by an int.

    The preset is `preset`, or by default the value of "preset" in `values`.
    """
    preset = values.get("preset") if preset is None else preset
    of_preset = PRESETS.get(preset, {}) if isinstance(preset, str) else {}
    return {
        name: int(of_preset.get(name, value)) if isinstance(value, Default) else value
        for name, value in values.items()
    }


def with_defaults(constructor: _C) -> _C:
    """Decorate a constructor: a parameter that is not given gets its :class:`Default`, if any.

    The signature keeps plain numbers, which people, type checkers and scikit-learn read.
    """
    replaced = {
        name: SETTINGS[name].default
        for name in inspect.signature(constructor).parameters
        if name in SETTINGS and isinstance(SETTINGS[name].default, Default)
    }

    @functools.wraps(constructor)
    def call(*args: Any, **settings: Any) -> None:
        constructor(*args, **replaced | settings)

    return cast("_C", call)


def default(name: str, preset: str, dim: int) -> Any:
    """Return the default of a parameter in a preset."""
    value = PRESETS[preset].get(name, SETTINGS[name].default)
    return value(dim) if callable(value) else value


def resolve(values: Mapping[str, Any]) -> dict[str, Any]:
    """Check the training parameters and return all of them.

    A parameter that is None or missing gets its default in the preset.

    Raises
    ------
    ValueError
        For a value that is out of its range.
    """
    chosen = {name: values.get(name, SETTINGS[name].default) for name in names("training")}
    preset = SETTINGS["preset"].check(chosen["preset"])
    chosen = decided(chosen)
    dim = SETTINGS["dim"].check(chosen["dim"])
    return {
        name: SETTINGS[name].check(default(name, preset, dim) if value is None else value)
        for name, value in chosen.items()
    }


def used(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter of a model except `progress`, with the value that training uses.

    `tokenizer` is returned as the user gave it.
    """
    settings = checked(values, "reading", "encoding", "counting", "running") | resolve(values)
    del settings["progress"]
    return settings


def text_parameters(model: object) -> dict[str, Any]:
    """Return the parameters with which a model reads, encodes and counts a text."""
    groups = names("reading", "encoding", "counting", "running")
    return {name: getattr(model, name) for name in groups}


def content_paths(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that are files of words or of phrases, with their paths.

    If `stop_words` is a language, it is returned too.
    """
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, str | os.PathLike) and _is_content(name)
    }


def _is_content(name: str) -> bool:
    return name in SETTINGS and isinstance(SETTINGS[name].type, _WordsOrFile)


def with_content(values: Mapping[str, Any]) -> dict[str, Any]:
    """Read and check the words and phrases in the parameters.

    Every function that reads a text calls this function once, before its checks. A pipe or an
    iterator can be read only once, and a file may change while the text is read. Later checks
    recognise the result and return it unchanged, because checking a long list takes time.

    Raises
    ------
    ValueError, OSError, FormatError
        If a file cannot be read or has a wrong format, or if words are not valid.
    ImportError
        If `stop_words` is a language and the library stop-words is not installed.
    """
    content = {name: value for name, value in values.items() if _is_content(name)}
    return {**values, **{name: SETTINGS[name].check(value) for name, value in content.items()}}


def of_older_version(values: Mapping[str, Any]) -> dict[str, Any]:
    """Add the preset to the parameters of a model that an older version saved without one.

    In older versions the default of `preset` was None. It meant "paper" if `x_max`, `alpha`,
    `learning_rate` or `optimizer` was given by hand, and otherwise "best".
    """
    values = dict(values)
    if values.get("preset") is None:
        by_hand = (
            values.get("x_max") is not None
            or values.get("learning_rate") is not None
            or values.get("alpha", 0.75) != 0.75
            or values.get("optimizer", "adagrad") != "adagrad"
        )
        values["preset"] = "paper" if by_hand else "best"
    return values


def pinned(values: Mapping[str, Any], used: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a saved model with the meaning that they had in its training.

    The default of a preset may differ between the version that trained the model and this version.
    A parameter that was left to the preset stays None if the preset still has the value that was
    used. Otherwise it is set to the value that was used.

    Parameters
    ----------
    values : mapping
        The parameters as the user gave them.
    used : mapping
        The parameters with the values that training used.
    """
    now = resolve(values)
    given = (name for name in now if values.get(name) is None and name in used)
    return {**values, **{name: used[name] for name in given if used[name] != now[name]}}


def saved(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters in types that JSON has.

    A tokenizer that is a function or a pattern of the library `regex` becomes None. Phrases, stop
    words and user dictionaries that were given as files are replaced by the content of the files.
    """
    values = dict(settings)
    if "tokenizer" in values:
        values["tokenizer"] = to_json(values["tokenizer"])
    if values.get("phrases") is not None:
        values["phrases"] = phrases_to_json(core_phrases(values["phrases"]))
    if values.get("stop_words") is not None:
        values["stop_words"] = stop_words(values["stop_words"])
    if values.get("user_dictionary") is not None:
        values["user_dictionary"] = user_dictionary(values["user_dictionary"])
    return values


# --- parameters in the types that the core takes -------------------------------------------------


def core_encoding(values: Mapping[str, Any]) -> _core._Encoding:
    """Check the parameters that turn text into words."""
    settings = checked(values, "encoding")
    settings["user_dictionary"] = core_words(settings["user_dictionary"])
    if function_of(settings["tokenizer"]) is not None:
        # The binding normalizes and lower-cases the text before it calls the Python function, so
        # both are switched off in the core. The core then does not normalize and lower-case the
        # stop words either: do it here.
        if settings["stop_words"] is not None:
            settings["stop_words"] = _core.folded(
                settings["stop_words"], settings["lowercase"], settings["normalize"]
            )
        settings |= {"tokenizer": "whitespace", "lowercase": False, "normalize": None}
    return cast("_core._Encoding", settings)


def core_counting(values: Mapping[str, Any]) -> _core._Counting:
    """Check the parameters that say which pairs of words are counted."""
    return cast("_core._Counting", checked(values, "counting"))


def core_running(values: Mapping[str, Any]) -> _core._Running:
    """Check the parameters `threads`, `memory` and `tmp_dir`."""
    settings = checked(values, "running")
    del settings["progress"]
    return cast("_core._Running", settings)


def core_training(values: Mapping[str, Any], *, has_init: bool = False) -> _core._Training:
    """Check the parameters of training. The preset fills in those that are not given.

    With `has_init`, ``subwords=None`` means False: the given vectors are not moved towards those
    that spelling predicts.
    """
    if has_init and values["subwords"] is None:
        values = {**values, "subwords": False}
    settings = resolve(values)
    del settings["preset"], settings["dim"]
    training = cast("_core._Training", settings)
    _core.check_training(training)
    return training


def check_text(values: Mapping[str, Any]) -> None:
    """Check the parameters of reading, encoding, counting and running before a text is opened."""
    checked(values, "reading", "encoding", "counting", "running")


# --- functions that take parameters as keyword arguments -----------------------------------------


# Each public class lists the parameters that `accepts` allows for its function, without those that
# the signature of the function names.


class _TokenizingSettings(TypedDict, total=False):
    storage_options: Any
    documents: str
    errors: str
    tokenizer: Tokenizer
    user_dictionary: UserDictionary | None
    simplified_lookup: bool
    lowercase: bool
    normalize: str | None


class _RunningSettings(TypedDict, total=False):
    tmp_dir: str | os.PathLike[str] | None
    progress: Progress


class _ReadingSettings(_TokenizingSettings, total=False):
    column: str | None
    max_word_bytes: int


class _TextSettings(_ReadingSettings, total=False):
    max_vocab: int | None
    phrases: Phrases | None
    stop_words: StopWords | None


class _CountingSettings(_TextSettings, total=False):
    keep_gaps: bool
    symmetric: bool
    distance_weighting: bool


class KeywordSettings(_TokenizingSettings, _RunningSettings, total=False):
    """The keyword arguments of `kwic.contexts` that its signature does not name."""

    max_word_bytes: int
    phrases: Phrases | None
    stop_words: StopWords | None
    memory: int | str | None


class PhraseSettings(_ReadingSettings, _RunningSettings, total=False):
    """The keyword arguments of `Phrases.learn` that its signature does not name."""

    threads: int | None
    memory: int | str | None


class VocabularySettings(_TextSettings, _RunningSettings, total=False):
    """The keyword arguments of `Vocabulary.from_corpus`."""

    min_count: int
    threads: int | None
    memory: int | str | None


class CooccurrenceSettings(_CountingSettings, _RunningSettings, total=False):
    """The keyword arguments of `Cooccurrence.from_corpus` that its signature does not name."""


class EstimateSettings(_CountingSettings, total=False):
    """The keyword arguments of `Cooccurrence.estimate`."""

    window: int | None
    min_count: int
    threads: int | None
    memory: int | str | None


def accepts(
    *sections: Sections, but: tuple[str, ...] = ()
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Decorate a function that has ``**settings``: it takes parameters of sections, except `but`.

    The signature of the decorated function names these parameters with their defaults. A call with
    another keyword raises a TypeError.
    """
    allowed = tuple(name for name in names(*sections) if name not in but)

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        known = {p.name for p in own}
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=SETTINGS[name].default)
            for name in allowed
            if name not in known
        ]

        @functools.wraps(function)
        def call(*args: _P.args, **settings: _P.kwargs) -> _R:
            for name in settings:
                if name not in known and name not in allowed:
                    raise TypeError(
                        f"{function.__name__}() got an unexpected keyword argument {name!r}"
                    )
            return function(*args, **settings)

        call.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
        return call

    return decorate
