//! The rows of one model in training, and the checks before they are updated.

use super::call::KernelCall;
use super::cost::Cost;
use super::dispatch::run;
use super::record::Record;
use super::records::NONE;
use super::simd_level::SimdLevel;
use super::step_rule::StepRule;
use crate::training::line::{LINE, Line};
use crate::training::optimizer::Optimizer;
use crate::training::row_layout::RowLayout;
use rayon::prelude::*;
use std::marker::PhantomData;

/// The rows of one model in training, shared by the threads that update them.
#[derive(Clone, Copy)]
pub struct SharedRows<'a> {
    // For each side, a pointer to the row for index 0, and the number of rows from there on. Index `i` of a
    // record is for the first side, `j` for the second.
    sides: [*mut f32; 2],
    rows: [usize; 2],
    // Whether the first side is W̃ and the second is W.
    mirrored: bool,
    layout: RowLayout,
    _parameters: PhantomData<&'a mut [Line]>,
}

// SAFETY: the pointers point into memory that is borrowed mutably for 'a, and only `update` below
// and the kernels that it calls dereference them. Under the deterministic schedule no two threads
// reach a row at the same time. Under Hogwild several threads may reach a row at the same time, without
// synchronisation: this is the algorithm. By the rules of the language this is a data race on floats. It is
// sound in practice for four reasons. Every access is a load or a store through a raw pointer. Any mixture
// of old and new floats is a valid row. No address and no bound depends on the floats that are read. No
// reference to a row exists that the compiler could assume to be exclusive.
unsafe impl Send for SharedRows<'_> {}
// SAFETY: as for `Send`.
unsafe impl Sync for SharedRows<'_> {}

impl<'a> SharedRows<'a> {
    /// All rows of both sides. The ‖w‖² and ‖w̃‖² that the rows of row-wise AdaGrad store are computed anew, on all
    /// threads of the current rayon pool. So these numbers may be wrong before the call, and the rounding errors of
    /// their updates do not accumulate from call to call.
    pub fn new(words: &'a mut [Line], contexts: &'a mut [Line], layout: RowLayout) -> Self {
        let row = layout.lines();
        if layout.is_rowwise() {
            for side in [&mut *words, &mut *contexts] {
                side.par_chunks_exact_mut(row)
                    .for_each(|row| layout.set_square(row));
            }
        }
        Self {
            rows: [words.len() / row, contexts.len() / row],
            sides: [words.as_mut_ptr().cast(), contexts.as_mut_ptr().cast()],
            mirrored: false,
            layout,
            _parameters: PhantomData,
        }
    }

    /// The rows of the first side from number `first[0]` on, and those of the second side from number `first[1]` on.
    ///
    /// # Panics
    /// If the first side has fewer than `first[0]` rows, or the second fewer than `first[1]`.
    pub fn starting_at(mut self, first: [usize; 2]) -> Self {
        let row = self.layout.lines() * LINE;
        for ((side, rows), first) in self.sides.iter_mut().zip(&mut self.rows).zip(first) {
            assert!(first <= *rows, "a block outside the parameters");
            // SAFETY: the side has at least `first` rows, by the assertion.
            *side = unsafe { side.add(first * row) };
            *rows -= first;
        }
        self
    }

    /// The same rows with exchanged sides: `i` of a record is then its context word, and `j` its word.
    pub fn mirrored(mut self) -> Self {
        self.sides.reverse();
        self.rows.reverse();
        self.mirrored = !self.mirrored;
        self
    }

    /// Update the rows of `records`, in order, with the instructions of `level`. Returns the cost of the records.
    ///
    /// # Panics
    /// If a record points outside the rows, if the rows do not have the layout of the rule's optimizer, or if this
    /// machine does not have the instructions.
    pub fn update(&self, records: &[Record], rule: &StepRule, level: SimdLevel) -> Cost {
        // Bounds are checked once for the whole call: the loops do not check them.
        let (last_i, last_j) = records
            .iter()
            .fold((0, 0), |(i, j), r| (r.i.max(i), r.j.max(j)));
        assert!(
            records.is_empty()
                || (last_i as usize) < self.rows[0] && (last_j as usize) < self.rows[1],
            "a record points outside the parameters"
        );
        assert_eq!(
            self.layout.is_rowwise(),
            rule.optimizer == Optimizer::RowwiseAdaGrad,
            "rows of another optimizer"
        );
        assert!(level.is_usable(), "this machine has no {}", level.name());
        let mut last_line_rates = rule.last_line_rates();
        if self.mirrored {
            last_line_rates.reverse();
        }
        let call = KernelCall {
            records,
            sides: self.sides,
            layout: self.layout,
            rule,
            last_line_rates,
        };
        // Each value of `FROZEN` has functions of its own: if one function has the loops for all values, the compiler
        // makes slower loops for dim 300 (benches/EXPERIMENTS.md, "Loops for a frozen side").
        // SAFETY: this machine has the instructions and the rows are in bounds, by the assertions above.
        unsafe {
            match (rule.optimizer, rule.frozen_contexts, self.mirrored) {
                (Optimizer::RowwiseAdaGrad, true, false) => run::<1>(&call, level),
                (Optimizer::RowwiseAdaGrad, true, true) => run::<0>(&call, level),
                _ => run::<NONE>(&call, level),
            }
        }
    }
}
