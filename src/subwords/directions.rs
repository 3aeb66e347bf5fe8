//! The mean of word vectors and their dominating directions.
//!
//! Word vectors share a mean, and a few directions hold much of their variance. The mean and these directions tell more
//! about the frequency of words than about their meaning, and they make unrelated words similar. Mu and Viswanath
//! (2018), "All-but-the-top", remove the mean and the components in these directions. Here the mean is removed, and the
//! components in the first two directions are halved. If the components were removed, the accuracy in analogies would
//! be lower (benches/EXPERIMENTS.md, "Mean and dominating directions").

use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::training::LINE;
use pulp::Arch;
use rayon::prelude::*;
use std::array;

/// How many directions are damped, and the fraction of the component in each direction that is removed. Both numbers
/// were measured: benches/EXPERIMENTS.md, "Mean and dominating directions".
const DIRECTIONS: usize = 2;
const REMOVED: f64 = 0.5;
/// Number of consecutive rows whose numbers are added in single precision. The sums of these rows are then added in
/// double precision.
const ROWS: usize = 1 << 8;
/// Number of steps of the orthogonal iteration on the covariance matrix. The iteration never ends earlier.
const STEPS: usize = 300;
/// Number of rows whose products are added to the covariance at a time. The sums, dim² numbers, do not fit in the
/// first-level cache, and are read and written once for all of these rows.
const AT_ONCE: usize = 4;
/// The sums of all tasks together have at most this many numbers, unless the sums of one task have
/// more.
const SUMS: usize = 1 << 22;

/// The weighted mean of vectors, and orthogonal directions of length 1 in which their weighted variance is largest.
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
        let total: f64 = weights.iter().map(|&c| f64::from(c)).sum();
        let sums = sum_rows(
            vectors,
            dim,
            weights,
            dim,
            monitor,
            |rows, weights, sums| {
                for (row, c) in rows.chunks_exact(dim).zip(weights) {
                    for (sum, x) in sums.iter_mut().zip(row) {
                        *sum += c * x;
                    }
                }
                Ok(())
            },
        )?;
        let mut mean: Vec<f32> = fallible::with_capacity(dim)?;
        mean.extend(sums.iter().map(|sum| (sum / total) as f32));
        let size = dim * dim;
        let mut covariance = sum_rows(
            vectors,
            dim,
            weights,
            size,
            monitor,
            |rows, weights, sums| add_products(rows, weights, &mean, sums),
        )?;
        for i in 0..dim {
            for j in 0..i {
                covariance[i * dim + j] = covariance[j * dim + i];
            }
        }
        let directions = dominating(&covariance, dim);
        Ok(Self { mean, directions })
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

/// Add c (x − m)(x − m)ᵀ of each row x with its weight c to `sums`, on the diagonal and above it. m is `mean`. Below the
/// diagonal, `sums` becomes undefined.
#[inline(always)]
fn add_products(rows: &[f32], weights: &[f32], mean: &[f32], sums: &mut [f32]) -> Result<()> {
    let dim = mean.len();
    let mut centred: Vec<f32> = fallible::zeroed(AT_ONCE * dim)?;
    for (rows, weights) in rows.chunks(AT_ONCE * dim).zip(weights.chunks(AT_ONCE)) {
        let mut c = [0.0; AT_ONCE];
        c[..weights.len()].copy_from_slice(weights);
        let rows = rows.chunks_exact(dim);
        for (centred, row) in centred.chunks_exact_mut(dim).zip(rows) {
            for ((y, x), mean) in centred.iter_mut().zip(row).zip(mean) {
                *y = x - mean;
            }
        }
        for (i, sums) in sums.chunks_exact_mut(dim).enumerate() {
            // From the beginning of a cache line on.
            let first = i - i % LINE;
            let y: [&[f32]; AT_ONCE] = array::from_fn(|row| &centred[row * dim..][first..dim]);
            let x: [f32; AT_ONCE] = array::from_fn(|row| c[row] * y[row][i - first]);
            let [y0, y1, y2, y3] = y;
            for ((((sum, y0), y1), y2), y3) in
                sums[first..].iter_mut().zip(y0).zip(y1).zip(y2).zip(y3)
            {
                *sum += (x[0] * y0 + x[1] * y1) + (x[2] * y2 + x[3] * y3);
            }
        }
    }
    Ok(())
}

