//! From text to counts in one call: encode, count.

use super::count::count_named;
use super::matrix::Triangle;
use super::merge::plus;
use super::options::CountingOptions;
use crate::corpus::ChunkReader;
use crate::encoding::{EncodedText, EncodingOptions, WordChoice, encode_text};
use crate::error::Result;
use crate::memory::MemoryLimit;
use crate::monitor::Monitor;
use crate::vocabulary::Vocabulary;
use std::sync::Arc;

/// A text that was counted.
#[derive(Debug)]
pub struct CountedText {
    /// The words of the counts.
    pub vocabulary: Arc<Vocabulary>,
    /// The words that are left out of the vocabulary because they are too rare: see [`EncodedText::rare`].
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
/// As for [`encode_text`] and [`count`](super::count()).
pub fn count_text(
    reader: &mut dyn ChunkReader,
    words: WordChoice<'_>,
    encoding: &EncodingOptions,
    counting: &CountingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<CountedText> {
    let EncodedText {
        vocabulary,
        rare,
        mut corpus,
    } = encode_text(reader, words, encoding, memory, monitor)?;
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
