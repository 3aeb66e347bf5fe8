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

/// Number and sum of the records in the row of a word of a symmetric matrix. Those in its column are the same. The number
/// is a float, which is exact up to 2⁵³, so that one addition of two floats serves both.
type OneDirection = [f64; 2];

/// Add the records of a row of a symmetric matrix, in one direction.
fn add_symmetric(row: &TriangleRow<'_>, sums: &mut [OneDirection]) {
    let mut own = [0.0; 2];
    for (&column, &x) in row.columns.iter().zip(row.forward) {
        let record = [f64::from(u8::from(x != 0.0)), x];
        let other = &mut sums[column as usize];
        *other = [other[0] + record[0], other[1] + record[1]];
        // A pair of a word with itself has only one record.
        if column != row.row {
            own = [own[0] + record[0], own[1] + record[1]];
        }
    }
    let sum = &mut sums[row.row as usize];
    *sum = [sum[0] + own[0], sum[1] + own[1]];
}

fn of_both_directions([records, sum]: OneDirection) -> Marginal {
    Marginal {
        records: 2 * records as u64,
        sums: [sum; 2],
    }
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
            let all = own.len() == words;
            let mut symmetric = fallible::filled([0.0; 2], words)?;
            let mut others = Vec::new();
            counts.for_each_row(chunk_rows(words, chunk), |row| {
                if all && row.backward.is_none() {
                    add_symmetric(&row, &mut symmetric);
                    return Ok(());
                }
                if others.is_empty() {
                    others = fallible::filled(Marginal::default(), words)?;
                }
                row.for_each_record(|i, j, x| {
                    if own.contains(&i) {
                        others[i as usize].records += 1;
                        others[i as usize].sums[0] += x;
                        others[j as usize].records += 1;
                        others[j as usize].sums[1] += x;
                    }
                });
                Ok(())
            })?;
            let mut marginals = fallible::collect(symmetric.into_iter().map(of_both_directions))?;
            for (marginal, &more) in marginals.iter_mut().zip(&others) {
                marginal.add(more);
            }
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
