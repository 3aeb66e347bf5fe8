//! The number and the sum of the records of a matrix.

use super::block_layout::{RowBlock, TriangleRow};

/// Number and sum of records, added up block by block.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    pub nnz: u64,
    pub total: f64,
}

impl Totals {
    pub fn with(self, other: Self) -> Self {
        Self {
            nnz: self.nnz + other.nnz,
            total: self.total + other.total,
        }
    }

    pub fn plus(self, block: &RowBlock) -> Self {
        let rows = block.rows().map(|row| block.row(row));
        rows.fold(self, |totals, row| totals.plus_row(&row))
    }

    pub fn plus_row(mut self, row: &TriangleRow<'_>) -> Self {
        // Sum each row first, so that small values are not rounded away in a large total.
        let columns = row.columns;
        let own = usize::from(columns.last() == Some(&row.row));
        let (others, diagonal) = row.forward.split_at(columns.len() - own);
        let (nnz, total) = count_and_add(others);
        let (mirrored_nnz, mirrored_total) = match row.backward {
            None => (nnz, total),
            Some(backward) => count_and_add(&backward[..others.len()]),
        };
        let (own_nnz, own_total) = count_and_add(diagonal);
        self.nnz += nnz + mirrored_nnz + own_nnz;
        self.total += total + mirrored_total + own_total;
        self
    }
}

/// Number of values that are not zero, and their sum. There are eight partial sums, so that an
/// addition does not wait for the result of the previous one.
fn count_and_add(values: &[f64]) -> (u64, f64) {
    const LANES: usize = 8;
    let (mut zeros, mut sums) = ([0u64; LANES], [0.0; LANES]);
    for values in values.chunks(LANES) {
        for (lane, &x) in values.iter().enumerate() {
            zeros[lane] += u64::from(x == 0.0);
            sums[lane] += x;
        }
    }
    let zeros: u64 = zeros.iter().sum();
    (values.len() as u64 - zeros, sums.iter().sum())
}
