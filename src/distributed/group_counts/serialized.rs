//! Counts as plain numbers, which can be sent to another machine.

use super::block::GroupBlock;
use super::counts::GroupCounts;
use crate::cooccurrence::{CompressedBlock, SharedBytes};
use crate::partition::Partition;
use crate::vocabulary::WordId;
use std::sync::Arc;

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
