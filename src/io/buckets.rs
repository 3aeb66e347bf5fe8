//! Distributes items to buckets: the first step of sorting or shuffling more items than fit into memory.

use crate::error::Result;
use crate::memory::{TemporaryFile, fallible};
use bytemuck::Pod;
use std::ops::Range;
use std::path::PathBuf;

/// Buckets that are filled in any order. Whenever the items in memory reach a memory limit, all of them are moved to a
/// temporary file.
pub(crate) struct Buckets<T> {
    buckets: Vec<Bucket<T>>,
    // Number of items in memory.
    in_memory: usize,
    // Number of items in memory at which all of them are moved to the file.
    most: usize,
    folder: PathBuf,
    file: Option<TemporaryFile>,
}

/// The items of one bucket.
pub(crate) struct Bucket<T> {
    items: Vec<T>,
    // The ranges of the file that hold the items that were moved there, which are older than `items`.
    spilled: Vec<Range<u64>>,
}

impl<T: Pod> Buckets<T> {
    /// Empty buckets. At most about `bytes` of items stay in memory; the other items go to a
    /// temporary file in `folder`.
    pub fn new(buckets: usize, bytes: u64, folder: PathBuf) -> Self {
        let empty = || Bucket {
            items: Vec::new(),
            spilled: Vec::new(),
        };
        let most = (bytes / size_of::<T>() as u64).clamp(1, usize::MAX as u64 / 2) as usize;
        Self {
            buckets: std::iter::repeat_with(empty).take(buckets).collect(),
            in_memory: 0,
            most,
            folder,
            file: None,
        }
    }

    /// Add an item to a bucket.
    ///
    /// # Errors
    /// [`crate::Error::Io`], which names the folder of the temporary file;
    /// [`crate::Error::Memory`].
    #[inline]
    pub fn push(&mut self, bucket: usize, item: T) -> Result<()> {
        fallible::push(&mut self.buckets[bucket].items, item)?;
        self.in_memory += 1;
        if self.in_memory >= self.most {
            self.spill()?;
        }
        Ok(())
    }

    #[cold]
    fn spill(&mut self) -> Result<()> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(TemporaryFile::create(&self.folder)?),
        };
        for bucket in &mut self.buckets {
            if !bucket.items.is_empty() {
                let range = file.append(bytemuck::cast_slice(&bucket.items))?;
                bucket.spilled.push(range);
                bucket.items.clear();
            }
        }
        self.in_memory = 0;
        Ok(())
    }

    /// The buckets in order, and the file that [`Bucket::items`] needs.
    pub fn into_parts(self) -> (Vec<Bucket<T>>, Option<TemporaryFile>) {
        (self.buckets, self.file)
    }
}

impl<T: Pod> Bucket<T> {
    /// All items, in the order in which they were added.
    ///
    /// # Errors
    /// [`crate::Error::Io`], which names the folder of the temporary file;
    /// [`crate::Error::Memory`].
    pub fn items(self, file: Option<&TemporaryFile>) -> Result<Vec<T>> {
        let Some(file) = file.filter(|_| !self.spilled.is_empty()) else {
            return Ok(self.items);
        };
        let bytes: u64 = self
            .spilled
            .iter()
            .map(|range| range.end - range.start)
            .sum();
        let spilled = bytes as usize / size_of::<T>();
        let mut all: Vec<T> = fallible::zeroed(spilled + self.items.len())?;
        let mut rest: &mut [T] = &mut all;
        for range in self.spilled {
            let length = (range.end - range.start) as usize / size_of::<T>();
            let (items, after) = rest.split_at_mut(length);
            file.read_into(range.start, bytemuck::cast_slice_mut(items))?;
            rest = after;
        }
        rest.copy_from_slice(&self.items);
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_back_in_order_whatever_the_limit() {
        for bytes in [0, 8, 100, 1000, u64::MAX] {
            let mut buckets = Buckets::new(3, bytes, std::env::temp_dir());
            for item in 0..200_u64 {
                buckets.push(item as usize % 3, item).unwrap();
            }
            let (buckets, file) = buckets.into_parts();
            for (k, bucket) in (0..).zip(buckets) {
                let expected: Vec<u64> = (0..200).filter(|item| item % 3 == k).collect();
                assert_eq!(bucket.items(file.as_ref()).unwrap(), expected);
            }
        }
    }
}
