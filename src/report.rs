//! The report of an epoch of training: its losses and its speed.

/// The report of one finished pass over the records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochReport {
    /// Epoch number, from 1.
    pub epoch: usize,
    /// The objective that training minimises, divided by the number n of records: `data_loss` + (N + A)/n. N is the sum
    /// of ½ λ max(0, w·w̃ + b + b̃ − t)² over the negative pairs; λ is their weight, and t the target of a pair. A is the
    /// sum of μ ‖(w + w̃) − r‖² over the words with a pretrained vector r; μ is the weight of the anchor.
    pub loss: f64,
    /// The mean cost ½ f(X) diff² of the records, where f is the weighting and diff = w·w̃ + b + b̃ − ln X. Stanford's
    /// tool prints this loss.
    pub data_loss: f64,
    /// `data_loss` of the held-out records, after the epoch; `None` without held-out records.
    pub validation: Option<f64>,
    /// Wall time of the epoch in seconds.
    pub seconds: f64,
    /// Records trained per second of wall time.
    pub records_per_second: f64,
}

/// The costs of an epoch, added over the records and pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochCosts {
    /// Σ ½ f(X) diff² over the records.
    pub records: f64,
    /// The cost of the negative pairs.
    pub negatives: f64,
    /// The cost of the anchor; 0 without anchor.
    pub anchor: f64,
    /// Σ ½ f(X) diff² over the held-out records, after the epoch; 0 without held-out records.
    pub held_out: f64,
}

impl EpochReport {
    /// The report of epoch number `epoch`, which trained `records` records and took `seconds`. `held_out` is the
    /// number of held-out records.
    pub fn of(epoch: usize, costs: &EpochCosts, records: u64, held_out: u64, seconds: f64) -> Self {
        let mean = |cost: f64| cost / records.max(1) as f64;
        Self {
            epoch,
            loss: mean(costs.records + costs.negatives + costs.anchor),
            data_loss: mean(costs.records),
            validation: (held_out > 0).then(|| costs.held_out / held_out as f64),
            seconds,
            records_per_second: records as f64 / seconds.max(1e-9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_means_of_costs() {
        let costs = EpochCosts {
            records: 6.0,
            negatives: 1.0,
            anchor: 0.5,
            held_out: 3.0,
        };
        let report = EpochReport::of(2, &costs, 3, 4, 0.5);
        let expected = EpochReport {
            epoch: 2,
            loss: 2.5,
            data_loss: 2.0,
            validation: Some(0.75),
            seconds: 0.5,
            records_per_second: 6.0,
        };
        assert_eq!(report, expected);
        let without = EpochReport::of(2, &costs, 0, 0, 0.0);
        assert_eq!((without.loss, without.validation), (7.5, None));
        assert_eq!(without.records_per_second, 0.0);
    }
}
