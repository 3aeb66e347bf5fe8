//! The types of number that vectors have in memory and in a native file: f32, or f16 for half the memory.

use bytemuck::Zeroable;
use half::f16;
use half::slice::HalfFloatSliceExt;

/// A number that vectors are stored in.
pub trait Element: Copy + Zeroable + Send + Sync + 'static {
    /// Its size in a native file.
    const BYTES: usize;
    /// What rows hold before they are read.
    const ZERO: Self;
    /// The nearest number of this type; infinite where `x` is beyond the largest.
    fn from_f32(x: f32) -> Self;
    /// The same number; every f16 is an f32.
    fn to_f32(self) -> f32;
    /// Whether it is neither infinite nor NaN.
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.to_f32().is_finite()
    }
    /// Write to a slice of `BYTES` bytes.
    fn write_le(self, bytes: &mut [u8]);
    /// The same numbers, in `buffer`, which has their length, unless they are f32 already.
    fn widen<'a>(row: &'a [Self], buffer: &'a mut [f32]) -> &'a [f32];
}

impl Element for f32 {
    const BYTES: usize = 4;
    const ZERO: Self = 0.0;

    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        x
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    #[inline(always)]
    fn write_le(self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.to_le_bytes());
    }

    #[inline(always)]
    fn widen<'a>(row: &'a [Self], _: &'a mut [f32]) -> &'a [f32] {
        row
    }
}

impl Element for f16 {
    const BYTES: usize = 2;
    const ZERO: Self = f16::ZERO;

    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        f16::from_f32(x)
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self.to_f32()
    }

    #[inline(always)]
    fn write_le(self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.to_le_bytes());
    }

    #[inline(always)]
    fn widen<'a>(row: &'a [Self], buffer: &'a mut [f32]) -> &'a [f32] {
        row.convert_to_f32_slice(buffer);
        buffer
    }
}

/// Fill `row` from little-endian f32.
pub(super) fn read_f32<E: Element>(bytes: &[u8], row: &mut [E]) {
    for (x, bytes) in row.iter_mut().zip(bytes.as_chunks().0) {
        *x = E::from_f32(f32::from_le_bytes(*bytes));
    }
}

/// Fill `row` from little-endian f16.
pub(super) fn read_f16<E: Element>(bytes: &[u8], row: &mut [E]) {
    for (x, bytes) in row.iter_mut().zip(bytes.as_chunks().0) {
        *x = E::from_f32(f16::from_le_bytes(*bytes).to_f32());
    }
}
