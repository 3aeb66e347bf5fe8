//! Shrinkage of word vectors towards the predictions of a subword model.
//!
//! The vector of a word is noisy because the counts of the word are noisy. The prediction from its n-grams is an
//! average over words with a similar spelling, such as the forms of a verb. A weighted mean of the vector and its
//! prediction is better than either (James and Stein 1961) if spelling predicts vectors. A test on held-out words
//! decides whether spelling predicts vectors.

use super::design::Design;
use super::directions::Directions;
use super::model::{SubwordOptions, Subwords};
use super::ngrams::NgramLengths;
use super::opposite::OppositeDirections;
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::monitor::{Monitor, Stage};
use crate::training::LINE;
use crate::vocabulary::Vocabulary;
use rayon::prelude::*;

/// The weight of the prediction in the mean of a vector and its prediction (benches/EXPERIMENTS.md, "Vectors of one
/// length").
const PREDICTION: f32 = 0.56;
/// Steps and penalty of the regression (benches/EXPERIMENTS.md, "Shrinkage towards the spelling").
const STEPS: usize = 15;
const PENALTY: f64 = 0.3;
/// A word that occurs at least this often has the weight 1 in the regression. A word that occurs c
/// times, where c is smaller, has the weight c/`FULL_WEIGHT_COUNT` (benches/EXPERIMENTS.md, "Vectors of one length").
const FULL_WEIGHT_COUNT: f64 = 100.0;
/// In the mean that is subtracted from the vectors (see `directions.rs`), a word has the weight 1 if its count is at least
/// this fraction of all counts, and at least [`FULL_WEIGHT_COUNT`]. So in a text of more than 4.2 million tokens, rare
/// words have less weight in the mean than in the regression, and their vectors keep more of what they have in common
/// (benches/EXPERIMENTS.md, "Weights in the mean"). The test of the predictions keeps the weights of the regression.
/// Otherwise, rare words share a component that the length of a word predicts, and texts whose spelling says nothing
/// pass the test.
const MEAN_FULL_WEIGHT: f64 = 2.4e-5;
/// The least relative length of a vector (see [`equalise_lengths`]). The vector of a word without records is its start
/// vector minus the mean of all vectors. It is short and carries no information, so it must not become as long as the
/// others.
const LEAST_LENGTH: f32 = 0.5;
/// To test the predictions, every `HELD_OUT`-th word is held out and predicted from the other
/// words.
const HELD_OUT: usize = 10;
/// Steps of the regression without the held-out words. This regression uses the first sixteen
/// components only.
const TRIAL_STEPS: usize = 10;
/// No vector is moved if the correlation of the vectors of n held-out words with their predictions is below this number
/// plus 1/√n. The term 1/√n is added because the correlation over few words is uncertain.
const LEAST_CORRELATION: f64 = 0.1;

/// The result of a shrinkage.
#[derive(Debug)]
pub struct Shrinkage {
    /// The weighted correlation of the vectors of held-out words with their predictions.
    pub correlation: f64,
    /// `None` if the correlation is below 0.1 + 1/√n for n held-out words.
    pub found: Option<Found>,
}

/// A subword model, and the moves of the vectors towards its predictions.
#[derive(Debug)]
pub struct Found {
    /// The subword model.
    pub subwords: Subwords,
    opposite: OppositeDirections,
    // For each word, its new vector minus the sum of w and the turned w̃.
    moves: Vec<f32>,
}

impl Found {
    /// Move `w` and `w_tilde`, the vectors that the shrinkage was computed from, and return the subword model. The
    /// vectors of a word without n-grams are only turned (`opposite.rs`) and damped (`directions.rs`).
    pub fn apply(self, w: &mut [f32], w_tilde: &mut [f32]) -> Subwords {
        let dim = self.subwords.dim();
        (
            w.par_chunks_exact_mut(dim),
            w_tilde.par_chunks_exact_mut(dim),
            self.moves.par_chunks_exact(dim),
        )
            .into_par_iter()
            .for_each(|(w, w_tilde, by)| self.opposite.move_word(w, w_tilde, by));
        self.subwords
    }
}

impl Shrinkage {
    /// The n-grams of a vocabulary. If several sets of vectors have this vocabulary, compute the n-grams once, and pass
    /// them to [`Shrinkage::of`].
    ///
    /// # Errors
    /// [`Error::Memory`]; [`Error::Cancelled`].
    pub fn design(vocabulary: &Vocabulary, monitor: &Monitor) -> Result<Design> {
        let mut words: Vec<&[u8]> = fallible::with_capacity(vocabulary.len())?;
        words.extend(vocabulary.iter().map(|(word, _)| word));
        let lengths = NgramLengths::of_words(words.iter().copied());
        Design::new(
            &words,
            lengths,
            SubwordOptions::default().min_words,
            monitor,
        )
    }

