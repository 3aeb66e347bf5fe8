//! Splits text at white space, as Stanford's tools do.

use super::handler::TokenHandler;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// A number in which the high bit of a byte is set if this byte of `block` is a separator (space, tab,
/// newline) or a carriage return. Only the lowest set bit is reliable: higher bits may be set for
/// other bytes.
#[inline]
fn separators(block: u64) -> u64 {
    let has_zero = |v: u64| v.wrapping_sub(ONES) & !v & HIGHS;
    has_zero(block ^ (ONES * u64::from(b' ')))
        | has_zero(block ^ (ONES * u64::from(b'\n')))
        | has_zero(block ^ (ONES * u64::from(b'\t')))
        | has_zero(block ^ (ONES * u64::from(b'\r')))
}

/// Index of the first separator or carriage return at or after `from`.
#[inline]
fn word_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(block) = text[at..].first_chunk::<8>() {
        let found = separators(u64::from_le_bytes(*block));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while at < text.len() && !matches!(text[at], b' ' | b'\n' | b'\t' | b'\r') {
        at += 1;
    }
    at
}

/// Number of spaces to skip at the beginning of `text`, which starts with a space. Spaces are
/// skipped in groups of eight, so that long runs of spaces are fast; if there is no such group, one
/// space is skipped.
fn blank_bytes(text: &[u8]) -> usize {
    const EIGHT: [u8; 8] = [b' '; 8];
    let blank = text
        .chunks_exact(8)
        .take_while(|chunk| **chunk == EIGHT)
        .count()
        * 8;
    blank.max(1)
}

/// Split `text` by the rules of Stanford's tools: spaces and tabs separate words, a newline ends a
/// document, carriage returns are removed everywhere, and every other byte belongs to a word.
pub fn whitespace(text: &[u8], handler: &mut impl TokenHandler) {
    let mut at = 0;
    let mut glued = Vec::new(); // the parts of a word with carriage returns inside
    while at < text.len() {
        let end = word_end(text, at);
        let next = text.get(end).copied();
        if next == Some(b'\r') {
            glued.extend_from_slice(&text[at..end]);
        } else {
            if !glued.is_empty() {
                glued.extend_from_slice(&text[at..end]);
                handler.word(&glued);
                glued.clear();
            } else if end > at {
                handler.word_in(text, at, end);
            } else if next == Some(b' ') {
                at += blank_bytes(&text[at..]);
                continue;
            }
            if next == Some(b'\n') {
                handler.end_of_document();
            }
        }
        at = end + 1;
    }
    if !glued.is_empty() {
        handler.word(&glued);
    }
}
