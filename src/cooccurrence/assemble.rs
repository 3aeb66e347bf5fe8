//! Builds a matrix in memory from pairs in any order. (`from_records.rs` uses the disk beyond a memory limit.)

use super::block_layout::{RowBlock, poll};
use super::matrix::Triangle;
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::cmp::Ordering;

impl Triangle {
    /// Build a matrix from pairs in any order. Repeated pairs add up in the order given. Pairs whose sums are 0 in
    /// both directions are left out. If both directions are equal for every pair, the matrix is stored as symmetric.
    ///
    /// `pairs` is a function that calls its argument with (i, j, X\[i, j\], X\[j, i\]) for each pair. `pairs` is called
    /// twice, and must give the same pairs both times: once to find the length of each row, once to fill the rows. If
    /// i = j, the last number is ignored.
    ///
    /// # Errors
    /// The errors of `pairs`; [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
    pub fn assemble(
        words: usize,
        monitor: &Monitor,
        pairs: impl Fn(&mut dyn FnMut(WordId, WordId, f64, f64)) -> Result<()>,
    ) -> Result<Self> {
        let mut ends: Vec<usize> = fallible::zeroed(words)?;
        pairs(&mut |i, j, _, _| ends[i.max(j) as usize] += 1)?;
        monitor.check()?;
        let mut next = fallible::with_capacity(words)?;
        let mut length = 0;
        for end in &mut ends {
            next.push(length);
            length += *end;
            *end = length;
        }
        let mut entries = fallible::filled((0 as WordId, [0.0; 2]), length)?;
        monitor.check()?;
        pairs(&mut |i, j, forward, backward| {
            let (row, column, sums) = match i.cmp(&j) {
                Ordering::Equal => (i, j, [forward, 0.0]),
                Ordering::Greater => (i, j, [forward, backward]),
                Ordering::Less => (j, i, [backward, forward]),
            };
            let index = &mut next[row as usize];
            entries[*index] = (column, sums);
            *index += 1;
        })?;
        let mut rows: Vec<&mut [(WordId, [f64; 2])]> = fallible::with_capacity(words)?;
        let mut rest = entries.as_mut_slice();
        let mut start = 0;
        for &end in &ends {
            let (row, more) = rest.split_at_mut(end - start);
            rows.push(row);
            (rest, start) = (more, end);
        }
        let block_rows = words.div_ceil(8 * rayon::current_num_threads()).max(1);
        let sorted: Result<Vec<RowBlock>> = rows
            .par_chunks_mut(block_rows)
            .enumerate()
            .map(|(number, rows)| {
                let mut block = RowBlock::new((number * block_rows) as WordId, true);
                block.reserve(rows.len(), rows.iter().map(|row| row.len()).sum())?;
                let mut since = 0;
                for row in rows {
                    poll(row.len(), &mut since, monitor)?;
                    push_sorted(row, &mut block);
                    block.end_row();
                }
                block.shrink_to_fit();
                Ok(block)
            })
            .collect();
        Ok(Self::in_memory(words, sorted?))
    }
}

/// Sort one row by column, stably, add up equal columns, and append the sums that are not 0 to the block.
fn push_sorted(row: &mut [(WordId, [f64; 2])], block: &mut RowBlock) {
    row.sort_by_key(|entry| entry.0);
    for same in row.chunk_by(|a, b| a.0 == b.0) {
        let sums = same
            .iter()
            .fold([0.0; 2], |sums, (_, x)| [sums[0] + x[0], sums[1] + x[1]]);
        if sums != [0.0; 2] {
            block.push_both(same[0].0, sums[0], sums[1]);
        }
    }
}
