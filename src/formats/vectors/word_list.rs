//! Many words in one allocation.

use crate::error::Result;
use crate::memory::fallible;
use crate::vocabulary::hash;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Words in UTF-8, one directly after the other, in the order of a file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct WordList {
    bytes: Vec<u8>,
    // Word i is bytes[ends[i - 1]..ends[i]]; word 0 starts at 0.
    ends: Vec<u64>,
}

impl WordList {
    /// The words in `bytes` that end at `ends`. `None` unless the ends are in order, the last end is the end of
    /// `bytes`, and every word is UTF-8.
    pub(super) fn from_parts(bytes: Vec<u8>, ends: Vec<u64>) -> Option<Self> {
        let words = Self { bytes, ends };
        let rising = words.ends.is_sorted();
        let complete = words.ends.last().copied().unwrap_or(0) == words.bytes.len() as u64;
        // All words are checked in one pass: a part of UTF-8 text is UTF-8 if it is not cut inside a character.
        let text = std::str::from_utf8(&words.bytes).ok()?;
        let whole = |end: &u64| text.is_char_boundary(*end as usize);
        (rising && complete && words.ends.iter().all(whole)).then_some(words)
    }

    /// A list of these words.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn of<W: AsRef<[u8]>>(words: impl IntoIterator<Item = W>) -> Result<Self> {
        let mut list = Self::default();
        for word in words {
            list.push(word.as_ref())?;
        }
        Ok(list)
    }

    /// Add a word at the end.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn push(&mut self, word: &[u8]) -> Result<()> {
        fallible::reserve(&mut self.bytes, word.len())?;
        self.bytes.extend_from_slice(word);
        fallible::push(&mut self.ends, self.bytes.len() as u64)
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Word number `i`.
    pub fn get(&self, i: usize) -> &[u8] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[start as usize..self.ends[i] as usize]
    }

    /// All words, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.len()).map(|i| self.get(i))
    }

    /// Keep the first `most` words.
    pub fn truncate(&mut self, most: usize) {
        self.ends.truncate(most);
        self.bytes
            .truncate(self.ends.last().copied().unwrap_or(0) as usize);
    }

    /// The indices of the words that are equal to an earlier word, in ascending order.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub(super) fn repeats(&self) -> Result<Vec<usize>> {
        let mut distinct = Distinct::default();
        let mut again = Vec::new();
        for i in 0..self.len() {
            if !distinct.insert(self, i)? {
                fallible::push(&mut again, i)?;
            }
        }
        Ok(again)
    }

    /// Add other words at the end.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub(super) fn append(&mut self, others: &Self) -> Result<()> {
        let start = self.bytes.len() as u64;
        fallible::reserve(&mut self.bytes, others.bytes.len())?;
        self.bytes.extend_from_slice(&others.bytes);
        fallible::reserve(&mut self.ends, others.len())?;
        self.ends.extend(others.ends.iter().map(|end| start + end));
        Ok(())
    }
}

/// A set of words of one list. A word is stored as its number in the list.
#[derive(Debug, Default)]
pub(super) struct Distinct(HashTable<usize>);

impl Distinct {
    /// Insert word number `i`. Returns whether it differs from all words that were inserted before.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn insert(&mut self, words: &WordList, i: usize) -> Result<bool> {
        let hash_of = |&other: &usize| hash(words.get(other));
        fallible::reserve_in_table(&mut self.0, 1, hash_of)?;
        let word = words.get(i);
        let entry = self
            .0
            .entry(hash(word), |&other| words.get(other) == word, hash_of);
        Ok(match entry {
            Entry::Occupied(_) => false,
            Entry::Vacant(slot) => {
                slot.insert(i);
                true
            }
        })
    }

    /// Number of different words.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_new_once() {
        let mut words = WordList::of(["a", "b", "a"]).unwrap();
        words.append(&WordList::of(["", "", "a"]).unwrap()).unwrap();
        assert_eq!(words, WordList::of(["a", "b", "a", "", "", "a"]).unwrap());
        let mut distinct = Distinct::default();
        let new: Vec<_> = (0..6)
            .map(|i| distinct.insert(&words, i).unwrap())
            .collect();
        assert_eq!(new, [true, true, false, true, false, false]);
        assert_eq!(distinct.len(), 3);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let parts = |bytes: &[u8], ends: &[u64]| WordList::from_parts(bytes.into(), ends.into());
        assert_eq!(parts(b"abc", &[1, 1, 3]).unwrap().get(2), b"bc");
        assert_eq!(parts(b"", &[]), Some(WordList::default()));
        for (bytes, ends) in [
            (&b"abc"[..], &[1, 2][..]),
            (b"abc", &[1, 4]),
            (b"abc", &[2, 1, 3]),
            (b"abc", &[]),
            ("é".as_bytes(), &[1, 2]),
            (b"\xff", &[1]),
        ] {
            assert_eq!(parts(bytes, ends), None, "{bytes:?} {ends:?}");
        }
    }
}
