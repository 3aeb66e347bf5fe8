//! Counting for a distributed fit: a shard of the text at a time, for every group of words apart.
//!
//! Counts are kept in new ids (see [`Partition`]), in which a group of words is a range. All shards
//! pack the same rows together, so that their counts are added block by block.

use super::accumulator::RowAccumulator;
use super::count::{CountingOptions, Occurrences, RowCounter, tasks};
use super::matrix::{Held, RowBlock, Store, Sums, Triangle, TriangleRow};
use super::merge::BlockSum;
use super::spill::{Encoder, decode_into};
use crate::encoding::Segment;
use crate::error::Result;
use crate::memory::TASK_OCCURRENCES;
use crate::monitor::{Monitor, Stage};
use crate::partition::Partition;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::ops::Range;

/// Blocks of rows in a share, at most: of a large text, the rows of one shard are short.
const MOST_BLOCKS: u64 = 1 << 12;

/// The counts of all pairs that touch a group of words, at either end.
#[derive(Debug)]
pub struct Share {
    /// How words are dealt into groups.
    pub partition: Partition,
    /// The group.
    pub group: usize,
    /// A triangle over all words, in new ids. Rows before the group's first word are absent, those
    /// behind its last one hold columns of the group only.
    pub counts: Triangle,
}

impl Share {
    /// What counts by rank hold of it.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn of(counts: &Triangle, partition: Partition, group: usize) -> Result<Self> {
        let own = partition.group(group);
        let new_ids = partition.new_ids();
        let counts = Triangle::assemble(counts.words, |pair| {
            counts.for_each_row(0..counts.words as WordId, |row| {
                let i = new_ids[row.row as usize];
                for (entry, &column) in row.columns.iter().enumerate() {
                    let j = new_ids[column as usize];
                    if own.contains(&i) || own.contains(&j) {
                        let forward = row.forward[entry];
                        pair(i, j, forward, row.backward.map_or(forward, |b| b[entry]));
                    }
                }
                Ok(())
            })
        })?;
        Ok(Self {
            partition,
            group,
            counts,
        })
    }
}

/// Count a shard of text in new ids of `partition`, on one thread: the share of each group. `counts`
/// tells how often each word, by rank, occurs in the whole text. A pure function of its arguments.
///
/// # Errors
/// [`crate::Error::Parameter`] for a window of 0; [`crate::Error::Cancelled`].
pub fn count_shares(
    ids: Vec<WordId>,
    partition: Partition,
    counts: &[u64],
    options: &CountingOptions,
    monitor: &Monitor,
) -> Result<Vec<Share>> {
    options.check()?;
    let counts: Vec<u64> = (0..partition.words() as WordId)
        .map(|id| counts[partition.rank(id) as usize])
        .collect();
    let size = TASK_OCCURRENCES.max(counts.iter().sum::<u64>() / MOST_BLOCKS);
    let blocks = tasks(counts.into_iter(), size);
    let segment = Segment { ids, fresh: 0 };
    let packed = if options.symmetric {
        count_blocks::<f64>(&segment, blocks, partition, options, monitor)?
    } else {
        count_blocks::<[f64; 2]>(&segment, blocks, partition, options, monitor)?
    };
    let share = |(group, packed): (usize, Packing)| Share {
        partition,
        group,
        counts: packed.finish(partition.words(), options.symmetric),
    };
    Ok(packed.into_iter().enumerate().map(share).collect())
}

fn count_blocks<S: BlockSum>(
    segment: &Segment,
    blocks: Vec<Range<usize>>,
    partition: Partition,
    options: &CountingOptions,
    monitor: &Monitor,
) -> Result<Vec<Packing>> {
    monitor.begin(Stage::Counting, segment.ids.len() as u64);
    let occurrences = Occurrences::index(&segment.ids, partition.words(), monitor)?;
    let counter = RowCounter::new(segment, &occurrences, options);
    let mut accumulator = RowAccumulator::<S>::new();
    let mut block = RowBlock::default();
    let mut encoder = Encoder::default();
    let mut shares: Vec<Packing> = Vec::new();
    shares.resize_with(partition.groups(), Packing::default);
    for rows in blocks {
        block.refill(rows.start as WordId, !options.symmetric);
        for row in rows {
            counter.sum(row as WordId, &mut accumulator, monitor)?;
            accumulator.drain(|column, sum| sum.push(column, &mut block));
            block.end_row();
        }
        for (group, share) in shares.iter_mut().enumerate() {
            let group = partition.group(group);
            if block.rows().end > group.start {
                share.push(&touching(&block, group), &block, &mut encoder);
            }
        }
    }
    Ok(shares)
}

/// What touches a group of words.
fn touching(block: &RowBlock, group: Range<WordId>) -> Vec<TriangleRow<'_>> {
    let rows = block.rows().map(|number| {
        let row = block.row(number);
        if group.contains(&number) {
            row
        } else {
            row.within(group.clone())
        }
    });
    rows.collect()
}

