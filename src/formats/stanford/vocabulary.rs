//! Vocabularies of `vocab_count`: lines of `word SP count LF`.

use crate::error::{Error, Location, Result};
use crate::io::Input;
use crate::io::Written;
use crate::io::charset::OnInvalid;
use crate::io::{at, write_atomically};
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::Vocabulary;
use std::io::Write;
use std::path::Path;

/// Largest number of bytes of a line.
const LONGEST_LINE: usize = 16 << 20;
/// Least number of bytes to read at a time; few in tests, so that lines are longer than a block.
const READ_BYTES: usize = if cfg!(test) { 8 } else { 1 << 20 };

/// Write `word SP count LF` lines.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for a word with a space, tab or newline, which the format cannot hold, for an
/// empty name, and for a name with the ending of another format; [`Error::Cancelled`].
pub fn save_vocabulary(
    vocabulary: &Vocabulary,
    path: impl AsRef<Path>,
    monitor: &Monitor,
) -> Result<()> {
    let path = path.as_ref();
    Written::VOCABULARY.check(path)?;
    write_atomically(path, monitor, |out| {
        for (word, count) in vocabulary.iter() {
            if word.iter().any(|b| b" \t\n".contains(b)) {
                return Err(Error::parameter(
                    "words",
                    format!(
                        "must not contain spaces, tabs or newlines in this format: {:?}",
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

/// Read `word SP count LF` lines. The last space or tab of a line separates word and count. The path `-` means
/// standard input.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for an archive of several files; [`Error::Format`] with the
/// line, which is line 1 if the file has no words; [`Error::Memory`]; [`Error::Cancelled`].
pub fn load_vocabulary(path: impl AsRef<Path>, monitor: &Monitor) -> Result<Vocabulary> {
    load_vocabulary_from(
        Input::open_or_standard_input(path.as_ref(), monitor)?,
        monitor,
    )
}

/// Like [`load_vocabulary`], but for an open file whose position is its beginning.
///
/// # Errors
/// As for [`load_vocabulary`].
pub(crate) fn load_vocabulary_from(mut input: Input, monitor: &Monitor) -> Result<Vocabulary> {
    let path = &input.path().to_owned();
    input.begin(monitor);
    input.decode(OnInvalid::Strict)?;
    let mut vocabulary = Vocabulary::default();
    let (mut block, mut rest) = (Vec::new(), Vec::new());
    let mut number = 0;
    let mut lines = WordLines::default();
    loop {
        // Read at least as many bytes as the unfinished line already has: otherwise a long line would be
        // searched for its end many times.
        let more = block.len().max(READ_BYTES);
        let at_end = input.fill(&mut block, more)?;
        let mut start = 0;
        let last = (at_end && !block.ends_with(b"\n")).then_some(block.len());
        for end in memchr::memchr_iter(b'\n', &block).chain(last) {
            number += 1;
            let bad = |what: &str| Error::format(path, Location::Line(number), what);
            if let Some((word, count)) = parse_line(&block[start..end]).map_err(bad)? {
                let added = vocabulary.add(word, count);
                added.map_err(|e| malformed(e, path, number))?;
                lines.add(vocabulary.len(), number)?;
            }
            start = (end + 1).min(block.len());
        }
        if at_end {
            break;
        }
        if block.len() - start > LONGEST_LINE {
            let message = format!("the line is longer than {LONGEST_LINE} bytes");
            return Err(Error::format(path, Location::Line(number + 1), message));
        }
        rest.clear();
        rest.extend_from_slice(&block[start..]);
        std::mem::swap(&mut block, &mut rest);
        input.report(monitor)?;
    }
    if vocabulary.is_empty() {
        return Err(Error::format(path, Location::Line(1), "there are no words"));
    }
    vocabulary.all_different_or(|rank, error| malformed(error, path, lines.of(rank)))
}

/// The line numbers of the words of a file. The line number of a word is its rank, counted from 1, plus the number of
/// empty lines before it. Only these numbers of empty lines are stored.
#[derive(Default)]
struct WordLines {
    /// For each group of words without empty lines between them: the rank of its first word, and the number of empty
    /// lines before it.
    groups: Vec<(usize, u64)>,
}

impl WordLines {
    /// Note that number `words` of the words, counted from 1, is in line number `line`.
    fn add(&mut self, words: usize, line: u64) -> Result<()> {
        let empty = line - words as u64;
        if self.groups.last().map_or(0, |last| last.1) != empty {
            fallible::push(&mut self.groups, (words - 1, empty))?;
        }
        Ok(())
    }

    /// The number of the line of the word of this rank.
    fn of(&self, rank: usize) -> u64 {
        let groups = self.groups.partition_point(|group| group.0 <= rank);
        let empty = groups.checked_sub(1).map_or(0, |last| self.groups[last].1);
        rank as u64 + 1 + empty
    }
}

/// Turn the error for a word or a count that [`Vocabulary`] refuses into a format error of the
/// file.
fn malformed(error: Error, path: &Path, line: u64) -> Error {
    match error {
        Error::Parameter { .. } => {
            Error::format(path, Location::Line(line), format!("the {error}"))
        }
        other => other,
    }
}

/// The word and the count of a line; `None` if the line is empty.
fn parse_line(line: &[u8]) -> std::result::Result<Option<(&[u8], u64)>, &'static str> {
    let ends = line.iter().rposition(|b| *b != b'\r');
    let Some(line) = ends.map(|last| &line[..=last]) else {
        return Ok(None);
    };
    let space = line
        .iter()
        .rposition(|b| b" \t".contains(b))
        .ok_or("expected a word, a space and a count")?;
    let count = std::str::from_utf8(&line[space + 1..])
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or("the count is not a whole number")?;
    let word = &line[..space];
    if word.is_empty() {
        return Err("the word is empty");
    }
    if std::str::from_utf8(word).is_err() {
        return Err("the word is not valid UTF-8");
    }
    Ok(Some((word, count)))
}
