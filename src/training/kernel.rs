//! The training kernel: dot product and update of one record, fused, once per instruction set.
//!
//! The only unsafe code of the crate. Rows of W and W̃ are reached by raw pointers, because Hogwild
//! threads update shared rows without locks (Niu et al. 2011); no `&mut` to a shared row exists.

use super::parameters::{LINE, Line};
use crate::error::{Error, Result};
use std::marker::PhantomData;
use std::sync::OnceLock;

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
    fn last_rates(&self) -> [[f32; LINE]; 2] {
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
fn weights(ln_x: &[f32; LINE], rule: &StepRule) -> [f32; LINE] {
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
            SimdLevel::Neon => unsafe { arm::neon(&job) },
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

/// Records, rows and rule of one call.
struct Job<'a> {
    records: &'a [Record],
    // Where the rows that `i` and `j` count from begin.
    sides: [*mut f32; 2],
    lines: usize,
    rule: &'a StepRule,
    // Of either side, for its last line.
    last_rates: [[f32; LINE]; 2],
}

/// A vector register of floats. `LANES` divides `LINE`.
trait Vector: Copy {
    const LANES: usize;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn splat(x: f32) -> Self;
    unsafe fn mul(self, by: Self) -> Self;
    /// self·b + c
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    /// c − self·b
    unsafe fn neg_mul_add(self, b: Self, c: Self) -> Self;
    /// `self` limited to ±bound.
    unsafe fn clip(self, bound: Self) -> Self;
    /// 1/√self, to a relative error of 1e-4 or better.
    unsafe fn rsqrt(self) -> Self;
    unsafe fn sum(self) -> f32;
    /// The sum of each.
    #[inline(always)]
    unsafe fn sums(vectors: [Self; TOGETHER]) -> [f32; TOGETHER] {
        // SAFETY: handed on.
        vectors.map(|vector| unsafe { vector.sum() })
    }
    /// Bring the cache line at `at` near.
    unsafe fn prefetch(at: *const f32);
}

/// Choose the loop for the number of lines: common dims have theirs unrolled.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn dispatch<V: Vector>(job: &Job) -> Cost {
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
const TOGETHER: usize = 4;

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

/// Eight floats in plain Rust.
mod portable {
    use super::Vector;

    #[derive(Clone, Copy)]
    pub(super) struct Eight([f32; 8]);

    impl Eight {
        #[inline(always)]
        fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
            Self(std::array::from_fn(|k| f(self.0[k], other.0[k])))
        }
    }

    impl Vector for Eight {
        const LANES: usize = 8;
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: the caller's contract: eight floats lie there. Any alignment.
            Self(unsafe { from.cast::<[f32; 8]>().read_unaligned() })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: as above.
            unsafe { to.cast::<[f32; 8]>().write_unaligned(self.0) };
        }
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            Self([x; 8])
        }
        #[inline(always)]
        unsafe fn mul(self, by: Self) -> Self {
            self.zip(by, |a, b| a * b)
        }
        #[inline(always)]
        unsafe fn mul_add(self, b: Self, c: Self) -> Self {
            // Not `f32::mul_add`: without an instruction for it that is a library call.
            self.zip(b, |a, b| a * b).zip(c, |ab, c| ab + c)
        }
        #[inline(always)]
        unsafe fn neg_mul_add(self, b: Self, c: Self) -> Self {
            self.zip(b, |a, b| a * b).zip(c, |ab, c| c - ab)
        }
        #[inline(always)]
        unsafe fn clip(self, bound: Self) -> Self {
            self.zip(bound, |x, b| {
                let x = if x > b { b } else { x };
                if x < -b { -b } else { x }
            })
        }
        #[inline(always)]
        unsafe fn rsqrt(self) -> Self {
            Self(self.0.map(|x| 1.0 / x.sqrt()))
        }
        #[inline(always)]
        unsafe fn sum(self) -> f32 {
            let [a, b, c, d, e, f, g, h] = self.0;
            ((a + e) + (c + g)) + ((b + f) + (d + h))
        }
        #[inline(always)]
        unsafe fn prefetch(_: *const f32) {}
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Cost, Job, TOGETHER, Vector, dispatch};
    #[allow(clippy::wildcard_imports)]
    use std::arch::x86_64::*;

    #[derive(Clone, Copy)]
    struct Sixteen(__m512);

    // SAFETY of every block in the two implementations below: called only from `avx512` and `avx2`,
    // into which they are inlined and which are compiled for their instructions; pointers are the
    // caller's contract.
    #[allow(clippy::undocumented_unsafe_blocks)]
    impl Vector for Sixteen {
        const LANES: usize = 16;
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(unsafe { _mm512_loadu_ps(from) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { _mm512_storeu_ps(to, self.0) };
        }
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            Self(unsafe { _mm512_set1_ps(x) })
        }
        #[inline(always)]
        unsafe fn mul(self, by: Self) -> Self {
            Self(unsafe { _mm512_mul_ps(self.0, by.0) })
        }
        #[inline(always)]
        unsafe fn mul_add(self, b: Self, c: Self) -> Self {
            Self(unsafe { _mm512_fmadd_ps(self.0, b.0, c.0) })
        }
        #[inline(always)]
        unsafe fn neg_mul_add(self, b: Self, c: Self) -> Self {
            Self(unsafe { _mm512_fnmadd_ps(self.0, b.0, c.0) })
        }
        #[inline(always)]
        unsafe fn clip(self, bound: Self) -> Self {
            // The smaller magnitude, with the sign of the first operand.
            Self(unsafe { _mm512_range_ps::<0b0010>(self.0, bound.0) })
        }
        #[inline(always)]
        unsafe fn rsqrt(self) -> Self {
            Self(unsafe { _mm512_rsqrt14_ps(self.0) })
        }
        #[inline(always)]
        unsafe fn sum(self) -> f32 {
            unsafe { _mm512_reduce_add_ps(self.0) }
        }
        #[inline(always)]
        unsafe fn sums([a, b, c, d]: [Self; TOGETHER]) -> [f32; TOGETHER] {
            // Halves of lanes added pairwise, twice: each 128 bits then hold one part of every sum.
            unsafe {
                let [ab, cd] = [(a.0, b.0), (c.0, d.0)].map(|(a, b)| {
                    _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b))
                });
                let [ab, cd] = [ab, cd].map(|x| _mm512_castps_pd(x));
                let parts = _mm512_add_ps(
                    _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
                    _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)),
                );
                let parts = _mm256_add_ps(
                    _mm512_castps512_ps256(parts),
                    _mm512_extractf32x8_ps::<1>(parts),
                );
                four(parts)
            }
        }
        #[inline(always)]
        unsafe fn prefetch(at: *const f32) {
            unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
        }
    }

    /// The sums of both halves.
    #[inline(always)]
    #[allow(clippy::undocumented_unsafe_blocks)] // see above
    unsafe fn four(parts: __m256) -> [f32; TOGETHER] {
        unsafe {
            let sums = _mm_add_ps(
                _mm256_castps256_ps128(parts),
                _mm256_extractf128_ps::<1>(parts),
            );
            let mut all = [0.0; TOGETHER];
            _mm_storeu_ps(all.as_mut_ptr(), sums);
            all
        }
    }

    #[derive(Clone, Copy)]
    struct Eight(__m256);

    #[allow(clippy::undocumented_unsafe_blocks)] // see above
    impl Vector for Eight {
        const LANES: usize = 8;
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(unsafe { _mm256_loadu_ps(from) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { _mm256_storeu_ps(to, self.0) };
        }
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            Self(unsafe { _mm256_set1_ps(x) })
        }
        #[inline(always)]
        unsafe fn mul(self, by: Self) -> Self {
            Self(unsafe { _mm256_mul_ps(self.0, by.0) })
        }
        #[inline(always)]
        unsafe fn mul_add(self, b: Self, c: Self) -> Self {
            Self(unsafe { _mm256_fmadd_ps(self.0, b.0, c.0) })
        }
        #[inline(always)]
        unsafe fn neg_mul_add(self, b: Self, c: Self) -> Self {
            Self(unsafe { _mm256_fnmadd_ps(self.0, b.0, c.0) })
        }
        #[inline(always)]
        unsafe fn clip(self, bound: Self) -> Self {
            unsafe {
                let negative = _mm256_xor_ps(bound.0, _mm256_set1_ps(-0.0));
                Self(_mm256_max_ps(_mm256_min_ps(self.0, bound.0), negative))
            }
        }
        #[inline(always)]
        unsafe fn rsqrt(self) -> Self {
            // 12 bits, and one Newton step: y(1.5 − ½xy²). An infinite x would give ∞·0 there:
            // limited to the largest float, whose rsqrt is as good as zero.
            unsafe {
                let x = _mm256_min_ps(self.0, _mm256_set1_ps(f32::MAX));
                let y = _mm256_rsqrt_ps(x);
                let half_xy = _mm256_mul_ps(_mm256_mul_ps(_mm256_set1_ps(0.5), x), y);
                let correction = _mm256_fnmadd_ps(half_xy, y, _mm256_set1_ps(1.5));
                Self(_mm256_mul_ps(y, correction))
            }
        }
        #[inline(always)]
        unsafe fn sum(self) -> f32 {
            unsafe {
                let four = _mm_add_ps(
                    _mm256_castps256_ps128(self.0),
                    _mm256_extractf128_ps::<1>(self.0),
                );
                let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
                let one = _mm_add_ss(two, _mm_shuffle_ps::<1>(two, two));
                _mm_cvtss_f32(one)
            }
        }
        #[inline(always)]
        unsafe fn sums([a, b, c, d]: [Self; TOGETHER]) -> [f32; TOGETHER] {
            unsafe {
                let (ab, cd) = (_mm256_hadd_ps(a.0, b.0), _mm256_hadd_ps(c.0, d.0));
                four(_mm256_hadd_ps(ab, cd))
            }
        }
        #[inline(always)]
        unsafe fn prefetch(at: *const f32) {
            unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
        }
    }

    /// # Safety
    /// The machine has AVX-512 F, DQ and VL and FMA; rows as for [`super::run`].
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
    pub(super) unsafe fn avx512(job: &Job) -> Cost {
        // SAFETY: the caller's contract.
        unsafe { dispatch::<Sixteen>(job) }
    }

    /// # Safety
    /// The machine has AVX2 and FMA; rows as for [`super::run`].
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn avx2(job: &Job) -> Cost {
        // SAFETY: the caller's contract.
        unsafe { dispatch::<Eight>(job) }
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::{Cost, Job, TOGETHER, Vector, dispatch};
    #[allow(clippy::wildcard_imports)]
    use std::arch::aarch64::*;

    #[derive(Clone, Copy)]
    struct Four(float32x4_t);

    // SAFETY of every block: every aarch64 this compiles for has NEON (so that some of these
    // intrinsics are safe there, and some are not); pointers are the caller's contract.
    #[allow(clippy::undocumented_unsafe_blocks, unused_unsafe)]
    impl Vector for Four {
        const LANES: usize = 4;
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(unsafe { vld1q_f32(from) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { vst1q_f32(to, self.0) };
        }
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            Self(unsafe { vdupq_n_f32(x) })
        }
        #[inline(always)]
        unsafe fn mul(self, by: Self) -> Self {
            Self(unsafe { vmulq_f32(self.0, by.0) })
        }
        #[inline(always)]
        unsafe fn mul_add(self, b: Self, c: Self) -> Self {
            Self(unsafe { vfmaq_f32(c.0, self.0, b.0) })
        }
        #[inline(always)]
        unsafe fn neg_mul_add(self, b: Self, c: Self) -> Self {
            Self(unsafe { vfmsq_f32(c.0, self.0, b.0) })
        }
        #[inline(always)]
        unsafe fn clip(self, bound: Self) -> Self {
            Self(unsafe { vmaxq_f32(vminq_f32(self.0, bound.0), vnegq_f32(bound.0)) })
        }
        #[inline(always)]
        unsafe fn rsqrt(self) -> Self {
            // 8 bits, and two Newton steps by the instruction made for them, which takes ∞·0 for 0.
            unsafe {
                let y = vrsqrteq_f32(self.0);
                let y = vmulq_f32(y, vrsqrtsq_f32(self.0, vmulq_f32(y, y)));
                Self(vmulq_f32(y, vrsqrtsq_f32(self.0, vmulq_f32(y, y))))
            }
        }
        #[inline(always)]
        unsafe fn sum(self) -> f32 {
            unsafe { vaddvq_f32(self.0) }
        }
        #[inline(always)]
        unsafe fn sums([a, b, c, d]: [Self; TOGETHER]) -> [f32; TOGETHER] {
            unsafe {
                let sums = vpaddq_f32(vpaddq_f32(a.0, b.0), vpaddq_f32(c.0, d.0));
                let mut all = [0.0; TOGETHER];
                vst1q_f32(all.as_mut_ptr(), sums);
                all
            }
        }
        #[inline(always)]
        unsafe fn prefetch(_: *const f32) {} // no stable intrinsic
    }

    /// # Safety
    /// Rows as for [`super::run`].
    pub(super) unsafe fn neon(job: &Job) -> Cost {
        // SAFETY: the caller's contract.
        unsafe { dispatch::<Four>(job) }
    }
}

