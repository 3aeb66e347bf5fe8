//! The anchor: the sums w + w̃ of words start at pretrained vectors, and fine-tuning keeps the sums near these vectors.

use super::kernel::StepRule;
use super::parameters::{Parameters, RowMut};
use crate::error::{Error, Result};
use crate::vocabulary::WordId;
use rayon::prelude::*;

/// Pretrained vectors r of some words, and a weight μ. Fine-tuning adds the term μ Σ ‖(w + w̃) − r‖², a sum
/// over these words, to the objective of training (Mittens: Dingwall and Potts 2018).
#[derive(Debug, Clone, PartialEq)]
pub struct Anchor {
    /// The words that have a pretrained vector, in ascending order.
    pub words: Vec<WordId>,
    /// The pretrained vectors of these words, row-major.
    pub vectors: Vec<f32>,
    /// μ. If μ is 0, the sums w + w̃ of these words only start at the pretrained vectors.
    pub weight: f64,
}

impl Anchor {
    /// Refuse an anchor that does not fit parameters of `words` words and `dim` components, has a vector with NaN or
    /// infinity, or has a weight that is negative or not finite.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming `init` or `anchor`.
    pub fn check(&self, words: usize, dim: usize) -> Result<()> {
        let wrong = |message: &str| Err(Error::parameter("init", message));
        if self.vectors.len() != self.words.len() * dim {
            return wrong("must have a vector of dim components for each of its words");
        }
        let ascending = self.words.is_sorted_by(|a, b| a < b);
        if !ascending || self.words.last().is_some_and(|&w| w as usize >= words) {
            return wrong("must name different words of the vocabulary, in ascending order");
        }
        if !self.vectors.iter().all(|x| x.is_finite()) {
            return wrong("must be finite numbers");
        }
        if !((self.weight as f32).is_finite() && self.weight >= 0.0) {
            let message = format!("must be a finite number >= 0, got {}", self.weight);
            return Err(Error::parameter("anchor", message));
        }
        Ok(())
    }

    /// Set the vectors of the anchored words to w = r/2 + ε and w̃ = r/2 − ε, where ε is the random start
    /// value of w. Without ε, w and w̃ would start equal, and with a symmetric matrix they would stay
    /// nearly equal.
    pub fn initialize(&self, parameters: &mut Parameters) {
        self.for_each_word(parameters, |[mut w, mut w_tilde], r| {
            for (k, r) in r.iter().enumerate() {
                let noise = *w.component(k);
                *w.component(k) = 0.5 * r + noise;
                *w_tilde.component(k) = 0.5 * r - noise;
            }
        });
    }

    /// Take one step of the optimizer down the gradient of the anchor's term. The gradient is
    /// 2μ((w + w̃) − r), for w and for w̃. The term is a sum over words, not over records, so training calls
    /// this function once in each epoch, after the pass over the records. The step changes only the rows of
    /// words that have a pretrained vector.
    ///
    /// Returns the value of the term before the step.
    pub(super) fn step(&self, parameters: &mut Parameters, rule: &StepRule) -> f64 {
        let rate = 2.0 * self.weight as f32 * rule.learning_rate;
        let squares = self.for_each_word(parameters, |[mut w, mut w_tilde], r| {
            let distance = |(k, r): (usize, &f32)| *w.component(k) + *w_tilde.component(k) - r;
            let distances: Vec<f32> = r.iter().enumerate().map(distance).collect();
            let square = distances.iter().map(|&d| f64::from(d).powi(2)).sum::<f64>();
            let g: Vec<f32> = distances.iter().map(|distance| rate * distance).collect();
            w.step(&g, rule);
            w_tilde.step(&g, rule);
            square
        });
        self.weight * squares.iter().sum::<f64>()
    }

    /// For each word that has a pretrained vector, call `f` with the rows of the word in W and in W̃, and with the
    /// pretrained vector. Returns the results in the order of the words.
    fn for_each_word<T: Send>(
        &self,
        parameters: &mut Parameters,
        f: impl Fn([RowMut<'_>; 2], &[f32]) -> T + Sync,
    ) -> Vec<T> {
        let dim = parameters.dim();
        parameters
            .words_mut()
            .enumerate()
            .filter_map(|(word, sides)| {
                let entry = self.words.binary_search(&(word as WordId)).ok()?;
                Some(f(sides, &self.vectors[entry * dim..][..dim]))
            })
            .collect()
    }
}
