//! [`Tiles`] as numbers, to travel from machine to machine.

use super::slab::{Place, Slab};
use super::{Record, Tile, TileGrid, Tiles, Unseen};
use crate::error::Result;
use crate::memory::HugeBuffer;
use crate::partition::Partition;
use crate::training::negatives::Targets;
use crate::vocabulary::WordId;
use bytemuck::{Pod, cast_slice, cast_slice_mut};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Tiles taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct TileParts {
    /// Sizes of all kinds.
    pub index: Vec<u64>,
    /// Records, tile by tile.
    pub records: Vec<u8>,
    /// Unseen pairs, tile by tile.
    pub unseen: Vec<u8>,
    /// What the targets of unseen pairs are made of, if there are any.
    pub targets: Vec<f32>,
}

/// Numbers that a tile has in the index.
const PER_TILE: usize = 7;

impl Tiles {
    /// Take a copy apart.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if they lie on disk and cannot be read.
    pub fn to_parts(&self) -> Result<TileParts> {
        let (grid, partition) = (&self.grid, self.grid.partition);
        let sizes = [
            partition.groups(),
            grid.group,
            self.row_bytes,
            grid.starts.len(),
        ];
        let mut index: Vec<u64> = sizes.into_iter().map(|n| n as u64).collect();
        index.extend(grid.starts.iter().map(|&start| u64::from(start)));
        let (mut records, mut unseen, mut buffer) = (Vec::new(), Vec::new(), Vec::new());
        // Where records are that two tiles share.
        let mut starts = HashMap::new();
        for (number, tile) in self.tiles.iter().enumerate() {
            let Place { slab, range } = &tile.records;
            let start = match starts.entry((*slab, range.start, tile.held_out().end)) {
                Entry::Occupied(start) => *start.get(),
                Entry::Vacant(place) => {
                    let start = *place.insert(records.len() / size_of::<Record>());
                    let all = self.read(number, 0..tile.held_out().end, &mut buffer)?;
                    records.extend_from_slice(cast_slice(all));
                    start
                }
            };
            let blocks = [tile.row_block, tile.column_block, tile.mirrored.into()];
            index.extend(blocks.map(u64::from));
            let sizes = [start, tile.records(), tile.held_out, tile.unseen()];
            index.extend(sizes.map(|n| n as u64));
        }
        let mut targets = Vec::new();
        if let Some(Unseen { slabs, targets: t }) = &self.unseen {
            let mut buffer = Vec::new();
            for Tile { unseen: place, .. } in &self.tiles {
                let slab = &slabs[place.slab];
                let pairs = slab.read(place.range.clone(), self.file.as_ref(), &mut buffer)?;
                unseen.extend_from_slice(cast_slice(pairs));
            }
            targets = t.sides().concat();
        }
        Ok(TileParts {
            index,
            records,
            unseen,
            targets,
        })
    }

    /// Put together what [`Tiles::to_parts`] took apart.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    ///
    /// # Panics
    /// If it did not.
    pub fn from_parts(
        index: &[u64],
        records: &[u8],
        unseen: &[u8],
        targets: &[f32],
    ) -> Result<Self> {
        let (sizes, index) = index.split_at(4);
        let (starts, tiles) = index.split_at(sizes[3] as usize);
        let starts: Vec<WordId> = starts.iter().map(|&start| start as WordId).collect();
        let words = starts[starts.len() - 1] as usize;
        let grid = TileGrid {
            starts,
            partition: Partition::new(words, sizes[0] as usize),
            group: sizes[1] as usize,
        };
        let place = |start: usize, length: usize| Place {
            slab: 0,
            range: start..start + length,
        };
        let mut drawn = 0;
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
                    unseen,
                ] = numbers.map(|n| n as usize);
                drawn += unseen;
                Tile {
                    row_block: row_block as u32,
                    column_block: column_block as u32,
                    mirrored: mirrored != 0,
                    records: place(start, records),
                    held_out,
                    unseen: place(drawn - unseen, unseen),
                }
            })
            .collect();
        let sum = |of: fn(&Tile) -> usize| tiles.iter().map(|t| of(t) as u64).sum();
        let unseen = if targets.is_empty() {
            None
        } else {
            Some(Unseen {
                slabs: vec![slab(unseen)?],
                targets: Targets::from_sides(targets),
            })
        };
        Ok(Self {
            records: sum(Tile::records),
            held_out: sum(|tile| tile.held_out),
            grid,
            row_bytes: sizes[2] as usize,
            slabs: vec![slab(records)?],
            unseen,
            tiles,
            file: None,
        })
    }

    /// Bytes of records and unseen pairs in memory.
    pub fn bytes(&self) -> u64 {
        let unseen = self.unseen.iter().flat_map(|unseen| &unseen.slabs);
        let records: usize = self.slabs.iter().map(Slab::bytes).sum();
        (records + unseen.map(Slab::bytes).sum::<usize>()) as u64
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
