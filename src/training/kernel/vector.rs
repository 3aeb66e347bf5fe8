//! What the kernel asks of an instruction set.

use super::step::TOGETHER;

/// A vector register of floats. `LANES` divides `LINE`.
pub(super) trait Vector: Copy {
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
