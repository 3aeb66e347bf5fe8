//! Reads the content of files of vectors, counts and other formats from front to back, and
//! decompresses it if needed.
//! (`open.rs` opens files; `corpus/text.rs` reads text.)

use super::archive::{listed, path_of};
use super::charset::{OnInvalid, Utf16};
#[cfg(feature = "python")]
use super::compression::Compression;
use super::decompressed::Decompressed;
use super::open::{Idle, Opened, open, open_standard_input};
use super::path_error::at;
use super::standard_stream::STANDARD_STREAM;
use crate::error::{Error, Location, Result};
use crate::file_kind::{BEGINNING_BYTES, FileKind, UTF8_MARK, Wanted};
use crate::memory::fallible;
use crate::monitor::{Monitor, Stage};
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// A file, pipe or device. Every read of it, and every wait for a pipe, ends with an error once the
/// caller asks to stop.
struct CancellableReader {
    reader: Box<dyn Read + Send>,
    cancelled: Arc<AtomicBool>,
}

/// Largest number of bytes that are read between two checks for cancellation.
const STEP: usize = 4 << 20;

impl CancellableReader {
    /// Open the file at `path`. If it is an archive that holds only one file, open the file in the archive.
    /// Also returns the size of the opened file, if it is known.
    fn open(path: &Path, monitor: &Monitor) -> Result<(Self, Option<u64>)> {
        let cancelled = monitor.cancel_flag();
        let (reader, size): (Box<dyn Read + Send>, _) =
            match at(path, open(path, idle(&cancelled)))? {
                // The system gives the size 0 for some files with content, such as those in /proc.
                Opened::File(file, metadata) => (
                    Box::new(file),
                    Some(metadata.len()).filter(|size| *size > 0),
                ),
                Opened::Pipe(pipe) => (Box::new(pipe), None),
                Opened::Member(member) => (member.into_parts().0, None),
                Opened::Archive(members) => {
                    let [(member, _)] = &members[..] else {
                        let names = listed(&members);
                        let archive = path.display();
                        let message = format!(
                            "must name one of the files in {archive}: {names} (or give the path \
                             {archive}:NAME)"
                        );
                        return Err(Error::parameter("member", message));
                    };
                    return Self::open(&path_of(path, member), monitor);
                }
            };
        Ok((Self { reader, cancelled }, size))
    }

    fn standard_input(monitor: &Monitor) -> io::Result<Self> {
        let cancelled = monitor.cancel_flag();
        let reader = Box::new(open_standard_input(idle(&cancelled))?);
        Ok(Self { reader, cancelled })
    }
}

fn idle(cancelled: &Arc<AtomicBool>) -> Idle {
    let cancelled = cancelled.clone();
    Arc::new(move || check(&cancelled))
}

fn check(cancelled: &AtomicBool) -> io::Result<()> {
    if cancelled.load(Relaxed) {
        return Err(io::Error::other("interrupted"));
    }
    Ok(())
}

impl Read for CancellableReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        check(&self.cancelled)?;
        let most = buffer.len().min(STEP);
        self.reader.read(&mut buffer[..most])
    }
}

/// Reads the content of a file, compressed or plain.
pub(crate) struct Input {
    path: PathBuf,
    reader: Decompressed,
    cancelled: Arc<AtomicBool>,
    // Bytes that were peeked at or decoded, but not yet handed out.
    ahead: Vec<u8>,
    // Size of the file on disk; `None` for a pipe, for a file in an archive, and for a file whose size is given as 0.
    size: Option<u64>,
    reported: u64,
    // For a text in UTF-16: its decoder. The text is handed out as UTF-8.
    decoder: Option<(Utf16, OnInvalid)>,
}

impl Input {
    /// Open `path`. A compressed file is decompressed while it is read.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Parameter`] naming `member` for an archive that does not hold exactly one file;
    /// [`Error::Format`] for a damaged archive; [`Error::Cancelled`] if the caller asks to stop, as in all methods
    /// below that read.
    pub fn open(path: &Path, monitor: &Monitor) -> Result<Self> {
        let (reader, size) = CancellableReader::open(path, monitor)?;
        Self::decompressed(path, reader, size)
    }

    /// Like [`Input::open`], but the path `-` means standard input.
    ///
    /// # Errors
    /// As for [`Input::open`].
    pub fn open_or_standard_input(path: &Path, monitor: &Monitor) -> Result<Self> {
        if path != Path::new(STANDARD_STREAM) {
            return Self::open(path, monitor);
        }
        let path = Path::new("standard input");
        let reader = at(path, CancellableReader::standard_input(monitor))?;
        Self::decompressed(path, reader, None)
    }

