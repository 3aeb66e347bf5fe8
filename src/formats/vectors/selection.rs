//! The words whose vectors are wanted from a file that may have many more words.

use crate::vocabulary::hash;
use hashbrown::HashTable;

/// A set of words, and the set of their first fields, which show whether a line of a file may have one of these words.
#[derive(Debug, Default)]
pub struct Selection {
    words: Set,
    first_fields: Set,
}

impl Selection {
    /// The selection of these words.
    pub fn new<W: AsRef<[u8]>>(words: impl IntoIterator<Item = W>) -> Self {
        let mut selection = Self::default();
        for word in words {
            let word = word.as_ref();
            selection.first_fields.insert(first_field(word));
            selection.words.insert(word);
        }
        selection
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.words.0.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.words.0.is_empty()
    }

    /// Whether a word is wanted.
    pub fn contains(&self, word: &[u8]) -> bool {
        self.words.contains(word)
    }

    /// Whether a text, whose fields are separated by spaces or tabs, may begin with a wanted word.
    pub(super) fn may_begin(&self, text: &[u8]) -> bool {
        self.first_fields.contains(first_field(text))
    }
}

/// The text before the first space or tab. Where a word ends is known only after its line is parsed. So a line is
/// parsed if its first field is that of a wanted word, which may contain spaces.
fn first_field(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr2(b' ', b'\t', text).unwrap_or(text.len())]
}

#[derive(Debug, Default)]
struct Set(HashTable<Box<[u8]>>);

impl Set {
    fn insert(&mut self, item: &[u8]) {
        if !self.contains(item) {
            self.0
                .insert_unique(hash(item), item.into(), |other| hash(other));
        }
    }

    fn contains(&self, item: &[u8]) -> bool {
        self.0.find(hash(item), |other| **other == *item).is_some()
    }
}
