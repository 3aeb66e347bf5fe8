//! One row, for changes outside the kernel.

use crate::training::kernel::StepRule;
use crate::training::line::{LINE, Line};
use crate::training::row_layout::RowLayout;

/// The row of a word or of a context word, for changes outside the kernel.
pub(in crate::training) struct RowMut<'a> {
    pub(super) lines: &'a mut [Line],
    pub(super) layout: RowLayout,
}

impl RowMut<'_> {
    /// Component `k` of the vector.
    pub fn component(&mut self, k: usize) -> &mut f32 {
        &mut self.lines[k / LINE].0[k % LINE]
    }

    /// Take the step `g`, which is η times the gradient of the vector. `rule` limits the step and, under both kinds of
    /// AdaGrad, divides it by √G.
    pub fn step(&mut self, g: &[f32], rule: &StepRule) {
        if self.layout.is_rowwise() {
            let (line, lane) = self.layout.accumulator(0);
            let sum = &mut self.lines[line].0[lane];
            let mean_square = g.iter().map(|g| g * g).sum::<f32>() / g.len() as f32;
            let factor = rule.row_factor(mean_square, sum);
            for (k, g) in g.iter().enumerate() {
                *self.component(k) -= factor * g;
            }
        } else {
            let bound = rule.step_bound();
            for (k, g) in g.iter().enumerate() {
                let (line, lane) = self.layout.accumulator(k);
                let (mut x, mut sum) = (*self.component(k), self.lines[line].0[lane]);
                rule.step(&mut x, &mut sum, g.clamp(-bound, bound));
                *self.component(k) = x;
                self.lines[line].0[lane] = sum;
            }
        }
    }
}
