//! The schedule of the learning rates: constant, or falling to 0 over the training.
//!
//! The halvings of the learning rate after an epoch that diverges are in `divergence.rs`.

use crate::error::{Error, Result};

/// The factor by which the learning rates of vectors and biases are multiplied. The factor depends on the time,
/// which is the fraction of the training that is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateSchedule {
    /// Always 1, as in the paper.
    #[default]
    Constant,
    /// Falls linearly from 1 at the start to 0 at the end.
    Linear,
    /// Falls from 1 at the start to 0 at the end, as half a period of the cosine.
    Cosine,
}

impl RateSchedule {
    /// The public names, in the order of the enum.
    pub const NAMES: [&str; 3] = ["constant", "linear", "cosine"];

    /// The schedule with this public name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the public names, if `name` is none of them.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [Self::Constant, Self::Linear, Self::Cosine];
        Error::choice("schedule", name, Self::NAMES, values)
    }

    /// The factor at `time` in [0, 1].
    pub fn factor(self, time: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Linear => 1.0 - time,
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * time).cos()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_fall_from_one_to_zero() {
        for name in RateSchedule::NAMES {
            let schedule = RateSchedule::from_name(name).unwrap();
            let factors: Vec<f64> = (0..=10)
                .map(|k| schedule.factor(f64::from(k) / 10.0))
                .collect();
            assert!((factors[0] - 1.0).abs() < 1e-12);
            assert!(factors.is_sorted_by(|a, b| a >= b));
            let last = if schedule == RateSchedule::Constant {
                1.0
            } else {
                0.0
            };
            assert!((factors[10] - last).abs() < 1e-12);
        }
        assert!((RateSchedule::Linear.factor(0.25) - 0.75).abs() < 1e-12);
        assert!((RateSchedule::Cosine.factor(0.5) - 0.5).abs() < 1e-12);
        assert!(RateSchedule::from_name("step").is_err());
    }
}
