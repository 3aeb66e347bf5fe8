//! Builds tiles: sorts records into pairs of blocks of words, and orders the records of each pair of blocks.

use super::block_entries::for_each_block;
use super::filters::{build_filters, filter_bytes};
use super::grid::{MIN_BLOCKS, TileGrid};
use super::holdout::Holdout;
use super::logarithm::{Buffer, logarithms};
use super::order::{RecordOrder, Scratch};
use super::slab::{Slab, SlabRange};
use super::source::{Counts, TileSource, WithContexts};
use super::tile::Tile;
use super::tile_store::Tiles;
use crate::cooccurrence::{CountRows, TriangleRow, adjacent_columns};
use crate::error::{Error, Result};
use crate::memory::{HugeBuffer, MemoryLimit, TemporaryFile};
use crate::monitor::{Monitor, Stage};
use crate::partition::Partition;
use crate::training::kernel::Record;
use crate::training::marginals::{Marginal, marginals};
use crate::training::negatives::NegativeSampler;
use crate::training::options::TrainingOptions;
use crate::training::row_layout::RowLayout;
use crate::vocabulary::WordId;
use pulp::Arch;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use std::ops::Range;

/// How to build tiles.
#[derive(Debug, Clone, Copy)]
pub struct TileOptions {
    /// The layout of the rows of parameters.
    pub layout: RowLayout,
    /// Number of negative pairs to draw for each record in an epoch.
    pub negative: f64,
    /// Whether to add the columns of adjacent words ([`adjacent_columns`]), if the counts have them.
    pub adjacent: bool,
    /// The fraction of the word pairs to hold out of training.
    pub held_out: f64,
    /// Seed of the order inside the tiles and of the held-out pairs.
    pub seed: u64,
    /// Only the tiles whose block of rows has a word with an id below this number are kept. The words of all other
    /// blocks have records as context words only.
    pub trained_words: usize,
}

impl TileOptions {
    /// Options for training vectors of `dim` components, with no pair held out.
    pub fn new(dim: usize, training: &TrainingOptions) -> Self {
        Self {
            layout: RowLayout::new(dim, training.optimizer),
            negative: training.negative,
            adjacent: false,
            held_out: 0.0,
            seed: training.seed,
            trained_words: usize::MAX,
        }
    }
}

/// Number of blocks of rows that are built for each thread before the memory of their counts is
/// freed. It is large enough that no thread waits long for another thread. Under a memory limit,
/// fewer blocks may be built at the same time.
const WAVE: usize = 4;

impl Tiles {
    /// Build the tiles of `counts`, on all threads of the current rayon pool. The result is the same for any number of
    /// threads and any memory limit.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `held_out` is above 0, but no record is held out or no record remains;
    /// [`Error::Io`] for temporary files; [`Error::Format`] if counts on disk are damaged;
    /// [`Error::Memory`]; [`Error::Cancelled`].
    pub fn new(
        counts: &mut Counts<'_>,
        options: &TileOptions,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        let Some(adjacent) = counts.get().adjacent().filter(|_| options.adjacent) else {
            monitor.begin(Stage::Preparing, counts.get().pairs());
            let whole = Partition::new(counts.get().words, 1);
            let marginals = marginals(counts.get(), whole, 0)?;
            return Self::of_all(counts, &marginals, whole, options, memory, monitor);
        };
        let contexts = adjacent_columns(adjacent, memory, monitor)?;
        counts.done_with_adjacent()?;
        monitor.begin(Stage::Preparing, counts.get().pairs() + contexts.pairs());
        let whole = Partition::new(contexts.words, 1);
        let mut source = WithContexts { counts, contexts };
        let marginals = marginals(&source, whole, 0)?;
        Self::of_all(&mut source, &marginals, whole, options, memory, monitor)
    }

