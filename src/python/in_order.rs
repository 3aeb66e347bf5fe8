//! Training on records in a given order, for the tests in Python.

use super::parameters::arrays;
use super::start::exported;
use crate::error::Error;
use crate::threads;
use crate::training::{
    Optimizer, Parameters, RowLayout, SimdLevel, TrainingOptions, train_in_order,
};
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Train copies of the arrays on records, in their order, on one thread, with the kernel of training. Returns the
/// trained arrays by their public names, and the loss of each epoch under the name `losses`.
///
/// Only tests call this function: they compare the steps of the kernel with numpy and with Stanford's tool, record
/// by record and for each instruction set. `train` cannot be compared like this, because it shuffles the records,
/// and because a process trains with one instruction set.
#[pyfunction]
#[pyo3(signature = (row, col, x, W, W_tilde, b, b_tilde, G_W, G_W_tilde, G_b, G_b_tilde, *,
    x_max, alpha, learning_rate, grad_clip, optimizer="adagrad", epochs=1, simd=None,
    bias_learning_rate=1.0, negative_weight=None))]
#[allow(non_snake_case, clippy::too_many_arguments)]
pub fn train_records<'py>(
    py: Python<'py>,
    row: PyReadonlyArray1<'py, i32>,
    col: PyReadonlyArray1<'py, i32>,
    x: PyReadonlyArray1<'py, f64>,
    W: PyReadonlyArray2<'py, f32>,
    W_tilde: PyReadonlyArray2<'py, f32>,
    b: PyReadonlyArray1<'py, f32>,
    b_tilde: PyReadonlyArray1<'py, f32>,
    G_W: PyReadonlyArray2<'py, f32>,
    G_W_tilde: PyReadonlyArray2<'py, f32>,
    G_b: PyReadonlyArray1<'py, f32>,
    G_b_tilde: PyReadonlyArray1<'py, f32>,
    x_max: f64,
    alpha: f64,
    learning_rate: f64,
    grad_clip: f64,
    optimizer: &str,
    epochs: usize,
    simd: Option<&str>,
    bias_learning_rate: f64,
    negative_weight: Option<f32>,
) -> PyResult<Bound<'py, PyDict>> {
    let options = TrainingOptions {
        x_max,
        alpha,
        learning_rate,
        bias_learning_rate,
        epochs,
        optimizer: Optimizer::from_name(optimizer)?,
        grad_clip,
        ..Default::default()
    };
    let level = match simd {
        Some(name) => SimdLevel::from_name(name)?,
        None => SimdLevel::active()?,
    };
    let (words, layout) = (
        W.shape()[0],
        RowLayout::new(W.shape()[1], options.optimizer),
    );
    let values = exported(&W, &W_tilde, &b, &b_tilde)?;
    let accumulators = exported(&G_W, &G_W_tilde, &G_b, &G_b_tilde)?;
    let (row, col, x) = (row.as_slice()?, col.as_slice()?, x.as_slice()?);
    if row.len() != col.len() || row.len() != x.len() {
        let message = "must be as long as col and x";
        return Err(Error::parameter("row", message).into());
    }
    let records: Vec<_> = row
        .iter()
        .zip(col)
        .zip(x)
        // A negative index becomes a large number, which is out of range.
        .map(|((&i, &j), &x)| (i as u32, j as u32, x))
        .collect();
    let (exported, losses) = py.detach(|| {
        threads::in_pool(1, || {
            let mut parameters = Parameters::from_exported(words, layout, &values, &accumulators)?;
            let losses =
                train_in_order(&mut parameters, &records, &options, negative_weight, level)?;
            crate::Result::Ok((
                [parameters.exported(false)?, parameters.exported(true)?],
                losses,
            ))
        })?
    })?;
    let arrays = arrays(py, layout, exported)?;
    arrays.set_item("losses", losses)?;
    Ok(arrays)
}
