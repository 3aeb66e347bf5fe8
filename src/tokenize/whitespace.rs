//! Splits text at white space, as Stanford's tools do.

use super::handler::TokenHandler;
use crate::bits::{LANES, bits, ones};
use std::ops::Range;

/// A bit for each byte; the bit is 1 if the byte is a separator (space, tab, newline) or a carriage return.
#[inline(always)]
#[allow(clippy::needless_bitwise_bool)] // `||` would be a branch for each byte
fn separators(bytes: &[u8; LANES]) -> u64 {
    bits(|at| {
        let byte = bytes[at];
        (byte == b' ') | (byte == b'\n') | (byte == b'\t') | (byte == b'\r')
    })
}

/// Split `text` by the rules of Stanford's tools: spaces and tabs separate words, a newline ends a
/// document, carriage returns are removed everywhere, and every other byte belongs to a word.
pub fn whitespace(text: &[u8], handler: &mut impl TokenHandler) {
    let mut splitter = Splitter {
        text,
        start: 0,
        glued: Vec::new(),
    };
    let (blocks, rest) = text.as_chunks::<LANES>();
    // A newline that is not in the text could end a document, so the last block is padded with letters.
    let mut last = [b'a'; LANES];
    last[..rest.len()].copy_from_slice(rest);
    for (number, block) in blocks.iter().chain([&last]).enumerate() {
        for at in ones(separators(block)) {
            splitter.end_word(number * LANES + at, block[at], handler);
        }
    }
    // The end of the text ends the last word, as a space does.
    splitter.end_word(text.len(), b' ', handler);
}

/// Passes words to a handler.
struct Splitter<'a> {
    text: &'a [u8],
    // Start of the word that is still open.
    start: usize,
    // The parts of a word with carriage returns inside.
    glued: Vec<u8>,
}

impl Splitter<'_> {
    /// A separator or carriage return, or the end of the text, ends a word or a part of a word at `end`.
    #[inline(always)]
    fn end_word(&mut self, end: usize, separator: u8, handler: &mut impl TokenHandler) {
        let start = std::mem::replace(&mut self.start, end + 1);
        if separator == b'\r' || !self.glued.is_empty() {
            self.end_part(start..end, separator, handler);
        } else if end > start {
            handler.word_in(self.text, start, end);
        }
        if separator == b'\n' {
            handler.end_of_document();
        }
    }

    /// A carriage return or a separator ends a part of a word that contains carriage returns.
    #[cold]
    fn end_part(&mut self, part: Range<usize>, separator: u8, handler: &mut impl TokenHandler) {
        self.glued.extend_from_slice(&self.text[part]);
        if separator != b'\r' && !self.glued.is_empty() {
            handler.word(&self.glued);
            self.glued.clear();
        }
    }
}
