//! Sorts millions of words so that the caller can interrupt the sorting.

use super::words::POLL_WORDS;
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use rayon::prelude::*;
use std::cmp::Ordering;

/// Sort different words. Runs of words are sorted and then merged, so that the caller can interrupt
/// the sorting of millions of words.
pub(super) fn sorted<T: Copy + Send + Sync>(
    mut words: Vec<T>,
    monitor: &Monitor,
    compare: impl Fn(&T, &T) -> Ordering + Sync,
) -> Result<Vec<T>> {
    const RUN: usize = 1 << 16;
    if words.len() <= RUN {
        words.sort_unstable_by(compare);
        return Ok(words);
    }
    words.par_chunks_mut(RUN).try_for_each(|run| {
        monitor.check()?;
        run.sort_unstable_by(&compare);
        Ok(())
    })?;
    let mut spare = fallible::copied(&words)?;
    let mut width = RUN;
    while width < words.len() {
        let pairs = words
            .par_chunks(2 * width)
            .zip(spare.par_chunks_mut(2 * width));
        pairs.try_for_each(|(from, to)| {
            let (mut left, mut right) = from.split_at(width.min(from.len()));
            for to in to.chunks_mut(POLL_WORDS) {
                monitor.check()?;
                for out in to {
                    let takes_left = match (left.first(), right.first()) {
                        (Some(a), Some(b)) => compare(a, b) != Ordering::Greater,
                        (first, _) => first.is_some(),
                    };
                    let side = if takes_left { &mut left } else { &mut right };
                    if let Some((&word, rest)) = side.split_first() {
                        *out = word;
                        *side = rest;
                    }
                }
            }
            Ok(())
        })?;
        std::mem::swap(&mut words, &mut spare);
        width *= 2;
    }
    Ok(words)
}
