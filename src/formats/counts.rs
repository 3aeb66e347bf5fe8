//! The native file of co-occurrence counts, with the vocabulary they belong to.
//!
//! All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `gloveCNT` |
//! | 4 | version, 3 |
//! | 4 | 1 if the matrix is symmetric, else 0 |
//! | 8 + 8 | words, blocks |
//! | 8 | bytes of the vocabulary |
//! | 8 + 8 | rare words, which the vocabulary leaves out; bytes of them |
//! | 4 + 4 | CRC-32 of the vocabulary and the rare words, CRC-32 of the 60 bytes so far |
//! | … | vocabulary: length and count of each word as LEB128, then all words' bytes |
//! | … | rare words: the same |
//! | per block | bytes of the block (8), its CRC-32 (4), the block as `cooccurrence::spill::encode` writes it |
//!
//! Rows of the blocks follow each other from 0 to the last word; nothing follows the last block.

use super::atomic::{at, settle, write_atomically, write_durably};
use super::stanford::open;
use crate::cooccurrence::spill::{decode, encode, put_number, take_number};
use crate::cooccurrence::{RowBlock, RowSink, Triangle};
use crate::error::{Error, Location, Result};
use crate::memory::MemoryLimit;
use crate::monitor::{Monitor, Stage};
use crate::vocabulary::Vocabulary;
use rayon::prelude::*;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

/// What the file begins with.
pub const MAGIC: &[u8; 8] = b"gloveCNT";
const VERSION: u32 = 3;
const HEADER: usize = 64;

/// Write `counts`, their `vocabulary` and the words that are too `rare` for it, as far as they are
/// known; encoding on all threads of the current rayon pool. With `durably` it would outlive the
/// machine's failing right afterwards.
///
/// # Errors
/// [`Error::Io`]; [`Error::Cancelled`].
pub fn save(
    counts: &Triangle,
    vocabulary: &Vocabulary,
    rare: &Vocabulary,
    path: impl AsRef<Path>,
    durably: bool,
    monitor: &Monitor,
) -> Result<()> {
    let path = path.as_ref();
    let mut words = encode_vocabulary(vocabulary);
    let vocabulary_bytes = words.len();
    words.extend(encode_vocabulary(rare));
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&VERSION.to_le_bytes());
    header.extend_from_slice(&u32::from(counts.symmetric).to_le_bytes());
    header.extend_from_slice(&(counts.words as u64).to_le_bytes());
    header.extend_from_slice(&(counts.blocks() as u64).to_le_bytes());
    header.extend_from_slice(&(vocabulary_bytes as u64).to_le_bytes());
    header.extend_from_slice(&(rare.len() as u64).to_le_bytes());
    header.extend_from_slice(&((words.len() - vocabulary_bytes) as u64).to_le_bytes());
    header.extend_from_slice(&crc32fast::hash(&words).to_le_bytes());
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    let fill = |out: &mut BufWriter<&File>| {
        at(path, out.write_all(&header))?;
        at(path, out.write_all(&words))?;
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
            if durably {
                at(path, settle(out))?;
            }
        }
        Ok(())
    };
    if durably {
        write_durably(path, fill)
    } else {
        write_atomically(path, fill)
    }
}

/// Read what [`save`] wrote, decoding on all threads of the current rayon pool: the vocabulary, the
/// words too rare for it, the counts, which beyond the memory limit go to a temporary file.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] with the byte offset for anything that is not such a file,
/// truncated or damaged; [`Error::Cancelled`].
pub fn load(
    path: impl AsRef<Path>,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<(Vocabulary, Vocabulary, Triangle)> {
    let path = path.as_ref();
    let file = open(path)?;
    let size = at(path, file.metadata())?.len();
    let mut input = Input {
        path,
        reader: BufReader::with_capacity(1 << 20, file),
        offset: 0,
        size,
    };
    let header = input.take(HEADER as u64)?;
    let u32_at =
        |at: usize| u32::from_le_bytes(*header[at..].first_chunk().expect("in the header"));
    let u64_at =
        |at: usize| u64::from_le_bytes(*header[at..].first_chunk().expect("in the header"));
    if &header[..8] != MAGIC {
        return Err(input.bad(0, "not a file of co-occurrence counts of glove-rs"));
    }
    if u32_at(8) != VERSION {
        let message = format!(
            "version {} of the format; this glove-rs reads {VERSION}",
            u32_at(8)
        );
        return Err(input.bad(8, &message));
    }
    if crc32fast::hash(&header[..60]) != u32_at(60) || u32_at(12) > 1 {
        return Err(input.bad(0, "the header is damaged"));
    }
    let (symmetric, words, blocks) = (u32_at(12) == 1, u64_at(16), u64_at(24));
    let start = input.offset;
    let lengths = [u64_at(32), u64_at(48)];
    let bytes = input.take(lengths[0].saturating_add(lengths[1]))?;
    let (kept, left_out) = bytes.split_at(lengths[0] as usize);
    let (vocabulary, rare) = (crc32fast::hash(&bytes) == u32_at(56))
        .then(|| {
            let vocabulary = decode_vocabulary(kept, words)?;
            Some((vocabulary, decode_vocabulary(left_out, u64_at(40))?))
        })
        .flatten()
        .ok_or_else(|| input.bad(start, "the vocabulary is damaged"))?;
    monitor.begin(Stage::Loading, size);
    let mut sink = RowSink::new(memory);
    let mut next = 0;
    let together = 4 * rayon::current_num_threads() as u64;
    let mut read = 0;
    while read < blocks {
        let batch = together.min(blocks - read);
        let encoded: Vec<(u64, Vec<u8>, u32)> =
            (0..batch).map(|_| input.block()).collect::<Result<_>>()?;
        let decoded: Vec<Result<RowBlock>> = encoded
            .par_iter()
            .map(|(offset, bytes, sum)| {
                let is_whole = crc32fast::hash(bytes) == *sum;
                let block = if is_whole { decode(bytes)? } else { None };
                block
                    .filter(|block| block.has_both_directions() != symmetric)
                    .ok_or_else(|| input.bad(*offset, "a block of counts is damaged"))
            })
            .collect();
        let blocks = decoded.into_iter().collect::<Result<Vec<_>>>()?;
        for (block, (offset, ..)) in blocks.iter().zip(&encoded) {
            if block.rows().start != next || u64::from(block.rows().end) > words {
                return Err(input.bad(*offset, "a block of counts is out of order"));
            }
            next = block.rows().end;
        }
        sink.push(blocks)?;
        read += batch;
        monitor.advance(encoded.iter().map(|(_, bytes, _)| bytes.len() as u64).sum())?;
    }
    if u64::from(next) != words || input.offset != size {
        return Err(input.bad(input.offset, "the file does not end with the last row"));
    }
    Ok((vocabulary, rare, sink.finish(words as usize, symmetric)))
}

/// Whether the file begins as one that [`save`] wrote.
///
/// # Errors
/// [`Error::Io`].
pub fn is_native(path: impl AsRef<Path>) -> Result<bool> {
    let path = path.as_ref();
    let mut magic = Vec::new();
    let mut file = open(path)?.take(MAGIC.len() as u64);
    at(path, file.read_to_end(&mut magic))?;
    Ok(magic == MAGIC)
}

struct Input<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    offset: u64,
    size: u64,
}