    /// Compute the shrinkage of the vectors w + w̃ of a vocabulary. `w` and `w_tilde` have a row for each word, `dim`
    /// numbers each, row-major. `design` is the result of [`Shrinkage::design`] for this vocabulary; `None` computes
    /// it. Uses all threads of the current rayon pool. The result has the same bits for any number of threads.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `w` or `w_tilde` does not have a row for each word, if a number is not finite, or if
    /// `design` has another number of words; [`Error::Memory`]; [`Error::Cancelled`].
    pub fn of(
        vocabulary: &Vocabulary,
        design: Option<&Design>,
        w: Vec<f32>,
        w_tilde: Vec<f32>,
        dim: usize,
        monitor: &Monitor,
    ) -> Result<Self> {
        // The total is the number of steps of both regressions: the test and the fit.
        let steps = STEPS * dim.div_ceil(LINE) + TRIAL_STEPS;
        monitor.begin(Stage::Subwords, steps as u64);
        let own;
        let design = if let Some(design) = design {
            design
        } else {
            own = Self::design(vocabulary, monitor)?;
            &own
        };
        if design.words() != vocabulary.len() {
            let message = "must have the n-grams of each word of the vocabulary";
            return Err(Error::parameter("design", message));
        }
        for (name, side) in [("w", &w), ("w_tilde", &w_tilde)] {
            if dim == 0 || vocabulary.len().checked_mul(dim) != Some(side.len()) {
                return Err(Error::parameter(name, "must have a row for each word"));
            }
        }
        let options = SubwordOptions {
            penalty: PENALTY,
            steps: STEPS,
            ..SubwordOptions::default()
        };
        let counts = vocabulary.counts();
        let tokens: f64 = counts.iter().map(|&count| count as f64).sum();
        let mean_weights = weights(counts, FULL_WEIGHT_COUNT.max(MEAN_FULL_WEIGHT * tokens))?;
        let weights = weights(counts, FULL_WEIGHT_COUNT)?;
        let opposite = OppositeDirections::of(&w, &w_tilde, dim, &weights, monitor)?;
        let mut vectors = w;
        opposite.add_turned(&mut vectors, &w_tilde, dim);
        drop(w_tilde);
        let directions = Directions::of(&vectors, dim, &weights, monitor)?;
        let (trial, _) = damped(&vectors, dim, &weights, &directions)?;
        let correlation = correlation(design, &trial, dim, &weights, &options, monitor)?;
        drop(trial);
        let held_out = vocabulary.len() / HELD_OUT;
        if correlation < LEAST_CORRELATION + (held_out.max(1) as f64).sqrt().recip() {
            return Ok(Self {
                correlation,
                found: None,
            });
        }
        let directions = directions.with_mean(&vectors, dim, &mean_weights, monitor)?;
        let (damped, lengths) = damped(&vectors, dim, &weights, &directions)?;
        let ngrams = design.regress(&damped, dim, &weights, &options, None, monitor)?;
        let mut moves = design.predict(&ngrams, dim, monitor)?;
        (
            moves.par_chunks_exact_mut(dim),
            vectors.par_chunks_exact(dim),
            damped.par_chunks_exact(dim),
            lengths.par_iter(),
        )
            .into_par_iter()
            .enumerate()
            .for_each(|(word, (moves, old, damped, length))| {
                let weight = if design.has_ngrams(word) {
                    PREDICTION
                } else {
                    0.0
                };
                for ((x, old), damped) in moves.iter_mut().zip(old).zip(damped) {
                    *x = length * (damped + weight * (*x - damped)) - old;
                }
            });
        let subwords = design.model(dim, ngrams)?;
        Ok(Self {
            correlation,
            found: Some(Found {
                subwords,
                opposite,
                moves,
            }),
        })
    }
}

/// The damped vectors, with relative lengths of 1, and the relative lengths that they had (see [`equalise_lengths`]).
fn damped(
    vectors: &[f32],
    dim: usize,
    weights: &[f32],
    directions: &Directions,
) -> Result<(Vec<f32>, Vec<f32>)> {
    let mut damped = fallible::copied(vectors)?;
    damped
        .par_chunks_exact_mut(dim)
        .for_each(|row| directions.damp(row));
    let lengths = equalise_lengths(&mut damped, dim, weights)?;
    Ok((damped, lengths))
}

