//! A random order of records.

use rand::Rng;

/// Shuffle at most 2³² records. Each position is drawn from a 32-bit random number with one
/// multiplication. So the probability of a position has a relative error of at most n/2³² for n
/// records.
pub(in crate::training) fn shuffle<T>(records: &mut [T], rng: &mut impl Rng) {
    for last in (1..records.len()).rev() {
        let random = rng.next_u64() >> 32;
        let other = (random * (last as u64 + 1)) >> 32;
        records.swap(last, other as usize);
    }
}
