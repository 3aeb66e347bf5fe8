//! The co-occurrence matrix, stored as the triangle of pairs whose row word is the rarer word or the same word.

use super::block_layout::{CountRows, RowBlock, TriangleRow};
use super::block_storage::{BlockStorage, StoredBlock};
use super::totals::Totals;
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A co-occurrence matrix X as the pairs (rarer word, more frequent or same word), sorted by row, then column.
///
/// The columns of a *rectangular* X have words of their own. Rows are numbered from 0, and so are
/// columns. X is stored as the upper left corner of a square matrix: X\[i, j\] is in row i of the
/// triangle if i ≥ j. Otherwise it is in row j, as the value of the other direction. The rest of
/// the square is empty and takes no memory. Code that reads records need not distinguish the two
/// kinds of matrix.
///
/// A symmetric X has one number for each pair, any other X has one for each direction. Rows lie in
/// blocks, in memory or, beyond a memory limit, in a temporary file. Callers read one block at a
/// time in both cases.
#[derive(Debug)]
pub struct Triangle {
    /// Number of words: X is `words` × `words`. If X is rectangular, the larger one of the number
    /// of rows and the number of columns.
    pub words: usize,
    /// Whether the rows hold only one number for each pair, which is X\[i, j\] and X\[j, i\]. A rectangular matrix
    /// whose square equals its transpose is stored like this too.
    pub symmetric: bool,
    // Numbers of rows and columns of a rectangular matrix; `None` for any other matrix.
    rectangle: Option<[usize; 2]>,
    storage: BlockStorage,
    nnz: u64,
    total: f64,
    adjacent: Option<Arc<Triangle>>,
}

impl Triangle {
    /// A matrix whose blocks are in `storage`, in the order of their rows and without missing rows.
    pub(crate) fn new(
        words: usize,
        symmetric: bool,
        storage: BlockStorage,
        totals: Totals,
    ) -> Self {
        Self {
            words,
            symmetric,
            rectangle: None,
            storage,
            nnz: totals.nnz,
            total: totals.total,
            adjacent: None,
        }
    }

    /// The counts of adjacent words, if they were counted: element \[i, j\] is how often word i stands directly to the
    /// left of word j. The matrix has as many words as this one.
    pub fn adjacent(&self) -> Option<&Arc<Self>> {
        self.adjacent.as_ref()
    }

    /// This matrix with the counts of adjacent words, or without them.
    #[must_use]
    pub fn with_adjacent(mut self, adjacent: Option<Arc<Self>>) -> Self {
        self.adjacent = adjacent;
        self
    }

    /// Free the counts of adjacent words, unless another `Arc` refers to them.
    pub(crate) fn free_adjacent(&mut self) {
        self.adjacent = None;
    }

    /// This matrix, marked as rectangular: its columns have words of their own. `shape` is the number of rows and the
    /// number of columns. All records must lie within these rows and columns.
    ///
    /// # Panics
    /// If the larger number of `shape` is not [`Triangle::words`].
    #[must_use]
    pub fn rectangular(mut self, shape: [usize; 2]) -> Self {
        assert_eq!(shape[0].max(shape[1]), self.words, "the corner of a square");
        self.rectangle = Some(shape);
        self
    }

    /// Whether the columns have words of their own.
    pub fn is_rectangular(&self) -> bool {
        self.rectangle.is_some()
    }

    /// Numbers of rows and columns.
    pub fn shape(&self) -> [usize; 2] {
        self.rectangle.unwrap_or([self.words; 2])
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        match &self.storage {
            BlockStorage::Memory(blocks) => blocks.len(),
            BlockStorage::Disk(file) => file.blocks(),
        }
    }

    /// Rows of block `k`.
    pub fn block_rows(&self, k: usize) -> Range<WordId> {
        match &self.storage {
            BlockStorage::Memory(blocks) => blocks[k].rows(),
            BlockStorage::Disk(file) => file.rows(k),
        }
    }

