//! Estimates the memory, the disk space and the time that a fit needs: for counting a text and for training
//! on its counts. The estimate of counting alone is in `cooccurrence/corpus_size.rs`.

use super::marginals::Marginal;
use super::optimizer::Optimizer;
use super::options::TrainingOptions;
use super::parameters::Parameters;
use super::row_layout::RowLayout;
use super::tiles::{Counts, TileOptions, Tiles, filter_bytes, record_bytes};
use super::trainer::{COPIES, TrainingState};
use crate::cooccurrence::{ContextColumns, CorpusSize, CountingOptions, EncodedSample};
use crate::encoding::EncodingOptions;
use crate::error::Result;
use crate::memory::MemoryLimit;
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use std::ops::{ControlFlow, Range};
use std::time::Instant;

/// Estimates the memory and the disk space for counting a text and for training on its counts.
#[derive(Debug, Clone, Copy)]
pub struct FitEstimate {
    /// The text and its counts.
    pub size: CorpusSize,
    /// Number of components of a vector.
    pub dim: usize,
    /// The optimizer, which decides how many accumulators a vector has.
    pub optimizer: Optimizer,
    /// Number of negative pairs to draw for each record in an epoch.
    pub negative: f64,
    /// Whether the model keeps the counts: compressed in memory, or on disk if they exceed the memory limit.
    pub keep_counts: bool,
}

impl FitEstimate {
    /// Bytes of the parameters with their accumulators, and of the copy of both to which a training
    /// returns if an epoch diverges. The memory limit does not apply to these bytes.
    pub fn parameters(&self) -> f64 {
        (self.size.words + self.columns()) * (COPIES * self.row_bytes()) as f64
    }

    /// Number of columns of counts to train on.
    fn columns(&self) -> f64 {
        if self.size.adjacent > 0.0 {
            ContextColumns::with_adjacent(self.size.words as usize).number() as f64
        } else {
            self.size.words
        }
    }

    fn row_bytes(&self) -> usize {
        RowLayout::new(self.dim, self.optimizer).bytes()
    }

    /// Bytes of records and their filters.
    fn tile_bytes(&self) -> f64 {
        // A count of adjacent words is a record of the word on the right and one of the word on the left.
        let [window, adjacent] = [self.size.records, 2.0 * self.size.adjacent].map(|n| n as u64);
        let records = record_bytes(window, self.size.symmetric) + record_bytes(adjacent, false);
        (records + filter_bytes(window + adjacent, self.negative)) as f64
    }

    fn tiles_fit(&self, memory: &MemoryLimit) -> bool {
        self.tile_bytes() <= memory.record_bytes() as f64
    }

    /// Bytes of memory at the peak, without the program itself, for a fit on all threads of the current rayon
    /// pool.
    pub fn memory(&self, memory: &MemoryLimit) -> f64 {
        let size = &self.size;
        let tiles = self.tile_bytes().min(memory.record_bytes() as f64);
        let rows = size.row_bytes().min(memory.row_bytes() as f64);
        let packed = if self.keep_counts && rows < memory.row_bytes() as f64 {
            size.encoded_bytes + size.unpacked_bytes()
        } else {
            0.0
        };
        let retained = size.retained_rows * rows + size.retained_reading(memory);
        let training = self.parameters() + tiles + packed + retained + size.vocabulary_bytes();
        training.max(size.memory(memory) + self.marginals() + self.adjacent_rows(memory))
    }

    /// Bytes of the columns of adjacent words, from which tiles are built. An entry has a number for each direction. Each
    /// number is packed into 32 bits (`packed_block.rs`), and one of the two is 0.
    fn adjacent_rows(&self, memory: &MemoryLimit) -> f64 {
        let record = size_of::<WordId>() + 2 * size_of::<u32>();
        let rows = 2.0 * self.size.adjacent * record as f64;
        rows.min(memory.quarter().row_bytes() as f64)
    }

    /// Bytes of the marginals. Ranges of rows are summed in parallel, each into its own list of
    /// marginals.
    fn marginals(&self) -> f64 {
        self.columns() * (super::marginals::CHUNKS * size_of::<Marginal>()) as f64
    }

    /// Bytes of temporary files.
    pub fn disk(&self, memory: &MemoryLimit) -> f64 {
        let tiles = if self.tiles_fit(memory) {
            0.0
        } else {
            self.tile_bytes()
        };
        self.size.disk(memory) + tiles
    }

