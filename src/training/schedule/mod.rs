//! The order of the records in an epoch, and which thread trains which batch of records.

mod contract;
mod deterministic;
mod epoch_order;
mod hogwild;
mod tile_batch;

pub use contract::Schedule;
pub use deterministic::Deterministic;
pub use epoch_order::batches;
pub use hogwild::Hogwild;
pub use tile_batch::TileBatch;
