//! Numbers the keys that one worker meets.

use crate::encoding::Interner;
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::vocabulary::{MAX_WORDS, Vocabulary, WordId};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// A [`KeyTable`] stores the numbers that it gave to the integer keys from 0 to `DIRECT` − 1 in an
/// array, and the numbers of all other integer keys in a hash table. Tests use a smaller `DIRECT`, because each test
/// case fills such an array.
pub(super) const DIRECT: usize = 1 << if cfg!(test) { 10 } else { 24 };

/// Marks an integer key that has no number yet.
pub(super) const NONE: WordId = WordId::MAX;

/// Numbers the keys that one worker meets in the order of their first occurrence, and counts their
/// occurrences. Either all keys of a `KeyTable` are integers, or all are words.
#[derive(Default)]
pub struct KeyTable {
    words: Interner,
    // The number of each integer key below DIRECT, or NONE.
    direct: Vec<WordId>,
    // The numbers of all other integer keys.
    hashed: HashTable<WordId>,
    // For each number, the integer key that has it.
    integers: Vec<i64>,
    // How often the key of each number occurs.
    counts: Vec<u64>,
}

impl KeyTable {
    /// The number of `word`, and whether `word` is new. A new word gets the next number.
    ///
    /// # Errors
    /// [`Error::Memory`].
    #[inline]
    pub fn word(&mut self, word: &[u8]) -> Result<(WordId, bool)> {
        let full = || Error::Memory { bytes: word.len() };
        let known = self.words.len();
        let id = self.words.intern(word).ok_or_else(full)?;
        Ok((id, self.words.len() > known))
    }

    /// The number of the integer `key`. A new integer gets the next number.
    ///
    /// # Errors
    /// [`Error::Memory`].
    #[inline]
    pub fn integer(&mut self, key: i64) -> Result<WordId> {
        let index = match usize::try_from(key) {
            Ok(index) if index < DIRECT => index,
            _ => return self.hashed_integer(key),
        };
        if index >= self.direct.len() {
            let length = (index + 1).next_power_of_two();
            fallible::resize(&mut self.direct, length, NONE)?;
        }
        if self.direct[index] == NONE {
            self.direct[index] = self.integers.len() as WordId;
            fallible::push(&mut self.integers, key)?;
        }
        Ok(self.direct[index])
    }

    fn hashed_integer(&mut self, key: i64) -> Result<WordId> {
        let (integers, hasher) = (&self.integers, FixedState::default());
        let hash = hasher.hash_one(key);
        if let Some(&id) = self.hashed.find(hash, |&id| integers[id as usize] == key) {
            return Ok(id);
        }
        let id = integers.len() as WordId;
        fallible::push(&mut self.integers, key)?;
        let integers = &self.integers;
        let hash_of = |&id: &WordId| hasher.hash_one(integers[id as usize]);
        fallible::reserve_in_table(&mut self.hashed, 1, hash_of)?;
        self.hashed.insert_unique(hash, id, hash_of);
        Ok(id)
    }

    /// Count an occurrence of the key of each number in `ids`.
    pub(super) fn count(&mut self, ids: &[WordId]) -> Result<()> {
        let known = self.integers.len().max(self.words.len());
        check_keys(known)?;
        fallible::resize(&mut self.counts, known, 0)?;
        for &id in ids {
            self.counts[id as usize] += 1;
        }
        Ok(())
    }

    /// The keys as words, with their counts, in the order of their numbers.
    pub(super) fn into_words(self) -> Result<Vocabulary> {
        let counts = self.counts.iter().copied();
        let mut vocabulary = Vocabulary::default();
        if self.integers.is_empty() {
            for ((word, _), count) in self.words.words()?.into_iter().zip(counts) {
                if std::str::from_utf8(word).is_err() {
                    let word = String::from_utf8_lossy(word);
                    let message = format!("must have keys in UTF-8, got {word:?}");
                    return Err(Error::parameter("table", message));
                }
                vocabulary.add(word, count)?;
            }
        } else {
            for (key, count) in self.integers.iter().zip(counts) {
                vocabulary.add(key.to_string().as_bytes(), count)?;
            }
        }
        Ok(vocabulary)
    }
}

/// Refuse more different keys than a vocabulary can have.
pub(super) fn check_keys(different: usize) -> Result<()> {
    if different > MAX_WORDS {
        let message = format!("must have at most {MAX_WORDS} different keys in a column, got more");
        return Err(Error::parameter("table", message));
    }
    Ok(())
}
