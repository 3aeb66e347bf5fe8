//! The report of an epoch of training.

/// The report of one finished pass over the records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochReport {
    /// Epoch number, from 1.
    pub epoch: usize,
    /// Σ ½ f(X) diff² / nnz, of each record before its own update (docs/architecture.md, Loss).
    pub loss: f64,
    /// The same over the held-out records, after the epoch; `None` without held-out records.
    pub validation: Option<f64>,
    /// Wall time of the epoch.
    pub seconds: f64,
    /// Records updated per second of wall time.
    pub records_per_second: f64,
}
