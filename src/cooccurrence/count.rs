//! Counts co-occurrences row by row (docs/architecture.md, Counting rules).
//!
//! An inverted index of the text lists the positions of each word. The row of a word is summed from the windows
//! around these positions. Neighbours whose rank number is larger than that of the word are skipped: each
//! unordered pair is counted once, in the row of its rarer word. This keeps the rows of frequent words short,
//! which would otherwise be the longest. Threads share no table, and each row is sorted by itself.

use super::accumulator::{Row, RowAccumulator, Sum, ones};
use super::matrix::Triangle;
use super::merge::{BlockSum, merge};
use super::row_block::RowBlock;
use super::row_writer::RowWriter;
use crate::encoding::{DOCUMENT_END, EncodedCorpus, Segment};
use crate::error::{Error, Result};
use crate::memory::{MemoryLimit, fallible};
use crate::monitor::{Monitor, Stage};
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::ops::Range;
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Which pairs of words co-occur, and with what weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountingOptions {
    /// Number of words to each side, at least 1.
    pub window: usize,
    /// Count both directions; otherwise (left word, right word) only.
    pub symmetric: bool,
    /// A pair at distance d adds 1/d; otherwise 1.
    pub distance_weighting: bool,
}

impl Default for CountingOptions {
    fn default() -> Self {
        Self {
            window: 15,
            symmetric: true,
            distance_weighting: true,
        }
    }
}

impl CountingOptions {
    pub(crate) fn check(&self) -> Result<()> {
        if self.window == 0 {
            return Err(Error::parameter("window", "must be at least 1, got 0"));
        }
        Ok(())
    }

    fn weight(&self, distance: usize) -> f64 {
        if self.distance_weighting {
            1.0 / distance as f64
        } else {
            1.0
        }
    }
}

