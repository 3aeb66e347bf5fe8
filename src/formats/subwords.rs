//! The file of a subword model: its n-grams and their vectors.
//!
//! All numbers are little-endian.
//!
//! | offset | size | what |
//! |---|---|---|
//! | 0 | 8 | `gloveSUB` |
//! | 8 | 4 | version, 1 |
//! | 12 | 4 + 4 | the length of the shortest and of the longest n-gram, in characters |
//! | 20 | 8 | N, the number of n-grams |
//! | 28 | 8 | dim, the number of components of a vector |
//! | 36 | 8 | B, the number of bytes of the list of n-grams at offset 64 |
//! | 44 | 4 | CRC-32 of these B bytes |
//! | 48 | 12 | 0 |
//! | 60 | 4 | CRC-32 of the first 60 bytes |
//! | 64 | B | the n-grams: for each n-gram, its length in bytes and the number of words that have it, as LEB128; then all n-grams in UTF-8, one after the other. U+FDD0 is the beginning of a word and U+FDD1 its end |
//! | 64 + B | 4 · N · dim + 4 per block | the vectors as singles, row by row, in blocks of 65,536 numbers (the last block may have fewer); after each block its CRC-32 |

use super::binary_reader::BinaryReader;
use super::header::{HeaderFault, HeaderFormat, contradiction};
use super::word_section::{encode_vocabulary, read_vocabulary};
use crate::error::{Error, Result};
use crate::io::{Input, Written, at, write_atomically};
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::subwords::{NgramLengths, Subwords};
use crate::training::MAX_DIM;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// The first bytes of the file.
pub const MAGIC: &[u8; 8] = b"gloveSUB";
const HEADER: usize = 64;
const FORMAT: HeaderFormat = HeaderFormat {
    magic: MAGIC,
    versions: [1, 1],
    length: HEADER,
};
/// Number of floats in a block.
const BLOCK_FLOATS: usize = 1 << 16;

/// Write a subword model. The file appears complete or not at all.
///
/// # Errors
/// [`Error::Parameter`] if the name is empty or has the ending of another format; [`Error::Io`];
/// [`Error::Cancelled`].
pub fn save(subwords: &Subwords, path: impl AsRef<Path>, monitor: &Monitor) -> Result<()> {
    let path = path.as_ref();
    Written::SUBWORDS.check(path)?;
    write_atomically(path, monitor, |out| {
        encode(subwords, monitor, |bytes| at(path, out.write_all(bytes)))
    })
}

/// The content of the file of a subword model. Model files contain it too.
///
/// # Errors
/// [`Error::Memory`]; [`Error::Cancelled`].
pub fn to_bytes(subwords: &Subwords, monitor: &Monitor) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    encode(subwords, monitor, |bytes| {
        fallible::reserve(&mut content, bytes.len())?;
        content.extend_from_slice(bytes);
        Ok(())
    })?;
    Ok(content)
}

/// Pass the content of the file to `write` in pieces.
fn encode(
    subwords: &Subwords,
    monitor: &Monitor,
    mut write: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let ngrams = encode_vocabulary(subwords.ngrams());
    let lengths = subwords.lengths();
    write(&FORMAT.header(&[
        &(lengths.least() as u32).to_le_bytes(),
        &(lengths.most() as u32).to_le_bytes(),
        &(subwords.ngrams().len() as u64).to_le_bytes(),
        &(subwords.dim() as u64).to_le_bytes(),
        &(ngrams.len() as u64).to_le_bytes(),
        &crc32fast::hash(&ngrams).to_le_bytes(),
    ]))?;
    write(&ngrams)?;
    let mut bytes = Vec::new();
    for block in subwords.vectors().chunks(BLOCK_FLOATS) {
        monitor.check()?;
        bytes.clear();
        bytes.extend(block.iter().flat_map(|x| x.to_le_bytes()));
        let sum = crc32fast::hash(&bytes);
        bytes.extend(sum.to_le_bytes());
        write(&bytes)?;
    }
    Ok(())
}

/// Read a subword model, compressed or not.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for an archive of several files; [`Error::Format`] with the
/// byte offset if the file is not a subword model, is cut off or is damaged; [`Error::Memory`];
/// [`Error::Cancelled`].
pub fn load(path: impl AsRef<Path>, monitor: &Monitor) -> Result<Subwords> {
    load_from(Input::open(path.as_ref(), monitor)?, monitor)
}

/// Read a model from the content of its file.
///
/// # Errors
/// As for [`load`]; the path in messages is `<subwords>`.
pub fn from_bytes(content: &[u8], monitor: &Monitor) -> Result<Subwords> {
    let content = std::io::Cursor::new(fallible::copied(content)?);
    load_from(
        Input::of(Path::new("<subwords>"), content, monitor)?,
        monitor,
    )
}

