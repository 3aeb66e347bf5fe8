//! The counts of a group of words, for a fit on a cluster.
//!
//! A task counts some rows of the matrix in some shards of the text. It returns separate counts for
//! each group of words. Words are numbered by the new ids of a [`Partition`], in which a group is a
//! range. Rows are compressed in blocks. Which rows form a block depends only on the partition and
//! on how often each word occurs in the whole text. So tasks that count the same rows in different
//! shards have the same blocks, and the counts of these tasks are added block by block.

use crate::cooccurrence::row_codec::RowEncoder;
use crate::cooccurrence::{
    BlockSum, CompressedBlock, CountRows, CountingOptions, DocumentWindows, FrequentPairs,
    Occurrences, RowAccumulator, RowBlock, RowCounter, SharedBytes, Totals, Triangle, TriangleRow,
    poll, push_row, push_sum, sum_row, tasks,
};
use crate::encoding::{CompactText, DOCUMENT_END};
use crate::error::{Error, Result};
use crate::memory::{TASK_OCCURRENCES, fallible};
use crate::monitor::{Monitor, Stage};
use crate::partition::Partition;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::mem::take;
use std::ops::Range;
use std::sync::Arc;

/// Rows are divided into at most about this many blocks; then blocks of more than `MOST_ROWS` rows are divided
/// further. More and smaller blocks would compress worse, because the rows that are counted in one shard of a large
/// text are short.
const MOST_BLOCKS: u64 = 1 << 12;
/// Largest number of rows in a block. It is small because building tiles from a few rows decompresses all rows of
/// their block.
const MOST_ROWS: usize = 1 << 8;
/// The time to count one occurrence of a word, divided by the time that each different neighbour of
/// the word adds.
const LOOKED_UP: f64 = 5.0;

/// The counts of all pairs with at least one word in a group, compressed.
#[derive(Debug)]
pub struct GroupCounts {
    /// How words are divided into groups.
    pub partition: Partition,
    /// The number of the group, from 0.
    pub group: usize,
    /// Whether the matrix is its own transpose.
    pub symmetric: bool,
    // The blocks, sorted by their first row, then by their first column.
    blocks: Vec<GroupBlock>,
}

/// The counts of a range of rows in a range of columns. A row may be divided into several blocks, one for each
/// group of columns.
#[derive(Debug, Clone)]
struct GroupBlock {
    columns: Range<WordId>,
    records: u64,
    block: CompressedBlock,
}

impl GroupBlock {
    fn position(&self) -> (WordId, WordId) {
        (self.block.rows.start, self.columns.start)
    }
}

/// Stores compressed rows, for example in a NumPy array, and returns the stored bytes.
pub type StoreBytes<'a> = dyn Fn(Vec<u8>) -> Arc<dyn SharedBytes> + Sync + 'a;

