//! NumPy arrays as plain bytes.

use numpy::PyArray1;
use pyo3::prelude::*;

/// Numbers as an array of bytes, because the memory of an array that comes from another machine may not be aligned
/// for larger numbers.
pub type ByteArray<'py> = Bound<'py, PyArray1<u8>>;
