//! Reads the bytes of one file or stream, compressed or plain, as chunks of text. `file.rs` reads several files.

use super::chunk_reader::{CHUNK_BYTES, ChunkReader};
use super::content::Content;
use super::cutter::Cutter;
use super::options::TextOptions;
use super::origin::{Origin, file_bytes};
use super::unit::{ContentBuilder, DocumentUnit};
use crate::error::{Error, Location, Result};
use crate::file_kind;
use crate::file_kind::UTF8_MARK;
use crate::io::Idle;
use crate::io::charset::{self, DecodingFault, Utf16};
use crate::io::compression::Compression;
use crate::io::decompressed::Decompressed;
use crate::memory::fallible;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

/// Reads text in chunks. If documents are lines, a chunk ends after a line. If documents are paragraphs or files, or if
/// a line is longer than a chunk, the chunk ends after white space or, with [`TextOptions::cut_at_punctuation`],
/// after punctuation. With [`TextOptions::whole`], every chunk ends where a document ends.
///
/// ```
/// use glove_rs::corpus::{ChunkReader, Content, TextOptions, TextReader};
/// let bytes = std::io::Cursor::new(b"\xff\xfea\0p\0p\0l\0e\0");
/// let mut reader = TextReader::new("<bytes>", bytes, TextOptions::default()).unwrap();
/// assert!(matches!(reader.next_chunk().unwrap(), Some(Content::Lines(text)) if text == "apple\n"));
/// ```
pub struct TextReader {
    name: PathBuf,
    input: Decompressed,
    options: TextOptions,
    cutter: Cutter,
    builder: ContentBuilder,
    utf16: Option<Utf16>,
    // The offset of `rest` in the file, in decompressed bytes.
    offset: u64,
    // The text after the last cut, with which the next chunk begins.
    rest: Vec<u8>,
    // What to do with the beginning of the text; `None` once the beginning has been read.
    beginning: Option<Beginning>,
    at_end: bool,
    // Whether the last chunk left a document open.
    open: bool,
    // Called from time to time while a chunk is read.
    idle: Idle,
    // The offset at which the last chunk began.
    chunk: u64,
    notice: Option<String>,
}

/// What to do with the beginning of a text.
#[derive(Debug, Clone, Copy)]
struct Beginning {
    /// Whether to remove a byte order mark.
    marked: bool,
    /// Whether to recognise the kind of the file, and to refuse what is not text.
    recognised: bool,
}

impl TextReader {
    /// Read `bytes`. Messages call the text `name`.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails.
    pub fn new(
        name: impl Into<PathBuf>,
        bytes: impl Read + Send + 'static,
        options: TextOptions,
    ) -> Result<Self> {
        let name = name.into();
        let input = Decompressed::within(bytes, options.most_bytes);
        let input = input.map_err(|e| Error::io(&name, e))?;
        Ok(Self::over(name, input, options, true).recognising())
    }

    /// Read text that is decoded already: it is not compressed and has no byte order mark. Its kind is checked only
    /// if [`TextReader::recognising`] is called.
    pub fn decoded(
        name: impl Into<PathBuf>,
        text: impl Read + Send + 'static,
        options: TextOptions,
    ) -> Self {
        Self::over(name.into(), Decompressed::plain(text), options, false)
    }

    /// Read `bytes`, the part of a text after its first `offset` bytes. The text must not be compressed, and not
    /// be UTF-16.
    pub fn from_offset(
        name: impl Into<PathBuf>,
        bytes: impl Read + Send + 'static,
        options: TextOptions,
        offset: u64,
    ) -> Self {
        let mut reader = Self::over(
            name.into(),
            Decompressed::plain(bytes),
            options,
            offset == 0,
        );
        reader.offset = offset;
        reader
    }

    fn over(name: PathBuf, input: Decompressed, options: TextOptions, marked: bool) -> Self {
        Self {
            name,
            input,
            options,
            cutter: Cutter::new(&options),
            builder: ContentBuilder::new(options.documents),
            utf16: None,
            offset: 0,
            rest: Vec::new(),
            beginning: Some(Beginning {
                marked,
                recognised: false,
            }),
            at_end: false,
            open: false,
            idle: Arc::new(|| Ok(())),
            chunk: 0,
            notice: None,
        }
    }

