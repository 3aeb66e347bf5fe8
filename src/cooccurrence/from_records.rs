//! Builds a [`Triangle`] from records (i, j, x) that come in any order. Beyond a memory limit, the records go
//! to a temporary file.

use super::block_layout::RowBlock;
use super::matrix::Triangle;
use super::row_writer::RowWriter;
use crate::error::Result;
use crate::io::buckets::{Bucket, Buckets};
use crate::memory::{MemoryLimit, TemporaryFile, fallible};
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::ops::Range;

/// A record, with the row of the triangle that it belongs to.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct RowRecord {
    row: WordId,
    // Ids are below 2³¹. The highest bit marks a record of the other direction: X[column, row].
    column: WordId,
    x: f64,
}

const BACKWARD: WordId = 1 << 31;

impl RowRecord {
    /// The sort key: the row, then the column.
    fn key(&self) -> u64 {
        u64::from(self.row) << 32 | u64::from(self.column & !BACKWARD)
    }
}

/// Largest number of buckets. Each bucket holds the records of a range of rows. The number is large, so that the
/// records of one bucket fit into memory when all records together do not. It is small enough that the end of each
/// bucket, where the next record is written, stays in the processor's cache. Tests use few buckets, so that all of them
/// get rows.
const BUCKETS: usize = if cfg!(test) { 8 } else { 1 << 9 };

/// Builds a [`Triangle`] from records in any order.
pub struct TriangleBuilder<'a> {
    words: usize,
    // Whether a record adds to both directions of its pair.
    symmetric: bool,
    // A bucket holds the records of 2^shift rows.
    shift: u32,
    buckets: Buckets<RowRecord>,
    memory: &'a MemoryLimit,
}

impl<'a> TriangleBuilder<'a> {
    /// A builder without records, of a matrix of `words` × `words`.
    pub fn new(words: usize, memory: &'a MemoryLimit) -> Self {
        let rows = words.div_ceil(BUCKETS).next_power_of_two();
        let count = words.div_ceil(rows);
        Self {
            words,
            symmetric: false,
            shift: rows.trailing_zeros(),
            buckets: Buckets::new(count, memory.row_bytes(), memory.folder.clone()),
            memory,
        }
    }

    /// Let every record (i, j) add to both X\[i, j\] and X\[j, i\], or once to X\[i, i\] if i = j.
    #[must_use]
    pub fn symmetric(mut self) -> Self {
        self.symmetric = true;
        self
    }

    /// Add `x` to X\[i, j\] and, after [`TriangleBuilder::symmetric`], to X\[j, i\]. Repeated records add up in the
    /// order given.
    ///
    /// # Errors
    /// [`crate::Error::Io`] naming the folder for temporary files; [`crate::Error::Memory`].
    #[inline]
    pub fn push(&mut self, i: WordId, j: WordId, x: f64) -> Result<()> {
        let backward = if self.symmetric { 0 } else { BACKWARD };
        let (row, column) = if i >= j { (i, j) } else { (j, i | backward) };
        let bucket = row >> self.shift;
        self.buckets
            .push(bucket as usize, RowRecord { row, column, x })
    }

    /// Sort the records into a matrix, on all threads of the current rayon pool. The matrix is stored as symmetric
    /// after [`TriangleBuilder::symmetric`], and also if it fits into the memory limit and both directions are equal
    /// for every pair.
    ///
    /// # Errors
    /// [`crate::Error::Io`] naming the folder for temporary files; [`crate::Error::Memory`];
    /// [`crate::Error::Cancelled`].
    pub fn finish(self, monitor: &Monitor) -> Result<Triangle> {
        let (buckets, file) = self.buckets.into_parts();
        let mut writer = RowWriter::new(self.memory);
        let wave = 4 * rayon::current_num_threads();
        let rows = 1usize << self.shift;
        let mut numbered = (0..).step_by(rows).zip(buckets);
        loop {
            monitor.check()?;
            let wave: Vec<(usize, Bucket<RowRecord>)> = numbered.by_ref().take(wave).collect();
            if wave.is_empty() {
                return if self.symmetric {
                    Ok(writer.finish(self.words, true))
                } else {
                    writer.finish_either(self.words)
                };
            }
            let blocks: Result<Vec<RowBlock>> = wave
                .into_par_iter()
                .map(|(first, bucket)| {
                    let end = self.words.min(first + rows);
                    let both = !self.symmetric;
                    block(first as WordId..end as WordId, both, bucket, file.as_ref())
                })
                .collect();
            writer.push(blocks?)?;
        }
    }
}

/// Build these rows from their records, which may be in any order. An entry has a value for each direction if
/// `both_directions`, and otherwise one value for both directions.
fn block(
    rows: Range<WordId>,
    both_directions: bool,
    bucket: Bucket<RowRecord>,
    file: Option<&TemporaryFile>,
) -> Result<RowBlock> {
    let mut entries = bucket.items(file)?;
    // The stable sort allocates up to as much memory again, and aborts the process if it cannot. Try the allocation
    // here first, where its failure is an error.
    fallible::with_capacity::<RowRecord>(entries.len())?;
    entries.sort_by_key(RowRecord::key);
    let mut block = RowBlock::new(rows.start, both_directions);
    block.reserve(rows.len(), entries.len())?;
    let mut pairs = entries.chunk_by(|a, b| a.key() == b.key()).peekable();
    for row in rows {
        while let Some(pair) = pairs.next_if(|pair| pair[0].row == row) {
            let mut sums = [0.0; 2];
            for entry in pair {
                sums[usize::from(entry.column & BACKWARD != 0)] += entry.x;
            }
            block.push_both(pair[0].column & !BACKWARD, sums[0], sums[1]);
        }
        block.end_row();
    }
    block.shrink_to_fit();
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn records_in_any_order_are_the_matrix_of_their_sums(
            words in 1_usize..100,
            records in proptest::collection::vec((0_u32..100, 0_u32..100, 0.1_f64..9.0), 0..300),
            mirrored: bool,
            small: bool,
        ) {
            let mut records: Vec<_> = records
                .into_iter()
                .map(|(i, j, x)| (i % words as u32, j % words as u32, x))
                .collect();
            if mirrored {
                records = records.iter().flat_map(|&(i, j, x)| {
                    [(i, j, x), (j, i, x)].into_iter().take(1 + usize::from(i != j))
                }).collect();
            }
            let memory = MemoryLimit::new(small.then_some(2000), None);
            let mut builder = TriangleBuilder::new(words, &memory);
            for &(i, j, x) in &records {
                builder.push(i, j, x).unwrap();
            }
            let built = builder.finish(&Monitor::new()).unwrap();
            let assembled = Triangle::assemble(words, &Monitor::new(), |pair| {
                for &(i, j, x) in &records {
                    pair(i, j, x, 0.0);
                }
                Ok(())
            }).unwrap();
            prop_assert_eq!(built.to_csr(&Monitor::new()).unwrap(), assembled.to_csr(&Monitor::new()).unwrap());
            prop_assert_eq!(built.nnz(), assembled.nnz());
            prop_assert!(built.is_on_disk() || built.symmetric == assembled.symmetric);
        }
    }
}
