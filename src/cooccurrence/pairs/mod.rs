//! Counts from a table of pairs: each row has the key of a row of X, the key of a column, and a value.
//!
//! Workers number the keys of batches of rows in parallel. Every worker numbers keys in tables of its own, without
//! locks ([`KeyTable`]), and replaces the keys of each row by their numbers. At the end of the table the keys of all
//! workers become one vocabulary, or two if rows and columns have words of their own, and a
//! [`TriangleBuilder`](super::TriangleBuilder) adds up the rows in the order of the table. So the counts have the same
//! bits for any number of threads. Beyond a memory limit, the rows go to a temporary file.

mod count;
mod key_table;
mod merged_keys;
mod row_log;
mod table;
mod worker;

pub use count::{CountedPairs, count_pairs};
pub use key_table::KeyTable;
pub use table::{PairBatch, PairOptions, PairReader};
