//! What a source of text is: a reader of chunks.

use super::content::Content;
use super::origin::Origin;
use crate::error::Result;
use crate::io::Idle;

/// Approximate size of a chunk, in bytes. `cutter.rs` decides where exactly a chunk ends.
pub const CHUNK_BYTES: usize = 1 << 20;

/// A source of text. One worker at a time reads a chunk, behind a lock: reading is sequential, and all later
/// steps are parallel.
pub trait ChunkReader: Send {
    /// The next chunk, or `None` at the end.
    ///
    /// # Errors
    /// The errors of the source.
    fn next_chunk(&mut self) -> Result<Option<Content>>;

    /// Number of bytes of the whole source, if known, for progress.
    fn total_bytes(&self) -> Option<u64> {
        None
    }

    /// Number of bytes of the source that have been read so far, for progress.
    fn bytes_read(&self) -> u64;

    /// Set a function to call from time to time while a chunk is read: a pipe may have no data for
    /// a long time. If the function returns an error, reading ends with this error.
    fn on_idle(&mut self, _: Idle) {}

    /// Where the last chunk came from, if that is known.
    fn origin(&self) -> Option<Origin> {
        None
    }

    /// A notice for the user about the text read so far. Each notice is returned once.
    fn take_notice(&mut self) -> Option<String> {
        None
    }

    /// The name of the source in messages.
    fn name(&self) -> std::path::PathBuf;
}
