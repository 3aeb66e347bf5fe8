//! Counting and training on several machines that share no memory. The module `dask` of the Python package
//! schedules the steps.

mod group_counts;
mod shard;
mod strata;
mod subepochs;

pub use group_counts::{
    GroupCounts, SerializedGroupCounts, StoreBytes, count_by_group, merge_group_counts, row_blocks,
};
pub use shard::Shard;
pub use strata::{BlockEpoch, MatrixBlock};
pub use subepochs::{Subepoch, subepochs};
