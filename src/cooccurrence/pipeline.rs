//! From text to counts in one call: read, choose the vocabulary, encode, count.

use super::count::count_named;
use super::matrix::Triangle;
use super::merge::plus;
use super::options::CountingOptions;
use crate::corpus::ChunkReader;
use crate::encoding::{EncodingOptions, RawCorpus};
use crate::error::Result;
use crate::memory::MemoryLimit;
use crate::monitor::Monitor;
use crate::vocabulary::{MAX_WORDS, Vocabulary};
use std::sync::Arc;

/// Which words [`count_text`] counts.
#[derive(Debug, Clone)]
pub enum Words<'a> {
    /// The words of the text that pass `min_count` and `max_vocab` and are not stop words.
    Chosen,
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

/// A text that was counted.
#[derive(Debug)]
pub struct CountedText {
    /// The words of the counts.
    pub vocabulary: Arc<Vocabulary>,
    /// Words that `min_count` or `max_vocab` leaves out of the vocabulary (with `grow: false`, all words that are
    /// not in the older vocabulary), with their counts. Stop words are not among them. Empty if the vocabulary was
    /// given.
    pub rare: Arc<Vocabulary>,
    /// The counts.
    pub counts: Triangle,
    /// Number of tokens of the text, including those of words outside the vocabulary.
    pub tokens: u64,
}

/// Read `reader` to its end and count it, on all threads of the current rayon pool. The counts have the same
/// bits for any number of threads.
///
/// # Errors
/// As for [`RawCorpus::read`], [`RawCorpus::vocabulary`], [`Vocabulary::grown`] and [`count`](super::count());
/// [`crate::Error::Parameter`] naming `stop_words` if a given vocabulary has a stop word.
pub fn count_text(
    reader: &mut dyn ChunkReader,
    words: Words<'_>,
    encoding: &EncodingOptions,
    counting: &CountingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<CountedText> {
    if let Words::Given(vocabulary) = &words {
        encoding.refuse_stop_words(vocabulary)?;
    }
    let raw = RawCorpus::read(reader, encoding, memory, monitor)?;
    let (vocabulary, rare, mut corpus) = match words {
        Words::Given(vocabulary) => {
            let corpus = raw.encode(&vocabulary, encoding.keep_gaps, monitor)?;
            (vocabulary, Arc::default(), corpus)
        }
        Words::Chosen => {
            let chosen = raw.choose(encoding, monitor)?;
            let corpus = raw.ranked(chosen.ranks);
            (Arc::new(chosen.vocabulary), Arc::new(chosen.rare), corpus)
        }
        Words::Grown {
            vocabulary,
            rare,
            grow,
        } => {
            let most = match encoding.max_vocab {
                _ if !grow => 0,
                Some(most) => most,
                None => MAX_WORDS,
            };
            let (least, mut new) = (encoding.min_count, raw.words(monitor)?);
            // Stop words that are in the older vocabulary stay in the vocabulary and are counted.
            new.retain(|(word, _)| {
                !encoding.is_stop_word(word) || vocabulary.index_of(word).is_some()
            });
            let (vocabulary, rare) = vocabulary.grown(rare, &new, least, most, monitor)?;
            let corpus = raw.encode(&vocabulary, encoding.keep_gaps, monitor)?;
            (Arc::new(vocabulary), Arc::new(rare), corpus)
        }
    };
    let tokens = corpus.tokens();
    let (words, named) = (vocabulary.len(), Some(&*vocabulary));
    let counts = count_named(&mut corpus, words, named, counting, memory, monitor)?;
    Ok(CountedText {
        vocabulary,
        rare,
        counts,
        tokens,
    })
}

impl CountedText {
    /// Add the counts of an older text. The words of `older` must be the first words of the vocabulary.
    ///
    /// # Errors
    /// As for [`plus`]; [`crate::Error::Parameter`] naming `source` if the sum of all counts is not finite.
    pub fn plus(self, older: &Triangle, memory: &MemoryLimit, monitor: &Monitor) -> Result<Self> {
        let words = self.vocabulary.len();
        let counts = plus(older, &self.counts, words, memory, monitor)?;
        counts.check_sum("source")?;
        Ok(Self { counts, ..self })
    }
}
