//! Counts to vectors: parameters, tiles of records, the kernel, and epochs over them.

mod anchor;
mod epoch;
mod in_order;
mod kernel;
mod loss;
mod marginals;
mod negatives;
mod options;
mod parameters;
mod rate;
mod schedule;
mod strata;
mod tiles;
mod trainer;

pub use anchor::Anchor;
pub use in_order::train_in_order;
pub use kernel::{Optimizer, SimdLevel};
pub use marginals::{Margin, margins};
pub use options::TrainingOptions;
pub use parameters::{Exported, MAX_DIM, Parameters};
pub use rate::RateSchedule;
pub use strata::{Stratum, Turn};
pub use tiles::{Counts, TileGrid, TileOptions, TileParts, Tiles};
pub use trainer::{AfterEpoch, MOST_HALVINGS, Progress, Training, train};
