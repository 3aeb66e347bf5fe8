//! Updates by AdaGrad, with an accumulator for each parameter, or by SGD, which does not use the accumulators of
//! a row. The AdaGrad rule itself is in `step_rule.rs`.

use super::call::{KernelCall, RowUpdate, Tally};
use super::record::Record;
use super::step_rule::adagrad;
use super::vector::{LastRegister, Quad, Register, Vector, lane_sums};
use crate::training::line::{HALF_LINE, LINE};
use std::marker::PhantomData;

/// The values that all updates of one call share. The parameters of a row are `N` half lines, or any number if `N` is 0.
/// The last line of them, or half a line, is in registers of the type `L`: `V` if the number of half lines is even, and
/// otherwise `V::Half`. The rule is AdaGrad if `ADAGRAD`, and otherwise
/// SGD.
pub(super) struct Componentwise<'a, V, L, const N: usize, const ADAGRAD: bool> {
    call: &'a KernelCall<'a>,
    half_lines: usize,
    bound: f32,
    last_line_bounds: [f32; LINE],
    _registers: PhantomData<(V, L)>,
}

// SAFETY: `update` reads and writes only the rows of its records.
unsafe impl<'a, V: Vector, L: LastRegister<V>, const N: usize, const ADAGRAD: bool> RowUpdate<'a, V>
    for Componentwise<'a, V, L, N, ADAGRAD>
{
    #[inline(always)]
    fn new(call: &'a KernelCall<'a>) -> Self {
        Self {
            call,
            half_lines: call.layout.half_lines(),
            bound: call.rule.step_bound(),
            last_line_bounds: call.rule.last_line_bounds(),
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
        // As many half lines of accumulators follow.
        let lines = if N == 0 { self.half_lines } else { N };
        // Floats of parameters, and those of them before the last line or half a line.
        let parameters = lines * HALF_LINE;
        let before_last = (parameters - 1) / LINE * LINE;
        // The distance from a parameter to its accumulator, before the last line and in it.
        let distance = before_last + LINE;
        let last = parameters - before_last;
        let last_distance = if last == LINE { distance } else { HALF_LINE };
        // SAFETY: the caller keeps the contract. Parameters end at `parameters`, and accumulators at twice this number,
        // where the row ends. Of the arrays for the last line, the last `last` floats are read.
        unsafe {
            let rows = records.map(|record| self.call.rows(record, lines));
            let mut dots = [V::splat(0.0); K];
            let mut at = 0;
            while at < before_last {
                for (dot, [w, c]) in dots.iter_mut().zip(rows) {
                    *dot = V::load(w.add(at)).mul_add(V::load(c.add(at)), *dot);
                }
                at += V::LANES;
            }
            while at < parameters {
                for (dot, [w, c]) in dots.iter_mut().zip(rows) {
                    *dot = dot.add(L::load(w.add(at)).mul(L::load(c.add(at))).into_whole());
                }
                at += L::LANES;
            }
            let dots = lane_sums(dots).to_array();
            let diffs: [f32; K] = std::array::from_fn(|k| dots[k] - records[k].ln_x);
            let fdiffs: [f32; K] = std::array::from_fn(|k| f[k] * diffs[k]);
            let terms: [f32; K] = std::array::from_fn(|k| fdiffs[k] * diffs[k]);
            // The first number of the last line's learning rates is the learning rate of all components of
            // the side.
            let [rate_w, rate_c] = self.call.last_line_rates.map(|rates| rates[0]);
            let mut counted = terms;
            let bound = V::splat(self.bound);
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
                let (step_w, step_c) = (V::splat(fdiffs[k] * rate_w), V::splat(fdiffs[k] * rate_c));
                let mut at = 0;
                while at < before_last {
                    update_registers::<V, ADAGRAD>(
                        w.add(at),
                        c.add(at),
                        distance,
                        step_w,
                        step_c,
                        bound,
                    );
                    at += V::LANES;
                }
                let fdiff = L::splat(fdiffs[k]);
                let [rates_w, rates_c] = &self.call.last_line_rates;
                while at < parameters {
                    let from_end = parameters - at;
                    let step_w = fdiff.mul(L::load(rates_w.as_ptr().add(LINE - from_end)));
                    let step_c = fdiff.mul(L::load(rates_c.as_ptr().add(LINE - from_end)));
                    let bound = L::load(self.last_line_bounds.as_ptr().add(LINE - from_end));
                    update_registers::<L, ADAGRAD>(
                        w.add(at),
                        c.add(at),
                        last_distance,
                        step_w,
                        step_c,
                        bound,
                    );
                    at += L::LANES;
                }
            }
            for (sum, term) in tally.sums.iter_mut().zip(counted) {
                *sum += f64::from(term);
            }
        }
    }
}

/// Update one register of the row at `w` and one of the row at `c`; their accumulators are `distance` floats
/// after them.
///
/// # Safety
/// The contract of [`super::vector`], also for the pointers `distance` floats after `w` and `c`.
#[inline(always)]
unsafe fn update_registers<R: Register, const ADAGRAD: bool>(
    w: *mut f32,
    c: *mut f32,
    distance: usize,
    step_w: R,
    step_c: R,
    bound: R,
) {
    // SAFETY: the caller keeps the contract.
    unsafe {
        let (old_w, old_c) = (R::load(w), R::load(c));
        let g_w = step_w.mul(old_c).clip(bound);
        let g_c = step_c.mul(old_w).clip(bound);
        if ADAGRAD {
            let (sum_w, sum_c) = (R::load(w.add(distance)), R::load(c.add(distance)));
            let (new_w, new_sum_w) = adagrad(old_w, sum_w, g_w);
            let (new_c, new_sum_c) = adagrad(old_c, sum_c, g_c);
            new_w.store(w);
            new_c.store(c);
            new_sum_w.store(w.add(distance));
            new_sum_c.store(c.add(distance));
        } else {
            let one = R::splat(1.0);
            g_w.neg_mul_add(one, old_w).store(w);
            g_c.neg_mul_add(one, old_c).store(c);
        }
    }
}
