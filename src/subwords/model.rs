//! Vectors of n-grams, and predictions of word vectors from them.

use super::design::{Design, Lookup, scale};
use super::ngrams::{NgramLengths, shown};
use super::ridge::{self, RegressionData};
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::monitor::{Monitor, Stage};
use crate::training::LINE;
use crate::vocabulary::Vocabulary;
use rayon::prelude::*;
use std::sync::Arc;

/// Number of words that one task predicts.
const WORDS: usize = 1 << 10;

/// How to fit a subword model.
#[derive(Debug, Clone, PartialEq)]
pub struct SubwordOptions {
    /// The lengths of the n-grams. `None` chooses them with [`NgramLengths::of_words`].
    pub lengths: Option<NgramLengths>,
    /// Keep the n-grams that occur in at least this many words, >= 1.
    pub min_words: u64,
    /// λ > 0, the penalty on the squared lengths of the vectors of n-grams.
    pub penalty: f64,
    /// Number of steps of conjugate gradients, >= 1.
    pub steps: usize,
}

impl Default for SubwordOptions {
    fn default() -> Self {
        Self {
            lengths: None,
            min_words: 3,
            // Measured: benches/EXPERIMENTS.md, "Vectors of unknown words".
            penalty: 1.0,
            steps: 15,
        }
    }
}

impl SubwordOptions {
    /// Refuse options that are out of their ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the first option that is out of its range.
    pub fn validate(&self) -> Result<()> {
        if self.min_words < 1 {
            return Err(Error::parameter(
                "min_words",
                "must be an integer >= 1, got 0",
            ));
        }
        if self.steps < 1 {
            return Err(Error::parameter("steps", "must be an integer >= 1, got 0"));
        }
        let penalty = self.penalty as f32;
        if !(penalty.is_finite() && penalty > 0.0) {
            let message = format!("must be a finite number > 0, got {}", self.penalty);
            return Err(Error::parameter("penalty", message));
        }
        Ok(())
    }
}

/// The weights of words with these counts, min(1, √(count/200)). Rare words weigh less because their vectors are noisy.
///
/// # Errors
/// [`Error::Memory`].
pub fn word_weights(counts: &[u64]) -> Result<Vec<f32>> {
    const FULL_WEIGHT_COUNT: f64 = 200.0;
    fallible::collect(
        counts
            .iter()
            .map(|&count| (count as f64 / FULL_WEIGHT_COUNT).sqrt().min(1.0) as f32),
    )
}

/// A subword model: a vector for each n-gram.
#[derive(Debug)]
pub struct Subwords {
    lengths: NgramLengths,
    // Each n-gram with the number of fitted words that have it. The index of this vocabulary is built: see
    // `Subwords::new`.
    ngrams: Arc<Vocabulary>,
    dim: usize,
    // A row of `dim` numbers for each n-gram.
    vectors: Vec<f32>,
}

impl Subwords {
    /// Fit a subword model to words and their vectors of `dim` numbers, row-major. `weights` are the weights of the
    /// words in the regression; without them each weight is 1. Uses all threads of the current rayon pool. The
    /// result has the same bits for any number of threads.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the option that is out of its range, `vectors` if there is not a vector of `dim`
    /// finite numbers for each word, or `weights` if there is not a finite weight >= 0 for each word;
    /// [`Error::Memory`]; [`Error::Cancelled`].
    pub fn fit<W: AsRef<[u8]> + Sync>(
        words: &[W],
        vectors: &[f32],
        dim: usize,
        weights: Option<&[f32]>,
        options: &SubwordOptions,
        monitor: &Monitor,
    ) -> Result<Self> {
        options.validate()?;
        let lengths = options
            .lengths
            .unwrap_or_else(|| NgramLengths::of_words(words.iter().map(AsRef::as_ref)));
        let steps = dim.div_ceil(LINE) * options.steps;
        monitor.begin(Stage::Subwords, steps as u64);
        let design = Design::new(words, lengths, options.min_words, monitor)?;
        let equal;
        let weights = if let Some(weights) = weights {
            weights
        } else {
            equal = fallible::filled(1.0, words.len())?;
            &equal[..]
        };
        let vectors = design.regress(vectors, dim, weights, options, None, monitor)?;
        design.model(dim, vectors)
    }

