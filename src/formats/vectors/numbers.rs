//! Parses the numbers at the end of a line, several at a time.
//!
//! Most numbers of a file have the same form: perhaps a minus sign, a digit, a point and at most 14
//! digits, in at most 16 bytes. They are read without a branch, in loops that the compiler vectorises.
//! [`super::decimal`] reads other numbers. Every number is rounded as the standard library rounds
//! it.

use super::decimal;
use crate::bits::bits;
use crate::float16::Element;
use memchr::memrchr2;

/// Number of numbers that are read together.
const NUMBERS_AT_ONCE: usize = 16;
/// The offsets of the separators of a line are written to a list. The list has room for this many separators within
/// the word. A line whose word has more of them may be left to the slower parser in `text.rs`.
const MORE: usize = 64;
/// Number of offsets of separators that are written at a time. If fewer are found, the other written
/// offsets have no meaning and are overwritten later.
const NOTED: usize = 8;

/// Zeros extend the digits after the point to 14 digits. Together with the digit before the point,
/// they are an integer that a double holds exactly. The number is this integer divided by `SCALE`.
const SCALE: f64 = 1e14;

const EACH: u64 = 0x0101_0101_0101_0101;

/// Read the numbers at the end of a line into `row`, which has as many elements as the line has
/// numbers. The line is the first `length` bytes of `text`, and has no blanks at its end. The
/// numbers are separated by one space each or by one tab each. `scratch` is memory that is reused for
/// each line. Returns the offset of the separator before the first number, or `None` if the line has
/// another form.
pub(super) fn parse<E: Element>(
    text: &[u8],
    length: usize,
    row: &mut [E],
    scratch: &mut Vec<u32>,
) -> Option<usize> {
    let line = Line::new(text, length, row, scratch)?;
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V4::try_new() {
            return simd.vectorize(Vectorized(simd, line));
        }
        if let Some(simd) = pulp::x86::V3::try_new() {
            return simd.vectorize(Vectorized(simd, line));
        }
    }
    line.parse(Portable)
}

/// The arguments of [`parse`], and the separator of the line.
struct Line<'a, E> {
    text: &'a [u8],
    length: usize,
    separator: u8,
    row: &'a mut [E],
    scratch: &'a mut Vec<u32>,
}

impl<'a, E: Element> Line<'a, E> {
    fn new(
        text: &'a [u8],
        length: usize,
        row: &'a mut [E],
        scratch: &'a mut Vec<u32>,
    ) -> Option<Self> {
        let line = &text[..length];
        if u32::try_from(length).is_err() || row.is_empty() {
            return None;
        }
        Some(Self {
            text,
            length,
            separator: line[memrchr2(b' ', b'\t', line)?],
            row,
            scratch,
        })
    }

    #[inline(always)]
    fn parse(self, find: impl Find) -> Option<usize> {
        let Self {
            text,
            length,
            separator,
            row,
            scratch,
        } = self;
        let dim = row.len();
        scratch.resize(dim + MORE + NOTED, 0);
        let count = find_separators(find, &text[..length], separator, scratch)?;
        let first = count.checked_sub(dim)?;
        // The last field ends with the line.
        scratch[count] = length as u32;
        let separators = &scratch[first..=count];
        if let Some(last) = dim.checked_sub(NUMBERS_AT_ONCE) {
            for start in (0..dim).step_by(NUMBERS_AT_ONCE) {
                // The last numbers of a row may be read twice.
                let start = start.min(last);
                let separators = separators[start..].first_chunk()?;
                parse_together(text, separators, row[start..].first_chunk_mut()?)?;
            }
        } else {
            for (x, ends) in row.iter_mut().zip(separators.windows(2)) {
                *x = parse_one(text, ends[0], ends[1])?;
            }
        }
        Some(separators[0] as usize)
    }
}

/// [`Line::parse`], compiled for the instructions of `F`.
#[cfg(target_arch = "x86_64")]
struct Vectorized<'a, F, E>(F, Line<'a, E>);

#[cfg(target_arch = "x86_64")]
impl<F: Find, E: Element> pulp::NullaryFnOnce for Vectorized<'_, F, E> {
    type Output = Option<usize>;

    #[inline(always)]
    fn call(self) -> Option<usize> {
        self.1.parse(self.0)
    }
}

