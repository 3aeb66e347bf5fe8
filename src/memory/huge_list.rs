//! A list that grows, in huge pages once it is large.

use super::fallible;
use super::huge_buffer::HugeBuffer;
use crate::error::Result;
use bytemuck::Pod;
use std::ops::Deref;

/// A list that grows to at least this many bytes gets a mapping of its own, in huge pages. Random reads of a
/// large list then find their address translation in the processor's cache of translations (TLB)
/// more often. A list that is made from a `Vec` stays in this `Vec` until the list grows.
const LARGE: usize = 4 << 20;

/// A list like `Vec`, for large data that is read in random order.
#[derive(Debug)]
pub(crate) struct HugeList<T> {
    memory: Memory<T>,
    // Number of items of a large list; 0 for a small list.
    length: usize,
}

#[derive(Debug)]
enum Memory<T> {
    Small(Vec<T>),
    Large(HugeBuffer<T>),
}

impl<T> Default for HugeList<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T> From<Vec<T>> for HugeList<T> {
    fn from(list: Vec<T>) -> Self {
        Self {
            memory: Memory::Small(list),
            length: 0,
        }
    }
}

impl<T: Pod> HugeList<T> {
    /// Make room for `more` items.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn reserve(&mut self, more: usize) -> Result<()> {
        let needed = self.len().saturating_add(more);
        match &mut self.memory {
            Memory::Small(list) if needed.saturating_mul(size_of::<T>()) < LARGE => {
                return fallible::reserve(list, more);
            }
            Memory::Large(buffer) if needed <= buffer.len() => return Ok(()),
            _ => {}
        }
        // A large list at least doubles when it grows, so that it is not copied for every item.
        let ample = match &self.memory {
            Memory::Small(_) => needed,
            Memory::Large(buffer) => needed.max(2 * buffer.len()),
        };
        let mut larger = HugeBuffer::zeroed(ample)?;
        larger[..self.len()].copy_from_slice(self);
        *self = Self {
            length: self.len(),
            memory: Memory::Large(larger),
        };
        Ok(())
    }

    /// Free the unused memory of a small list. A large list keeps its unused memory.
    pub fn shrink_to_fit(&mut self) {
        if let Memory::Small(list) = &mut self.memory {
            list.shrink_to_fit();
        }
    }

    /// Append items.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn extend_from_slice(&mut self, more: &[T]) -> Result<()> {
        self.reserve(more.len())?;
        match &mut self.memory {
            Memory::Small(list) => list.extend_from_slice(more),
            Memory::Large(buffer) => {
                buffer[self.length..self.length + more.len()].copy_from_slice(more);
                self.length += more.len();
            }
        }
        Ok(())
    }

    /// Remove the first `length` items.
    pub fn remove_first(&mut self, length: usize) {
        match &mut self.memory {
            Memory::Small(list) => drop(list.drain(..length)),
            Memory::Large(buffer) => {
                buffer.copy_within(length..self.length, 0);
                self.length -= length;
            }
        }
    }
}

impl<T: Pod> Deref for HugeList<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match &self.memory {
            Memory::Small(list) => list,
            Memory::Large(buffer) => &buffer[..self.length],
        }
    }
}

impl<T: Pod + PartialEq> PartialEq for HugeList<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn a_list_holds_what_a_vec_holds(
            lengths in proptest::collection::vec(0usize..600_000, 1..8),
            removed in proptest::collection::vec(any::<prop::sample::Index>(), 8),
        ) {
            let mut list = HugeList::<u32>::default();
            let mut expected = Vec::new();
            for (length, removed) in lengths.into_iter().zip(removed) {
                let more: Vec<u32> = (0..length as u32).map(|k| k ^ expected.len() as u32).collect();
                list.extend_from_slice(&more).unwrap();
                expected.extend(more);
                let removed = removed.index(expected.len() + 1) / 3;
                list.remove_first(removed);
                expected.drain(..removed);
                prop_assert_eq!(&*list, &expected[..]);
            }
        }
    }
}
