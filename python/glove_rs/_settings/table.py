"""Every parameter of counting and training, declared once.

A row of :data:`SETTINGS` gives a parameter's name, section, type with its range, default in each
preset and the help of its command-line option. Checks, presets, the command line, checkpoints, the
Dask module and the methods `estimate` read this table. The signature and the docstring of
:class:`glove_rs.Glove` repeat names and defaults for readers and type checkers; a test compares
them with the table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from .. import _core
from .._user_dictionary import user_dictionary
from .._word_lists import core_phrases, stop_words
from .value_types import (
    Boolean,
    Choice,
    ColumnName,
    FolderPath,
    Integer,
    MemorySize,
    ProgressType,
    Real,
    StorageOptions,
    TokenizerType,
    Type,
    WordsOrFile,
    window_of,
)

__all__ = [
    "CONSTRUCTOR",
    "EVERY_WORD",
    "PRESETS",
    "SETTINGS",
    "Default",
    "Section",
    "Sections",
    "Setting",
    "names",
]

#: What a parameter decides:
#:
#: - `source`: which column has the text, and how to open a URL. These parameters belong to the
#:   methods that read a source, not to the model.
#: - `reading`: how text is read.
#: - `encoding`: how text becomes words of the vocabulary. It consists of five sections. The first
#:   four together are `vocabulary`:
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
        The defaults of the presets that do not have `default`, by the name of the preset. If a
        default is a function, it is called with :class:`Known`, and returns the default.
    """

    name: str
    section: Section
    type: Type
    help: str
    default: Any = None
    optional: bool = False
    presets: Mapping[str, Any] = field(default_factory=dict)

    def check(self, value: Any) -> Any:
        """Convert `value` to the type that the core takes, or raise an exception.

        :func:`checking.checked` lists the exceptions.
        """
        if value is None and self.optional:
            return None
        return self.type.check(self.name, value)


class Default(int):
    """The value of an integer parameter that the user did not give: the default of a preset.

    If the user does not give the parameter, the attribute of the model is a Default: an integer
    that is the default of the parameter in the model's preset. If the user changes the preset, the
    attribute becomes a Default with the default of the new preset. A number that the user gives is
    an int, and no preset replaces it.
    """


class Known(NamedTuple):
    """What the defaults of a preset may depend on.

    Attributes
    ----------
    dim : int
        The number of components of a vector.
    records : int or None
        The number of records of the counts. None if it is not known.
    epochs : int
        The number of epochs. 0 while the default of `epochs` itself is computed.
    """

    dim: int
    records: int | None
    epochs: int = 0


#: The default of `epochs` in the preset "best" if the number of records is not known. With at most
#: this many epochs the default learning rate is 0.25, because both were measured together.
SHORT_EPOCHS: Final = 7


def _best_epochs(known: Known) -> int:
    """Return the default of `epochs` in the preset "best".

    A word of a small text has few records, so its vector needs more passes over them. With 17
    million words at dim 50, more epochs of smaller steps gain nothing. At dim 300 an epoch takes
    more than twice as long as at dim 100, so the default has fewer epochs there.
    """
    # Texts of 0.2, 0.9 and 17 million words were measured at dim 100, with 2 to 69 million
    # records, and some of them at dims 50 and 300 (benches/EXPERIMENTS.md, "More epochs of smaller
    # steps").
    if known.records is None:
        return SHORT_EPOCHS
    least = float(np.interp(known.dim, [50, 100, 300], [5, 8, 6]))
    return round(min(least + math.sqrt(4e8 / max(known.records, 1)), 20))


def _best_learning_rate(known: Known) -> float:
    """Return the default of `learning_rate` in the preset "best".

    Steps smaller than 0.25 give better vectors of rare words, but need more epochs.
    """
    return 0.25 if known.epochs <= SHORT_EPOCHS else 0.16


def _best_grad_clip(known: Known) -> float:
    """Return the default of `grad_clip` in the preset "best".

    This bound of the gradients keeps training at the high learning rate of this preset from
    diverging. Beyond dim 100 the bound falls with the square of the dimension.
    """
    # At dim 300, vectors trained with the bound 0.3 answer 42 % of the analogies, and with the
    # bound 3 only 29 % (benches/EXPERIMENTS.md, "Gradient clipping").
    return 3.0 * min(1.0, (100 / known.dim) ** 2)


#: The presets that are variants of the preset "paper": each has the defaults of "paper", except for
#: the settings that the help of `preset` lists.
VARIANTS: Final = ("stanford2024",)


def _both(best: Any, paper: Any, **variants: Any) -> Mapping[str, Any]:
    """Return the defaults by preset, for :attr:`Setting.presets`.

    A variant of "paper" has the default of "paper", unless `variants` has another one for it.
    """
    return {"best": best, "paper": paper, **dict.fromkeys(VARIANTS, paper), **variants}


_PRESET_NAMES: Final = ("best", "paper", *VARIANTS)

