//! Numbers the words of one worker: a hash table of words and their counts.

use super::interned_word::InternedWord;
use super::word_table::WordTable;
use crate::error::Result;
use crate::memory::fallible;
use crate::vocabulary::WordId;

/// Numbers words in the order of first occurrence, and counts them.
#[derive(Default)]
pub(crate) struct Interner {
    pub(super) table: WordTable,
    // Words longer than `SHORT` bytes, each preceded by its length as a `u64`. Other words are in
    // the table itself.
    pub long: Vec<u8>,
}

impl Interner {
    /// Count an occurrence of `word` and return its number. A new word gets the next number. `None`
    /// if there is no memory for a new word.
    #[inline]
    pub fn intern(&mut self, word: &[u8]) -> Option<WordId> {
        let new = InternedWord::new(word);
        let hash = new.hash();
        if !new.is_long() {
            return self.intern_short(new, hash);
        }
        let long = &self.long;
        let same = |old: &InternedWord| old.len == new.len && old.bytes(long) == word;
        if let Some(entry) = self.table.find_mut(hash, |old| same(old)) {
            entry.count += 1;
            return Some(entry.id);
        }
        fallible::reserve(&mut self.long, size_of::<u64>() + word.len()).ok()?;
        let mut new = new;
        new.place_in(self.long.len());
        self.long
            .extend_from_slice(&(word.len() as u64).to_le_bytes());
        self.long.extend_from_slice(word);
        self.insert(new, hash)
    }

    /// [`Interner::intern`] for a short word, whose hash is `hash`.
    #[inline]
    pub fn intern_short(&mut self, new: InternedWord, hash: u64) -> Option<WordId> {
        let same = |old: &InternedWord| old.is_same_short(&new);
        if let Some(entry) = self.table.find_mut(hash, same) {
            entry.count += 1;
            return Some(entry.id);
        }
        self.insert(new, hash)
    }

    fn insert(&mut self, mut new: InternedWord, hash: u64) -> Option<WordId> {
        new.id = self.table.len() as WordId;
        self.table.insert(hash, new).ok()?;
        Some(new.id)
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// The number of `word`, or `None` if it has none yet. `hash` is [`InternedWord::hash`] of the word.
    pub fn id_of(&self, word: &[u8], hash: u64) -> Option<WordId> {
        self.table
            .find(hash, |e| e.bytes(&self.long) == word)
            .map(|e| e.id)
    }

    /// Words and counts in the order of their numbers.
    pub fn words(&self) -> Result<Vec<(&[u8], u64)>> {
        let mut words = fallible::filled((&[][..], 0), self.table.len())?;
        for entry in self.table.iter() {
            words[entry.id as usize] = (entry.bytes(&self.long), entry.count);
        }
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn interning_tells_all_words_apart(words in proptest::collection::vec(
            proptest::collection::vec(0u8..3, 1..40), 0..60)) {
            let mut interner = Interner::default();
            let ids: Vec<_> = words.iter().map(|w| interner.intern(w)).collect();
            let known = interner.words().unwrap();
            for (id, word) in ids.iter().zip(&words) {
                prop_assert_eq!(known[id.unwrap() as usize].0, &word[..]);
                let times = words.iter().filter(|w| *w == word).count() as u64;
                prop_assert_eq!(known[id.unwrap() as usize].1, times);
            }
        }
    }
}
