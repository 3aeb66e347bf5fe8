//! Counting for a distributed fit: some rows of some of the text at a time, for every group of words
//! apart.
//!
//! Counts are kept in new ids (see [`Partition`]), in which a group of words is a range. The same rows
//! are packed together whatever text they are of, so that counts are added block by block.

use super::accumulator::RowAccumulator;
use super::count::{CountingOptions, Occurrences, RowCounter, sum_row, tasks};
use super::matrix::{Bytes, PackedBlock, RowBlock, Rows, Sums, Triangle, TriangleRow, poll};
use super::merge::{BlockSum, push_sum};
use super::spill::Encoder;
use crate::error::{Error, Result};
use crate::memory::{TASK_OCCURRENCES, fallible};
use crate::monitor::{Monitor, Stage};
use crate::partition::Partition;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::mem::take;
use std::ops::Range;
use std::sync::Arc;

/// Blocks of rows in a share, at most: of a large text, the rows of one shard are short.
const MOST_BLOCKS: u64 = 1 << 12;
/// Rows in a block, at most: they are unpacked together when tiles are made of some of them.
const MOST_ROWS: usize = 1 << 8;
/// What it costs to look at an occurrence of a word, where to keep one more pair costs 1. Measured on
/// enwiki-17m.
const LOOKED_UP: f64 = 5.0;

/// The counts of all pairs that touch a group of words, at either end, packed.
#[derive(Debug)]
pub struct Share {
    /// How words are dealt into groups.
    pub partition: Partition,
    /// The group.
    pub group: usize,
    /// Whether the matrix is its own transpose.
    pub symmetric: bool,
    // In the order of their rows and, of the same rows, of their columns.
    blocks: Vec<Part>,
}

/// What some rows have in some columns: of a row of the group, its columns may be in several parts.
#[derive(Debug, Clone)]
struct Part {
    columns: Range<WordId>,
    records: u64,
    block: PackedBlock,
}

impl Part {
    fn place(&self) -> (WordId, WordId) {
        (self.block.rows.start, self.columns.start)
    }
}

/// Where packed rows are to lie, once they are packed.
pub type Keep<'a> = dyn Fn(Vec<u8>) -> Arc<dyn Bytes> + Sync + 'a;

