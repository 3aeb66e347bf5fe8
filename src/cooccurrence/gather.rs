//! Records that come in any order: sorted into a [`Triangle`], on disk beyond a memory limit.

use super::matrix::{RowBlock, Triangle};
use super::sink::RowSink;
use crate::buckets::{Bucket, Buckets};
use crate::error::Result;
use crate::memory::{MemoryLimit, TemporaryFile, fallible};
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rayon::prelude::*;

/// A pair of words, named by the row of the triangle that it belongs to.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Entry {
    row: WordId,
    // Ids are below 2³¹: the highest bit says that this is X[column, row].
    column: WordId,
    x: f64,
}

const BACKWARD: WordId = 1 << 31;

impl Entry {
    /// What entries are sorted by, stably.
    fn key(&self) -> u64 {
        u64::from(self.row) << 32 | u64::from(self.column & !BACKWARD)
    }
}

/// Ranges of rows that records are dealt into: each small enough to sort in memory where all records
/// are too many, and few enough that dealing stays in the cache. Tests have rows for all of them.
const BUCKETS: usize = if cfg!(test) { 8 } else { 1 << 9 };

/// Takes records one by one.
pub struct Gathering<'a> {
    words: usize,
    // A bucket is 2^shift rows.
    shift: u32,
    buckets: Buckets<Entry>,
    memory: &'a MemoryLimit,
}

impl<'a> Gathering<'a> {
    /// Nothing yet, for a matrix of `words` × `words`.
    pub fn new(words: usize, memory: &'a MemoryLimit) -> Self {
        let rows = words.div_ceil(BUCKETS).next_power_of_two();
        let count = words.div_ceil(rows);
        Self {
            words,
            shift: rows.trailing_zeros(),
            buckets: Buckets::new(count, memory.row_bytes(), memory.folder.clone()),
            memory,
        }
    }

    /// Add X\[i, j\]; what is given more than once adds up in the order given.
    ///
    /// # Errors
    /// [`crate::Error::Io`] with the folder for temporary files.
    #[inline]
    pub fn push(&mut self, i: WordId, j: WordId, x: f64) -> Result<()> {
        let (row, column) = if i >= j { (i, j) } else { (j, i | BACKWARD) };
        let bucket = row >> self.shift;
        self.buckets.push(bucket as usize, Entry { row, column, x })
    }

    /// The matrix, made on all threads of the current rayon pool.
    ///
    /// # Errors
    /// [`crate::Error::Io`] with the folder for temporary files; [`crate::Error::Cancelled`].
    pub fn finish(self, monitor: &Monitor) -> Result<Triangle> {
        let (buckets, file) = self.buckets.into_parts();
        let mut sink = RowSink::new(self.memory);
        let wave = 4 * rayon::current_num_threads();
        let rows = 1usize << self.shift;
        let mut numbered = (0..).step_by(rows).zip(buckets);
        loop {
            monitor.check()?;
            let wave: Vec<(usize, Bucket<Entry>)> = numbered.by_ref().take(wave).collect();
            if wave.is_empty() {
                return Ok(sink.finish_either(self.words));
            }
            let blocks: Result<Vec<RowBlock>> = wave
                .into_par_iter()
                .map(|(first, bucket)| {
                    let end = self.words.min(first + rows);
                    block(first as WordId, end as WordId, bucket, file.as_ref())
                })
                .collect();
            sink.push(blocks?)?;
        }
    }
}

/// Rows `first` to `end`.
fn block(
    first: WordId,
    end: WordId,
    bucket: Bucket<Entry>,
    file: Option<&TemporaryFile>,
) -> Result<RowBlock> {
    let mut entries = bucket.items(file)?;
    // Sorting takes as much again, and cannot fail but end the process.
    fallible::with_capacity::<Entry>(entries.len())?;
    entries.sort_by_key(Entry::key);
    let mut block = RowBlock::new(first, true);
    block.reserve((end - first) as usize, entries.len())?;
    let mut pairs = entries.chunk_by(|a, b| a.key() == b.key()).peekable();
    for row in first..end {
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
            let mut gathering = Gathering::new(words, &memory);
            for &(i, j, x) in &records {
                gathering.push(i, j, x).unwrap();
            }
            let gathered = gathering.finish(&Monitor::new()).unwrap();
            let assembled = Triangle::assemble(words, &Monitor::new(), |pair| {
                for &(i, j, x) in &records {
                    pair(i, j, x, 0.0);
                }
                Ok(())
            }).unwrap();
            prop_assert_eq!(gathered.to_csr(&Monitor::new()).unwrap(), assembled.to_csr(&Monitor::new()).unwrap());
            prop_assert_eq!(gathered.nnz(), assembled.nnz());
            prop_assert!(gathered.is_on_disk() || gathered.symmetric == assembled.symmetric);
        }
    }
}
