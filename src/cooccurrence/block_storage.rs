//! Where a matrix has its blocks of rows: in memory (plain, packed or compressed), or in a temporary file.
//! `block_layout.rs` defines the layout of a plain block.

use super::block_layout::RowBlock;
use super::packed_block::PackedBlock;
use super::row_codec::{decode_into, encode};
use super::spill_file::SpillFile;
use crate::error::Result;
use crate::memory::HugeBuffer;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::any::Any;
use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::{Deref, Range};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) enum BlockStorage {
    Memory(Vec<StoredBlock>),
    Disk(SpillFile),
}

impl BlockStorage {
    pub fn of(blocks: Vec<RowBlock>) -> Self {
        Self::Memory(blocks.into_iter().map(StoredBlock::Plain).collect())
    }
}

/// A block of rows in memory.
#[derive(Debug)]
pub(crate) enum StoredBlock {
    Plain(RowBlock),
    Packed(PackedBlock),
    Compressed(CompressedBlock),
}

/// A block of compressed rows. [`StoredBlock::compress`] puts many blocks into one allocation: small allocations
/// between plain rows would prevent the allocator from returning the memory of the plain rows to the system.
#[derive(Debug, Clone)]
pub(crate) struct CompressedBlock {
    pub rows: Range<WordId>,
    pub entries: usize,
    pub bytes: Arc<dyn SharedBytes>,
    /// The bytes of this block in `bytes`.
    pub range: Range<usize>,
}

impl CompressedBlock {
    /// Compress a block into an allocation of its own.
    pub fn of(block: &RowBlock) -> Result<Self> {
        let bytes = encode(block)?;
        Ok(Self {
            rows: block.rows(),
            entries: block.len(),
            range: 0..bytes.len(),
            bytes: Arc::new(bytes),
        })
    }

    /// The bytes of the block, as [`encode`] wrote them.
    pub fn encoded(&self) -> Cow<'_, [u8]> {
        self.bytes.get(self.range.clone())
    }

    /// Replace the rows of `block` by the rows of this block. The memory of `block` is used again.
    pub fn decompress_into(&self, block: &mut RowBlock) -> Result<()> {
        let is_block = decode_into(&self.encoded(), block)?;
        assert!(is_block, "bytes of `encode`");
        Ok(())
    }
}

/// Memory that holds compressed rows: a `Vec`, a `HugeBuffer`, or an array of the caller such as NumPy's.
pub trait SharedBytes: Any + Debug + Send + Sync {
    /// Number of bytes.
    fn length(&self) -> usize;

    /// The bytes in `range`.
    fn get(&self, range: Range<usize>) -> Cow<'_, [u8]>;
}

impl<B: Deref<Target = [u8]> + Any + Debug + Send + Sync> SharedBytes for B {
    fn length(&self) -> usize {
        self.len()
    }

    fn get(&self, range: Range<usize>) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self[range])
    }
}

impl StoredBlock {
    /// A copy of a block, packed if [`PackedBlock::of`] can pack it. The arrays of the copy have
    /// exactly the size that they need. The caller fills the same `block` again, so that a thread
    /// does not allocate growing arrays for every block.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn copy_of(block: &RowBlock) -> Result<Self> {
        match PackedBlock::of(block)? {
            Some(packed) => Ok(Self::Packed(packed)),
            None => block.exact_copy().map(Self::Plain),
        }
    }

    pub fn rows(&self) -> Range<WordId> {
        match self {
            Self::Plain(block) => block.rows(),
            Self::Packed(block) => block.rows(),
            Self::Compressed(block) => block.rows.clone(),
        }
    }

    pub fn entries(&self) -> usize {
        match self {
            Self::Plain(block) => block.len(),
            Self::Packed(block) => block.len(),
            Self::Compressed(block) => block.entries,
        }
    }

    pub fn bytes(&self) -> u64 {
        match self {
            Self::Plain(block) => block.bytes(),
            Self::Packed(block) => block.bytes(),
            Self::Compressed(block) => block.range.len() as u64,
        }
    }

    pub fn block(&self) -> Result<Cow<'_, RowBlock>> {
        if let Self::Plain(block) = self {
            return Ok(Cow::Borrowed(block));
        }
        let mut block = RowBlock::default();
        self.read_into(&self.rows(), &mut block)?;
        Ok(Cow::Owned(block))
    }

    /// A plain block with the rows of this block that are in `rows`. The plain block may have other rows of this block
    /// too. If this block is packed or compressed, the plain block is written to `memory`.
    pub fn read_into<'a>(
        &'a self,
        rows: &Range<WordId>,
        memory: &'a mut RowBlock,
    ) -> Result<&'a RowBlock> {
        match self {
            Self::Plain(block) => return Ok(block),
            Self::Packed(packed) => packed.unpack_into(rows, memory)?,
            Self::Compressed(compressed) => compressed.decompress_into(memory)?,
        }
        Ok(memory)
    }

    /// Compress all of these blocks, into one common allocation.
    pub fn compress(blocks: &mut [Self]) -> Result<()> {
        let compressed: Result<Vec<CompressedBlock>> = blocks
            .par_iter()
            .map_init(RowBlock::default, |memory, stored| {
                CompressedBlock::of(stored.read_into(&stored.rows(), memory)?)
            })
            .collect();
        let mut compressed = compressed?;
        let length = compressed.iter().map(|block| block.range.len()).sum();
        let mut bytes = HugeBuffer::zeroed(length)?;
        let mut end = 0;
        for block in &mut compressed {
            let range = end..end + block.range.len();
            end = range.end;
            bytes[range.clone()].copy_from_slice(&block.encoded());
            block.range = range;
        }
        let bytes: Arc<dyn SharedBytes> = Arc::new(bytes);
        for (stored, mut block) in blocks.iter_mut().zip(compressed) {
            block.bytes = bytes.clone();
            *stored = Self::Compressed(block);
        }
        Ok(())
    }
}
