//! What a table of pairs is: a reader of batches of rows. Each row adds its value to the matrix X of counts.

use super::key_table::KeyTable;
use crate::error::Result;
use crate::vocabulary::WordId;

/// How to read a table of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairOptions {
    /// Whether each row of the table is a pair without an order. Then a row with the keys i and j adds its value to
    /// both X\[i, j\] and X\[j, i\], or once to X\[i, i\] if i = j.
    pub symmetric: bool,
    /// Whether the columns of X have words of their own.
    pub rectangular: bool,
}

/// A batch of rows of a table.
pub trait PairBatch: Send + Sync {
    /// Number of rows.
    fn rows(&self) -> usize;

    /// Append to `ids` the numbers of the keys in one column of the table, in the order of the rows
    /// of the table. If `contexts`, these are the keys of the columns of X, otherwise those of the
    /// rows of X. `keys` gives the numbers.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] naming the row of the table whose key is missing or is not a word;
    /// [`crate::Error::Memory`].
    fn number(&self, contexts: bool, keys: &mut KeyTable, ids: &mut Vec<WordId>) -> Result<()>;

    /// Append the values of the rows to `values`. Each of them is finite and at least 0.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] naming the row of the table whose value is missing, negative or not finite;
    /// [`crate::Error::Memory`].
    fn values(&self, values: &mut Vec<f64>) -> Result<()>;
}

/// A table of pairs that is read from front to back.
pub trait PairReader: Send {
    /// The type of the batches.
    type Batch: PairBatch;

    /// The next batch; `None` at the end.
    ///
    /// # Errors
    /// The errors of the source.
    fn next_batch(&mut self) -> Result<Option<Self::Batch>>;
}
