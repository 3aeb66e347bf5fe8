//! Counts to vectors: parameters, tiles of records, the kernel, and epochs over them.

mod anchor;
mod epochs;
mod kernel;
mod loss;
mod parameters;
mod rate;
mod schedule;
mod strata;
mod tiles;
mod unseen;

pub use anchor::Anchor;
pub use epochs::{
    AfterEpoch, MOST_HALVINGS, Progress, Training, TrainingOptions, train, train_in_order,
};
pub use kernel::{Optimizer, SimdLevel};
pub use parameters::{Exported, MAX_DIM, Parameters};
pub use rate::RateSchedule;
pub use strata::{Stratum, Turn};
pub use tiles::{Counts, TileGrid, TileOptions, TileParts, Tiles, margins};
pub use unseen::Margin;
