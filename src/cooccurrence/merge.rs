//! Adds up counts with the same word ids, row by row. Beyond a memory limit, the sum goes to a temporary file.
//! (`weighted_sum.rs` adds up counts with different word ids, in memory.)

use super::accumulator::{RowAccumulator, RowSums, Sum, SumKind};
use super::block_layout::{RowBlock, TriangleRow};
use super::matrix::Triangle;
use super::row_writer::{CountedBlock, RowWriter, WriterProgress};
use super::task_size::wave_tasks;
use crate::error::Result;
use crate::memory::MemoryLimit;
use crate::monitor::{Monitor, Stage};
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Largest number of matrices that are merged at a time. The rows of each matrix may lie in an open file, and the
/// system limits the number of open files.
pub(crate) const MOST_OPEN: usize = 64;
/// About the number of entries that one task merges.
const TASK_ENTRIES: u64 = 1 << 17;

/// Add the counts of two texts, on all threads of the current rayon pool. The sum is a matrix of `words` words. A
/// word has the same id in `one` and `other`. If one of them has fewer than `words` words, it lacks the last ones. The
/// sum is stored as symmetric if both are. It has counts of adjacent words if both have them.
///
/// # Errors
/// As for [`Triangle::block`]; [`crate::Error::Io`] for temporary files;
/// [`crate::Error::Cancelled`].
pub fn plus(
    one: &Triangle,
    other: &Triangle,
    words: usize,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Triangle> {
    let matrices = [one, other];
    let writer = RowWriter::new(memory);
    let sum = if one.symmetric && other.symmetric {
        merge_once::<f64>(&matrices, words, true, memory, writer, monitor)?
    } else {
        merge_once::<[f64; 2]>(&matrices, words, false, memory, writer, monitor)?
    };
    let adjacent = match (one.adjacent(), other.adjacent()) {
        (Some(one), Some(other)) => {
            let monitor = monitor.without_progress();
            Some(plus(one, other, words, &memory.quarter(), &monitor)?)
        }
        _ => None,
    };
    Ok(sum.with_adjacent(adjacent.map(Arc::new)))
}

/// A sum that can be read from an entry of a row, and appended to a [`RowBlock`].
pub(crate) trait BlockSum: Sum {
    fn push(self, column: WordId, block: &mut RowBlock);
    /// `sums` has a sum for each column from 0 on. Push the sums that are not zero: there are `number` of them.
    fn push_all(sums: &[Self], number: usize, block: &mut RowBlock);
    fn of(row: &TriangleRow<'_>, entry: usize) -> Self;
}

impl BlockSum for f64 {
    #[inline(always)]
    fn push(self, column: WordId, block: &mut RowBlock) {
        block.push(column, self);
    }
    fn push_all(sums: &[Self], number: usize, block: &mut RowBlock) {
        let sums = sums.iter().map(|&sum| [sum]);
        block.push_nonzero(sums, number);
    }
    #[inline(always)]
    fn of(row: &TriangleRow<'_>, entry: usize) -> Self {
        row.forward[entry]
    }
}

impl BlockSum for [f64; 2] {
    #[inline(always)]
    fn push(self, column: WordId, block: &mut RowBlock) {
        block.push_both(column, self[0], self[1]);
    }
    fn push_all(sums: &[Self], number: usize, block: &mut RowBlock) {
        block.push_nonzero(sums.iter().copied(), number);
    }
    #[inline(always)]
    fn of(row: &TriangleRow<'_>, entry: usize) -> Self {
        [
            row.forward[entry],
            row.backward.map_or(row.forward[entry], |b| b[entry]),
        ]
    }
}

/// Add up any number of counts, in the order given, at most [`MOST_OPEN`] at a time.
pub(crate) fn merge<S: BlockSum>(
    mut matrices: Vec<Triangle>,
    words: usize,
    symmetric: bool,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Triangle> {
    while matrices.len() > MOST_OPEN {
        let mut merged = Vec::with_capacity(matrices.len().div_ceil(MOST_OPEN));
        let mut rest = matrices.into_iter();
        loop {
            let group: Vec<Triangle> = rest.by_ref().take(MOST_OPEN).collect();
            if group.is_empty() {
                break;
            }
            let writer = RowWriter::on_disk(memory)?;
            merged.push(merge_once::<S>(
                &group.iter().collect::<Vec<_>>(),
                words,
                symmetric,
                memory,
                writer,
                monitor,
            )?);
        }
        matrices = merged;
    }
    merge_once::<S>(
        &matrices.iter().collect::<Vec<_>>(),
        words,
        symmetric,
        memory,
        RowWriter::new(memory),
        monitor,
    )
}

fn merge_once<S: BlockSum>(
    matrices: &[&Triangle],
    words: usize,
    symmetric: bool,
    memory: &MemoryLimit,
    mut writer: RowWriter<'_>,
    monitor: &Monitor,
) -> Result<Triangle> {
    monitor.begin(
        Stage::Merging,
        matrices.iter().map(|matrix| matrix.pairs()).sum(),
    );
    writer.set_progress(WriterProgress {
        other_files: matrices.iter().map(|matrix| matrix.disk_bytes()).sum(),
        ..WriterProgress::default()
    });
    let tasks = tasks(matrices, words as WordId);
    for tasks in tasks.chunks(wave_tasks(memory, tasks.len())) {
        let blocks: Result<Vec<CountedBlock>> = tasks
            .par_iter()
            .map_init(RowAccumulator::<S>::new, |accumulator, rows| {
                merge_rows(matrices, rows.clone(), symmetric, accumulator, monitor)
            })
            .collect();
        writer.push_counted(blocks?)?;
    }
    Ok(writer.finish(words, symmetric))
}

/// Divide the rows into ranges of about [`TASK_ENTRIES`] entries. Each range begins at the first
/// row of a block of one of the matrices, so that few blocks are read twice.
fn tasks(matrices: &[&Triangle], words: WordId) -> Vec<Range<WordId>> {
    let mut starts: Vec<(WordId, u64)> = matrices
        .iter()
        .flat_map(|matrix| {
            let blocks = matrix.blocks() as u64;
            let entries = matrix.pairs() / blocks.max(1);
            (0..matrix.blocks()).map(move |k| (matrix.block_rows(k).start, entries))
        })
        .collect();
    starts.sort_unstable();
    let mut tasks = Vec::new();
    let (mut start, mut entries) = (0, 0);
    for (row, more) in starts {
        if entries >= TASK_ENTRIES && row > start {
            tasks.push(start..row);
            (start, entries) = (row, 0);
        }
        entries += more;
    }
    tasks.push(start..words);
    tasks
}

fn merge_rows<S: BlockSum>(
    matrices: &[&Triangle],
    rows: Range<WordId>,
    symmetric: bool,
    accumulator: &mut RowAccumulator<S>,
    monitor: &Monitor,
) -> Result<CountedBlock> {
    let mut blocks = Vec::with_capacity(matrices.len());
    for matrix in matrices {
        let own: Result<Vec<_>> = matrix
            .blocks_of(rows.start..rows.end.min(matrix.words as WordId))
            .map(|k| matrix.block(k))
            .collect();
        blocks.push(own?);
        monitor.check()?;
    }
    let mut merged = RowBlock::new(rows.start, !symmetric);
    merged.reserve(rows.len(), 0)?;
    for number in rows {
        let rows: Vec<TriangleRow<'_>> = blocks
            .iter()
            .flatten()
            .filter(|block| block.rows().contains(&number))
            .map(|block| block.row(number))
            .collect();
        let entries = push_sum(&rows, accumulator, &mut merged)?;
        monitor.advance(entries as u64)?;
    }
    merged.shrink_to_fit();
    Ok(CountedBlock::of(merged))
}

/// Append to `block` a row that is the sum of `rows` in the order given. Returns how many entries `rows` have together.
pub(crate) fn push_sum<S: BlockSum>(
    rows: &[TriangleRow<'_>],
    accumulator: &mut RowAccumulator<S>,
    block: &mut RowBlock,
) -> Result<usize> {
    let entries = rows.iter().map(|row| row.columns.len()).sum();
    let width = rows.first().map_or(0, |row| row.row as usize + 1);
    accumulator.begin(width, entries)?;
    for row in rows {
        match accumulator.kind() {
            SumKind::Full => add(row, &mut accumulator.full()),
            SumKind::Dense => add(row, &mut accumulator.dense()),
            SumKind::Hashed => add(row, &mut accumulator.hashed()),
        }
    }
    push_row(accumulator, block)?;
    Ok(entries)
}

/// Append the row in the accumulator to the block, and clear the accumulator.
pub(crate) fn push_row<S: BlockSum>(
    accumulator: &mut RowAccumulator<S>,
    block: &mut RowBlock,
) -> Result<()> {
    if accumulator.kind() == SumKind::Full {
        let sums = accumulator.sums();
        let number = sums.iter().filter(|sum| !sum.is_zero()).count();
        block.reserve(1, number + 1)?;
        S::push_all(sums, number, block);
        sums.fill(S::default());
    } else {
        block.reserve(1, accumulator.met())?;
        accumulator.drain(|column, sum| sum.push(column, block));
    }
    block.end_row();
    Ok(())
}

#[inline(always)]
fn add<S: BlockSum>(row: &TriangleRow<'_>, sums: &mut impl RowSums<Sum = S>) {
    for (entry, &column) in row.columns.iter().enumerate() {
        sums.at(column).plus(S::of(row, entry));
    }
}
