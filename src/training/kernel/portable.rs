//! Registers of eight floats in plain Rust, for machines without a faster instruction set.

use super::vector::{Number, Quad, RECORDS_AT_ONCE, Register, Vector};

#[derive(Clone, Copy)]
pub(super) struct Eight([f32; 8]);

impl Eight {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|k| f(self.0[k], other.0[k])))
    }
}

impl Number for Eight {
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        // Not `f32::mul_add`: on a machine without a fused multiply-add, `mul_add` calls a slow library function.
        self.zip(b, |a, b| a * b).zip(c, |ab, c| ab + c)
    }
    #[inline(always)]
    unsafe fn subtract_scaled_from(self, sum: Self, c: Self) -> Self {
        self.zip(sum, |g, sum| g * (1.0 / sum.sqrt()))
            .zip(c, |step, c| c - step)
    }
}

// SAFETY: `LANES` is 8, which divides the 16 floats of a line, and `load` and `store` access 8 floats.
unsafe impl Register for Eight {
    const LANES: usize = 8;
    type Quad = Four;
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: by the contract of the trait, `from` points to eight floats; `read_unaligned` needs no
        // alignment.
        Self(unsafe { from.cast::<[f32; 8]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as for `load`.
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
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn tail(Four([a, b, c, d]): Four) -> Self {
        Self([0.0, 0.0, 0.0, 0.0, a, b, c, d])
    }
    #[inline(always)]
    unsafe fn without_tail(self) -> Self {
        let [a, b, c, d, ..] = self.0;
        Self([a, b, c, d, 0.0, 0.0, 0.0, 0.0])
    }
}

// SAFETY: 8 divides the 8 floats of half a line.
unsafe impl Vector for Eight {
    type Half = Self;
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
    #[inline(always)]
    unsafe fn prefetch(_: *const f32) {}
}

#[derive(Clone, Copy)]
pub(super) struct Four([f32; RECORDS_AT_ONCE]);

impl Quad for Four {
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: by the contract of the trait, `from` points to four floats; `read_unaligned` needs no alignment.
        Self(unsafe { from.cast::<[f32; RECORDS_AT_ONCE]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self([x; RECORDS_AT_ONCE])
    }
    #[inline(always)]
    unsafe fn to_array(self) -> [f32; RECORDS_AT_ONCE] {
        self.0
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k] + other.0[k]))
    }
    #[inline(always)]
    unsafe fn mul(self, by: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k] * by.0[k]))
    }
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k] * b.0[k] + c.0[k]))
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k].max(other.0[k])))
    }
    #[inline(always)]
    unsafe fn clip(self, bound: Self) -> Self {
        Self(std::array::from_fn(|k| {
            self.0[k].min(bound.0[k]).max(-bound.0[k])
        }))
    }
    #[inline(always)]
    unsafe fn rsqrt(self) -> Self {
        Self(self.0.map(|x| 1.0 / x.sqrt()))
    }
    #[inline(always)]
    unsafe fn transpose(rows: [Self; RECORDS_AT_ONCE]) -> [Self; RECORDS_AT_ONCE] {
        std::array::from_fn(|column| Self(std::array::from_fn(|row| rows[row].0[column])))
    }
}

/// The arithmetic for single floats, which only code outside the loops over records uses. The root is exact.
impl Number for f32 {
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        self * b + c
    }
    #[inline(always)]
    unsafe fn subtract_scaled_from(self, sum: Self, c: Self) -> Self {
        c - self / sum.sqrt()
    }
}
