//! Products of matrices for Python.

use numpy::{PyArray2, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// The product of two matrices in float64. Only the calling thread computes it, so the package decides how many
/// threads compute products at the same time; numpy's BLAS would start threads of its own. An element of the product
/// has the same bits whatever the other rows of `a` are.
#[pyfunction]
#[pyo3(signature = (a, b))]
pub fn product<'py>(
    py: Python<'py>,
    a: PyReadonlyArray2<'py, f64>,
    b: PyReadonlyArray2<'py, f64>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    if a.shape()[1] != b.shape()[0] {
        return Err(PyValueError::new_err(format!(
            "the columns of a must be as many as the rows of b, got {} and {}",
            a.shape()[1],
            b.shape()[0]
        )));
    }
    let (left, right) = (a.as_array(), b.as_array());
    let found = py.detach(|| left.dot(&right));
    Ok(PyArray2::from_owned_array(py, found))
}
