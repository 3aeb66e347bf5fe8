//! What goes on around the epochs of a training: checkpoints, callbacks, and what they are shown.

use super::cooccurrence::in_own_pool;
use super::run::Desk;
use crate::error::{Error, Result};
use crate::formats::checkpoint;
use crate::monitor::{EpochReport, Monitor};
use crate::training::{Anchor, Training};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The parameters of `fit` that are none of the model's.
#[derive(FromPyObject, Default)]
#[pyo3(from_item_all)]
pub struct SessionArguments<'py> {
    /// Share of the pairs of words to hold out of training.
    pub validation: Option<f64>,
    pub early_stopping: Option<usize>,
    /// From now on.
    pub max_seconds: Option<f64>,
    /// Called with a [`CoreEpoch`] after each epoch; returns whether to stop.
    pub callback: Option<Py<PyAny>>,
    pub checkpoint: Option<CheckpointArguments>,
    pub init: Option<InitArguments<'py>>,
    /// Whether to hand the counts back, packed if they were to be consumed.
    pub keep_counts: bool,
    /// Called with the [`super::training::CoreParameters`] of the last finished epoch when training
    /// is interrupted.
    pub rescue: Option<Py<PyAny>>,
}

/// Where to write checkpoints, and how often.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct CheckpointArguments {
    path: PathBuf,
    /// Where to write the counts first, unless they are there.
    pub counts: Option<PathBuf>,
    pub every: usize,
    settings: String,
}

impl CheckpointArguments {
    pub fn save(&self, training: &Training, monitor: &Monitor) -> Result<()> {
        checkpoint::save(&self.path, training, &self.settings, monitor)
    }
}

/// Vectors to start from, of the words of these numbers, and how strongly to hold on to them.
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

/// A checkpoint that was read.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreCheckpoint {
    /// What the writer gave as settings.
    #[pyo3(get)]
    settings: String,
    /// Epochs finished.
    #[pyo3(get)]
    epochs: usize,
    // `None` once training has taken it.
    training: Mutex<Option<Training>>,
}

impl CoreCheckpoint {
    /// The training, for good.
    pub fn take(&self) -> PyResult<Training> {
        lock(&self.training)
            .take()
            .ok_or_else(|| PyRuntimeError::new_err("training has taken this checkpoint"))
    }
}

#[pymethods]
impl CoreCheckpoint {
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let (training, settings) = in_own_pool(py, |_| checkpoint::load(path))?;
        Ok(Self {
            settings,
            epochs: training.progress.epochs,
            training: Mutex::new(Some(training)),
        })
    }
}

/// What a callback may ask of the worker, which waits.
enum Ask {
    /// W and b, or W̃ and b̃ if `contexts`.
    Side {
        contexts: bool,
        reply: Sender<Result<(Vec<f32>, Vec<f32>)>>,
    },
    /// To stop here, or go on.
    Leave { stop: bool },
}

/// Show the last epoch of `training` to `callback` on the calling thread, and wait for its answer.
pub fn show(
    desk: &Desk,
    callback: &Arc<Py<PyAny>>,
    training: &Training,
) -> Result<ControlFlow<()>> {
    let Some(&report) = training.reports.last() else {
        return Ok(ControlFlow::Continue(()));
    };
    let (asks, questions) = channel();
    let callback = callback.clone();
    desk.leave(Box::new(move |py| {
        let open = Mutex::new(Some(asks.clone()));
        let epoch = Py::new(py, CoreEpoch { report, asks: open })?;
        let answer = callback.call1(py, (epoch.clone_ref(py),));
        *lock(&epoch.get().asks) = None;
        let stop = answer?.extract(py)?;
        let _ = asks.send(Ask::Leave { stop });
        Ok(())
    }));
    // If the callback fails, or never runs because of Ctrl-C, nobody is left to ask anything.
    while let Ok(ask) = questions.recv() {
        match ask {
            Ask::Side { contexts, reply } => {
                let _ = reply.send(training.parameters.side(contexts, false));
            }
            Ask::Leave { stop: true } => return Ok(ControlFlow::Break(())),
            Ask::Leave { stop: false } => return Ok(ControlFlow::Continue(())),
        }
    }
    Err(Error::Cancelled)
}

/// A finished epoch, as long as the callback runs that it is shown to.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreEpoch {
    report: EpochReport,
    // `None` once the callback has returned.
    asks: Mutex<Option<Sender<Ask>>>,
}

/// Vectors (V, dim) and biases (V,).
type Side<'py> = (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray1<f32>>);

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

    /// W and b, or W̃ and b̃ if `contexts`: copies.
    fn side<'py>(&self, py: Python<'py>, contexts: bool) -> PyResult<Side<'py>> {
        let past = || {
            let message = format!(
                "epoch {} is past: ask for its arrays while the callback runs",
                self.report.epoch
            );
            PyRuntimeError::new_err(message)
        };
        let asks = lock(&self.asks).clone().ok_or_else(past)?;
        let (reply, answer) = channel();
        let sent = asks.send(Ask::Side { contexts, reply });
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
