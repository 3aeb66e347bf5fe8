//! The options of encoding.

use super::marks::{DROPPED, GAP};
use crate::corpus::{MAX_WORD_BYTES, TextOptions};
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use crate::phrases::{ByteStringSet, Phrases, byte_string_set};
use crate::tokenize::{Folding, Tokenizer};
use crate::vocabulary::{MAX_WORDS, Vocabulary, WordId};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

/// How text becomes words, and which words the vocabulary has.
#[derive(Debug, Clone)]
pub struct EncodingOptions {
    /// How text becomes words.
    pub tokenizer: Tokenizer,
    /// How text is normalized and lower-cased before it is split into words. Words that the caller has separated are
    /// folded one by one.
    pub folding: Folding,
    /// The words of each of these phrases are joined to one word. `None` joins no words.
    pub phrases: Option<Arc<Phrases>>,
    /// Words that are left out when a vocabulary is chosen.
    pub stop_words: Option<Arc<ByteStringSet>>,
    /// Drop words that occur fewer times than this.
    pub min_count: u64,
    /// Keep at most this many words: the most frequent ones.
    pub max_vocab: Option<usize>,
    /// Replace every dropped word by a [`GAP`], so that the distance between the words around it
    /// does not shrink.
    pub keep_gaps: bool,
    /// Keep the ends of documents that have no words, so that a document keeps its number in the
    /// text.
    pub keep_empty: bool,
    /// Largest number of bytes of a word. A longer word is an error.
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
    /// A set of stop words, folded as the words of the text are. So with `lowercase`, the stop word "The" drops the
    /// word "the".
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn stop_words_of<W: AsRef<str>>(
        words: &[W],
        folding: Folding,
    ) -> Result<Arc<ByteStringSet>> {
        let folded: Vec<Cow<'_, str>> = words.iter().map(|w| folding.apply(w.as_ref())).collect();
        let folded: Vec<&[u8]> = folded.iter().map(|word| word.as_bytes()).collect();
        Ok(Arc::new(byte_string_set(&folded)?))
    }

    /// The mark that takes the place of the rank of a word outside the vocabulary: [`GAP`] stays in the encoded text,
    /// and `DROPPED` is removed from it.
    pub(crate) fn outside(&self) -> WordId {
        if self.keep_gaps { GAP } else { DROPPED }
    }

    /// Whether `word` is a stop word.
    #[inline]
    pub fn is_stop_word(&self, word: &[u8]) -> bool {
        self.stop_words
            .as_ref()
            .is_some_and(|words| words.contains(word))
    }

    /// Refuse a given vocabulary that has stop words, because all words of a given vocabulary are counted.
    ///
    /// # Errors
    /// [`Error::Parameter`], which names the first of these stop words.
    pub fn refuse_stop_words(&self, given: &Vocabulary) -> Result<()> {
        let mut found = given.iter().filter(|(word, _)| self.is_stop_word(word));
        let Some((word, _)) = found.next() else {
            return Ok(());
        };
        let message = format!(
            "must not have words of the given vocabulary, got {:?}{}; leave them out of one of the two",
            String::from_utf8_lossy(word),
            match found.count() {
                0 => String::new(),
                more => format!(" and {more} more"),
            }
        );
        Err(Error::parameter("stop_words", message))
    }

    /// The vocabulary of a text that has these words and counts, and the rank of each of `words`; `None` for words
    /// that are left out. The counts of stop words are set to 0. Errors call the text `name`.
    ///
    /// # Errors
    /// As for [`Vocabulary::choose`].
    pub fn choose(
        &self,
        words: &mut [(&[u8], u64)],
        name: &Path,
        monitor: &Monitor,
    ) -> Result<(Vocabulary, Vec<Option<WordId>>)> {
        let mut dropped = 0;
        if self.stop_words.is_some() {
            for (_, count) in words.iter_mut().filter(|(word, _)| self.is_stop_word(word)) {
                *count = 0;
                dropped += 1;
            }
        }
        let least = self.min_count.max(u64::from(dropped > 0));
        Vocabulary::choose(words, name, least, self.max_vocab, monitor).map_err(|error| match error
        {
            Error::Corpus(message) if dropped > 0 => {
                Error::Corpus(format!("{message}; {dropped} of the words are stop words"))
            }
            error => error,
        })
    }

    /// The words of older counts, extended by a text that has these words and counts: see [`Vocabulary::grown`]. With
    /// `grow: false`, no word is appended. Stop words that `vocabulary` has stay in it and are counted; other stop
    /// words are left out of both results.
    ///
    /// # Errors
    /// As for [`Vocabulary::grown`].
    pub fn grown(
        &self,
        vocabulary: &Vocabulary,
        rare: &Vocabulary,
        mut words: Vec<(&[u8], u64)>,
        grow: bool,
        monitor: &Monitor,
    ) -> Result<(Vocabulary, Vocabulary)> {
        let most = match self.max_vocab {
            _ if !grow => 0,
            Some(most) => most,
            None => MAX_WORDS,
        };
        words.retain(|(word, _)| !self.is_stop_word(word) || vocabulary.index_of(word).is_some());
        vocabulary.grown(rare, &words, self.min_count, most, monitor)
    }

    /// How to read a text that will be encoded with these options: whether a chunk may end after punctuation, and the
    /// longest word. The other fields of [`TextOptions`] have their defaults.
    pub fn text_options(&self) -> TextOptions {
        TextOptions {
            cut_at_punctuation: self.tokenizer != Tokenizer::Whitespace,
            max_word_bytes: self.max_word_bytes,
            ..TextOptions::default()
        }
    }
}
