//! Reads documents that are in memory.

use super::chunk_reader::ChunkReader;
use super::content::Content;
use crate::error::Result;

/// Documents that are already in memory. They become one chunk, however long they are.
///
/// ```
/// use glove_rs::corpus::{ChunkReader, InMemoryDocuments};
/// let mut reader = InMemoryDocuments::new(["an apple a day", "keeps the doctor away"]);
/// assert!(reader.next_chunk().unwrap().is_some());
/// assert!(reader.next_chunk().unwrap().is_none());
/// ```
pub struct InMemoryDocuments {
    text: Option<String>,
    bytes: u64,
}

impl InMemoryDocuments {
    /// One document per item. A newline within an item ends a document too. A newline at the end of an item begins no
    /// further document.
    pub fn new<T: AsRef<str>>(documents: impl IntoIterator<Item = T>) -> Self {
        let mut text = String::new();
        for document in documents {
            text.push_str(document.as_ref());
            if !document.as_ref().ends_with('\n') {
                text.push('\n');
            }
        }
        Self {
            bytes: text.len() as u64,
            text: Some(text),
        }
    }
}

impl ChunkReader for InMemoryDocuments {
    fn next_chunk(&mut self) -> Result<Option<Content>> {
        Ok(self.text.take().map(Content::Lines))
    }

    fn total_bytes(&self) -> Option<u64> {
        Some(self.bytes)
    }

    fn bytes_read(&self) -> u64 {
        if self.text.is_some() { 0 } else { self.bytes }
    }

    fn name(&self) -> std::path::PathBuf {
        "<documents>".into()
    }
}
