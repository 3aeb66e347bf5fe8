//! Reads word2vec's binary vectors: the header `V dim LF`, then one record for each word: the word, a space, and `dim`
//! little-endian f32. The original tool writes a newline after each record, gensim does not.

use super::record_layout::{RecordFault, RecordLayout};
use super::rows::check_utf8;
use super::selection::Selection;
use crate::error::Location;
use crate::float16::{Element, read_f32};
use crate::io::charset::OnInvalid;
use memchr::memchr;
use std::ops::Range;

/// Largest number of bytes of a word. A longer word shows that the header's number of components is
/// wrong.
const LONGEST_WORD: usize = 1 << 20;

/// The records of a file, after its header.
#[derive(Clone)]
pub(super) struct BinaryRows {
    row_bytes: usize,
    errors: OnInvalid,
    // Number of bytes before the block, and bytes of the block that belong to records found so far.
    before: u64,
    here: u64,
}

impl BinaryRows {
    /// Records of `dim` numbers that start at byte `before`.
    pub fn after(before: u64, dim: usize, errors: OnInvalid) -> Self {
        Self {
            errors,
            // This does not overflow: detection refuses more components than a line may have bytes.
            row_bytes: dim * 4,
            before,
            here: 0,
        }
    }
}

impl RecordLayout for BinaryRows {
    fn frame(
        &mut self,
        block: &[u8],
        at_end: bool,
        most: usize,
        spans: &mut Vec<Range<usize>>,
    ) -> std::result::Result<usize, RecordFault> {
        self.before += self.here;
        self.here = 0;
        let mut end = 0;
        while spans.len() < most {
            let newlines = block[end..].iter().take_while(|b| **b == b'\n').count();
            let start = end + newlines;
            let fault = |message: &str| RecordFault {
                offset: start,
                message: message.to_owned(),
            };
            let word = &block[start..];
            let complete = memchr(b' ', &word[..word.len().min(LONGEST_WORD)])
                .map(|length| start + length + 1 + self.row_bytes)
                .filter(|end| *end <= block.len());
            match complete {
                Some(complete) => spans.push(start..complete),
                None if at_end && word.is_empty() => {
                    return Err(fault("the file has fewer words than its header says"));
                }
                None if at_end => return Err(fault("the file ends within this word's vector")),
                None if word.len() > LONGEST_WORD + self.row_bytes => {
                    return Err(fault("expected a word and a space"));
                }
                None => break,
            }
            end = spans.last().map_or(end, |span| span.end);
        }
        self.here = end as u64;
        Ok(end)
    }

    fn parse<E: Element>(
        &mut self,
        block: &[u8],
        span: Range<usize>,
        row: &mut [E],
    ) -> std::result::Result<Range<usize>, String> {
        let numbers = span.end - self.row_bytes;
        read_f32(&block[numbers..span.end], row);
        let word = span.start..numbers - 1;
        check_utf8(&block[word.clone()], self.errors)?;
        Ok(word)
    }

    fn may_have(&self, record: &[u8], words: &Selection) -> bool {
        self.errors != OnInvalid::Strict || words.may_begin(record)
    }

    fn on_invalid(&self) -> OnInvalid {
        self.errors
    }

    fn location(&self, _: &[u8], offset: usize) -> Location {
        Location::Byte(self.before + offset as u64)
    }
}

/// Whether `content` is exactly `words` records of `dim` numbers, perhaps with newlines after them, and at least one
/// byte of the numbers is neither printable ASCII nor white space. (In a text that is not UTF-8, only the words have
/// such bytes.)
pub(super) fn fits(content: &[u8], words: u64, dim: usize) -> bool {
    let mut spans = Vec::new();
    let complete = BinaryRows::after(0, dim, OnInvalid::Ignore)
        .frame(content, true, words as usize, &mut spans)
        .is_ok_and(|end| content[end..].iter().all(|b| *b == b'\n'));
    complete
        && spans
            .iter()
            .flat_map(|span| &content[span.end - 4 * dim..span.end])
            .any(|byte| !byte.is_ascii_graphic() && !byte.is_ascii_whitespace())
}
