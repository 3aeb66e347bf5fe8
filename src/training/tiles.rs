//! Records bucketed into blocks of words, so that the rows a tile touches stay in cache.

mod travel;

pub use travel::TileParts;

use super::epochs::TrainingOptions;
use super::kernel::Record;
use super::parameters::Parameters;
use super::unseen::{Margin, Pair, Sampler, Targets};
use crate::cooccurrence::{Rows, Share, Triangle, TriangleRow};
use crate::error::{Error, Result};
use crate::memory::{HugeBuffer, MemoryLimit, TemporaryFile, fallible};
use crate::monitor::{Monitor, Stage};
use crate::partition::Partition;
use crate::vocabulary::WordId;
use bytemuck::Pod;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use std::ops::Range;

/// Bytes of the rows that one group of records meets on their `i` side, which thereby stay in the
/// first-level cache while those of the other side pass through it.
const NEAR_BYTES: usize = 24 << 10;
/// Of so many records for each word of a block, those of a group are gathered: few enough that a row
/// meets them at about the time it would have met them in random order (benches/RESULTS.md, "Order").
const GATHERED_PER_ROW: usize = 4;

/// How words are dealt into blocks: consecutive words, few where the records are many. Words are
/// numbered as a [`Partition`] numbers them, by rank where nothing is distributed; no block reaches
/// into two of its groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileGrid {
    // Block k holds words starts[k]..starts[k + 1].
    starts: Vec<WordId>,
    partition: Partition,
    // The group whose rows there are tiles of.
    group: usize,
}

/// A block's share of all records is at most one in so many, so that up to about as many threads
/// find tiles that share no row.
const LEAST_BLOCKS: u64 = 16;
/// Bytes of rows, [w, G], in a block: two blocks are in use at a time.
/// Measured on enwiki-17m (benches/RESULTS.md, "Tiles").
const BLOCK_BYTES: usize = 1 << 20;

impl TileGrid {
    /// Blocks for words of these numbers of records and of rows of `row_bytes`; tiles will be those
    /// with rows in group `group` of `partition`.
    pub fn new(
        records_per_word: impl ExactSizeIterator<Item = u64> + Clone,
        row_bytes: usize,
        partition: Partition,
        group: usize,
    ) -> Self {
        let all_words = records_per_word.len() as WordId;
        let total: u64 = records_per_word.clone().sum();
        let most_records = total.div_ceil(LEAST_BLOCKS).max(1);
        let most_words = (BLOCK_BYTES / row_bytes).clamp(32, 1 << 16);
        let mut starts = vec![0];
        let (mut words, mut records) = (0, 0);
        let mut group_end = partition.start(1);
        for (word, n) in records_per_word.enumerate() {
            let is_first = word as WordId == group_end;
            if is_first {
                group_end = partition.group(partition.group_of(word as WordId)).end;
            }
            if words > 0 && (is_first || words == most_words || records + n > most_records) {
                starts.push(word as WordId);
                (words, records) = (0, 0);
            }
            words += 1;
            records += n;
        }
        starts.push(all_words);
        Self {
            starts,
            partition,
            group,
        }
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

    /// The words of block `k`.
    pub(super) fn words_of(&self, k: usize) -> Range<usize> {
        self.starts[k] as usize..self.starts[k + 1] as usize
    }

    fn block_of(&self, word: WordId) -> usize {
        self.starts.partition_point(|&s| s <= word) - 1
    }

    /// The groups of words.
    pub(super) fn partition(&self) -> Partition {
        self.partition
    }

    /// The group whose rows there are tiles of.
    pub(super) fn group(&self) -> usize {
        self.group
    }

    /// The blocks of a group.
    pub(super) fn blocks_of(&self, group: usize) -> Range<usize> {
        let first = |group| {
            self.starts
                .partition_point(|&s| s < self.partition.start(group))
        };
        first(group)..first(group + 1)
    }
}

/// Where the records of one pair of blocks are, and its unseen pairs.
#[derive(Debug, Clone)]
pub struct Tile {
    pub(super) row_block: u32,
    pub(super) column_block: u32,
    /// Whether it is the mirror image of the tile that it shares records with: their `i` is then the
    /// place of the context word, and their `j` that of the word.
    pub(super) mirrored: bool,
    records: Place,
    // How many more, behind those, are held out of training.
    held_out: usize,
    unseen: Place,
}

/// Some of what a slab holds.
#[derive(Debug, Clone, Default)]
struct Place {
    slab: usize,
    range: Range<usize>,
}

impl Tile {
    /// Number of records to train on.
    pub(super) fn records(&self) -> usize {
        self.records.range.len()
    }

