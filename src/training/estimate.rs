//! Estimates the memory, the disk space and the time that a fit needs: for counting a text and for training
//! on its counts. The estimate of counting alone is in `cooccurrence/estimate.rs`.

use super::marginals::Marginal;
use super::optimizer::Optimizer;
use super::options::TrainingOptions;
use super::parameters::Parameters;
use super::row_layout::RowLayout;
use super::tiles::{Counts, TileGrid, TileOptions, Tiles, negative_bytes, record_bytes};
use super::trainer::{COPIES, Training};
use crate::cooccurrence::{CorpusSize, CountingOptions, EncodedSample};
use crate::encoding::EncodingOptions;
use crate::error::Result;
use crate::memory::MemoryLimit;
use crate::monitor::Monitor;
use std::ops::ControlFlow;
use std::time::Instant;

/// The fraction of the drawn negative pairs that remains when repeated pairs and pairs that
/// co-occur are left out. It depends on the text. This is a middle value of several texts
/// (benches/EXPERIMENTS.md, "Memory of a fit").
const NEW_PAIRS: f64 = 0.5;
/// The memory for the negative pairs of a block of rows is reserved before they are drawn. Because
/// the system provides memory in huge pages, up to this many bytes for each block of rows stay in
/// memory without holding a pair.
const SLAB_SLACK: f64 = 150e3;

/// Estimates the memory and the disk space for counting a text and for training on its counts.
#[derive(Debug, Clone, Copy)]
pub struct FitEstimate {
    /// The text and its counts.
    pub size: CorpusSize,
    /// Components of a vector.
    pub dim: usize,
    /// The optimizer, which decides how many accumulators a vector has.
    pub optimizer: Optimizer,
    /// Negative pairs to draw for each record.
    pub negative: f64,
    /// Whether the model keeps the counts: compressed in memory, or on disk if they exceed the memory limit.
    pub keep_counts: bool,
}

impl FitEstimate {
    /// Bytes of the parameters with their accumulators, and of the copy of both to which a training
    /// returns if an epoch diverges. The memory limit does not apply to these bytes.
    pub fn parameters(&self) -> f64 {
        let sides = 2;
        self.size.words * (COPIES * sides * self.row_bytes()) as f64
    }

    fn row_bytes(&self) -> usize {
        RowLayout::new(self.dim, self.optimizer).bytes()
    }

    /// Bytes of records and negative pairs. The first number includes all drawn pairs. The second
    /// includes only the pairs that remain after repeated and co-occurring ones are left out, and
    /// memory that stays unused.
    fn tile_bytes(&self) -> [f64; 2] {
        let records = record_bytes(self.size.records as u64, self.size.symmetric) as f64;
        let negatives = negative_bytes(self.size.records * self.negative) as f64;
        let blocks = TileGrid::expected_blocks(self.size.words, self.row_bytes());
        let left_out = (1.0 - NEW_PAIRS) * negatives;
        let remaining = NEW_PAIRS * negatives + left_out.min(SLAB_SLACK * blocks);
        [records + negatives, records + remaining]
    }

    fn tiles_fit(&self, memory: &MemoryLimit) -> bool {
        self.tile_bytes()[0] <= memory.record_bytes() as f64
    }

    /// Bytes of memory at the peak, without the program itself, for a fit on all threads of the current rayon
    /// pool.
    pub fn memory(&self, memory: &MemoryLimit) -> f64 {
        let size = &self.size;
        let tiles = if self.tiles_fit(memory) {
            self.tile_bytes()[1]
        } else {
            memory.record_bytes() as f64
        };
        let rows = size.row_bytes().min(memory.row_bytes() as f64);
        let packed = if self.keep_counts && rows < memory.row_bytes() as f64 {
            size.encoded_bytes + size.unpacked_bytes()
        } else {
            0.0
        };
        let retained = size.retained_rows * rows + size.retained_reading(memory);
        let training = self.parameters() + tiles + packed + retained + size.vocabulary_bytes();
        training.max(size.memory(memory) + self.marginals())
    }

    /// Bytes of the marginals. Ranges of rows are summed in parallel, each into its own list of
    /// marginals.
    fn marginals(&self) -> f64 {
        self.size.words * (super::marginals::CHUNKS * size_of::<Marginal>()) as f64
    }

    /// Bytes of temporary files.
    pub fn disk(&self, memory: &MemoryLimit) -> f64 {
        let tiles = if self.tiles_fit(memory) {
            0.0
        } else {
            self.tile_bytes()[1]
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

    /// A memory limit of whole megabytes, at least `least` bytes, under which the peak of memory is at
    /// most `available` bytes. It is found by bisection, and is the largest such limit unless the peak
    /// falls as the limit grows.
    fn limit_within(&self, available: f64, least: u64) -> Option<u64> {
        let fits = |megabytes: u64| self.memory(&limit_of(megabytes * 1_000_000)) <= available;
        let mut low = least.div_ceil(1_000_000);
        if !fits(low) {
            return None;
        }
        // The peak grows with the limit, with one exception: the peak falls where the limit becomes
        // large enough for all tiles to fit into memory.
        let mut high = (available.max(0.0) / 1e6) as u64 + 1;
        while low + 1 < high {
            let middle = low.midpoint(high);
            if fits(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(low * 1_000_000)
    }
}

fn limit_of(bytes: u64) -> MemoryLimit {
    MemoryLimit {
        bytes: Some(bytes),
        ..MemoryLimit::default()
    }
}

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
    /// Extrapolate the times to a text of this `size`.
    ///
    /// # Errors
    /// As for [`EncodedSample::count`], [`Tiles::new`] and [`Training::run`].
    pub fn measure(
        sample: &EncodedSample,
        size: &CorpusSize,
        dim: usize,
        (encoding, counting): (&EncodingOptions, &CountingOptions),
        training: &TrainingOptions,
        monitor: &Monitor,
    ) -> Result<Self> {
        // The `min_count` for the sample is that for the text, divided by `scale` and rounded, but
        // at least 1.
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
            patience: None,
            deadline: None,
            ..*training
        };
        // The time for tiles grows with the number of records, the time for parameters with the number of
        // words.
        let growth = size.records / counts.nnz() as f64;
        let words = counts.words;
        let start = Instant::now();
        let tiling = TileOptions::new(dim, &options);
        let memory = MemoryLimit::default();
        let tiles = Tiles::new(&mut Counts::Owned(counts), &tiling, &memory, monitor)?;
        seconds.preparing = growth * start.elapsed().as_secs_f64();
        let start = Instant::now();
        let parameters = Parameters::random(words, tiling.layout, options.seed, monitor)?;
        seconds.preparing += start.elapsed().as_secs_f64() * size.words / words as f64;
        let mut trained = Training::new(parameters);
        let go_on = &mut |_: &Training| Ok(ControlFlow::Continue(()));
        trained.run(&tiles, &options, go_on, monitor)?;
        if let [first, later] = &trained.history.reports[..] {
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