    /// Build the tiles of all records.
    fn of_all(
        source: &mut impl TileSource,
        marginals: &[Marginal],
        whole: Partition,
        options: &TileOptions,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        let tiles = Self::of_group(source, marginals, whole, 0, options, memory, monitor)?;
        if options.held_out > 0.0 {
            check_enough_records(Some(options.held_out), tiles.records, tiles.held_out)?;
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
            ..
        } = *options;
        let symmetric_rows = source.symmetric_rows();
        let columns = source.columns();
        let records_per_word = marginals.iter().map(|marginal| marginal.records);
        // Every record is counted twice: in the marginal of its row and in that of its column.
        let all_records = records_per_word.clone().sum::<u64>() / 2;
        let grid = TileGrid::new(
            records_per_word,
            layout.bytes(),
            partition,
            group,
            columns.words as WordId,
        );
        let holdout = Holdout::new(fraction, seed, partition, columns);
        let own_records = all_records / partition.groups() as u64;
        let bytes = source.record_bytes() + filter_bytes(own_records, negative);
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
        let trained = grid.blocks_with(group, trained_words);
        let mut tiles = Vec::new();
        let (mut slabs, mut filters) = (Vec::new(), Vec::new());
        let mut blocks: Vec<usize> = (0..grid.blocks()).rev().collect();
        while !blocks.is_empty() {
            let rest = blocks.split_off(wave.min(blocks.len()));
            let filled: Vec<Result<Filled>> = blocks
                .par_iter()
                .map(|&block| {
                    let rows = source.rows(grid.start(block)..grid.start(block + 1))?;
                    let (mut tiles, records) =
                        fill(&*rows, &grid, block, layout, seed, holdout, monitor)?;
                    let bits = if negative > 0.0 {
                        build_filters(&mut tiles, &records, &grid, &trained, symmetric_rows)?
                    } else {
                        HugeBuffer::zeroed(0)?
                    };
                    let needed = |e: Error| e.with_space_needed(bytes as f64);
                    Ok(Filled {
                        tiles,
                        records: Slab::new(records, file.as_ref()).map_err(needed)?,
                        filters: Slab::new(bits, file.as_ref()).map_err(needed)?,
                    })
                })
                .collect();
            for filled in filled {
                let Filled {
                    tiles: mut more,
                    records,
                    filters: bits,
                } = filled?;
                for tile in &mut more {
                    tile.records.slab = slabs.len();
                }
                tiles.append(&mut more);
                slabs.push(records);
                filters.push(bits);
            }
            if let Some(&last) = blocks.last() {
                source.done_from(grid.start(last))?;
            }
            blocks = rest;
        }
        let has_mirror = |tile: &&Tile| tile.has_mirror(&grid, symmetric_rows);
        let mirrored: Vec<Tile> = tiles.iter().filter(has_mirror).map(Tile::mirror).collect();
        tiles.extend(mirrored);
        tiles.retain(|tile| trained.contains(&(tile.row_block as usize)));
        tiles.sort_unstable_by_key(|t| (t.row_block, t.column_block));
        let negatives = (negative > 0.0).then(|| {
            let sums = [0, 1].map(|side| marginals.iter().map(|m| m.sum(side)).collect());
            NegativeSampler::new(all_records as f64 * negative, sums, &grid)
        });
        if let Some(negatives) = &negatives {
            tiles = with_draws(tiles, trained, &grid, negatives);
        }
        let sum = |of: fn(&Tile) -> usize| tiles.iter().map(|t| of(t) as u64).sum();
        let (records, held_out) = (sum(Tile::records), sum(|t| t.held_out));
        Ok(Self {
            grid,
            tiles,
            records,
            held_out,
            layout,
            slabs,
            filters,
            negatives,
            file,
        })
    }
}

/// The tiles whose records come from the rows of one block in the triangle, with their records and filters.
struct Filled {
    tiles: Vec<Tile>,
    records: Slab<Record>,
    filters: Slab<u8>,
}

/// Set the numbers of draws of the tiles whose block of rows is in `rows`. A pair of blocks that has negative pairs but
/// no records gets a tile without records.
fn with_draws(
    tiles: Vec<Tile>,
    rows: Range<usize>,
    grid: &TileGrid,
    negatives: &NegativeSampler,
) -> Vec<Tile> {
    let mut tiles = tiles.into_iter().peekable();
    let mut all = Vec::new();
    for row_block in rows {
        for column_block in 0..grid.blocks() {
            let at = [row_block, column_block];
            let is_here = |t: &Tile| [t.row_block as usize, t.column_block as usize] == at;
            let found = tiles.next_if(is_here);
            let draws = negatives.draws_of(at);
            if found.is_some() || draws > 0.0 {
                let tile = found.unwrap_or_else(|| Tile::without_records(at));
                all.push(Tile { draws, ..tile });
            }
        }
    }
    all
}

