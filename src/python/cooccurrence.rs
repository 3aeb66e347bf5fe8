//! [`Triangle`] with its vocabulary, for Python.

use super::arguments::{CountingArguments, EncodingArguments, RunningArguments};
use super::recognising::FileArgument;
use super::run::{run, run_in_pool};
use super::source::{Source, SourceArguments};
use super::vocabulary::CoreVocabulary;
use crate::cooccurrence::{CountedText, Triangle, Words, count_text, poll};
use crate::error::Error;
use crate::file_kind::Wanted;
use crate::formats::{counts as counts_file, explained, stanford};
use crate::memory::{MemoryLimit, fallible};
use crate::threads;
use crate::vocabulary::{Vocabulary, WordId};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Co-occurrence counts, with their vocabulary.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreCooccurrence {
    pub vocabulary: Arc<Vocabulary>,
    // Words that were too rare for the vocabulary, if they are known. With more text they may become frequent
    // enough.
    pub rare: Arc<Vocabulary>,
    // `None` after a training has taken the counts.
    counts: Mutex<Option<Arc<Triangle>>>,
    // The memory limit of the call that made these counts. It also applies when Stanford's records are
    // written.
    memory: MemoryLimit,
    row_sums: OnceLock<Vec<f64>>,
    // Of a matrix that is not symmetric.
    column_sums: OnceLock<Vec<f64>>,
}

impl CoreCooccurrence {
    fn new(vocabulary: Arc<Vocabulary>, counts: Triangle, memory: MemoryLimit) -> Self {
        Self::with_rare(vocabulary, Arc::default(), Arc::new(counts), memory)
    }

    fn of_text(counted: CountedText, memory: MemoryLimit) -> Self {
        let counts = Arc::new(counted.counts);
        Self::with_rare(counted.vocabulary, counted.rare, counts, memory)
    }

    pub fn with_rare(
        vocabulary: Arc<Vocabulary>,
        rare: Arc<Vocabulary>,
        counts: Arc<Triangle>,
        memory: MemoryLimit,
    ) -> Self {
        Self {
            vocabulary,
            rare,
            counts: Mutex::new(Some(counts)),
            memory,
            row_sums: OnceLock::new(),
            column_sums: OnceLock::new(),
        }
    }

    /// The counts.
    pub fn counts(&self) -> PyResult<Arc<Triangle>> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .clone()
            .ok_or_else(|| PyRuntimeError::new_err("training has taken these counts"))
    }

    /// Take the counts out, so that their memory can be freed.
    pub fn take(&self) -> PyResult<Arc<Triangle>> {
        let counts = self.counts()?;
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(counts)
    }

    fn row_sums(&self) -> PyResult<&[f64]> {
        if let Some(sums) = self.row_sums.get() {
            return Ok(sums);
        }
        let sums = self.counts()?.row_sums()?;
        Ok(self.row_sums.get_or_init(|| sums))
    }

    fn column_sums(&self) -> PyResult<&[f64]> {
        if let Some(sums) = self.column_sums.get() {
            return Ok(sums);
        }
        let counts = self.counts()?;
        if counts.symmetric {
            return self.row_sums();
        }
        let sums = counts.column_sums()?;
        Ok(self.column_sums.get_or_init(|| sums))
    }
}

/// Refuse arrays that are not well-formed compressed sparse rows, or that hold other values than finite
/// counts ≥ 0.
fn check_csr(words: usize, indptr: &[i64], indices: &[i64], values: &[f64]) -> crate::Result<()> {
    let entries = values.len();
    let wrong = |message: String| Err(Error::parameter("X", message));
    if indptr.len() != words + 1
        || indptr.first() != Some(&0)
        || indptr.last() != Some(&(entries as i64))
        || !indptr.is_sorted()
        || indices.len() != entries
    {
        return wrong(format!(
            "must be well-formed compressed sparse rows: {words} rows, {} row limits, {} columns, \
             {entries} values",
            indptr.len(),
            indices.len()
        ));
    }
    if let Some(&column) = indices.iter().find(|&&j| !(0..words as i64).contains(&j)) {
        return wrong(format!(
            "must have columns from 0 to {}, got {column}",
            words - 1
        ));
    }
    if let Some(entry) = values.iter().position(|x| !(x.is_finite() && *x >= 0.0)) {
        let row = indptr.partition_point(|&start| start <= entry as i64) - 1;
        let x = values[entry];
        return wrong(format!(
            "must hold finite counts >= 0, got {x} in row {row}"
        ));
    }
    Ok(())
}