# The values of the preset "best" were measured (benches/EXPERIMENTS.md). In "paper", `x_max`,
# `alpha`, `learning_rate` and `optimizer` are from section 4.2 of Pennington et al. 2014, and
# `epochs`, `bias_learning_rate` and `grad_clip` are those of Stanford's tool. The values of
# "stanford2024" are from the file Training_README.md of Stanford's repository.
_ROWS: Final = (
    # --- source: where the text is in the source of one call -------------------------------------
    Setting(
        "column",
        "source",
        ColumnName(),
        "read this column of text, or of lists of words, from tables: Parquet, Arrow, ORC, JSON "
        "lines, CSV or TSV",
        optional=True,
    ),
    Setting(
        "storage_options",
        "source",
        StorageOptions(),
        "options of fsspec for the store of a URL, as JSON, such as '{\"anon\": true}'; keep "
        "passwords in the configuration of the store instead",
        optional=True,
    ),
    # --- reading and encoding: how text is read and becomes words --------------------------------
    Setting(
        "tokenizer",
        "tokenizing",
        TokenizerType(_core.TOKENIZERS),
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
        WordsOrFile(user_dictionary),
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
        WordsOrFile(core_phrases),
        "count each phrase in this file, which glove-rs phrases wrote, as one word",
        optional=True,
    ),
    Setting(
        "stop_words",
        "lists",
        WordsOrFile(stop_words, "FILE|LANGUAGE"),
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
        default=_core.MAX_WORD_BYTES,
    ),
    # --- counting: which pairs of words are counted ----------------------------------------------
    Setting(
        "window",
        "counting",
        Integer(1, metavar="N|document", parse=window_of),
        "count pairs of words that are at most N words apart; with document, count every pair of "
        f"words of a document, which may have at most {_core.MAX_DOCUMENT} words",
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
    Setting(
        "adjacent",
        "counting",
        Boolean(),
        "also count which words stand side by side, and train with two more contexts for each of "
        "the most frequent words: directly to the left and directly to the right; not possible if "
        "whole documents are counted",
        optional=True,
        presets=_both(True, False),
    ),
    # --- training: the model ---------------------------------------------------------------------
    Setting(
        "preset",
        "training",
        Choice(_PRESET_NAMES),
        "source of the training settings that are not given: best (scores higher in less time, as "
        "measured), paper (the paper's model, as Stanford's tool trains it), or stanford2024 (as "
        # SETTINGS has the numbers of stanford2024 in place of the names in braces.
        "paper, with the settings of Stanford's vectors of 2024: x_max {x_max:g}, {epochs} epochs, "
        "and unless they are given, window {window}, min_count {min_count} and seed {seed})",
        default="best",
    ),
    Setting(
        "dim",
        "training",
        Integer(1, _core.MAX_DIM),
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
        "learning rate of the vectors in the first epoch (default: paper 0.05; best 0.25 for up to "
        "7 epochs, and 0.16 for more)",
        presets=_both(_best_learning_rate, 0.05),
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
        "number of passes over the counts (default: paper 25; best 5 to 20, depending on the text "
        "and on --dim, and 7 for the model of a bootstrap)",
        presets=_both(_best_epochs, 25, stanford2024=100),
    ),
    Setting(
        "optimizer",
        "training",
        Choice(_core.OPTIMIZERS),
        "step rule: adagrad (an accumulator for each component), rowwise_adagrad (one for each "
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
        Real(most=_core.MAX_NEGATIVE),
        "negative sampling: in each epoch, draw X word pairs for each non-zero count, and train on "
        "those that never co-occur",
        presets=_both(1.0, 0.0),
    ),
    Setting(
        "negative_weight",
        "training",
        Real(above=True),
        "weight in the loss of a pair that negative sampling drew; for comparison, a count of "
        "--x-max has weight 1",
        presets=_both(0.15, 0.3),
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
        FolderPath(),
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
        MemorySize(),
        "limit for counts and training records, in bytes or as 512MB or 2GiB; data beyond the "
        "limit goes to temporary files; the limit does not include the vectors",
        optional=True,
    ),
    Setting(
        "tmp_dir",
        "running",
        FolderPath(),
        "folder for temporary files (default: the system's)",
        optional=True,
    ),
    Setting(
        "progress",
        "running",
        ProgressType(),
        "show progress: bars on a terminal, elsewhere a line for each stage and epoch (default: "
        "only on a terminal)",
        optional=True,
    ),
)

#: The defaults that the rows give for each preset, by the parameter's name. A default may be a
#: function of :class:`Known`.
PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    preset: {row.name: row.presets[preset] for row in _ROWS if preset in row.presets}
    for preset in _PRESET_NAMES
}


def _with_numbers(row: Setting) -> Setting:
    """Return a row. The help of `preset` gets the numbers of the preset "stanford2024"."""
    if row.name != "preset":
        return row
    return replace(row, help=row.help.format_map(PRESETS["stanford2024"]))


#: Every parameter by its name.
SETTINGS: Final[Mapping[str, Setting]] = {row.name: _with_numbers(row) for row in _ROWS}


def names(*sections: Sections) -> tuple[str, ...]:
    """Return the names of the parameters of these sections."""
    chosen = {part for section in sections for part in _UNIONS.get(section, (section,))}
    return tuple(row.name for row in _ROWS if row.section in chosen)


#: The parameters of the constructor of :class:`glove_rs.Glove`.
CONSTRUCTOR: Final = frozenset(names("reading", "encoding", "counting", "training", "running"))
#: Parameters with which a vocabulary has every word of the text that is not a stop word.
EVERY_WORD: Final = {"min_count": 1, "max_vocab": None}
