//! The arguments of one call of the kernel, and the trait that each step rule implements to update rows.
//!
//! # The contract of every `unsafe` function here
//!
//! The contract of [`super::vector`] holds. Also, for every record of the call, row `i` of the first side and
//! row `j` of the second lie inside allocations of floats that no reference points into.

use super::record::Record;
use super::step_rule::StepRule;
use super::vector::{RECORDS_AT_ONCE, Vector};
use crate::training::line::LINE;
use crate::training::row_layout::RowLayout;

/// The arguments of one call of the kernel.
pub(super) struct KernelCall<'a> {
    pub(super) records: &'a [Record],
    /// Pointers to the rows for `i` = 0 and for `j` = 0 of a record.
    pub(super) sides: [*mut f32; 2],
    /// The layout of the rows.
    pub(super) layout: RowLayout,
    pub(super) rule: &'a StepRule,
    /// [`StepRule::last_line_rates`], in the order of `sides`.
    pub(super) last_line_rates: [[f32; LINE]; 2],
}

impl KernelCall<'_> {
    /// Pointers to both rows of a record. A row has `lines` lines.
    ///
    /// # Safety
    /// The contract of this module.
    #[inline(always)]
    pub(super) unsafe fn rows(&self, record: Record, lines: usize) -> [*mut f32; 2] {
        let [first, second] = self.sides;
        // SAFETY: the caller keeps the contract.
        unsafe {
            [
                first.add(record.i as usize * lines * LINE),
                second.add(record.j as usize * lines * LINE),
            ]
        }
    }

    /// Fetch both rows of record `number` into the first-level cache. Does nothing if there is no such record.
    ///
    /// # Safety
    /// The contract of this module.
    #[inline(always)]
    pub(super) unsafe fn prefetch<V: Vector>(&self, number: usize, lines: usize) {
        let Some(record) = self.records.get(number) else {
            return;
        };
        // SAFETY: the caller keeps the contract: whole rows lie inside the allocations.
        unsafe {
            let [w, c] = self.rows(*record, lines);
            for at in (0..lines * LINE).step_by(LINE) {
                V::prefetch(w.add(at));
                V::prefetch(c.add(at));
            }
        }
    }
}

/// The update of some records by one step rule.
///
/// # Safety
/// `update` and `try_minibatch` keep the contract of this module if their caller does.
pub(super) unsafe trait RowUpdate<'a, V: Vector> {
    /// The values that all updates of one call share.
    fn new(call: &'a KernelCall<'a>) -> Self;

    /// Update the rows of `K` records that share no row and have the weights `f`, and prefetch the
    /// rows of `K` records from number `next` on.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn update<const K: usize>(
        &self,
        records: &[Record; K],
        f: &[f32; K],
        next: usize,
        tally: &mut Tally,
    );

    /// Update the rows of four records, which have the same `i` and four different `j`, as one mini-batch; prefetch
    /// the rows of four records from number `next` on, and return true. If the rule has no mini-batches or
    /// the sum of the costs is not a finite number, change nothing and return false.
    ///
    /// # Safety
    /// The contract of this module.
    #[inline(always)]
    unsafe fn try_minibatch(
        &self,
        _records: &[Record; RECORDS_AT_ONCE],
        _f: &[f32; RECORDS_AT_ONCE],
        _next: usize,
        _tally: &mut Tally,
    ) -> bool {
        false
    }
}

/// The cost of the records so far.
#[derive(Default)]
pub(super) struct Tally {
    // Sums of f(X) diff², which is twice the cost of a record. There is one sum for each of the four records
    // that are updated at once, so that one vector addition adds to all four sums.
    pub(super) sums: [f64; RECORDS_AT_ONCE],
    /// Number of records whose cost was not a finite number.
    pub(super) skipped: u64,
}

impl Tally {
    /// Add the terms f(X) diff² of four records.
    #[inline(always)]
    pub(super) fn add(&mut self, terms: [f32; RECORDS_AT_ONCE]) {
        for (sum, term) in self.sums.iter_mut().zip(terms) {
            *sum += f64::from(term);
        }
    }
}
