//! Updates by row-wise AdaGrad: one accumulator for each vector, and one for each bias. `step_rule.rs` has
//! the same rule for single rows, and the learning rates; `minibatch.rs` updates four records of one word.

use super::call::{KernelCall, RowUpdate, Tally};
use super::record::Record;
use super::vector::{LastRegister, Quad, RECORDS_AT_ONCE, Vector, lane_sums};
use crate::training::line::HALF_LINE;
use crate::training::row_layout::{TAIL, TAIL_BIAS, TAIL_BIAS_SUM, TAIL_SQUARE, TAIL_SUM};
use std::marker::PhantomData;

/// The smallest ‖·‖² that the arithmetic uses: a stored ‖·‖² can fall below 0 by rounding. This number
/// is so far above the smallest normal float that the intermediate numbers of its reciprocal root are not
/// subnormal. Some processors are much slower with subnormal numbers.
const LEAST_SQUARE: f32 = 1e-30;

/// The values that all updates of one call share. A row uses `N` half lines, or any number if `N` is 0.
/// The last of these floats are in a register of the type `L`: `V` if the number of half lines is even, and otherwise
/// `V::Half`. The rows of side `FROZEN` are read, but never written.
///
/// The step of w is g/√G with g = η f(X) diff w̃, if the bound of the gradient is not reached. The mean square
/// of g needs only ‖w̃‖², which is stored in the row of w̃. So only the dot product and the update of the vectors
/// go through whole rows. All other arithmetic uses a few numbers of each record, and is done for all `K` records at
/// once.
pub(super) struct Rowwise<'a, V, L, const N: usize, const FROZEN: usize> {
    pub(super) call: &'a KernelCall<'a>,
    half_lines: usize,
    // η²/dim.
    mean_square: f32,
    // The bound of the gradient times √dim.
    bound: f32,
    _registers: PhantomData<(V, L)>,
}

/// The steps of the rows of one side: of their vectors, and of their last four used floats (the *ends*). In every
/// register, lane k belongs to record k.
#[derive(Clone, Copy)]
pub(super) struct SideSteps<V: Vector> {
    /// For each record, the factor by which the vector of the other side is multiplied before it is
    /// subtracted from the vector of this side.
    pub(super) factors: V::Quad,
    /// The numbers to add to the ends of the rows. The register with index m has the numbers for float m of each end.
    pub(super) changes: [V::Quad; TAIL],
}