/// The share of the whole text: the sum, in the order given, of a group's shares of the parts of it,
/// on all threads of the current rayon pool. A pure function of its arguments.
///
/// # Errors
/// [`crate::Error::Cancelled`].
///
/// # Panics
/// If there is no part, or parts are of different texts or groups.
pub fn merge_shares(parts: &[&Share], monitor: &Monitor) -> Result<Share> {
    let first = parts[0];
    let same = |part: &&Share| {
        let blocks = part.counts.blocks() == first.counts.blocks();
        blocks && (part.partition, part.group) == (first.partition, first.group)
    };
    assert!(parts.iter().all(same), "shares of one group of one text");
    let blocks = first.counts.blocks();
    monitor.begin(Stage::Merging, blocks as u64);
    // A run of blocks at a time: packed together, they need no other place.
    let runs = match rayon::current_num_threads() {
        1 => 1,
        threads => 8 * threads,
    };
    let merged: Result<Vec<Packing>> = (0..runs)
        .into_par_iter()
        .map(|run| {
            merge_blocks(
                parts,
                blocks * run / runs..blocks * (run + 1) / runs,
                monitor,
            )
        })
        .collect();
    let merged = merged?.into_iter().reduce(Packing::followed_by);
    let (words, symmetric) = (first.partition.words(), first.counts.symmetric);
    Ok(Share {
        partition: first.partition,
        group: first.group,
        counts: merged.unwrap_or_default().finish(words, symmetric),
    })
}

fn merge_blocks(parts: &[&Share], blocks: Range<usize>, monitor: &Monitor) -> Result<Packing> {
    let mut packing = Packing::default();
    let mut encoder = Encoder::default();
    let [mut sum, mut next, mut part_block] = [(); 3].map(|()| RowBlock::default());
    for k in blocks {
        for (number, part) in parts.iter().enumerate() {
            let bytes = part.counts.packed_block(k)?;
            decode_into(&bytes, &mut part_block).expect("encoded here");
            if number == 0 {
                std::mem::swap(&mut sum, &mut part_block);
            } else {
                next.set_sum(&sum, &part_block);
                std::mem::swap(&mut sum, &mut next);
            }
        }
        let rows: Vec<_> = sum.rows().map(|row| sum.row(row)).collect();
        packing.push(&rows, &sum, &mut encoder);
        monitor.advance(1)?;
    }
    Ok(packing)
}

/// Rows that are packed one after the other.
#[derive(Default)]
struct Packing {
    held: Vec<Held>,
    // Those not yet held: rows, entries, and where their bytes end.
    blocks: Vec<(Range<WordId>, usize, usize)>,
    bytes: Vec<u8>,
    sums: Sums,
}

impl Packing {
    /// Append rows of `block`.
    fn push(&mut self, rows: &[TriangleRow<'_>], block: &RowBlock, encoder: &mut Encoder) {
        let first = block.rows().start;
        let bytes = encoder.encode(first, rows, block.has_both_directions());
        self.bytes.extend_from_slice(bytes);
        let entries = rows.iter().map(|row| row.columns.len()).sum();
        self.blocks.push((block.rows(), entries, self.bytes.len()));
        self.sums = rows.iter().fold(self.sums, Sums::plus_row);
    }

    fn close(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.shrink_to_fit();
        self.held
            .extend(Held::packed_in(bytes, self.blocks.drain(..)));
    }

    fn followed_by(mut self, mut other: Self) -> Self {
        self.close();
        other.close();
        self.held.append(&mut other.held);
        self.sums = self.sums.with(other.sums);
        self
    }

    fn finish(mut self, words: usize, symmetric: bool) -> Triangle {
        self.close();
        Triangle::new(words, symmetric, Store::Memory(self.held), self.sums)
    }
}

/// A [`Share`] as bytes, to be moved.
#[derive(Debug)]
pub struct PackedShare {
    /// Words, groups, this group.
    pub place: [usize; 3],
    /// Whether the matrix is its own transpose.
    pub symmetric: bool,
    /// Number and sum of records.
    pub sums: (u64, f64),
    /// Of each block its first row, the number of its rows, of its entries and of its bytes.
    pub blocks: Vec<[u64; 4]>,
    /// The bytes of all blocks.
    pub bytes: Vec<u8>,
}

impl Share {
    /// As bytes.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn pack(&self) -> Result<PackedShare> {
        let counts = &self.counts;
        let mut blocks = Vec::with_capacity(counts.blocks());
        let mut bytes = Vec::with_capacity(counts.memory_bytes() as usize);
        for k in 0..counts.blocks() {
            let packed = counts.packed_block(k)?;
            let rows = counts.block_rows(k);
            let numbers = [rows.start as usize, rows.len(), packed.len()].map(|n| n as u64);
            blocks.push([numbers[0], numbers[1], counts.block_entries(k), numbers[2]]);
            bytes.extend_from_slice(&packed);
        }
        Ok(PackedShare {
            place: [self.partition.words(), self.partition.groups(), self.group],
            symmetric: counts.symmetric,
            sums: (counts.nnz(), counts.total()),
            blocks,
            bytes,
        })
    }
}

