//! The files of Stanford's tools.
//!
//! | module | file | content |
//! |---|---|---|
//! | `vocabulary` | `vocab.txt` | lines of `word SP count LF` |
//! | `records` | `cooccurrence.bin`, `cooccurrence.shuf.bin` | records of 16 bytes: `i32 word1, i32 word2, f64 x`; word numbers start at 1; if the counts are not symmetric, word1 is the left word |
//! | `parameters` | `vectors.bin`, `gradsq.bin` | V rows of W, then V rows of W̃; a row is a word's vector and bias, as f64; no header |
//!
//! All numbers are little-endian.

mod parameters;
mod records;
mod vocabulary;

pub(super) use parameters::Shape;
pub use parameters::{load_parameters, save_parameters, summarize_parameters};
pub use records::{
    RecordsSummary, load_cooccurrences, save_cooccurrences, shuffle, summarize_records,
};
pub(super) use records::{check_sum, read_cooccurrences};
#[cfg(feature = "python")]
pub(crate) use vocabulary::load_vocabulary_from;
pub use vocabulary::{load_vocabulary, save_vocabulary};
