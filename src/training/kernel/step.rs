//! The step rule, and the loop that applies it to records: written once for every [`Vector`].

use super::vector::{Number, TOGETHER, Vector};
use super::{Cost, Record};
use crate::error::{Error, Result};
use crate::training::line::LINE;
use std::marker::PhantomData;

/// How a gradient changes a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Optimizer {
    /// AdaGrad (Duchi et al. 2011) as Stanford's tool does it: x −= g/√G, then G += g².
    #[default]
    AdaGrad,
    /// Plain stochastic gradient descent: x −= g. Biases take the learning rate, too.
    Sgd,
}

impl Optimizer {
    /// The public names, in the order of the enum.
    pub const NAMES: [&str; 2] = ["adagrad", "sgd"];

    /// The optimizer with this public name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [Self::AdaGrad, Self::Sgd];
        Error::choice("optimizer", name, Self::NAMES, values)
    }
}

/// What the kernel needs to know of the training options.
#[derive(Debug, Clone, Copy)]
pub struct StepRule {
    /// How a gradient changes a parameter.
    pub optimizer: Optimizer,
    /// η
    pub learning_rate: f32,
    /// The learning rate of the biases under AdaGrad; 1 in Stanford's tool.
    pub bias_learning_rate: f32,
    /// Each component of the gradient is limited to ± this value, before the learning rate applies.
    pub grad_clip: f32,
    /// ln x_max
    pub ln_x_max: f32,
    /// α
    pub alpha: f32,
    /// For negative pairs, their weight λ: it replaces f(X), `ln_x` is the target, and a prediction
    /// below the target costs nothing.
    pub negative_weight: Option<f32>,
}

impl StepRule {
    /// The learning rates of the last line of a row, of words and of contexts: η for components, the
    /// biases' rate for the bias, and 0 for the constant 1 beside it.
    pub(super) fn last_line_rates(&self) -> [[f32; LINE]; 2] {
        let bias = match self.optimizer {
            Optimizer::AdaGrad => self.bias_learning_rate,
            Optimizer::Sgd => self.learning_rate,
        };
        let mut rates = [[self.learning_rate; LINE]; 2];
        rates[0][LINE - 2..].copy_from_slice(&[bias, 0.0]);
        rates[1][LINE - 2..].copy_from_slice(&[0.0, bias]);
        rates
    }

    /// This rule with both learning rates multiplied by `factor`.
    pub fn at_rate(mut self, factor: f64) -> Self {
        self.learning_rate *= factor as f32;
        self.bias_learning_rate *= factor as f32;
        self
    }

    /// The bound of a step, η times the bound of the gradient.
    pub fn step_bound(&self) -> f32 {
        self.grad_clip * self.learning_rate
    }

    /// The bounds of the last line of a row: biases have none.
    fn last_line_bounds(&self) -> [f32; LINE] {
        let mut bounds = [self.step_bound(); LINE];
        bounds[LINE - 2..].fill(f32::MAX);
        bounds
    }

    /// Take the step `g`, which is clipped already, at one parameter with its accumulator. Exact, for
    /// use outside the loop over records.
    pub fn step(&self, x: &mut f32, sum: &mut f32, g: f32) {
        match self.optimizer {
            // SAFETY: single floats need no special instructions, and no pointer is involved.
            Optimizer::AdaGrad => (*x, *sum) = unsafe { adagrad(*x, *sum, g) },
            Optimizer::Sgd => *x -= g,
        }
    }
}

/// The AdaGrad rule: x − g/√G and G + g².
///
/// # Safety
/// The contract of [`super::vector`].
#[inline(always)]
unsafe fn adagrad<T: Number>(x: T, sum: T, g: T) -> (T, T) {
    // SAFETY: the caller keeps the contract.
    unsafe { (g.subtract_scaled_from(sum, x), g.mul_add(g, sum)) }
}

/// The weights f(X) = min(1, (X/x_max)^α) of sixteen records, computed from ln X as
/// exp(min(0, α(ln X − ln x_max))).
///
/// This is plain arithmetic: the compiler vectorises it to the width of the function that it is
/// inlined into. The polynomial is that of Cephes' expf, with a relative error below 2e-7.
#[inline(always)]
pub(super) fn weights(ln_x: &[f32; LINE], rule: &StepRule) -> [f32; LINE] {
    // Adding 1.5·2²³ rounds to an integer, which is then in the low bits; subtracting it restores
    // the number.
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

/// The arguments of one call of the kernel.
pub(super) struct KernelCall<'a> {
    pub(super) records: &'a [Record],
    /// The first rows that `i` and `j` of a record count from.
    pub(super) sides: [*mut f32; 2],
    /// Lines of parameters in a row; as many of accumulators follow them.
    pub(super) lines: usize,
    pub(super) rule: &'a StepRule,
    /// [`StepRule::last_line_rates`], in the order of `sides`.
    pub(super) last_line_rates: [[f32; LINE]; 2],
}