/// Which instructions the kernel uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimdLevel {
    /// Plain Rust.
    Portable,
    /// AVX2 and FMA, 8 lanes.
    Avx2,
    /// AVX-512 F, DQ and VL, 16 lanes.
    Avx512,
    /// NEON, 4 lanes.
    Neon,
}

impl SimdLevel {
    const ALL: [Self; 4] = [Self::Avx512, Self::Avx2, Self::Neon, Self::Portable];

    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
    }

    fn is_usable(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_usable()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => true,
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// Levels that this machine has, the fastest first.
    pub fn usable() -> Vec<Self> {
        Self::ALL.into_iter().filter(|l| l.is_usable()).collect()
    }

    /// The level of that name.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is none or this machine cannot run it.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::usable()
            .into_iter()
            .find(|level| level.name() == name)
            .ok_or_else(|| {
                let usable: Vec<_> = Self::usable().iter().map(|l| l.name()).collect();
                Error::parameter(
                    "GLOVE_RS_SIMD",
                    format!("must be one of {usable:?} on this machine, got {name:?}"),
                )
            })
    }

    /// The level in use: the fastest, or the one that the environment variable `GLOVE_RS_SIMD`
    /// names. Decided once per process.
    ///
    /// # Errors
    /// As for [`SimdLevel::from_name`].
    pub fn active() -> Result<Self> {
        static ACTIVE: OnceLock<std::result::Result<SimdLevel, String>> = OnceLock::new();
        let active = ACTIVE.get_or_init(|| match std::env::var("GLOVE_RS_SIMD") {
            Ok(name) => Self::from_name(&name).map_err(|_| name),
            Err(_) => Ok(Self::usable()[0]),
        });
        match active {
            Ok(level) => Ok(*level),
            Err(name) => Self::from_name(name),
        }
    }
}

#[cfg(test)]
mod tests {
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
