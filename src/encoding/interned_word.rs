//! A word in the hash table of an interner.

use crate::vocabulary::{self, WordId};
use bytemuck::{Pod, Zeroable};

/// Largest number of bytes of a short word.
pub(super) const SHORT: usize = 16;

/// An entry of the table. It contains the bytes of a short word, so that comparing short words reads
/// no other memory. Nearly all words are short.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct InternedWord {
    // A short word, padded with zeros. For a long word: its hash, and its offset in
    // `Interner::long`.
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

    /// The word `text[start..end]`. If `text` has at least 16 bytes from `start` on, no branch
    /// distinguishes the lengths of short words: the processor could not predict such a branch.
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
    pub fn is_long(&self) -> bool {
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
        // After one multiplication, the values of similar words still differ in few bits: mix the
        // bits once more.
        folded.wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(29) ^ folded
    }

    /// Set the offset of a long word in `Interner::long`.
    pub fn place_in(&mut self, offset: usize) {
        self.key[8..].copy_from_slice(&(offset as u64).to_le_bytes());
    }

    /// Whether two short words are equal.
    #[inline(always)]
    pub fn is_same_short(&self, other: &Self) -> bool {
        self.key == other.key && self.len == other.len
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
