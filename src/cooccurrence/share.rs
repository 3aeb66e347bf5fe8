//! Counting for a distributed fit: some rows of some of the text at a time, for every group of words
//! apart.
//!
//! Counts are kept in new ids (see [`Partition`]), in which a group of words is a range. The same rows
//! are packed together whatever text they are of, so that counts are added block by block.

use super::accumulator::RowAccumulator;
use super::count::{CountingOptions, Occurrences, RowCounter, sum_row, tasks};
use super::matrix::{Bytes, Held, PackedBlock, RowBlock, Sums, Triangle, TriangleRow};
use super::merge::BlockSum;
use super::spill::Encoder;
use crate::error::{Error, Result};
use crate::memory::TASK_OCCURRENCES;
use crate::monitor::{Monitor, Stage};
use crate::partition::Partition;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::mem::{swap, take};
use std::ops::Range;
use std::sync::Arc;

/// Blocks of rows in a share, at most: of a large text, the rows of one shard are short.
const MOST_BLOCKS: u64 = 1 << 12;
/// What it costs to look at an occurrence of a word, where to keep one more pair costs 1. Measured on
/// enwiki-17m.
const LOOKED_UP: f64 = 4.0;

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
        let mut counts = Triangle::assemble(counts.words, |pair| {
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
        counts.pack_from(0)?;
        Ok(Self {
            partition,
            group,
            counts,
        })
    }

    fn held(&self) -> &[Held] {
        self.counts.held().expect("a share lies in memory")
    }
}

/// Where packed rows are to lie, once they are packed.
pub type Keep<'a> = dyn Fn(Vec<u8>) -> Arc<dyn Bytes> + Sync + 'a;

/// Blocks of rows, in new ids, that are packed together: those of part `part` of `parts`, which take
/// about as long to count as those of any other. `counts` tells how often each word, by rank, occurs in
/// the whole text. A pure function of its arguments.
///
/// # Panics
/// Unless `part < parts`.
pub fn row_blocks(
    partition: Partition,
    counts: &[u64],
    options: &CountingOptions,
    part: usize,
    parts: usize,
) -> Vec<Range<usize>> {
    assert!(part < parts, "part {part} of {parts}");
    let counts: Vec<u64> = (0..partition.words() as WordId)
        .map(|id| counts[partition.rank(id) as usize])
        .collect();
    let text: u64 = counts.iter().sum();
    let blocks = tasks(
        counts.iter().copied(),
        (text / MOST_BLOCKS).max(TASK_OCCURRENCES),
    );
    let (mut before, mut work) = (0, 0.0);
    let ends: Vec<f64> = blocks
        .iter()
        .map(|rows| {
            for row in rows.clone() {
                before += counts[row];
                let seen = counts[row] * 2 * options.window as u64;
                let neighbours = seen as f64 * (before as f64 / text.max(1) as f64);
                work += LOOKED_UP * counts[row] as f64 + different(neighbours, row as f64 + 1.0);
            }
            work
        })
        .collect();
    let first = |part: usize| {
        let share = work * part as f64 / parts as f64;
        ends.partition_point(|&end| end <= share)
    };
    let last = if part + 1 == parts {
        blocks.len()
    } else {
        first(part + 1)
    };
    blocks[first(part)..last].to_vec()
}

/// About how many different words so many neighbours are, of `words` in all.
fn different(neighbours: f64, words: f64) -> f64 {
    neighbours * words / (neighbours.sqrt() + words.sqrt()).powi(2)
}

/// Count some blocks of rows of texts in new ids of `partition`, on one thread: of each group the share
/// that these rows are. The same bits however the rows are dealt. A pure function of its arguments.
///
/// # Errors
/// [`crate::Error::Parameter`] for a window of 0 or a text too long; [`crate::Error::Cancelled`].
pub fn count_shares(
    texts: &[&[WordId]],
    blocks: &[Range<usize>],
    partition: Partition,
    options: &CountingOptions,
    keep: &Keep<'_>,
    monitor: &Monitor,
) -> Result<Vec<Share>> {
    options.check()?;
    if texts.iter().any(|ids| ids.len() >= u32::MAX as usize) {
        return Err(Error::parameter(
            "blocksize",
            "must leave less than 2^32 words in a block of text",
        ));
    }
    let packed = if options.symmetric {
        count_blocks::<f64>(texts, blocks, partition, options, monitor)?
    } else {
        count_blocks::<[f64; 2]>(texts, blocks, partition, options, monitor)?
    };
    let share = |(group, packed): (usize, Packing)| Share {
        partition,
        group,
        counts: Triangle::holding(partition.words(), options.symmetric, packed.finish(keep)),
    };
    Ok(packed.into_iter().enumerate().map(share).collect())
}

