//! Consecutive documents of a text, and each of them as often as a weight says.

use super::CompactText;
use crate::error::Result;
use std::ops::Range;
use std::sync::Arc;

/// Some consecutive documents. Each ends with [`super::DOCUMENT_END`].
#[derive(Debug)]
pub(super) struct DocumentChunk {
    pub text: CompactText,
    // The position after the end of each document.
    pub ends: Vec<u32>,
}

impl DocumentChunk {
    /// The range of each document, with its end.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let range = start..end as usize;
            start = range.end;
            range
        })
    }

    /// Number of words, and of ends of documents, with these weights.
    pub fn size(&self, weights: &[u32]) -> (u64, u64) {
        let mut size = (0, 0);
        for (range, &weight) in self.ranges().zip(weights) {
            size.0 += u64::from(weight) * (range.len() as u64 - 1);
            size.1 += u64::from(weight);
        }
        size
    }
}

/// Documents of a chunk, each with the number of its copies.
pub(super) struct WeightedDocuments {
    pub chunk: Arc<DocumentChunk>,
    pub weights: Vec<u32>,
    pub length: usize,
}

impl WeightedDocuments {
    /// Number of words and of ends of documents.
    pub fn len(&self) -> usize {
        self.length
    }

    /// The documents, each as often as its weight says.
    pub fn text(&self) -> Result<CompactText> {
        let mut text = CompactText::default();
        text.reserve(self.length)?;
        for (range, &weight) in self.chunk.ranges().zip(&self.weights) {
            for _ in 0..weight {
                text.append_range(&self.chunk.text, range.clone())?;
            }
        }
        Ok(text)
    }
}
