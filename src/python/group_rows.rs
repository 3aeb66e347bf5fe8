//! The rows of parameters of a group of words, for training on a cluster from Python.

use super::run::run_in_pool;
use super::session::InitArguments;
use crate::error::Result;
use crate::monitor::Monitor;
use crate::partition::Partition;
use crate::threads;
use crate::training::{Optimizer, Parameters, RowLayout};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2};
use pyo3::prelude::*;

/// The ranks of the words of a group, in the order of its rows.
#[pyfunction]
pub fn group_ranks(
    py: Python<'_>,
    words: usize,
    groups: usize,
    group: usize,
) -> Bound<'_, PyArray1<u32>> {
    PyArray1::from_vec(py, ranks(words, groups, group))
}

fn ranks(words: usize, groups: usize, group: usize) -> Vec<u32> {
    let partition = Partition::new(words, groups);
    partition
        .group(group)
        .map(|id| partition.rank(id))
        .collect()
}

/// The parameters of a group at the start of the training: rows of W with b, and rows of W̃ with b̃, with
/// their accumulators, in the core's layout. `init` numbers words by their position in the group.
#[pyfunction]
#[pyo3(signature = (words, groups, group, dim, optimizer, seed, init, threads))]
#[allow(clippy::too_many_arguments)]
pub fn start_rows<'py>(
    py: Python<'py>,
    words: usize,
    groups: usize,
    group: usize,
    dim: usize,
    optimizer: &str,
    seed: u64,
    init: Option<InitArguments<'py>>,
    threads: usize,
) -> PyResult<[Bound<'py, PyArray2<f32>>; 2]> {
    let ranks = ranks(words, groups, group);
    let layout = RowLayout::new(dim, Optimizer::from_name(optimizer)?);
    let anchor = match init {
        Some(init) => Some(init.anchor(ranks.len(), dim)?),
        None => None,
    };
    let parameters = py.detach(|| {
        threads::in_pool(threads, || {
            let mut random = Parameters::random_of(&ranks, layout, seed, &Monitor::new())?;
            if let Some(anchor) = &anchor {
                anchor.initialize(&mut random);
            }
            Result::Ok(random)
        })?
    })?;
    let floats = layout.bytes() / size_of::<f32>();
    let rows = |contexts| {
        PyArray1::from_slice(py, parameters.rows_of(contexts)).reshape([ranks.len(), floats])
    };
    Ok([rows(false)?, rows(true)?])
}

/// Vectors, biases, accumulators of the vectors, and accumulators of the biases.
type RowArrays<'py> = (
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray1<f32>>,
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray1<f32>>,
);

/// The vectors, the biases and their accumulators in rows of W or, if `contexts`, of W̃.
#[pyfunction]
pub fn row_arrays<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
    dim: usize,
    optimizer: &str,
    contexts: bool,
) -> PyResult<RowArrays<'py>> {
    let rows = rows.as_slice()?;
    let layout = RowLayout::new(dim, Optimizer::from_name(optimizer)?);
    let [(w, b), (g_w, g_b)] = run_in_pool(py, |_| Parameters::row_arrays(rows, layout, contexts))?;
    let vectors = |vectors: Vec<f32>, width: usize| {
        let shape = [vectors.len() / width, width];
        PyArray1::from_vec(py, vectors).reshape(shape)
    };
    Ok((
        vectors(w, dim)?,
        PyArray1::from_vec(py, b),
        vectors(g_w, layout.accumulators_per_vector())?,
        PyArray1::from_vec(py, g_b),
    ))
}
