//! The counts that tiles are built from: how `build.rs` gets their rows, and when the memory of rows is freed.

use crate::cooccurrence::{ContextColumns, CountRows, Triangle, TriangleRow};
use crate::error::Result;
use crate::training::kernel::Record;
use crate::vocabulary::WordId;
use std::ops::{Deref, Range};

/// Approximate bytes of the training records of a matrix. In a symmetric matrix a tile and its
/// mirror image share their records. The tiles on the diagonal have no mirror image, but this function
/// counts only half of their records too.
pub(crate) fn record_bytes(nnz: u64, symmetric: bool) -> u64 {
    let shared = if symmetric { 2 } else { 1 };
    nnz * size_of::<Record>() as u64 / shared
}

/// Counts that [`Tiles`](super::Tiles) are built from. Each call of [`TileSource::rows`] requests
/// the rows of one block of words.
pub(crate) trait TileSource: Sync {
    /// Rows of the lower triangle of the matrix.
    type Rows: CountRows;
    /// What [`TileSource::rows`] returns: owned or borrowed rows.
    type BlockRows<'a>: Deref<Target = Self::Rows>
    where
        Self: 'a;

    /// The columns of the counts.
    fn columns(&self) -> ContextColumns;

    /// Number n of words whose counts with each other are symmetric: words 0 to n − 1. One number serves both directions
    /// of a pair of these words, and all these pairs are in the rows of these words. 0 if X is not symmetric.
    fn symmetric_rows(&self) -> WordId;

    /// Bytes of the records of these counts.
    fn record_bytes(&self) -> u64;

    /// Counts that include the rows with these numbers. They may include other rows.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::Error::Memory).
    fn rows(&self, rows: Range<WordId>) -> Result<Self::BlockRows<'_>>;

    /// Called when no row from `row` on is needed any more.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::Error::Memory).
    fn done_from(&mut self, _row: WordId) -> Result<()> {
        Ok(())
    }
}

/// The counts of all words, and whether they are kept, freed or compressed while tiles are built.
#[derive(Debug)]
pub enum Counts<'a> {
    /// The counts stay unchanged.
    Borrowed(&'a Triangle),
    /// The memory of the counts is freed while tiles are built.
    Owned(Triangle),
    /// The counts are compressed while tiles are built.
    Compressed(Triangle),
}

impl Counts<'_> {
    /// The counts.
    pub fn get(&self) -> &Triangle {
        match self {
            Self::Borrowed(counts) => counts,
            Self::Owned(counts) | Self::Compressed(counts) => counts,
        }
    }

    /// Free or compress the counts of adjacent words, unless the counts are borrowed: tiles do not need them any more.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::Error::Memory).
    pub fn done_with_adjacent(&mut self) -> Result<()> {
        match self {
            Self::Borrowed(_) => Ok(()),
            Self::Owned(counts) => {
                counts.free_adjacent();
                Ok(())
            }
            Self::Compressed(counts) => counts.compress_adjacent(),
        }
    }

    /// Free or compress the rows from `row` on: tiles do not need them any more.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::Error::Memory).
    pub fn done_from(&mut self, row: WordId) -> Result<()> {
        match self {
            Self::Borrowed(_) => {}
            Self::Owned(counts) => counts.free_from(row),
            Self::Compressed(counts) => counts.compress_from(row)?,
        }
        Ok(())
    }
}

impl TileSource for Counts<'_> {
    type Rows = Triangle;
    type BlockRows<'a>
        = &'a Triangle
    where
        Self: 'a;

    fn columns(&self) -> ContextColumns {
        ContextColumns::of_window(self.get().words)
    }

    fn symmetric_rows(&self) -> WordId {
        let counts = self.get();
        if counts.symmetric {
            counts.words as WordId
        } else {
            0
        }
    }

    fn record_bytes(&self) -> u64 {
        let counts = self.get();
        record_bytes(counts.nnz(), counts.symmetric)
    }

    fn rows(&self, _: Range<WordId>) -> Result<&Triangle> {
        Ok(self.get())
    }

    fn done_from(&mut self, row: WordId) -> Result<()> {
        self.done_from(row)
    }
}

/// X and, beside its columns, those of more contexts of the words, as one matrix.
pub(super) struct WithContexts<'a, 'b> {
    /// X.
    pub counts: &'a mut Counts<'b>,
    /// The other columns, as [`adjacent_columns`](crate::cooccurrence::adjacent_columns) makes them.
    pub contexts: Triangle,
}

impl CountRows for WithContexts<'_, '_> {
    fn for_each_row(
        &self,
        rows: Range<WordId>,
        mut f: impl FnMut(TriangleRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let Range { start, end } = rows;
        let words = self.counts.get().words as WordId;
        let middle = words.clamp(start, end);
        self.counts.get().for_each_row(start..middle, &mut f)?;
        self.contexts.for_each_row(middle..end, f)
    }
}

impl TileSource for WithContexts<'_, '_> {
    type Rows = Self;
    type BlockRows<'a>
        = &'a Self
    where
        Self: 'a;

    fn columns(&self) -> ContextColumns {
        ContextColumns::with_adjacent(self.counts.get().words)
    }

    fn symmetric_rows(&self) -> WordId {
        self.counts.symmetric_rows()
    }

    fn record_bytes(&self) -> u64 {
        self.counts.record_bytes() + record_bytes(self.contexts.nnz(), false)
    }

    fn rows(&self, _: Range<WordId>) -> Result<&Self> {
        Ok(self)
    }

    fn done_from(&mut self, row: WordId) -> Result<()> {
        self.contexts.free_from(row);
        self.counts.done_from(row)
    }
}
