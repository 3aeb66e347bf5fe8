//! The co-occurrence matrix, kept as the triangle of pairs whose row word is the rarer one.

use super::spill::{Run, decode_into, encode};
use crate::error::{Error, Result};
use crate::memory::{HugeBuffer, fallible};
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::any::Any;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Debug;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Consecutive rows of a [`Triangle`], packed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowBlock {
    first: WordId,
    // Row `first + i` is entries ends[i - 1]..ends[i].
    ends: Vec<usize>,
    columns: Vec<WordId>,
    // X[row, column]
    forward: Vec<f64>,
    // X[column, row]; absent when the matrix is symmetric.
    backward: Option<Vec<f64>>,
}

impl RowBlock {
    /// No rows yet; the first will be `first`.
    pub fn new(first: WordId, both_directions: bool) -> Self {
        Self {
            first,
            backward: both_directions.then(Vec::new),
            ..Self::default()
        }
    }

    /// Empty it for rows from `first` on.
    pub(super) fn refill(&mut self, first: WordId, both_directions: bool) -> Parts<'_> {
        self.first = first;
        self.ends.clear();
        self.columns.clear();
        self.forward.clear();
        self.backward = both_directions.then(|| {
            let mut values = self.backward.take().unwrap_or_default();
            values.clear();
            values
        });
        let values = [Some(&mut self.forward), self.backward.as_mut()];
        (&mut self.ends, &mut self.columns, values)
    }

    /// Make room for more rows and entries.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn reserve(&mut self, rows: usize, entries: usize) -> Result<()> {
        fallible::reserve(&mut self.ends, rows)?;
        fallible::reserve(&mut self.columns, entries)?;
        fallible::reserve(&mut self.forward, entries)?;
        match &mut self.backward {
            Some(values) => fallible::reserve(values, entries),
            None => Ok(()),
        }
    }

    /// Append an entry of a symmetric matrix to the open row; columns ascend.
    #[inline]
    pub fn push(&mut self, column: WordId, x: f64) {
        self.columns.push(column);
        self.forward.push(x);
    }

    /// Append X\[row, column\] and X\[column, row\].
    #[inline]
    pub fn push_both(&mut self, column: WordId, forward: f64, backward: f64) {
        self.push(column, forward);
        if let Some(values) = &mut self.backward {
            values.push(backward);
        }
    }

    /// Append entries to the open row, whose columns follow those it has.
    pub(super) fn extend(&mut self, row: &TriangleRow<'_>) -> Result<()> {
        self.reserve(1, row.columns.len())?;
        self.columns.extend_from_slice(row.columns);
        self.forward.extend_from_slice(row.forward);
        if let (Some(values), Some(backward)) = (&mut self.backward, row.backward) {
            values.extend_from_slice(backward);
        }
        Ok(())
    }

    /// Close the open row.
    #[inline]
    pub fn end_row(&mut self) {
        self.ends.push(self.columns.len());
    }

    /// Give back memory that was reserved for growth.
    pub fn shrink_to_fit(&mut self) {
        self.columns.shrink_to_fit();
        self.forward.shrink_to_fit();
        if let Some(values) = &mut self.backward {
            values.shrink_to_fit();
        }
    }

    /// Rows held.
    pub fn rows(&self) -> Range<WordId> {
        self.first..self.first + self.ends.len() as WordId
    }

    /// Bytes that the rows take.
    pub fn bytes(&self) -> u64 {
        let per_entry = size_of::<WordId>() + 8 * (1 + usize::from(self.backward.is_some()));
        (self.columns.len() * per_entry + self.ends.len() * size_of::<usize>()) as u64
    }

    /// Whether all values are what counts can be: finite and not negative.
    pub fn holds_counts(&self) -> bool {
        let mut values = self.forward.iter().chain(self.backward.iter().flatten());
        values.all(|x| x.is_finite() && *x >= 0.0)
    }

    /// Whether both directions are kept apart.
    pub fn has_both_directions(&self) -> bool {
        self.backward.is_some()
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether no entry is held.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// One row; `row` must be held.
    #[inline]
    pub fn row(&self, row: WordId) -> TriangleRow<'_> {
        let i = (row - self.first) as usize;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        let range = start..self.ends[i];
        TriangleRow {
            row,
            columns: &self.columns[range.clone()],
            forward: &self.forward[range.clone()],
            backward: self.backward.as_ref().map(|b| &b[range]),
        }
    }
}

