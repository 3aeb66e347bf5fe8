//! Sums one row of the matrix: in a dense array if the row is narrow or has many entries, else in a hash table.

use crate::bits::ones;
use crate::error::Result;
use crate::memory::fallible;
use crate::vocabulary::WordId;

/// The sum of a pair: one number if the counts are symmetric, one for each direction if not.
pub trait Sum: Copy + Default + PartialEq + Send + Sync {
    /// Whether one number is the sum of both directions.
    const SYMMETRIC: bool;
    /// Add `weight` for an occurrence of the row word left (`true`) or right of the column word.
    fn add(&mut self, row_word_is_left: bool, weight: f64);
    /// Whether nothing was added. Compares bits, which takes fewer instructions than comparing floats.
    fn is_zero(&self) -> bool;
    /// Add another sum of the same pair.
    fn plus(&mut self, other: Self);
}

impl Sum for f64 {
    const SYMMETRIC: bool = true;

    #[inline(always)]
    fn is_zero(&self) -> bool {
        self.to_bits() == 0
    }

    #[inline(always)]
    fn plus(&mut self, other: Self) {
        *self += other;
    }

    #[inline(always)]
    fn add(&mut self, _: bool, weight: f64) {
        *self += weight;
    }
}

/// The sums of (row word left of column word, column word left of row word).
impl Sum for [f64; 2] {
    const SYMMETRIC: bool = false;

    #[inline(always)]
    fn is_zero(&self) -> bool {
        self[0].to_bits() | self[1].to_bits() == 0
    }

    #[inline(always)]
    fn plus(&mut self, other: Self) {
        self[0] += other[0];
        self[1] += other[1];
    }

    #[inline(always)]
    fn add(&mut self, row_word_is_left: bool, weight: f64) {
        self[usize::from(!row_word_is_left)] += weight;
    }
}

/// A row with at most this many possible columns is summed in a dense array, even if it has few entries. With
/// one `f64` for each column, an array of this width takes 512 KiB, half of a common L2 cache. Up to this width
/// an addition costs as much as in a small hash table (benches/EXPERIMENTS.md, "Width of the dense
/// accumulator").
pub const DENSE_WIDTH: usize = 1 << 16;

/// If a row can have, on average, at least this many additions for each possible column, it is summed
/// without a list of the columns that have a sum. Instead, the sums of all possible columns are
/// examined at the end of the row.
const FULL: usize = 1;

/// Sums one row at a time. A thread reuses the accumulator for many rows, so that it seldom allocates
/// memory.
pub struct RowAccumulator<S> {
    dense: Vec<S>,
    // A hash table with open addressing and linear probing. A key is a column or EMPTY; its sum is in `sums`.
    keys: Vec<WordId>,
    sums: Vec<S>,
    shift: u32,
    // The first `met` elements are the columns that have a sum, in the order of their first
    // addition.
    touched: Vec<WordId>,
    met: usize,
    // Scratch for sorting columns: `bits` has a bit for each column, `summary` a bit for each
    // element of `bits`. Both are zero between rows.
    bits: Vec<u64>,
    summary: Vec<u64>,
    width: usize,
    kind: SumKind,
}

/// How a row is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SumKind {
    /// In the dense array, without a list of the columns that have a sum.
    Full,
    /// In the dense array, with a list of the columns that have a sum.
    Dense,
    /// In the hash table.
    Hashed,
}

const EMPTY: WordId = WordId::MAX;

impl<S: Sum> RowAccumulator<S> {
    /// An accumulator that holds no row yet.
    pub fn new() -> Self {
        Self {
            dense: Vec::new(),
            keys: Vec::new(),
            sums: Vec::new(),
            shift: 0,
            touched: Vec::new(),
            met: 0,
            bits: Vec::new(),
            summary: Vec::new(),
            width: 0,
            kind: SumKind::Dense,
        }
    }

