//! Where the rows of a matrix lie: plain in memory, compressed in memory, or in a temporary file.

use super::codec::{decode_into, encode};
use super::row_file::Run;
use super::rows::RowBlock;
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
pub(crate) enum Store {
    Memory(Vec<Held>),
    Disk(Run),
}

impl Store {
    pub fn of(blocks: Vec<RowBlock>) -> Self {
        Self::Memory(blocks.into_iter().map(Held::Open).collect())
    }
}

/// Rows in memory, as they are or packed.
#[derive(Debug)]
pub(crate) enum Held {
    Open(RowBlock),
    Packed(PackedBlock),
}

/// Packed rows. Many blocks share their memory: between open rows, in the allocator's, it would keep
/// that from going back to the system when they go.
#[derive(Debug, Clone)]
pub(crate) struct PackedBlock {
    pub rows: Range<WordId>,
    pub entries: usize,
    pub bytes: Arc<dyn Bytes>,
    /// Where in `bytes` it lies.
    pub place: Range<usize>,
}

impl PackedBlock {
    /// In memory of its own.
    pub fn of(block: &RowBlock) -> Result<Self> {
        let bytes = encode(block)?;
        Ok(Self {
            rows: block.rows(),
            entries: block.len(),
            place: 0..bytes.len(),
            bytes: Arc::new(bytes),
        })
    }

    /// Its bytes, as [`encode`] makes them.
    pub fn encoded(&self) -> Cow<'_, [u8]> {
        self.bytes.at(self.place.clone())
    }

    /// Unpack it in the memory of another block.
    pub fn unpack_to(&self, block: &mut RowBlock) -> Result<()> {
        let is_block = decode_into(&self.encoded(), block)?;
        assert!(is_block, "encoded here");
        Ok(())
    }
}

/// Memory that packed rows lie in: this program's, or somebody else's.
pub trait Bytes: Any + Debug + Send + Sync {
    /// Number of bytes.
    fn length(&self) -> usize;

    /// Those at a place.
    fn at(&self, place: Range<usize>) -> Cow<'_, [u8]>;
}

impl<B: Deref<Target = [u8]> + Any + Debug + Send + Sync> Bytes for B {
    fn length(&self) -> usize {
        self.len()
    }

    fn at(&self, place: Range<usize>) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self[place])
    }
}

impl Held {
    pub fn rows(&self) -> Range<WordId> {
        match self {
            Self::Open(block) => block.rows(),
            Self::Packed(block) => block.rows.clone(),
        }
    }

    pub fn entries(&self) -> usize {
        match self {
            Self::Open(block) => block.len(),
            Self::Packed(block) => block.entries,
        }
    }

    pub fn bytes(&self) -> u64 {
        match self {
            Self::Open(block) => block.bytes(),
            Self::Packed(block) => block.place.len() as u64,
        }
    }

    pub fn block(&self) -> Result<Cow<'_, RowBlock>> {
        match self {
            Self::Open(block) => Ok(Cow::Borrowed(block)),
            Self::Packed(packed) => {
                let mut block = RowBlock::default();
                packed.unpack_to(&mut block)?;
                Ok(Cow::Owned(block))
            }
        }
    }

    /// Pack all of these together.
    pub fn pack(blocks: &mut [Self]) -> Result<()> {
        let packed: Result<Vec<PackedBlock>> = blocks
            .par_iter()
            .map(|held| PackedBlock::of(&*held.block()?))
            .collect();
        let mut packed = packed?;
        let length = packed.iter().map(|block| block.place.len()).sum();
        let mut bytes = HugeBuffer::zeroed(length)?;
        let mut end = 0;
        for block in &mut packed {
            let place = end..end + block.place.len();
            end = place.end;
            bytes[place.clone()].copy_from_slice(&block.encoded());
            block.place = place;
        }
        let bytes: Arc<dyn Bytes> = Arc::new(bytes);
        for (held, mut block) in blocks.iter_mut().zip(packed) {
            block.bytes = bytes.clone();
            *held = Self::Packed(block);
        }
        Ok(())
    }
}
