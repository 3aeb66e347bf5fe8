//! Sources of text. A source cuts its text into chunks of about 1 MiB; workers take the chunks one after the other.

mod file;
mod sample;
mod text;
mod unit;

pub use crate::io::Idle;
use crate::io::charset;
pub use crate::io::charset::OnInvalid;
pub use file::FileReader;
pub use sample::{SampleReader, TextSample};
pub use text::{MAX_WORD_BYTES, TextOptions, TextReader, is_splittable};
pub use unit::{ContentBuilder, DocumentUnit};

use crate::error::Result;
use crate::memory::fallible;

/// Approximate size of a chunk, in bytes. `Cutter` in `unit.rs` decides where exactly a chunk ends.
pub const CHUNK_BYTES: usize = 1 << 20;

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
            Self::Words(words) => words.bytes.len(),
        }
    }

    /// The text. Between the words of [`Content::Words`], the text has no separators.
    pub fn text(&self) -> &[u8] {
        match self {
            Self::Lines(text) | Self::Documents { text, .. } => text.as_bytes(),
            Self::Words(words) => &words.bytes,
        }
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of each document in this chunk, and whether the document ends in this chunk. The
    /// newline that ends a document of [`Content::Lines`] is not part of its text.
    /// [`Content::Words`] have none.
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

/// Number of words between two calls of [`TokenHandler::goes_on`](crate::tokenize::TokenHandler::goes_on).
const POLL_WORDS: usize = 1 << 12;

/// Documents as words that the caller has separated.
#[derive(Debug, Default, Clone)]
pub struct TokenizedDocuments {
    bytes: Vec<u8>,
    // End of each word in `bytes`.
    ends: Vec<usize>,
    // Number of words before the end of each document.
    document_ends: Vec<usize>,
}

impl TokenizedDocuments {
    /// Append a word to the open document.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn push(&mut self, word: &[u8]) -> Result<()> {
        fallible::reserve(&mut self.bytes, word.len())?;
        self.bytes.extend_from_slice(word);
        fallible::push(&mut self.ends, self.bytes.len())
    }

    /// Close the open document.
    pub fn end_document(&mut self) {
        self.document_ends.push(self.ends.len());
    }

    /// Number of bytes of all words.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no word and no document.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.document_ends.is_empty()
    }

    /// Pass all words and ends of documents to `handler`, in order, and end the last document if it
    /// is open. Empty words are left out. The call returns early if
    /// [`TokenHandler::goes_on`](crate::tokenize::TokenHandler::goes_on) is false.
    pub fn replay(&self, handler: &mut impl crate::tokenize::TokenHandler) {
        let (mut start, mut word) = (0, 0);
        let all = self.ends.len();
        let ended = self.document_ends.last().copied().unwrap_or(0);
        let open = (ended < all).then_some(&all);
        for &document_end in self.document_ends.iter().chain(open) {
            for ends in self.ends[word..document_end].chunks(POLL_WORDS) {
                if !handler.goes_on() {
                    return;
                }
                for &end in ends {
                    if end > start {
                        handler.word(&self.bytes[start..end]);
                    }
                    start = end;
                }
            }
            word = document_end;
            handler.end_of_document();
        }
    }
}

/// Where a chunk begins in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub path: std::path::PathBuf,
    /// The offset in the file, in decompressed bytes.
    pub offset: u64,
    /// Whether the file is in UTF-16; the chunk itself is always UTF-8.
    pub is_utf16: bool,
}

impl Origin {
    /// The offset in the file at which `before`, the beginning of the chunk's text, ends. It is approximate if
    /// invalid bytes were replaced or dropped.
    pub fn after(&self, before: &[u8]) -> u64 {
        self.offset + file_bytes(before, self.is_utf16)
    }
}