impl GroupCounts {
    /// Compress counts whose words are numbered by new ids. At least one word of each pair must be in the group.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn new(partition: Partition, group: usize, counts: &Triangle) -> Result<Self> {
        let blocks: Result<Vec<Vec<GroupBlock>>> = (0..counts.blocks())
            .into_par_iter()
            .map(|k| {
                let block = counts.block(k)?;
                let rows: Vec<_> = block.rows().map(|row| block.row(row)).collect();
                let mut writer = BlockWriter::default();
                let mut encoder = RowEncoder::default();
                for rows in rows.chunks(MOST_ROWS) {
                    writer.push(0..counts.words as WordId, rows, &mut encoder)?;
                }
                Ok(writer.finish(&|bytes| Arc::new(bytes)))
            })
            .collect();
        Ok(Self {
            partition,
            group,
            symmetric: counts.symmetric,
            blocks: blocks?.into_iter().flatten().collect(),
        })
    }

    /// Select the counts of a group from the counts of the whole matrix, whose words are numbered by rank.
    ///
    /// # Errors
    /// As for [`Triangle::block`]; [`Error::Cancelled`].
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

    /// Decompress some rows of the triangle, numbered by new ids. Rows of words before the group are empty.
    /// Rows of words after the group have only columns of the group.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn rows(&self, rows: Range<WordId>) -> Result<RowBlock> {
        let mut block = RowBlock::new(rows.start, !self.symmetric);
        block.reserve(rows.len(), 0)?;
        let mut opened: Vec<RowBlock> = Vec::new();
        let mut next = rows.start;
        let same_rows = |a: &GroupBlock, b: &GroupBlock| a.block.rows == b.block.rows;
        for blocks in self.overlapping(&rows).chunk_by(same_rows) {
            let unpacked = unpacked(blocks.iter(), &mut opened)?;
            let present = &blocks[0].block.rows;
            for row in next..present.end.min(rows.end) {
                if row >= present.start {
                    for own in unpacked {
                        block.extend(&own.row(row))?;
                    }
                }
                block.end_row();
            }
            next = present.end.min(rows.end);
        }
        (next..rows.end).for_each(|_| block.end_row());
        Ok(block)
    }

    /// The blocks that have at least one of `rows`.
    fn overlapping(&self, rows: &Range<WordId>) -> &[GroupBlock] {
        let first = self
            .blocks
            .partition_point(|group_block| group_block.block.rows.end <= rows.start);
        let last = self
            .blocks
            .partition_point(|group_block| group_block.block.rows.start < rows.end);
        &self.blocks[first..last]
    }

    /// Number of records.
    pub fn nnz(&self) -> u64 {
        self.blocks
            .iter()
            .map(|group_block| group_block.records)
            .sum()
    }

    /// Number of pairs of words.
    pub fn pairs(&self) -> u64 {
        self.blocks
            .iter()
            .map(|group_block| group_block.block.entries as u64)
            .sum()
    }

    /// Bytes of compressed rows.
    pub fn bytes(&self) -> u64 {
        self.blocks
            .iter()
            .map(|group_block| group_block.block.range.len() as u64)
            .sum()
    }
}

