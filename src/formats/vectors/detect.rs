//! Which format a file of vectors has, from its first bytes.

use super::native;
use super::text::{is_blank, numbers_at_end, too_long, trim_end};
use super::word2vec_binary::fits;
use crate::error::{Error, Location, Result};
use crate::formats::{checkpoint, counts};
use crate::io::Input;
use memchr::memchr;

/// The formats that vectors are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text without a header, as GloVe files are.
    Glove,
    /// Text after a line `V dim`: word2vec's, and fastText's `.vec`.
    Word2Vec,
    /// word2vec's binary format.
    Word2VecBinary,
    /// The `.bin` of Stanford's `glove`, which holds no words: they come from its vocabulary.
    Stanford,
    /// This package's own (see [`native`]).
    Native,
}

impl Format {
    /// The public names, in the order of the enum.
    pub const NAMES: [&str; 5] = ["glove", "word2vec", "word2vec_binary", "stanford", "native"];

    /// The format with this public name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [
            Self::Glove,
            Self::Word2Vec,
            Self::Word2VecBinary,
            Self::Stanford,
            Self::Native,
        ];
        Error::choice("format", name, Self::NAMES, values)
    }
}

/// How the vectors of a file are to be read.
#[derive(Debug, PartialEq)]
pub(super) enum Plan {
    Text(Body),
    Binary(Body),
    Native,
}

/// What follows the header.
#[derive(Debug, PartialEq)]
pub(super) struct Body {
    pub dim: usize,
    /// V as the header has it.
    pub promised: Option<u64>,
    /// Bytes before the first word.
    pub start: usize,
    /// Bytes of a line on average, among the first; 0 if there is none.
    pub line_bytes: f64,
}

/// Bytes looked at; more if a line is longer. Tests have files larger than that.
const LOOK: usize = if cfg!(test) { 256 } else { 1 << 20 };
/// Lines looked at.
const LINES: usize = 1000;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What is not text, by its first bytes, and what to do about it.
const FOREIGN: [(&[u8], &str); 7] = [
    (
        counts::MAGIC,
        "these are co-occurrence counts: use Cooccurrence.load",
    ),
    (
        checkpoint::MAGIC,
        "this is a checkpoint: use Glove.resume with its folder",
    ),
    (
        b"PK\x03\x04",
        "this is a zip archive: unpack it (or, if Glove.save made it, use Glove.load)",
    ),
    (
        b"\xfd7zXZ\0",
        "this is an xz file: unpack it, or pack it with gzip or zstd",
    ),
    (
        b"BZh",
        "this is a bzip2 file: unpack it, or pack it with gzip or zstd",
    ),
    (
        b"\xba\x16\x4f\x2f",
        "this is fastText's own .bin: use the .vec file made with it",
    ),
    (
        b"\x80\x04\x95",
        "this is a Python pickle: save it as word2vec text or binary first",
    ),
];

/// Find the format of `input`, or how to read it as `format`, if no line is longer than `longest`
/// bytes. Nothing of it is consumed.
pub(super) fn detect(input: &mut Input, format: Option<Format>, longest: usize) -> Result<Plan> {
    let path = input.path().to_owned();
    let size = input.content_size();
    let mut most = LOOK;
    loop {
        let content = input.peek(most)?;
        if enough(content, most) {
            break;
        }
        // The first line does not end here, or the second.
        let (line, start) = match memchr(b'\n', content) {
            None => (1, 0),
            Some(end) => (2, end + 1),
        };
        if content.len() - start > longest {
            return Err(Error::format(
                &path,
                Location::Line(line),
                too_long(longest),
            ));
        }
        most = (2 * most).min(start.saturating_add(longest).saturating_add(1));
    }
    let content = input.peek(most)?;
    plan(content, content.len() < most, size, format, longest)
        .map_err(|(place, message)| Error::format(&path, place, message))
}

/// As much of a file as [`detect`] looks at, and whether that is all.
pub(super) fn beginning(file: &[u8]) -> (&[u8], bool) {
    let mut most = LOOK;
    while !enough(&file[..most.min(file.len())], most) {
        most *= 2;
    }
    (&file[..most.min(file.len())], file.len() < most)
}

/// Whether the first two lines are complete, if these are lines at all.
fn enough(content: &[u8], most: usize) -> bool {
    content.len() < most
        || memchr::memchr_iter(b'\n', content).nth(1).is_some()
        || !is_text(content)
}

