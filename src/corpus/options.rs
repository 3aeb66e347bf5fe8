//! How bytes become documents.

use super::chunk_reader::CHUNK_BYTES;
use super::unit::DocumentUnit;
use crate::io::charset::OnInvalid;

/// How bytes become documents.
#[derive(Debug, Clone, Copy)]
pub struct TextOptions {
    /// What a document is.
    pub documents: DocumentUnit,
    /// What to do with bytes that are not valid text.
    pub errors: OnInvalid,
    /// Whether every chunk must end where a document ends.
    pub whole: bool,
    /// Whether a chunk may end after Chinese or Japanese punctuation, because the tokenizer ends a word there.
    pub cut_at_punctuation: bool,
    /// Number of bytes of the longest word that is accepted. A file without separators is probably not text. The reader
    /// refuses a longer word only if the word is also longer than a chunk. The limit for other words is
    /// [`EncodingOptions::max_word_bytes`](crate::encoding::EncodingOptions::max_word_bytes).
    pub max_word_bytes: usize,
    /// Largest number of bytes of a document that must not be cut, of a word, and of the history
    /// that a decompressor keeps. This limit never refuses a document or a word of up to 1 MiB. A
    /// document that must not be cut has at most 1 GiB, whatever this limit is, and at most 256 MiB if this limit is
    /// `u64::MAX`.
    pub most_bytes: u64,
}

/// Default of [`TextOptions::max_word_bytes`].
pub const MAX_WORD_BYTES: usize = 1 << 20;

/// Largest number of bytes of a document that must not be cut: `WHOLE` without a memory limit,
/// otherwise [`TextOptions::most_bytes`], but at least `CHUNK_BYTES` and at most `MOST_WHOLE`. Only
/// a tokenizer that is a Python function needs whole documents. The reason for the limit is that the
/// words that the function returns take many times as much memory as the document.
const WHOLE: u64 = 1 << 28;

const MOST_WHOLE: u64 = 1 << 30;

impl Default for TextOptions {
    fn default() -> Self {
        Self {
            documents: DocumentUnit::default(),
            errors: OnInvalid::default(),
            whole: false,
            cut_at_punctuation: false,
            max_word_bytes: MAX_WORD_BYTES,
            most_bytes: u64::MAX,
        }
    }
}

impl TextOptions {
    /// Largest number of bytes to read while no position is found at which the text can be cut.
    pub(super) fn most_uncut(&self) -> usize {
        if self.whole && self.most_bytes == u64::MAX {
            WHOLE as usize
        } else if self.whole {
            self.most_bytes.clamp(CHUNK_BYTES as u64, MOST_WHOLE) as usize
        } else {
            let within = usize::try_from(self.most_bytes).unwrap_or(usize::MAX);
            self.max_word_bytes.min(within).max(CHUNK_BYTES)
        }
    }
}