/// Count a corpus of `words` different words, segment by segment, on all threads of the current rayon pool. The
/// counts have the same bits for any number of threads, because one thread sums a row, in the order of the
/// text.
///
/// # Errors
/// [`Error::Parameter`] for a window of 0; [`Error::Io`] naming the temporary folder if temporary files cannot
/// be written there; [`Error::Cancelled`].
pub fn count(
    corpus: &mut EncodedCorpus,
    words: usize,
    options: &CountingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Triangle> {
    options.check()?;
    if options.symmetric {
        count_segments::<f64>(corpus, words, options, memory, monitor)
    } else {
        count_segments::<[f64; 2]>(corpus, words, options, memory, monitor)
    }
}

fn count_segments<S: BlockSum>(
    corpus: &mut EncodedCorpus,
    words: usize,
    options: &CountingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Triangle> {
    monitor.begin(Stage::Counting, corpus.tokens());
    let tokens = memory.segment_tokens();
    let mut counted = Vec::new();
    let mut segment = Segment::default();
    while corpus.next_segment(tokens, options.window, &mut segment, monitor)? {
        let last = corpus.is_exhausted();
        let mut writer = if last && counted.is_empty() {
            RowWriter::new(memory)
        } else {
            RowWriter::on_disk(memory)?
        };
        writer.set_fraction(corpus.fraction_read());
        count_segment::<S>(&segment, words, options, memory, &mut writer, monitor)?;
        counted.push(writer.finish(words, options.symmetric));
        if last {
            break;
        }
    }
    drop(segment);
    match counted.len() {
        0 => Triangle::assemble(words, monitor, |_| Ok(())),
        1 => Ok(counted.remove(0)),
        _ => merge::<S>(counted, words, options.symmetric, memory, monitor),
    }
}

fn count_segment<S: BlockSum>(
    segment: &Segment,
    words: usize,
    options: &CountingOptions,
    memory: &MemoryLimit,
    writer: &mut RowWriter,
    monitor: &Monitor,
) -> Result<()> {
    let occurrences = Occurrences::index(&segment.ids, 0..words, monitor)?;
    let counter = RowCounter::new(&segment.ids, segment.carried, &occurrences, options);
    let tasks = occurrences.tasks(memory.task_occurrences());
    // Without a memory limit all tasks run in one wave. With one, the blocks of a wave are written before the
    // next wave starts.
    let wave = memory.wave_tasks(tasks.len());
    for tasks in tasks.chunks(wave) {
        let blocks: Result<Vec<RowBlock>> = tasks
            .par_iter()
            .map_init(RowAccumulator::<S>::new, |accumulator, rows| {
                let mut block = RowBlock::new(rows.start as WordId, !options.symmetric);
                block.reserve(rows.len(), 0)?;
                for row in rows.clone() {
                    sum_row(
                        row as WordId,
                        slice::from_ref(&counter),
                        accumulator,
                        monitor,
                    )?;
                    block.reserve(0, accumulator.met())?;
                    accumulator.drain(|column, sum| sum.push(column, &mut block));
                    block.end_row();
                }
                block.shrink_to_fit();
                Ok(block)
            })
            .collect();
        writer.push(blocks?)?;
    }
    Ok(())
}

/// Tokens between two checks of the monitor: a few milliseconds.
const POLL_TOKENS: usize = 1 << 20;

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
    pub fn index(ids: &[WordId], words: Range<usize>, monitor: &Monitor) -> Result<Self> {
        let parts = rayon::current_num_threads().min(8);
        let parts: Vec<&[WordId]> = ids.chunks(ids.len().div_ceil(parts).max(1)).collect();
        // Number `others` stands for all other words, gaps and ends of documents.
        let others = words.len();
        let number = |id: WordId| (id as usize).wrapping_sub(words.start).min(others);
        let mut histograms: Vec<Vec<u32>> = parts
            .par_iter()
            .map(|part| {
                let mut histogram: Vec<u32> = fallible::zeroed(others + 1)?;
                for ids in part.chunks(POLL_TOKENS) {
                    for &id in ids {
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
        positions.resize_with(total as usize + 1, AtomicU32::default);
        let mut offset = 0;
        let offsets: Vec<usize> = parts
            .iter()
            .map(|part| {
                offset += part.len();
                offset - part.len()
            })
            .collect();
        (parts, histograms, offsets)
            .into_par_iter()
            .try_for_each(|(part, mut next, offset)| {
                for (k, ids) in part.chunks(POLL_TOKENS).enumerate() {
                    let offset = offset + k * POLL_TOKENS;
                    for (i, &id) in ids.iter().enumerate() {
                        let number = number(id);
                        let place = &mut next[number];
                        positions[*place as usize].store((offset + i) as u32, Relaxed);
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

    fn of(&self, word: WordId) -> &[AtomicU32] {
        let word = word as usize - self.first;
        &self.positions[self.starts[word]..self.starts[word + 1]]
    }

    fn tasks(&self, size: u64) -> Vec<Range<usize>> {
        tasks(self.starts.windows(2).map(|w| (w[1] - w[0]) as u64), size)
    }
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

/// Sum one row of the texts of `counters`, in their order.
pub(crate) fn sum_row<S: Sum>(
    row: WordId,
    counters: &[RowCounter<'_>],
    accumulator: &mut RowAccumulator<S>,
    monitor: &Monitor,
) -> Result<()> {
    let occurrences: usize = counters
        .iter()
        .map(|counter| counter.occurrences.of(row).len())
        .sum();
    let window = counters.first().map_or(0, |counter| counter.options.window);
    let most = occurrences.saturating_mul(window.saturating_mul(2));
    accumulator.begin(row as usize + 1, most)?;
    // The wider the window, the longer an occurrence takes: check the monitor after fewer of them.
    let together = (POLL_TOKENS / window.clamp(SIDE, POLL_TOKENS)).clamp(1, 1 << 14);
    for counter in counters {
        for part in counter.occurrences.of(row).chunks(together) {
            if accumulator.is_dense() {
                counter.scan(row, part, &mut accumulator.dense(), monitor)?;
            } else {
                counter.scan(row, part, &mut accumulator.hashed(), monitor)?;
            }
            monitor.advance(part.len() as u64)?;
        }
    }
    Ok(())
}

/// Lanes on each side of a word in the fast path, which counts windows of up to this many words.
const SIDE: usize = 16;
/// Windows that are fetched together, so that their cache misses overlap, as with a prefetch.
const BATCH: usize = 8;

/// Totals rows from the windows around their words.
pub(crate) struct RowCounter<'a> {
    ids: &'a [WordId],
    // Number of ids at the beginning that are carried over from the previous segment.
    carried: usize,
    occurrences: &'a Occurrences,
    options: CountingOptions,
    // Fast path: the weight of each lane of a window, left side then right.
    lanes: [f64; 2 * SIDE],
    // Lanes that lie within the window.
    within: u32,
}

impl<'a> RowCounter<'a> {
    /// A counter of the pairs in `ids`, except those of two words among the first `carried` ones: they were
    /// counted with the previous segment.
    pub fn new(
        ids: &'a [WordId],
        carried: usize,
        occurrences: &'a Occurrences,
        options: &CountingOptions,
    ) -> Self {
        let mut lanes = [0.0; 2 * SIDE];
        let mut within = 0;
        for distance in 1..=options.window.min(SIDE) {
            for lane in [SIDE - distance, SIDE + distance - 1] {
                lanes[lane] = options.weight(distance);
                within |= 1 << lane;
            }
        }
        Self {
            ids,
            carried,
            occurrences,
            options: *options,
            lanes,
            within,
        }
    }

    #[inline(always)]
    fn scan(
        &self,
        row: WordId,
        positions: &[AtomicU32],
        sums: &mut impl Row,
        monitor: &Monitor,
    ) -> Result<()> {
        let first_new = positions.partition_point(|p| (p.load(Relaxed) as usize) < self.carried);
        let (carried, positions) = positions.split_at(first_new);
        for position in carried {
            self.scan_carried(row, position.load(Relaxed) as usize, sums, monitor)?;
        }
        if self.options.window > SIDE {
            for position in positions {
                self.scan_wide(row, position.load(Relaxed) as usize, sums, monitor)?;
            }
            return Ok(());
        }
        let mut windows = [[0; 2 * SIDE]; BATCH];
        for batch in positions.chunks(BATCH) {
            for (window, position) in windows.iter_mut().zip(batch) {
                self.fetch(position.load(Relaxed) as usize, window);
            }
            for window in &windows[..batch.len()] {
                self.scan_narrow(row, window, sums);
            }
        }
        Ok(())
    }

    /// The words around `position`, without the word at `position`.
    #[inline(always)]
    fn fetch(&self, position: usize, window: &mut [WordId; 2 * SIDE]) {
        let (left, right) = window.split_at_mut(SIDE);
        if position >= SIDE && position + SIDE < self.ids.len() {
            left.copy_from_slice(&self.ids[position - SIDE..position]);
            right.copy_from_slice(&self.ids[position + 1..=position + SIDE]);
        } else {
            for lane in 0..SIDE {
                let at = |index: Option<usize>| {
                    index
                        .and_then(|i| self.ids.get(i))
                        .copied()
                        .unwrap_or(DOCUMENT_END)
                };
                left[lane] = at((position + lane).checked_sub(SIDE));
                right[lane] = at(Some(position + 1 + lane));
            }
        }
    }

    #[inline(always)]
    fn scan_narrow(&self, row: WordId, window: &[WordId; 2 * SIDE], sums: &mut impl Row) {
        let (mut keep, ends) = classify(window, row);
        keep &= self.within;
        if ends != 0 {
            // Drop the words beyond the nearest end of a document on each side.
            let left = ends & 0xffff;
            let right = ends >> SIDE;
            if left != 0 {
                keep &= !(u32::MAX >> left.leading_zeros());
            }
            if right != 0 {
                keep &= (1 << (SIDE as u32 + right.trailing_zeros())) - 1;
            }
        }
        for lane in ones(u64::from(keep)) {
            let column = window[lane];
            let row_word_is_left = lane >= SIDE;
            if !self.options.symmetric && column == row && !row_word_is_left {
                continue; // counted at the left one of the two equal words
            }
            sums.at(column).add(row_word_is_left, self.lanes[lane]);
        }
    }

    /// Count a word of the previous segment: only its neighbours in this segment are new.
    fn scan_carried(
        &self,
        row: WordId,
        position: usize,
        sums: &mut impl Row,
        monitor: &Monitor,
    ) -> Result<()> {
        let right = self.ids[position + 1..].iter();
        neighbours(self.options.window, right, monitor, |distance, column| {
            if position + distance >= self.carried && column <= row {
                sums.at(column).add(true, self.options.weight(distance));
            }
        })
    }

    fn scan_wide(
        &self,
        row: WordId,
        position: usize,
        sums: &mut impl Row,
        monitor: &Monitor,
    ) -> Result<()> {
        let left = self.ids[..position].iter().rev();
        let right = self.ids[position + 1..].iter();
        let options = &self.options;
        neighbours(options.window, left, monitor, |distance, column| {
            if column < row || (column == row && options.symmetric) {
                sums.at(column).add(false, options.weight(distance));
            }
        })?;
        neighbours(options.window, right, monitor, |distance, column| {
            if column <= row {
                sums.at(column).add(true, options.weight(distance));
            }
        })
    }
}

/// Call `f` with the distance and the id of each word, up to the window's end or the end of the document.
#[inline(always)]
fn neighbours<'a>(
    window: usize,
    mut words: impl Iterator<Item = &'a WordId>,
    monitor: &Monitor,
    mut f: impl FnMut(usize, WordId),
) -> Result<()> {
    let mut distance = 0;
    while distance < window {
        let end = window.min(distance + POLL_TOKENS);
        while distance < end {
            match words.next() {
                None | Some(&DOCUMENT_END) => return Ok(()),
                Some(&column) => {
                    distance += 1;
                    f(distance, column);
                }
            }
        }
        if distance < window {
            monitor.check()?;
        }
    }
    Ok(())
}

/// A bit per lane whose word is at most `row`, and a bit per lane that ends a document.
///
/// Written so that it compiles to vector compares on every target: bytes of 0 or 1, which a multiplication
/// packs into bits.
#[inline(always)]
fn classify(window: &[WordId; 2 * SIDE], row: WordId) -> (u32, u32) {
    let mut keep = [0u8; 2 * SIDE];
    let mut ends = [0u8; 2 * SIDE];
    for lane in 0..2 * SIDE {
        keep[lane] = u8::from(window[lane] as i32 <= row as i32);
        ends[lane] = u8::from(window[lane] == DOCUMENT_END);
    }
    (gather_bits(&keep), gather_bits(&ends))
}

#[inline(always)]
fn gather_bits(flags: &[u8; 2 * SIDE]) -> u32 {
    let mut bits = 0;
    for (i, eight) in flags.chunks_exact(8).enumerate() {
        let eight = u64::from_le_bytes(*eight.first_chunk().expect("8 bytes"));
        // Byte k, which is 0 or 1, moves to bit 56 + k.
        bits |= ((eight.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32) << (8 * i);
    }
    bits
}
