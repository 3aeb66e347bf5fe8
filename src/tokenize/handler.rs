//! What receives the words that a tokenizer finds.

/// Receives the words that a tokenizer finds, in order.
pub trait TokenHandler {
    /// A word.
    fn word(&mut self, word: &[u8]);
    /// The word `text[start..end]`. The handler may also read the rest of `text`.
    #[inline]
    fn word_in(&mut self, text: &[u8], start: usize, end: usize) {
        self.word(&text[start..end]);
    }
    /// The end of a document.
    fn end_of_document(&mut self);
    /// Whether the tokenizer should go on. [`Tokenizer::lines`](super::Tokenizer::lines) asks before each line, except
    /// with [`Tokenizer::Whitespace`](super::Tokenizer::Whitespace), which is so fast that it need not ask. The Chinese
    /// tokenizer also asks at least once for each 64 KiB of text.
    fn goes_on(&self) -> bool {
        true
    }
}
