//! Extracts selected rows of the full matrix.

use super::block_layout::{TriangleRow, poll};
use super::csr::Csr;
use super::matrix::Triangle;
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rayon::prelude::*;

// If a row of the triangle has more than this many times as many entries as there are selected
// words, each selected word is looked up in the row by binary search. Otherwise every entry of the
// row is examined.
const SEARCHED_FROM: usize = 16;

/// Entries of selected rows: the index of the row in the list of selected rows, the column, and the
/// value.
type Entries = Vec<(u32, WordId, f64)>;

/// The selected words, and the index of each of them in the list of selected words.
struct IdSelection {
    ascending: Vec<WordId>,
    // For each word of the vocabulary, its index in `ascending`; `NONE` if the word is not selected.
    indices: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl IdSelection {
    /// # Panics
    /// If `selected` does not ascend or has a word outside the vocabulary.
    fn new(words: usize, selected: &[WordId]) -> Result<Self> {
        assert!(
            selected.is_sorted_by(|a, b| a < b),
            "each word once, sorted"
        );
        let mut indices: Vec<u32> = fallible::zeroed(words)?;
        indices.fill(NONE);
        for (index, &word) in selected.iter().enumerate() {
            indices[word as usize] = index as u32;
        }
        Ok(Self {
            ascending: fallible::copied(selected)?,
            indices,
        })
    }

    fn index_of(&self, word: WordId) -> Option<u32> {
        let index = self.indices[word as usize];
        (index != NONE).then_some(index)
    }
}

impl Triangle {
    /// The rows `rows` of the full matrix in compressed sparse rows: starts, columns, values. With `columns`, all
    /// other columns are left out. Columns ascend and keep their numbers. Runs on the current rayon pool.
    ///
    /// # Errors
    /// As for [`Triangle::block`]; [`crate::Error::Cancelled`].
    ///
    /// # Panics
    /// If `rows` or `columns` do not ascend or have a word outside the vocabulary.
    pub fn selected_rows(
        &self,
        rows: &[WordId],
        columns: Option<&[WordId]>,
        monitor: &Monitor,
    ) -> Result<Csr> {
        let selected = IdSelection::new(self.words, rows)?;
        let columns = columns
            .map(|columns| IdSelection::new(self.words, columns))
            .transpose()?;
        let wanted = |column| match &columns {
            Some(columns) => columns.index_of(column).is_some(),
            None => true,
        };
        let first = rows.first().copied().unwrap_or(self.words as WordId);
        let blocks = self.blocks_of(first..self.words as WordId);
        let found: Result<Vec<Entries>> = blocks
            .into_par_iter()
            .map(|k| {
                let (mut entries, mut since) = (Entries::new(), 0);
                let block = self.block(k)?;
                for row in block.rows() {
                    let row = block.row(row);
                    poll(row.columns.len(), &mut since, monitor)?;
                    fallible::reserve(&mut entries, row.most_selected(&selected))?;
                    row.selected(&selected, |index, column, x| {
                        if wanted(column) {
                            entries.push((index, column, x));
                        }
                    });
                }
                entries.shrink_to_fit();
                Ok(entries)
            })
            .collect();
        into_rows(rows.len(), &found?)
    }
}

impl TriangleRow<'_> {
    /// An upper bound of the number of times that [`TriangleRow::selected`] calls its argument.
    fn most_selected(&self, selected: &IdSelection) -> usize {
        let own = selected
            .index_of(self.row)
            .map_or(0, |_| self.columns.len());
        own + selected.ascending.len().min(self.columns.len())
    }

