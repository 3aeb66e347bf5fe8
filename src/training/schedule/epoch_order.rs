//! The order of the records in an epoch: which batches there are, and when each is trained.

use super::tile_batch::TileBatch;
use crate::training::kernel::RECORDS_AT_ONCE;
use crate::training::tiles::Tiles;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::ops::Range;

/// A batch has at most about this many records and draws of negative pairs together for each row of the two blocks of
/// its tile. This number is large enough that a row in the cache is used several times. It is small
/// enough that no row is trained for long with the words of one block only: the row would adapt to
/// that block, and the loss measured meanwhile would be too small.
const RECORDS_PER_ROW: usize = 256;

/// The value of `RECORDS_PER_ROW` for the first epoch, when steps are longest and rows adapt
/// fastest. With these two values, the loss of every epoch on enwiki-17m is 0.7 to 1.4 % below that
/// of Stanford's tool, which trains in random order (benches/EXPERIMENTS.md, "Length of a batch").
const RECORDS_PER_ROW_AT_FIRST: usize = 4;

/// If the rows of all tiles fit into the cache together, each tile has at least this many batches in an epoch,
/// because going on to another tile then costs nothing. A tile with fewer records and draws of negative
/// pairs than this has a batch for each of them. With this many batches, the loss is about that of a random order of all
/// records.
const CACHED_BATCHES: usize = 16;

/// Number of records in a span: consecutive records of a tile that keep their order in every epoch. Each epoch draws a
/// new order of the spans. The new order makes the loss 0.2 % smaller, as much as a new order of all records does
/// (benches/EXPERIMENTS.md, "Reshuffling in every epoch"). A batch can begin or end inside a span.
const SPAN: usize = 1 << 13;

/// Bytes of rows that fit into the cache: the size of a typical second-level cache.
const CACHE_BYTES: usize = 1 << 20;

/// The batches of one epoch, in order of their times. The times of the batches of a tile are at equal distances,
/// and the first of them is random. So the batches of any interval of the epoch are a fair sample of all records.
pub fn batches(tiles: &Tiles, seed: u64, epoch: usize) -> Vec<TileBatch> {
    let (epoch_bits, group) = (epoch as u64, tiles.grid.group() as u64);
    let seed = seed ^ epoch_bits.rotate_left(48) ^ group.rotate_left(24);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut negatives = Xoshiro256PlusPlus::seed_from_u64(!seed);
    let all_cached = 2 * tiles.grid.words() * tiles.layout.bytes() <= CACHE_BYTES;
    let least = if all_cached { CACHED_BATCHES } else { 1 };
    let per_row = if epoch == 1 {
        RECORDS_PER_ROW_AT_FIRST
    } else {
        RECORDS_PER_ROW
    };
    let mut timed = Vec::new();
    for (number, tile) in tiles.tiles.iter().enumerate() {
        let words = |block: u32| tiles.grid.words_of(block as usize).len();
        let rows = words(tile.row_block) + words(tile.column_block);
        let pairs = tile.records() + tile.draws().ceil() as usize;
        let batches = pairs.div_ceil(rows * per_row).max(least).min(pairs);
        let phase: f64 = rng.random();
        let mut order: Vec<usize> = (0..tile.records() / SPAN).collect();
        order.shuffle(&mut rng);
        for batch in 0..batches {
            let records = batch_range(tile.records(), batch, batches);
            timed.push(TileBatch {
                tile: number,
                records: spans(&order, records),
                draws: tile.draws() / batches as f64,
                seed: negatives.random(),
                time: (batch as f64 + phase) / batches as f64,
            });
        }
    }
    timed.sort_by(|a, b| a.time.total_cmp(&b.time));
    timed
}

/// The positions of batch `number`, from 0, of the records of a tile. A tile has `all` records, divided into `batches`
/// batches of about the same size. Batches begin at multiples of four, so that four records that are updated at once
/// stay together.
fn batch_range(all: usize, number: usize, batches: usize) -> Range<usize> {
    let bound = |number: usize| match all * number / batches {
        end if number == batches => end,
        bound => bound / RECORDS_AT_ONCE * RECORDS_AT_ONCE,
    };
    bound(number)..bound(number + 1)
}