    /// Number of unseen pairs.
    pub(super) fn unseen(&self) -> usize {
        self.unseen.range.len()
    }

    /// The records held out, as [`Tiles::read`] numbers them.
    pub(super) fn held_out(&self) -> Range<usize> {
        self.records()..self.records() + self.held_out
    }

    /// A tile of these blocks of rows and of columns that has none.
    fn without_records([row_block, column_block]: [usize; 2]) -> Self {
        Self {
            row_block: row_block as u32,
            column_block: column_block as u32,
            mirrored: false,
            records: Place::default(),
            held_out: 0,
            unseen: Place::default(),
        }
    }

    /// The places of the word and of the context word that a record of this tile tells of.
    pub(super) fn word_and_context(&self, record: Record) -> Pair {
        if self.mirrored {
            [record.j, record.i]
        } else {
            [record.i, record.j]
        }
    }

    /// The same records with the two words in each other's place.
    fn mirror(&self) -> Self {
        Self {
            row_block: self.column_block,
            column_block: self.row_block,
            mirrored: !self.mirrored,
            ..self.clone()
        }
    }
}

/// Which pairs of words are held out of training, in both directions: one direction tells the other.
#[derive(Debug, Clone, Copy)]
struct HeldOut {
    below: u64,
    seed: u64,
    partition: Partition,
}

impl HeldOut {
    fn new(share: f64, seed: u64, partition: Partition) -> Self {
        Self {
            below: (share * 2.0_f64.powi(64)) as u64,
            seed,
            partition,
        }
    }

    /// Whether pair (i, j), in either order, is: as good as random, and the same for every run and
    /// every partition.
    #[inline]
    fn contains(self, i: WordId, j: WordId) -> bool {
        if self.below == 0 {
            return false;
        }
        let [i, j] = [i, j].map(|new_id| self.partition.rank(new_id));
        let (i, j) = (i.max(j), i.min(j));
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

/// What several tiles hold, one after the other. One large buffer: given back, it is the system's
/// again.
#[derive(Debug)]
enum Slab<T> {
    Memory(HugeBuffer<T>),
    /// Where it begins in the tiles' file.
    Disk(u64),
}

impl<T: Pod> Slab<T> {
    /// The first `length` items of `all`, kept or put into `file`.
    fn new(all: HugeBuffer<T>, length: usize, file: Option<&TemporaryFile>) -> Result<Self> {
        Ok(match file {
            None => Self::Memory(all),
            Some(file) => Self::Disk(file.append(bytemuck::cast_slice(&all[..length]))?.start),
        })
    }

    /// Some items; `buffer` serves if they lie on disk.
    fn read<'a>(
        &'a self,
        items: Range<usize>,
        file: Option<&TemporaryFile>,
        buffer: &'a mut Vec<T>,
    ) -> Result<&'a [T]> {
        match (self, file) {
            (Self::Memory(all), _) => Ok(&all[items]),
            (Self::Disk(start), Some(file)) => {
                fallible::resize(buffer, items.len(), T::zeroed())?;
                let offset = start + (items.start * size_of::<T>()) as u64;
                file.read_into(offset, bytemuck::cast_slice_mut(buffer))?;
                Ok(buffer)
            }
            (Self::Disk(_), None) => Ok(&[]), // nothing is on disk without a file
        }
    }
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

/// What tiles are made of.
pub(super) enum Source<'a, 'b> {
    /// Counts of all words.
    Counts(&'a mut Counts<'b>),
    /// Those that touch a group.
    Share(&'a Share),
}

/// All records, by tile, in memory or, beyond a limit, in a temporary file. Empty tiles are left out.
/// Of a symmetric matrix, a tile and its mirror image share what is stored.
#[derive(Debug)]
pub struct Tiles {
    pub(super) grid: TileGrid,
    pub(super) tiles: Vec<Tile>,
    pub(super) records: u64,
    pub(super) held_out: u64,
    pub(super) row_bytes: usize,
    slabs: Vec<Slab<Record>>,
    unseen: Option<Unseen>,
    file: Option<TemporaryFile>,
}

/// Pairs that never meet, by tile.
#[derive(Debug)]
struct Unseen {
    slabs: Vec<Slab<Pair>>,
    targets: Targets,
}

/// How to make tiles.
#[derive(Debug, Clone, Copy)]
pub struct TileOptions {
    /// Bytes of a row, [`Parameters::row_bytes`].
    pub row_bytes: usize,
    /// Unseen pairs to draw for each record.
    pub negative: f64,
    /// Share of the pairs of words to hold out of training, chosen by `seed`.
    pub held_out: f64,
    /// Order inside the tiles, and what is drawn.
    pub seed: u64,
}

impl TileOptions {
    /// Tiles to train vectors of `dim` components on, nothing held out.
    pub fn new(dim: usize, training: &TrainingOptions) -> Self {
        Self {
            row_bytes: Parameters::row_bytes(dim),
            negative: training.negative,
            held_out: 0.0,
            seed: training.seed,
        }
    }
}

impl Tiles {
    /// Bucket the records of `counts`, each tile shuffled but for groups of words, and draw unseen
    /// pairs, on all threads of the current rayon pool. The result depends neither on the number of
    /// threads nor on the memory limit.
    ///
    /// # Errors
    /// [`Error::Parameter`] if records are held out and either part gets none; [`Error::Io`] for
    /// temporary files; [`Error::Cancelled`].
    pub fn new(
        counts: &mut Counts<'_>,
        options: &TileOptions,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        monitor.begin(Stage::Tiling, counts.get().pairs());
        let whole = Partition::new(counts.get().words, 1);
        let margins = margins(counts.get(), whole, 0)?;
        let source = Source::Counts(counts);
        let made = Self::of_group(source, &margins, whole, 0, options, memory, monitor)?;
        let (share, records, held_out) = (options.held_out, made.records, made.held_out);
        if share > 0.0 && (records == 0 || held_out == 0) {
            return Err(Error::parameter(
                "validation",
                format!("= {share} leaves {records} records to train on and holds out {held_out}"),
            ));
        }
        Ok(made)
    }