impl Input<'_> {
    fn bad(&self, offset: u64, message: &str) -> Error {
        Error::format(self.path, Location::Byte(offset), message)
    }

    fn take(&mut self, length: u64) -> Result<Vec<u8>> {
        // Checked against the size first: a damaged length must not reserve memory.
        if length > self.size - self.offset.min(self.size) {
            return Err(self.bad(self.size, "the file is cut off"));
        }
        let mut bytes = vec![0; length as usize];
        at(self.path, self.reader.read_exact(&mut bytes))?;
        self.offset += length;
        Ok(bytes)
    }

    fn block(&mut self) -> Result<(u64, Vec<u8>, u32)> {
        let offset = self.offset;
        let prefix = self.take(12)?;
        let length = u64::from_le_bytes(*prefix.first_chunk().expect("12 bytes"));
        let sum = u32::from_le_bytes(*prefix[8..].first_chunk().expect("12 bytes"));
        Ok((offset, self.take(length)?, sum))
    }
}

fn encode_vocabulary(vocabulary: &Vocabulary) -> Vec<u8> {
    let mut out = Vec::new();
    for (word, count) in vocabulary.iter() {
        put_number(&mut out, word.len() as u64);
        put_number(&mut out, count);
    }
    vocabulary
        .iter()
        .for_each(|(word, _)| out.extend_from_slice(word));
    out
}

fn decode_vocabulary(bytes: &[u8], words: u64) -> Option<Vocabulary> {
    let input = &mut &*bytes;
    let mut sizes = Vec::new();
    for _ in 0..words {
        sizes.push((
            usize::try_from(take_number(input)?).ok()?,
            take_number(input)?,
        ));
    }
    let mut pairs = Vec::with_capacity(sizes.len());
    for (length, count) in sizes {
        let (word, rest) = input.split_at_checked(length)?;
        std::str::from_utf8(word).ok()?;
        pairs.push((word, count));
        *input = rest;
    }
    input
        .is_empty()
        .then(|| Vocabulary::new(pairs).ok())
        .flatten()
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

    fn read(path: &Path) -> Result<(Vocabulary, Vocabulary, Triangle)> {
        load(path, &MemoryLimit::default(), &Monitor::new())
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
        for durably in [false, true] {
            save(&counts, &vocabulary, &rare, &path, durably, &Monitor::new()).unwrap();
            assert!(is_native(&path).unwrap());
            let (words, left_out, loaded) = read(&path).unwrap();
            assert!(words == vocabulary && left_out == rare && same(&loaded, &counts));
            assert!(!loaded.symmetric);
        }
        let (vocabulary, rare, counts) = sample();
        let little = MemoryLimit::new(Some(0), None);
        save(&counts, &vocabulary, &rare, &path, false, &Monitor::new()).unwrap();
        let (.., on_disk) = load(&path, &little, &Monitor::new()).unwrap();
        assert!(on_disk.is_on_disk() && same(&on_disk, &counts));
    }

    #[test]
    fn no_damage_goes_unnoticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counts");
        let (vocabulary, rare, counts) = sample();
        save(&counts, &vocabulary, &rare, &path, false, &Monitor::new()).unwrap();
        let good = std::fs::read(&path).unwrap();
        for place in 0..good.len() {
            let mut bytes = good.clone();
            bytes[place] ^= 0x41;
            std::fs::write(&path, &bytes).unwrap();
            assert!(
                matches!(read(&path), Err(Error::Format { .. })),
                "byte {place}"
            );
            std::fs::write(&path, &good[..place]).unwrap();
            assert!(
                matches!(read(&path), Err(Error::Format { .. })),
                "cut at {place}"
            );
        }
        std::fs::write(&path, [&good[..], b"more"].concat()).unwrap();
        assert!(matches!(read(&path), Err(Error::Format { .. })));
    }
}
