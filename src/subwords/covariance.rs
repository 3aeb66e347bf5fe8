//! The weighted mean and covariance of vectors, and the directions of largest variance.

use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::training::LINE;
use pulp::Arch;
use rayon::prelude::*;
use std::array;

/// Number of consecutive rows whose numbers are added in single precision. The sums of these rows are then added in
/// double precision.
const ROWS: usize = 1 << 8;
/// Number of rows whose products are added to the covariance at a time. The sums, dim² numbers, do not fit in the
/// first-level cache. So they are read and written only once for these rows.
const AT_ONCE: usize = 4;
/// The sums of all tasks together have at most this many numbers, unless the sums of one task have
/// more.
const SUMS: usize = 1 << 22;

/// The weighted mean of the rows of `vectors`, which have `dim` numbers each. `weights` has a number for each row. The
/// result has the same bits for any number of threads.
///
/// # Errors
/// [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
pub(super) fn weighted_mean(
    vectors: &[f32],
    dim: usize,
    weights: &[f32],
    monitor: &Monitor,
) -> Result<Vec<f32>> {
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
    fallible::collect(sums.iter().map(|sum| (sum / total) as f32))
}

/// The weighted mean of vectors, and the sums of weighted products of their components after the mean is subtracted.
pub(super) struct Covariance {
    pub(super) mean: Vec<f32>,
    /// Row-major (dim, dim). It is not divided by the sum of the weights.
    products: Vec<f64>,
}

impl Covariance {
    /// The covariance of the rows of `vectors`, which have `dim` numbers each. `weights` has a number for each row. The
    /// result has the same bits for any number of threads.
    ///
    /// # Errors
    /// [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
    pub(super) fn of(
        vectors: &[f32],
        dim: usize,
        weights: &[f32],
        monitor: &Monitor,
    ) -> Result<Self> {
        let mean = weighted_mean(vectors, dim, weights, monitor)?;
        let size = dim * dim;
        let mut products = sum_rows(
            vectors,
            dim,
            weights,
            size,
            monitor,
            |rows, weights, sums| add_products(rows, weights, &mean, sums),
        )?;
        for i in 0..dim {
            for j in 0..i {
                products[i * dim + j] = products[j * dim + i];
            }
        }
        Ok(Self { mean, products })
    }

    /// Orthogonal vectors of length 1, the directions of the `count` largest variances, by `steps` steps of orthogonal
    /// iteration. Directions of variance 0 are left out.
    pub(super) fn dominating_directions(&self, count: usize, steps: usize) -> Vec<Vec<f64>> {
        let dim = self.mean.len();
        let mut found: Vec<Vec<f64>> = (0..count.min(dim))
            .map(|k| {
                let row = |i: usize| (i * (2 * k + 1) + k) % 31;
                (0..dim).map(|i| 1.0 + row(i) as f64).collect()
            })
            .collect();
        for _ in 0..steps {
            let images = found.iter().map(|direction| {
                let rows = self.products.chunks_exact(dim);
                rows.map(|row| dot(row, direction)).collect()
            });
            found = orthonormal(images.collect());
        }
        found
    }
}

/// Add c (x − m)(x − m)ᵀ of each row x with its weight c to `sums`, on the diagonal and above it. m is `mean`. The
/// numbers of `sums` below the diagonal become meaningless.
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
            // Start at the last multiple of `LINE` that is not beyond the diagonal. The numbers below the diagonal are
            // not used.
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
