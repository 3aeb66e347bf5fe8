//! Which thread trains which records when.

mod hogwild;
mod ordered;

pub use hogwild::Hogwild;
pub use ordered::Ordered;

use super::tiles::Tiles;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::ops::Range;

/// A visit to a tile: some of its records and of its unseen pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// Number of the tile.
    pub tile: usize,
    /// Which of its records, in this order.
    pub records: Vec<Range<usize>>,
    /// Which of its unseen pairs.
    pub unseen: Range<usize>,
    /// When it is, as a part of the epoch: in [0, 1).
    pub time: f64,
}

/// Records of a visit for every row that the tile's two blocks hold: enough that a row fetched into
/// cache is used several times, few enough that no row sees one block of contexts for long. While it
/// does it adapts to that block alone, and the loss measured on the way is too good.
const RECORDS_PER_ROW: usize = 256;
/// The same in the first epoch, when steps are longest and rows adapt fastest: with this, the loss
/// of every epoch is within 1.5 % of that of a random order (benches/RESULTS.md, "Order").
const RECORDS_PER_ROW_AT_FIRST: usize = 4;
/// Visits to every tile in an epoch where the rows of all tiles fit into cache together, so that
/// visiting costs nothing: as good as a random order of all records.
const CHEAP_VISITS: usize = 16;
/// Records of a tile that follow each other in every epoch. The order of such pieces changes: against
/// one order for all epochs that gains 0.2 % of loss and half a point of analogies, and as much as
/// another order of all records does (benches/RESULTS.md, "Order").
const PIECE: usize = 1 << 13;
/// What counts as fitting: both sides' rows in a typical L2 cache.
const CHEAP_BYTES: usize = 1 << 20;

/// The visits of one epoch, in order. Each tile is visited in proportion to its records, at even
/// intervals from a random beginning, so that any stretch of the epoch is a fair sample of the whole.
pub fn visits(tiles: &Tiles, seed: u64, epoch: usize) -> Vec<Visit> {
    let (epoch_bits, group) = (epoch as u64, tiles.grid.group() as u64);
    let seed = seed ^ epoch_bits.rotate_left(48) ^ group.rotate_left(24);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let cheap = 2 * tiles.grid.words() * tiles.row_bytes <= CHEAP_BYTES;
    let least = if cheap { CHEAP_VISITS } else { 1 };
    let per_row = if epoch == 1 {
        RECORDS_PER_ROW_AT_FIRST
    } else {
        RECORDS_PER_ROW
    };
    let mut timed = Vec::new();
    for (number, tile) in tiles.tiles.iter().enumerate() {
        let words = |block: u32| tiles.grid.words_of(block as usize).len();
        let rows = words(tile.row_block) + words(tile.column_block);
        let items = tile.records() + tile.unseen();
        let visits = items.div_ceil(rows * per_row).max(least).min(items);
        let phase: f64 = rng.random();
        let mut order: Vec<usize> = (0..tile.records() / PIECE).collect();
        order.shuffle(&mut rng);
        for visit in 0..visits {
            let part = |all: usize| all * visit / visits..all * (visit + 1) / visits;
            timed.push(Visit {
                tile: number,
                records: pieces(&order, part(tile.records())),
                unseen: part(tile.unseen()),
                time: (visit as f64 + phase) / visits as f64,
            });
        }
    }
    timed.sort_by(|a, b| a.time.total_cmp(&b.time));
    timed
}

/// Where to find some records of a tile whose pieces are in this order, but for a shorter last one.
/// At least one range, which may be empty.
fn pieces(order: &[usize], records: Range<usize>) -> Vec<Range<usize>> {
    if records.is_empty() {
        return std::iter::once(0..0).collect();
    }
    (records.start / PIECE..records.end.div_ceil(PIECE))
        .map(|piece| {
            let first = piece * PIECE;
            let within = records.start.max(first) - first..records.end.min(first + PIECE) - first;
            let found = PIECE * order.get(piece).unwrap_or(&piece);
            found + within.start..found + within.end
        })
        .collect()
}

/// Hands out the visits of one epoch, each once, to any number of threads.
pub trait Schedule: Sync {
    /// Number of a visit to make, or `None` when the epoch has no more for this thread.
    fn claim(&self) -> Option<usize>;
    /// The visit claimed before is done.
    fn finish(&self, visit: usize);
    /// No more visits for anyone.
    fn abort(&self);
}

/// Blocks of rows and of columns of each visit.
fn blocks_of(tiles: &Tiles, visits: &[Visit]) -> Vec<[u32; 2]> {
    let tile = |visit: &Visit| &tiles.tiles[visit.tile];
    visits
        .iter()
        .map(|visit| [tile(visit).row_block, tile(visit).column_block])
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cooccurrence::Triangle;
    use crate::training::{Counts, Parameters, TileOptions};
    use crate::{MemoryLimit, Monitor};

    pub fn tiles(memory: &MemoryLimit) -> Tiles {
        let words = 300u32;
        let counts = Triangle::assemble(words as usize, |pair| {
            for i in 0..words {
                for j in (0..=i).step_by(1 + i as usize / 10) {
                    pair(i, j, f64::from(i + j + 1), f64::from(j + 1));
                }
            }
            Ok(())
        });
        let options = TileOptions {
            row_bytes: Parameters::row_bytes(50),
            negative: 0.5,
            held_out: 0.0,
            seed: 7,
        };
        let mut counts = Counts::Owned(counts.unwrap());
        Tiles::new(&mut counts, &options, memory, &Monitor::new()).unwrap()
    }

    #[test]
    fn an_epoch_visits_every_record_and_unseen_pair_once() {
        let tiles = tiles(&MemoryLimit::default());
        assert!(tiles.tiles.iter().any(|tile| tile.unseen() > 0));
        for epoch in [1, 2] {
            let mut seen: Vec<[Vec<bool>; 2]> = tiles
                .tiles
                .iter()
                .map(|t| [t.records(), t.unseen()].map(|n| vec![false; n]))
                .collect();
            for visit in visits(&tiles, 3, epoch) {
                let records = visit.records.into_iter().flatten();
                for (kind, item) in records.map(|k| (0, k)).chain(visit.unseen.map(|k| (1, k))) {
                    let seen = &mut seen[visit.tile][kind][item];
                    assert!(!std::mem::replace(seen, true));
                }
            }
            assert!(seen.iter().flatten().flatten().all(|&seen| seen));
        }
    }

    #[test]
    fn pieces_come_in_their_order() {
        let found = pieces(&[2, 0, 1], PIECE - 10..3 * PIECE + 5);
        assert_eq!(
            found,
            [
                3 * PIECE - 10..3 * PIECE,
                0..PIECE,
                PIECE..2 * PIECE,
                3 * PIECE..3 * PIECE + 5
            ]
        );
        let nothing = pieces(&[], 3..3);
        assert_eq!((nothing.len(), nothing[0].len()), (1, 0));
        let within = pieces(&[1, 0], 5..7);
        assert_eq!((within.len(), &within[0]), (1, &(PIECE + 5..PIECE + 7)));
    }

    #[test]
    fn the_order_changes_with_the_epoch_and_the_seed_only() {
        let tiles = tiles(&MemoryLimit::default());
        assert_eq!(visits(&tiles, 3, 2), visits(&tiles, 3, 2));
        assert_ne!(visits(&tiles, 3, 2), visits(&tiles, 3, 3));
        assert_ne!(visits(&tiles, 3, 2), visits(&tiles, 4, 2));
    }
}
