//! Detects which format a file of vectors has, from its beginning. `load.rs` then reads the file.

use super::loaded::MAX_LINE_BYTES;
use super::native;
use super::text::{Dialect, Separator, is_blank, too_long, trim_end};
use super::word2vec_binary::fits;
use crate::error::{Error, Location, Result};
use crate::file_kind::{FileKind, UTF8_MARK, Wanted, is_text};
use crate::io::Input;
use crate::io::charset::OnInvalid;
use memchr::memchr;

/// The formats that vectors are read from. Files for other programs are written in one of the
/// layouts of [`Layout`](super::write::Layout). Layouts that differ only in how numbers are
/// formatted are read as the same format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text without a header, as GloVe files are.
    Glove,
    /// Text after a line `V dim`: word2vec's, and fastText's `.vec`.
    Word2Vec,
    /// word2vec's binary format.
    Word2VecBinary,
    /// The `.bin` of Stanford's `glove`. It holds no words: the caller gives its vocabulary.
    Stanford,
    /// This package's own format (see [`native`]).
    Native,
}

impl Format {
    /// The public names, in the order of the variants.
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

/// Number of bytes that are examined; more if the first two lines are longer. The number is small in tests, so that
/// test files are longer than the examined bytes.
const EXAMINED_BYTES: usize = if cfg!(test) { 256 } else { 1 << 20 };
/// Number of lines that are examined.
const LINES: usize = 1000;
/// Number of rows that are examined to choose the dialect.
const FEW_ROWS: usize = 50;

/// Find how to read `input`: as `format` or, without it, in the format that the beginning shows. No
/// line may be longer than `longest` bytes. The vectors can be read from the beginning afterwards.
pub(super) fn detect(
    input: &mut Input,
    format: Option<Format>,
    longest: usize,
    errors: OnInvalid,
) -> Result<Plan> {
    input.decode(errors)?;
    let path = input.path().to_owned();
    let size = input.content_size();
    let mut most = EXAMINED_BYTES;
    loop {
        let content = input.peek(most)?;
        if enough(content, most) {
            break;
        }
        // The first line or the second one is not complete.
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
        .map_err(|(location, message)| Error::format(&path, location, message))
}

/// Whether `input` can be read as vectors. Nothing of it is consumed.
///
/// # Errors
/// [`Error::Io`]; [`Error::Memory`]; [`Error::Cancelled`].
pub(in crate::formats) fn are_vectors(input: &mut Input) -> Result<bool> {
    match detect(input, None, MAX_LINE_BYTES, OnInvalid::Ignore) {
        Ok(_) => Ok(true),
        Err(Error::Format { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The beginning of a file that [`detect`] examines, and whether it is the whole file.
pub(super) fn beginning(file: &[u8]) -> (&[u8], bool) {
    let mut most = EXAMINED_BYTES;
    while !enough(&file[..most.min(file.len())], most) {
        most *= 2;
    }
    (&file[..most.min(file.len())], file.len() < most)
}

/// Whether `content` is enough to detect the format: it is the whole file, it has two complete
/// lines, or it is not text.
fn enough(content: &[u8], most: usize) -> bool {
    content.len() < most
        || memchr::memchr_iter(b'\n', content).nth(1).is_some()
        || !is_text(content)
}

/// Choose how to read a file. `content` is its beginning, or all of it if `whole`. `size` is the
/// number of bytes of the file, if it is known. No line may be longer than `longest` bytes.
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
        // control characters.
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

/// Whether a field is a number with commas between its thousands, such as 1,234.5, and cannot be a
/// number with a decimal comma.
fn has_thousands(field: &[u8]) -> bool {
    let field = field.strip_prefix(b"-").unwrap_or(field);
    let (whole, fraction) = match memchr(b'.', field) {
        Some(point) => (&field[..point], Some(&field[point + 1..])),
        None => (field, None),
    };
    let groups: Vec<&[u8]> = whole.split(|b| *b == b',').collect();
    let digits = |group: &[u8]| group.iter().all(u8::is_ascii_digit);
    groups.len() > if fraction.is_some() { 1 } else { 2 }
        && (1..=3).contains(&groups[0].len())
        && groups[1..].iter().all(|group| group.len() == 3)
        && groups.iter().all(|group| digits(group))
        && fraction.is_none_or(digits)
}

/// What the first lines look like.
struct Sample<'a> {
    /// The examined lines that are not blank.
    rows: Vec<&'a [u8]>,
    dialect: Dialect,
    /// How many numbers each row ends in, sorted.
    numbers: Vec<usize>,
    /// Number of all lines that are not blank: of the whole file if it was given, else of the examined lines.
    lines: usize,
    line_bytes: f64,
}

impl<'a> Sample<'a> {
    /// Examine the complete lines of `text`, the beginning of a file, or all of it if `whole`. `promised` is the
    /// number of components that the header states.
    fn of(text: &'a [u8], whole: bool, promised: Option<usize>) -> Self {
        let mut rows: Vec<&[u8]> = text.split(|b| *b == b'\n').take(LINES + 1).collect();
        if rows.len() > LINES || !whole {
            rows.pop();
        }
        rows.retain(|line| !is_blank(line));
        let bytes: usize = rows.iter().map(|line| line.len() + 1).sum();
        let mut sample = Self {
            dialect: Dialect::default(),
            line_bytes: bytes as f64 / rows.len().max(1) as f64,
            lines: if whole {
                text.split(|b| *b == b'\n').filter(|l| !is_blank(l)).count()
            } else {
                rows.len()
            },
            numbers: counted(&rows, Dialect::default()),
            rows,
        };
        sample.choose_dialect(promised);
        sample
    }

    /// A number with commas between its thousands, if most lines hold one.
    fn thousands(&self) -> Option<String> {
        let found = |line: &&'a [u8]| {
            let mut fields = line.split(|b| b" \t\r;".contains(b)).skip(1);
            fields.find(|field| has_thousands(field))
        };
        let few = &self.rows[..self.rows.len().min(FEW_ROWS)];
        let fields: Vec<_> = few.iter().filter_map(found).collect();
        let first = fields.first().filter(|_| 2 * fields.len() > few.len())?;
        Some(String::from_utf8_lossy(first).into_owned())
    }

    /// Choose the dialect by the first `FEW_ROWS` lines.
    ///
    /// If a line has a space, all lines have the same number of tabs, and most lines have as many numbers as tabs,
    /// only tabs separate the fields.
    ///
    /// Otherwise the lines are split by each dialect, and the numbers at the end of each line are counted. The
    /// most frequent count is the usual number of the dialect. The dialect with the largest usual number is
    /// chosen. If two dialects have the same usual number, the dialect in which more lines have this number is
    /// chosen, except that the default dialect is preferred if more than half of its lines have the number.
    ///
    /// A dialect with lists is compared in this way only if at least half of the lines may have a list. If the
    /// header states the number of components, a dialect with lists whose usual number is this number is preferred
    /// if more than half of the lines have the number, and no dialect with lists replaces a dialect whose usual
    /// number is this number.
    ///
    /// If the default dialect is chosen but most words begin or end with a space, the columns are aligned, and the
    /// first of [`Dialect::OTHERS`] is chosen instead.
    fn choose_dialect(&mut self, promised: Option<usize>) {
        let few = &self.rows[..self.rows.len().min(FEW_ROWS)];
        let tabs = |line: &[u8]| memchr::memchr_iter(b'\t', trim_end(line)).count();
        let columns = few.first().map_or(0, |line| tabs(line));
        let has_blank = few.iter().any(|line| trim_end(line).contains(&b' '));
        if columns > 0 && has_blank && few.iter().all(|line| tabs(line) == columns) {
            for dialect in Dialect::TABS {
                let numbers = counted(few, dialect);
                let complete = numbers.iter().filter(|n| **n == columns).count();
                if 2 * complete > few.len() {
                    self.dialect = dialect;
                    self.numbers = counted(&self.rows, dialect);
                    return;
                }
            }
        }
        // The usual number of a dialect, and how many lines have it.
        let usual_of = |dialect| {
            let numbers = counted(few, dialect);
            let most = usual(&numbers).unwrap_or(0);
            (most, numbers.iter().filter(|n| **n == most).count())
        };
        let (mut most, alike) = usual_of(Dialect::default());
        let mut alike = if 2 * alike > few.len() {
            few.len()
        } else {
            alike
        };
        let mut chosen = Dialect::default();
        // Whether a line probably has no list: "1,5" may be a number with a decimal comma instead of two whole numbers,
        // and what looks like the first number of a list may be the end of a phrase.
        let is_other = |line: &[u8]| {
            let line = trim_end(line);
            let start = line.iter().rposition(|b| b" \t:".contains(b));
            let list = &line[start.map_or(0, |at| at + 1)..];
            let whole = |field: &[u8]| field.iter().all(u8::is_ascii_digit);
            let fields: Vec<&[u8]> = list.split(|b| b",;".contains(b)).collect();
            let (first, others) = (fields[0], &fields[1..]);
            let fractions = others.iter().filter(|field| !whole(field)).count();
            let ends_phrase = line.get(start.unwrap_or(0)) == Some(&b' ')
                && whole(first)
                && 2 * fractions > others.len();
            ends_phrase && !list.contains(&b';')
                || matches!(others, [other] if list.contains(&b',') && whole(other)
                    && whole(first.strip_prefix(b"-").unwrap_or(first)))
        };
        for dialect in Dialect::OTHERS {
            let (numbers, lines) = usual_of(dialect);
            let is_list = matches!(dialect.separator, Separator::List { .. });
            let fits = |numbers| promised == Some(numbers);
            let better = if is_list && fits(numbers) != fits(most) {
                fits(numbers) && 2 * lines > few.len()
            } else {
                (numbers, lines) > (most, alike)
                    && !(is_list
                        && 2 * few.iter().filter(|line| is_other(line)).count() > few.len())
            };
            if better {
                (most, alike, chosen) = (numbers, lines, dialect);
            }
        }
        // Columns may be aligned even if all numbers have the same length and only the words differ in length.
        let padded = |line: &&&[u8]| {
            let mut word = trim_end(line);
            for _ in 0..most {
                let separator = word.iter().rposition(|b| b" \t".contains(b));
                word = &word[..separator.unwrap_or(0)];
            }
            !is_blank(word) && (word.starts_with(b" ") || word.ends_with(b" "))
        };
        if chosen == Dialect::default() && most > 0 {
            let many = few.iter().filter(padded).count();
            if 2 * many > few.len() {
                chosen = Dialect::OTHERS[0];
            }
        }
        if chosen != Dialect::default() {
            self.dialect = chosen;
            self.numbers = counted(&self.rows, chosen);
        }
    }

    /// The most frequent number of numbers at the end of a line. A few lines may be malformed, or have a word that
    /// ends in a number. If two values are equally frequent, returns the larger one: the lines with fewer numbers are
    /// considered malformed.
    fn numbers(&self) -> Option<usize> {
        usual(&self.numbers)
    }

    /// Whether the lines are vectors of `dim` numbers, and some lines end in more numbers because their words are
    /// phrases that end in a number. This is assumed if some words do not end in a number, or if in most lines the
    /// word ends in a whole number and most numbers of the vector are not whole.
    fn has_phrases(&self, dim: usize) -> bool {
        let (Some(least), Some(most)) = (self.numbers.first(), self.numbers.last()) else {
            return false;
        };
        if *least < dim || *most == dim {
            return false;
        }
        *least == dim || {
            let is_phrase = |line: &&&[u8]| {
                let fields = line
                    .split(|b| b" \t".contains(b))
                    .filter(|field| !field.is_empty());
                let fields: Vec<_> = fields.collect();
                let (word, numbers) = fields.split_at(fields.len().saturating_sub(dim));
                let whole = |field: &&&[u8]| field.iter().all(u8::is_ascii_digit);
                let fractions = numbers.iter().filter(|field| !whole(field)).count();
                word.last().is_some_and(|last| whole(&last)) && 2 * fractions > dim
            };
            2 * self.rows.iter().filter(is_phrase).count() > self.rows.len()
        }
    }
}

/// How many numbers each row ends in, sorted.
fn counted(rows: &[&[u8]], dialect: Dialect) -> Vec<usize> {
    let mut numbers: Vec<_> = rows
        .iter()
        .map(|line| dialect.numbers_at_end(line))
        .collect();
    numbers.sort_unstable();
    numbers
}

/// The most frequent of these sorted numbers; the largest, if several are equally frequent.
fn usual(numbers: &[usize]) -> Option<usize> {
    let alike = numbers.chunk_by(|a, b| a == b);
    alike.max_by_key(|group| group.len()).map(|group| group[0])
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
        detect(&mut input, None, LONGEST, OnInvalid::Strict)
    }

    /// What was detected: whether it is text, dim, and the number of words that the header states.
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
        // A malformed line does not change the format that is detected.
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
    fn the_header_decides_about_phrases_that_end_in_a_number() {
        let psalms = b"3 2\npsalm 22 1.5 2.5\npsalm 23 -0.5 1.0\npsalm 24 1.0 0.0\n";
        assert_eq!(seen(psalms), (true, 2, Some(3)));
        assert_eq!(
            seen(b"3 2\na 1 2\npsalm 23 1 2\npsalm 24 1 2\n"),
            (true, 2, Some(3))
        );
        assert!(plan(b"2 2\na 0.1 0.2 0.3\nb 0.1 0.2 0.3\n").is_err());
        assert!(plan(b"2 2\na 1 2 3\nb 4 5 6\n").is_err());
    }

    #[test]
    fn the_dialect_is_the_one_with_the_most_numbers() {
        let dialect = |content: &[u8]| match plan(content).unwrap() {
            Plan::Text(body) => (body.dialect, body.dim, body.start),
            other => panic!("{other:?}"),
        };
        let [
            blanks,
            comma_point,
            aligned_comma_point,
            comma,
            semicolon,
            both,
            ..,
        ] = Dialect::OTHERS;
        let plain = Dialect::default();
        for (content, expected) in [
            (
                &b"w0   1.50  -1.50   2.50\nw1  -1.50   1.50   2.50\n"[..],
                (blanks, 3, 0),
            ),
            (
                b"the    1.5 2.5\nnew    0.5 1.5\nlonger 1 2\n",
                (blanks, 2, 0),
            ),
            (b"a 1,5 2,5\nb 0,5 -1,5\n", (comma_point, 2, 0)),
            (b"a  1,5  2,5\nb  0,5 -1,5\n", (aligned_comma_point, 2, 0)),
            (b"a,1.5,2.5\nb,0.5,-1.5\n", (comma, 2, 0)),
            (b"a, 1.5, 2.5\nb, 0.5, -1.5\n", (comma, 2, 0)),
            (b"word,x,y\na,1.5,2.5\nb,0.5,-1.5\n", (comma, 2, 9)),
            (b",0,1\na,1.5,2.5\nb,0.5,-1.5\n", (comma, 2, 5)),
            (b"a;1.5;2.5\nb;0.5;-1.5\n", (semicolon, 2, 0)),
            (b"a;1,5;2,5\nb;0,5;-1,5\n", (both, 2, 0)),
            (b", 1.5 2.5\n; 0.5 -1.5\n", (plain, 2, 0)),
            (b"a,b 1 2\nc;d 3 4\n", (plain, 2, 0)),
            (b", 1\n; 2\n", (plain, 1, 0)),
        ] {
            assert_eq!(
                dialect(content),
                expected,
                "{}",
                String::from_utf8_lossy(content)
            );
        }
    }

    #[test]
    fn binary_files_are_distinguished_from_text() {
        let binary = [b"2 1\na ".as_slice(), &1.0_f32.to_le_bytes(), b"b \0\0\0\0"].concat();
        assert_eq!(seen(&binary), (false, 1, Some(2)));
        // If all bytes are letters, the file is text, although it would fit the binary format.
        assert!(seen(b"2 1\na AAAA\nb BBBB\n").0);
        assert!(seen(b"2 2\nk\xe9ng 0.1|0.2\nqueen 0.3|0.2\n").0);
        assert!(!seen(b"1 1\nking \xcd\xcc\x8c\x3f\n").0);
        assert!(seen(b"3 3\nking 0.1|0.2|0.3\nqueen 0.3|0.2|0.1\nman 0.3|0.2|0.1\n").0);
    }

    #[test]
    fn files_that_hold_no_vectors_are_refused_with_advice() {
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