// SAFETY: `update` and `try_minibatch` read and write only the rows of their records.
unsafe impl<'a, V: Vector, L: LastRegister<V, Quad = V::Quad>, const N: usize, const FROZEN: usize>
    RowUpdate<'a, V> for Rowwise<'a, V, L, N, FROZEN>
{
    #[inline(always)]
    fn new(call: &'a KernelCall<'a>) -> Self {
        let rule = call.rule;
        Self {
            call,
            half_lines: call.layout.half_lines(),
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
        let (lines, used) = (self.lines(), self.used_floats());
        let last = used - L::LANES;
        let tail = used - TAIL;
        // SAFETY: the caller keeps the contract. From `at` and from `last`, at least a register of floats remains
        // to the end of the used floats of a row; from `tail`, four floats remain.
        unsafe {
            let rows = records.map(|record| self.call.rows(record, lines));
            let mut products = [V::splat(0.0); K];
            for (k, [w, c]) in rows.into_iter().enumerate() {
                let c_last = L::load(c.add(last)).without_tail();
                products[k] = L::load(w.add(last)).mul(c_last).into_whole();
            }
            let mut at = 0;
            while at < last {
                for (k, [w, c]) in rows.into_iter().enumerate() {
                    products[k] = V::load(w.add(at)).mul_add(V::load(c.add(at)), products[k]);
                }
                at += V::LANES;
            }
            let dots = lane_sums(products);
            let mut ends = [[V::Quad::splat(1.0); RECORDS_AT_ONCE]; 2];
            for (k, [w, c]) in rows.into_iter().enumerate() {
                ends[0][k] = V::Quad::load(w.add(tail));
                ends[1][k] = V::Quad::load(c.add(tail));
            }
            let w_ends = V::Quad::transpose(ends[0]);
            let c_ends = V::Quad::transpose(ends[1]);
            let mut targets = [0.0; RECORDS_AT_ONCE];
            let mut weights = [0.0; RECORDS_AT_ONCE];
            for k in 0..K {
                targets[k] = -records[k].ln_x;
                weights[k] = f[k];
            }
            let biases = w_ends[TAIL_BIAS].add(c_ends[TAIL_BIAS]);
            let diffs = dots.add(biases.add(V::Quad::load(targets.as_ptr())));
            let fdiffs = diffs.mul(V::Quad::load(weights.as_ptr()));
            let terms = fdiffs.mul(diffs).to_array();
            let diffs = diffs.to_array();
            let w_steps = self.steps(0, fdiffs, dots, w_ends, c_ends[TAIL_SQUARE]);
            let c_steps = self.steps(1, fdiffs, dots, c_ends, w_ends[TAIL_SQUARE]);
            let w_changes = V::Quad::transpose(w_steps.changes);
            let c_changes = V::Quad::transpose(c_steps.changes);
            let (w_factors, c_factors) = (w_steps.factors.to_array(), c_steps.factors.to_array());
            let mut counted = terms;
            for (k, [w, c]) in rows.into_iter().enumerate() {
                self.call.prefetch::<V>(next + k, lines);
                if !terms[k].is_finite() {
                    tally.skipped += 1;
                    counted[k] = 0.0;
                    continue;
                }
                if self.call.rule.costs_nothing(diffs[k]) {
                    counted[k] = 0.0;
                    continue;
                }
                let (w_factor, c_factor) = (V::splat(w_factors[k]), V::splat(c_factors[k]));
                let mut at = 0;
                while at < last {
                    let (old_w, old_c) = (V::load(w.add(at)), V::load(c.add(at)));
                    if FROZEN != 0 {
                        w_factor.neg_mul_add(old_c, old_w).store(w.add(at));
                    }
                    if FROZEN != 1 {
                        c_factor.neg_mul_add(old_w, old_c).store(c.add(at));
                    }
                    at += V::LANES;
                }
                let (w_factor, c_factor) = (L::splat(w_factors[k]), L::splat(c_factors[k]));
                let (old_w, old_c) = (L::load(w.add(last)), L::load(c.add(last)));
                let new_w = old_w.add(L::tail(w_changes[k]));
                let new_c = old_c.add(L::tail(c_changes[k]));
                let (old_w, old_c) = (old_w.without_tail(), old_c.without_tail());
                if FROZEN != 0 {
                    w_factor.neg_mul_add(old_c, new_w).store(w.add(last));
                }
                if FROZEN != 1 {
                    c_factor.neg_mul_add(old_w, new_c).store(c.add(last));
                }
            }
            tally.add(counted);
        }
    }

    #[inline(always)]
    unsafe fn try_minibatch(
        &self,
        records: &[Record; RECORDS_AT_ONCE],
        f: &[f32; RECORDS_AT_ONCE],
        next: usize,
        tally: &mut Tally,
    ) -> bool {
        // SAFETY: the caller keeps the contract.
        unsafe { self.minibatch(records, f, next, tally) }
    }
}

impl<V: Vector, L, const N: usize, const FROZEN: usize> Rowwise<'_, V, L, N, FROZEN> {
    /// Number of half lines that a row uses.
    #[inline(always)]
    fn half_lines(&self) -> usize {
        if N == 0 { self.half_lines } else { N }
    }

    /// Number of lines of a row.
    #[inline(always)]
    pub(super) fn lines(&self) -> usize {
        self.half_lines().div_ceil(2)
    }

    /// Number of floats that a row uses: all, or all but half of its last line.
    #[inline(always)]
    pub(super) fn used_floats(&self) -> usize {
        self.half_lines() * HALF_LINE
    }

    /// The steps of side 0 or 1; they are 0 for a frozen side. `fdiffs` are the products f(X) diff of the records,
    /// `dots` the products w·w̃, and `others` the ‖·‖² of the vectors of the other side. Register m of `ends` has
    /// float m of the end of each row of this side.
    ///
    /// # Safety
    /// The contract of [`super::vector`].
    #[inline(always)]
    pub(super) unsafe fn steps(
        &self,
        side: usize,
        fdiffs: V::Quad,
        dots: V::Quad,
        ends: [V::Quad; TAIL],
        others: V::Quad,
    ) -> SideSteps<V> {
        let rule = self.call.rule;
        // SAFETY: the caller keeps the contract.
        unsafe {
            if side == FROZEN {
                return SideSteps {
                    factors: V::Quad::splat(0.0),
                    changes: [V::Quad::splat(0.0); TAIL],
                };
            }
            let squares = others.max(V::Quad::splat(LEAST_SQUARE));
            // The reciprocal roots do not depend on the dot products, so the processor can compute the roots and
            // the dot products at the same time.
            let rate = ends[TAIL_SUM]
                .rsqrt()
                .mul(V::Quad::splat(rule.learning_rate));
            let bias_rate = ends[TAIL_BIAS_SUM]
                .rsqrt()
                .mul(V::Quad::splat(-rule.bias_learning_rate));
            let bound = squares.rsqrt().mul(V::Quad::splat(self.bound));
            let limited = fdiffs.clip(bound);
            let growth = limited
                .mul(limited)
                .mul(squares.mul(V::Quad::splat(self.mean_square)));
            let bias_step = fdiffs.mul(V::Quad::splat(rule.bias_learning_rate));
            let factors = limited.mul(rate);
            // With the factor α, the change of ‖w‖² is ‖w − αw̃‖² − ‖w‖² = α(α‖w̃‖² − 2w·w̃).
            let minus_two_dots = dots.mul(V::Quad::splat(-2.0));
            let mut changes = [V::Quad::splat(0.0); TAIL];
            changes[TAIL_SQUARE] = factors.mul(factors.mul_add(squares, minus_two_dots));
            changes[TAIL_BIAS] = fdiffs.mul(bias_rate);
            changes[TAIL_BIAS_SUM] = bias_step.mul(bias_step);
            changes[TAIL_SUM] = growth;
            SideSteps { factors, changes }
        }
    }
}
