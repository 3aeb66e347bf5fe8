//! A chunk of text, with the ends of its documents.

use super::tokenized::TokenizedDocuments;

/// A chunk of the corpus. No word lies in two chunks.
#[derive(Debug)]
pub enum Content {
    /// Text in which every newline ends a document. Text after the last newline continues in the next chunk.
    Lines(String),
    /// Text in which newlines are white space.
    Documents {
        /// The documents, one directly after the other.
        text: String,
        /// Offsets in `text` at which documents end. Text after the last end continues in the next chunk.
        ends: Vec<usize>,
    },
    /// Words that the caller has already separated.
    Words(TokenizedDocuments),
}

impl Content {
    /// Number of bytes of the text.
    pub fn len(&self) -> usize {
        match self {
            Self::Lines(text) | Self::Documents { text, .. } => text.len(),
            Self::Words(words) => words.len(),
        }
    }

    /// The text. Between the words of [`Content::Words`], the text has no separators.
    pub fn text(&self) -> &[u8] {
        match self {
            Self::Lines(text) | Self::Documents { text, .. } => text.as_bytes(),
            Self::Words(words) => words.bytes(),
        }
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of each document in this chunk, and whether the document ends in this chunk. The
    /// newline that ends a document of [`Content::Lines`] is not part of its text.
    /// Nothing for [`Content::Words`].
    pub fn document_texts(&self) -> impl Iterator<Item = (&str, bool)> {
        let (text, ends): (&str, &[usize]) = match self {
            Self::Lines(text) => (text, &[]),
            Self::Documents { text, ends } => (text, ends),
            Self::Words(_) => ("", &[]),
        };
        let is_lines = matches!(self, Self::Lines(_));
        let mut ends = ends.iter();
        let mut at = 0;
        std::iter::from_fn(move || {
            let rest = &text[at..];
            if is_lines {
                let line = memchr::memchr(b'\n', rest.as_bytes());
                let length = line.unwrap_or(rest.len());
                at += length + usize::from(line.is_some());
                return (!rest.is_empty()).then(|| (&rest[..length], line.is_some()));
            }
            let end = ends.next();
            let length = end.map_or(rest.len(), |end| end - at);
            at += length;
            (end.is_some() || length > 0).then(|| (&rest[..length], end.is_some()))
        })
    }
}
