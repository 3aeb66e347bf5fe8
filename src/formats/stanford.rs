//! The files of Stanford's tools (DESIGN section 8).

use super::atomic::{at, write_atomically};
use super::combine::Combine;
use super::component::Component;
use super::input::Input;
use super::load::Loaded;
use super::words::WordList;
use crate::cooccurrence::Triangle;
use crate::error::{Error, Location, Result};
use crate::monitor::Monitor;
use crate::vocabulary::{Vocabulary, WordId};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

/// Write `word SP count LF` lines.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for a word with a space or newline, which the format cannot
/// hold.
pub fn save_vocabulary(vocabulary: &Vocabulary, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    write_atomically(path, |out| {
        for (word, count) in vocabulary.iter() {
            if word.iter().any(|b| b" \t\n".contains(b)) {
                return Err(Error::parameter(
                    "words",
                    format!(
                        "must not contain spaces or newlines in this format: {:?}",
                        String::from_utf8_lossy(word)
                    ),
                ));
            }
            at(path, out.write_all(word))?;
            at(path, writeln!(out, " {count}"))?;
        }
        Ok(())
    })
}

/// Read `word SP count LF` lines; the last space of a line separates.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] with the line.
pub fn load_vocabulary(path: impl AsRef<Path>) -> Result<Vocabulary> {
    let path = path.as_ref();
    let file = open(path)?;
    let mut words = Vec::new();
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if at(path, reader.read_until(b'\n', &mut line))? == 0 {
            break;
        }
        while line.last().is_some_and(|b| b"\r\n".contains(b)) {
            line.pop();
        }
        if line.is_empty() {
            continue;
        }
        let bad = |what: &str| Error::format(path, Location::Line(number), what);
        let space = line
            .iter()
            .rposition(|b| b" \t".contains(b))
            .ok_or_else(|| bad("expected a word, a space and a count"))?;
        let count = std::str::from_utf8(&line[space + 1..])
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| bad("the count is not a whole number"))?;
        let word = &line[..space];
        if word.is_empty() {
            return Err(bad("the word is empty"));
        }
        if std::str::from_utf8(word).is_err() {
            return Err(bad("the word is not valid UTF-8"));
        }
        words.push((word.to_vec(), count));
    }
    if words.is_empty() {
        return Err(Error::format(path, Location::Line(1), "there are no words"));
    }
    Vocabulary::new(words).map_err(|e| Error::format(path, Location::Line(1), format!("the {e}")))
}

const RECORD: usize = 16;

/// Write 16-byte records, sorted by (word1, word2), indices from 1.
///
/// # Errors
/// [`Error::Io`].
pub fn save_cooccurrences(counts: &Triangle, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let (starts, columns, values) = counts.to_csr()?;
    write_atomically(path, |out| {
        for row in 0..counts.words {
            for entry in starts[row] as usize..starts[row + 1] as usize {
                let mut record = [0; RECORD];
                record[..4].copy_from_slice(&(row as i32 + 1).to_le_bytes());
                record[4..8].copy_from_slice(&(columns[entry] + 1).to_le_bytes());
                record[8..].copy_from_slice(&values[entry].to_le_bytes());
                at(path, out.write_all(&record))?;
            }
        }
        Ok(())
    })
}

/// Read 16-byte records in any order, in the order of the file, indices made to start from 0.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] with the byte offset: a length that is not a multiple of 16, an
/// index outside 1..=`words`, or a count that is not a finite number above 0.
pub fn load_records(path: impl AsRef<Path>, words: usize) -> Result<Vec<(WordId, WordId, f64)>> {
    let path = path.as_ref();
    let mut bytes = Vec::new();
    at(path, open(path)?.read_to_end(&mut bytes))?;
    let (records, rest) = bytes.as_chunks::<RECORD>();
    if !rest.is_empty() {
        return Err(Error::format(
            path,
            Location::Byte((bytes.len() - rest.len()) as u64),
            format!(
                "the last record is cut off: {} bytes of {RECORD}",
                rest.len()
            ),
        ));
    }
    records
        .iter()
        .enumerate()
        .map(|(number, record)| {
            let index = |at: usize| -> Result<WordId> {
                let index = i32::from_le_bytes(*record[at..].first_chunk().expect("4 bytes"));
                if index < 1 || index as usize > words {
                    return Err(Error::format(
                        path,
                        Location::Byte((number * RECORD + at) as u64),
                        format!("word index {index} is outside the vocabulary of {words} words"),
                    ));
                }
                Ok(index as WordId - 1)
            };
            let x = f64::from_le_bytes(*record[8..].first_chunk().expect("8 bytes"));
            if !(x.is_finite() && x > 0.0) {
                return Err(Error::format(
                    path,
                    Location::Byte((number * RECORD + 8) as u64),
                    format!("count {x} is not a finite number above 0"),
                ));
            }
            Ok((index(0)?, index(4)?, x))
        })
        .collect()
}

/// Read the vectors of the first `most` words from the `.bin` of `glove`: V rows of weights and a bias
/// for W, then as many for W̃, all f64.
pub(super) fn load_vectors<E: Component>(
    path: &Path,
    vocabulary: &Vocabulary,
    combine: Combine,
    most: usize,
    monitor: &Monitor,
) -> Result<Loaded<E>> {
    let words: WordList = vocabulary.iter().map(|(word, _)| word).take(most).collect();
    // W and W̃ are read side by side, so the file is opened twice.
    if !at(path, fs::metadata(path))?.is_file() {
        drop(open(path)?);
        return Err(Error::io(path, std::io::ErrorKind::NotSeekable.into()));
    }
    let size = content_size(path)?;
    let numbers = 2 * vocabulary.len() as u64;
    let row = size / 8 / numbers.max(1);
    if row * 8 * numbers != size || row < 2 {
        return Err(Error::format(
            path,
            Location::Byte(size),
            format!(
                "{size} bytes are not 2 rows of 8-byte numbers for each of the vocabulary's {} words",
                vocabulary.len()
            ),
        ));
    }
    let dim = row as usize - 1;
    let (mut w, mut w_tilde) = (Input::open(path)?, Input::open(path)?);
    w.begin(monitor);
    w_tilde.skip(size / 2)?;
    let mut matrix = Vec::with_capacity(words.len() * combine.components(dim));
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..words.len() {
        for (input, bytes) in [(&mut w, &mut a), (&mut w_tilde, &mut b)] {
            input.exactly(row * 8, bytes, || {
                Error::format(path, Location::Byte(size), "the file is cut off")
            })?;
        }
        combine.extend(
            &mut matrix,
            &a.as_chunks().0[..dim],
            &b.as_chunks().0[..dim],
        );
        w.report(monitor)?;
    }
    Ok(Loaded {
        words,
        matrix,
        dim: combine.components(dim),
        repeated: WordList::default(),
        doubtful: WordList::default(),
    })
}

/// Bytes of a file, unpacked.
fn content_size(path: &Path) -> Result<u64> {
    let mut input = Input::open(path)?;
    match input.content_size() {
        Some(size) => Ok(size),
        None => input.skip(u64::MAX),
    }
}

/// Open for reading, refusing directories as such.
pub(crate) fn open(path: &Path) -> Result<fs::File> {
    let file = at(path, fs::File::open(path))?;
    if at(path, file.metadata())?.is_dir() {
        return Err(Error::io(path, std::io::ErrorKind::IsADirectory.into()));
    }
    Ok(file)
}