/// Divide each row of `vectors` by its *relative length*, and return the relative lengths. The relative length of a row is
/// its Euclidean norm divided by the weighted mean of the norms of all rows, but at least [`LEAST_LENGTH`]. Rows above
/// this limit get the mean norm. Shorter rows stay shorter than the mean.
///
/// # Errors
/// [`Error::Memory`].
fn equalise_lengths(vectors: &mut [f32], dim: usize, weights: &[f32]) -> Result<Vec<f32>> {
    let mut lengths: Vec<f32> = fallible::zeroed(weights.len())?;
    (vectors.par_chunks_exact(dim), &mut lengths)
        .into_par_iter()
        .for_each(|(row, length)| {
            let square: f64 = row.iter().map(|&x| f64::from(x).powi(2)).sum();
            *length = square.sqrt() as f32;
        });
    let weighted = |(&length, &weight): (&f32, &f32)| f64::from(length) * f64::from(weight);
    let total: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
    let mean = (lengths.iter().zip(weights).map(weighted).sum::<f64>() / total) as f32;
    (vectors.par_chunks_exact_mut(dim), &mut lengths)
        .into_par_iter()
        .for_each(|(row, length)| {
            // If all rows are 0, so is the mean, and `max` replaces the NaN.
            *length = (*length / mean).max(LEAST_LENGTH);
            for x in row {
                *x /= *length;
            }
        });
    Ok(lengths)
}

/// The weight of each word, min(1, count/`full`). If the counts of all words are 0, as those of a matrix without a
/// vocabulary are, each weight is 1.
fn weights(counts: &[u64], full: f64) -> Result<Vec<f32>> {
    let are_known = counts.iter().any(|&count| count > 0);
    fallible::collect(counts.iter().map(|&count| {
        if are_known {
            (count as f64 / full).min(1.0) as f32
        } else {
            1.0
        }
    }))
}

