//! A shard: a part of a text that a worker tokenizes before the vocabulary of the whole text is known.

use crate::corpus::ChunkReader;
use crate::encoding::{DOCUMENT_END, DROPPED, EncodingOptions, RawCorpus};
use crate::error::{Error, Result};
use crate::memory::{MemoryLimit, fallible};
use crate::monitor::Monitor;
use crate::partition::Partition;
use crate::threads;
use crate::vocabulary::{Vocabulary, WordId};
use std::sync::Arc;

/// A tokenized shard: its different words in the order of first occurrence, and its text as positions in this
/// list of words.
///
/// ```
/// use glove_rs::corpus::InMemoryDocuments;
/// use glove_rs::distributed::Shard;
/// use glove_rs::encoding::{DOCUMENT_END, EncodingOptions};
/// use glove_rs::partition::Partition;
/// use glove_rs::{Monitor, Vocabulary};
///
/// let mut text = InMemoryDocuments::new(["an apple a day", "an apple"]);
/// let options = EncodingOptions::default();
/// let shard = Shard::read(&mut text, &options, &Monitor::new()).unwrap();
/// assert_eq!(shard.words().word(1), b"apple");
/// let vocabulary = Vocabulary::new([("apple", 2), ("day", 1)]).unwrap();
/// let ids = shard.encode(&vocabulary, Partition::new(2, 1), &options).unwrap();
/// assert_eq!(ids, [0, 1, DOCUMENT_END, 0, DOCUMENT_END]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Shard {
    words: Arc<Vocabulary>,
    // The text as positions in `words`, a list for each chunk. Each number is below the number of words, or is
    // DOCUMENT_END.
    ids: Vec<Vec<WordId>>,
}

impl Shard {
    /// Read `reader` to its end on one thread.
    ///
    /// # Errors
    /// As for [`RawCorpus::read`].
    pub fn read(
        reader: &mut dyn ChunkReader,
        options: &EncodingOptions,
        monitor: &Monitor,
    ) -> Result<Self> {
        let memory = MemoryLimit::default();
        let read = || RawCorpus::read(reader, options, &memory, monitor);
        let raw = threads::in_pool(1, read)??;
        let (words, ids) = raw.into_interned(monitor)?;
        Ok(Self {
            words: Arc::new(words),
            ids,
        })
    }

    /// A shard with these [`Shard::words`] and [`Shard::ids`].
    ///
    /// # Errors
    /// [`Error::Parameter`] naming `ids` for a position that has no word.
    pub fn new(words: Arc<Vocabulary>, ids: Vec<WordId>) -> Result<Self> {
        let has_word = |id: WordId| (id as usize) < words.len() || id == DOCUMENT_END;
        if let Some(id) = ids.iter().find(|&&id| !has_word(id)) {
            let message = format!("must be positions in {} words, got {id}", words.len());
            return Err(Error::parameter("ids", message));
        }
        Ok(Self {
            words,
            ids: vec![ids],
        })
    }

    /// The different words, with their counts in the shard.
    pub fn words(&self) -> &Arc<Vocabulary> {
        &self.words
    }

    /// The text as positions in [`Shard::words`], with [`DOCUMENT_END`] after each document.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn ids(&self) -> Result<Vec<WordId>> {
        let mut all = fallible::with_capacity(self.length())?;
        for ids in &self.ids {
            all.extend_from_slice(ids);
        }
        Ok(all)
    }

    /// Length of [`Shard::ids`].
    pub fn length(&self) -> usize {
        self.ids.iter().map(Vec::len).sum()
    }

    /// The text as the new ids that `partition` gives to the words of `vocabulary`. With `options.keep_gaps`, a word
    /// outside the vocabulary becomes a `GAP`; otherwise it is left out.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn encode(
        &self,
        vocabulary: &Vocabulary,
        partition: Partition,
        options: &EncodingOptions,
    ) -> Result<Vec<WordId>> {
        let outside = options.outside();
        let new_ids: Vec<WordId> = self
            .words
            .iter()
            .map(|(word, _)| {
                let rank = vocabulary.index_of(word);
                rank.map_or(outside, |rank| partition.new_id(rank))
            })
            .collect();
        let mut ids = fallible::with_capacity(self.length())?;
        ids.extend(
            self.ids
                .iter()
                .flatten()
                .map(|&id| match id {
                    DOCUMENT_END => DOCUMENT_END,
                    id => new_ids[id as usize],
                })
                .filter(|&id| id != DROPPED),
        );
        Ok(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::GAP;

    #[test]
    fn a_position_without_a_word_is_refused() {
        let words = Arc::new(Vocabulary::new([("a", 2), ("b", 1)]).unwrap());
        let shard = |ids: &[WordId]| Shard::new(words.clone(), ids.to_vec());
        let encoded = shard(&[1, 0, DOCUMENT_END]).unwrap();
        let options = EncodingOptions::default();
        let ids = encoded.encode(&words, Partition::new(2, 1), &options);
        let ids = ids.unwrap();
        assert_eq!(ids, [1, 0, DOCUMENT_END]);
        for wrong in [2, GAP, DROPPED] {
            let error = shard(&[0, wrong]).unwrap_err().to_string();
            let expected = format!("ids must be positions in 2 words, got {wrong}");
            assert_eq!(error, expected);
        }
    }
}
