//! How to train.

use super::kernel::{Optimizer, StepRule};
use super::rate::RateSchedule;
use crate::error::{Error, Result};
use std::time::Instant;

/// How to train. The defaults are the paper's.
#[derive(Debug, Clone, Copy)]
pub struct TrainingOptions {
    /// x_max of f(x) = min(1, (x/x_max)^α)
    pub x_max: f64,
    /// α of the same.
    pub alpha: f64,
    /// η
    pub learning_rate: f64,
    /// The same for the biases under AdaGrad, where Stanford's tool takes 1.
    pub bias_learning_rate: f64,
    /// How both change with time.
    pub schedule: RateSchedule,
    /// Passes over the records.
    pub epochs: usize,
    /// Step rule.
    pub optimizer: Optimizer,
    /// Bound of each component of the gradient.
    pub grad_clip: f64,
    /// Pairs of words that never meet to draw for each record (module `unseen`).
    pub negative: f64,
    /// The weight of each of them, where f(X) is a record's.
    pub negative_weight: f64,
    /// The same bits for any number of threads, instead of Hogwild.
    pub deterministic: bool,
    /// Order of tiles.
    pub seed: u64,
    /// Stop after so many epochs in a row without a new least loss on the records held out.
    pub patience: Option<usize>,
    /// Begin no epoch but the first that, taking as long as the one before, would end later.
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
            negative_weight: 0.1,
            deterministic: false,
            seed: 0,
            patience: None,
            deadline: None,
        }
    }
}

impl TrainingOptions {
    /// Refuse what cannot be trained with.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the first bad one.
    pub fn validate(&self) -> Result<()> {
        let positive = |name, x: f64| {
            if (x as f32).is_finite() && x as f32 > 0.0 {
                Ok(())
            } else {
                Err(Error::parameter(
                    name,
                    format!("must be a finite number > 0 that fits 32 bits, got {x}"),
                ))
            }
        };
        if !(self.x_max.is_finite() && self.x_max > 0.0) {
            return Err(Error::parameter(
                "x_max",
                format!("must be a finite number > 0, got {}", self.x_max),
            ));
        }
        positive("learning_rate", self.learning_rate)?;
        positive("bias_learning_rate", self.bias_learning_rate)?;
        positive("grad_clip", self.grad_clip)?;
        positive("negative_weight", self.negative_weight)?;
        for (name, x) in [("alpha", self.alpha), ("negative", self.negative)] {
            if !((x as f32).is_finite() && x >= 0.0) {
                return Err(Error::parameter(
                    name,
                    format!("must be a finite number >= 0, got {x}"),
                ));
            }
        }
        if self.negative > MOST_NEGATIVE {
            return Err(Error::parameter(
                "negative",
                format!("must be at most {MOST_NEGATIVE}, got {}", self.negative),
            ));
        }
        for (name, number) in [
            ("epochs", Some(self.epochs)),
            ("early_stopping", self.patience),
        ] {
            if number == Some(0) {
                return Err(Error::parameter(name, "must be at least 1, got 0"));
            }
        }
        Ok(())
    }

    /// f(X) of a record: with the same bounds as in the kernel.
    pub(super) fn weight(&self, ln_x: f64) -> f64 {
        let exponent = self.alpha * (ln_x - self.x_max.ln());
        exponent.clamp(-87.0, 0.0).exp()
    }

    /// The rule, at the initial rate but for what divergence has halved it.
    pub(super) fn rule(&self, halvings: usize) -> StepRule {
        StepRule {
            optimizer: self.optimizer,
            learning_rate: self.learning_rate as f32 * 0.5_f32.powi(halvings as i32),
            bias_learning_rate: self.bias_learning_rate as f32,
            grad_clip: self.grad_clip as f32,
            ln_x_max: self.x_max.ln() as f32,
            alpha: self.alpha as f32,
            negative_weight: None,
        }
    }
}

/// More unseen pairs for each record than anybody wants.
const MOST_NEGATIVE: f64 = 1000.0;
