//! The native format: words, then the matrix as it lies in memory, so that a program can map the
//! matrix instead of reading it.
//!
//! All numbers are little-endian.
//!
//! | offset | size | what |
//! |---|---|---|
//! | 0 | 8 | `89 47 6c 6f 56 65 0d 0a`: 0x89, `GloVe`, CR, LF |
//! | 8 | 4 | version, 1 |
//! | 12 | 4 | S, the number of bytes of a number of the matrix: 4 (IEEE 754 single) or 2 (half) |
//! | 16 | 8 | V, the number of words |
//! | 24 | 8 | dim, the number of components of a vector |
//! | 32 | 8 | B, the number of bytes of all words together |
//! | 40 | 8 | M, where the matrix starts: the first multiple of 64 that is not less than 64 + 8 V + B |
//! | 48 | 4 | CRC-32 of bytes 64 to 64 + 8 V + B |
//! | 52 | 8 | 0 |
//! | 60 | 4 | CRC-32 of bytes 0 to 60 |
//! | 64 | 8 V | for each word, the offset of its end from the beginning of the words |
//! | 64 + 8 V | B | the words, in UTF-8, one after the other, all different |
//! | M | V · dim · S | the matrix, row by row; the file ends with it |
//!
//! The matrix has no checksum, because all of the matrix would have to be read to verify it.

use super::super::header::{HeaderFault, HeaderFormat, contradiction, wrong_size};
use super::loaded::MAX_LINE_BYTES;
use super::word_list::WordList;
use crate::error::{Error, Location, Result};
use crate::float16::{Element, read_f16, read_f32};
use crate::io::Input;
use crate::io::Written;
use crate::io::{at, write_atomically};
use crate::memory::fallible;
use crate::monitor::Monitor;
#[cfg(feature = "python")]
use std::fs::File;
#[cfg(feature = "python")]
use std::io::Read;
use std::io::Write;
use std::path::Path;

/// The first bytes of every native file. The first byte is not valid UTF-8, so no text in UTF-8 begins like this. A
/// transfer that translates newlines changes the last two bytes, so a file that it damaged is not read as vectors.
pub const MAGIC: &[u8; 8] = b"\x89GloVe\r\n";

/// Number of bytes of the header. The offset of the matrix is a multiple of the same number, which is the size of
/// a cache line.
const HEADER: usize = 64;
const FORMAT: HeaderFormat = HeaderFormat {
    magic: MAGIC,
    versions: [1, 1],
    length: HEADER,
};
/// How many numbers are converted at a time.
const CHUNK: usize = 1 << 18;

/// What the header of a native file says of the words and the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The bytes of the header. The checksums in them identify the words.
    pub bytes: [u8; HEADER],
    /// Number of bytes of a number of the matrix: 4 or 2.
    pub element_bytes: usize,
    /// Number of words.
    pub words: usize,
    /// Number of components of a vector.
    pub dim: usize,
    /// The offset of the matrix in the file.
    pub matrix: u64,
    word_bytes: u64,
    checksum: u32,
}

impl Header {
    /// Whether the matrix is in half precision.
    pub fn is_half(&self) -> bool {
        self.element_bytes == 2
    }
}

/// Write vectors (V × dim, row-major) with their words, which must differ from each other.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for an empty name and for a name with the ending of another format;
/// [`Error::Cancelled`].
pub fn save<W: AsRef<[u8]>, E: Element>(
    path: impl AsRef<Path>,
    words: &[W],
    vectors: &[E],
    dim: usize,
    monitor: &Monitor,
) -> Result<()> {
    let path = path.as_ref();
    Written::NATIVE.check(path)?;
    let mut index = Vec::new();
    let mut end = 0_u64;
    for word in words {
        end += word.as_ref().len() as u64;
        index.extend_from_slice(&end.to_le_bytes());
    }
    for word in words {
        index.extend_from_slice(word.as_ref());
    }
    let start = (HEADER + index.len()).next_multiple_of(HEADER);
    let header = FORMAT.header(&[
        &(E::BYTES as u32).to_le_bytes(),
        &(words.len() as u64).to_le_bytes(),
        &(dim as u64).to_le_bytes(),
        &end.to_le_bytes(),
        &(start as u64).to_le_bytes(),
        &crc32fast::hash(&index).to_le_bytes(),
    ]);
    index.resize(start - HEADER, 0);
    write_atomically(path, monitor, |out| {
        at(path, out.write_all(&header))?;
        at(path, out.write_all(&index))?;
        let mut bytes = vec![0; CHUNK * E::BYTES];
        for chunk in vectors.chunks(CHUNK) {
            monitor.check()?;
            let bytes = &mut bytes[..chunk.len() * E::BYTES];
            for (x, bytes) in chunk.iter().zip(bytes.chunks_exact_mut(E::BYTES)) {
                x.write_le(bytes);
            }
            at(path, out.write_all(bytes))?;
        }
        Ok(())
    })
}

