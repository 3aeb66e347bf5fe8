//! Records into tiles.

use super::counts::{Counts, Source};
use super::grid::{LEAST_BLOCKS, TileGrid};
use super::holdout::HeldOut;
use super::slab::{Place, Slab};
use super::{Tile, Tiles, Unseen};
use crate::cooccurrence::{Rows, TriangleRow};
use crate::error::{Error, Result};
use crate::memory::{HugeBuffer, MemoryLimit, TemporaryFile};
use crate::monitor::{Monitor, Stage};
use crate::partition::Partition;
use crate::training::kernel::Record;
use crate::training::marginals::{Margin, margins};
use crate::training::negatives::{Pair, Sampler, Targets};
use crate::training::options::TrainingOptions;
use crate::training::parameters::Parameters;
use crate::vocabulary::WordId;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// Bytes of the rows that one group of records meets on their `i` side, which thereby stay in the
/// first-level cache while those of the other side pass through it.
const NEAR_BYTES: usize = 24 << 10;
/// Of so many records for each word of a block, those of a group are gathered: few enough that a row
/// meets them at about the time it would have met them in random order (benches/RESULTS.md, "Order").
const GATHERED_PER_ROW: usize = 4;

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
    pub(in crate::training) fn of_group(
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
                            let rows = &share.rows(grid.start(block)..grid.start(block + 1));
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
}
