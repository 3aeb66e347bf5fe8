//! The counts of a group of words, for Python: counting, adding, marginals, and sending them to other machines.

use super::arguments::CountingArguments;
use super::arrays::ByteArray;
use super::cooccurrence::CoreCooccurrence;
use super::run::{run, run_in_pool};
use super::vocabulary::CoreVocabulary;
use crate::cooccurrence::{CountRows, SharedBytes};
use crate::distributed::{
    self, GroupCounts, SerializedGroupCounts, merge_group_counts, row_blocks,
};
use crate::partition::Partition;
use crate::threads;
use crate::training::marginals;
use crate::vocabulary::WordId;
use bytemuck::allocation::pod_collect_to_vec;
use bytemuck::{AnyBitPattern, NoUninit, cast_slice, try_cast_slice};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods};
use pyo3::prelude::*;
use std::any::Any;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

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
    #[staticmethod]
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

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, SerializedFields<'py>)> {
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
        Ok((slf.get_type().getattr("new")?, fields))
    }
}

/// Count `texts` on one thread, but only the rows of X that belong to task number `task` of `tasks`. `texts` are
/// results of [`CoreShard::encode`](super::shards::CoreShard::encode), as bytes. Returns, for each group of words, its
/// counts in these rows.
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

/// Split counts into the counts of each group of words.
#[pyfunction]
pub fn split_counts(
    py: Python<'_>,
    counts: &Bound<'_, CoreCooccurrence>,
    groups: usize,
) -> PyResult<Vec<CoreGroupCounts>> {
    let counts = counts.get().counts()?;
    let group_counts = run_in_pool(py, |monitor| {
        let partition = Partition::new(counts.words, groups);
        (0..groups)
            .map(|group| GroupCounts::of(&counts, partition, group, monitor))
            .collect::<crate::Result<Vec<_>>>()
    })?;
    Ok(group_counts
        .into_iter()
        .map(CoreGroupCounts::from)
        .collect())
}

/// For each word, the number of records in its row plus the number of records in its column (V,), and the sum
/// of its row and the sum of its column (V, 2).
type Marginals<'py> = (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray2<f64>>);

/// The marginals of the records whose row is in the group of `counts`. The marginals of all groups add up to
/// those of the matrix.
#[pyfunction]
pub fn group_marginals<'py>(
    py: Python<'py>,
    counts: &Bound<'py, CoreGroupCounts>,
    threads: usize,
) -> PyResult<Marginals<'py>> {
    let counts = &counts.get().counts;
    let marginals = py.detach(|| {
        threads::in_pool(threads, || {
            marginals(counts, counts.partition, counts.group)
        })?
    })?;
    let records = marginals.iter().map(|marginal| marginal.records).collect();
    let sums: Vec<f64> = marginals
        .iter()
        .flat_map(|marginal| marginal.sums)
        .collect();
    Ok((
        PyArray1::from_vec(py, records),
        PyArray1::from_vec(py, sums).reshape([marginals.len(), 2])?,
    ))
}