    /// The same of the records whose rows are the words of group `group`: of a matrix whose words
    /// are numbered as `partition` numbers them, with these margins, of which `source` holds all pairs
    /// that touch the group.
    ///
    /// # Errors
    /// As for [`Tiles::new`], but that nothing need be held out.
    pub(super) fn of_group(
        mut source: Source<'_, '_>,
        margins: &[Margin],
        partition: Partition,
        group: usize,
        options: &TileOptions,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        let TileOptions {
            row_bytes,
            negative,
            held_out: share,
            seed,
        } = *options;
        let records_per_word = margins.iter().map(|margin| margin.records);
        // Every record is in the margins of its row and of its column.
        let all_records = records_per_word.clone().sum::<u64>() / 2;
        let grid = TileGrid::new(records_per_word, row_bytes, partition, group);
        let held_out = HeldOut::new(share, seed, partition);
        let draws = all_records as f64 * negative;
        let (symmetric, nnz) = match &source {
            Source::Counts(counts) => (counts.get().symmetric, counts.get().nnz()),
            Source::Share(share) => (share.symmetric, share.nnz()),
        };
        // Two tiles share them, but for those on the diagonal.
        let shared = if symmetric { 2 } else { 1 };
        let unseen_bytes = (draws / partition.groups() as f64) as u64 * size_of::<Pair>() as u64;
        let bytes = nnz * size_of::<Record>() as u64 / shared + unseen_bytes;
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
            let filled: Vec<Result<(Vec<Tile>, Slab<Record>)>> = blocks
                .par_iter()
                .map(|&block| {
                    let (tiles, records) = match &source {
                        Source::Counts(counts) => fill(
                            counts.get(),
                            &grid,
                            block,
                            row_bytes,
                            seed,
                            held_out,
                            monitor,
                        ),
                        Source::Share(share) => {
                            let rows = &share.rows(grid.start(block)..grid.start(block + 1))?;
                            fill(rows, &grid, block, row_bytes, seed, held_out, monitor)
                        }
                    }?;
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
            if let (Some(&last), Source::Counts(counts)) = (blocks.last(), &mut source) {
                counts.done_from(grid.start(last))?;
            }
            blocks = rest;
        }
        if symmetric {
            let off_diagonal = |tile: &&Tile| tile.row_block != tile.column_block;
            let mirrored = tiles.iter().filter(off_diagonal).map(Tile::mirror);
            let mirrored: Vec<Tile> = mirrored.collect();
            tiles.extend(mirrored);
        }
        let rows = grid.blocks_of(group);
        tiles.retain(|tile| rows.contains(&(tile.row_block as usize)));
        tiles.sort_unstable_by_key(|t| (t.row_block, t.column_block));
        let sum = |of: fn(&Tile) -> usize| tiles.iter().map(|t| of(t) as u64).sum();
        let (records, held_out) = (sum(Tile::records), sum(|t| t.held_out));
        let mut made = Self {
            grid,
            tiles,
            records,
            held_out,
            row_bytes,
            slabs,
            unseen: None,
            file,
        };
        if negative > 0.0 {
            let sampler = Sampler::new(margins, &made.grid, draws, seed);
            made.add_unseen(&sampler, Targets::new(margins), wave, monitor)
                .map_err(|e| e.with_space_needed(unseen_bytes as f64))?;
        }
        Ok(made)
    }

    /// Draw the unseen pairs of every tile, rows of tiles by rows of tiles. Tiles share none: as many
    /// pairs in both directions, instead of twice as many, cost three points of analogies
    /// (benches/RESULTS.md, "Order").
    fn add_unseen(
        &mut self,
        sampler: &Sampler,
        targets: Targets,
        wave: usize,
        monitor: &Monitor,
    ) -> Result<()> {
        let rows = self.grid.blocks_of(self.grid.group);
        let (mut tiles, mut slabs) = (Vec::new(), Vec::new());
        for first in rows.clone().step_by(wave) {
            let drawn: Vec<Result<(Vec<Tile>, Slab<Pair>)>> = (first..rows.end.min(first + wave))
                .into_par_iter()
                .map(|row_block| self.draw_row(sampler, row_block, monitor))
                .collect();
            for drawn in drawn {
                let (mut more, slab) = drawn?;
                for tile in &mut more {
                    tile.unseen.slab = slabs.len();
                }
                tiles.append(&mut more);
                slabs.push(slab);
            }
        }
        self.tiles = tiles;
        self.unseen = Some(Unseen { slabs, targets });
        Ok(())
    }

    /// The tiles of one block of rows with their unseen pairs, those without records included.
    fn draw_row(
        &self,
        sampler: &Sampler,
        row_block: usize,
        monitor: &Monitor,
    ) -> Result<(Vec<Tile>, Slab<Pair>)> {
        let blocks = 0..self.grid.blocks();
        let most = |column_block| sampler.most(&self.grid, row_block, column_block);
        let mut pairs = HugeBuffer::<Pair>::zeroed(blocks.clone().map(most).sum())?;
        let (mut taken, mut buffer) = (Vec::new(), Vec::new());
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
                    // What is held out meets, too.
                    let all = 0..tile.held_out().end;
                    (tile, self.read(number, all, &mut buffer)?)
                }
                Err(_) => (Tile::without_records(at), &[][..]),
            };
            let seen = seen.iter().map(|record| tile.word_and_context(*record));
            let any_seen = seen.len() > 0;
            let length = sampler.draw(&self.grid, at, seen, &mut taken, &mut pairs[end..]);
            if !any_seen && length == 0 {
                continue;
            }
            let range = end..end + length;
            tiles.push(Tile {
                unseen: Place { slab: 0, range },
                ..tile
            });
            end += length;
        }
        let slab = Slab::new(pairs, end, self.file.as_ref())?;
        Ok((tiles, slab))
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

