//! Tokens to counts: how often words stand near each other.

mod accumulator;
mod count;
mod matrix;

pub use accumulator::DENSE_WIDTH;
pub use count::{CountingOptions, count};
pub use matrix::{RowBlock, Triangle, TriangleRow};
