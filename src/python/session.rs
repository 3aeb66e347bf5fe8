//! The arguments of a [`crate::session`], checkpoints, and the epochs that callbacks receive, for Python. The
//! function `train` itself is in `training.rs`.

use super::run::{Mailbox, run_in_pool};
use crate::error::{Error, Result};
use crate::file_kind::Wanted;
use crate::formats::{checkpoint, explained};
use crate::report::EpochReport;
use crate::session::Checkpoints;
use crate::training::{Anchor, Optimizer, RowLayout, TrainingState};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Arguments of one call of `train`: those of `fit` that are not parameters of the model, and some that only other
/// modules of the package pass.
#[derive(FromPyObject, Default)]
#[pyo3(from_item_all)]
pub struct FitArguments<'py> {
    /// The fraction of the word pairs to hold out of training.
    pub validation: Option<f64>,
    /// End after this many epochs in a row without a smaller validation loss.
    pub early_stopping: Option<usize>,
    /// The seconds from the call of `train` to the time limit, at least 0; `None` without a limit.
    pub seconds_left: Option<f64>,
    /// Called with a [`CoreEpoch`] after each epoch; returns whether to stop.
    pub callback: Option<Py<PyAny>>,
    pub checkpoint: Option<CheckpointArguments>,
    pub init: Option<InitArguments<'py>>,
    /// Whether the result has the counts. If training may consume the counts, they are compressed.
    pub keep_counts: bool,
    /// Whether the context vectors and their biases keep their values.
    #[pyo3(default)]
    pub frozen_contexts: bool,
    /// How many of the first words have vectors that are trained, as in [`crate::session::Session::trained_words`];
    /// `None` for all words.
    #[pyo3(default)]
    pub trained_words: Option<usize>,
    /// Called with the result of the training, a [`super::parameters::CoreParameters`], before `train` returns
    /// or raises. After an interruption, the result has the parameters of the last finished epoch. `store_result` is
    /// called twice if Ctrl-C interrupts the first call. `store_result` is not called if training diverges, or if
    /// another error occurs before an epoch of this call of `train` has finished.
    pub store_result: Option<Py<PyAny>>,
}

/// Where to write checkpoints, and how often: the fields of [`Checkpoints`].
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct CheckpointArguments {
    path: PathBuf,
    counts: Option<PathBuf>,
    every: usize,
    settings: String,
}

impl From<CheckpointArguments> for Checkpoints {
    fn from(arguments: CheckpointArguments) -> Self {
        Self {
            path: arguments.path,
            counts: arguments.counts,
            every: arguments.every,
            settings: arguments.settings,
        }
    }
}

/// Pretrained vectors to start from: the ids of the words that have a pretrained vector, in ascending order; the
/// vectors of these words; and the weight μ of the anchor.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct InitArguments<'py> {
    words: PyReadonlyArray1<'py, u32>,
    vectors: PyReadonlyArray2<'py, f32>,
    anchor: f64,
}

impl InitArguments<'_> {
    pub fn anchor(&self, words: usize, dim: usize) -> PyResult<Anchor> {
        let anchor = Anchor {
            words: self.words.as_slice()?.to_vec(),
            vectors: self.vectors.as_slice()?.to_vec(),
            weight: self.anchor,
        };
        anchor.check(words, dim)?;
        Ok(anchor)
    }
}

/// A loaded checkpoint.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreCheckpoint {
    /// The text of settings that is stored in the checkpoint.
    #[pyo3(get)]
    settings: String,
    /// Number of finished epochs.
    #[pyo3(get)]
    epochs: usize,
    /// The number of words, the number of context words, and the number of components.
    #[pyo3(get)]
    shape: (usize, usize, usize),
    layout: RowLayout,
    // `None` after [`CoreCheckpoint::take`].
    training: Mutex<Option<TrainingState>>,
}

impl CoreCheckpoint {
    /// Take the training out, to continue it without a copy. This fails if the training was taken
    /// before.
    pub fn take(&self) -> PyResult<TrainingState> {
        lock(&self.training)
            .take()
            .ok_or_else(|| PyRuntimeError::new_err("training has taken this checkpoint"))
    }
}

