//! Records bucketed into blocks of words, so that the rows a tile touches stay in cache.

use super::kernel::Record;
use crate::cooccurrence::{Triangle, TriangleRow};
use crate::error::{Error, Result};
use crate::memory::{HugeBuffer, MemoryLimit, TemporaryFile};
use crate::monitor::{Monitor, Stage};
use crate::vocabulary::WordId;
use bytemuck::Zeroable;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use std::ops::Range;

/// How words are dealt into blocks: consecutive ranks, few where the records are many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileGrid {
    // Block k holds words starts[k]..starts[k + 1].
    starts: Vec<WordId>,
}

/// A block's share of all records is at most one in so many, so that up to about as many threads
/// find tiles that share no row.
const LEAST_BLOCKS: u64 = 16;
/// Bytes of rows, [w, G], in a block: two blocks are in use at a time.
/// Measured on enwiki-17m (benches/RESULTS.md, "Tiles").
const BLOCK_BYTES: usize = 1 << 20;

impl TileGrid {
    /// Blocks for words of these numbers of records and of rows of `row_bytes`.
    pub fn new(records_per_word: &[u64], row_bytes: usize) -> Self {
        let total: u64 = records_per_word.iter().sum();
        let most_records = total.div_ceil(LEAST_BLOCKS).max(1);
        let most_words = (BLOCK_BYTES / row_bytes).clamp(32, 1 << 16);
        let mut starts = vec![0];
        let (mut words, mut records) = (0, 0);
        for (word, &n) in records_per_word.iter().enumerate() {
            if words > 0 && (words == most_words || records + n > most_records) {
                starts.push(word as WordId);
                (words, records) = (0, 0);
            }
            words += 1;
            records += n;
        }
        starts.push(records_per_word.len() as WordId);
        Self { starts }
    }

    /// Number of blocks; tiles are pairs of blocks.
    pub fn blocks(&self) -> usize {
        self.starts.len() - 1
    }

    /// First word of block `k`.
    pub fn start(&self, k: usize) -> WordId {
        self.starts[k]
    }

    /// Words in all blocks.
    pub fn words(&self) -> usize {
        self.starts[self.blocks()] as usize
    }

    /// Words in block `k`.
    pub(super) fn len(&self, k: u32) -> usize {
        (self.starts[k as usize + 1] - self.starts[k as usize]) as usize
    }

    fn block_of(&self, word: WordId) -> usize {
        self.starts.partition_point(|&s| s <= word) - 1
    }
}

/// Where the records of one pair of blocks are.
#[derive(Debug, Clone)]
pub struct Tile {
    pub(super) row_block: u32,
    pub(super) column_block: u32,
    slab: usize,
    records: Range<usize>,
    // How many more, behind those, are held out of training.
    held_out: usize,
}

impl Tile {
    /// Number of records to train on.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The records held out, as [`Tiles::read`] numbers them.
    pub(super) fn held_out(&self) -> Range<usize> {
        self.len()..self.len() + self.held_out
    }
}

/// Which pairs of words are held out of training, in both directions: one direction tells the other.
#[derive(Debug, Clone, Copy)]
struct HeldOut {
    below: u64,
    seed: u64,
}

impl HeldOut {
    fn new(share: f64, seed: u64) -> Self {
        Self {
            below: (share * 2.0_f64.powi(64)) as u64,
            seed,
        }
    }

    /// Whether pair (i, j), j ≤ i, is: as good as random, and the same for every run.
    #[inline]
    fn contains(self, i: WordId, j: WordId) -> bool {
        if self.below == 0 {
            return false;
        }
        // SplitMix64 (Steele, Lea and Flood 2014), over the pair and then the seed.
        let mix = |z: u64| {
            let z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        mix(mix(u64::from(i) << 32 | u64::from(j)) ^ self.seed) < self.below
    }
}

/// The records of all tiles that one block of the triangle's rows fills, tile after tile. One large
/// buffer: given back, it is the system's again.
#[derive(Debug)]
enum Slab {
    Memory(HugeBuffer<Record>),
    /// Where it begins in the tiles' file.
    Disk(u64),
}

/// Counts to make tiles of, and what becomes of them while tiles take their place.
#[derive(Debug)]
pub enum Counts<'a> {
    /// They stay as they are.
    Borrowed(&'a Triangle),
    /// Their memory is given back.
    Owned(Triangle),
    /// They are packed, to less than half the memory.
    Packed(Triangle),
}

impl Counts<'_> {
    fn get(&self) -> &Triangle {
        match self {
            Self::Borrowed(counts) => counts,
            Self::Owned(counts) | Self::Packed(counts) => counts,
        }
    }

    /// No tile will be made of the rows from `row` on any more.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn done_from(&mut self, row: WordId) -> Result<()> {
        match self {
            Self::Borrowed(_) => {}
            Self::Owned(counts) => counts.forget_from(row),
            Self::Packed(counts) => counts.pack_from(row)?,
        }
        Ok(())
    }
}

