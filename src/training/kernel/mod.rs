//! The training kernel: dot product and update of one record, fused, once per instruction set.
//!
//! The only unsafe code of the crate. Rows of W and W̃ are reached by raw pointers, because Hogwild
//! threads update shared rows without locks (Niu et al. 2011); no `&mut` to a shared row exists.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod portable;
mod simd_level;
mod step;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use simd_level::SimdLevel;
pub use step::{Optimizer, StepRule};

use super::parameters::{LINE, Line};
use std::marker::PhantomData;
use step::{Job, dispatch};

/// One co-occurrence as training sees it: places of the two words in their blocks, and ln X.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Record {
    /// Place of the word (row of W).
    pub i: u16,
    /// Place of the context word (row of W̃).
    pub j: u16,
    /// ln X.
    pub ln_x: f32,
}

/// The rows of one training state, shared by the threads that update them.
#[derive(Clone, Copy)]
pub struct SharedRows<'a> {
    // Where the rows begin that `i` of a record counts, and those that `j` does; and their numbers.
    sides: [*mut f32; 2],
    rows: [usize; 2],
    // Whether those are contexts and words rather than words and contexts.
    mirrored: bool,
    lines_per_half: usize,
    _parameters: PhantomData<&'a mut [Line]>,
}

// SAFETY: the pointers reach memory that is borrowed mutably for 'a, and nothing but `run` below
// dereferences them. Under the ordered schedule no two threads reach a row at the same time. Under
// Hogwild they do, without synchronisation: that is the algorithm, and by the letter of the language
// a data race on floats. What makes it sound in practice is that every access is a load or store
// through a raw pointer, of plain floats of which any mixture of old and new is a valid row, that
// nothing else depends on what is read, and that no reference to a row exists whose exclusivity the
// compiler could assume.
unsafe impl Send for SharedRows<'_> {}
// SAFETY: as above.
unsafe impl Sync for SharedRows<'_> {}

impl<'a> SharedRows<'a> {
    /// Rows of `2 * lines_per_half` lines each, of both sides.
    pub fn new(words: &'a mut [Line], contexts: &'a mut [Line], lines_per_half: usize) -> Self {
        let row = 2 * lines_per_half;
        Self {
            rows: [words.len() / row, contexts.len() / row],
            sides: [words.as_mut_ptr().cast(), contexts.as_mut_ptr().cast()],
            mirrored: false,
            lines_per_half,
            _parameters: PhantomData,
        }
    }

    /// The rows from these on.
    pub fn from(mut self, first: [usize; 2]) -> Self {
        let row = 2 * self.lines_per_half * LINE;
        for ((side, rows), first) in self.sides.iter_mut().zip(&mut self.rows).zip(first) {
            assert!(first <= *rows, "a block outside the parameters");
            // SAFETY: that many rows begin there, by the assertion.
            *side = unsafe { side.add(first * row) };
            *rows -= first;
        }
        self
    }

    /// The same rows, for records whose `i` is the place of the context word, and `j` that of the word.
    pub fn mirrored(mut self) -> Self {
        self.sides.reverse();
        self.rows.reverse();
        self.mirrored = !self.mirrored;
        self
    }

