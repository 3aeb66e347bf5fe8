//! Storage of records and of their filters, in memory or on disk.

use crate::error::Result;
use crate::memory::{HugeBuffer, TemporaryFile, fallible};
use bytemuck::Pod;
use std::ops::Range;

/// A range of the items of a slab.
#[derive(Debug, Clone, Default)]
pub(super) struct SlabRange {
    /// Number of the slab.
    pub slab: usize,
    /// The positions of the items in the slab.
    pub range: Range<usize>,
}

/// The items of several tiles: in one large buffer, whose memory returns to the system when it is freed, or
/// in a file.
#[derive(Debug)]
pub(super) enum Slab<T> {
    Memory(HugeBuffer<T>),
    /// The offset of the first item in the tiles' temporary file.
    Disk(u64),
}

impl<T: Pod> Slab<T> {
    /// Keep `all` in memory or, if there is a `file`, append the items to the file.
    pub fn new(all: HugeBuffer<T>, file: Option<&TemporaryFile>) -> Result<Self> {
        Ok(match file {
            None => Self::Memory(all),
            Some(file) => Self::Disk(file.append(bytemuck::cast_slice(&all))?.start),
        })
    }

    /// The items at these positions. Items on disk are read into `buffer`.
    pub fn read<'a>(
        &'a self,
        items: Range<usize>,
        file: Option<&TemporaryFile>,
        buffer: &'a mut Vec<T>,
    ) -> Result<&'a [T]> {
        match (self, file) {
            (Self::Memory(all), _) => Ok(&all[items]),
            (Self::Disk(start), Some(file)) => {
                fallible::resize(buffer, items.len(), T::zeroed())?;
                let offset = start + (items.start * size_of::<T>()) as u64;
                file.read_into(offset, bytemuck::cast_slice_mut(buffer))?;
                Ok(buffer)
            }
            (Self::Disk(_), None) => Ok(&[]), // never the case: items on disk are in the file
        }
    }
}