    /// A model with these n-grams and their vectors. Call [`Vocabulary::build_index`] of `ngrams` before this
    /// function. Otherwise the first look-up builds the index, and cannot return an error if memory is lacking.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `dim` is 0 or `vectors` does not hold `dim` numbers for each n-gram.
    pub fn new(
        lengths: NgramLengths,
        ngrams: Arc<Vocabulary>,
        dim: usize,
        vectors: Vec<f32>,
    ) -> Result<Self> {
        if dim == 0 || ngrams.len().checked_mul(dim) != Some(vectors.len()) {
            return Err(Error::parameter(
                "vectors",
                "must have a row for each n-gram",
            ));
        }
        Ok(Self {
            lengths,
            ngrams,
            dim,
            vectors,
        })
    }

    /// The lengths of the shortest and the longest n-gram.
    pub fn lengths(&self) -> NgramLengths {
        self.lengths
    }

    /// The n-grams. The count of an n-gram is the number of fitted words that have it.
    pub fn ngrams(&self) -> &Vocabulary {
        &self.ngrams
    }

    /// Number of components of a vector.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The vectors of the n-grams, row-major.
    pub fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    /// Those n-grams of a word that the model has. N-grams that more of the fitted words have come first. `<` and `>`
    /// are the beginning and the end of the word.
    pub fn ngrams_of(&self, word: &[u8]) -> Vec<String> {
        let mut lookup = Lookup::default();
        let ids = lookup.ids(word, self.lengths, &self.ngrams).iter();
        ids.map(|&id| shown(self.ngrams.word(id))).collect()
    }

    /// The predicted vector of a word; `None` if the model has none of the word's n-grams.
    pub fn predict(&self, word: &[u8]) -> Option<Vec<f32>> {
        let mut vector = vec![0.0; self.dim];
        let known = self.predict_into(word, &mut Lookup::default(), &mut vector);
        known.then_some(vector)
    }

    /// The predicted vectors of words, row-major, and for each word whether the model has an n-gram of the
    /// word. If the model has none, the vector of the word is 0. Runs on the calling thread.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn predict_each<W: AsRef<[u8]>>(&self, words: &[W]) -> Result<(Vec<f32>, Vec<bool>)> {
        let mut vectors = fallible::zeroed(words.len() * self.dim)?;
        let mut known = fallible::filled(false, words.len())?;
        self.predict_rows(words, &mut vectors, &mut known);
        Ok((vectors, known))
    }

    /// Like [`Subwords::predict_each`], on all threads of the current rayon pool.
    ///
    /// # Errors
    /// [`Error::Memory`]; [`Error::Cancelled`].
    pub fn predict_all<W: AsRef<[u8]> + Sync>(
        &self,
        words: &[W],
        monitor: &Monitor,
    ) -> Result<(Vec<f32>, Vec<bool>)> {
        let mut vectors = fallible::zeroed(words.len() * self.dim)?;
        let mut known = fallible::filled(false, words.len())?;
        let rows = vectors.par_chunks_mut(WORDS * self.dim);
        (words.par_chunks(WORDS), rows, known.par_chunks_mut(WORDS))
            .into_par_iter()
            .try_for_each(|(words, vectors, known)| {
                monitor.check()?;
                self.predict_rows(words, vectors, known);
                Ok(())
            })?;
        Ok((vectors, known))
    }

    fn predict_rows<W: AsRef<[u8]>>(&self, words: &[W], vectors: &mut [f32], known: &mut [bool]) {
        let mut lookup = Lookup::default();
        let rows = vectors.chunks_exact_mut(self.dim);
        for ((word, vector), known) in words.iter().zip(rows).zip(known) {
            *known = self.predict_into(word.as_ref(), &mut lookup, vector);
        }
    }

    fn predict_into(&self, word: &[u8], lookup: &mut Lookup, vector: &mut [f32]) -> bool {
        let ids = lookup.ids(word, self.lengths, &self.ngrams);
        for &id in ids {
            let row = &self.vectors[id as usize * self.dim..][..self.dim];
            for (sum, x) in vector.iter_mut().zip(row) {
                *sum += x;
            }
        }
        let scale = scale(ids.len());
        for x in vector {
            *x *= scale;
        }
        !ids.is_empty()
    }
}

