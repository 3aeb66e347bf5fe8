//! An inverted index: where each word occurs in a text.

use super::symbol_text::SymbolText;
use crate::error::Result;
use crate::memory::{HugeBuffer, fallible, prefetch};
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::ops::Range;

/// Number of tokens between two checks of the monitor.
pub(super) const POLL_TOKENS: usize = 1 << 20;
/// Number of tokens of a stretch. The text is read in stretches: the tokens of the indexed words in
/// a stretch are listed first, then written to the index.
const STRETCH: usize = 1 << 10;
/// The place of a token in the index is prefetched this many listed tokens before it is written (benches/EXPERIMENTS.md,
/// "Prefetching while counting").
const PREFETCH_TOKENS: usize = 16;
/// The largest number of ranges of an index. The whole text is read for each range.
const MOST_RANGES: usize = 8;

/// An inverted index: the positions of each word of a range of words in a text.
pub(crate) struct Occurrences {
    // The ranges of the index, in the order of their words.
    ranges: Vec<IndexRange>,
}

/// The index of the words with the ids `first`, `first` + 1, and so on.
struct IndexRange {
    first: usize,
    // Word first + k occurs at positions[starts[k]..starts[k + 1]], ascending.
    starts: Vec<u32>,
    positions: HugeBuffer<u32>,
}

impl Occurrences {
    /// Index `words` in parallel. Each task reads the whole text and indexes some of the words by a
    /// counting sort. So no two threads write to the same memory.
    pub fn index<T: SymbolText + ?Sized>(
        text: &T,
        words: Range<usize>,
        monitor: &Monitor,
    ) -> Result<Self> {
        let counts = counts_of(text, &words, monitor)?;
        let all: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        let ranges = rayon::current_num_threads().min(MOST_RANGES) as u64;
        let ranges: Result<Vec<IndexRange>> = tasks(
            counts.iter().map(|&n| n.into()),
            all.div_ceil(ranges).max(1),
        )
        .into_par_iter()
        .map(|range| {
            let first = words.start + range.start;
            IndexRange::index(text, first, &counts[range], monitor)
        })
        .collect();
        Ok(Self { ranges: ranges? })
    }

    /// The positions of a word, ascending.
    pub fn of(&self, word: WordId) -> &[u32] {
        self.of_and_after(word).0
    }

    /// The positions of a word, ascending; then the positions of the words after it in the same range of the index, word
    /// after word.
    pub fn of_and_after(&self, word: WordId) -> (&[u32], &[u32]) {
        let word = word as usize;
        let range = self.ranges.partition_point(|range| range.first <= word);
        let IndexRange {
            first,
            starts,
            positions,
        } = &self.ranges[range - 1];
        let word = word - first;
        let (start, end) = (starts[word] as usize, starts[word + 1] as usize);
        positions[start..].split_at(end - start)
    }

    /// Ranges of words with about `size` occurrences each.
    pub fn tasks(&self, size: u64) -> Vec<Range<usize>> {
        let first = self.ranges.first().map_or(0, |range| range.first);
        let starts = self.ranges.iter().flat_map(|range| range.starts.windows(2));
        let counts: Vec<u64> = starts.map(|w| u64::from(w[1] - w[0])).collect();
        let tasks = tasks(counts.into_iter(), size).into_iter();
        tasks
            .map(|rows| first + rows.start..first + rows.end)
            .collect()
    }
}

/// How often each of `words` occurs in the text.
fn counts_of<T: SymbolText + ?Sized>(
    text: &T,
    words: &Range<usize>,
    monitor: &Monitor,
) -> Result<Vec<u32>> {
    let length = text.symbols().len();
    let parts = rayon::current_num_threads().min(MOST_RANGES);
    let part = length.div_ceil(parts).max(1);
    let starts: Vec<usize> = (0..length).step_by(part).collect();
    let histograms: Result<Vec<Vec<u32>>> = starts
        .into_par_iter()
        .map(|start| {
            // The last number of the histogram counts all other words, gaps and ends of documents.
            let others = words.len();
            let mut histogram: Vec<u32> = fallible::zeroed(others + 1)?;
            for range in subranges(start..(start + part).min(length), POLL_TOKENS) {
                for id in text.ids(range) {
                    histogram[(id as usize).wrapping_sub(words.start).min(others)] += 1;
                }
                monitor.check()?;
            }
            histogram.truncate(others);
            Ok(histogram)
        })
        .collect();
    let mut histograms = histograms?.into_iter();
    let Some(mut counts) = histograms.next() else {
        return fallible::zeroed(words.len());
    };
    for histogram in histograms {
        for (count, more) in counts.iter_mut().zip(histogram) {
            *count += more;
        }
    }
    Ok(counts)
}

impl IndexRange {
    /// Index the words `first`, `first` + 1, and so on. `counts` has the number of occurrences of each of them.
    fn index<T: SymbolText + ?Sized>(
        text: &T,
        first: usize,
        counts: &[u32],
        monitor: &Monitor,
    ) -> Result<Self> {
        let words = counts.len();
        // At first, starts[k + 1] is where the positions of word k start. It increases with each
        // position that is written. In the end it is where the positions of word k end and those of
        // word k + 1 start.
        let mut starts: Vec<u32> = fallible::zeroed(words + 1)?;
        let mut total = 0;
        for (start, count) in starts[1..].iter_mut().zip(counts) {
            *start = total;
            total += count;
        }
        let mut positions = HugeBuffer::<u32>::zeroed(total as usize)?;
        let next = &mut starts[1..];
        let mut since = 0;
        for range in subranges(0..text.symbols().len(), STRETCH) {
            let mut found = [(0, 0); STRETCH];
            let mut number = 0;
            let start = range.start as u32;
            for (position, id) in (start..).zip(text.ids(range)) {
                // No branch, because the processor cannot predict which tokens are among the
                // indexed words.
                let word = (id as usize).wrapping_sub(first);
                found[number] = (word, position);
                number += usize::from(word < words);
            }
            let found = &found[..number];
            for (at, &(word, position)) in found.iter().enumerate() {
                if let Some(&(later, _)) = found.get(at + PREFETCH_TOKENS) {
                    prefetch(&positions, next[later] as usize);
                }
                let index = &mut next[word];
                positions[*index as usize] = position;
                *index += 1;
            }
            since += STRETCH;
            if since >= POLL_TOKENS {
                since = 0;
                monitor.check()?;
            }
        }
        Ok(Self {
            first,
            starts,
            positions,
        })
    }
}

/// The range, divided into ranges of this length. The last one may be shorter.
fn subranges(range: Range<usize>, length: usize) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    let starts = range.step_by(length);
    starts.map(move |start| start..(start + length).min(end))
}

/// Divide rows into ranges with about `size` occurrences each. `counts` has, for each row, the number of occurrences
/// of the word of the row.
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