/// The correlation of the vectors of held-out words with predictions from the other words. It is over the first sixteen
/// components, and over those held-out words that have n-grams. The result is 0 if the correlation is not a finite
/// number.
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

    /// Words that consist of a stem and an ending. If `spelled`, the vector of a word is the sum of
    /// a vector of its stem and a vector of its ending. Otherwise it is unrelated to the spelling.
    fn sample(spelled: bool) -> (Vocabulary, Vec<f32>, usize) {
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
                let count = if (i + j).is_multiple_of(2) {
                    900_000
                } else {
                    300
                };
                words.push((format!("{stem}{ending}"), count));
                let of = |k| {
                    if spelled {
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

    /// w and w̃ of half the length of the vectors. In component 0, w̃ is opposite: w − w̃ is the vector's component.
    fn sides(vectors: &[f32], dim: usize) -> (Vec<f32>, Vec<f32>) {
        let half = |k: usize, x: f32| {
            if k.is_multiple_of(dim) {
                -0.5 * x
            } else {
                0.5 * x
            }
        };
        let w_tilde = vectors.iter().enumerate().map(|(k, &x)| half(k, x));
        (vectors.iter().map(|x| 0.5 * x).collect(), w_tilde.collect())
    }

    fn shrinkage(threads: usize, sample: &(Vocabulary, Vec<f32>, usize)) -> Shrinkage {
        let (vocabulary, vectors, dim) = sample;
        let (w, w_tilde) = sides(vectors, *dim);
        let shrink = || Shrinkage::of(vocabulary, None, w, w_tilde, *dim, &Monitor::new());
        threads::in_pool(threads, shrink).unwrap().unwrap()
    }

    #[test]
    fn vectors_are_turned_and_move_part_of_the_way_to_their_predictions() {
        let sample = sample(true);
        let Shrinkage { correlation, found } = shrinkage(1, &sample);
        assert!(correlation > 0.6, "{correlation}");
        let (vocabulary, vectors, dim) = &sample;
        let (mut w, mut w_tilde) = sides(vectors, *dim);
        let subwords = found.unwrap().apply(&mut w, &mut w_tilde);
        // All words have the weight 1 in the regression. In the mean, every second word has less.
        let weights = vec![1.0; vocabulary.len()];
        let full = 2.4e-5 * vocabulary.counts().iter().sum::<u64>() as f64;
        let mean_weights = super::weights(vocabulary.counts(), full).unwrap();
        assert!(mean_weights.contains(&1.0) && mean_weights.iter().any(|&c| c < 0.5));
        let monitor = Monitor::new();
        let directions = Directions::of(vectors, *dim, &weights, &monitor).unwrap();
        let directions = directions
            .with_mean(vectors, *dim, &mean_weights, &monitor)
            .unwrap();
        let mut damped = vectors.clone();
        damped
            .chunks_exact_mut(*dim)
            .for_each(|row| directions.damp(row));
        let length = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt();
        let mean = damped.chunks_exact(*dim).map(length).sum::<f32>() / vocabulary.len() as f32;
        for (i, (word, _)) in vocabulary.iter().enumerate() {
            let predicted = subwords.predict(word).unwrap();
            let damped = &damped[i * dim..][..*dim];
            let relative = length(damped) / mean;
            assert!(relative > LEAST_LENGTH);
            for k in 0..*dim {
                let at = i * dim + k;
                let expected = 0.44 * damped[k] + 0.56 * relative * predicted[k];
                assert!((w[at] + w_tilde[at] - expected).abs() < 1e-5);
            }
        }
        let (mut again, mut again_tilde) = sides(vectors, *dim);
        shrinkage(3, &sample)
            .found
            .unwrap()
            .apply(&mut again, &mut again_tilde);
        assert_eq!((w, w_tilde), (again, again_tilde));
    }

    #[test]
    fn a_design_serves_several_sets_of_vectors() {
        let (vocabulary, vectors, dim) = sample(true);
        let monitor = Monitor::new();
        let design = Shrinkage::design(&vocabulary, &monitor).unwrap();
        for factor in [1.0, -2.0] {
            let vectors: Vec<f32> = vectors.iter().map(|x| factor * x).collect();
            let with = |design| {
                let (mut w, mut w_tilde) = sides(&vectors, dim);
                let copies = (w.clone(), w_tilde.clone());
                let shrinkage =
                    Shrinkage::of(&vocabulary, design, copies.0, copies.1, dim, &monitor);
                let subwords = shrinkage
                    .unwrap()
                    .found
                    .unwrap()
                    .apply(&mut w, &mut w_tilde);
                (subwords, w, w_tilde)
            };
            let (subwords, w, w_tilde) = with(Some(&design));
            let (own, own_w, own_w_tilde) = with(None);
            assert_eq!((w, w_tilde), (own_w, own_w_tilde));
            assert_eq!(subwords.vectors(), own.vectors());
            assert_eq!(subwords.ngrams(), own.ngrams());
        }
    }

    #[test]
    fn a_design_of_another_vocabulary_and_a_wrong_number_of_vectors_are_refused() {
        let (vocabulary, vectors, dim) = sample(true);
        let (w, w_tilde) = sides(&vectors, dim);
        let monitor = Monitor::new();
        let other = Vocabulary::new([("walk", 3), ("walks", 3)]).unwrap();
        let design = Shrinkage::design(&other, &monitor).unwrap();
        let of = |design, w: &[f32], w_tilde: &[f32], dim| {
            Shrinkage::of(
                &vocabulary,
                design,
                w.to_vec(),
                w_tilde.to_vec(),
                dim,
                &monitor,
            )
        };
        let refused = [
            of(Some(&design), &w, &w_tilde, dim),
            of(None, &w, &w_tilde, dim + 1),
            of(None, &w, &w_tilde[dim..], dim),
            of(None, &[], &[], 0),
        ];
        let names = refused.map(|result| match result {
            Err(Error::Parameter { name, .. }) => name,
            other => panic!("{other:?}"),
        });
        assert_eq!(names, ["design", "w", "w_tilde", "w"]);
    }

    #[test]
    fn weights_grow_with_the_count_and_are_equal_without_counts() {
        let counts = [500, 100, 25, 0];
        assert_eq!(weights(&counts, 100.0).unwrap(), [1.0, 1.0, 0.25, 0.0]);
        assert_eq!(weights(&counts, 400.0).unwrap(), [1.0, 0.25, 0.0625, 0.0]);
        assert_eq!(weights(&[0, 0], 100.0).unwrap(), [1.0, 1.0]);
    }

    #[test]
    fn rows_get_the_mean_length_and_short_rows_are_doubled() {
        let mut rows = [6.0, 8.0, 0.0, 30.0, 3.0, 0.0, 0.0, 0.0];
        // The weighted mean length is (1 · 10 + 1 · 30 + 0 · 3 + 2 · 0) / 4 = 10.
        let lengths = equalise_lengths(&mut rows, 2, &[1.0, 1.0, 0.0, 2.0]).unwrap();
        assert_eq!(lengths, [1.0, 3.0, 0.5, 0.5]);
        assert_eq!(rows, [6.0, 8.0, 0.0, 10.0, 6.0, 0.0, 0.0, 0.0]);
        let mut nothing = [0.0; 4];
        let lengths = equalise_lengths(&mut nothing, 2, &[1.0, 1.0]).unwrap();
        assert_eq!((nothing, &lengths[..]), ([0.0; 4], &[0.5, 0.5][..]));
    }

    #[test]
    fn no_vector_moves_if_spelling_does_not_predict_vectors() {
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
