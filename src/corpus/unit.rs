//! Where documents end, and where a chunk may.

use super::{Content, TextOptions};
use crate::error::{Error, Result};
use crate::memory::fallible;
use std::mem;

/// What a document is; windows do not cross its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DocumentUnit {
    /// A line.
    #[default]
    Line,
    /// What stands between blank lines: empty ones, or ones of ASCII white space alone.
    Paragraph,
    /// A file, or an item of an iterable.
    File,
}

impl DocumentUnit {
    /// The public names, in the order of the enum.
    pub const NAMES: [&str; 3] = ["line", "paragraph", "file"];

    /// The unit with this public name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [Self::Line, Self::Paragraph, Self::File];
        Error::choice("documents", name, Self::NAMES, values)
    }
}

/// Finds where a growing text may be cut.
#[derive(Debug)]
pub(super) struct Cutter {
    unit: DocumentUnit,
    /// Never cut inside a document.
    whole: bool,
    punctuation: bool,
    // There is no place to cut before this one.
    searched: usize,
    // Where the line begins that `searched` is in.
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

    /// The last place to cut `text`, which has grown since the last call: behind a document, or,
    /// where that is allowed, behind white space. What is behind that place begins the next text.
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
            // A character may have been cut in two.
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

/// 、。〈〉《》「」『』 and the like, and ！，：；？ of full width: no word contains one in the scripts
/// that are written without spaces. The ideographic space is one of them.
pub(crate) fn is_punctuation(character: char) -> bool {
    matches!(character, '\u{3000}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '！' | '，' | '：' | '；' | '？')
}

/// Bytes of each of them.
const PUNCTUATION_BYTES: usize = 3;

/// Where the last of them ends.
fn last_punctuation(text: &[u8]) -> Option<usize> {
    // Their first byte is 0xe3 or 0xef.
    memchr::memrchr2_iter(0xe3, 0xef, text).find_map(|at| {
        let bytes = text.get(at..at + PUNCTUATION_BYTES)?;
        let character = std::str::from_utf8(bytes).ok()?.chars().next()?;
        is_punctuation(character).then_some(at + PUNCTUATION_BYTES)
    })
}

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii_start().is_empty()
}

/// Puts text together in which documents end.
#[derive(Debug, Default)]
pub struct Gatherer {
    unit: DocumentUnit,
    text: String,
    ends: Vec<usize>,
    // Whether something visible stands on the last line.
    visible: bool,
}

impl Gatherer {
    /// Documents are these units of what will be pushed.
    pub fn new(unit: DocumentUnit) -> Self {
        Self {
            unit,
            ..Self::default()
        }
    }

    /// Append a piece of a file or item.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn push(&mut self, text: &str) -> Result<()> {
        self.find_blank_lines(text);
        fallible::push_text(&mut self.text, text)
    }

    /// Take `text` as the first piece, without a copy.
    pub(super) fn push_all(&mut self, text: String) {
        self.find_blank_lines(&text);
        self.text = text;
    }

    /// End the file or item.
    pub fn end(&mut self) {
        match self.unit {
            DocumentUnit::Line => self.text.push('\n'),
            _ => self.ends.push(self.text.len()),
        }
        self.visible = false;
    }

    /// Bytes of text gathered.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing was gathered.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.ends.is_empty()
    }

    /// Give away what was gathered.
    pub fn take(&mut self) -> Content {
        let (text, ends) = (mem::take(&mut self.text), mem::take(&mut self.ends));
        match self.unit {
            DocumentUnit::Line => Content::Lines(text),
            _ => Content::Documents { text, ends },
        }
    }

    fn find_blank_lines(&mut self, piece: &str) {
        if self.unit != DocumentUnit::Paragraph {
            return;
        }
        let mut line = 0;
        for newline in memchr::memchr_iter(b'\n', piece.as_bytes()) {
            if !self.visible && is_blank(&piece.as_bytes()[line..newline]) {
                self.ends.push(self.text.len() + newline + 1);
            }
            (line, self.visible) = (newline + 1, false);
        }
        self.visible |= !is_blank(&piece.as_bytes()[line..]);
    }
}
