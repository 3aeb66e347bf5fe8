//! The counts of a group of words.

use super::block::{GroupBlock, MOST_ROWS, unpacked};
use super::block_writer::BlockWriter;
use crate::cooccurrence::row_codec::RowEncoder;
use crate::cooccurrence::{CountRows, RowBlock, Triangle, TriangleRow, poll};
use crate::error::Result;
use crate::monitor::Monitor;
use crate::partition::Partition;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

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
    pub(super) blocks: Vec<GroupBlock>,
}

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
    /// As for [`Triangle::block`]; [`crate::Error::Cancelled`].
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
    /// [`crate::Error::Memory`].
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
