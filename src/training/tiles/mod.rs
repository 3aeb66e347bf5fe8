//! Tiles: the records grouped by pairs of blocks of words, so that the rows that a tile updates stay in the
//! cache.

mod block_entries;
mod build;
mod filters;
pub(super) mod grid;
mod holdout;
mod logarithm;
mod order;
mod serialize;
mod slab;
mod source;
mod tile;
mod tile_store;

pub use build::{TileOptions, check_enough_records};
pub(crate) use filters::filter_bytes;
pub use grid::TileGrid;
pub use holdout::held_out_fraction;
pub use serialize::SerializedTiles;
pub use source::Counts;
pub(crate) use source::{TileSource, record_bytes};
pub(super) use tile_store::DrawBuffers;
pub use tile_store::Tiles;

#[cfg(test)]
mod tests {
    use super::tile::Tile;
    use super::*;
    use crate::cooccurrence::{ContextColumns, Triangle};
    use crate::memory::MemoryLimit;
    use crate::monitor::Monitor;
    use crate::training::kernel::Record;
    use crate::training::negatives::negative_target;
    use crate::training::optimizer::Optimizer;
    use crate::training::row_layout::RowLayout;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;
    use std::collections::HashSet;
    use std::sync::Arc;

    const WORDS: u32 = 400;

    fn tiles(symmetric: bool, negative: f64, memory: &MemoryLimit, threads: usize) -> Tiles {
        tiles_for(Optimizer::AdaGrad, symmetric, negative, memory, threads)
    }

    /// Tiles of some pairs of words. Frequent words are in more pairs.
    fn tiles_for(
        optimizer: Optimizer,
        symmetric: bool,
        negative: f64,
        memory: &MemoryLimit,
        threads: usize,
    ) -> Tiles {
        let skew = if symmetric { 1 } else { 2 };
        let counts = Triangle::assemble(WORDS as usize, &Monitor::new(), |pair| {
            for i in 0..WORDS {
                for j in (0..=i).step_by(1 + i as usize / 10) {
                    pair(
                        i,
                        j,
                        1e4 / f64::from(i + j + 1),
                        1e4 / f64::from(i + skew * j + 1),
                    );
                }
            }
            Ok(())
        });
        crate::threads::in_pool(threads, || {
            let options = TileOptions {
                layout: RowLayout::new(250, optimizer),
                negative,
                adjacent: false,
                held_out: 0.1,
                seed: 7,
                trained_words: usize::MAX,
            };
            let mut counts = Counts::Owned(counts.unwrap());
            Tiles::new(&mut counts, &options, memory, &Monitor::new()).unwrap()
        })
        .unwrap()
    }

    /// For each tile: its blocks, its records, and some negative pairs.
    type Contents = Vec<(u32, u32, Vec<Record>, Vec<Record>)>;

    fn contents(tiles: &Tiles) -> Contents {
        (0..tiles.tiles.len())
            .map(|k| {
                let tile = &tiles.tiles[k];
                let mut buffer = Vec::new();
                let records = tiles.read(k, 0..tile.held_out().end, &mut buffer).unwrap();
                let mut records = records.to_vec();
                let (mut bits, mut buffers) = (Vec::new(), DrawBuffers::default());
                let filter = tiles.filter(k, &mut bits).unwrap();
                let mut rng = Xoshiro256PlusPlus::seed_from_u64(k as u64);
                let negatives =
                    tiles.draw_negatives(k, tile.draws(), filter, &mut rng, &mut buffers);
                let negatives = negatives.to_vec();
                for record in &mut records {
                    [record.i, record.j] = tile.word_and_context(*record);
                }
                (tile.row_block, tile.column_block, records, negatives)
            })
            .collect()
    }

    #[test]
    fn tiles_depend_neither_on_memory_nor_on_threads() {
        let free = MemoryLimit::default();
        for symmetric in [false, true] {
            let expected = contents(&tiles(symmetric, 0.7, &free, 1));
            for (memory, threads) in [(None, 3), (Some(1000), 1), (Some(1000), 2)] {
                let limit = MemoryLimit::new(memory, None);
                assert_eq!(contents(&tiles(symmetric, 0.7, &limit, threads)), expected);
            }
        }
    }