impl From<PackedShare> for Share {
    fn from(packed: PackedShare) -> Self {
        let [words, groups, group] = packed.place;
        let (nnz, total) = packed.sums;
        let mut end = 0;
        let blocks = packed.blocks.iter().map(|&[first, rows, entries, length]| {
            end += length as usize;
            (
                first as WordId..(first + rows) as WordId,
                entries as usize,
                end,
            )
        });
        let packing = Packing {
            blocks: blocks.collect(),
            held: Vec::new(),
            bytes: packed.bytes,
            sums: Sums { nnz, total },
        };
        Self {
            partition: Partition::new(words, groups),
            group,
            counts: packing.finish(words, packed.symmetric),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cooccurrence::count;
    use crate::encoding::{DOCUMENT_END, EncodedCorpus, GAP};
    use crate::memory::MemoryLimit;
    use crate::threads;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const WORDS: usize = 30;

    /// All records by rank, exact to what sums in another order may differ by.
    fn records(shares: &[Share]) -> BTreeMap<(WordId, WordId), i64> {
        let mut records = BTreeMap::new();
        for Share {
            partition,
            group,
            counts,
        } in shares
        {
            let own = partition.group(*group);
            let add = |i: WordId, j: WordId, x: f64| {
                assert!(own.contains(&i) || own.contains(&j));
                let pair = (partition.rank(i), partition.rank(j));
                let x = (x * 1e9).round() as i64;
                assert_eq!(*records.entry(pair).or_insert(x), x);
            };
            counts.for_each_record(add).unwrap();
        }
        records
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn shares_of_shards_add_up_to_the_counts_of_the_text(
            shards in proptest::collection::vec(proptest::collection::vec(
                prop_oneof![20 => 0..WORDS as WordId, 1 => Just(DOCUMENT_END), 1 => Just(GAP)], 0..200),
                1..5),
            groups in 1usize..6, window in 1usize..20, symmetric: bool, threads in 1usize..3,
        ) {
            let options = CountingOptions { window, symmetric, distance_weighting: true };
            let monitor = Monitor::new();
            let mut text = Vec::new();
            let mut occurrences = vec![0; WORDS];
            for &id in shards.iter().flat_map(|shard| shard.iter().chain([&DOCUMENT_END])) {
                text.push(id);
                if id < GAP {
                    occurrences[id as usize] += 1;
                }
            }
            let partition = Partition::new(WORDS, groups);
            let mut by_group: Vec<Vec<Share>> = Vec::new();
            by_group.resize_with(groups, Vec::new);
            for shard in shards {
                let new_ids = shard.into_iter().map(|id| match id {
                    DOCUMENT_END | GAP => id,
                    rank => partition.new_id(rank),
                });
                let shares = count_shares(
                    new_ids.collect(), partition, &occurrences, &options, &monitor).unwrap();
                for (group, share) in shares.into_iter().enumerate() {
                    // As after a journey.
                    by_group[group].push(share.pack().unwrap().into());
                }
            }
            let merged: Vec<Share> = by_group.iter().map(|parts| {
                let parts: Vec<&Share> = parts.iter().collect();
                threads::in_pool(threads, || merge_shares(&parts, &monitor)).unwrap().unwrap()
            }).collect();
            let mut corpus = EncodedCorpus::from_ranks(text);
            let whole = threads::in_pool(1, || {
                count(&mut corpus, WORDS, &options, &MemoryLimit::default(), &monitor)
            }).unwrap().unwrap();
            let nnz = whole.nnz();
            let whole = Share { partition: Partition::new(WORDS, 1), group: 0, counts: whole };
            let expected = records(std::slice::from_ref(&whole));
            prop_assert_eq!(expected.len() as u64, nnz);
            prop_assert_eq!(records(&merged), expected.clone());
            let split = (0..groups).map(|group| Share::of(&whole.counts, partition, group).unwrap());
            prop_assert_eq!(records(&split.collect::<Vec<_>>()), expected.clone());
            // Unpacked for training, which gives rows back from the last to the first.
            let unpacked: Vec<Share> = merged.into_iter().map(|share| {
                let counts = share.pack().map(Share::from).unwrap().counts;
                Share { counts: counts.unpacked().unwrap_or(counts), ..share }
            }).collect();
            prop_assert_eq!(records(&unpacked), expected);
            for mut share in unpacked {
                let start = partition.start(share.group);
                share.counts.forget_from(start);
                share.counts.for_each_row(0..start, |row| {
                    assert!(row.columns.is_empty());
                    Ok(())
                }).unwrap();
            }
        }
    }
}
