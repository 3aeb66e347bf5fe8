//! Vector files for Python.

use crate::formats::word2vec::{self, Layout};
use crate::threads;
use numpy::{PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::path::PathBuf;

/// Write vectors as "text", "binary", "headless" or "six_decimals".
#[pyfunction]
#[pyo3(signature = (path, words, vectors, layout))]
pub fn save_vectors(
    py: Python<'_>,
    path: PathBuf,
    words: Vec<String>,
    vectors: PyReadonlyArray2<'_, f32>,
    layout: &str,
) -> PyResult<()> {
    let layout = match layout {
        "text" => Layout::Text,
        "binary" => Layout::Binary,
        "headless" => Layout::Headless,
        "six_decimals" => Layout::SixDecimals,
        _ => return Err(PyValueError::new_err(format!("unknown layout {layout:?}"))),
    };
    let (rows, dim) = (vectors.shape()[0], vectors.shape()[1]);
    if rows != words.len() {
        return Err(PyValueError::new_err(format!(
            "vectors must have a row per word: {rows} rows, {} words",
            words.len()
        )));
    }
    let vectors = vectors.as_slice()?;
    let threads = threads::resolve(None)?;
    Ok(py.detach(|| {
        threads::in_pool(threads, || {
            word2vec::save(path, &words, vectors, dim, layout)
        })?
    })?)
}
