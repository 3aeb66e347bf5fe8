//! Directions in which the two vectors w and w̃ of a word are opposite, and the sum of w and w̃ after w̃ is turned in
//! these directions.
//!
//! If X is symmetric, training fits w·w̃ to numbers that are the same for a pair of words in either order. Such a matrix
//! of numbers is symmetric, and some of its eigenvalues are negative. A negative eigenvalue of large absolute value
//! separates classes of words, such as verbs from nouns: a word stands beside words of the other class more often than
//! beside those of its own. In the direction of a positive eigenvalue, training makes w and w̃ equal; in that of a
//! negative one it makes w̃ equal to −w, because only then is their product negative. There, w + w̃ cancels what both
//! vectors know. So the component of w̃ in these directions changes its sign before the vectors are added: w̃ is *turned*
//! there (benches/EXPERIMENTS.md, "Opposite directions"). Before that, the components of w and of w̃ are scaled so that
//! their variances are equal and their product stays the same. After a training, the variances are nearly equal
//! already. After an earlier shrinkage, they are unequal (see `move_word`). An update of a model can start with such
//! vectors.

use super::covariance::Covariance;
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use rayon::prelude::*;
use std::f64::consts::SQRT_2;

/// w̃ is turned in at most this many directions (benches/EXPERIMENTS.md, "Opposite directions").
const DIRECTIONS: usize = 8;
/// Number of steps of the orthogonal iteration on the covariance of w − w̃. The iteration never ends earlier. The
/// directions that it finds need not be exact principal directions.
const STEPS: usize = 100;
/// At most this many words, the first ones, are used to find the directions. They are the most frequent words, unless
/// the user chose the order.
const WORDS: usize = 1 << 14;
/// w̃ is turned in a direction if the correlation of the components of w and w̃ in this direction is below this number.
/// In a direction of noise the correlation is about 0.
const GREATEST_CORRELATION: f64 = -0.1;
/// A variance counts as 0 if it is at most this fraction of the mean square: rounding gives equal numbers a variance of
/// this size.
const LEAST_VARIANCE: f64 = 1e-10;
/// Number of rows that one task adds up. The order of additions does not depend on the number of threads.
const ROWS: usize = 1 << 12;

/// A direction in which w and w̃ are opposite.
#[derive(Debug, PartialEq)]
struct Direction {
    // Of length 1.
    axis: Vec<f64>,
    // The component of w is multiplied by this number, and the component of w̃ is divided by it.
    balance: f64,
}

impl Direction {
    /// The component, in this direction, of the *turned sum*: the sum of the scaled w and the scaled and turned w̃. The
    /// components of w and w̃ are `in_w` and `in_w_tilde`.
    fn turned(&self, in_w: f64, in_w_tilde: f64) -> f64 {
        self.balance * in_w - in_w_tilde / self.balance
    }

    /// Add a vector of this direction to `vector`. Its length is `length`; if `length` is negative, it has the opposite
    /// direction.
    fn add(&self, length: f64, vector: &mut [f32]) {
        for (x, y) in vector.iter_mut().zip(&self.axis) {
            *x += (length * y) as f32;
        }
    }
}

/// Orthogonal directions in which w and w̃ are opposite.
#[derive(Debug)]
pub struct OppositeDirections(Vec<Direction>);

impl OppositeDirections {
    /// The directions for the rows of `w` and `w_tilde`, which have `dim` numbers each. `weights` has a number for each
    /// row. `w` and `w_tilde` have the same shape. A direction of large variance of w − w̃ is taken if the correlation
    /// of the components of w and w̃ in it is below [`GREATEST_CORRELATION`].
    ///
    /// # Errors
    /// [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
    pub(super) fn of(
        w: &[f32],
        w_tilde: &[f32],
        dim: usize,
        weights: &[f32],
        monitor: &Monitor,
    ) -> Result<Self> {
        let words = weights.len().min(WORDS);
        let [w, w_tilde] = [w, w_tilde].map(|side| &side[..words * dim]);
        let weights = &weights[..words];
        let mut differences = fallible::copied(w)?;
        differences
            .par_iter_mut()
            .zip(w_tilde)
            .for_each(|(x, y)| *x -= y);
        let found = Covariance::of(&differences, dim, weights, monitor)?
            .dominating_directions(DIRECTIONS, STEPS);
        drop(differences);
        let opposite = found.into_iter().filter_map(|axis| {
            let [in_w, in_w_tilde, of_both] = variances_in(&axis, w, w_tilde, weights);
            // If a variance is 0, `balance` is 0, infinite or NaN. Then `of_both` is 0, so the direction is not taken.
            let balance = (in_w_tilde / in_w).sqrt().sqrt();
            let opposite = of_both < GREATEST_CORRELATION * (in_w * in_w_tilde).sqrt();
            opposite.then_some(Direction { axis, balance })
        });
        Ok(Self(opposite.collect()))
    }