    /// Prepare for a row with columns in `0..width` and at most `most` additions.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn begin(&mut self, width: usize, most: usize) -> Result<()> {
        // The time of a row is estimated: in the dense array it is proportional to `width`, in the hash
        // table to four times the number of columns that have a sum, which is at most `most`.
        self.kind = if most >= FULL * width {
            SumKind::Full
        } else if width <= DENSE_WIDTH || most >= width / 4 {
            SumKind::Dense
        } else {
            SumKind::Hashed
        };
        self.width = width;
        let most = most.min(width);
        if self.kind == SumKind::Hashed {
            let slots = (2 * most).next_power_of_two().max(16);
            self.shift = 32 - slots.trailing_zeros().min(31);
            self.keys.clear();
            fallible::resize(&mut self.keys, slots, EMPTY)?;
            if self.sums.len() < slots {
                fallible::resize(&mut self.sums, slots, S::default())?;
            }
        } else if self.dense.len() < width {
            fallible::resize(&mut self.dense, width, S::default())?;
        }
        // One element more than there are columns: `DenseRow::at` writes the column to the next
        // element before it knows whether the column is new.
        if self.touched.len() <= most {
            fallible::resize(&mut self.touched, most + 1, 0)?;
        }
        if self.bits.len() * 64 < width {
            fallible::resize(&mut self.bits, width.div_ceil(64), 0)?;
            fallible::resize(&mut self.summary, self.bits.len().div_ceil(64), 0)?;
        }
        self.met = 0;
        Ok(())
    }

    /// Number of columns that have a sum, of a row that is not of [`SumKind::Full`].
    pub fn met(&self) -> usize {
        self.met
    }

    /// How this row is summed.
    pub fn kind(&self) -> SumKind {
        self.kind
    }

    /// A view of the dense array, for a row of [`SumKind::Full`].
    #[inline(always)]
    pub fn full(&mut self) -> FullRow<'_, S> {
        FullRow {
            sums: &mut self.dense,
        }
    }

    /// The sums of a row of [`SumKind::Full`]. The caller must set them to zero after reading them.
    pub fn sums(&mut self) -> &mut [S] {
        &mut self.dense[..self.width]
    }

    /// A view of the dense array, for a row of [`SumKind::Dense`].
    #[inline(always)]
    pub fn dense(&mut self) -> DenseRow<'_, S> {
        DenseRow {
            sums: &mut self.dense,
            touched: &mut self.touched,
            met: &mut self.met,
        }
    }

    /// A view of the hash table, for a row of [`SumKind::Hashed`].
    #[inline(always)]
    pub fn hashed(&mut self) -> HashedRow<'_, S> {
        HashedRow {
            mask: self.keys.len() - 1,
            keys: &mut self.keys,
            sums: &mut self.sums,
            shift: self.shift,
            touched: &mut self.touched,
            met: &mut self.met,
        }
    }

    /// Call `emit` with each column that has a sum, in ascending order, and clear the sums. The row
    /// must not be of [`SumKind::Full`].
    pub fn drain(&mut self, mut emit: impl FnMut(WordId, S)) {
        let touched = &mut self.touched[..self.met];
        let Some(&last) = touched.iter().max() else {
            return;
        };
        let width = last as usize + 1;
        let mut take = {
            let (dense, keys, sums) = (&mut self.dense, &self.keys, &self.sums);
            let (is_dense, shift) = (self.kind == SumKind::Dense, self.shift);
            move |column: WordId| {
                if is_dense {
                    return std::mem::take(&mut dense[column as usize]);
                }
                let mut slot = slot_of(column, shift);
                while keys[slot] != column {
                    slot = (slot + 1) & (keys.len() - 1);
                }
                sums[slot]
            }
        };
        if touched.len() < 48 {
            touched.sort_unstable();
            for &column in &*touched {
                emit(column, take(column));
            }
            return;
        }
        for &column in &*touched {
            let word = column as usize / 64;
            self.bits[word] |= 1 << (column % 64);
            self.summary[word / 64] |= 1 << (word % 64);
        }
        for (above, summary) in self.summary[..width.div_ceil(64 * 64)]
            .iter_mut()
            .enumerate()
        {
            for word in ones(std::mem::take(summary)) {
                let word = above * 64 + word;
                for bit in ones(std::mem::take(&mut self.bits[word])) {
                    let column = (word * 64 + bit) as WordId;
                    emit(column, take(column));
                }
            }
        }
    }
}

