//! Subword models for Python.

use super::recognising::FileArgument;
use super::run::run;
use super::vocabulary::{CoreVocabulary, list};
use crate::error::{Error, Result};
use crate::file_kind::Wanted;
use crate::formats::{explained, subwords as file};
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::subwords::{Design, NgramLengths, Shrinkage, SubwordOptions, Subwords, word_weights};
use crate::threads;
use numpy::{
    PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use std::path::PathBuf;
use std::sync::Arc;

/// Fewer words than this are predicted on the calling thread, because starting threads would take
/// longer.
const PARALLEL_FROM: usize = 1 << 10;

/// The options of a fit of a subword model.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct SubwordArguments {
    min_n: Option<usize>,
    max_n: Option<usize>,
    min_words: u64,
    penalty: f64,
    steps: usize,
}

impl SubwordArguments {
    pub fn options(&self) -> Result<SubwordOptions> {
        let lengths = match (self.min_n, self.max_n) {
            (Some(least), Some(most)) => Some(NgramLengths::new(least, most)?),
            (None, None) => None,
            (None, Some(_)) => {
                return Err(Error::parameter(
                    "min_n",
                    "must be given with max_n, got None",
                ));
            }
            (Some(_), None) => {
                return Err(Error::parameter(
                    "max_n",
                    "must be given with min_n, got None",
                ));
            }
        };
        let options = SubwordOptions {
            lengths,
            min_words: self.min_words,
            penalty: self.penalty,
            steps: self.steps,
        };
        options.validate()?;
        Ok(options)
    }
}

/// A subword model.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreSubwords {
    pub inner: Arc<Subwords>,
}

impl From<Subwords> for CoreSubwords {
    fn from(subwords: Subwords) -> Self {
        Self {
            inner: Arc::new(subwords),
        }
    }
}

/// Vectors, shape (n, dim), and for each word whether it has a vector.
type Predicted<'py> = (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray1<bool>>);

#[pymethods]
impl CoreSubwords {
    /// Fit a model to `words` and their vectors. `counts` are the counts of the words, if they are known.
    #[staticmethod]
    #[pyo3(signature = (words, vectors, counts, options, threads, progress))]
    fn fit(
        py: Python<'_>,
        words: Vec<String>,
        vectors: PyReadonlyArray2<'_, f32>,
        counts: Option<PyReadonlyArray1<'_, u64>>,
        options: SubwordArguments,
        threads: Option<usize>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let options = options.options()?;
        let threads = threads::resolve(threads)?;
        let dim = vectors.shape()[1];
        let vectors = vectors.as_slice()?;
        let weights = match &counts {
            Some(counts) => Some(word_weights(counts.as_slice()?)?),
            None => None,
        };
        let fitted = run(py, progress, None, |monitor| {
            threads::in_pool(threads, || {
                Subwords::fit(&words, vectors, dim, weights.as_deref(), &options, monitor)
            })?
        })?;
        Ok(fitted.into())
    }

    /// Read a file that `save` wrote.
    #[staticmethod]
    fn load(py: Python<'_>, file: FileArgument) -> PyResult<Self> {
        let name = file.name().to_owned();
        let loaded = run(py, None, None, |monitor| {
            let loaded = file
                .open(monitor)
                .and_then(|input| file::load_from(input, monitor));
            explained(loaded, &name, Wanted::Subwords, monitor)
        })?;
        Ok(loaded.into())
    }