#[pymethods]
impl CoreCheckpoint {
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let (training, settings) = run_in_pool(py, |monitor| {
            let loaded = checkpoint::load(&path, monitor);
            explained(loaded, &path, Wanted::Checkpoint, monitor)
        })?;
        Ok(Self {
            settings,
            epochs: training.log.epochs,
            shape: {
                let [words, contexts] = training.parameters.shape();
                (words, contexts, training.parameters.dim())
            },
            layout: training.parameters.layout(),
            training: Mutex::new(Some(training)),
        })
    }

    /// Whether the parameters have the accumulators of the optimizer with this name.
    fn is_of_optimizer(&self, name: &str) -> PyResult<bool> {
        let layout = RowLayout::new(self.shape.2, Optimizer::from_name(name)?);
        Ok(layout == self.layout)
    }
}

/// A request from the calling thread to the worker, which waits while a callback runs.
enum Request {
    /// Send W and b, or W̃ and b̃ if `contexts`.
    Side {
        contexts: bool,
        reply: Sender<Result<(Vec<f32>, Vec<f32>)>>,
    },
    /// The callback has returned. The value says whether to stop.
    Returned { stop: bool },
}

/// Call `callback` with the last epoch of `training` on the calling thread. Until the callback returns, answer its
/// requests for arrays of parameters. Returns whether to stop, or [`Error::Cancelled`] if the callback raises.
pub fn show(
    mailbox: &Mailbox,
    callback: &Arc<Py<PyAny>>,
    training: &TrainingState,
) -> Result<ControlFlow<()>> {
    let Some(&report) = training.log.reports.last() else {
        return Ok(ControlFlow::Continue(()));
    };
    let (sender, requests) = channel();
    let callback = callback.clone();
    mailbox.post(Box::new(move |py| {
        let open = Mutex::new(Some(sender.clone()));
        let epoch = Py::new(
            py,
            CoreEpoch {
                report,
                requests: open,
            },
        )?;
        let answer = callback.call1(py, (epoch.clone_ref(py),));
        *lock(&epoch.get().requests) = None;
        let stop = answer?.extract(py)?;
        let _ = sender.send(Request::Returned { stop });
        Ok(())
    }));
    // If the callback raises, or Ctrl-C prevents it, all senders are dropped and `recv` fails.
    while let Ok(request) = requests.recv() {
        match request {
            Request::Side { contexts, reply } => {
                let _ = reply.send(training.parameters.side(contexts, false));
            }
            Request::Returned { stop: true } => return Ok(ControlFlow::Break(())),
            Request::Returned { stop: false } => return Ok(ControlFlow::Continue(())),
        }
    }
    Err(Error::Cancelled)
}

/// A finished epoch. Its arrays can be read while the callback runs.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreEpoch {
    report: EpochReport,
    // `None` once the callback has returned.
    requests: Mutex<Option<Sender<Request>>>,
}

/// Vectors (V, dim) and biases (V,).
type SideArrays<'py> = (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray1<f32>>);

#[pymethods]
impl CoreEpoch {
    #[getter]
    fn epoch(&self) -> usize {
        self.report.epoch
    }

    #[getter]
    fn loss(&self) -> f64 {
        self.report.loss
    }

    #[getter]
    fn data_loss(&self) -> f64 {
        self.report.data_loss
    }

    #[getter]
    fn validation(&self) -> Option<f64> {
        self.report.validation
    }

    #[getter]
    fn seconds(&self) -> f64 {
        self.report.seconds
    }

    #[getter]
    fn records_per_second(&self) -> f64 {
        self.report.records_per_second
    }

    /// Copies of W and b or, if `contexts`, of W̃ and b̃.
    fn side<'py>(&self, py: Python<'py>, contexts: bool) -> PyResult<SideArrays<'py>> {
        let past = || {
            let message = format!(
                "epoch {} is past: ask for its arrays while the callback runs",
                self.report.epoch
            );
            PyRuntimeError::new_err(message)
        };
        let requests = lock(&self.requests).clone().ok_or_else(past)?;
        let (reply, answer) = channel();
        let sent = requests.send(Request::Side { contexts, reply });
        sent.map_err(|_| past())?;
        let (vectors, biases) = py.detach(move || answer.recv()).map_err(|_| past())??;
        let shape = [biases.len(), vectors.len() / biases.len().max(1)];
        let vectors = PyArray1::from_vec(py, vectors).reshape(shape)?;
        Ok((vectors, PyArray1::from_vec(py, biases)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
