//! [`Vocabulary`] for Python.

use super::arguments::{EncodingArguments, RunningArguments};
use super::arrays::ByteArray;
use super::recognising::FileArgument;
use super::run::{run, run_in_pool};
use super::source::{Source, SourceArguments};
use crate::encoding::{WordChoice, read_vocabulary};
use crate::file_kind::Wanted;
use crate::formats::{explained, stanford};
use crate::memory::fallible;
use crate::threads;
use crate::vocabulary::Vocabulary;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use std::path::PathBuf;
use std::sync::Arc;

/// A list of str from words in UTF-8.
pub fn list<'a, 'py>(
    py: Python<'py>,
    words: impl Iterator<Item = &'a [u8]>,
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for word in words {
        list.append(PyString::from_bytes(py, word)?)?;
    }
    Ok(list)
}

/// A vocabulary of the core.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreVocabulary {
    pub inner: Arc<Vocabulary>,
}

/// The words to encode a text with: those of `vocabulary` or, without a vocabulary, those that are chosen from the
/// text.
pub fn words_of<'a>(vocabulary: Option<&Bound<'_, CoreVocabulary>>) -> WordChoice<'a> {
    match vocabulary {
        Some(vocabulary) => WordChoice::Given(vocabulary.get().inner.clone()),
        None => WordChoice::FromText,
    }
}

/// The words joined into one text, the position in it where each word ends (u64), and the counts (u64), as
/// bytes.
type WordArrays<'py> = (ByteArray<'py>, ByteArray<'py>, ByteArray<'py>);

impl CoreVocabulary {
    fn listed(&self) -> crate::Result<Vec<(&[u8], u64)>> {
        let mut words = fallible::with_capacity(self.inner.len())?;
        words.extend(self.inner.iter());
        Ok(words)
    }
}

#[pymethods]
impl CoreVocabulary {
    #[staticmethod]
    fn new(words: Vec<String>, counts: Vec<u64>) -> PyResult<Self> {
        Ok(Vocabulary::new(words.into_iter().zip(counts))?.into())
    }

    #[staticmethod]
    #[pyo3(signature = (source, encoding, running, progress))]
    fn from_corpus(
        py: Python<'_>,
        source: SourceArguments<'_>,
        encoding: EncodingArguments,
        running: RunningArguments,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let options = encoding.options()?;
        let (threads, memory) = running.resolve()?;
        let Source { mut reader, feeder } = Source::new(source, &options, &memory)?;
        let vocabulary = run(py, progress, feeder, |monitor| {
            threads::in_pool(threads, || {
                read_vocabulary(reader.as_mut(), &options, &memory, monitor)
            })?
        })?;
        Ok(vocabulary.into())
    }

    #[staticmethod]
    fn load(py: Python<'_>, file: FileArgument) -> PyResult<Self> {
        let name = file.name().to_owned();
        let vocabulary = run(py, None, None, |monitor| {
            let loaded = file
                .open(monitor)
                .and_then(|input| stanford::load_vocabulary_from(input, monitor));
            explained(loaded, &name, Wanted::Vocabulary, monitor)
        })?;
        Ok(vocabulary.into())
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        run(py, None, None, |monitor| {
            stanford::save_vocabulary(&self.inner, path, monitor)
        })
    }

    /// The words that occur at least `min_count` times; if these are more than `max_vocab`, only the most
    /// frequent ones.
    #[pyo3(signature = (min_count, max_vocab))]
    fn pruned(&self, py: Python<'_>, min_count: u64, max_vocab: Option<usize>) -> PyResult<Self> {
        let pruned = run_in_pool(py, |monitor| {
            Vocabulary::prune(&self.listed()?, min_count, max_vocab, monitor)
        })?;
        Ok(pruned.into())
    }

    fn words<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        list(py, self.inner.iter().map(|(word, _)| word))
    }

    fn counts<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        let counts = self.inner.counts().iter().map(|&n| n as i64).collect();
        PyArray1::from_vec(py, counts)
    }

    /// The same words sorted by falling count, and the index of each in this vocabulary.
    fn by_count<'py>(&self, py: Python<'py>) -> PyResult<(Self, Bound<'py, PyArray1<i64>>)> {
        let (sorted, order) = run_in_pool(py, |monitor| {
            let sorted = Vocabulary::prune(&self.listed()?, 0, None, monitor)?;
            self.inner.build_index(monitor)?;
            let rank = |word| self.inner.index_of(word).expect("one of the same words");
            let mut order: Vec<i64> = fallible::with_capacity(sorted.len())?;
            order.extend(sorted.iter().map(|(word, _)| i64::from(rank(word))));
            Ok((sorted, order))
        })?;
        Ok((sorted.into(), PyArray1::from_vec(py, order)))
    }

    /// These words, followed by `word` with a count of 0.
    fn with_word(&self, word: &str) -> PyResult<Self> {
        let words = self.inner.iter().chain([(word.as_bytes(), 0)]);
        Ok(Vocabulary::new(words)?.into())
    }

    fn index(&self, word: &str) -> Option<u32> {
        self.inner.index_of(word.as_bytes())
    }

    /// The vocabulary that `encoding` chooses for a text with these words and counts. Messages call
    /// the text `name`.
    fn chosen(&self, py: Python<'_>, name: PathBuf, encoding: EncodingArguments) -> PyResult<Self> {
        let options = encoding.options()?;
        let (chosen, _) = run_in_pool(py, |monitor| {
            options.choose(&mut self.listed()?, &name, monitor)
        })?;
        Ok(chosen.into())
    }

    /// Refuse this vocabulary as the words to count if it contains stop words of `encoding`.
    fn refuse_stop_words(&self, encoding: EncodingArguments) -> PyResult<()> {
        Ok(encoding.options()?.refuse_stop_words(&self.inner)?)
    }

    /// The words with these `ranks`, with these new `counts`.
    fn selected(
        &self,
        ranks: PyReadonlyArray1<'_, u32>,
        counts: PyReadonlyArray1<'_, u64>,
    ) -> PyResult<Self> {
        let (ranks, counts) = (ranks.as_slice()?, counts.as_slice()?);
        let words = ranks.iter().map(|&rank| self.inner.word(rank));
        Ok(words
            .zip(counts.iter().copied())
            .collect::<Vocabulary>()
            .into())
    }

    /// These words with the counts that they have in `other`, or 0.
    fn counted(&self, other: &Bound<'_, Self>) -> Self {
        self.inner.counted(&other.get().inner).into()
    }

    /// Bytes in memory.
    #[getter]
    fn nbytes(&self) -> usize {
        self.inner.bytes()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, WordArrays<'py>)> {
        let (words, ends) = self.inner.text();
        let ends: Vec<u64> = ends.iter().map(|&end| end as u64).collect();
        let arrays = (
            PyArray1::from_slice(py, words),
            PyArray1::from_slice(py, bytemuck::cast_slice(&ends)),
            PyArray1::from_slice(py, bytemuck::cast_slice(self.inner.counts())),
        );
        let core = py.import("glove_rs._core")?;
        Ok((core.getattr("restore_vocabulary")?, arrays))
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }
}

impl From<Vocabulary> for CoreVocabulary {
    fn from(vocabulary: Vocabulary) -> Self {
        Self {
            inner: Arc::new(vocabulary),
        }
    }
}

/// The largest number of threads that a call may have.
#[pyfunction]
pub fn most_threads() -> usize {
    threads::most()
}
