//! Different words with their counts, and the look-up of a word.

use super::limits::{MAX_WORDS, check_count};
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::monitor::Monitor;
use foldhash::fast::FixedState;
use hashbrown::{HashTable, hash_table};
use std::hash::BuildHasher;
use std::sync::OnceLock;

/// The number of a word in its vocabulary, from 0: its frequency rank, unless the vocabulary is given in another order.
pub type WordId = u32;

/// Different words with their counts. The vocabulary of a text has its most frequent words first (see
/// [`Vocabulary::prune`]).
///
/// ```
/// let v = glove_rs::Vocabulary::new([("a", 2), ("apple", 3)]).unwrap();
/// assert_eq!(v.word(0), b"a");          // given vocabularies keep their order
/// assert_eq!(v.index_of(b"apple"), Some(1));
/// ```
#[derive(Debug, Default)]
pub struct Vocabulary {
    bytes: Vec<u8>,
    // Word i is bytes[ends[i - 1]..ends[i]]; word 0 starts at 0.
    ends: Vec<usize>,
    pub(super) counts: Vec<u64>,
    index: OnceLock<HashTable<WordId>>,
}

impl Clone for Vocabulary {
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
            ends: self.ends.clone(),
            counts: self.counts.clone(),
            index: OnceLock::new(),
        }
    }
}

impl PartialEq for Vocabulary {
    fn eq(&self, other: &Self) -> bool {
        self.ends == other.ends && self.bytes == other.bytes && self.counts == other.counts
    }
}

/// Collects words in the order given. The words must be different, which is not checked.
impl<'a> FromIterator<(&'a [u8], u64)> for Vocabulary {
    fn from_iter<I: IntoIterator<Item = (&'a [u8], u64)>>(words: I) -> Self {
        let mut vocabulary = Self::default();
        for (word, count) in words {
            vocabulary.push(word, count);
        }
        vocabulary
    }
}

/// Number of words between two checks of the monitor.
pub(crate) const POLL_WORDS: usize = 1 << 14;

impl Vocabulary {
    /// A vocabulary of these words, in the order given.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a word is empty or appears twice, if a count is 2⁶³ or more, or if
    /// there are more than 2³¹ − 4 words; [`Error::Memory`].
    pub fn new<W: AsRef<[u8]>>(words: impl IntoIterator<Item = (W, u64)>) -> Result<Self> {
        let mut vocabulary = Self::default();
        for (word, count) in words {
            vocabulary.add(word.as_ref(), count)?;
        }
        vocabulary.all_different()
    }

    /// Append a word. Unless the caller knows that all words are different, it must call
    /// [`Vocabulary::all_different`] at the end.
    ///
    /// # Errors
    /// As for [`Vocabulary::new`], except that a word may appear twice.
    pub(crate) fn add(&mut self, word: &[u8], count: u64) -> Result<()> {
        if word.is_empty() {
            return Err(Error::parameter(
                "words",
                format!("must not be empty, but word number {} is", self.len()),
            ));
        }
        if self.len() == MAX_WORDS {
            return Err(Error::parameter(
                "words",
                format!("must be at most {MAX_WORDS}, got more"),
            ));
        }
        check_count(count)?;
        fallible::reserve(&mut self.bytes, word.len())?;
        fallible::reserve(&mut self.ends, 1)?;
        fallible::reserve(&mut self.counts, 1)?;
        self.push(word, count);
        Ok(())
    }

    /// This vocabulary, unless a word appears twice.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a word appears twice; [`Error::Memory`].
    pub(crate) fn all_different(self) -> Result<Self> {
        self.all_different_or(|_, error| error)
    }

    /// Like [`Vocabulary::all_different`], but `refuse` may change the error. It receives the rank of the first word
    /// that repeats another, and the error.
    ///
    /// # Errors
    /// What `refuse` returns, if a word appears twice; [`Error::Memory`].
    pub(crate) fn all_different_or(
        self,
        refuse: impl FnOnce(usize, Error) -> Error,
    ) -> Result<Self> {
        let mut table = HashTable::new();
        let hash_of = |&id: &WordId| hash(self.word(id));
        fallible::reserve_in_table(&mut table, self.len(), hash_of)?;
        if let Some(twice) = self.fill_index(&mut table) {
            let word = String::from_utf8_lossy(self.word(twice));
            let message = format!("must be different: {word:?} appears twice");
            return Err(refuse(twice as usize, Error::parameter("words", message)));
        }
        let _ = self.index.set(table);
        Ok(self)
    }

    /// A vocabulary of these words, in this order. The words must be different.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Cancelled`].
    pub fn of(words: &[(&[u8], u64)], monitor: &Monitor) -> Result<Self> {
        Self::of_some(words, 0..words.len() as u32, monitor)
    }

