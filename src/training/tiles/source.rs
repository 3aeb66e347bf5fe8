//! The counts that tiles are built from: how `build.rs` gets their rows, and when the memory of rows is freed.

use crate::cooccurrence::{CountRows, Triangle};
use crate::error::Result;
use crate::vocabulary::WordId;
use std::ops::{Deref, Range};

/// Counts that [`Tiles`](super::Tiles) are built from. Each call of [`TileSource::rows`] requests
/// the rows of one block of words.
pub(crate) trait TileSource: Sync {
    /// Rows of the lower triangle of the matrix.
    type Rows: CountRows;
    /// What [`TileSource::rows`] returns: owned or borrowed rows.
    type BlockRows<'a>: Deref<Target = Self::Rows>
    where
        Self: 'a;

    /// Whether the matrix is its own transpose.
    fn is_symmetric(&self) -> bool;

    /// Number of records.
    fn nnz(&self) -> u64;

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
    pub(super) fn get(&self) -> &Triangle {
        match self {
            Self::Borrowed(counts) => counts,
            Self::Owned(counts) | Self::Compressed(counts) => counts,
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

    fn is_symmetric(&self) -> bool {
        self.get().symmetric
    }

    fn nnz(&self) -> u64 {
        self.get().nnz()
    }

    fn rows(&self, _: Range<WordId>) -> Result<&Triangle> {
        Ok(self.get())
    }

    fn done_from(&mut self, row: WordId) -> Result<()> {
        self.done_from(row)
    }
}