/// Translate positions in an epoch's order of the records of a tile into ranges of stored records.
/// `order` is the epoch's order of the spans of the tile. A shorter last span stays last. Returns
/// at least one range, which may be empty.
fn spans(order: &[usize], records: Range<usize>) -> Vec<Range<usize>> {
    if records.is_empty() {
        return std::iter::once(0..0).collect();
    }
    (records.start / SPAN..records.end.div_ceil(SPAN))
        .map(|span| {
            let first = span * SPAN;
            let within = records.start.max(first) - first..records.end.min(first + SPAN) - first;
            let found = SPAN * order.get(span).unwrap_or(&span);
            found + within.start..found + within.end
        })
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cooccurrence::Triangle;
    use crate::training::{Counts, Optimizer, RowLayout, TileOptions};
    use crate::{MemoryLimit, Monitor};

    pub fn tiles(memory: &MemoryLimit) -> Tiles {
        tiles_for(Optimizer::AdaGrad, memory)
    }

    fn tiles_for(optimizer: Optimizer, memory: &MemoryLimit) -> Tiles {
        let words = 300u32;
        let counts = Triangle::assemble(words as usize, &Monitor::new(), |pair| {
            for i in 0..words {
                for j in (0..=i).step_by(1 + i as usize / 10) {
                    pair(i, j, f64::from(i + j + 1), f64::from(j + 1));
                }
            }
            Ok(())
        });
        let options = TileOptions {
            layout: RowLayout::new(50, optimizer),
            negative: 0.5,
            adjacent: false,
            held_out: 0.0,
            seed: 7,
            trained_words: usize::MAX,
        };
        let mut counts = Counts::Owned(counts.unwrap());
        Tiles::new(&mut counts, &options, memory, &Monitor::new()).unwrap()
    }

    #[test]
    fn an_epoch_has_every_record_once_and_all_draws() {
        for (optimizer, epoch) in [
            (Optimizer::AdaGrad, 1),
            (Optimizer::AdaGrad, 2),
            (Optimizer::RowwiseAdaGrad, 1),
            (Optimizer::RowwiseAdaGrad, 2),
        ] {
            let tiles = tiles_for(optimizer, &MemoryLimit::default());
            let mut draws = 0.0;
            let mut seen: Vec<Vec<bool>> = tiles
                .tiles
                .iter()
                .map(|tile| vec![false; tile.records()])
                .collect();
            for batch in batches(&tiles, 3, epoch) {
                draws += batch.draws;
                for k in batch.records.into_iter().flatten() {
                    assert!(!std::mem::replace(&mut seen[batch.tile][k], true));
                }
            }
            assert!(seen.iter().flatten().all(|&seen| seen));
            let expected = 0.5 * tiles.records() as f64;
            assert!((draws / expected - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn batches_begin_at_whole_fours() {
        for optimizer in [Optimizer::AdaGrad, Optimizer::RowwiseAdaGrad] {
            let tiles = tiles_for(optimizer, &MemoryLimit::default());
            for batch in batches(&tiles, 3, 2) {
                for span in batch.records {
                    assert_eq!(span.start % RECORDS_AT_ONCE, 0);
                }
            }
        }
    }

    #[test]
    fn spans_come_in_the_order_of_the_epoch() {
        let found = spans(&[2, 0, 1], SPAN - 10..3 * SPAN + 5);
        assert_eq!(
            found,
            [
                3 * SPAN - 10..3 * SPAN,
                0..SPAN,
                SPAN..2 * SPAN,
                3 * SPAN..3 * SPAN + 5
            ]
        );
        let nothing = spans(&[], 3..3);
        assert_eq!((nothing.len(), nothing[0].len()), (1, 0));
        let within = spans(&[1, 0], 5..7);
        assert_eq!((within.len(), &within[0]), (1, &(SPAN + 5..SPAN + 7)));
    }

    #[test]
    fn the_order_changes_with_the_epoch_and_the_seed_only() {
        let tiles = tiles(&MemoryLimit::default());
        assert_eq!(batches(&tiles, 3, 2), batches(&tiles, 3, 2));
        assert_ne!(batches(&tiles, 3, 2), batches(&tiles, 3, 3));
        assert_ne!(batches(&tiles, 3, 2), batches(&tiles, 4, 2));
    }
}