/// Count a text, and add the counts `older` of an earlier text if there are any.
fn count(
    py: Python<'_>,
    source: SourceArguments<'_>,
    words: Words<'_>,
    older: Option<&Triangle>,
    arguments: (EncodingArguments, CountingArguments, RunningArguments),
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<CoreCooccurrence> {
    let (encoding, counting) = (arguments.0.options()?, arguments.1.options());
    let (threads, memory) = arguments.2.resolve()?;
    let Source { mut reader, feeder } = Source::new(source, &encoding, &memory)?;
    let counted = run(py, progress, feeder, |monitor| {
        threads::in_pool(threads, || {
            let reader = reader.as_mut();
            let counted = count_text(reader, words, &encoding, &counting, &memory, monitor)?;
            match older {
                Some(older) => counted.plus(older, &memory, monitor),
                None => Ok(counted),
            }
        })?
    })?;
    Ok(CoreCooccurrence::of_text(counted, memory))
}

/// indptr, indices and values of compressed sparse rows.
type Csr<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i32>>,
    Bound<'py, PyArray1<f64>>,
);

#[pymethods]
impl CoreCooccurrence {
    #[staticmethod]
    #[pyo3(signature = (source, vocabulary, encoding, counting, running, progress))]
    fn from_corpus(
        py: Python<'_>,
        source: SourceArguments<'_>,
        vocabulary: Option<&Bound<'_, CoreVocabulary>>,
        encoding: EncodingArguments,
        counting: CountingArguments,
        running: RunningArguments,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let words = match vocabulary {
            Some(vocabulary) => Words::Given(vocabulary.get().inner.clone()),
            None => Words::Chosen,
        };
        count(
            py,
            source,
            words,
            None,
            (encoding, counting, running),
            progress,
        )
    }

    /// The sum of these counts and those of more text. Words keep their ids. If `grow`, words that now occur
    /// `min_count` times are added after them, up to `max_vocab` words in all.
    #[allow(clippy::too_many_arguments)]
    #[pyo3(signature = (source, encoding, counting, running, progress, grow))]
    fn with_more_text(
        &self,
        py: Python<'_>,
        source: SourceArguments<'_>,
        encoding: EncodingArguments,
        counting: CountingArguments,
        running: RunningArguments,
        progress: Option<&Bound<'_, PyAny>>,
        grow: bool,
    ) -> PyResult<Self> {
        let words = Words::Grown {
            vocabulary: &self.vocabulary,
            rare: &self.rare,
            grow,
        };
        let older = self.counts()?;
        count(
            py,
            source,
            words,
            Some(&older),
            (encoding, counting, running),
            progress,
        )
    }

    /// Counts from compressed sparse rows. The arrays are checked.
    #[staticmethod]
    fn from_csr(
        py: Python<'_>,
        vocabulary: &Bound<'_, CoreVocabulary>,
        indptr: PyReadonlyArray1<'_, i64>,
        indices: PyReadonlyArray1<'_, i64>,
        values: PyReadonlyArray1<'_, f64>,
    ) -> PyResult<Self> {
        let vocabulary = vocabulary.get().inner.clone();
        let words = vocabulary.len();
        let (indptr, indices, values) =
            (indptr.as_slice()?, indices.as_slice()?, values.as_slice()?);
        let counts = run_in_pool(py, |monitor| {
            check_csr(words, indptr, indices, values)?;
            let counts = Triangle::assemble(words, monitor, |pair| {
                let mut since = 0;
                for row in 0..words {
                    poll(
                        (indptr[row + 1] - indptr[row]) as usize,
                        &mut since,
                        monitor,
                    )?;
                    for entry in indptr[row] as usize..indptr[row + 1] as usize {
                        let column = indices[entry] as WordId;
                        pair(row as WordId, column, values[entry], 0.0);
                    }
                }
                Ok(())
            })?;
            counts.check_sum("X")?;
            crate::Result::Ok(counts)
        })?;
        Ok(Self::new(vocabulary, counts, MemoryLimit::default()))
    }

    /// Read a file of counts. With `vocabulary`, read Stanford's records, in any order.
    #[staticmethod]
    #[pyo3(signature = (path, vocabulary, running, progress))]
    fn load(
        py: Python<'_>,
        path: FileArgument,
        vocabulary: Option<&Bound<'_, CoreVocabulary>>,
        running: RunningArguments,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let vocabulary = vocabulary.map(|v| v.get().inner.clone());
        let (threads, memory) = running.resolve()?;
        let name = path.name().to_owned();
        let loaded = run(py, progress, None, |monitor| {
            threads::in_pool(threads, || {
                let loaded = path
                    .open(monitor)
                    .and_then(|input| counts_file::load_from(input, vocabulary, &memory, monitor));
                explained(loaded, &name, Wanted::Counts, monitor)
            })?
        })?;
        Ok(Self::with_rare(
            loaded.vocabulary,
            loaded.rare,
            Arc::new(loaded.counts),
            memory,
        ))
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let counts = self.counts()?;
        let (vocabulary, rare) = (&self.vocabulary, &self.rare);
        run_in_pool(py, |monitor| {
            counts_file::save(&counts, vocabulary, rare, path, monitor)
        })
    }

