//! Words with their counts in the binary files of this package: the length and the count of each word as LEB128, then
//! the bytes of all words.

use super::binary_reader::BinaryReader;
use crate::cooccurrence::row_codec::{put_number, take_number};
use crate::error::{Error, Result};
use crate::vocabulary::Vocabulary;

/// Encode a vocabulary.
pub(super) fn encode_vocabulary(vocabulary: &Vocabulary) -> Vec<u8> {
    let mut out = Vec::new();
    for (word, count) in vocabulary.iter() {
        put_number(&mut out, word.len() as u64);
        put_number(&mut out, count);
    }
    vocabulary
        .iter()
        .for_each(|(word, _)| out.extend_from_slice(word));
    out
}

/// Decode a vocabulary of `words` words from `bytes`, which were read at `offset`. Messages call the vocabulary
/// `name`.
pub(super) fn read_vocabulary(
    input: &BinaryReader,
    bytes: &[u8],
    words: u64,
    offset: u64,
    name: &str,
) -> Result<Vocabulary> {
    match decode_vocabulary(bytes, words) {
        Ok(Some(vocabulary)) => Ok(vocabulary),
        Ok(None) => Err(input.error(offset, format!("the {name} is damaged"))),
        Err(error @ Error::Parameter { .. }) => Err(input.error(offset, format!("the {error}"))),
        Err(error) => Err(error),
    }
}

fn decode_vocabulary(bytes: &[u8], words: u64) -> Result<Option<Vocabulary>> {
    // Skip the lengths and counts: the text of the words follows them.
    let mut text = bytes;
    for _ in 0..2 * u128::from(words) {
        if take_number(&mut text).is_none() {
            return Ok(None);
        }
    }
    let mut sizes = bytes;
    let mut next = || {
        let length = usize::try_from(take_number(&mut sizes)?).ok()?;
        let count = take_number(&mut sizes)?;
        let (word, rest) = text.split_at_checked(length)?;
        text = rest;
        std::str::from_utf8(word).ok()?;
        Some((word, count))
    };
    let mut vocabulary = Vocabulary::default();
    for _ in 0..words {
        let Some((word, count)) = next() else {
            return Ok(None);
        };
        vocabulary.add(word, count)?;
    }
    if !text.is_empty() {
        return Ok(None);
    }
    vocabulary.all_different().map(Some)
}
