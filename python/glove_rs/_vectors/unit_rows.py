"""The rows of a matrix of word vectors: their lengths, their directions and their cosines.

float32 cannot square the components of vectors longer than 10¹⁹ or shorter than 10⁻¹⁹. Such rows
are called extreme here and are computed in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["UnitRows", "cosine", "unit"]

_Float32: TypeAlias = "NDArray[np.float32]"
_Indices: TypeAlias = "NDArray[np.intp]"

# Rows handled at a time wherever a whole matrix is read: 16,384 rows of 300 float32 are 20 MB.
# Measured: benches/EXPERIMENTS.md, "Sizes of batches".
_ROWS = 16_384
# Within these bounds a sum of squares of float32, and its product with a unit vector, are exact to
# the last digits of float32.
_SQUARES = (1e-30, 1e30)


class UnitRows:
    """Rows of a matrix, scaled to unit length when they are asked for.

    A row has a direction unless it is zero, or has a component that is NaN or infinite. The matrix
    is taken to be constant: the lengths are computed on first use and kept. Reading is thread-safe.

    Parameters
    ----------
    matrix : ndarray of float32 or float16, shape (V, dim)
    """

    def __init__(self, matrix: NDArray[Any]) -> None:
        self.matrix = matrix
        self._measured: tuple[_Float32, _Indices] | None = None

    def __len__(self) -> int:
        return int(self.matrix.shape[0])

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[slice]:
        """Yield slices of at most `_ROWS` rows that cover the rows from `start` to `stop`."""
        stop = len(self) if stop is None else stop
        for first in range(start, stop, _ROWS):
            yield slice(first, min(first + _ROWS, stop))

    # ---------------------------------------------------------------- lengths

    def lengths(self) -> _Float32:
        """Return the length of every row, shape (V,).

        The length of a row that has a direction is finite and above 0.
        """
        return self._lengths_and_extremes()[0]

    def directed(self) -> NDArray[np.bool_]:
        """Return which rows have a direction, shape (V,)."""
        lengths = self.lengths()
        return np.isfinite(lengths) & (lengths > 0)

    def _lengths_and_extremes(self) -> tuple[_Float32, _Indices]:
        """Return the lengths of all rows and the indices of the extreme ones."""
        measured = self._measured
        if measured is None:
            lengths = np.empty(len(self), np.float32)
            extreme: list[_Indices] = []
            for block in self.blocks():
                rows = self._float32(block)
                with np.errstate(over="ignore", invalid="ignore"):
                    squares = np.einsum("ij,ij->i", rows, rows)
                outside = np.flatnonzero(~((squares > _SQUARES[0]) & (squares < _SQUARES[1])))
                block_lengths = lengths[block]
                np.sqrt(squares, out=block_lengths)
                if outside.size:
                    block_lengths[outside] = _lengths_in_float64(rows[outside])
                    found = block_lengths[outside]
                    extreme.append(outside[np.isfinite(found) & (found > 0)] + block.start)
            indices = np.concatenate(extreme) if extreme else np.empty(0, np.intp)
            # Two threads may both compute the lengths; they store the same numbers.
            measured = self._measured = (lengths, indices)
        return measured

    def _extremes(self, rows: slice | _Indices) -> tuple[_Indices, _Indices]:
        """Return the positions in `rows` of the extreme ones, and their indices in the matrix."""
        extreme = self._lengths_and_extremes()[1]
        if not extreme.size:
            return extreme, extreme
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(len(self))
            found = extreme[slice(*np.searchsorted(extreme, (start, stop)))]
            return found - start, found
        positions = np.flatnonzero(np.isin(rows, extreme))
        return positions, rows[positions]

    # ---------------------------------------------------------------- rows

    def _float32(self, block: slice) -> _Float32:
        """Return rows in float32: a view if the matrix is float32."""
        return np.asarray(self.matrix[block], dtype=np.float32)

    def row(self, index: int) -> NDArray[Any]:
        """Return one row scaled to unit length; NaN without a direction, as in gensim."""
        if self._extremes(slice(index, index + 1))[1].size:
            return unit(self.matrix[index].astype(np.float64))
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled: _Float32 = self.matrix[index].astype(np.float32) / self.lengths()[index]
        return scaled

    def rows(self, rows: slice | _Indices) -> _Float32:
        """Return rows scaled to unit length, a copy; zeros for those without a direction."""
        lengths = self.lengths()[rows]
        directed = np.isfinite(lengths) & (lengths > 0)
        scaled = np.array(self.matrix[rows], dtype=np.float32)
        scaled[~directed] = 0
        with np.errstate(over="ignore"):
            scaled /= np.where(directed, lengths, 1)[:, None]
        positions, found = self._extremes(rows)
        if found.size:
            scaled[positions] = _units_in_float64(self.matrix[found])
        return scaled

    # ---------------------------------------------------------------- cosines

    def cosines(self, query: _Float32, start: int, stop: int) -> _Float32:
        """Return ``w · query / |w|`` for the rows from `start` to `stop`; NaN for rows of zeros."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if self.matrix.dtype == np.float32:
                cosines: _Float32 = self.matrix[start:stop] @ query
            else:
                # Block by block: a whole float32 copy would triple the memory of a float16 matrix.
                cosines = np.empty(max(0, stop - start), np.float32)
                for block in self.blocks(start, stop):
                    of_block = cosines[block.start - start : block.stop - start]
                    np.matmul(self._float32(block), query, out=of_block)
            cosines /= self.lengths()[start:stop]
        self._recompute_extremes(cosines, slice(start, stop), query)
        return cosines

    def cosine_distances(self, vector: NDArray[Any], others: _Indices) -> _Float32:
        """Return the cosine distance of `vector` to some rows, or to all if `others` is empty."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            query = vector.astype(np.float32)
            length = np.linalg.norm(query)
            if not _SQUARES[0] < length**2 < _SQUARES[1] and vector.any():
                query, length = unit(vector.astype(np.float64)).astype(np.float32), np.float32(1)
            if others.size:
                cosines = self.matrix[others].astype(np.float32) @ query
                cosines /= self.lengths()[others]
                self._recompute_extremes(cosines, others, query)
            else:
                cosines = self.cosines(query, 0, len(self))
            cosines /= length
        return cast("_Float32", 1 - cosines)

    def _recompute_extremes(
        self, cosines: _Float32, rows: slice | _Indices, query: _Float32
    ) -> None:
        """Replace the cosines of extreme rows by those of float64."""
        positions, found = self._extremes(rows)
        for start in range(0, len(found), _ROWS):
            some = slice(start, start + _ROWS)
            cosines[positions[some]] = _units_in_float64(self.matrix[found[some]]) @ query


def unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale a vector to unit length; a vector of zeros is returned unchanged."""
    scale = np.abs(vector).max(initial=0.0)
    if scale == 0:
        return vector
    # Divided by the largest component first, so that the squares neither overflow nor vanish.
    with np.errstate(invalid="ignore"):
        scaled = vector / scale
        return cast("NDArray[np.float64]", scaled / np.linalg.norm(scaled))


def cosine(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return the cosine of two vectors, 0 if either has no direction."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    # One root of the product: the cosine of a vector with itself is then exactly 1.
    lengths = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / lengths if lengths > 0 else 0.0


def _lengths_in_float64(rows: NDArray[Any]) -> _Float32:
    """Return lengths, clipped to the range of float32 where the vector has a direction."""
    wide = rows.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    float32 = np.finfo(np.float32)
    directed = np.isfinite(lengths) & (lengths > 0)
    lengths[directed] = np.clip(lengths[directed], float32.smallest_subnormal, float32.max)
    return cast("_Float32", lengths.astype(np.float32))


def _units_in_float64(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Scale rows that have a direction to unit length, in float64."""
    wide = rows.astype(np.float64)
    wide /= np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
    return wide