    /// Read `reader`, which messages call `name`. Compressed content is decompressed while it is read.
    ///
    /// # Errors
    /// As for [`Input::open`].
    pub fn of(name: &Path, reader: impl Read + Send + 'static, monitor: &Monitor) -> Result<Self> {
        let (reader, cancelled) = (Box::new(reader), monitor.cancel_flag());
        Self::decompressed(name, CancellableReader { reader, cancelled }, None)
    }

    fn decompressed(path: &Path, reader: CancellableReader, size: Option<u64>) -> Result<Self> {
        let cancelled = reader.cancelled.clone();
        let reader =
            Decompressed::new(reader).map_err(|e| unless(&cancelled, || Error::io(path, e)))?;
        Ok(Self::new(path, reader, cancelled, size))
    }

    fn new(
        path: &Path,
        reader: Decompressed,
        cancelled: Arc<AtomicBool>,
        size: Option<u64>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            reader,
            cancelled,
            ahead: Vec::new(),
            size,
            reported: 0,
            decoder: None,
        }
    }

    /// Refuse a file whose beginning shows that it is not what is wanted.
    ///
    /// # Errors
    /// [`Error::Format`], which says what the file is; the errors of reading its beginning.
    pub fn check_kind(&mut self, wanted: Wanted) -> Result<()> {
        let beginning = self.peek(BEGINNING_BYTES)?;
        let kind = FileKind::of_beginning(beginning, beginning.len() < BEGINNING_BYTES);
        let refused = kind.and_then(|kind| kind.refused(&self.path, wanted));
        refused.map_or(Ok(()), Err)
    }

    /// Drop a byte order mark. If it says that the text is in UTF-16, hand out UTF-8 from now on. Call this before
    /// anything is read.
    ///
    /// # Errors
    /// [`Error::Format`] if the bytes that were peeked at so far are malformed and `on_invalid` is
    /// [`OnInvalid::Strict`]; for the rest of the text, the methods that read return this error. The errors of reading
    /// the first bytes.
    pub fn decode(&mut self, on_invalid: OnInvalid) -> Result<()> {
        let beginning = self.peek(4)?;
        if beginning.starts_with(UTF8_MARK) {
            self.ahead.drain(..UTF8_MARK.len());
            return Ok(());
        }
        let Some(decoder) = Utf16::detect(beginning) else {
            return Ok(());
        };
        let bytes = self.ahead.split_off(2);
        self.ahead.clear();
        self.decoder = Some((decoder, on_invalid));
        let mut ahead = Vec::new();
        if !bytes.is_empty() {
            self.decode_onto(&bytes, &mut ahead)?;
        }
        self.ahead = ahead;
        Ok(())
    }

    fn decode_onto(&mut self, bytes: &[u8], text: &mut Vec<u8>) -> Result<()> {
        let Some((decoder, on_invalid)) = &mut self.decoder else {
            return Ok(());
        };
        decoder
            .decode(bytes, *on_invalid, text)
            .map_err(|(at, message)| {
                let message = self.reader.of_content(message);
                Error::format(&self.path, Location::Byte(at), message)
            })
    }

    /// The compression of the file, if any.
    #[cfg(feature = "python")]
    pub fn compression(&self) -> Option<Compression> {
        self.reader.compression()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The size of the content in bytes, if it is known before all of the content is read. Sizes in
    /// a header can be compared with it. If it is not known, memory must be allocated step by step,
    /// as content is read.
    pub fn content_size(&self) -> Option<u64> {
        let as_it_is = self.reader.compression().is_none() && self.decoder.is_none();
        self.size.filter(|_| as_it_is)
    }

    /// The next `most` bytes, or fewer if the file ends earlier. The bytes are not consumed: the next call that reads
    /// returns them again.
    pub fn peek(&mut self, most: usize) -> Result<&[u8]> {
        if self.ahead.len() < most {
            let mut ahead = std::mem::take(&mut self.ahead);
            let more = most - ahead.len();
            self.read_onto(&mut ahead, more)?;
            self.ahead = ahead;
        }
        Ok(&self.ahead[..most.min(self.ahead.len())])
    }

    /// Append `most` bytes to `block`: more if more were peeked at or decoded, fewer if the input
    /// ends. Returns whether the input has ended.
    pub fn fill(&mut self, block: &mut Vec<u8>, most: usize) -> Result<bool> {
        let more = most.saturating_sub(self.ahead.len());
        if block.is_empty() {
            std::mem::swap(block, &mut self.ahead);
        }
        fallible::reserve(block, self.ahead.len())?;
        block.append(&mut self.ahead);
        Ok(self.read_onto(block, more)? < more)
    }

    /// Fill `buffer`, or only its beginning if the input ends earlier. Returns the number of bytes
    /// that were read.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.decoder.is_some() {
            self.peek(buffer.len())?;
        }
        let mut filled = self.ahead.len().min(buffer.len());
        buffer[..filled].copy_from_slice(&self.ahead[..filled]);
        self.ahead.drain(..filled);
        while filled < buffer.len() && self.decoder.is_none() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fault(error, buffer.len())),
            }
        }
        Ok(filled)
    }

    /// Skip the next `bytes` bytes, or all that are left. Returns the number of bytes that were skipped.
    pub fn skip(&mut self, bytes: u64) -> Result<u64> {
        let ahead = (self.ahead.len() as u64).min(bytes);
        self.ahead.drain(..ahead as usize);
        let rest = (&mut self.reader).take(bytes - ahead);
        let mut rest = BufReader::with_capacity(1 << 18, rest);
        let skipped = io::copy(&mut rest, &mut io::sink());
        Ok(ahead + skipped.map_err(|e| self.fault(e, 1 << 18))?)
    }

    /// Read exactly the next `bytes` bytes into `into`. If the file ends earlier, return the error
    /// that `fault` makes.
    pub fn exactly(
        &mut self,
        bytes: u64,
        into: &mut Vec<u8>,
        fault: impl FnOnce() -> Error,
    ) -> Result<()> {
        into.clear();
        if self.content_size().is_some_and(|size| bytes > size) {
            return Err(fault());
        }
        let ahead = (self.ahead.len() as u64).min(bytes);
        fallible::reserve(into, ahead as usize)?;
        into.extend(self.ahead.drain(..ahead as usize));
        let more = (bytes - ahead) as usize;
        if self.read_onto(into, more)? < more {
            return Err(fault());
        }
        Ok(())
    }

    /// Begin the stage [`Stage::Loading`] of `monitor`, with the size of the file as its total.
    pub fn begin(&self, monitor: &Monitor) {
        monitor.begin(Stage::Loading, self.size.unwrap_or(0));
    }

    /// Tell `monitor` how much of the file has been read, and fail if the caller asks to stop.
    pub fn report(&mut self, monitor: &Monitor) -> Result<()> {
        let read = self.reader.bytes_read();
        let news = read - self.reported;
        self.reported = read;
        monitor.advance(news)
    }

    fn read_onto(&mut self, block: &mut Vec<u8>, most: usize) -> Result<usize> {
        if self.decoder.is_some() {
            return self.read_decoded(block, most);
        }
        // Reserve memory for all bytes only if they are few or the file is known to have them: `most` may come from a
        // damaged header.
        let known = self.content_size().unwrap_or(0).max(STEP as u64);
        fallible::reserve(block, (most as u64).min(known) as usize)?;
        let read = (&mut self.reader).take(most as u64).read_to_end(block);
        read.map_err(|e| self.fault(e, block.len()))
    }

    /// Append at least `most` bytes of decoded text to `block`, or fewer if the input ends.
    fn read_decoded(&mut self, block: &mut Vec<u8>, most: usize) -> Result<usize> {
        let start = block.len();
        let mut bytes = Vec::new();
        while block.len() - start < most {
            bytes.clear();
            let step = (most as u64).min(STEP as u64);
            let read = (&mut self.reader).take(step).read_to_end(&mut bytes);
            read.map_err(|e| self.fault(e, bytes.len()))?;
            self.decode_onto(&bytes, block)?;
            if bytes.is_empty() {
                break;
            }
        }
        Ok(block.len() - start)
    }

    fn fault(&self, error: io::Error, bytes: usize) -> Error {
        unless(&self.cancelled, || match error.kind() {
            ErrorKind::OutOfMemory => Error::Memory { bytes },
            _ => self.reader.fault(&self.path, error),
        })
    }
}

/// [`Error::Cancelled`] if the caller asked to stop, else `error`.
fn unless(cancelled: &AtomicBool, error: impl FnOnce() -> Error) -> Error {
    if cancelled.load(Relaxed) {
        Error::Cancelled
    } else {
        error()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::compression::tests::{COMPRESSORS, gzip};

    fn content(file: &[u8]) -> Result<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, file).unwrap();
        let mut input = Input::open(&path, &Monitor::new())?;
        input.peek(3)?;
        let mut all = Vec::new();
        while !input.fill(&mut all, 1000)? {}
        Ok(all)
    }

    #[test]
    fn every_compression_gives_the_same_content() {
        let text = b"some words and numbers 1 2 3\n".repeat(1000);
        assert_eq!(content(&text).unwrap(), text);
        for compress in COMPRESSORS {
            assert_eq!(content(&compress(&text)).unwrap(), text);
        }
        assert_eq!(content(b"").unwrap(), b"");
    }

    #[test]
    fn cut_off_compressed_file_is_a_malformed_file() {
        let compressed = gzip(&b"some words".repeat(1000));
        let error = content(&compressed[..compressed.len() - 5]).unwrap_err();
        assert!(matches!(error, Error::Format { .. }), "{error}");
    }
}
