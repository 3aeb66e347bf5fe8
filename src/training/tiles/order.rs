//! The order of the records and of the negative pairs within a tile.
//!
//! The records of each row are divided at random among the stretches of the tile, and the records of a stretch are arranged
//! by rows. The rows of the `i` side stay in or near the first-level cache, while the rows of the other side are loaded one
//! after the other. A stretch is short enough that each row is trained at about the same times as in a random order
//! (benches/EXPERIMENTS.md, "Records grouped by words within a tile").
//!
//! The rows near each other take turns in a stretch. For row-wise AdaGrad, a row gives four records in a turn, because the
//! kernel updates four records of one row as one mini-batch (benches/EXPERIMENTS.md, "Mini-batches of one word"). For
//! AdaGrad, it gives one, because the kernel updates four records at once if they are of different rows. The negative pairs
//! that are drawn together are arranged in the same way, as one stretch.

use crate::error::Result;
use crate::memory::fallible;
use crate::training::kernel::{RECORDS_AT_ONCE, Record};
use crate::training::row_layout::RowLayout;
use crate::training::shuffle::shuffle;
use bytemuck::Zeroable;
use rand::Rng;
use std::ops::Range;

/// Records that are near each other use rows of at most about this many bytes on their `i` side.
const NEAR_BYTES: usize = 24 << 10;
/// The value of `NEAR_BYTES` for row-wise AdaGrad.
const NEAR_BYTES_ROWWISE: usize = 48 << 10;
/// Number of records in a stretch, for each word of the tile's block of rows.
const PER_ROW: usize = 4;
/// The value of `PER_ROW` for row-wise AdaGrad. It is larger because the records of a row in a stretch are
/// trained in mini-batches of four: in a longer stretch, a smaller part of them is left over.
const PER_ROW_ROWWISE: usize = 8;

/// How to order the records of the tiles of one block of rows.
pub(super) struct RecordOrder {
    rows: usize,
    // Number of consecutive rows that take turns.
    near: usize,
    // Largest mean number of records in a stretch.
    stretch: usize,
    in_fours: bool,
}

/// Buffers of [`RecordOrder::arrange`].
#[derive(Default)]
pub(super) struct Scratch {
    records: Vec<Record>,
    rest: Vec<Record>,
    ends: Vec<usize>,
    rows: Vec<ShuffledRow>,
}

/// The records of a row, in random order, within the records of a tile.
#[derive(Clone, Copy)]
struct ShuffledRow {
    start: usize,
    length: usize,
    // A random number below 2³².
    random: u64,
}

impl ShuffledRow {
    /// The positions of the records that go to stretch `stretch` of `stretches`. All stretches get the same number of
    /// records of the row, or one more. Because the records are in random order, each record is equally likely in each
    /// stretch.
    fn part(&self, stretch: usize, stretches: usize) -> Range<usize> {
        // The bound is ⌊stretch · length/stretches + random/2³²⌋.
        let bound = |stretch: usize| match stretch {
            stretch if stretch == stretches => self.length,
            stretch => {
                let step = ((self.length as u64) << 32) / stretches as u64;
                ((stretch as u64 * step + self.random) >> 32) as usize
            }
        };
        self.start + bound(stretch)..self.start + bound(stretch + 1)
    }
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

