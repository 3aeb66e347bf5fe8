//! Gives the chunks of a text to the workers that read it.

use crate::corpus::{ChunkReader, Content, Origin};
use crate::error::Result;
use crate::monitor::Monitor;
use std::sync::{Mutex, PoisonError};

/// Numbers the chunks of the reader, and gives them to the workers. One worker at a time takes a chunk.
pub(super) struct ChunkQueue<'a> {
    // `None` after the end of the text, an error of the reader, or a chunk that cannot be encoded, so that all
    // workers stop.
    reader: Option<&'a mut dyn ChunkReader>,
    next: usize,
    // The sum of `NumberedChunk::read` over all chunks so far.
    reported: u64,
    // Number of bytes of the text of all chunks so far, decompressed.
    text: u64,
}

/// A chunk, and where it comes from.
pub(super) struct NumberedChunk {
    pub number: usize,
    pub content: Content,
    /// Number of bytes of the source that were read since the previous chunk.
    pub read: u64,
    pub origin: Option<Origin>,
}

impl<'a> ChunkQueue<'a> {
    /// The chunks of `reader`.
    pub fn new(reader: &'a mut dyn ChunkReader) -> Mutex<Self> {
        Mutex::new(Self {
            reader: Some(reader),
            next: 0,
            reported: 0,
            text: 0,
        })
    }

    /// Give out no more chunks.
    pub fn close(this: &Mutex<Self>) {
        this.lock().unwrap_or_else(PoisonError::into_inner).reader = None;
    }

    /// An estimate of the number of bytes of the whole text, decompressed. It has the same proportion to the `source`
    /// bytes of the whole source as the text so far has to the bytes that were read for it. If the size of the source
    /// is not known (0), this is the size of the text so far.
    pub fn whole_text(this: &Mutex<Self>, source: u64) -> f64 {
        let this = this.lock().unwrap_or_else(PoisonError::into_inner);
        this.text as f64 * (source as f64 / this.reported.max(1) as f64).max(1.0)
    }

    /// The next chunk; `None` if there are no more.
    pub fn take(this: &Mutex<Self>, monitor: &Monitor) -> Result<Option<NumberedChunk>> {
        let mut this = this.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(reader) = &mut this.reader else {
            return Ok(None);
        };
        let next = reader.next_chunk();
        let read = reader.bytes_read();
        let origin = reader.origin();
        if let Some(notice) = reader.take_notice() {
            monitor.warn(notice);
        }
        if !matches!(next, Ok(Some(_))) {
            this.reader = None;
        }
        // If the reader was cancelled while it waited, report the cancellation and not the reader's error.
        monitor.check()?;
        let number = this.next;
        this.next += 1;
        let new = read - std::mem::replace(&mut this.reported, read);
        if let Ok(Some(content)) = &next {
            this.text += content.len() as u64;
        }
        Ok(next?.map(|content| NumberedChunk {
            number,
            content,
            read: new,
            origin,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// Chunks of 2000 bytes. The first is compressed to a tenth.
    struct Compressed;

    impl ChunkReader for Compressed {
        fn next_chunk(&mut self) -> Result<Option<Content>> {
            Ok(Some(Content::Lines("a ".repeat(1000))))
        }
        fn bytes_read(&self) -> u64 {
            200
        }
        fn name(&self) -> PathBuf {
            "chunks".into()
        }
    }

    #[test]
    fn the_size_of_a_text_is_extrapolated_from_its_decompressed_chunks() {
        let mut reader = Compressed;
        let queue = ChunkQueue::new(&mut reader);
        ChunkQueue::take(&queue, &Monitor::new()).unwrap();
        for (source, text) in [(800, 8000.0), (200, 2000.0), (0, 2000.0)] {
            assert_eq!(ChunkQueue::whole_text(&queue, source), text);
        }
    }
}
