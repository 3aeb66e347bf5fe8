//! Finds where a chunk may end.

use super::options::TextOptions;
use super::unit::{DocumentUnit, is_blank};
use crate::tokenize::is_punctuation;
use std::mem;

/// Finds where a growing text may be cut.
#[derive(Debug)]
pub(super) struct Cutter {
    unit: DocumentUnit,
    /// Whether the text may be cut only after a document.
    whole: bool,
    /// Whether the text may be cut after punctuation where there is no white space.
    punctuation: bool,
    // The text before this offset has been searched, and has no position at which it can be cut.
    searched: usize,
    // For whole paragraphs: the start of the line that contains `searched`.
    line: usize,
}

impl Cutter {
    pub fn new(options: &TextOptions) -> Self {
        Self {
            unit: options.documents,
            whole: options.whole,
            punctuation: options.cut_at_punctuation,
            searched: 0,
            line: 0,
        }
    }

    /// The position at which to cut `text`; `None` if it cannot be cut yet. The text after the position begins the
    /// next chunk. `text` has grown since the last call; only the new part is searched.
    ///
    /// If documents are lines, the position is after the last newline. If documents are paragraphs that must stay
    /// whole, it is after the last blank line. If the new part has no such newline or blank line, the position is after
    /// the last space, tab or newline or, if there is none and `punctuation` is set, after the last punctuation mark.
    /// Documents that must stay whole are not cut anywhere else, so a file that must stay whole is not cut at all.
    pub fn find(&mut self, text: &[u8]) -> Option<usize> {
        let from = mem::replace(&mut self.searched, text.len());
        let fresh = &text[from..];
        let cut = match self.unit {
            DocumentUnit::Line => memchr::memrchr(b'\n', fresh).map(|at| from + at + 1),
            DocumentUnit::Paragraph if self.whole => self.last_blank_line(text, from),
            _ => None,
        };
        let cut = cut.or_else(|| {
            let space = memchr::memrchr3(b'\n', b' ', b'\t', fresh).filter(|_| !self.whole)?;
            Some(from + space + 1)
        });
        let cut = cut.or_else(|| {
            // The text of the last call may have ended within a character.
            let from = from.saturating_sub(PUNCTUATION_BYTES - 1);
            let cut = last_punctuation(&text[from..]).filter(|_| self.punctuation && !self.whole);
            cut.map(|end| from + end)
        });
        if cut.is_some() {
            (self.searched, self.line) = (0, 0);
        }
        cut
    }

    fn last_blank_line(&mut self, text: &[u8], from: usize) -> Option<usize> {
        let mut last = None;
        for newline in memchr::memchr_iter(b'\n', &text[from..]) {
            let next = from + newline + 1;
            if is_blank(&text[self.line..next]) {
                last = Some(next);
            }
            self.line = next;
        }
        last
    }
}

/// Number of bytes of each punctuation mark of [`is_punctuation`].
const PUNCTUATION_BYTES: usize = 3;

/// Where the last punctuation mark of `text` ends.
fn last_punctuation(text: &[u8]) -> Option<usize> {
    // The first byte of all these marks is 0xe3 or 0xef.
    memchr::memrchr2_iter(0xe3, 0xef, text).find_map(|at| {
        let bytes = text.get(at..at + PUNCTUATION_BYTES)?;
        let character = std::str::from_utf8(bytes).ok()?.chars().next()?;
        is_punctuation(character).then_some(at + PUNCTUATION_BYTES)
    })
}