/// Build the tiles whose records come from the rows of `block` in the triangle: tile (`block`, k) for each
/// block k up to `block` and, if the matrix is not symmetric, tile (k, `block`). Tiles without records are
/// left out. Returns the tiles and the slab with their records.
fn fill(
    counts: &impl CountRows,
    grid: &TileGrid,
    block: usize,
    layout: RowLayout,
    seed: u64,
    holdout: Holdout,
    monitor: &Monitor,
) -> Result<(Vec<Tile>, HugeBuffer<Record>)> {
    let rows = grid.start(block)..grid.start(block + 1);
    // For each block `other` up to this one, the sizes of tile (block, other) and of tile (other, block): the
    // number of records to train on, and the number of held-out records.
    let mut sizes = vec![[[0usize; 2]; 2]; block + 1];
    counts.for_each_row(rows.clone(), |row| {
        let takes_all = holdout.is_empty() && !has_zeros(&row);
        for_each_block(&row, grid, block, |entries| {
            for (side, values) in entries.values.into_iter().enumerate() {
                let sizes = &mut sizes[entries.block][side];
                if takes_all {
                    sizes[0] += values.len();
                    continue;
                }
                for (&column, &x) in entries.columns.iter().zip(values) {
                    let kind = usize::from(holdout.contains(row.row, column));
                    sizes[kind] += usize::from(x != 0.0);
                }
            }
        });
        monitor.check()
    })?;
    // On the diagonal, (block, other) and (other, block) are one tile with the records of both
    // directions.
    let diagonal = std::mem::take(&mut sizes[block][1]);
    for (size, more) in sizes[block][0].iter_mut().zip(diagonal) {
        *size += more;
    }
    let mut next = vec![[[0; 2]; 2]; block + 1];
    let mut tiles = Vec::new();
    let mut end = 0;
    for (other, sizes) in sizes.iter().enumerate() {
        for (side, (row_block, column_block)) in
            [(block, other), (other, block)].into_iter().enumerate()
        {
            let [train, held_out] = sizes[side];
            next[other][side] = [end, end + train];
            if train + held_out > 0 {
                let range = end..end + train;
                tiles.push(Tile {
                    records: SlabRange { slab: 0, range },
                    held_out,
                    ..Tile::without_records([row_block, column_block])
                });
            }
            end += train + held_out;
        }
    }
    let mut records = HugeBuffer::<Record>::zeroed(end)?;
    let slab = &mut records[..];
    let mut buffers = [Buffer::default(), Buffer::default()];
    counts.for_each_row(rows.clone(), |row| {
        let own = (row.row - rows.start) as u16;
        let [forward, backward] = &mut buffers;
        let forward = logarithms(row.forward, forward);
        let backward = row
            .backward
            .map_or(forward, |values| logarithms(values, backward));
        let takes_all = holdout.is_empty() && !has_zeros(&row);
        for_each_block(&row, grid, block, |entries| {
            let first = grid.start(entries.block);
            for (side, values) in entries.values.into_iter().enumerate() {
                let stored_side = if entries.block == block { 0 } else { side };
                let next = &mut next[entries.block][stored_side];
                let logarithms = &[forward, backward][side][entries.start..][..values.len()];
                let record = |column: WordId, ln_x| {
                    let other = (column - first) as u16;
                    let [i, j] = if side == 0 {
                        [own, other]
                    } else {
                        [other, own]
                    };
                    Record { i, j, ln_x }
                };
                let entries = entries.columns.iter().zip(logarithms);
                if takes_all {
                    // No branch for each record.
                    let end = next[0] + values.len();
                    let free = slab[next[0]..end].iter_mut();
                    free.zip(entries)
                        .for_each(|(free, (&column, &ln_x))| *free = record(column, ln_x));
                    next[0] = end;
                    continue;
                }
                for ((&column, &ln_x), &x) in entries.zip(values) {
                    if x == 0.0 {
                        continue;
                    }
                    let held_out = holdout.contains(row.row, column);
                    let kind = usize::from(held_out);
                    slab[next[kind]] = record(column, ln_x);
                    next[kind] += 1;
                }
            }
        });
        monitor.advance(row.columns.len() as u64)
    })?;
    // The records of the tiles are ordered in parallel within this block too. Otherwise the other threads would wait
    // for the thread with the largest block.
    let mut rest = &mut records[..];
    let mut start = 0;
    let mut ordered = Vec::with_capacity(tiles.len());
    for tile in &tiles {
        let range = &tile.records.range;
        let (_, from) = rest.split_at_mut(range.start - start);
        let (own, more) = from.split_at_mut(range.len());
        (rest, start) = (more, range.end);
        ordered.push((tile, own));
    }
    let order = |scratch: &mut Scratch, (tile, records): (&Tile, &mut [Record])| {
        let number = tile.row_block as usize * grid.blocks() + tile.column_block as usize;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ (number as u64).rotate_left(32));
        let rows = grid.words_of(tile.row_block as usize).len();
        RecordOrder::new(rows, layout).arrange(records, &mut rng, scratch)
    };
    ordered
        .into_par_iter()
        .try_for_each_init(Scratch::default, order)?;
    Ok((tiles, records))
}

/// Whether a row has entries with a count of 0. They are not records.
fn has_zeros(row: &TriangleRow<'_>) -> bool {
    let any_zero = |values: &[f64]| values.iter().filter(|&&x| x == 0.0).count() > 0;
    Arch::new().dispatch(|| any_zero(row.forward) || row.backward.is_some_and(any_zero))
}

/// Refuse counts that leave nothing to train on or, if a fraction `validation` of the pairs is held out,
/// nothing to validate with.
///
/// # Errors
/// [`Error::Parameter`] naming `validation` if a fraction is held out; otherwise [`Error::Corpus`].
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
            "there are no pairs of words to train on: all counts are 0. In a text, every document has \
             fewer than two words of the vocabulary (see min_count and max_vocab); in a table or \
             matrix, every value is 0"
                .into(),
        ));
    }
    Ok(())
}