    /// Write the model to a file.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        run(py, None, None, |monitor| {
            file::save(&self.inner, path, monitor)
        })
    }

    /// The content of the file that `save` would write.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<u8>>> {
        let bytes = run(py, None, None, |monitor| {
            file::to_bytes(&self.inner, monitor)
        })?;
        Ok(PyArray1::from_vec(py, bytes))
    }

    /// The predicted vectors of words, and for each word whether it has a vector. Words without a vector
    /// get zeros.
    fn predict<'py>(&self, py: Python<'py>, words: Vec<String>) -> PyResult<Predicted<'py>> {
        let shape = [words.len(), self.inner.dim()];
        let (vectors, known) = if words.len() < PARALLEL_FROM {
            py.detach(|| self.inner.predict_each(&words))?
        } else {
            let threads = threads::resolve(None)?;
            run(py, None, None, |monitor| {
                threads::in_pool(threads, || self.inner.predict_all(&words, monitor))?
            })?
        };
        Ok((
            PyArray1::from_vec(py, vectors).reshape(shape)?,
            PyArray1::from_vec(py, known),
        ))
    }

    /// The n-grams of a word that the model has; `<` and `>` are the edges of the word.
    fn ngrams_of(&self, word: &str) -> Vec<String> {
        self.inner.ngrams_of(word.as_bytes())
    }

    /// All n-grams as they are stored: U+FDD0 and U+FDD1 are the edges of a word.
    fn ngrams<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        list(py, self.inner.ngrams().iter().map(|(ngram, _)| ngram))
    }

    /// The vectors of the n-grams: a copy.
    fn vectors<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let shape = [self.inner.ngrams().len(), self.inner.dim()];
        PyArray1::from_slice(py, self.inner.vectors()).reshape(shape)
    }

    /// Components of a vector.
    #[getter]
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    /// The lengths of the shortest and the longest n-gram, in characters.
    #[getter]
    fn lengths(&self) -> (usize, usize) {
        let lengths = self.inner.lengths();
        (lengths.least(), lengths.most())
    }

    fn __len__(&self) -> usize {
        self.inner.ngrams().len()
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let bytes = run(py, None, None, |monitor| {
            file::to_bytes(&self.inner, monitor)
        })?;
        let restore = py.import("glove_rs._core")?.getattr("restore_subwords")?;
        Ok((restore, (PyBytes::new(py, &bytes),)))
    }
}

/// The n-grams of a vocabulary, for trainings of several models with this vocabulary.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreDesign {
    pub inner: Arc<Design>,
}

/// Compute the n-grams of a vocabulary, for `train`.
#[pyfunction]
#[pyo3(signature = (vocabulary, threads, progress))]
pub fn subword_design(
    py: Python<'_>,
    vocabulary: &Bound<'_, CoreVocabulary>,
    threads: Option<usize>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<CoreDesign> {
    let threads = threads::resolve(threads)?;
    let vocabulary = vocabulary.get().inner.clone();
    let design = run(py, progress, None, |monitor| {
        threads::in_pool(threads, || Shrinkage::design(&vocabulary, monitor))?
    })?;
    Ok(CoreDesign {
        inner: Arc::new(design),
    })
}

/// A subword model, and the vectors W and W̃ after the shrinkage.
type Shrunk<'py> = (
    CoreSubwords,
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray2<f32>>,
);

/// Compute the shrinkage that ends a training. Returns the subword model and the moved vectors W and W̃. `None` if
/// spelling does not predict the vectors.
#[pyfunction]
#[pyo3(signature = (vocabulary, w, w_tilde, threads, progress))]
pub fn shrink<'py>(
    py: Python<'py>,
    vocabulary: &Bound<'py, CoreVocabulary>,
    w: PyReadonlyArray2<'py, f32>,
    w_tilde: PyReadonlyArray2<'py, f32>,
    threads: Option<usize>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Shrunk<'py>>> {
    let threads = threads::resolve(threads)?;
    let vocabulary = vocabulary.get().inner.clone();
    let shape = [w.shape()[0], w.shape()[1]];
    let sides = [w.as_slice()?, w_tilde.as_slice()?];
    let shrunk = run(py, progress, None, |monitor| {
        threads::in_pool(threads, || {
            let [w, w_tilde] = sides.map(fallible::copied);
            let shrinkage = Shrinkage::of(&vocabulary, None, w?, w_tilde?, shape[1], monitor)?;
            let Some(found) = shrinkage.found else {
                return Ok(None);
            };
            let [w, w_tilde] = sides.map(fallible::copied);
            let (mut w, mut w_tilde) = (w?, w_tilde?);
            let subwords = found.apply(&mut w, &mut w_tilde);
            Ok(Some((subwords, [w, w_tilde])))
        })?
    })?;
    let Some((subwords, [w, w_tilde])) = shrunk else {
        return Ok(None);
    };
    let matrix = |side| PyArray1::from_vec(py, side).reshape(shape);
    Ok(Some((subwords.into(), matrix(w)?, matrix(w_tilde)?)))
}

/// Read a model from the content of its file.
#[pyfunction]
pub fn restore_subwords(py: Python<'_>, content: &Bound<'_, PyBytes>) -> PyResult<CoreSubwords> {
    let content = content.as_bytes();
    let read = py.detach(|| file::from_bytes(content, &Monitor::new()))?;
    Ok(read.into())
}
