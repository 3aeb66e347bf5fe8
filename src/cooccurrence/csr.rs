//! Converts the matrix to compressed sparse rows, and compressed sparse rows to a matrix.

use super::block_layout::poll;
use super::matrix::Triangle;
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::WordId;

/// Compressed sparse rows: row starts, columns, values.
pub type Csr = (Vec<i64>, Vec<i32>, Vec<f64>);

/// Bytes of a record in a [`Csr`]: a column and a value.
const RECORD_BYTES: u64 = (size_of::<i32>() + size_of::<f64>()) as u64;

/// Divide rows of these lengths into parts whose records take at most `most` bytes as a [`Csr`]. A row that takes more
/// is a part of its own. Returns the first row of each part, and the end of the last part.
pub fn row_parts(lengths: &[u32], most: u64) -> Vec<usize> {
    let (mut bounds, mut records) = (vec![0], 0);
    for (row, &length) in lengths.iter().enumerate() {
        records += u64::from(length);
        if records > most / RECORD_BYTES && bounds.last() != Some(&row) {
            bounds.push(row);
            records = u64::from(length);
        }
    }
    bounds.push(lengths.len());
    bounds
}

impl Triangle {
    /// A matrix of `shape` from compressed sparse rows: row starts and columns, and the values. Repeated entries add
    /// up, and the columns of a row may be in any order. If `rectangular`, the columns have words of their own;
    /// otherwise the numbers of rows and columns must be equal.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming `X` for arrays that are not well-formed, for values that are not all finite and
    /// ≥ 0, and for a sum beyond the largest float; [`Error::Memory`]; [`Error::Cancelled`].
    pub fn from_csr(
        shape: [usize; 2],
        rectangular: bool,
        [starts, columns]: [&[i64]; 2],
        values: &[f64],
        monitor: &Monitor,
    ) -> Result<Self> {
        check(shape, starts, columns, values)?;
        let counts = Self::assemble(shape[0].max(shape[1]), monitor, |pair| {
            let mut since = 0;
            for (row, ends) in (0..).zip(starts.windows(2)) {
                let entries = ends[0] as usize..ends[1] as usize;
                poll(entries.len(), &mut since, monitor)?;
                for entry in entries {
                    pair(row, columns[entry] as WordId, values[entry], 0.0);
                }
            }
            Ok(())
        })?;
        counts.check_sum("X")?;
        Ok(if rectangular {
            counts.rectangular(shape)
        } else {
            counts
        })
    }

    /// The full matrix in compressed sparse rows: row starts, columns, values. Columns ascend.
    ///
    /// # Errors
    /// As for [`Triangle::block`]; [`Error::Cancelled`].
    pub fn to_csr(&self, monitor: &Monitor) -> Result<Csr> {
        let lengths = self.row_lengths(monitor)?;
        self.rows_to_csr(0, &lengths, monitor)
    }

    /// Number of records in each row of the full matrix.
    ///
    /// # Errors
    /// As for [`Triangle::block`]; [`Error::Cancelled`].
    pub fn row_lengths(&self, monitor: &Monitor) -> Result<Vec<u32>> {
        let mut lengths: Vec<u32> = fallible::zeroed(self.words)?;
        let mut since = 0;
        self.for_each_row(0..self.words as WordId, |row| {
            poll(row.columns.len(), &mut since, monitor)?;
            row.for_each_record(|i, _, _| lengths[i as usize] += 1);
            Ok(())
        })?;
        lengths.truncate(self.shape()[0]);
        Ok(lengths)
    }

