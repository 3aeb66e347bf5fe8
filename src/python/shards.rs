//! The steps of counting a text on many machines, for Python: each a pure function of its arguments,
//! whose results travel as arrays.

use super::cooccurrence::CountingArguments;
use super::run::run;
use super::source::{Source, SourceArguments};
use super::vocabulary::{CoreVocabulary, EncodingArguments};
use crate::cooccurrence::{PackedShare, Share, count_shares, merge_shares};
use crate::encoding::Shard;
use crate::partition::Partition;
use crate::threads;
use crate::vocabulary::Vocabulary;
use bytemuck::allocation::pod_collect_to_vec;
use bytemuck::cast_slice;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use std::sync::Arc;

/// Numbers as bytes: what comes from another machine need not be aligned for anything larger.
pub type Bytes<'py> = Bound<'py, PyArray1<u8>>;

/// Part of a text, tokenised.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreShard {
    shard: Shard,
}

#[pymethods]
impl CoreShard {
    /// From [`CoreShard::__reduce__`].
    #[new]
    fn new(
        vocabulary: &Bound<'_, CoreVocabulary>,
        ids: PyReadonlyArray1<'_, u8>,
    ) -> PyResult<Self> {
        let words = vocabulary.get().inner.clone();
        Ok(Self {
            shard: Shard::new(words, pod_collect_to_vec(ids.as_slice()?)),
        })
    }

    /// Tokenise text on one thread.
    #[staticmethod]
    fn read(
        py: Python<'_>,
        source: SourceArguments<'_>,
        encoding: EncodingArguments,
    ) -> PyResult<Self> {
        let options = encoding.options()?;
        let Source { mut reader, feeder } = Source::new(source)?;
        let shard = run(py, None, feeder, |monitor| {
            Shard::read(reader.as_mut(), &options, monitor)
        })?;
        Ok(Self { shard })
    }

    /// All its words, with their counts, in no order.
    #[getter]
    fn vocabulary(&self) -> CoreVocabulary {
        CoreVocabulary {
            inner: self.shard.words().clone(),
        }
    }

    /// Count it on one thread: the share of each group of words.
    fn count(
        &self,
        py: Python<'_>,
        vocabulary: &Bound<'_, CoreVocabulary>,
        counting: CountingArguments,
        keep_gaps: bool,
        groups: usize,
    ) -> PyResult<Vec<CoreShare>> {
        let vocabulary = &vocabulary.get().inner;
        let options = counting.options();
        let shares = run(py, None, None, |monitor| {
            threads::in_pool(1, || {
                let partition = Partition::new(vocabulary.len(), groups);
                let ids = self.shard.encode(vocabulary, partition, keep_gaps);
                count_shares(ids, partition, vocabulary.counts(), &options, monitor)
            })?
        })?;
        Ok(shares.into_iter().map(CoreShare::from).collect())
    }

    /// Bytes held.
    #[getter]
    fn nbytes(&self) -> usize {
        size_of_val(self.shard.ids()) + self.shard.words().bytes()
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> (Bound<'py, PyAny>, (CoreVocabulary, Bytes<'py>)) {
        let this = slf.get();
        let ids = PyArray1::from_slice(slf.py(), cast_slice(this.shard.ids()));
        (slf.get_type().into_any(), (this.vocabulary(), ids))
    }

    /// Words in it, those outside any vocabulary included.
    #[getter]
    fn tokens(&self) -> u64 {
        self.shard.words().counts().iter().sum()
    }
}

/// The counts of all pairs that touch a group of words.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreShare {
    pub share: Share,
}

impl From<Share> for CoreShare {
    fn from(share: Share) -> Self {
        Self { share }
    }
}

/// The fields of [`PackedShare`].
type PackedFields<'py> = ([usize; 3], bool, (u64, f64), Bytes<'py>, Bytes<'py>);

#[pymethods]
impl CoreShare {
    /// From [`CoreShare::__reduce__`].
    #[new]
    fn new(
        place: [usize; 3],
        symmetric: bool,
        sums: (u64, f64),
        blocks: PyReadonlyArray1<'_, u8>,
        bytes: PyReadonlyArray1<'_, u8>,
    ) -> PyResult<Self> {
        let packed = PackedShare {
            place,
            symmetric,
            sums,
            blocks: pod_collect_to_vec(blocks.as_slice()?),
            bytes: bytes.as_slice()?.to_vec(),
        };
        Ok(Share::from(packed).into())
    }

    /// The sum of shares of one group.
    #[staticmethod]
    fn merge(py: Python<'_>, parts: Vec<Bound<'_, Self>>, threads: usize) -> PyResult<Self> {
        let parts: Vec<&Share> = parts.iter().map(|part| &part.get().share).collect();
        let share = run(py, None, None, |monitor| {
            threads::in_pool(threads, || merge_shares(&parts, monitor))?
        })?;
        Ok(share.into())
    }

    /// Words, groups, and this group.
    #[getter]
    fn place(&self) -> [usize; 3] {
        let partition = self.share.partition;
        [partition.words(), partition.groups(), self.share.group]
    }

    /// Pairs of words held.
    #[getter]
    fn pairs(&self) -> u64 {
        self.share.counts.pairs()
    }

    /// Rows, columns, by rank, and values of all records held.
    #[allow(clippy::type_complexity)]
    fn records<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(
        Bound<'py, PyArray1<u32>>,
        Bound<'py, PyArray1<u32>>,
        Bound<'py, PyArray1<f64>>,
    )> {
        let Share {
            partition, counts, ..
        } = &self.share;
        let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
        counts.for_each_record(|i, j, x| {
            rows.push(partition.rank(i));
            columns.push(partition.rank(j));
            values.push(x);
        })?;
        Ok((
            PyArray1::from_vec(py, rows),
            PyArray1::from_vec(py, columns),
            PyArray1::from_vec(py, values),
        ))
    }

    /// Bytes held.
    #[getter]
    fn nbytes(&self) -> u64 {
        self.share.counts.memory_bytes()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, PackedFields<'py>)> {
        let py = slf.py();
        let share = &slf.get().share;
        let packed = py.detach(|| share.pack())?;
        let fields = (
            packed.place,
            packed.symmetric,
            packed.sums,
            PyArray1::from_slice(py, cast_slice(&packed.blocks)),
            PyArray1::from_vec(py, packed.bytes),
        );
        Ok((slf.get_type().into_any(), fields))
    }
}

/// Whether a file with these first ten bytes may be read from the middle.
#[pyfunction]
pub fn has_parts(beginning: &[u8]) -> bool {
    crate::corpus::has_parts(beginning)
}

/// From what [`CoreVocabulary`] pickles as.
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
    Ok(Vocabulary::from_parts(words.as_slice()?.to_vec(), ends, counts).into())
}

/// The words of all parts, whose counts add up, in no order.
#[pyfunction]
pub fn merge_vocabularies(py: Python<'_>, parts: Vec<Bound<'_, CoreVocabulary>>) -> CoreVocabulary {
    let parts: Vec<Arc<Vocabulary>> = parts.iter().map(|part| part.get().inner.clone()).collect();
    py.detach(|| Vocabulary::merged(&parts)).into()
}
