//! Tokens to counts: how often words stand near each other.

mod accumulator;
mod assemble;
pub(crate) mod codec;
mod count;
mod estimate;
mod from_records;
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
pub use estimate::{Estimate, estimate};
pub use from_records::Gathering;
pub use matrix::{Csr, Triangle};
pub use merge::plus;
pub(crate) use merge::{BlockSum, push_sum};
pub use pipeline::{CountedText, Words, count_text};
pub(crate) use row_writer::RowSink;
pub(crate) use rows::poll;
pub use rows::{RowBlock, Rows, TriangleRow};
pub use store::Bytes;
pub(crate) use store::PackedBlock;
pub(crate) use sums::Sums;
