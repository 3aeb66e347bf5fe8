//! Divergence: decides whether an epoch diverges, halves the learning rate η of the vectors before an epoch
//! that diverged is repeated, and limits the number of halvings. The learning rate of the biases under AdaGrad
//! is not halved.
//!
//! The planned fall of both learning rates over a training is in `rate_schedule.rs`.

use super::epoch_log::EpochLog;
use super::loss::poor_model_cost;
use super::options::TrainingOptions;
use super::parameters::ParametersView;
use super::tiles::Tiles;
use crate::error::{Error, Result};

/// An epoch that diverges is repeated at half the learning rate of the vectors, at most this many times in a
/// training.
pub const MAX_HALVINGS: usize = 3;

/// An epoch diverges if it costs more than this many times what a poor model costs, even if every number is
/// finite. `loss.rs` defines the poor model.
pub const DIVERGENCE_FACTOR: f64 = 10.0;

/// [`DIVERGENCE_FACTOR`] times the cost of a poor model on the tiles whose columns are words of group
/// `columns`. The sum over all tiles of the matrix is [`EpochLog::divergence_cost`]. `model` is the model at the
/// start of training.
pub(crate) fn divergence_cost(
    tiles: &Tiles,
    columns: usize,
    model: ParametersView<'_>,
    options: &TrainingOptions,
) -> Result<f64> {
    Ok(DIVERGENCE_FACTOR * poor_model_cost(tiles, columns, model, options)?)
}

impl EpochLog {
    /// Whether an epoch diverges. `cost` is the sum of the costs ½ f(X) diff² of its records.
    pub fn is_divergence(&self, cost: f64) -> bool {
        cost.is_nan() || cost > self.divergence_cost.unwrap_or(f64::INFINITY)
    }

    /// Halve the learning rate of the vectors, because the epoch after the last finished epoch diverged.
    /// Returns a warning for the user.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the rate has been halved [`MAX_HALVINGS`] times already.
    pub fn halve_rate(&mut self, options: &TrainingOptions) -> Result<String> {
        let epoch = self.epochs + 1;
        if self.halvings >= MAX_HALVINGS {
            return Err(Error::Diverged {
                epoch,
                learning_rate: options.rule(self.halvings).learning_rate,
                reports: self.reports.clone(),
            });
        }
        self.halvings += 1;
        Ok(format!(
            "training diverged in epoch {epoch}; this epoch is repeated with the learning rate \
             halved to {}",
            options.rule(self.halvings).learning_rate
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_halved_three_times_and_then_divergence_is_an_error() {
        let options = TrainingOptions {
            learning_rate: 0.5,
            ..Default::default()
        };
        let mut log = EpochLog {
            divergence_cost: Some(7.0),
            ..Default::default()
        };
        assert!(!log.is_divergence(7.0));
        assert!(log.is_divergence(7.1) && log.is_divergence(f64::NAN));
        log.finish(3.0);
        for rate in ["0.25", "0.125", "0.0625"] {
            let warning = log.halve_rate(&options).unwrap();
            assert!(warning.ends_with(&format!("halved to {rate}")), "{warning}");
        }
        let error = log.halve_rate(&options).unwrap_err();
        assert!(
            matches!(&error, Error::Diverged { epoch: 2, reports, .. } if reports.len() == 1),
            "{error}"
        );
    }
}
