//! From text to ranks in one call: read, choose the vocabulary, encode.

use super::options::EncodingOptions;
use super::raw_corpus::RawCorpus;
use super::segments::EncodedCorpus;
use crate::corpus::ChunkReader;
use crate::error::Result;
use crate::memory::MemoryLimit;
use crate::monitor::Monitor;
use crate::vocabulary::Vocabulary;
use std::sync::Arc;

/// Which words the vocabulary of an encoded text has.
#[derive(Debug, Clone)]
pub enum WordChoice<'a> {
    /// The words of the text that pass `min_count` and `max_vocab` and are not stop words.
    FromText,
    /// The words of this vocabulary.
    Given(Arc<Vocabulary>),
    /// The words of older counts. They keep their ids.
    Grown {
        /// The words of the older counts.
        vocabulary: &'a Vocabulary,
        /// Words that were left out of `vocabulary`, with their counts so far.
        rare: &'a Vocabulary,
        /// Also append words whose counts in the older and the new text together pass `min_count`, as far as
        /// `max_vocab` leaves room.
        grow: bool,
    },
}

/// A text that was read and encoded.
pub struct EncodedText {
    /// The vocabulary of the ranks in `corpus`.
    pub vocabulary: Arc<Vocabulary>,
    /// Words that `min_count` or `max_vocab` leaves out of the vocabulary (with `grow: false`, all words that are
    /// not in the older vocabulary), with their counts. Stop words are not among them. Empty if the vocabulary was
    /// given.
    pub rare: Arc<Vocabulary>,
    /// The text as ranks.
    pub corpus: EncodedCorpus,
}

/// Read `reader` to its end and encode it, on all threads of the current rayon pool.
///
/// # Errors
/// As for [`RawCorpus::read`], [`RawCorpus::vocabulary`] and [`Vocabulary::grown`]; [`crate::Error::Parameter`]
/// naming `stop_words` if a given vocabulary has a stop word.
pub fn encode_text(
    reader: &mut dyn ChunkReader,
    words: WordChoice<'_>,
    options: &EncodingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<EncodedText> {
    if let WordChoice::Given(vocabulary) = &words {
        options.refuse_stop_words(vocabulary)?;
    }
    let raw = RawCorpus::read(reader, options, memory, monitor)?;
    let (vocabulary, rare, corpus) = match words {
        WordChoice::Given(vocabulary) => {
            let corpus = raw.encode(&vocabulary, options, monitor)?;
            (vocabulary, Arc::default(), corpus)
        }
        WordChoice::FromText => {
            let chosen = raw.choose(options, monitor)?;
            let corpus = raw.ranked(chosen.ranks);
            (Arc::new(chosen.vocabulary), Arc::new(chosen.rare), corpus)
        }
        WordChoice::Grown {
            vocabulary,
            rare,
            grow,
        } => {
            let words = raw.words(monitor)?;
            let (vocabulary, rare) = options.grown(vocabulary, rare, words, grow, monitor)?;
            let corpus = raw.encode(&vocabulary, options, monitor)?;
            (Arc::new(vocabulary), Arc::new(rare), corpus)
        }
    };
    Ok(EncodedText {
        vocabulary,
        rare,
        corpus,
    })
}
