//! The layout of counts in memory: consecutive rows of the triangle in common arrays.

use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use std::ops::Range;

/// Consecutive rows of a [`Triangle`](super::Triangle) in one set of arrays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowBlock {
    first: WordId,
    // Row `first + i` consists of the entries ends[i - 1]..ends[i].
    ends: Vec<usize>,
    columns: Vec<WordId>,
    // X[row, column]
    forward: Vec<f64>,
    // X[column, row]; absent when the matrix is symmetric.
    backward: Option<Vec<f64>>,
}

impl RowBlock {
    /// A block without rows, whose first row will be `first`. If `both_directions`, an entry has a value for each
    /// direction.
    pub fn new(first: WordId, both_directions: bool) -> Self {
        Self {
            first,
            backward: both_directions.then(Vec::new),
            ..Self::default()
        }
    }

    /// Remove all rows, and prepare for rows from `first` on in the same memory. Returns the empty
    /// arrays.
    pub(crate) fn refill(&mut self, first: WordId, both_directions: bool) -> Parts<'_> {
        self.first = first;
        self.ends.clear();
        self.columns.clear();
        self.forward.clear();
        self.backward = both_directions.then(|| {
            let mut values = self.backward.take().unwrap_or_default();
            values.clear();
            values
        });
        let values = [Some(&mut self.forward), self.backward.as_mut()];
        (&mut self.ends, &mut self.columns, values)
    }

    /// Reserve memory for more rows and entries.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn reserve(&mut self, rows: usize, entries: usize) -> Result<()> {
        fallible::reserve(&mut self.ends, rows)?;
        fallible::reserve(&mut self.columns, entries)?;
        fallible::reserve(&mut self.forward, entries)?;
        match &mut self.backward {
            Some(values) => fallible::reserve(values, entries),
            None => Ok(()),
        }
    }

    /// Append a column and its value X\[row, column\] to the open row: the row that [`RowBlock::end_row`] closes next.
    /// The columns of a row must ascend.
    #[inline]
    pub fn push(&mut self, column: WordId, x: f64) {
        self.columns.push(column);
        self.forward.push(x);
    }

    /// Append a column with `forward`, X\[row, column\], and `backward`, X\[column, row\], to the open row.
    /// `backward` is ignored if the block stores values of one direction only.
    #[inline]
    pub fn push_both(&mut self, column: WordId, forward: f64, backward: f64) {
        self.push(column, forward);
        if let Some(values) = &mut self.backward {
            values.push(backward);
        }
    }

    /// Append the sums that are not zero to the open row. `sums` has a sum for each column from 0
    /// on, and `number` of them are not zero. A sum consists of a number for each direction, or of
    /// one number for both.
    pub(crate) fn push_nonzero<const N: usize>(
        &mut self,
        sums: impl Iterator<Item = [f64; N]>,
        number: usize,
    ) {
        let start = self.columns.len();
        // No branch, because the processor cannot predict which sums are zero: every sum is
        // written, and the next sum overwrites a sum that is zero. So the arrays need one element
        // more than there are entries until the end of the loop.
        self.columns.resize(start + number + 1, 0);
        let mut values = [Some(&mut self.forward), self.backward.as_mut()];
        for values in values.iter_mut().flatten() {
            values.resize(start + number + 1, 0.0);
        }
        let columns = &mut self.columns[start..];
        let mut values = values.map(|values| values.map(|values| &mut values[start..]));
        let mut end = 0;
        for (column, sum) in sums.enumerate() {
            columns[end] = column as WordId;
            for (values, x) in values.iter_mut().zip(sum) {
                if let Some(values) = values {
                    values[end] = x;
                }
            }
            end += usize::from(sum.iter().any(|&x| x != 0.0));
        }
        self.columns.truncate(start + number);
        self.forward.truncate(start + number);
        if let Some(values) = &mut self.backward {
            values.truncate(start + number);
        }
    }

    /// Append the entries of `row` to the open row. Their columns must be larger than the columns that
    /// the open row has so far.
    pub(crate) fn extend(&mut self, row: &TriangleRow<'_>) -> Result<()> {
        self.reserve(1, row.columns.len())?;
        self.columns.extend_from_slice(row.columns);
        self.forward.extend_from_slice(row.forward);
        if let (Some(values), Some(backward)) = (&mut self.backward, row.backward) {
            values.extend_from_slice(backward);
        }
        Ok(())
    }

    /// Close the open row. Then the next row is open.
    #[inline]
    pub fn end_row(&mut self) {
        self.ends.push(self.columns.len());
    }

    /// Free memory that was reserved for more entries.
    pub fn shrink_to_fit(&mut self) {
        self.columns.shrink_to_fit();
        self.forward.shrink_to_fit();
        if let Some(values) = &mut self.backward {
            values.shrink_to_fit();
        }
    }

    /// A copy whose arrays have exactly the size that they need.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub(crate) fn exact_copy(&self) -> Result<Self> {
        let backward = self.backward.as_deref().map(fallible::copied);
        Ok(Self {
            first: self.first,
            ends: fallible::copied(&self.ends)?,
            columns: fallible::copied(&self.columns)?,
            forward: fallible::copied(&self.forward)?,
            backward: backward.transpose()?,
        })
    }

    /// For each row, the index after its last entry.
    pub(super) fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// The columns of all entries.
    pub(super) fn columns(&self) -> &[WordId] {
        &self.columns
    }

    /// The values of all entries, in one direction or both.
    pub(super) fn values(&self) -> (&[f64], Option<&[f64]>) {
        (&self.forward, self.backward.as_deref())
    }

    /// Drop the values X\[column, row\]. The matrix must be symmetric.
    pub(crate) fn drop_backward(&mut self) {
        self.backward = None;
    }

    /// The numbers of the rows.
    pub fn rows(&self) -> Range<WordId> {
        self.first..self.first + self.ends.len() as WordId
    }

    /// Number of bytes of memory that the rows take.
    pub fn bytes(&self) -> u64 {
        let per_entry = size_of::<WordId>() + 8 * (1 + usize::from(self.backward.is_some()));
        (self.columns.len() * per_entry + self.ends.len() * size_of::<usize>()) as u64
    }

    /// Whether all values are finite and not negative.
    pub fn holds_counts(&self) -> bool {
        let mut values = self.forward.iter().chain(self.backward.iter().flatten());
        values.all(|x| x.is_finite() && *x >= 0.0)
    }

    /// Whether there is a value for each direction.
    pub fn has_both_directions(&self) -> bool {
        self.backward.is_some()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Row number `row`, which must be in [`RowBlock::rows`].
    #[inline]
    pub fn row(&self, row: WordId) -> TriangleRow<'_> {
        let i = (row - self.first) as usize;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        let range = start..self.ends[i];
        TriangleRow {
            row,
            columns: &self.columns[range.clone()],
            forward: &self.forward[range.clone()],
            backward: self.backward.as_ref().map(|b| &b[range]),
        }
    }
}

