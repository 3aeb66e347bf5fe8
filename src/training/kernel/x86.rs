//! Registers of AVX-512 and of AVX2.
//!
//! SAFETY of every `unsafe` block that has no SAFETY comment: the caller keeps the contract of
//! [`super::vector`]. All functions are inlined into [`avx512`] or [`avx2`], which are compiled for these
//! instruction sets.

use super::call::KernelCall;
use super::cost::Cost;
use super::records::update_all;
use super::vector::{LastRegister, Number, Quad, RECORDS_AT_ONCE, Register, Vector};
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;

#[derive(Clone, Copy)]
struct Sixteen(__m512);

#[allow(clippy::undocumented_unsafe_blocks)] // see the top of this file
impl Number for Sixteen {
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    unsafe fn subtract_scaled_from(self, sum: Self, c: Self) -> Self {
        unsafe { self.neg_mul_add(sum.rsqrt(), c) }
    }
}

#[allow(clippy::undocumented_unsafe_blocks)] // see the top of this file
impl Sixteen {
    /// 1/√self, to a relative error of 1e-4 or better.
    #[inline(always)]
    unsafe fn rsqrt(self) -> Self {
        Self(unsafe { _mm512_rsqrt14_ps(self.0) })
    }
}

#[allow(clippy::undocumented_unsafe_blocks)] // see the top of this file
unsafe impl Register for Sixteen {
    const LANES: usize = 16;
    type Quad = Four;
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
    unsafe fn neg_mul_add(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm512_fnmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    unsafe fn clip(self, bound: Self) -> Self {
        // Mode 0b0010: the smaller magnitude, with the sign of the first operand.
        Self(unsafe { _mm512_range_ps::<0b0010>(self.0, bound.0) })
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn tail(x: Four) -> Self {
        Self(unsafe { _mm512_insertf32x4::<3>(_mm512_setzero_ps(), x.0) })
    }
    #[inline(always)]
    unsafe fn without_tail(self) -> Self {
        Self(unsafe { _mm512_maskz_mov_ps(0x0fff, self.0) })
    }
}

#[allow(clippy::undocumented_unsafe_blocks)] // see the top of this file
unsafe impl Vector for Sixteen {
    type Half = Eight<true>;
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe { _mm512_reduce_add_ps(self.0) }
    }
    #[inline(always)]
    unsafe fn sums([a, b, c, d]: [Self; RECORDS_AT_ONCE]) -> Four {
        // Interleave and add, twice: then each 128-bit part has four numbers, a partial sum of each of a, b, c and d.
        unsafe {
            let [ab, cd] = [(a.0, b.0), (c.0, d.0)]
                .map(|(a, b)| _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b)));
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

#[allow(clippy::undocumented_unsafe_blocks)] // see the top of this file
impl LastRegister<Sixteen> for Eight<true> {
    #[inline(always)]
    unsafe fn into_whole(self) -> Sixteen {
        Sixteen(unsafe { _mm512_zextps256_ps512(self.0) })
    }
}

/// Add the upper four floats of `parts` to the lower four.
#[inline(always)]
#[allow(clippy::undocumented_unsafe_blocks)] // see the top of this file
unsafe fn four(parts: __m256) -> Four {
    unsafe {
        Four(_mm_add_ps(
            _mm256_castps256_ps128(parts),
            _mm256_extractf128_ps::<1>(parts),
        ))
    }
}

#[derive(Clone, Copy)]
struct Four(__m128);

#[allow(clippy::undocumented_unsafe_blocks)] // see the top of this file
impl Quad for Four {
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { _mm_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self(unsafe { _mm_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn to_array(self) -> [f32; RECORDS_AT_ONCE] {
        let mut all = [0.0; RECORDS_AT_ONCE];
        unsafe { _mm_storeu_ps(all.as_mut_ptr(), self.0) };
        all
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { _mm_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, by: Self) -> Self {
        Self(unsafe { _mm_mul_ps(self.0, by.0) })
    }
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm_fmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Self(unsafe { _mm_max_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn clip(self, bound: Self) -> Self {
        unsafe {
            let negative = _mm_xor_ps(bound.0, _mm_set1_ps(-0.0));
            Self(_mm_max_ps(_mm_min_ps(self.0, bound.0), negative))
        }
    }
    #[inline(always)]
    unsafe fn rsqrt(self) -> Self {
        // As in `Eight::rsqrt`.
        unsafe {
            let x = _mm_min_ps(self.0, _mm_set1_ps(f32::MAX));
            let y = _mm_rsqrt_ps(x);
            let half_xy = _mm_mul_ps(_mm_mul_ps(_mm_set1_ps(0.5), x), y);
            let correction = _mm_fnmadd_ps(half_xy, y, _mm_set1_ps(1.5));
            Self(_mm_mul_ps(y, correction))
        }
    }
    #[inline(always)]
    unsafe fn transpose([a, b, c, d]: [Self; RECORDS_AT_ONCE]) -> [Self; RECORDS_AT_ONCE] {
        let (mut a, mut b, mut c, mut d) = (a.0, b.0, c.0, d.0);
        unsafe { _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d) };
        [Self(a), Self(b), Self(c), Self(d)]
    }
}

/// Eight floats, for which instructions of AVX-512 are used if `AVX512`.
#[derive(Clone, Copy)]
struct Eight<const AVX512: bool>(__m256);

#[allow(clippy::undocumented_unsafe_blocks)] // see the top of this file
impl<const AVX512: bool> Number for Eight<AVX512> {
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm256_fmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    unsafe fn subtract_scaled_from(self, sum: Self, c: Self) -> Self {
        unsafe { self.neg_mul_add(sum.rsqrt(), c) }
    }
}

#[allow(clippy::undocumented_unsafe_blocks)] // see the top of this file
impl<const AVX512: bool> Eight<AVX512> {
    /// 1/√self, to a relative error of 1e-4 or better.
    #[inline(always)]
    unsafe fn rsqrt(self) -> Self {
        if AVX512 {
            return Self(unsafe { _mm256_rsqrt14_ps(self.0) });
        }
        // `rsqrt` is exact to about 12 bits. One Newton step follows: y(1.5 − ½xy²). If x were infinite, this step
        // would multiply ∞ by 0. So x is limited to the largest float, whose reciprocal root is practically zero.
        unsafe {
            let x = _mm256_min_ps(self.0, _mm256_set1_ps(f32::MAX));
            let y = _mm256_rsqrt_ps(x);
            let half_xy = _mm256_mul_ps(_mm256_mul_ps(_mm256_set1_ps(0.5), x), y);
            let correction = _mm256_fnmadd_ps(half_xy, y, _mm256_set1_ps(1.5));
            Self(_mm256_mul_ps(y, correction))
        }
    }
}

#[allow(clippy::undocumented_unsafe_blocks)] // see the top of this file
unsafe impl<const AVX512: bool> Register for Eight<AVX512> {
    const LANES: usize = 8;
    type Quad = Four;
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
    unsafe fn neg_mul_add(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm256_fnmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    unsafe fn clip(self, bound: Self) -> Self {
        if AVX512 {
            // As in `Sixteen::clip`.
            return Self(unsafe { _mm256_range_ps::<0b0010>(self.0, bound.0) });
        }
        unsafe {
            let negative = _mm256_xor_ps(bound.0, _mm256_set1_ps(-0.0));
            Self(_mm256_max_ps(_mm256_min_ps(self.0, bound.0), negative))
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { _mm256_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn tail(x: Four) -> Self {
        Self(unsafe { _mm256_insertf128_ps::<1>(_mm256_setzero_ps(), x.0) })
    }
    #[inline(always)]
    unsafe fn without_tail(self) -> Self {
        Self(unsafe { _mm256_blend_ps::<0xf0>(self.0, _mm256_setzero_ps()) })
    }
}

#[allow(clippy::undocumented_unsafe_blocks)] // see the top of this file
unsafe impl Vector for Eight<false> {
    type Half = Self;
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
    unsafe fn sums([a, b, c, d]: [Self; RECORDS_AT_ONCE]) -> Four {
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
/// The machine has AVX-512 F, DQ and VL, AVX2 and FMA; the rows are those that [`update_all`] requires.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
pub(super) unsafe fn avx512<const FROZEN: usize>(call: &KernelCall) -> Cost {
    // SAFETY: the caller keeps the contract.
    unsafe { update_all::<Sixteen, FROZEN>(call) }
}

/// # Safety
/// The machine has AVX2 and FMA; the rows are those that [`update_all`] requires.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn avx2<const FROZEN: usize>(call: &KernelCall) -> Cost {
    // SAFETY: the caller keeps the contract.
    unsafe { update_all::<Eight<false>, FROZEN>(call) }
}
