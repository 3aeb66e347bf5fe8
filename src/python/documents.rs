//! [`DocumentText`] with its vocabulary, for Python.

use super::arguments::{CountingArguments, EncodingArguments, RunningArguments};
use super::cooccurrence::CoreCooccurrence;
use super::run::{run, run_in_pool};
use super::source::{Source, SourceArguments};
use super::vocabulary::{CoreVocabulary, words_of};
use crate::cooccurrence::count;
use crate::encoding::{DocumentText, encode_text};
use crate::threads;
use crate::vocabulary::Vocabulary;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use std::sync::Arc;

/// The documents of a text, to be counted with weights.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreDocuments {
    vocabulary: Arc<Vocabulary>,
    text: DocumentText,
}

#[pymethods]
impl CoreDocuments {
    /// Read and encode a text. Without a vocabulary, the words that pass `min_count` and `max_vocab` are chosen.
    #[staticmethod]
    #[pyo3(signature = (source, vocabulary, encoding, running, progress))]
    fn from_corpus(
        py: Python<'_>,
        source: SourceArguments<'_>,
        vocabulary: Option<&Bound<'_, CoreVocabulary>>,
        encoding: EncodingArguments,
        running: RunningArguments,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let mut encoding = encoding.options()?;
        encoding.keep_empty = true;
        let (threads, memory) = running.resolve()?;
        let words = words_of(vocabulary);
        let Source { mut reader, feeder } = Source::new(source, &encoding, &memory)?;
        let (vocabulary, text) = run(py, progress, feeder, |monitor| {
            threads::in_pool(threads, || {
                let read = encode_text(reader.as_mut(), words, &encoding, &memory, monitor)?;
                let text = DocumentText::read(read.corpus, monitor)?;
                crate::Result::Ok((read.vocabulary, text))
            })?
        })?;
        Ok(Self { vocabulary, text })
    }

    #[getter]
    fn vocabulary(&self) -> CoreVocabulary {
        CoreVocabulary {
            inner: self.vocabulary.clone(),
        }
    }

    /// Number of documents, including those without a word of the vocabulary.
    fn __len__(&self) -> usize {
        self.text.documents()
    }

    /// For each document, the number of its tokens that are words of the vocabulary. With `keep_gaps`, all tokens
    /// count.
    fn lengths<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<u32>>> {
        Ok(PyArray1::from_vec(py, self.text.lengths()?))
    }

    /// The counts of the text in which document d occurs `weights[d]` times.
    fn count(
        &self,
        py: Python<'_>,
        weights: PyReadonlyArray1<'_, u32>,
        counting: CountingArguments,
        running: RunningArguments,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<CoreCooccurrence> {
        let options = counting.options();
        let (threads, memory) = running.resolve()?;
        let mut corpus = self.text.weighted(weights.as_slice()?)?;
        let words = self.vocabulary.len();
        let counts = run(py, progress, None, |monitor| {
            threads::in_pool(threads, || {
                count(&mut corpus, words, &options, &memory, monitor)
            })?
        })?;
        let vocabulary = self.vocabulary.clone();
        Ok(CoreCooccurrence::shaped(vocabulary, None, counts, memory))
    }

    /// The documents whose weight is above 0, with another vocabulary that has all of their words.
    /// `ranks[k]` is the rank in that vocabulary of word `k` of this vocabulary.
    fn subset(
        &self,
        py: Python<'_>,
        weights: PyReadonlyArray1<'_, u32>,
        vocabulary: &Bound<'_, CoreVocabulary>,
        ranks: PyReadonlyArray1<'_, u32>,
    ) -> PyResult<Self> {
        let (weights, ranks) = (weights.as_slice()?, ranks.as_slice()?);
        let text = run_in_pool(py, |_| self.text.subset(weights, ranks))?;
        Ok(Self {
            vocabulary: vocabulary.get().inner.clone(),
            text,
        })
    }

    /// How often each word occurs in the text in which document d occurs `weights[d]` times.
    fn word_counts<'py>(
        &self,
        py: Python<'py>,
        weights: PyReadonlyArray1<'_, u32>,
    ) -> PyResult<Bound<'py, PyArray1<u64>>> {
        let (weights, words) = (weights.as_slice()?, self.vocabulary.len());
        let counts = run_in_pool(py, |monitor| self.text.word_counts(weights, words, monitor))?;
        Ok(PyArray1::from_vec(py, counts))
    }
}
