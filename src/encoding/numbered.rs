//! A text as numbers of its words, before a vocabulary is chosen.

use super::marks::DOCUMENT_END;
use super::merged_words::MergedWords;
use super::raw_corpus::RawCorpus;
use super::segments::{RawChunk, RawIds};
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::WordId;

/// All different words of a text, and the text as numbers of these words. The numbers vary from run to run.
pub(crate) struct NumberedText<'a> {
    raw: &'a RawCorpus,
    merged: MergedWords<'a>,
}

impl RawCorpus {
    /// The text as numbers of its words. A word has the same number in all chunks.
    ///
    /// # Errors
    /// As for [`RawCorpus::words`].
    pub(crate) fn numbered(&self, monitor: &Monitor) -> Result<NumberedText<'_>> {
        Ok(NumberedText {
            raw: self,
            merged: MergedWords::of(&self.interners, monitor)?,
        })
    }
}

impl<'a> NumberedText<'a> {
    /// The words with their counts, in the order of their numbers.
    pub fn words(&self) -> &[(&'a [u8], u64)] {
        &self.merged.words
    }

    /// Number of chunks.
    pub fn chunks(&self) -> usize {
        self.raw.chunks.len()
    }

    /// Number of words and ends of documents.
    pub fn len(&self) -> usize {
        self.raw.chunks.iter().map(RawChunk::len).sum()
    }

    /// The numbers of the words of chunk `k`, with [`DOCUMENT_END`] after each document.
    ///
    /// # Errors
    /// [`crate::Error::Memory`], [`crate::Error::Io`].
    pub fn ids(&self, k: usize) -> Result<Vec<WordId>> {
        let chunk = &self.raw.chunks[k];
        let mut ids = match (&chunk.ids, &self.raw.spool) {
            (RawIds::Memory(ids), _) => fallible::copied(ids)?,
            (RawIds::Spooled(range), Some(spool)) => {
                let length = (range.end - range.start) as usize / size_of::<WordId>();
                let mut ids: Vec<WordId> = fallible::zeroed(length)?;
                spool.read_into(range.start, bytemuck::cast_slice_mut(&mut ids))?;
                ids
            }
            // Cannot happen: the chunks of a `RawCorpus` have no ranks, and spooled chunks have a
            // spool.
            (RawIds::Spooled(_), None) | (RawIds::Mapped(_) | RawIds::Weighted(_), _) => Vec::new(),
        };
        let numbers = self
            .merged
            .numbers
            .get(chunk.interner)
            .map_or(&[][..], Vec::as_slice);
        for id in &mut ids {
            if *id != DOCUMENT_END {
                *id = numbers[*id as usize];
            }
        }
        Ok(ids)
    }
}
