//! Counts to vectors: parameters, tiles of records, the kernel, and epochs over them.

mod epochs;
mod kernel;
mod parameters;
mod schedule;
mod tiles;

pub use epochs::{Progress, TrainingOptions, resume, train, train_in_order};
pub use kernel::{Optimizer, SimdLevel};
pub use parameters::{Exported, MAX_DIM, Parameters};
pub use tiles::{Counts, TileGrid, Tiles};
