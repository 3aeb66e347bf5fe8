//! Encodes a chunk of text as the word numbers of an interner.

use super::interned_word::{InternedWord, SHORT};
use super::interner::Interner;
use super::joining::JoiningHandler;
use super::marks::DOCUMENT_END;
use super::options::EncodingOptions;
use crate::corpus::{Content, Origin};
use crate::error::{Error, Location};
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::tokenize::{Folding, TokenHandler};
use crate::vocabulary::{WordId, check_number_of_words};
use std::path::Path;

impl Interner {
    /// The words of a chunk as numbers of this interner, with [`DOCUMENT_END`] where documents end.
    pub(super) fn encode(
        &mut self,
        content: &Content,
        options: &EncodingOptions,
        monitor: &Monitor,
    ) -> std::result::Result<Vec<WordId>, Fault> {
        let mut handler = ChunkEncoder {
            ids: fallible::with_capacity(content.len() / 4)?,
            interner: self,
            folding: Folding::default(),
            waiting: Vec::with_capacity(2 * BATCH_WORDS),
            max_word_bytes: options.max_word_bytes,
            short: options.max_word_bytes.min(SHORT),
            keep_empty: options.keep_empty,
            monitor,
            fault: None,
        };
        match &options.phrases {
            None => {
                if matches!(content, Content::Words(_)) {
                    handler.folding = options.folding;
                }
                tokenize(content, options, &mut handler);
            }
            Some(phrases) => {
                let mut joining = JoiningHandler::new(phrases, &mut handler);
                if matches!(content, Content::Words(_)) {
                    joining.folding = options.folding;
                }
                tokenize(content, options, &mut joining);
                joining.finish();
            }
        }
        handler.flush();
        let ChunkEncoder { ids, fault, .. } = handler;
        if let Some(fault) = fault {
            return Err(fault);
        }
        monitor.check()?;
        check_number_of_words(self.table.len())?;
        Ok(ids)
    }
}

/// Pass the words of a chunk to `handler`. Text is folded before it is split into words. The words
/// of [`Content::Words`] are not folded here: the handler must fold them.
fn tokenize(content: &Content, options: &EncodingOptions, handler: &mut impl TokenHandler) {
    let (tokenizer, folding) = (&options.tokenizer, options.folding);
    match content {
        Content::Lines(text) => tokenizer.lines(&folding.apply(text), handler),
        Content::Documents { .. } => {
            for (document, ended) in content.document_texts() {
                tokenizer.words(&folding.apply(document), handler);
                if ended {
                    handler.end_of_document();
                }
            }
        }
        Content::Words(words) => words.replay(handler),
    }
}

struct ChunkEncoder<'a> {
    interner: &'a mut Interner,
    ids: Vec<WordId>,
    // Folding to apply to each word of `Content::Words`, unless a `JoiningHandler` folds them. For
    // other text, which is folded before it is split, this is the default folding, which changes nothing.
    folding: Folding,
    // Up to two batches: short words with their hashes, which will be looked up a batch at a time, and ends
    // of documents.
    waiting: Vec<(InternedWord, u64)>,
    max_word_bytes: usize,
    // Largest number of bytes of a word that waits for its batch. Only longer words are compared with
    // `max_word_bytes`, so that short words take one comparison.
    short: usize,
    keep_empty: bool,
    monitor: &'a Monitor,
    // The first error. If there is one, the numbers of the chunk are discarded.
    fault: Option<Fault>,
}