/// Update the rows of all records, in order. The common dims have loops of their own, which the
/// compiler unrolls.
///
/// # Safety
/// The contract of [`super::vector`]; and for every record, row `i` of the first side and row `j` of
/// the second lie inside allocations of floats that no reference points into.
#[inline(always)]
pub(super) unsafe fn update_all<V: Vector>(call: &KernelCall) -> Cost {
    // SAFETY: the caller keeps the contract.
    unsafe {
        match call.rule.optimizer {
            Optimizer::AdaGrad => match call.lines {
                1 => update_lines::<V, 1, true>(call),
                2 => update_lines::<V, 2, true>(call),
                4 => update_lines::<V, 4, true>(call), // dim 47 to 62
                7 => update_lines::<V, 7, true>(call), // dim 95 to 110
                13 => update_lines::<V, 13, true>(call),
                19 => update_lines::<V, 19, true>(call), // dim 287 to 302
                _ => update_lines::<V, 0, true>(call),
            },
            Optimizer::Sgd => match call.lines {
                4 => update_lines::<V, 4, false>(call),
                7 => update_lines::<V, 7, false>(call),
                _ => update_lines::<V, 0, false>(call),
            },
        }
    }
}

/// Bytes of rows to prefetch ahead of their use: enough to hide the latency of the second-level cache,
/// and a small part of the first-level cache. Measured on Wikipedia (benches/EXPERIMENTS.md, "Prefetch distance").
const PREFETCH_BYTES: usize = 10 << 10;

/// Whether no two of the records share a word or a context word, so that updating them at once has
/// the result of updating them in order.
///
/// `||`, not `|`: the compiler vectorises `|`, and the vector units are the bottleneck here.
#[inline(always)]
fn are_apart(records: &[Record; TOGETHER]) -> bool {
    let [a, b, c, d] = records;
    let meet = |a: &Record, b: &Record| a.i == b.i || a.j == b.j;
    !(meet(a, b) || meet(a, c) || meet(a, d) || meet(b, c) || meet(b, d) || meet(c, d))
}

