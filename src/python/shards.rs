//! The steps of counting a text on many machines, for Python: each a pure function of its arguments,
//! whose results travel as arrays.

use super::cooccurrence::CountingArguments;
use super::run::run;
use super::source::{Source, SourceArguments};
use super::vocabulary::{CoreVocabulary, EncodingArguments};
use crate::cooccurrence::{self, PackedShare, Rows, Share, merge_shares, row_blocks};
use crate::encoding::Shard;
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
        let Source { mut reader, feeder } = Source::new(source, &options, &MemoryLimit::default())?;
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

    /// The text in new ids of the words of `vocabulary`, which are dealt into groups.
    fn encode<'py>(
        &self,
        py: Python<'py>,
        vocabulary: &Bound<'py, CoreVocabulary>,
        keep_gaps: bool,
        groups: usize,
    ) -> PyResult<Bound<'py, PyArray1<WordId>>> {
        let vocabulary = &vocabulary.get().inner;
        let ids = py.detach(|| {
            let partition = Partition::new(vocabulary.len(), groups);
            self.shard.encode(vocabulary, partition, keep_gaps)
        })?;
        Ok(PyArray1::from_vec(py, ids))
    }

    /// Bytes held.
    #[getter]
    fn nbytes(&self) -> usize {
        self.shard.length() * size_of::<WordId>() + self.shard.words().bytes()
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, (CoreVocabulary, Bytes<'py>))> {
        let this = slf.get();
        let ids = PyArray1::from_slice(slf.py(), cast_slice(&this.shard.ids()?));
        Ok((slf.get_type().into_any(), (this.vocabulary(), ids)))
    }

    /// Words in it, those outside any vocabulary included.
    #[getter]
    fn tokens(&self) -> u64 {
        self.shard.words().counts().iter().sum()
    }
}

/// Memory of Python's, which need not be copied to travel.
#[derive(Debug)]
struct Array(Py<PyArray1<u8>>);

impl cooccurrence::Bytes for Array {
    fn length(&self) -> usize {
        Python::attach(|py| self.0.bind(py).shape()[0])
    }

    fn at(&self, place: Range<usize>) -> Cow<'_, [u8]> {
        let bytes = Python::attach(|py| {
            let array = self.0.bind(py).readonly();
            array.as_slice().map(|bytes| bytes[place].to_vec())
        });
        Cow::Owned(bytes.expect("packed bytes are contiguous"))
    }
}

/// Keep packed rows as Python's.
fn keep(bytes: Vec<u8>) -> Arc<dyn cooccurrence::Bytes> {
    Python::attach(|py| Arc::new(Array(PyArray1::from_vec(py, bytes).unbind())))
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
type PackedFields<'py> = ([usize; 3], bool, Bytes<'py>, Vec<Bytes<'py>>);

#[pymethods]
impl CoreShare {
    /// From [`CoreShare::__reduce__`].
    #[new]
    fn new(
        place: [usize; 3],
        symmetric: bool,
        blocks: PyReadonlyArray1<'_, u8>,
        pieces: Vec<Bytes<'_>>,
    ) -> PyResult<Self> {
        let pieces = pieces
            .into_iter()
            .map(|piece| -> Arc<dyn cooccurrence::Bytes> { Arc::new(Array(piece.unbind())) });
        let packed = PackedShare {
            place,
            symmetric,
            blocks: pod_collect_to_vec(blocks.as_slice()?),
            pieces: pieces.collect(),
        };
        Ok(Share::from(packed).into())
    }

    /// The sum of shares of one group.
    #[staticmethod]
    fn merge(py: Python<'_>, parts: Vec<Bound<'_, Self>>, threads: usize) -> PyResult<Self> {
        let parts: Vec<&Share> = parts.iter().map(|part| &part.get().share).collect();
        let share = run(py, None, None, |monitor| {
            threads::in_pool(threads, || merge_shares(&parts, &keep, monitor))?
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
        self.share.pairs()
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
        let (share, partition) = (&self.share, self.share.partition);
        let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
        share.for_each_row(0..partition.words() as WordId, |row| {
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

    /// Bytes held.
    #[getter]
    fn nbytes(&self) -> u64 {
        self.share.bytes()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyAny>, PackedFields<'py>) {
        let py = slf.py();
        let share = &slf.get().share;
        let packed = py.detach(|| share.pack());
        let pieces = packed.pieces.iter().map(|piece| {
            let any: &dyn Any = piece.as_ref();
            match any.downcast_ref() {
                Some(Array(array)) => array.bind(py).clone(),
                None => PyArray1::from_slice(py, &piece.at(0..piece.length())),
            }
        });
        let fields = (
            packed.place,
            packed.symmetric,
            PyArray1::from_slice(py, cast_slice(&packed.blocks)),
            pieces.collect(),
        );
        (slf.get_type().into_any(), fields)
    }
}

/// Count part `part` of `parts` of the rows of texts, the bytes of what [`CoreShard::encode`] makes, on
/// one thread: of each group of words the share that these rows are.
#[pyfunction]
pub fn count_shares(
    py: Python<'_>,
    texts: Vec<PyReadonlyArray1<'_, u8>>,
    vocabulary: &Bound<'_, CoreVocabulary>,
    counting: CountingArguments,
    groups: usize,
    part: usize,
    parts: usize,
) -> PyResult<Vec<CoreShare>> {
    let vocabulary = &vocabulary.get().inner;
    let options = counting.options();
    let texts: Vec<Cow<'_, [WordId]>> = texts
        .iter()
        .map(|bytes| bytes.as_slice().map(numbers))
        .collect::<Result<_, _>>()?;
    let shares = run(py, None, None, |monitor| {
        let texts: Vec<&[WordId]> = texts.iter().map(AsRef::as_ref).collect();
        threads::in_pool(1, || {
            let partition = Partition::new(vocabulary.len(), groups);
            let blocks = row_blocks(partition, vocabulary.counts(), &options, part, parts);
            cooccurrence::count_shares(&texts, &blocks, partition, &options, &keep, monitor)
        })?
    })?;
    Ok(shares.into_iter().map(CoreShare::from).collect())
}

/// Bytes as the numbers they are, copied only if they lie in an odd place.
fn numbers<T: AnyBitPattern + NoUninit>(bytes: &[u8]) -> Cow<'_, [T]> {
    match try_cast_slice(bytes) {
        Ok(numbers) => Cow::Borrowed(numbers),
        Err(_) => Cow::Owned(pod_collect_to_vec(bytes)),
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
pub fn merge_vocabularies(
    py: Python<'_>,
    parts: Vec<Bound<'_, CoreVocabulary>>,
) -> PyResult<CoreVocabulary> {
    let parts: Vec<Arc<Vocabulary>> = parts.iter().map(|part| part.get().inner.clone()).collect();
    Ok(py.detach(|| Vocabulary::merged(&parts))?.into())
}
