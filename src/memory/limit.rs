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

    /// A quarter of this limit, for the counts of adjacent words. It comes on top of the eighths for other data: there are
    /// far fewer of these counts than of other counts.
    pub(crate) fn quarter(&self) -> Self {
        Self {
            bytes: self.bytes.map(|bytes| bytes / 4),
            folder: self.folder.clone(),
        }
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

    /// The largest number of bytes of training records and their filters in memory. If there are more, all of them go
    /// to a temporary file.
    pub(crate) fn record_bytes(&self) -> u64 {
        self.fraction(3)
    }

    /// About the largest number of bytes of the segment of text that is counted, with its index.
    pub(crate) fn segment_bytes(&self) -> u64 {
        self.fraction(3)
    }

    /// The largest number of bytes of rows in memory. If there are more, all of them go to a temporary file.
    pub(crate) fn row_bytes(&self) -> u64 {
        self.fraction(2)
    }

    /// About the largest number of bytes of vocabularies and buffers.
    pub(crate) fn buffer_bytes(&self) -> u64 {
        self.fraction(1)
    }
}