/// The parts of a [`RowBlock`] to fill: ends of rows, columns, and values of one direction or both.
type Parts<'a> = (
    &'a mut Vec<usize>,
    &'a mut Vec<WordId>,
    [Option<&'a mut Vec<f64>>; 2],
);

/// One row of a [`Triangle`]: columns ascend and are at most the row.
#[derive(Debug, Clone, Copy)]
pub struct TriangleRow<'a> {
    /// Its word.
    pub row: WordId,
    /// Words of at most its rank number.
    pub columns: &'a [WordId],
    /// X\[row, column\] for each column.
    pub forward: &'a [f64],
    /// X\[column, row\]; absent when the matrix is symmetric.
    pub backward: Option<&'a [f64]>,
}

impl TriangleRow<'_> {
    fn is_symmetric(&self) -> bool {
        self.backward.is_none_or(|backward| {
            let mirrored = self.forward.iter().zip(backward);
            self.columns
                .iter()
                .zip(mirrored)
                .all(|(&column, (forward, back))| column == self.row || forward == back)
        })
    }

    /// The entries of columns before `column`, and the others.
    pub(super) fn split(&self, column: WordId) -> (Self, Self) {
        let place = self.columns.partition_point(|&own| own < column);
        let part = |range: Range<usize>| Self {
            row: self.row,
            columns: &self.columns[range.clone()],
            forward: &self.forward[range.clone()],
            backward: self.backward.map(|backward| &backward[range]),
        };
        (part(0..place), part(place..self.columns.len()))
    }

    /// The entries of some columns.
    pub(super) fn within(&self, columns: Range<WordId>) -> Self {
        self.split(columns.end).0.split(columns.start).1
    }

    /// Call `f(row, column, x)` for every non-zero entry of the full matrix that this row stands
    /// for: those of the row itself, and their mirror images.
    #[inline]
    pub fn for_each_record(&self, mut f: impl FnMut(WordId, WordId, f64)) {
        for (i, &column) in self.columns.iter().enumerate() {
            let forward = self.forward[i];
            if forward != 0.0 {
                f(self.row, column, forward);
            }
            if column != self.row {
                let backward = self.backward.map_or(forward, |b| b[i]);
                if backward != 0.0 {
                    f(column, self.row, backward);
                }
            }
        }
    }
}

/// Compressed sparse rows: row starts, columns, values.
pub type Csr = (Vec<i64>, Vec<i32>, Vec<f64>);

/// A co-occurrence matrix X as the pairs (rarer word, more frequent or same word), in order.
///
/// A symmetric X needs one number per pair. Otherwise there are two, for the two directions. Rows
/// lie in blocks, in memory or, under a memory limit, in a temporary file; either way a block at a
/// time is what callers see.
#[derive(Debug)]
pub struct Triangle {
    /// Number of words: X is `words` × `words`.
    pub words: usize,
    /// Whether X equals its transpose by construction.
    pub symmetric: bool,
    store: Store,
    nnz: u64,
    total: f64,
}

#[derive(Debug)]
pub(super) enum Store {
    Memory(Vec<Held>),
    Disk(Run),
}

impl Store {
    pub fn of(blocks: Vec<RowBlock>) -> Self {
        Self::Memory(blocks.into_iter().map(Held::Open).collect())
    }
}

/// Rows in memory, as they are or packed.
#[derive(Debug)]
pub(super) enum Held {
    Open(RowBlock),
    Packed(PackedBlock),
}

/// Packed rows. Many blocks share their memory: between open rows, in the allocator's, it would keep
/// that from going back to the system when they go.
#[derive(Debug, Clone)]
pub(super) struct PackedBlock {
    pub rows: Range<WordId>,
    pub entries: usize,
    pub bytes: Arc<dyn Bytes>,
    /// Where in `bytes` it lies.
    pub place: Range<usize>,
}

impl PackedBlock {
    /// In memory of its own.
    pub fn of(block: &RowBlock) -> Result<Self> {
        let bytes = encode(block)?;
        Ok(Self {
            rows: block.rows(),
            entries: block.len(),
            place: 0..bytes.len(),
            bytes: Arc::new(bytes),
        })
    }

    /// Its bytes, as [`encode`] makes them.
    pub fn encoded(&self) -> Cow<'_, [u8]> {
        self.bytes.at(self.place.clone())
    }

    /// Unpack it in the memory of another block.
    pub fn unpack_to(&self, block: &mut RowBlock) -> Result<()> {
        let is_block = decode_into(&self.encoded(), block)?;
        assert!(is_block, "encoded here");
        Ok(())
    }
}

