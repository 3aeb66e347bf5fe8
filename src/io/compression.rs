//! Recognises compressed files by their first bytes, reads them, and writes compressed files.

use crate::error::{Error, Location};
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// The compression of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Bzip2,
    Xz,
    Zstandard,
}

/// Base-2 logarithm of the Zstandard window that is accepted under any memory limit: 8 MiB, which the format asks
/// all decoders to support and which `zstd -19` uses.
const LEAST_WINDOW: u32 = 23;
/// Number of bytes of memory that an xz decoder may use under any limit: enough for files that `xz`
/// writes without options.
const LEAST_XZ: u64 = 10 << 20;

impl Compression {
    /// Number of first bytes that [`Compression::of`] needs.
    pub const MAGIC_BYTES: usize = 10;

    /// The compression of a file with this beginning, if it is compressed.
    pub fn of(beginning: &[u8]) -> Option<Self> {
        match beginning {
            // The third byte is the method, always 8. The fourth has flags, of which the upper three are not in use.
            [0x1f, 0x8b, 8, 0..=31, ..] => Some(Self::Gzip),
            // "BZh1" alone may begin a text. So the magic number of a block or of the end must follow.
            [
                b'B',
                b'Z',
                b'h',
                b'1'..=b'9',
                0x31,
                0x41,
                0x59,
                0x26,
                0x53,
                0x59,
                ..,
            ]
            | [
                b'B',
                b'Z',
                b'h',
                b'1'..=b'9',
                0x17,
                0x72,
                0x45,
                0x38,
                0x50,
                0x90,
                ..,
            ] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            // A frame of data, or a skippable frame, with which some programs begin a file.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Some(Self::Zstandard)
            }
            _ => None,
        }
    }

    /// The name of the format in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstandard => "Zstandard",
        }
    }

    /// Decompress all members, streams or frames of `compressed`, one after the other.
    ///
    /// A file of xz or Zstandard determines how much memory its decoder needs. Reading fails if this is more than
    /// about `most` bytes, unless `LEAST_XZ` or `LEAST_WINDOW` allows it.
    fn decompress(
        self,
        compressed: impl BufRead + Send + 'static,
        most: u64,
    ) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Gzip => Box::new(GzipMembers(Some(GzDecoder::new(compressed)))),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(compressed)),
            Self::Xz => {
                let all = liblzma::stream::CONCATENATED;
                let stream = liblzma::stream::Stream::new_stream_decoder(most.max(LEAST_XZ), all)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(compressed, stream))
            }
            Self::Zstandard => {
                let mut decoder = zstd::Decoder::with_buffer(compressed)?;
                // The default limit of the decoder would refuse files made with `zstd --long`. The memory that the
                // decoder may use limits the window instead.
                decoder.window_log_max(most.max(1).ilog2().clamp(LEAST_WINDOW, 31))?;
                Box::new(decoder)
            }
        })
    }
}

/// Reads the members of a gzip file, one after the other. Zero bytes may follow a member: some programs fill up the last
/// block of a file with them.
struct GzipMembers<R>(
    // `None` after the end, and after an error.
    Option<GzDecoder<R>>,
);

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let mut rest = self.0.take().map(GzDecoder::into_inner);
            let more = rest.as_mut().map_or(Ok(false), skip_zeros)?;
            self.0 = rest.filter(|_| more).map(GzDecoder::new);
        }
        Ok(0)
    }
}

/// Skip zero bytes. Returns whether other bytes follow.
fn skip_zeros(file: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            return Ok(false);
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let more = zeros < bytes.len();
        file.consume(zeros);
        if more {
            return Ok(true);
        }
    }
}

/// Writes content compressed or plain.
pub enum CompressedWriter<W: Write> {
    #[doc(hidden)]
    Plain(W),
    #[doc(hidden)]
    Gzip(flate2::write::GzEncoder<W>),
    #[doc(hidden)]
    Bzip2(bzip2::write::BzEncoder<W>),
    #[doc(hidden)]
    Xz(liblzma::write::XzEncoder<W>),
    #[doc(hidden)]
    Zstandard(zstd::Encoder<'static, W>),
}

/// The compression level for xz. The default level of the tool `xz`, 6, takes much longer and makes
/// files of numbers only slightly smaller.
const XZ_LEVEL: u32 = 2;

impl<W: Write> CompressedWriter<W> {
    /// Write to `out`, compressed at the default level of each format (xz: `XZ_LEVEL`).
    pub(super) fn new(out: W, compression: Option<Compression>) -> io::Result<Self> {
        Ok(match compression {
            None => Self::Plain(out),
            Some(Compression::Gzip) => Self::Gzip(flate2::write::GzEncoder::new(
                out,
                flate2::Compression::default(),
            )),
            Some(Compression::Bzip2) => Self::Bzip2(bzip2::write::BzEncoder::new(
                out,
                bzip2::Compression::default(),
            )),
            Some(Compression::Xz) => Self::Xz(liblzma::write::XzEncoder::new(out, XZ_LEVEL)),
            Some(Compression::Zstandard) => {
                let mut encoder = zstd::Encoder::new(out, 0)?;
                encoder.include_checksum(true)?;
                Self::Zstandard(encoder)
            }
        })
    }

    /// Write the end of the file, and return the writer to which the file was written.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Bzip2(encoder) => encoder.finish(),
            Self::Xz(encoder) => encoder.finish(),
            Self::Zstandard(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for CompressedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Bzip2(encoder) => encoder.write(bytes),
            Self::Xz(encoder) => encoder.write(bytes),
            Self::Zstandard(encoder) => encoder.write(bytes),
        }
    }

    /// Does nothing: a flush in the middle would make a compressed file larger.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads the content of a file, whether it is compressed or plain.
pub(crate) struct Decompressed {
    reader: Box<dyn Read + Send>,
    compression: Option<Compression>,
    state: Arc<ReadState>,
}

/// State of the compressed file while it is read through a decoder.
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
            // The file could not be read. Its message is not one of the decoder.
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

    /// A message about a byte of the content, which also says that this is not a byte of the file, if it is
    /// compressed.
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
pub(crate) mod tests {
    use super::*;
    use std::io::Write;

    pub fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn xz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstandard(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    type Compress = fn(&[u8]) -> Vec<u8>;
    pub const COMPRESSORS: [Compress; 4] = [gzip, bzip2, xz, zstandard];

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
    fn a_small_memory_limit_refuses_a_file_at_most() {
        for (compress, format) in COMPRESSORS.iter().zip([
            Compression::Gzip,
            Compression::Bzip2,
            Compression::Xz,
            Compression::Zstandard,
        ]) {
            for most in [0, 1, 7] {
                let compressed = io::Cursor::new(compress(b"some words"));
                let mut text = Vec::new();
                let read = format
                    .decompress(compressed, most)
                    .and_then(|mut reader| reader.read_to_end(&mut text));
                assert!(read.is_err() || text == b"some words", "{most}");
            }
        }
    }

    #[test]
    fn text_that_begins_like_a_compressed_file_is_text() {
        for text in [&b"BZh1 is how bzip2 begins"[..], b"7zXZ", b"PK"] {
            assert_eq!(content(text.to_vec()).unwrap(), text);
        }
    }
}
