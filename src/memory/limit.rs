//! The memory limit, and its division among the data of a call.

use super::system;
use std::path::PathBuf;

/// How much memory counting may use, and the folder for data beyond that.
#[derive(Debug, Clone)]
pub struct MemoryLimit {
    /// Bytes, if limited.
    pub bytes: Option<u64>,
    /// Folder for temporary files.
    pub folder: PathBuf,
}

impl Default for MemoryLimit {
    fn default() -> Self {
        Self {
            bytes: None,
            folder: std::env::temp_dir(),
        }
    }
}

/// Bytes per token of a segment being counted: its rank, and its position in the index.
const TOKEN_BYTES: u64 = 8;
/// Number of occurrences whose rows one task sums: small enough to balance the load, large enough that the cost
/// of a task does not matter.
pub(crate) const TASK_OCCURRENCES: u64 = 1 << 16;

impl MemoryLimit {
    /// A limit of `bytes`, with temporary files in `folder` or else in the system's folder for them. `None` takes
    /// the limit that the system sets (`ulimit -v`, a container), if there is one.
    pub fn new(bytes: Option<u64>, folder: Option<PathBuf>) -> Self {
        Self {
            bytes: bytes.or_else(system::default_limit),
            folder: folder.unwrap_or_else(std::env::temp_dir),
        }
    }

    /// A fraction of the limit, in eighths: two for encoded text, three for the segment being counted, two for
    /// rows; the last for vocabularies and buffers.
    fn fraction(&self, eighths: u64) -> u64 {
        self.bytes.map_or(u64::MAX, |bytes| bytes / 8 * eighths)
    }

    /// Most bytes of encoded text in memory; text beyond that goes to a temporary file.
    pub fn text_bytes(&self) -> u64 {
        self.fraction(2)
    }

    /// Most bytes of training records in memory; records beyond that go to a temporary file.
    pub(crate) fn record_bytes(&self) -> u64 {
        self.fraction(3)
    }

    /// Tokens of a segment. Positions in a segment are 32-bit numbers.
    pub(crate) fn segment_tokens(&self) -> usize {
        (self.fraction(3) / TOKEN_BYTES).clamp(1 << 10, 1 << 31) as usize
    }

    /// Most bytes of rows in memory; rows beyond that go to a temporary file.
    pub(crate) fn row_bytes(&self) -> u64 {
        self.fraction(2)
    }

    /// Number of occurrences whose rows one task sums. The 30 neighbours of each, of 12 bytes, must stay a small
    /// fraction of the limit for all tasks of a wave together.
    pub(crate) fn task_occurrences(&self) -> u64 {
        (self.fraction(1) / (1 << 12)).clamp(1 << 8, TASK_OCCURRENCES)
    }

    /// Number of tasks to run before their rows are written.
    pub(crate) fn wave_tasks(&self, all: usize) -> usize {
        match self.bytes {
            None => all.max(1),
            Some(_) => 8 * rayon::current_num_threads(),
        }
    }
}