/// Memory that packed rows lie in: this program's, or somebody else's.
pub trait Bytes: Any + Debug + Send + Sync {
    /// Number of bytes.
    fn length(&self) -> usize;

    /// Those at a place.
    fn at(&self, place: Range<usize>) -> Cow<'_, [u8]>;
}

impl<B: Deref<Target = [u8]> + Any + Debug + Send + Sync> Bytes for B {
    fn length(&self) -> usize {
        self.len()
    }

    fn at(&self, place: Range<usize>) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self[place])
    }
}

impl Held {
    fn rows(&self) -> Range<WordId> {
        match self {
            Self::Open(block) => block.rows(),
            Self::Packed(block) => block.rows.clone(),
        }
    }

    fn entries(&self) -> usize {
        match self {
            Self::Open(block) => block.len(),
            Self::Packed(block) => block.entries,
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Open(block) => block.bytes(),
            Self::Packed(block) => block.place.len() as u64,
        }
    }

    fn block(&self) -> Result<Cow<'_, RowBlock>> {
        match self {
            Self::Open(block) => Ok(Cow::Borrowed(block)),
            Self::Packed(packed) => {
                let mut block = RowBlock::default();
                packed.unpack_to(&mut block)?;
                Ok(Cow::Owned(block))
            }
        }
    }

    /// Pack all of these together.
    fn pack(blocks: &mut [Self]) -> Result<()> {
        let packed: Result<Vec<PackedBlock>> = blocks
            .par_iter()
            .map(|held| PackedBlock::of(&*held.block()?))
            .collect();
        let mut packed = packed?;
        let length = packed.iter().map(|block| block.place.len()).sum();
        let mut bytes = HugeBuffer::zeroed(length)?;
        let mut end = 0;
        for block in &mut packed {
            let place = end..end + block.place.len();
            end = place.end;
            bytes[place.clone()].copy_from_slice(&block.encoded());
            block.place = place;
        }
        let bytes: Arc<dyn Bytes> = Arc::new(bytes);
        for (held, mut block) in blocks.iter_mut().zip(packed) {
            block.bytes = bytes.clone();
            *held = Self::Packed(block);
        }
        Ok(())
    }
}

impl Triangle {
    /// From blocks in order and without gaps.
    pub(super) fn new(words: usize, symmetric: bool, store: Store, sums: Sums) -> Self {
        Self {
            words,
            symmetric,
            store,
            nnz: sums.nnz,
            total: sums.total,
        }
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        match &self.store {
            Store::Memory(blocks) => blocks.len(),
            Store::Disk(run) => run.blocks(),
        }
    }

    /// Rows of block `k`.
    pub fn block_rows(&self, k: usize) -> Range<WordId> {
        match &self.store {
            Store::Memory(blocks) => blocks[k].rows(),
            Store::Disk(run) => run.rows(k),
        }
    }

