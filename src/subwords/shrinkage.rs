//! Shrinkage of word vectors towards what the spelling of the words predicts.
//!
//! The vector of a word is noisy, because its counts are. The prediction from its n-grams averages over words that
//! are spelled alike, such as the forms of a verb. A mean of both is better than either (James and Stein 1961), as
//! far as spelling tells anything: this is measured on words that are held out.

use super::design::Design;
use super::model::{SubwordOptions, Subwords, word_weights};
use super::ngrams::NgramLengths;
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::{Monitor, Stage};
use crate::training::LINE;
use crate::vocabulary::Vocabulary;
use rayon::prelude::*;

/// The weight of the prediction in the mean, measured: benches/EXPERIMENTS.md, "Subwords".
const PREDICTION: f32 = 0.4;
/// The regression, measured likewise.
const STEPS: usize = 15;
const PENALTY: f64 = 0.3;
/// Every `HELD_OUT`-th word is predicted from the others to measure what spelling tells.
const HELD_OUT: usize = 10;
/// Steps of that regression, of sixteen components.
const TRIAL_STEPS: usize = 10;
/// Below this correlation of the held-out words' vectors with their predictions, spelling tells nothing.
const LEAST_CORRELATION: f64 = 0.1;

/// What shrinkage found.
#[derive(Debug)]
pub struct Shrinkage {
    /// The correlation of the vectors of held-out words with their predictions, both about their means.
    pub correlation: f64,
    /// The subword model, and by how much to move each vector, row-major; `None` if spelling tells nothing.
    pub found: Option<(Subwords, Vec<f32>)>,
}

impl Shrinkage {
    /// Of the vectors of the words of a vocabulary, `dim` numbers each, row-major. On all threads of the current
    /// rayon pool; the result has the same bits for any number of threads.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] for vectors that do not fit; [`crate::Error::Memory`];
    /// [`crate::Error::Cancelled`].
    pub fn of(
        vocabulary: &Vocabulary,
        vectors: &[f32],
        dim: usize,
        monitor: &Monitor,
    ) -> Result<Self> {
        let options = SubwordOptions {
            penalty: PENALTY,
            steps: STEPS,
            ..SubwordOptions::default()
        };
        let steps = STEPS * dim.div_ceil(LINE) + TRIAL_STEPS;
        monitor.begin(Stage::Subwords, steps as u64);
        let mut words: Vec<&[u8]> = fallible::with_capacity(vocabulary.len())?;
        words.extend(vocabulary.iter().map(|(word, _)| word));
        let lengths = NgramLengths::of_words(words.iter().copied());
        let design = Design::new(&words, lengths, options.min_words, monitor)?;
        let weights = word_weights(vocabulary.counts())?;
        let correlation = correlation(&design, vectors, dim, &weights, &options, monitor)?;
        if correlation < LEAST_CORRELATION {
            return Ok(Self {
                correlation,
                found: None,
            });
        }
        let ngrams = design.regress(vectors, dim, &weights, &options, None, monitor)?;
        let mut moves = design.predict(&ngrams, dim, monitor)?;
        (
            moves.par_chunks_exact_mut(dim),
            vectors.par_chunks_exact(dim),
        )
            .into_par_iter()
            .enumerate()
            .for_each(|(word, (moves, vector))| {
                // A word without n-grams stays where it is.
                let share = if design.has_ngrams(word) {
                    PREDICTION
                } else {
                    0.0
                };
                for (x, own) in moves.iter_mut().zip(vector) {
                    *x = share * (*x - own);
                }
            });
        let subwords = design.into_model(dim, ngrams)?;
        Ok(Self {
            correlation,
            found: Some((subwords, moves)),
        })
    }
}

