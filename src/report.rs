//! The report of an epoch of training: its losses and its speed.

/// The report of one finished pass over the records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochReport {
    /// Epoch number, from 1.
    pub epoch: usize,
    /// The objective that training minimises, divided by the number n of records: `data_loss` + (N + A)/n. N is the
    /// sum of ½ λ max(0, w·w̃ + b + b̃ − t)² over the negative pairs, with their weight λ and the target t of a pair. A is
    /// μ Σ ‖(w + w̃) − r‖² over the words with a pretrained vector r, with the weight μ of the anchor.
    pub loss: f64,
    /// The mean cost ½ f(X) diff² of the records, where f is the weighting and diff = w·w̃ + b + b̃ − ln X. Stanford's
    /// tool prints this loss.
    pub data_loss: f64,
    /// `data_loss` of the held-out records, after the epoch; `None` without held-out records.
    pub validation: Option<f64>,
    /// Wall time of the epoch in seconds.
    pub seconds: f64,
    /// Records updated per second of wall time.
    pub records_per_second: f64,
}
