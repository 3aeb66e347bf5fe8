//! The order of the records and of the negative pairs within a tile.
//!
//! Records are dealt into stretches at random, and the records of a stretch are arranged by rows. The rows of
//! the `i` side stay in or near the first-level cache, while the rows of the other side are loaded
//! one after the other. A stretch is short enough that each row is trained at about the same times
//! as in a random order (benches/EXPERIMENTS.md, "Records grouped by words within a tile").
//!
//! For row-wise AdaGrad, records are dealt in fours of one row, because the kernel updates four records of one row as
//! one mini-batch (benches/EXPERIMENTS.md, "Mini-batches of one word"). The negative pairs that are drawn together are
//! arranged in the same way, as one stretch.

use crate::training::kernel::{RECORDS_AT_ONCE, Record};
use crate::training::row_layout::RowLayout;
use crate::training::shuffle::shuffle;
use bytemuck::Zeroable;
use rand::Rng;

/// Records that are near each other use rows of at most about this many bytes on their `i` side.
const NEAR_BYTES: usize = 24 << 10;
/// The value of `NEAR_BYTES` for row-wise AdaGrad.
const NEAR_BYTES_ROWWISE: usize = 48 << 10;
/// Number of records in a stretch, for each word of the tile's block of rows.
const PER_ROW: usize = 4;
/// The value of `PER_ROW` for row-wise AdaGrad.
const PER_ROW_ROWWISE: usize = 8;

/// How to order the records of the tiles of one block of rows.
pub(super) struct RecordOrder {
    rows: usize,
    // Number of consecutive rows that take turns.
    near: usize,
    // Number of records in a stretch, on average at most.
    stretch: usize,
    in_fours: bool,
}

/// Buffers of [`RecordOrder::arrange`].
#[derive(Default)]
pub(super) struct Scratch {
    records: Vec<Record>,
    rest: Vec<Record>,
    ends: Vec<usize>,
    stretches: Vec<u32>,
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

    /// Arrange the records of a tile.
    pub fn arrange(&self, records: &mut [Record], rng: &mut impl Rng, scratch: &mut Scratch) {
        let Scratch {
            records: copy,
            rest,
            ends,
            stretches,
        } = scratch;
        if !records.is_sorted_by_key(|record| record.i) {
            self.sort(records, copy, ends);
        }
        ends.clear();
        let mut end = 0;
        for row in records.chunk_by_mut(|a, b| a.i == b.i) {
            shuffle(row, rng);
            end += row.len();
            ends.push(end);
        }
        copy.resize(records.len(), Record::zeroed());
        self.take_turns(records, ends, copy, rest);
        let number = records.len().div_ceil(self.stretch);
        deal(copy, records, number, rng, stretches);
    }

    /// Write the records of `sorted` to `records`, in turns of the rows. `ends` has the end of the records of each row
    /// in `sorted`; rows without records may be left out. `rest` is scratch space.
    ///
    /// The rows of each group of `near` rows take turns until no record of the group is left. In a turn, a row gives one
    /// record or, for row-wise AdaGrad, four. Then the last records of a row, at most three, do not fill a four: they are at
    /// the end of `records`, again in turns of the rows.
    pub fn take_turns(
        &self,
        sorted: &[Record],
        ends: &[usize],
        records: &mut [Record],
        rest: &mut Vec<Record>,
    ) {
        if self.in_fours {
            take_turns::<RECORDS_AT_ONCE>(sorted, ends, self.near, records, rest);
        } else {
            take_turns::<1>(sorted, ends, self.near, records, rest);
        }
    }

    /// Sort the records by rows. `copy` and `ends` are scratch space.
    fn sort(&self, records: &mut [Record], copy: &mut Vec<Record>, ends: &mut Vec<usize>) {
        copy.clear();
        copy.extend_from_slice(records);
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
fn take_turns<const UNIT: usize>(
    sorted: &[Record],
    ends: &[usize],
    near: usize,
    records: &mut [Record],
    rest: &mut Vec<Record>,
) {
    rest.clear();
    let mut rows: Vec<&[Record]> = Vec::new();
    let mut short: Vec<&[Record]> = Vec::new();
    let (mut filled, mut start) = (0, 0);
    for ends in ends.chunks(near) {
        rows.clear();
        for &end in ends {
            rows.push(&sorted[start..end]);
            start = end;
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
    records[filled..].copy_from_slice(rest);
}

/// Copy the records of `from` to `to`, four at a time, each four to one of `stretches` stretches at random. A stretch
/// keeps the order of its fours. The last records, at most three, stay at the end. `numbers` is scratch space.
fn deal(
    from: &[Record],
    to: &mut [Record],
    stretches: usize,
    rng: &mut impl Rng,
    numbers: &mut Vec<u32>,
) {
    let (from, from_last) = from.as_chunks::<RECORDS_AT_ONCE>();
    let (to, to_last) = to.as_chunks_mut();
    to_last.copy_from_slice(from_last);
    let mut next = vec![0; stretches];
    numbers.clear();
    numbers.extend(from.iter().map(|_| {
        let number = ((rng.next_u64() >> 32) * stretches as u64) >> 32;
        next[number as usize] += 1;
        number as u32
    }));
    let mut total = 0;
    for next in &mut next {
        total += std::mem::replace(next, total);
    }
    for (four, &number) in from.iter().zip(&*numbers) {
        let free = &mut next[number as usize];
        to[*free] = *four;
        *free += 1;
    }
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
        order.arrange(&mut arranged, &mut rng, &mut Scratch::default());
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
        // Ten stretches: each time that the group of the fours becomes smaller, a new stretch begins.
        let all = arranged(&order, &mixed(10 * order.stretch as u32), 1);
        let fours: Vec<usize> = all.chunks_exact(4).map(|four| group(&four[0])).collect();
        let begins = fours.windows(2).filter(|pair| pair[0] > pair[1]).count();
        assert_eq!(begins, 9);
    }

    #[test]
    fn records_that_are_updated_at_once_are_of_different_rows() {
        let order = order(Optimizer::AdaGrad);
        let all = arranged(&order, &mixed(8_000), 2);
        let apart = |four: &&[Record]| {
            let rows: HashSet<u16> = four.iter().map(|record| record.i).collect();
            rows.len() == RECORDS_AT_ONCE
        };
        let fours = all.chunks_exact(RECORDS_AT_ONCE).filter(apart).count();
        assert!(RECORDS_AT_ONCE * fours > all.len() * 4 / 5, "{fours}");
    }

    #[test]
    fn most_records_of_row_wise_adagrad_are_in_fours_of_one_row() {
        let all = arranged(&order(Optimizer::RowwiseAdaGrad), &mixed(8_000), 3);
        let of_one_row = |four: &&[Record]| four.iter().all(|record| record.i == four[0].i);
        let fours = all.chunks_exact(RECORDS_AT_ONCE).filter(of_one_row).count();
        assert!(RECORDS_AT_ONCE * fours > all.len() * 19 / 20, "{fours}");
    }

    #[test]
    fn a_record_is_equally_likely_at_each_stretch() {
        for optimizer in [Optimizer::AdaGrad, Optimizer::RowwiseAdaGrad] {
            let order = order(optimizer);
            let records = mixed(4 * order.stretch as u32);
            // How often a record is in each quarter of the tile.
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
