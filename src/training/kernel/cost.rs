//! The cost of records.

/// The cost of some records.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Σ ½ f(X) diff². Each term is computed with the parameters from before the update of its
    /// record or mini-batch. For negative pairs, λ replaces f(X).
    pub sum: f64,
    /// Number of records that changed nothing because their cost was not a finite number.
    pub skipped: u64,
}