    /// Block `k`.
    ///
    /// # Errors
    /// [`crate::Error::Memory`]. If the block lies on disk: [`crate::Error::Io`] if it cannot be
    /// read, [`crate::Error::Format`] if it is damaged.
    pub fn block(&self, k: usize) -> Result<Cow<'_, RowBlock>> {
        match &self.storage {
            BlockStorage::Memory(blocks) => blocks[k].block(),
            BlockStorage::Disk(file) => file.read(k).map(Cow::Owned),
        }
    }

    /// The indices of the blocks that hold `rows`.
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
        // The blocks of the last rows may have been freed. Then the range ends after the last block that is left.
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
        // The blocks that are packed or compressed are unpacked into this memory, one after the other.
        let mut memory = RowBlock::default();
        for k in self.blocks_of(rows.clone()) {
            match &self.storage {
                BlockStorage::Memory(blocks) => {
                    let block = blocks[k].read_into(&rows, &mut memory)?;
                    block.for_each_row(rows.clone(), &mut f)?;
                }
                BlockStorage::Disk(file) => file.read(k)?.for_each_row(rows.clone(), &mut f)?,
            }
        }
        Ok(())
    }

    /// Call `f(i, j, x)` for every record of the full matrix, in the order of the rows of the triangle.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn for_each_record(&self, mut f: impl FnMut(WordId, WordId, f64)) -> Result<()> {
        self.for_each_row(0..self.words as WordId, |row| {
            row.for_each_record(&mut f);
            Ok(())
        })
    }

    /// Free the blocks of rows from `row` on. A block that also holds an earlier row stays, and so
    /// do rows on disk. The caller must not read freed rows again.
    pub(crate) fn free_from(&mut self, row: WordId) {
        if let BlockStorage::Memory(blocks) = &mut self.storage {
            let keep = blocks.partition_point(|block| block.rows().start < row);
            blocks.truncate(keep);
        }
    }

    /// Compress the blocks of rows from `row` on, on all threads of the current rayon pool. A block
    /// that also holds an earlier row stays as it is, and so do rows on disk. Every read of
    /// compressed rows decompresses them.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub(crate) fn compress_from(&mut self, row: WordId) -> Result<()> {
        let BlockStorage::Memory(blocks) = &mut self.storage else {
            return Ok(());
        };
        let first = blocks.partition_point(|block| block.rows().start < row);
        // Earlier calls had a larger `row`, so the blocks that are compressed already are the last
        // ones.
        let open = |block: &StoredBlock| !matches!(block, StoredBlock::Compressed(_));
        let last = first + blocks[first..].partition_point(open);
        StoredBlock::compress(&mut blocks[first..last])
    }

    /// Compress the counts of adjacent words, if there are any and no other `Arc` refers to them.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub(crate) fn compress_adjacent(&mut self) -> Result<()> {
        match self.adjacent.as_mut().and_then(Arc::get_mut) {
            Some(adjacent) => adjacent.compress_from(0),
            None => Ok(()),
        }
    }

    /// Whether the rows lie in a temporary file.
    pub fn is_on_disk(&self) -> bool {
        matches!(self.storage, BlockStorage::Disk(_))
    }

    /// Number of bytes of memory that the rows take, those of the counts of adjacent words included; 0 if they are on
    /// disk.
    pub fn memory_bytes(&self) -> u64 {
        let own = match &self.storage {
            BlockStorage::Memory(blocks) => blocks.iter().map(StoredBlock::bytes).sum(),
            BlockStorage::Disk(_) => 0,
        };
        own + self
            .adjacent()
            .map_or(0, |adjacent| adjacent.memory_bytes())
    }

    /// Number of bytes of the temporary file of the rows; 0 if they are in memory.
    pub(crate) fn disk_bytes(&self) -> u64 {
        match &self.storage {
            BlockStorage::Memory(_) => 0,
            BlockStorage::Disk(file) => file.bytes(),
        }
    }

    /// Number of pairs of words that have an entry in the triangle.
    pub fn pairs(&self) -> u64 {
        match &self.storage {
            BlockStorage::Memory(blocks) => blocks.iter().map(|b| b.entries() as u64).sum(),
            BlockStorage::Disk(file) => file.pairs(),
        }
    }

    /// Number of non-zero entries of the full matrix.
    pub fn nnz(&self) -> u64 {
        self.nnz
    }

    /// The sum of all entries of the full matrix.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The sum of each row of the full matrix.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn row_sums(&self) -> Result<Vec<f64>> {
        let mut sums: Vec<f64> = fallible::zeroed(self.words)?;
        self.for_each_record(|i, _, x| sums[i as usize] += x)?;
        sums.truncate(self.shape()[0]);
        Ok(sums)
    }

    /// The sum of each column of the full matrix.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn column_sums(&self) -> Result<Vec<f64>> {
        let mut sums: Vec<f64> = fallible::zeroed(self.words)?;
        self.for_each_record(|_, j, x| sums[j as usize] += x)?;
        sums.truncate(self.shape()[1]);
        Ok(sums)
    }

    /// X\[i, j\], 0 if this entry is not a record.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn get(&self, i: WordId, j: WordId) -> Result<f64> {
        let (row, column) = (i.max(j), i.min(j));
        let mut x = 0.0;
        self.for_each_row(row..row + 1, |row| {
            if let Ok(index) = row.columns.binary_search(&column) {
                x = match row.backward {
                    Some(backward) if i < j => backward[index],
                    _ => row.forward[index],
                };
            }
            Ok(())
        })?;
        Ok(x)
    }

    /// Refuse counts whose sum exceeds the largest float. If the sum of all counts is finite, the
    /// count of each pair and the sum of each row are finite too.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming `name`, the parameter from which the counts come.
    pub fn check_sum(&self, name: &'static str) -> Result<()> {
        if self.total.is_finite() {
            return Ok(());
        }
        let message = format!(
            "must have counts whose sum is at most {:e}, got a larger sum",
            f64::MAX
        );
        Err(Error::parameter(name, message))
    }

    /// A matrix that stays in memory and consists of `blocks`, in the order of their rows and without missing rows.
    fn from_blocks(words: usize, symmetric: bool, blocks: Vec<RowBlock>) -> Self {
        let totals: Vec<Totals> = blocks
            .par_iter()
            .map(|block| Totals::default().plus(block))
            .collect();
        let totals = totals.into_iter().fold(Totals::default(), Totals::with);
        Self::new(words, symmetric, BlockStorage::of(blocks), totals)
    }

    /// A matrix that stays in memory and consists of `blocks`, which have values of both directions. If both values
    /// of every pair are equal, only one of them is stored.
    pub(crate) fn in_memory(words: usize, mut blocks: Vec<RowBlock>) -> Self {
        let symmetric = blocks
            .par_iter()
            .all(|block| block.rows().all(|row| block.row(row).is_symmetric()));
        if symmetric {
            for block in &mut blocks {
                block.drop_backward();
            }
        }
        Self::from_blocks(words, symmetric, blocks)
    }
}

impl CountRows for Triangle {
    fn for_each_row(
        &self,
        rows: Range<WordId>,
        f: impl FnMut(TriangleRow<'_>) -> Result<()>,
    ) -> Result<()> {
        self.for_each_row(rows, f)
    }
}