    /// Update by `records`, in order. Returns Σ ½ f diff², and the number of records that were left
    /// out because their residual was not finite.
    pub fn run(&self, records: &[Record], rule: &StepRule, level: SimdLevel) -> Cost {
        // Bounds are checked once for the whole call: the vector code below does not.
        let (last_i, last_j) = records
            .iter()
            .fold((0, 0), |(i, j), r| (r.i.max(i), r.j.max(j)));
        assert!(
            records.is_empty()
                || (last_i as usize) < self.rows[0] && (last_j as usize) < self.rows[1],
            "a record points outside the parameters"
        );
        assert!(level.is_usable(), "this machine has no {}", level.name());
        let mut last_rates = rule.last_rates();
        if self.mirrored {
            last_rates.reverse();
        }
        let job = Job {
            records,
            sides: self.sides,
            lines: self.lines_per_half,
            rule,
            last_rates,
        };
        match level {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: this machine has the instructions and the rows are in bounds, by the
            // assertions above.
            SimdLevel::Avx512 => unsafe { x86::avx512(&job) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            SimdLevel::Avx2 => unsafe { x86::avx2(&job) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: as above; every aarch64 has NEON.
            SimdLevel::Neon => unsafe { aarch64::neon(&job) },
            // SAFETY: rows are in bounds by the assertion; no special instructions.
            _ => unsafe { dispatch::<portable::Eight>(&job) },
        }
    }
}

/// What a run over records cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Σ ½ f(X) diff²
    pub sum: f64,
    /// Records left out because their residual was not a finite number.
    pub skipped: u64,
}

#[cfg(test)]
mod tests {
    use super::step::weights;
    use super::*;
    use crate::training::{Exported, Parameters, TrainingOptions, train_in_order};
    use proptest::prelude::*;

    fn exported(words: usize, dim: usize, numbers: &mut impl Iterator<Item = f32>) -> Exported {
        let mut take = |n: usize| -> Vec<f32> { numbers.take(n).collect() };
        Exported {
            w: take(words * dim),
            w_tilde: take(words * dim),
            b: take(words),
            b_tilde: take(words),
        }
    }

    fn assert_close(a: &Exported, b: &Exported, what: &str) {
        for (a, b) in [
            (&a.w, &b.w),
            (&a.w_tilde, &b.w_tilde),
            (&a.b, &b.b),
            (&a.b_tilde, &b.b_tilde),
        ] {
            for (a, b) in a.iter().zip(b) {
                assert!(
                    (a - b).abs() <= 1e-3 * (1.0 + b.abs()),
                    "{what}: {a} and {b}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn every_instruction_set_does_what_plain_code_does(
            dim in 1usize..130,
            records in proptest::collection::vec((0u32..5, 0u32..5, 0.01f64..300.0), 1..40),
            sgd in any::<bool>(),
            unseen in proptest::option::of(0.05f32..1.0),
            seed in any::<u32>(),
        ) {
            let mut state = u64::from(seed);
            let mut numbers = std::iter::repeat_with(move || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 40) as f32 / (1 << 24) as f32 - 0.5
            });
            let values = exported(5, dim, &mut numbers);
            let sums = exported(5, dim, &mut numbers.map(|x| 1.5 + x));
            let options = TrainingOptions {
                epochs: 1,
                optimizer: if sgd { Optimizer::Sgd } else { Optimizer::AdaGrad },
                learning_rate: 0.01,
                ..Default::default()
            };
            let run = |level| {
                let mut parameters = Parameters::from_exported(5, dim, &values, &sums).unwrap();
                let losses =
                    train_in_order(&mut parameters, &records, &options, unseen, level).unwrap();
                (parameters.values(), parameters.accumulators(), losses[0])
            };
            let plain = run(SimdLevel::Portable);
            for level in SimdLevel::usable() {
                let fast = run(level);
                assert_close(&fast.0, &plain.0, level.name());
                assert_close(&fast.1, &plain.1, level.name());
                prop_assert!((fast.2 - plain.2).abs() <= 1e-3 * plain.2 + 1e-6);
            }
        }

        #[test]
        fn weights_are_those_of_the_paper(
            ln_x in proptest::array::uniform16(-700.0f32..700.0), alpha in 0.0f32..3.0, x_max in 0.01f64..1e4,
        ) {
            let rule = StepRule {
                optimizer: Optimizer::AdaGrad,
                learning_rate: 0.05,
                bias_learning_rate: 1.0,
                grad_clip: 100.0,
                ln_x_max: x_max.ln() as f32,
                alpha,
                unseen: None,
            };
            for (f, ln_x) in weights(&ln_x, &rule).into_iter().zip(ln_x) {
                let exponent = f64::from(alpha) * (f64::from(ln_x) - f64::from(rule.ln_x_max));
                let exact = exponent.min(0.0).exp();
                // The exponent itself is a 32-bit number: its rounding grows with its size.
                let bound = 1e-6 + 2e-7 * exponent.abs();
                prop_assert!((f64::from(f) - exact).abs() <= bound * exact + 2e-38, "{f} {exact}");
            }
        }
    }

