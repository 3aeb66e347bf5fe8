//! The mean of word vectors and their dominating directions.
//!
//! Word vectors share a mean, and a few directions hold much of their variance. The mean and these directions tell more
//! about the frequency of words than about their meaning, and they make unrelated words similar. Mu and Viswanath
//! (2018), "All-but-the-top", remove the mean and the components in these directions. Here the mean is removed, and the
//! components in the first two directions are halved. If the components were removed, the accuracy in analogies would
//! be lower (benches/EXPERIMENTS.md, "Mean and dominating directions").

use super::covariance::{Covariance, weighted_mean};
use crate::error::Result;
use crate::monitor::Monitor;

/// How many directions are damped, and the fraction of the component in each direction that is removed. Both numbers
/// were measured: benches/EXPERIMENTS.md, "Mean and dominating directions".
const DIRECTIONS: usize = 2;
const REMOVED: f64 = 0.5;
/// Number of steps of the orthogonal iteration on the covariance matrix. The iteration never ends earlier.
const STEPS: usize = 300;

/// A weighted mean of vectors, and orthogonal directions of length 1 in which their weighted variance is largest.
pub(super) struct Directions {
    mean: Vec<f32>,
    directions: Vec<Vec<f64>>,
}

impl Directions {
    /// The mean and the directions of the rows of `vectors`, which have `dim` numbers each. `weights` has a number
    /// for each row. The result has the same bits for any number of threads.
    ///
    /// # Errors
    /// [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
    pub(super) fn of(
        vectors: &[f32],
        dim: usize,
        weights: &[f32],
        monitor: &Monitor,
    ) -> Result<Self> {
        let covariance = Covariance::of(vectors, dim, weights, monitor)?;
        let directions = covariance.dominating_directions(DIRECTIONS, STEPS);
        let mean = covariance.mean;
        Ok(Self { mean, directions })
    }

    /// The same directions, with the mean of `vectors` under `weights` as the mean.
    ///
    /// # Errors
    /// As for [`Directions::of`].
    pub(super) fn with_mean(
        self,
        vectors: &[f32],
        dim: usize,
        weights: &[f32],
        monitor: &Monitor,
    ) -> Result<Self> {
        Ok(Self {
            mean: weighted_mean(vectors, dim, weights, monitor)?,
            ..self
        })
    }

    /// Remove the mean from a vector, and half of its components in the directions.
    pub(super) fn damp(&self, vector: &mut [f32]) {
        for (x, mean) in vector.iter_mut().zip(&self.mean) {
            *x -= mean;
        }
        for direction in &self.directions {
            let products = vector.iter().zip(direction);
            let length: f64 = products.map(|(&x, y)| f64::from(x) * y).sum();
            for (x, y) in vector.iter_mut().zip(direction) {
                *x -= (REMOVED * length * y) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;
    use proptest::prelude::*;

    const DIM: usize = 5;
    type Sample = (Vec<f32>, Vec<f32>, Vec<f32>);

    /// Rows, their weights, and their weights in the mean. Each component has a mean of about 3. Components 1 and 3 vary most.
    fn sample(seed: u64, rows: usize) -> Sample {
        let noise = |i: usize, k: usize| {
            let code = crate::vocabulary::hash(format!("{seed} {i} {k}").as_bytes());
            (code % 1000) as f32 / 500.0 - 1.0
        };
        let scale = [0.3, 9.0, 0.2, 4.0, 0.1];
        let vectors = (0..rows)
            .flat_map(|i| (0..DIM).map(move |k| 3.0 + scale[k] * noise(i, k)))
            .collect();
        let weights = (0..rows).map(|i| 0.1 + (i % 7) as f32).collect();
        let mean_weights = (0..rows).map(|i| 0.1 + (i % 3) as f32).collect();
        (vectors, weights, mean_weights)
    }

    fn damped(threads: usize, (vectors, weights, mean_weights): &Sample) -> Vec<f32> {
        threads::in_pool(threads, || {
            let monitor = Monitor::new();
            let directions = Directions::of(vectors, DIM, weights, &monitor).unwrap();
            let directions = directions
                .with_mean(vectors, DIM, mean_weights, &monitor)
                .unwrap();
            let mut damped = vectors.clone();
            damped
                .chunks_exact_mut(DIM)
                .for_each(|row| directions.damp(row));
            damped
        })
        .unwrap()
    }

    proptest! {
        #[test]
        fn the_weighted_mean_goes_and_the_two_longest_axes_are_halved(seed: u64, rows in 60_usize..900) {
            let sample = sample(seed, rows);
            let damped = damped(1, &sample);
            let (vectors, weights, mean_weights) = &sample;
            let average = |values: &[f64], weights: &[f32]| {
                let total: f64 = weights.iter().map(|&c| f64::from(c)).sum();
                values.iter().zip(weights).map(|(x, &c)| x * f64::from(c)).sum::<f64>() / total
            };
            let moments = |vectors: &[f32], k: usize| {
                let values: Vec<f64> =
                    vectors.iter().skip(k).step_by(DIM).map(|&x| f64::from(x)).collect();
                let mean = average(&values, weights);
                let squares: Vec<f64> = values.iter().map(|x| (x - mean).powi(2)).collect();
                (average(&values, mean_weights), average(&squares, weights).sqrt())
            };
            for (k, factor) in [1.0, 0.5, 1.0, 0.5, 1.0].into_iter().enumerate() {
                let (mean, deviation) = moments(&damped, k);
                prop_assert!(mean.abs() < 1e-4);
                // The axes of a sample are not exactly those of the distribution.
                let expected = factor * moments(vectors, k).1;
                prop_assert!((deviation / expected - 1.0).abs() < 0.3, "{k}: {deviation} {expected}");
            }
        }

        #[test]
        fn several_threads_find_what_one_does(seed: u64, rows in 1_usize..3000) {
            let sample = sample(seed, rows);
            prop_assert_eq!(damped(1, &sample), damped(3, &sample));
        }
    }

    #[test]
    fn equal_vectors_become_zero() {
        let damped = damped(1, &([2.0; 4 * DIM].to_vec(), vec![1.0; 4], vec![1.0; 4]));
        assert_eq!(damped, [0.0; 4 * DIM]);
    }
}