    /// Call `f(index, column, x)` for the entries of the full matrix that this row of the triangle represents and
    /// that lie in selected rows. `index` is the index of the row of the entry in the list of selected rows.
    fn selected(&self, selected: &IdSelection, mut f: impl FnMut(u32, WordId, f64)) {
        let own = selected.index_of(self.row);
        if let Some(index) = own {
            for (&column, &x) in self.columns.iter().zip(self.forward) {
                if x != 0.0 {
                    f(index, column, x);
                }
            }
        }
        let mut mirrored = |i: usize, index| {
            let x = self
                .backward
                .map_or(self.forward[i], |backward| backward[i]);
            if x != 0.0 && self.columns[i] != self.row {
                f(index, self.row, x);
            }
        };
        if selected.ascending.len() * SEARCHED_FROM < self.columns.len() {
            for (index, word) in selected.ascending.iter().enumerate() {
                if let Ok(i) = self.columns.binary_search(word) {
                    mirrored(i, index as u32);
                }
            }
        } else {
            for (i, &column) in self.columns.iter().enumerate() {
                if let Some(index) = selected.index_of(column) {
                    mirrored(i, index);
                }
            }
        }
    }
}

/// The entries as compressed sparse rows. The columns of a row ascend, because `found` has the
/// entries in the order of the rows of the triangle.
fn into_rows(rows: usize, found: &[Entries]) -> Result<Csr> {
    let mut starts: Vec<i64> = fallible::zeroed(rows + 1)?;
    for &(index, _, _) in found.iter().flatten() {
        starts[index as usize + 1] += 1;
    }
    for row in 0..rows {
        starts[row + 1] += starts[row];
    }
    let mut next = fallible::copied(&starts)?;
    let mut columns: Vec<i32> = fallible::zeroed(starts[rows] as usize)?;
    let mut values: Vec<f64> = fallible::zeroed(starts[rows] as usize)?;
    for &(index, column, x) in found.iter().flatten() {
        let next = &mut next[index as usize];
        columns[*next as usize] = column as i32;
        values[*next as usize] = x;
        *next += 1;
    }
    Ok((starts, columns, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const WORDS: usize = 90;

    fn records() -> impl Strategy<Value = BTreeMap<(WordId, WordId), f64>> {
        let pair = (0..WORDS as WordId, 0..WORDS as WordId);
        prop::collection::btree_map(pair, 0.5..9.0f64, 0..2_000)
    }

    fn words() -> impl Strategy<Value = Vec<WordId>> {
        prop::collection::btree_set(0..WORDS as WordId, 0..20)
            .prop_map(|words| words.into_iter().collect())
    }

    proptest! {
        #[test]
        fn selected_rows_are_those_of_the_full_matrix(
            records in records(),
            mirrored in any::<bool>(),
            rows in words(),
            columns in prop::option::of(words()),
        ) {
            let monitor = Monitor::default();
            let mut records = records;
            if mirrored {
                let other_direction: Vec<_> = records.iter().map(|(&(i, j), &x)| ((j, i), x)).collect();
                records.extend(other_direction);
                let upper: Vec<_> = records.iter().filter(|((i, j), _)| i < j).map(|(&(i, j), &x)| ((j, i), x)).collect();
                records.extend(upper);
            }
            let triangle = Triangle::assemble(WORDS, &monitor, |pair| {
                for (&(i, j), &x) in &records {
                    pair(i, j, x, 0.0);
                }
                Ok(())
            }).unwrap();
            prop_assert!(triangle.symmetric || !mirrored);
            let (starts, found, values) =
                triangle.selected_rows(&rows, columns.as_deref(), &monitor).unwrap();
            prop_assert_eq!(starts.len(), rows.len() + 1);
            for (index, &row) in rows.iter().enumerate() {
                let range = starts[index] as usize..starts[index + 1] as usize;
                let measured: Vec<_> = found[range.clone()]
                    .iter()
                    .map(|&column| column as WordId)
                    .zip(values[range].iter().copied())
                    .collect();
                let expected: Vec<_> = (0..WORDS as WordId)
                    .filter(|j| columns.as_ref().is_none_or(|columns| columns.contains(j)))
                    .filter_map(|j| records.get(&(row, j)).map(|&x| (j, x)))
                    .collect();
                prop_assert_eq!(measured, expected);
            }
        }
    }
}
