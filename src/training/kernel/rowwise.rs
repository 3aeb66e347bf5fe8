//! Updates by row-wise AdaGrad: one accumulator for each vector, and one for each bias. `step_rule.rs` has
//! the same rule for single rows, and the learning rates.

use super::Record;
use super::call::{KernelCall, RowUpdate, Tally};
use super::vector::{Quad, TOGETHER, Vector, lane_sums};
use crate::training::layout::{TAIL, TAIL_BIAS, TAIL_BIAS_SUM, TAIL_SUM};
use crate::training::line::LINE;
use std::marker::PhantomData;

/// Added to ‖·‖² before its inverse root is computed. It is so far above the smallest normal float that no
/// intermediate number is subnormal: some processors are a hundred times slower with subnormal numbers.
const SMALL: f32 = 1e-30;

/// The values that all updates of one call share. A row has `N` lines, or any number if `N` is 0.
///
/// The step of w is g/√G with g = η f(X) diff w̃. The mean square of g needs only ‖w̃‖², which is computed
/// beside the dot product. The rest is arithmetic on a few numbers of each record, done for all `K` records
/// at once.
pub(super) struct Rowwise<'a, V, const N: usize> {
    call: &'a KernelCall<'a>,
    lines: usize,
    // 1 for the components in the last register of a row, 0 for the numbers after them.
    components: [f32; LINE],
    // η²/dim, and the bound of the gradient times √dim.
    mean_square: f32,
    bound: f32,
    _registers: PhantomData<V>,
}

// SAFETY: `update` reaches the rows of its records only.
unsafe impl<'a, V: Vector, const N: usize> RowUpdate<'a, V> for Rowwise<'a, V, N> {
    #[inline(always)]
    fn new(call: &'a KernelCall<'a>) -> Self {
        let rule = call.rule;
        let mut components = [1.0; LINE];
        components[LINE - TAIL..].fill(0.0);
        Self {
            call,
            lines: call.layout.lines(),
            components,
            mean_square: rule.learning_rate.powi(2) / call.layout.dim() as f32,
            bound: rule.grad_clip * (call.layout.dim() as f32).sqrt(),
            _registers: PhantomData,
        }
    }

    #[inline(always)]
    unsafe fn update<const K: usize>(
        &self,
        records: &[Record; K],
        f: &[f32; K],
        next: usize,
        tally: &mut Tally,
    ) {
        let rule = self.call.rule;
        let lines = if N == 0 { self.lines } else { N };
        let last = lines * LINE - V::LANES;
        let tail = lines * LINE - TAIL;
        // SAFETY: the caller keeps the contract; `at` and `last` leave a register, and `tail` four floats,
        // to the end of a row.
        unsafe {
            let rows = records.map(|record| self.call.rows(record, lines));
            let components = V::load(self.components.as_ptr().add(LINE - V::LANES));
            let mut products = [[V::splat(0.0); K]; 3];
            let mut at = 0;
            while at < last {
                for (k, [w, c]) in rows.into_iter().enumerate() {
                    let (w, c) = (V::load(w.add(at)), V::load(c.add(at)));
                    products[0][k] = w.mul_add(c, products[0][k]);
                    products[1][k] = w.mul_add(w, products[1][k]);
                    products[2][k] = c.mul_add(c, products[2][k]);
                }
                at += V::LANES;
            }
            for (k, [w, c]) in rows.into_iter().enumerate() {
                let w = V::load(w.add(at)).mul(components);
                let c = V::load(c.add(at)).mul(components);
                products[0][k] = w.mul_add(c, products[0][k]);
                products[1][k] = w.mul_add(w, products[1][k]);
                products[2][k] = c.mul_add(c, products[2][k]);
            }
            let dots = lane_sums(products[0]);
            let w_squares = lane_sums(products[1]);
            let c_squares = lane_sums(products[2]);
            let mut ends = [[V::Quad::splat(1.0); TOGETHER]; 2];
            for (k, [w, c]) in rows.into_iter().enumerate() {
                ends[0][k] = V::Quad::load(w.add(tail));
                ends[1][k] = V::Quad::load(c.add(tail));
            }
            let w_ends = V::Quad::transpose(ends[0]);
            let c_ends = V::Quad::transpose(ends[1]);
            let mut targets = [0.0; TOGETHER];
            let mut weights = [0.0; TOGETHER];
            for k in 0..K {
                targets[k] = -records[k].ln_x;
                weights[k] = f[k];
            }
            let biases = w_ends[TAIL_BIAS].add(c_ends[TAIL_BIAS]);
            let diffs = dots.add(biases.add(V::Quad::load(targets.as_ptr())));
            let fdiffs = diffs.mul(V::Quad::load(weights.as_ptr()));
            let terms = fdiffs.mul(diffs).to_array();
            let diffs = diffs.to_array();
            let (w_factors, w_changes) = self.step(fdiffs, w_ends, c_squares);
            let (c_factors, c_changes) = self.step(fdiffs, c_ends, w_squares);
            let mut counted = terms;
            for (k, [w, c]) in rows.into_iter().enumerate() {
                self.call.prefetch::<V>(next + k, lines);
                if !terms[k].is_finite() {
                    tally.skipped += 1;
                    counted[k] = 0.0;
                    continue;
                }
                if rule.negative_weight.is_some() && diffs[k] < 0.0 {
                    counted[k] = 0.0;
                    continue;
                }
                let (w_factor, c_factor) = (V::splat(w_factors[k]), V::splat(c_factors[k]));
                let mut at = 0;
                while at < last {
                    let (old_w, old_c) = (V::load(w.add(at)), V::load(c.add(at)));
                    w_factor.neg_mul_add(old_c, old_w).store(w.add(at));
                    c_factor.neg_mul_add(old_w, old_c).store(c.add(at));
                    at += V::LANES;
                }
                let (old_w, old_c) = (V::load(w.add(at)), V::load(c.add(at)));
                let new_w = old_w.add(V::tail(w_changes[k]));
                let new_c = old_c.add(V::tail(c_changes[k]));
                let (w_factor, c_factor) = (w_factor.mul(components), c_factor.mul(components));
                w_factor.neg_mul_add(old_c, new_w).store(w.add(at));
                c_factor.neg_mul_add(old_w, new_c).store(c.add(at));
            }
            for (sum, term) in tally.sums.iter_mut().zip(counted) {
                *sum += f64::from(term);
            }
        }
    }
}

