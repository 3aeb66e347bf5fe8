//! Writes counted rows to memory or, beyond a memory limit, to a temporary file.

use super::block_layout::RowBlock;
use super::block_storage::{BlockStorage, StoredBlock};
use super::matrix::Triangle;
use super::row_codec::encode;
use super::spill_file::SpillFile;
use super::totals::Totals;
use crate::error::Result;
use crate::memory::MemoryLimit;
use rayon::prelude::*;
use std::borrow::Cow;

/// A block and its totals. The task that makes a block can compute the totals while the block is
/// still in the cache.
pub(crate) struct CountedBlock {
    block: StoredBlock,
    totals: Totals,
}

impl CountedBlock {
    /// A block with its totals.
    pub fn of(block: RowBlock) -> Self {
        Self {
            totals: Totals::default().plus(&block),
            block: StoredBlock::Plain(block),
        }
    }

    /// A copy of a block with its totals, as [`StoredBlock::copy_of`] makes it.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn copy_of(block: &RowBlock) -> Result<Self> {
        Ok(Self {
            totals: Totals::default().plus(block),
            block: StoredBlock::copy_of(block)?,
        })
    }
}

/// Takes blocks of rows in order. The blocks stay in memory until they take more than
/// [`MemoryLimit::row_bytes`]. Then all of them, and all later blocks, are written to a file.
pub(crate) struct RowWriter<'a> {
    memory: &'a MemoryLimit,
    blocks: Vec<StoredBlock>,
    memory_bytes: u64,
    file: Option<SpillFile>,
    totals: Totals,
    progress: WriterProgress,
}

/// How far counting has come, and the sizes of other temporary files. From these and from the bytes written so far, the
/// error message for a full disk estimates how much space is needed.
pub(crate) struct WriterProgress {
    /// The fraction of the text that lies in the segments so far, including the segment whose rows this writer takes.
    pub fraction: f64,
    /// Number of bytes of rows of earlier segments in temporary files.
    pub earlier_rows: u64,
    /// Number of bytes in all other temporary files.
    pub other_files: u64,
}

impl Default for WriterProgress {
    fn default() -> Self {
        Self {
            fraction: 1.0,
            earlier_rows: 0,
            other_files: 0,
        }
    }
}

impl WriterProgress {
    /// An estimate of the bytes of disk space that counting needs, when this writer has written `written` bytes of
    /// rows. The estimate is low: it leaves out the rows of the segments so far that have not been written yet, and the
    /// sum of all segments.
    fn space_needed(&self, written: u64) -> f64 {
        let rows = (self.earlier_rows + written) as f64;
        self.other_files as f64 + rows / self.fraction.max(1e-3)
    }
}

impl<'a> RowWriter<'a> {
    pub fn new(memory: &'a MemoryLimit) -> Self {
        Self {
            memory,
            blocks: Vec::new(),
            memory_bytes: 0,
            file: None,
            totals: Totals::default(),
            progress: WriterProgress::default(),
        }
    }

    /// A writer that writes to a file from the first block on.
    pub fn on_disk(memory: &'a MemoryLimit) -> Result<Self> {
        Ok(Self {
            file: Some(SpillFile::create(&memory.folder)?),
            ..Self::new(memory)
        })
    }

    /// Set the progress from which the error message for a full disk estimates the space. If it is never set, the
    /// message assumes that only the rows written so far need space.
    pub fn set_progress(&mut self, progress: WriterProgress) {
        self.progress = progress;
    }

    /// Compute the totals of blocks, and append the blocks.
    pub fn push(&mut self, blocks: Vec<RowBlock>) -> Result<()> {
        self.push_counted(blocks.into_par_iter().map(CountedBlock::of).collect())
    }

    /// Append blocks whose totals are known.
    pub fn push_counted(&mut self, blocks: Vec<CountedBlock>) -> Result<()> {
        let totals = blocks.iter().map(|counted| counted.totals);
        self.totals = totals.fold(self.totals, Totals::with);
        let blocks: Vec<StoredBlock> = blocks.into_iter().map(|counted| counted.block).collect();
        let bytes: u64 = blocks.iter().map(StoredBlock::bytes).sum();
        if self.file.is_none() && self.memory_bytes + bytes <= self.memory.row_bytes() {
            self.memory_bytes += bytes;
            self.blocks.extend(blocks);
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(SpillFile::create(&self.memory.folder)?);
        }
        let earlier = std::mem::take(&mut self.blocks);
        let together = 8 * rayon::current_num_threads();
        for blocks in earlier.chunks(together).chain(blocks.chunks(together)) {
            let encoded: Result<Vec<Vec<u8>>> = blocks
                .par_iter()
                .map(|stored| encode(&*stored.block()?))
                .collect();
            for (block, bytes) in blocks.iter().zip(encoded?) {
                self.write(block, &bytes)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, block: &StoredBlock, bytes: &[u8]) -> Result<()> {
        let file = self.file.as_mut().expect("created before");
        let written = file.bytes() + bytes.len() as u64;
        file.push(block.rows(), block.entries() as u64, bytes)
            .map_err(|e| e.with_space_needed(self.progress.space_needed(written)))
    }

    /// The matrix of blocks that have values of both directions. If the blocks are in memory and
    /// both directions are equal for every pair, one direction is dropped.
    pub fn finish_either(self, words: usize) -> Result<Triangle> {
        match self.file {
            None => {
                let plain = |stored: StoredBlock| match stored {
                    StoredBlock::Plain(block) => Ok(block),
                    _ => stored.block().map(Cow::into_owned),
                };
                let blocks: Result<Vec<RowBlock>> = self.blocks.into_iter().map(plain).collect();
                blocks.map(|blocks| Triangle::in_memory(words, blocks))
            }
            Some(_) => Ok(self.finish(words, false)),
        }
    }

    pub fn finish(self, words: usize, symmetric: bool) -> Triangle {
        let storage = match self.file {
            Some(file) => BlockStorage::Disk(file),
            None => BlockStorage::Memory(self.blocks),
        };
        Triangle::new(words, symmetric, storage, self.totals)
    }
}
