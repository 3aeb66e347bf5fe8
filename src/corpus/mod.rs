//! Text in: files and documents become [`Chunk`]s of a few megabytes that workers take in turn.

mod file;
mod sample;

pub use file::FileReader;
pub use sample::SampleReader;

use crate::error::Result;

/// Size at which a chunk is cut, at the next document boundary if there is one near.
pub const CHUNK_BYTES: usize = 1 << 20;

/// A piece of the corpus, cut so that no word straddles two chunks.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Position of this chunk in the corpus: 0, 1, 2, …
    pub number: usize,
    /// What it holds.
    pub content: Content,
}

/// What a [`Chunk`] holds.
#[derive(Debug)]
pub enum Content {
    /// Text that still has to be tokenised.
    Text(Vec<u8>),
    /// Words that the caller has already separated.
    Words(Words),
}

impl Default for Content {
    fn default() -> Self {
        Self::Text(Vec::new())
    }
}

impl Content {
    /// Bytes of text held.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Words(words) => words.bytes.len(),
        }
    }

    /// Whether no text is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Ready-made words, packed.
#[derive(Debug, Default, Clone)]
pub struct Words {
    bytes: Vec<u8>,
    // End of each word in `bytes`.
    ends: Vec<usize>,
    // Number of words before the end of each document.
    document_ends: Vec<usize>,
}

impl Words {
    /// Append a word to the open document.
    pub fn push(&mut self, word: &[u8]) {
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len());
    }

    /// Close the open document.
    pub fn end_document(&mut self) {
        self.document_ends.push(self.ends.len());
    }

    /// Bytes of words held.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.document_ends.is_empty()
    }

    /// Feed everything, in order, to `sink`. Empty words are no words.
    pub fn replay(&self, sink: &mut impl crate::tokenize::Sink) {
        let (mut start, mut word) = (0, 0);
        for &document_end in self.document_ends.iter().chain([&self.ends.len()]) {
            for &end in &self.ends[word..document_end] {
                if end > start {
                    sink.word(&self.bytes[start..end]);
                }
                start = end;
            }
            word = document_end;
            sink.end_of_document();
        }
    }
}

/// Where text comes from. Workers take turns at it behind a lock, so reading is sequential and
/// everything after it is parallel.
pub trait ChunkReader: Send {
    /// The next piece, or `None` at the end.
    fn next_chunk(&mut self) -> Result<Option<Content>>;

    /// Bytes in all, if known, for progress.
    fn total_bytes(&self) -> Option<u64> {
        None
    }

    /// What to call the source in a message.
    fn name(&self) -> std::path::PathBuf;
}

/// Documents that are already in memory.
///
/// ```
/// use glove_rs::corpus::{ChunkReader, Documents};
/// let mut reader = Documents::new(["an apple a day", "keeps the doctor away"]);
/// assert!(reader.next_chunk().unwrap().is_some());
/// assert!(reader.next_chunk().unwrap().is_none());
/// ```
pub struct Documents {
    text: Option<Vec<u8>>,
}

impl Documents {
    /// One document per item.
    pub fn new<T: AsRef<str>>(documents: impl IntoIterator<Item = T>) -> Self {
        let mut text = Vec::new();
        for document in documents {
            text.extend_from_slice(document.as_ref().as_bytes());
            text.push(b'\n');
        }
        Self { text: Some(text) }
    }
}

impl ChunkReader for Documents {
    fn next_chunk(&mut self) -> Result<Option<Content>> {
        Ok(self.text.take().map(Content::Text))
    }

    fn total_bytes(&self) -> Option<u64> {
        self.text.as_ref().map(|t| t.len() as u64)
    }

    fn name(&self) -> std::path::PathBuf {
        "<documents>".into()
    }
}
