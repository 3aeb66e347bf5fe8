//! The rules by which a training goes on, repeats an epoch, or ends: divergence, halvings of the learning
//! rate, early stopping and the time limit, with their messages.
//!
//! The trainer of one machine ([`super::trainer`]) and that of a cluster (through the binding) both ask
//! [`Progress`].

use super::options::TrainingOptions;
use crate::error::{Error, Result};
use crate::report::EpochReport;
use std::time::{Duration, Instant};

/// An epoch that diverges is repeated at half the learning rate, at most this many times in a training.
pub const MAX_HALVINGS: usize = 3;

/// An epoch diverges if it costs this many times what a poor model costs, even if every number is finite.
pub const DIVERGENCE_FACTOR: f64 = 10.0;

/// How far a training has come. With the parameters, this is all that is needed to go on: the random
/// numbers of an epoch depend on the seed and the number of the epoch only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// Number of finished epochs.
    pub epochs: usize,
    /// How often the learning rate has been halved.
    pub halvings: usize,
    /// An epoch that costs more diverges. Estimated when training starts.
    pub divergence_cost: Option<f64>,
    /// Reports of the finished epochs; those of an earlier training may be missing.
    pub reports: Vec<EpochReport>,
}

impl Progress {
    /// The number of epochs after the one with the smallest validation loss.
    pub fn epochs_since_best(&self) -> usize {
        let losses = self.reports.iter().filter_map(|report| report.validation);
        let (mut least, mut since) = (f64::INFINITY, 0);
        for loss in losses {
            (least, since) = if loss < least {
                (loss, 0)
            } else {
                (least, since + 1)
            };
        }
        since
    }

    /// Whether all epochs are finished, or the validation loss has not improved for `patience` epochs.
    pub fn is_finished(&self, options: &TrainingOptions) -> bool {
        let out_of_patience = options
            .patience
            .is_some_and(|patience| self.epochs_since_best() >= patience);
        self.epochs >= options.epochs || out_of_patience
    }

    /// Whether an epoch with this Σ ½ f(X) diff² diverges.
    pub fn is_divergence(&self, cost: f64) -> bool {
        cost.is_nan() || cost > self.divergence_cost.unwrap_or(f64::INFINITY)
    }

    /// Halve the learning rate, because the next epoch diverged. Returns a warning for the user.
    ///
    /// # Errors
    /// [`Error::Diverged`] if it was halved [`MAX_HALVINGS`] times before.
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
            "training diverged in epoch {epoch}; going on from the end of epoch {} with the learning \
             rate halved to {}",
            self.epochs,
            options.rule(self.halvings).learning_rate
        ))
    }

    /// Note a finished epoch.
    pub fn finish_epoch(&mut self, report: EpochReport) {
        self.epochs = report.epoch;
        self.reports.push(report);
    }

    /// Go back to the end of an earlier epoch, with the halvings of that time. All epochs must have
    /// reports.
    pub fn rewind(&mut self, epochs: usize, halvings: usize) {
        self.reports.truncate(epochs);
        (self.epochs, self.halvings) = (epochs, halvings);
    }
}

impl TrainingOptions {
    /// Whether another epoch ends before the deadline if it takes `last_epoch`, the time of the one
    /// before with all that follows an epoch.
    pub fn has_time_for(&self, last_epoch: Duration) -> bool {
        self.deadline
            .is_none_or(|deadline| Instant::now() + last_epoch <= deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(epoch: usize, validation: f64) -> EpochReport {
        EpochReport {
            epoch,
            loss: 1.0,
            data_loss: 1.0,
            validation: Some(validation),
            seconds: 1.0,
            records_per_second: 1.0,
        }
    }

    #[test]
    fn patience_counts_the_epochs_since_the_smallest_validation_loss() {
        let options = TrainingOptions {
            epochs: 10,
            patience: Some(2),
            ..Default::default()
        };
        let mut progress = Progress::default();
        for (epoch, (validation, finished)) in
            [(3.0, false), (2.0, false), (2.0, false), (2.5, true)]
                .into_iter()
                .enumerate()
        {
            progress.finish_epoch(report(epoch + 1, validation));
            assert_eq!(progress.is_finished(&options), finished);
        }
        progress.rewind(2, 0);
        assert_eq!((progress.epochs, progress.epochs_since_best()), (2, 0));
    }

    #[test]
    fn the_rate_is_halved_three_times_and_then_divergence_is_an_error() {
        let options = TrainingOptions {
            learning_rate: 0.5,
            ..Default::default()
        };
        let mut progress = Progress {
            divergence_cost: Some(7.0),
            ..Default::default()
        };
        assert!(!progress.is_divergence(7.0));
        assert!(progress.is_divergence(7.1) && progress.is_divergence(f64::NAN));
        progress.finish_epoch(report(1, 3.0));
        for rate in ["0.25", "0.125", "0.0625"] {
            let warning = progress.halve_rate(&options).unwrap();
            assert!(warning.ends_with(&format!("halved to {rate}")), "{warning}");
        }
        let error = progress.halve_rate(&options).unwrap_err();
        assert!(
            matches!(&error, Error::Diverged { epoch: 2, reports, .. } if reports.len() == 1),
            "{error}"
        );
    }

    #[test]
    fn without_a_deadline_there_is_always_time() {
        let mut options = TrainingOptions::default();
        assert!(options.has_time_for(Duration::from_secs(1 << 20)));
        options.deadline = Some(Instant::now() + Duration::from_secs(3600));
        assert!(options.has_time_for(Duration::ZERO));
        assert!(!options.has_time_for(Duration::from_secs(7200)));
    }
}
