//! Adds negative pairs to tiles whose records are complete.

use super::order::{RecordOrder, Scratch};
use super::slab::{Slab, SlabRange};
use super::tile::Tile;
use super::tile_store::{Negatives, Tiles};
use crate::error::Result;
use crate::memory::HugeBuffer;
use crate::monitor::Monitor;
use crate::training::kernel::Record;
use crate::training::negatives::{NegativePair, NegativeSampler, NegativeTargets};
use rayon::prelude::*;
use std::ops::Range;

/// The buffers with which one thread draws pairs.
#[derive(Default)]
struct DrawBuffers {
    // Room for all pairs that are drawn for a block of rows. About half of them remain.
    pairs: Option<HugeBuffer<NegativePair>>,
    // Scratch of `NegativeSampler::draw`.
    taken: Vec<u64>,
    // The records of a tile, if they are on disk.
    records: Vec<Record>,
    scratch: Scratch<NegativePair>,
}

impl Tiles {
    /// Draw the negative pairs of the tiles whose block of rows is in `rows`. If pairs go to disk, they are drawn for
    /// `wave` blocks of rows at a time. A tile and its mirror image get different pairs: if half as many pairs are
    /// drawn and both tiles use them, the accuracy in analogies is three percentage points lower
    /// (benches/EXPERIMENTS.md, "Mirrored tiles").
    pub(super) fn add_negatives(
        &mut self,
        rows: Range<usize>,
        sampler: &NegativeSampler,
        targets: NegativeTargets,
        wave: usize,
        monitor: &Monitor,
    ) -> Result<()> {
        // If all slabs stay in memory, building them in waves saves no memory.
        let wave = if self.file.is_none() {
            rows.len().max(1)
        } else {
            wave
        };
        let (mut tiles, mut slabs) = (Vec::new(), Vec::new());
        for first in rows.clone().step_by(wave) {
            let row_blocks = first..rows.end.min(first + wave);
            let drawn: Vec<Result<(Vec<Tile>, Slab<NegativePair>)>> = row_blocks
                .into_par_iter()
                .map_init(DrawBuffers::default, |buffers, row_block| {
                    self.draw_row(sampler, row_block, buffers, monitor)
                })
                .collect();
            for drawn in drawn {
                let (mut more, slab) = drawn?;
                for tile in &mut more {
                    tile.negatives.slab = slabs.len();
                }
                tiles.append(&mut more);
                slabs.push(slab);
            }
        }
        self.tiles = tiles;
        self.negatives = Some(Negatives { slabs, targets });
        Ok(())
    }

    /// Draw the negative pairs of the tiles of one block of rows. Returns these tiles; some of them have no
    /// records.
    fn draw_row(
        &self,
        sampler: &NegativeSampler,
        row_block: usize,
        buffers: &mut DrawBuffers,
        monitor: &Monitor,
    ) -> Result<(Vec<Tile>, Slab<NegativePair>)> {
        let blocks = 0..self.grid.blocks();
        let max_draws = |column_block| sampler.max_draws(&self.grid, row_block, column_block);
        let most = blocks.clone().map(max_draws).sum();
        let DrawBuffers {
            pairs,
            taken,
            records,
            scratch,
        } = buffers;
        let pairs = match pairs {
            Some(pairs) if pairs.len() >= most => pairs,
            pairs => pairs.insert(HugeBuffer::zeroed(most)?),
        };
        let (mut tiles, mut end) = (Vec::new(), 0);
        for column_block in blocks {
            monitor.check()?;
            let at = [row_block, column_block];
            let number = self
                .tiles
                .binary_search_by_key(&at, |t| [t.row_block as usize, t.column_block as usize]);
            let (tile, seen) = match number {
                Ok(number) => {
                    let tile = self.tiles[number].clone();
                    // Held-out pairs co-occur too, so they must not become negative pairs.
                    let all = 0..tile.held_out().end;
                    (tile, self.read(number, all, records)?)
                }
                Err(_) => (Tile::without_records(at), &[][..]),
            };
            let seen = seen.iter().map(|record| tile.word_and_context(*record));
            let any_seen = seen.len() > 0;
            let length = sampler.draw(&self.grid, at, seen, taken, &mut pairs[end..]);
            if self.layout.is_rowwise() {
                let rows = self.grid.words_of(row_block).len();
                RecordOrder::new(rows, self.layout).arrange(&mut pairs[end..end + length], scratch);
            }
            if !any_seen && length == 0 {
                continue;
            }
            let range = end..end + length;
            tiles.push(Tile {
                negatives: SlabRange { slab: 0, range },
                ..tile
            });
            end += length;
        }
        Ok((tiles, Slab::copy_of(&pairs[..end], self.file.as_ref())?))
    }
}
