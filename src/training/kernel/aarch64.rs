//! Registers of NEON, which every aarch64 machine has.
//!
//! SAFETY of every `unsafe` block that has no SAFETY comment: the caller keeps the contract of
//! [`super::vector`]. On this target, which always has NEON, some of the intrinsics are safe functions. So the
//! compiler would report some `unsafe` blocks as unused without `allow(unused_unsafe)`.

use super::call::KernelCall;
use super::cost::Cost;
use super::records::update_all;
use super::vector::{Number, Quad, RECORDS_AT_ONCE, Register, Vector};
#[allow(clippy::wildcard_imports)]
use std::arch::aarch64::*;

#[derive(Clone, Copy)]
struct Four(float32x4_t);

#[allow(clippy::undocumented_unsafe_blocks, unused_unsafe)] // see the top of this file
impl Number for Four {
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        Self(unsafe { vfmaq_f32(c.0, self.0, b.0) })
    }
    #[inline(always)]
    unsafe fn subtract_scaled_from(self, sum: Self, c: Self) -> Self {
        unsafe { self.neg_mul_add(sum.rsqrt(), c) }
    }
}

#[allow(clippy::undocumented_unsafe_blocks, unused_unsafe)] // see the top of this file
impl Quad for Four {
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Register::load(from) }
    }
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        unsafe { Register::splat(x) }
    }
    #[inline(always)]
    unsafe fn to_array(self) -> [f32; RECORDS_AT_ONCE] {
        let mut all = [0.0; RECORDS_AT_ONCE];
        unsafe { vst1q_f32(all.as_mut_ptr(), self.0) };
        all
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { Register::add(self, other) }
    }
    #[inline(always)]
    unsafe fn mul(self, by: Self) -> Self {
        unsafe { Register::mul(self, by) }
    }
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        unsafe { Number::mul_add(self, b, c) }
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Self(unsafe { vmaxq_f32(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn clip(self, bound: Self) -> Self {
        unsafe { Register::clip(self, bound) }
    }
    #[inline(always)]
    unsafe fn transpose([a, b, c, d]: [Self; RECORDS_AT_ONCE]) -> [Self; RECORDS_AT_ONCE] {
        unsafe {
            let (even, odd) = (vtrnq_f32(a.0, b.0), vtrnq_f32(c.0, d.0));
            let low = |x, y| Self(vcombine_f32(vget_low_f32(x), vget_low_f32(y)));
            let high = |x, y| Self(vcombine_f32(vget_high_f32(x), vget_high_f32(y)));
            [
                low(even.0, odd.0),
                low(even.1, odd.1),
                high(even.0, odd.0),
                high(even.1, odd.1),
            ]
        }
    }
    #[inline(always)]
    unsafe fn rsqrt(self) -> Self {
        // `vrsqrte` is exact to 8 bits. Two Newton steps follow. If `self` is infinite, they multiply ∞ by 0; then
        // `vrsqrts`, the instruction for a Newton step, does not return NaN.
        unsafe {
            let y = vrsqrteq_f32(self.0);
            let y = vmulq_f32(y, vrsqrtsq_f32(self.0, vmulq_f32(y, y)));
            Self(vmulq_f32(y, vrsqrtsq_f32(self.0, vmulq_f32(y, y))))
        }
    }
}

#[allow(clippy::undocumented_unsafe_blocks, unused_unsafe)] // see the top of this file
unsafe impl Register for Four {
    const LANES: usize = 4;
    type Quad = Self;
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
    unsafe fn neg_mul_add(self, b: Self, c: Self) -> Self {
        Self(unsafe { vfmsq_f32(c.0, self.0, b.0) })
    }
    #[inline(always)]
    unsafe fn clip(self, bound: Self) -> Self {
        Self(unsafe { vmaxq_f32(vminq_f32(self.0, bound.0), vnegq_f32(bound.0)) })
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { vaddq_f32(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn tail(x: Self) -> Self {
        x
    }
    #[inline(always)]
    unsafe fn without_tail(self) -> Self {
        Self(unsafe { vdupq_n_f32(0.0) })
    }
}

#[allow(clippy::undocumented_unsafe_blocks, unused_unsafe)] // see the top of this file
unsafe impl Vector for Four {
    type Half = Self;
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe { vaddvq_f32(self.0) }
    }
    #[inline(always)]
    unsafe fn sums([a, b, c, d]: [Self; RECORDS_AT_ONCE]) -> Self {
        Self(unsafe { vpaddq_f32(vpaddq_f32(a.0, b.0), vpaddq_f32(c.0, d.0)) })
    }
    #[inline(always)]
    unsafe fn prefetch(_: *const f32) {} // no stable intrinsic
}

/// # Safety
/// The rows are those that [`update_all`] requires.
pub(super) unsafe fn neon<const FROZEN: usize>(call: &KernelCall) -> Cost {
    // SAFETY: the caller keeps the contract.
    unsafe { update_all::<Four, FROZEN>(call) }
}
