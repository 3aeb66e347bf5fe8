//! The epoch log of a training: its finished epochs, and the numbers that it needs to continue.

use crate::report::EpochReport;

/// The epoch log of a training. To continue with the same tiles and options, a training needs only this log, its
/// parameters, its anchor and, with early stopping, its best parameters ([`TrainingState`](super::TrainingState)),
/// because the random numbers of an epoch depend only on the seed and the number of the epoch.
///
/// The methods in `divergence.rs` decide whether an epoch is repeated at half the learning rate,
/// and those in `stopping.rs` whether another epoch starts. Training on one machine calls these
/// methods, and so does training on a cluster, through the binding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EpochLog {
    /// Number of finished epochs.
    pub epochs: usize,
    /// How many times the learning rate has been halved.
    pub halvings: usize,
    /// An epoch diverges if the costs ½ f(X) diff² of its records add up to more than this number. `None` until
    /// training starts and estimates this number.
    pub divergence_cost: Option<f64>,
    /// Reports of the finished epochs. If this training continues from the parameters of an earlier training, the
    /// reports of the earlier epochs may be missing.
    pub reports: Vec<EpochReport>,
}

impl EpochLog {
    /// Add a finished epoch.
    pub fn finish_epoch(&mut self, report: EpochReport) {
        self.epochs = report.epoch;
        self.reports.push(report);
    }

    /// Go back to the end of epoch number `epochs`. At that time the learning rate had been halved `halvings`
    /// times. All finished epochs must have reports: the first `epochs` reports are kept.
    pub fn rewind(&mut self, epochs: usize, halvings: usize) {
        self.reports.truncate(epochs);
        (self.epochs, self.halvings) = (epochs, halvings);
    }
}

#[cfg(test)]
impl EpochLog {
    /// Add a finished epoch with this validation loss.
    pub(super) fn finish(&mut self, validation: f64) {
        self.finish_epoch(EpochReport {
            epoch: self.epochs + 1,
            loss: 1.0,
            data_loss: 1.0,
            validation: Some(validation),
            seconds: 1.0,
            records_per_second: 1.0,
        });
    }
}
