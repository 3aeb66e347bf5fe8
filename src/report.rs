//! What an epoch of training reports.

/// One finished pass over the records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochReport {
    /// Epoch number, from 1.
    pub epoch: usize,
    /// Σ ½ f(X) diff² / nnz, measured while the epoch ran (DESIGN section 2).
    pub loss: f64,
    /// The same over the records held out of training, after the epoch, if there are any.
    pub validation: Option<f64>,
    /// Wall time of the epoch.
    pub seconds: f64,
    /// Records updated per second of wall time.
    pub records_per_second: f64,
}
