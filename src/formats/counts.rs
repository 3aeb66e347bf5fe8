//! The file of co-occurrence counts with their vocabulary, in this package's own format.
//!
//! All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `gloveCNT` |
//! | 4 | version: 5 if there are counts of adjacent words, 4 if the matrix is rectangular, else 3 |
//! | 4 | 1 if the matrix equals its transpose, else 0; plus 2 if it is rectangular; plus 4 if there are counts of adjacent words; plus 8 if their matrix equals its transpose |
//! | 8 + 8 | number of words, number of blocks of rows of the matrix |
//! | 8 | number of bytes of the vocabulary |
//! | 8 + 8 | number of words in the second list; number of bytes of this list |
//! | 4 + 4 | CRC-32 of the vocabulary and the second list together; CRC-32 of the 60 bytes so far |
//! | … | vocabulary: length and count of each word as LEB128, then the bytes of all words |
//! | … | second list, in the same form: the context words if the matrix is rectangular, else the rare words |
//! | per block | bytes of the block (8), its CRC-32 (4), the block as `cooccurrence::row_codec::encode` writes it |
//!
//! Rare words are words of the text outside the vocabulary.
//!
//! The blocks have all rows of the lower triangle of the matrix ([`Triangle`]), in order. For a
//! rectangular matrix, the number of rows of the triangle is the larger of two numbers: that of the
//! words and that of the context words. The matrix of the counts of adjacent words follows, if there
//! are any: the number of its blocks (8), the CRC-32 of this number (4), and its blocks. The file ends there. A
//! rectangular matrix has no counts of adjacent words.

use super::binary_reader::BinaryReader;
use super::header::{HeaderFormat, contradiction};
use super::stanford::{check_sum, read_cooccurrences};
use super::word_section::{encode_vocabulary, read_vocabulary};
use crate::cooccurrence::row_codec::{decode_foreign, encode};
use crate::cooccurrence::{RowBlock, RowWriter, Triangle};
use crate::error::{Error, Location, Result};
use crate::io::Input;
use crate::io::Written;
use crate::io::{Output, at, write_atomically};
use crate::memory::MemoryLimit;
use crate::monitor::Monitor;
use crate::vocabulary::Vocabulary;
use rayon::prelude::*;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// The first bytes of the file.
pub const MAGIC: &[u8; 8] = b"gloveCNT";
const HEADER: HeaderFormat = HeaderFormat {
    magic: MAGIC,
    versions: [3, 5],
    length: 64,
};

/// The flag of a rectangular matrix in the header.
const RECTANGULAR: u32 = 2;
/// The flag of counts of adjacent words in the header.
const ADJACENT: u32 = 4;
/// The flag of counts of adjacent words that equal their transpose.
const ADJACENT_SYMMETRIC: u32 = 8;

/// The words of the rows and columns of counts, and the rare words.
#[derive(Debug, Clone, Copy)]
pub struct Vocabularies<'a> {
    /// The words of the rows and, unless there are `contexts`, of the columns.
    pub vocabulary: &'a Vocabulary,
    /// The words that `min_count` or `max_vocab` excluded from the vocabulary, if they are known.
    pub rare: &'a Vocabulary,
    /// The words of the columns of a rectangular matrix. Such a matrix comes from a table of pairs,
    /// and `rare` is empty.
    pub contexts: Option<&'a Vocabulary>,
}

