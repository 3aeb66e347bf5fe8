//! Numbers the words of one worker: a hash table of words and their counts.

use super::word_table::WordTable;
use crate::error::Result;
use crate::memory::fallible;
use crate::vocabulary::{self, WordId};
use bytemuck::{Pod, Zeroable};

/// Numbers words in the order of first occurrence, and counts them.
#[derive(Default)]
pub(crate) struct Interner {
    pub(super) table: WordTable,
    // Words longer than `SHORT` bytes, each after its length. Shorter words are in the table itself.
    pub long: Vec<u8>,
}

pub(super) const SHORT: usize = 16;

/// A word in the table. Words of up to 16 bytes (nearly all) are compared within the table.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct InternedWord {
    // A short word, padded with zeros. For a long word: its hash, and its offset in `long`.
    key: [u8; SHORT],
    pub len: u32,
    pub id: WordId,
    pub count: u64,
}

impl InternedWord {
    #[inline]
    pub fn new(word: &[u8]) -> Self {
        let (low, high) = match word.len() {
            0..=8 => (load_le(word), 0),
            9..=SHORT => (load_le(&word[..8]), load_le(&word[8..])),
            _ => (vocabulary::hash(word), 0),
        };
        Self::of_halves(low, high, word.len())
    }

    /// The word `text[start..end]`. If 16 bytes of `text` follow `start`, no branch depends on the word's length,
    /// which the processor could not predict.
    #[inline(always)]
    pub fn new_in(text: &[u8], start: usize, end: usize) -> Self {
        const BELOW: [u64; 9] = {
            let mut masks = [u64::MAX; 9];
            let mut bytes = 0;
            while bytes < 8 {
                masks[bytes] = (1 << (8 * bytes)) - 1;
                bytes += 1;
            }
            masks
        };
        let length = end - start;
        match text[start..].first_chunk::<SHORT>() {
            Some(window) if length <= SHORT => {
                let both = u128::from_le_bytes(*window);
                let low = both as u64 & BELOW[length.min(8)];
                let high = (both >> 64) as u64 & BELOW[length.max(8) - 8];
                Self::of_halves(low, high, length)
            }
            _ => Self::new(&text[start..end]),
        }
    }

    #[inline]
    pub fn of_halves(low: u64, high: u64, length: usize) -> Self {
        Self {
            key: (u128::from(low) | u128::from(high) << 64).to_le_bytes(),
            len: length.min(u32::MAX as usize) as u32,
            id: 0,
            count: 1,
        }
    }

    #[inline]
    fn is_long(&self) -> bool {
        self.len as usize > SHORT
    }

    #[inline]
    fn halves(&self) -> (u64, u64) {
        let key = u128::from_le_bytes(self.key);
        (key as u64, (key >> 64) as u64)
    }

    /// The hash depends on the word alone, so that equal words of different interners have equal hashes.
    #[inline]
    pub fn hash(&self) -> u64 {
        let (low, high) = self.halves();
        let high = if self.is_long() { 0 } else { high };
        let product = u128::from(low ^ 0x9e37_79b9_7f4a_7c15)
            * u128::from(high ^ u64::from(self.len) ^ 0xd1b5_4a32_d192_ed03);
        let folded = (product as u64) ^ ((product >> 64) as u64);
        // After one multiplication similar words still differ in few bits: mix once more.
        folded.wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(29) ^ folded
    }

    #[inline]
    pub fn bytes<'a>(&'a self, long: &'a [u8]) -> &'a [u8] {
        if self.is_long() {
            let at = self.halves().1 as usize;
            let length = u64::from_le_bytes(*long[at..].first_chunk().expect("its length"));
            &long[at + 8..][..length as usize]
        } else {
            &self.key[..self.len as usize]
        }
    }
}

/// Up to eight bytes as a little-endian number.
#[inline]
fn load_le(bytes: &[u8]) -> u64 {
    match *bytes {
        [] => 0,
        [a] => u64::from(a),
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        [a, b, c] => u64::from(u32::from_le_bytes([a, b, c, 0])),
        _ if bytes.len() >= 8 => u64::from_le_bytes(*bytes.first_chunk().expect("8 bytes")),
        _ => {
            // Two overlapping halves cover 4 to 7 bytes.
            let low = u64::from(u32::from_le_bytes(*bytes.first_chunk().expect("4 bytes")));
            let high = u64::from(u32::from_le_bytes(*bytes.last_chunk().expect("4 bytes")));
            low | high << (8 * (bytes.len() - 4))
        }
    }
}

impl Interner {
    /// The number of a word; `None` if there is no memory for a new word.
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
        new.key[8..].copy_from_slice(&(self.long.len() as u64).to_le_bytes());
        self.long
            .extend_from_slice(&(word.len() as u64).to_le_bytes());
        self.long.extend_from_slice(word);
        self.insert(new, hash)
    }

    /// The number of a short word.
    #[inline]
    pub fn intern_short(&mut self, new: InternedWord, hash: u64) -> Option<WordId> {
        let same = |old: &InternedWord| old.key == new.key && old.len == new.len;
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
