//! Updates by row-wise AdaGrad: one accumulator for each vector, and one for each bias.

use super::Record;
use super::records::{KernelCall, RowUpdate, Tally};
use super::vector::Vector;
use crate::training::layout::{TAIL, TAIL_BIAS, TAIL_BIAS_SUM, TAIL_SUM};
use crate::training::line::LINE;
use std::marker::PhantomData;

/// What the updates of one call have in common: of rows of `N` lines, or of any number if `N` is 0.
///
/// The step of w is η f(X) diff w̃ / √G. Its mean square needs only ‖w̃‖², which is computed beside the dot
/// product; the rest is arithmetic on a few numbers of a record, made for all `K` records at once.
pub(super) struct Rowwise<'a, V, const N: usize> {
    call: &'a KernelCall<'a>,
    lines: usize,
    // 1 for the components in the last register of a row, 0 for the numbers behind them.
    components: [f32; LINE],
    // (η/√dim)², and 1/bound² of the mean square of a step.
    mean_square: f32,
    inverse_bound: f32,
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
            lines: if N == 0 { call.layout.lines() } else { N },
            components,
            mean_square: rule.learning_rate.powi(2) / call.layout.dim() as f32,
            inverse_bound: rule.step_bound().powi(-2),
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
            let [dots, w_squares, c_squares] =
                products.map(|products| match products.first_chunk() {
                    Some(all) => {
                        let sums = V::sums(*all);
                        std::array::from_fn(|k| sums[k])
                    }
                    None => products.map(|product| product.sum()),
                });
            let tails = |side: usize| {
                rows.map(|row| row[side].add(tail).cast::<[f32; TAIL]>().read_unaligned())
            };
            let [w_tails, c_tails] = [tails(0), tails(1)];
            let diffs: [f32; K] = std::array::from_fn(|k| {
                dots[k] + (w_tails[k][TAIL_BIAS] + c_tails[k][TAIL_BIAS]) - records[k].ln_x
            });
            let fdiffs: [f32; K] = std::array::from_fn(|k| f[k] * diffs[k]);
            let terms: [f32; K] = std::array::from_fn(|k| fdiffs[k] * diffs[k]);
            // The factor of the other side's vector, and what is added to the last four floats.
            let step = |tails: &[[f32; TAIL]; K], squares: &[f32; K]| {
                let mean_squares: [f32; K] =
                    std::array::from_fn(|k| fdiffs[k] * fdiffs[k] * self.mean_square * squares[k]);
                let excess: [f32; K] =
                    std::array::from_fn(|k| (mean_squares[k] * self.inverse_bound).max(1.0));
                let factors: [f32; K] = std::array::from_fn(|k| {
                    fdiffs[k] * rule.learning_rate / (tails[k][TAIL_SUM] * excess[k]).sqrt()
                });
                let bias_steps: [f32; K] =
                    std::array::from_fn(|k| fdiffs[k] * rule.bias_learning_rate);
                let bias_changes: [f32; K] =
                    std::array::from_fn(|k| -bias_steps[k] / tails[k][TAIL_BIAS_SUM].sqrt());
                let changes: [[f32; TAIL]; K] = std::array::from_fn(|k| {
                    let mut change = [0.0; TAIL];
                    change[TAIL_BIAS] = bias_changes[k];
                    change[TAIL_BIAS_SUM] = bias_steps[k] * bias_steps[k];
                    change[TAIL_SUM] = mean_squares[k] / excess[k];
                    change
                });
                (factors, changes)
            };
            let (w_factors, w_changes) = step(&w_tails, &c_squares);
            let (c_factors, c_changes) = step(&c_tails, &w_squares);
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
