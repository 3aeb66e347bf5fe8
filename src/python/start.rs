//! Where a training starts, for Python: at a checkpoint, or at given parameters.

use super::session::CoreCheckpoint;
use crate::error::Error;
use crate::session::Start;
use crate::training::{EpochLog, Exported};
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

/// Parameters to start from, by their public names, with the numbers of epochs and of halvings of
/// the learning rate in the training that made them. All accumulators G are given, or none of them. Their arrays
/// may have fewer rows than those of the parameters: the accumulators of the missing rows have the value before
/// training.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
#[allow(non_snake_case)]
pub struct GivenParameters<'py> {
    W: PyReadonlyArray2<'py, f32>,
    W_tilde: PyReadonlyArray2<'py, f32>,
    b: PyReadonlyArray1<'py, f32>,
    b_tilde: PyReadonlyArray1<'py, f32>,
    #[pyo3(default)]
    G_W: Option<PyReadonlyArray2<'py, f32>>,
    #[pyo3(default)]
    G_W_tilde: Option<PyReadonlyArray2<'py, f32>>,
    #[pyo3(default)]
    G_b: Option<PyReadonlyArray1<'py, f32>>,
    #[pyo3(default)]
    G_b_tilde: Option<PyReadonlyArray1<'py, f32>>,
    epochs_done: usize,
    halvings: usize,
}

impl GivenParameters<'_> {
    /// The parameters, and then their accumulators.
    fn arrays(&self, [words, contexts]: [usize; 2], dim: usize) -> PyResult<[Exported; 2]> {
        check_shape(&self.W, words, dim)?;
        check_shape(&self.W_tilde, contexts, dim)?;
        let values = exported(&self.W, &self.W_tilde, &self.b, &self.b_tilde)?;
        let sums = (&self.G_W, &self.G_W_tilde, &self.G_b, &self.G_b_tilde);
        let accumulators = match sums {
            (Some(w), Some(w_tilde), Some(b), Some(b_tilde)) => {
                let width = w.shape()[1];
                if width != 1 && width != dim {
                    let message =
                        format!("must have 1 or {dim} accumulators for each vector, got {width}");
                    return Err(Error::parameter("start", message).into());
                }
                check_shape(w, b.shape()[0].min(words), width)?;
                check_shape(w_tilde, b_tilde.shape()[0].min(contexts), width)?;
                exported(w, w_tilde, b, b_tilde)?
            }
            (None, None, None, None) => Exported::default(),
            _ => {
                let message = "must have all accumulators or none of them";
                return Err(Error::parameter("start", message).into());
            }
        };
        Ok([values, accumulators])
    }

    fn log(&self) -> EpochLog {
        EpochLog {
            epochs: self.epochs_done,
            halvings: self.halvings,
            ..EpochLog::default()
        }
    }
}

fn check_shape(array: &PyReadonlyArray2<'_, f32>, rows: usize, width: usize) -> PyResult<()> {
    if array.shape() == [rows, width] {
        return Ok(());
    }
    let message = format!(
        "must have arrays of shape ({rows}, {width}), got {:?}",
        array.shape()
    );
    Err(Error::parameter("start", message).into())
}

/// Copies of the arrays.
pub fn exported(
    w: &PyReadonlyArray2<'_, f32>,
    w_tilde: &PyReadonlyArray2<'_, f32>,
    b: &PyReadonlyArray1<'_, f32>,
    b_tilde: &PyReadonlyArray1<'_, f32>,
) -> PyResult<Exported> {
    Ok(Exported {
        w: w.as_slice()?.to_vec(),
        w_tilde: w_tilde.as_slice()?.to_vec(),
        b: b.as_slice()?.to_vec(),
        b_tilde: b_tilde.as_slice()?.to_vec(),
    })
}

/// Where a training starts, if not at random parameters.
#[derive(FromPyObject)]
pub enum StartArguments<'py> {
    /// The training of a checkpoint continues.
    Checkpoint(Bound<'py, CoreCheckpoint>),
    /// The training starts at given parameters.
    Given(GivenParameters<'py>),
}

impl StartArguments<'_> {
    /// The start of a training on counts of this shape.
    pub fn start(self, shape: [usize; 2], dim: usize) -> PyResult<Start> {
        Ok(match self {
            Self::Checkpoint(checkpoint) => Start::Resumed(Box::new(checkpoint.get().take()?)),
            Self::Given(given) => {
                let [values, accumulators] = given.arrays(shape, dim)?;
                Start::Given {
                    values: Box::new(values),
                    accumulators: Box::new(accumulators),
                    log: given.log(),
                }
            }
        })
    }
}