/// Number of bytes that `text` takes in its file. `text` is in UTF-8; if the file is in UTF-16, `text`
/// was converted from UTF-16.
fn file_bytes(text: &[u8], is_utf16: bool) -> u64 {
    if !is_utf16 {
        return text.len() as u64;
    }
    let units = |byte: &u8| match byte {
        0x80..=0xbf => 0, // continues a character
        0xf0.. => 2,
        _ => 1,
    };
    2 * text.iter().map(units).sum::<u64>()
}

/// A source of text. One worker at a time reads a chunk, behind a lock: reading is sequential, and all later
/// steps are parallel.
pub trait ChunkReader: Send {
    /// The next chunk, or `None` at the end.
    ///
    /// # Errors
    /// The errors of the source.
    fn next_chunk(&mut self) -> Result<Option<Content>>;

    /// Number of bytes of the whole source, if known, for progress.
    fn total_bytes(&self) -> Option<u64> {
        None
    }

    /// Number of bytes of the source that have been read so far, for progress.
    fn bytes_read(&self) -> u64;

    /// Set a function to call from time to time while a chunk is read: a pipe may have no data for
    /// a long time. If the function returns an error, reading ends with this error.
    fn on_idle(&mut self, _: Idle) {}

    /// Where the last chunk came from, if that is known.
    fn origin(&self) -> Option<Origin> {
        None
    }

    /// A notice for the user about the text read so far. Each notice is returned once.
    fn take_notice(&mut self) -> Option<String> {
        None
    }

    /// The name of the source in messages.
    fn name(&self) -> std::path::PathBuf;
}

/// Documents that are already in memory. They become one chunk, however long they are.
///
/// ```
/// use glove_rs::corpus::{ChunkReader, InMemoryDocuments};
/// let mut reader = InMemoryDocuments::new(["an apple a day", "keeps the doctor away"]);
/// assert!(reader.next_chunk().unwrap().is_some());
/// assert!(reader.next_chunk().unwrap().is_none());
/// ```
pub struct InMemoryDocuments {
    text: Option<String>,
    bytes: u64,
}

impl InMemoryDocuments {
    /// One document per item. A newline within an item ends a document too. A newline at the end of an item begins no
    /// further document.
    pub fn new<T: AsRef<str>>(documents: impl IntoIterator<Item = T>) -> Self {
        let mut text = String::new();
        for document in documents {
            text.push_str(document.as_ref());
            if !document.as_ref().ends_with('\n') {
                text.push('\n');
            }
        }
        Self {
            bytes: text.len() as u64,
            text: Some(text),
        }
    }
}

impl ChunkReader for InMemoryDocuments {
    fn next_chunk(&mut self) -> Result<Option<Content>> {
        Ok(self.text.take().map(Content::Lines))
    }

    fn total_bytes(&self) -> Option<u64> {
        Some(self.bytes)
    }

    fn bytes_read(&self) -> u64 {
        if self.text.is_some() { 0 } else { self.bytes }
    }

    fn name(&self) -> std::path::PathBuf {
        "<documents>".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenize::TokenHandler;

    #[derive(Default)]
    struct Seen(String);

    impl TokenHandler for Seen {
        fn word(&mut self, word: &[u8]) {
            self.0.push_str(std::str::from_utf8(word).unwrap());
        }
        fn end_of_document(&mut self) {
            self.0.push('.');
        }
    }

    fn seen(documents: &[&[&str]], open: &[&str]) -> String {
        let mut words = TokenizedDocuments::default();
        for document in documents {
            for word in *document {
                words.push(word.as_bytes()).unwrap();
            }
            words.end_document();
        }
        for word in open {
            words.push(word.as_bytes()).unwrap();
        }
        let mut seen = Seen::default();
        words.replay(&mut seen);
        seen.0
    }

    #[test]
    fn only_documents_that_exist_end() {
        assert_eq!(seen(&[], &[]), "");
        assert_eq!(seen(&[&[]], &[]), ".");
        assert_eq!(seen(&[&["a"], &[], &["b", "c"]], &[]), "a..bc.");
        assert_eq!(seen(&[&[]], &["a"]), ".a.");
        assert_eq!(seen(&[], &["a"]), "a.");
    }
}
