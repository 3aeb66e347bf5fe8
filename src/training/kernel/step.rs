//! The step rule, and the loop over records that applies it: once, for every kind of [`Vector`].

use super::vector::Vector;
use super::{Cost, Record};
use crate::error::{Error, Result};
use crate::training::parameters::LINE;
use std::marker::PhantomData;

/// The step rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Optimizer {
    /// AdaGrad as in Stanford's tool (DESIGN section 2).
    #[default]
    AdaGrad,
    /// Plain stochastic gradient descent on the same loss; biases take the learning rate too.
    Sgd,
}

/// The names that [`Optimizer::from_name`] knows.
pub const OPTIMIZER_NAMES: [&str; 2] = ["adagrad", "sgd"];

impl Optimizer {
    /// The optimizer of that public name.
    ///
    /// # Errors
    /// [`Error::Parameter`] listing the names if there is none.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "adagrad" => Ok(Self::AdaGrad),
            "sgd" => Ok(Self::Sgd),
            _ => Err(Error::parameter(
                "optimizer",
                format!("must be one of {OPTIMIZER_NAMES:?}, got {name:?}"),
            )),
        }
    }
}

/// Constants of a training run, as the kernel wants them.
#[derive(Debug, Clone, Copy)]
pub struct StepRule {
    /// Step rule.
    pub optimizer: Optimizer,
    /// η
    pub learning_rate: f32,
    /// The same for the biases under AdaGrad: 1 in Stanford's tool.
    pub bias_learning_rate: f32,
    /// Bound of each component of the gradient.
    pub grad_clip: f32,
    /// ln x_max
    pub ln_x_max: f32,
    /// α
    pub alpha: f32,
    /// For pairs that never meet: the weight of each, and `ln_x` is what predictions should not
    /// exceed; a record below it is left as it is.
    pub unseen: Option<f32>,
}

impl StepRule {
    /// Factors of fdiff in the last line, of words and of contexts: η, but that of the biases for a
    /// bias under AdaGrad, and 0 for the constant beside it.
    pub(super) fn last_rates(&self) -> [[f32; LINE]; 2] {
        let bias = match self.optimizer {
            Optimizer::AdaGrad => self.bias_learning_rate,
            Optimizer::Sgd => self.learning_rate,
        };
        let mut rates = [[self.learning_rate; LINE]; 2];
        rates[0][LINE - 2..].copy_from_slice(&[bias, 0.0]);
        rates[1][LINE - 2..].copy_from_slice(&[0.0, bias]);
        rates
    }

    /// The same rule with both learning rates times `factor`.
    pub fn at_rate(mut self, factor: f64) -> Self {
        self.learning_rate *= factor as f32;
        self.bias_learning_rate *= factor as f32;
        self
    }

    fn last_bounds(&self) -> [f32; LINE] {
        let mut bounds = [self.grad_clip * self.learning_rate; LINE];
        bounds[LINE - 2..].fill(f32::MAX);
        bounds
    }
}

/// Sixteen records' weights f(X) = min(1, (X/x_max)^α) from ln X, as exp(min(0, α(ln X − ln x_max))).
///
/// Plain arithmetic that the compiler turns into vectors of whatever width the caller was compiled
/// for. Cephes' expf polynomial: relative error below 2e-7.
#[inline(always)]
pub(super) fn weights(ln_x: &[f32; LINE], rule: &StepRule) -> [f32; LINE] {
    // Adding and subtracting 1.5·2²³ rounds to an integer, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let mut f = [0.0; LINE];
    for k in 0..LINE {
        let t = (rule.alpha * (ln_x[k] - rule.ln_x_max)).clamp(-87.0, 0.0);
        let shifted = t * std::f32::consts::LOG2_E + ROUND;
        let n = shifted - ROUND;
        let r = t - n * 0.693_359_4 + n * 2.121_944_4e-4;
        let p = 1.987_569_1e-4;
        let p = p * r + 1.398_199_9e-3;
        let p = p * r + 8.333_452e-3;
        let p = p * r + 4.166_579_6e-2;
        let p = p * r + 1.666_666_5e-1;
        let p = p * r + 0.5;
        let exp_r = p * r * r + r + 1.0;
        let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
        f[k] = exp_r * scale;
    }
    f
}

/// Records, rows and rule of one call.
pub(super) struct Job<'a> {
    pub(super) records: &'a [Record],
    // Where the rows that `i` and `j` count from begin.
    pub(super) sides: [*mut f32; 2],
    pub(super) lines: usize,
    pub(super) rule: &'a StepRule,
    // Of either side, for its last line.
    pub(super) last_rates: [[f32; LINE]; 2],
}

