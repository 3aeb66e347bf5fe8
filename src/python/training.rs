//! Training, for Python: calls [`crate::session`]. The arguments of `fit` are in `session.rs`, where a training starts
//! in `start.rs`, and its result in `parameters.rs`.

use super::arguments::RunningArguments;
use super::cooccurrence::CoreCooccurrence;
use super::parameters::CoreParameters;
use super::run::run_with_mailbox;
use super::session::{FitArguments, show};
use super::start::StartArguments;
use super::subwords::CoreDesign;
use crate::error::Error;
use crate::session::{Session, Start};
use crate::threads;
use crate::training::{
    Optimizer, Parameters, RateSchedule, SimdLevel, TrainingOptions, TrainingState, Weighting,
    deadline, negative_target,
};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The parameters of training, by their public names.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct TrainingArguments {
    x_max: f64,
    alpha: f64,
    learning_rate: f64,
    bias_learning_rate: f64,
    schedule: String,
    epochs: usize,
    optimizer: String,
    grad_clip: f64,
    negative: f64,
    negative_weight: f64,
    deterministic: bool,
    seed: u64,
    adjacent: bool,
    subwords: bool,
}

impl TrainingArguments {
    pub fn options(&self) -> PyResult<TrainingOptions> {
        let options = TrainingOptions {
            x_max: self.x_max,
            alpha: self.alpha,
            learning_rate: self.learning_rate,
            bias_learning_rate: self.bias_learning_rate,
            schedule: RateSchedule::from_name(&self.schedule)?,
            epochs: self.epochs,
            optimizer: Optimizer::from_name(&self.optimizer)?,
            grad_clip: self.grad_clip,
            negative: self.negative,
            negative_weight: self.negative_weight,
            deterministic: self.deterministic,
            seed: self.seed,
            ..TrainingOptions::default()
        };
        options.validate()?;
        Ok(options)
    }
}

/// Refuse parameters that are out of range. Python calls this before the text is read.
#[pyfunction]
pub fn check_training(training: TrainingArguments) -> PyResult<()> {
    training.options().map(|_| ())
}

/// The targets of negative pairs, from the counts that they would have if their words were independent.
#[pyfunction]
pub fn negative_targets<'py>(
    py: Python<'py>,
    expected: PyReadonlyArray1<'py, f64>,
) -> Bound<'py, PyArray1<f64>> {
    let expected = expected.as_array();
    PyArray1::from_iter(py, expected.iter().copied().map(negative_target))
}

/// The weights f(x) of counts in the loss.
#[pyfunction]
pub fn weights<'py>(
    py: Python<'py>,
    x: PyReadonlyArray1<'py, f64>,
    x_max: f64,
    alpha: f64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let weighting = Weighting::new(x_max, alpha)?;
    let x = x.as_array();
    let weights = x.iter().map(|x| weighting.weight(x.ln())).collect();
    Ok(PyArray1::from_vec(py, weights))
}

/// Train on counts.
///
/// Training starts at random parameters or at `start`. `start` is a checkpoint, or a dict of
/// parameters and accumulators with the names that `CoreParameters.arrays` uses, the number of
/// epochs that they were trained for (`epochs_done`), and how many times their learning rate was
/// halved (`halvings`). Training ends after epoch number `epochs`. If `consume`, `counts` cannot be
/// used afterwards, and the memory of the counts is freed or, if `fitting` has `keep_counts`,
/// compressed while tiles are built. `design` is the result of `subword_design` for the vocabulary of
/// `counts`: trainings with one vocabulary can share it.
#[pyfunction]
#[pyo3(signature = (counts, dim, training, running, progress, consume, start=None, fitting=None, design=None))]
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
    fitting: Option<FitArguments<'_>>,
    design: Option<&Bound<'_, CoreDesign>>,
) -> PyResult<Py<CoreParameters>> {
    load_numpy(py)?;
    let arguments = fitting.unwrap_or_default();
    let mut options = training.options()?;
    options.early_stopping = arguments.early_stopping;
    options.frozen_contexts = arguments.frozen_contexts;
    options.deadline = deadline(arguments.seconds_left)?;
    let (threads, memory) = running.resolve()?;
    Parameters::check_dim(dim)?;
    let (vocabulary, rare) = (counts.get().vocabulary.clone(), counts.get().rare.clone());
    let contexts = counts.get().contexts.clone();
    let counts = if consume {
        counts.get().take()?
    } else {
        counts.get().counts()?
    };
    let shape = counts.shape();
    let start = match start {
        None => Start::Random,
        Some(start) => start.start(shape, dim)?,
    };
    let anchor = match arguments.init {
        Some(init) => Some(init.anchor(shape[0], dim)?),
        None => None,
    };
    let session = Session {
        rare,
        contexts,
        validation: arguments.validation,
        memory,
        anchor,
        checkpoints: arguments.checkpoint.map(Into::into),
        adjacent: training.adjacent,
        subwords: training.subwords,
        design: design.map(|design| design.get().inner.clone()),
        trained_words: arguments.trained_words.unwrap_or(usize::MAX),
        keep_counts: arguments.keep_counts,
        ..Session::new(vocabulary, dim, options)
    };
    let callback = arguments.callback.map(Arc::new);
    let mut trained = None;
    let result = run_with_mailbox(py, progress, None, |monitor, mailbox| {
        let mut after_epoch = |training: &TrainingState| match &callback {
            Some(callback) => show(mailbox, callback, training),
            None => Ok(ControlFlow::Continue(())),
        };
        let mut result = threads::in_pool(threads, || {
            session.run(counts, start, &mut after_epoch, monitor)
        })??;
        let interrupted = result.interrupted.take();
        trained = Some(result);
        interrupted.map_or(Ok(()), Err)
    });
    let Some(trained) = trained else {
        return Err(result.err().unwrap_or_else(|| Error::Cancelled.into()));
    };
    let trained = Py::new(py, CoreParameters::of(py, &session, trained)?)?;
    let stored = match &arguments.store_result {
        Some(store_result) => call_with_result(py, store_result, &trained),
        None => Ok(()),
    };
    result.and(stored)?;
    Ok(trained)
}

/// Load NumPy now. Otherwise it would be loaded when the first array is made, and a Ctrl-C during
/// that import would cause a panic.
fn load_numpy(py: Python<'_>) -> PyResult<()> {
    py.import("numpy")?;
    PyArray1::<u8>::zeros(py, 0, false);
    Ok(())
}

/// Call `store_result` with the result of a training. If Ctrl-C interrupts `store_result`, it is called again, so
/// that the result is not lost, and the interruption is raised afterwards.
fn call_with_result(
    py: Python<'_>,
    store_result: &Py<PyAny>,
    trained: &Py<CoreParameters>,
) -> PyResult<()> {
    match store_result.call1(py, (trained,)) {
        Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => {
            store_result.call1(py, (trained,))?;
            Err(error)
        }
        stored => stored.map(drop),
    }
}

/// Return the instruction set that training uses: "avx512", "avx2", "neon" or "portable".
///
/// It is the fastest that the machine has, unless the environment variable ``GLOVE_RS_SIMD`` names another
/// one. The variable is read once in a process, at the first training or the first call of this function.
///
/// Raises
/// ------
/// ValueError
///     If ``GLOVE_RS_SIMD`` does not name an instruction set that the machine has. The message lists
///     the names of those that it has.
///
/// Examples
/// --------
/// >>> import glove_rs
/// >>> glove_rs.simd_level() in ("avx512", "avx2", "neon", "portable")
/// True
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
