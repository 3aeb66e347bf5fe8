//! Training for Python.

use super::cooccurrence::CoreCooccurrence;
use super::run::run;
use super::vocabulary::RunningArguments;
use crate::error::Error;
use crate::monitor::EpochReport;
use crate::threads;
use crate::training::{
    self, Counts, Exported, Optimizer, Parameters, Progress, SimdLevel, Tiles, TrainingOptions,
    train_in_order,
};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;

/// The parameters of training, by their public names.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct TrainingArguments {
    x_max: f64,
    alpha: f64,
    learning_rate: f64,
    epochs: usize,
    optimizer: String,
    grad_clip: f64,
    deterministic: bool,
    seed: u64,
}

impl TrainingArguments {
    fn options(&self) -> PyResult<TrainingOptions> {
        let options = TrainingOptions {
            x_max: self.x_max,
            alpha: self.alpha,
            learning_rate: self.learning_rate,
            epochs: self.epochs,
            optimizer: Optimizer::from_name(&self.optimizer)?,
            grad_clip: self.grad_clip,
            deterministic: self.deterministic,
            seed: self.seed,
        };
        options.validate()?;
        Ok(options)
    }
}

/// Parameters to start from, by their public names, and how far they have been trained.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
#[allow(non_snake_case)]
pub struct StartArguments<'py> {
    W: PyReadonlyArray2<'py, f32>,
    W_tilde: PyReadonlyArray2<'py, f32>,
    b: PyReadonlyArray1<'py, f32>,
    b_tilde: PyReadonlyArray1<'py, f32>,
    G_W: PyReadonlyArray2<'py, f32>,
    G_W_tilde: PyReadonlyArray2<'py, f32>,
    G_b: PyReadonlyArray1<'py, f32>,
    G_b_tilde: PyReadonlyArray1<'py, f32>,
    epochs_done: usize,
    halvings: usize,
}

impl StartArguments<'_> {
    /// Parameters and accumulators.
    fn arrays(&self, words: usize, dim: usize) -> PyResult<[Exported; 2]> {
        for array in [&self.W, &self.W_tilde, &self.G_W, &self.G_W_tilde] {
            if array.shape() != [words, dim] {
                let message = format!(
                    "must have arrays of shape ({words}, {dim}), got {:?}",
                    array.shape()
                );
                return Err(Error::parameter("start", message).into());
            }
        }
        Ok([
            exported(&self.W, &self.W_tilde, &self.b, &self.b_tilde)?,
            exported(&self.G_W, &self.G_W_tilde, &self.G_b, &self.G_b_tilde)?,
        ])
    }

    fn progress(&self) -> Progress {
        Progress {
            epochs: self.epochs_done,
            halvings: self.halvings,
        }
    }
}

