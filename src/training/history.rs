//! The history of a training: its finished epochs, and what an unfinished training needs to continue.

use crate::report::EpochReport;

/// The history of a training. With the parameters, this is all that is needed to continue: the random
/// numbers of an epoch depend only on the seed and the number of the epoch.
///
/// The module `divergence` decides whether an epoch is repeated at half the learning rate, and `stopping`
/// whether another epoch starts. The trainer of one machine and that of a cluster (through the binding)
/// both ask these.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Number of finished epochs.
    pub epochs: usize,
    /// How many times the learning rate has been halved.
    pub halvings: usize,
    /// The Σ ½ f(X) diff² of an epoch above which it diverges. Estimated when training starts.
    pub divergence_cost: Option<f64>,
    /// Reports of the finished epochs; those of an earlier training may be missing.
    pub reports: Vec<EpochReport>,
}

impl History {
    /// Add a finished epoch.
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

#[cfg(test)]
impl History {
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
