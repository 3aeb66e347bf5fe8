//! Counts to vectors: tiles of records, parameters, and epochs of training.
//!
//! The steps, in the order of the data: [`Tiles`] are built from counts, with negative pairs; a schedule
//! hands out batches of an epoch to threads; the kernel updates the [`Parameters`]; [`Training`] runs
//! epoch after epoch, and [`Progress`] decides how it goes on.

mod anchor;
mod epoch;
mod estimate;
mod in_order;
mod kernel;
mod line;
mod loss;
mod marginals;
mod negatives;
mod options;
mod parameters;
mod progress;
mod rate;
mod schedule;
mod tiles;
mod trainer;

pub use anchor::Anchor;
pub use estimate::{Advice, FitEstimate, FitSeconds};
pub use in_order::train_in_order;
pub use kernel::{Optimizer, SimdLevel};
pub use marginals::{Marginal, marginals};
pub use options::TrainingOptions;
pub use parameters::{Exported, MAX_DIM, Parameters};
pub use progress::{DIVERGENCE_FACTOR, MAX_HALVINGS, Progress};
pub use rate::RateSchedule;
pub use tiles::{Counts, SerializedTiles, TileGrid, TileOptions, Tiles, check_sizes};
pub use trainer::{AfterEpoch, Training, train};

// For training one block of a distributed matrix.
pub(crate) use epoch::EpochPass;
pub(crate) use kernel::SharedRows;
pub(crate) use line::Line;
pub(crate) use loss::{poor_model_cost, validation_cost};
pub(crate) use parameters::View;
pub(crate) use schedule::batches;
pub(crate) use tiles::TileSource;