/// The arrays of a [`RowBlock`] to fill: ends of rows, columns, and values of one direction or both.
type Parts<'a> = (
    &'a mut Vec<usize>,
    &'a mut Vec<WordId>,
    [Option<&'a mut Vec<f64>>; 2],
);

/// One row of a [`Triangle`](super::Triangle): columns ascend and are at most `row`.
#[derive(Debug, Clone, Copy)]
pub struct TriangleRow<'a> {
    /// The number of the row, which is the id of its word.
    pub row: WordId,
    /// The ids of the words of the columns.
    pub columns: &'a [WordId],
    /// X\[row, column\] for each column.
    pub forward: &'a [f64],
    /// X\[column, row\]; absent when the matrix is symmetric.
    pub backward: Option<&'a [f64]>,
}

impl TriangleRow<'_> {
    pub(crate) fn is_symmetric(&self) -> bool {
        self.backward.is_none_or(|backward| {
            let mirrored = self.forward.iter().zip(backward);
            self.columns
                .iter()
                .zip(mirrored)
                .all(|(&column, (forward, back))| column == self.row || forward == back)
        })
    }

    /// The entries with columns below `column`, and those with larger or equal columns.
    pub(crate) fn split(&self, column: WordId) -> (Self, Self) {
        let index = self.columns.partition_point(|&own| own < column);
        let part = |range: Range<usize>| Self {
            row: self.row,
            columns: &self.columns[range.clone()],
            forward: &self.forward[range.clone()],
            backward: self.backward.map(|backward| &backward[range]),
        };
        (part(0..index), part(index..self.columns.len()))
    }

    /// The entries whose column is in `columns`.
    pub(crate) fn within(&self, columns: Range<WordId>) -> Self {
        self.split(columns.end).0.split(columns.start).1
    }

    /// Call `f(row, column, x)` for every non-zero entry of the full matrix that this row represents: its own
    /// entries, and those of the other direction, with row and column exchanged.
    #[inline]
    pub fn for_each_record(&self, mut f: impl FnMut(WordId, WordId, f64)) {
        for (i, &column) in self.columns.iter().enumerate() {
            let forward = self.forward[i];
            if forward != 0.0 {
                f(self.row, column, forward);
            }
            if column != self.row {
                let backward = self.backward.map_or(forward, |b| b[i]);
                if backward != 0.0 {
                    f(column, self.row, backward);
                }
            }
        }
    }
}

/// Counts that can be read row by row.
pub trait CountRows: Sync {
    /// Call `f` for each of `rows` that these counts have, in order. `f` may be called several times for a row, each
    /// time with some of the columns of the row.
    ///
    /// # Errors
    /// As for [`Triangle::block`](super::Triangle::block), or what `f` returns.
    fn for_each_row(
        &self,
        rows: Range<WordId>,
        f: impl FnMut(TriangleRow<'_>) -> Result<()>,
    ) -> Result<()>;
}

impl CountRows for RowBlock {
    fn for_each_row(
        &self,
        rows: Range<WordId>,
        mut f: impl FnMut(TriangleRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let own = self.rows();
        (own.start.max(rows.start)..own.end.min(rows.end)).try_for_each(|row| f(self.row(row)))
    }
}

/// Check the monitor about once in a million entries. `entries` is the number of entries of the row that was just
/// read. `since` counts the entries since the last check.
///
/// # Errors
/// As for [`Monitor::check`].
pub fn poll(entries: usize, since: &mut usize, monitor: &Monitor) -> Result<()> {
    *since += entries + 1;
    if *since >= 1 << 20 {
        *since = 0;
        monitor.check()?;
    }
    Ok(())
}