impl CountRows for GroupCounts {
    fn for_each_row(
        &self,
        rows: Range<WordId>,
        mut f: impl FnMut(TriangleRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut block = RowBlock::default();
        for group_block in self.overlapping(&rows) {
            group_block.block.decompress_into(&mut block)?;
            block.for_each_row(rows.clone(), &mut f)?;
        }
        Ok(())
    }
}

/// The blocks of rows, in new ids, that task number `task` of `task_count` tasks counts. Tasks are numbered
/// from 0. The words of the rows of a block belong to one group. All tasks take about the same time.
/// `counts` is the number of occurrences of each word in the whole text, by rank. The result depends
/// only on the arguments.
///
/// # Panics
/// Unless `task < task_count`.
pub fn row_blocks(
    partition: Partition,
    counts: &[u64],
    options: &CountingOptions,
    task: usize,
    task_count: usize,
) -> Vec<Range<usize>> {
    assert!(task < task_count, "task {task} of {task_count}");
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
    let neighbours = 2.0 * options.reach() as f64 / text.max(1) as f64;
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
    let first = |task: usize| match task {
        0 => 0,
        _ if task == task_count => blocks.len(),
        _ => ends.partition_point(|&end| end <= work * task as f64 / task_count as f64),
    };
    blocks[first(task)..first(task + 1)].to_vec()
}

/// Estimate the number of different words among `neighbours` words that are drawn from `words` words.
fn different(neighbours: f64, words: f64) -> f64 {
    neighbours * words / (neighbours.sqrt() + words.sqrt()).powi(2)
}

/// Count some blocks of rows in `texts`, on one thread. The texts consist of new ids of `partition`.
/// Returns, for each group, its counts in these rows. A row has the same bits for any division of the rows
/// into tasks. The result depends only on the arguments.
///
/// # Errors
/// [`crate::Error::Parameter`] if the window is 0, if a text has 2^32 − 1 ids or more, or if whole
/// documents are windows and a document is too long; [`crate::Error::Memory`];
/// [`crate::Error::Cancelled`].
pub fn count_by_group(
    texts: &[&[WordId]],
    blocks: &[Range<usize>],
    partition: Partition,
    options: &CountingOptions,
    store: &StoreBytes<'_>,
    monitor: &Monitor,
) -> Result<Vec<GroupCounts>> {
    options.check()?;
    if texts.iter().any(|ids| ids.len() >= u32::MAX as usize) {
        return Err(Error::parameter(
            "blocksize",
            "must be so small that a block of text has fewer than 2^32 words",
        ));
    }
    let by_group = if options.symmetric {
        count_blocks::<f64>(texts, blocks, partition, options, store, monitor)?
    } else {
        count_blocks::<[f64; 2]>(texts, blocks, partition, options, store, monitor)?
    };
    let of_group = |(group, mut blocks): (usize, Vec<GroupBlock>)| {
        blocks.sort_by_key(GroupBlock::position);
        GroupCounts {
            partition,
            group,
            symmetric: options.symmetric,
            blocks,
        }
    };
    Ok(by_group.into_iter().enumerate().map(of_group).collect())
}

/// The counted blocks of each group.
fn count_blocks<S: BlockSum>(
    texts: &[&[WordId]],
    blocks: &[Range<usize>],
    partition: Partition,
    options: &CountingOptions,
    store: &StoreBytes<'_>,
    monitor: &Monitor,
) -> Result<Vec<Vec<GroupBlock>>> {
    let rows = match blocks {
        [] => 0..0,
        [first, .., last] => first.start..last.end,
        [only] => only.clone(),
    };
    monitor.begin(
        Stage::Counting,
        texts.iter().map(|ids| ids.len() as u64).sum(),
    );
    let frequent = frequent_rows(texts, &rows, partition, options, monitor)?;
    let counted = frequent.as_ref().map_or(0, |block| block.rows().end);
    let first = rows.start.max(counted as usize).min(rows.end);
    let occurrences: Result<Vec<Occurrences>> = texts
        .iter()
        .map(|ids| Occurrences::index(*ids, first..rows.end, monitor))
        .collect();
    let occurrences = occurrences?;
    let mut documents: Vec<DocumentWindows> = Vec::new();
    let mut documents_before = 0;
    for ids in texts.iter().filter(|_| options.counts_documents()) {
        let found = DocumentWindows::index(*ids, true, monitor)?;
        let found = found.map_err(|long| long.error(documents_before, None))?;
        documents_before += found.len();
        documents.push(found);
    }
    let counters: Vec<RowCounter<'_, [WordId]>> = texts
        .iter()
        .zip(&occurrences)
        .enumerate()
        .map(|(text, (ids, occurrences))| {
            RowCounter::new(*ids, 0, occurrences, documents.get(text), options)
        })
        .collect();
    let mut accumulator = RowAccumulator::<S>::new();
    let mut block = RowBlock::default();
    let mut encoder = RowEncoder::default();
    let mut by_group: Vec<Vec<GroupBlock>> = vec![Vec::new(); partition.groups()];
    for of_group in blocks.chunk_by(|a, b| same_group(partition, a, b)) {
        let own = partition.group_of(of_group[0].start as WordId);
        // A block with rows of one group and columns of another belongs to the counts of both groups. It is
        // compressed once.
        let mut writers: Vec<BlockWriter> = Vec::new();
        writers.resize_with(own + 1, BlockWriter::default);
        for rows in of_group {
            block.refill(rows.start as WordId, !options.symmetric);
            for row in rows.clone().map(|row| row as WordId) {
                match &frequent {
                    Some(frequent) if row < counted => {
                        block.extend(&frequent.row(row))?;
                        block.end_row();
                    }
                    _ => {
                        sum_row(row, &counters, &mut accumulator, monitor)?;
                        push_row(&mut accumulator, &mut block)?;
                    }
                }
            }
            let mut rest: Vec<_> = block.rows().map(|row| block.row(row)).collect();
            for (columns, writer) in writers.iter_mut().enumerate() {
                let columns = partition.group(columns);
                let mut part = Vec::with_capacity(rest.len());
                for row in &mut rest {
                    let (own, others) = row.split(columns.end);
                    part.push(own);
                    *row = others;
                }
                writer.push(columns, &part, &mut encoder)?;
            }
        }
        for (columns, writer) in writers.into_iter().enumerate() {
            let parts = writer.finish(store);
            if columns != own {
                by_group[columns].extend_from_slice(&parts);
            }
            by_group[own].extend(parts);
        }
    }
    Ok(by_group)
}

/// The rows of the most frequent words, counted as `cooccurrence::count` counts them on one machine, so that they have
/// the same bits. `None` in three cases, in which these rows are counted like all others, if there are
/// any: `rows` has none of these words; there are several groups, so that new ids are not ranks; or the texts
/// together have more ids than a [`CompactText`] can hold, which one machine would count in segments.
fn frequent_rows(
    texts: &[&[WordId]],
    rows: &Range<usize>,
    partition: Partition,
    options: &CountingOptions,
    monitor: &Monitor,
) -> Result<Option<RowBlock>> {
    let frequent = FrequentPairs::words(partition.words(), options);
    // `DOCUMENT_END` may be added to the end of each text below.
    let length: usize = texts.iter().map(|ids| ids.len() + 1).sum();
    let fits = u32::try_from(length).is_ok();
    if partition.groups() > 1 || rows.start >= frequent || !fits {
        return Ok(None);
    }
    let mut whole = CompactText::default();
    for ids in texts {
        whole.append(&CompactText::of(ids.iter().copied())?)?;
        // No window crosses from one text into the next.
        if ids.last().is_some_and(|&id| id != DOCUMENT_END) {
            whole.append(&CompactText::of([DOCUMENT_END].into_iter())?)?;
        }
    }
    let pairs = FrequentPairs::count(whole.symbols(), 0, frequent, options, monitor)?;
    pairs.rows(options.symmetric).map(Some)
}

fn same_group(partition: Partition, a: &Range<usize>, b: &Range<usize>) -> bool {
    let [a, b] = [a, b].map(|rows| partition.group_of(rows.start as WordId));
    a == b
}

/// Add up counts of one group, in the order of `parts`, on all threads of the current rayon pool. The parts
/// are the results of tasks: counts of different shards or of different rows. A block that only one part has
/// is not copied. The result depends only on the arguments.
///
/// # Errors
/// [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
///
/// # Panics
/// If `parts` is empty, or if two parts differ in their partition or their group.
pub fn merge_group_counts(
    parts: &[&GroupCounts],
    store: &StoreBytes<'_>,
    monitor: &Monitor,
) -> Result<GroupCounts> {
    let first = parts[0];
    let same = |part: &&GroupCounts| (part.partition, part.group) == (first.partition, first.group);
    assert!(
        parts.iter().all(same),
        "counts of one group of one partition"
    );
    // Blocks of the same rows and columns become neighbours, in the order of `parts`.
    let mut blocks: Vec<&GroupBlock> = parts.iter().flat_map(|part| &part.blocks).collect();
    blocks.sort_by_key(|part| part.position());
    let blocks: Vec<_> = blocks
        .chunk_by(|a, b| a.position() == b.position())
        .collect();
    monitor.begin(Stage::Merging, blocks.len() as u64);
    // All blocks of a task are compressed into one buffer. There are more tasks than threads, to balance the load.
    let tasks = match rayon::current_num_threads() {
        1 => 1,
        threads => 8 * threads,
    };
    let merged: Result<Vec<Vec<GroupBlock>>> = blocks
        .par_chunks(blocks.len().div_ceil(tasks).max(1))
        .map(|task| {
            if first.symmetric {
                merge_blocks::<f64>(task, store, monitor)
            } else {
                merge_blocks::<[f64; 2]>(task, store, monitor)
            }
        })
        .collect();
    Ok(GroupCounts {
        partition: first.partition,
        group: first.group,
        symmetric: first.symmetric,
        blocks: merged?.into_iter().flatten().collect(),
    })
}

/// Add up blocks. Each element of `blocks` is a list of blocks with the same rows and columns.
fn merge_blocks<S: BlockSum>(
    blocks: &[&[&GroupBlock]],
    store: &StoreBytes<'_>,
    monitor: &Monitor,
) -> Result<Vec<GroupBlock>> {
    let mut writer = BlockWriter::default();
    let mut accumulator = RowAccumulator::<S>::new();
    let mut encoder = RowEncoder::default();
    let mut sum = RowBlock::default();
    let mut opened: Vec<RowBlock> = Vec::new();
    for same in blocks {
        if let [only] = same {
            writer.push_finished((*only).clone(), store);
        } else {
            let GroupBlock { columns, block, .. } = same[0];
            let summands = unpacked(same.iter().copied(), &mut opened)?;
            sum.refill(block.rows.start, summands[0].has_both_directions());
            for row in block.rows.clone() {
                let rows: Vec<_> = summands.iter().map(|block| block.row(row)).collect();
                push_sum(&rows, &mut accumulator, &mut sum)?;
            }
            let rows: Vec<_> = sum.rows().map(|row| sum.row(row)).collect();
            writer.push(columns.clone(), &rows, &mut encoder)?;
        }
        monitor.advance(1)?;
    }
    Ok(writer.finish(store))
}

/// Decompress `blocks`, which are blocks of the same rows, into `opened`. The memory of `opened` is reused. Returns
/// the decompressed blocks.
fn unpacked<'a, 'b>(
    blocks: impl ExactSizeIterator<Item = &'a GroupBlock>,
    opened: &'b mut Vec<RowBlock>,
) -> Result<&'b [RowBlock]> {
    let length = blocks.len();
    opened.resize_with(length.max(opened.len()), RowBlock::default);
    for (group_block, opened) in blocks.zip(&mut *opened) {
        group_block.block.decompress_into(opened)?;
    }
    Ok(&opened[..length])
}

