//! The epoch log of a training on a cluster, for Python.

use super::training::TrainingArguments;
use crate::report::{EpochCosts, EpochReport};
use crate::training::{EpochLog, TrainingOptions, check_enough_records, deadline};
use pyo3::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Loss, data loss, validation loss, seconds, and records per second of an epoch.
type ReportNumbers = (f64, f64, Option<f64>, f64, f64);

/// The [`EpochLog`] of a training on a cluster, with the options that decide when it ends.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreEpochLog {
    records: u64,
    held_out: u64,
    state: Mutex<(TrainingOptions, EpochLog)>,
}

impl CoreEpochLog {
    fn lock(&self) -> MutexGuard<'_, (TrainingOptions, EpochLog)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl CoreEpochLog {
    /// A log without epochs. `records` and `held_out` are the numbers of records to train on
    /// and of held-out records in all groups. If `records` is 0 or, with `validation`, `held_out`
    /// is 0, the call is refused. The time limit is `seconds_left` seconds after this call.
    #[staticmethod]
    fn new(
        training: TrainingArguments,
        validation: Option<f64>,
        records: u64,
        held_out: u64,
        early_stopping: Option<usize>,
        seconds_left: Option<f64>,
    ) -> PyResult<Self> {
        check_enough_records(validation, records, held_out)?;
        let options = TrainingOptions {
            early_stopping,
            deadline: deadline(seconds_left)?,
            ..training.options()?
        };
        options.validate()?;
        Ok(Self {
            records,
            held_out,
            state: Mutex::new((options, EpochLog::default())),
        })
    }

    /// Number of finished epochs.
    #[getter]
    fn epochs(&self) -> usize {
        self.lock().1.epochs
    }

    /// How many times the learning rate has been halved.
    #[getter]
    fn halvings(&self) -> usize {
        self.lock().1.halvings
    }

    /// The cost above which an epoch diverges; `None` before training starts.
    #[getter]
    fn divergence_cost(&self) -> Option<f64> {
        self.lock().1.divergence_cost
    }

    /// Set the cost above which an epoch diverges. Called when training starts.
    fn set_divergence_cost(&self, cost: f64) {
        self.lock().1.divergence_cost = Some(cost);
    }

    /// Whether all epochs are finished, the training was stopped, or early stopping ends it.
    fn is_finished(&self) -> bool {
        let (options, log) = &*self.lock();
        log.is_finished(options)
    }

    /// Whether an epoch with this cost diverges.
    fn is_divergence(&self, cost: f64) -> bool {
        self.lock().1.is_divergence(cost)
    }

    /// Halve the learning rate after an epoch that diverged, and return a warning for the user. Raises
    /// `TrainingDiverged` if the rate has been halved too often already.
    fn halve_rate(&self) -> PyResult<String> {
        let (options, log) = &mut *self.lock();
        Ok(log.halve_rate(options)?)
    }

    /// Store the report of a finished epoch: the costs of its records and negative pairs, the cost of the held-out
    /// records (0 without them), and its seconds. Returns the report, and whether its validation loss is smaller than
    /// those of all earlier epochs; true if no records are held out.
    fn finish_epoch(
        &self,
        records: f64,
        negatives: f64,
        held_out: f64,
        seconds: f64,
    ) -> (ReportNumbers, bool) {
        let (_, log) = &mut *self.lock();
        let costs = EpochCosts {
            records,
            negatives,
            anchor: 0.0,
            held_out,
        };
        let epoch = log.epochs + 1;
        let report = EpochReport::of(epoch, &costs, self.records, self.held_out, seconds);
        log.finish_epoch(report);
        let numbers = (
            report.loss,
            report.data_loss,
            report.validation,
            report.seconds,
            report.records_per_second,
        );
        (numbers, log.epochs_since_best() == 0)
    }

    /// Whether the time limit allows another epoch that takes `seconds`.
    fn has_time_for(&self, seconds: f64) -> bool {
        let seconds = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        self.lock().0.has_time_for(seconds)
    }

    /// End the training with the last finished epoch.
    fn stop(&self) {
        let (options, log) = &mut *self.lock();
        options.epochs = log.epochs;
    }

    /// Go back to the end of epoch number `epochs`. At that time the learning rate had been halved `halvings` times.
    fn rewind(&self, epochs: usize, halvings: usize) {
        self.lock().1.rewind(epochs, halvings);
    }
}
