//! Reads a text once on all threads. Every worker numbers the words of its chunks with its own interner.

use super::chunk_queue::{ChunkQueue, NumberedChunk};
use super::interner::Interner;
use super::options::EncodingOptions;
use super::raw_corpus::RawCorpus;
use super::segments::{RawChunk, RawIds};
use crate::corpus::ChunkReader;
use crate::error::Result;
use crate::memory::{FixedArray, MemoryLimit, TemporaryFile};
use crate::monitor::{Monitor, Stage};
use crate::vocabulary::Vocabulary;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

impl RawCorpus {
    /// Read `reader` to its end on all threads of the current rayon pool.
    ///
    /// # Errors
    /// The errors of the reader; for a word longer than `max_word_bytes`, [`crate::Error::Format`] if the
    /// reader knows the file of the word, otherwise [`crate::Error::Corpus`]; [`crate::Error::Corpus`] for
    /// more than 2³¹ − 4 different words; [`crate::Error::Io`] for the temporary file;
    /// [`crate::Error::Memory`], [`crate::Error::Cancelled`].
    pub fn read(
        reader: &mut dyn ChunkReader,
        options: &EncodingOptions,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        let spool = Mutex::new(None);
        let name = reader.name();
        let in_memory = AtomicU64::new(0);
        monitor.begin(Stage::Tokenizing, reader.total_bytes().unwrap_or(0));
        let cancelled = monitor.cancel_flag();
        reader.on_idle(Arc::new(move || {
            if cancelled.load(Relaxed) {
                return Err(std::io::Error::other("cancelled"));
            }
            Ok(())
        }));
        let queue = ChunkQueue::new(reader);
        let read_chunks = || -> Result<_> {
            let mut interner = Interner::default();
            let mut chunks = Vec::new();
            while let Some(taken) = ChunkQueue::take(&queue, monitor)? {
                let NumberedChunk {
                    number,
                    content,
                    read,
                    origin,
                } = taken;
                let ids = match interner.encode(&content, options, monitor) {
                    Ok(ids) => ids,
                    Err(fault) => return Err(fault.at(&content, origin, options, &name)),
                };
                let bytes = size_of_val(&ids[..]) as u64;
                let full = in_memory.fetch_add(bytes, Relaxed) + bytes > memory.text_bytes();
                let ids = if full {
                    in_memory.fetch_sub(bytes, Relaxed);
                    let mut spool = spool.lock().unwrap_or_else(PoisonError::into_inner);
                    let spool = match &mut *spool {
                        Some(spool) => spool,
                        none => none.insert(TemporaryFile::create(&memory.folder)?),
                    };
                    let range = spool.append(bytemuck::cast_slice(&ids));
                    RawIds::Spooled(range.map_err(|error| {
                        // The error names four times the size of the text as the space that is
                        // needed: the numbers take 4 bytes for each word, usually less than the
                        // text, but the rows of counts, which are written later, take more.
                        let (_, _, source) = monitor.snapshot();
                        let text = ChunkQueue::whole_text(&queue, source);
                        error.with_space_needed((text * 4.0).max(spool.len() as f64))
                    })?)
                } else {
                    RawIds::Memory(FixedArray::copied(&ids)?)
                };
                chunks.push((number, ids));
                monitor.advance(read)?;
            }
            Ok((interner, chunks))
        };
        let workers: Vec<Result<_>> = rayon::broadcast(|_| {
            let read = read_chunks();
            if read.is_err() {
                // The other workers stop too.
                ChunkQueue::close(&queue);
            }
            read
        });
        let mut raw = Self {
            name,
            interners: Vec::new(),
            chunks: VecDeque::new(),
            spool: spool.into_inner().unwrap_or_else(PoisonError::into_inner),
        };
        for worker in workers {
            let (interner, chunks) = worker?;
            let index = raw.interners.len();
            raw.interners.push(interner);
            raw.chunks
                .extend(chunks.into_iter().map(|(number, ids)| RawChunk {
                    number,
                    interner: index,
                    ids,
                }));
        }
        raw.chunks
            .make_contiguous()
            .sort_unstable_by_key(|c| c.number);
        Ok(raw)
    }
}

/// Read `reader` to its end and choose the vocabulary of the text.
///
/// # Errors
/// As for [`RawCorpus::read`] and [`RawCorpus::vocabulary`].
pub fn read_vocabulary(
    reader: &mut dyn ChunkReader,
    options: &EncodingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Vocabulary> {
    RawCorpus::read(reader, options, memory, monitor)?.vocabulary(options, monitor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Content;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    /// One chunk of 1000 words, and then chunks without words.
    #[derive(Default)]
    struct SlowReader {
        read: usize,
    }

    impl SlowReader {
        const MOST_CHUNKS: usize = 2000;
    }

    impl ChunkReader for SlowReader {
        fn next_chunk(&mut self) -> Result<Option<Content>> {
            self.read += 1;
            if self.read == 1 {
                return Ok(Some(Content::Lines("a ".repeat(1000))));
            }
            std::thread::sleep(Duration::from_millis(1));
            Ok((self.read < Self::MOST_CHUNKS).then(|| Content::Lines(String::new())))
        }
        fn bytes_read(&self) -> u64 {
            0
        }
        fn name(&self) -> PathBuf {
            "chunks".into()
        }
    }

    #[test]
    fn no_worker_reads_on_after_a_temporary_file_failed() {
        let memory = MemoryLimit {
            bytes: Some(1 << 10),
            folder: Path::new("no such folder").into(),
        };
        let (mut reader, options) = (SlowReader::default(), EncodingOptions::default());
        let read = crate::threads::in_pool(4, || {
            RawCorpus::read(&mut reader, &options, &memory, &Monitor::new()).map(|_| ())
        });
        let error = read.unwrap().unwrap_err().to_string();
        assert!(error.contains("no such folder"), "{error}");
        assert!(
            reader.read < SlowReader::MOST_CHUNKS,
            "all chunks were read"
        );
    }
}