/// Choose the loop for the number of lines: common dims have theirs unrolled.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
pub(super) unsafe fn dispatch<V: Vector>(job: &Job) -> Cost {
    // SAFETY: handed on.
    unsafe {
        match job.rule.optimizer {
            Optimizer::AdaGrad => match job.lines {
                1 => run::<V, 1, true>(job),
                2 => run::<V, 2, true>(job),
                4 => run::<V, 4, true>(job), // dim 47 to 62
                7 => run::<V, 7, true>(job), // dim 95 to 110
                13 => run::<V, 13, true>(job),
                19 => run::<V, 19, true>(job), // dim 287 to 302
                _ => run::<V, 0, true>(job),
            },
            Optimizer::Sgd => match job.lines {
                4 => run::<V, 4, false>(job),
                7 => run::<V, 7, false>(job),
                _ => run::<V, 0, false>(job),
            },
        }
    }
}

/// Bytes of rows to bring near before they are used: enough to hide the way from the second cache to
/// the first, and a small part of the first. Measured on Wikipedia (benches/RESULTS.md, "Prefetch").
const PREFETCH_BYTES: usize = 10 << 10;

/// Records that are made at once if they share no row: their sums over lanes and the arithmetic of
/// single numbers then take a quarter of the instructions (benches/RESULTS.md, "Order").
pub(super) const TOGETHER: usize = 4;

/// Whether these are of different words and of different contexts, so that making them at once does
/// what making them in order does. With `||`, because the compiler makes vectors of `|`, which have
/// enough to do.
#[inline(always)]
fn are_apart(records: &[Record; TOGETHER]) -> bool {
    let [a, b, c, d] = records;
    let meet = |a: &Record, b: &Record| a.i == b.i || a.j == b.j;
    !(meet(a, b) || meet(a, c) || meet(a, d) || meet(b, c) || meet(b, d) || meet(c, d))
}

/// The loop over records. `N` is the number of lines per half row, or 0 if only known at run time.
///
/// # Safety
/// Every record's rows lie inside the allocations of `job.sides`, which are
/// 64-byte aligned, and the machine has the instructions of `V`.
#[inline(always)]
unsafe fn run<V: Vector, const N: usize, const ADAGRAD: bool>(job: &Job) -> Cost {
    let rule = job.rule;
    let lines = if N == 0 { job.lines } else { N };
    let steps = Steps::<V> {
        job,
        half: lines * LINE,
        bound: rule.grad_clip * rule.learning_rate,
        last_bounds: rule.last_bounds(),
        lanes: PhantomData,
    };
    let mut tally = Tally::default();
    // The rows of a record lie in two sides, and accumulators double them.
    let ahead = (PREFETCH_BYTES / (4 * steps.half * size_of::<f32>())).clamp(2, LINE);
    for (number, batch) in job.records.chunks(LINE).enumerate() {
        // A whole batch has its length in its type: taken apart in registers.
        let ln_x = match batch.first_chunk::<LINE>() {
            Some(batch) => batch.map(|record| record.ln_x),
            None => std::array::from_fn(|k| batch.get(k).map_or(0.0, |record| record.ln_x)),
        };
        let f = rule
            .unseen
            .map_or_else(|| weights(&ln_x, rule), |weight| [weight; LINE]);
        for (k, records) in batch.chunks(TOGETHER).enumerate() {
            let k = k * TOGETHER;
            let coming = number * LINE + k + ahead;
            let f = &f[k..];
            // SAFETY: the caller's contract.
            unsafe {
                match (records.first_chunk(), f.first_chunk()) {
                    (Some(records), Some(f)) if are_apart(records) => {
                        steps.make::<TOGETHER, ADAGRAD>(records, f, coming, &mut tally);
                    }
                    _ => {
                        for (k, (record, f)) in records.iter().zip(f).enumerate() {
                            steps.make::<1, ADAGRAD>(&[*record], &[*f], coming + k, &mut tally);
                        }
                    }
                }
            }
        }
    }
    Cost {
        sum: 0.5 * tally.sums.iter().sum::<f64>(),
        skipped: tally.skipped,
    }
}

/// What the records so far cost.
#[derive(Default)]
struct Tally {
    // Of records at the same place among those made at once: the additions are one vector's.
    sums: [f64; TOGETHER],
    skipped: u64,
}

/// What the steps of one call have in common.
struct Steps<'a, V> {
    job: &'a Job<'a>,
    // Floats in half a row.
    half: usize,
    bound: f32,
    last_bounds: [f32; LINE],
    lanes: PhantomData<V>,
}

