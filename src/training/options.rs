//! The options of a training: its objective, its learning rates, its length, and its seed.

use super::kernel::StepRule;
use super::optimizer::Optimizer;
use super::rate_schedule::RateSchedule;
use super::weighting::Weighting;
use crate::error::{Error, Result};
use std::time::Instant;

/// The options of a training. The defaults are those of the preset "paper" of the Python package: the model of
/// Pennington et al. 2014, as Stanford's tool trains it. It draws no negative pairs, so `negative_weight` has an
/// effect only with another value of `negative`.
#[derive(Debug, Clone, Copy)]
pub struct TrainingOptions {
    /// x_max of the weighting f(x) = min(1, (x/x_max)^α).
    pub x_max: f64,
    /// α of f(x).
    pub alpha: f64,
    /// Learning rate η of the vectors.
    pub learning_rate: f64,
    /// Learning rate of the biases under both kinds of AdaGrad; 1 in Stanford's tool.
    pub bias_learning_rate: f64,
    /// How both learning rates change over the training.
    pub schedule: RateSchedule,
    /// Number of passes over the records. A training that continues counts the finished passes too.
    pub epochs: usize,
    /// How a gradient changes a parameter.
    pub optimizer: Optimizer,
    /// Each component of the gradient of a vector is limited to ± this value. Under row-wise
    /// AdaGrad, the root of the mean square of the components is limited instead. The gradients of
    /// biases have no bound.
    pub grad_clip: f64,
    /// Number of negative pairs to draw for each record in an epoch (`negatives.rs`).
    pub negative: f64,
    /// Weight λ of a negative pair in the loss, in place of f(X).
    pub negative_weight: f64,
    /// Whether the result has the same bits for any number of threads. Otherwise threads update shared rows
    /// without locks (Hogwild).
    pub deterministic: bool,
    /// Whether W̃ and b̃ keep their values from the start of the training (Di Carlo et al. 2019).
    pub frozen_contexts: bool,
    /// Seed of all random choices.
    pub seed: u64,
    /// Early stopping: end after this many epochs in a row without a smaller validation loss.
    pub early_stopping: Option<usize>,
    /// Time limit: start another epoch only if it would end in time, assuming that it takes as long as
    /// the last. The first epoch of a call always runs, also when the call continues a training. An epoch
    /// that diverged is repeated even after the deadline.
    pub deadline: Option<Instant>,
}

impl Default for TrainingOptions {
    fn default() -> Self {
        Self {
            x_max: 100.0,
            alpha: 0.75,
            learning_rate: 0.05,
            bias_learning_rate: 1.0,
            schedule: RateSchedule::Constant,
            epochs: 25,
            optimizer: Optimizer::AdaGrad,
            grad_clip: 100.0,
            negative: 0.0,
            negative_weight: 0.3,
            deterministic: false,
            frozen_contexts: false,
            seed: 0,
            early_stopping: None,
            deadline: None,
        }
    }
}

impl TrainingOptions {
    /// Refuse options that are out of their ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the first option that is out of its range.
    pub fn validate(&self) -> Result<()> {
        let positive = |name, x: f64| {
            if (x as f32).is_finite() && x as f32 > 0.0 {
                Ok(())
            } else {
                Err(Error::parameter(
                    name,
                    format!("must be a finite 32-bit float > 0, got {x:?}"),
                ))
            }
        };
        self.weighting()?;
        positive("learning_rate", self.learning_rate)?;
        positive("bias_learning_rate", self.bias_learning_rate)?;
        positive("grad_clip", self.grad_clip)?;
        positive("negative_weight", self.negative_weight)?;
        if !(self.negative.is_finite() && self.negative >= 0.0) {
            return Err(Error::parameter(
                "negative",
                format!("must be a finite number >= 0, got {}", self.negative),
            ));
        }
        if self.negative > MAX_NEGATIVE {
            return Err(Error::parameter(
                "negative",
                format!("must be at most {MAX_NEGATIVE}, got {}", self.negative),
            ));
        }
        for (name, number) in [
            ("epochs", Some(self.epochs)),
            ("early_stopping", self.early_stopping),
        ] {
            if number == Some(0) {
                return Err(Error::parameter(name, "must be at least 1, got 0"));
            }
        }
        Ok(())
    }

    /// The weighting f of counts.
    ///
    /// # Errors
    /// As for [`Weighting::new`].
    pub(super) fn weighting(&self) -> Result<Weighting> {
        Weighting::new(self.x_max, self.alpha)
    }

    /// The step rule with the learning rates before `schedule` scales them, and with η halved `halvings`
    /// times. The learning rate of the biases under AdaGrad is not halved.
    pub(crate) fn rule(&self, halvings: usize) -> StepRule {
        StepRule {
            optimizer: self.optimizer,
            learning_rate: self.learning_rate as f32 * 0.5_f32.powi(halvings as i32),
            bias_learning_rate: self.bias_learning_rate as f32,
            grad_clip: self.grad_clip as f32,
            ln_x_max: self.x_max.ln() as f32,
            alpha: self.alpha as f32,
            negative_weight: None,
            minibatches: false,
            frozen_contexts: self.frozen_contexts,
        }
    }
}

/// The largest accepted value of `negative`.
pub const MAX_NEGATIVE: f64 = 1000.0;