/// Finds a byte among 64.
trait Find: Copy {
    /// A mask with a bit for each of the 64 bytes, which is 1 if the byte is `byte`. The lowest bit
    /// is that of the first byte.
    fn find(self, byte: u8, bytes: &[u8; 64]) -> u64;
}

#[derive(Clone, Copy)]
struct Portable;

impl Find for Portable {
    #[inline(always)]
    fn find(self, byte: u8, bytes: &[u8; 64]) -> u64 {
        bits(|at| bytes[at] == byte)
    }
}

#[cfg(target_arch = "x86_64")]
impl Find for pulp::x86::V3 {
    #[inline(always)]
    fn find(self, byte: u8, bytes: &[u8; 64]) -> u64 {
        let [first, second]: [pulp::u8x32; 2] = pulp::cast(*bytes);
        let byte = self.splat_u8x32(byte);
        let mask = |bytes| {
            let equal = self.cmp_eq_u8x32(bytes, byte);
            u64::from(self.avx2._mm256_movemask_epi8(pulp::cast(equal)) as u32)
        };
        mask(first) | mask(second) << 32
    }
}

#[cfg(target_arch = "x86_64")]
impl Find for pulp::x86::V4 {
    #[inline(always)]
    fn find(self, byte: u8, bytes: &[u8; 64]) -> u64 {
        self.cmp_eq_u8x64(pulp::cast(*bytes), self.splat_u8x64(byte))
            .0
    }
}

/// Write the offsets of `separator` in `line` to `separators`, and return their number. `None` if
/// `separators` is too short. Room for `NOTED` more offsets than there are separators is always enough.
#[inline(always)]
fn find_separators(
    find: impl Find,
    line: &[u8],
    separator: u8,
    separators: &mut [u32],
) -> Option<usize> {
    let mut count = 0;
    let (blocks, rest) = line.as_chunks::<64>();
    let mut last = [0; 64];
    last[..rest.len()].copy_from_slice(rest);
    for (i, block) in blocks.iter().chain([&last]).enumerate() {
        let mut found = find.find(separator, block);
        let next = count + found.count_ones() as usize;
        loop {
            let separators: &mut [u32; NOTED] = separators.get_mut(count..)?.first_chunk_mut()?;
            for offset in separators {
                *offset = (64 * i) as u32 + found.trailing_zeros();
                found &= found.wrapping_sub(1);
            }
            if found == 0 {
                break;
            }
            count += NOTED;
        }
        count = next;
    }
    (count < separators.len()).then_some(count)
}

/// Read the number between two separators.
#[inline(always)]
fn parse_one<E: Element>(text: &[u8], before: u32, after: u32) -> Option<E> {
    let field = &text[before as usize + 1..after as usize];
    let (value, length) = decimal::parse_partial(field)?;
    (length == field.len()).then(|| E::from_f32(value))
}

