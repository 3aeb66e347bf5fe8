//! A random order of records.

use rand::Rng;

/// Shuffle at most 2^32 records. One multiplication draws each place: the bias is below 2⁻³² times their
/// number.
pub(in crate::training) fn shuffle<T>(records: &mut [T], rng: &mut impl Rng) {
    for last in (1..records.len()).rev() {
        let random = rng.next_u64() >> 32;
        let other = (random * (last as u64 + 1)) >> 32;
        records.swap(last, other as usize);
    }
}
