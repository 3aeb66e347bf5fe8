//! Fills the tiles of one block of rows with their records: sorts the records into tiles, and shuffles them.

use super::Tile;
use super::grid::TileGrid;
use super::holdout::Holdout;
use super::logarithm::{Buffer, logarithms};
use super::order::{Order, Scratch};
use super::slab::SlabRange;
use crate::cooccurrence::{Rows, TriangleRow};
use crate::error::Result;
use crate::memory::HugeBuffer;
use crate::monitor::Monitor;
use crate::training::kernel::Record;
use crate::training::layout::RowLayout;
use crate::training::shuffle::shuffle;
use crate::vocabulary::WordId;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// Build the tiles whose records come from the rows of `block` in the triangle: the tiles in the block's row
/// up to the diagonal and, unless they are mirror images of these, the tiles in its column.
pub(super) fn fill(
    counts: &impl Rows,
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
        for_each_segment(&row, grid, block, |segment| {
            for (side, values) in segment.values.into_iter().enumerate() {
                let sizes = &mut sizes[segment.block][side];
                if holdout.is_empty() {
                    sizes[0] += values.iter().filter(|&&x| x != 0.0).count();
                    continue;
                }
                for (&column, &x) in segment.columns.iter().zip(values) {
                    let kind = usize::from(holdout.contains(row.row, column));
                    sizes[kind] += usize::from(x != 0.0);
                }
            }
        });
        Ok(())
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
    let mut buffer = Buffer::default();
    counts.for_each_row(rows.clone(), |row| {
        let own = (row.row - rows.start) as u16;
        for_each_segment(&row, grid, block, |segment| {
            let first = grid.start(segment.block);
            for (side, values) in segment.values.into_iter().enumerate() {
                let place = if segment.block == block { 0 } else { side };
                let next = &mut next[segment.block][place];
                let logarithms = logarithms(values, &mut buffer);
                for ((&column, &x), &ln_x) in segment.columns.iter().zip(values).zip(logarithms) {
                    if x == 0.0 {
                        continue;
                    }
                    let other = (column - first) as u16;
                    let [i, j] = if side == 0 {
                        [own, other]
                    } else {
                        [other, own]
                    };
                    let held_out = !holdout.is_empty() && holdout.contains(row.row, column);
                    let kind = usize::from(held_out);
                    slab[next[kind]] = Record { i, j, ln_x };
                    next[kind] += 1;
                }
            }
        });
        monitor.advance(row.columns.len() as u64)
    })?;
    // The tiles of the block are ordered in parallel, so that no thread waits for the thread with
    // the largest block.
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
    let order = |scratch: &mut Scratch<Record>, (tile, records): (&Tile, &mut [Record])| {
        let number = tile.row_block as usize * grid.blocks() + tile.column_block as usize;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ (number as u64).rotate_left(32));
        shuffle(records, &mut rng);
        let rows = grid.words_of(tile.row_block as usize).len();
        Order::new(rows, layout).gather(records, scratch);
    };
    ordered
        .into_par_iter()
        .for_each_init(Scratch::default, order);
    Ok((tiles, records))
}

/// The entries of a row whose columns are words of one block.
struct Segment<'a> {
    block: usize,
    columns: &'a [WordId],
    // X[row, column] and X[column, row] of the `columns`, in their order. A list is empty if no
    // tile of the group needs its records, or if a mirrored tile holds them. The second list lacks
    // the element on the diagonal of X, because the first list has it.
    values: [&'a [f64]; 2],
}

/// Call `f` for each segment of a row of block `own`.
#[inline(always)]
fn for_each_segment<'a>(
    row: &TriangleRow<'a>,
    grid: &TileGrid,
    own: usize,
    mut f: impl FnMut(Segment<'a>),
) {
    let group = grid.partition.group(grid.group);
    // A symmetric source has only pairs with a word of the group. Its tiles need each of them in at least one
    // direction.
    let needs_forward = group.contains(&row.row) || row.backward.is_none();
    let mut start = 0;
    while let Some(&column) = row.columns.get(start) {
        let block = grid.block_of(column);
        let end = grid.start(block + 1);
        let end = start + row.columns[start..].partition_point(|&column| column < end);
        let columns = &row.columns[start..end];
        let forward = &row.forward[start..end];
        // No block has words of two groups.
        let backward = match row.backward {
            Some(backward) if group.contains(&column) => &backward[start..end],
            None if block == own => forward,
            _ => &[],
        };
        let on_diagonal = usize::from(columns.last() == Some(&row.row));
        f(Segment {
            block,
            columns,
            values: [
                if needs_forward { forward } else { &[] },
                &backward[..backward.len().saturating_sub(on_diagonal)],
            ],
        });
        start = end;
    }
}