impl Design {
    /// Compute the vectors of the n-grams from `vectors`, the vectors of the words. Each vector has `dim` numbers,
    /// and both matrices are row-major. The iteration starts at the vectors `start` of the n-grams, or at 0 if
    /// `start` is `None`. `options.lengths` and `options.min_words` are not used.
    ///
    /// # Errors
    /// As for [`Subwords::fit`].
    ///
    /// # Panics
    /// If `start` has fewer than `dim` numbers for each n-gram.
    pub fn regress(
        &self,
        vectors: &[f32],
        dim: usize,
        weights: &[f32],
        options: &SubwordOptions,
        start: Option<&[f32]>,
        monitor: &Monitor,
    ) -> Result<Vec<f32>> {
        options.validate()?;
        let words = self.words();
        if dim == 0 || words.checked_mul(dim) != Some(vectors.len()) {
            return Err(Error::parameter("vectors", "must have a row for each word"));
        }
        if !vectors.par_iter().all(|x| x.is_finite()) {
            return Err(Error::parameter("vectors", "must be finite numbers"));
        }
        let is_weight = |weight: &f32| weight.is_finite() && *weight >= 0.0;
        if weights.len() != words || !weights.iter().all(is_weight) {
            let message = "must be a finite number >= 0 for each word";
            return Err(Error::parameter("weights", message));
        }
        let data = RegressionData {
            values: vectors,
            dim,
            weights,
            penalty: options.penalty as f32,
            steps: options.steps,
        };
        ridge::solve(self, &data, start, monitor)
    }

    /// The subword model that consists of the n-grams of this matrix and their vectors
    /// `ngram_vectors`, row-major.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is not a vector of `dim` numbers for each n-gram.
    pub fn model(&self, dim: usize, ngram_vectors: Vec<f32>) -> Result<Subwords> {
        Subwords::new(self.lengths, self.ngrams.clone(), dim, ngram_vectors)
    }

