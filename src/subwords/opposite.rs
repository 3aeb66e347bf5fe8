//! Directions in which the two vectors of a word are opposite, and the sum of both without this.
//!
//! Training fits w·w̃ to numbers that are the same for a pair of words in either order. Such a matrix of numbers is
//! symmetric, and some of its eigenvalues are negative. A large one separates classes of words, such as verbs from
//! nouns: a word stands beside words of the other class more often than beside those of its own. In the direction of
//! a positive eigenvalue, training makes w and w̃ equal; in that of a negative one it makes w̃ equal to −w, because
//! only then is their product negative. There, w + w̃ cancels what both vectors know. So the component of w̃ in these
//! directions changes its sign before the vectors are added (benches/EXPERIMENTS.md, "Opposite directions").

use super::covariance::Covariance;
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use rayon::prelude::*;

/// At most this many directions are turned (benches/EXPERIMENTS.md, "Opposite directions").
const DIRECTIONS: usize = 8;
/// Number of steps of the orthogonal iteration on the covariance of w − w̃. The iteration never ends earlier. The directions
/// need not be exact, because only the space that they span matters.
const STEPS: usize = 100;
/// At most this many words, the first ones, are used to find the directions. They are the most frequent words, unless
/// the user chose the order.
const WORDS: usize = 1 << 14;
/// Number of rows that one task adds up. The order of additions does not depend on the number of threads.
const ROWS: usize = 1 << 12;

/// Orthogonal directions of length 1 in which w and w̃ are opposite.
#[derive(Debug)]
pub struct OppositeDirections {
    directions: Vec<Vec<f64>>,
}

impl OppositeDirections {
    /// The directions for the rows of `w` and `w_tilde`, which have `dim` numbers each. `weights` has a number for each
    /// row. `w` and `w_tilde` have the same shape. A direction of large variance of w − w̃ is taken if the covariance of
    /// the components of w and w̃ in it is negative.
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
        let mut directions =
            Covariance::of(&differences, dim, weights, monitor)?.dominating(DIRECTIONS, STEPS);
        drop(differences);
        directions.retain(|direction| covariance_in(direction, w, w_tilde, weights) < 0.0);
        Ok(Self { directions })
    }

    /// Add to each row of `w` the row of `w_tilde` with its components in the directions turned.
    pub(super) fn add_turned(&self, w: &mut [f32], w_tilde: &[f32], dim: usize) {
        (w.par_chunks_exact_mut(dim), w_tilde.par_chunks_exact(dim))
            .into_par_iter()
            .for_each(|(sum, w_tilde)| {
                for (sum, x) in sum.iter_mut().zip(w_tilde) {
                    *sum += x;
                }
                self.turn(sum, w_tilde);
            });
    }

    /// Add to each row of `moves` the move of w + w̃ that turns the row of `w_tilde`.
    pub(super) fn add_moves(&self, moves: &mut [f32], w_tilde: &[f32], dim: usize) {
        (
            moves.par_chunks_exact_mut(dim),
            w_tilde.par_chunks_exact(dim),
        )
            .into_par_iter()
            .for_each(|(moves, w_tilde)| self.turn(moves, w_tilde));
    }

    /// Subtract twice the component of `w_tilde` in each direction from `sum`.
    fn turn(&self, sum: &mut [f32], w_tilde: &[f32]) {
        for direction in &self.directions {
            let length = 2.0 * component(w_tilde, direction);
            for (x, y) in sum.iter_mut().zip(direction) {
                *x -= (length * y) as f32;
            }
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

/// The weighted covariance of the components of w and w̃ in a direction, times the sum of the weights.
fn covariance_in(direction: &[f64], w: &[f32], w_tilde: &[f32], weights: &[f32]) -> f64 {
    let size = ROWS * direction.len();
    let parts: Vec<[f64; 4]> = (
        w.par_chunks(size),
        w_tilde.par_chunks(size),
        weights.par_chunks(ROWS),
    )
        .into_par_iter()
        .map(|(w, w_tilde, weights)| {
            let rows = |side| <[f32]>::chunks_exact(side, direction.len());
            let mut sums = [0.0; 4];
            for ((w, w_tilde), &c) in rows(w).zip(rows(w_tilde)).zip(weights) {
                let (x, y, c) = (
                    component(w, direction),
                    component(w_tilde, direction),
                    f64::from(c),
                );
                for (sum, term) in sums.iter_mut().zip([c, c * x, c * y, c * x * y]) {
                    *sum += term;
                }
            }
            sums
        })
        .collect();
    let mut sums = [0.0; 4];
    for part in parts {
        for (sum, x) in sums.iter_mut().zip(part) {
            *sum += x;
        }
    }
    let [total, x, y, xy] = sums;
    xy - x * y / total
}
