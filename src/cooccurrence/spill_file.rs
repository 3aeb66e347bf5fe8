//! Rows on disk: compressed blocks in a temporary file without a name.

use super::block_layout::RowBlock;
use super::row_codec::decode;
use crate::error::Result;
use crate::memory::TemporaryFile;
use crate::vocabulary::WordId;
use std::ops::Range;
use std::path::Path;

/// Blocks of rows, in the order of their rows, in a temporary file.
#[derive(Debug)]
pub struct SpillFile {
    file: TemporaryFile,
    index: Vec<IndexEntry>,
}

#[derive(Debug, Clone)]
struct IndexEntry {
    rows: Range<WordId>,
    entries: u64,
    bytes: Range<u64>,
}

impl SpillFile {
    /// An empty file in `folder`.
    ///
    /// # Errors
    /// [`crate::Error::Io`] naming `folder` if no file can be created there.
    pub fn create(folder: &Path) -> Result<Self> {
        Ok(Self {
            file: TemporaryFile::create(folder)?,
            index: Vec::new(),
        })
    }

    /// Append a block. `bytes` is the block as [`encode`](super::row_codec::encode) wrote it.
    ///
    /// # Errors
    /// [`crate::Error::Io`] naming the folder of the file.
    pub fn push(&mut self, rows: Range<WordId>, entries: u64, bytes: &[u8]) -> Result<()> {
        let bytes = self.file.append(bytes)?;
        self.index.push(IndexEntry {
            rows,
            entries,
            bytes,
        });
        Ok(())
    }

    /// Size of the file in bytes.
    pub fn bytes(&self) -> u64 {
        self.file.len()
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        self.index.len()
    }

    /// Rows of block `k`.
    pub fn rows(&self, k: usize) -> Range<WordId> {
        self.index[k].rows.clone()
    }

    /// Number of entries in all blocks.
    pub fn pairs(&self) -> u64 {
        self.index.iter().map(|e| e.entries).sum()
    }

    /// Block `k`, decoded.
    ///
    /// # Errors
    /// [`crate::Error::Io`] naming the folder of the file; [`crate::Error::Format`] if the bytes were damaged;
    /// [`crate::Error::Memory`].
    pub fn read(&self, k: usize) -> Result<RowBlock> {
        let range = self.index[k].bytes.clone();
        let bytes = self.file.read(range.clone())?;
        decode(&bytes)?.ok_or_else(|| self.file.damaged(range.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cooccurrence::row_codec::encode;

    #[test]
    fn blocks_can_be_read_in_any_order() {
        let mut file = SpillFile::create(&std::env::temp_dir()).unwrap();
        for first in [0, 1, 2] {
            let mut block = RowBlock::new(first, false);
            block.push(0, f64::from(first) + 0.3);
            block.end_row();
            file.push(block.rows(), 1, &encode(&block).unwrap())
                .unwrap();
        }
        assert_eq!(file.read(2).unwrap().row(2).forward, [2.3]);
        assert_eq!(file.read(0).unwrap().row(0).forward, [0.3]);
        assert_eq!((file.blocks(), file.pairs()), (3, 3));
    }
}