    /// Block `k`.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if it lies on disk and cannot be read.
    pub fn block(&self, k: usize) -> Result<Cow<'_, RowBlock>> {
        match &self.store {
            Store::Memory(blocks) => blocks[k].block(),
            Store::Disk(run) => run.read(k).map(Cow::Owned),
        }
    }

    /// The blocks that hold `rows`, in order.
    pub fn blocks_of(&self, rows: Range<WordId>) -> Range<usize> {
        let holds = |row: WordId| {
            let (mut low, mut high) = (0, self.blocks());
            while low < high {
                let middle = usize::midpoint(low, high);
                if self.block_rows(middle).end <= row {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            low
        };
        if rows.is_empty() {
            return 0..0;
        }
        // The last rows may be forgotten.
        holds(rows.start)..(holds(rows.end - 1) + 1).min(self.blocks())
    }

    /// Call `f` for each of `rows`, in order.
    ///
    /// # Errors
    /// As for [`Triangle::block`], or what `f` returns.
    pub fn for_each_row(
        &self,
        rows: Range<WordId>,
        mut f: impl FnMut(TriangleRow<'_>) -> Result<()>,
    ) -> Result<()> {
        for k in self.blocks_of(rows.clone()) {
            self.block(k)?.for_each_row(rows.clone(), &mut f)?;
        }
        Ok(())
    }

    /// Call `f(i, j, x)` for every record of the full matrix, by rows of the triangle.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn for_each_record(&self, mut f: impl FnMut(WordId, WordId, f64)) -> Result<()> {
        self.for_each_row(0..self.words as WordId, |row| {
            row.for_each_record(&mut f);
            Ok(())
        })
    }

    /// Give back the memory of rows from `row` on, but for those that share a block with earlier
    /// ones; they must not be asked for again.
    pub(crate) fn forget_from(&mut self, row: WordId) {
        if let Store::Memory(blocks) = &mut self.store {
            let keep = blocks.partition_point(|block| block.rows().start < row);
            blocks.truncate(keep);
        }
    }

    /// Pack rows from `row` on, but for those that share a block with earlier ones, to less than half
    /// their memory, on all threads of the current rayon pool. They are unpacked whenever they are
    /// asked for.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub(crate) fn pack_from(&mut self, row: WordId) -> Result<()> {
        let Store::Memory(blocks) = &mut self.store else {
            return Ok(());
        };
        let first = blocks.partition_point(|block| block.rows().start < row);
        let open = |block: &Held| matches!(block, Held::Open(_));
        let last = first + blocks[first..].partition_point(open);
        Held::pack(&mut blocks[first..last])
    }

    /// Whether the rows lie in a temporary file.
    pub fn is_on_disk(&self) -> bool {
        matches!(self.store, Store::Disk(_))
    }

    /// Bytes that the rows take in memory.
    pub fn memory_bytes(&self) -> u64 {
        match &self.store {
            Store::Memory(blocks) => blocks.iter().map(Held::bytes).sum(),
            Store::Disk(_) => 0,
        }
    }

    /// Pairs kept.
    pub fn pairs(&self) -> u64 {
        match &self.store {
            Store::Memory(blocks) => blocks.iter().map(|b| b.entries() as u64).sum(),
            Store::Disk(run) => run.pairs(),
        }
    }

    /// Non-zero entries of the full matrix.
    pub fn nnz(&self) -> u64 {
        self.nnz
    }

    /// ΣX
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Σ over columns of the full matrix, for every row.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn row_sums(&self) -> Result<Vec<f64>> {
        let mut sums: Vec<f64> = fallible::zeroed(self.words)?;
        self.for_each_record(|i, _, x| sums[i as usize] += x)?;
        Ok(sums)
    }

    /// X\[i, j\], 0 if the words never co-occur.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn get(&self, i: WordId, j: WordId) -> Result<f64> {
        let (row, column) = (i.max(j), i.min(j));
        let mut x = 0.0;
        self.for_each_row(row..row + 1, |row| {
            if let Ok(place) = row.columns.binary_search(&column) {
                x = match row.backward {
                    Some(backward) if i < j => backward[place],
                    _ => row.forward[place],
                };
            }
            Ok(())
        })?;
        Ok(x)
    }

    /// The full matrix in compressed sparse rows: row starts, columns, values. Columns ascend.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn to_csr(&self, monitor: &Monitor) -> Result<Csr> {
        let lengths = self.row_lengths(monitor)?;
        self.rows_to_csr(0, &lengths, monitor)
    }

    /// Number of records in each row of the full matrix.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn row_lengths(&self, monitor: &Monitor) -> Result<Vec<u32>> {
        let mut lengths: Vec<u32> = fallible::zeroed(self.words)?;
        let mut since = 0;
        self.for_each_row(0..self.words as WordId, |row| {
            poll(row.columns.len(), &mut since, monitor)?;
            row.for_each_record(|i, _, _| lengths[i as usize] += 1);
            Ok(())
        })?;
        Ok(lengths)
    }

    /// As [`Triangle::to_csr`], of the rows from `first` on that have these `lengths`.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn rows_to_csr(&self, first: WordId, lengths: &[u32], monitor: &Monitor) -> Result<Csr> {
        let end = first + lengths.len() as WordId;
        let mut starts = fallible::with_capacity(lengths.len() + 1)?;
        let mut nnz = 0i64;
        starts.push(0);
        starts.extend(lengths.iter().map(|&length| {
            nnz += i64::from(length);
            nnz
        }));
        let mut next = fallible::copied(&starts)?;
        let mut columns: Vec<i32> = fallible::zeroed(nnz as usize)?;
        let mut values: Vec<f64> = fallible::zeroed(nnz as usize)?;
        let mut since = 0;
        // Rows of the triangle come in order, so each row of the full matrix first receives its own
        // entries (columns up to the diagonal) and then its mirror images, ascending.
        self.for_each_row(first..self.words as WordId, |row| {
            let row = if row.row < end {
                row
            } else {
                row.within(first..end)
            };
            poll(row.columns.len(), &mut since, monitor)?;
            row.for_each_record(|i, j, x| {
                if (first..end).contains(&i) {
                    let place = &mut next[(i - first) as usize];
                    columns[*place as usize] = j as i32;
                    values[*place as usize] = x;
                    *place += 1;
                }
            });
            Ok(())
        })?;
        Ok((starts, columns, values))
    }

    /// From pairs in any order; repeated ones add up in the order given, zeros vanish.
    ///
    /// `pairs` calls its argument with (i, j, X\[i, j\], X\[j, i\]) for each pair and is called
    /// twice: once to see how long rows are, once to fill them. The second number is not looked at
    /// where i = j.
    ///
    /// # Errors
    /// What `pairs` returns.
    pub fn assemble(
        words: usize,
        monitor: &Monitor,
        pairs: impl Fn(&mut dyn FnMut(WordId, WordId, f64, f64)) -> Result<()>,
    ) -> Result<Self> {
        let mut ends: Vec<usize> = fallible::zeroed(words)?;
        pairs(&mut |i, j, _, _| ends[i.max(j) as usize] += 1)?;
        monitor.check()?;
        let mut next = fallible::with_capacity(words)?;
        let mut length = 0;
        for end in &mut ends {
            next.push(length);
            length += *end;
            *end = length;
        }
        let mut entries = fallible::filled((0 as WordId, [0.0; 2]), length)?;
        monitor.check()?;
        pairs(&mut |i, j, forward, backward| {
            let (row, column, sums) = match i.cmp(&j) {
                Ordering::Equal => (i, j, [forward, 0.0]),
                Ordering::Greater => (i, j, [forward, backward]),
                Ordering::Less => (j, i, [backward, forward]),
            };
            let place = &mut next[row as usize];
            entries[*place] = (column, sums);
            *place += 1;
        })?;
        let mut rows: Vec<&mut [(WordId, [f64; 2])]> = fallible::with_capacity(words)?;
        let mut rest = entries.as_mut_slice();
        let mut start = 0;
        for &end in &ends {
            let (row, more) = rest.split_at_mut(end - start);
            rows.push(row);
            (rest, start) = (more, end);
        }
        let block_rows = words.div_ceil(8 * rayon::current_num_threads()).max(1);
        let sorted: Result<Vec<RowBlock>> = rows
            .par_chunks_mut(block_rows)
            .enumerate()
            .map(|(number, rows)| {
                let mut block = RowBlock::new((number * block_rows) as WordId, true);
                block.reserve(rows.len(), rows.iter().map(|row| row.len()).sum())?;
                let mut since = 0;
                for row in rows {
                    poll(row.len(), &mut since, monitor)?;
                    push_sorted(row, &mut block);
                    block.end_row();
                }
                block.shrink_to_fit();
                Ok(block)
            })
            .collect();
        Ok(Self::in_memory(words, sorted?))
    }

    /// The weighted sum of matrices whose words are mapped into one vocabulary of `words`: each part
    /// with the new rank of each of its words, and its weight.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn sum(words: usize, parts: &[(&Self, &[WordId], f64)], monitor: &Monitor) -> Result<Self> {
        let sum = Self::assemble(words, monitor, |pair| {
            let mut since = 0;
            for (part, ranks, weight) in parts {
                part.for_each_row(0..part.words as WordId, |row| {
                    poll(row.columns.len(), &mut since, monitor)?;
                    let i = ranks[row.row as usize];
                    for (entry, &column) in row.columns.iter().enumerate() {
                        let forward = row.forward[entry];
                        let backward = row.backward.map_or(forward, |b| b[entry]);
                        let j = ranks[column as usize];
                        if !((forward * weight).is_finite() && (backward * weight).is_finite()) {
                            return Err(Error::parameter(
                                "weight",
                                format!("must keep counts finite: {forward} times {weight}"),
                            ));
                        }
                        pair(i, j, forward * weight, backward * weight);
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        sum.check_sum("X")?;
        Ok(sum)
    }

    /// Refuse counts that add up to more than a float can hold. If all of them do not, neither do
    /// those of a pair or of a row.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the `name` of what they came from.
    pub fn check_sum(&self, name: &'static str) -> Result<()> {
        if self.total.is_finite() {
            return Ok(());
        }
        let message = format!(
            "must have counts whose sum is at most {:e}: all together are more",
            f64::MAX
        );
        Err(Error::parameter(name, message))
    }

    /// From blocks in order, which must hold each row once.
    fn from_blocks(words: usize, symmetric: bool, blocks: Vec<RowBlock>) -> Self {
        let sums: Vec<Sums> = blocks
            .par_iter()
            .map(|block| Sums::default().plus(block))
            .collect();
        let sums = sums.into_iter().fold(Sums::default(), Sums::with);
        Self::new(words, symmetric, Store::of(blocks), sums)
    }

    /// From blocks with both directions, one of which is dropped if they are equal everywhere.
    pub(super) fn in_memory(words: usize, mut blocks: Vec<RowBlock>) -> Self {
        let symmetric = blocks
            .par_iter()
            .all(|block| block.rows().all(|row| block.row(row).is_symmetric()));
        if symmetric {
            for block in &mut blocks {
                block.backward = None;
            }
        }
        Self::from_blocks(words, symmetric, blocks)
    }
}

/// Look at the monitor when about a million entries have been gone through since the last time.
pub fn poll(entries: usize, since: &mut usize, monitor: &Monitor) -> Result<()> {
    *since += entries + 1;
    if *since >= 1 << 20 {
        *since = 0;
        monitor.check()?;
    }
    Ok(())
}

/// Sort one row by column, stably, and append it; equal columns add up, zeros vanish.
fn push_sorted(row: &mut [(WordId, [f64; 2])], block: &mut RowBlock) {
    row.sort_by_key(|entry| entry.0);
    for same in row.chunk_by(|a, b| a.0 == b.0) {
        let sums = same
            .iter()
            .fold([0.0; 2], |sums, (_, x)| [sums[0] + x[0], sums[1] + x[1]]);
        if sums != [0.0; 2] {
            block.push_both(same[0].0, sums[0], sums[1]);
        }
    }
}

/// Counts whose rows can be gone through.
pub trait Rows: Sync {
    /// Call `f` for each of `rows`, in order. It may see a row's entries in parts.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if rows lie on disk and cannot be read, or what `f` returns.
    fn for_each_row(
        &self,
        rows: Range<WordId>,
        f: impl FnMut(TriangleRow<'_>) -> Result<()>,
    ) -> Result<()>;
}

impl Rows for Triangle {
    fn for_each_row(
        &self,
        rows: Range<WordId>,
        f: impl FnMut(TriangleRow<'_>) -> Result<()>,
    ) -> Result<()> {
        self.for_each_row(rows, f)
    }
}

impl Rows for RowBlock {
    fn for_each_row(
        &self,
        rows: Range<WordId>,
        mut f: impl FnMut(TriangleRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let held = self.rows();
        (held.start.max(rows.start)..held.end.min(rows.end)).try_for_each(|row| f(self.row(row)))
    }
}

/// Number and sum of records, gathered block by block.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub nnz: u64,
    pub total: f64,
}

impl Sums {
    pub fn with(self, other: Self) -> Self {
        Self {
            nnz: self.nnz + other.nnz,
            total: self.total + other.total,
        }
    }

    pub fn plus(self, block: &RowBlock) -> Self {
        let rows = block.rows().map(|row| block.row(row));
        rows.fold(self, |sums, row| sums.plus_row(&row))
    }

    pub fn plus_row(mut self, row: &TriangleRow<'_>) -> Self {
        // Row by row, so that a long sum does not lose its small terms.
        let columns = row.columns;
        let own = usize::from(columns.last() == Some(&row.row));
        let (others, diagonal) = row.forward.split_at(columns.len() - own);
        let (nnz, total) = count_and_add(others);
        let (mirrored_nnz, mirrored_total) = match row.backward {
            None => (nnz, total),
            Some(backward) => count_and_add(&backward[..others.len()]),
        };
        let (own_nnz, own_total) = count_and_add(diagonal);
        self.nnz += nnz + mirrored_nnz + own_nnz;
        self.total += total + mirrored_total + own_total;
        self
    }
}

/// Number of values that are not zero, and their sum, in eight parts: one addition need not wait for
/// the one before.
fn count_and_add(values: &[f64]) -> (u64, f64) {
    const LANES: usize = 8;
    let (mut zeros, mut sums) = ([0u64; LANES], [0.0; LANES]);
    for values in values.chunks(LANES) {
        for (lane, &x) in values.iter().enumerate() {
            zeros[lane] += u64::from(x == 0.0);
            sums[lane] += x;
        }
    }
    let zeros: u64 = zeros.iter().sum();
    (values.len() as u64 - zeros, sums.iter().sum())
}