    /// The predictions for all words from the vectors of the n-grams, row-major. Words without n-grams get zeros.
    ///
    /// # Errors
    /// [`Error::Memory`]; [`Error::Cancelled`].
    pub fn predict(
        &self,
        ngram_vectors: &[f32],
        dim: usize,
        monitor: &Monitor,
    ) -> Result<Vec<f32>> {
        let mut predicted: Vec<f32> = fallible::zeroed(self.words() * dim)?;
        predicted
            .par_chunks_mut((WORDS * dim).max(1))
            .enumerate()
            .try_for_each(|(chunk, rows)| {
                monitor.check()?;
                for (i, row) in rows.chunks_exact_mut(dim).enumerate() {
                    let word = chunk * WORDS + i;
                    for &id in self.by_word.get(word) {
                        let vector = &ngram_vectors[id as usize * dim..][..dim];
                        for (sum, x) in row.iter_mut().zip(vector) {
                            *sum += x;
                        }
                    }
                    let scale = self.scale(word);
                    for x in row {
                        *x *= scale;
                    }
                }
                Ok(())
            })?;
        Ok(predicted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;

    fn fitted(words: &[&str], vectors: &[f32], min_words: u64) -> Subwords {
        let options = SubwordOptions {
            min_words,
            ..SubwordOptions::default()
        };
        let dim = vectors.len() / words.len();
        let monitor = Monitor::new();
        Subwords::fit(words, vectors, dim, None, &options, &monitor).unwrap()
    }

    const WORDS: [&str; 6] = ["walk", "walks", "walked", "talk", "talks", "talked"];
    const VECTORS: [f32; 12] = [1., 0., 1., 0.5, 1., 1., 0., 1., 0., 1.5, 0., 2.];

    #[test]
    fn a_prediction_is_the_scaled_sum_of_the_vectors_of_the_known_ngrams() {
        let subwords = fitted(&WORDS, &VECTORS, 2);
        let word = b"walkie";
        let ids = Lookup::default()
            .ids(word, subwords.lengths, &subwords.ngrams)
            .to_vec();
        assert_eq!(ids.len(), subwords.ngrams_of(word).len());
        assert!(subwords.ngrams_of(word).contains(&"<wal".to_owned()));
        let predicted = subwords.predict(word).unwrap();
        for (k, found) in predicted.into_iter().enumerate() {
            let sum: f32 = ids
                .iter()
                .map(|&id| subwords.vectors[2 * id as usize + k])
                .sum();
            assert!((found - sum / (ids.len() as f32).sqrt()).abs() < 1e-6);
        }
    }

    #[test]
    fn a_word_without_a_known_ngram_has_no_vector() {
        let subwords = fitted(&WORDS, &VECTORS, 2);
        assert_eq!(subwords.predict("語".as_bytes()), None);
        assert_eq!(subwords.predict(b""), None);
        let words = ["walking", "語", "talked"];
        let monitor = Monitor::new();
        let (vectors, known) = subwords.predict_all(&words, &monitor).unwrap();
        assert_eq!(known, [true, false, true]);
        assert_eq!(vectors[2..4], [0.0, 0.0]);
        assert_eq!(
            subwords.predict_each(&words).unwrap(),
            (vectors.clone(), known)
        );
        assert_eq!(vectors[..2], subwords.predict(b"walking").unwrap());
        assert_eq!(vectors[4..], subwords.predict(b"talked").unwrap());
    }

    #[test]
    fn the_design_predicts_its_own_words_as_the_model_does() {
        let words: Vec<String> = (0..2_500).map(|i| format!("w{}", i * i)).collect();
        let vectors: Vec<f32> = (0..words.len() * 3).map(|i| (i % 13) as f32).collect();
        let (monitor, options) = (Monitor::new(), SubwordOptions::default());
        threads::in_pool(2, || {
            let lengths = NgramLengths::of_words(words.iter().map(String::as_bytes));
            let design = Design::new(&words, lengths, 3, &monitor).unwrap();
            let weights = vec![1.0; words.len()];
            let ngrams = design
                .regress(&vectors, 3, &weights, &options, None, &monitor)
                .unwrap();
            let by_design = design.predict(&ngrams, 3, &monitor).unwrap();
            let model = Subwords::fit(&words, &vectors, 3, None, &options, &monitor).unwrap();
            assert_eq!(model.vectors, ngrams);
            assert_eq!(model.predict_all(&words, &monitor).unwrap().0, by_design);
        })
        .unwrap();
    }

    #[test]
    fn vectors_of_words_without_common_ngrams_give_a_model_that_knows_nothing() {
        let subwords = fitted(&["ab", "cd"], &[1.0, 2.0], 2);
        assert!(subwords.ngrams.is_empty() && subwords.predict(b"ab").is_none());
    }

    #[test]
    fn arguments_that_do_not_fit_are_refused() {
        let (monitor, default) = (Monitor::new(), SubwordOptions::default());
        let fit = |vectors: &[f32], weights: Option<&[f32]>, options: &SubwordOptions| {
            let fitted = Subwords::fit(&["a", "b"], vectors, 1, weights, options, &monitor);
            fitted.map(drop).unwrap_err().to_string()
        };
        let nan = f32::NAN;
        assert!(fit(&[1.0], None, &default).starts_with("vectors must have a row"));
        assert!(fit(&[1.0, nan], None, &default).starts_with("vectors must be finite"));
        for weights in [&[1.0][..], &[1.0, -1.0], &[nan, 1.0]] {
            assert!(fit(&[1.0, 2.0], Some(weights), &default).starts_with("weights must be"));
        }
        for (name, options) in [
            (
                "penalty",
                SubwordOptions {
                    penalty: 0.0,
                    ..default.clone()
                },
            ),
            (
                "steps",
                SubwordOptions {
                    steps: 0,
                    ..default.clone()
                },
            ),
            (
                "min_words",
                SubwordOptions {
                    min_words: 0,
                    ..default.clone()
                },
            ),
        ] {
            let message = fit(&[1.0, 2.0], None, &options);
            assert!(message.starts_with(name), "{message}");
        }
    }

    #[test]
    fn weights_grow_with_the_root_of_the_count() {
        assert_eq!(
            word_weights(&[0, 50, 200, 9_999]).unwrap(),
            [0.0, 0.5, 1.0, 1.0]
        );
    }

    #[test]
    fn a_fit_can_be_cancelled() {
        let monitor = Monitor::new();
        monitor.cancel();
        let options = SubwordOptions::default();
        let fitted = Subwords::fit(&WORDS, &VECTORS, 2, None, &options, &monitor);
        assert!(matches!(fitted, Err(Error::Cancelled)));
    }
}
