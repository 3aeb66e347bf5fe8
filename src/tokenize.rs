//! Splits text into words.

mod chinese;

use crate::error::{Error, Result};
pub use chinese::{Segmenter, UserWord};
use std::borrow::Cow;
use std::sync::Arc;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation;

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

/// How text is normalized and lower-cased before it is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Folding {
    /// Lower-case the text by the language-independent rules of Unicode.
    pub lowercase: bool,
    /// Normalize the text to this form, before it is lower-cased.
    pub normalize: Option<Normalization>,
}

/// Forms of Unicode Standard Annex #15.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalization {
    /// Canonical composition: é is always one character, never an e and an accent.
    Nfc,
    /// Compatibility composition: as NFC; full-width letters, ligatures and the like also become plain letters.
    Nfkc,
}

impl Normalization {
    /// The public names, in the order of the enum.
    pub const NAMES: [&str; 2] = ["NFC", "NFKC"];

    /// The form with this name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [Self::Nfc, Self::Nfkc];
        Error::choice("normalize", name, Self::NAMES, values)
    }

    fn apply(self, text: &str) -> Cow<'_, str> {
        let is_normal = match self {
            Self::Nfc => is_nfc_quick(text.chars()),
            Self::Nfkc => is_nfkc_quick(text.chars()),
        };
        match self {
            _ if is_normal == IsNormalized::Yes => text.into(),
            Self::Nfc => text.nfc().collect(),
            Self::Nfkc => text.nfkc().collect(),
        }
    }
}

impl Folding {
    /// Normalize and lower-case `text`.
    pub fn apply(self, text: &str) -> Cow<'_, str> {
        if text.is_ascii() {
            let has_upper = self.lowercase && text.bytes().any(|b| b.is_ascii_uppercase());
            return if has_upper {
                text.to_ascii_lowercase().into()
            } else {
                text.into()
            };
        }
        let text = self.normalize.map_or(text.into(), |form| form.apply(text));
        if self.lowercase {
            text.to_lowercase().into()
        } else {
            text
        }
    }
}

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
    /// Whether the tokenizer should go on. [`Tokenizer::lines`] asks before each line, except with
    /// [`Tokenizer::Whitespace`], which is so fast that it need not ask. The Chinese tokenizer also asks at least once
    /// for each 64 KiB of text.
    fn goes_on(&self) -> bool {
        true
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

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// A number in which the high bit of a byte is set if this byte of `block` is a separator (space, tab,
/// newline) or a carriage return. Only the lowest set bit is reliable: higher bits may be set for
/// other bytes.
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

/// Number of spaces to skip at the beginning of `text`, which starts with a space. Spaces are
/// skipped in groups of eight, so that long runs of spaces are fast; if there is no such group, one
/// space is skipped.
fn blank_bytes(text: &[u8]) -> usize {
    const EIGHT: [u8; 8] = [b' '; 8];
    let blank = text
        .chunks_exact(8)
        .take_while(|chunk| **chunk == EIGHT)
        .count()
        * 8;
    blank.max(1)
}

/// Split `text` by the rules of Stanford's tools: spaces and tabs separate words, a newline ends a
/// document, carriage returns are removed everywhere, and every other byte belongs to a word.
pub fn whitespace(text: &[u8], handler: &mut impl TokenHandler) {
    let mut at = 0;
    let mut glued = Vec::new(); // the parts of a word with carriage returns inside
    while at < text.len() {
        let end = word_end(text, at);
        let next = text.get(end).copied();
        if next == Some(b'\r') {
            glued.extend_from_slice(&text[at..end]);
        } else {
            if !glued.is_empty() {
                glued.extend_from_slice(&text[at..end]);
                handler.word(&glued);
                glued.clear();
            } else if end > at {
                handler.word_in(text, at, end);
            } else if next == Some(b' ') {
                at += blank_bytes(&text[at..]);
                continue;
            }
            if next == Some(b'\n') {
                handler.end_of_document();
            }
        }
        at = end + 1;
    }
    if !glued.is_empty() {
        handler.word(&glued);
    }
}

/// Split `text` at ASCII white space, and at the word boundaries of UAX #29.
///
/// UAX #29 alone would make one word of a space, a zero-width joiner and a circled letter. Splitting at white
/// space first also means that cutting a text at a space does not change its words. White space outside ASCII is
/// left to UAX #29. There, U+202F, the narrow no-break space, belongs to a word if it stands between letters or
/// digits.
fn unicode(text: &str, handler: &mut impl TokenHandler) {
    // Splitting at white space first is also faster: the library is faster on ASCII, and many of
    // the pieces are ASCII even if the text is not.
    for piece in text.split_ascii_whitespace() {
        for word in piece.unicode_words() {
            handler.word(word.as_bytes());
        }
    }
}

/// Whether a character is CJK punctuation: 、。〈〉《》「」『』 and the like, the ideographic space, or
/// ！，：；？ of full width. No word of the scripts that are written without spaces contains such a
/// character.
pub(crate) fn is_punctuation(character: char) -> bool {
    matches!(character, '\u{3000}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '！' | '，' | '：' | '；' | '？')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    #[test]
    fn folding_normalizes_and_lowers() {
        let fold = |normalize, text: &str| {
            Folding {
                lowercase: true,
                normalize,
            }
            .apply(text)
            .into_owned()
        };
        assert_eq!(fold(None, "ΟΔΟΣ İ ASCII"), "οδος i\u{307} ascii");
        assert_eq!(fold(Some(Normalization::Nfc), "E\u{301}"), "\u{e9}");
        assert_eq!(fold(Some(Normalization::Nfkc), "Ａ①ﬁ"), "a1fi");
        assert!(matches!(
            Folding::default().apply("Aé"),
            Cow::Borrowed("Aé")
        ));
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
