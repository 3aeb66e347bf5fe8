//! The weighting f of counts, and the cost of a record. The kernel computes both in f32, for many records at a
//! time (`kernel/step_rule.rs`); everything else that needs them uses this module.

use crate::error::{Error, Result};

/// The weighting f(x) = min(1, (x/x_max)^α) of the counts in the loss.
#[derive(Debug, Clone, Copy)]
pub struct Weighting {
    ln_x_max: f64,
    alpha: f64,
}

impl Weighting {
    /// The weighting with these x_max and α.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming `x_max` if it is not a finite number > 0, or `alpha` if it is not a finite
    /// 32-bit float ≥ 0.
    pub fn new(x_max: f64, alpha: f64) -> Result<Self> {
        if !(x_max.is_finite() && x_max > 0.0) {
            return Err(Error::parameter(
                "x_max",
                format!("must be a finite number > 0, got {x_max}"),
            ));
        }
        if !((alpha as f32).is_finite() && alpha >= 0.0) {
            return Err(Error::parameter(
                "alpha",
                format!("must be a finite number >= 0, got {alpha}"),
            ));
        }
        Ok(Self {
            ln_x_max: x_max.ln(),
            alpha,
        })
    }

    /// f(x) of a count with this ln x. The exponent is at least −87, as in the kernel.
    #[inline]
    pub fn weight(self, ln_x: f64) -> f64 {
        let exponent = self.alpha * (ln_x - self.ln_x_max);
        exponent.clamp(-87.0, 0.0).exp()
    }

    /// The cost ½ f(x) diff² of a record with this ln x. The residual diff is w·w̃ + b + b̃ − ln x.
    #[inline]
    pub(super) fn cost(self, ln_x: f64, diff: f64) -> f64 {
        0.5 * self.weight(ln_x) * diff.powi(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn weights_are_those_of_the_paper(
            x in 1e-3_f64..1e6, x_max in 1e-2_f64..1e4, alpha in 0.0_f64..2.0
        ) {
            let expected = (x / x_max).powf(alpha).min(1.0);
            let weighting = Weighting::new(x_max, alpha).unwrap();
            let found = weighting.weight(x.ln());
            prop_assert!((found - expected).abs() <= 1e-12 * expected, "{found} {expected}");
            prop_assert_eq!(weighting.cost(x.ln(), -3.0), 4.5 * found);
        }
    }

    #[test]
    fn values_without_a_weighting_are_refused() {
        for x_max in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = Weighting::new(x_max, 1.0).unwrap_err();
            assert!(error.to_string().contains("x_max"), "{error}");
        }
        for alpha in [-1e-9, f64::NAN, f64::INFINITY, 1e300] {
            let error = Weighting::new(1.0, alpha).unwrap_err();
            assert!(error.to_string().contains("alpha"), "{error}");
        }
    }
}