    /// Settings with which the peak of memory is at most `available` bytes. `limit` is the present memory
    /// limit.
    pub fn advice(&self, limit: &MemoryLimit, available: f64) -> Advice {
        if self.memory(limit) <= available {
            return Advice::AsItIs;
        }
        if let Some(memory) = self.limit_within(available, LEAST_LIMIT) {
            let disk = self.disk(&limit_of(memory));
            return Advice::Limit { memory, disk };
        }
        let least = limit_of(LEAST_LIMIT);
        let fits =
            |&dim: &usize| dim < self.dim && Self { dim, ..*self }.memory(&least) <= available;
        let excess = self.memory(&least) - available;
        let words = self.size.words * (1.0 - excess / self.parameters().max(1.0));
        let max_vocab = (words.max(0.0) as u64) / 100 * 100;
        Advice::Smaller {
            memory: LEAST_LIMIT,
            dim: DIMS.into_iter().find(fits),
            max_vocab: Some(max_vocab).filter(|&words| words > 0),
        }
    }

    /// The largest memory limit of whole megabytes, at least `least` and at most `available` bytes, under which the
    /// peak is at most `available` bytes. The peak grows with the limit.
    fn limit_within(&self, available: f64, least: u64) -> Option<u64> {
        let (least, most) = (least.div_ceil(MEGABYTE), u64::MAX / MEGABYTE);
        let end = (available.max(0.0) / MEGABYTE as f64) as u64;
        let end = (end.min(most - 1) + 1).max(least);
        let fits = |megabytes| self.memory(&limit_of(megabytes * MEGABYTE)) <= available;
        let end = first_not(least..end, fits);
        (end > least).then(|| (end - 1) * MEGABYTE)
    }
}

/// The first number of `range` for which `holds` is false, or the end of the range. `holds` must be false for
/// all later numbers of the range too.
fn first_not(range: Range<u64>, holds: impl Fn(u64) -> bool) -> u64 {
    let Range { mut start, mut end } = range;
    while start < end {
        let middle = start.midpoint(end);
        if holds(middle) {
            start = middle + 1;
        } else {
            end = middle;
        }
    }
    start
}

fn limit_of(bytes: u64) -> MemoryLimit {
    MemoryLimit {
        bytes: Some(bytes),
        ..MemoryLimit::default()
    }
}

const MEGABYTE: u64 = 1_000_000;
/// The smallest memory limit to propose.
const LEAST_LIMIT: u64 = 32_000_000;
/// Numbers of components of a vector to propose.
const DIMS: [usize; 5] = [300, 200, 100, 50, 25];

/// Settings with which a fit stays within a given number of bytes of memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Advice {
    /// The present settings suffice.
    AsItIs,
    /// This memory limit suffices.
    Limit {
        /// The memory limit in bytes.
        memory: u64,
        /// Bytes of temporary files under this limit.
        disk: f64,
    },
    /// No memory limit suffices alone. With this limit, a fit also needs a smaller `dim` or a smaller
    /// `max_vocab`: each value suffices without the other. `None` if no value that can be proposed suffices.
    Smaller {
        /// The memory limit in bytes.
        memory: u64,
        /// The largest proposed number of components of a vector.
        dim: Option<usize>,
        /// The largest number of words, in whole hundreds.
        max_vocab: Option<u64>,
    },
}

/// Seconds of each stage of a fit on this machine under its present load.
#[derive(Debug, Clone, Copy, Default)]
pub struct FitSeconds {
    /// Seconds from text to counts.
    pub counting: f64,
    /// Seconds from counts to tiles and parameters.
    pub preparing: f64,
    /// Seconds of all epochs.
    pub training: f64,
}

/// A learning rate so small that no parameter changes much and no epoch diverges.
const SMALL_RATE: f64 = 1e-6;