/// Returns `size` sums over all rows. `add` gets up to [`ROWS`] rows, their weights and the sums, and adds the terms of
/// these rows to the sums. The order of additions does not depend on the number of threads.
fn sum_rows(
    vectors: &[f32],
    dim: usize,
    weights: &[f32],
    size: usize,
    monitor: &Monitor,
    add: impl Fn(&[f32], &[f32], &mut [f32]) -> Result<()> + Sync,
) -> Result<Vec<f64>> {
    let tasks = (SUMS / size).clamp(1, 64);
    let rows = weights.len().div_ceil(tasks).max(1);
    let arch = Arch::new();
    let parts: Vec<Vec<f64>> = (vectors.par_chunks(rows * dim), weights.par_chunks(rows))
        .into_par_iter()
        .map(|(vectors, weights)| {
            let mut sums: Vec<f64> = fallible::zeroed(size)?;
            let mut few: Vec<f32> = fallible::zeroed(size)?;
            for (vectors, weights) in vectors.chunks(ROWS * dim).zip(weights.chunks(ROWS)) {
                monitor.check()?;
                arch.dispatch(
                    #[inline(always)]
                    || add(vectors, weights, &mut few),
                )?;
                for (sum, few) in sums.iter_mut().zip(&mut few) {
                    *sum += f64::from(std::mem::take(few));
                }
            }
            Ok(sums)
        })
        .collect::<Result<_>>()?;
    let mut parts = parts.into_iter();
    let mut sums = parts.next().unwrap_or_default();
    for part in parts {
        for (sum, x) in sums.iter_mut().zip(part) {
            *sum += x;
        }
    }
    Ok(sums)
}

/// The eigenvectors of the [`DIRECTIONS`] largest eigenvalues, by orthogonal iteration. An eigenvalue
/// of 0 gives no eigenvector.
fn dominating(covariance: &[f64], dim: usize) -> Vec<Vec<f64>> {
    let mut found: Vec<Vec<f64>> = (0..DIRECTIONS.min(dim))
        .map(|k| {
            let row = |i: usize| (i * (2 * k + 1) + k) % 7;
            (0..dim).map(|i| 1.0 + row(i) as f64).collect()
        })
        .collect();
    for _ in 0..STEPS {
        let images = found.iter().map(|direction| {
            let rows = covariance.chunks_exact(dim);
            rows.map(|row| dot(row, direction)).collect()
        });
        found = orthonormal(images.collect());
    }
    found
}

/// Orthogonal vectors of length 1 that span the same space as `vectors`, by the Gram–Schmidt process. A vector
/// that lies in the span of the previous vectors is left out.
fn orthonormal(vectors: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut found: Vec<Vec<f64>> = Vec::with_capacity(vectors.len());
    for mut vector in vectors {
        let before = dot(&vector, &vector);
        for other in &found {
            let length = dot(&vector, other);
            for (x, y) in vector.iter_mut().zip(other) {
                *x -= length * y;
            }
        }
        let square = dot(&vector, &vector);
        if square > 1e-24 * before && square.is_normal() {
            let scale = square.sqrt().recip();
            for x in &mut vector {
                *x *= scale;
            }
            found.push(vector);
        }
    }
    found
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;
    use proptest::prelude::*;

    const DIM: usize = 5;

    /// Rows and their weights. Each component has a mean of about 3. Components 1 and 3 vary most.
    fn sample(seed: u64, rows: usize) -> (Vec<f32>, Vec<f32>) {
        let noise = |i: usize, k: usize| {
            let code = crate::vocabulary::hash(format!("{seed} {i} {k}").as_bytes());
            (code % 1000) as f32 / 500.0 - 1.0
        };
        let scale = [0.3, 9.0, 0.2, 4.0, 0.1];
        let vectors = (0..rows)
            .flat_map(|i| (0..DIM).map(move |k| 3.0 + scale[k] * noise(i, k)))
            .collect();
        let weights = (0..rows).map(|i| 0.1 + (i % 7) as f32).collect();
        (vectors, weights)
    }

    fn damped(threads: usize, (vectors, weights): &(Vec<f32>, Vec<f32>)) -> Vec<f32> {
        threads::in_pool(threads, || {
            let directions = Directions::of(vectors, DIM, weights, &Monitor::new()).unwrap();
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
            let (vectors, weights) = &sample;
            let total: f64 = weights.iter().map(|&c| f64::from(c)).sum();
            let moments = |vectors: &[f32], k: usize| {
                let values = || vectors.iter().skip(k).step_by(DIM).map(|&x| f64::from(x)).zip(weights);
                let mean = values().map(|(x, &c)| x * f64::from(c)).sum::<f64>() / total;
                let square = values().map(|(x, &c)| (x - mean).powi(2) * f64::from(c)).sum::<f64>() / total;
                (mean, square.sqrt())
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
        let damped = damped(1, &([2.0; 4 * DIM].to_vec(), vec![1.0; 4]));
        assert_eq!(damped, [0.0; 4 * DIM]);
    }
}
