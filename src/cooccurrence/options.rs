//! The parameters of counting.

use crate::error::{Error, Result};

/// Which pairs of words co-occur, and with what weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountingOptions {
    /// Number of words to each side, at least 1.
    pub window: usize,
    /// Count both directions; otherwise (left word, right word) only.
    pub symmetric: bool,
    /// A pair at distance d adds 1/d; otherwise 1.
    pub distance_weighting: bool,
}

impl Default for CountingOptions {
    fn default() -> Self {
        Self {
            window: 15,
            symmetric: true,
            distance_weighting: true,
        }
    }
}

impl CountingOptions {
    pub(crate) fn check(&self) -> Result<()> {
        if self.window == 0 {
            return Err(Error::parameter("window", "must be at least 1, got 0"));
        }
        Ok(())
    }

    pub(super) fn weight(&self, distance: usize) -> f64 {
        if self.distance_weighting {
            1.0 / distance as f64
        } else {
            1.0
        }
    }
}
