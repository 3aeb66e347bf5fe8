//! The operations that the kernel needs from an instruction set.
//!
//! # The contract of every `unsafe` function here
//!
//! 1. The machine has the instructions of the implementing type. `SharedRows::update`, the one dispatch
//!    point, checks this before it enters a loop, and every function is inlined into a loop that was
//!    compiled for these instructions.
//! 2. A pointer points to [`Register::LANES`] floats that may be read, or written for
//!    [`Register::store`]. No alignment is required. [`Vector::prefetch`] accepts any address.
//!
//! The implementations rely on this contract and do not repeat it.

/// Number of records that are updated at once. Either no two of them share a row, or they are a mini-batch of
/// row-wise AdaGrad: records of one word and of different context words. For four records at once, the sums over
/// lanes take 13 instructions instead of 32, and the scalar arithmetic takes a quarter of its instructions
/// (benches/EXPERIMENTS.md, "Four records at once").
pub(in crate::training) const RECORDS_AT_ONCE: usize = 4;

/// The arithmetic of the AdaGrad rule, for one float or for a register of floats.
pub(super) trait Number: Copy {
    /// self·b + c
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;

    /// c − self/√sum; a register may approximate the root to a relative error of 1e-4.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn subtract_scaled_from(self, sum: Self, c: Self) -> Self;
}

/// Four floats, one for each of the records that are updated at once.
pub(super) trait Quad: Copy {
    /// # Safety
    /// The contract of this module, for four floats.
    unsafe fn load(from: *const f32) -> Self;

    /// `x` four times.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn splat(x: f32) -> Self;

    /// # Safety
    /// The contract of this module.
    unsafe fn to_array(self) -> [f32; RECORDS_AT_ONCE];

    /// # Safety
    /// The contract of this module.
    unsafe fn add(self, other: Self) -> Self;

    /// # Safety
    /// The contract of this module.
    unsafe fn mul(self, by: Self) -> Self;

    /// self·b + c
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;

    /// In each lane, the larger of the two numbers.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn max(self, other: Self) -> Self;

    /// `self` limited to ±bound.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn clip(self, bound: Self) -> Self;

    /// 1/√self to a relative error of 1e-4. For infinity, the result is 0 or nearly 0.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn rsqrt(self) -> Self;

    /// The columns of the 4 × 4 matrix with these rows.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn transpose(rows: [Self; RECORDS_AT_ONCE]) -> [Self; RECORDS_AT_ONCE];
}

/// Floats that are loaded, stored and computed with together.
///
/// # Safety
/// `LANES` divides [`LINE`](crate::training::line::LINE), and `load` and `store` access exactly
/// `LANES` floats from the pointer on.
pub(super) unsafe trait Register: Number {
    /// Floats in a register.
    const LANES: usize;

    /// The type of four floats for the same instruction set.
    type Quad: Quad;

    /// # Safety
    /// The contract of this module.
    unsafe fn load(from: *const f32) -> Self;

    /// # Safety
    /// The contract of this module.
    unsafe fn store(self, to: *mut f32);

    /// `x` in every lane.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn splat(x: f32) -> Self;

    /// # Safety
    /// The contract of this module.
    unsafe fn mul(self, by: Self) -> Self;

    /// # Safety
    /// The contract of this module.
    unsafe fn add(self, other: Self) -> Self;

    /// `x` in the last four lanes, and 0 in the lanes before them.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn tail(x: Self::Quad) -> Self;

    /// `self` with 0 in the last four lanes.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn without_tail(self) -> Self;

    /// c − self·b
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn neg_mul_add(self, b: Self, c: Self) -> Self;

    /// `self` limited to ±bound.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn clip(self, bound: Self) -> Self;
}

/// A register that fits the last numbers of a row, which fill a line or half a line: `V`, or half of a `V`.
pub(super) trait LastRegister<V>: Register {
    /// These floats in the first lanes of a `V`, and 0 in its other lanes.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn into_whole(self) -> V;
}

impl<V: Register> LastRegister<V> for V {
    #[inline(always)]
    unsafe fn into_whole(self) -> V {
        self
    }
}

/// A register of the widest kind that an instruction set has. The kernel is written once for any implementation.
///
/// # Safety
/// The `LANES` of `Half` divide [`HALF_LINE`](crate::training::line::HALF_LINE).
pub(super) unsafe trait Vector: Register {
    /// The register for the last numbers of a row if they fill half a line: this type, unless it has the lanes of a whole
    /// line.
    type Half: LastRegister<Self, Quad = Self::Quad>;

    /// The sum of the lanes.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn sum(self) -> f32;

    /// The sum of the lanes of each register.
    ///
    /// # Safety
    /// The contract of this module.
    #[inline(always)]
    unsafe fn sums(vectors: [Self; RECORDS_AT_ONCE]) -> Self::Quad {
        let mut sums = [0.0; RECORDS_AT_ONCE];
        // SAFETY: the caller keeps the contract, and `sums` has four floats.
        unsafe {
            for (sum, vector) in sums.iter_mut().zip(vectors) {
                *sum = vector.sum();
            }
            Self::Quad::load(sums.as_ptr())
        }
    }

    /// Fetch the cache line at `at` into the first-level cache. May do nothing.
    ///
    /// # Safety
    /// The contract of this module.
    unsafe fn prefetch(at: *const f32);
}

/// The sum of the lanes of each register, followed by zeros if there are fewer than four registers.
///
/// # Safety
/// The contract of this module.
#[inline(always)]
pub(super) unsafe fn lane_sums<V: Vector, const K: usize>(vectors: [V; K]) -> V::Quad {
    // SAFETY: the caller keeps the contract, and `sums` has four floats.
    unsafe {
        if let Some(all) = vectors.first_chunk() {
            return V::sums(*all);
        }
        let mut sums = [0.0; RECORDS_AT_ONCE];
        for (sum, vector) in sums.iter_mut().zip(vectors) {
            *sum = vector.sum();
        }
        V::Quad::load(sums.as_ptr())
    }
}
