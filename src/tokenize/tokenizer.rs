//! The tokenizers by name.

use super::chinese::Segmenter;
use super::handler::TokenHandler;
use super::unicode::unicode;
use super::whitespace::whitespace;
use crate::error::{Error, Result};
use std::sync::Arc;

/// How text becomes words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Tokenizer {
    /// Spaces, tabs and newlines separate words, and carriage returns are removed, as in Stanford's tools.
    #[default]
    Whitespace,
    /// The words of Unicode Standard Annex #29: segments that contain a letter or a digit.
    Unicode,
    /// Chinese: jieba's segments that contain a letter or a digit. Chinese characters are letters in Unicode.
    Chinese(Arc<Segmenter>),
}

impl Tokenizer {
    /// The public names, in the order of the enum.
    pub const NAMES: [&str; 3] = ["whitespace", "unicode", "zh"];

    /// The tokenizer with this public name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let chinese = Self::Chinese(Arc::default());
        let values = [Self::Whitespace, Self::Unicode, chinese];
        let index = Error::choice("tokenizer", name, Self::NAMES, [0, 1, 2])?;
        Ok(values[index].clone())
    }

    /// Find the words of `text`. Every newline ends a document.
    pub fn lines(&self, text: &str, handler: &mut impl TokenHandler) {
        if *self == Self::Whitespace {
            return whitespace(text.as_bytes(), handler);
        }
        for line in text.split_inclusive('\n') {
            if !handler.goes_on() {
                return;
            }
            self.words(line, handler);
            if line.ends_with('\n') {
                handler.end_of_document();
            }
        }
    }

    /// Find the words of a document, or of a piece of a document.
    pub fn words(&self, text: &str, handler: &mut impl TokenHandler) {
        match self {
            Self::Whitespace => whitespace(text.as_bytes(), &mut OneDocument(handler)),
            Self::Unicode => unicode(text, handler),
            Self::Chinese(segmenter) => segmenter.words(text, handler),
        }
    }
}

/// Passes on words, but not ends of documents.
struct OneDocument<'a, S>(&'a mut S);

impl<S: TokenHandler> TokenHandler for OneDocument<'_, S> {
    #[inline]
    fn word(&mut self, word: &[u8]) {
        self.0.word(word);
    }
    #[inline]
    fn word_in(&mut self, text: &[u8], start: usize, end: usize) {
        self.0.word_in(text, start, end);
    }
    fn end_of_document(&mut self) {}
    fn goes_on(&self) -> bool {
        self.0.goes_on()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    #[derive(Default, Debug, PartialEq)]
    struct DocumentCollector {
        done: Vec<Vec<Vec<u8>>>,
        open: Vec<Vec<u8>>,
    }

    impl TokenHandler for DocumentCollector {
        fn word(&mut self, word: &[u8]) {
            self.open.push(word.to_vec());
        }
        fn end_of_document(&mut self) {
            self.done.push(std::mem::take(&mut self.open));
        }
    }

    fn split(text: &[u8]) -> DocumentCollector {
        let mut documents = DocumentCollector::default();
        whitespace(text, &mut documents);
        documents
    }

    fn naive(text: &[u8]) -> DocumentCollector {
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
        DocumentCollector {
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

    fn words(tokenizer: &Tokenizer, text: &str) -> Vec<String> {
        let mut documents = DocumentCollector::default();
        tokenizer.words(text, &mut documents);
        assert!(documents.done.is_empty());
        let words = documents.open.into_iter();
        words.map(|word| String::from_utf8(word).unwrap()).collect()
    }

    fn chinese() -> Tokenizer {
        Tokenizer::Chinese(Arc::default())
    }

    #[test]
    fn unicode_words_are_those_of_the_annex() {
        let text = "The quick (\u{201c}brown\u{201d}) fox can\u{2019}t jump 32.3 feet, right?";
        let expected = [
            "The",
            "quick",
            "brown",
            "fox",
            "can\u{2019}t",
            "jump",
            "32.3",
            "feet",
            "right",
        ];
        assert_eq!(words(&Tokenizer::Unicode, text), expected);
        assert_eq!(
            words(&Tokenizer::Unicode, "e\u{301}t\u{e9} naïve"),
            ["e\u{301}t\u{e9}", "naïve"]
        );
    }

    #[test]
    fn chinese_is_segmented_and_punctuation_goes() {
        let text = "我来到北京清华大学，\u{3000}他说：“C++ 3.14 很好！”…\r\n";
        let expected = [
            "我",
            "来到",
            "北京",
            "清华大学",
            "他",
            "说",
            "C++",
            "3.14",
            "很",
            "好",
        ];
        assert_eq!(words(&chinese(), text), expected);
    }

    proptest! {
        #[test]
        fn unicode_words_of_plain_text_are_the_librarys(text in "[a-zé0-9一 .,'\u{301}_-]{0,60}") {
            let expected: Vec<_> = text.unicode_words().collect();
            prop_assert_eq!(words(&Tokenizer::Unicode, &text), expected);
        }

        #[test]
        fn a_text_cut_at_a_space_has_the_same_words(left: String, right: String) {
            for tokenizer in [Tokenizer::Whitespace, Tokenizer::Unicode, chinese()] {
                let mut parts = words(&tokenizer, &format!("{left} "));
                parts.extend(words(&tokenizer, &right));
                prop_assert_eq!(words(&tokenizer, &format!("{left} {right}")), parts);
            }
        }

        #[test]
        fn words_are_pieces_of_the_text_without_white_space(text: String) {
            for tokenizer in [Tokenizer::Unicode, chinese()] {
                let mut rest = &text[..];
                for word in words(&tokenizer, &text) {
                    prop_assert!(!word.is_empty() && !word.contains([' ', '\t', '\n', '\r']));
                    let at = rest.find(&word);
                    prop_assert!(at.is_some());
                    rest = &rest[at.unwrap() + word.len()..];
                }
            }
        }
    }
}