    /// A vocabulary of the words at the `indices` of `words`, in the order of `indices`.
    pub(super) fn of_some(
        words: &[(&[u8], u64)],
        indices: impl ExactSizeIterator<Item = u32> + Clone,
        monitor: &Monitor,
    ) -> Result<Self> {
        let chosen = indices.map(|index| words[index as usize]);
        let mut vocabulary = Self::default();
        fallible::reserve(&mut vocabulary.ends, chosen.len())?;
        fallible::reserve(&mut vocabulary.counts, chosen.len())?;
        let bytes = chosen.clone().map(|(word, _)| word.len()).sum();
        fallible::reserve(&mut vocabulary.bytes, bytes)?;
        for (number, (word, count)) in chosen.enumerate() {
            if number.is_multiple_of(POLL_WORDS) {
                monitor.check()?;
            }
            vocabulary.push(word, count);
        }
        Ok(vocabulary)
    }

    /// Number of bytes of memory that the vocabulary takes, without the index of [`Vocabulary::index_of`].
    pub fn bytes(&self) -> usize {
        self.bytes.len() + size_of_val(&self.ends[..]) + size_of_val(&self.counts[..])
    }

    /// The words, one directly after the other, and the end of each.
    pub fn text(&self) -> (&[u8], &[usize]) {
        (&self.bytes, &self.ends)
    }

    /// A vocabulary from what [`Vocabulary::text`] and [`Vocabulary::counts`] return. Repeated words are not
    /// noticed.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming `ends` if they do not divide `bytes` into a word for each count.
    pub fn from_parts(bytes: Vec<u8>, ends: Vec<usize>, counts: Vec<u64>) -> Result<Self> {
        let last = ends.last().copied().unwrap_or(0);
        if ends.len() != counts.len() || last != bytes.len() || !ends.is_sorted() {
            let message = format!(
                "must divide {} bytes into {} words, got {} ends",
                bytes.len(),
                counts.len(),
                ends.len()
            );
            return Err(Error::parameter("ends", message));
        }
        Ok(Self {
            bytes,
            ends,
            counts,
            index: OnceLock::new(),
        })
    }

    fn push(&mut self, word: &[u8], count: u64) {
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len());
        self.counts.push(count);
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The word of rank `id`.
    pub fn word(&self, id: WordId) -> &[u8] {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.bytes[start..self.ends[id]]
    }

    /// The count of each word.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Words with their counts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u64)> {
        (0..self.len() as WordId).map(|id| (self.word(id), self.counts[id as usize]))
    }

    /// The rank of `word`; `None` if the vocabulary does not have it.
    pub fn index_of(&self, word: &[u8]) -> Option<WordId> {
        let table = self.index.get_or_init(|| {
            let mut table = HashTable::with_capacity(self.len());
            self.fill_index(&mut table);
            table
        });
        table.find(hash(word), |&id| self.word(id) == word).copied()
    }

    /// Build the index of [`Vocabulary::index_of`] now, instead of in its first call.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Cancelled`].
    pub fn build_index(&self, monitor: &Monitor) -> Result<()> {
        if self.index.get().is_some() {
            return Ok(());
        }
        let mut table = HashTable::new();
        fallible::reserve_in_table(&mut table, self.len(), |_| 0)?;
        for id in 0..self.len() as WordId {
            if (id as usize).is_multiple_of(POLL_WORDS) {
                monitor.check()?;
            }
            // Room was reserved above, so the table does not grow and hash its words again.
            table.insert_unique(hash(self.word(id)), id, |&id| hash(self.word(id)));
        }
        let _ = self.index.set(table);
        Ok(())
    }

    /// Fill `table` with the words. Returns the first word that appears a second time.
    fn fill_index(&self, table: &mut HashTable<WordId>) -> Option<WordId> {
        let mut duplicate = None;
        for id in 0..self.len() as WordId {
            let word = self.word(id);
            match table.entry(
                hash(word),
                |&i| self.word(i) == word,
                |&i| hash(self.word(i)),
            ) {
                hash_table::Entry::Occupied(_) => {
                    duplicate = duplicate.or(Some(id));
                }
                hash_table::Entry::Vacant(slot) => {
                    slot.insert(id);
                }
            }
        }
        duplicate
    }
}

/// The hash of a word. The seed is constant, so that every run computes the same hashes.
pub(crate) fn hash(word: &[u8]) -> u64 {
    FixedState::with_seed(0x5eed).hash_one(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_do_not_fit_together_are_refused() {
        let whole = Vocabulary::new([("é", 2), ("b", 1)]).unwrap();
        let (bytes, ends) = whole.text();
        let parts = |bytes: &[u8], ends: &[usize], counts: &[u64]| {
            Vocabulary::from_parts(bytes.to_vec(), ends.to_vec(), counts.to_vec())
        };
        assert_eq!(parts(bytes, ends, whole.counts()).unwrap(), whole);
        assert!(parts(b"", &[], &[]).unwrap().is_empty());
        for (ends, counts) in [
            (&[2][..], &[2, 1][..]),
            (&[2, 3], &[2]),
            (&[2, 4], &[2, 1]),
            (&[4, 3], &[2, 1]),
            (&[], &[]),
        ] {
            assert!(parts(bytes, ends, counts).is_err(), "{ends:?} {counts:?}");
        }
    }

    #[test]
    fn a_word_given_twice_is_refused() {
        let error = Vocabulary::new([("a", 1), ("b", 1), ("a", 1)]).unwrap_err();
        assert!(error.to_string().contains("\"a\" appears twice"));
    }
}