    /// Also recognise the kind of the file by its beginning, and refuse what is not text.
    #[must_use]
    pub fn recognising(mut self) -> Self {
        if let Some(beginning) = &mut self.beginning {
            beginning.recognised = true;
        }
        self
    }

    /// Read up to `CHUNK_BYTES` more of the input, and append them, decoded, to `text`.
    fn fill(&mut self, text: &mut Vec<u8>) -> Result<()> {
        let Some(decoder) = &mut self.utf16 else {
            let read = read_block(&mut self.input, text).map_err(|e| self.fault(e))?;
            self.at_end = read == 0;
            let whole = read < CHUNK_BYTES;
            if let Some(beginning) = self.beginning.take() {
                self.begin(text, whole, beginning)?;
            }
            return Ok(());
        };
        let mut block = Vec::new();
        let read = read_block(&mut self.input, &mut block);
        let decoded = decoder.decode(&block, self.options.errors, text);
        self.at_end = read.map_err(|e| self.fault(e))? == 0;
        decoded.map_err(|fault| self.malformed(fault))
    }

    /// Process the beginning of the input. `text` is the first block. `whole` is true if `text` may be all of the
    /// input.
    fn begin(&mut self, text: &mut Vec<u8>, whole: bool, todo: Beginning) -> Result<()> {
        if todo.recognised {
            self.refuse_what_is_no_text(text, whole)?;
        }
        if todo.marked {
            self.drop_mark(text)?;
        }
        if todo.recognised {
            if self.utf16.is_some() {
                self.refuse_what_is_no_text(text, whole)?;
            }
            let (beginning, whole) = beginning(text, whole);
            let notice = file_kind::notice(beginning, whole);
            self.notice = notice.map(|notice| format!("{}: {notice}", self.name.display()));
        }
        Ok(())
    }

    fn refuse_what_is_no_text(&self, text: &[u8], whole: bool) -> Result<()> {
        let (beginning, whole) = beginning(text, whole);
        let refused = file_kind::refusal_as_text(beginning, whole);
        refused.map_or(Ok(()), |message| Err(self.malformed((0, message))))
    }

    fn drop_mark(&mut self, text: &mut Vec<u8>) -> Result<()> {
        if text.starts_with(UTF8_MARK) {
            text.drain(..UTF8_MARK.len());
            self.offset = UTF8_MARK.len() as u64;
        } else if let Some(mut decoder) = Utf16::detect(text) {
            let block = text.split_off(2);
            text.clear();
            if !block.is_empty() {
                decoder
                    .decode(&block, self.options.errors, text)
                    .map_err(|fault| self.malformed(fault))?;
            }
            self.utf16 = Some(decoder);
            self.offset = 2;
        }
        Ok(())
    }

    fn fault(&self, error: io::Error) -> Error {
        self.input.fault(&self.name, error)
    }

    /// The error for a text of `length` bytes that has no position at which it can be cut.
    fn uncut(&self, length: usize) -> Error {
        let most = self.options.most_uncut();
        if self.options.whole {
            let message = format!(
                "must leave room for a document of more than {most} bytes ({}, byte {}): a tokenizer that \
                 is a function gets whole documents, which may take a quarter of memory and at most 1 GiB, \
                 or 256 MiB without a limit",
                self.name.display(),
                self.offset
            );
            return Error::parameter("memory", message);
        }
        if self.options.max_word_bytes > most {
            let message = format!(
                "must leave room for a word of {length} bytes or more ({}, byte {}), which may take a \
                 quarter of memory",
                self.name.display(),
                self.offset
            );
            return Error::parameter("memory", message);
        }
        let message = format!(
            "a word of {length} bytes or more; the limit is max_word_bytes={}",
            self.options.max_word_bytes
        );
        self.malformed((self.offset, message))
    }

