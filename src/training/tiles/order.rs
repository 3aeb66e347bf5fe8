//! The order of the records and of the negative pairs within a tile.
//!
//! Records are shuffled and then arranged by rows within stretches of consecutive records. The rows of
//! the `i` side stay in or near the first-level cache, while the rows of the other side are loaded
//! one after the other. A stretch is short enough that each row is trained at about the same times
//! as in a random order (benches/EXPERIMENTS.md, "Records grouped by words within a tile").
//!
//! For row-wise AdaGrad, the records of a row in a stretch are arranged in groups of four, because
//! the kernel updates four records of one row as one mini-batch (benches/EXPERIMENTS.md,
//! "Mini-batches of one word"). The negative pairs that are drawn together are arranged in the same way.

use crate::training::kernel::{RECORDS_AT_ONCE, Record};
use crate::training::row_layout::RowLayout;

/// Records that are sorted together use rows of at most about this many bytes on their `i` side.
const NEAR_BYTES: usize = 24 << 10;
/// The value of `NEAR_BYTES` for row-wise AdaGrad.
const NEAR_BYTES_ROWWISE: usize = 48 << 10;
/// Number of records in a stretch, for each word of the tile's block of rows.
const PER_ROW: usize = 4;
/// The value of `PER_ROW` for row-wise AdaGrad. It is larger because only groups of four records of one row of
/// the stretch are mini-batches: in a longer stretch, more records are in such groups.
const PER_ROW_ROWWISE: usize = 8;

/// How to order the records of the tiles of one block of rows.
pub(super) struct RecordOrder {
    rows: usize,
    // Number of consecutive rows whose records are sorted together.
    near: usize,
    stretch: usize,
    in_fours: bool,
}

/// Buffers of [`RecordOrder::arrange`].
#[derive(Default)]
pub(super) struct Scratch {
    sorted: Vec<Record>,
    ends: Vec<usize>,
    rest: Vec<Record>,
}

impl RecordOrder {
    /// The order for a block of `rows` rows.
    pub fn new(rows: usize, layout: RowLayout) -> Self {
        let in_fours = layout.is_rowwise();
        let (bytes, per_row) = if in_fours {
            (NEAR_BYTES_ROWWISE, PER_ROW_ROWWISE)
        } else {
            (NEAR_BYTES, PER_ROW)
        };
        Self {
            rows,
            near: (bytes / layout.bytes()).clamp(1, 1 << 15),
            stretch: per_row * rows,
            in_fours,
        }
    }

    /// Arrange shuffled records by rows.
    pub fn arrange(&self, records: &mut [Record], scratch: &mut Scratch) {
        for stretch in records.chunks_mut(self.stretch) {
            if self.in_fours {
                self.sort(stretch, 1, scratch);
                let Scratch { sorted, ends, rest } = scratch;
                self.by_fours(sorted, ends, stretch, rest);
            } else {
                self.sort(stretch, self.near, scratch);
                stretch.copy_from_slice(&scratch.sorted);
            }
        }
    }

    /// Write the records of `sorted` to `records`, by groups of `near` rows. `ends` has the end of the records of each row
    /// in `sorted`; rows without records may be left out. A group begins with the first four records of each row; the second
    /// four records of each row follow, and so on. The last records of a row, at most three, do not fill a four: they are at
    /// the end of `records`. `rest` is scratch space.
    pub fn by_fours(
        &self,
        sorted: &[Record],
        ends: &[usize],
        records: &mut [Record],
        rest: &mut Vec<Record>,
    ) {
        rest.clear();
        let (mut filled, mut start) = (0, 0);
        for ends in ends.chunks(self.near) {
            let starts = std::iter::once(&start).chain(ends);
            let rows: Vec<&[Record]> = starts.zip(ends).map(|(&a, &b)| &sorted[a..b]).collect();
            start = ends.last().copied().unwrap_or(start);
            let most = rows
                .iter()
                .map(|row| row.len() / RECORDS_AT_ONCE)
                .max()
                .unwrap_or(0);
            for round in 0..most {
                for row in &rows {
                    if let Some(four) = row.chunks_exact(RECORDS_AT_ONCE).nth(round) {
                        records[filled..filled + RECORDS_AT_ONCE].copy_from_slice(four);
                        filled += RECORDS_AT_ONCE;
                    }
                }
            }
            for round in 0..RECORDS_AT_ONCE {
                rest.extend(
                    rows.iter()
                        .filter_map(|row| row.chunks_exact(RECORDS_AT_ONCE).remainder().get(round)),
                );
            }
        }
        records[filled..].copy_from_slice(rest);
    }

