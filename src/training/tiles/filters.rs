//! Builds the filters of tiles (`seen_pairs.rs`).

use super::grid::TileGrid;
use super::tile::Tile;
use crate::error::Result;
use crate::memory::HugeBuffer;
use crate::training::kernel::Record;
use crate::training::seen_pairs::FilterSize;
use crate::vocabulary::WordId;
use rayon::prelude::*;

/// At most this many bytes take the filters of so many records.
pub(crate) fn filter_bytes(records: u64, negative: f64) -> u64 {
    if negative > 0.0 { records } else { 0 }
}

/// The filters of tiles with these records, one after the other, and those of their mirror images. The counts of words 0
/// to `symmetric_rows` − 1 with each other are symmetric. Sets `seen` of each tile.
pub(super) fn filters(
    tiles: &mut [Tile],
    records: &[Record],
    grid: &TileGrid,
    symmetric_rows: WordId,
) -> Result<HugeBuffer<u8>> {
    let mut sizes = Vec::with_capacity(tiles.len());
    let mut end = 0;
    for tile in &mut *tiles {
        let own = tile.filter_size(grid);
        let has_mirror = tile.has_mirror(grid, symmetric_rows);
        let mirror = has_mirror.then(|| tile.mirror().filter_size(grid));
        tile.seen = [end, end + own.bytes()];
        end = tile.seen[1] + mirror.map_or(0, |size| size.bytes());
        sizes.push([Some(own), mirror]);
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
