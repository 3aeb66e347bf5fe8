//! Chooses how to read a file of vectors by the bytes of its beginning.

use super::dialect::{Dialect, Separator, is_blank, trim_end};
use super::first_lines::{FEW_ROWS, Sample};
use super::format::Format;
use super::native;
use super::word2vec_binary::fits;
use crate::error::Location;
use crate::file_kind::{FileKind, UTF8_MARK, Wanted, is_text};
use memchr::memchr;

/// How to read the vectors of a file.
#[derive(Debug, PartialEq)]
pub(super) enum Plan {
    Text(Body),
    Binary(Body),
    Native,
}

/// What the beginning of a file shows about its words and vectors, and where they start.
#[derive(Debug, PartialEq)]
pub(super) struct Body {
    pub dim: usize,
    /// The number of words that the header states; `None` without a header.
    pub promised: Option<u64>,
    /// Number of bytes before the first word.
    pub start: usize,
    /// Number of lines before the first word.
    pub lines: u64,
    /// How the fields of a line are written.
    pub dialect: Dialect,
    /// Average length of the first lines in bytes; 0 if there are none.
    pub line_bytes: f64,
}

/// Choose how to read a file: as `format` or, without it, in the format that `content` shows. `content` is the
/// beginning of the file, or all of it if `whole`. `size` is the number of bytes of the file, if it is known. No line
/// may be longer than `longest` bytes. An error has the location in the file and a message.
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
    let kind = FileKind::of_beginning(content, whole);
    let by_looks = [
        FileKind::Vocabulary,
        FileKind::Records,
        FileKind::Parameters,
    ];
    // If the caller names the format, a file that only looks like one of these kinds is not
    // refused.
    let kind = kind.filter(|kind| format.is_none() || !by_looks.contains(kind));
    let refusal = kind.filter(|kind| *kind != FileKind::Empty);
    if let Some(message) = refusal.and_then(|kind| kind.refusal(Wanted::Vectors)) {
        return Err(at_byte(&message));
    }
    let mark = if content.starts_with(UTF8_MARK) {
        UTF8_MARK.len()
    } else {
        0
    };
    let text = &content[mark..];
    let first = memchr(b'\n', text).unwrap_or(text.len());
    let start = mark + (first + 1).min(text.len());
    let header = header(&text[..first]).filter(|_| format != Some(Format::Glove));

    if has_old_line_ends(text) {
        return Err(at_line(
            "the lines end in carriage returns alone, as on old Macs; convert them first, with \
             tr '\\r' '\\n'",
        ));
    }
    let Some((promised, dim)) = header else {
        if let Some(field) = Sample::of(text, whole, None).thousands() {
            return Err(at_line(&thousands_found(&field)));
        }
        if matches!(format, Some(Format::Word2Vec | Format::Word2VecBinary)) {
            return Err(at_line(
                "expected the number of words and the number of components",
            ));
        }
        return headless(text, whole, mark).ok_or_else(|| {
            if content.iter().all(u8::is_ascii_whitespace) {
                at_line("there are no words")
            } else if is_text(content) {
                at_line(
                    "expected a word and its numbers; if this is a text, Glove.fit and glove-rs fit \
                     train on it",
                )
            } else {
                at_byte(
                    "this is not a vector file of a known format; to read Stanford's .bin, also give \
                     the file of its words, vocabulary=",
                )
            }
        });
    };
    // The header is wrong if it claims more components than fit into a line of `longest` bytes (a number takes at
    // least two bytes), or more than the file has bytes.
    let vectors = promised > 0 || !content[start..].iter().all(u8::is_ascii_whitespace);
    let too_many = |bytes: u64| dim as u64 > bytes;
    if dim == 0 || too_many(longest as u64 / 2) || vectors && size.is_some_and(too_many) {
        let message = format!(
            "the header's number of components, {dim}, cannot be right for this file and max_line_bytes={longest}"
        );
        return Err(at_line(&message));
    }
    let below = Sample::of(&content[start..], whole, Some(dim));
    if let Some(field) = below.thousands().filter(|_| is_text(content)) {
        return Err(at_line(&thousands_found(&field)));
    }
    let body = Body {
        dim,
        promised: Some(promised),
        start,
        lines: 1,
        dialect: below.dialect,
        line_bytes: below.line_bytes,
    };
    let numbers = below.numbers();
    // If rows have one number, the first line may be a row, too: a word of digits and its number.
    let one_number = numbers == Some(1) && (dim != 1 || whole && promised != below.lines as u64);
    let rows_fit = promised == 0 || numbers == Some(dim) && !one_number;
    if format.is_none() && !rows_fit && !(is_text(content) && below.has_phrases(dim)) {
        // Text in an encoding other than UTF-8 is not text for `is_text`. But unlike a binary file, it has no
        // control characters. So content without control characters is read as binary only if it has exactly the
        // form of a binary file.
        let below = &content[start..];
        let unprintable = |b: &u8| b.is_ascii_control() && !b.is_ascii_whitespace();
        let is_text = is_text(content);
        let may_fit = whole && (!is_text || below.iter().any(unprintable));
        if !is_text && has_controls(below) || may_fit && fits(below, promised, dim) {
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

/// V and dim of a header, which is a line of two whole numbers.
fn header(line: &[u8]) -> Option<(u64, usize)> {
    let line = std::str::from_utf8(trim_end(line)).ok()?;
    let mut fields = line.split([' ', '\t']).filter(|field| !field.is_empty());
    let (words, dim) = (fields.next()?, fields.next()?);
    if fields.next().is_some() || line.starts_with([' ', '\t']) {
        return None;
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(words) || !digits(dim) {
        return None;
    }
    Some((words.parse().ok()?, dim.parse().ok()?))
}

fn headless(text: &[u8], whole: bool, start: usize) -> Option<Plan> {
    let sample = Sample::of(text, whole, None);
    let dim = sample.numbers().filter(|dim| *dim > 0)?;
    let names = column_names(text, dim, sample.dialect);
    Some(Plan::Text(Body {
        dim,
        promised: None,
        start: start + names,
        lines: u64::from(names > 0),
        dialect: sample.dialect,
        line_bytes: sample.line_bytes,
    }))
}

/// Length in bytes of a first line that names the columns; 0 if the first line is a row. In a table, a line of names
/// ends in fewer numbers than the other lines, or in the numbers 0, 1, … of the columns. In other text, a line of
/// names has a different name for each column, and no name is a number.
fn column_names(text: &[u8], dim: usize, dialect: Dialect) -> usize {
    let end = memchr(b'\n', text).unwrap_or(text.len());
    let line = &text[..end];
    if !dialect.is_table() {
        let fields: Vec<&[u8]> = line
            .split(|b| b" \t\r".contains(b))
            .filter(|field| !field.is_empty())
            .collect();
        let has_letter = |field: &&[u8]| field.iter().any(u8::is_ascii_alphabetic);
        let is_name =
            |field: &&[u8]| has_letter(field) && fast_float2::parse::<f32, _>(field).is_err();
        let are_names = dim > 1 && fields.len() == dim + 1 && fields.iter().all(is_name);
        // The names of columns differ from each other. A line with repeated words may be a malformed row.
        let mut different = fields.clone();
        different.sort_unstable();
        different.dedup();
        return if are_names && different.len() == fields.len() {
            (end + 1).min(text.len())
        } else {
            0
        };
    }
    let numbered = (0..dim).map(|n| n.to_string()).collect::<Vec<_>>();
    let separator = if dialect.separator == Separator::Comma {
        ","
    } else {
        ";"
    };
    let is_numbered = trim_end(line).ends_with(numbered.join(separator).as_bytes());
    if dialect.numbers_at_end(line) < dim || dim > 1 && is_numbered {
        (end + 1).min(text.len())
    } else {
        0
    }
}

fn has_controls(content: &[u8]) -> bool {
    content
        .iter()
        .any(|b| *b < 7 || (0x0e..0x1b).contains(b) || *b == 0x7f)
}

/// Whether carriage returns alone end the lines of a text of vectors.
fn has_old_line_ends(text: &[u8]) -> bool {
    if memchr(b'\n', text).is_some() || memchr(b'\r', text).is_none() {
        return false;
    }
    let lines = text.split(|b| *b == b'\r').filter(|line| !is_blank(line));
    let few: Vec<&[u8]> = lines.take(FEW_ROWS).collect();
    let ends_in_number = |line: &&&[u8]| {
        let mut dialects = std::iter::once(Dialect::default()).chain(Dialect::OTHERS);
        dialects.any(|dialect| dialect.numbers_at_end(line) > 0)
    };
    few.len() > 1 && 2 * few.iter().filter(ends_in_number).count() > few.len()
}

fn thousands_found(field: &str) -> String {
    format!(
        "numbers such as {field:?} have commas between their thousands, or are lists of whole numbers; write \
         numbers without commas, and separate them by blanks"
    )
}
