//! Numbers of 64 bits as sets: bit k tells whether byte, symbol or column number k has a property.

/// Number of lanes that are compared together.
pub(crate) const LANES: usize = 64;

/// A bit for each lane; the bit is 1 if `is_set` returns true for the lane.
///
/// The results are first bytes of 0 or 1, which a multiplication then packs into bits. In this form the function
/// compiles to vector compares on every target.
#[inline(always)]
pub(crate) fn bits(is_set: impl Fn(usize) -> bool) -> u64 {
    let mut flags = [0u8; LANES];
    for (lane, flag) in flags.iter_mut().enumerate() {
        *flag = u8::from(is_set(lane));
    }
    let mut bits = 0;
    for (i, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        // Byte k, which is 0 or 1, moves to bit 56 + k.
        let eight = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080);
        bits |= (eight >> 56) << (8 * i);
    }
    bits
}

/// The positions of the bits of `set` that are 1, in ascending order.
#[inline(always)]
pub(crate) fn ones(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        if set == 0 {
            return None;
        }
        let bit = set.trailing_zeros() as usize;
        set &= set - 1;
        Some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_and_ones_are_inverse(set in any::<u64>()) {
            let positions: Vec<usize> = ones(set).collect();
            prop_assert!(positions.is_sorted());
            prop_assert_eq!(positions.len(), set.count_ones() as usize);
            prop_assert_eq!(bits(|lane| positions.contains(&lane)), set);
        }
    }
}
