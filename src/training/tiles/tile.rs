//! A tile: the records of a pair of blocks of words.

use super::grid::TileGrid;
use super::slab::SlabRange;
use crate::training::kernel::Record;
use crate::training::pair_filter::FilterSize;
use crate::vocabulary::WordId;
use std::ops::Range;

/// A tile: a pair of blocks of words, the ranges of its records and of their filter in the slabs (`slab.rs`), and the
/// mean number of pairs to draw for it in an epoch.
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
    // The positions at which the filters (`pair_filter.rs`) of this tile and of its mirror image begin. They are in the
    // slab of filters that has the same number as the slab of the records.
    pub(super) filter_starts: [usize; 2],
    // The mean number of pairs to draw in an epoch, including those that are left out.
    pub(super) draws: f64,
}

impl Tile {
    /// Number of records to train on.
    pub(in crate::training) fn records(&self) -> usize {
        self.records.range.len()
    }

    /// Number of negative pairs to draw in an epoch, including those that are left out.
    pub(in crate::training) fn draws(&self) -> f64 {
        self.draws
    }

    /// The numbers of the held-out records, for [`Tiles::read`](super::Tiles::read).
    pub(in crate::training) fn held_out(&self) -> Range<usize> {
        self.records()..self.records() + self.held_out
    }

    /// The size of the filter of all records of the tile.
    pub(super) fn filter_size(&self, grid: &TileGrid) -> FilterSize {
        let words = |block: u32| grid.words_of(block as usize).len();
        let all = self.records() + self.held_out;
        FilterSize::new(words(self.row_block), words(self.column_block), all)
    }

    /// Whether the tile has a mirror image with the same records. The counts of words 0 to `symmetric_rows` − 1 with each
    /// other are symmetric.
    pub(super) fn has_mirror(&self, grid: &TileGrid, symmetric_rows: WordId) -> bool {
        let last = grid.start(self.row_block.max(self.column_block) as usize);
        last < symmetric_rows && self.row_block != self.column_block
    }

    /// A tile of these blocks of rows and of columns, without records.
    pub(super) fn without_records([row_block, column_block]: [usize; 2]) -> Self {
        Self {
            row_block: row_block as u32,
            column_block: column_block as u32,
            mirrored: false,
            records: SlabRange::default(),
            held_out: 0,
            filter_starts: [0; 2],
            draws: 0.0,
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
            filter_starts: [self.filter_starts[1], self.filter_starts[0]],
            ..self.clone()
        }
    }
}
