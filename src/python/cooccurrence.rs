//! Co-occurrence counts (a [`Triangle`]) with the vocabularies of their rows and columns, for Python.

use super::arguments::{CountingArguments, EncodingArguments, RunningArguments};
use super::recognising::FileArgument;
use super::run::{run, run_in_pool};
use super::source::{Source, SourceArguments};
use super::vocabulary::{CoreVocabulary, words_of};
use crate::cooccurrence::{CountedText, Triangle, count_text, row_parts};
use crate::encoding::WordChoice;
use crate::error::Error;
use crate::file_kind::Wanted;
use crate::formats::{counts as counts_file, explained, stanford};
use crate::memory::{MemoryLimit, fallible};
use crate::threads;
use crate::training::{BorrowedParameters, Weighting, data_loss};
use crate::vocabulary::{Vocabulary, WordId};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Co-occurrence counts, with their vocabulary.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreCooccurrence {
    pub vocabulary: Arc<Vocabulary>,
    // The words of the text that `min_count` or `max_vocab` excluded from the vocabulary, if they are known.
    // With more text they may become frequent enough.
    pub rare: Arc<Vocabulary>,
    // The words of the columns, if they are not those of the rows.
    pub contexts: Option<Arc<Vocabulary>>,
    // `None` after a training has taken the counts.
    counts: Mutex<Option<Arc<Triangle>>>,
    // The memory limit of the call that made these counts, or the default if that call takes no limit. It also
    // applies when Stanford's records are written, and to the parts that [`CoreCooccurrence::row_bounds`] returns.
    memory: MemoryLimit,
    row_sums: OnceLock<Vec<f64>>,
    // Computed only for a matrix that is not symmetric or is rectangular.
    column_sums: OnceLock<Vec<f64>>,
}

impl CoreCooccurrence {
    /// Counts with these words of the rows. `contexts` are the words of the columns, if they are
    /// not those of the rows; then the counts must be rectangular.
    pub fn shaped(
        vocabulary: Arc<Vocabulary>,
        contexts: Option<Arc<Vocabulary>>,
        counts: Triangle,
        memory: MemoryLimit,
    ) -> Self {
        Self::with_words(
            vocabulary,
            Arc::default(),
            contexts,
            Arc::new(counts),
            memory,
        )
    }

    fn of_text(counted: CountedText, memory: MemoryLimit) -> Self {
        let counts = Arc::new(counted.counts);
        Self::with_words(counted.vocabulary, counted.rare, None, counts, memory)
    }

    pub fn with_words(
        vocabulary: Arc<Vocabulary>,
        rare: Arc<Vocabulary>,
        contexts: Option<Arc<Vocabulary>>,
        counts: Arc<Triangle>,
        memory: MemoryLimit,
    ) -> Self {
        Self {
            vocabulary,
            rare,
            contexts,
            counts: Mutex::new(Some(counts)),
            memory,
            row_sums: OnceLock::new(),
            column_sums: OnceLock::new(),
        }
    }

    /// The words of the counts, as they are passed to the function that writes a file.
    fn words(&self) -> counts_file::Vocabularies<'_> {
        counts_file::Vocabularies {
            vocabulary: &self.vocabulary,
            rare: &self.rare,
            contexts: self.contexts.as_deref(),
        }
    }

    /// Refuse rectangular counts for `what`, which needs a square matrix.
    fn check_square(&self, what: &str) -> PyResult<()> {
        if self.contexts.is_none() {
            return Ok(());
        }
        let message = format!(
            "{what} needs counts whose rows and columns have the same words, but these counts have words of their \
             own for the columns"
        );
        Err(PyValueError::new_err(message))
    }

    /// The counts, or an error if training has taken them.
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
        // The values of a rectangular matrix may be symmetric by chance, but the words of its columns are not the words
        // of its rows.
        if counts.symmetric && !counts.is_rectangular() {
            return self.row_sums();
        }
        let sums = counts.column_sums()?;
        Ok(self.column_sums.get_or_init(|| sums))
    }
}