impl<V: Vector> Steps<'_, V> {
    /// The rows of a record.
    ///
    /// # Safety
    /// As for [`run`]; so below.
    #[inline(always)]
    unsafe fn rows(&self, record: Record) -> [*mut f32; 2] {
        let [words, contexts] = self.job.sides;
        // SAFETY: the caller's contract.
        unsafe {
            [
                words.add(record.i as usize * 2 * self.half),
                contexts.add(record.j as usize * 2 * self.half),
            ]
        }
    }

    #[inline(always)]
    unsafe fn prefetch(&self, record: Record) {
        // SAFETY: the caller's contract: the whole rows lie inside the allocations.
        unsafe {
            let [w, c] = self.rows(record);
            for at in (0..2 * self.half).step_by(LINE) {
                V::prefetch(w.add(at));
                V::prefetch(c.add(at));
            }
        }
    }

    /// Update by `K` records that share no row, of these weights; records `coming` and after are to
    /// be brought near.
    #[inline(always)]
    unsafe fn make<const K: usize, const ADAGRAD: bool>(
        &self,
        records: &[Record; K],
        f: &[f32; K],
        coming: usize,
        tally: &mut Tally,
    ) {
        let rule = self.job.rule;
        let (half, body) = (self.half, self.half - LINE);
        // SAFETY: the caller's contract; `half` floats of parameters are followed by `half` of
        // accumulators in every row, and `at` stays below `half`.
        unsafe {
            let rows = records.map(|record| self.rows(record));
            let mut dots = [V::splat(0.0); K];
            let mut at = 0;
            while at < half {
                for (dot, [w, c]) in dots.iter_mut().zip(rows) {
                    *dot = V::load(w.add(at)).mul_add(V::load(c.add(at)), *dot);
                }
                at += V::LANES;
            }
            let dots = match dots.first_chunk() {
                Some(all) => {
                    let sums = V::sums(*all);
                    std::array::from_fn(|k| sums[k])
                }
                None => dots.map(|dot| dot.sum()),
            };
            let diffs: [f32; K] = std::array::from_fn(|k| dots[k] - records[k].ln_x);
            let fdiffs: [f32; K] = std::array::from_fn(|k| f[k] * diffs[k]);
            let terms: [f32; K] = std::array::from_fn(|k| fdiffs[k] * diffs[k]);
            let steps: [f32; K] = std::array::from_fn(|k| fdiffs[k] * rule.learning_rate);
            let mut counted = terms;
            let bound = V::splat(self.bound);
            for (k, [w, c]) in rows.into_iter().enumerate() {
                if let Some(next) = self.job.records.get(coming + k) {
                    self.prefetch(*next);
                }
                if !terms[k].is_finite() {
                    tally.skipped += 1;
                    counted[k] = 0.0;
                    continue;
                }
                if rule.unseen.is_some() && diffs[k] < 0.0 {
                    counted[k] = 0.0;
                    continue;
                }
                let step = V::splat(steps[k]);
                let mut at = 0;
                while at < body {
                    update::<V, ADAGRAD>(w.add(at), c.add(at), half, step, step, bound);
                    at += V::LANES;
                }
                let fdiff = V::splat(fdiffs[k]);
                let [rates_w, rates_c] = &self.job.last_rates;
                while at < half {
                    let step_w = fdiff.mul(V::load(rates_w.as_ptr().add(at - body)));
                    let step_c = fdiff.mul(V::load(rates_c.as_ptr().add(at - body)));
                    let bound = V::load(self.last_bounds.as_ptr().add(at - body));
                    update::<V, ADAGRAD>(w.add(at), c.add(at), half, step_w, step_c, bound);
                    at += V::LANES;
                }
            }
            for (sum, term) in tally.sums.iter_mut().zip(counted) {
                *sum += f64::from(term);
            }
        }
    }
}

/// Update one register's worth of both rows; accumulators lie `half` floats further on.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn update<V: Vector, const ADAGRAD: bool>(
    w: *mut f32,
    c: *mut f32,
    half: usize,
    step_w: V,
    step_c: V,
    bound: V,
) {
    // SAFETY: handed on.
    unsafe {
        let (old_w, old_c) = (V::load(w), V::load(c));
        let g_w = step_w.mul(old_c).clip(bound);
        let g_c = step_c.mul(old_w).clip(bound);
        if ADAGRAD {
            let (sum_w, sum_c) = (V::load(w.add(half)), V::load(c.add(half)));
            g_w.neg_mul_add(sum_w.rsqrt(), old_w).store(w);
            g_c.neg_mul_add(sum_c.rsqrt(), old_c).store(c);
            g_w.mul_add(g_w, sum_w).store(w.add(half));
            g_c.mul_add(g_c, sum_c).store(c.add(half));
        } else {
            let one = V::splat(1.0);
            g_w.neg_mul_add(one, old_w).store(w);
            g_c.neg_mul_add(one, old_c).store(c);
        }
    }
}
