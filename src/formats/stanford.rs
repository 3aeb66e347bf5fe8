//! The files of Stanford's tools (DESIGN section 8).

mod parameters;
mod records;

pub(super) use parameters::load_vectors;
pub use parameters::{load_parameters, save_parameters};
pub use records::{load_cooccurrences, save_cooccurrences, shuffle};

use crate::error::{Error, Location, Result};
use crate::io::{at, write_atomically};
use crate::monitor::Monitor;
use crate::vocabulary::Vocabulary;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// Write `word SP count LF` lines.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for a word with a space or newline, which the format cannot
/// hold.
pub fn save_vocabulary(
    vocabulary: &Vocabulary,
    path: impl AsRef<Path>,
    monitor: &Monitor,
) -> Result<()> {
    let path = path.as_ref();
    write_atomically(path, monitor, |out| {
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

/// Open for reading, refusing directories as such.
pub(crate) fn open(path: &Path) -> Result<fs::File> {
    let file = at(path, fs::File::open(path))?;
    if at(path, file.metadata())?.is_dir() {
        return Err(Error::io(path, std::io::ErrorKind::IsADirectory.into()));
    }
    Ok(file)
}