/// All records, by tile, in memory or, beyond a limit, in a temporary file. Empty tiles are left out.
#[derive(Debug)]
pub struct Tiles {
    pub(super) grid: TileGrid,
    pub(super) tiles: Vec<Tile>,
    pub(super) records: u64,
    pub(super) held_out: u64,
    pub(super) row_bytes: usize,
    slabs: Vec<Slab>,
    file: Option<TemporaryFile>,
}

impl Tiles {
    /// Bucket the records of `counts` for rows of `row_bytes`, each tile shuffled by `seed`, on all
    /// threads of the current rayon pool. The result depends neither on their number nor on the
    /// memory limit.
    ///
    /// # Errors
    /// [`crate::Error::Io`] for temporary files; [`crate::Error::Cancelled`].
    pub fn new(
        mut counts: Counts<'_>,
        row_bytes: usize,
        seed: u64,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        Self::holding_out(0.0, &mut counts, row_bytes, seed, memory, monitor)
    }

    /// The same, with about this `share` of the pairs of words, chosen by `seed`, held out of
    /// training.
    ///
    /// # Errors
    /// As for [`Tiles::new`]; [`Error::Parameter`] if either part gets no pair.
    pub fn holding_out(
        share: f64,
        counts: &mut Counts<'_>,
        row_bytes: usize,
        seed: u64,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        monitor.begin(Stage::Tiling, counts.get().pairs());
        let grid = TileGrid::new(&records_per_word(counts.get())?, row_bytes);
        let held_out = HeldOut::new(share, seed);
        let bytes = counts.get().nnz() * size_of::<Record>() as u64;
        let mut wave = 2 * rayon::current_num_threads();
        let file = if bytes > memory.record_bytes() {
            // A slab is at most about 2/LEAST_BLOCKS of all records; as many at a time as fit.
            let slab = 2 * bytes / LEAST_BLOCKS;
            wave = ((memory.record_bytes() / slab.max(1)) as usize).clamp(1, wave);
            Some(TemporaryFile::create(&memory.folder)?)
        } else {
            None
        };
        // A pair (i, j), j ≤ i, goes to tiles (I, J) and (J, I): block I of the triangle's rows
        // fills tiles that no other block fills. From the last rows to the first, a wave at a
        // time, so that counts can be given back as tiles take their place.
        let mut tiles = Vec::new();
        let mut slabs = Vec::new();
        let mut blocks: Vec<usize> = (0..grid.blocks()).rev().collect();
        while !blocks.is_empty() {
            let rest = blocks.split_off(wave.min(blocks.len()));
            let filled: Vec<Result<(Vec<Tile>, Slab)>> = blocks
                .par_iter()
                .map(|&block| {
                    let (tiles, records) =
                        fill(counts.get(), &grid, block, seed, held_out, monitor)?;
                    let Some(file) = &file else {
                        return Ok((tiles, Slab::Memory(records)));
                    };
                    let place = file
                        .append(bytemuck::cast_slice(&records[..]))
                        .map_err(|e| e.with_space_needed(bytes as f64))?;
                    Ok((tiles, Slab::Disk(place.start)))
                })
                .collect();
            for filled in filled {
                let (more, slab) = filled?;
                tiles.extend(more.into_iter().map(|tile| Tile {
                    slab: slabs.len(),
                    ..tile
                }));
                slabs.push(slab);
            }
            if let Some(&last) = blocks.last() {
                counts.done_from(grid.start(last))?;
            }
            blocks = rest;
        }
        tiles.sort_unstable_by_key(|t| (t.row_block, t.column_block));
        let sum = |of: fn(&Tile) -> usize| tiles.iter().map(|t| of(t) as u64).sum();
        let (records, held_out) = (sum(Tile::len), sum(|t| t.held_out));
        if share > 0.0 && (records == 0 || held_out == 0) {
            return Err(Error::parameter(
                "validation",
                format!("= {share} leaves {records} records to train on and holds out {held_out}"),
            ));
        }
        Ok(Self {
            grid,
            tiles,
            records,
            held_out,
            row_bytes,
            slabs,
            file,
        })
    }

    /// Records to train on in all tiles.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Records held out of training.
    pub fn held_out(&self) -> u64 {
        self.held_out
    }

    /// How words are dealt into blocks.
    pub fn grid(&self) -> &TileGrid {
        &self.grid
    }

    /// The words that places in a tile's records count from: of rows, and of columns.
    pub(super) fn first_rows(&self, tile: usize) -> (usize, usize) {
        let start = |block: u32| self.grid.start(block as usize) as usize;
        let tile = &self.tiles[tile];
        (start(tile.row_block), start(tile.column_block))
    }

