//! The types of number in which vectors are stored: f32, or f16 for half the memory. A query converts a row of f16 to
//! f32 before it computes with the row.

use bytemuck::Zeroable;
use half::f16;

/// A type of number in which vectors are stored.
pub trait Element: Copy + Zeroable + Send + Sync + 'static {
    /// Number of bytes of a number in a native file.
    const BYTES: usize;
    /// Zero. Rows are filled with it before numbers are read into them.
    const ZERO: Self;
    /// The nearest number of this type; infinite if `x` is rounded to more than the largest finite number.
    fn from_f32(x: f32) -> Self;
    /// The same number as an f32. Every f16 can be converted without loss.
    fn to_f32(self) -> f32;
    /// Whether this number is finite.
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.to_f32().is_finite()
    }
    /// Write the number to a slice of `BYTES` bytes, in little-endian order.
    fn write_le(self, bytes: &mut [u8]);
    /// The numbers of `row` as f32: `row` itself if it holds f32, else `buffer`, filled with the converted numbers.
    /// `buffer` must be as long as `row`.
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

    // `convert_to_f32_slice` of the crate `half` makes a call for every eight numbers. This loop is faster, because
    // the compiler vectorises it to any width.
    #[inline(always)]
    fn widen<'a>(row: &'a [Self], buffer: &'a mut [f32]) -> &'a [f32] {
        // The exponent of an f32 has eight bits and the bias 127; that of an f16 has five bits and the bias 15. So the
        // bits of an f16, shifted to their places in an f32, are a number that is too small by the factor 2^(127 − 15).
        // `REBIAS` is this factor.
        const REBIAS: f32 = f32::from_bits((127 + 127 - 15) << 23);
        const SIGN_AND_REST: u32 = 0x8fff_e000;
        const INFINITY: i16 = f16::INFINITY.to_bits() as i16;
        let magnitudes = row.iter().map(|x| (x.to_bits() & 0x7fff) as i16);
        let largest = magnitudes.fold(0, i16::max);
        for (x, wide) in row.iter().zip(buffer.iter_mut()) {
            // The conversion to i32 copies the sign to all higher bits. Of these bits, the mask keeps only the
            // highest, which is the sign of the f32.
            let shifted = (i32::from(x.to_bits() as i16) << 13) as u32;
            *wide = f32::from_bits(shifted & SIGN_AND_REST) * REBIAS;
        }
        // The multiplication turns infinity and NaN into finite numbers. They are rare, so then the whole row is
        // converted again.
        if largest >= INFINITY {
            for (x, wide) in row.iter().zip(buffer.iter_mut()) {
                *wide = x.to_f32();
            }
        }
        buffer
    }
}

/// Whether all numbers of `row` are finite. There is no early exit, so that the compiler vectorises the loop.
#[inline]
pub(crate) fn are_finite<E: Element>(row: &[E]) -> bool {
    row.iter().fold(true, |all, x| all & x.is_finite())
}

/// Fill `row` with the little-endian f32 in `bytes`, converted to the type of `row`.
pub(crate) fn read_f32<E: Element>(bytes: &[u8], row: &mut [E]) {
    for (x, bytes) in row.iter_mut().zip(bytes.as_chunks().0) {
        *x = E::from_f32(f32::from_le_bytes(*bytes));
    }
}

/// Fill `row` with the little-endian f16 in `bytes`, converted to the type of `row`.
pub(crate) fn read_f16<E: Element>(bytes: &[u8], row: &mut [E]) {
    for (x, bytes) in row.iter_mut().zip(bytes.as_chunks().0) {
        *x = E::from_f32(f16::from_le_bytes(*bytes).to_f32());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_f16_is_widened_to_the_same_number() {
        let all: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).collect();
        let mut buffer = vec![0.0; 8];
        for row in all.chunks(8) {
            let wide = f16::widen(row, &mut buffer);
            for (x, wide) in row.iter().zip(wide) {
                let same = x.to_f32().to_bits() == wide.to_bits();
                assert!(same || x.is_nan() && wide.is_nan(), "{x}: {wide}");
            }
        }
    }
}
