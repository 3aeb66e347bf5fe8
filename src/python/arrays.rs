//! NumPy arrays as plain bytes.

use numpy::PyArray1;
use pyo3::prelude::*;

/// Numbers as bytes. An array that was sent by another machine may lie at an address that is not aligned for
/// larger numbers.
pub type ByteArray<'py> = Bound<'py, PyArray1<u8>>;
