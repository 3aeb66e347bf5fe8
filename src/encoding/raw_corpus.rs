//! A text that has been read, in which each word has the number that a worker gave it.

use super::interner::Interner;
use super::merged_words::MergedWords;
use super::segments::{RawChunk, RawIds};
use crate::error::Result;
use crate::memory::{TemporaryFile, fallible};
use crate::monitor::Monitor;
use crate::vocabulary::{Vocabulary, WordId};
use std::collections::VecDeque;
use std::path::PathBuf;

/// A corpus that has been read, but whose vocabulary is not yet chosen: each word has the number that the interner of
/// a worker gave it.
pub struct RawCorpus {
    pub(super) name: PathBuf,
    pub(super) interners: Vec<Interner>,
    // Sorted by position in the text.
    pub(super) chunks: VecDeque<RawChunk>,
    // Temporary file of the chunks for which the memory limit leaves no room.
    pub(super) spool: Option<TemporaryFile>,
}

impl RawCorpus {
    /// The words in the order of their numbers, and the numbers of the text, a list for each chunk. The text must have
    /// been read by one thread, because every thread numbers its words from 0, and without a memory limit, because
    /// chunks in the temporary file are left out.
    pub(crate) fn into_interned(self, monitor: &Monitor) -> Result<(Vocabulary, Vec<Vec<WordId>>)> {
        let mut words = Vec::new();
        for interner in &self.interners {
            words.append(&mut interner.words()?);
        }
        let vocabulary = Vocabulary::of(&words, monitor)?;
        let ids = self.chunks.into_iter().filter_map(|chunk| match chunk.ids {
            RawIds::Memory(ids) => Some(fallible::copied(&ids)),
            RawIds::Spooled(_) | RawIds::Mapped(_) | RawIds::Weighted(_) => None,
        });
        Ok((vocabulary, ids.collect::<Result<_>>()?))
    }

    /// Every word of the text and how often it occurs, in no particular order.
    ///
    /// # Errors
    /// [`crate::Error::Corpus`] for more than 2³¹ − 4 different words; [`crate::Error::Memory`],
    /// [`crate::Error::Cancelled`].
    pub fn words(&self, monitor: &Monitor) -> Result<Vec<(&[u8], u64)>> {
        Ok(MergedWords::of(&self.interners, monitor)?.words)
    }
}