/// Read the numbers that lie between the separators at the offsets `separators`.
#[inline(always)]
fn parse_together<E: Element>(
    text: &[u8],
    separators: &[u32; NUMBERS_AT_ONCE + 1],
    row: &mut [E; NUMBERS_AT_ONCE],
) -> Option<()> {
    // The first eight bytes of each number with its sign, and the next eight.
    let (mut left, mut right) = ([0_u64; NUMBERS_AT_ONCE], [0_u64; NUMBERS_AT_ONCE]);
    for i in 0..NUMBERS_AT_ONCE {
        let start = separators[i] as usize + 1;
        // Near the end of the text there may be fewer bytes. Zeros have no point, so `parse_one` reads the number then.
        let bytes = text.get(start..start + 16).unwrap_or(&[0; 16]);
        let (eights, _) = bytes.as_chunks();
        left[i] = u64::from_le_bytes(eights[0]);
        right[i] = u64::from_le_bytes(eights[1]);
    }
    let mut signs = [0_u32; NUMBERS_AT_ONCE];
    let mut is_other = [0_u64; NUMBERS_AT_ONCE];
    for i in 0..NUMBERS_AT_ONCE {
        let length = separators[i + 1] - separators[i] - 1;
        let is_long = length > 16;
        let length_bits = 8 * u64::from(length);
        let negative = left[i] & 0xff == u64::from(b'-');
        // Move the bytes after the sign to the place of the sign.
        let (first, second, length_bits) = if negative {
            (
                left[i] >> 8 | right[i] << 56,
                right[i] >> 8,
                length_bits.saturating_sub(8),
            )
        } else {
            (left[i], right[i], length_bits)
        };
        // A byte of a digit becomes the value of the digit, and a byte after the number becomes 0.
        let first = (first ^ (u64::from(b'0') * EACH)) & lowest(length_bits);
        let second = (second ^ (u64::from(b'0') * EACH)) & lowest(length_bits.saturating_sub(64));
        // In a number of the usual form, the second byte is the point. Move the digit before the point to the
        // place of the point.
        let has_point = first & 0xff00 == u64::from(b'.' ^ b'0') << 8;
        left[i] = (first & !0xffff) | (first & 0xff) << 8;
        right[i] = second;
        is_other[i] = not_digits(left[i]) | not_digits(second) | u64::from(!has_point | is_long);
        signs[i] = u32::from(negative) << 31;
    }
    let (left, right) = (eight_digits(&left), eight_digits(&right));
    let mut values = [0.0_f32; NUMBERS_AT_ONCE];
    let mut any = 0;
    for i in 0..NUMBERS_AT_ONCE {
        // All sums are integers below 10¹⁵, so they are exact, and `magnitude` is the double nearest to the
        // decimal. The float nearest to `magnitude` is the float nearest to the decimal too, unless
        // `magnitude` lies in the middle between two floats.
        let magnitude = (left[i] * 1e8 + right[i]) / SCALE;
        is_other[i] |= u64::from(decimal::is_middle(magnitude));
        any |= is_other[i];
        values[i] = f32::from_bits((magnitude as f32).to_bits() | signs[i]);
    }
    for (x, value) in row.iter_mut().zip(values) {
        *x = E::from_f32(value);
    }
    if any != 0 {
        for (i, x) in row.iter_mut().enumerate() {
            if is_other[i] != 0 {
                *x = parse_one(text, separators[i], separators[i + 1])?;
            }
        }
    }
    Some(())
}

/// The lowest `count` bits; all bits if `count` is 64 or more.
#[inline(always)]
fn lowest(count: u64) -> u64 {
    if count < 64 {
        !(u64::MAX << count)
    } else {
        u64::MAX
    }
}

/// Not zero if at least one of the eight bytes is above 9.
#[inline(always)]
fn not_digits(values: u64) -> u64 {
    (values | values.wrapping_add(0x76 * EACH)) & (0x80 * EACH)
}

/// The number that each group of eight digits makes. The first digit of a group is in the lowest
/// byte.
#[inline(always)]
fn eight_digits(digits: &[u64; NUMBERS_AT_ONCE]) -> [f64; NUMBERS_AT_ONCE] {
    // Combine neighbouring digits: first pairs, then fours, then all eight.
    let mut pairs = [0_u64; NUMBERS_AT_ONCE];
    for (pairs, digits) in pairs.iter_mut().zip(digits) {
        let tens = (digits << 1).wrapping_add(digits << 3);
        *pairs = tens.wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    }
    // Multiply each pair as a number of 16 bits, so that no multiplication of 64 bits is needed.
    let mut hundreds: [u16; 4 * NUMBERS_AT_ONCE] = bytemuck::cast(pairs);
    for pair in &mut hundreds {
        *pair = pair.wrapping_mul(100);
    }
    let hundreds: [u64; NUMBERS_AT_ONCE] = bytemuck::cast(hundreds);
    let mut sums = [0.0; NUMBERS_AT_ONCE];
    for ((sum, hundreds), pairs) in sums.iter_mut().zip(&hundreds).zip(&pairs) {
        let fours = hundreds.wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
        *sum = double((fours & 0xffff) * 10_000 + (fours >> 32));
    }
    sums
}

