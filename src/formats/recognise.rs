//! Recognises what a file is: by [`file_kind`](crate::file_kind) if its beginning shows it, else by trying to read it
//! as a vocabulary and as vectors.

use super::vectors;
use crate::error::{Error, Location, Result};
use crate::file_kind::{
    BEGINNING_BYTES, FileKind, UTF8_MARK, Wanted, has_mark, is_text, is_vocabulary,
};
use crate::io::Input;
#[cfg(feature = "python")]
use crate::io::charset::OnInvalid;
use crate::monitor::Monitor;
use std::path::Path;

/// The kind of the file at `path`, compressed or not. Only its beginning is read.
///
/// # Errors
/// [`Error::Io`], also for a folder; [`Error::Format`] if the file is compressed and damaged;
/// [`Error::Memory`]; [`Error::Cancelled`].
pub fn recognise(path: impl AsRef<Path>, monitor: &Monitor) -> Result<FileKind> {
    let path = path.as_ref();
    let mut input = match Input::open(path, monitor) {
        // The archive has several files, and the path names none of them.
        Err(Error::Parameter { .. }) => return Ok(FileKind::Archive),
        opened => opened?,
    };
    recognise_input(&mut input)
}

/// Like [`recognise`], but for an open file whose position is its beginning. The position does not change.
pub(crate) fn recognise_input(input: &mut Input) -> Result<FileKind> {
    let beginning = input.peek(BEGINNING_BYTES)?;
    let whole = beginning.len() < BEGINNING_BYTES;
    if let Some(kind) = FileKind::of_beginning(beginning, whole) {
        return Ok(kind);
    }
    if has_mark(beginning) {
        return Ok(FileKind::Text);
    }
    let has_text = is_text(beginning);
    if has_text && is_vocabulary(&rows(beginning, whole)) {
        return Ok(FileKind::Vocabulary);
    }
    Ok(if vectors::are_vectors(input)? {
        FileKind::Vectors
    } else if has_text {
        FileKind::Text
    } else {
        FileKind::Unknown
    })
}

/// The length of the signatures of this package's binary files, in bytes.
const SHORTEST: usize = 8;

/// Return `result`, except if it is a format error and the file at `path` is of another kind than
/// `wanted`. In this case, return an error that says what the file is.
///
/// # Errors
/// That of `result`, or [`Error::Format`] that says what the file is.
pub fn explained<T>(
    result: Result<T>,
    path: &Path,
    wanted: Wanted,
    monitor: &Monitor,
) -> Result<T> {
    let error = match result {
        Err(error @ Error::Format { .. }) => error,
        result => return result,
    };
    // A pipe cannot be read again.
    if !path.is_file() && !crate::io::is_member(path) {
        return Err(error);
    }
    // If the error is in a later line, the first line is well-formed. Then the error stays as it is, unless the
    // beginning of the file shows another kind of file.
    let is_inside =
        matches!(&error, Error::Format { location: Location::Line(line), .. } if *line > 1);
    let kind = Input::open(path, monitor).and_then(|mut input| {
        let beginning = input.peek(BEGINNING_BYTES)?;
        let told = FileKind::of_beginning(beginning, beginning.len() < BEGINNING_BYTES);
        // A file that is shorter than a signature may be cut off: do not guess what it is.
        if is_inside || beginning.len() < SHORTEST {
            return Ok(told.filter(|kind| *kind != FileKind::Empty));
        }
        recognise_input(&mut input).map(Some)
    });
    let kind = kind.unwrap_or_default();
    let refused = kind.and_then(|kind| kind.refused(path, wanted));
    Err(refused.unwrap_or(error))
}

