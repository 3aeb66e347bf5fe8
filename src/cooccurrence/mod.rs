//! Encoded text to counts: how often two words occur within a window of each other.
//!
//! [`count_text`] does all steps from text to counts; [`count()`] counts text that is encoded already. Counts are
//! a [`Triangle`], whose rows lie in memory or in a temporary file.

mod accumulator;
mod assemble;
pub(crate) mod codec;
mod count;
mod estimate;
mod from_records;
mod growth;
mod matrix;
mod merge;
mod pipeline;
mod row_file;
mod row_writer;
mod rows;
mod store;
mod sums;

pub use accumulator::DENSE_WIDTH;
pub(crate) use accumulator::RowAccumulator;
pub use count::{CountingOptions, count};
pub(crate) use count::{Occurrences, RowCounter, sum_row, tasks};
pub use estimate::{CorpusSize, EncodedSample, Estimate};
pub use from_records::TriangleBuilder;
pub use growth::Interval;
pub use matrix::{Csr, Triangle};
pub use merge::plus;
pub(crate) use merge::{BlockSum, push_sum};
pub use pipeline::{CountedText, Words, count_text};
pub(crate) use row_writer::RowWriter;
pub(crate) use rows::poll;
pub use rows::{RowBlock, Rows, TriangleRow};
pub(crate) use store::CompressedBlock;
pub use store::SharedBytes;
pub(crate) use sums::Sums;