fn exported(
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

/// What training made: arrays whose memory is what the core filled.
#[pyclass(frozen, get_all, module = "glove_rs._core")]
pub struct CoreParameters {
    /// W, W̃: (V, dim); b, b̃: (V,); and the accumulators G of the same.
    arrays: Py<PyDict>,
    /// Where the core had each array's numbers before it gave them away.
    addresses: Py<PyDict>,
    /// Per epoch: epoch, loss, seconds, records_per_second.
    history: Vec<Epoch>,
}

/// One epoch: number, loss, seconds, records per second.
type Epoch = (usize, f64, f64, f64);

impl CoreParameters {
    fn new(
        py: Python<'_>,
        dim: usize,
        made: [Exported; 2],
        reports: &[EpochReport],
    ) -> PyResult<Self> {
        let (arrays, addresses) = (PyDict::new(py), PyDict::new(py));
        for (prefix, from) in ["", "G_"].into_iter().zip(made) {
            for (name, vectors) in [("W", from.w), ("W_tilde", from.w_tilde)] {
                let name = format!("{prefix}{name}");
                addresses.set_item(&name, vectors.as_ptr() as usize)?;
                let rows = vectors.len() / dim;
                let array = PyArray1::from_vec(py, vectors).reshape([rows, dim])?;
                arrays.set_item(&name, array)?;
            }
            for (name, biases) in [("b", from.b), ("b_tilde", from.b_tilde)] {
                let name = format!("{prefix}{name}");
                addresses.set_item(&name, biases.as_ptr() as usize)?;
                arrays.set_item(&name, PyArray1::from_vec(py, biases))?;
            }
        }
        Ok(Self {
            arrays: arrays.unbind(),
            addresses: addresses.unbind(),
            history: reports
                .iter()
                .map(|r| (r.epoch, r.loss, r.seconds, r.records_per_second))
                .collect(),
        })
    }
}

/// Refuse parameters that cannot be trained with, before the text is read.
#[pyfunction]
pub fn check_training(training: TrainingArguments) -> PyResult<()> {
    training.options().map(|_| ())
}

/// Train on counts from random parameters, or from those of `start` on; `consume` gives the counts'
/// memory back while tiles are made.
///
/// `start` holds parameters and accumulators by the names of `CoreParameters.arrays`, `epochs_done`
/// and `halvings` of the learning rate; training then runs epochs `epochs_done + 1` to `epochs`.
#[pyfunction]
#[pyo3(signature = (counts, dim, training, running, progress, consume, start=None))]
#[allow(clippy::too_many_arguments)]
pub fn train(
    py: Python<'_>,
    counts: &Bound<'_, CoreCooccurrence>,
    dim: usize,
    training: TrainingArguments,
    running: RunningArguments,
    progress: Option<&Bound<'_, PyAny>>,
    consume: bool,
    start: Option<StartArguments<'_>>,
) -> PyResult<CoreParameters> {
    let options = training.options()?;
    let (threads, memory) = running.resolve()?;
    if dim == 0 {
        return Err(Error::parameter("dim", "must be at least 1, got 0").into());
    }
    let counts = if consume {
        counts.get().take()?
    } else {
        counts.get().counts()?
    };
    if counts.pairs() == 0 {
        return Err(Error::Corpus(
            "there are no pairs of words to train on: every document has fewer than two words of \
             the vocabulary (see min_count and max_vocab)"
                .into(),
        )
        .into());
    }
    let words = counts.words;
    let done = start
        .as_ref()
        .map_or_else(Progress::default, StartArguments::progress);
    let start = start.map(|start| start.arrays(words, dim)).transpose()?;
    let (made, reports) = run(py, progress, None, |monitor| {
        threads::in_pool(threads, || {
            let mut kept = None;
            let counts = match Arc::try_unwrap(counts) {
                Ok(owned) => Counts::Owned(owned),
                Err(shared) => Counts::Borrowed(kept.insert(shared)),
            };
            let bytes = Parameters::row_bytes(dim);
            let tiles = Tiles::new(counts, bytes, options.seed, &memory, monitor)?;
            drop(kept);
            let mut parameters = match start {
                Some([values, sums]) => Parameters::from_exported(words, dim, &values, &sums)?,
                None => Parameters::random(words, dim, options.seed, monitor)?,
            };
            let reports = training::resume(&mut parameters, &tiles, &options, done, monitor)?;
            drop(tiles);
            crate::Result::Ok(([parameters.values(), parameters.accumulators()], reports))
        })?
    })?;
    CoreParameters::new(py, dim, made, &reports)
}

/// Train copies of the arrays on the records, one after the other, on one thread, with the
/// production kernel: the arithmetic of DESIGN section 2 itself.
#[pyfunction]
#[pyo3(signature = (row, col, x, W, W_tilde, b, b_tilde, G_W, G_W_tilde, G_b, G_b_tilde, *,
    x_max, alpha, learning_rate, grad_clip, optimizer="adagrad", epochs=1, simd=None))]
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
) -> PyResult<Bound<'py, PyDict>> {
    let options = TrainingOptions {
        x_max,
        alpha,
        learning_rate,
        epochs,
        optimizer: Optimizer::from_name(optimizer)?,
        grad_clip,
        ..Default::default()
    };
    let level = match simd {
        Some(name) => SimdLevel::from_name(name)?,
        None => SimdLevel::active()?,
    };
    let (words, dim) = (W.shape()[0], W.shape()[1]);
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
        // A negative index becomes one that is out of range.
        .map(|((&i, &j), &x)| (i as u32, j as u32, x))
        .collect();
    let (made, losses) = py.detach(|| {
        threads::in_pool(1, || {
            let mut parameters = Parameters::from_exported(words, dim, &values, &accumulators)?;
            let losses = train_in_order(&mut parameters, &records, &options, level)?;
            crate::Result::Ok(([parameters.values(), parameters.accumulators()], losses))
        })?
    })?;
    let made = CoreParameters::new(py, dim, made, &[])?;
    let arrays = made.arrays.into_bound(py);
    arrays.set_item("losses", losses)?;
    Ok(arrays)
}

/// The instruction set that training uses: "avx512", "avx2", "neon" or "portable".
#[pyfunction]
pub fn simd_level() -> PyResult<&'static str> {
    Ok(SimdLevel::active()?.name())
}

/// The instruction sets that this machine has, the fastest first.
#[pyfunction]
pub fn simd_levels() -> Vec<&'static str> {
    SimdLevel::usable()
        .into_iter()
        .map(SimdLevel::name)
        .collect()
}
