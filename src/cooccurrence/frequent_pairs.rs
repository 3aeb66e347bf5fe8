//! Counts the pairs in which both words are among the most frequent, in the order of the text.
//!
//! About half of the tokens of a text are occurrences of its 256 most frequent words. To fetch the
//! windows around these tokens would take as long as to fetch the windows of all other words.
//! Therefore each task reads a range of the text from front to back instead. When it reads the
//! right word of a pair, it adds the pair to a matrix that stays in the second-level cache.

use super::block_layout::RowBlock;
use super::options::CountingOptions;
use super::window::{SIDE, document_ends, words_up_to};
use crate::bits::ones;
use crate::encoding::END_SYMBOL;
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use rayon::prelude::*;
use std::ops::Range;

/// Number of words whose pairs are counted here. The matrix of the sums of their pairs takes 512 KiB.
const PAIRED_WORDS: usize = 1 << 8;
/// Number of tokens of a text that one task counts. The division of a text does not depend on the
/// number of threads, so that the sums have the same bits for any number of threads.
const TASK_TOKENS: usize = 1 << 18;
/// Number of tokens of a stretch. The tokens of a task are read in stretches: the positions of frequent words in
/// a stretch are listed first, then the pairs of these words are added, then the monitor is checked.
const STRETCH: usize = 1 << 10;
/// Number of windows whose neighbours are added in one loop. The processor cannot predict where a
/// loop over the neighbours ends, and one loop for several windows ends less often.
const WINDOWS_AT_ONCE: usize = 4;

/// The sums of the pairs of the most frequent words. The sum of (left word, right word) is the
/// element right · PAIRED_WORDS + left.
pub(crate) struct FrequentPairs {
    words: usize,
    sums: Vec<f64>,
}

impl FrequentPairs {
    /// Number of words whose pairs [`FrequentPairs::count`] counts, in a vocabulary of `words` words. 0 if
    /// the window has more than [`SIDE`] words to each side.
    pub fn words(words: usize, options: &CountingOptions) -> usize {
        if options.window <= SIDE {
            words.min(PAIRED_WORDS)
        } else {
            0
        }
    }

    /// Count the pairs of the `words` most frequent words; [`FrequentPairs::words`] returns this
    /// number. Pairs within the first `carried` tokens of the text are left out.
    pub fn count(
        symbols: &[u16],
        carried: usize,
        words: usize,
        options: &CountingOptions,
        monitor: &Monitor,
    ) -> Result<Self> {
        let mut sums: Vec<f64> = fallible::zeroed(PAIRED_WORDS * PAIRED_WORDS)?;
        let tasks: Vec<Range<usize>> = (carried..symbols.len())
            .step_by(TASK_TOKENS)
            .map(|start| start..(start + TASK_TOKENS).min(symbols.len()))
            .collect();
        if words > 0 {
            let counter = Counter::new(symbols, words, options);
            // A few tasks at a time, because each task has a matrix of sums.
            for tasks in tasks.chunks(4 * rayon::current_num_threads()) {
                let counted: Result<Vec<Vec<f64>>> = tasks
                    .par_iter()
                    .map(|task| counter.count(task.clone(), monitor))
                    .collect();
                for more in counted? {
                    for (sum, more) in sums.iter_mut().zip(more) {
                        *sum += more;
                    }
                }
            }
        }
        Ok(Self { words, sums })
    }

    /// The rows of the most frequent words in the triangle, as a block. If `symmetric`, an entry has one sum for both
    /// directions.
    pub fn rows(&self, symmetric: bool) -> Result<RowBlock> {
        let mut block = RowBlock::new(0, !symmetric);
        block.reserve(self.words, self.words * (self.words + 1) / 2)?;
        for row in 0..self.words {
            for column in 0..=row {
                let row_is_left = self.sums[column * PAIRED_WORDS + row];
                let column_is_left = self.sums[row * PAIRED_WORDS + column];
                if symmetric && row_is_left + column_is_left != 0.0 {
                    block.push(column as u32, row_is_left + column_is_left);
                } else if row_is_left != 0.0 || column_is_left != 0.0 {
                    let backward = if row == column { 0.0 } else { column_is_left };
                    block.push_both(column as u32, row_is_left, backward);
                }
            }
            block.end_row();
        }
        block.shrink_to_fit();
        Ok(block)
    }
}

type Pairs = [f64; PAIRED_WORDS * PAIRED_WORDS];