/// [`update_all`] for rows of `N` lines of parameters, or of `call.lines` if `N` is 0.
///
/// # Safety
/// As for [`update_all`].
#[inline(always)]
unsafe fn update_lines<V: Vector, const N: usize, const ADAGRAD: bool>(call: &KernelCall) -> Cost {
    let rule = call.rule;
    let lines = if N == 0 { call.lines } else { N };
    let updates = Updates::<V> {
        call,
        half: lines * LINE,
        bound: rule.step_bound(),
        last_line_bounds: rule.last_line_bounds(),
        _registers: PhantomData,
    };
    let mut tally = Tally::default();
    // A record needs one row of either side, and accumulators double each of them.
    let ahead = (PREFETCH_BYTES / (4 * updates.half * size_of::<f32>())).clamp(2, LINE);
    for (number, sixteen) in call.records.chunks(LINE).enumerate() {
        // Sixteen records have their number in the type, so that they are taken apart in registers.
        let ln_x = match sixteen.first_chunk::<LINE>() {
            Some(all) => all.map(|record| record.ln_x),
            None => std::array::from_fn(|k| sixteen.get(k).map_or(0.0, |record| record.ln_x)),
        };
        let f = rule
            .negative_weight
            .map_or_else(|| weights(&ln_x, rule), |weight| [weight; LINE]);
        for (k, records) in sixteen.chunks(TOGETHER).enumerate() {
            let k = k * TOGETHER;
            let next = number * LINE + k + ahead;
            let f = &f[k..];
            // SAFETY: the caller keeps the contract.
            unsafe {
                match (records.first_chunk(), f.first_chunk()) {
                    (Some(records), Some(f)) if are_apart(records) => {
                        updates.update::<TOGETHER, ADAGRAD>(records, f, next, &mut tally);
                    }
                    _ => {
                        for (k, (record, f)) in records.iter().zip(f).enumerate() {
                            updates.update::<1, ADAGRAD>(&[*record], &[*f], next + k, &mut tally);
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

/// The cost of the records so far.
#[derive(Default)]
struct Tally {
    // One sum for each position among the records updated at once, so that the additions are those
    // of one vector.
    sums: [f64; TOGETHER],
    skipped: u64,
}

/// What the updates of one call have in common.
struct Updates<'a, V> {
    call: &'a KernelCall<'a>,
    // Floats in half a row.
    half: usize,
    bound: f32,
    last_line_bounds: [f32; LINE],
    _registers: PhantomData<V>,
}

impl<V: Vector> Updates<'_, V> {
    /// The rows of a record.
    ///
    /// # Safety
    /// As for [`update_all`].
    #[inline(always)]
    unsafe fn rows(&self, record: Record) -> [*mut f32; 2] {
        let [first, second] = self.call.sides;
        // SAFETY: the caller keeps the contract.
        unsafe {
            [
                first.add(record.i as usize * 2 * self.half),
                second.add(record.j as usize * 2 * self.half),
            ]
        }
    }

    /// Fetch both rows of a record into the first-level cache.
    ///
    /// # Safety
    /// As for [`update_all`].
    #[inline(always)]
    unsafe fn prefetch(&self, record: Record) {
        // SAFETY: the caller keeps the contract: whole rows lie inside the allocations.
        unsafe {
            let [w, c] = self.rows(record);
            for at in (0..2 * self.half).step_by(LINE) {
                V::prefetch(w.add(at));
                V::prefetch(c.add(at));
            }
        }
    }

    /// Update the rows of `K` records that share no row and have the weights `f`, and prefetch the
    /// rows of `K` records from number `next` on.
    ///
    /// # Safety
    /// As for [`update_all`].
    #[inline(always)]
    unsafe fn update<const K: usize, const ADAGRAD: bool>(
        &self,
        records: &[Record; K],
        f: &[f32; K],
        next: usize,
        tally: &mut Tally,
    ) {
        let rule = self.call.rule;
        let (half, body) = (self.half, self.half - LINE);
        // SAFETY: the caller keeps the contract. In every row `half` floats of accumulators follow
        // `half` floats of parameters, and `at` stays below `half`.
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
                if let Some(record) = self.call.records.get(next + k) {
                    self.prefetch(*record);
                }
                if !terms[k].is_finite() {
                    tally.skipped += 1;
                    counted[k] = 0.0;
                    continue;
                }
                if rule.negative_weight.is_some() && diffs[k] < 0.0 {
                    counted[k] = 0.0;
                    continue;
                }
                let step = V::splat(steps[k]);
                let mut at = 0;
                while at < body {
                    update_registers::<V, ADAGRAD>(w.add(at), c.add(at), half, step, step, bound);
                    at += V::LANES;
                }
                let fdiff = V::splat(fdiffs[k]);
                let [rates_w, rates_c] = &self.call.last_line_rates;
                while at < half {
                    let step_w = fdiff.mul(V::load(rates_w.as_ptr().add(at - body)));
                    let step_c = fdiff.mul(V::load(rates_c.as_ptr().add(at - body)));
                    let bound = V::load(self.last_line_bounds.as_ptr().add(at - body));
                    update_registers::<V, ADAGRAD>(
                        w.add(at),
                        c.add(at),
                        half,
                        step_w,
                        step_c,
                        bound,
                    );
                    at += V::LANES;
                }
            }
            for (sum, term) in tally.sums.iter_mut().zip(counted) {
                *sum += f64::from(term);
            }
        }
    }
}

/// Update one register of the row at `w` and one of the row at `c`; their accumulators are `half` floats
/// further on.
///
/// # Safety
/// As for [`update_all`].
#[inline(always)]
unsafe fn update_registers<V: Vector, const ADAGRAD: bool>(
    w: *mut f32,
    c: *mut f32,
    half: usize,
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
            let (sum_w, sum_c) = (V::load(w.add(half)), V::load(c.add(half)));
            let (new_w, new_sum_w) = adagrad(old_w, sum_w, g_w);
            let (new_c, new_sum_c) = adagrad(old_c, sum_c, g_c);
            new_w.store(w);
            new_c.store(c);
            new_sum_w.store(w.add(half));
            new_sum_c.store(c.add(half));
        } else {
            let one = V::splat(1.0);
            g_w.neg_mul_add(one, old_w).store(w);
            g_c.neg_mul_add(one, old_c).store(c);
        }
    }
}