    /// Like [`Triangle::to_csr`], but only for `lengths.len()` rows, from row `first` on. `lengths`
    /// has the number of records of each of these rows.
    ///
    /// # Errors
    /// As for [`Triangle::block`]; [`Error::Cancelled`].
    pub fn rows_to_csr(&self, first: WordId, lengths: &[u32], monitor: &Monitor) -> Result<Csr> {
        let end = first + lengths.len() as WordId;
        let mut starts = fallible::with_capacity(lengths.len() + 1)?;
        let mut nnz = 0i64;
        starts.push(0);
        starts.extend(lengths.iter().map(|&length| {
            nnz += i64::from(length);
            nnz
        }));
        let mut next = fallible::copied(&starts)?;
        let mut columns: Vec<i32> = fallible::zeroed(nnz as usize)?;
        let mut values: Vec<f64> = fallible::zeroed(nnz as usize)?;
        let mut since = 0;
        // The rows of the triangle are read in order. So row i of the full matrix first receives its columns up to
        // the diagonal from row i of the triangle, then its other columns from later rows. Its columns ascend.
        self.for_each_row(first..self.words as WordId, |row| {
            let row = if row.row < end {
                row
            } else {
                row.within(first..end)
            };
            poll(row.columns.len(), &mut since, monitor)?;
            row.for_each_record(|i, j, x| {
                if (first..end).contains(&i) {
                    let index = &mut next[(i - first) as usize];
                    columns[*index as usize] = j as i32;
                    values[*index as usize] = x;
                    *index += 1;
                }
            });
            Ok(())
        })?;
        Ok((starts, columns, values))
    }
}

/// Refuse arrays that are not well-formed compressed sparse rows, or whose values are not all
/// finite and ≥ 0.
fn check(shape: [usize; 2], indptr: &[i64], indices: &[i64], values: &[f64]) -> Result<()> {
    let (entries, [words, contexts]) = (values.len(), shape);
    let wrong = |message: String| Err(Error::parameter("X", message));
    if indptr.len() != words + 1
        || indptr.first() != Some(&0)
        || indptr.last() != Some(&(entries as i64))
        || !indptr.is_sorted()
        || indices.len() != entries
    {
        return wrong(format!(
            "must be well-formed compressed sparse rows, got {words} rows, {} numbers in indptr, \
             {} in indices and {entries} in data",
            indptr.len(),
            indices.len()
        ));
    }
    if let Some(&column) = indices
        .iter()
        .find(|&&j| !(0..contexts as i64).contains(&j))
    {
        return wrong(format!(
            "must have columns from 0 to {}, got {column}",
            contexts as i64 - 1
        ));
    }
    if let Some(entry) = values.iter().position(|x| !(x.is_finite() && *x >= 0.0)) {
        let row = indptr.partition_point(|&start| start <= entry as i64) - 1;
        let x = values[entry];
        return wrong(format!(
            "must hold finite counts >= 0, got {x} in row {row}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_rows_keep_within_the_limit_except_those_of_one_row() {
        let parts = |lengths: &[u32], records| row_parts(lengths, records * RECORD_BYTES);
        assert_eq!(parts(&[1, 2, 3, 4], 3), [0, 2, 3, 4]);
        assert_eq!(parts(&[9, 0, 1, 9, 2], 3), [0, 1, 3, 4, 5]);
        assert_eq!(parts(&[1, 2, 3, 4], 100), [0, 4]);
        assert_eq!(parts(&[], 100), [0, 0]);
    }

    #[test]
    fn a_matrix_from_its_compressed_rows_is_the_matrix() {
        let monitor = Monitor::new();
        let (starts, columns) = ([0, 2, 3, 3], [2, 0, 1]);
        let from = |shape, rectangular, values: &[f64]| {
            Triangle::from_csr(shape, rectangular, [&starts, &columns], values, &monitor)
        };
        for (shape, rectangular) in [([3, 3], false), ([3, 4], true)] {
            let counts = from(shape, rectangular, &[2.0, 1.0, 3.0]).unwrap();
            assert_eq!(counts.shape(), shape);
            let csr = counts.to_csr(&monitor).unwrap();
            assert_eq!(csr, (starts.to_vec(), vec![0, 2, 1], vec![1.0, 2.0, 3.0]));
        }
        for (shape, values) in [
            ([2, 3], &[1.0, 2.0, 3.0][..]),
            ([3, 2], &[1.0, 2.0, 3.0]),
            ([3, 3], &[1.0, 2.0]),
            ([3, 3], &[1.0, 2.0, -3.0]),
            ([3, 3], &[1.0, f64::NAN, 3.0]),
            ([3, 3], &[f64::MAX, f64::MAX, 3.0]),
        ] {
            assert!(from(shape, true, values).is_err(), "{shape:?} {values:?}");
        }
    }
}
