//! The data loss of given parameters on given counts, without training. `loss.rs` computes the cost of records in
//! tiles, while a training runs.

use super::weighting::Weighting;
use crate::cooccurrence::{Triangle, TriangleRow};
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use pulp::Arch;
use rayon::prelude::*;

/// W, W̃, b and b̃ as plain arrays of V words and C context words, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct BorrowedParameters<'a> {
    /// W, row-major (V, dim).
    pub w: &'a [f32],
    /// W̃, row-major (C, dim).
    pub w_tilde: &'a [f32],
    /// b, (V,).
    pub b: &'a [f32],
    /// b̃, (C,).
    pub b_tilde: &'a [f32],
    /// Number of components of a vector.
    pub dim: usize,
}

impl BorrowedParameters<'_> {
    fn check(&self, [words, contexts]: [usize; 2]) -> Result<()> {
        for (name, found, wanted) in [
            ("W", self.w.len(), words * self.dim),
            ("W_tilde", self.w_tilde.len(), contexts * self.dim),
            ("b", self.b.len(), words),
            ("b_tilde", self.b_tilde.len(), contexts),
        ] {
            if found != wanted {
                let message = format!(
                    "must have {wanted} numbers for counts of shape ({words}, {contexts}), got {found}"
                );
                return Err(Error::parameter(name, message));
            }
        }
        Ok(())
    }

    /// w·w̃ + b + b̃ of a word and a context word, in f64.
    #[inline(always)]
    fn product(&self, word: usize, context: usize) -> f64 {
        let w = &self.w[word * self.dim..][..self.dim];
        let w_tilde = &self.w_tilde[context * self.dim..][..self.dim];
        dot(w, w_tilde) + f64::from(self.b[word]) + f64::from(self.b_tilde[context])
    }
}

/// The data loss Σ ½ f(X) diff² / nnz, with diff = w·w̃ + b + b̃ − ln X, in f64, on all threads of the current rayon
/// pool. It is NaN if there are no records. The result has the same bits for any number of threads, and for counts in
/// memory and on disk.
///
/// # Errors
/// [`Error::Parameter`] naming the array whose size does not fit the counts; the errors of [`Triangle::block`];
/// [`Error::Cancelled`].
pub fn data_loss(
    counts: &Triangle,
    parameters: BorrowedParameters<'_>,
    weighting: Weighting,
    monitor: &Monitor,
) -> Result<f64> {
    parameters.check(counts.shape())?;
    let arch = Arch::new();
    let mut sum = 0.0;
    for k in 0..counts.blocks() {
        let block = counts.block(k)?;
        let costs: Result<Vec<f64>> = block
            .rows()
            .into_par_iter()
            .map(|row| {
                monitor.check()?;
                Ok(arch.dispatch(
                    #[inline(always)]
                    || cost(&block.row(row), &parameters, weighting),
                ))
            })
            .collect();
        // The costs are added row by row. A sum of each block would make the result depend on the number of threads,
        // because the limits of the blocks may depend on it.
        for cost in costs? {
            sum += cost;
        }
    }
    Ok(sum / counts.nnz() as f64)
}

/// The cost of all records of a row of the triangle.
#[inline(always)]
fn cost(row: &TriangleRow<'_>, parameters: &BorrowedParameters<'_>, weighting: Weighting) -> f64 {
    let mut sum = 0.0;
    row.for_each_record(
        #[inline(always)]
        |i, j, x| {
            let ln_x = x.ln();
            let diff = parameters.product(i as usize, j as usize) - ln_x;
            sum += weighting.cost(ln_x, diff);
        },
    );
    sum
}

/// The dot product of two vectors in f64.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 8;
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0_f64; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += f64::from(a[lane]) * f64::from(b[lane]);
        }
    }
    for (sum, (a, b)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *sum += f64::from(*a) * f64::from(*b);
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;
    use proptest::prelude::*;

    fn counts(pairs: &[(u32, u32, f64, f64)], words: usize) -> Triangle {
        Triangle::assemble(words, &Monitor::new(), |pair| {
            for &(i, j, forward, backward) in pairs {
                pair(i, j, forward, backward);
            }
            Ok(())
        })
        .unwrap()
    }

    proptest! {
        #[test]
        fn the_loss_is_the_mean_cost_of_the_records(
            pairs in prop::collection::vec((0_u32..9, 0_u32..9, 0.1_f64..200.0, 0.0_f64..9.0), 1..40),
            numbers in prop::collection::vec(-1.0_f32..1.0, 9 * 2 * 20),
            dim in 1_usize..19,
            threads in 1_usize..4,
        ) {
            let counts = counts(&pairs, 9);
            let (w, rest) = numbers.split_at(9 * dim);
            let (w_tilde, rest) = rest.split_at(9 * dim);
            let parameters = BorrowedParameters { w, w_tilde, b: &rest[..9], b_tilde: &rest[9..18], dim };
            let mut sum = 0.0;
            counts.for_each_record(|i, j, x| {
                let [i, j] = [i as usize, j as usize];
                let dot: f64 = (0..dim)
                    .map(|k| f64::from(w[i * dim + k]) * f64::from(w_tilde[j * dim + k]))
                    .sum();
                let diff = dot + f64::from(rest[i]) + f64::from(rest[9 + j]) - x.ln();
                sum += (x / 100.0).powf(0.75).min(1.0) * diff * diff / 2.0;
            })?;
            let weighting = Weighting::new(100.0, 0.75)?;
            let loss = |threads| threads::in_pool(threads, || {
                data_loss(&counts, parameters, weighting, &Monitor::new())
            });
            let found = loss(threads)??;
            let expected = sum / counts.nnz() as f64;
            prop_assert!((found - expected).abs() <= 1e-10 * expected, "{found} {expected}");
            prop_assert_eq!(found.to_bits(), loss(4)??.to_bits());
        }
    }

    #[test]
    fn rectangular_counts_have_parameters_of_their_shape() {
        let counts = counts(&[(0, 2, 3.0, 0.0), (1, 0, 2.0, 0.0)], 3).rectangular([2, 3]);
        let parameters = BorrowedParameters {
            w: &[1.0, 2.0],
            w_tilde: &[0.5, 0.0, 3.0],
            b: &[0.0, 0.25],
            b_tilde: &[1.0, 0.0, -1.0],
            dim: 1,
        };
        let loss = |parameters, monitor: &Monitor| {
            data_loss(&counts, parameters, Weighting::new(2.0, 1.0)?, monitor)
        };
        let found = loss(parameters, &Monitor::new()).unwrap();
        let expected: [f64; 2] = [3.0 - 1.0 - 3.0_f64.ln(), 1.0 + 1.25 - 2.0_f64.ln()];
        let expected = expected.map(|diff| diff * diff / 2.0).iter().sum::<f64>() / 2.0;
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        let short = BorrowedParameters {
            b_tilde: &[0.0; 2],
            ..parameters
        };
        let error = loss(short, &Monitor::new()).unwrap_err();
        assert!(error.to_string().contains("b_tilde"), "{error}");
        let cancelled = Monitor::new();
        cancelled.cancel();
        assert!(matches!(
            loss(parameters, &cancelled),
            Err(Error::Cancelled)
        ));
    }
}
