//! Chooses the word pairs that are held out of training, for validation.

use crate::cooccurrence::ContextColumns;
use crate::error::{Error, Result};
use crate::partition::Partition;
use crate::vocabulary::WordId;

/// The fraction of the pairs to hold out for this value of `validation`; 0 for `None`.
///
/// # Errors
/// [`Error::Parameter`] for a value that is not above 0 and below 1.
pub fn held_out_fraction(validation: Option<f64>) -> Result<f64> {
    match validation {
        Some(fraction) if !(fraction > 0.0 && fraction < 1.0) => {
            let message = format!("must be a finite number > 0 and < 1, got {fraction}");
            Err(Error::parameter("validation", message))
        }
        _ => Ok(validation.unwrap_or(0.0)),
    }
}

/// The word pairs that are held out of training. A pair is held out in both directions, because a model that
/// has trained on one direction can predict the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holdout {
    below: u64,
    seed: u64,
    partition: Partition,
    columns: ContextColumns,
}

impl Holdout {
    /// Hold out this fraction of the pairs of words. If a pair is held out, its counts in the window, to the left and to the
    /// right are all held out.
    pub fn new(fraction: f64, seed: u64, partition: Partition, columns: ContextColumns) -> Self {
        Self {
            below: (fraction * 2.0_f64.powi(64)) as u64,
            seed,
            partition,
            columns,
        }
    }

    /// Whether no pair is held out.
    pub fn is_empty(self) -> bool {
        self.below == 0
    }

    /// Whether the pair of these words is held out, in either order. `i` and `j` may be columns of contexts of the words.
    /// The choice is pseudo-random and depends only on the fraction, the seed and the ranks of the words.
    #[inline]
    pub fn contains(self, i: WordId, j: WordId) -> bool {
        if self.below == 0 {
            return false;
        }
        let [i, j] = [i, j].map(|id| self.partition.rank(self.columns.word_of(id)));
        let (i, j) = (i.max(j), i.min(j));
        // One step of SplitMix64 (Steele, Lea and Flood 2014). It hashes the pair, and then this hash combined with
        // the seed.
        let mix = |z: u64| {
            let z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        mix(mix(u64::from(i) << 32 | u64::from(j)) ^ self.seed) < self.below
    }
}