/// `x`, which is below 2⁵², as a double.
#[inline(always)]
fn double(x: u64) -> f64 {
    const SHIFT: f64 = (1_u64 << 52) as f64;
    f64::from_bits(SHIFT.to_bits() | x) - SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Read a line with the instructions of this processor and with fewer, each with other text after the line and
    /// without.
    fn parsed(line: &str, dim: usize) -> Option<(usize, Vec<u32>)> {
        type Parse = fn(&[u8], usize, &mut [f32], &mut Vec<u32>) -> Option<usize>;
        let more = format!("{line}\nnext 0.5 -0.25 1.5 2.5 3.5 4.5 5.5 6.5");
        let ways: [Parse; 3] = [
            parse,
            |text, length, row, scratch| {
                Line::new(text, length, row, scratch).and_then(|line| line.parse(Portable))
            },
            #[cfg(target_arch = "x86_64")]
            |text, length, row, scratch| {
                let line = Line::new(text, length, row, scratch)?;
                match pulp::x86::V3::try_new() {
                    Some(simd) => simd.vectorize(Vectorized(simd, line)),
                    None => line.parse(Portable),
                }
            },
            #[cfg(not(target_arch = "x86_64"))]
            parse,
        ];
        let read = |parse: Parse, text: &str| {
            let mut row = vec![0.0; dim];
            let end = parse(text.as_bytes(), line.len(), &mut row, &mut vec![7; 3])?;
            Some((end, row.into_iter().map(f32::to_bits).collect()))
        };
        let found = read(parse, line);
        for way in ways {
            assert_eq!(read(way, line), found, "{line}");
            assert_eq!(read(way, &more), found, "{line}");
        }
        found
    }

    fn standard(number: &str) -> u32 {
        number.parse::<f32>().unwrap().to_bits()
    }

    #[test]
    fn every_form_of_number_is_that_of_the_standard_library() {
        let numbers = [
            "0.000123",
            "-0",
            "-0.0",
            "0.0",
            "1e-7",
            "0.12345678901234567",
            "-9.87654321012345",
            "3",
            "12.5",
            "1.17549435e-38",
            "3.4028235e38",
            "1e99",
            "-1e99",
            "1e-99",
            "0.00000000000000000000001",
            "9.99999999999999",
            "9.999999999999999",
            "1.00000005960464",
            "1.000000059604644775390625",
            "1.0000000596046448",
            "16777217.0",
            "123456789012345678901234567890",
            "0.5",
            "5.",
            ".5",
            "nan",
            "inf",
            "+1.5",
            "1.5E3",
            "0.1",
            "-0.30000001192092896",
        ];
        for number in numbers {
            for copies in [1, 2, 15, 16, 17, 40] {
                let line = format!("a word{}", format!(" {number}").repeat(copies));
                let (end, row) = parsed(&line, copies).unwrap();
                assert_eq!(end, 6);
                assert_eq!(row, vec![standard(number); copies], "{number}");
            }
        }
    }

    #[test]
    fn a_line_that_is_not_a_word_with_numbers_gives_none() {
        for line in [
            "",
            " ",
            "a",
            "a b",
            "a 0.5x",
            "a 0.5 0.-5",
            "a 0.5  0.5",
            "a 0.5 --0.5",
            "a 0.5 -",
            "a 0.5 .",
            "a 0.5 0..5",
            "a 0.5 0.5.",
            "a 0.5 :.5",
            "a 0.5 0.5/",
            "a 0.5 0.5\u{b5}",
            "a 0.5\t0.5",
            "a 0.5 0,5",
        ] {
            assert_eq!(parsed(line, 2), None, "{line}");
        }
        assert_eq!(parsed("a 0.5", 0), None);
        // The word has more spaces than there is room for.
        assert_eq!(parsed(&format!("{} 0.5", "a ".repeat(MORE + 20)), 1), None);
        assert_eq!(
            parsed(&format!("{} 0.5", "a ".repeat(20)), 1).unwrap().0,
            40
        );
    }

    proptest! {
        #[test]
        fn the_nearest_float_is_found(
            fractions in prop::collection::vec(("-?", "[0-9]", "[0-9]{0,16}"), 1..40), bits: Vec<u32>,
            word in "[a-z\u{85}\u{a0}é ]{0,9}",
        ) {
            let mut numbers: Vec<_> = fractions.iter().map(|(sign, digit, rest)| format!("{sign}{digit}.{rest}")).collect();
            for bits in bits {
                // A float as it is printed, and the middle between two floats.
                let (x, next) = (f32::from_bits(bits), f32::from_bits(bits ^ 1));
                let middle = f64::midpoint(f64::from(x), f64::from(next));
                numbers.extend([format!("{x}"), format!("{x:e}"), format!("{middle}"), format!("{middle:.14}")]);
            }
            let line = format!("{word} {}", numbers.join(" "));
            let (end, row) = parsed(&line, numbers.len()).unwrap();
            prop_assert_eq!(end, word.len());
            for (x, number) in row.iter().zip(&numbers) {
                let expected: f32 = number.parse().unwrap();
                prop_assert!(*x == expected.to_bits() || expected.is_nan() && f32::from_bits(*x).is_nan(), "{}", number);
            }
        }
    }
}
