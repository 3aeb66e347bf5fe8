//! Buffers for large arrays, in huge pages if the system has them.

use super::system;
use crate::error::{Error, Result};
use bytemuck::Pod;
use memmap2::MmapMut;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Memory for a large array, in a mapping of its own that is zero at first. Huge pages, where the system has
/// them, save page faults at the first use. Freed memory returns to the system at once, which keeps the peak
/// low (benches/EXPERIMENTS.md, "Huge pages").
#[derive(Debug)]
pub(crate) struct HugeBuffer<T> {
    map: MmapMut,
    length: usize,
    _elements: PhantomData<T>,
}

/// Buffers of fewer bytes do not ask for huge pages, because a huge page takes memory even for its unused part. A huge
/// page of x86-64 has 2 MiB.
#[cfg(target_os = "linux")]
const LEAST_HUGE: usize = 4 << 20;

impl<T: Pod> HugeBuffer<T> {
    /// `length` zeros.
    ///
    /// # Errors
    /// [`Error::Memory`] if the system refuses the memory.
    pub fn zeroed(length: usize) -> Result<Self> {
        let bytes = length
            .checked_mul(size_of::<T>())
            .ok_or(Error::Memory { bytes: usize::MAX })?;
        if !system::admits(bytes as u64) {
            return Err(Error::Memory { bytes });
        }
        // At least one byte, because the system refuses an empty mapping.
        let map = MmapMut::map_anon(bytes.max(1)).map_err(|_| Error::Memory { bytes })?;
        #[cfg(target_os = "linux")]
        if bytes >= LEAST_HUGE {
            // This is only advice: without huge pages the memory works too, with more page faults.
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        Ok(Self {
            map,
            length,
            _elements: PhantomData,
        })
    }
}

impl<T: Pod> Deref for HugeBuffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(&self.map[..self.length * size_of::<T>()])
    }
}

impl<T: Pod> DerefMut for HugeBuffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.map[..self.length * size_of::<T>()])
    }
}

impl<T: Pod + PartialEq> PartialEq for HugeBuffer<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}
