//! Tokens to counts: how often words stand near each other.

mod accumulator;
mod count;
mod estimate;
mod matrix;
mod merge;
pub(crate) mod sink;
pub(crate) mod spill;

pub use accumulator::DENSE_WIDTH;
pub use count::{CountingOptions, count};
pub use estimate::{Estimate, estimate};
pub use matrix::{RowBlock, Triangle, TriangleRow};
pub use merge::plus;
