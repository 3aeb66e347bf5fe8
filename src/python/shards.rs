//! The steps of counting a text on several machines, for Python. Each step is a pure function of its
//! arguments. The results of steps are sent to other machines as arrays.

use super::arguments::{CountingArguments, EncodingArguments};
use super::arrays::ByteArray;
use super::run::run;
use super::source::{Source, SourceArguments};
use super::vocabulary::CoreVocabulary;
use crate::cooccurrence::{CountRows, SharedBytes};
use crate::distributed::{
    self, GroupCounts, SerializedGroupCounts, Shard, merge_group_counts, row_blocks,
};
use crate::memory::MemoryLimit;
use crate::partition::Partition;
use crate::threads;
use crate::vocabulary::{Vocabulary, WordId};
use bytemuck::allocation::pod_collect_to_vec;
use bytemuck::{AnyBitPattern, NoUninit, cast_slice, try_cast_slice};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods};
use pyo3::prelude::*;
use std::any::Any;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A tokenized shard of a text.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreShard {
    shard: Shard,
}

#[pymethods]
impl CoreShard {
    /// A shard from the vocabulary and the array that [`CoreShard::__reduce__`] returned.
    #[new]
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
        Ok((slf.get_type().into_any(), (this.vocabulary(), ids)))
    }

    /// Number of tokens in the shard, including tokens outside the vocabulary of the whole text.
    #[getter]
    fn tokens(&self) -> u64 {
        self.shard.words().counts().iter().sum()
    }
}

/// A NumPy array, which can be sent to another machine without a copy.
#[derive(Debug)]
struct Array(Py<PyArray1<u8>>);

impl SharedBytes for Array {
    fn length(&self) -> usize {
        Python::attach(|py| self.0.bind(py).shape()[0])
    }

    fn get(&self, range: Range<usize>) -> Cow<'_, [u8]> {
        let bytes = Python::attach(|py| {
            let array = self.0.bind(py).readonly();
            array.as_slice().map(|bytes| bytes[range].to_vec())
        });
        Cow::Owned(bytes.expect("one dimension, contiguous"))
    }
}

/// Store compressed rows as a NumPy array.
fn store(bytes: Vec<u8>) -> Arc<dyn SharedBytes> {
    Python::attach(|py| Arc::new(Array(PyArray1::from_vec(py, bytes).unbind())))
}

/// The counts of all pairs with at least one word in a group.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreGroupCounts {
    pub counts: GroupCounts,
}

impl From<GroupCounts> for CoreGroupCounts {
    fn from(counts: GroupCounts) -> Self {
        Self { counts }
    }
}

/// The fields of [`SerializedGroupCounts`].
type SerializedFields<'py> = ([usize; 3], bool, ByteArray<'py>, Vec<ByteArray<'py>>);

#[pymethods]
impl CoreGroupCounts {
    /// Counts from the fields that [`CoreGroupCounts::__reduce__`] returned.
    #[new]
    fn new(
        header: [usize; 3],
        symmetric: bool,
        blocks: PyReadonlyArray1<'_, u8>,
        buffers: Vec<ByteArray<'_>>,
    ) -> PyResult<Self> {
        let buffers = buffers
            .into_iter()
            .map(|buffer| -> Arc<dyn SharedBytes> { Arc::new(Array(buffer.unbind())) });
        let serialized = SerializedGroupCounts {
            header,
            symmetric,
            blocks: pod_collect_to_vec(blocks.as_slice()?),
            buffers: buffers.collect(),
        };
        Ok(GroupCounts::from(serialized).into())
    }

    /// The sum of `parts`, which are counts of the same group.
    #[staticmethod]
    fn merge(py: Python<'_>, parts: Vec<Bound<'_, Self>>, threads: usize) -> PyResult<Self> {
        let parts: Vec<&GroupCounts> = parts.iter().map(|part| &part.get().counts).collect();
        let counts = run(py, None, None, |monitor| {
            threads::in_pool(threads, || merge_group_counts(&parts, &store, monitor))?
        })?;
        Ok(counts.into())
    }

    /// Number of pairs of words.
    #[getter]
    fn pairs(&self) -> u64 {
        self.counts.pairs()
    }

    /// The row, the column and the value of each record. Rows and columns are ranks.
    #[allow(clippy::type_complexity)]
    fn records<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(
        Bound<'py, PyArray1<u32>>,
        Bound<'py, PyArray1<u32>>,
        Bound<'py, PyArray1<f64>>,
    )> {
        let (counts, partition) = (&self.counts, self.counts.partition);
        let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
        counts.for_each_row(0..partition.words() as WordId, |row| {
            row.for_each_record(|i, j, x| {
                rows.push(partition.rank(i));
                columns.push(partition.rank(j));
                values.push(x);
            });
            Ok(())
        })?;
        Ok((
            PyArray1::from_vec(py, rows),
            PyArray1::from_vec(py, columns),
            PyArray1::from_vec(py, values),
        ))
    }

    /// Bytes of the compressed rows in memory.
    #[getter]
    fn nbytes(&self) -> u64 {
        self.counts.bytes()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyAny>, SerializedFields<'py>) {
        let py = slf.py();
        let counts = &slf.get().counts;
        let serialized = py.detach(|| counts.serialize());
        let buffers = serialized.buffers.iter().map(|buffer| {
            let any: &dyn Any = buffer.as_ref();
            match any.downcast_ref() {
                Some(Array(array)) => array.bind(py).clone(),
                None => PyArray1::from_slice(py, &buffer.get(0..buffer.length())),
            }
        });
        let fields = (
            serialized.header,
            serialized.symmetric,
            PyArray1::from_slice(py, cast_slice(&serialized.blocks)),
            buffers.collect(),
        );
        (slf.get_type().into_any(), fields)
    }
}

/// Count `texts` on one thread, but only the rows of X that belong to task number `task` of `tasks`. `texts` are
/// results of [`CoreShard::encode`], as bytes. Returns, for each group of words, its counts in these rows.
#[pyfunction]
pub fn count_by_group(
    py: Python<'_>,
    texts: Vec<PyReadonlyArray1<'_, u8>>,
    vocabulary: &Bound<'_, CoreVocabulary>,
    counting: CountingArguments,
    groups: usize,
    task: usize,
    tasks: usize,
) -> PyResult<Vec<CoreGroupCounts>> {
    let vocabulary = &vocabulary.get().inner;
    let options = counting.options();
    let texts: Vec<Cow<'_, [WordId]>> = texts
        .iter()
        .map(|bytes| bytes.as_slice().map(numbers))
        .collect::<Result<_, _>>()?;
    let group_counts = run(py, None, None, |monitor| {
        let texts: Vec<&[WordId]> = texts.iter().map(AsRef::as_ref).collect();
        threads::in_pool(1, || {
            let partition = Partition::new(vocabulary.len(), groups);
            let blocks = row_blocks(partition, vocabulary.counts(), &options, task, tasks);
            distributed::count_by_group(&texts, &blocks, partition, &options, &store, monitor)
        })?
    })?;
    Ok(group_counts
        .into_iter()
        .map(CoreGroupCounts::from)
        .collect())
}

/// Read bytes as numbers; copy them only if they are not aligned.
fn numbers<T: AnyBitPattern + NoUninit>(bytes: &[u8]) -> Cow<'_, [T]> {
    match try_cast_slice(bytes) {
        Ok(numbers) => Cow::Borrowed(numbers),
        Err(_) => Cow::Owned(pod_collect_to_vec(bytes)),
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
