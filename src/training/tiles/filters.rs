//! Builds the filters of tiles (`pair_filter.rs`).

use super::grid::TileGrid;
use super::tile::Tile;
use crate::error::Result;
use crate::memory::HugeBuffer;
use crate::training::kernel::Record;
use crate::training::pair_filter::FilterSize;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::ops::Range;

/// The largest number of bytes of the filters of `records` records.
pub(crate) fn filter_bytes(records: u64, negative: f64) -> u64 {
    if negative > 0.0 { records } else { 0 }
}

/// The filters of tiles with these records and of their mirror images, one after the other. Tiles whose block of rows is
/// not in `rows` have none. The counts of words 0 to `symmetric_rows` − 1 with each other are symmetric. Sets
/// `filter_starts` of each tile.
pub(super) fn build_filters(
    tiles: &mut [Tile],
    records: &[Record],
    grid: &TileGrid,
    rows: &Range<usize>,
    symmetric_rows: WordId,
) -> Result<HugeBuffer<u8>> {
    let mut sizes = Vec::with_capacity(tiles.len());
    let mut end = 0;
    for tile in &mut *tiles {
        let has_mirror = tile.has_mirror(grid, symmetric_rows);
        let both = [Some(tile.clone()), has_mirror.then(|| tile.mirror())];
        let both = both.map(|tile| {
            let tile = tile.filter(|tile| rows.contains(&(tile.row_block as usize)))?;
            Some(tile.filter_size(grid))
        });
        tile.filter_starts = [end, end + both[0].map_or(0, |size| size.bytes())];
        end = tile.filter_starts[1] + both[1].map_or(0, |size| size.bytes());
        sizes.push(both);
    }
    let mut all = HugeBuffer::zeroed(end)?;
    let mut rest = &mut all[..];
    let mut parts = Vec::new();
    for (tile, sizes) in tiles.iter().zip(sizes) {
        for (side, size) in sizes.into_iter().enumerate() {
            let Some(size) = size else { continue };
            let (filter, more) = rest.split_at_mut(size.bytes());
            rest = more;
            parts.push((tile, side, size, filter));
        }
    }
    let fill = |(tile, side, size, filter): (&Tile, usize, FilterSize, &mut [u8])| {
        let start = tile.records.range.start;
        for &Record { i, j, .. } in &records[start..][..tile.held_out().end] {
            let [i, j] = if side == 0 { [i, j] } else { [j, i] };
            size.add(filter, i, j);
        }
    };
    parts.into_par_iter().for_each(fill);
    Ok(all)
}
