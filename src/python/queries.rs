//! Cosines of word vectors for Python.

use super::files::FloatMatrix;
use super::run::run;
use crate::error::Result;
use crate::float16::Element;
use crate::monitor::Monitor;
use crate::{queries, threads};
use numpy::{
    PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// The cosines of the rows of a matrix with a unit vector; NaN for rows without a direction: they are zero, or have a
/// component that is NaN or infinite.
#[pyfunction]
#[pyo3(signature = (vectors, query))]
pub fn cosines<'py>(
    py: Python<'py>,
    vectors: FloatMatrix<'py>,
    query: PyReadonlyArray1<'py, f32>,
) -> PyResult<Bound<'py, PyArray1<f32>>> {
    let found = match &vectors {
        FloatMatrix::Single(vectors) => cosines_of(py, vectors, query.as_slice()?),
        FloatMatrix::Half(vectors) => cosines_of(py, vectors, query.as_slice()?),
    }?;
    Ok(PyArray1::from_vec(py, found))
}

fn cosines_of<E: Element + numpy::Element>(
    py: Python<'_>,
    vectors: &PyReadonlyArray2<'_, E>,
    query: &[f32],
) -> PyResult<Vec<f32>> {
    if vectors.shape()[1] != query.len() {
        return Err(PyValueError::new_err(
            "query must have a number for each column",
        ));
    }
    let matrix = vectors.as_slice()?;
    if query.is_empty() {
        return Ok(vec![f32::NAN; vectors.shape()[0]]);
    }
    work(py, matrix.len(), |threads, monitor| {
        queries::cosines(matrix, query, threads, monitor)
    })
}

/// Rows of unit length, and whether each row has a direction.
type UnitRows<'py> = (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray1<bool>>);

/// The rows of a matrix scaled to unit length, and whether each has a direction. A row without a direction
/// becomes zeros.
#[pyfunction]
#[pyo3(signature = (vectors))]
pub fn unit_rows<'py>(py: Python<'py>, vectors: FloatMatrix<'py>) -> PyResult<UnitRows<'py>> {
    match &vectors {
        FloatMatrix::Single(vectors) => unit_rows_of(py, vectors),
        FloatMatrix::Half(vectors) => unit_rows_of(py, vectors),
    }
}

fn unit_rows_of<'py, E: Element + numpy::Element>(
    py: Python<'py>,
    vectors: &PyReadonlyArray2<'py, E>,
) -> PyResult<UnitRows<'py>> {
    let shape = [vectors.shape()[0], vectors.shape()[1]];
    let matrix = vectors.as_slice()?;
    let (rows, mut directed) = work(py, matrix.len(), |threads, monitor| {
        queries::unit_rows(matrix, shape[1], threads, monitor)
    })?;
    directed.resize(shape[0], false);
    Ok((
        PyArray1::from_vec(py, rows).reshape(shape)?,
        PyArray1::from_vec(py, directed),
    ))
}

/// Run `work` on a matrix of `numbers` numbers. The calling thread does all the work on a small matrix,
/// because starting a thread would take longer.
fn work<T: Send>(
    py: Python<'_>,
    numbers: usize,
    work: impl FnOnce(usize, &Monitor) -> Result<T> + Send,
) -> PyResult<T> {
    if numbers < queries::PARALLEL_FROM {
        return Ok(py.detach(|| work(1, &Monitor::new()))?);
    }
    let threads = threads::resolve(None)?;
    run(py, None, None, |monitor| work(threads, monitor))
}