impl FitSeconds {
    /// Count a sample and train on its counts for two epochs, on all threads of the current rayon pool.
    /// Extrapolate the times to a text of this `size`. If the sample has no pair, only the time of counting is
    /// estimated, and the other times are 0.
    ///
    /// # Errors
    /// As for [`EncodedSample::count`], [`Tiles::new`] and [`TrainingState::run`].
    pub fn measure(
        sample: &EncodedSample,
        size: &CorpusSize,
        dim: usize,
        (encoding, counting): (&EncodingOptions, &CountingOptions),
        training: &TrainingOptions,
        monitor: &Monitor,
    ) -> Result<Self> {
        // The text is `scale` times as large as the sample. So the `min_count` for the sample is that for the text,
        // divided by `scale` and rounded, but at least 1.
        let least = ((encoding.min_count as f64 / sample.scale).round() as u64).max(1);
        let start = Instant::now();
        let counts = sample.count([0, 1], least, encoding, counting, monitor)?;
        let counted = start.elapsed().as_secs_f64();
        let mut seconds = Self {
            counting: (sample.seconds + counted) * sample.scale,
            ..Self::default()
        };
        let Some(counts) = counts.filter(|counts| counts.nnz() > 0) else {
            return Ok(seconds);
        };
        let options = TrainingOptions {
            epochs: 2,
            learning_rate: SMALL_RATE,
            bias_learning_rate: SMALL_RATE,
            early_stopping: None,
            deadline: None,
            ..*training
        };
        // The time for tiles grows with the number of records, the time for parameters with the number of
        // words.
        let growth = size.records / counts.nnz() as f64;
        let words = counts.words;
        let start = Instant::now();
        let adjacent = counts.adjacent().is_some();
        let tiling = TileOptions {
            adjacent,
            ..TileOptions::new(dim, &options)
        };
        let memory = MemoryLimit::default();
        let tiles = Tiles::new(&mut Counts::Owned(counts), &tiling, &memory, monitor)?;
        seconds.preparing = growth * start.elapsed().as_secs_f64();
        let start = Instant::now();
        let mut parameters = Parameters::random(words, tiling.layout, options.seed, monitor)?;
        if adjacent {
            parameters = parameters.with_adjacent(options.seed, monitor)?;
        }
        seconds.preparing += start.elapsed().as_secs_f64() * size.words / words as f64;
        let mut trained = TrainingState::new(parameters);
        let go_on = &mut |_: &TrainingState| Ok(ControlFlow::Continue(()));
        trained.run(&tiles, &options, go_on, monitor)?;
        if let [first, later] = &trained.log.reports[..] {
            let epochs = training.epochs.saturating_sub(1) as f64;
            seconds.training = growth * (first.seconds + epochs * later.seconds);
        }
        Ok(seconds)
    }

    /// Seconds of the whole fit.
    pub fn total(&self) -> f64 {
        self.counting + self.preparing + self.training
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fit(records: f64, pairs: f64, words: f64, negative: f64, keep_counts: bool) -> FitEstimate {
        let size = CorpusSize {
            tokens: 10.0 * words,
            kept_tokens: 9.0 * words,
            words,
            different_words: 2.0 * words,
            words_per_thread: words,
            word_bytes: 7.0,
            records,
            pairs,
            adjacent: 0.0,
            symmetric: true,
            packed: true,
            encoded_bytes: 3.0 * pairs,
            tokenizer_bytes: 0.0,
            retained_rows: 0.3,
        };
        FitEstimate {
            size,
            dim: 10,
            optimizer: Optimizer::RowwiseAdaGrad,
            negative,
            keep_counts,
        }
    }

    /// The result of [`FitEstimate::limit_within`], found by trying every limit.
    fn tried(fit: &FitEstimate, available: f64, least: u64) -> Option<u64> {
        let fits = |&megabytes: &u64| fit.memory(&limit_of(megabytes * MEGABYTE)) <= available;
        let least = least.div_ceil(MEGABYTE);
        let found = (least..=(available / MEGABYTE as f64) as u64)
            .rev()
            .find(fits);
        found.map(|megabytes| megabytes * MEGABYTE)
    }

    proptest! {
        #[test]
        fn the_proposed_limit_is_the_largest_that_suffices(
            records in 1e3..1e7_f64,
            pairs_per_record in 0.1..1.0_f64,
            words in 1e2..1e5_f64,
            negative in prop_oneof![Just(0.0), 0.1..60.0],
            keep_counts: bool,
            available in 1e6..6e8_f64,
            least in 1_u64..64,
        ) {
            let fit = fit(records, pairs_per_record * records, words, negative, keep_counts);
            let least = least * MEGABYTE;
            prop_assert_eq!(fit.limit_within(available, least), tried(&fit, available, least));
        }
    }
}