/// The correlation of the vectors of held-out words with predictions from the other words, in the first components.
fn correlation(
    design: &Design,
    vectors: &[f32],
    dim: usize,
    weights: &[f32],
    options: &SubwordOptions,
    monitor: &Monitor,
) -> Result<f64> {
    let is_held_out = |word: usize| word % HELD_OUT == HELD_OUT - 1;
    let width = dim.min(LINE);
    let rows = vectors.chunks_exact(dim);
    let mut first: Vec<f32> = fallible::with_capacity(rows.len() * width)?;
    first.extend(rows.flat_map(|row| &row[..width]));
    let training = (0..weights.len()).map(|i| if is_held_out(i) { 0.0 } else { weights[i] });
    let training = fallible::collect(training)?;
    let options = SubwordOptions {
        steps: TRIAL_STEPS,
        ..options.clone()
    };
    let ngrams = design.regress(&first, width, &training, &options, None, monitor)?;
    let predicted = design.predict(&ngrams, width, monitor)?;
    let held_out = || (0..weights.len()).filter(|&i| is_held_out(i) && design.has_ngrams(i));
    let total: f64 = held_out().map(|i| f64::from(weights[i])).sum();
    let mut products = [0.0; 3];
    for k in 0..width {
        let mut sums = [0.0; 5];
        for i in held_out() {
            let c = f64::from(weights[i]);
            let (x, y) = (first[i * width + k], predicted[i * width + k]);
            let (x, y) = (f64::from(x), f64::from(y));
            for (sum, term) in sums.iter_mut().zip([x, y, x * x, y * y, x * y]) {
                *sum += c * term;
            }
        }
        let [x, y, xx, yy, xy] = sums;
        for (sum, term) in
            products
                .iter_mut()
                .zip([xx - x * x / total, yy - y * y / total, xy - x * y / total])
        {
            *sum += term;
        }
    }
    let [xx, yy, xy] = products;
    let correlation = xy / (xx * yy).sqrt();
    Ok(if correlation.is_finite() {
        correlation
    } else {
        0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;

    /// Words of stems and endings, and vectors that are sums of a vector of each, or that have nothing to do with
    /// the words.
    fn sample(tells: bool) -> (Vocabulary, Vec<f32>, usize) {
        const DIM: usize = 20;
        let noise = |seed: usize, k: usize| {
            let code = crate::vocabulary::hash(format!("{seed} {k}").as_bytes());
            (code % 1000) as f32 / 500.0 - 1.0
        };
        let stems = [
            "walk", "talk", "play", "jump", "climb", "paint", "cook", "clean", "call",
        ];
        let endings = ["", "s", "ed", "ing", "er", "ers", "able", "ment"];
        let mut words = Vec::new();
        let mut vectors = Vec::new();
        for (i, stem) in stems.iter().enumerate() {
            for (j, ending) in endings.iter().enumerate() {
                words.push((format!("{stem}{ending}"), 300));
                let of = |k| {
                    if tells {
                        noise(i, k) + noise(1000 + j, k)
                    } else {
                        noise(2000 + i * endings.len() + j, k)
                    }
                };
                vectors.extend((0..DIM).map(of));
            }
        }
        (Vocabulary::new(words).unwrap(), vectors, DIM)
    }

    fn shrinkage(threads: usize, sample: &(Vocabulary, Vec<f32>, usize)) -> Shrinkage {
        let (vocabulary, vectors, dim) = sample;
        let shrink = || Shrinkage::of(vocabulary, vectors, *dim, &Monitor::new());
        threads::in_pool(threads, shrink).unwrap().unwrap()
    }

    #[test]
    fn vectors_move_part_of_the_way_to_their_predictions() {
        let sample = sample(true);
        let Shrinkage { correlation, found } = shrinkage(1, &sample);
        assert!(correlation > 0.5, "{correlation}");
        let (subwords, moves) = found.unwrap();
        let (vocabulary, vectors, dim) = &sample;
        for (i, (word, _)) in vocabulary.iter().enumerate() {
            let predicted = subwords.predict(word).unwrap();
            for k in 0..*dim {
                let own = vectors[i * dim + k];
                let expected = PREDICTION * (predicted[k] - own);
                assert!((moves[i * dim + k] - expected).abs() < 1e-5);
            }
        }
        let (_, again) = shrinkage(3, &sample).found.unwrap();
        assert_eq!(moves, again);
    }

    #[test]
    fn nothing_moves_where_spelling_tells_nothing() {
        let Shrinkage { correlation, found } = shrinkage(2, &sample(false));
        assert!(
            correlation < LEAST_CORRELATION && found.is_none(),
            "{correlation}"
        );
        let no_common_ngram = (
            Vocabulary::new([("ab", 3), ("cd", 3)]).unwrap(),
            vec![1.0, 2.0],
            1,
        );
        let Shrinkage { correlation, found } = shrinkage(2, &no_common_ngram);
        assert!(correlation == 0.0 && found.is_none());
    }
}