    #[test]
    fn serialized_tiles_are_restored() {
        for (symmetric, negative, memory) in [
            (false, 0.0, None),
            (true, 0.7, None),
            (false, 0.7, Some(1000)),
            (true, 0.7, Some(1000)),
        ] {
            let tiles = tiles(symmetric, negative, &MemoryLimit::new(memory, None), 1);
            let parts = tiles.serialize().unwrap();
            let SerializedTiles {
                index,
                records,
                filters,
                negatives,
            } = &parts;
            let back = Tiles::deserialize(index, records, filters, negatives).unwrap();
            assert_eq!(contents(&back), contents(&tiles));
            assert_eq!(
                (back.records, back.held_out),
                (tiles.records, tiles.held_out)
            );
            assert_eq!(back.grid(), tiles.grid());
            assert!(back.bytes() > 0);
            assert!(memory.is_some() || back.bytes() <= tiles.bytes());
            assert_eq!(back.serialize().unwrap(), parts);
        }
    }

    #[test]
    fn a_pair_of_a_symmetric_matrix_is_stored_once() {
        let free = MemoryLimit::default();
        let tiles = tiles(true, 1.0, &free, 1);
        let filled: Vec<&Tile> = tiles.tiles.iter().filter(|t| t.records() > 0).collect();
        let position = |tile: &&Tile| (tile.records.slab, tile.records.range.start);
        let stored: HashSet<_> = filled.iter().map(position).collect();
        let diagonal = |tile: &&&Tile| tile.row_block == tile.column_block;
        let on_diagonal = filled.iter().filter(diagonal).count();
        assert_eq!(2 * stored.len(), filled.len() + on_diagonal);
        // The tiles have the word pairs and the X of the triangle, in both directions.
        let mut pairs = HashSet::new();
        for (row_block, column_block, records, negatives) in contents(&tiles) {
            let (rows, columns) = (
                tiles.grid().start(row_block as usize),
                tiles.grid().start(column_block as usize),
            );
            for record in records {
                let (i, j) = (rows + u32::from(record.i), columns + u32::from(record.j));
                let x = 1e4 / f64::from(i + j + 1);
                assert_eq!(record.ln_x, x.ln() as f32);
                assert!(pairs.insert((i, j)));
            }
            assert!(negatives.iter().all(|record| record.ln_x.is_finite()));
        }
        assert_eq!(pairs.len() as u64, tiles.records() + tiles.held_out());
        assert!(pairs.iter().all(|&(i, j)| pairs.contains(&(j, i))));
    }

    #[test]
    fn contexts_of_adjacent_words_have_records_of_their_own() {
        let monitor = Monitor::new();
        let columns = ContextColumns::with_adjacent(WORDS as usize);
        for symmetric in [false, true] {
            let assemble = |factor: f64, skew: u32| {
                Triangle::assemble(WORDS as usize, &monitor, |pair| {
                    for i in 0..WORDS {
                        for j in (0..=i).step_by(1 + i as usize / 10) {
                            let x = factor / f64::from(i + j + 1);
                            pair(i, j, x, factor / f64::from(i + skew * j + 1));
                        }
                    }
                    Ok(())
                })
                .unwrap()
            };
            let x = assemble(1e4, if symmetric { 1 } else { 2 });
            let adjacent = Arc::new(assemble(1e3, 3));
            let mut expected = Vec::new();
            let add = |i, j, x: f64| expected.push((i, j, x.ln() as f32));
            x.for_each_record(add).unwrap();
            adjacent
                .for_each_record(|left, right, count| {
                    let ln_x = (0.2 * count).ln() as f32;
                    expected.push((right, WORDS + left, ln_x));
                    expected.push((left, WORDS + columns.adjacent as u32 + right, ln_x));
                })
                .unwrap();
            expected.sort_by_key(|&(i, j, _)| (i, j));
            for (held_out, memory) in [(0.0, None), (0.3, None), (0.3, Some(1000))] {
                let options = TileOptions {
                    layout: RowLayout::new(250, Optimizer::RowwiseAdaGrad),
                    negative: 0.5,
                    adjacent: true,
                    held_out,
                    seed: 7,
                    trained_words: usize::MAX,
                };
                let counts = assemble(1e4, if symmetric { 1 } else { 2 });
                let mut counts = Counts::Owned(counts.with_adjacent(Some(adjacent.clone())));
                let memory = MemoryLimit::new(memory, None);
                let tiles = Tiles::new(&mut counts, &options, &memory, &monitor).unwrap();
                let (mut found, mut held) = (Vec::new(), HashSet::new());
                for (k, (row_block, column_block, records, _)) in
                    contents(&tiles).into_iter().enumerate()
                {
                    let first =
                        [row_block, column_block].map(|block| tiles.grid().start(block as usize));
                    let trained = tiles.tiles[k].records();
                    for (number, record) in records.into_iter().enumerate() {
                        let (i, j) = (
                            first[0] + u32::from(record.i),
                            first[1] + u32::from(record.j),
                        );
                        found.push((i, j, record.ln_x));
                        if number >= trained {
                            held.insert((i.max(columns.word_of(j)), i.min(columns.word_of(j))));
                        }
                    }
                }
                found.sort_by_key(|&(i, j, _)| (i, j));
                assert!(found == expected);
                assert_eq!(held.is_empty(), held_out == 0.0);
                // A pair is held out with all its contexts, or with none.
                let of_held = expected.iter().filter(|&&(i, j, _)| {
                    held.contains(&(i.max(columns.word_of(j)), i.min(columns.word_of(j))))
                });
                assert_eq!(tiles.held_out(), of_held.count() as u64);
            }
        }
    }

