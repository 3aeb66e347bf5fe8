//! Compresses blocks and stores them.

use super::block::GroupBlock;
use crate::cooccurrence::row_codec::RowEncoder;
use crate::cooccurrence::{CompressedBlock, SharedBytes, Totals, TriangleRow};
use crate::error::Result;
use crate::memory::fallible;
use crate::vocabulary::WordId;
use std::mem::take;
use std::ops::Range;
use std::sync::Arc;

/// Stores compressed rows, for example in a NumPy array, and returns the stored bytes.
pub type StoreBytes<'a> = dyn Fn(Vec<u8>) -> Arc<dyn SharedBytes> + Sync + 'a;

/// Compresses blocks and appends them to one buffer.
#[derive(Default)]
pub(super) struct BlockWriter {
    finished: Vec<GroupBlock>,
    // Blocks whose compressed rows are in `bytes` and are not stored yet.
    open: Vec<GroupBlock>,
    bytes: Vec<u8>,
}

impl BlockWriter {
    /// Append a block of consecutive rows in a range of columns. Does nothing if no row has an entry.
    pub(super) fn push(
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
    pub(super) fn push_finished(&mut self, group_block: GroupBlock, store: &StoreBytes<'_>) {
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

    pub(super) fn finish(mut self, store: &StoreBytes<'_>) -> Vec<GroupBlock> {
        self.close(store);
        self.finished
    }
}
