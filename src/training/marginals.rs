//! Marginals of the matrix: number and sum of the records of each word.

use crate::cooccurrence::Rows;
use crate::error::Result;
use crate::memory::fallible;
use crate::partition::Partition;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::ops::Range;

/// Number and sums of the records in a word's row and column of X.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Marginal {
    /// Number of records in both.
    pub records: u64,
    /// Σ X of the row and of the column.
    pub sums: [f64; 2],
}

/// Larger sums of X count as this one, so that no product of two sums overflows.
const LARGEST_SUM: f64 = 1e290;

impl Marginal {
    /// Add the marginal of other records of the word.
    pub fn add(&mut self, more: Self) {
        self.records += more.records;
        for (sum, more) in self.sums.iter_mut().zip(more.sums) {
            *sum += more;
        }
    }

    pub(super) fn sum(self, side: usize) -> f64 {
        self.sums[side].min(LARGEST_SUM)
    }
}

/// Sums over the matrix are added up in a fixed number of chunks of fixed rows. The result has the same
/// bits for any number of threads and for any blocks of rows.
pub(super) const CHUNKS: usize = 8;

/// The rows of a chunk. Frequent words have longer rows: with these chunks none has more than a quarter
/// of the pairs of enwiki-17m.
fn chunk_rows(words: usize, chunk: usize) -> Range<WordId> {
    let start = |chunk: usize| (words as f64 * (chunk as f64 / CHUNKS as f64).powi(2)) as WordId;
    start(chunk)..start(chunk + 1)
}

/// The marginal of each word, of the records whose rows are the words of `group`. The sum over all groups,
/// in order, by [`Marginal::add`], is the marginal of the matrix.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) if rows are on disk and cannot be read.
pub fn marginals(counts: &impl Rows, partition: Partition, group: usize) -> Result<Vec<Marginal>> {
    let (own, words) = (partition.group(group), partition.words());
    let chunks: Vec<Result<Vec<Marginal>>> = (0..CHUNKS)
        .into_par_iter()
        .map(|chunk| {
            let mut marginals = fallible::filled(Marginal::default(), words)?;
            counts.for_each_row(chunk_rows(words, chunk), |row| {
                row.for_each_record(|i, j, x| {
                    if own.contains(&i) {
                        marginals[i as usize].records += 1;
                        marginals[i as usize].sums[0] += x;
                        marginals[j as usize].records += 1;
                        marginals[j as usize].sums[1] += x;
                    }
                });
                Ok(())
            })?;
            Ok(marginals)
        })
        .collect();
    let mut sum = fallible::filled(Marginal::default(), words)?;
    for chunk in chunks {
        for (sum, more) in sum.iter_mut().zip(chunk?) {
            sum.add(more);
        }
    }
    Ok(sum)
}