    /// Replace each row of `w` by the turned sum of this row and the row of `w_tilde`.
    pub(super) fn add_turned(&self, w: &mut [f32], w_tilde: &[f32], dim: usize) {
        (w.par_chunks_exact_mut(dim), w_tilde.par_chunks_exact(dim))
            .into_par_iter()
            .for_each(|(w, w_tilde)| {
                for direction in &self.0 {
                    let [x, y] = [&*w, w_tilde].map(|side| component(side, &direction.axis));
                    direction.add(direction.turned(x, y) - (x + y), w);
                }
                for (sum, x) in w.iter_mut().zip(w_tilde) {
                    *sum += x;
                }
            });
    }

    /// Move the vectors of one word so that w + w̃ becomes the turned sum plus `by`.
    ///
    /// In a direction that is not turned, w and w̃ move by the same amount. In a turned direction in which the new sum
    /// has the component p, w gets ½(1 + √2)p and w̃ gets ½(1 − √2)p. The product of these numbers is −p²/4, that of p/2
    /// and −p/2: so w·w̃ stays negative in this direction, as training made it.
    pub(super) fn move_word(&self, w: &mut [f32], w_tilde: &mut [f32], by: &[f32]) {
        for direction in &self.0 {
            let [in_w, in_w_tilde, by] =
                [&*w, &*w_tilde, by].map(|vector| component(vector, &direction.axis));
            let new = direction.turned(in_w, in_w_tilde) + by;
            // The loop below adds half of `by` to both vectors, so half of it is subtracted here.
            direction.add(0.5 * (1.0 + SQRT_2) * new - in_w - 0.5 * by, w);
            direction.add(0.5 * (1.0 - SQRT_2) * new - in_w_tilde - 0.5 * by, w_tilde);
        }
        for ((w, w_tilde), by) in w.iter_mut().zip(w_tilde).zip(by) {
            *w += 0.5 * by;
            *w_tilde += 0.5 * by;
        }
    }
}

/// The component of a vector in a direction of length 1.
fn component(vector: &[f32], direction: &[f64]) -> f64 {
    vector
        .iter()
        .zip(direction)
        .map(|(&x, y)| f64::from(x) * y)
        .sum()
}

