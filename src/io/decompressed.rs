//! Reads files, compressed or plain, and tells faults of a file from those of the system.

use super::compression::Compression;
use crate::error::{Error, Location};
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Reads the content of a file, whether it is compressed or plain.
pub(crate) struct Decompressed {
    reader: Box<dyn Read + Send>,
    compression: Option<Compression>,
    state: Arc<ReadState>,
}

/// How many bytes of a file were read, and whether reading failed. A decoder owns the reader of the file, so the reader
/// shares this state with [`Decompressed`].
#[derive(Default)]
struct ReadState {
    read: AtomicU64,
    failed: AtomicBool,
}

impl Decompressed {
    /// Recognise the compression by the first bytes of `file`.
    pub fn new(file: impl Read + Send + 'static) -> io::Result<Self> {
        Self::within(file, u64::MAX)
    }

    /// Like [`Decompressed::new`], but with at most about `most` bytes of memory for the decoder.
    pub fn within(file: impl Read + Send + 'static, most: u64) -> io::Result<Self> {
        let state = Arc::new(ReadState::default());
        let mut file = CountingReader {
            file,
            state: state.clone(),
        };
        let mut beginning = Vec::new();
        (&mut file)
            .take(Compression::MAGIC_BYTES as u64)
            .read_to_end(&mut beginning)?;
        let compression = Compression::of(&beginning);
        let file = io::Cursor::new(beginning).chain(file);
        Ok(Self {
            reader: match compression {
                None => Box::new(file),
                Some(compression) => {
                    compression.decompress(BufReader::with_capacity(1 << 18, file), most)?
                }
            },
            compression,
            state,
        })
    }

    /// Read `text` without decompression, whatever its first bytes are.
    pub fn plain(text: impl Read + Send + 'static) -> Self {
        let state = Arc::new(ReadState::default());
        Self {
            reader: Box::new(CountingReader {
                file: text,
                state: state.clone(),
            }),
            compression: None,
            state,
        }
    }

    /// The compression of the file, if any.
    pub fn compression(&self) -> Option<Compression> {
        self.compression
    }

    /// Number of bytes of the file that have been read, before decompression.
    pub fn bytes_read(&self) -> u64 {
        self.state.read.load(Relaxed)
    }

    /// The error for a failed read. If `error` contains an [`Error`], this is the result. If the system reported the
    /// failure, the result is [`Error::Io`]. If the decoder reported it, the result is [`Error::Parameter`] naming
    /// `memory` if the decoder needs more memory than it may use, [`Error::Memory`] if the decoder could not allocate
    /// memory, otherwise [`Error::Format`].
    pub fn fault(&self, path: &Path, error: io::Error) -> Error {
        let error = match error.downcast::<Error>() {
            Ok(error) => return error,
            Err(error) => error,
        };
        match self.compression {
            // The file could not be read. So the message of `error` comes from the system, not from the decoder.
            _ if self.state.failed.load(Relaxed) => Error::io(path, error),
            Some(_) if lacks_memory(&error) => Error::Memory {
                bytes: LARGEST_WINDOW,
            },
            Some(compression) if exceeds_limit(&error) => Error::parameter(
                "memory",
                format!(
                    "must be larger to unpack {}: decompressing its {} data takes more than a quarter \
                         of memory ({error})",
                    path.display(),
                    compression.name()
                ),
            ),
            Some(compression) => Error::format(
                path,
                Location::Byte(self.bytes_read()),
                format!(
                    "the {} data are damaged or cut off ({error})",
                    compression.name()
                ),
            ),
            None => Error::io(path, error),
        }
    }

    /// Complete a `message` about a byte offset in the content. If the file is compressed, the offset is not one of the
    /// file itself, and the result says so.
    pub fn of_content(&self, message: String) -> String {
        match self.compression {
            Some(compression) => {
                format!("{message}, in the decompressed {} data", compression.name())
            }
            None => message,
        }
    }
}

