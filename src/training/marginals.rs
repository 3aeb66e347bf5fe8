//! Numbers and sums of the records of each word.

use crate::cooccurrence::Rows;
use crate::error::Result;
use crate::partition::Partition;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::ops::Range;

/// What a word's row and column of X hold.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Margin {
    /// Records of both.
    pub records: u64,
    /// Σ X of the row and of the column.
    pub sums: [f64; 2],
}

/// A sum of X beyond which words weigh the same: what keeps any finite matrix usable.
const LARGEST_SUM: f64 = 1e290;

impl Margin {
    /// Add what other parts of the row and the column hold.
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

/// Parts that sums over the matrix are made of: in a fixed number and of fixed rows, so that they have
/// the same bits for any number of threads and however the rows lie in blocks.
const PARTS: usize = 8;

/// The rows of a part. Rows of frequent words are longer: so dealt, no part of enwiki-17m has more
/// than a quarter of its pairs.
fn part_rows(words: usize, part: usize) -> Range<WordId> {
    let start = |part: usize| (words as f64 * (part as f64 / PARTS as f64).powi(2)) as WordId;
    start(part)..start(part + 1)
}

/// The margins of each word, over the records whose rows are the words of group `group`: those of all
/// groups, added up in their order by [`Margin::add`], are the matrix's.
///
/// # Errors
/// As for [`Triangle::block`].
pub fn margins(counts: &impl Rows, partition: Partition, group: usize) -> Result<Vec<Margin>> {
    let (own, words) = (partition.group(group), partition.words());
    let parts: Vec<Result<Vec<Margin>>> = (0..PARTS)
        .into_par_iter()
        .map(|part| {
            let mut margins = vec![Margin::default(); words];
            counts.for_each_row(part_rows(words, part), |row| {
                row.for_each_record(|i, j, x| {
                    if own.contains(&i) {
                        margins[i as usize].records += 1;
                        margins[i as usize].sums[0] += x;
                        margins[j as usize].records += 1;
                        margins[j as usize].sums[1] += x;
                    }
                });
                Ok(())
            })?;
            Ok(margins)
        })
        .collect();
    let mut sum = vec![Margin::default(); words];
    for part in parts {
        for (sum, part) in sum.iter_mut().zip(part?) {
            sum.add(part);
        }
    }
    Ok(sum)
}
