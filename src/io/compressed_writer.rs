//! Writes compressed files.

use super::compression::Compression;
use std::io::{self, Write};

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
