//! Progress counters, and the cancel flag that every long loop reads.
//!
//! A loop does not call the caller to report progress. It adds to atomic counters here, and the caller (the Python
//! binding, a test, a Rust program) reads the counters while it waits.

use crate::error::{Error, Result};
use crate::memory::system;
use crate::report::EpochReport;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The stage of the work. The stages from tokenizing to training are in the order of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// Nothing has started yet.
    Idle,
    /// Reading text and finding words; counted in bytes.
    Tokenizing,
    /// Counting co-occurrences, counted in tokens; reading a table of pairs, counted in its rows; or counting words and
    /// collocations to find phrases, which reports no units.
    Counting,
    /// Merging counts of segments or of two texts, counted in pairs; merging counts of shards,
    /// counted in blocks; or adding up the rows of a table of pairs, counted in rows.
    Merging,
    /// Building tiles from counts; counted in pairs.
    Preparing,
    /// Training; counted in records.
    Training,
    /// Reading a file that is neither a text nor a table of pairs: vectors, counts, parameters, a vocabulary, a
    /// checkpoint or a subword model; counted in bytes of the file.
    Loading,
    /// Fitting a subword model; counted in steps of the solver, each for sixteen components.
    Subwords,
}

impl Stage {
    /// The name that progress callbacks receive.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Tokenizing => "tokenizing",
            Self::Counting => "counting",
            Self::Merging => "merging",
            Self::Preparing => "preparing",
            Self::Training => "training",
            Self::Loading => "loading",
            Self::Subwords => "subwords",
        }
    }

    fn from_u8(value: u8) -> Self {
        match value {
            1 => Self::Tokenizing,
            2 => Self::Counting,
            3 => Self::Merging,
            4 => Self::Preparing,
            5 => Self::Training,
            6 => Self::Loading,
            7 => Self::Subwords,
            _ => Self::Idle,
        }
    }
}

/// Progress, warnings and the request to stop, shared between a long call and its caller.
#[derive(Debug, Default)]
pub struct Monitor {
    cancelled: Arc<AtomicBool>,
    stage: AtomicU8,
    done: AtomicU64,
    total: AtomicU64,
    epochs: Mutex<Vec<EpochReport>>,
    // Finished stages, each with the number of its units.
    past: Mutex<Vec<(Stage, u64)>>,
    warnings: Mutex<Vec<String>>,
    // Whether the system limits the memory of this process.
    limited: bool,
}

impl Monitor {
    /// A monitor in [`Stage::Idle`].
    pub fn new() -> Self {
        Self {
            limited: system::is_limited(),
            ..Self::default()
        }
    }

    /// A monitor with the same request to stop, for a second pass over the same data: only the first pass reports
    /// progress and warnings.
    pub(crate) fn without_progress(&self) -> Self {
        Self {
            cancelled: self.cancelled.clone(),
            limited: self.limited,
            ..Self::default()
        }
    }

    /// Begin a stage of `total` units (0 = unknown).
    pub fn begin(&self, stage: Stage, total: u64) {
        let (past, done, _) = self.snapshot();
        if past != Stage::Idle {
            lock(&self.past).push((past, done));
        }
        self.done.store(0, Relaxed);
        self.total.store(total, Relaxed);
        self.stage.store(stage as u8, Relaxed);
    }

    /// Report that `units` more are done, and then return the result of [`Monitor::check`]. Long loops call this
    /// function or [`Monitor::check`] many times a second, so that Ctrl-C ends the loops.
    pub fn advance(&self, units: u64) -> Result<()> {
        self.done.fetch_add(units, Relaxed);
        self.check()
    }

    /// Fail with [`Error::Cancelled`] if the caller asked to stop. Fail with [`Error::Memory`] if the system
    /// limits the memory of the process and so little is left that a failed small allocation could end the
    /// process.
    pub fn check(&self) -> Result<()> {
        if self.cancelled.load(Relaxed) {
            return Err(Error::Cancelled);
        }
        if self.limited && !system::has_margin() {
            return Err(Error::Memory {
                bytes: system::MARGIN as usize,
            });
        }
        Ok(())
    }

    /// The flag that becomes true when the caller asks to stop. It is for code that waits and
    /// cannot call [`Monitor::check`].
    pub fn cancel_flag(&self) -> Arc<AtomicBool> {
        self.cancelled.clone()
    }

    /// Ask the work to stop at its next check.
    pub fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    /// Set the progress back to `units`, because some work is repeated.
    pub fn rewind(&self, units: u64) {
        self.done.store(units, Relaxed);
    }

    /// Pass a warning to the user. The work goes on.
    pub fn warn(&self, message: String) {
        lock(&self.warnings).push(message);
    }

    /// The warnings since the last call of this function.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.warnings))
    }

    /// Store the report of a finished epoch.
    pub fn epoch_finished(&self, report: EpochReport) {
        lock(&self.epochs).push(report);
    }

    /// The reports of the finished epochs, without the first `first` of them.
    pub fn epochs_from(&self, first: usize) -> Vec<EpochReport> {
        let epochs = lock(&self.epochs);
        epochs[first.min(epochs.len())..].to_vec()
    }

    /// The stages that have ended since the last call of this function, each with the number of its finished
    /// units.
    pub fn take_past_stages(&self) -> Vec<(Stage, u64)> {
        std::mem::take(&mut lock(&self.past))
    }

    /// Stage, units done and units in total (0 = unknown).
    pub fn snapshot(&self) -> (Stage, u64, u64) {
        (
            Stage::from_u8(self.stage.load(Relaxed)),
            self.done.load(Relaxed),
            self.total.load(Relaxed),
        )
    }
}

/// Lock a list, even if a thread panicked while it held the lock: the list is still valid, because a push that panics
/// does not change the list.
fn lock<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