/// Compresses blocks and appends them to one buffer.
#[derive(Default)]
struct BlockWriter {
    finished: Vec<GroupBlock>,
    // Blocks whose compressed rows are in `bytes` and are not stored yet.
    open: Vec<GroupBlock>,
    bytes: Vec<u8>,
}

impl BlockWriter {
    /// Append a block of consecutive rows in a range of columns. Does nothing if no row has an entry.
    fn push(
        &mut self,
        columns: Range<WordId>,
        rows: &[TriangleRow<'_>],
        encoder: &mut RowEncoder,
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
        self.open.push(GroupBlock {
            columns,
            records: rows.iter().fold(Totals::default(), Totals::plus_row).nnz,
            block: CompressedBlock {
                rows: first..first + rows.len() as WordId,
                entries,
                bytes: Arc::new(Vec::new()),
                range: start..self.bytes.len(),
            },
        });
        Ok(())
    }

    /// Append a block that is already compressed and stored.
    fn push_finished(&mut self, group_block: GroupBlock, store: &StoreBytes<'_>) {
        self.close(store);
        self.finished.push(group_block);
    }

    fn close(&mut self, store: &StoreBytes<'_>) {
        if !self.open.is_empty() {
            let mut bytes = take(&mut self.bytes);
            bytes.shrink_to_fit();
            let bytes = store(bytes);
            for group_block in &mut self.open {
                group_block.block.bytes = bytes.clone();
            }
            self.finished.append(&mut self.open);
        }
    }

    fn finish(mut self, store: &StoreBytes<'_>) -> Vec<GroupBlock> {
        self.close(store);
        self.finished
    }
}

/// [`GroupCounts`] as plain numbers, which can be sent to another machine.
#[derive(Debug)]
pub struct SerializedGroupCounts {
    /// How many words and how many groups there are, and the number of this group, from 0.
    pub header: [usize; 3],
    /// Whether the matrix is its own transpose.
    pub symmetric: bool,
    /// For each block: the first row and the end of the rows, the first column and the end of the columns,
    /// the number of entries, the number of records, the index in `buffers` of the buffer that holds the
    /// block, and the first byte and the end of the block in this buffer.
    pub blocks: Vec<[u64; 9]>,
    /// The buffers that hold the compressed blocks.
    pub buffers: Vec<Arc<dyn SharedBytes>>,
}

impl GroupCounts {
    /// The counts as plain numbers. Compressed rows are not copied.
    pub fn serialize(&self) -> SerializedGroupCounts {
        let mut buffers: Vec<Arc<dyn SharedBytes>> = Vec::new();
        let blocks = self.blocks.iter().map(|group_block| {
            let GroupBlock {
                columns,
                records,
                block,
            } = group_block;
            // Most consecutive blocks lie in the same buffer.
            let known = buffers
                .iter()
                .rposition(|buffer| Arc::ptr_eq(buffer, &block.bytes));
            let buffer = known.unwrap_or_else(|| {
                buffers.push(block.bytes.clone());
                buffers.len() - 1
            });
            let [rows, columns] =
                [&block.rows, columns].map(|ids| [ids.start, ids.end].map(u64::from));
            let [entries, buffer, start, end] =
                [block.entries, buffer, block.range.start, block.range.end].map(|n| n as u64);
            [
                rows[0], rows[1], columns[0], columns[1], entries, *records, buffer, start, end,
            ]
        });
        SerializedGroupCounts {
            header: [self.partition.words(), self.partition.groups(), self.group],
            symmetric: self.symmetric,
            blocks: blocks.collect(),
            buffers,
        }
    }
}

impl From<SerializedGroupCounts> for GroupCounts {
    fn from(serialized: SerializedGroupCounts) -> Self {
        let [words, groups, group] = serialized.header;
        let ids = |from: u64, to: u64| from as WordId..to as WordId;
        let blocks = serialized.blocks.iter().map(|numbers| {
            let &[
                row,
                row_end,
                column,
                column_end,
                entries,
                records,
                buffer,
                start,
                end,
            ] = numbers;
            GroupBlock {
                columns: ids(column, column_end),
                records,
                block: CompressedBlock {
                    rows: ids(row, row_end),
                    entries: entries as usize,
                    bytes: serialized.buffers[buffer as usize].clone(),
                    range: start as usize..end as usize,
                },
            }
        });
        Self {
            partition: Partition::new(words, groups),
            group,
            symmetric: serialized.symmetric,
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

    /// All records, with the ranks of their words. The counts are rounded, because sums in another order can
    /// differ in their last bits.
    fn records<'a, R: CountRows + 'a>(
        by_group: impl IntoIterator<Item = (&'a R, Partition, usize)>,
    ) -> BTreeMap<(WordId, WordId), i64> {
        let mut records = BTreeMap::new();
        for (counts, partition, group) in by_group {
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

    fn of(by_group: &[GroupCounts]) -> impl Iterator<Item = (&GroupCounts, Partition, usize)> {
        by_group
            .iter()
            .map(|counts| (counts, counts.partition, counts.group))
    }

    fn store(bytes: Vec<u8>) -> Arc<dyn SharedBytes> {
        Arc::new(bytes)
    }

    #[test]
    fn every_row_is_counted_by_one_task_in_a_block_of_one_group() {
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

    #[test]
    fn rows_of_frequent_words_come_from_one_text_if_all_texts_fit_into_it() {
        let text = vec![0; 1 << 20];
        let frequent = |texts: &[&[WordId]]| {
            let (partition, options) = (Partition::new(WORDS, 1), CountingOptions::default());
            frequent_rows(texts, &(0..WORDS), partition, &options, &Monitor::new()).unwrap()
        };
        assert!(frequent(&[&text, &text]).is_some());
        // Together these texts have more than 2^32 ids.
        assert!(frequent(&vec![&text[..]; (1 << 12) + 1]).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn counts_of_parts_add_up_to_the_counts_of_the_text(
            texts in proptest::collection::vec(proptest::collection::vec(
                prop_oneof![20 => 0..WORDS as WordId, 1 => Just(DOCUMENT_END), 1 => Just(GAP)], 0..200),
                1..7),
            groups in 1usize..6, together in 1usize..4, symmetric: bool,
            window in prop_oneof![4 => 1usize..20, 1 => Just(CountingOptions::WHOLE_DOCUMENT)],
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
            let mut by_group: Vec<Vec<GroupCounts>> = Vec::new();
            by_group.resize_with(groups, Vec::new);
            let new_ids = |text: Vec<WordId>| text.into_iter().map(|id| match id {
                DOCUMENT_END | GAP => id,
                rank => partition.new_id(rank),
            }).collect();
            let texts: Vec<Vec<WordId>> = texts.into_iter().map(new_ids).collect();
            for (number, some) in texts.chunks(together).enumerate() {
                let some: Vec<&[WordId]> = some.iter().map(Vec::as_slice).collect();
                for part in 0..some.len() + number {
                    // The text is so small that `row_blocks` gives all rows to one task: divide its blocks further.
                    // If there are more parts than blocks of rows, some parts get no block, and their counts are empty.
                    let parts = some.len() + number;
                    let all = row_blocks(partition, &occurrences, &options, 0, 1);
                    let cut = |rows: &Range<usize>| {
                        let middle = usize::midpoint(rows.start, rows.end);
                        [rows.start..middle, middle..rows.end]
                    };
                    let blocks: Vec<_> = all.iter().flat_map(cut).filter(|rows| !rows.is_empty())
                        .collect();
                    let (from, to) = (blocks.len() * part / parts, blocks.len() * (part + 1) / parts);
                    let group_counts = count_by_group(
                        &some, &blocks[from..to], partition, &options, &store, &monitor).unwrap();
                    for (group, counts) in group_counts.into_iter().enumerate() {
                        // Convert the counts as if they were sent to another worker.
                        by_group[group].push(counts.serialize().into());
                    }
                }
            }
            let merged: Vec<GroupCounts> = by_group.iter().map(|parts| {
                // Merge in a tree, as workers do.
                let some: Vec<GroupCounts> = parts.chunks(2).map(|parts| {
                    let parts: Vec<&GroupCounts> = parts.iter().collect();
                    threads::in_pool(threads, || merge_group_counts(&parts, &store, &monitor)).unwrap().unwrap()
                }).collect();
                let some: Vec<&GroupCounts> = some.iter().collect();
                merge_group_counts(&some, &store, &monitor).unwrap().serialize().into()
            }).collect();
            let mut corpus = EncodedCorpus::from_ranks(text);
            let whole = threads::in_pool(1, || {
                count(&mut corpus, WORDS, &options, &MemoryLimit::default(), &monitor)
            }).unwrap().unwrap();
            let expected = records([(&whole, Partition::new(WORDS, 1), 0)]);
            prop_assert_eq!(expected.len() as u64, whole.nnz());
            prop_assert_eq!(records(of(&merged)), expected.clone());
            let split: Vec<GroupCounts> = (0..groups)
                .map(|group| GroupCounts::of(&whole, partition, group, &Monitor::new()).unwrap())
                .collect();
            prop_assert_eq!(records(of(&split)), expected.clone());
            // `GroupCounts::rows` decompresses some rows at a time, as training needs them.
            for counts in &merged {
                let own = partition.group(counts.group);
                let mut found = 0;
                for first in (0..WORDS as WordId).step_by(7) {
                    let rows = first..(first + 7).min(WORDS as WordId);
                    let block = counts.rows(rows.clone()).unwrap();
                    prop_assert_eq!(block.rows(), rows.clone());
                    for row in rows {
                        let columns = block.row(row).columns;
                        prop_assert!(columns.is_sorted_by(|a, b| a < b));
                        prop_assert!(own.contains(&row) || columns.iter().all(|j| own.contains(j)));
                        block.row(row).for_each_record(|_, _, _| found += 1);
                    }
                }
                let of_group_counts = expected.keys().filter(|(i, j)| {
                    [i, j].iter().any(|&&rank| own.contains(&partition.new_id(rank)))
                });
                prop_assert_eq!(found, of_group_counts.count() as u64);
                prop_assert_eq!(counts.nnz(), found);
            }
        }
    }
}