/// The text of a file that is open, without its byte order mark.
///
/// # Errors
/// [`Error::Format`] with the line of the first byte that is not UTF-8, and for a file that is recognised as
/// a binary file or as a format that glove-rs does not read; [`Error::Io`]; [`Error::Memory`];
/// [`Error::Cancelled`].
#[cfg(feature = "python")]
pub(crate) fn read_text(mut input: Input, wanted: Wanted) -> Result<String> {
    let beginning = input.peek(BEGINNING_BYTES)?;
    let kind = FileKind::of_beginning(beginning, beginning.len() < BEGINNING_BYTES);
    // Refuse only formats that glove-rs does not read, and files that are not text. A text may look like vectors or a
    // vocabulary, as lines of rated pairs of words do, and is still read.
    let is_other = |kind: &FileKind| matches!(kind, FileKind::Foreign(_)) || !is_text(beginning);
    let foreign = kind.filter(is_other);
    let path = input.path().to_owned();
    if let Some(refused) = foreign.and_then(|kind| kind.refused(&path, wanted)) {
        return Err(refused);
    }
    input.decode(OnInvalid::Strict)?;
    let mut bytes = Vec::new();
    while !input.fill(&mut bytes, 1 << 20)? {}
    String::from_utf8(bytes).map_err(|error| {
        let (bytes, at) = (error.as_bytes(), error.utf8_error().valid_up_to());
        let line = memchr::memchr_iter(b'\n', &bytes[..at]).count() as u64 + 1;
        let message = format!("not UTF-8 (byte 0x{:02x})", bytes[at]);
        Error::format(&path, Location::Line(line), message)
    })
}

/// The number of lines of a text, and the beginning of its first line: at most 400 bytes.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] if the file is compressed and damaged; [`Error::Memory`]; [`Error::Cancelled`].
#[cfg(feature = "python")]
pub(crate) fn count_lines(mut input: Input, monitor: &Monitor) -> Result<(u64, String)> {
    const SHOWN: usize = 400;
    input.decode(OnInvalid::Replace)?;
    let (mut lines, mut first, mut last) = (0, None, b'\n');
    let mut block = Vec::new();
    loop {
        block.clear();
        let at_end = input.fill(&mut block, 1 << 20)?;
        monitor.check()?;
        first.get_or_insert_with(|| {
            let line = block.split(|b| *b == b'\n').next().unwrap_or_default();
            String::from_utf8_lossy(&line[..line.len().min(SHOWN)]).into_owned()
        });
        lines += memchr::memchr_iter(b'\n', &block).count() as u64;
        last = block.last().copied().unwrap_or(last);
        if at_end {
            return Ok((lines + u64::from(last != b'\n'), first.unwrap_or_default()));
        }
    }
}

/// The non-empty lines of `beginning`, without carriage returns at their ends. If `beginning` is not the `whole` file,
/// its last line may be cut and is left out.
fn rows(beginning: &[u8], whole: bool) -> Vec<&[u8]> {
    let text = beginning.strip_prefix(UTF8_MARK).unwrap_or(beginning);
    let mut lines: Vec<&[u8]> = text.split(|b| *b == b'\n').collect();
    if !whole {
        lines.pop();
    }
    let lines = lines.into_iter();
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(content: &[u8]) -> FileKind {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        recognise(file.path(), &Monitor::new()).unwrap()
    }

    #[test]
    fn files_without_a_signature_are_recognised_by_their_content() {
        let records: Vec<u8> = [(1_i32, 2_i32, 0.5_f64), (2, 1, 0.5)]
            .iter()
            .flat_map(|(i, j, x)| {
                [&i.to_le_bytes()[..], &j.to_le_bytes(), &x.to_le_bytes()].concat()
            })
            .collect();
        assert_eq!(kind(&records), FileKind::Records);
        let numbers: Vec<u8> = [0.5_f64, -0.25, 3.0]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        assert_eq!(kind(&numbers), FileKind::Parameters);
        assert_eq!(kind(b""), FileKind::Empty);
        assert_eq!(kind(b"some prose\nin lines\n"), FileKind::Text);
        assert_eq!(kind(b"the 9\nof 3\n"), FileKind::Vocabulary);
        assert_eq!(kind(b"the 0.5\nof 0.25\n"), FileKind::Vectors);
        assert_eq!(
            kind(b"2 1\na \0\0\x80\x3fb \0\0\x80\x3f"),
            FileKind::Vectors
        );
        assert_eq!(
            kind(&[0xff; 40]),
            FileKind::of_beginning(&[0xff; 40], true).unwrap()
        );
        assert_eq!(kind(&[0x90; 40]), FileKind::Unknown);
    }

    #[test]
    fn latin_text_in_utf16_is_text_and_no_records() {
        for write in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
            let text: Vec<u8> = "\u{feff}plain words in a line\n"
                .encode_utf16()
                .flat_map(write)
                .collect();
            assert_eq!(kind(&text), FileKind::Text);
            assert!(matches!(kind(&text[2..]), FileKind::Foreign(_)));
        }
    }
}
