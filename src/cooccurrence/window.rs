//! Sums a row of the matrix from the windows around the occurrences of its word.

use super::accumulator::{RowAccumulator, RowSums, Sum, SumKind};
use super::document_windows::DocumentWindows;
use super::occurrences::{Occurrences, POLL_TOKENS};
use super::options::CountingOptions;
use super::symbol_text::{Symbol, SymbolText};
use crate::bits::{LANES, bits, ones};
use crate::encoding::DOCUMENT_END;
use crate::error::Result;
use crate::memory::prefetch;
use crate::monitor::Monitor;
use crate::vocabulary::WordId;

/// Sum one row over the texts of all `counters` in `accumulator`, in the order of the counters.
pub(crate) fn sum_row<S: Sum, T: SymbolText + ?Sized>(
    row: WordId,
    counters: &[RowCounter<'_, T>],
    accumulator: &mut RowAccumulator<S>,
    monitor: &Monitor,
) -> Result<()> {
    let window = counters
        .first()
        .map_or(0, |counter| counter.options.reach());
    let most = counters.iter().map(|counter| counter.most_pairs(row));
    let most = most.fold(0, usize::saturating_add);
    accumulator.begin(row as usize + 1, most)?;
    // The wider the window, the more time an occurrence takes, and the fewer occurrences are
    // counted between two checks of the monitor.
    let together = (POLL_TOKENS / window.clamp(SIDE, POLL_TOKENS)).clamp(1, 1 << 14);
    for counter in counters {
        let (mut positions, after) = counter.occurrences.of_and_after(row);
        while !positions.is_empty() {
            let (part, rest) = positions.split_at(together.min(positions.len()));
            let next = if rest.is_empty() { after } else { rest };
            match accumulator.kind() {
                SumKind::Full => counter.scan(row, part, next, &mut accumulator.full(), monitor)?,
                SumKind::Dense => {
                    counter.scan(row, part, next, &mut accumulator.dense(), monitor)?;
                }
                SumKind::Hashed => {
                    counter.scan(row, part, next, &mut accumulator.hashed(), monitor)?;
                }
            }
            monitor.advance(part.len() as u64)?;
            positions = rest;
        }
    }
    Ok(())
}

/// Number of lanes on each side of a word in the fast path. A lane holds one neighbour of the word. The
/// fast path counts windows of up to this many words to each side.
pub(super) const SIDE: usize = 16;
/// Number of windows whose neighbours are added in one loop. The processor cannot predict where a
/// loop over the neighbours ends, and one loop for several windows ends less often.
const WINDOWS_AT_ONCE: usize = LANES / (2 * SIDE);
/// Number of windows in a batch. All windows of a batch are copied before their neighbours are added, so that their
/// cache misses overlap. Before that, as many windows of the next batch are prefetched (benches/EXPERIMENTS.md,
/// "Prefetching while counting").
const BATCH_WINDOWS: usize = 16;
/// Bytes of a cache line of x86-64 and of most other processors.
const LINE_BYTES: usize = 64;

/// Sums rows from the windows around the occurrences of their words.
pub(crate) struct RowCounter<'a, T: ?Sized> {
    text: &'a T,
    // Number of words at the beginning of `text` that are carried over from the previous segment.
    carried: usize,
    occurrences: &'a Occurrences,
    options: CountingOptions,
    // The documents, if whole documents are counted.
    documents: Option<&'a DocumentWindows>,
    // Fast path: the weight of each lane of a window, first the left side, then the right side.
    lanes: [f64; 2 * SIDE],
    // Fast path: a bit for each lane of the windows that are added together. The bit is 1 if the lane
    // is at most `options.window` words away from the middle.
    within: u64,
}

impl<'a, T: SymbolText + ?Sized> RowCounter<'a, T> {
    /// A counter of the pairs in `text`. If `documents` is given, it counts all pairs of each of
    /// these documents. Otherwise it counts all pairs within a window, except those of two words
    /// among the first `carried` words: these pairs were counted with the previous segment.
    pub fn new(
        text: &'a T,
        carried: usize,
        occurrences: &'a Occurrences,
        documents: Option<&'a DocumentWindows>,
        options: &CountingOptions,
    ) -> Self {
        let mut lanes = [0.0; 2 * SIDE];
        let mut within = 0;
        for distance in 1..=options.window.min(SIDE) {
            for lane in [SIDE - distance, SIDE + distance - 1] {
                lanes[lane] = options.weight(distance);
                for window in 0..WINDOWS_AT_ONCE {
                    within |= 1 << (window * 2 * SIDE + lane);
                }
            }
        }
        Self {
            text,
            carried,
            occurrences,
            options: *options,
            documents,
            lanes,
            within,
        }
    }

