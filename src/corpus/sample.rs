//! Reads a sample of a file: pieces at even distances, a few percent in all.

use super::{ChunkReader, Content, Gatherer, TextOptions, charset};
use crate::error::{Error, Location, Result};
use crate::io::compression::{Compression, Unpacked};
use crate::memory::fallible;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Number of pieces. Many, so that the sample is fair also for a file sorted by subject.
const PIECES: u64 = 32;
/// The fraction of the file to read.
const FRACTION: f64 = 0.045;
/// Files up to this size are read whole: a few percent of them would be too small a sample.
const WHOLE: u64 = 1 << 20;

/// Reads pieces of a text file at even distances, each from a line's beginning to a line's end, or
/// from word to word where lines are longer than a piece.
pub struct SampleReader {
    path: PathBuf,
    file: File,
    size: u64,
    piece: u64,
    next: u64,
    pieces: u64,
    /// Read only every `every`-th piece.
    every: u64,
    options: TextOptions,
    read: u64,
}

impl SampleReader {
    /// Open `path` to read every `every`-th piece.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be opened, [`Error::Parameter`] if it is not plain UTF-8: its parts
    /// cannot be read alone.
    pub fn open(path: &Path, every: u64, options: TextOptions) -> Result<Self> {
        let file = crate::io::open_seekable(path)?;
        refuse_unseekable(path, &file)?;
        let size = file.metadata().map_err(|e| Error::io(path, e))?.len();
        let pieces = if size <= WHOLE { every } else { PIECES };
        let piece = if size <= WHOLE {
            size.div_ceil(every)
        } else {
            (size as f64 * FRACTION / PIECES as f64) as u64
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            size,
            piece,
            next: 0,
            pieces,
            every,
            options,
            read: 0,
        })
    }

    /// Bytes of the whole file.
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for SampleReader {
    fn next_chunk(&mut self) -> Result<Option<Content>> {
        if self.next >= self.pieces {
            return Ok(None);
        }
        let start = self.size / self.pieces * self.next;
        let end = start + self.piece;
        self.next += self.every;
        let mut text = fallible::with_capacity(self.piece as usize)?;
        self.file
            .seek(SeekFrom::Start(start))
            .and_then(|_| (&self.file).take(self.piece).read_to_end(&mut text))
            .map_err(|e| Error::io(&self.path, e))?;
        let whole_words = |at: Option<usize>, or: fn(&u8) -> bool, text: &[u8]| {
            at.or_else(|| text.iter().position(or))
        };
        let is_space: fn(&u8) -> bool = |b| b" \t\n".contains(b);
        let mut start = start;
        if start > 0 {
            let first = whole_words(memchr::memchr(b'\n', &text), is_space, &text);
            let cut = first.map_or(text.len(), |at| at + 1);
            text.drain(..cut);
            start += cut as u64;
        }
        if end < self.size {
            let last = memchr::memrchr(b'\n', &text).or_else(|| text.iter().rposition(is_space));
            text.truncate(last.map_or(0, |at| at + 1));
        }
        self.read += text.len() as u64;
        let text = charset::utf8(text, self.options.errors)
            .map_err(|(at, what)| Error::format(&self.path, Location::Byte(start + at), what))?;
        // Pieces are not adjacent in the file: a document ends after each, so that no window crosses it.
        let mut gatherer = Gatherer::new(self.options.documents);
        gatherer.push_all(text);
        gatherer.end();
        Ok(Some(gatherer.take()))
    }

    fn bytes_read(&self) -> u64 {
        self.read
    }

    fn name(&self) -> PathBuf {
        self.path.clone()
    }
}

fn refuse_unseekable(path: &Path, file: &File) -> Result<()> {
    let at = |error| Error::io(path, error);
    let mut beginning = Unpacked::new(file.try_clone().map_err(at)?).map_err(at)?;
    let compression = beginning.compression().map(Compression::name);
    let mut mark = Vec::new();
    if compression.is_none() {
        (&mut beginning)
            .take(2)
            .read_to_end(&mut mark)
            .map_err(at)?;
    }
    let what = compression.or(charset::Utf16::detect(&mark).map(|_| "UTF-16"));
    what.map_or(Ok(()), |what| {
        let name = path.display();
        Err(Error::parameter(
            "source",
            format!("must be plain UTF-8 text to be sampled: {name} is {what}"),
        ))
    })
}
