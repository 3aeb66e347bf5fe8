//! Consecutive documents of a text, and the text in which each of them is repeated as often as its
//! weight says.

use super::compact_text::CompactText;
use crate::error::Result;
use std::ops::Range;
use std::sync::Arc;

/// Some consecutive documents. Each ends with [`super::DOCUMENT_END`].
#[derive(Debug)]
pub(super) struct DocumentChunk {
    pub text: CompactText,
    // For each document, the position after its `DOCUMENT_END`.
    pub ends: Vec<u32>,
}

impl DocumentChunk {
    /// The range of each document in `text`. It includes the [`super::DOCUMENT_END`].
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let range = start..end as usize;
            start = range.end;
            range
        })
    }

    /// The number of words and the number of document ends if each document is repeated as often as
    /// its weight says.
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
    // Number of words and document ends of all copies.
    pub length: usize,
}

impl WeightedDocuments {
    /// Number of words and document ends of all copies.
    pub fn len(&self) -> usize {
        self.length
    }

    /// The text in which each document is repeated as often as its weight says.
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