/// Read the header and the words of a native file that can be mapped. `None` if the file is compressed, a pipe or
/// not a native file. The size of the file is checked, so the matrix is complete.
///
/// # Errors
/// [`Error::Io`], also for the path of a file in an archive; [`Error::Parameter`] for an archive of several files;
/// [`Error::Format`] with the byte offset; [`Error::Memory`]; [`Error::Cancelled`].
pub fn open(path: impl AsRef<Path>, monitor: &Monitor) -> Result<Option<(Header, WordList)>> {
    let path = path.as_ref();
    // The bytes of a pipe that are read here would be lost for the reader that is called next.
    if !at(path, std::fs::metadata(path))?.is_file() {
        return Ok(None);
    }
    let mut input = Input::open(path, monitor)?;
    let Some(size) = input.content_size() else {
        return Ok(None);
    };
    if !input.peek(MAGIC.len())?.starts_with(MAGIC) {
        return Ok(None);
    }
    read_index(&mut input, Some(size)).map(Some)
}

/// Whether the file at `path` begins like a native file, without decompression.
///
/// # Errors
/// [`Error::Io`].
#[cfg(feature = "python")]
pub(crate) fn is_native(path: &Path) -> Result<bool> {
    let mut head = Vec::new();
    let file = at(path, File::open(path))?;
    at(path, file.take(MAGIC.len() as u64).read_to_end(&mut head))?;
    Ok(head == MAGIC)
}

/// Whether the next bytes of `input` are the beginning of a native file in half precision.
#[cfg(feature = "python")]
pub(crate) fn is_half(input: &mut Input) -> Result<bool> {
    let head = input.peek(16)?;
    Ok(head.starts_with(MAGIC) && head[12..] == 2_u32.to_le_bytes())
}

/// Read at most the first `most` vectors of a native file, converted to `E`. Returns the words, the
/// matrix and the number of components.
pub(super) fn read<E: Element>(
    input: &mut Input,
    most: usize,
    monitor: &Monitor,
) -> Result<(WordList, Vec<E>, usize)> {
    let size = input.content_size();
    let (header, mut words) = read_index(input, size)?;
    words.truncate(most);
    let mut left = words.len() * header.dim;
    // If the size of the file is not known, the header may claim a larger matrix than the file holds. So memory is
    // then allocated only for numbers that were read.
    let mut matrix = fallible::with_capacity(if size.is_some() { left } else { 0 })?;
    let mut bytes = Vec::new();
    let path = input.path().to_owned();
    while left > 0 {
        let count = left.min(CHUNK);
        input.exactly((count * header.element_bytes) as u64, &mut bytes, || {
            let read = matrix.len() * header.element_bytes;
            let location = Location::Byte(header.matrix + read as u64);
            Error::format(&path, location, "the file ends within the matrix")
        })?;
        let start = matrix.len();
        fallible::resize(&mut matrix, start + count, E::ZERO)?;
        if header.element_bytes == 4 {
            read_f32(&bytes, &mut matrix[start..]);
        } else {
            read_f16(&bytes, &mut matrix[start..]);
        }
        left -= count;
        input.report(monitor)?;
    }
    matrix.shrink_to_fit();
    Ok((words, matrix, header.dim))
}

/// Read and check the header and the words. `size` is the size of the file, if it is known.
fn read_index(input: &mut Input, size: Option<u64>) -> Result<(Header, WordList)> {
    let path = input.path().to_owned();
    let bad = |byte: u64, message: String| Error::format(&path, Location::Byte(byte), message);
    let cut = |what: &str| {
        bad(
            size.unwrap_or(0),
            format!("the file ends within its {what}"),
        )
    };
    let mut bytes = Vec::new();
    input.exactly(HEADER as u64, &mut bytes, || cut("header"))?;
    let header = parse_header(&bytes).map_err(|(byte, message)| bad(byte, message))?;
    let end = header.matrix + (header.words * header.dim * header.element_bytes) as u64;
    if let Some(size) = size.filter(|size| *size != end) {
        let (byte, message) = wrong_size(size, u128::from(end));
        return Err(bad(byte, message));
    }
    let length = header.matrix - HEADER as u64;
    input.exactly(length, &mut bytes, || cut("words"))?;
    bytes.truncate(header.words * 8 + header.word_bytes as usize);
    let broken = || bad(HEADER as u64, "the words are damaged".to_owned());
    if crc32fast::hash(&bytes) != header.checksum {
        return Err(broken());
    }
    let (ends, text) = bytes.split_at(header.words * 8);
    let ends = ends
        .as_chunks()
        .0
        .iter()
        .map(|end| u64::from_le_bytes(*end));
    let (text, ends) = (fallible::copied(text)?, fallible::collect(ends)?);
    let words = WordList::from_parts(text, ends).ok_or_else(broken)?;
    if let Some(&again) = words.repeats()?.first() {
        let word = String::from_utf8_lossy(words.get(again));
        let message = format!("the word {word:?} appears twice");
        return Err(bad(HEADER as u64 + 8 * again as u64, message));
    }
    Ok((header, words))
}

