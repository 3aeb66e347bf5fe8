//! The result of a training, for Python: its parameters as arrays, and its epochs.

use super::cooccurrence::CoreCooccurrence;
use super::run::run_in_pool;
use super::subwords::CoreSubwords;
use crate::memory::fallible;
use crate::session::{Session, Trained};
use crate::training::{Exported, Optimizer, Parameters, RowLayout};
use crate::vocabulary::WordId;
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyDict;
use std::sync::{Mutex, PoisonError};

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
    /// The result of a training.
    pub fn of(py: Python<'_>, session: &Session, trained: Trained) -> PyResult<Self> {
        let counts = trained.counts.map(|counts| {
            let (vocabulary, rare) = (session.vocabulary.clone(), session.rare.clone());
            let (contexts, memory) = (session.contexts.clone(), session.memory.clone());
            Py::new(
                py,
                CoreCooccurrence::with_words(vocabulary, rare, contexts, counts, memory),
            )
        });
        let subwords = trained.subwords.map(CoreSubwords::from);
        Ok(Self {
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

/// The random parameters at which a training with this seed starts, of the words `first` to `end` − 1: W and W̃
/// (`end` − `first`, dim), b and b̃ (`end` − `first`,).
#[pyfunction]
pub fn random_parameters(
    py: Python<'_>,
    first: WordId,
    end: WordId,
    dim: usize,
    seed: u64,
) -> PyResult<Bound<'_, PyDict>> {
    Parameters::check_dim(dim)?;
    let layout = RowLayout::new(dim, Optimizer::default());
    let values = run_in_pool(py, |monitor| {
        let words: Vec<WordId> = fallible::collect(first..end)?;
        Parameters::random_of(&words, layout, seed, monitor)?.exported(false)
    })?;
    let dict = PyDict::new(py);
    add_arrays(&dict, "", dim, values)?;
    Ok(dict)
}

/// Arrays by their public names. They take over the memory of `exported`, without a copy.
pub fn arrays(
    py: Python<'_>,
    layout: RowLayout,
    exported: [Exported; 2],
) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    let [values, accumulators] = exported;
    add_arrays(&dict, "", layout.dim(), values)?;
    add_arrays(&dict, "G_", layout.accumulators_per_vector(), accumulators)?;
    Ok(dict)
}

/// Add arrays to `dict`. Their names begin with `prefix`. A row of W or W̃ has `width` numbers.
fn add_arrays(
    dict: &Bound<'_, PyDict>,
    prefix: &str,
    width: usize,
    arrays: Exported,
) -> PyResult<()> {
    let py = dict.py();
    for (name, vectors) in [("W", arrays.w), ("W_tilde", arrays.w_tilde)] {
        let rows = vectors.len() / width;
        let array = PyArray1::from_vec(py, vectors).reshape([rows, width])?;
        dict.set_item(format!("{prefix}{name}"), array)?;
    }
    for (name, biases) in [("b", arrays.b), ("b_tilde", arrays.b_tilde)] {
        dict.set_item(format!("{prefix}{name}"), PyArray1::from_vec(py, biases))?;
    }
    Ok(())
}