/// How a file is to be read, of which this is the beginning, or all, and whose lines have at most
/// `longest` bytes.
pub(super) fn plan(
    content: &[u8],
    whole: bool,
    size: Option<u64>,
    format: Option<Format>,
    longest: usize,
) -> std::result::Result<Plan, (Location, String)> {
    let at_byte = |message: &str| (Location::Byte(0), message.to_owned());
    let at_line = |message: &str| (Location::Line(1), message.to_owned());
    if matches!(format, None | Some(Format::Native)) && content.starts_with(native::MAGIC) {
        return Ok(Plan::Native);
    }
    if format == Some(Format::Native) {
        return Err(at_byte("this is not a file of WordVectors.save"));
    }
    if let Some((_, advice)) = FOREIGN.iter().find(|(magic, _)| content.starts_with(magic)) {
        return Err(at_byte(advice));
    }
    let mark = if content.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let text = &content[mark..];
    let first = memchr(b'\n', text).unwrap_or(text.len());
    let start = mark + (first + 1).min(text.len());
    let header = header(&text[..first]).filter(|_| format != Some(Format::Glove));

    let Some((promised, dim)) = header else {
        if matches!(format, Some(Format::Word2Vec | Format::Word2VecBinary)) {
            return Err(at_line(
                "expected the number of words and the number of components",
            ));
        }
        return headless(text, whole, mark).ok_or_else(|| {
            if content.iter().all(u8::is_ascii_whitespace) {
                at_line("there are no words")
            } else if is_text(content) {
                at_line("expected a word and its numbers")
            } else {
                at_byte(
                    "this is none of the formats known; Stanford's .bin is read together with \
                     vocabulary=, the file of its words",
                )
            }
        });
    };
    // A number takes two bytes of a line, or four.
    let vectors = promised > 0 || !content[start..].iter().all(u8::is_ascii_whitespace);
    let too_many = |bytes: u64| dim as u64 > bytes;
    if dim == 0 || too_many(longest as u64 / 2) || vectors && size.is_some_and(too_many) {
        let message = format!(
            "the header's number of components, {dim}, cannot be right for this file and max_line_bytes={longest}"
        );
        return Err(at_line(&message));
    }
    let below = Sample::of(&content[start..], whole);
    let body = Body {
        dim,
        promised: Some(promised),
        start,
        line_bytes: below.line_bytes,
    };
    let numbers = below.numbers();
    // A row of one number might follow a first line of word and number as well as a header.
    let one_number = numbers == Some(1) && (dim != 1 || whole && promised != below.lines as u64);
    let rows_fit = promised == 0 || numbers == Some(dim) && !one_number;
    if format.is_none() && !rows_fit {
        if !is_text(content) || whole && fits(&content[start..], promised, dim) {
            return Ok(Plan::Binary(body));
        }
        if one_number {
            return headless(text, whole, mark).ok_or_else(|| at_line("expected a number"));
        }
        if let Some(more) = numbers.filter(|numbers| *numbers > dim) {
            return Err(at_line(&format!(
                "the header says {dim} components, but most lines end in {more} numbers"
            )));
        }
    }
    Ok(match format {
        Some(Format::Word2VecBinary) => Plan::Binary(body),
        _ => Plan::Text(body),
    })
}

/// `V dim`, two whole numbers.
fn header(line: &[u8]) -> Option<(u64, usize)> {
    let line = std::str::from_utf8(trim_end(line)).ok()?;
    let (words, dim) = line.split_once([' ', '\t'])?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(words) || !digits(dim) {
        return None;
    }
    Some((words.parse().ok()?, dim.parse().ok()?))
}

fn headless(text: &[u8], whole: bool, start: usize) -> Option<Plan> {
    let sample = Sample::of(text, whole);
    let dim = sample.numbers().filter(|dim| *dim > 0)?;
    Some(Plan::Text(Body {
        dim,
        promised: None,
        start,
        line_bytes: sample.line_bytes,
    }))
}

/// What the first lines look like.
struct Sample {
    /// Of each line, how many numbers end it; rising.
    numbers: Vec<usize>,
    lines: usize,
    line_bytes: f64,
}

impl Sample {
    /// The complete lines of `text`, which goes on unless it is the `whole`.
    fn of(text: &[u8], whole: bool) -> Self {
        let mut lines: Vec<&[u8]> = text.split(|b| *b == b'\n').take(LINES + 1).collect();
        if lines.len() > LINES || !whole {
            lines.pop();
        }
        lines.retain(|line| !is_blank(line));
        let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
        let mut numbers: Vec<_> = lines.iter().map(|line| numbers_at_end(line)).collect();
        numbers.sort_unstable();
        Self {
            line_bytes: bytes as f64 / lines.len().max(1) as f64,
            lines: if whole {
                text.split(|b| *b == b'\n').filter(|l| !is_blank(l)).count()
            } else {
                lines.len()
            },
            numbers,
        }
    }

