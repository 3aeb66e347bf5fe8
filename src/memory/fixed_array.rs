//! An array of fixed length. A large array has memory of its own, which returns to the system when the array is freed.

use super::fallible;
use super::huge_buffer::HugeBuffer;
use crate::error::Result;
use bytemuck::Pod;
use std::ops::Deref;

/// An array of at least this many bytes gets a mapping of its own, because the allocator of the C library keeps freed
/// memory. A smaller array is on the heap, because a mapping takes at least a page.
const LARGE: usize = 1 << 16;

/// An array whose length does not change.
#[derive(Debug)]
pub(crate) enum FixedArray<T> {
    Heap(Vec<T>),
    Mapped(HugeBuffer<T>),
}

impl<T: Pod> FixedArray<T> {
    /// An array of `length` items, which are zero until `write` writes them.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn written(length: usize, write: impl FnOnce(&mut [T])) -> Result<Self> {
        if length.saturating_mul(size_of::<T>()) >= LARGE
            && let Ok(mut buffer) = HugeBuffer::zeroed(length)
        {
            write(&mut buffer);
            return Ok(Self::Mapped(buffer));
        }
        // The system limits the number of mappings of a process. Beyond the limit, arrays are on the heap.
        let mut items = fallible::zeroed(length)?;
        write(&mut items);
        Ok(Self::Heap(items))
    }

    /// An array of these items.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn copied(items: &[T]) -> Result<Self> {
        Self::written(items.len(), |array| array.copy_from_slice(items))
    }
}

impl<T> From<Vec<T>> for FixedArray<T> {
    fn from(items: Vec<T>) -> Self {
        Self::Heap(items)
    }
}

impl<T: Pod> Deref for FixedArray<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::Heap(items) => items,
            Self::Mapped(buffer) => buffer,
        }
    }
}

impl<T: Pod + PartialEq> PartialEq for FixedArray<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_arrays_hold_what_was_written() {
        let most = LARGE / size_of::<u32>();
        for length in [0, 1, most - 1, most, most + 1] {
            let items: Vec<u32> = (0..length as u32).collect();
            let copied = FixedArray::copied(&items).unwrap();
            assert_eq!(copied[..], items[..]);
            assert_eq!(matches!(copied, FixedArray::Mapped(_)), length >= most);
            let zeros = FixedArray::<u32>::written(length, |_| ()).unwrap();
            assert!(zeros.iter().all(|&x| x == 0));
        }
    }
}
