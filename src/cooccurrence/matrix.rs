//! The co-occurrence matrix, kept as the triangle of pairs whose row word is the rarer one.

use crate::vocabulary::WordId;

/// Consecutive rows of a [`Triangle`], packed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowBlock {
    first: WordId,
    // Row `first + i` is entries ends[i - 1]..ends[i].
    ends: Vec<usize>,
    columns: Vec<WordId>,
    // X[row, column]
    forward: Vec<f64>,
    // X[column, row]; absent when the matrix is symmetric.
    backward: Option<Vec<f64>>,
}

impl RowBlock {
    /// No rows yet; the first will be `first`.
    pub fn new(first: WordId, both_directions: bool) -> Self {
        Self {
            first,
            backward: both_directions.then(Vec::new),
            ..Self::default()
        }
    }

    /// Append an entry of a symmetric matrix to the open row; columns ascend.
    #[inline]
    pub fn push(&mut self, column: WordId, x: f64) {
        self.columns.push(column);
        self.forward.push(x);
    }

    /// Append X\[row, column\] and X\[column, row\].
    #[inline]
    pub fn push_both(&mut self, column: WordId, forward: f64, backward: f64) {
        self.push(column, forward);
        if let Some(values) = &mut self.backward {
            values.push(backward);
        }
    }

    /// Close the open row.
    #[inline]
    pub fn end_row(&mut self) {
        self.ends.push(self.columns.len());
    }

    /// Give back memory that was reserved for growth.
    pub fn shrink_to_fit(&mut self) {
        self.columns.shrink_to_fit();
        self.forward.shrink_to_fit();
        if let Some(values) = &mut self.backward {
            values.shrink_to_fit();
        }
    }

    /// Rows held.
    pub fn rows(&self) -> std::ops::Range<WordId> {
        self.first..self.first + self.ends.len() as WordId
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether no entry is held.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// One row; `row` must be held.
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

/// One row of a [`Triangle`]: columns ascend and are at most the row.
#[derive(Debug, Clone, Copy)]
pub struct TriangleRow<'a> {
    /// Its word.
    pub row: WordId,
    /// Words of at most its rank number.
    pub columns: &'a [WordId],
    /// X\[row, column\] for each column.
    pub forward: &'a [f64],
    /// X\[column, row\]; absent when the matrix is symmetric.
    pub backward: Option<&'a [f64]>,
}

impl TriangleRow<'_> {
    /// Call `f(row, column, x)` for every non-zero entry of the full matrix that this row stands
    /// for: those of the row itself, and their mirror images.
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

/// A co-occurrence matrix X as the pairs (rarer word, more frequent or same word), in order.
///
/// A symmetric X needs one number per pair. Otherwise there are two, for the two directions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Triangle {
    /// Number of words: X is `words` × `words`.
    pub words: usize,
    /// Whether X equals its transpose by construction.
    pub symmetric: bool,
    /// The rows, in order and without gaps.
    pub blocks: Vec<RowBlock>,
}

impl Triangle {
    /// All rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = TriangleRow<'_>> {
        self.blocks
            .iter()
            .flat_map(|block| block.rows().map(|row| block.row(row)))
    }

    /// One row; binary search over the blocks.
    pub fn row(&self, row: WordId) -> TriangleRow<'_> {
        let block = self.blocks.partition_point(|b| b.rows().end <= row);
        self.blocks[block].row(row)
    }

    /// Pairs kept.
    pub fn pairs(&self) -> usize {
        self.blocks.iter().map(RowBlock::len).sum()
    }

    /// Non-zero entries of the full matrix, and their sum.
    pub fn totals(&self) -> (u64, f64) {
        let (mut nnz, mut total) = (0, 0.0);
        for row in self.rows() {
            // Row by row, so that a long sum does not lose its small terms.
            let mut row_total = 0.0;
            row.for_each_record(|_, _, x| {
                nnz += 1;
                row_total += x;
            });
            total += row_total;
        }
        (nnz, total)
    }

    /// Σ over columns of the full matrix, for every row.
    pub fn row_sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.words];
        for row in self.rows() {
            row.for_each_record(|i, _, x| sums[i as usize] += x);
        }
        sums
    }

    /// X\[i, j\], 0 if the words never co-occur.
    pub fn get(&self, i: WordId, j: WordId) -> f64 {
        let row = self.row(i.max(j));
        match row.columns.binary_search(&i.min(j)) {
            Err(_) => 0.0,
            Ok(place) => match row.backward {
                Some(backward) if i < j => backward[place],
                _ => row.forward[place],
            },
        }
    }

    /// The full matrix in compressed sparse rows: row ends, columns, values. Columns ascend.
    pub fn to_csr(&self) -> (Vec<i64>, Vec<i32>, Vec<f64>) {
        let mut next = vec![0i64; self.words + 1];
        for row in self.rows() {
            row.for_each_record(|i, _, _| next[i as usize + 1] += 1);
        }
        for i in 0..self.words {
            next[i + 1] += next[i];
        }
        let starts = next.clone();
        let nnz = starts[self.words] as usize;
        let (mut columns, mut values) = (vec![0i32; nnz], vec![0.0; nnz]);
        // Rows come in order, so each row of the full matrix first receives its own entries
        // (columns up to the diagonal) and then its mirror images, ascending.
        for row in self.rows() {
            row.for_each_record(|i, j, x| {
                let place = &mut next[i as usize];
                columns[*place as usize] = j as i32;
                values[*place as usize] = x;
                *place += 1;
            });
        }
        (starts, columns, values)
    }

    /// From records in any order; repeated ones add up, zeros vanish.
    pub fn from_records(
        words: usize,
        records: impl IntoIterator<Item = (WordId, WordId, f64)>,
    ) -> Self {
        let mut sides: Vec<(WordId, WordId, [f64; 2])> = records
            .into_iter()
            .map(|(i, j, x)| {
                if i >= j {
                    (i, j, [x, 0.0])
                } else {
                    (j, i, [0.0, x])
                }
            })
            .collect();
        sides.sort_by_key(|&(i, j, _)| (i, j));
        sides.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2[0] += next.2[0];
                kept.2[1] += next.2[1];
            }
            same
        });
        let symmetric = sides.iter().all(|&(i, j, [f, b])| i == j || f == b);
        let mut block = RowBlock::new(0, !symmetric);
        for (i, j, [forward, backward]) in sides {
            while block.rows().end < i {
                block.end_row();
            }
            if forward != 0.0 || backward != 0.0 {
                block.push_both(j, forward, backward);
            }
        }
        while (block.rows().end as usize) < words {
            block.end_row();
        }
        block.shrink_to_fit();
        Self {
            words,
            symmetric,
            blocks: vec![block],
        }
    }
}
