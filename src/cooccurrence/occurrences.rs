//! An inverted index: where each word occurs in a text.

use super::text::Text;
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Tokens between two checks of the monitor: a few milliseconds.
pub(super) const POLL_TOKENS: usize = 1 << 20;

/// An inverted index: the positions of each word of a range of words in a text.
pub(crate) struct Occurrences {
    first: usize,
    // Word first + k occurs at positions[starts[k]..starts[k + 1]], ascending.
    starts: Vec<usize>,
    positions: Vec<AtomicU32>,
}

impl Occurrences {
    /// Index the text by a counting sort in parallel. The histograms give each part of the text its own range of
    /// `positions` for each word.
    pub fn index<T: Text + ?Sized>(
        text: &T,
        words: Range<usize>,
        monitor: &Monitor,
    ) -> Result<Self> {
        let length = text.symbols().len();
        let parts = rayon::current_num_threads().min(8);
        let part = length.div_ceil(parts).max(1);
        let parts: Vec<Range<usize>> = (0..length)
            .step_by(part)
            .map(|start| start..(start + part).min(length))
            .collect();
        // Number `others` stands for all other words, gaps and ends of documents.
        let others = words.len();
        let number = |id: WordId| (id as usize).wrapping_sub(words.start).min(others);
        let mut histograms: Vec<Vec<u32>> = parts
            .par_iter()
            .map(|part| {
                let mut histogram: Vec<u32> = fallible::zeroed(others + 1)?;
                for range in polled(part) {
                    for id in text.ids(range) {
                        histogram[number(id)] += 1;
                    }
                    monitor.check()?;
                }
                Ok(histogram)
            })
            .collect::<Result<_>>()?;
        let mut starts = fallible::with_capacity(others + 1)?;
        let mut total = 0u32;
        for word in 0..others {
            starts.push(total as usize);
            for histogram in &mut histograms {
                total += std::mem::replace(&mut histogram[word], total);
            }
        }
        starts.push(total as usize);
        for histogram in &mut histograms {
            histogram[others] = total;
        }
        // Relaxed atomic stores compile to plain stores. No two parts write to the same slot, except the last
        // slot: it collects all other words and is never read.
        let mut positions: Vec<AtomicU32> = fallible::with_capacity(total as usize + 1)?;
        positions.par_extend((0..=total).into_par_iter().map(|_| AtomicU32::default()));
        (parts, histograms)
            .into_par_iter()
            .try_for_each(|(part, mut next)| {
                for range in polled(&part) {
                    for (position, id) in range.clone().zip(text.ids(range)) {
                        let number = number(id);
                        let place = &mut next[number];
                        positions[*place as usize].store(position as u32, Relaxed);
                        *place += u32::from(number < others);
                    }
                    monitor.check()?;
                }
                Ok(())
            })?;
        Ok(Self {
            first: words.start,
            starts,
            positions,
        })
    }

    /// The positions of a word, ascending.
    pub fn of(&self, word: WordId) -> &[AtomicU32] {
        let word = word as usize - self.first;
        &self.positions[self.starts[word]..self.starts[word + 1]]
    }

    /// Ranges of words with about `size` occurrences each.
    pub fn tasks(&self, size: u64) -> Vec<Range<usize>> {
        let first = self.first;
        let counts = self.starts.windows(2).map(|w| (w[1] - w[0]) as u64);
        let tasks = tasks(counts, size).into_iter();
        tasks
            .map(|rows| first + rows.start..first + rows.end)
            .collect()
    }
}

/// The range in pieces, between which the monitor is checked.
fn polled(range: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
    let end = range.end;
    let starts = range.clone().step_by(POLL_TOKENS);
    starts.map(move |start| start..(start + POLL_TOKENS).min(end))
}

/// Divide rows into ranges with about `size` occurrences each. `counts` has the occurrences of each row's word.
pub(crate) fn tasks(counts: impl ExactSizeIterator<Item = u64>, size: u64) -> Vec<Range<usize>> {
    let words = counts.len();
    let mut tasks = Vec::new();
    let (mut start, mut occurrences) = (0, 0);
    for (row, count) in counts.enumerate() {
        occurrences += count;
        if row + 1 == words || occurrences >= size {
            tasks.push(start..row + 1);
            (start, occurrences) = (row + 1, 0);
        }
    }
    tasks
}
