//! Decides when a training ends: after its last epoch, by early stopping, or at the time limit.

use super::epoch_log::EpochLog;
use super::options::TrainingOptions;
use crate::error::{Error, Result};
use std::time::{Duration, Instant};

impl EpochLog {
    /// The number of epochs since the epoch with the smallest validation loss; 0 if no records are held out.
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

    /// Whether all epochs are finished, or the validation loss has not improved for `early_stopping` epochs.
    pub fn is_finished(&self, options: &TrainingOptions) -> bool {
        let stops_early = options
            .early_stopping
            .is_some_and(|epochs| self.epochs_since_best() >= epochs);
        self.epochs >= options.epochs || stops_early
    }
}

impl TrainingOptions {
    /// Whether another epoch would end before the deadline if it took as long as the last one. `last_epoch` is the
    /// time that the last epoch took, with its checkpoint and callbacks. Always true without a deadline.
    pub fn has_time_for(&self, last_epoch: Duration) -> bool {
        self.deadline
            .is_none_or(|deadline| Instant::now() + last_epoch <= deadline)
    }
}

/// The time that is `seconds_left` seconds from now. `None` if `seconds_left` is `None`, or if this time is too late
/// for the system's clock.
///
/// # Errors
/// [`Error::Parameter`] if `seconds_left` is not a finite number of at least 0.
pub fn deadline(seconds_left: Option<f64>) -> Result<Option<Instant>> {
    let Some(seconds) = seconds_left else {
        return Ok(None);
    };
    if !(seconds.is_finite() && seconds >= 0.0) {
        let message = format!("must be a finite number >= 0, got {seconds}");
        return Err(Error::parameter("seconds_left", message));
    }
    let limit = Duration::try_from_secs_f64(seconds).ok();
    Ok(limit.and_then(|limit| Instant::now().checked_add(limit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_is_a_number_of_at_least_zero() {
        for limit in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(deadline(Some(limit)).is_err(), "{limit}");
        }
        assert!(deadline(None).unwrap().is_none());
        assert!(deadline(Some(f64::MAX)).unwrap().is_none());
        assert!(deadline(Some(0.0)).unwrap().unwrap() <= Instant::now());
        let soon = deadline(Some(5.0)).unwrap().unwrap();
        assert!(soon <= Instant::now() + Duration::from_secs(5));
    }

    #[test]
    fn early_stopping_counts_the_epochs_since_the_smallest_validation_loss() {
        let options = TrainingOptions {
            epochs: 10,
            early_stopping: Some(2),
            ..Default::default()
        };
        let mut log = EpochLog::default();
        for (validation, finished) in [(3.0, false), (2.0, false), (2.0, false), (2.5, true)] {
            log.finish(validation);
            assert_eq!(log.is_finished(&options), finished);
        }
        log.rewind(2, 0);
        assert_eq!((log.epochs, log.epochs_since_best()), (2, 0));
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
