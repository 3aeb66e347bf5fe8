//! Moves of the sums w + w̃ of the words.

use super::Parameters;
use rayon::prelude::*;

impl Parameters {
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
    fn matrices_are_moved_as_parameters_are() {
        for optimizer in [Optimizer::AdaGrad, Optimizer::RowwiseAdaGrad] {
            let layout = RowLayout::new(19, optimizer);
            let mut parameters = Parameters::random(7, layout, 5, &Monitor::new()).unwrap();
            let matrix = |of: &Parameters, contexts| of.side(contexts, false).unwrap().0;
            let mut sides = [false, true].map(|contexts| matrix(&parameters, contexts));
            let sums = |sides: &[Vec<f32>; 2]| -> Vec<f32> {
                sides[0].iter().zip(&sides[1]).map(|(x, y)| x + y).collect()
            };
            let before = sums(&sides);
            let moves: Vec<f32> = (0..7 * 19).map(|k| (k as f32).sin()).collect();
            for side in &mut sides {
                Parameters::move_side(side, &moves);
            }
            parameters.move_sums(&moves);
            for (contexts, side) in [false, true].into_iter().zip(&sides) {
                assert_eq!(*side, matrix(&parameters, contexts));
            }
            for ((sum, by), moved) in before.iter().zip(&moves).zip(sums(&sides)) {
                assert!((sum + by - moved).abs() < 1e-6);
            }
        }
    }
}
