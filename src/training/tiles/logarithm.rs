//! Natural logarithms of many values, written so that the compiler uses the vector instructions of any processor. `pulp`
//! compiles the loop for several instruction sets and chooses one at run time.

use pulp::Arch;

/// Memory for the results of [`logarithms`].
#[derive(Default)]
pub(super) struct Buffer(Vec<f32>);

/// ln x of each value, rounded to 32 bits; −∞ for a value of 0.
pub(super) fn logarithms<'a>(values: &[f64], buffer: &'a mut Buffer) -> &'a [f32] {
    let Buffer(results) = buffer;
    results.resize(values.len(), 0.0);
    // A plain loop: with `extend`, the closure was compiled outside of `dispatch`, without its instructions.
    let any_rare = Arch::new().dispatch(|| {
        for (result, &x) in results.iter_mut().zip(values) {
            *result = ln(x) as f32;
        }
        values.iter().fold(false, |any, &x| any | is_rare(x))
    });
    if any_rare {
        for (result, &x) in results.iter_mut().zip(values) {
            if is_rare(x) {
                *result = x.ln() as f32;
            }
        }
    }
    results
}

/// Whether `x` is 0, negative, subnormal, infinite or NaN. [`ln`] has no branches, so it is not valid for these values.
/// They are rare, and the library computes their logarithms.
#[inline(always)]
fn is_rare(x: f64) -> bool {
    !(f64::MIN_POSITIVE..f64::INFINITY).contains(&x)
}

/// ln x of a positive normal float, with a relative error below 1e-10: much less than the rounding to 32 bits.
#[inline(always)]
fn ln(x: f64) -> f64 {
    const ONE: u64 = 1.0_f64.to_bits();
    const SQRT_HALF: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
    // The sum of 2^52 and a smaller whole number has that number in its last bits.
    const WHOLE: f64 = (1_u64 << 52) as f64;
    // x = m · 2^k with √½ ≤ m < √2. The variable `k` is first k + 1023, which is not negative, and
    // then k as a float.
    let k = x.to_bits().wrapping_add(ONE - SQRT_HALF) >> 52;
    let m = f64::from_bits(x.to_bits().wrapping_sub(k.wrapping_sub(1023) << 52));
    let k = f64::from_bits(k | WHOLE.to_bits()) - (WHOLE + 1023.0);
    // ln m = 2 (s + s³/3 + s⁵/5 + …) with s = (m − 1)/(m + 1), whose square is below 0.03.
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let series = 1.0 / 9.0 + z * (1.0 / 11.0);
    let series = 1.0 / 7.0 + z * series;
    let series = 1.0 / 5.0 + z * series;
    let series = 1.0 / 3.0 + z * series;
    k * std::f64::consts::LN_2 + 2.0 * (s + s * z * series)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn logarithms_are_those_of_the_library(
            values in proptest::collection::vec(prop_oneof![
                Just(0.0), 0.0..2.0_f64, (0.9..1.1_f64), 1e-300..1e-290_f64, 0.0..1e9_f64, 1e300..1e308_f64,
                Just(f64::MIN_POSITIVE), Just(5e-324), Just(f64::MAX), Just(1.0),
            ], 0..50),
        ) {
            let mut buffer = Buffer::default();
            let logarithms = logarithms(&values, &mut buffer);
            prop_assert_eq!(logarithms.len(), values.len());
            for (&x, &ln_x) in values.iter().zip(logarithms) {
                if x == 0.0 {
                    prop_assert_eq!(ln_x, f32::NEG_INFINITY);
                    continue;
                }
                if !is_rare(x) {
                    prop_assert!((ln(x) - x.ln()).abs() <= 1e-10 * x.ln().abs(), "{x}");
                }
                prop_assert!((f64::from(ln_x) - x.ln()).abs() <= x.ln().abs() * 6e-8, "{x}");
            }
        }
    }
}
