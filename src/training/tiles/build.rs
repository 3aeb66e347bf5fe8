//! Builds tiles: sorts records into pairs of blocks of words, shuffles them, and adds negative pairs.

use super::fill::fill;
use super::grid::{MIN_BLOCKS, TileGrid};
use super::holdout::Holdout;
use super::order::{Order, Scratch};
use super::slab::{Slab, SlabRange};
use super::source::{Counts, TileSource};
use super::{Negatives, Tile, Tiles};
use crate::error::{Error, Result};
use crate::memory::{HugeBuffer, MemoryLimit, TemporaryFile};
use crate::monitor::{Monitor, Stage};
use crate::partition::Partition;
use crate::training::kernel::Record;
use crate::training::layout::RowLayout;
use crate::training::marginals::{Marginal, marginals};
use crate::training::negatives::{NegativeSampler, Pair, Targets};
use crate::training::options::TrainingOptions;
use rayon::prelude::*;
use std::ops::Range;

/// How to build tiles.
#[derive(Debug, Clone, Copy)]
pub struct TileOptions {
    /// The layout of the rows of parameters.
    pub layout: RowLayout,
    /// Negative pairs to draw for each record.
    pub negative: f64,
    /// The fraction of the word pairs to hold out of training.
    pub held_out: f64,
    /// Seed of the order inside the tiles, of the held-out pairs and of the negative pairs.
    pub seed: u64,
    /// Only tiles whose blocks of rows have a word below this number are kept. The other words have
    /// records as context words only.
    pub trained_words: usize,
}

impl TileOptions {
    /// Options for training vectors of `dim` components, with no pair held out.
    pub fn new(dim: usize, training: &TrainingOptions) -> Self {
        Self {
            layout: RowLayout::new(dim, training.optimizer),
            negative: training.negative,
            held_out: 0.0,
            seed: training.seed,
            trained_words: usize::MAX,
        }
    }
}

/// Approximate bytes of the training records of a matrix. In a symmetric matrix a tile and its
/// mirror image share their records. The tiles on the diagonal have no mirror image; this function
/// counts only half of their records.
pub(crate) fn record_bytes(nnz: u64, symmetric: bool) -> u64 {
    let shared = if symmetric { 2 } else { 1 };
    nnz * size_of::<Record>() as u64 / shared
}

/// Bytes of `draws` negative pairs.
pub(crate) fn negative_bytes(draws: f64) -> u64 {
    draws as u64 * size_of::<Pair>() as u64
}

/// Number of blocks of rows for each thread that are built before the memory of their counts is
/// freed. It is large enough that no thread waits long for another.
const WAVE: usize = 4;

impl Tiles {
    /// Build the tiles of `counts` and draw their negative pairs, on all threads of the current rayon
    /// pool. The result depends neither on the number of threads nor on the memory limit.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `held_out` is above 0, but no record is held out or no record remains;
    /// [`Error::Io`] for temporary files; [`Error::Memory`]; [`Error::Cancelled`].
    pub fn new(
        counts: &mut Counts<'_>,
        options: &TileOptions,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        monitor.begin(Stage::Preparing, counts.get().pairs());
        let whole = Partition::new(counts.get().words, 1);
        let marginals = marginals(counts.get(), whole, 0)?;
        let held_out = options.held_out;
        let tiles = Self::of_group(counts, &marginals, whole, 0, options, memory, monitor)?;
        if held_out > 0.0 {
            check_enough_records(Some(held_out), tiles.records, tiles.held_out)?;
        }
        Ok(tiles)
    }

