//! What tiles are made of.

use crate::cooccurrence::{Share, Triangle};
use crate::error::Result;
use crate::vocabulary::WordId;

/// Counts to make tiles of, and what becomes of them while tiles take their place.
#[derive(Debug)]
pub enum Counts<'a> {
    /// They stay as they are.
    Borrowed(&'a Triangle),
    /// Their memory is given back.
    Owned(Triangle),
    /// They are packed, to less than half the memory.
    Packed(Triangle),
}

impl Counts<'_> {
    pub(super) fn get(&self) -> &Triangle {
        match self {
            Self::Borrowed(counts) => counts,
            Self::Owned(counts) | Self::Packed(counts) => counts,
        }
    }

    /// No tile will be made of the rows from `row` on any more.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn done_from(&mut self, row: WordId) -> Result<()> {
        match self {
            Self::Borrowed(_) => {}
            Self::Owned(counts) => counts.forget_from(row),
            Self::Packed(counts) => counts.pack_from(row)?,
        }
        Ok(())
    }
}

/// What tiles are made of.
pub(in crate::training) enum Source<'a, 'b> {
    /// Counts of all words.
    Counts(&'a mut Counts<'b>),
    /// Those that touch a group.
    Share(&'a Share),
}
