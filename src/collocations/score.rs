//! Scores of collocations, and the rule that decides which of them are phrases.

use crate::error::{Error, Result};

/// How a collocation is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scoring {
    /// (n_ab − min_count) · V / (n_a n_b) (Mikolov et al. 2013). n_ab is the count of the collocation, n_a and n_b are
    /// the counts of its first and last word. V is the number of different words that are not connectors, plus the
    /// number of different collocations. A word and a collocation with the same spelling count once.
    #[default]
    Default,
    /// Normalized pointwise mutual information, from −1 to 1 (Bouma 2009).
    Npmi,
}

impl Scoring {
    /// The public names, in the order of the enum.
    pub const NAMES: [&str; 2] = ["default", "npmi"];

    /// The scoring with this public name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        Error::choice("scoring", name, Self::NAMES, [Self::Default, Self::Npmi])
    }
}

/// Which collocations are phrases.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// A phrase occurs at least this many times. With [`Scoring::Default`], the score of a collocation with this count
    /// is 0. So with a threshold of at least 0, a phrase occurs more often than this.
    pub min_count: u64,
    /// A phrase has a larger score than this.
    pub threshold: f64,
    /// How collocations are scored.
    pub scoring: Scoring,
}

/// Numbers of a text that the scores use.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextSize {
    /// Number of different words that are not connectors, plus number of different collocations. A word and a
    /// collocation with the same spelling count once.
    pub different: u64,
    /// Number of tokens, connectors included.
    pub words: u64,
}

impl Rule {
    /// The score of a collocation; `None` if it is not a phrase. `first`, `last` and `both` are the
    /// counts of the first word, of the last word and of the collocation. The operations and their
    /// order are those of gensim, so that the scores have the same bits.
    pub(super) fn score(&self, first: u64, last: u64, both: u64, text: TextSize) -> Option<f64> {
        if both < self.min_count {
            return None;
        }
        let score = match self.scoring {
            Scoring::Default => {
                let product = u128::from(first) * u128::from(last);
                (both as f64 - self.min_count as f64) / product as f64 * text.different as f64
            }
            Scoring::Npmi => {
                let probability = |n: u64| n as f64 / text.words as f64;
                let (a, b, ab) = (probability(first), probability(last), probability(both));
                (ab / (a * b)).ln() / -ab.ln()
            }
        };
        (score > self.threshold).then_some(score)
    }
}