    #[test]
    fn without_negative_pairs_the_records_are_the_same() {
        let free = MemoryLimit::default();
        let records = |negative| {
            let mut all = contents(&tiles(false, negative, &free, 1));
            all.retain(|tile| !tile.2.is_empty());
            all.into_iter().map(|(i, j, records, _)| (i, j, records))
        };
        assert!(records(0.0).eq(records(0.7)));
        assert!(
            contents(&tiles(false, 0.0, &free, 1))
                .iter()
                .all(|t| t.3.is_empty())
        );
    }

    #[test]
    fn negative_pairs_do_not_co_occur_and_follow_the_frequencies() {
        for symmetric in [false, true] {
            for optimizer in [Optimizer::AdaGrad, Optimizer::RowwiseAdaGrad] {
                let limit = MemoryLimit::default();
                check_negative(&tiles_for(optimizer, symmetric, 3.0, &limit, 2));
            }
        }
    }

    fn check_negative(tiles: &Tiles) {
        assert!(tiles.grid().blocks() > 3);
        let mut seen = HashSet::new();
        let mut sums = vec![[0.0f64; 2]; WORDS as usize];
        let mut drawn = Vec::new();
        for (row_block, column_block, records, negatives) in contents(tiles) {
            let (rows, columns) = (
                tiles.grid().start(row_block as usize),
                tiles.grid().start(column_block as usize),
            );
            for record in records {
                let pair = (rows + u32::from(record.i), columns + u32::from(record.j));
                sums[pair.0 as usize][0] += f64::from(record.ln_x).exp();
                sums[pair.1 as usize][1] += f64::from(record.ln_x).exp();
                assert!(seen.insert(pair));
            }
            drawn.extend(negatives.into_iter().map(|record| {
                let pair = (rows + u32::from(record.i), columns + u32::from(record.j));
                (pair, f64::from(record.ln_x))
            }));
        }
        let total: f64 = sums.iter().map(|sums| sums[0]).sum();
        let mut by_word = vec![0; WORDS as usize];
        for ((i, j), target) in drawn {
            assert!(!seen.contains(&(i, j)), "({i}, {j}) co-occurs");
            let expected = sums[i as usize][0] * sums[j as usize][1] / total;
            assert!((target - negative_target(expected)).abs() < 1e-4);
            by_word[i as usize] += 1;
        }
        // Rare words do not co-occur with most contexts, so they get about their fraction of the draws.
        // The most frequent words co-occur with all contexts and get none.
        assert_eq!(by_word[0], 0);
        let weight = |i: usize| sums[i][0].powf(0.75);
        let weights: f64 = (0..WORDS as usize).map(weight).sum();
        let draws = 3.0 * tiles.records() as f64;
        for half in [200..300, 300..400] {
            let fraction: f64 = half.clone().map(weight).sum::<f64>() / weights;
            let found: usize = by_word[half].iter().sum();
            assert!(found as f64 <= draws * fraction * 1.1);
            assert!(found as f64 >= draws * fraction * 0.3);
        }
    }
}
