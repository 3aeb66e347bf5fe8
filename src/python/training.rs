//! Training, for Python: converts the arguments and the results of [`crate::session`]. The other arguments of
//! `fit` are in `session.rs`.

use super::arguments::RunningArguments;
use super::cooccurrence::CoreCooccurrence;
use super::run::{run_in_pool, run_with_mailbox};
use super::session::{CoreCheckpoint, FitArguments, show};
use super::subwords::{CoreDesign, CoreSubwords};
use crate::error::Error;
use crate::session::{Session, Start, Trained};
use crate::threads;
use crate::training::{
    EpochLog, Exported, Optimizer, Parameters, RateSchedule, RowLayout, SimdLevel, TrainingOptions,
    TrainingState, Weighting, deadline, train_in_order,
};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyDict;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

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

/// Parameters to start from, by their public names, with the numbers of epochs and of halvings of
/// the learning rate in the training that made them. All accumulators G are given, or none of them. Their arrays
/// may have fewer rows than those of the parameters: the other accumulators are those before training.
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

/// Where a training starts, if not at random parameters.
#[derive(FromPyObject)]
pub enum StartArguments<'py> {
    /// The training of a checkpoint continues.
    Checkpoint(Bound<'py, CoreCheckpoint>),
    /// The training starts at given parameters.
    Given(GivenParameters<'py>),
}

impl StartArguments<'_> {
    fn start(self, shape: [usize; 2], dim: usize) -> PyResult<Start> {
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

/// The number of an epoch, its loss, its seconds, and its records per second.
type HistoryRow = (usize, f64, f64, f64);

/// The result of a training.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreParameters {
    arrays: Mutex<LazyArrays>,
    /// The finished epochs.
    #[pyo3(get)]
    history: Vec<HistoryRow>,
    /// The data loss of each epoch.
    #[pyo3(get)]
    data_loss: Vec<f64>,
    /// The validation loss of each epoch, if records are held out.
    #[pyo3(get)]
    validation: Vec<Option<f64>>,
    /// The subword model, if training shrank the vectors towards it.
    #[pyo3(get)]
    subwords: Option<Py<CoreSubwords>>,
    /// The counts, if `fitting` has `keep_counts`.
    #[pyo3(get)]
    counts: Option<Py<CoreCooccurrence>>,
}

/// The parameters. They are converted to arrays when Python first asks for them, so that a call that Ctrl-C
/// interrupts returns quickly.
enum LazyArrays {
    Pending(Parameters),
    Converted(Py<PyDict>),
}

impl CoreParameters {
    fn converted<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut state = self
            .arrays
            .lock_py_attached(py)
            .unwrap_or_else(PoisonError::into_inner);
        if let LazyArrays::Pending(parameters) = &*state {
            let exported = run_in_pool(py, |_| {
                Ok([parameters.exported(false)?, parameters.exported(true)?])
            })?;
            *state = LazyArrays::Converted(arrays(py, parameters.layout(), exported)?.unbind());
        }
        match &*state {
            LazyArrays::Converted(arrays) => Ok(arrays.clone_ref(py).into_bound(py)),
            LazyArrays::Pending(_) => unreachable!("converted above"),
        }
    }
}

#[pymethods]
impl CoreParameters {
    /// W (V, dim), W̃ (C, dim), b (V,), b̃ (C,), and their accumulators G of the same shapes. Under
    /// row-wise AdaGrad, the accumulators of W and W̃ have the shapes (V, 1) and (C, 1). V is the
    /// number of words and C that of context words. The arrays take over the memory of the core.
    #[getter]
    fn arrays<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.converted(py)
    }
}

/// Arrays by their public names. They take over the memory of `exported`, without a copy.
fn arrays(
    py: Python<'_>,
    layout: RowLayout,
    exported: [Exported; 2],
) -> PyResult<Bound<'_, PyDict>> {
    let arrays = PyDict::new(py);
    for (prefix, from) in ["", "G_"].into_iter().zip(exported) {
        for (name, vectors) in [("W", from.w), ("W_tilde", from.w_tilde)] {
            let name = format!("{prefix}{name}");
            let width = if prefix.is_empty() {
                layout.dim()
            } else {
                layout.accumulators_per_vector()
            };
            let rows = vectors.len() / width;
            let array = PyArray1::from_vec(py, vectors).reshape([rows, width])?;
            arrays.set_item(&name, array)?;
        }
        for (name, biases) in [("b", from.b), ("b_tilde", from.b_tilde)] {
            let name = format!("{prefix}{name}");
            arrays.set_item(&name, PyArray1::from_vec(py, biases))?;
        }
    }
    Ok(arrays)
}

/// Refuse parameters that are out of range. Python calls this before the text is read.
#[pyfunction]
pub fn check_training(training: TrainingArguments) -> PyResult<()> {
    training.options().map(|_| ())
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
    let trained = Py::new(py, core_parameters(py, &session, trained)?)?;
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

fn core_parameters(
    py: Python<'_>,
    session: &Session,
    trained: Trained,
) -> PyResult<CoreParameters> {
    let counts = trained.counts.map(|counts| {
        let (vocabulary, rare) = (session.vocabulary.clone(), session.rare.clone());
        let (contexts, memory) = (session.contexts.clone(), session.memory.clone());
        Py::new(
            py,
            CoreCooccurrence::with_words(vocabulary, rare, contexts, counts, memory),
        )
    });
    let subwords = trained.subwords.map(CoreSubwords::from);
    Ok(CoreParameters {
        arrays: Mutex::new(LazyArrays::Pending(trained.parameters)),
        subwords: subwords.map(|found| Py::new(py, found)).transpose()?,
        history: trained
            .reports
            .iter()
            .map(|r| (r.epoch, r.loss, r.seconds, r.records_per_second))
            .collect(),
        data_loss: trained.reports.iter().map(|r| r.data_loss).collect(),
        validation: trained.reports.iter().map(|r| r.validation).collect(),
        counts: counts.transpose()?,
    })
}

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