    /// Arrange the records of a tile, which has fewer than 2³¹ records.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn arrange(
        &self,
        records: &mut [Record],
        rng: &mut impl Rng,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let Scratch {
            records: copy,
            rest,
            ends,
            rows,
        } = scratch;
        fallible::resize(copy, records.len(), Record::zeroed())?;
        if !records.is_sorted_by_key(|record| record.i) {
            self.sort(records, copy, ends);
        }
        rows.clear();
        fallible::reserve(rows, self.rows)?;
        let mut start = 0;
        for row in records.chunk_by_mut(|a, b| a.i == b.i) {
            shuffle(row, rng);
            rows.push(ShuffledRow {
                start,
                length: row.len(),
                random: rng.next_u64() >> 32,
            });
            start += row.len();
        }
        // Each stretch begins at a multiple of four. Its last records, at most three, go to the end of the tile.
        let (mut filled, mut last) = (0, records.len());
        let stretches = records.len().div_ceil(self.stretch);
        for stretch in 0..stretches {
            let parts = rows
                .iter()
                .map(|row| &records[row.part(stretch, stretches)]);
            let number = self.take_turns(parts, &mut copy[filled..last], rest);
            let more = number % RECORDS_AT_ONCE;
            let end = filled + number;
            filled = end - more;
            last -= more;
            copy.copy_within(filled..end, last);
        }
        records.copy_from_slice(copy);
        Ok(())
    }

    /// Write the records of all rows to the start of `records`, in turns of the rows, and return their number. `rest` is
    /// scratch space.
    ///
    /// The rows of each group of `near` rows take turns until no record of the group is left. In a turn, a row gives one
    /// record or, for row-wise AdaGrad, four. For row-wise AdaGrad, the last one to three records of a row may not fill a
    /// turn. They come after all others, again in turns of the rows.
    pub fn take_turns<'a>(
        &self,
        rows: impl Iterator<Item = &'a [Record]>,
        records: &mut [Record],
        rest: &mut Vec<Record>,
    ) -> usize {
        let rows = rows.filter(|row| !row.is_empty());
        if self.in_fours {
            take_turns::<RECORDS_AT_ONCE>(rows, self.near, records, rest)
        } else {
            take_turns::<1>(rows, self.near, records, rest)
        }
    }

    /// Sort the records by rows. `copy`, which is as long as `records`, and `ends` are scratch space.
    fn sort(&self, records: &mut [Record], copy: &mut [Record], ends: &mut Vec<usize>) {
        copy.copy_from_slice(records);
        ends.clear();
        ends.resize(self.rows, 0);
        for record in &*copy {
            ends[usize::from(record.i)] += 1;
        }
        let mut total = 0;
        for end in &mut *ends {
            total += std::mem::replace(end, total);
        }
        for record in copy {
            let free = &mut ends[usize::from(record.i)];
            records[*free] = *record;
            *free += 1;
        }
    }
}

