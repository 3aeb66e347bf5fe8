//! Converts [`Tiles`] to plain numbers and back, so that they can be sent to another machine.

use super::grid::TileGrid;
use super::slab::{Slab, SlabRange};
use super::tile::Tile;
use super::tile_store::Tiles;
use crate::error::Result;
use crate::memory::HugeBuffer;
use crate::partition::Partition;
use crate::training::accumulators::Accumulators;
use crate::training::kernel::Record;
use crate::training::negatives::NegativeSampler;
use crate::training::row_layout::RowLayout;
use crate::vocabulary::WordId;
use bytemuck::{Pod, cast_slice, cast_slice_mut};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Tiles as plain numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct SerializedTiles {
    /// The number of groups, the group of the rows, the layout of a row of parameters, and the grid.
    /// Then, for every tile: its two blocks, whether it is mirrored, the position of its first record in `records`,
    /// its numbers of records to train on and of held-out records, and the position of its filter in `filters`.
    pub index: Vec<u64>,
    /// The bytes of the records, tile by tile. The records of a tile and its mirror image are there once.
    pub records: Vec<u8>,
    /// The filters of all tiles, one after the other; empty if no negative pairs are drawn.
    pub filters: Vec<u8>,
    /// The number of negative pairs to draw in an epoch, the sums of all rows, and the sums of all columns. Empty if no
    /// negative pairs are drawn.
    pub negatives: Vec<f64>,
}

/// The number of entries of the index that describe one tile.
const PER_TILE: usize = 7;

impl Tiles {
    /// Copy the tiles into plain numbers.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if records or filters are on disk and cannot be read;
    /// [`crate::Error::Memory`].
    pub fn serialize(&self) -> Result<SerializedTiles> {
        let (grid, partition) = (&self.grid, self.grid.partition);
        let sizes = [
            partition.groups(),
            grid.group,
            self.layout.dim(),
            self.layout.is_rowwise().into(),
            grid.starts.len(),
        ];
        let mut index: Vec<u64> = sizes.into_iter().map(|n| n as u64).collect();
        index.extend(grid.starts.iter().map(|&start| u64::from(start)));
        let (mut records, mut filters) = (Vec::new(), Vec::new());
        let (mut buffer, mut filter_buffer) = (Vec::new(), Vec::new());
        // For each range that was copied to `records`: the number of its first record there. A tile and its mirror
        // image share a range, which is copied once.
        let mut starts = HashMap::new();
        for (number, tile) in self.tiles.iter().enumerate() {
            let SlabRange { slab, range } = &tile.records;
            let start = match starts.entry((*slab, range.start, tile.held_out().end)) {
                Entry::Occupied(start) => *start.get(),
                Entry::Vacant(entry) => {
                    let start = *entry.insert(records.len() / size_of::<Record>());
                    let all = self.read(number, 0..tile.held_out().end, &mut buffer)?;
                    records.extend_from_slice(cast_slice(all));
                    start
                }
            };
            let blocks = [tile.row_block, tile.column_block, tile.mirrored.into()];
            index.extend(blocks.map(u64::from));
            let sizes = [start, tile.records(), tile.held_out, filters.len()];
            filters.extend_from_slice(self.filter(number, &mut filter_buffer)?.bits);
            index.extend(sizes.map(|n| n as u64));
        }
        let negatives = self.negatives.as_ref().map(|negatives| {
            let sums = negatives.sums.iter().flatten().copied();
            std::iter::once(negatives.draws).chain(sums).collect()
        });
        Ok(SerializedTiles {
            index,
            records,
            filters,
            negatives: negatives.unwrap_or_default(),
        })
    }

    /// The tiles that [`Tiles::serialize`] copied.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    ///
    /// # Panics
    /// May panic for numbers that [`Tiles::serialize`] did not return.
    pub fn deserialize(
        index: &[u64],
        records: &[u8],
        filters: &[u8],
        negatives: &[f64],
    ) -> Result<Self> {
        let (sizes, index) = index.split_at(5);
        let (starts, tiles) = index.split_at(sizes[4] as usize);
        let starts: Vec<WordId> = starts.iter().map(|&start| start as WordId).collect();
        let words = starts[starts.len() - 1] as usize;
        let grid = TileGrid {
            starts,
            partition: Partition::new(words, sizes[0] as usize),
            group: sizes[1] as usize,
        };
        let negatives = negatives.split_first().map(|(&draws, sums)| {
            let (rows, columns) = sums.split_at(sums.len() / 2);
            NegativeSampler::new(draws, [rows.to_vec(), columns.to_vec()], &grid)
        });
        let (tiles, _) = tiles.as_chunks::<PER_TILE>();
        let tiles: Vec<Tile> = tiles
            .iter()
            .map(|numbers| {
                let [
                    row_block,
                    column_block,
                    mirrored,
                    start,
                    records,
                    held_out,
                    filter_start,
                ] = numbers.map(|n| n as usize);
                let blocks = [row_block, column_block];
                let draws = negatives.as_ref().map(|n| n.draws_of(blocks));
                Tile {
                    mirrored: mirrored != 0,
                    records: SlabRange {
                        slab: 0,
                        range: start..start + records,
                    },
                    held_out,
                    filter_starts: [filter_start, 0],
                    draws: draws.unwrap_or(0.0),
                    ..Tile::without_records(blocks)
                }
            })
            .collect();
        let sum = |of: fn(&Tile) -> usize| tiles.iter().map(|t| of(t) as u64).sum();
        Ok(Self {
            records: sum(Tile::records),
            held_out: sum(|tile| tile.held_out),
            grid,
            layout: RowLayout::with_accumulators(
                sizes[2] as usize,
                Accumulators::rowwise(sizes[3] != 0),
            ),
            slabs: vec![slab(records)?],
            filters: vec![slab(filters)?],
            negatives,
            tiles,
            file: None,
        })
    }

    /// Bytes of records and filters in memory.
    pub fn bytes(&self) -> u64 {
        let records: usize = self.slabs.iter().map(Slab::bytes).sum();
        (records + self.filters.iter().map(Slab::bytes).sum::<usize>()) as u64
    }
}

impl<T: Pod> Slab<T> {
    fn bytes(&self) -> usize {
        match self {
            Self::Memory(all) => size_of_val::<[T]>(all),
            Self::Disk(_) => 0,
        }
    }
}

fn slab<T: Pod>(bytes: &[u8]) -> Result<Slab<T>> {
    let mut all = HugeBuffer::zeroed(bytes.len() / size_of::<T>())?;
    cast_slice_mut(&mut all).copy_from_slice(bytes);
    Ok(Slab::Memory(all))
}