    fn malformed(&self, (at, message): DecodingFault) -> Error {
        let message = self.input.of_content(message);
        Error::format(&self.name, Location::Byte(at), message)
    }
}

/// Whether a file with this beginning can be read from the middle: it is not compressed and not UTF-16.
pub fn is_splittable(beginning: &[u8]) -> bool {
    Compression::of(beginning).is_none() && Utf16::detect(beginning).is_none()
}

/// The beginning of a text by which its kind is recognised, and whether it is the whole text.
fn beginning(text: &[u8], whole: bool) -> (&[u8], bool) {
    let most = text.len().min(file_kind::BEGINNING_BYTES);
    (&text[..most], whole && most == text.len())
}

fn read_block(input: &mut Decompressed, block: &mut Vec<u8>) -> io::Result<usize> {
    fallible::reserve(block, CHUNK_BYTES).map_err(io::Error::other)?;
    input.take(CHUNK_BYTES as u64).read_to_end(block)
}

impl ChunkReader for TextReader {
    fn next_chunk(&mut self) -> Result<Option<Content>> {
        let mut text = fallible::with_capacity(CHUNK_BYTES + self.rest.len())?;
        text.append(&mut self.rest);
        while !self.at_end {
            self.fill(&mut text)?;
            (self.idle)().map_err(|e| Error::io(&self.name, e))?;
            if text.len() < CHUNK_BYTES {
                continue;
            }
            if let Some(cut) = self.cutter.find(&text) {
                fallible::reserve(&mut self.rest, text.len() - cut)?;
                self.rest.extend_from_slice(&text[cut..]);
                text.truncate(cut);
                break;
            }
            if text.len() > self.options.most_uncut() {
                return Err(self.uncut(text.len()));
            }
        }
        self.chunk = self.offset;
        if text.is_empty() && !self.open {
            return Ok(None);
        }
        let bytes = file_bytes(&text, self.utf16.is_some());
        let text = charset::utf8(text, self.options.errors)
            .map_err(|(at, message)| self.malformed((self.offset + at, message)))?;
        self.offset += bytes;
        self.open = !text.ends_with('\n') || self.options.documents != DocumentUnit::Line;
        self.builder.push_all(text);
        if self.at_end && self.rest.is_empty() && self.open {
            self.builder.end();
            self.open = false;
        }
        Ok(Some(self.builder.take()))
    }

    fn bytes_read(&self) -> u64 {
        self.input.bytes_read()
    }

    fn on_idle(&mut self, idle: Idle) {
        self.idle = idle;
    }

    fn origin(&self) -> Option<Origin> {
        Some(Origin {
            path: self.name.clone(),
            offset: self.chunk,
            is_utf16: self.utf16.is_some(),
        })
    }

    fn take_notice(&mut self) -> Option<String> {
        self.notice.take()
    }