/// Write `counts` with their words. Blocks are encoded on all threads of the current rayon pool.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for an empty name and for a name with the ending of another format; the errors
/// of [`Triangle::block`]; [`Error::Memory`]; [`Error::Cancelled`]. The ending `.bin` is not refused,
/// because files of counts that [`super::stanford`] writes have it.
pub fn save(
    counts: &Triangle,
    words: Vocabularies<'_>,
    path: impl AsRef<Path>,
    monitor: &Monitor,
) -> Result<()> {
    let path = path.as_ref();
    Written::COUNTS.check(path)?;
    let others = words.contexts.unwrap_or(words.rare);
    let number_of_words = words.vocabulary.len();
    let mut words = encode_vocabulary(words.vocabulary);
    let vocabulary_bytes = words.len();
    words.extend(encode_vocabulary(others));
    let number = |number: usize| (number as u64).to_le_bytes();
    let is_rectangular = counts.is_rectangular();
    let flags = u32::from(counts.symmetric)
        + RECTANGULAR * u32::from(is_rectangular)
        + counts.adjacent().map_or(0, |adjacent| {
            ADJACENT + ADJACENT_SYMMETRIC * u32::from(adjacent.symmetric)
        });
    let version = version_of(flags).expect("a rectangular matrix has no adjacent words");
    let header = HEADER.header_of(
        version,
        &[
            &flags.to_le_bytes(),
            &number(number_of_words),
            &number(counts.blocks()),
            &number(vocabulary_bytes),
            &number(others.len()),
            &number(words.len() - vocabulary_bytes),
            &crc32fast::hash(&words).to_le_bytes(),
        ],
    );
    write_atomically(path, monitor, |out| {
        at(path, out.write_all(&header))?;
        at(path, out.write_all(&words))?;
        write_blocks(counts, path, out, monitor)?;
        let Some(adjacent) = counts.adjacent() else {
            return Ok(());
        };
        let blocks = number(adjacent.blocks());
        at(path, out.write_all(&blocks))?;
        at(path, out.write_all(&crc32fast::hash(&blocks).to_le_bytes()))?;
        write_blocks(adjacent, path, out, monitor)
    })
}

/// The version of a file with these flags; `None` if no file has them.
fn version_of(flags: u32) -> Option<u32> {
    match flags & !1 {
        0 => Some(3),
        RECTANGULAR => Some(4),
        ADJACENT => Some(5),
        flags if flags == ADJACENT | ADJACENT_SYMMETRIC => Some(5),
        _ => None,
    }
}

fn write_blocks(
    counts: &Triangle,
    path: &Path,
    out: &mut Output<'_>,
    monitor: &Monitor,
) -> Result<()> {
    let together = 4 * rayon::current_num_threads();
    for first in (0..counts.blocks()).step_by(together) {
        monitor.check()?;
        let last = counts.blocks().min(first + together);
        let encoded: Vec<Result<Vec<u8>>> = (first..last)
            .into_par_iter()
            .map(|k| encode(&*counts.block(k)?))
            .collect();
        for block in encoded {
            let block = block?;
            at(path, out.write_all(&(block.len() as u64).to_le_bytes()))?;
            let sum = crc32fast::hash(&block);
            at(path, out.write_all(&sum.to_le_bytes()))?;
            at(path, out.write_all(&block))?;
        }
    }
    Ok(())
}

/// Counts with their words.
#[derive(Debug)]
pub struct LoadedCounts {
    /// The words of the rows and, unless there are `contexts`, of the columns.
    pub vocabulary: Arc<Vocabulary>,
    /// The words that `min_count` or `max_vocab` excluded from the vocabulary, if they are known.
    pub rare: Arc<Vocabulary>,
    /// The words of the columns of a rectangular matrix.
    pub contexts: Option<Arc<Vocabulary>>,
    /// The counts. If they exceed the memory limit, they are in a temporary file.
    pub counts: Triangle,
}