/// Why a chunk cannot be encoded.
pub(super) enum Fault {
    /// A word is too long: it has this many bytes.
    Word(usize),
    Other(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl Fault {
    /// The error. For a word that is too long: if the origin of the chunk is known, the error has the position of the
    /// longest run of bytes without white space, which is assumed to contain the word.
    pub(super) fn at(
        self,
        content: &Content,
        origin: Option<Origin>,
        options: &EncodingOptions,
        name: &Path,
    ) -> Error {
        let length = match self {
            Self::Word(length) => length,
            Self::Other(error) => return error,
        };
        let most = options.max_word_bytes;
        let message = format!("a word of {length} bytes; the limit is max_word_bytes={most}");
        let Some(origin) = origin else {
            return Error::Corpus(format!("{}: {message}", name.display()));
        };
        // The position of the word was not recorded, so the longest run is searched for.
        let mut longest = 0..0;
        let mut at = 0;
        for piece in content.text().split(u8::is_ascii_whitespace) {
            if piece.len() > longest.len() {
                longest = at..at + piece.len();
            }
            at += piece.len() + 1;
        }
        let offset = origin.after(&content.text()[..longest.start]);
        Error::format(origin.path, Location::Byte(offset), message)
    }
}

/// Number of words that are looked up together. The table of a long text is larger than the
/// second-level cache. So the entry at which the look-up of a word begins is prefetched when the word is
/// found, and the word is looked up after the next 32 to 63 words are found, or earlier, before a long word
/// and at the end of the chunk (benches/EXPERIMENTS.md, "Prefetching while counting").
const BATCH_WORDS: usize = 32;

/// Value of [`InternedWord::len`] that marks the end of a document among the words of a batch.
const END_MARK_LEN: u32 = u32::MAX;

impl ChunkEncoder<'_> {
    /// Add the word `text[start..end]`; a short word waits for its batch.
    #[inline(always)]
    fn add(&mut self, text: &[u8], start: usize, end: usize) {
        if end - start > self.short {
            self.add_long(&text[start..end]);
        } else {
            let entry = InternedWord::new_in(text, start, end);
            self.wait(entry, entry.hash());
        }
    }

    #[inline]
    fn add_long(&mut self, word: &[u8]) {
        self.flush();
        if word.len() > self.max_word_bytes {
            self.fault.get_or_insert(Fault::Word(word.len()));
        }
        if self.fault.is_some() {
            return;
        }
        match self.interner.intern(word) {
            Some(id) if fallible::push(&mut self.ids, id).is_ok() => {}
            _ => self.lack_memory(),
        }
    }

    #[cold]
    fn lack_memory(&mut self) {
        let bytes =
            self.interner.table.bytes() + self.interner.long.len() + size_of_val(&self.ids[..]);
        self.fault.get_or_insert(Error::Memory { bytes }.into());
        self.waiting.clear();
    }

    #[inline(always)]
    fn wait(&mut self, entry: InternedWord, hash: u64) {
        self.interner.table.prefetch(hash);
        self.waiting.push((entry, hash));
        if self.waiting.len() == 2 * BATCH_WORDS {
            self.look_up(BATCH_WORDS);
        }
    }

    fn flush(&mut self) {
        self.look_up(self.waiting.len());
    }

    /// Look up the first `entries` entries of `waiting`.
    fn look_up(&mut self, entries: usize) {
        if fallible::reserve(&mut self.ids, entries).is_err() {
            return self.lack_memory();
        }
        let mut lacking = false;
        for (entry, hash) in self.waiting.drain(..entries) {
            // Without `keep_empty`, consecutive ends are stored once. An end at the start of the
            // chunk is always stored: it may end the document that the previous chunk left open.
            if entry.len != END_MARK_LEN {
                match self.interner.intern_short(entry, hash) {
                    Some(id) => self.ids.push(id),
                    None => lacking = true,
                }
            } else if self.keep_empty || self.ids.last() != Some(&DOCUMENT_END) {
                self.ids.push(DOCUMENT_END);
            }
        }
        if lacking {
            self.lack_memory();
        }
    }
}

impl TokenHandler for ChunkEncoder<'_> {
    #[inline]
    fn word(&mut self, word: &[u8]) {
        self.word_in(word, 0, word.len());
    }

    #[inline(always)]
    fn word_in(&mut self, text: &[u8], start: usize, end: usize) {
        if self.folding == Folding::default() {
            self.add(text, start, end);
        } else {
            let word = String::from_utf8_lossy(&text[start..end]);
            let word = self.folding.apply(&word);
            self.add(word.as_bytes(), 0, word.len());
        }
    }

    #[inline]
    fn end_of_document(&mut self) {
        let mut end = InternedWord::of_halves(0, 0, 0);
        end.len = END_MARK_LEN;
        self.wait(end, 0);
    }

    fn goes_on(&self) -> bool {
        self.fault.is_none() && self.monitor.check().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[test]
    fn a_document_that_ends_where_a_chunk_does_still_ends() {
        let mut interner = Interner::default();
        let options = EncodingOptions::default();
        let text = |text: &str| Content::Lines(text.into());
        assert_eq!(
            interner
                .encode(&text("w w "), &options, &Monitor::new())
                .ok()
                .unwrap(),
            [0, 0]
        );
        let next = interner
            .encode(&text("\nother"), &options, &Monitor::new())
            .ok()
            .unwrap();
        assert_eq!(next, [DOCUMENT_END, 1]);
    }
    proptest! {
        /// Short words wait for their batch, and long words do not.
        #[test]
        fn words_are_numbered_in_the_order_of_the_text(
            words in proptest::collection::vec(prop_oneof![8 => "[a-d]{1,2}", 1 => "[a-b]{17}", 1 => "\n"], 0..300),
            keep_empty: bool,
        ) {
            let mut numbers = HashMap::new();
            let mut expected = Vec::new();
            for word in &words {
                if word != "\n" {
                    let next = numbers.len() as WordId;
                    expected.push(*numbers.entry(word).or_insert(next));
                } else if keep_empty || expected.last() != Some(&DOCUMENT_END) {
                    expected.push(DOCUMENT_END);
                }
            }
            let options = EncodingOptions { keep_empty, ..Default::default() };
            let text = Content::Lines(words.join(" "));
            let mut interner = Interner::default();
            let ids = interner.encode(&text, &options, &Monitor::new());
            prop_assert_eq!(ids.ok(), Some(expected));
            for (word, number) in numbers {
                let hash = InternedWord::new(word.as_bytes()).hash();
                prop_assert_eq!(interner.id_of(word.as_bytes(), hash), Some(number));
            }
        }
    }
}
