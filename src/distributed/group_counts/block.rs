//! The counts of a range of rows in a range of columns, compressed.

use crate::cooccurrence::{CompressedBlock, RowBlock};
use crate::error::Result;
use crate::vocabulary::WordId;
use std::ops::Range;

/// Largest number of rows in a block. It is small because building tiles from a few rows decompresses all rows of
/// their block.
pub(super) const MOST_ROWS: usize = 1 << 8;

/// The counts of a range of rows in a range of columns. A row may be divided into several blocks, one for each
/// group of columns.
#[derive(Debug, Clone)]
pub(super) struct GroupBlock {
    pub(super) columns: Range<WordId>,
    pub(super) records: u64,
    pub(super) block: CompressedBlock,
}

impl GroupBlock {
    pub(super) fn position(&self) -> (WordId, WordId) {
        (self.block.rows.start, self.columns.start)
    }
}

/// Decompress `blocks`, which are blocks of the same rows, into `opened`. The memory of `opened` is reused. Returns
/// the decompressed blocks.
pub(super) fn unpacked<'a, 'b>(
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
