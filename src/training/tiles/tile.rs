//! A tile: the records of a pair of blocks of words.

use super::slab::SlabRange;
use crate::training::kernel::Record;
use std::ops::Range;

/// A tile: a pair of blocks of words, and the ranges of its records and negative pairs in the slabs (`slab.rs`).
#[derive(Debug, Clone)]
pub struct Tile {
    pub(in crate::training) row_block: u32,
    pub(in crate::training) column_block: u32,
    /// Whether the records are stored for the mirror image of this tile. Then `i` of a record is the context
    /// word, and `j` is the word.
    pub(in crate::training) mirrored: bool,
    pub(super) records: SlabRange,
    // Number of held-out records. They follow the records to train on.
    pub(super) held_out: usize,
    pub(super) negatives: SlabRange,
}

impl Tile {
    /// Number of records to train on.
    pub(in crate::training) fn records(&self) -> usize {
        self.records.range.len()
    }

    /// Number of negative pairs.
    pub(in crate::training) fn negatives(&self) -> usize {
        self.negatives.range.len()
    }

    /// The numbers of the held-out records, for [`Tiles::read`](super::Tiles::read).
    pub(in crate::training) fn held_out(&self) -> Range<usize> {
        self.records()..self.records() + self.held_out
    }

    /// A tile of these blocks of rows and of columns, without records.
    pub(super) fn without_records([row_block, column_block]: [usize; 2]) -> Self {
        Self {
            row_block: row_block as u32,
            column_block: column_block as u32,
            mirrored: false,
            records: SlabRange::default(),
            held_out: 0,
            negatives: SlabRange::default(),
        }
    }

    /// The word and the context word of a record of this tile, each as its position in its block.
    pub(in crate::training) fn word_and_context(&self, record: Record) -> [u16; 2] {
        if self.mirrored {
            [record.j, record.i]
        } else {
            [record.i, record.j]
        }
    }

    /// The mirror image: the tile of the transposed records.
    pub(super) fn mirror(&self) -> Self {
        Self {
            row_block: self.column_block,
            column_block: self.row_block,
            mirrored: !self.mirrored,
            ..self.clone()
        }
    }
}
