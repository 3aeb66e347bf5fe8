//! Shards of a text, which are tokenized on several machines, and their vocabularies, for Python.

use super::arguments::EncodingArguments;
use super::arrays::ByteArray;
use super::run::run;
use super::source::{Source, SourceArguments};
use super::vocabulary::CoreVocabulary;
use crate::distributed::Shard;
use crate::memory::MemoryLimit;
use crate::partition::Partition;
use crate::vocabulary::{Vocabulary, WordId};
use bytemuck::allocation::pod_collect_to_vec;
use bytemuck::cast_slice;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use std::sync::Arc;

/// A tokenized shard of a text.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreShard {
    shard: Shard,
}

#[pymethods]
impl CoreShard {
    /// A shard from the vocabulary and the array that [`CoreShard::__reduce__`] returned.
    #[staticmethod]
    fn new(
        vocabulary: &Bound<'_, CoreVocabulary>,
        ids: PyReadonlyArray1<'_, u8>,
    ) -> PyResult<Self> {
        let words = vocabulary.get().inner.clone();
        Ok(Self {
            shard: Shard::new(words, pod_collect_to_vec(ids.as_slice()?))?,
        })
    }

    /// Read and tokenize a source on one thread.
    #[staticmethod]
    fn read(
        py: Python<'_>,
        source: SourceArguments<'_>,
        encoding: EncodingArguments,
    ) -> PyResult<Self> {
        let options = encoding.options()?;
        let Source { mut reader, feeder } = Source::new(source, &options, &MemoryLimit::default())?;
        let shard = run(py, None, feeder, |monitor| {
            Shard::read(reader.as_mut(), &options, monitor)
        })?;
        Ok(Self { shard })
    }

    /// The words of the shard with their counts, in the order of first occurrence.
    #[getter]
    fn vocabulary(&self) -> CoreVocabulary {
        CoreVocabulary {
            inner: self.shard.words().clone(),
        }
    }

    /// The text as new ids (see [`Partition`]) of the words of `vocabulary`, which are divided into `groups`
    /// groups. `encoding` decides whether words outside the vocabulary are dropped.
    fn encode<'py>(
        &self,
        py: Python<'py>,
        vocabulary: &Bound<'py, CoreVocabulary>,
        encoding: EncodingArguments,
        groups: usize,
    ) -> PyResult<Bound<'py, PyArray1<WordId>>> {
        let vocabulary = &vocabulary.get().inner;
        let options = encoding.options()?;
        let ids = py.detach(|| {
            let partition = Partition::new(vocabulary.len(), groups);
            self.shard.encode(vocabulary, partition, &options)
        })?;
        Ok(PyArray1::from_vec(py, ids))
    }

    /// Bytes in memory.
    #[getter]
    fn nbytes(&self) -> usize {
        self.shard.length() * size_of::<WordId>() + self.shard.words().bytes()
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, (CoreVocabulary, ByteArray<'py>))> {
        let this = slf.get();
        let ids = PyArray1::from_slice(slf.py(), cast_slice(&this.shard.ids()?));
        Ok((slf.get_type().getattr("new")?, (this.vocabulary(), ids)))
    }

    /// Number of tokens in the shard, including tokens outside the vocabulary of the whole text.
    #[getter]
    fn tokens(&self) -> u64 {
        self.shard.words().counts().iter().sum()
    }
}

/// Whether a file with this beginning can be read from the middle: it is not compressed and not UTF-16.
#[pyfunction]
pub fn is_splittable(beginning: &[u8]) -> bool {
    crate::corpus::is_splittable(beginning)
}

/// A vocabulary from the arrays that [`CoreVocabulary`] is pickled as.
#[pyfunction]
pub fn restore_vocabulary(
    words: PyReadonlyArray1<'_, u8>,
    ends: PyReadonlyArray1<'_, u8>,
    counts: PyReadonlyArray1<'_, u8>,
) -> PyResult<CoreVocabulary> {
    let [ends, counts]: [Vec<u64>; 2] = [
        pod_collect_to_vec(ends.as_slice()?),
        pod_collect_to_vec(counts.as_slice()?),
    ];
    let ends = ends.into_iter().map(|end| end as usize).collect();
    Ok(Vocabulary::from_parts(words.as_slice()?.to_vec(), ends, counts)?.into())
}

/// The words of all parts with the sums of their counts, in the order of first occurrence in the
/// parts.
#[pyfunction]
pub fn merge_vocabularies(
    py: Python<'_>,
    parts: Vec<Bound<'_, CoreVocabulary>>,
) -> PyResult<CoreVocabulary> {
    let parts: Vec<Arc<Vocabulary>> = parts.iter().map(|part| part.get().inner.clone()).collect();
    Ok(py.detach(|| Vocabulary::merged(&parts))?.into())
}