    /// The tiles whose columns are in a group of words.
    pub(super) fn with_columns(&self, group: usize) -> Vec<usize> {
        let blocks = self.grid.blocks_of(group);
        let within = |&tile: &usize| blocks.contains(&(self.tiles[tile].column_block as usize));
        (0..self.tiles.len()).filter(within).collect()
    }

    /// The words that places in a tile count from: of words, and of contexts.
    pub(super) fn first_rows(&self, tile: usize) -> [usize; 2] {
        let start = |block: u32| self.grid.start(block as usize) as usize;
        let tile = &self.tiles[tile];
        [start(tile.row_block), start(tile.column_block)]
    }

    /// Some records of a tile, those held out last; `buffer` serves if they lie on disk.
    pub(super) fn read<'a>(
        &'a self,
        tile: usize,
        records: Range<usize>,
        buffer: &'a mut Vec<Record>,
    ) -> Result<&'a [Record]> {
        let Place { slab, range } = &self.tiles[tile].records;
        let records = range.start + records.start..range.start + records.end;
        self.slabs[*slab].read(records, self.file.as_ref(), buffer)
    }

    /// Some unseen pairs of a tile as records whose ln X is their target, into `to`; `buffer` serves
    /// if they lie on disk.
    pub(super) fn read_unseen(
        &self,
        tile: usize,
        pairs: Range<usize>,
        buffer: &mut Vec<Pair>,
        to: &mut Vec<Record>,
    ) -> Result<()> {
        to.clear();
        if let (Some(unseen), false) = (&self.unseen, pairs.is_empty()) {
            let first = self.first_rows(tile);
            let Place { slab, range } = &self.tiles[tile].unseen;
            let pairs = range.start + pairs.start..range.start + pairs.end;
            let pairs = unseen.slabs[*slab].read(pairs, self.file.as_ref(), buffer)?;
            unseen.targets.records(pairs, first, to);
        }
        Ok(())
    }
}

