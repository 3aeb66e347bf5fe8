//! A plain text file, read once from front to back.

use super::{CHUNK_BYTES, ChunkReader, Content};
use crate::error::{Error, Location, Result};
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a UTF-8 text file in chunks that end after a newline, or, inside a document longer than a
/// chunk, after a space or tab.
pub struct FileReader {
    path: PathBuf,
    file: File,
    before: Metadata,
    // Bytes handed out so far: the offset of `rest` in the file.
    offset: u64,
    // Read but not yet handed out: what followed the last cut.
    rest: Vec<u8>,
    at_end: bool,
}

impl FileReader {
    /// Open `path`.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be opened or is a directory.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let file = crate::formats::stanford::open(&path)?;
        let metadata = file.metadata().map_err(|e| Error::io(&path, e))?;
        Ok(Self {
            path,
            file,
            before: metadata,
            offset: 0,
            rest: Vec::new(),
            at_end: false,
        })
    }

    /// Read about `CHUNK_BYTES` more onto `text`.
    fn fill(&mut self, text: &mut Vec<u8>) -> Result<()> {
        text.reserve(CHUNK_BYTES);
        let read = (&self.file)
            .take(CHUNK_BYTES as u64)
            .read_to_end(text)
            .map_err(|e| Error::io(&self.path, e))?;
        self.at_end = read == 0;
        Ok(())
    }

    /// At the end: a file that was written to while it was read is no one text.
    fn check_unchanged(&self) -> Result<()> {
        let after = self.file.metadata().map_err(|e| Error::io(&self.path, e))?;
        let same = !self.before.is_file()
            || (after.len() == self.before.len()
                && self.offset == after.len()
                && after.modified().ok() == self.before.modified().ok());
        if same {
            return Ok(());
        }
        let message = format!(
            "the file changed while it was being read: {} bytes at first, {} at the end, {} read",
            self.before.len(),
            after.len(),
            self.offset
        );
        Err(Error::io(&self.path, std::io::Error::other(message)))
    }

    fn validate(&self, text: &[u8]) -> Result<()> {
        std::str::from_utf8(text).map(|_| ()).map_err(|e| {
            let bad = e.valid_up_to();
            Error::format(
                &self.path,
                Location::Byte(self.offset + bad as u64),
                format!("invalid UTF-8 (byte 0x{:02x})", text[bad]),
            )
        })
    }
}

impl ChunkReader for FileReader {
    fn next_chunk(&mut self) -> Result<Option<Content>> {
        let mut text = Vec::with_capacity(CHUNK_BYTES + self.rest.len());
        text.append(&mut self.rest);
        let mut searched = 0;
        while !self.at_end {
            self.fill(&mut text)?;
            if text.len() < CHUNK_BYTES {
                continue;
            }
            let fresh = &text[searched..];
            let cut =
                memchr::memrchr(b'\n', fresh).or_else(|| memchr::memrchr2(b' ', b'\t', fresh));
            if let Some(cut) = cut {
                self.rest.extend_from_slice(&text[searched + cut + 1..]);
                text.truncate(searched + cut + 1);
                break;
            }
            searched = text.len();
        }
        if text.is_empty() {
            self.check_unchanged()?;
            return Ok(None);
        }
        self.validate(&text)?;
        let length = text.len() as u64;
        if self.offset == 0 && text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        self.offset += length;
        Ok(Some(Content::Text(text)))
    }

    fn total_bytes(&self) -> Option<u64> {
        Some(self.before.len())
    }

    fn name(&self) -> PathBuf {
        self.path.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read_all(bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let mut reader = FileReader::open(file.path())?;
        let mut chunks = Vec::new();
        while let Some(Content::Text(text)) = reader.next_chunk()? {
            chunks.push(text);
        }
        Ok(chunks)
    }

    #[test]
    fn chunks_end_at_newlines_and_lose_nothing() {
        let text = b"some words in a line\n".repeat(200_000);
        let chunks = read_all(&text).unwrap();
        assert!(chunks.len() > 2);
        assert!(chunks.iter().all(|c| c.ends_with(b"\n")));
        assert_eq!(chunks.concat(), text);
    }

    #[test]
    fn a_document_longer_than_a_chunk_is_cut_at_a_space() {
        let text = b"word ".repeat(700_000);
        let chunks = read_all(&text).unwrap();
        assert!(chunks.len() > 2);
        assert!(chunks.iter().all(|c| c.ends_with(b" ")));
        assert_eq!(chunks.concat(), text);
    }

    #[test]
    fn a_word_longer_than_a_chunk_stays_whole() {
        let mut text = vec![b'x'; 3 * CHUNK_BYTES];
        text.extend_from_slice(b" tail");
        let chunks = read_all(&text).unwrap();
        assert_eq!(chunks.concat(), text);
        assert!(chunks[0].len() > 3 * CHUNK_BYTES);
    }

    #[test]
    fn invalid_utf8_is_reported_with_its_offset_in_the_file() {
        let mut text = b"fine line\n".repeat(300_000);
        text.extend_from_slice(b"bad \xff byte");
        let error = read_all(&text).unwrap_err().to_string();
        assert!(error.contains("byte 3000004: invalid UTF-8"), "{error}");
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_refused() {
        let text = b"some words in a line\n".repeat(200_000);
        let changes: [fn(&std::fs::File); 3] = [
            |file| file.set_len(CHUNK_BYTES as u64 + 10).unwrap(),
            |mut file| file.write_all(b"more words").unwrap(),
            |file| {
                let later = std::time::SystemTime::now() + std::time::Duration::from_secs(9);
                file.set_modified(later).unwrap();
            },
        ];
        for change in changes {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&text).unwrap();
            let mut reader = FileReader::open(file.path()).unwrap();
            reader.next_chunk().unwrap();
            change(file.as_file());
            let error = loop {
                match reader.next_chunk() {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("the change went unnoticed"),
                    Err(error) => break error,
                }
            };
            assert!(
                error
                    .to_string()
                    .contains("changed while it was being read")
            );
        }
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        assert_eq!(read_all(b"\xef\xbb\xbfword").unwrap().concat(), b"word");
    }
}
