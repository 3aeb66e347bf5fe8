//! Marginals of the matrix X: for each word, the number of its records, and the sums of its row and its column.

use crate::cooccurrence::{CountRows, TriangleRow};
use crate::error::Result;
use crate::memory::fallible;
use crate::partition::Partition;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::ops::Range;

/// The marginal of a word: the number of records in its row and its column of X, and the sums of both.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Marginal {
    /// Number of records in the row plus number of records in the column.
    pub records: u64,
    /// The sum of the counts X in the row, and the sum of those in the column.
    pub sums: [f64; 2],
}

/// A larger sum of a row or a column is replaced by this number, so that the total over all words does not overflow.
const LARGEST_SUM: f64 = 1e290;

impl Marginal {
    /// Add the marginal of other records of the word.
    #[inline(always)]
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

/// The rows of the matrix are divided into this many ranges, which are summed in parallel. The
/// ranges depend on the number of words only. So the sums have the same bits for any number of
/// threads and for any division of the rows into blocks.
pub(super) const CHUNKS: usize = 8;

/// The rows of range number `chunk` of the [`CHUNKS`] ranges. The first ranges have fewer rows,
/// because the rows of frequent words are usually longer.
fn chunk_rows(words: usize, chunk: usize) -> Range<WordId> {
    let start = |chunk: usize| (words as f64 * (chunk as f64 / CHUNKS as f64).powi(2)) as WordId;
    start(chunk)..start(chunk + 1)
}

/// Add the records of a row of a symmetric matrix, in both directions.
fn add_symmetric(row: &TriangleRow<'_>, marginals: &mut [Marginal]) {
    let mut own = Marginal::default();
    for (&column, &x) in row.columns.iter().zip(row.forward) {
        // Each word of the pair has one record in its row and one in its column. A pair of a word with itself has only
        // one record, which counts in the row and in the column of this word.
        let both = Marginal {
            records: 2 * u64::from(x != 0.0),
            sums: [x; 2],
        };
        marginals[column as usize].add(both);
        if column != row.row {
            own.add(both);
        }
    }
    marginals[row.row as usize].add(own);
}

/// The marginal of each word, by new id, counting only the records whose row is a word of `group`. The marginals of
/// all groups, added with [`Marginal::add`] in the order of the groups, are the marginals of the whole matrix.
///
/// # Errors
/// If rows are on disk: [`Error::Io`](crate::Error::Io) if they cannot be read,
/// [`Error::Format`](crate::Error::Format) if they are damaged;
/// [`Error::Memory`](crate::Error::Memory).
pub fn marginals(
    counts: &impl CountRows,
    partition: Partition,
    group: usize,
) -> Result<Vec<Marginal>> {
    let (own, words) = (partition.group(group), partition.words());
    let chunks: Vec<Result<Vec<Marginal>>> = (0..CHUNKS)
        .into_par_iter()
        .map(|chunk| {
            let mut marginals = fallible::filled(Marginal::default(), words)?;
            let all = own.len() == words;
            counts.for_each_row(chunk_rows(words, chunk), |row| {
                if all && row.backward.is_none() {
                    add_symmetric(&row, &mut marginals);
                    return Ok(());
                }
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