/// Parts that sums over the matrix are made of: in a fixed number and of fixed rows, so that they have
/// the same bits for any number of threads and however the rows lie in blocks.
const PARTS: usize = 8;

/// The rows of a part. Rows of frequent words are longer: so dealt, no part of enwiki-17m has more
/// than a quarter of its pairs.
fn part_rows(words: usize, part: usize) -> Range<WordId> {
    let start = |part: usize| (words as f64 * (part as f64 / PARTS as f64).powi(2)) as WordId;
    start(part)..start(part + 1)
}

/// The margins of each word, over the records whose rows are the words of group `group`: those of all
/// groups, added up in their order by [`Margin::add`], are the matrix's.
///
/// # Errors
/// As for [`Triangle::block`].
pub fn margins(counts: &impl Rows, partition: Partition, group: usize) -> Result<Vec<Margin>> {
    let (own, words) = (partition.group(group), partition.words());
    let parts: Vec<Result<Vec<Margin>>> = (0..PARTS)
        .into_par_iter()
        .map(|part| {
            let mut margins = fallible::filled(Margin::default(), words)?;
            counts.for_each_row(part_rows(words, part), |row| {
                row.for_each_record(|i, j, x| {
                    if own.contains(&i) {
                        margins[i as usize].records += 1;
                        margins[i as usize].sums[0] += x;
                        margins[j as usize].records += 1;
                        margins[j as usize].sums[1] += x;
                    }
                });
                Ok(())
            })?;
            Ok(margins)
        })
        .collect();
    let mut sum = fallible::filled(Margin::default(), words)?;
    for part in parts {
        for (sum, part) in sum.iter_mut().zip(part?) {
            sum.add(part);
        }
    }
    Ok(sum)
}

