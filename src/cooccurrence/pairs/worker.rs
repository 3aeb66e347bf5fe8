//! Numbers the keys of batches of rows with the key tables of one worker.

use super::key_table::KeyTable;
use super::table::PairBatch;
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::vocabulary::{MAX_WORDS, WordId};

/// A row of the table: the numbers of its keys, and its value.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct PairRow {
    pub(super) row: WordId,
    pub(super) column: WordId,
    pub(super) x: f64,
}

/// The key tables of one worker: one for both key columns of the table of pairs or, if X is rectangular, one for
/// each of these columns. `ids` and `values` are buffers for one batch.
pub(super) struct Worker {
    pub(super) rows: KeyTable,
    pub(super) columns: Option<KeyTable>,
    ids: [Vec<WordId>; 2],
    values: Vec<f64>,
}

impl Worker {
    pub(super) fn new(rectangular: bool) -> Self {
        Self {
            rows: KeyTable::default(),
            columns: rectangular.then(KeyTable::default),
            ids: [Vec::new(), Vec::new()],
            values: Vec::new(),
        }
    }

    /// Number and count the keys of a batch, and return its rows without those whose value is 0. The keys of a row
    /// with the value 0 are counted too.
    pub(super) fn number(&mut self, batch: &impl PairBatch) -> Result<Vec<PairRow>> {
        check_batch(batch.rows())?;
        let [rows, columns] = &mut self.ids;
        for (contexts, ids) in [(false, &mut *rows), (true, &mut *columns)] {
            ids.clear();
            fallible::reserve(ids, batch.rows())?;
            let keys = match &mut self.columns {
                Some(columns) if contexts => columns,
                _ => &mut self.rows,
            };
            batch.number(contexts, keys, ids)?;
            keys.count(ids)?;
        }
        self.values.clear();
        fallible::reserve(&mut self.values, batch.rows())?;
        batch.values(&mut self.values)?;
        let mut numbered = fallible::with_capacity(batch.rows())?;
        let keys = rows.iter().zip(&*columns).zip(&self.values);
        let pairs = keys.map(|((&row, &column), &x)| PairRow { row, column, x });
        numbered.extend(pairs.filter(|pair| pair.x != 0.0));
        Ok(numbered)
    }
}

/// Refuse a batch whose new keys could have numbers of more than 32 bits. Before a batch, there are
/// at most [`MAX_WORDS`] numbers, and a batch adds at most as many as it has rows. [`MAX_WORDS`] is below 2³¹.
pub(super) fn check_batch(rows: usize) -> Result<()> {
    if rows > MAX_WORDS {
        let message = format!("must have at most {MAX_WORDS} rows in a batch, got {rows}");
        return Err(Error::parameter("table", message));
    }
    Ok(())
}
