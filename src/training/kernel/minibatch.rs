//! Mini-batches of row-wise AdaGrad: four records of one word and of four different context words.
//!
//! All four residuals are computed with the vectors from before the mini-batch. Each context vector
//! takes the step of its record, and the vector of the word takes the sum of the four steps of the
//! records. All steps use the accumulators from before the mini-batch. So the row of the word is
//! loaded and stored once instead of four times (benches/EXPERIMENTS.md, "Mini-batches of one
//! word"). In a mirrored tile the roles are exchanged: the four records have one context word and
//! four different words.

use super::call::Tally;
use super::record::Record;
use super::rowwise::Rowwise;
use super::vector::{LastRegister, Quad, RECORDS_AT_ONCE, Vector, lane_sums};
use crate::training::row_layout::{TAIL, TAIL_BIAS, TAIL_SQUARE};

impl<V: Vector, L: LastRegister<V, Quad = V::Quad>, const N: usize, const FROZEN: usize>
    Rowwise<'_, V, L, N, FROZEN>
{
    /// Update the rows of a mini-batch and return true, or change nothing and return false if the sum of the
    /// costs of its records is not a finite number. `f` are the weights f(X) of the records. The rows of four
    /// records from number `next` on are prefetched.
    ///
    /// # Safety
    /// The contract of [`super::call`].
    #[inline(always)]
    pub(super) unsafe fn minibatch(
        &self,
        records: &[Record; RECORDS_AT_ONCE],
        f: &[f32; RECORDS_AT_ONCE],
        next: usize,
        tally: &mut Tally,
    ) -> bool {
        let (lines, used) = (self.lines(), self.used_floats());
        let last = used - L::LANES;
        let tail = used - TAIL;
        // SAFETY: the caller keeps the contract. From `at` and from `last`, at least a register of floats remains
        // to the end of the used floats of a row; from `tail`, four floats remain.
        unsafe {
            let [[w, _], ..] = records.map(|record| self.call.rows(record, lines));
            let contexts = records.map(|record| self.call.rows(record, lines)[1]);
            let own = L::load(w.add(last)).without_tail();
            let mut products = [V::splat(0.0); RECORDS_AT_ONCE];
            let mut ends = [V::Quad::splat(1.0); RECORDS_AT_ONCE];
            for (k, c) in contexts.into_iter().enumerate() {
                products[k] = own.mul(L::load(c.add(last))).into_whole();
                ends[k] = V::Quad::load(c.add(tail));
            }
            let mut at = 0;
            while at < last {
                let own = V::load(w.add(at));
                for (k, c) in contexts.into_iter().enumerate() {
                    products[k] = own.mul_add(V::load(c.add(at)), products[k]);
                }
                at += V::LANES;
            }
            let dots = lane_sums(products);
            let c_ends = V::Quad::transpose(ends);
            let mut w_ends = [V::Quad::splat(0.0); TAIL];
            for (k, end) in w_ends.iter_mut().enumerate() {
                *end = V::Quad::splat(w.add(tail + k).read());
            }
            let mut targets = [0.0; RECORDS_AT_ONCE];
            for k in 0..RECORDS_AT_ONCE {
                targets[k] = -records[k].ln_x;
            }
            let biases = w_ends[TAIL_BIAS].add(c_ends[TAIL_BIAS]);
            let diffs = dots.add(biases.add(V::Quad::load(targets.as_ptr())));
            let mut fdiffs = diffs.mul(V::Quad::load(f.as_ptr()));
            let mut terms = fdiffs.mul(diffs).to_array();
            if !(terms[0] + terms[1] + terms[2] + terms[3]).is_finite() {
                return false;
            }
            if self.call.rule.negative_weight.is_some() {
                let (mut active, diffs) = (fdiffs.to_array(), diffs.to_array());
                for k in 0..RECORDS_AT_ONCE {
                    if self.call.rule.costs_nothing(diffs[k]) {
                        active[k] = 0.0;
                        terms[k] = 0.0;
                    }
                }
                fdiffs = V::Quad::load(active.as_ptr());
            }
            let w_steps = self.steps(0, fdiffs, dots, w_ends, c_ends[TAIL_SQUARE]);
            let c_steps = self.steps(1, fdiffs, dots, c_ends, w_ends[TAIL_SQUARE]);
            let (w_factors, c_factors) = (w_steps.factors.to_array(), c_steps.factors.to_array());
            let c_changes = V::Quad::transpose(c_steps.changes);
            let mut square = V::splat(0.0);
            let mut at = 0;
            while at < last {
                let old_w = V::load(w.add(at));
                let mut new_w = old_w;
                for (k, c) in contexts.into_iter().enumerate() {
                    let old_c = V::load(c.add(at));
                    if FROZEN != 1 {
                        let c_factor = V::splat(c_factors[k]);
                        c_factor.neg_mul_add(old_w, old_c).store(c.add(at));
                    }
                    new_w = V::splat(w_factors[k]).neg_mul_add(old_c, new_w);
                }
                if FROZEN != 0 {
                    square = new_w.mul_add(new_w, square);
                    new_w.store(w.add(at));
                }
                at += V::LANES;
            }
            let mut end = V::Quad::load(w.add(tail));
            let old_w = L::load(w.add(last)).without_tail();
            let mut new_w = old_w;
            for (k, c) in contexts.into_iter().enumerate() {
                self.call.prefetch::<V>(next + k, lines);
                let old_c = L::load(c.add(last));
                if FROZEN != 1 {
                    let new_c = old_c.add(L::tail(c_changes[k]));
                    let c_factor = L::splat(c_factors[k]);
                    c_factor.neg_mul_add(old_w, new_c).store(c.add(last));
                }
                let w_factor = L::splat(w_factors[k]);
                new_w = w_factor.neg_mul_add(old_c.without_tail(), new_w);
            }
            tally.add(terms);
            if FROZEN == 0 {
                return true;
            }
            square = square.add(new_w.mul(new_w).into_whole());
            // `changes` has the change of ‖w‖² by each of the four steps alone. The change by all four steps together
            // is not the sum of these changes. So ‖w‖² is computed from the new vector instead.
            let mut w_changes = w_steps.changes;
            w_changes[TAIL_SQUARE] = V::Quad::splat(0.0);
            for change in V::Quad::transpose(w_changes) {
                end = end.add(change);
            }
            // Another thread may read the row between the two stores. The first store includes the
            // accumulators, so that the other thread never finds an accumulator of 0.
            new_w.add(L::tail(end)).store(w.add(last));
            w.add(tail + TAIL_SQUARE).write(square.sum());
            true
        }
    }
}