    fn name(&self) -> PathBuf {
        self.name.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::charset::OnInvalid;
    use crate::io::compression::tests::COMPRESSORS;
    use proptest::prelude::*;

    fn reader(bytes: &[u8], documents: DocumentUnit) -> TextReader {
        let options = TextOptions {
            documents,
            ..TextOptions::default()
        };
        TextReader::new("text", io::Cursor::new(bytes.to_vec()), options).unwrap()
    }

    fn chunks(mut reader: TextReader) -> Result<Vec<Content>> {
        let mut chunks = Vec::new();
        while let Some(chunk) = reader.next_chunk()? {
            chunks.push(chunk);
        }
        Ok(chunks)
    }

    fn lines(bytes: &[u8]) -> Result<Vec<String>> {
        let chunks = chunks(reader(bytes, DocumentUnit::Line))?;
        Ok(chunks
            .into_iter()
            .map(|chunk| match chunk {
                Content::Lines(text) => text,
                other => panic!("lines were asked for: {other:?}"),
            })
            .collect())
    }

    /// The documents of all chunks, each with its words.
    fn documents(bytes: &[u8], unit: DocumentUnit) -> Vec<Vec<String>> {
        let (mut documents, mut open) = (Vec::new(), String::new());
        for chunk in chunks(reader(bytes, unit)).unwrap() {
            for (text, ended) in chunk.document_texts() {
                open.push_str(text);
                if ended {
                    let words = open.split_ascii_whitespace();
                    documents.push(words.map(str::to_owned).collect::<Vec<_>>());
                    open.clear();
                }
            }
        }
        assert_eq!(open, "", "the last document ends");
        documents.retain(|words| !words.is_empty());
        documents
    }

    #[test]
    fn chunks_end_at_newlines_and_lose_nothing() {
        let text = "some words in a line\n".repeat(200_000);
        let chunks = lines(text.as_bytes()).unwrap();
        assert!(chunks.len() > 2);
        assert!(chunks.iter().all(|c| c.ends_with('\n')));
        assert_eq!(chunks.concat(), text);
    }

    #[test]
    fn a_document_longer_than_a_chunk_is_cut_at_a_space() {
        let text = "word ".repeat(700_000);
        let chunks = lines(text.as_bytes()).unwrap();
        assert!(chunks.len() > 2);
        assert!(chunks[..2].iter().all(|c| c.ends_with(' ')));
        assert_eq!(chunks.concat(), text + "\n");
    }

    #[test]
    fn whole_documents_are_never_cut() {
        let text = "word ".repeat(700_000) + "\n\nother\nthing\n \n\nlast";
        for (documents, expected) in [
            (DocumentUnit::Line, 2),
            (DocumentUnit::Paragraph, 2),
            (DocumentUnit::File, 1),
        ] {
            let mut reader = reader(text.as_bytes(), documents);
            reader.options.whole = true;
            reader.cutter = Cutter::new(&TextOptions {
                documents,
                whole: true,
                ..TextOptions::default()
            });
            let chunks = chunks(reader).unwrap();
            assert_eq!(chunks.len(), expected, "{documents:?}");
            let last_ends = chunks.iter().map(|c| c.document_texts().last().unwrap().1);
            assert!(last_ends.into_iter().all(|ended| ended));
        }
    }

    #[test]
    fn a_word_longer_than_a_chunk_stays_whole() {
        let text = "x".repeat(3 * CHUNK_BYTES) + " tail";
        let options = TextOptions {
            max_word_bytes: 4 * CHUNK_BYTES,
            ..TextOptions::default()
        };
        let bytes = io::Cursor::new(text.clone().into_bytes());
        let mut reader = TextReader::new("<bytes>", bytes, options).unwrap();
        let mut found = String::new();
        while let Some(Content::Lines(lines)) = reader.next_chunk().unwrap() {
            assert!(!found.is_empty() || lines.len() > 3 * CHUNK_BYTES);
            found += &lines;
        }
        assert_eq!(found, text.clone() + "\n");
        let error = lines(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("byte 0: a word of"), "{error}");
    }

    #[test]
    fn invalid_utf8_is_reported_with_its_offset_in_the_text() {
        let mut text = b"fine line\n".repeat(300_000);
        text.extend_from_slice(b"bad \xff byte");
        let error = lines(&text).unwrap_err().to_string();
        assert!(error.contains("byte 3000004: invalid UTF-8"), "{error}");
        for compress in COMPRESSORS {
            let error = lines(&compress(&text)).unwrap_err().to_string();
            assert!(error.contains("byte 3000004: invalid UTF-8"), "{error}");
        }
    }

    #[test]
    fn invalid_utf16_is_reported_with_its_offset_in_the_text() {
        let text = "fine line\n".repeat(300_000);
        let mut bytes: Vec<u8> = b"\xff\xfe".to_vec();
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        bytes.extend([0x00, 0xdc]);
        let error = lines(&bytes).unwrap_err().to_string();
        assert!(error.contains("byte 6000002: invalid UTF-16"), "{error}");
    }

    #[test]
    fn offsets_in_utf16_are_those_of_the_file() {
        let text = "é水😀 ".repeat(200_000) + &"x".repeat(3 * CHUNK_BYTES);
        let mut bytes: Vec<u8> = b"\xff\xfe".to_vec();
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        let error = lines(&bytes).unwrap_err().to_string();
        assert!(error.contains("byte 2000002: a word of"), "{error}");
        let mut reader = reader(&bytes, DocumentUnit::Line);
        let Some(Content::Lines(chunk)) = reader.next_chunk().unwrap() else {
            panic!("there is a chunk before the word");
        };
        // Together, é水😀 and a space take as many bytes in UTF-16 as in UTF-8. ASCII letters take twice as many.
        let origin = reader.origin().unwrap();
        assert_eq!(origin.offset, 2);
        assert_eq!(origin.after(chunk.as_bytes()), 2 + chunk.len() as u64);
        assert_eq!(origin.after(b"latin"), 12);
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        for marked in [
            &b"\xef\xbb\xbfword"[..],
            b"\xff\xfew\0o\0r\0d\0",
            b"\xfe\xff\0w\0o\0r\0d",
        ] {
            assert_eq!(lines(marked).unwrap(), ["word\n"]);
        }
        assert!(lines(b"\xef\xbb\xbf").unwrap().is_empty());
        assert!(lines(b"\xff\xfe").unwrap().is_empty());
    }

    #[test]
    fn a_part_of_a_file_is_neither_packed_nor_marked_and_knows_its_place() {
        let text = b"\xef\xbb\xbfBZh91AY&SY \xff";
        let after = |offset: usize| {
            let bytes = io::Cursor::new(text[offset..].to_vec());
            chunks(TextReader::from_offset(
                "text",
                bytes,
                TextOptions::default(),
                offset as u64,
            ))
        };
        for offset in [0, 3, 8] {
            let error = after(offset).unwrap_err().to_string();
            assert!(error.contains("byte 14: invalid UTF-8"), "{error}");
        }
        assert!(is_splittable(text) && !is_splittable(b"\xff\xfea\0"));
        assert!(
            COMPRESSORS
                .iter()
                .all(|compress| !is_splittable(&compress(text)))
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn documents_end_where_their_unit_says(
            text in "([ab]{1,3}|\n|\n\n|\r\n| |\t|é){0,40}", filler in 0usize..3
        ) {
            // The filler has a length that makes a chunk end within the random text.
            let long = "filler-filler-filler-filler-fil ".repeat(filler * CHUNK_BYTES / 32);
            let text = format!("{}{text}", &long[2 * filler..]);
            let words = |document: &str| -> Vec<String> {
                document.split_ascii_whitespace().map(str::to_owned).collect()
            };
            let mut by_line: Vec<_> = text.split('\n').map(words).collect();
            let mut paragraphs = vec![Vec::new()];
            for line in &by_line {
                if line.is_empty() {
                    paragraphs.push(Vec::new());
                }
                paragraphs.last_mut().unwrap().extend(line.iter().cloned());
            }
            by_line.retain(|words| !words.is_empty());
            paragraphs.retain(|words| !words.is_empty());
            let mut all = vec![words(&text)];
            all.retain(|words| !words.is_empty());
            prop_assert_eq!(documents(text.as_bytes(), DocumentUnit::Line), by_line);
            prop_assert_eq!(documents(text.as_bytes(), DocumentUnit::Paragraph), paragraphs);
            prop_assert_eq!(documents(text.as_bytes(), DocumentUnit::File), all);
        }

        #[test]
        fn any_bytes_are_text_or_a_fault(bytes: Vec<u8>, errors in 0usize..3) {
            let errors = [OnInvalid::Strict, OnInvalid::Replace, OnInvalid::Ignore][errors];
            let options = TextOptions { errors, ..TextOptions::default() };
            let read = TextReader::new("text", io::Cursor::new(bytes.clone()), options)
                .and_then(chunks);
            match read {
                Ok(_) => {}
                Err(Error::Format { .. }) => {
                    let file = Decompressed::new(io::Cursor::new(bytes.clone())).unwrap();
                    let is_refused = file_kind::refusal_as_text(&bytes, true).is_some();
                    let is_faulty = errors == OnInvalid::Strict || file.compression().is_some();
                    prop_assert!(is_faulty || is_refused);
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}