/// Fibonacci hashing: the high bits of a product spread neighbouring columns.
#[inline(always)]
fn slot_of(column: WordId, shift: u32) -> usize {
    (column.wrapping_mul(0x9e37_79b9) >> shift) as usize
}

/// A row of [`SumKind::Full`].
pub struct FullRow<'a, S> {
    sums: &'a mut [S],
}

/// A row of [`SumKind::Dense`].
pub struct DenseRow<'a, S> {
    sums: &'a mut [S],
    touched: &'a mut [WordId],
    met: &'a mut usize,
}

/// A row of [`SumKind::Hashed`].
pub struct HashedRow<'a, S> {
    keys: &'a mut [WordId],
    sums: &'a mut [S],
    mask: usize,
    shift: u32,
    touched: &'a mut [WordId],
    met: &'a mut usize,
}

/// A row that sums are added to.
pub trait RowSums {
    /// What is summed per column.
    type Sum: Sum;

    /// The sum of `column`. The caller must add a number above 0 to it: a column whose sum is 0
    /// counts as new.
    fn at(&mut self, column: WordId) -> &mut Self::Sum;
}

impl<S: Sum> RowSums for FullRow<'_, S> {
    type Sum = S;

    #[inline(always)]
    fn at(&mut self, column: WordId) -> &mut S {
        &mut self.sums[column as usize]
    }
}

impl<S: Sum> RowSums for DenseRow<'_, S> {
    type Sum = S;

    #[inline(always)]
    fn at(&mut self, column: WordId) -> &mut S {
        let sum = &mut self.sums[column as usize];
        // No branch: in the row of a rare word the processor cannot predict whether a column is new.
        self.touched[*self.met] = column;
        *self.met += usize::from(sum.is_zero());
        sum
    }
}

impl<S: Sum> RowSums for HashedRow<'_, S> {
    type Sum = S;

    #[inline(always)]
    fn at(&mut self, column: WordId) -> &mut S {
        let mut slot = slot_of(column, self.shift);
        loop {
            let key = self.keys[slot];
            if key == column {
                break;
            }
            if key == EMPTY {
                self.keys[slot] = column;
                self.sums[slot] = S::default();
                self.touched[*self.met] = column;
                *self.met += 1;
                break;
            }
            slot = (slot + 1) & self.mask;
        }
        &mut self.sums[slot]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cooccurrence::block_layout::RowBlock;
    use crate::cooccurrence::merge::push_row;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn dense_and_hashed_rows_sum_the_same_in_order(
            width in prop_oneof![Just(10usize), Just(5_000), Just(DENSE_WIDTH + 1), Just(3_000_000)],
            adds in proptest::collection::vec((any::<u32>(), any::<bool>()), 0..400),
        ) {
            let mut expected: BTreeMap<u32, [f64; 2]> = BTreeMap::new();
            let mut accumulator = RowAccumulator::<[f64; 2]>::new();
            for round in 0..2 { // the second row must not contain sums of the first row
                expected.clear();
                accumulator.begin(width, adds.len()).unwrap();
                for (i, &(column, left)) in adds.iter().enumerate() {
                    let (column, weight) = ((column as usize % width) as u32, (i + 1 + round) as f64);
                    expected.entry(column).or_default().add(left, weight);
                    match accumulator.kind() {
                        SumKind::Full => accumulator.full().at(column).add(left, weight),
                        SumKind::Dense => accumulator.dense().at(column).add(left, weight),
                        SumKind::Hashed => accumulator.hashed().at(column).add(left, weight),
                    }
                }
                let mut block = RowBlock::new(9, true);
                push_row(&mut accumulator, &mut block).unwrap();
                let mut found = Vec::new();
                let row = block.row(9);
                for (entry, &column) in row.columns.iter().enumerate() {
                    found.push((column, [row.forward[entry], row.backward.unwrap()[entry]]));
                }
                prop_assert_eq!(found, expected.clone().into_iter().collect::<Vec<_>>());
            }
        }
    }
}