    /// How many numbers most lines end with; a few may be malformed, or have a word that ends in a
    /// number itself. As often as another, the larger: then the other line is short of numbers.
    fn numbers(&self) -> Option<usize> {
        let alike = self.numbers.chunk_by(|a, b| a == b);
        alike.max_by_key(|group| group.len()).map(|group| group[0])
    }
}

/// Whether this may be the beginning of a text: UTF-8 without control characters.
fn is_text(content: &[u8]) -> bool {
    let cut_at_most = match std::str::from_utf8(content) {
        Ok(_) => true,
        Err(e) => e.error_len().is_none(),
    };
    cut_at_most && !content.iter().any(|b| *b < b' ' && !b"\t\r\n".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Monitor;

    const LONGEST: usize = 4096;

    fn plan(content: &[u8]) -> Result<Plan> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let mut input = Input::open(file.path(), &Monitor::new())?;
        detect(&mut input, None, LONGEST)
    }

    /// Whether text, dim, promised.
    fn seen(content: &[u8]) -> (bool, usize, Option<u64>) {
        match plan(content).unwrap() {
            Plan::Text(body) => (true, body.dim, body.promised),
            Plan::Binary(body) => (false, body.dim, body.promised),
            Plan::Native => unreachable!(),
        }
    }

    #[test]
    fn a_header_is_told_from_a_word_and_its_number() {
        assert_eq!(seen(b"2 3\na 1 2 3\nb 1 2 3\n"), (true, 3, Some(2)));
        assert_eq!(seen(b"\xef\xbb\xbf2 3 \r\na 1 2 3\r\n"), (true, 3, Some(2)));
        assert_eq!(seen(b"2 3\na 1\nb 2\n"), (true, 1, None));
        assert_eq!(seen(b"2 1\na 1\nb 2\n"), (true, 1, Some(2)));
        assert_eq!(seen(b"5 1\na 1\nb 2\n"), (true, 1, None));
        assert_eq!(seen(b"2 3 4\na 1 2\n"), (true, 2, None));
        assert_eq!(seen(b"0 7\n"), (true, 7, Some(0)));
        // A malformed line does not make another format of the file.
        assert_eq!(seen(b"3 3\na 1\nb 1 2 3\nc 1 2 3\n"), (true, 3, Some(3)));
        assert_eq!(seen(b"2 3\na 1 2\nb 1 2 3\n"), (true, 3, Some(2)));
    }

    #[test]
    fn the_dimension_is_that_of_most_lines() {
        assert_eq!(seen(b"a 1 2\n. . 1 2\n3 1 2\n"), (true, 2, None));
        assert_eq!(seen(b"1 2 3 4\na 3 4\nb 3 4\n"), (true, 2, None));
        assert_eq!(seen(b"a 1\nb 1 2\nc 1 2\n"), (true, 2, None));
        assert_eq!(seen(b"a 1 2\nb 1\n"), (true, 2, None));
        assert_eq!(seen(b"a 1 2"), (true, 2, None));
    }

    #[test]
    fn binary_is_told_from_text() {
        let binary = [b"2 1\na ".as_slice(), &1.0_f32.to_le_bytes(), b"b \0\0\0\0"].concat();
        assert_eq!(seen(&binary), (false, 1, Some(2)));
        // Numbers whose bytes are letters.
        assert_eq!(seen(b"2 1\na AAAA\nb BBBB\n"), (false, 1, Some(2)));
        assert_eq!(seen(b"2 1\na AAAAb BBBB"), (false, 1, Some(2)));
    }

    #[test]
    fn what_is_no_vectors_is_refused_with_advice() {
        for (content, advice) in [
            (&b""[..], "no words"),
            (b"\n \n", "no words"),
            (b"one two three\n", "expected a word and its numbers"),
            (b"PK\x03\x04rest", "zip"),
            (b"\0\0\0\0\0\0\xf0\x3f", "vocabulary="),
            (b"3 0\n", "cannot be right"),
            (b"3 99999999999\na 1\n", "cannot be right"),
        ] {
            let error = plan(content).unwrap_err().to_string();
            assert!(error.contains(advice), "{error}");
        }
    }
}