/// Read counts on all threads of the current rayon pool: a file of [`save`] or, with a `vocabulary`,
/// Stanford's records. The path `-` means standard input.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] with the byte offset for a file that is neither of the two, is
/// cut off or is damaged, and for any file that is not of [`save`] if there is no `vocabulary`;
/// [`Error::Parameter`] if a vocabulary is given for a file of [`save`], and for an archive of
/// several files; [`Error::Memory`]; [`Error::Cancelled`].
pub fn load(
    path: impl AsRef<Path>,
    vocabulary: Option<Arc<Vocabulary>>,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<LoadedCounts> {
    let input = Input::open_or_standard_input(path.as_ref(), monitor)?;
    load_from(input, vocabulary, memory, monitor)
}

/// Like [`load`], but for an open file whose position is its beginning.
///
/// # Errors
/// As for [`load`].
pub(crate) fn load_from(
    mut input: Input,
    vocabulary: Option<Arc<Vocabulary>>,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<LoadedCounts> {
    let is_native = input.peek(MAGIC.len())? == MAGIC;
    match (is_native, vocabulary) {
        (true, None) => load_native(input, memory, monitor),
        (false, Some(vocabulary)) => Ok(LoadedCounts {
            counts: read_cooccurrences(&mut input, vocabulary.len(), memory, monitor)?,
            vocabulary,
            rare: Arc::default(),
            contexts: None,
        }),
        (true, Some(_)) => {
            let message = "must be None for this file, which holds its own vocabulary";
            Err(Error::parameter("vocabulary", message))
        }
        (false, None) => Err(Error::format(
            input.path(),
            Location::Byte(0),
            "the file has no counts in the format of glove-rs; vocabulary must be given to read Stanford's \
             records",
        )),
    }
}

fn load_native(input: Input, memory: &MemoryLimit, monitor: &Monitor) -> Result<LoadedCounts> {
    let mut input = BinaryReader::new(input, monitor);
    let header = input.bytes(HEADER.length as u64)?;
    let header = HEADER
        .check(&header)
        .and_then(|numbers| match (numbers.version(), numbers.u32(12)) {
            (version, flags) if version_of(flags) == Some(version) => Ok(numbers),
            _ => Err(contradiction(12)),
        })
        .map_err(|(offset, message)| input.error(offset, message))?;
    let flags = header.u32(12);
    let (symmetric, is_rectangular) = (flags & 1 == 1, flags & RECTANGULAR != 0);
    let (words, other_words, blocks) = (header.u64(16), header.u64(40), header.u64(24));
    let start = input.offset;
    let lengths = [header.u64(32), header.u64(48)];
    let bytes = input.bytes(lengths[0].saturating_add(lengths[1]))?;
    if crc32fast::hash(&bytes) != header.u32(56) {
        return Err(input.error(start, "the vocabulary is damaged"));
    }
    let (chosen, others) = bytes.split_at(lengths[0] as usize);
    let vocabulary = read_vocabulary(&input, chosen, words, start, "vocabulary")?;
    let middle = start + lengths[0];
    let others = read_vocabulary(&input, others, other_words, middle, "vocabulary")?;
    let (rare, contexts) = if is_rectangular {
        (Vocabulary::default(), Some(Arc::new(others)))
    } else {
        (others, None)
    };
    let rows = if is_rectangular {
        words.max(other_words)
    } else {
        words
    };
    if let Some((word, _)) = rare.iter().find(|(w, _)| vocabulary.index_of(w).is_some()) {
        let word = String::from_utf8_lossy(word);
        let message = format!("the word {word:?} is both in the vocabulary and a rare word");
        return Err(input.error(start + lengths[0], message));
    }
    drop(bytes);
    let shape = is_rectangular.then_some([words, other_words]);
    let mut counts = read_rows(&mut input, rows, blocks, symmetric, shape, memory, monitor)?;
    if let Some(shape) = shape {
        counts = counts.rectangular(shape.map(|words| words as usize));
    }
    check_sum(&counts, input.input.path())?;
    if flags & ADJACENT != 0 {
        let offset = input.offset;
        let number = input.bytes(12)?;
        let (blocks, sum) = number.split_at(8);
        if crc32fast::hash(blocks).to_le_bytes() != sum {
            return Err(input.error(offset, "the number of blocks is damaged"));
        }
        let blocks = u64::from_le_bytes(*blocks.first_chunk().expect("8 bytes"));
        let (quarter, symmetric) = (memory.quarter(), flags & ADJACENT_SYMMETRIC != 0);
        let adjacent = read_rows(&mut input, rows, blocks, symmetric, None, &quarter, monitor)?;
        check_sum(&adjacent, input.input.path())?;
        counts = counts.with_adjacent(Some(Arc::new(adjacent)));
    }
    input.expect_end("counts")?;
    Ok(LoadedCounts {
        vocabulary: Arc::new(vocabulary),
        rare: Arc::new(rare),
        contexts,
        counts,
    })
}

/// Read a matrix of `rows` rows in `blocks` blocks. `shape` is that of a rectangular matrix.
fn read_rows(
    input: &mut BinaryReader,
    rows: u64,
    blocks: u64,
    symmetric: bool,
    shape: Option<[u64; 2]>,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Triangle> {
    let path = input.input.path().to_owned();
    let damaged = |offset, message| Error::format(&path, Location::Byte(offset), message);
    let mut writer = RowWriter::new(memory);
    let mut next = 0;
    let together = 4 * rayon::current_num_threads() as u64;
    let mut read = 0;
    while read < blocks {
        let batch = together.min(blocks - read);
        let encoded: Vec<(u64, Vec<u8>, u32)> = (0..batch)
            .map(|_| read_block(input))
            .collect::<Result<_>>()?;
        let decoded: Vec<Result<RowBlock>> = encoded
            .par_iter()
            .map(|(offset, bytes, sum)| {
                let is_whole = crc32fast::hash(bytes) == *sum;
                let block = if is_whole {
                    decode_foreign(bytes)?
                } else {
                    None
                };
                block
                    .filter(|block| block.has_both_directions() != symmetric)
                    .ok_or_else(|| damaged(*offset, "a block of counts is damaged"))
            })
            .collect();
        let blocks = decoded.into_iter().collect::<Result<Vec<_>>>()?;
        for (block, (offset, ..)) in blocks.iter().zip(&encoded) {
            if block.rows().start != next || u64::from(block.rows().end) > rows {
                return Err(damaged(*offset, "a block of counts is out of order"));
            }
            next = block.rows().end;
        }
        if let Some(shape) = shape
            && !blocks.iter().all(|block| lies_within(block, shape))
        {
            let offset = encoded.first().map_or(0, |(offset, ..)| *offset);
            return Err(damaged(
                offset,
                "counts lie outside the words of their rows or columns",
            ));
        }
        writer.push(blocks)?;
        read += batch;
        input.input.report(monitor)?;
    }
    if u64::from(next) != rows {
        return Err(input.error(input.offset, "the last rows of the counts are missing"));
    }
    Ok(writer.finish(rows as usize, symmetric))
}

/// Whether all records of a block lie in the first `shape[0]` rows and the first `shape[1]`
/// columns.
fn lies_within(block: &RowBlock, shape: [u64; 2]) -> bool {
    let mut inside = true;
    for row in block.rows() {
        block.row(row).for_each_record(|i, j, _| {
            inside &= u64::from(i) < shape[0] && u64::from(j) < shape[1];
        });
    }
    inside
}

/// Read the next block: its offset, its bytes, and the checksum that they should have.
fn read_block(input: &mut BinaryReader) -> Result<(u64, Vec<u8>, u32)> {
    let offset = input.offset;
    let prefix = input.bytes(12)?;
    let length = u64::from_le_bytes(*prefix.first_chunk().expect("12 bytes"));
    let sum = u32::from_le_bytes(*prefix[8..].first_chunk().expect("12 bytes"));
    Ok((offset, input.bytes(length)?, sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Vocabulary, Vocabulary, Triangle) {
        let vocabulary = Vocabulary::new([("the", 5), ("été", 3), ("x", 2)]).unwrap();
        let rare = Vocabulary::new([("hapax", 1)]).unwrap();
        let counts = Triangle::assemble(3, &Monitor::new(), |pair| {
            pair(0, 0, 2.0, 0.0);
            pair(0, 2, 0.25, 1.0 / 3.0);
            pair(2, 1, 1e-9, 0.0);
            Ok(())
        });
        (vocabulary, rare, counts.unwrap())
    }

    fn words<'a>(vocabulary: &'a Vocabulary, rare: &'a Vocabulary) -> Vocabularies<'a> {
        Vocabularies {
            vocabulary,
            rare,
            contexts: None,
        }
    }

    fn read(path: &Path) -> Result<LoadedCounts> {
        load(path, None, &MemoryLimit::default(), &Monitor::new())
    }

    fn same(a: &Triangle, b: &Triangle) -> bool {
        a.to_csr(&Monitor::new()).unwrap() == b.to_csr(&Monitor::new()).unwrap()
            && a.nnz() == b.nnz()
            && a.total() == b.total()
    }

    #[test]
    fn counts_come_back_with_their_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counts");
        let (vocabulary, rare, counts) = sample();
        save(&counts, words(&vocabulary, &rare), &path, &Monitor::new()).unwrap();
        let loaded = read(&path).unwrap();
        assert!(*loaded.vocabulary == vocabulary && *loaded.rare == rare);
        assert!(same(&loaded.counts, &counts) && !loaded.counts.symmetric);
        let (vocabulary, rare, counts) = sample();
        let little = MemoryLimit::new(Some(0), None);
        save(&counts, words(&vocabulary, &rare), &path, &Monitor::new()).unwrap();
        let on_disk = load(&path, None, &little, &Monitor::new()).unwrap().counts;
        assert!(on_disk.is_on_disk() && same(&on_disk, &counts));
    }

    #[test]
    fn counts_of_adjacent_words_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counts");
        let (vocabulary, rare, _) = sample();
        for is_symmetric in [true, false] {
            let adjacent = Triangle::assemble(3, &Monitor::new(), |pair| {
                pair(0, 1, 2.0, if is_symmetric { 2.0 } else { 0.0 });
                pair(2, 2, 1.0, 0.0);
                Ok(())
            })
            .unwrap();
            assert_eq!(adjacent.symmetric, is_symmetric);
            let counts = sample().2.with_adjacent(Some(Arc::new(adjacent)));
            save(&counts, words(&vocabulary, &rare), &path, &Monitor::new()).unwrap();
            let loaded = read(&path).unwrap().counts;
            assert!(same(&loaded, &counts));
            let [found, expected] = [&loaded, &counts].map(|counts| counts.adjacent().unwrap());
            assert!(same(found, expected));
        }
        assert_damage_is_noticed(&path);
        let empty = Vocabulary::default();
        let none = || Triangle::assemble(0, &Monitor::new(), |_| Ok(())).unwrap();
        let counts = none().with_adjacent(Some(Arc::new(none())));
        save(&counts, words(&empty, &empty), &path, &Monitor::new()).unwrap();
        assert_eq!(read(&path).unwrap().counts.adjacent().unwrap().words, 0);
    }

    #[test]
    fn rectangular_counts_come_back_with_both_vocabularies() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counts");
        let users = Vocabulary::new([("ann", 2), ("bob", 1)]).unwrap();
        let films = Vocabulary::new([("ann", 1), ("m1", 1), ("m2", 1)]).unwrap();
        let counts = Triangle::assemble(3, &Monitor::new(), |pair| {
            pair(0, 2, 4.0, 0.0);
            pair(0, 0, 1.0, 0.0);
            pair(1, 1, 5.0, 0.0);
            Ok(())
        });
        let counts = counts.unwrap().rectangular([2, 3]);
        let rare = Vocabulary::default();
        let named = Vocabularies {
            contexts: Some(&films),
            ..words(&users, &rare)
        };
        save(&counts, named, &path, &Monitor::new()).unwrap();
        let loaded = read(&path).unwrap();
        assert!(*loaded.vocabulary == users && loaded.rare.is_empty());
        assert_eq!(loaded.contexts.as_deref(), Some(&films));
        assert!(same(&loaded.counts, &counts));
        assert_eq!(loaded.counts.shape(), [2, 3]);
        assert_damage_is_noticed(&path);
    }

    /// Check that a change of any byte of a file of counts, a cut before any byte and additional
    /// bytes at the end are errors.
    fn assert_damage_is_noticed(path: &Path) {
        let good = std::fs::read(path).unwrap();
        for position in 0..good.len() {
            let mut bytes = good.clone();
            bytes[position] ^= 0x41;
            std::fs::write(path, &bytes).unwrap();
            assert!(
                matches!(read(path), Err(Error::Format { .. })),
                "byte {position}"
            );
            std::fs::write(path, &good[..position]).unwrap();
            assert!(
                matches!(read(path), Err(Error::Format { .. })),
                "cut at {position}"
            );
        }
        std::fs::write(path, [&good[..], b"more"].concat()).unwrap();
        assert!(matches!(read(path), Err(Error::Format { .. })));
    }

    #[test]
    fn no_damage_goes_unnoticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counts");
        let (vocabulary, rare, counts) = sample();
        save(&counts, words(&vocabulary, &rare), &path, &Monitor::new()).unwrap();
        assert_damage_is_noticed(&path);
    }
}
