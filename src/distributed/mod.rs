//! Counting and training on many machines that share no memory.

mod group_counts;
mod shard;
mod strata;

pub use group_counts::{Keep, PackedShare, Share, count_shares, merge_shares, row_blocks};
pub use shard::Shard;
pub use strata::{MatrixBlock, Subepoch};
