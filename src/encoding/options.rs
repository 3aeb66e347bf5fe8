//! How text becomes word numbers.

use crate::corpus::MAX_WORD_BYTES;
use crate::tokenize::{Folding, Tokenizer};

/// How text becomes numbers.
#[derive(Debug, Clone)]
pub struct EncodingOptions {
    /// How text becomes words.
    pub tokenizer: Tokenizer,
    /// What is done to the text first.
    pub folding: Folding,
    /// Drop words that occur less often.
    pub min_count: u64,
    /// Keep at most so many words.
    pub max_vocab: Option<usize>,
    /// Leave a [`GAP`] for every dropped word instead of closing ranks.
    pub keep_gaps: bool,
    /// A longer word is an error.
    pub max_word_bytes: usize,
}

impl Default for EncodingOptions {
    fn default() -> Self {
        Self {
            tokenizer: Tokenizer::Whitespace,
            folding: Folding::default(),
            min_count: 5,
            max_vocab: None,
            keep_gaps: false,
            max_word_bytes: MAX_WORD_BYTES,
        }
    }
}