    #[test]
    fn a_mirrored_record_does_the_same_to_the_same_rows() {
        let monitor = crate::Monitor::new();
        let records: Vec<Record> = (0..40)
            .map(|k| Record {
                i: k % 7,
                j: k % 5,
                ln_x: f32::from(k) / 9.0 - 1.0,
            })
            .collect();
        let swapped: Vec<Record> = records
            .iter()
            .map(|&Record { i, j, ln_x }| Record { i: j, j: i, ln_x })
            .collect();
        for optimizer in [Optimizer::AdaGrad, Optimizer::Sgd] {
            let rule = StepRule {
                optimizer,
                learning_rate: 0.05,
                bias_learning_rate: 0.3,
                grad_clip: 0.1,
                ln_x_max: 2.0,
                alpha: 0.75,
                unseen: None,
            };
            for level in SimdLevel::usable() {
                let mut direct = Parameters::random(9, 20, 0, &monitor).unwrap();
                let mut mirrored = Parameters::random(9, 20, 0, &monitor).unwrap();
                let cost = direct.rows().from([2, 1]).run(&records, &rule, level);
                let rows = mirrored.rows().from([2, 1]).mirrored();
                assert_eq!(rows.run(&swapped, &rule, level), cost);
                assert_eq!(mirrored, direct, "{}", level.name());
            }
        }
    }

    #[test]
    fn a_record_whose_residual_is_not_finite_is_left_out_and_counted() {
        let mut values = Parameters::random(2, 3, 0, &crate::Monitor::new())
            .unwrap()
            .values();
        values.w[0] = f32::INFINITY;
        let ones = Exported {
            w: vec![1.0; 6],
            w_tilde: vec![1.0; 6],
            b: vec![1.0; 2],
            b_tilde: vec![1.0; 2],
        };
        let mut parameters = Parameters::from_exported(2, 3, &values, &ones).unwrap();
        let before = parameters.values();
        let rule = StepRule {
            optimizer: Optimizer::AdaGrad,
            learning_rate: 0.05,
            bias_learning_rate: 1.0,
            grad_clip: 100.0,
            ln_x_max: 0.0,
            alpha: 0.75,
            unseen: None,
        };
        let record = Record {
            i: 0,
            j: 1,
            ln_x: 0.0,
        };
        for level in SimdLevel::usable() {
            let cost = parameters.rows().run(&[record], &rule, level);
            assert_eq!((cost.skipped, cost.sum), (1, 0.0));
        }
        assert_eq!(parameters.values(), before);
    }

    /// A bound of gradients that is no bound lets their squares grow without limit.
    #[test]
    fn parameters_with_accumulators_beyond_all_numbers_stand_still() {
        let all = |x: f32| Exported {
            w: vec![x; 60],
            w_tilde: vec![x; 60],
            b: vec![x; 2],
            b_tilde: vec![x; 2],
        };
        let options = TrainingOptions {
            epochs: 1,
            ..Default::default()
        };
        for level in SimdLevel::usable() {
            for sum in [f32::INFINITY, f32::MAX] {
                let mut parameters =
                    Parameters::from_exported(2, 30, &all(0.5), &all(sum)).unwrap();
                train_in_order(&mut parameters, &[(0, 1, 5.0)], &options, None, level).unwrap();
                assert_eq!(parameters.values(), all(0.5), "{}", level.name());
            }
        }
    }
}
