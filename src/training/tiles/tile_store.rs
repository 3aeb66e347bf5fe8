//! The tiles of a matrix, whose records lie in memory or on disk.

use super::grid::TileGrid;
use super::order::RecordOrder;
use super::slab::{Slab, SlabRange};
use super::tile::Tile;
use crate::error::Result;
use crate::memory::TemporaryFile;
use crate::training::kernel::Record;
use crate::training::negatives::{DrawnPairs, NegativeSampler};
use crate::training::pair_filter::{FilterSize, PairFilter};
use crate::training::row_layout::RowLayout;
use bytemuck::Zeroable;
use rand::Rng;
use std::ops::Range;

/// The tiles of a matrix, or of the rows of one group of words. Records and their filters are in memory or,
/// if they exceed their fraction of the memory limit, in a temporary file. Every tile has a record (to train
/// on, or held out) or negative pairs to draw. In a symmetric matrix, a tile and its mirror image share their records.
#[derive(Debug)]
pub struct Tiles {
    pub(in crate::training) grid: TileGrid,
    pub(in crate::training) tiles: Vec<Tile>,
    pub(in crate::training) records: u64,
    pub(in crate::training) held_out: u64,
    pub(crate) layout: RowLayout,
    pub(super) slabs: Vec<Slab<Record>>,
    // The filters of the records of each slab; empty if no negative pairs are drawn.
    pub(super) filters: Vec<Slab<u8>>,
    pub(super) negatives: Option<NegativeSampler>,
    pub(super) file: Option<TemporaryFile>,
}

/// Buffers to draw negative pairs.
#[derive(Default)]
pub(in crate::training) struct DrawBuffers {
    drawn: DrawnPairs,
    ordered: Vec<Record>,
    rest: Vec<Record>,
}

impl Tiles {
    /// Number of records to train on.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Number of records held out of training.
    pub fn held_out(&self) -> u64 {
        self.held_out
    }

    /// The blocks of words.
    pub fn grid(&self) -> &TileGrid {
        &self.grid
    }

    /// The block of columns of a tile.
    pub(crate) fn column_block(&self, tile: usize) -> usize {
        self.tiles[tile].column_block as usize
    }

    /// The numbers of the tiles whose columns are words of `group`.
    pub(in crate::training) fn with_columns(&self, group: usize) -> Vec<usize> {
        let blocks = self.grid.blocks_of(group);
        let within = |&tile: &usize| blocks.contains(&(self.tiles[tile].column_block as usize));
        (0..self.tiles.len()).filter(within).collect()
    }

    /// The first word and the first context word of a tile. The positions in the records of the tile are
    /// relative to these two.
    pub(in crate::training) fn first_rows(&self, tile: usize) -> [usize; 2] {
        let start = |block: u32| self.grid.start(block as usize) as usize;
        let tile = &self.tiles[tile];
        [start(tile.row_block), start(tile.column_block)]
    }

    /// The records of a tile whose numbers in the tile are in `records`. The held-out records have the last
    /// numbers. Records on disk are read into `buffer`.
    pub(in crate::training) fn read<'a>(
        &'a self,
        tile: usize,
        records: Range<usize>,
        buffer: &'a mut Vec<Record>,
    ) -> Result<&'a [Record]> {
        let SlabRange { slab, range } = &self.tiles[tile].records;
        let records = range.start + records.start..range.start + records.end;
        self.slabs[*slab].read(records, self.file.as_ref(), buffer)
    }

    /// The filter of a tile. A filter on disk is read into `buffer`.
    pub(in crate::training) fn filter<'a>(
        &'a self,
        tile: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<PairFilter<'a>> {
        let tile = &self.tiles[tile];
        let size = match self.negatives {
            Some(_) => tile.filter_size(&self.grid),
            None => FilterSize::default(),
        };
        let start = tile.filter_starts[0];
        let bits = self.filters[tile.records.slab].read(
            start..start + size.bytes(),
            self.file.as_ref(),
            buffer,
        )?;
        Ok(PairFilter { size, bits })
    }

    /// Draw `draws` pairs of a tile, on average, and return those that are not in `filter`, as records whose ln X is the
    /// target.
    pub(in crate::training) fn draw_negatives<'a>(
        &self,
        tile: usize,
        draws: f64,
        filter: PairFilter<'_>,
        rng: &mut impl Rng,
        buffers: &'a mut DrawBuffers,
    ) -> &'a [Record] {
        let Some(negatives) = self.negatives.as_ref().filter(|_| draws > 0.0) else {
            return &[];
        };
        let tile = &self.tiles[tile];
        let [row_block, column_block] = [tile.row_block, tile.column_block].map(|n| n as usize);
        let DrawBuffers {
            drawn,
            ordered,
            rest,
        } = buffers;
        negatives.draw(
            &self.grid,
            [row_block, column_block],
            draws,
            filter,
            rng,
            drawn,
        );
        ordered.resize(drawn.len(), Record::zeroed());
        let rows = self.grid.words_of(row_block).len();
        RecordOrder::new(rows, self.layout).take_turns(drawn.by_word(), ordered, rest);
        ordered
    }
}