impl<V: Vector, const N: usize> Rowwise<'_, V, N> {
    /// The step of the vectors of one side: the factors by which the vectors of the other side are subtracted
    /// from them, and what is added to the end of each row. `fdiffs` are the f(X) diff, `ends` the ends of the
    /// rows, column by column, and `squares` the ‖·‖² of the vectors of the other side.
    ///
    /// # Safety
    /// The contract of [`super::vector`].
    #[inline(always)]
    unsafe fn step(
        &self,
        fdiffs: V::Quad,
        ends: [V::Quad; TAIL],
        squares: V::Quad,
    ) -> ([f32; TOGETHER], [V::Quad; TOGETHER]) {
        let rule = self.call.rule;
        // SAFETY: the caller keeps the contract.
        unsafe {
            // The roots of G do not depend on the dot products, so the processor can compute both at the same
            // time.
            let rate = ends[TAIL_SUM]
                .rsqrt()
                .mul(V::Quad::splat(rule.learning_rate));
            let bias_rate = ends[TAIL_BIAS_SUM]
                .rsqrt()
                .mul(V::Quad::splat(-rule.bias_learning_rate));
            let bound = squares.add(V::Quad::splat(SMALL)).rsqrt();
            let limited = fdiffs.clip(bound.mul(V::Quad::splat(self.bound)));
            let growth = limited
                .mul(limited)
                .mul(squares.mul(V::Quad::splat(self.mean_square)));
            let bias_step = fdiffs.mul(V::Quad::splat(rule.bias_learning_rate));
            let mut changes = [V::Quad::splat(0.0); TAIL];
            changes[TAIL_BIAS] = fdiffs.mul(bias_rate);
            changes[TAIL_BIAS_SUM] = bias_step.mul(bias_step);
            changes[TAIL_SUM] = growth;
            (limited.mul(rate).to_array(), V::Quad::transpose(changes))
        }
    }
}