    /// The weighted sum of two counts over the union of their vocabularies.
    fn plus(
        &self,
        py: Python<'_>,
        other: &Bound<'_, Self>,
        weight: f64,
        other_weight: f64,
    ) -> PyResult<Self> {
        let other = other.get();
        let (our_counts, their_counts) = (self.counts()?, other.counts()?);
        let (vocabulary, counts) = run_in_pool(py, |monitor| {
            let (vocabulary, [ours, theirs]) = self.vocabulary.union(&other.vocabulary, monitor)?;
            let parts = [
                (&*our_counts, &ours[..], weight),
                (&*their_counts, &theirs[..], other_weight),
            ];
            let counts = Triangle::sum(vocabulary.len(), &parts, monitor)?;
            crate::Result::Ok((vocabulary, counts))
        })?;
        Ok(Self::new(
            Arc::new(vocabulary),
            counts,
            MemoryLimit::default(),
        ))
    }

    fn scaled(&self, py: Python<'_>, weight: f64) -> PyResult<Self> {
        let counts = self.counts()?;
        let same = fallible::collect(0..counts.words as WordId)?;
        let parts = [(&*counts, &same[..], weight)];
        let counts = run_in_pool(py, |monitor| Triangle::sum(counts.words, &parts, monitor))?;
        Ok(Self::new(
            self.vocabulary.clone(),
            counts,
            MemoryLimit::default(),
        ))
    }

    fn save_stanford(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let counts = self.counts()?;
        run(py, None, None, |monitor| {
            stanford::save_cooccurrences(&counts, path, &self.memory, monitor)
        })
    }

    fn csr<'py>(&self, py: Python<'py>) -> PyResult<Csr<'py>> {
        let counts = self.counts()?;
        let (starts, columns, values) = run(py, None, None, |monitor| counts.to_csr(monitor))?;
        Ok((
            PyArray1::from_vec(py, starts),
            PyArray1::from_vec(py, columns),
            PyArray1::from_vec(py, values),
        ))
    }

    /// Compressed sparse rows of some rows, and only some columns if `columns` is given. Both must ascend. Columns
    /// keep their numbers.
    #[pyo3(signature = (rows, columns))]
    fn selected_rows<'py>(
        &self,
        py: Python<'py>,
        rows: Vec<WordId>,
        columns: Option<Vec<WordId>>,
    ) -> PyResult<Csr<'py>> {
        let counts = self.counts()?;
        let (starts, columns, values) = run_in_pool(py, |monitor| {
            counts.selected_rows(&rows, columns.as_deref(), monitor)
        })?;
        Ok((
            PyArray1::from_vec(py, starts),
            PyArray1::from_vec(py, columns),
            PyArray1::from_vec(py, values),
        ))
    }

    /// The sum of each row, and the sum of each column.
    fn sums<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>)> {
        Ok((
            PyArray1::from_slice(py, self.row_sums()?),
            PyArray1::from_slice(py, self.column_sums()?),
        ))
    }

    #[getter]
    fn vocabulary(&self) -> CoreVocabulary {
        CoreVocabulary {
            inner: self.vocabulary.clone(),
        }
    }

    #[getter]
    fn symmetric(&self) -> PyResult<bool> {
        Ok(self.counts()?.symmetric)
    }

    #[getter]
    fn nnz(&self) -> PyResult<u64> {
        Ok(self.counts()?.nnz())
    }

    #[getter]
    fn total(&self) -> PyResult<f64> {
        Ok(self.counts()?.total())
    }

    /// X[i, j]
    fn get(&self, i: WordId, j: WordId) -> PyResult<f64> {
        Ok(self.counts()?.get(i, j)?)
    }

    /// Σ_j X[i, j]
    fn row_sum(&self, i: WordId) -> PyResult<f64> {
        Ok(self.row_sums()?[i as usize])
    }

    /// Whether the counts lie in a temporary file.
    #[getter]
    fn on_disk(&self) -> PyResult<bool> {
        Ok(self.counts()?.is_on_disk())
    }
}