    /// An upper bound for the number of pairs that [`RowCounter::scan`] adds to a row.
    fn most_pairs(&self, row: WordId) -> usize {
        let positions = self.occurrences.of(row);
        if let Some(documents) = self.documents {
            documents.others(positions.iter().map(|&p| p as usize))
        } else {
            let neighbours = self.options.window.saturating_mul(2);
            positions.len().saturating_mul(neighbours)
        }
    }

    /// Add to `sums` the pairs of `row` at `positions`. The caller scans the positions in `next` afterwards: their
    /// windows are prefetched.
    #[inline(always)]
    fn scan(
        &self,
        row: WordId,
        positions: &[u32],
        next: &[u32],
        sums: &mut impl RowSums,
        monitor: &Monitor,
    ) -> Result<()> {
        if let Some(documents) = self.documents {
            let positions = positions.iter().map(|&p| p as usize);
            documents.scan(self.text, row, positions, &self.options, sums);
            return Ok(());
        }
        let first_new = positions.partition_point(|&p| (p as usize) < self.carried);
        let (carried, positions) = positions.split_at(first_new);
        for position in carried {
            self.scan_carried(row, *position as usize, sums, monitor)?;
        }
        if self.options.window == 1 {
            if let Some(symbol) = T::Symbol::of(row) {
                let symbols = self.text.symbols();
                self.scan_adjacent(symbol, positions, sums, |at| symbols[at]);
            } else {
                self.scan_adjacent(row, positions, sums, |at| self.text.id(at));
            }
            return Ok(());
        }
        if self.options.window > SIDE {
            for position in positions {
                self.scan_wide(row, *position as usize, sums, monitor)?;
            }
            return Ok(());
        }
        if let Some(symbol) = T::Symbol::of(row) {
            let symbols = self.text.symbols();
            let middle = SIDE..symbols.len().saturating_sub(SIDE);
            self.scan_narrow(symbol, positions, next, sums, |position, window| {
                let (left, right) = window.split_at_mut(SIDE);
                if middle.contains(&position) {
                    left.copy_from_slice(&symbols[position - SIDE..position]);
                    right.copy_from_slice(&symbols[position + 1..=position + SIDE]);
                } else {
                    self.fetch(position, window, |at| symbols[at]);
                }
            });
        } else {
            self.scan_narrow(row, positions, next, sums, |position, window| {
                self.fetch(position, window, |at| self.text.id(at));
            });
        }
        Ok(())
    }

    /// Count a window of one word to each side. It needs no lanes.
    #[inline(always)]
    fn scan_adjacent<X: Symbol, R: RowSums>(
        &self,
        row: X,
        positions: &[u32],
        sums: &mut R,
        at: impl Fn(usize) -> X,
    ) {
        let weight = self.options.weight(1);
        let length = self.text.symbols().len();
        for &position in positions {
            let position = position as usize;
            if let Some(left) = position.checked_sub(1).map(&at)
                && left.is_at_most(row)
                && (R::Sum::SYMMETRIC || left != row)
            {
                sums.at(left.word()).add(false, weight);
            }
            if position + 1 < length {
                let right = at(position + 1);
                if right.is_at_most(row) {
                    sums.at(right.word()).add(true, weight);
                }
            }
        }
    }

    /// Fill `window` with the words around `position`, without the word at `position`. Lanes
    /// outside the text become ends of documents.
    fn fetch<X: Symbol>(
        &self,
        position: usize,
        window: &mut [X; 2 * SIDE],
        at: impl Fn(usize) -> X,
    ) {
        let length = self.text.symbols().len();
        for (lane, symbol) in window.iter_mut().enumerate() {
            let index = (position + lane + usize::from(lane >= SIDE)).checked_sub(SIDE);
            *symbol = index.filter(|&i| i < length).map_or(X::END, &at);
        }
    }

