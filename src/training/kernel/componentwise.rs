//! Updates by AdaGrad, with an accumulator for each parameter, or by SGD, which does not use the accumulators of
//! a row. The AdaGrad rule itself is in `step_rule.rs`.

use super::call::{KernelCall, RowUpdate, Tally};
use super::record::Record;
use super::step_rule::adagrad;
use super::vector::{Quad, Register, Vector, lane_sums};
use crate::training::line::{HALF_LINE, LINE};
use std::marker::PhantomData;

/// The values that all updates of one call share. A row has `N` lines, or any number if `N` is 0. If the number is odd,
/// the last line of parameters is half a line, and its accumulators are the other half. The rule is AdaGrad if `ADAGRAD`,
/// and otherwise SGD.
pub(super) struct Componentwise<'a, V, const N: usize, const ADAGRAD: bool> {
    call: &'a KernelCall<'a>,
    // Number of lines of a row.
    lines: usize,
    bound: f32,
    last_line_bounds: [f32; LINE],
    _registers: PhantomData<V>,
}

// SAFETY: `update` reads and writes only the rows of its records.
unsafe impl<'a, V: Vector, const N: usize, const ADAGRAD: bool> RowUpdate<'a, V>
    for Componentwise<'a, V, N, ADAGRAD>
{
    #[inline(always)]
    fn new(call: &'a KernelCall<'a>) -> Self {
        Self {
            call,
            lines: call.layout.lines(),
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
        let lines = if N == 0 { self.lines } else { N };
        // Number of floats of parameters, of those before the last line, and of those in the last line: a whole or half a
        // line. The accumulators of whole lines are `offset` floats after their parameters.
        let values = lines * LINE / 2;
        let body = (values - 1) / LINE * LINE;
        let last = values - body;
        let offset = body + LINE;
        // SAFETY: the caller keeps the contract. `at` stays below `values`, and the accumulators are in the same row:
        // it has `lines` lines.
        unsafe {
            let rows = records.map(|record| self.call.rows(record, lines));
            let mut dots = [V::splat(0.0); K];
            if last < V::LANES {
                for (dot, [w, c]) in dots.iter_mut().zip(rows) {
                    let half = V::Half::load(w.add(body)).mul(V::Half::load(c.add(body)));
                    *dot = V::from_half(half);
                }
            }
            let mut at = 0;
            while at + V::LANES <= values {
                for (dot, [w, c]) in dots.iter_mut().zip(rows) {
                    *dot = V::load(w.add(at)).mul_add(V::load(c.add(at)), *dot);
                }
                at += V::LANES;
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
                while at < body {
                    update_registers::<V, ADAGRAD>(
                        w.add(at),
                        c.add(at),
                        offset,
                        step_w,
                        step_c,
                        bound,
                    );
                    at += V::LANES;
                }
                let (w, c) = (w.add(body), c.add(body));
                if last == LINE {
                    self.update_last::<V>(w, c, LINE, offset, fdiffs[k]);
                } else {
                    self.update_last::<V::Half>(w, c, HALF_LINE, HALF_LINE, fdiffs[k]);
                }
            }
            for (sum, term) in tally.sums.iter_mut().zip(counted) {
                *sum += f64::from(term);
            }
        }
    }
}

impl<V: Vector, const N: usize, const ADAGRAD: bool> Componentwise<'_, V, N, ADAGRAD> {
    /// Update the last `width` parameters of the row of a word, which are at `w`, and those of a context word, at `c`.
    /// Their accumulators are `offset` floats after them.
    ///
    /// # Safety
    /// The contract of [`super::call`].
    #[inline(always)]
    unsafe fn update_last<R: Register>(
        &self,
        w: *mut f32,
        c: *mut f32,
        width: usize,
        offset: usize,
        fdiff: f32,
    ) {
        let [rates_w, rates_c] = &self.call.last_line_rates;
        let first = LINE - width;
        let mut at = 0;
        // SAFETY: the caller keeps the contract.
        unsafe {
            let fdiff = R::splat(fdiff);
            while at < width {
                let step_w = fdiff.mul(R::load(rates_w.as_ptr().add(first + at)));
                let step_c = fdiff.mul(R::load(rates_c.as_ptr().add(first + at)));
                let bound = R::load(self.last_line_bounds.as_ptr().add(first + at));
                update_registers::<R, ADAGRAD>(w.add(at), c.add(at), offset, step_w, step_c, bound);
                at += R::LANES;
            }
        }
    }
}

/// Update one register of the row at `w` and one of the row at `c`; their accumulators are `offset` floats
/// after them.
///
/// # Safety
/// The contract of [`super::call`].
#[inline(always)]
unsafe fn update_registers<V: Register, const ADAGRAD: bool>(
    w: *mut f32,
    c: *mut f32,
    offset: usize,
    step_w: V,
    step_c: V,
    bound: V,
) {
    // SAFETY: the caller keeps the contract.
    unsafe {
        let (old_w, old_c) = (V::load(w), V::load(c));
        let g_w = step_w.mul(old_c).clip(bound);
        let g_c = step_c.mul(old_w).clip(bound);
        if ADAGRAD {
            let (sum_w, sum_c) = (V::load(w.add(offset)), V::load(c.add(offset)));
            let (new_w, new_sum_w) = adagrad(old_w, sum_w, g_w);
            let (new_c, new_sum_c) = adagrad(old_c, sum_c, g_c);
            new_w.store(w);
            new_c.store(c);
            new_sum_w.store(w.add(offset));
            new_sum_c.store(c.add(offset));
        } else {
            let one = V::splat(1.0);
            g_w.neg_mul_add(one, old_w).store(w);
            g_c.neg_mul_add(one, old_c).store(c);
        }
    }
}