    /// Some records of a tile, those held out last; `buffer` serves if they lie on disk.
    pub(super) fn read<'a>(
        &'a self,
        tile: usize,
        records: Range<usize>,
        buffer: &'a mut Vec<Record>,
    ) -> Result<&'a [Record]> {
        let tile = &self.tiles[tile];
        let records = tile.records.start + records.start..tile.records.start + records.end;
        match (&self.slabs[tile.slab], &self.file) {
            (Slab::Memory(all), _) => Ok(&all[records]),
            (Slab::Disk(start), Some(file)) => {
                buffer.resize(records.len(), Record::zeroed());
                let offset = start + (records.start * size_of::<Record>()) as u64;
                file.read_into(offset, bytemuck::cast_slice_mut(buffer))?;
                Ok(buffer)
            }
            (Slab::Disk(_), None) => Ok(&[]), // nothing is on disk without a file
        }
    }
}

/// Records of each word's row and column in the full matrix.
fn records_per_word(counts: &Triangle) -> Result<Vec<u64>> {
    (0..counts.blocks())
        .into_par_iter()
        .try_fold(
            || vec![0; counts.words],
            |mut sums, k| {
                let block = counts.block(k)?;
                for row in block.rows() {
                    block.row(row).for_each_record(|i, j, _| {
                        sums[i as usize] += 1;
                        sums[j as usize] += 1;
                    });
                }
                Ok(sums)
            },
        )
        .try_reduce(
            || vec![0; counts.words],
            |mut a, b| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                Ok(a)
            },
        )
}

/// The tiles that row block `block` of the triangle fills: those of its row and of its column, up
/// to the diagonal; and their records.
fn fill(
    counts: &Triangle,
    grid: &TileGrid,
    block: usize,
    seed: u64,
    held_out: HeldOut,
    monitor: &Monitor,
) -> Result<(Vec<Tile>, HugeBuffer<Record>)> {
    let rows = grid.start(block)..grid.start(block + 1);
    // Per other block: records of tile (block, other) and of tile (other, block); of each those to
    // train on, and those held out.
    let mut sizes = vec![[[0usize; 2]; 2]; block + 1];
    counts.for_each_row(rows.clone(), |row| {
        for_each_pair(&row, grid, |other, j, forward, backward| {
            let held = usize::from(held_out.contains(row.row, grid.start(other) + j as WordId));
            sizes[other][0][held] += usize::from(forward != 0.0);
            sizes[other][1][held] += usize::from(backward != 0.0);
        });
        Ok(())
    })?;
    // A diagonal tile takes both directions.
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
            let [train, held] = sizes[side];
            next[other][side] = [end, end + train];
            if train + held > 0 {
                tiles.push(Tile {
                    row_block: row_block as u32,
                    column_block: column_block as u32,
                    slab: 0,
                    records: end..end + train,
                    held_out: held,
                });
            }
            end += train + held;
        }
    }
    let mut records = HugeBuffer::<Record>::zeroed(end)?;
    counts.for_each_row(rows.clone(), |row| {
        let i = (row.row - rows.start) as u16;
        for_each_pair(&row, grid, |other, j, forward, backward| {
            let held = usize::from(held_out.contains(row.row, grid.start(other) + j as WordId));
            let mut put = |side: usize, record| {
                let place = &mut next[other][side][held];
                records[*place] = record;
                *place += 1;
            };
            let ln_forward = forward.ln() as f32;
            if forward != 0.0 {
                let ln_x = ln_forward;
                put(0, Record { i, j, ln_x });
            }
            if backward != 0.0 {
                let ln_x = if backward == forward {
                    ln_forward
                } else {
                    backward.ln() as f32
                };
                put(usize::from(other != block), Record { i: j, j: i, ln_x });
            }
        });
        monitor.advance(row.columns.len() as u64)
    })?;
    for tile in &tiles {
        let number = tile.row_block as usize * grid.blocks() + tile.column_block as usize;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ (number as u64).rotate_left(32));
        records[tile.records.clone()].shuffle(&mut rng);
    }
    Ok((tiles, records))
}

/// Call `f(block of column, place of column in it, X[row, column], X[column, row])` for each pair of
/// a row; 0 for an absent record, and for the mirror image of the diagonal.
#[inline(always)]
fn for_each_pair(row: &TriangleRow<'_>, grid: &TileGrid, mut f: impl FnMut(usize, u16, f64, f64)) {
    let (mut block, mut end) = (0, 0);
    for (place, (&column, &forward)) in row.columns.iter().zip(row.forward).enumerate() {
        if column >= end {
            block = grid.block_of(column);
            end = grid.start(block + 1);
        }
        let backward = if column == row.row {
            0.0
        } else {
            row.backward.map_or(forward, |b| b[place])
        };
        f(
            block,
            (column - grid.start(block)) as u16,
            forward,
            backward,
        );
    }
}
