//! Finds where documents end, and where a chunk may end.

use super::{Content, TextOptions};
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::tokenize::is_punctuation;
use std::mem;

/// What a document is; windows do not cross its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DocumentUnit {
    /// A line.
    #[default]
    Line,
    /// The text between blank lines. A blank line has nothing but ASCII white space.
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

    /// Bytes after which a file may be cut into parts that have the same documents as the whole file; `None` if a file
    /// must not be cut.
    pub fn end(self) -> Option<&'static [u8]> {
        match self {
            Self::Line => Some(b"\n"),
            // A blank line may also have white space. It is enough that some blank lines have none.
            Self::Paragraph => Some(b"\n\n"),
            Self::File => None,
        }
    }

    /// The documents of a whole file or item, one directly after the other, without the newlines between lines.
    pub fn split(self, text: &str) -> Vec<&str> {
        match self {
            Self::Line => text.split('\n').collect(),
            Self::File => vec![text],
            Self::Paragraph => {
                let mut builder = ContentBuilder::new(self);
                builder.look_at(text);
                let starts = std::iter::once(0).chain(builder.ends.iter().copied());
                let ends = builder.ends.iter().copied().chain([text.len()]);
                starts
                    .zip(ends)
                    .map(|(start, end)| &text[start..end])
                    .collect()
            }
        }
    }
}

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

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii_start().is_empty()
}

/// Appends pieces of documents to one text, and records where documents end.
#[derive(Debug, Default)]
pub struct ContentBuilder {
    unit: DocumentUnit,
    text: String,
    ends: Vec<usize>,
    // Whether the last line of the text so far has a character that is not white space.
    visible: bool,
    // Whether the file or item that is open ends with a newline so far.
    newline: bool,
}

impl ContentBuilder {
    /// A builder without text.
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
        self.look_at(text);
        fallible::push_text(&mut self.text, text)
    }

    /// Take `text` as the first piece, without copying it.
    pub(super) fn push_all(&mut self, text: String) {
        self.look_at(&text);
        self.text = text;
    }

    /// End the file or item. If documents are lines, this ends the last line, unless the file or item ends with a
    /// newline: a newline at its end begins no further document. An empty item is an empty document.
    pub fn end(&mut self) {
        match self.unit {
            DocumentUnit::Line if self.newline => {}
            DocumentUnit::Line => self.text.push('\n'),
            _ => self.ends.push(self.text.len()),
        }
        (self.visible, self.newline) = (false, false);
    }

    /// Number of bytes of the text so far.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing was appended.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.ends.is_empty()
    }

    /// The text so far, which is removed from the builder.
    pub fn take(&mut self) -> Content {
        let (text, ends) = (mem::take(&mut self.text), mem::take(&mut self.ends));
        match self.unit {
            DocumentUnit::Line => Content::Lines(text),
            _ => Content::Documents { text, ends },
        }
    }

    /// Find the ends of documents in `piece`, which the caller then appends to the text.
    fn look_at(&mut self, piece: &str) {
        if !piece.is_empty() {
            self.newline = piece.ends_with('\n');
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn built(unit: DocumentUnit, items: &[&[&str]]) -> Vec<String> {
        let mut builder = ContentBuilder::new(unit);
        for item in items {
            for piece in *item {
                builder.push(piece).unwrap();
            }
            builder.end();
        }
        let content = builder.take();
        assert!(content.document_texts().all(|(_, ended)| ended));
        content
            .document_texts()
            .map(|(text, _)| text.to_owned())
            .collect()
    }

    #[test]
    fn a_newline_at_the_end_of_an_item_begins_no_document() {
        let lines = |items: &[&[&str]]| built(DocumentUnit::Line, items);
        assert_eq!(lines(&[&["a b\n"], &["c"], &["d\n"]]), ["a b", "c", "d"]);
        assert_eq!(lines(&[&["a\n", "b"], &["c", "\n"]]), ["a", "b", "c"]);
        assert_eq!(lines(&[&["a\n", ""]]), ["a"]);
        // Empty items and blank lines are documents: documents keep their numbers.
        assert_eq!(
            lines(&[&[""], &["\n"], &[], &["a\n\n"]]),
            ["", "", "", "a", ""]
        );
        let files = built(DocumentUnit::File, &[&["a\n"], &[""], &["b"]]);
        assert_eq!(files, ["a\n", "", "b"]);
    }

    proptest! {
        #[test]
        fn parts_that_end_with_the_end_of_a_unit_have_its_documents(text in "[a \n\r]{0,40}", at in 0usize..40) {
            for unit in [DocumentUnit::Line, DocumentUnit::Paragraph] {
                let documents = |text: &str| -> Vec<Vec<String>> {
                    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
                    unit.split(text).into_iter().map(words).filter(|d: &Vec<_>| !d.is_empty()).collect()
                };
                let end = std::str::from_utf8(unit.end().unwrap()).unwrap();
                let Some(found) = text.get(at..).and_then(|rest| rest.find(end)) else {
                    continue;
                };
                let (before, after) = text.split_at(at + found + end.len());
                prop_assert_eq!([documents(before), documents(after)].concat(), documents(&text));
            }
            prop_assert_eq!(DocumentUnit::File.end(), None);
        }

        #[test]
        fn a_split_text_has_the_documents_of_the_builder(text in "[ab \t\r\n\x0c]{0,30}") {
            let words = |text: &&str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            for unit in [DocumentUnit::Line, DocumentUnit::Paragraph, DocumentUnit::File] {
                let of_builder = built(unit, &[&[&text]]);
                let of_builder = of_builder.iter().map(|text| words(&text.as_str()));
                let filled = |words: &Vec<String>| !words.is_empty();
                let split: Vec<_> = unit.split(&text).iter().map(words).filter(filled).collect();
                prop_assert_eq!(split, of_builder.filter(filled).collect::<Vec<_>>());
            }
        }
    }
}
