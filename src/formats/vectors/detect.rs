//! Detects which format a file of vectors has, from its beginning. `load.rs` then reads the file.

use super::format::Format;
use super::format_rules::{Plan, plan};
use super::loaded::MAX_LINE_BYTES;
use super::text::too_long;
use crate::error::{Error, Location, Result};
use crate::file_kind::is_text;
use crate::io::Input;
use crate::io::charset::OnInvalid;
use memchr::memchr;

/// Number of bytes that are examined; more if the first two lines are longer. The number is small in tests, so that
/// test files are longer than the examined bytes.
const EXAMINED_BYTES: usize = if cfg!(test) { 256 } else { 1 << 20 };

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::vectors::dialect::Dialect;
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
