//! The character n-grams of a word.

use crate::error::{Error, Result};
use std::ops::RangeInclusive;

/// The *edges*: the characters that mark the beginning and the end of a word. Unicode reserves them for the internal
/// use of programs, and [`MarkedWord::set`] replaces them in words. So an n-gram with an edge differs from every n-gram
/// within a word.
const EDGES: [char; 2] = ['\u{fdd0}', '\u{fdd1}'];
/// The characters that users see instead of the edges.
const SHOWN_EDGES: [char; 2] = ['<', '>'];
/// The largest accepted length of n-grams, in characters.
pub const MAX_NGRAM: usize = 20;
/// The default lengths of n-grams. The first range is for most languages. The second is for languages such as
/// Chinese and Korean, in which most words have at most four characters.
const LENGTHS: [RangeInclusive<usize>; 2] = [3..=6, 1..=3];
/// A word of at most this many characters is short.
const SHORT: usize = 4;

/// The lengths of the shortest and the longest n-gram, in characters. The edges of a word count as characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NgramLengths {
    least: usize,
    most: usize,
}

impl NgramLengths {
    /// N-grams of `least` to `most` characters.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming `min_n` or `max_n`.
    pub fn new(least: usize, most: usize) -> Result<Self> {
        if !(1..=MAX_NGRAM).contains(&least) {
            let message = format!("must be an integer from 1 to {MAX_NGRAM}, got {least}");
            return Err(Error::parameter("min_n", message));
        }
        if !(least..=MAX_NGRAM).contains(&most) {
            let message =
                format!("must be an integer from min_n={least} to {MAX_NGRAM}, got {most}");
            return Err(Error::parameter("max_n", message));
        }
        Ok(Self { least, most })
    }

    /// The default lengths for a vocabulary: 1 to 3 if most of its words have at most four characters, otherwise
    /// 3 to 6.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let (mut short, mut all) = (0_usize, 0_usize);
        for word in words {
            all += 1;
            // A character has exactly one byte that is not a continuation byte (−128 to −65 as a signed
            // number). A character has at most four bytes, so a word of more than 4 · `SHORT` bytes is not
            // short, and its characters need not be counted.
            let characters = || word.iter().filter(|byte| (**byte as i8) >= -64).count();
            short += usize::from(word.len() <= 4 * SHORT && characters() <= SHORT);
        }
        let range = &LENGTHS[usize::from(2 * short > all)];
        Self {
            least: *range.start(),
            most: *range.end(),
        }
    }

    /// The length of the shortest n-gram.
    pub fn least(self) -> usize {
        self.least
    }

    /// The length of the longest n-gram.
    pub fn most(self) -> usize {
        self.most
    }
}

/// A word between its edges, and the offsets at which its characters and edges start.
#[derive(Debug, Default)]
pub(super) struct MarkedWord {
    text: String,
    starts: Vec<usize>,
}

impl MarkedWord {
    /// Replace the word by `word`. Its bytes that are not UTF-8 become U+FFFD, and so do its characters that are in
    /// `EDGES`.
    pub fn set(&mut self, word: &[u8]) {
        self.text.clear();
        self.starts.clear();
        self.push(EDGES[0]);
        for chunk in word.utf8_chunks() {
            for character in chunk.valid().chars() {
                self.push(if EDGES.contains(&character) {
                    char::REPLACEMENT_CHARACTER
                } else {
                    character
                });
            }
            if !chunk.invalid().is_empty() {
                self.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.push(EDGES[1]);
        self.starts.push(self.text.len());
    }

    fn push(&mut self, character: char) {
        self.starts.push(self.text.len());
        self.text.push(character);
    }

    /// The word with its edges.
    pub fn text(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The range of each n-gram in the text. An n-gram that occurs twice has two ranges. An n-gram
    /// that consists only of one edge is left out, because every word has it.
    pub fn ngrams(&self, lengths: NgramLengths) -> impl Iterator<Item = std::ops::Range<usize>> {
        let characters = self.starts.len() - 1;
        (0..characters).flat_map(move |first| {
            let most = lengths.most.min(characters - first);
            (lengths.least..=most)
                .filter(move |n| *n > 1 || (first > 0 && first + 1 < characters))
                .map(move |n| self.starts[first]..self.starts[first + n])
        })
    }
}

/// An n-gram as users see it, with `<` and `>` for the edges of the word.
pub(super) fn shown(ngram: &[u8]) -> String {
    let text = String::from_utf8_lossy(ngram);
    let show = |c| match EDGES.iter().position(|edge| *edge == c) {
        Some(side) => SHOWN_EDGES[side],
        None => c,
    };
    text.chars().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ngrams(word: &[u8], least: usize, most: usize) -> Vec<String> {
        let mut marked = MarkedWord::default();
        marked.set(word);
        let lengths = NgramLengths::new(least, most).unwrap();
        let found = marked.ngrams(lengths);
        found.map(|range| shown(&marked.text()[range])).collect()
    }

    #[test]
    fn ngrams_are_of_characters_with_the_edges_of_the_word() {
        assert_eq!(
            ngrams("ice".as_bytes(), 3, 4),
            ["<ic", "<ice", "ice", "ice>", "ce>"]
        );
        assert_eq!(ngrams("é語".as_bytes(), 2, 2), ["<é", "é語", "語>"]);
        assert_eq!(ngrams("語".as_bytes(), 1, 3), ["<語", "<語>", "語", "語>"]);
        assert_eq!(ngrams(b"", 1, 3), ["<>"]);
        assert_eq!(ngrams(b"a", 4, 6), Vec::<String>::new());
    }

    #[test]
    fn edges_in_a_word_are_no_edges_and_bytes_that_are_no_text_are_replaced() {
        assert_eq!(
            ngrams("\u{fdd0}x".as_bytes(), 2, 2),
            ["<\u{fffd}", "\u{fffd}x", "x>"]
        );
        assert_eq!(
            ngrams(b"a\xffb", 2, 2),
            ["<a", "a\u{fffd}", "\u{fffd}b", "b>"]
        );
        // The character `<` of a word is not an edge, although users see an edge as `<`.
        assert_ne!(ngrams(b"<a", 2, 2), ngrams(b"a", 2, 2));
    }

    #[test]
    fn lengths_follow_the_words() {
        let lengths = |words: &[&str]| {
            let found = NgramLengths::of_words(words.iter().map(|word| word.as_bytes()));
            (found.least(), found.most())
        };
        assert_eq!(lengths(&["the", "steam", "temperature"]), (3, 6));
        assert_eq!(lengths(&["自然", "语言", "temperature"]), (1, 3));
        assert_eq!(lengths(&[]), (3, 6));
    }

    #[test]
    fn lengths_out_of_range_are_refused() {
        for (least, most) in [(0, 3), (4, 3), (1, MAX_NGRAM + 1), (MAX_NGRAM + 1, 30)] {
            assert!(NgramLengths::new(least, most).is_err(), "{least} {most}");
        }
    }
}
