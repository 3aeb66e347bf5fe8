//! Tokens to counts: how often words stand near each other.

mod accumulator;
mod count;
mod estimate;
mod gather;
mod matrix;
mod merge;
mod share;
mod sink;
pub(crate) mod spill;

pub use accumulator::DENSE_WIDTH;
pub use count::{CountingOptions, count};
pub use estimate::{Estimate, estimate};
pub use gather::Gathering;
#[cfg(feature = "python")]
pub(crate) use matrix::poll;
pub use matrix::{Bytes, Csr, RowBlock, Rows, Triangle, TriangleRow};
pub use merge::plus;
pub use share::{Keep, PackedShare, Share, count_shares, merge_shares, row_blocks};
pub(crate) use sink::RowSink;
