//! The parameters of counting.

use crate::error::{Error, Result};

/// Number of words of the longest document that [`CountingOptions::WHOLE_DOCUMENT`] counts. A document of n words has
/// about n²/2 pairs: 50 million for this length. A [`GAP`](crate::encoding::GAP) counts as a word.
pub const MAX_DOCUMENT: usize = 10_000;

/// Which pairs of words co-occur, and with what weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountingOptions {
    /// Number of words to each side of a word, at least 1, or [`CountingOptions::WHOLE_DOCUMENT`].
    pub window: usize,
    /// Whether both directions of a pair are counted. Otherwise only (left word, right word) is counted.
    pub symmetric: bool,
    /// Whether a pair at distance d adds 1/d to its count. Otherwise it adds 1. If whole documents
    /// are counted, every pair of a document of n words, gaps included, has the distance n − 1.
    pub distance_weighting: bool,
    /// Whether adjacent words are counted too: see [`Triangle::adjacent`](super::Triangle::adjacent). Whole documents
    /// cannot be counted with it.
    pub adjacent: bool,
}

impl Default for CountingOptions {
    fn default() -> Self {
        Self {
            window: 15,
            symmetric: true,
            distance_weighting: true,
            adjacent: false,
        }
    }
}

impl CountingOptions {
    /// The window that counts every pair of a document.
    pub const WHOLE_DOCUMENT: usize = usize::MAX;

    /// Whether every pair of a document is counted.
    pub fn counts_documents(&self) -> bool {
        self.window == Self::WHOLE_DOCUMENT
    }

    /// An upper bound of the distance between the two words of a pair.
    pub(crate) fn reach(&self) -> usize {
        if self.counts_documents() {
            MAX_DOCUMENT
        } else {
            self.window
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.window == 0 {
            return Err(Error::parameter("window", "must be at least 1, got 0"));
        }
        if self.adjacent && self.counts_documents() {
            let message = "must be false if whole documents are counted";
            return Err(Error::parameter("adjacent", message));
        }
        Ok(())
    }

    /// The options that count adjacent words: one word to each side, and only (left word, right word).
    pub(super) fn of_adjacent(&self) -> Self {
        Self {
            window: 1,
            symmetric: false,
            adjacent: false,
            ..*self
        }
    }

    pub(super) fn weight(&self, distance: usize) -> f64 {
        if self.distance_weighting {
            1.0 / distance as f64
        } else {
            1.0
        }
    }
}
