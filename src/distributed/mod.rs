//! Training on many machines that share no memory.

mod strata;

pub use strata::{MatrixBlock, Subepoch};
