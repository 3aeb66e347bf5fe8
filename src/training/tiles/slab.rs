//! What several tiles hold, in memory or on disk.

use crate::error::Result;
use crate::memory::{HugeBuffer, TemporaryFile};
use bytemuck::Pod;
use std::ops::Range;

/// Some of what a slab holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub slab: usize,
    pub range: Range<usize>,
}

/// What several tiles hold, one after the other. One large buffer: given back, it is the system's
/// again.
#[derive(Debug)]
pub(super) enum Slab<T> {
    Memory(HugeBuffer<T>),
    /// Where it begins in the tiles' file.
    Disk(u64),
}

impl<T: Pod> Slab<T> {
    /// The first `length` items of `all`, kept or put into `file`.
    pub fn new(all: HugeBuffer<T>, length: usize, file: Option<&TemporaryFile>) -> Result<Self> {
        Ok(match file {
            None => Self::Memory(all),
            Some(file) => Self::Disk(file.append(bytemuck::cast_slice(&all[..length]))?.start),
        })
    }

    /// Some items; `buffer` serves if they lie on disk.
    pub fn read<'a>(
        &'a self,
        items: Range<usize>,
        file: Option<&TemporaryFile>,
        buffer: &'a mut Vec<T>,
    ) -> Result<&'a [T]> {
        match (self, file) {
            (Self::Memory(all), _) => Ok(&all[items]),
            (Self::Disk(start), Some(file)) => {
                buffer.resize(items.len(), T::zeroed());
                let offset = start + (items.start * size_of::<T>()) as u64;
                file.read_into(offset, bytemuck::cast_slice_mut(buffer))?;
                Ok(buffer)
            }
            (Self::Disk(_), None) => Ok(&[]), // nothing is on disk without a file
        }
    }
}