    /// Sort the records by groups of `near` rows. The records of one group keep their order. Writes the
    /// sorted records to `scratch.sorted`, and the end of each group to `scratch.ends`.
    #[inline(always)]
    fn sort(&self, records: &[Record], near: usize, scratch: &mut Scratch) {
        let Scratch { sorted, ends, .. } = scratch;
        sorted.clear();
        sorted.extend_from_slice(records);
        ends.clear();
        ends.resize(self.rows.div_ceil(near), 0);
        let group = |record: &Record| usize::from(record.i) / near;
        for record in records {
            ends[group(record)] += 1;
        }
        let mut total = 0;
        for end in &mut *ends {
            total += std::mem::replace(end, total);
        }
        for record in records {
            let free = &mut ends[group(record)];
            sorted[*free] = *record;
            *free += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Optimizer;
    use crate::training::shuffle::shuffle;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    const ROWS: usize = 100;

    fn shuffled(length: u32) -> Vec<Record> {
        (0..length)
            .map(|k| Record {
                i: (k.wrapping_mul(2_654_435_761) >> 20) as u16 % ROWS as u16,
                j: k as u16,
                ln_x: k as f32,
            })
            .collect()
    }

    fn order(optimizer: Optimizer) -> RecordOrder {
        RecordOrder::new(ROWS, RowLayout::new(300, optimizer))
    }

    #[test]
    fn records_are_sorted_by_groups_of_rows_within_each_stretch() {
        let RecordOrder { near, stretch, .. } = order(Optimizer::AdaGrad);
        assert!(near > 1 && near < ROWS);
        let all = shuffled(1_000);
        let mut arranged = all.clone();
        order(Optimizer::AdaGrad).arrange(&mut arranged, &mut Scratch::default());
        assert_ne!(arranged, all);
        for (arranged, all) in arranged.chunks(stretch).zip(all.chunks(stretch)) {
            let mut expected = all.to_vec();
            expected.sort_by_key(|record| usize::from(record.i) / near);
            assert_eq!(arranged, expected);
        }
    }

    #[test]
    fn most_records_of_row_wise_adagrad_are_in_fours_of_one_row() {
        let all = shuffled(8_000);
        let mut arranged = all;
        order(Optimizer::RowwiseAdaGrad).arrange(&mut arranged, &mut Scratch::default());
        let of_one_row = |four: &&[Record]| four.iter().all(|record| record.i == four[0].i);
        let fours = arranged
            .chunks_exact(RECORDS_AT_ONCE)
            .filter(of_one_row)
            .count();
        assert!(RECORDS_AT_ONCE * fours > arranged.len() * 3 / 5, "{fours}");
    }

    #[test]
    fn a_shuffled_record_is_equally_likely_at_each_place() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let mut times = [[0_u32; 6]; 6];
        let rounds = 30_000;
        for _ in 0..rounds {
            let mut records = [0, 1, 2, 3, 4, 5];
            shuffle(&mut records, &mut rng);
            for (position, record) in records.into_iter().enumerate() {
                times[position][record] += 1;
            }
        }
        let expected = f64::from(rounds) / 6.0;
        for &times in times.as_flattened() {
            assert!((f64::from(times) - expected).abs() <= 6.0 * expected.sqrt());
        }
        shuffle::<u8>(&mut [], &mut rng);
    }

    proptest! {
        #[test]
        fn every_record_stays_in_its_stretch(length in 0u32..3_000, rowwise in any::<bool>()) {
            let optimizer = if rowwise { Optimizer::RowwiseAdaGrad } else { Optimizer::AdaGrad };
            let order = order(optimizer);
            let all = shuffled(length);
            let mut arranged = all.clone();
            order.arrange(&mut arranged, &mut Scratch::default());
            for (arranged, all) in arranged.chunks(order.stretch).zip(all.chunks(order.stretch)) {
                let mut arranged = arranged.to_vec();
                arranged.sort_by_key(|record| record.j);
                prop_assert_eq!(arranged, all);
            }
        }
    }
}
