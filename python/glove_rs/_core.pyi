"""The compiled half of `glove_rs`: what the Rust core offers to the Python layer."""

import os
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeAlias, TypedDict, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "CoreCooccurrence",
    "CoreParameters",
    "CoreVectors",
    "CoreVocabulary",
    "FormatError",
    "TrainingDiverged",
    "__version__",
    "check_training",
    "load_parameters",
    "load_vectors",
    "save_parameters",
    "save_vectors",
    "shuffle",
    "simd_level",
    "simd_levels",
    "train",
    "train_records",
]

_Path: TypeAlias = str | os.PathLike[str]
_Progress: TypeAlias = Callable[[str, int, int, dict[str, Any]], object]
_F32: TypeAlias = npt.NDArray[np.float32]

class _Encoding(TypedDict):
    tokenizer: str
    lowercase: bool
    min_count: int
    max_vocab: int | None
    keep_gaps: bool

class _Running(TypedDict):
    threads: int | None
    memory: int | None
    tmp_dir: str | None

class _Counting(TypedDict):
    window: int
    symmetric: bool
    distance_weighting: bool

class _Training(TypedDict):
    x_max: float
    alpha: float
    learning_rate: float
    epochs: int
    optimizer: str
    grad_clip: float
    deterministic: bool
    seed: int

class _Start(TypedDict):
    W: _F32
    W_tilde: _F32
    b: _F32
    b_tilde: _F32
    G_W: _F32
    G_W_tilde: _F32
    G_b: _F32
    G_b_tilde: _F32
    epochs_done: int
    halvings: int

__version__: Final[str]

class FormatError(ValueError): ...

class TrainingDiverged(ArithmeticError):  # noqa: N818 - what happened, as numpy names them
    history: list[float]

@final
class CoreVocabulary:
    def __new__(cls, words: Sequence[str], counts: Sequence[int]) -> CoreVocabulary: ...
    @staticmethod
    def from_corpus(
        source: object, encoding: _Encoding, running: _Running, progress: _Progress | None
    ) -> CoreVocabulary: ...
    @staticmethod
    def load(path: _Path) -> CoreVocabulary: ...
    def save(self, path: _Path) -> None: ...
    def pruned(self, min_count: int, max_vocab: int | None) -> CoreVocabulary: ...
    def words(self) -> list[str]: ...
    def counts(self) -> npt.NDArray[np.int64]: ...
    def index(self, word: str) -> int | None: ...
    def __len__(self) -> int: ...

@final
class CoreCooccurrence:
    @staticmethod
    def from_corpus(
        source: object,
        vocabulary: CoreVocabulary | None,
        encoding: _Encoding,
        counting: _Counting,
        running: _Running,
        progress: _Progress | None,
    ) -> CoreCooccurrence: ...
    @staticmethod
    def estimate(
        path: _Path, encoding: _Encoding, counting: _Counting, running: _Running
    ) -> list[float]: ...
    @staticmethod
    def load(path: _Path, running: _Running, progress: _Progress | None) -> CoreCooccurrence: ...
    @staticmethod
    def is_native(path: _Path) -> bool: ...
    def save(self, path: _Path) -> None: ...
    def plus(
        self, other: CoreCooccurrence, weight: float, other_weight: float
    ) -> CoreCooccurrence: ...
    def scaled(self, weight: float) -> CoreCooccurrence: ...
    @staticmethod
    def from_csr(
        vocabulary: CoreVocabulary,
        indptr: npt.NDArray[np.int64],
        indices: npt.NDArray[np.int64],
        values: npt.NDArray[np.float64],
    ) -> CoreCooccurrence: ...
    @staticmethod
    def load_stanford(
        path: _Path,
        vocabulary: CoreVocabulary,
        running: _Running,
        progress: _Progress | None,
    ) -> CoreCooccurrence: ...
    def save_stanford(self, path: _Path) -> None: ...
    def csr(
        self,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float64]]: ...
    @property
    def vocabulary(self) -> CoreVocabulary: ...
    @property
    def symmetric(self) -> bool: ...
    @property
    def nnz(self) -> int: ...
    @property
    def on_disk(self) -> bool: ...
    @property
    def total(self) -> float: ...
    def get(self, i: int, j: int) -> float: ...
    def row_sum(self, i: int) -> float: ...

@final
class CoreParameters:
    @property
    def arrays(self) -> dict[str, _F32]: ...
    @property
    def addresses(self) -> dict[str, int]: ...
    @property
    def history(self) -> list[tuple[int, float, float, float]]: ...

def check_training(training: _Training) -> None: ...
def train(
    counts: CoreCooccurrence,
    dim: int,
    training: _Training,
    running: _Running,
    progress: _Progress | None,
    consume: bool,
    start: _Start | None = None,
) -> CoreParameters: ...
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
) -> dict[str, Any]: ...
def simd_level() -> str: ...
def simd_levels() -> list[str]: ...

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
    def words(self) -> list[str]: ...
    def repeated(self) -> list[str]: ...
    def doubtful(self) -> list[str]: ...
    def __len__(self) -> int: ...

def load_vectors(
    path: _Path,
    format: str | None,
    limit: int | None,
    half: bool,
    vocabulary: CoreVocabulary | None,
    progress: _Progress | None,
) -> CoreVectors: ...
def save_vectors(
    path: _Path,
    words: Sequence[str],
    vectors: npt.NDArray[Any],
    layout: Literal["text", "binary", "headless", "six_decimals", "six_decimals_header", "native"],
) -> None: ...
def load_parameters(
    path: _Path, words: int, progress: _Progress | None
) -> tuple[_F32, _F32, _F32, _F32]: ...
def save_parameters(path: _Path, W: _F32, W_tilde: _F32, b: _F32, b_tilde: _F32) -> None: ...
def shuffle(
    source: _Path, target: _Path, seed: int, running: _Running, progress: _Progress | None
) -> int: ...