/// The weighted variances of the components of w and of w̃ in a direction, and their covariance, all times the sum of
/// the weights.
fn variances_in(direction: &[f64], w: &[f32], w_tilde: &[f32], weights: &[f32]) -> [f64; 3] {
    let size = ROWS * direction.len();
    let parts: Vec<[f64; 6]> = (
        w.par_chunks(size),
        w_tilde.par_chunks(size),
        weights.par_chunks(ROWS),
    )
        .into_par_iter()
        .map(|(w, w_tilde, weights)| {
            let rows = |side| <[f32]>::chunks_exact(side, direction.len());
            let mut sums = [0.0; 6];
            for ((w, w_tilde), &c) in rows(w).zip(rows(w_tilde)).zip(weights) {
                let (x, y, c) = (
                    component(w, direction),
                    component(w_tilde, direction),
                    f64::from(c),
                );
                for (sum, term) in
                    sums.iter_mut()
                        .zip([c, c * x, c * y, c * x * x, c * y * y, c * x * y])
                {
                    *sum += term;
                }
            }
            sums
        })
        .collect();
    let mut sums = [0.0; 6];
    for part in parts {
        for (sum, x) in sums.iter_mut().zip(part) {
            *sum += x;
        }
    }
    let [total, x, y, xx, yy, xy] = sums;
    let [in_w, in_w_tilde] = [(x, xx), (y, yy)].map(|(x, xx)| {
        let variance = xx - x * x / total;
        if variance > LEAST_VARIANCE * xx {
            variance
        } else {
            0.0
        }
    });
    if in_w * in_w_tilde == 0.0 {
        return [in_w, in_w_tilde, 0.0];
    }
    [in_w, in_w_tilde, xy - x * y / total]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;
    use proptest::prelude::*;

    const DIM: usize = 12;

    /// W and W̃ of words, and their weights. Component k of w̃ is `signs[k]` times that of w, plus noise and 3. Then a
    /// reflection moves all vectors, so that the opposite directions are not axes.
    fn sample(seed: u64, words: usize, signs: [f32; DIM]) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let noise = |i: usize, k: usize| {
            let code = crate::vocabulary::hash(format!("{seed} {i} {k}").as_bytes());
            (code % 1000) as f32 / 500.0 - 1.0
        };
        let axis: Vec<f64> = (0..DIM).map(|k| 1.0 + k as f64).collect();
        let length = axis.iter().map(|x| x * x).sum::<f64>().sqrt();
        let axis: Vec<f64> = axis.iter().map(|x| x / length).collect();
        let (mut w, mut w_tilde) = (Vec::new(), Vec::new());
        for i in 0..words {
            let row: Vec<f32> = (0..DIM).map(|k| noise(i, k)).collect();
            let other = |(k, x): (usize, &f32)| signs[k] * x + 0.05 * noise(i, DIM + k) + 3.0;
            let other: Vec<f32> = row.iter().enumerate().map(other).collect();
            for (row, side) in [(row, &mut w), (other, &mut w_tilde)] {
                let along = 2.0 * component(&row, &axis);
                side.extend(row.iter().zip(&axis).map(|(x, y)| x - (along * y) as f32));
            }
        }
        (
            w,
            w_tilde,
            (0..words).map(|i| 0.1 + (i % 7) as f32).collect(),
        )
    }

    fn opposite(threads: usize, sample: &(Vec<f32>, Vec<f32>, Vec<f32>)) -> OppositeDirections {
        let (w, w_tilde, weights) = sample;
        let find = || OppositeDirections::of(w, w_tilde, DIM, weights, &Monitor::new());
        threads::in_pool(threads, find).unwrap().unwrap()
    }

    fn length(vector: &[f32]) -> f32 {
        vector.iter().map(|x| x * x).sum::<f32>().sqrt()
    }

    proptest! {
        /// After w̃ is turned, it is w again in every direction, apart from its mean and the noise.
        #[test]
        fn opposite_directions_are_turned_and_no_others(
            seed: u64,
            words in 100_usize..600,
            opposite_ones in 0_usize..=DIRECTIONS,
        ) {
            let signs = std::array::from_fn(|k| if k < opposite_ones { -1.0 } else { 1.0 });
            let sample = sample(seed, words, signs);
            let directions = opposite(1, &sample);
            prop_assert_eq!(directions.0.len(), opposite_ones);
            let (w, w_tilde, _) = &sample;
            let mut turned = vec![0.0; w.len()];
            directions.add_turned(&mut turned, w_tilde, DIM);
            let mean: Vec<f32> = (0..DIM)
                .map(|k| {
                    let differences = turned.iter().zip(w).skip(k).step_by(DIM);
                    differences.map(|(x, y)| x - y).sum::<f32>() / words as f32
                })
                .collect();
            for (turned, w) in turned.chunks_exact(DIM).zip(w.chunks_exact(DIM)) {
                let rest: Vec<f32> =
                    turned.iter().zip(w).zip(&mean).map(|((x, y), m)| x - y - m).collect();
                prop_assert!(length(&rest) < 0.3, "{rest:?}");
            }
        }

        /// `move_word` makes w + w̃ the turned sum plus `by`. If p is the component of this new sum in a turned direction,
        /// the product of the components of w and w̃ in this direction becomes −(p/2)².
        #[test]
        fn words_move_to_the_turned_sum_and_their_products_stay_negative(
            seed: u64,
            words in 100_usize..200,
            scale in 0.0_f32..2.0,
        ) {
            let signs = std::array::from_fn(|k| if k % 3 == 0 { -1.0 } else { 1.0 });
            let sample = sample(seed, words, signs);
            let directions = opposite(1, &sample);
            let (mut w, mut w_tilde, _) = sample;
            let mut expected = w.clone();
            directions.add_turned(&mut expected, &w_tilde, DIM);
            let rows = w.chunks_exact_mut(DIM).zip(w_tilde.chunks_exact_mut(DIM));
            for ((w, w_tilde), expected) in rows.zip(expected.chunks_exact_mut(DIM)) {
                let by: Vec<f32> = (0..DIM).map(|k| scale * (k as f32).sin()).collect();
                let apart = |w: &[f32], w_tilde: &[f32]| -> Vec<f32> {
                    let mut apart: Vec<f32> = w.iter().zip(w_tilde).map(|(x, y)| x - y).collect();
                    for Direction { axis, .. } in &directions.0 {
                        let length = component(&apart, axis);
                        apart.iter_mut().zip(axis).for_each(|(x, y)| *x -= (length * y) as f32);
                    }
                    apart
                };
                let before = apart(w, w_tilde);
                directions.move_word(w, w_tilde, &by);
                expected.iter_mut().zip(&by).for_each(|(x, by)| *x += by);
                for ((w, w_tilde), expected) in w.iter().zip(&*w_tilde).zip(&*expected) {
                    prop_assert!((w + w_tilde - expected).abs() < 1e-4);
                }
                for Direction { axis, .. } in &directions.0 {
                    let [p, x, y] = [&*expected, &*w, &*w_tilde].map(|v| component(v, axis));
                    prop_assert!((x * y + p * p / 4.0).abs() < 1e-3 * (1.0 + p * p));
                }
                for (x, y) in apart(w, w_tilde).iter().zip(before) {
                    prop_assert!((x - y).abs() < 1e-4);
                }
            }
        }

        /// A second shrinkage, without training in between, finds the same sums again.
        #[test]
        fn vectors_that_were_turned_before_are_turned_to_the_same_sums(seed: u64) {
            let signs = std::array::from_fn(|k| if k % 3 == 0 { -1.0 } else { 1.0 });
            let (mut w, mut w_tilde, weights) = sample(seed, 400, signs);
            let directions = opposite(1, &(w.clone(), w_tilde.clone(), weights.clone()));
            let mut turned = w.clone();
            directions.add_turned(&mut turned, &w_tilde, DIM);
            for (w, w_tilde) in w.chunks_exact_mut(DIM).zip(w_tilde.chunks_exact_mut(DIM)) {
                directions.move_word(w, w_tilde, &[0.0; DIM]);
            }
            let again = opposite(1, &(w.clone(), w_tilde.clone(), weights));
            again.add_turned(&mut w, &w_tilde, DIM);
            for (x, y) in w.iter().zip(&turned) {
                prop_assert!((x - y).abs() < 0.02 * (1.0 + y.abs()), "{x} {y}");
            }
        }

        #[test]
        fn several_threads_find_what_one_does(seed: u64, words in 1_usize..9000) {
            let signs = std::array::from_fn(|k| if k < 2 { -1.0 } else { 1.0 });
            let sample = sample(seed, words, signs);
            prop_assert_eq!(opposite(1, &sample).0, opposite(3, &sample).0);
        }
    }

    proptest! {
        /// The variances of equal rows are 0 in every direction, but rounding can make them positive or negative.
        #[test]
        fn rows_without_variance_have_no_opposite_direction(
            w in prop::collection::vec(-10.0_f32..10.0, DIM),
            w_tilde in prop::collection::vec(-10.0_f32..10.0, DIM),
            words in 1_usize..50,
        ) {
            let weights = (0..words).map(|i| 0.015 * (1 + i) as f32).collect();
            let directions = opposite(1, &(w.repeat(words), w_tilde.repeat(words), weights));
            prop_assert!(directions.0.is_empty());
        }
    }

    #[test]
    fn equal_vectors_of_both_sides_have_no_opposite_direction() {
        let row = [1.0; 4 * DIM];
        let directions = opposite(1, &(row.to_vec(), row.to_vec(), vec![1.0; 4]));
        assert!(directions.0.is_empty());
    }
}
