//! The memory limit of a call, and the fraction of it that each kind of data may use. The limits that the
//! system sets are in `system.rs`.

use super::system;
use std::path::PathBuf;

/// How much memory counting and the tiles of training may use, and the folder for the temporary
/// files that hold data beyond this limit.
#[derive(Debug, Clone)]
pub struct MemoryLimit {
    /// The limit in bytes; `None` for no limit.
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

/// Bytes for each token of a segment that is counted: 2 for its symbol, 4 for its position in the
/// index, and the rest for the ranks of rare words, whose symbol does not tell the rank.
const TOKEN_BYTES: u64 = 8;
/// A task sums the rows of about this many occurrences of words. The number is small enough to balance the load,
/// and large enough that the cost of starting a task does not matter.
pub(crate) const TASK_OCCURRENCES: u64 = 1 << 15;

impl MemoryLimit {
    /// A limit of `bytes`, with temporary files in `folder` or, if `folder` is `None`, in the system's folder
    /// for temporary files. If `bytes` is `None` and the system limits the memory of this process (`ulimit -v`,
    /// a container), the limit is derived from the free memory under the system's limit.
    pub fn new(bytes: Option<u64>, folder: Option<PathBuf>) -> Self {
        Self {
            bytes: bytes.or_else(system::default_limit),
            folder: folder.unwrap_or_else(std::env::temp_dir),
        }
    }

    /// A fraction of the limit, in eighths; `u64::MAX` without a limit. While a text is counted, two eighths are for
    /// encoded text, three for the segment that is counted, and two for rows. The last eighth is for vocabularies and
    /// buffers.
    fn fraction(&self, eighths: u64) -> u64 {
        self.bytes.map_or(u64::MAX, |bytes| bytes / 8 * eighths)
    }

    /// The largest number of bytes of encoded text in memory. Text beyond that goes to a temporary file.
    pub fn text_bytes(&self) -> u64 {
        self.fraction(2)
    }

    /// About the largest number of bytes of decoded tables that wait to be encoded: half of the eighth for vocabularies
    /// and buffers, but enough for one batch, and no more than threads need to decode ahead.
    pub fn table_bytes(&self) -> u64 {
        (self.fraction(1) / 2).clamp(64 << 10, 64 << 20)
    }

    /// The largest number of bytes of training records and negative pairs in memory. If there are more, all
    /// of them go to a temporary file.
    pub(crate) fn record_bytes(&self) -> u64 {
        self.fraction(3)
    }

    /// About the largest number of tokens in a segment. It is never larger than 2³¹, because positions in a segment are
    /// 32-bit numbers.
    pub(crate) fn segment_tokens(&self) -> usize {
        (self.fraction(3) / TOKEN_BYTES).clamp(1 << 10, 1 << 31) as usize
    }

    /// The largest number of bytes of rows in memory. If there are more, all of them go to a temporary file.
    pub(crate) fn row_bytes(&self) -> u64 {
        self.fraction(2)
    }

    /// A task sums the rows of about this many occurrences of words. The number is smaller under a
    /// small limit: with a window of 15 words, each occurrence can add 30 neighbours of 12 bytes to
    /// the rows of a task, and the rows of all tasks of a wave are in memory together.
    pub(crate) fn task_occurrences(&self) -> u64 {
        (self.fraction(1) / (1 << 12)).clamp(1 << 8, TASK_OCCURRENCES)
    }

    /// Number of tasks in a wave: all tasks if there is no limit, else 8 for each thread. When all tasks of a wave have
    /// ended, their rows are passed to the row writer.
    pub(crate) fn wave_tasks(&self, all: usize) -> usize {
        match self.bytes {
            None => all.max(1),
            Some(_) => 8 * rayon::current_num_threads(),
        }
    }
}