/// Number of bytes of the largest window that a decoder allocates. [`Error::Memory`] names it if an
/// allocation fails.
const LARGEST_WINDOW: usize = 1 << 31;

/// Whether a decoder could not allocate its window. Some decoders report this only in their
/// message.
fn lacks_memory(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
        || ["not enough memory", "can't allocate memory"]
            .iter()
            .any(|words| error.to_string().contains(words))
}

/// Whether a file needs more memory than its decoder may use. zstd and liblzma report this only in
/// their message.
fn exceeds_limit(error: &io::Error) -> bool {
    let reason = error.to_string().to_lowercase();
    reason.contains("too much memory") || reason.contains("memory limit")
}

impl Read for Decompressed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

struct CountingReader<R> {
    file: R,
    state: Arc<ReadState>,
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.state.failed.store(true, Relaxed);
            }
        })?;
        self.state.read.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::super::compression::tests::{COMPRESSORS, gzip};
    use super::*;

    fn content(file: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        Decompressed::new(io::Cursor::new(file))?.read_to_end(&mut all)?;
        Ok(all)
    }

    #[test]
    fn every_compression_decompresses_to_the_same() {
        let text = b"some words and numbers 1 2 3\n".repeat(1000);
        assert_eq!(content(text.clone()).unwrap(), text);
        assert_eq!(content(Vec::new()).unwrap(), b"");
        for compress in COMPRESSORS {
            assert_eq!(content(compress(&text)).unwrap(), text);
            assert_eq!(content(compress(b"")).unwrap(), b"");
        }
    }

    #[test]
    fn members_and_frames_follow_each_other() {
        let [a, b] = [b"first ".repeat(1000), b"second ".repeat(1000)];
        for compress in COMPRESSORS {
            let both = [compress(&a), compress(&b)].concat();
            assert_eq!(content(both).unwrap(), [&a[..], &b].concat());
        }
    }

    #[test]
    fn zero_bytes_may_follow_members_of_gzip_and_nothing_else_may() {
        let text = b"some words".repeat(1000);
        for zeros in [1, 700_000] {
            let padded = [gzip(&text), vec![0; zeros]].concat();
            assert_eq!(content(padded.repeat(2)).unwrap(), text.repeat(2));
            let junk = [&padded[..], b"junk"].concat();
            assert!(content(junk).is_err());
        }
    }

    #[test]
    fn a_truncated_compressed_file_is_a_malformed_file() {
        let text = b"some words".repeat(1000);
        for compress in COMPRESSORS {
            let mut compressed = compress(&text);
            compressed.truncate(compressed.len() - 5);
            let mut decompressed = Decompressed::new(io::Cursor::new(compressed)).unwrap();
            let error = decompressed.read_to_end(&mut Vec::new()).unwrap_err();
            let error = decompressed.fault(Path::new("file"), error);
            assert!(matches!(error, Error::Format { .. }), "{error}");
        }
    }

    #[test]
    fn a_fault_of_the_system_is_not_the_files() {
        struct Broken(io::Cursor<Vec<u8>>);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                match self.0.read(buffer)? {
                    // A decoder that lacks memory uses these words, too.
                    0 => Err(io::Error::other("the cable came off: not enough memory")),
                    read => Ok(read),
                }
            }
        }
        for compress in COMPRESSORS {
            let mut compressed = compress(&b"some words".repeat(1000));
            compressed.truncate(compressed.len() / 2);
            let mut decompressed = Decompressed::new(Broken(io::Cursor::new(compressed))).unwrap();
            let error = decompressed.read_to_end(&mut Vec::new()).unwrap_err();
            let error = decompressed.fault(Path::new("file"), error);
            assert!(matches!(error, Error::Io { .. }), "{error}");
            assert!(error.to_string().contains("cable"), "{error}");
        }
    }

    #[test]
    fn text_that_begins_like_a_compressed_file_is_text() {
        for text in [&b"BZh1 is how bzip2 begins"[..], b"7zXZ", b"PK"] {
            assert_eq!(content(text.to_vec()).unwrap(), text);
        }
    }
}
