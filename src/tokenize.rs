//! Bytes to tokens.

use crate::error::{Error, Result};

/// How text becomes words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tokenizer {
    /// Space, tab and newline separate words, carriage returns vanish: the rules of Stanford's tools.
    #[default]
    Whitespace,
}

/// The names that [`Tokenizer::from_name`] knows.
pub const TOKENIZER_NAMES: [&str; 1] = ["whitespace"];

impl Tokenizer {
    /// The tokenizer with that public name.
    ///
    /// # Errors
    /// [`Error::Parameter`] listing the names if there is none.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "whitespace" => Ok(Self::Whitespace),
            _ => Err(Error::parameter(
                "tokenizer",
                format!("must be one of {TOKENIZER_NAMES:?}, got {name:?}"),
            )),
        }
    }
}

/// What a tokenizer finds, in order.
pub trait Sink {
    /// A word.
    fn word(&mut self, word: &[u8]);
    /// The end of a document.
    fn end_of_document(&mut self);
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// A byte with its high bit set for every separator (space, tab, newline) or carriage return in
/// `block`; the lowest set bit is exact, higher ones may be false.
#[inline]
fn separators(block: u64) -> u64 {
    let has_zero = |v: u64| v.wrapping_sub(ONES) & !v & HIGHS;
    has_zero(block ^ (ONES * u64::from(b' ')))
        | has_zero(block ^ (ONES * u64::from(b'\n')))
        | has_zero(block ^ (ONES * u64::from(b'\t')))
        | has_zero(block ^ (ONES * u64::from(b'\r')))
}

/// Index of the first separator or carriage return at or after `from`.
#[inline]
fn word_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(block) = text[at..].first_chunk::<8>() {
        let found = separators(u64::from_le_bytes(*block));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while at < text.len() && !matches!(text[at], b' ' | b'\n' | b'\t' | b'\r') {
        at += 1;
    }
    at
}

/// Split `text` by Stanford's rules: words are separated by spaces and tabs, a newline ends a
/// document, carriage returns are dropped wherever they stand, every other byte belongs to a word.
pub fn whitespace(text: &[u8], sink: &mut impl Sink) {
    let mut at = 0;
    let mut glued = Vec::new(); // a word with carriage returns inside, put together
    while at < text.len() {
        let end = word_end(text, at);
        let next = text.get(end).copied();
        if next == Some(b'\r') {
            glued.extend_from_slice(&text[at..end]);
        } else {
            if !glued.is_empty() {
                glued.extend_from_slice(&text[at..end]);
                sink.word(&glued);
                glued.clear();
            } else if end > at {
                sink.word(&text[at..end]);
            }
            if next == Some(b'\n') {
                sink.end_of_document();
            }
        }
        at = end + 1;
    }
    if !glued.is_empty() {
        sink.word(&glued);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default, Debug, PartialEq)]
    struct Documents {
        done: Vec<Vec<Vec<u8>>>,
        open: Vec<Vec<u8>>,
    }

    impl Sink for Documents {
        fn word(&mut self, word: &[u8]) {
            self.open.push(word.to_vec());
        }
        fn end_of_document(&mut self) {
            self.done.push(std::mem::take(&mut self.open));
        }
    }

    fn split(text: &[u8]) -> Documents {
        let mut documents = Documents::default();
        whitespace(text, &mut documents);
        documents
    }

    fn naive(text: &[u8]) -> Documents {
        let text: Vec<u8> = text.iter().copied().filter(|&b| b != b'\r').collect();
        let mut documents: Vec<Vec<Vec<u8>>> = text
            .split(|&b| b == b'\n')
            .map(|line| {
                line.split(|&b| b == b' ' || b == b'\t')
                    .filter(|w| !w.is_empty())
                    .map(<[u8]>::to_vec)
                    .collect()
            })
            .collect();
        let open = documents.pop().unwrap_or_default();
        Documents {
            done: documents,
            open,
        }
    }

    #[test]
    fn carriage_returns_vanish_even_inside_a_word() {
        assert_eq!(split(b"a\rb\r\nc\r"), naive(b"ab\nc"));
    }

    #[test]
    fn control_bytes_belong_to_words() {
        assert_eq!(split(b"a\x0cb \0 c\x0b"), naive(b"a\x0cb \0 c\x0b"));
    }

    proptest! {
        #[test]
        fn whitespace_equals_the_naive_split(text in proptest::collection::vec(
            prop_oneof![Just(b' '), Just(b'\n'), Just(b'\t'), Just(b'\r'), any::<u8>(), 97u8..100], 0..200)) {
            prop_assert_eq!(split(&text), naive(&text));
        }
    }
}