impl Share {
    /// Of counts in new ids, of which those are looked at that touch no other group's words alone.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn new(partition: Partition, group: usize, counts: &Triangle) -> Result<Self> {
        let blocks: Result<Vec<Vec<Part>>> = (0..counts.blocks())
            .into_par_iter()
            .map(|k| {
                let block = counts.block(k)?;
                let rows: Vec<_> = block.rows().map(|row| block.row(row)).collect();
                let mut packing = Packing::default();
                let mut encoder = Encoder::default();
                for rows in rows.chunks(MOST_ROWS) {
                    packing.push(0..counts.words as WordId, rows, &mut encoder)?;
                }
                Ok(packing.finish(&|bytes| Arc::new(bytes)))
            })
            .collect();
        Ok(Self {
            partition,
            group,
            symmetric: counts.symmetric,
            blocks: blocks?.into_iter().flatten().collect(),
        })
    }

    /// What counts by rank hold of it.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn of(
        counts: &Triangle,
        partition: Partition,
        group: usize,
        monitor: &Monitor,
    ) -> Result<Self> {
        let own = partition.group(group);
        let new_ids = partition.new_ids();
        let counts = Triangle::assemble(counts.words, monitor, |pair| {
            let mut since = 0;
            counts.for_each_row(0..counts.words as WordId, |row| {
                poll(row.columns.len(), &mut since, monitor)?;
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
        Self::new(partition, group, &counts)
    }

    /// Some rows, each in one part. They are those of a triangle over all words, in new ids: rows before
    /// the group's first word are empty, those behind its last one hold columns of the group only.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn rows(&self, rows: Range<WordId>) -> Result<RowBlock> {
        let mut block = RowBlock::new(rows.start, !self.symmetric);
        block.reserve(rows.len(), 0)?;
        let mut opened: Vec<RowBlock> = Vec::new();
        let mut next = rows.start;
        let same_rows = |a: &Part, b: &Part| a.block.rows == b.block.rows;
        for parts in self.overlapping(&rows).chunk_by(same_rows) {
            let unpacked = unpacked(parts.iter(), &mut opened)?;
            let held = &parts[0].block.rows;
            for row in next..held.end.min(rows.end) {
                if row >= held.start {
                    for part in unpacked {
                        block.extend(&part.row(row))?;
                    }
                }
                block.end_row();
            }
            next = held.end.min(rows.end);
        }
        (next..rows.end).for_each(|_| block.end_row());
        Ok(block)
    }

    /// The parts that hold some of `rows`.
    fn overlapping(&self, rows: &Range<WordId>) -> &[Part] {
        let first = self
            .blocks
            .partition_point(|part| part.block.rows.end <= rows.start);
        let last = self
            .blocks
            .partition_point(|part| part.block.rows.start < rows.end);
        &self.blocks[first..last]
    }

    /// Number of records.
    pub fn nnz(&self) -> u64 {
        self.blocks.iter().map(|part| part.records).sum()
    }

    /// Pairs held.
    pub fn pairs(&self) -> u64 {
        self.blocks
            .iter()
            .map(|part| part.block.entries as u64)
            .sum()
    }

    /// Bytes of packed rows.
    pub fn bytes(&self) -> u64 {
        self.blocks
            .iter()
            .map(|part| part.block.place.len() as u64)
            .sum()
    }
}

impl Rows for Share {
    fn for_each_row(
        &self,
        rows: Range<WordId>,
        mut f: impl FnMut(TriangleRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut block = RowBlock::default();
        for part in self.overlapping(&rows) {
            part.block.unpack_to(&mut block)?;
            block.for_each_row(rows.clone(), &mut f)?;
        }
        Ok(())
    }
}

/// Blocks of rows that are packed together, each of one group, in new ids: those of part `part` of
/// `parts`, which take about as long to count as those of any other. `counts` tells how often each word,
/// by rank, occurs in the whole text. A pure function of its arguments.
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
    let size = (text / MOST_BLOCKS).max(TASK_OCCURRENCES);
    let groups = (0..partition.groups()).map(|group| partition.group(group));
    let blocks: Vec<Range<usize>> = groups
        .flat_map(|group| {
            let first = group.start as usize;
            let own = &counts[first..group.end as usize];
            let cut = move |rows: Range<usize>| {
                let starts = (first + rows.start..first + rows.end).step_by(MOST_ROWS);
                starts.map(move |start| start..(start + MOST_ROWS).min(first + rows.end))
            };
            tasks(own.iter().copied(), size).into_iter().flat_map(cut)
        })
        .collect();
    let neighbours = 2.0 * options.window as f64 / text.max(1) as f64;
    let (mut before, mut work) = (0, 0.0);
    let ends: Vec<f64> = blocks
        .iter()
        .map(|rows| {
            for row in rows.clone() {
                before += counts[row];
                let occurrences = counts[row] as f64;
                let neighbours = occurrences * neighbours * before as f64;
                work += LOOKED_UP * occurrences + different(neighbours, row as f64 + 1.0);
            }
            work
        })
        .collect();
    let first = |part: usize| match part {
        0 => 0,
        _ if part == parts => blocks.len(),
        _ => ends.partition_point(|&end| end <= work * part as f64 / parts as f64),
    };
    blocks[first(part)..first(part + 1)].to_vec()
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
    let parts = if options.symmetric {
        count_blocks::<f64>(texts, blocks, partition, options, keep, monitor)?
    } else {
        count_blocks::<[f64; 2]>(texts, blocks, partition, options, keep, monitor)?
    };
    let share = |(group, mut blocks): (usize, Vec<Part>)| {
        blocks.sort_by_key(Part::place);
        Share {
            partition,
            group,
            symmetric: options.symmetric,
            blocks,
        }
    };
    Ok(parts.into_iter().enumerate().map(share).collect())
}

/// The parts of each group's share.
fn count_blocks<S: BlockSum>(
    texts: &[&[WordId]],
    blocks: &[Range<usize>],
    partition: Partition,
    options: &CountingOptions,
    keep: &Keep<'_>,
    monitor: &Monitor,
) -> Result<Vec<Vec<Part>>> {
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
    let mut shares: Vec<Vec<Part>> = vec![Vec::new(); partition.groups()];
    for of_group in blocks.chunk_by(|a, b| same_group(partition, a, b)) {
        let own = partition.group_of(of_group[0].start as WordId);
        // What the group's rows have in the columns of each group: in two shares, but packed once.
        let mut packings: Vec<Packing> = Vec::new();
        packings.resize_with(own + 1, Packing::default);
        for rows in of_group {
            block.refill(rows.start as WordId, !options.symmetric);
            for row in rows.clone() {
                sum_row(row as WordId, &counters, &mut accumulator, monitor)?;
                block.reserve(1, accumulator.met())?;
                accumulator.drain(|column, sum| sum.push(column, &mut block));
                block.end_row();
            }
            let mut rest: Vec<_> = block.rows().map(|row| block.row(row)).collect();
            for (columns, packing) in packings.iter_mut().enumerate() {
                let columns = partition.group(columns);
                let mut part = Vec::with_capacity(rest.len());
                for row in &mut rest {
                    let (own, others) = row.split(columns.end);
                    part.push(own);
                    *row = others;
                }
                packing.push(columns, &part, &mut encoder)?;
            }
        }
        for (columns, packing) in packings.into_iter().enumerate() {
            let parts = packing.finish(keep);
            if columns != own {
                shares[columns].extend_from_slice(&parts);
            }
            shares[own].extend(parts);
        }
    }
    Ok(shares)
}

fn same_group(partition: Partition, a: &Range<usize>, b: &Range<usize>) -> bool {
    let [a, b] = [a, b].map(|rows| partition.group_of(rows.start as WordId));
    a == b
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
    // Blocks of the same rows and columns, in the order of the parts.
    let mut blocks: Vec<&Part> = parts.iter().flat_map(|part| &part.blocks).collect();
    blocks.sort_by_key(|part| part.place());
    let blocks: Vec<_> = blocks.chunk_by(|a, b| a.place() == b.place()).collect();
    monitor.begin(Stage::Merging, blocks.len() as u64);
    // A run of blocks at a time: packed together, they need no other place.
    let runs = match rayon::current_num_threads() {
        1 => 1,
        threads => 8 * threads,
    };
    let merged: Result<Vec<Vec<Part>>> = blocks
        .par_chunks(blocks.len().div_ceil(runs).max(1))
        .map(|run| {
            if first.symmetric {
                merge_run::<f64>(run, keep, monitor)
            } else {
                merge_run::<[f64; 2]>(run, keep, monitor)
            }
        })
        .collect();
    Ok(Share {
        partition: first.partition,
        group: first.group,
        symmetric: first.symmetric,
        blocks: merged?.into_iter().flatten().collect(),
    })
}

/// Of each block, the sum of what parts have of it.
fn merge_run<S: BlockSum>(
    run: &[&[&Part]],
    keep: &Keep<'_>,
    monitor: &Monitor,
) -> Result<Vec<Part>> {
    let mut packing = Packing::default();
    let mut accumulator = RowAccumulator::<S>::new();
    let mut encoder = Encoder::default();
    let mut sum = RowBlock::default();
    let mut opened: Vec<RowBlock> = Vec::new();
    for parts in run {
        if let [only] = parts {
            packing.push_held((*only).clone(), keep);
        } else {
            let Part { columns, block, .. } = parts[0];
            let parts = unpacked(parts.iter().copied(), &mut opened)?;
            sum.refill(block.rows.start, parts[0].has_both_directions());
            for row in block.rows.clone() {
                let rows: Vec<_> = parts.iter().map(|part| part.row(row)).collect();
                push_sum(&rows, &mut accumulator, &mut sum)?;
            }
            let rows: Vec<_> = sum.rows().map(|row| sum.row(row)).collect();
            packing.push(columns.clone(), &rows, &mut encoder)?;
        }
        monitor.advance(1)?;
    }
    Ok(packing.finish(keep))
}

/// Parts of the same rows, unpacked in memory that is used again.
fn unpacked<'a, 'b>(
    parts: impl ExactSizeIterator<Item = &'a Part>,
    opened: &'b mut Vec<RowBlock>,
) -> Result<&'b [RowBlock]> {
    let length = parts.len();
    opened.resize_with(length.max(opened.len()), RowBlock::default);
    for (part, opened) in parts.zip(&mut *opened) {
        part.block.unpack_to(opened)?;
    }
    Ok(&opened[..length])
}

/// Blocks that are packed one after the other.
#[derive(Default)]
struct Packing {
    kept: Vec<Part>,
    // Those whose bytes are here, and not yet theirs.
    open: Vec<Part>,
    bytes: Vec<u8>,
}

impl Packing {
    /// Append rows that follow each other, in some columns; nothing if they are empty.
    fn push(
        &mut self,
        columns: Range<WordId>,
        rows: &[TriangleRow<'_>],
        encoder: &mut Encoder,
    ) -> Result<()> {
        let entries = rows.iter().map(|row| row.columns.len()).sum();
        if entries == 0 {
            return Ok(());
        }
        let first = rows[0].row;
        let bytes = encoder.encode(first, rows, rows[0].backward.is_some())?;
        let start = self.bytes.len();
        fallible::reserve(&mut self.bytes, bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        self.open.push(Part {
            columns,
            records: rows.iter().fold(Sums::default(), Sums::plus_row).nnz,
            block: PackedBlock {
                rows: first..first + rows.len() as WordId,
                entries,
                bytes: Arc::new(Vec::new()),
                place: start..self.bytes.len(),
            },
        });
        Ok(())
    }

    /// Append a block as it is.
    fn push_held(&mut self, part: Part, keep: &Keep<'_>) {
        self.close(keep);
        self.kept.push(part);
    }

    fn close(&mut self, keep: &Keep<'_>) {
        if !self.open.is_empty() {
            let mut bytes = take(&mut self.bytes);
            bytes.shrink_to_fit();
            let bytes = keep(bytes);
            for part in &mut self.open {
                part.block.bytes = bytes.clone();
            }
            self.kept.append(&mut self.open);
        }
    }

    fn finish(mut self, keep: &Keep<'_>) -> Vec<Part> {
        self.close(keep);
        self.kept
    }
}

/// A [`Share`] in parts, to be moved.
#[derive(Debug)]
pub struct PackedShare {
    /// Words, groups, this group.
    pub place: [usize; 3],
    /// Whether the matrix is its own transpose.
    pub symmetric: bool,
    /// Of each block its rows and columns, from and to, the number of its entries and of its records,
    /// which of `pieces` it lies in, from which byte, and to which.
    pub blocks: Vec<[u64; 9]>,
    /// Memory that blocks lie in.
    pub pieces: Vec<Arc<dyn Bytes>>,
}

impl Share {
    /// In parts, whose bytes are shared.
    pub fn pack(&self) -> PackedShare {
        let mut pieces: Vec<Arc<dyn Bytes>> = Vec::new();
        let blocks = self.blocks.iter().map(|part| {
            let Part {
                columns,
                records,
                block,
            } = part;
            // Neighbours mostly lie in the same piece.
            let known = pieces
                .iter()
                .rposition(|piece| Arc::ptr_eq(piece, &block.bytes));
            let piece = known.unwrap_or_else(|| {
                pieces.push(block.bytes.clone());
                pieces.len() - 1
            });
            let [rows, columns] =
                [&block.rows, columns].map(|ids| [ids.start, ids.end].map(u64::from));
            let [entries, piece, start, end] =
                [block.entries, piece, block.place.start, block.place.end].map(|n| n as u64);
            [
                rows[0], rows[1], columns[0], columns[1], entries, *records, piece, start, end,
            ]
        });
        PackedShare {
            place: [self.partition.words(), self.partition.groups(), self.group],
            symmetric: self.symmetric,
            blocks: blocks.collect(),
            pieces,
        }
    }
}

impl From<PackedShare> for Share {
    fn from(packed: PackedShare) -> Self {
        let [words, groups, group] = packed.place;
        let ids = |from: u64, to: u64| from as WordId..to as WordId;
        let blocks = packed.blocks.iter().map(|numbers| {
            let &[
                row,
                row_end,
                column,
                column_end,
                entries,
                records,
                piece,
                start,
                end,
            ] = numbers;
            Part {
                columns: ids(column, column_end),
                records,
                block: PackedBlock {
                    rows: ids(row, row_end),
                    entries: entries as usize,
                    bytes: packed.pieces[piece as usize].clone(),
                    place: start as usize..end as usize,
                },
            }
        });
        Self {
            partition: Partition::new(words, groups),
            group,
            symmetric: packed.symmetric,
            blocks: blocks.collect(),
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
    fn records<'a, R: Rows + 'a>(
        shares: impl IntoIterator<Item = (&'a R, Partition, usize)>,
    ) -> BTreeMap<(WordId, WordId), i64> {
        let mut records = BTreeMap::new();
        for (counts, partition, group) in shares {
            let own = partition.group(group);
            let mut seen = BTreeMap::new();
            let rows = 0..partition.words() as WordId;
            counts
                .for_each_row(rows, |row| {
                    row.for_each_record(|i, j, x| {
                        assert!(own.contains(&i) || own.contains(&j));
                        let pair = (partition.rank(i), partition.rank(j));
                        let x = (x * 1e9).round() as i64;
                        assert_eq!(seen.insert(pair, x), None, "a record comes once");
                        assert_eq!(*records.entry(pair).or_insert(x), x);
                    });
                    Ok(())
                })
                .unwrap();
        }
        records
    }

    fn of(shares: &[Share]) -> impl Iterator<Item = (&Share, Partition, usize)> {
        shares
            .iter()
            .map(|share| (share, share.partition, share.group))
    }

    fn keep(bytes: Vec<u8>) -> Arc<dyn Bytes> {
        Arc::new(bytes)
    }

    #[test]
    fn rows_are_dealt_in_parts_that_take_as_long() {
        let counts: Vec<u64> = (1..=50_000).map(|rank| 20_000_000 / rank).collect();
        let options = CountingOptions::default();
        for groups in [1, 2, 5] {
            let partition = Partition::new(counts.len(), groups);
            for parts in [1, 2, 3, 8] {
                let blocks: Vec<_> = (0..parts)
                    .map(|part| row_blocks(partition, &counts, &options, part, parts))
                    .collect();
                assert!(blocks.iter().all(|blocks| !blocks.is_empty()));
                let mut next = 0;
                for rows in blocks.concat() {
                    assert_eq!(rows.start, next);
                    let [first, last] = [rows.start, rows.end - 1].map(|id| id as WordId);
                    assert_eq!(partition.group_of(first), partition.group_of(last));
                    next = rows.end;
                }
                assert_eq!(next, counts.len());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn shares_of_parts_add_up_to_the_counts_of_the_text(
            texts in proptest::collection::vec(proptest::collection::vec(
                prop_oneof![20 => 0..WORDS as WordId, 1 => Just(DOCUMENT_END), 1 => Just(GAP)], 0..200),
                1..7),
            groups in 1usize..6, together in 1usize..4, window in 1usize..20, symmetric: bool,
            threads in 1usize..3,
        ) {
            let options = CountingOptions { window, symmetric, distance_weighting: true };
            let monitor = Monitor::new();
            let mut text = Vec::new();
            let mut occurrences = vec![0; WORDS];
            for &id in texts.iter().flat_map(|text| text.iter().chain([&DOCUMENT_END])) {
                text.push(id);
                if id < GAP {
                    occurrences[id as usize] += 1;
                }
            }
            let partition = Partition::new(WORDS, groups);
            let mut by_group: Vec<Vec<Share>> = Vec::new();
            by_group.resize_with(groups, Vec::new);
            let new_ids = |text: Vec<WordId>| text.into_iter().map(|id| match id {
                DOCUMENT_END | GAP => id,
                rank => partition.new_id(rank),
            }).collect();
            let texts: Vec<Vec<WordId>> = texts.into_iter().map(new_ids).collect();
            // More parts than texts, so that the same rows are in some and not in others.
            for (number, some) in texts.chunks(together).enumerate() {
                let some: Vec<&[WordId]> = some.iter().map(Vec::as_slice).collect();
                for part in 0..some.len() + number {
                    // Tasks are larger than this text: cut them.
                    let parts = some.len() + number;
                    let all = row_blocks(partition, &occurrences, &options, 0, 1);
                    let cut = |rows: &Range<usize>| {
                        let middle = usize::midpoint(rows.start, rows.end);
                        [rows.start..middle, middle..rows.end]
                    };
                    let blocks: Vec<_> = all.iter().flat_map(cut).filter(|rows| !rows.is_empty())
                        .collect();
                    let (from, to) = (blocks.len() * part / parts, blocks.len() * (part + 1) / parts);
                    let shares = count_shares(
                        &some, &blocks[from..to], partition, &options, &keep, &monitor).unwrap();
                    for (group, share) in shares.into_iter().enumerate() {
                        // As after a journey.
                        by_group[group].push(share.pack().into());
                    }
                }
            }
            let merged: Vec<Share> = by_group.iter().map(|parts| {
                // In a tree.
                let some: Vec<Share> = parts.chunks(2).map(|parts| {
                    let parts: Vec<&Share> = parts.iter().collect();
                    threads::in_pool(threads, || merge_shares(&parts, &keep, &monitor)).unwrap().unwrap()
                }).collect();
                let some: Vec<&Share> = some.iter().collect();
                merge_shares(&some, &keep, &monitor).unwrap().pack().into()
            }).collect();
            let mut corpus = EncodedCorpus::from_ranks(text);
            let whole = threads::in_pool(1, || {
                count(&mut corpus, WORDS, &options, &MemoryLimit::default(), &monitor)
            }).unwrap().unwrap();
            let expected = records([(&whole, Partition::new(WORDS, 1), 0)]);
            prop_assert_eq!(expected.len() as u64, whole.nnz());
            prop_assert_eq!(records(of(&merged)), expected.clone());
            let split: Vec<Share> = (0..groups)
                .map(|group| Share::of(&whole, partition, group, &Monitor::new()).unwrap())
                .collect();
            prop_assert_eq!(records(of(&split)), expected.clone());
            // Unpacked for training, some rows at a time.
            for share in &merged {
                let own = partition.group(share.group);
                let mut found = 0;
                for first in (0..WORDS as WordId).step_by(7) {
                    let rows = first..(first + 7).min(WORDS as WordId);
                    let block = share.rows(rows.clone()).unwrap();
                    prop_assert_eq!(block.rows(), rows.clone());
                    for row in rows {
                        let columns = block.row(row).columns;
                        prop_assert!(columns.is_sorted_by(|a, b| a < b));
                        prop_assert!(own.contains(&row) || columns.iter().all(|j| own.contains(j)));
                        block.row(row).for_each_record(|_, _, _| found += 1);
                    }
                }
                let of_share = expected.keys().filter(|(i, j)| {
                    [i, j].iter().any(|&&rank| own.contains(&partition.new_id(rank)))
                });
                prop_assert_eq!(found, of_share.count() as u64);
                prop_assert_eq!(share.nnz(), found);
            }
        }
    }
}
