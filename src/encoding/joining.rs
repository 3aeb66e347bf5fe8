//! The stage that joins phrases, between a tokenizer and the handler of its words.

use crate::phrases::{Joiner, Phrases};
use crate::tokenize::{Folding, TokenHandler};

/// Receives the words of a tokenizer, joins phrases, and passes the result to another handler. A
/// phrase never crosses the end of a document or of a chunk.
pub(super) struct JoiningHandler<'a, H> {
    joiner: Joiner<'a>,
    inner: &'a mut H,
    /// Folding to apply to each word of [`Content::Words`](crate::corpus::Content::Words).
    pub folding: Folding,
}

impl<'a, H: TokenHandler> JoiningHandler<'a, H> {
    pub fn new(phrases: &'a Phrases, inner: &'a mut H) -> Self {
        Self {
            joiner: Joiner::new(phrases),
            inner,
            folding: Folding::default(),
        }
    }

    /// Pass on the words that were kept back because a phrase could begin with them. Called at the
    /// end of a document and of a chunk.
    pub fn finish(&mut self) {
        let inner = &mut *self.inner;
        self.joiner.end(&mut |word| inner.word(word));
    }
}

impl<H: TokenHandler> TokenHandler for JoiningHandler<'_, H> {
    #[inline]
    fn word(&mut self, word: &[u8]) {
        let inner = &mut *self.inner;
        if self.folding == Folding::default() {
            self.joiner.word(word, &mut |word| inner.word(word));
        } else {
            let word = String::from_utf8_lossy(word);
            let word = self.folding.apply(&word);
            self.joiner
                .word(word.as_bytes(), &mut |word| inner.word(word));
        }
    }

    fn end_of_document(&mut self) {
        self.finish();
        self.inner.end_of_document();
    }

    fn goes_on(&self) -> bool {
        self.inner.goes_on()
    }
}