/// Read a subword model from an open file that is at its beginning.
///
/// # Errors
/// As for [`load`].
pub(crate) fn load_from(mut input: Input, monitor: &Monitor) -> Result<Subwords> {
    if input.peek(MAGIC.len())? != MAGIC {
        let message = "the file is not a subword model of glove-rs";
        return Err(Error::format(
            input.path(),
            crate::error::Location::Byte(0),
            message,
        ));
    }
    let mut input = BinaryReader::new(input, monitor);
    let header = input.bytes(HEADER as u64)?;
    let header = parse_header(&header).map_err(|(byte, message)| input.error(byte, message))?;
    let bytes = input.bytes(header.ngram_bytes)?;
    if crc32fast::hash(&bytes) != header.checksum {
        return Err(input.error(HEADER as u64, "the n-grams are damaged"));
    }
    let ngrams = read_vocabulary(
        &input,
        &bytes,
        header.ngrams,
        HEADER as u64,
        "list of n-grams",
    )?;
    drop(bytes);
    let mut left = ngrams.len() * header.dim;
    let mut vectors: Vec<f32> = Vec::new();
    while left > 0 {
        let (numbers, offset) = (left.min(BLOCK_FLOATS), input.offset);
        let bytes = input.bytes(4 * numbers as u64 + 4)?;
        let (bytes, sum) = bytes.split_at(4 * numbers);
        if crc32fast::hash(bytes).to_le_bytes() != *sum {
            return Err(input.error(offset, "a block of vectors is damaged"));
        }
        fallible::reserve(&mut vectors, numbers)?;
        let numbers_of = bytes.as_chunks().0.iter();
        vectors.extend(numbers_of.map(|bytes| f32::from_le_bytes(*bytes)));
        left -= numbers;
        input.input.report(monitor)?;
    }
    if let Some(bad) = vectors.iter().position(|x| !x.is_finite()) {
        let message = format!("number {bad} of the vectors is not finite");
        return Err(input.error(input.offset, message));
    }
    input.expect_end("vectors")?;
    Subwords::new(header.lengths, Arc::new(ngrams), header.dim, vectors)
}

struct SubwordsHeader {
    lengths: NgramLengths,
    ngrams: u64,
    dim: usize,
    ngram_bytes: u64,
    checksum: u32,
}

fn parse_header(bytes: &[u8]) -> std::result::Result<SubwordsHeader, HeaderFault> {
    let numbers = FORMAT.check(bytes)?;
    let lengths = NgramLengths::new(numbers.u32(12) as usize, numbers.u32(16) as usize)
        .map_err(|_| contradiction(12))?;
    let (ngrams, dim) = (numbers.u64(20), numbers.u64(28));
    if ngrams > crate::vocabulary::MAX_WORDS as u64 {
        return Err(contradiction(20));
    }
    if dim == 0 || dim > MAX_DIM as u64 {
        return Err(contradiction(28));
    }
    Ok(SubwordsHeader {
        lengths,
        ngrams,
        dim: dim as usize,
        ngram_bytes: numbers.u64(36),
        checksum: numbers.u32(44),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subwords::SubwordOptions;

    fn sample() -> Subwords {
        let words = ["walk", "walks", "talk", "talks", "語る"];
        let vectors: Vec<f32> = (0..15).map(|i| i as f32 * 0.5 - 3.0).collect();
        let options = SubwordOptions {
            min_words: 2,
            ..SubwordOptions::default()
        };
        Subwords::fit(&words, &vectors, 3, None, &options, &Monitor::new()).unwrap()
    }

    #[test]
    fn a_model_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let subwords = sample();
        for name in ["model", "model.gz"] {
            let path = folder.path().join(name);
            save(&subwords, &path, &Monitor::new()).unwrap();
            let read = load(&path, &Monitor::new()).unwrap();
            assert_eq!(read.ngrams(), subwords.ngrams());
            assert_eq!(read.vectors(), subwords.vectors());
            assert_eq!(
                (read.dim(), read.lengths()),
                (subwords.dim(), subwords.lengths())
            );
            assert_eq!(read.predict(b"talking"), subwords.predict(b"talking"));
        }
        let content = to_bytes(&subwords, &Monitor::new()).unwrap();
        assert_eq!(std::fs::read(folder.path().join("model")).unwrap(), content);
        let read = from_bytes(&content, &Monitor::new()).unwrap();
        assert_eq!(read.vectors(), subwords.vectors());
        let cut = from_bytes(&content[..content.len() - 1], &Monitor::new());
        assert!(matches!(cut, Err(Error::Format { .. })));
    }

    #[test]
    fn no_damage_goes_unnoticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        save(&sample(), &path, &Monitor::new()).unwrap();
        let good = std::fs::read(&path).unwrap();
        let is_refused = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            matches!(load(&path, &Monitor::new()), Err(Error::Format { .. }))
        };
        for position in 0..good.len() {
            let mut bytes = good.clone();
            bytes[position] ^= 0x41;
            assert!(is_refused(&bytes), "byte {position}");
            assert!(is_refused(&good[..position]), "cut at {position}");
        }
        assert!(is_refused(&[&good[..], b"more"].concat()));
    }

    #[test]
    fn impossible_sizes_are_refused_without_taking_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        save(&sample(), &path, &Monitor::new()).unwrap();
        let good = std::fs::read(&path).unwrap();
        for at in [12, 16, 20, 28, 36] {
            let mut bytes = good.clone();
            bytes[at..at + 4].fill(0x7f);
            let checksum = crc32fast::hash(&bytes[..60]);
            bytes[60..64].copy_from_slice(&checksum.to_le_bytes());
            std::fs::write(&path, &bytes).unwrap();
            let error = load(&path, &Monitor::new()).unwrap_err();
            assert!(matches!(error, Error::Format { .. }), "{at}: {error}");
        }
    }
}