/// Largest number of bytes of the records in a part that [`CoreCooccurrence::row_bounds`] returns, unless the
/// part is one row.
const PART_BYTES: u64 = 1 << 30;

/// Count a text, and add the counts `older` of an earlier text if there are any.
fn count(
    py: Python<'_>,
    source: SourceArguments<'_>,
    words: WordChoice<'_>,
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

/// The sums of the rows and those of the columns.
type MarginalSums<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

/// indptr, indices and values of compressed sparse rows.
type CsrArrays<'py> = (
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
        count(
            py,
            source,
            words_of(vocabulary),
            None,
            (encoding, counting, running),
            progress,
        )
    }

    /// The sum of these counts and those of more text. Words keep their ids. If `grow`, words that
    /// now occur at least `min_count` times are added after them, up to `max_vocab` words in all.
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
        self.check_square("counting more text")?;
        let words = WordChoice::Grown {
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

    /// Counts from compressed sparse rows. The arrays are checked. With `contexts`, the columns have these words.
    /// `rare` are words outside the vocabulary, as [`CoreCooccurrence::rare`]. `adjacent` are the counts of adjacent
    /// words, with the same vocabulary.
    #[staticmethod]
    #[pyo3(signature = (vocabulary, contexts, indptr, indices, values, rare=None, adjacent=None))]
    #[allow(clippy::too_many_arguments)]
    fn from_csr(
        py: Python<'_>,
        vocabulary: &Bound<'_, CoreVocabulary>,
        contexts: Option<&Bound<'_, CoreVocabulary>>,
        indptr: PyReadonlyArray1<'_, i64>,
        indices: PyReadonlyArray1<'_, i64>,
        values: PyReadonlyArray1<'_, f64>,
        rare: Option<&Bound<'_, CoreVocabulary>>,
        adjacent: Option<&Bound<'_, Self>>,
    ) -> PyResult<Self> {
        let adjacent = adjacent
            .map(|adjacent| adjacent.get().counts())
            .transpose()?;
        let vocabulary = vocabulary.get().inner.clone();
        let contexts = contexts.map(|contexts| contexts.get().inner.clone());
        let rare = rare.map_or_else(Arc::default, |rare| rare.get().inner.clone());
        let columns = contexts.as_ref().unwrap_or(&vocabulary);
        let shape = [vocabulary.len(), columns.len()];
        let (indptr, indices, values) =
            (indptr.as_slice()?, indices.as_slice()?, values.as_slice()?);
        let counts = run_in_pool(py, |monitor| {
            Triangle::from_csr(
                shape,
                contexts.is_some(),
                [indptr, indices],
                values,
                monitor,
            )
        })?;
        if let Some(adjacent) = &adjacent
            && (counts.is_rectangular() || adjacent.shape() != counts.shape())
        {
            let message = "must have the words of the counts, in their rows and in their columns";
            return Err(Error::parameter("adjacent", message).into());
        }
        let counts = Arc::new(counts.with_adjacent(adjacent));
        let memory = MemoryLimit::default();
        Ok(Self::with_words(vocabulary, rare, contexts, counts, memory))
    }

    /// Whether adjacent words were counted.
    #[getter]
    fn has_adjacent(&self) -> PyResult<bool> {
        Ok(self.counts()?.adjacent().is_some())
    }

    /// The counts of adjacent words: element (i, j) is how often word i stands directly to the left of word j. `None`
    /// if they were not counted.
    #[getter]
    fn adjacent(&self) -> PyResult<Option<Self>> {
        let with_words = |adjacent: &Arc<Triangle>| {
            let (vocabulary, rare) = (self.vocabulary.clone(), self.rare.clone());
            Self::with_words(
                vocabulary,
                rare,
                None,
                adjacent.clone(),
                self.memory.clone(),
            )
        };
        Ok(self.counts()?.adjacent().map(with_words))
    }

    /// Read a file of counts. With `vocabulary`, read a file of Stanford's records, which may be in any order.
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
        Ok(Self::with_words(
            loaded.vocabulary,
            loaded.rare,
            loaded.contexts,
            Arc::new(loaded.counts),
            memory,
        ))
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let counts = self.counts()?;
        run_in_pool(py, |monitor| {
            counts_file::save(&counts, self.words(), path, monitor)
        })
    }

    /// The counts `weight` · `self` + `other_weight` · `other`, over the union of the two
    /// vocabularies.
    fn plus(
        &self,
        py: Python<'_>,
        other: &Bound<'_, Self>,
        weight: f64,
        other_weight: f64,
    ) -> PyResult<Self> {
        let other = other.get();
        let (our_counts, their_counts) = (self.counts()?, other.counts()?);
        if self.contexts.is_some() != other.contexts.is_some() {
            let message = "counts can be added if both have words of their own for the columns, or neither has";
            return Err(PyValueError::new_err(message));
        }
        let (vocabulary, contexts, counts) = run_in_pool(py, |monitor| {
            let (vocabulary, [ours, theirs]) = self.vocabulary.union(&other.vocabulary, monitor)?;
            let union = match (&self.contexts, &other.contexts) {
                (Some(own), Some(others)) => Some(own.union(others, monitor)?),
                _ => None,
            };
            let [our_columns, their_columns] = match &union {
                Some((_, [ours, theirs])) => [&ours[..], &theirs[..]],
                None => [&ours[..], &theirs[..]],
            };
            let parts = [
                (&*our_counts, [&ours[..], our_columns], weight),
                (&*their_counts, [&theirs[..], their_columns], other_weight),
            ];
            let shape = [&Some(&vocabulary), &union.as_ref().map(|(words, _)| words)];
            let shape = shape.map(|words| words.map_or(vocabulary.len(), Vocabulary::len));
            let counts = Triangle::sum(shape[0].max(shape[1]), &parts, monitor)?;
            let counts = if union.is_some() {
                counts.rectangular(shape)
            } else {
                counts
            };
            let contexts = union.map(|(words, _)| Arc::new(words));
            crate::Result::Ok((Arc::new(vocabulary), contexts, counts))
        })?;
        let memory = MemoryLimit::default();
        Ok(Self::shaped(vocabulary, contexts, counts, memory))
    }

    fn scaled(&self, py: Python<'_>, weight: f64) -> PyResult<Self> {
        let counts = self.counts()?;
        let same = fallible::collect(0..counts.words as WordId)?;
        let parts = [(&*counts, [&same[..]; 2], weight)];
        let scaled = run_in_pool(py, |monitor| Triangle::sum(counts.words, &parts, monitor))?;
        let scaled = if counts.is_rectangular() {
            scaled.rectangular(counts.shape())
        } else {
            scaled
        };
        let (vocabulary, contexts) = (self.vocabulary.clone(), self.contexts.clone());
        let memory = MemoryLimit::default();
        Ok(Self::shaped(vocabulary, contexts, scaled, memory))
    }

    fn save_stanford(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.check_square("the format of Stanford's tools")?;
        let counts = self.counts()?;
        run(py, None, None, |monitor| {
            stanford::save_cooccurrences(&counts, path, &self.memory, monitor)
        })
    }

    fn csr<'py>(&self, py: Python<'py>) -> PyResult<CsrArrays<'py>> {
        let counts = self.counts()?;
        let (starts, columns, values) = run(py, None, None, |monitor| counts.to_csr(monitor))?;
        Ok((
            PyArray1::from_vec(py, starts),
            PyArray1::from_vec(py, columns),
            PyArray1::from_vec(py, values),
        ))
    }

    /// The rows `rows` of X as compressed sparse rows. If `columns` is given, only the entries in
    /// these columns are returned. Both lists must be in ascending order. Columns keep their
    /// numbers.
    #[pyo3(signature = (rows, columns))]
    fn selected_rows<'py>(
        &self,
        py: Python<'py>,
        rows: Vec<WordId>,
        columns: Option<Vec<WordId>>,
    ) -> PyResult<CsrArrays<'py>> {
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

    /// Divide the rows of X into parts whose records take at most [`PART_BYTES`], and at most the fraction of
    /// the memory limit that is for rows. A row that takes more is a part of its own. Returns the first row of
    /// each part, and the end of the last part.
    fn row_bounds(&self, py: Python<'_>) -> PyResult<Vec<usize>> {
        let counts = self.counts()?;
        let most = self.memory.row_bytes().min(PART_BYTES);
        run(py, None, None, |monitor| {
            Ok(row_parts(&counts.row_lengths(monitor)?, most))
        })
    }

    /// The rows `first..end` of X.
    fn rows<'py>(&self, py: Python<'py>, first: usize, end: usize) -> PyResult<CsrArrays<'py>> {
        let counts = self.counts()?;
        let (starts, columns, values) = run(py, None, None, |monitor| {
            let lengths = counts.row_lengths(monitor)?;
            counts.rows_to_csr(first as WordId, &lengths[first..end], monitor)
        })?;
        Ok((
            PyArray1::from_vec(py, starts),
            PyArray1::from_vec(py, columns),
            PyArray1::from_vec(py, values),
        ))
    }

    /// The sum of each row, and the sum of each column.
    fn sums<'py>(&self, py: Python<'py>) -> PyResult<MarginalSums<'py>> {
        Ok((
            PyArray1::from_slice(py, self.row_sums()?),
            PyArray1::from_slice(py, self.column_sums()?),
        ))
    }

    /// The words of the columns, if they are not those of the rows.
    #[getter]
    fn contexts(&self) -> Option<CoreVocabulary> {
        let inner = self.contexts.clone()?;
        Some(CoreVocabulary { inner })
    }

    #[getter]
    fn vocabulary(&self) -> CoreVocabulary {
        CoreVocabulary {
            inner: self.vocabulary.clone(),
        }
    }

    #[getter]
    fn rare(&self) -> CoreVocabulary {
        CoreVocabulary {
            inner: self.rare.clone(),
        }
    }

    #[getter]
    fn symmetric(&self) -> PyResult<bool> {
        Ok(self.contexts.is_none() && self.counts()?.symmetric)
    }

    #[getter]
    fn nnz(&self) -> PyResult<u64> {
        Ok(self.counts()?.nnz())
    }

    #[getter]
    fn total(&self) -> PyResult<f64> {
        Ok(self.counts()?.total())
    }

    /// The data loss of these parameters on the counts: Σ ½ f(X) (w · w̃ + b + b̃ − ln X)² / nnz.
    #[allow(non_snake_case, clippy::too_many_arguments)]
    fn data_loss(
        &self,
        py: Python<'_>,
        W: PyReadonlyArray2<'_, f32>,
        W_tilde: PyReadonlyArray2<'_, f32>,
        b: PyReadonlyArray1<'_, f32>,
        b_tilde: PyReadonlyArray1<'_, f32>,
        x_max: f64,
        alpha: f64,
        running: RunningArguments,
    ) -> PyResult<f64> {
        let counts = self.counts()?;
        let weighting = Weighting::new(x_max, alpha)?;
        let (threads, _) = running.resolve()?;
        let parameters = BorrowedParameters {
            w: W.as_slice()?,
            w_tilde: W_tilde.as_slice()?,
            b: b.as_slice()?,
            b_tilde: b_tilde.as_slice()?,
            dim: W.shape()[1],
        };
        run(py, None, None, |monitor| {
            threads::in_pool(threads, || {
                data_loss(&counts, parameters, weighting, monitor)
            })?
        })
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
