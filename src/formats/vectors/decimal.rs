//! Parses decimal numbers as vector files have them, such as -0.123456. The digits after the point
//! are read eight at a time.
//!
//! The library `fast_float2` reads all other numbers, for example longer numbers and numbers with an
//! exponent. Every number is rounded as the standard library rounds it.

/// Powers of ten from 10⁰ to 10¹⁹. A double holds each of them exactly.
const TENS: [f64; 20] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19,
];
const TENS_OF_EIGHT: [u64; 9] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// The bits of a double that a float lacks, and their value if the double lies halfway between two floats.
const LOST_BITS: u64 = (1 << 29) - 1;
const MIDDLE: u64 = 1 << 28;

/// The number that `text` begins with, and its length in bytes. `None` if `text` does not begin
/// with a number.
#[inline]
pub(super) fn parse_partial(text: &[u8]) -> Option<(f32, usize)> {
    match parse_short(text) {
        Some(found) => Some(found),
        None => fast_float2::parse_partial(text).ok(),
    }
}

/// [`parse_partial`] for a number that consists of digits, perhaps with a minus sign before them
/// and a decimal point after at least one digit. White space or the end of the text must follow.
/// `None` for any other text, for a number that is too long, and for a number that might be rounded
/// wrongly, because it is rounded twice: to a double and then to a float.
#[inline(always)]
fn parse_short(text: &[u8]) -> Option<(f32, usize)> {
    let negative = text.first() == Some(&b'-');
    let mut at = usize::from(negative);
    let start = at;
    let mut digits = 0_u64;
    while let Some(digit) = digit(text, at) {
        digits = digits.wrapping_mul(10).wrapping_add(digit);
        at += 1;
    }
    let mut fraction = 0;
    if at > start && text.get(at) == Some(&b'.') {
        at += 1;
        let point = at;
        while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk) {
            let (number, count) = leading_digits(u64::from_le_bytes(*eight));
            digits = digits
                .wrapping_mul(TENS_OF_EIGHT[count])
                .wrapping_add(number);
            at += count;
            if count < 8 {
                break;
            }
        }
        while let Some(digit) = digit(text, at) {
            digits = digits.wrapping_mul(10).wrapping_add(digit);
            at += 1;
        }
        fraction = at - point;
    }
    // At most 19 digits, or 18 and a point: `digits` has not overflowed.
    let whole = at > start && at - start <= 19 && digits < 1 << 53;
    let ends = text.get(at).is_none_or(u8::is_ascii_whitespace);
    if !(whole && ends) {
        return None;
    }
    // `digits` and the power of ten are exact, so `magnitude` is the double nearest to the decimal. The
    // float nearest to `magnitude` is the float nearest to the decimal too, unless `magnitude` lies in
    // the middle between two floats or is smaller than every normal float.
    let magnitude = digits as f64 / TENS[fraction];
    let is_tiny = digits > 0 && magnitude < f64::from(f32::MIN_POSITIVE);
    if is_tiny || is_middle(magnitude) {
        return None;
    }
    let magnitude = magnitude as f32;
    Some((if negative { -magnitude } else { magnitude }, at))
}

/// Whether `x`, which is 0 or of the size of a normal float, lies in the middle between two floats.
#[inline(always)]
pub(super) fn is_middle(x: f64) -> bool {
    x.to_bits() & LOST_BITS == MIDDLE
}

#[inline(always)]
fn digit(text: &[u8], at: usize) -> Option<u64> {
    let digit = text.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

/// The number that the leading digits of eight characters make, and how many digits there are. The first character is
/// in the lowest byte.
#[inline(always)]
fn leading_digits(characters: u64) -> (u64, usize) {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let values = characters ^ (0x30 * EACH);
    // A value above 9 has one of its upper four bits set, by itself or after adding 6. A carry changes only values
    // after the first one above 9, which do not matter.
    let others = (values | values.wrapping_add(6 * EACH)) & (0xf0 * EACH);
    let count = (others.trailing_zeros() / 8) as usize;
    if count == 0 {
        return (0, 0);
    }
    // Shift the digits up, so that zeros come before them. Then combine neighbouring digits: first
    // pairs, then fours, then all eight.
    let values = values << (64 - 8 * count);
    let pairs = (values.wrapping_mul(10) + (values >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let all = fours.wrapping_mul(10_000).wrapping_add(fours >> 32);
    (all & 0xffff_ffff, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_numbers_are_parsed_and_others_are_left_to_the_library() {
        for (text, expected) in [
            ("1.5 2", Some((1.5, 3))),
            ("-0.123456\n", Some((-0.123_456, 9))),
            ("12345678.87654321 ", Some((12_345_678.876_543_21, 17))),
            ("0", Some((0.0, 1))),
            ("7.", Some((7.0, 2))),
            ("1.5e3", None),
            ("1.5x", None),
            (".5", None),
            ("-", None),
            ("", None),
            ("nan", None),
            ("0.00000000000000000001", None),
        ] {
            assert_eq!(parse_short(text.as_bytes()), expected, "{text}");
        }
        assert!(parse_short(b"-0.0").unwrap().0.is_sign_negative());
        assert_eq!(parse_partial(b"1.5e3 "), Some((1500.0, 5)));
        assert_eq!(parse_partial(b".5"), Some((0.5, 2)));
    }

    proptest! {
        #[test]
        fn every_number_is_that_of_the_standard_library(
            minus in "-?", whole in "[0-9]{1,12}", fraction in "[0-9]{0,12}", bits: u32, rest in "[ \t\n]?[0-9. ]{0,12}",
        ) {
            // The numbers are random digits, a float as it is printed, the middle between two floats, and a float with
            // six decimals.
            let float = f32::from_bits(bits);
            let middle = f64::midpoint(f64::from(float), f64::from(f32::from_bits(bits ^ 1)));
            for number in [format!("{minus}{whole}.{fraction}"), format!("{float}"), format!("{middle}"), format!("{float:.6}")] {
                let text = format!("{number}{rest}");
                if let Some((value, length)) = parse_short(text.as_bytes()) {
                    let expected: f32 = text[..length].parse().unwrap();
                    prop_assert_eq!(value.to_bits(), expected.to_bits(), "{}", text);
                    prop_assert!(length >= number.len());
                }
            }
        }

        #[test]
        fn short_numbers_are_not_left_to_the_library(minus in "-?", whole in 0..1000, fraction in "[0-9]{1,9}") {
            let number = format!("{minus}{whole}.{fraction}");
            let middle = number.parse::<f64>().unwrap().to_bits() & ((1 << 29) - 1) == 1 << 28;
            let tiny = number.parse::<f64>().unwrap() != 0.0 && number.parse::<f32>().unwrap().is_subnormal();
            prop_assert_eq!(parse_short(number.as_bytes()).is_some(), !middle && !tiny);
        }
    }
}
