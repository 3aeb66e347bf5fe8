//! Chinese words: jieba with a user's words, and look-up of traditional characters as simplified ones.

use super::handler::TokenHandler;
use super::punctuation::is_punctuation;
use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use jieba_rs::Jieba;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A word of a user's dictionary. Without a frequency, jieba gives the word the least frequency that keeps it whole.
pub type UserWord = (String, Option<u32>);

/// Segments Chinese text with jieba.
#[derive(Default)]
pub struct Segmenter {
    user_words: Vec<UserWord>,
    simplified_lookup: bool,
    // Jieba's dictionary with the user's words. `None` without words of the user: then jieba's own dictionary is
    // used, which all such segmenters share.
    jieba: Option<Jieba>,
}

/// Two segmenters are equal if they were made from the same arguments. Then they segment every text in the same way.
impl PartialEq for Segmenter {
    fn eq(&self, other: &Self) -> bool {
        self.is_for(&other.user_words, other.simplified_lookup)
    }
}

impl Eq for Segmenter {}

impl std::fmt::Debug for Segmenter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segmenter")
            .field("user_words", &self.user_words.len())
            .field("simplified_lookup", &self.simplified_lookup)
            .finish_non_exhaustive()
    }
}

impl Segmenter {
    /// A segmenter that also knows `user_words`. They are added to jieba's dictionary in their order.
    ///
    /// With `simplified_lookup`, the characters of the text and of `user_words` are simplified before they are looked
    /// up. The words that [`Segmenter::words`] finds keep the characters of the text.
    pub fn new(user_words: Vec<UserWord>, simplified_lookup: bool) -> Self {
        let jieba = (!user_words.is_empty()).then(|| {
            let mut jieba = default_jieba().clone();
            for (word, frequency) in &user_words {
                let word = if simplified_lookup {
                    simplified(word)
                } else {
                    word.into()
                };
                jieba.add_word(&word, frequency.map(|n| n as usize), None);
            }
            jieba
        });
        Self {
            user_words,
            simplified_lookup,
            jieba,
        }
    }

    /// Like [`Segmenter::new`], but a call with the same arguments as the last call returns the same segmenter. The
    /// reason is that a copy of jieba's dictionary takes time and memory.
    pub fn shared(user_words: Vec<UserWord>, simplified_lookup: bool) -> Arc<Self> {
        static LAST: Mutex<Option<Arc<Segmenter>>> = Mutex::new(None);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*last
            && known.is_for(&user_words, simplified_lookup)
        {
            return known.clone();
        }
        let segmenter = Arc::new(Self::new(user_words, simplified_lookup));
        *last = Some(segmenter.clone());
        segmenter
    }

    fn is_for(&self, user_words: &[UserWord], simplified_lookup: bool) -> bool {
        self.simplified_lookup == simplified_lookup && self.user_words == user_words
    }

    /// Whether the segmenter has a dictionary of its own, a copy of jieba's with the user's words.
    pub fn has_own_dictionary(&self) -> bool {
        self.jieba.is_some()
    }

    /// Segment `text` by the dictionary, and by jieba's hidden Markov model where the dictionary lacks words.
    pub fn words(&self, text: &str, handler: &mut impl TokenHandler) {
        let jieba = self.jieba.as_ref().unwrap_or_else(|| default_jieba());
        let mut rest = text;
        while !rest.is_empty() && handler.goes_on() {
            let piece;
            (piece, rest) = rest.split_at(piece_end(rest));
            if self.simplified_lookup {
                simplified_words(jieba, piece, handler);
            } else {
                for token in jieba.cut(piece, true) {
                    pass_on(token.word, handler);
                }
            }
        }
    }
}

/// Pass on a segment that has a letter or a digit. Leave out all others: punctuation, symbols and white space.
fn pass_on(segment: &str, handler: &mut impl TokenHandler) {
    if segment.contains(char::is_alphanumeric) {
        handler.word(segment.as_bytes());
    }
}

/// Segment the simplified form of `piece`, and cut `piece` at the same characters.
fn simplified_words(jieba: &Jieba, piece: &str, handler: &mut impl TokenHandler) {
    let text = simplified(piece);
    let mut rest = piece.chars();
    let mut position = 0;
    for token in jieba.cut(&text, true) {
        for _ in position..token.start {
            rest.next();
        }
        let from = rest.as_str();
        for _ in token.start..token.end {
            rest.next();
        }
        position = token.end;
        pass_on(&from[..from.len() - rest.as_str().len()], handler);
    }
}