/// [`RecordOrder::take_turns`] with `UNIT` records in a turn.
fn take_turns<'a, const UNIT: usize>(
    mut all: impl Iterator<Item = &'a [Record]>,
    near: usize,
    records: &mut [Record],
    rest: &mut Vec<Record>,
) -> usize {
    rest.clear();
    let mut rows: Vec<&[Record]> = Vec::new();
    let mut short: Vec<&[Record]> = Vec::new();
    let mut filled = 0;
    loop {
        rows.extend(all.by_ref().take(near));
        if rows.is_empty() {
            break;
        }
        short.clear();
        while !rows.is_empty() {
            rows.retain_mut(|row| {
                let Some((unit, more)) = row.split_first_chunk::<UNIT>() else {
                    short.push(row);
                    return false;
                };
                records[filled..filled + UNIT].copy_from_slice(unit);
                filled += UNIT;
                *row = more;
                true
            });
        }
        for turn in 0..UNIT - 1 {
            rest.extend(short.iter().filter_map(|row| row.get(turn)));
        }
    }
    records[filled..filled + rest.len()].copy_from_slice(rest);
    filled + rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Optimizer;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;
    use std::collections::HashSet;

    const ROWS: usize = 100;

    /// Different records in a mixed order. Rows with small numbers have more of them.
    fn mixed(length: u32) -> Vec<Record> {
        (0..length)
            .map(|k| {
                let part = k.wrapping_mul(2_654_435_761) >> 20;
                Record {
                    i: ((u64::from(part.pow(2)) * ROWS as u64) >> 24) as u16,
                    j: k as u16,
                    ln_x: k as f32,
                }
            })
            .collect()
    }

    fn order(optimizer: Optimizer) -> RecordOrder {
        RecordOrder::new(ROWS, RowLayout::new(300, optimizer))
    }

    fn arranged(order: &RecordOrder, records: &[Record], seed: u64) -> Vec<Record> {
        let mut arranged = records.to_vec();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        order
            .arrange(&mut arranged, &mut rng, &mut Scratch::default())
            .unwrap();
        arranged
    }

    fn by_column(mut records: Vec<Record>) -> Vec<Record> {
        records.sort_by_key(|record| record.j);
        records
    }

    #[test]
    fn a_stretch_has_the_records_of_rows_near_each_other_together() {
        let order = order(Optimizer::AdaGrad);
        assert!(order.near > 1 && order.near < ROWS);
        // One stretch: the groups of rows come one after the other.
        let stretch = arranged(&order, &mixed(order.stretch as u32), 1);
        let group = |record: &Record| usize::from(record.i) / order.near;
        assert!(stretch.is_sorted_by_key(group));
        // Ten stretches: each time that a record of the first rows follows one of the last, a new stretch begins. The last
        // records of the stretches, at most three of each, are at the end.
        let all = arranged(&order, &mixed(10 * order.stretch as u32), 1);
        let all = &all[..all.len() - 30];
        let falls = |pair: &&[Record]| usize::from(pair[0].i) > usize::from(pair[1].i) + ROWS / 2;
        let begins = all.windows(2).filter(falls).count();
        assert_eq!(begins, 9);
    }

    #[test]
    fn most_fours_of_adagrad_have_four_rows_and_four_columns() {
        let order = order(Optimizer::AdaGrad);
        let all = arranged(&order, &mixed(8_000), 2);
        let apart = |four: &&[Record]| {
            let rows: HashSet<u16> = four.iter().map(|record| record.i).collect();
            let columns: HashSet<u16> = four.iter().map(|record| record.j).collect();
            rows.len() == RECORDS_AT_ONCE && columns.len() == RECORDS_AT_ONCE
        };
        let fours = all.chunks_exact(RECORDS_AT_ONCE).filter(apart).count();
        assert!(RECORDS_AT_ONCE * fours > all.len() * 4 / 5, "{fours}");
    }

    #[test]
    fn most_records_of_row_wise_adagrad_are_in_fours_of_one_row() {
        let all = arranged(&order(Optimizer::RowwiseAdaGrad), &mixed(8_000), 3);
        let of_one_row = |four: &&[Record]| four.iter().all(|record| record.i == four[0].i);
        let fours = all.chunks_exact(RECORDS_AT_ONCE).filter(of_one_row).count();
        assert!(RECORDS_AT_ONCE * fours > all.len() * 3 / 5, "{fours}");
    }

    #[test]
    fn a_record_is_equally_likely_in_each_quarter_of_the_tile() {
        for optimizer in [Optimizer::AdaGrad, Optimizer::RowwiseAdaGrad] {
            let order = order(optimizer);
            let records = mixed(4 * order.stretch as u32);
            let rounds = 2_000;
            for at in [0, 7, 50] {
                let mut times = [0_u32; 4];
                for seed in 0..rounds {
                    let all = arranged(&order, &records, seed);
                    let place = all.iter().position(|record| *record == records[at]);
                    times[4 * place.unwrap() / all.len()] += 1;
                }
                let expected = rounds as f64 / 4.0;
                for times in times {
                    assert!(
                        (f64::from(times) - expected).abs() < 6.0 * expected.sqrt(),
                        "{times}"
                    );
                }
            }
        }
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
        fn the_parts_of_a_row_are_disjoint_and_of_about_one_size(
            length in 0_usize..300,
            stretches in 1_usize..40,
            random in any::<u32>(),
        ) {
            let row = ShuffledRow { start: 7, length, random: u64::from(random) };
            let parts: Vec<_> = (0..stretches).map(|k| row.part(k, stretches)).collect();
            prop_assert_eq!((parts[0].start, parts[stretches - 1].end), (7, 7 + length));
            for (part, next) in parts.iter().zip(&parts[1..]) {
                prop_assert_eq!(part.end, next.start);
            }
            let sizes = [length / stretches, length.div_ceil(stretches)];
            prop_assert!(parts.iter().all(|part| sizes.contains(&part.len())));
        }

        #[test]
        fn no_record_is_lost_whatever_the_order_of_the_records(
            length in 0u32..3_000,
            optimizer in prop_oneof![Just(Optimizer::AdaGrad), Just(Optimizer::RowwiseAdaGrad)],
            sorted in any::<bool>(),
            seed in any::<u64>(),
        ) {
            let mut records = mixed(length);
            if sorted {
                records.sort_by_key(|record| record.i);
            }
            let all = arranged(&order(optimizer), &records, seed);
            prop_assert_eq!(by_column(all), by_column(records));
        }
    }
}
