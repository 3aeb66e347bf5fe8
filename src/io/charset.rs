//! Decodes bytes to text: UTF-8, and UTF-16 that begins with a byte order mark.

use crate::error::{Error, Result};
use std::char::REPLACEMENT_CHARACTER;

/// What to do with bytes that are not valid text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnInvalid {
    /// Report an error.
    #[default]
    Strict,
    /// Replace each malformed sequence by U+FFFD, as the Encoding Standard and Python do.
    Replace,
    /// Leave out each malformed sequence.
    Ignore,
}

impl OnInvalid {
    /// The public names, in the order of the variants.
    pub const NAMES: [&str; 3] = ["strict", "replace", "ignore"];

    /// The behaviour with this public name. The names are those of Python's `errors` argument.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [Self::Strict, Self::Replace, Self::Ignore];
        Error::choice("errors", name, Self::NAMES, values)
    }

    fn repair(self, text: &mut String) {
        if self == Self::Replace {
            text.push(REPLACEMENT_CHARACTER);
        }
    }
}

/// A fault: its byte offset, and a message.
pub(crate) type DecodingFault = (u64, String);

/// Decode `bytes`. The caller must not have cut the text inside a character.
pub(crate) fn utf8(
    bytes: Vec<u8>,
    on_invalid: OnInvalid,
) -> std::result::Result<String, DecodingFault> {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let bytes = error.as_bytes();
    if on_invalid == OnInvalid::Strict {
        let at = error.utf8_error().valid_up_to();
        let message = format!("invalid UTF-8 (byte 0x{:02x})", bytes[at]);
        return Err((at as u64, message));
    }
    Ok(repaired(bytes, on_invalid))
}

/// Decode `bytes`. Bytes that are not valid are replaced or left out, as `on_invalid` says.
pub(crate) fn repaired(bytes: &[u8], on_invalid: OnInvalid) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            on_invalid.repair(&mut text);
        }
    }
    text
}

/// Decodes UTF-16, block by block.
#[derive(Debug)]
pub(crate) struct Utf16 {
    big_endian: bool,
    // Number of bytes decoded so far, the mark included.
    offset: u64,
    // The beginning of a character that continues in the next block: at most three bytes.
    rest: Vec<u8>,
}

impl Utf16 {
    /// A decoder, if the text begins with the byte order mark of UTF-16, which takes two bytes.
    /// `None` if two zero bytes follow a little-endian mark: together they are the mark of UTF-32.
    pub fn detect(beginning: &[u8]) -> Option<Self> {
        let big_endian = match beginning {
            [0xff, 0xfe, 0, 0, ..] => return None,
            [0xff, 0xfe, ..] => false,
            [0xfe, 0xff, ..] => true,
            _ => return None,
        };
        Some(Self {
            big_endian,
            offset: 2,
            rest: Vec::new(),
        })
    }

    /// Append the characters of the next `block` to `text`. An empty block means that the input has ended.
    pub fn decode(
        &mut self,
        block: &[u8],
        on_invalid: OnInvalid,
        text: &mut Vec<u8>,
    ) -> std::result::Result<(), DecodingFault> {
        let at_end = block.is_empty();
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(block);
        let (pairs, odd) = bytes.as_chunks::<2>();
        let read = if self.big_endian {
            u16::from_be_bytes
        } else {
            u16::from_le_bytes
        };
        let mut units: Vec<u16> = pairs.iter().map(|&pair| read(pair)).collect();
        let lead = units.pop_if(|&mut unit| !at_end && (0xd800..0xdc00).contains(&unit));
        let mut decoded = String::with_capacity(units.len() * 3);
        let mut offset = self.offset;
        for character in char::decode_utf16(units.iter().copied()) {
            match character {
                Ok(character) => {
                    decoded.push(character);
                    offset += 2 * character.len_utf16() as u64;
                }
                Err(error) if on_invalid == OnInvalid::Strict => {
                    let unit = error.unpaired_surrogate();
                    let message = format!("invalid UTF-16 (unpaired surrogate 0x{unit:04x})");
                    return Err((offset, message));
                }
                Err(_) => {
                    on_invalid.repair(&mut decoded);
                    offset += 2;
                }
            }
        }
        self.offset = offset;
        if at_end && !odd.is_empty() {
            if on_invalid == OnInvalid::Strict {
                return Err((offset, "invalid UTF-16 (half a character)".into()));
            }
            on_invalid.repair(&mut decoded);
        } else {
            let kept = odd.len() + if lead.is_some() { 2 } else { 0 };
            self.rest = bytes.split_off(bytes.len() - kept);
        }
        text.extend_from_slice(decoded.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(bytes: &[u8], block: usize, on_invalid: OnInvalid) -> Option<Vec<u8>> {
        let mut decoder = Utf16::detect(bytes)?;
        let mut text = Vec::new();
        for block in bytes[2..].chunks(block).chain([&[][..]]) {
            decoder.decode(block, on_invalid, &mut text).ok()?;
        }
        Some(text)
    }

    proptest! {
        #[test]
        fn utf16_comes_back_in_blocks_of_any_size(text: String, block in 1usize..9) {
            for (mark, write) in [
                (&b"\xff\xfe"[..], u16::to_le_bytes as fn(u16) -> [u8; 2]),
                (b"\xfe\xff", u16::to_be_bytes),
            ] {
                let bytes: Vec<u8> = text.encode_utf16().flat_map(write).collect();
                let bytes = [mark, &bytes].concat();
                let again = decoded(&bytes, block, OnInvalid::Strict);
                prop_assert_eq!(again, Some(text.clone().into_bytes()));
            }
        }

        #[test]
        fn malformed_utf16_is_repaired_the_same_in_blocks_of_any_size(
            units in proptest::collection::vec(prop_oneof![0xd7fe_u16..0xe002, any::<u16>()], 0..20),
            odd in proptest::option::of(any::<u8>()), block in 1usize..9,
        ) {
            let mut bytes = b"\xff\xfe".to_vec();
            bytes.extend(units.iter().copied().flat_map(u16::to_le_bytes));
            bytes.extend(odd);
            let mut expected = String::from_utf16_lossy(&units);
            expected.extend(odd.map(|_| REPLACEMENT_CHARACTER));
            let again = decoded(&bytes, block, OnInvalid::Replace);
            prop_assert_eq!(again, Some(expected.into_bytes()));
            let valid = odd.is_none() && String::from_utf16(&units).is_ok();
            prop_assert_eq!(decoded(&bytes, block, OnInvalid::Strict).is_some(), valid);
        }

        #[test]
        fn malformed_utf8_is_replaced_as_by_the_encoding_standard(bytes: Vec<u8>) {
            let lossy = String::from_utf8_lossy(&bytes).into_owned();
            prop_assert_eq!(utf8(bytes, OnInvalid::Replace), Ok(lossy));
        }
    }

    #[test]
    fn faults_have_their_place() {
        assert_eq!(
            utf8(b"fine \xff".to_vec(), OnInvalid::Strict)
                .unwrap_err()
                .0,
            5
        );
        assert_eq!(utf8(b"a\xffb".to_vec(), OnInvalid::Ignore).unwrap(), "ab");
        let mut decoder = Utf16::detect(b"\xff\xfe").unwrap();
        let mut text = Vec::new();
        decoder
            .decode(b"a\0b\0", OnInvalid::Strict, &mut text)
            .unwrap();
        let fault = decoder
            .decode(b"\0\xdcc\0", OnInvalid::Strict, &mut text)
            .unwrap_err();
        assert_eq!(fault.0, 6);
    }
}
