//! Recognises compressed files by their first bytes, and decompresses them.

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, Read};

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
    pub(super) fn decompress(
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

/// Reads the members of a gzip file, one after the other. Zero bytes may follow a member: some programs fill up the
/// last block of a file with them.
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
}