/// Counts the pairs of a range of the text.
struct Counter<'a> {
    symbols: &'a [u16],
    // The symbol of the rarest word that is counted here.
    last: u16,
    // The weight of each lane of a window. Lane SIDE - d holds the word at distance d to the left.
    lanes: [f64; SIDE],
    // A bit for each lane of WINDOWS_AT_ONCE windows. The bit is 1 if the distance of the lane is at most
    // `options.window`.
    within: u64,
    // The weight of a pair if the window is 1, which needs no lanes.
    adjacent: Option<f64>,
}

impl<'a> Counter<'a> {
    fn new(symbols: &'a [u16], words: usize, options: &CountingOptions) -> Self {
        let mut lanes = [0.0; SIDE];
        let mut within = 0;
        for distance in 1..=options.window.min(SIDE) {
            lanes[SIDE - distance] = options.weight(distance);
            for window in 0..WINDOWS_AT_ONCE {
                within |= 1 << (window * SIDE + SIDE - distance);
            }
        }
        Self {
            symbols,
            last: (words - 1) as u16,
            lanes,
            within,
            adjacent: (options.window == 1).then(|| options.weight(1)),
        }
    }

    fn count(&self, task: Range<usize>, monitor: &Monitor) -> Result<Vec<f64>> {
        let mut sums: Vec<f64> = fallible::zeroed(PAIRED_WORDS * PAIRED_WORDS)?;
        let pairs: &mut Pairs = sums.as_mut_slice().try_into().expect("this length");
        for start in task.clone().step_by(STRETCH) {
            let stretch = start..(start + STRETCH).min(task.end);
            let found = match self.adjacent {
                Some(weight) => self.scan_adjacent(stretch, weight, pairs),
                None => self.scan(stretch, pairs),
            };
            monitor.advance(found as u64)?;
        }
        Ok(sums)
    }

    /// Count a stretch of the text. Returns the number of its tokens that are frequent words.
    #[inline(always)]
    fn scan(&self, stretch: Range<usize>, pairs: &mut Pairs) -> usize {
        let mut found = [0; STRETCH];
        let mut number = 0;
        for position in stretch {
            // No branch, because the processor cannot predict which tokens are frequent words.
            found[number] = position;
            number += usize::from(self.symbols[position] <= self.last);
        }
        for positions in found[..number].chunks(WINDOWS_AT_ONCE) {
            self.add(positions, pairs);
        }
        number
    }

    /// Count a stretch of the text with a window of 1. Returns the number of its tokens that are frequent words.
    #[inline(always)]
    fn scan_adjacent(&self, stretch: Range<usize>, weight: f64, pairs: &mut Pairs) -> usize {
        let mut found = [0; STRETCH];
        let mut number = 0;
        let own = &self.symbols[stretch.clone()];
        let words = own.iter().filter(|&&symbol| symbol <= self.last).count();
        let first = stretch.start.max(1);
        let tokens = &self.symbols[first - 1..stretch.end.max(first)];
        for (left, right) in tokens.iter().zip(&tokens[1..]) {
            // No branch, as in `scan`.
            found[number] = right << 8 | left & 0xff;
            number += usize::from(*left <= self.last && *right <= self.last);
        }
        for &pair in &found[..number] {
            pairs[usize::from(pair)] += weight;
        }
        words
    }

    /// Add the pairs of the word at each of these positions with the words to its left.
    #[inline(always)]
    fn add(&self, positions: &[usize], pairs: &mut Pairs) {
        let mut windows = [END_SYMBOL; WINDOWS_AT_ONCE * SIDE];
        let mut rights = [0; WINDOWS_AT_ONCE];
        for (number, &position) in positions.iter().enumerate() {
            rights[number] = self.symbols[position] << 8;
            let window = &mut windows[number * SIDE..(number + 1) * SIDE];
            let start = position.saturating_sub(SIDE);
            window[SIDE - (position - start)..].copy_from_slice(&self.symbols[start..position]);
        }
        let mut keep = words_up_to(self.last, &windows) & self.within;
        let ends = document_ends(&windows);
        if ends != 0 {
            for window in 0..WINDOWS_AT_ONCE {
                let ends = (ends >> (window * SIDE)) as u16;
                // Drop the words of the window up to its last end of a document.
                let beyond = u16::MAX.checked_shr(ends.leading_zeros()).unwrap_or(0);
                keep &= !(u64::from(beyond) << (window * SIDE));
            }
        }
        for lane in ones(keep) {
            let pair = rights[lane / SIDE] | windows[lane];
            pairs[usize::from(pair)] += self.lanes[lane % SIDE];
        }
    }
}