/// `text` with simplified characters, by the tables of OpenCC. It has as many characters as `text`.
fn simplified(text: &str) -> Cow<'_, str> {
    static OPENCC: OnceLock<OpenCC> = OnceLock::new();
    if text.is_ascii() {
        return text.into();
    }
    let opencc = OPENCC.get_or_init(|| {
        OpenCC::from_config(BuiltinConfig::T2s).expect("the tables are part of the program")
    });
    let whole = opencc.convert(text);
    let length = text.chars().count();
    if whole.chars().count() == length {
        return whole.into();
    }
    // The text has a phrase that OpenCC's tables convert to another number of characters. Convert each character by
    // itself instead.
    let mut buffer = [0; 4];
    let one = |c: char| {
        let simple = opencc.convert(c.encode_utf8(&mut buffer));
        let mut found = simple.chars();
        found.next().filter(|_| found.next().is_none()).unwrap_or(c)
    };
    text.chars().map(one).collect::<String>().into()
}

/// Jieba's dictionary.
fn default_jieba() -> &'static Jieba {
    static JIEBA: OnceLock<Jieba> = OnceLock::new();
    JIEBA.get_or_init(Jieba::new)
}

/// Largest number of bytes that jieba segments in one call. A call cannot be interrupted.
const PIECE_BYTES: usize = 1 << 16;

/// Where the next piece for jieba ends: after the last ASCII white space or Chinese punctuation mark in 64 KiB (about
/// 22,000 Chinese characters). jieba ends a word there too. If there is none, the piece ends between two characters.
fn piece_end(text: &str) -> usize {
    if text.len() <= PIECE_BYTES {
        return text.len();
    }
    let end = (0..=PIECE_BYTES)
        .rfind(|&at| text.is_char_boundary(at))
        .unwrap_or(PIECE_BYTES);
    let is_boundary = |c: char| c.is_ascii_whitespace() || is_punctuation(c);
    let cut = text[..end].char_indices().rfind(|&(_, c)| is_boundary(c));
    cut.map_or(end, |(at, c)| at + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default)]
    struct WordCollector(Vec<String>);

    impl TokenHandler for WordCollector {
        fn word(&mut self, word: &[u8]) {
            self.0.push(String::from_utf8(word.to_vec()).unwrap());
        }
        fn end_of_document(&mut self) {}
    }

    fn split(segmenter: &Segmenter, text: &str) -> Vec<String> {
        let mut words = WordCollector::default();
        segmenter.words(text, &mut words);
        words.0
    }

    fn user(words: &[(&str, Option<u32>)], simplified_lookup: bool) -> Segmenter {
        let words = words.iter().map(|&(word, n)| (word.to_owned(), n));
        Segmenter::new(words.collect(), simplified_lookup)
    }

    #[test]
    fn traditional_text_is_cut_where_simplified_text_is_and_keeps_its_characters() {
        let plain = Segmenter::default();
        let lookup = user(&[], true);
        assert_eq!(split(&plain, "自然语言"), ["自然语言"]);
        assert_eq!(split(&plain, "自然語言").len(), 2);
        assert_eq!(split(&lookup, "自然語言"), ["自然語言"]);
        assert_eq!(
            split(&lookup, "他說：C++ 自然語言！"),
            ["他", "說", "C++", "自然語言"]
        );
        // OpenCC's tables keep this phrase. They convert 乾 alone to 干.
        assert_eq!(split(&lookup, "乾隆"), ["乾隆"]);
    }

    #[test]
    fn words_of_the_user_stay_whole() {
        let text = "糊塗蟲機器學習";
        assert!(!split(&Segmenter::default(), text).contains(&"糊塗蟲機器".to_owned()));
        assert_eq!(
            split(&user(&[("糊塗蟲機器", None)], false), text)[0],
            "糊塗蟲機器"
        );
        // Without a simplified look-up, a simplified entry does not match traditional text.
        let entry = [("糊涂虫机器", Some(1_000_000))];
        assert_ne!(split(&user(&entry, false), text)[0], "糊塗蟲機器");
        assert_eq!(split(&user(&entry, true), text)[0], "糊塗蟲機器");
    }

    #[test]
    fn the_last_segmenter_is_shared() {
        let words = vec![("石墨烯".to_owned(), Some(7))];
        let first = Segmenter::shared(words.clone(), true);
        assert_eq!(first, Arc::new(Segmenter::new(words, true)));
        assert_ne!(*first, Segmenter::default());
        assert!(first.has_own_dictionary());
    }

    proptest! {
        #[test]
        fn a_simplified_look_up_loses_no_letter(text in "[a-c一-鿿，。 0-9]{0,40}") {
            let words = split(&user(&[], true), &text).concat();
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&words), letters(&text));
            prop_assert_eq!(simplified(&text).chars().count(), text.chars().count());
        }
    }
}