fn count_blocks<S: BlockSum>(
    texts: &[&[WordId]],
    blocks: &[Range<usize>],
    partition: Partition,
    options: &CountingOptions,
    monitor: &Monitor,
) -> Result<Vec<Packing>> {
    let rows = match blocks {
        [] => 0..0,
        [first, .., last] => first.start..last.end,
        [only] => only.clone(),
    };
    monitor.begin(
        Stage::Counting,
        texts.iter().map(|ids| ids.len() as u64).sum(),
    );
    let occurrences: Result<Vec<Occurrences>> = texts
        .iter()
        .map(|ids| Occurrences::index(ids, rows.clone(), monitor))
        .collect();
    let occurrences = occurrences?;
    let counters: Vec<RowCounter<'_>> = texts
        .iter()
        .zip(&occurrences)
        .map(|(ids, occurrences)| RowCounter::new(ids, 0, occurrences, options))
        .collect();
    let mut accumulator = RowAccumulator::<S>::new();
    let mut block = RowBlock::default();
    let mut encoder = Encoder::default();
    let mut shares: Vec<Packing> = Vec::new();
    shares.resize_with(partition.groups(), Packing::default);
    for rows in blocks {
        block.refill(rows.start as WordId, !options.symmetric);
        for row in rows.clone() {
            sum_row(row as WordId, &counters, &mut accumulator, monitor)?;
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

/// The sum, in the order given, of shares of one group: of parts of the text, of some rows or of all; on
/// all threads of the current rayon pool. Rows that one part alone has are not copied. A pure function of
/// its arguments.
///
/// # Errors
/// [`crate::Error::Cancelled`].
///
/// # Panics
/// If there is no part, or parts are of different texts or groups.
pub fn merge_shares(parts: &[&Share], keep: &Keep<'_>, monitor: &Monitor) -> Result<Share> {
    let first = parts[0];
    let same = |part: &&Share| (part.partition, part.group) == (first.partition, first.group);
    assert!(parts.iter().all(same), "shares of one group of one text");
    // Blocks of the same rows, in the order of the parts.
    let mut blocks: Vec<&Held> = parts.iter().flat_map(|part| part.held()).collect();
    blocks.sort_by_key(|block| block.rows().start);
    let blocks: Vec<_> = blocks.chunk_by(|a, b| a.rows() == b.rows()).collect();
    monitor.begin(Stage::Merging, blocks.len() as u64);
    // A run of blocks at a time: packed together, they need no other place.
    let runs = match rayon::current_num_threads() {
        1 => 1,
        threads => 8 * threads,
    };
    let merged: Result<Vec<Vec<Held>>> = blocks
        .par_chunks(blocks.len().div_ceil(runs).max(1))
        .map(|run| {
            let mut packing = Packing::default();
            let mut adding = Adding::default();
            for same_rows in run {
                if let [only] = same_rows {
                    packing.push_held((*only).clone(), keep);
                } else {
                    adding.push_sum(same_rows, &mut packing);
                }
                monitor.advance(1)?;
            }
            Ok(packing.finish(keep))
        })
        .collect();
    let (words, symmetric) = (first.partition.words(), first.counts.symmetric);
    Ok(Share {
        partition: first.partition,
        group: first.group,
        counts: Triangle::holding(words, symmetric, merged?.into_iter().flatten().collect()),
    })
}

/// Adds blocks, in memory that is used again.
#[derive(Default)]
struct Adding {
    encoder: Encoder,
    sum: RowBlock,
    next: RowBlock,
    part: RowBlock,
}

impl Adding {
    /// Append the sum of blocks of the same rows.
    fn push_sum(&mut self, parts: &[&Held], packing: &mut Packing) {
        for (number, part) in parts.iter().enumerate() {
            part.copy_to(&mut self.part);
            if number == 0 {
                swap(&mut self.sum, &mut self.part);
            } else {
                self.next.set_sum(&self.sum, &self.part);
                swap(&mut self.sum, &mut self.next);
            }
        }
        let rows: Vec<_> = self.sum.rows().map(|row| self.sum.row(row)).collect();
        packing.push(&rows, &self.sum, &mut self.encoder);
    }
}

/// Blocks that are packed one after the other.
#[derive(Default)]
struct Packing {
    held: Vec<Held>,
    // Those not yet held, and their bytes.
    blocks: Vec<PackedBlock>,
    bytes: Vec<u8>,
}

impl Packing {
    /// Append rows of `block`.
    fn push(&mut self, rows: &[TriangleRow<'_>], block: &RowBlock, encoder: &mut Encoder) {
        let first = block.rows().start;
        let bytes = encoder.encode(first, rows, block.has_both_directions());
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.blocks.push(PackedBlock {
            rows: block.rows(),
            entries: rows.iter().map(|row| row.columns.len()).sum(),
            sums: rows.iter().fold(Sums::default(), Sums::plus_row),
            place: start..self.bytes.len(),
        });
    }

    /// Append a block as it is.
    fn push_held(&mut self, block: Held, keep: &Keep<'_>) {
        self.close(keep);
        self.held.push(block);
    }

    fn close(&mut self, keep: &Keep<'_>) {
        if !self.blocks.is_empty() {
            let mut bytes = take(&mut self.bytes);
            bytes.shrink_to_fit();
            let bytes = keep(bytes);
            let blocks = self.blocks.drain(..);
            self.held
                .extend(blocks.map(|block| Held::Packed(block, bytes.clone())));
        }
    }

    fn finish(mut self, keep: &Keep<'_>) -> Vec<Held> {
        self.close(keep);
        self.held
    }
}

/// A [`Share`] in parts, to be moved.
#[derive(Debug)]
pub struct PackedShare {
    /// Words, groups, this group.
    pub place: [usize; 3],
    /// Whether the matrix is its own transpose.
    pub symmetric: bool,
    /// Of each block its first row, the number of its rows, of its entries, of its records, the bits
    /// of their sum, which of `pieces` it lies in, from which byte, and to which.
    pub blocks: Vec<[u64; 8]>,
    /// Memory that blocks lie in.
    pub pieces: Vec<Arc<dyn Bytes>>,
}

impl Share {
    /// In parts, whose bytes are shared.
    pub fn pack(&self) -> PackedShare {
        let mut pieces: Vec<Arc<dyn Bytes>> = Vec::new();
        let blocks = self.held().iter().map(|held| {
            let (block, bytes) = held.packed();
            // Neighbours mostly lie in the same piece.
            let known = pieces.iter().rposition(|piece| Arc::ptr_eq(piece, &bytes));
            let piece = known.unwrap_or_else(|| {
                pieces.push(bytes);
                pieces.len() - 1
            });
            let numbers = [
                block.rows.len(),
                block.entries,
                piece,
                block.place.start,
                block.place.end,
            ];
            let [rows, entries, piece, start, end] = numbers.map(|n| n as u64);
            let (first, total) = (u64::from(block.rows.start), block.sums.total.to_bits());
            [
                first,
                rows,
                entries,
                block.sums.nnz,
                total,
                piece,
                start,
                end,
            ]
        });
        PackedShare {
            place: [self.partition.words(), self.partition.groups(), self.group],
            symmetric: self.counts.symmetric,
            blocks: blocks.collect(),
            pieces,
        }
    }
}

impl From<PackedShare> for Share {
    fn from(packed: PackedShare) -> Self {
        let [words, groups, group] = packed.place;
        let held = packed.blocks.iter().map(|block| {
            let &[first, rows, entries, nnz, total, piece, start, end] = block;
            let block = PackedBlock {
                rows: first as WordId..(first + rows) as WordId,
                entries: entries as usize,
                sums: Sums {
                    nnz,
                    total: f64::from_bits(total),
                },
                place: start as usize..end as usize,
            };
            Held::Packed(block, packed.pieces[piece as usize].clone())
        });
        Self {
            partition: Partition::new(words, groups),
            group,
            counts: Triangle::holding(words, packed.symmetric, held.collect()),
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
            texts in proptest::collection::vec(proptest::collection::vec(
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
