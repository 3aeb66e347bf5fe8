"""Types of the compiled module: what the Rust core offers to the Python package."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Final, Literal, NotRequired, TypeAlias, TypedDict, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "COMBINATIONS",
    "COMPRESSED_ENDINGS",
    "COMPRESSION_BYTES",
    "DOCUMENTS",
    "MAX_DIM",
    "MAX_DOCUMENT",
    "MAX_NEGATIVE",
    "MAX_WORD_BYTES",
    "NEGATIVE_EXPONENT",
    "NORMALIZATIONS",
    "OPTIMIZERS",
    "ROW_ALIGNMENT",
    "SCHEDULES",
    "SCORINGS",
    "START_ACCUMULATOR",
    "TEXT_ERRORS",
    "TOKENIZERS",
    "VECTOR_FORMATS",
    "CoreCheckpoint",
    "CoreCooccurrence",
    "CoreDesign",
    "CoreDocuments",
    "CoreEpoch",
    "CoreEpochLog",
    "CoreEstimate",
    "CoreGroupCounts",
    "CoreParameters",
    "CorePhrases",
    "CoreShard",
    "CoreSplitter",
    "CoreSubwords",
    "CoreTiles",
    "CoreVectors",
    "CoreVocabulary",
    "DecompressedReader",
    "FileWriter",
    "FolderLock",
    "FolderWriter",
    "FormatError",
    "InternalError",
    "PanicException",
    "TrainingDiverged",
    "__version__",
    "check_ending",
    "check_kind",
    "check_training",
    "cosines",
    "count_by_group",
    "count_lines",
    "count_table",
    "document_end",
    "ending",
    "find_member",
    "folded",
    "group_marginals",
    "group_ranks",
    "is_archive",
    "is_compressed_name",
    "is_member",
    "is_native",
    "is_splittable",
    "is_temporary_of",
    "learn_phrases",
    "load_parameters",
    "load_vectors",
    "member_path",
    "members",
    "merge_vocabularies",
    "most_threads",
    "negative_targets",
    "parameters_summary",
    "product",
    "random_parameters",
    "read_text",
    "recognise",
    "records_summary",
    "restore_subwords",
    "restore_vocabulary",
    "row_arrays",
    "save_parameters",
    "save_vectors",
    "shrink",
    "shuffle",
    "simd_level",
    "simd_levels",
    "split_counts",
    "split_documents",
    "start_rows",
    "subepochs",
    "subword_design",
    "table_bytes",
    "table_format",
    "take_panic",
    "train",
    "train_records",
    "unit_rows",
    "weights",
]

_Path: TypeAlias = str | os.PathLike[str]
_Wanted: TypeAlias = Literal[
    "text",
    "vectors",
    "vocabulary",
    "counts",
    "parameters",
    "model",
    "checkpoint",
    "evaluation",
]
_Progress: TypeAlias = Callable[[str, int, int, dict[str, Any]], object]
_F32: TypeAlias = npt.NDArray[np.float32]

#: The names that the parameters `combine`, `documents`, `normalize`, `optimizer`, `schedule`,
#: `scoring`, `errors`, `tokenizer` and `format` accept: a tuple for each parameter, in this order.
COMBINATIONS: Final[tuple[str, ...]]
DOCUMENTS: Final[tuple[str, ...]]
NORMALIZATIONS: Final[tuple[str, ...]]
OPTIMIZERS: Final[tuple[str, ...]]
SCHEDULES: Final[tuple[str, ...]]
SCORINGS: Final[tuple[str, ...]]
TEXT_ERRORS: Final[tuple[str, ...]]
TOKENIZERS: Final[tuple[str, ...]]
VECTOR_FORMATS: Final[tuple[str, ...]]

#: Parameters by name, in the types that the core takes. `_settings/table.py` declares each of them,
#: and `_settings/core_arguments.py` makes these dicts.
_Encoding: TypeAlias = dict[str, Any]
_Counting: TypeAlias = dict[str, Any]
_Training: TypeAlias = dict[str, Any]

class _Source(TypedDict):
    kind: str
    value: object
    name: str
    column: str | None
    total: int | None
    is_sample: bool
    documents: str
    errors: str
    tokenize: tuple[Callable[[str], Iterable[str]], bool, str | None] | None

class _Running(TypedDict):
    threads: int | None
    memory: int | None
    tmp_dir: str | None

class _BlockEpoch(TypedDict):
    epoch: int
    halvings: int
    divergence_cost: float

class _Subepoch(TypedDict):
    cycle: int
    cycles: int
    shift: int
    last: bool

class _Checkpoint(TypedDict):
    path: str
    counts: str | None
    every: int
    settings: str

class _Init(TypedDict):
    words: npt.NDArray[np.uint32]
    vectors: _F32
    anchor: float

class _FitArguments(TypedDict):
    validation: float | None
    early_stopping: int | None
    seconds_left: float | None
    callback: Callable[[CoreEpoch], bool] | None
    checkpoint: _Checkpoint | None
    init: _Init | None
    keep_counts: bool
    store_result: Callable[[CoreParameters], object] | None
    frozen_contexts: NotRequired[bool]
    trained_words: NotRequired[int]

class _Start(TypedDict):
    W: _F32
    W_tilde: _F32
    b: _F32
    b_tilde: _F32
    G_W: NotRequired[_F32]
    G_W_tilde: NotRequired[_F32]
    G_b: NotRequired[_F32]
    G_b_tilde: NotRequired[_F32]
    epochs_done: int
    halvings: int

__version__: Final[str]

#: The endings of the names of compressed files, without a dot, in lower case.
COMPRESSED_ENDINGS: Final[tuple[str, ...]]
#: `is_splittable` needs this many bytes from the beginning of a file.
COMPRESSION_BYTES: Final[int]
NEGATIVE_EXPONENT: Final[float]
#: The value of every accumulator before training.
START_ACCUMULATOR: Final[float]
#: The largest value of `negative`.
MAX_NEGATIVE: Final[float]
#: The largest value of `dim`.
MAX_DIM: Final[int]
#: The default of `max_word_bytes`.
MAX_WORD_BYTES: Final[int]
#: The number of words of the longest document that ``window=None`` counts.
MAX_DOCUMENT: Final[int]
#: The kernel needs rows whose addresses are multiples of this many bytes.
ROW_ALIGNMENT: Final[int]

# The documentation site takes the docstrings of these classes from here.
class FormatError(ValueError):
    """A file is malformed. The message names the file and the line or byte offset."""

class InternalError(RuntimeError):
    """An error in glove-rs itself. Please report it, with the message. No output file is left half written: each is complete or unchanged."""  # noqa: E501 - the same text as in the binding

class PanicException(BaseException): ...

class TrainingDiverged(ArithmeticError):  # noqa: N818 - the name says what happened
    """Training diverged, even after the learning rate was halved several times. `history` has the loss of each epoch that finished before."""  # noqa: E501 - the same text as in the binding

    history: list[float]

@final
class DecompressedReader:
    @staticmethod
    def of_file(file: IO[bytes], name: str) -> DecompressedReader: ...
    @staticmethod
    def of_member(path: _Path) -> DecompressedReader: ...
    @property
    def compression(self) -> Literal["gzip", "bzip2", "xz", "Zstandard"] | None: ...
    def peek(self, size: int) -> bytes: ...
    def read(self, size: int) -> bytes: ...

@final
class FileWriter:
    @staticmethod
    def new(path: _Path) -> FileWriter: ...
    def write(self, data: bytes) -> None: ...
    def commit(self) -> None: ...
    def discard(self) -> None: ...

@final
class FolderWriter:
    @property
    def folder(self) -> str: ...
    @staticmethod
    def new(path: _Path, names: Sequence[str]) -> FolderWriter: ...
    def check(self, overwrite: bool) -> None: ...
    def commit(self, overwrite: bool) -> None: ...
    def commit_file(self, name: str) -> None: ...
    def discard(self) -> None: ...

@final
class FolderLock:
    @staticmethod
    def new(folder: _Path) -> FolderLock: ...
    def release(self) -> None: ...

@final
class CoreVocabulary:
    @staticmethod
    def new(words: Sequence[str], counts: Sequence[int]) -> CoreVocabulary: ...
    @staticmethod
    def from_corpus(
        source: _Source, encoding: _Encoding, running: _Running, progress: _Progress | None
    ) -> CoreVocabulary: ...
    @staticmethod
    def load(file: _Path | IO[Any]) -> CoreVocabulary: ...
    def save(self, path: _Path) -> None: ...
    def pruned(self, min_count: int, max_vocab: int | None) -> CoreVocabulary: ...
    def words(self) -> list[str]: ...
    def counts(self) -> npt.NDArray[np.int64]: ...
    def by_count(self) -> tuple[CoreVocabulary, npt.NDArray[np.int64]]: ...
    def with_word(self, word: str) -> CoreVocabulary: ...
    def chosen(self, name: _Path, encoding: _Encoding) -> CoreVocabulary: ...
    def refuse_stop_words(self, encoding: _Encoding) -> None: ...
    def selected(
        self, ranks: npt.NDArray[np.uint32], counts: npt.NDArray[np.uint64]
    ) -> CoreVocabulary: ...
    def counted(self, other: CoreVocabulary) -> CoreVocabulary: ...
    def index(self, word: str) -> int | None: ...
    @property
    def nbytes(self) -> int: ...
    def __len__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

class _Subwords(TypedDict):
    min_n: int | None
    max_n: int | None
    min_words: int
    penalty: float
    steps: int

@final
class CoreDesign: ...

@final
class CoreSubwords:
    @staticmethod
    def fit(
        words: Sequence[str],
        vectors: npt.NDArray[np.float32],
        counts: npt.NDArray[np.uint64] | None,
        options: _Subwords,
        threads: int | None,
        progress: _Progress | None,
    ) -> CoreSubwords: ...
    @staticmethod
    def load(file: _Path | IO[Any]) -> CoreSubwords: ...
    def save(self, path: _Path) -> None: ...
    def to_bytes(self) -> npt.NDArray[np.uint8]: ...
    def predict(
        self, words: Sequence[str]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]: ...
    def ngrams_of(self, word: str) -> list[str]: ...
    def ngrams(self) -> list[str]: ...
    def vectors(self) -> npt.NDArray[np.float32]: ...
    @property
    def dim(self) -> int: ...
    @property
    def lengths(self) -> tuple[int, int]: ...
    def __len__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class CoreShard:
    @staticmethod
    def new(vocabulary: CoreVocabulary, ids: npt.NDArray[np.uint8]) -> CoreShard: ...
    @staticmethod
    def read(source: _Source, encoding: _Encoding) -> CoreShard: ...
    def encode(
        self, vocabulary: CoreVocabulary, encoding: _Encoding, groups: int
    ) -> npt.NDArray[np.uint32]: ...
    @property
    def vocabulary(self) -> CoreVocabulary: ...
    @property
    def tokens(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class CoreSplitter:
    @staticmethod
    def new(encoding: _Encoding) -> CoreSplitter: ...
    def split(self, folded: str) -> list[str]: ...

@final
class CoreGroupCounts:
    @staticmethod
    def new(
        header: Sequence[int],
        symmetric: bool,
        blocks: npt.NDArray[np.uint8],
        buffers: Sequence[npt.NDArray[np.uint8]],
    ) -> CoreGroupCounts: ...
    @staticmethod
    def merge(parts: Sequence[CoreGroupCounts], threads: int) -> CoreGroupCounts: ...
    def records(
        self,
    ) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.float64]]: ...
    @property
    def pairs(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class CoreDocuments:
    @staticmethod
    def from_corpus(
        source: _Source,
        vocabulary: CoreVocabulary | None,
        encoding: _Encoding,
        running: _Running,
        progress: _Progress | None,
    ) -> CoreDocuments: ...
    @property
    def vocabulary(self) -> CoreVocabulary: ...
    def lengths(self) -> npt.NDArray[np.uint32]: ...
    def count(
        self,
        weights: npt.NDArray[np.uint32],
        counting: _Counting,
        running: _Running,
        progress: _Progress | None,
    ) -> CoreCooccurrence: ...
    def subset(
        self,
        weights: npt.NDArray[np.uint32],
        vocabulary: CoreVocabulary,
        ranks: npt.NDArray[np.uint32],
    ) -> CoreDocuments: ...
    def word_counts(self, weights: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]: ...
    def __len__(self) -> int: ...

def count_by_group(
    texts: Sequence[npt.NDArray[np.uint8]],
    vocabulary: CoreVocabulary,
    counting: _Counting,
    groups: int,
    task: int,
    tasks: int,
) -> list[CoreGroupCounts]: ...
def is_splittable(beginning: bytes) -> bool: ...
def folded(words: Sequence[str], lowercase: bool, normalize: str | None) -> list[str]: ...
def restore_subwords(content: bytes) -> CoreSubwords: ...
def learn_phrases(
    earlier: CorePhrases,
    source: _Source,
    encoding: _Encoding,
    running: _Running,
    min_count: int,
    threshold: float,
    scoring: str,
    progress: _Progress | None,
) -> CorePhrases: ...
def subepochs(groups: int) -> list[_Subepoch]: ...
def subword_design(
    vocabulary: CoreVocabulary, threads: int | None, progress: _Progress | None
) -> CoreDesign: ...
def shrink(
    vocabulary: CoreVocabulary,
    w: _F32,
    w_tilde: _F32,
    threads: int | None,
    progress: _Progress | None,
) -> tuple[CoreSubwords, _F32, _F32] | None: ...
def restore_vocabulary(
    words: npt.NDArray[np.uint8], ends: npt.NDArray[np.uint8], counts: npt.NDArray[np.uint8]
) -> CoreVocabulary: ...
def merge_vocabularies(parts: Sequence[CoreVocabulary]) -> CoreVocabulary: ...

@final
class CoreCooccurrence:
    @staticmethod
    def from_corpus(
        source: _Source,
        vocabulary: CoreVocabulary | None,
        encoding: _Encoding,
        counting: _Counting,
        running: _Running,
        progress: _Progress | None,
    ) -> CoreCooccurrence: ...
    def with_more_text(
        self,
        source: _Source,
        encoding: _Encoding,
        counting: _Counting,
        running: _Running,
        progress: _Progress | None,
        grow: bool,
    ) -> CoreCooccurrence: ...
    @staticmethod
    def load(
        path: _Path | IO[Any],
        vocabulary: CoreVocabulary | None,
        running: _Running,
        progress: _Progress | None,
    ) -> CoreCooccurrence: ...
    def save(self, path: _Path) -> None: ...
    def plus(
        self, other: CoreCooccurrence, weight: float, other_weight: float
    ) -> CoreCooccurrence: ...
    def scaled(self, weight: float) -> CoreCooccurrence: ...
    @staticmethod
    def from_csr(
        vocabulary: CoreVocabulary,
        contexts: CoreVocabulary | None,
        indptr: npt.NDArray[np.int64],
        indices: npt.NDArray[np.int64],
        values: npt.NDArray[np.float64],
        rare: CoreVocabulary | None = None,
        adjacent: CoreCooccurrence | None = None,
    ) -> CoreCooccurrence: ...
    def save_stanford(self, path: _Path) -> None: ...
    def csr(
        self,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float64]]: ...
    def row_bounds(self) -> list[int]: ...
    def rows(
        self, first: int, end: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float64]]: ...
    @property
    def contexts(self) -> CoreVocabulary | None: ...
    @property
    def vocabulary(self) -> CoreVocabulary: ...
    @property
    def rare(self) -> CoreVocabulary: ...
    @property
    def symmetric(self) -> bool: ...
    @property
    def adjacent(self) -> CoreCooccurrence | None: ...
    @property
    def has_adjacent(self) -> bool: ...
    @property
    def nnz(self) -> int: ...
    @property
    def on_disk(self) -> bool: ...
    @property
    def total(self) -> float: ...
    def data_loss(
        self,
        W: _F32,
        W_tilde: _F32,
        b: _F32,
        b_tilde: _F32,
        x_max: float,
        alpha: float,
        running: _Running,
    ) -> float: ...
    def get(self, i: int, j: int) -> float: ...
    def row_sum(self, i: int) -> float: ...
    def selected_rows(
        self, rows: Sequence[int], columns: Sequence[int] | None
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float64]]: ...
    def sums(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...

def count_table(
    source: Any,
    columns: tuple[str, str, str | None],
    symmetric: bool,
    rectangular: bool,
    running: _Running,
    progress: _Progress | None,
) -> CoreCooccurrence: ...

@final
class CorePhrases:
    @staticmethod
    def new(
        delimiter: str,
        connectors: Sequence[str],
        passes: Sequence[Sequence[tuple[Sequence[str], float]]],
    ) -> CorePhrases: ...
    def contents(self) -> tuple[str, list[str], list[list[tuple[list[str], float]]]]: ...
    def joined(self, words: Sequence[str]) -> list[str]: ...
    def __len__(self) -> int: ...

@final
class CoreParameters:
    @property
    def arrays(self) -> dict[str, _F32]: ...
    @property
    def history(self) -> list[tuple[int, float, float, float]]: ...
    @property
    def data_loss(self) -> list[float]: ...
    @property
    def validation(self) -> list[float | None]: ...
    @property
    def subwords(self) -> CoreSubwords | None: ...
    @property
    def counts(self) -> CoreCooccurrence | None: ...

@final
class CoreEpoch:
    @property
    def epoch(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def data_loss(self) -> float: ...
    @property
    def validation(self) -> float | None: ...
    @property
    def seconds(self) -> float: ...
    @property
    def records_per_second(self) -> float: ...
    def side(self, contexts: bool) -> tuple[_F32, _F32]: ...

@final
class CoreCheckpoint:
    @staticmethod
    def load(path: _Path) -> CoreCheckpoint: ...
    @property
    def settings(self) -> str: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...
    @property
    def epochs(self) -> int: ...
    def is_of_optimizer(self, name: str) -> bool: ...

@final
class CoreEstimate:
    @staticmethod
    def new(
        source: _Source, encoding: _Encoding, counting: _Counting, running: _Running
    ) -> CoreEstimate: ...
    def corpus(self) -> list[tuple[float, float, float]]: ...
    def bytes(self) -> list[int]: ...
    def fit(
        self,
        dim: int,
        optimizer: str,
        negative: float,
        keep_counts: bool = False,
        limit: int | None = None,
    ) -> list[tuple[float, float, float]]: ...
    def seconds(self, dim: int, training: _Training) -> list[float]: ...
    def advice(
        self,
        dim: int,
        optimizer: str,
        negative: float,
        available: float,
        keep_counts: bool = False,
    ) -> tuple[bool, int | None, float | None, int | None, int | None]: ...

@final
class CoreEpochLog:
    @staticmethod
    def new(
        training: _Training,
        validation: float | None,
        records: int,
        held_out: int,
        early_stopping: int | None,
        seconds_left: float | None,
    ) -> CoreEpochLog: ...
    @property
    def epochs(self) -> int: ...
    @property
    def halvings(self) -> int: ...
    @property
    def divergence_cost(self) -> float | None: ...
    def set_divergence_cost(self, cost: float) -> None: ...
    def is_finished(self) -> bool: ...
    def is_divergence(self, cost: float) -> bool: ...
    def halve_rate(self) -> str: ...
    def finish_epoch(
        self,
        records: float,
        negatives: float,
        held_out: float,
        seconds: float,
    ) -> tuple[tuple[float, float, float | None, float, float], bool]: ...
    def has_time_for(self, seconds: float) -> bool: ...
    def stop(self) -> None: ...
    def rewind(self, epochs: int, halvings: int) -> None: ...

@final
class CoreTiles:
    @staticmethod
    def new(
        index: npt.NDArray[np.uint8],
        records: npt.NDArray[np.uint8],
        filters: npt.NDArray[np.uint8],
        negatives: npt.NDArray[np.uint8],
    ) -> CoreTiles: ...
    @staticmethod
    def of_group(
        counts: CoreGroupCounts,
        records: npt.NDArray[np.uint64],
        sums: npt.NDArray[np.float64],
        dim: int,
        training: _Training,
        validation: float | None,
        running: _Running,
    ) -> CoreTiles: ...
    def train(
        self,
        columns: int,
        training: _Training,
        epoch: _BlockEpoch,
        subepoch: _Subepoch,
        words: _F32,
        contexts: _F32,
        threads: int,
    ) -> tuple[float, float] | None: ...
    def cost(
        self,
        of: Literal["validation", "divergence"],
        columns: int,
        training: _Training,
        words: _F32,
        contexts: _F32,
        threads: int,
    ) -> float: ...
    @property
    def records(self) -> int: ...
    @property
    def held_out(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def group_marginals(
    counts: CoreGroupCounts, threads: int
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.float64]]: ...
def split_documents(text: str, documents: str) -> list[str]: ...
def document_end(documents: str) -> bytes | None: ...
def table_bytes(memory: int | None) -> int: ...
def split_counts(counts: CoreCooccurrence, groups: int) -> list[CoreGroupCounts]: ...
def group_ranks(words: int, groups: int, group: int) -> npt.NDArray[np.uint32]: ...
def start_rows(
    words: int,
    groups: int,
    group: int,
    dim: int,
    optimizer: str,
    seed: int,
    init: _Init | None,
    threads: int,
) -> list[_F32]: ...
def row_arrays(
    rows: _F32, dim: int, optimizer: str, contexts: bool
) -> tuple[_F32, _F32, _F32, _F32]: ...
def check_training(training: _Training) -> None: ...
def negative_targets(expected: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
def weights(x: npt.NDArray[np.float64], x_max: float, alpha: float) -> npt.NDArray[np.float64]: ...
def train(
    counts: CoreCooccurrence,
    dim: int,
    training: _Training,
    running: _Running,
    progress: _Progress | None,
    consume: bool,
    start: _Start | CoreCheckpoint | None = None,
    fitting: _FitArguments | None = None,
    design: CoreDesign | None = None,
) -> CoreParameters: ...
def random_parameters(first: int, end: int, dim: int, seed: int) -> dict[str, _F32]: ...
def train_records(
    row: npt.NDArray[np.int32],
    col: npt.NDArray[np.int32],
    x: npt.NDArray[np.float64],
    W: _F32,
    W_tilde: _F32,
    b: _F32,
    b_tilde: _F32,
    G_W: _F32,
    G_W_tilde: _F32,
    G_b: _F32,
    G_b_tilde: _F32,
    *,
    x_max: float,
    alpha: float,
    learning_rate: float,
    grad_clip: float,
    optimizer: str = "adagrad",
    epochs: int = 1,
    simd: str | None = None,
    bias_learning_rate: float = 1.0,
    negative_weight: float | None = None,
) -> dict[str, Any]: ...
def most_threads() -> int: ...
def simd_level() -> str: ...
def simd_levels() -> list[str]: ...
def take_panic() -> str | None: ...

@final
class CoreVectors:
    @property
    def matrix(self) -> npt.NDArray[Any] | None: ...
    @property
    def dim(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def header(self) -> bytes: ...
    @property
    def half(self) -> bool: ...
    def words(self) -> list[str]: ...
    def repeated(self) -> list[str]: ...
    def doubtful(self) -> list[str]: ...
    def not_finite(self) -> list[str]: ...
    def __len__(self) -> int: ...

def recognise(path: _Path) -> tuple[str, str, str]: ...
def check_kind(path: _Path, wanted: _Wanted) -> None: ...
def count_lines(path: _Path) -> tuple[int, str]: ...
def table_format(
    beginning: bytes,
) -> Literal["parquet", "orc", "ipc", "ipc stream", "feather 1", "foreign"] | None: ...
def check_ending(path: _Path, content: str) -> None: ...
def ending(path: _Path) -> str: ...
def member_path(archive: _Path, member: str) -> Path: ...
def members(archive: _Path) -> list[str]: ...
def find_member(path: _Path) -> tuple[str, str]: ...
def is_temporary_of(name: str, target: str) -> bool: ...
def is_member(path: _Path) -> bool: ...
def is_compressed_name(path: _Path) -> bool: ...
def is_archive(path: _Path) -> bool: ...
def read_text(file: _Path | IO[Any], wanted: _Wanted) -> str: ...
def is_native(path: _Path) -> bool: ...
def load_vectors(
    path: _Path | IO[Any],
    format: str | None,
    limit: int | None,
    half: bool | None,
    vocabulary: CoreVocabulary | None,
    combine: str,
    map: bool,
    max_line_bytes: int,
    errors: str,
    only: Sequence[str] | None,
    progress: _Progress | None,
) -> CoreVectors: ...
def save_vectors(
    path: _Path,
    words: Sequence[str],
    vectors: npt.NDArray[Any],
    layout: Literal["text", "binary", "headless", "six_decimals", "six_decimals_header", "native"],
) -> None: ...
def cosines(vectors: npt.NDArray[Any], query: _F32) -> _F32: ...
def unit_rows(vectors: npt.NDArray[Any]) -> tuple[_F32, npt.NDArray[np.bool_]]: ...
def product(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
def load_parameters(
    path: _Path, words: int, progress: _Progress | None
) -> tuple[_F32, _F32, _F32, _F32]: ...
def save_parameters(path: _Path, W: _F32, W_tilde: _F32, b: _F32, b_tilde: _F32) -> None: ...
def records_summary(
    path: _Path, shown: int
) -> tuple[int, int, float, bool, list[tuple[int, int, float]]]: ...
def parameters_summary(path: _Path, shown: int) -> tuple[int, list[float]]: ...
def shuffle(
    source: _Path, target: _Path, seed: int, running: _Running, progress: _Progress | None
) -> int: ...
