//! Training: from co-occurrence counts to word vectors.
//!
//! The steps, in order: [`Tiles`] are built from the counts. In every epoch a schedule hands out batches of records to
//! the threads, each batch draws its negative pairs, and the kernel updates the [`Parameters`].
//! [`TrainingState`] runs one epoch after the other. `divergence.rs` decides whether an epoch is repeated at half
//! the learning rate, `stopping.rs` whether another epoch starts.

mod accumulators;
mod anchor;
mod data_loss;
mod divergence;
mod epoch;
mod epoch_log;
mod estimate;
mod in_order;
mod kernel;
mod line;
mod loss;
mod marginals;
mod negatives;
mod optimizer;
mod options;
mod pair_filter;
mod parameters;
mod rate_schedule;
mod row_layout;
mod schedule;
mod shuffle;
mod stopping;
mod tiles;
mod trainer;
mod weighted_choice;
mod weighting;

pub use accumulators::{Accumulators, START_ACCUMULATOR};
pub use anchor::Anchor;
pub use data_loss::{BorrowedParameters, data_loss};
pub use divergence::{DIVERGENCE_FACTOR, MAX_HALVINGS};
pub use epoch::PassCost;
pub use epoch_log::EpochLog;
pub use estimate::{Advice, FitEstimate, FitSeconds};
pub use in_order::train_in_order;
pub use kernel::SimdLevel;
pub use line::ROW_ALIGNMENT;
pub use marginals::{Marginal, marginals};
pub use negatives::{NEGATIVE_EXPONENT, negative_target};
pub use optimizer::Optimizer;
pub use options::{MAX_NEGATIVE, TrainingOptions};
pub use parameters::{Exported, Parameters};
pub use rate_schedule::RateSchedule;
pub use row_layout::{MAX_DIM, RowLayout};
pub use stopping::deadline;
pub use tiles::{
    Counts, SerializedTiles, TileGrid, TileOptions, Tiles, check_enough_records, held_out_fraction,
};
pub use trainer::{AfterEpoch, TrainingState, train};
pub use weighting::Weighting;

// Used by `distributed` to train one block of the matrix. `subwords` uses `LINE` and `Line` too.
pub(crate) use divergence::divergence_cost;
pub(crate) use epoch::EpochPass;
pub(crate) use kernel::SharedRows;
pub(crate) use line::{LINE, Line};
pub(crate) use loss::validation_cost;
pub(crate) use parameters::ParametersView;
pub(crate) use schedule::batches;
pub(crate) use tiles::{TileSource, record_bytes};
