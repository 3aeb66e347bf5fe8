//! A batch of the records of a tile.

use crate::training::tiles::Tiles;
use std::ops::Range;

/// A batch: some records and negative pairs of one tile. One thread trains a batch without a pause, and draws its negative
/// pairs while it trains it.
#[derive(Debug, Clone, PartialEq)]
pub struct TileBatch {
    /// Number of the tile.
    pub tile: usize,
    /// The ranges of the batch's records in the tile, in the order in which they are trained.
    pub records: Vec<Range<usize>>,
    /// Number of negative pairs to draw, on average, including those that are left out because they co-occur.
    pub draws: f64,
    /// The seed of the negative pairs.
    pub seed: u64,
    /// When the batch is trained, as a fraction of the epoch in [0, 1).
    pub time: f64,
}

/// The block of rows and the block of columns of each batch.
pub(super) fn blocks_of(tiles: &Tiles, batches: &[TileBatch]) -> Vec<[u32; 2]> {
    let tile = |batch: &TileBatch| &tiles.tiles[batch.tile];
    batches
        .iter()
        .map(|batch| [tile(batch).row_block, tile(batch).column_block])
        .collect()
}