/// The tiles that row block `block` of the triangle fills: those of its row and, unless they are the
/// same mirrored, of its column, up to the diagonal; and their records.
fn fill(
    counts: &impl Rows,
    grid: &TileGrid,
    block: usize,
    row_bytes: usize,
    seed: u64,
    held_out: HeldOut,
    monitor: &Monitor,
) -> Result<(Vec<Tile>, HugeBuffer<Record>)> {
    let rows = grid.start(block)..grid.start(block + 1);
    // Per other block: records of tile (block, other) and of tile (other, block); of each those to
    // train on, and those held out.
    let mut sizes = vec![[[0usize; 2]; 2]; block + 1];
    counts.for_each_row(rows.clone(), |row| {
        for_each_pair(&row, grid, block, |other, j, forward, backward| {
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
                let range = end..end + train;
                tiles.push(Tile {
                    records: Place { slab: 0, range },
                    held_out: held,
                    ..Tile::without_records([row_block, column_block])
                });
            }
            end += train + held;
        }
    }
    let mut records = HugeBuffer::<Record>::zeroed(end)?;
    counts.for_each_row(rows.clone(), |row| {
        let i = (row.row - rows.start) as u16;
        for_each_pair(&row, grid, block, |other, j, forward, backward| {
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
    let near = (NEAR_BYTES / row_bytes).clamp(1, 1 << 15) as u16;
    let mut spare = Vec::new();
    for tile in &tiles {
        let number = tile.row_block as usize * grid.blocks() + tile.column_block as usize;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ (number as u64).rotate_left(32));
        records[tile.records.range.clone()].shuffle(&mut rng);
        let stretch = GATHERED_PER_ROW * grid.words_of(tile.row_block as usize).len();
        let records = &mut records[tile.records.range.clone()];
        gather_words(records, near, stretch, &mut spare);
    }
    Ok((tiles, records))
}

/// Put the records of each `stretch` into the order of groups of `near` words, inside of which they
/// stay in theirs.
fn gather_words(records: &mut [Record], near: u16, stretch: usize, spare: &mut Vec<Record>) {
    let group = |record: &Record| usize::from(record.i / near);
    let groups = records.iter().map(group).max().unwrap_or(0) + 1;
    let mut ends = vec![0; groups];
    for stretch in records.chunks_mut(stretch) {
        spare.clear();
        spare.extend_from_slice(stretch);
        ends.fill(0);
        for record in &*spare {
            ends[group(record)] += 1;
        }
        let mut total = 0;
        for end in &mut ends {
            total += std::mem::replace(end, total);
        }
        for record in &*spare {
            let place = &mut ends[group(record)];
            stretch[*place] = *record;
            *place += 1;
        }
    }
}

/// Call `f(block of column, place of column in it, X[row, column], X[column, row])` for each pair of
/// a row of block `own`; 0 for an absent record, for one that no tile of the group needs, for the
/// mirror image of the diagonal, and for those that lie in a mirrored tile.
#[inline(always)]
fn for_each_pair(
    row: &TriangleRow<'_>,
    grid: &TileGrid,
    own: usize,
    mut f: impl FnMut(usize, u16, f64, f64),
) {
    let group = grid.partition.group(grid.group);
    let row_is_ours = group.contains(&row.row);
    let (mut block, mut end) = (0, 0);
    for (place, (&column, &forward)) in row.columns.iter().zip(row.forward).enumerate() {
        if column >= end {
            block = grid.block_of(column);
            end = grid.start(block + 1);
        }
        let backward = match row.backward {
            _ if column == row.row => 0.0,
            Some(backward) if group.contains(&column) => backward[place],
            None if block == own => forward,
            _ => 0.0,
        };
        // Of a symmetric matrix a pair serves the group in one direction if not in the other.
        let needed = row_is_ours || row.backward.is_none();
        let forward = if needed { forward } else { 0.0 };
        f(
            block,
            (column - grid.start(block)) as u16,
            forward,
            backward,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const WORDS: u32 = 400;

    /// Some pairs of words, the frequent ones denser, both directions the same or not.
    fn tiles(symmetric: bool, negative: f64, memory: &MemoryLimit, threads: usize) -> Tiles {
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
                row_bytes: Parameters::row_bytes(250),
                negative,
                held_out: 0.1,
                seed: 7,
            };
            let mut counts = Counts::Owned(counts.unwrap());
            Tiles::new(&mut counts, &options, memory, &Monitor::new()).unwrap()
        })
        .unwrap()
    }

    type Contents = Vec<(u32, u32, Vec<Record>, Vec<Record>)>;

    fn contents(tiles: &Tiles) -> Contents {
        (0..tiles.tiles.len())
            .map(|k| {
                let tile = &tiles.tiles[k];
                let mut unseen = Vec::new();
                let mut buffer = Vec::new();
                let records = tiles.read(k, 0..tile.held_out().end, &mut buffer).unwrap();
                tiles
                    .read_unseen(k, 0..tile.unseen(), &mut Vec::new(), &mut unseen)
                    .unwrap();
                let mut records = records.to_vec();
                for record in &mut records {
                    [record.i, record.j] = tile.word_and_context(*record);
                }
                (tile.row_block, tile.column_block, records, unseen)
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
    fn tiles_come_back_from_their_parts() {
        for (symmetric, negative, memory) in [
            (false, 0.0, None),
            (true, 0.7, None),
            (false, 0.7, Some(1000)),
            (true, 0.7, Some(1000)),
        ] {
            let tiles = tiles(symmetric, negative, &MemoryLimit::new(memory, None), 1);
            let parts = tiles.to_parts().unwrap();
            let TileParts {
                index,
                records,
                unseen,
                targets,
            } = &parts;
            let back = Tiles::from_parts(index, records, unseen, targets).unwrap();
            assert_eq!(contents(&back), contents(&tiles));
            assert_eq!(
                (back.records, back.held_out),
                (tiles.records, tiles.held_out)
            );
            assert_eq!(back.grid(), tiles.grid());
            assert!(back.bytes() > 0);
            assert!(memory.is_some() || back.bytes() <= tiles.bytes());
            assert_eq!(back.to_parts().unwrap(), parts);
        }
    }

    #[test]
    fn groups_of_words_are_gathered_stretch_by_stretch() {
        let all: Vec<Record> = (0..10_000u32)
            .map(|k| Record {
                i: (k.wrapping_mul(2_654_435_761) >> 20) as u16 % 1000,
                j: k as u16,
                ln_x: k as f32,
            })
            .collect();
        let mut gathered = all.clone();
        gather_words(&mut gathered, 30, 4096, &mut Vec::new());
        assert_ne!(gathered, all);
        for (gathered, all) in gathered.chunks(4096).zip(all.chunks(4096)) {
            let mut expected = all.to_vec();
            expected.sort_by_key(|record| record.i / 30);
            assert_eq!(gathered, expected);
        }
    }

    #[test]
    fn of_a_symmetric_matrix_a_pair_is_stored_once() {
        let free = MemoryLimit::default();
        let tiles = tiles(true, 1.0, &free, 1);
        let filled: Vec<&Tile> = tiles.tiles.iter().filter(|t| t.records() > 0).collect();
        let place = |tile: &&Tile| (tile.records.slab, tile.records.range.start);
        let stored: HashSet<_> = filled.iter().map(place).collect();
        let diagonal = |tile: &&&Tile| tile.row_block == tile.column_block;
        let on_diagonal = filled.iter().filter(diagonal).count();
        assert_eq!(2 * stored.len(), filled.len() + on_diagonal);
        // Word pairs and their X are what the triangle says, in both directions.
        let mut pairs = HashSet::new();
        for (row_block, column_block, records, unseen) in contents(&tiles) {
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
            assert!(unseen.iter().all(|record| record.ln_x.is_finite()));
        }
        assert_eq!(pairs.len() as u64, tiles.records() + tiles.held_out());
        assert!(pairs.iter().all(|&(i, j)| pairs.contains(&(j, i))));
    }

    #[test]
    fn without_unseen_pairs_the_records_are_the_same() {
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
    fn unseen_pairs_are_new_and_follow_the_frequencies() {
        for symmetric in [false, true] {
            check_unseen(&tiles(symmetric, 3.0, &MemoryLimit::default(), 2));
        }
    }

    fn check_unseen(tiles: &Tiles) {
        assert!(tiles.grid().blocks() > 3);
        let mut seen = HashSet::new();
        let mut sums = vec![[0.0f64; 2]; WORDS as usize];
        let mut drawn = Vec::new();
        for (row_block, column_block, records, unseen) in contents(tiles) {
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
            drawn.extend(unseen.into_iter().map(|record| {
                let pair = (rows + u32::from(record.i), columns + u32::from(record.j));
                (pair, f64::from(record.ln_x))
            }));
        }
        let total: f64 = sums.iter().map(|sums| sums[0]).sum();
        let mut by_word = vec![0; WORDS as usize];
        for ((i, j), target) in drawn {
            assert!(seen.insert((i, j)), "({i}, {j}) is seen or drawn twice");
            let expected = sums[i as usize][0] * sums[j as usize][1] / total;
            assert!((target - (0.5 * expected.ln() - 1.0)).abs() < 1e-4);
            by_word[i as usize] += 1;
        }
        // Of rare words, most contexts are unseen: they get about their share of the draws. Of the
        // most frequent ones all contexts are seen.
        assert_eq!(by_word[0], 0);
        let weight = |i: usize| sums[i][0].powf(0.75);
        let weights: f64 = (0..WORDS as usize).map(weight).sum();
        let draws = 3.0 * tiles.records() as f64;
        for half in [200..300, 300..400] {
            let share: f64 = half.clone().map(weight).sum::<f64>() / weights;
            let found: usize = by_word[half].iter().sum();
            assert!(found as f64 <= draws * share * 1.1);
            assert!(found as f64 >= draws * share * 0.3);
        }
    }
}
