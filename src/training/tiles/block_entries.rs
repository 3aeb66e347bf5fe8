//! Divides each row of counts into the entries of each block of columns.

use super::grid::TileGrid;
use crate::cooccurrence::TriangleRow;
use crate::vocabulary::WordId;

/// The entries of a row whose columns are words of one block.
pub(super) struct BlockEntries<'a> {
    pub block: usize,
    // The position of the first of these entries in the row.
    pub start: usize,
    pub columns: &'a [WordId],
    // X[row, column] and X[column, row], in the order of `columns`. Each of the two lists is empty if no tile of the
    // group needs its records. The second list is also empty if the matrix is symmetric and `block` is not the block of
    // the row: then its records are the transposed records of the first list, and `build.rs` gets their tile with
    // `Tile::mirror`. The second list lacks the element on the diagonal of X, because the first list has it.
    pub values: [&'a [f64]; 2],
}

/// Call `f` for each block that has entries of a row. The row is in block `own`.
#[inline(always)]
pub(super) fn for_each_block<'a>(
    row: &TriangleRow<'a>,
    grid: &TileGrid,
    own: usize,
    mut f: impl FnMut(BlockEntries<'a>),
) {
    let group = grid.partition.group(grid.group);
    // A symmetric source has only pairs with a word of the group. The tiles need each of these pairs in at
    // least one direction.
    let needs_forward = group.contains(&row.row) || row.backward.is_none();
    let mut start = 0;
    while let Some(&column) = row.columns.get(start) {
        let block = grid.block_of(column);
        let end = grid.start(block + 1);
        let rest = &row.columns[start..];
        let end = start + number_below(end, rest);
        let columns = &row.columns[start..end];
        let forward = &row.forward[start..end];
        // No block has words of two groups, so the first column of a block tells whether its columns are in the group.
        let backward = match row.backward {
            Some(backward) if group.contains(&column) => &backward[start..end],
            None if block == own => forward,
            _ => &[],
        };
        let on_diagonal = usize::from(columns.last() == Some(&row.row));
        f(BlockEntries {
            block,
            start,
            columns,
            values: [
                if needs_forward { forward } else { &[] },
                &backward[..backward.len().saturating_sub(on_diagonal)],
            ],
        });
        start = end;
    }
}

/// Number of the columns below `end`. Columns ascend. A binary search would wait for columns that are not in the cache
/// yet, so this search looks at the last of each sixteen columns.
#[inline(always)]
fn number_below(end: WordId, columns: &[WordId]) -> usize {
    const STEP: usize = 16;
    let whole = columns
        .chunks_exact(STEP)
        .take_while(|columns| columns[STEP - 1] < end)
        .count();
    let rest = &columns[STEP * whole..];
    let next = &rest[..rest.len().min(STEP)];
    STEP * whole + next.iter().filter(|&&column| column < end).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_are_counted_as_one_by_one(
            columns in proptest::collection::btree_set(0..200_u32, 0..100),
            end in 0..210_u32,
        ) {
            let columns: Vec<WordId> = columns.into_iter().collect();
            let naive = columns.iter().filter(|&&column| column < end).count();
            prop_assert_eq!(number_below(end, &columns), naive);
        }
    }
}
