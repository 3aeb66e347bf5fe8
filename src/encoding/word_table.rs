//! The hash table of an interner.

use super::interned_word::InternedWord;
use crate::error::Result;
use crate::memory::{HugeBuffer, prefetch};

/// A hash table of words with open addressing and linear probing. An entry is half a cache line of
/// 64 bytes, so that most look-ups of a word read one line. A large table lies in huge pages where
/// the system provides them (benches/EXPERIMENTS.md, "Packed rows, and tables in huge pages").
#[derive(Default)]
pub(super) struct WordTable {
    // `None` before the first word. The number of entries is a power of two. An entry whose count is 0
    // is free.
    entries: Option<HugeBuffer<InternedWord>>,
    words: usize,
}

const LEAST_ENTRIES: usize = 1 << 10;

impl WordTable {
    /// Number of words.
    pub fn len(&self) -> usize {
        self.words
    }

    /// Number of bytes of memory that the table takes.
    pub fn bytes(&self) -> usize {
        size_of_val(self.entries())
    }

    /// The words, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &InternedWord> {
        self.entries().iter().filter(|entry| entry.count > 0)
    }

    /// Prefetch the entry at which the search for a word with this hash begins.
    #[inline(always)]
    pub fn prefetch(&self, hash: u64) {
        let entries = self.entries();
        prefetch(entries, hash as usize & entries.len().wrapping_sub(1));
    }

    /// The word with this hash for which `is_same` returns true.
    #[inline(always)]
    pub fn find(
        &self,
        hash: u64,
        is_same: impl Fn(&InternedWord) -> bool,
    ) -> Option<&InternedWord> {
        let entries = self.entries();
        slot(entries, hash, is_same).ok().map(|slot| &entries[slot])
    }

    /// Like [`WordTable::find`], but the caller may change the entry.
    #[inline(always)]
    pub fn find_mut(
        &mut self,
        hash: u64,
        is_same: impl Fn(&InternedWord) -> bool,
    ) -> Option<&mut InternedWord> {
        let entries = self.entries.as_mut()?;
        let slot = slot(entries, hash, is_same).ok()?;
        Some(&mut entries[slot])
    }

    /// Insert a word that is not in the table.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn insert(&mut self, hash: u64, word: InternedWord) -> Result<()> {
        let free = self.entries().len() / 4 * 3;
        if self.words >= free {
            self.grow()?;
        }
        if let Some(entries) = &mut self.entries {
            put(entries, hash, word);
            self.words += 1;
        }
        Ok(())
    }

    #[cold]
    fn grow(&mut self) -> Result<()> {
        let length = (2 * self.entries().len()).max(LEAST_ENTRIES);
        let mut larger = HugeBuffer::zeroed(length)?;
        for entry in self.iter() {
            put(&mut larger, entry.hash(), *entry);
        }
        self.entries = Some(larger);
        Ok(())
    }

    #[inline(always)]
    fn entries(&self) -> &[InternedWord] {
        self.entries.as_deref().unwrap_or_default()
    }
}

/// The index of the entry of the word. If the table does not have the word, `Err` with the index of
/// the free entry at which the word is to be inserted. A table that is not empty must have a free
/// entry, because the search for a missing word ends at a free entry.
#[inline(always)]
fn slot(
    entries: &[InternedWord],
    hash: u64,
    is_same: impl Fn(&InternedWord) -> bool,
) -> std::result::Result<usize, usize> {
    let mask = entries.len().wrapping_sub(1);
    let mut slot = hash as usize & mask;
    while let Some(entry) = entries.get(slot) {
        if entry.count == 0 {
            return Err(slot);
        }
        if is_same(entry) {
            return Ok(slot);
        }
        slot = (slot + 1) & mask;
    }
    Err(0)
}

fn put(entries: &mut [InternedWord], hash: u64, word: InternedWord) {
    let (Ok(free) | Err(free)) = slot(entries, hash, |_| false);
    entries[free] = word;
}
