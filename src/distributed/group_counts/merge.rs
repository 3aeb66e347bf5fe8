//! Adds up the counts of several tasks.

use super::block::{GroupBlock, unpacked};
use super::block_writer::{BlockWriter, StoreBytes};
use super::counts::GroupCounts;
use crate::cooccurrence::row_codec::RowEncoder;
use crate::cooccurrence::{BlockSum, RowAccumulator, RowBlock, push_sum};
use crate::error::Result;
use crate::monitor::{Monitor, Stage};
use rayon::prelude::*;

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