    #[inline(always)]
    fn scan_narrow<X: Symbol>(
        &self,
        row: X,
        positions: &[u32],
        next: &[u32],
        sums: &mut impl RowSums,
        fetch: impl Fn(usize, &mut [X; 2 * SIDE]),
    ) {
        let mut windows = [X::END; BATCH_WINDOWS * 2 * SIDE];
        let symbols = self.text.symbols();
        let mut ahead = positions.iter().chain(next).skip(BATCH_WINDOWS);
        for batch in positions.chunks(BATCH_WINDOWS) {
            for &position in ahead.by_ref().take(batch.len()) {
                let start = (position as usize).saturating_sub(SIDE);
                for line in 0..=2 * SIDE * size_of::<T::Symbol>() / LINE_BYTES {
                    prefetch(symbols, start + line * LINE_BYTES / size_of::<T::Symbol>());
                }
            }
            let slots = windows.as_chunks_mut::<{ 2 * SIDE }>().0;
            for (window, position) in slots.iter_mut().zip(batch) {
                fetch(*position as usize, window);
            }
            let mut left = batch.len();
            for windows in windows.as_chunks::<LANES>().0 {
                self.add(row, windows, left, sums);
                left = left.saturating_sub(WINDOWS_AT_ONCE);
                if left == 0 {
                    break;
                }
            }
        }
    }

    /// Add to `sums` the neighbours in the first `number` windows of `windows`, or in all if there are fewer.
    #[inline(always)]
    fn add<X: Symbol, R: RowSums>(
        &self,
        row: X,
        windows: &[X; LANES],
        number: usize,
        sums: &mut R,
    ) {
        let mut keep = words_up_to(row, windows) & self.within;
        let ends = document_ends(windows);
        if number < WINDOWS_AT_ONCE {
            keep &= (1 << (number * 2 * SIDE)) - 1;
        }
        if ends != 0 {
            // Drop the words beyond the nearest end of a document on each side.
            for window in 0..WINDOWS_AT_ONCE {
                let at = window * 2 * SIDE;
                let left = (ends >> at) as u16;
                let right = (ends >> (at + SIDE)) as u16;
                let before = u16::MAX.checked_shr(left.leading_zeros()).unwrap_or(0);
                let after = u16::MAX.checked_shl(right.trailing_zeros()).unwrap_or(0);
                let beyond = u64::from(before) | u64::from(after) << SIDE;
                keep &= !(beyond << at);
            }
        }
        for lane in ones(keep) {
            let row_word_is_left = lane & SIDE != 0;
            let column = windows[lane];
            if !R::Sum::SYMMETRIC && column == row && !row_word_is_left {
                continue; // counted in the window of the left one of the two equal words
            }
            sums.at(column.word())
                .add(row_word_is_left, self.lanes[lane % (2 * SIDE)]);
        }
    }

    /// Count an occurrence that is carried over from the previous segment. Only its pairs with the
    /// words after the carried words are new.
    fn scan_carried(
        &self,
        row: WordId,
        position: usize,
        sums: &mut impl RowSums,
        monitor: &Monitor,
    ) -> Result<()> {
        let right = self.ids_after(position);
        neighbours(self.options.window, right, monitor, |distance, column| {
            if position + distance >= self.carried && column <= row {
                sums.at(column).add(true, self.options.weight(distance));
            }
        })
    }

    fn ids_after(&self, position: usize) -> impl Iterator<Item = WordId> {
        self.text.ids(position + 1..self.text.symbols().len())
    }

    fn scan_wide(
        &self,
        row: WordId,
        position: usize,
        sums: &mut impl RowSums,
        monitor: &Monitor,
    ) -> Result<()> {
        let left = (0..position).rev().map(|at| self.text.id(at));
        let right = self.ids_after(position);
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

/// Call `f` with the distance and the id of each of the first `window` words of `words`, or of those before the end of
/// the document.
#[inline(always)]
fn neighbours(
    window: usize,
    mut words: impl Iterator<Item = WordId>,
    monitor: &Monitor,
    mut f: impl FnMut(usize, WordId),
) -> Result<()> {
    let mut distance = 0;
    while distance < window {
        let end = window.min(distance + POLL_TOKENS);
        while distance < end {
            match words.next() {
                None | Some(DOCUMENT_END) => return Ok(()),
                Some(column) => {
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

/// A bit for each lane; the bit is 1 if the id of the lane's word is at most that of `row`.
#[inline(always)]
pub(super) fn words_up_to<X: Symbol>(row: X, windows: &[X; LANES]) -> u64 {
    bits(|lane| windows[lane].is_at_most(row))
}

/// A bit for each lane; the bit is 1 if the lane holds the end of a document.
#[inline(always)]
pub(super) fn document_ends<X: Symbol>(windows: &[X; LANES]) -> u64 {
    // Numbers instead of booleans, so that the compiler makes no branch for each lane.
    let ends = windows.iter().map(|&symbol| u8::from(symbol == X::END));
    if ends.fold(0, |any, end| any | end) == 0 {
        return 0; // the usual case
    }
    bits(|lane| windows[lane] == X::END)
}
