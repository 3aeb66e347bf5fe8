//! Finds the shortest digits that are read back as the same f32, for many numbers at a time.
//!
//! Nearly all numbers of vectors have absolute values between 10⁻⁶ and 10. For these numbers, f64 holds exactly the
//! number and half the distance to the next float, both multiplied by a power of ten. The last digit is found from
//! these two. So the digits of several numbers are found by the same few operations, without a branch, in loops that
//! the compiler vectorises. The library `zmij` formats the numbers outside this range, and powers of two, because the
//! two neighbours of a power of two are not equally far from it. The digits of every number are those that `zmij`
//! would give.

use pulp::{Arch, Simd, WithSimd};

/// Number of numbers that are formatted together.
const NUMBERS_AT_ONCE: usize = 32;
/// Number of bytes of room for a number with the space before it. The longest, such as
/// " -1.17549435e-38", takes 16, but up to 19 bytes are written while a number is formatted.
const LONGEST: usize = 24;

/// The smallest and the largest exponent, as f32 stores it, of a number from 10⁻⁶ to 10.
const EXPONENTS: std::ops::RangeInclusive<i32> = 107..=130;
const SMALLEST: u32 = 1e-6_f32.to_bits();
const TEN: u32 = 10_f32.to_bits();
const EXPLICIT_BITS: u32 = 23;

/// Constants of the numbers with the same exponent. The last decimal place of these numbers is chosen so that two
/// neighbouring floats are between 1 and 10 units of this place apart. Multiplying by `scale`
/// makes an integer of a decimal that ends one place before the last.
#[derive(Clone, Copy)]
struct Scale {
    scale: f64,
    /// Half the distance of two neighbouring floats, after scaling.
    half: f64,
    /// Multiplying a number of units of the last place by this gives the number of units of 10⁻¹⁵.
    decimals: f64,
}

/// The constants, by the five lowest bits of the exponent as f32 stores it. Elements for exponents
/// outside `EXPONENTS` are not used.
static SCALES: [Scale; 32] = scales();

const fn scales() -> [Scale; 32] {
    const LOG10_2: i64 = 315_653; // times 2^20
    let none = Scale {
        scale: 0.0,
        half: 0.0,
        decimals: 0.0,
    };
    let mut scales = [none; 32];
    let mut exponent = *EXPONENTS.start();
    while exponent <= *EXPONENTS.end() {
        let ulp = exponent - 150;
        let last_place = (ulp as i64 * LOG10_2) >> 20;
        let places = -(last_place + 1);
        let scale = power(10.0, places);
        scales[exponent as usize % 32] = Scale {
            scale,
            half: scale / power(2.0, 1 - ulp as i64),
            decimals: power(10.0, 14 - places),
        };
        exponent += 1;
    }
    scales
}

const fn power(base: f64, exponent: i64) -> f64 {
    let mut power = 1.0;
    let mut i = 0;
    while i < exponent {
        power *= base;
        i += 1;
    }
    power
}

/// The number of bytes that a line of `count` numbers may take.
pub(super) const fn longest(count: usize) -> usize {
    count * LONGEST
}

/// Write a space and the shortest digits of each number to `line`, which has [`longest`] bytes. Returns the number
/// of bytes written.
pub(super) fn write(numbers: &[f32], line: &mut [u8]) -> usize {
    Arch::new().dispatch(NumbersOfLine { numbers, line })
}

struct NumbersOfLine<'a> {
    numbers: &'a [f32],
    line: &'a mut [u8],
}

impl WithSimd for NumbersOfLine<'_> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        let mut digits = Digits {
            numbers: [0.0; NUMBERS_AT_ONCE],
            is_usual: [false; NUMBERS_AT_ONCE],
            digits: [[0; 16]; NUMBERS_AT_ONCE],
        };
        let mut end = 0;
        for numbers in self.numbers.chunks(NUMBERS_AT_ONCE) {
            digits.numbers[..numbers.len()].copy_from_slice(numbers);
            digits.find();
            for i in 0..numbers.len() {
                end = digits.put(i, self.line, end);
            }
        }
        end
    }
}

/// Numbers and their digits.
struct Digits {
    numbers: [f32; NUMBERS_AT_ONCE],
    /// Whether `digits` has the digits of the number. If not, `zmij` formats the number.
    is_usual: [bool; NUMBERS_AT_ONCE],
    /// The digit before the point and 15 after it, as values from 0 to 9.
    digits: [[u8; 16]; NUMBERS_AT_ONCE],
}

