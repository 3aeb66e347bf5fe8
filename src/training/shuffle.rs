//! A random order of records.

use rand::Rng;

/// Shuffle at most 2³² records. Each position is drawn from 32 random bits with one multiplication. So the probability of
/// a position has a relative error of at most n/2³² for n records.
pub(in crate::training) fn shuffle<T>(records: &mut [T], rng: &mut impl Rng) {
    let mut lasts = (1..records.len()).rev();
    while let Some(last) = lasts.next() {
        let random = rng.next_u64();
        let position = |random: u64, last: usize| ((random * (last as u64 + 1)) >> 32) as usize;
        records.swap(last, position(random >> 32, last));
        if let Some(last) = lasts.next() {
            records.swap(last, position(random & u64::from(u32::MAX), last));
        }
    }
}