    /// Build the tiles of the records whose rows are the words of `group`. Words are numbered as
    /// `partition` numbers them, `marginals` are those of the whole matrix, and `source` holds all
    /// pairs with a word of the group.
    ///
    /// # Errors
    /// As for [`Tiles::new`], without [`Error::Parameter`]: the caller checks the number of records
    /// of all groups.
    pub(crate) fn of_group(
        source: &mut impl TileSource,
        marginals: &[Marginal],
        partition: Partition,
        group: usize,
        options: &TileOptions,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        let TileOptions {
            layout,
            negative,
            held_out: fraction,
            seed,
            trained_words,
        } = *options;
        let records_per_word = marginals.iter().map(|marginal| marginal.records);
        // Every record is counted twice: in the marginal of its row and in that of its column.
        let all_records = records_per_word.clone().sum::<u64>() / 2;
        let grid = TileGrid::new(records_per_word, layout.bytes(), partition, group);
        let holdout = Holdout::new(fraction, seed, partition);
        let draws = all_records as f64 * negative;
        let (symmetric, nnz) = (source.is_symmetric(), source.nnz());
        let negative_bytes = negative_bytes(draws / partition.groups() as f64);
        let bytes = record_bytes(nnz, symmetric) + negative_bytes;
        let mut wave = WAVE * rayon::current_num_threads();
        let file = if bytes > memory.record_bytes() {
            // A slab holds at most about 2/MIN_BLOCKS of all records. The slabs that are built at
            // the same time must fit into the memory limit.
            let slab = 2 * bytes / MIN_BLOCKS;
            wave = ((memory.record_bytes() / slab.max(1)) as usize).clamp(1, wave);
            Some(TemporaryFile::create(&memory.folder)?)
        } else {
            None
        };
        // A pair of words i ≥ j, in blocks I and J, belongs to tiles (I, J) and (J, I). So no two blocks of
        // rows of the triangle have pairs of the same tile. The blocks are taken from the last to the first,
        // a few at a time, so that counts are freed while tiles are built.
        let mut tiles = Vec::new();
        let mut slabs = Vec::new();
        let mut blocks: Vec<usize> = (0..grid.blocks()).rev().collect();
        while !blocks.is_empty() {
            let rest = blocks.split_off(wave.min(blocks.len()));
            let filled: Vec<Result<(Vec<Tile>, Slab<Record>)>> = blocks
                .par_iter()
                .map(|&block| {
                    let rows = source.rows(grid.start(block)..grid.start(block + 1))?;
                    let (tiles, records) =
                        fill(&*rows, &grid, block, layout, seed, holdout, monitor)?;
                    let length = records.len();
                    let slab = Slab::new(records, length, file.as_ref())
                        .map_err(|e| e.with_space_needed(bytes as f64))?;
                    Ok((tiles, slab))
                })
                .collect();
            for filled in filled {
                let (mut more, slab) = filled?;
                for tile in &mut more {
                    tile.records.slab = slabs.len();
                }
                tiles.append(&mut more);
                slabs.push(slab);
            }
            if let Some(&last) = blocks.last() {
                source.done_from(grid.start(last))?;
            }
            blocks = rest;
        }
        if symmetric {
            let off_diagonal = |tile: &&Tile| tile.row_block != tile.column_block;
            let mirrored = tiles.iter().filter(off_diagonal).map(Tile::mirror);
            let mirrored: Vec<Tile> = mirrored.collect();
            tiles.extend(mirrored);
        }
        let rows = grid.blocks_with(group, trained_words);
        tiles.retain(|tile| rows.contains(&(tile.row_block as usize)));
        tiles.sort_unstable_by_key(|t| (t.row_block, t.column_block));
        let sum = |of: fn(&Tile) -> usize| tiles.iter().map(|t| of(t) as u64).sum();
        let (records, held_out) = (sum(Tile::records), sum(|t| t.held_out));
        let mut all = Self {
            grid,
            tiles,
            records,
            held_out,
            layout,
            slabs,
            negatives: None,
            file,
        };
        if negative > 0.0 {
            let sampler = NegativeSampler::new(marginals, &all.grid, draws, seed);
            all.add_negatives(rows, &sampler, Targets::new(marginals), wave, monitor)
                .map_err(|e| e.with_space_needed(negative_bytes as f64))?;
        }
        Ok(all)
    }

    /// Draw the negative pairs of the tiles in `rows`, some rows of tiles at a time. A tile and its mirror image get
    /// different pairs: drawing half as many and using them in both directions makes the accuracy in
    /// analogies three percentage points lower (benches/EXPERIMENTS.md, "Mirrored tiles").
    fn add_negatives(
        &mut self,
        rows: Range<usize>,
        sampler: &NegativeSampler,
        targets: Targets,
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
            let drawn: Vec<Result<(Vec<Tile>, Slab<Pair>)>> = (first..rows.end.min(first + wave))
                .into_par_iter()
                .map(|row_block| self.draw_row(sampler, row_block, monitor))
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
        monitor: &Monitor,
    ) -> Result<(Vec<Tile>, Slab<Pair>)> {
        let blocks = 0..self.grid.blocks();
        let max_draws = |column_block| sampler.max_draws(&self.grid, row_block, column_block);
        let mut pairs = HugeBuffer::<Pair>::zeroed(blocks.clone().map(max_draws).sum())?;
        let (mut taken, mut buffer) = (Vec::new(), Vec::new());
        let mut scratch = Scratch::default();
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
                    // Held-out pairs co-occur, so they are no negative pairs either.
                    let all = 0..tile.held_out().end;
                    (tile, self.read(number, all, &mut buffer)?)
                }
                Err(_) => (Tile::without_records(at), &[][..]),
            };
            let seen = seen.iter().map(|record| tile.word_and_context(*record));
            let any_seen = seen.len() > 0;
            let length = sampler.draw(&self.grid, at, seen, &mut taken, &mut pairs[end..]);
            if self.layout.is_rowwise() {
                let rows = self.grid.words_of(row_block).len();
                Order::new(rows, self.layout).gather(&mut pairs[end..end + length], &mut scratch);
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
        let slab = Slab::new(pairs, end, self.file.as_ref())?;
        Ok((tiles, slab))
    }
}

/// Refuse counts that leave nothing to train on or, if a fraction `validation` of the pairs is held out,
/// nothing to validate with.
///
/// # Errors
/// [`Error::Parameter`] naming `validation`; [`Error::Corpus`].
pub fn check_enough_records(validation: Option<f64>, records: u64, held_out: u64) -> Result<()> {
    if let Some(fraction) = validation
        && (records == 0 || held_out == 0)
    {
        return Err(Error::parameter(
            "validation",
            format!("= {fraction} leaves {records} records to train on and holds out {held_out}"),
        ));
    }
    if records == 0 {
        return Err(Error::Corpus(
            "there are no pairs of words to train on: every document has fewer than two words of \
             the vocabulary (see min_count and max_vocab)"
                .into(),
        ));
    }
    Ok(())
}
