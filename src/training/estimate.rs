//! Estimates the memory and disk space of a fit: of counting, and then of training.

use super::kernel::Optimizer;
use super::layout::RowLayout;
use super::tiles::{negative_bytes, record_bytes};
use super::trainer::COPIES;
use crate::cooccurrence::Estimate;
use crate::memory::MemoryLimit;

/// The fraction of the negative pairs drawn that remains when pairs that co-occur are left out: 0.36 of
/// 17 million words of Wikipedia, 0.5 of one million.
const NEW_PAIRS: f64 = 0.45;
/// The fraction of the rows of counts that the memory allocator still holds during training: rows are
/// freed in small pieces while tiles are built. Of repeated fits of 17 million words of Wikipedia it was
/// 0.2 to 0.7.
const RETAINED_ROWS: f64 = 0.45;

/// The estimated cost of a fit whose counts are estimated.
#[derive(Debug, Clone, Copy)]
pub struct FitEstimate {
    /// The counts.
    pub counts: Estimate,
    /// Components of a vector.
    pub dim: usize,
    /// How a gradient changes a parameter.
    pub optimizer: Optimizer,
    /// Negative pairs to draw for each record.
    pub negative: f64,
}

impl FitEstimate {
    /// Bytes of the parameters, their accumulators and their copies. No memory limit bounds them.
    pub fn parameters(&self) -> f64 {
        let sides = 2;
        self.counts.words
            * (COPIES * sides * RowLayout::new(self.dim, self.optimizer).bytes()) as f64
    }

    /// Bytes of records and negative pairs: those that are drawn, and those that remain.
    fn tile_bytes(&self) -> [f64; 2] {
        let records = record_bytes(self.counts.records as u64, self.counts.symmetric) as f64;
        let negatives = negative_bytes(self.counts.records * self.negative) as f64;
        [records + negatives, records + NEW_PAIRS * negatives]
    }

    fn tiles_fit(&self, memory: &MemoryLimit) -> bool {
        self.tile_bytes()[0] <= memory.record_bytes() as f64
    }

    /// Bytes of memory at the peak, without the program itself, on all threads of the current rayon
    /// pool.
    pub fn memory(&self, memory: &MemoryLimit) -> f64 {
        let tiles = if self.tiles_fit(memory) {
            self.tile_bytes()[1]
        } else {
            memory.record_bytes() as f64
        };
        let rows = self.counts.row_bytes.min(memory.row_bytes() as f64);
        let training =
            self.parameters() + tiles + RETAINED_ROWS * rows + self.counts.vocabulary_bytes();
        training.max(self.counts.memory(memory))
    }

    /// Bytes of temporary files.
    pub fn disk(&self, memory: &MemoryLimit) -> f64 {
        let tiles = if self.tiles_fit(memory) {
            0.0
        } else {
            self.tile_bytes()[1]
        };
        self.counts.disk(memory) + tiles
    }

    /// The largest memory limit of whole megabytes, at least `least` bytes, under which the peak is at
    /// most `available` bytes.
    pub fn limit_within(&self, available: f64, least: u64) -> Option<u64> {
        let fits = |megabytes: u64| {
            let limit = MemoryLimit {
                bytes: Some(megabytes * 1_000_000),
                ..MemoryLimit::default()
            };
            self.memory(&limit) <= available
        };
        let mut low = least.div_ceil(1_000_000);
        if !fits(low) {
            return None;
        }
        // The peak grows with the limit, except where the tiles begin to fit into memory.
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
