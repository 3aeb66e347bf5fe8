//! The order of equally frequent words in Stanford's `vocab_count`.

use std::cmp::Ordering;

/// Compare as C compares strings of signed bytes that end with a zero byte: "é" comes before "a".
pub(super) fn compare_c_strings(a: &[u8], b: &[u8]) -> Ordering {
    let at = |word: &[u8], i: usize| word.get(i).map_or(0, |&byte| byte as i8);
    let common = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    at(a, common)
        .cmp(&at(b, common))
        .then_with(|| a.len().cmp(&b.len()))
}

/// The slot of a word in the hash table of Stanford's `vocab_count` (Zobel, Heinz and Williams
/// 2001). The order of the slots decides which of equally frequent words `max_vocab` keeps.
pub(super) fn stanford_bucket(word: &[u8]) -> u32 {
    let hash = word.iter().fold(1_159_241_u32, |hash, &byte| {
        let byte = byte as i8 as u32;
        hash ^ (hash << 5).wrapping_add(byte).wrapping_add(hash >> 2)
    });
    (hash & 0x7fff_ffff) % (1 << 20)
}