fn parse_header(bytes: &[u8]) -> std::result::Result<Header, HeaderFault> {
    let numbers = FORMAT.check(bytes)?;
    let element_bytes = numbers.u32(12) as usize;
    if element_bytes != 4 && element_bytes != 2 {
        return Err(contradiction(12));
    }
    let [words, dim, word_bytes, matrix] = [16, 24, 32, 40].map(|offset| numbers.u64(offset));
    // The sizes of data that fit in memory are far below 2^62. So larger sizes are refused.
    let small = |product: Option<u64>| product.filter(|n| *n < 1 << 62);
    let index = small(words.checked_mul(8))
        .and_then(|ends| small(ends.checked_add(word_bytes)))
        .ok_or_else(|| contradiction(32))?;
    // The size in single precision, because vectors in half precision can be read in single precision.
    let row = small(dim.checked_mul(size_of::<f32>() as u64));
    let rows = row.and_then(|row| small(row.checked_mul(words)));
    rows.ok_or_else(|| contradiction(24))?;
    // Without words, only this bound limits `dim`. With this bound, a file without words can be
    // converted to text and read again.
    if words == 0 && dim > MAX_LINE_BYTES as u64 / 2 {
        return Err(contradiction(24));
    }
    if matrix != (HEADER as u64 + index).next_multiple_of(HEADER as u64) {
        return Err(contradiction(40));
    }
    Ok(Header {
        bytes: *bytes.first_chunk().expect("64 bytes"),
        element_bytes,
        words: words as usize,
        dim: dim as usize,
        matrix,
        word_bytes,
        checksum: numbers.u32(48),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn file(words: &[&str], vectors: &[f32], dim: usize) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        save(file.path(), words, vectors, dim, &Monitor::new()).unwrap();
        file
    }

    fn load(path: &Path) -> Result<(WordList, Vec<f32>, usize)> {
        let monitor = Monitor::new();
        read(&mut Input::open(path, &monitor)?, usize::MAX, &monitor)
    }

    #[test]
    fn the_matrix_is_aligned_and_ends_the_file() {
        let file = file(&["a", "été", ""], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2);
        let bytes = std::fs::read(file.path()).unwrap();
        let (header, words) = open(file.path(), &Monitor::new()).unwrap().unwrap();
        assert_eq!(header.matrix % 64, 0);
        assert_eq!(bytes.len() as u64, header.matrix + 24);
        assert_eq!(bytes[header.matrix as usize..][..4], 1.0_f32.to_le_bytes());
        assert_eq!(words, WordList::of(["a", "été", ""]).unwrap());
    }

    #[test]
    fn every_cut_is_noticed() {
        let file = file(&["a", "bc"], &[1.0, 2.0], 1);
        let bytes = std::fs::read(file.path()).unwrap();
        for end in 8..bytes.len() {
            std::fs::write(file.path(), &bytes[..end]).unwrap();
            for error in [
                open(file.path(), &Monitor::new()).unwrap_err(),
                load(file.path()).unwrap_err(),
            ] {
                let Error::Format { location, .. } = error else {
                    panic!("{error}");
                };
                assert_eq!(location, Location::Byte(end as u64));
            }
        }
    }

    #[test]
    fn every_flipped_bit_before_the_matrix_is_noticed() {
        let file = file(&["a", "bc"], &[1.0, 2.0], 1);
        let bytes = std::fs::read(file.path()).unwrap();
        for bit in 64..(64 + 2 * 8 + 3) * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(file.path(), &bytes).unwrap();
            let error = open(file.path(), &Monitor::new()).unwrap_err();
            assert!(matches!(error, Error::Format { .. }), "bit {bit}: {error}");
        }
    }

    #[test]
    fn impossible_sizes_are_refused_without_taking_memory() {
        let file = file(&["a", "bc"], &[1.0, 2.0], 1);
        let bytes = std::fs::read(file.path()).unwrap();
        for at in [8, 12, 16, 24, 32, 40] {
            let mut bytes = bytes.clone();
            bytes[at..at + 4].fill(0x7f);
            bytes[at + 3] = 0xff;
            let checksum = crc32fast::hash(&bytes[..60]);
            bytes[60..64].copy_from_slice(&checksum.to_le_bytes());
            std::fs::write(file.path(), &bytes).unwrap();
            let error = load(file.path()).unwrap_err();
            assert!(matches!(error, Error::Format { .. }), "{at}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_saved_is_read(words: HashSet<String>, dim in 1_usize..5, bits: [u16; 7]) {
            let file = tempfile::NamedTempFile::new().unwrap();
            let words = Vec::from_iter(words);
            let numbers = bits.map(f16::from_bits);
            let vectors: Vec<f16> =
                (0..words.len() * dim).map(|i| numbers[i % 7]).collect();
            save(file.path(), &words, &vectors, dim, &Monitor::new()).unwrap();
            let (read, matrix, read_dim) = load(file.path()).unwrap();
            prop_assert_eq!(read, WordList::of(&words).unwrap());
            prop_assert_eq!(read_dim, dim);
            for (x, y) in matrix.iter().zip(&vectors) {
                prop_assert!(*x == y.to_f32() || x.is_nan() && y.is_nan());
            }
            prop_assert_eq!(matrix.len(), vectors.len());
        }
    }
}
