//! Finds where documents end.

use super::content::Content;
use crate::error::{Error, Result};
use crate::memory::fallible;
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
            // A blank line may also have white space. But the file need not be cut at every blank line.
            Self::Paragraph => Some(b"\n\n"),
            Self::File => None,
        }
    }

    /// The documents of `text`, a whole file or item. If documents are lines, the newlines between them are left out.
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

pub(super) fn is_blank(line: &[u8]) -> bool {
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
    // Whether the text so far of the open file or item ends with a newline.
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

    /// Note whether `piece` ends with a newline and, if documents are paragraphs, where they end in `piece`. The caller
    /// then appends `piece` to the text.
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
