//! The options of encoding.

use crate::corpus::MAX_WORD_BYTES;
use crate::phrases::{Phrases, WordSet};
use crate::tokenize::{Folding, Tokenizer};
use std::sync::Arc;

/// How text becomes words, and which words the vocabulary has.
#[derive(Debug, Clone)]
pub struct EncodingOptions {
    /// How text becomes words.
    pub tokenizer: Tokenizer,
    /// How text is normalized and lower-cased before it is split into words. Words that the caller has separated are
    /// folded one by one.
    pub folding: Folding,
    /// Phrases. The words of a phrase are joined to one word.
    pub phrases: Option<Arc<Phrases>>,
    /// Words that are left out when a vocabulary is chosen.
    pub stop_words: Option<Arc<WordSet>>,
    /// Drop words that occur fewer times than this.
    pub min_count: u64,
    /// Keep at most this many words: the most frequent ones.
    pub max_vocab: Option<usize>,
    /// Replace every dropped word by a [`GAP`](super::GAP), so that the distance of its neighbours does not shrink.
    pub keep_gaps: bool,
    /// Keep the ends of documents that have no words, so that a document keeps its number in the
    /// text.
    pub keep_empty: bool,
    /// Longest word in bytes; a longer one is an error.
    pub max_word_bytes: usize,
}

impl Default for EncodingOptions {
    fn default() -> Self {
        Self {
            tokenizer: Tokenizer::Whitespace,
            folding: Folding::default(),
            phrases: None,
            stop_words: None,
            min_count: 5,
            max_vocab: None,
            keep_gaps: false,
            keep_empty: false,
            max_word_bytes: MAX_WORD_BYTES,
        }
    }
}

impl EncodingOptions {
    /// Whether `word` is a stop word.
    #[inline]
    pub fn is_stop_word(&self, word: &[u8]) -> bool {
        self.stop_words
            .as_ref()
            .is_some_and(|words| words.contains(word))
    }
}
