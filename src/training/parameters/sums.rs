//! The sums w + w̃ of the words, and moves of these sums.

use super::Parameters;
use crate::error::Result;
use rayon::prelude::*;

impl Parameters {
    /// The vectors w + w̃, row-major (V, dim). X must not be rectangular.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::error::Error::Memory).
    pub fn sums(&self) -> Result<Vec<f32>> {
        let (w, _) = self.side(false, false)?;
        let (w_tilde, _) = self.side(true, false)?;
        Ok(Self::sums_of(w, &w_tilde))
    }

    /// [`Parameters::sums`] of the matrices W and W̃, which have the same shape.
    pub fn sums_of(mut w: Vec<f32>, w_tilde: &[f32]) -> Vec<f32> {
        w.par_iter_mut()
            .zip(w_tilde)
            .for_each(|(w, w_tilde)| *w += w_tilde);
        w
    }

    /// Move the vector w + w̃ of each word by the row of the word in `moves`, row-major (V, dim).
    /// Half of the row is added to w and half to w̃. The ‖w‖² in row-wise rows are then wrong until
    /// `SharedRows::new` computes them anew.
    pub fn move_sums(&mut self, moves: &[f32]) {
        let dim = self.dim();
        self.words_mut()
            .zip(moves.par_chunks_exact(dim))
            .for_each(|([mut w, mut w_tilde], by)| {
                for (k, &by) in by.iter().enumerate() {
                    add_half(w.component(k), by);
                    add_half(w_tilde.component(k), by);
                }
            });
    }

    /// [`Parameters::move_sums`] of one matrix, W or W̃. `moves` has the same shape as the matrix.
    pub fn move_side(vectors: &mut [f32], moves: &[f32]) {
        vectors
            .par_iter_mut()
            .zip(moves)
            .for_each(|(component, &by)| add_half(component, by));
    }
}

/// Move a component of w or w̃ by its share of the move of w + w̃.
fn add_half(component: &mut f32, by: f32) {
    *component += 0.5 * by;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Monitor;
    use crate::training::{Optimizer, RowLayout};

    #[test]
    fn matrices_have_the_sums_and_moves_of_parameters() {
        for optimizer in [Optimizer::AdaGrad, Optimizer::RowwiseAdaGrad] {
            let layout = RowLayout::new(19, optimizer);
            let mut parameters = Parameters::random(7, layout, 5, &Monitor::new()).unwrap();
            let matrix = |of: &Parameters, contexts| of.side(contexts, false).unwrap().0;
            let mut sides = [false, true].map(|contexts| matrix(&parameters, contexts));
            let sums = Parameters::sums_of(sides[0].clone(), &sides[1]);
            assert_eq!(sums, parameters.sums().unwrap());

            let moves: Vec<f32> = (0..7 * 19).map(|k| (k as f32).sin()).collect();
            for side in &mut sides {
                Parameters::move_side(side, &moves);
            }
            parameters.move_sums(&moves);
            for (contexts, side) in [false, true].into_iter().zip(&sides) {
                assert_eq!(*side, matrix(&parameters, contexts));
            }
            for ((sum, by), moved) in sums.iter().zip(&moves).zip(parameters.sums().unwrap()) {
                assert!((sum + by - moved).abs() < 1e-6);
            }
        }
    }
}