impl Digits {
    #[inline(always)]
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "the loop was measured with it"
    )]
    fn find(&mut self) {
        // The 16 digits of each number, as two integers of eight digits.
        let mut eights = [[0_u32; 2]; NUMBERS_AT_ONCE];
        for ((x, is_usual), eights) in self.numbers.iter().zip(&mut self.is_usual).zip(&mut eights)
        {
            let bits = x.to_bits() & !(1 << 31);
            // All stored bits of the significand are zero: the number is zero, or a power of two,
            // whose distances to its two neighbours differ.
            let is_power = bits << (32 - EXPLICIT_BITS) == 0;
            *is_usual = ((SMALLEST..TEN).contains(&bits) && !is_power) | (bits == 0);
            let Scale {
                scale,
                half,
                decimals,
            } = SCALES[(bits >> EXPLICIT_BITS) as usize % 32];
            // All values from `scaled` to `all` are integers or multiples of 2⁻³³ with at most 53 significant bits, so
            // they are exact.
            let scaled = f64::from(f32::from_bits(bits)) * scale;
            let whole = scaled.floor();
            let fraction = scaled - whole;
            // A decimal in the middle between two floats is read as the float whose last bit is 0. So `half` is
            // made a little smaller for a float whose last bit is 1.
            let half = half - f64::from(bits & 1) * (0.5 / (1_u64 << 32) as f64);
            let up = fraction + half >= 1.0;
            let down = fraction <= half;
            let nearest = (fraction * 10.0).round_ties_even();
            let last = if up {
                10.0
            } else if down {
                0.0
            } else {
                nearest
            };
            let all = (whole * 10.0 + last) * decimals;
            // `all` is a multiple of 100. So `all` / 10⁸ is an integer, or it differs by 10⁻⁶ or more from every
            // integer. Adding 2.5 · 10⁻⁷ undoes the rounding of the product, and changes no other result.
            let first = (all * 1e-8 + 2.5e-7).floor();
            let second = all - first * 1e8;
            *eights = [integer(first), integer(second)];
        }
        let mut fours = [[0_u16; 4]; NUMBERS_AT_ONCE];
        for (eights, fours) in eights
            .as_flattened()
            .iter()
            .zip(fours.as_flattened_mut().as_chunks_mut().0)
        {
            let first = eights / 10_000;
            *fours = [first as u16, (eights - first * 10_000) as u16];
        }
        let mut twos = [[0_u16; 8]; NUMBERS_AT_ONCE];
        for (four, twos) in fours
            .as_flattened()
            .iter()
            .zip(twos.as_flattened_mut().as_chunks_mut().0)
        {
            let first = four / 100;
            *twos = [first, four - first * 100];
        }
        for (two, ones) in twos
            .as_flattened()
            .iter()
            .zip(self.digits.as_flattened_mut().as_chunks_mut().0)
        {
            let first = ((u32::from(*two) * 6554) >> 16) as u16;
            *ones = [first as u8, (two - first * 10) as u8];
        }
    }

    /// Write number `i` to `line`, from position `end` on. Returns the position after the number.
    #[inline(always)]
    fn put(&self, i: usize, line: &mut [u8], end: usize) -> usize {
        let line = &mut line[end..end + LONGEST];
        let x = self.numbers[i];
        if !self.is_usual[i] {
            let mut buffer = zmij::Buffer::new();
            let digits = buffer.format(x).as_bytes();
            line[0] = b' ';
            line[1..=digits.len()].copy_from_slice(digits);
            return end + 1 + digits.len();
        }
        let digits = u128::from_le_bytes(self.digits[i]);
        let zeros = digits.leading_zeros() as usize / 8;
        let decimals = 15 - zeros.min(14);
        let digits = (digits | u128::from_le_bytes([b'0'; 16])).to_le_bytes();
        let negative = usize::from(x.is_sign_negative());
        // Write all digits first. Then the space, the sign, the first digit and the point overwrite
        // the beginning.
        line[2 + negative..][..16].copy_from_slice(&digits);
        let start = [
            [b' ', digits[0], b'.', digits[1]],
            [b' ', b'-', digits[0], b'.'],
        ];
        line[..4].copy_from_slice(&start[negative]);
        end + 3 + negative + decimals
    }
}

/// `x`, which is an integer below 2³², as a `u32`.
#[inline(always)]
fn integer(x: f64) -> u32 {
    const SHIFT: f64 = (1_u64 << 52) as f64;
    (x + SHIFT).to_bits() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(numbers: &[f32]) -> String {
        let mut line = vec![0; longest(numbers.len())];
        let end = write(numbers, &mut line);
        String::from_utf8(line[..end].into()).unwrap()
    }

    /// The numbers, each formatted by `zmij`.
    fn expected(numbers: &[f32]) -> String {
        let digits = |x: &f32| format!(" {}", zmij::Buffer::new().format(*x));
        numbers.iter().map(digits).collect()
    }

    #[test]
    fn the_digits_of_odd_numbers_are_those_of_the_library() {
        let bits = |x: f32| x.to_bits();
        let edges = [
            1e-6,
            10.0,
            0.5,
            1.0,
            1e-5,
            0.1,
            9.999_999,
            f32::MIN_POSITIVE,
            f32::MAX,
        ];
        let mut numbers = vec![
            0.0,
            -0.0,
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::from_bits(1),
        ];
        for edge in edges {
            let near = bits(edge) - 2..=bits(edge).saturating_add(2);
            numbers.extend(near.map(f32::from_bits).flat_map(|x| [x, -x]));
        }
        // All powers of two, and the numbers beside them.
        let powers = (1..255_u32)
            .flat_map(|exponent| [(exponent << 23) - 1, exponent << 23, (exponent << 23) + 1]);
        numbers.extend(powers.map(f32::from_bits));
        // Decimals with few digits.
        numbers.extend((-2000..2000).map(|i| i as f32 / 1000.0));
        assert_eq!(written(&numbers), expected(&numbers));
        assert_eq!(written(&[]), "");
    }

    #[test]
    fn the_digits_of_numbers_all_over_the_range_are_those_of_the_library() {
        // A prime step, so that all low bits occur with each exponent.
        let all = (bits_of(0.5e-6)..bits_of(20.0)).step_by(1009);
        let numbers: Vec<f32> = all
            .map(|bits| f32::from_bits(bits | (bits & 1) << 31))
            .collect();
        assert!(numbers.len() > 200_000);
        assert!(written(&numbers) == expected(&numbers));
    }

    fn bits_of(x: f32) -> u32 {
        x.to_bits()
    }

    proptest! {
        #[test]
        fn the_digits_are_those_of_the_library(bits: Vec<u32>, plain in prop::collection::vec(-10.0..10.0_f32, 0..100)) {
            let numbers: Vec<f32> = bits.into_iter().map(f32::from_bits).chain(plain).collect();
            prop_assert_eq!(written(&numbers), expected(&numbers));
        }
    }
}
