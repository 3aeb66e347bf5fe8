//! Vectors as text: a line for each word, first the word, then its numbers.
//!
//! One space or tab separates the fields, unless the file has another [`Dialect`]. A word may
//! contain spaces and all other characters except a newline. So a line is split from the right: the
//! last fields, as many as there are components, are the numbers, and the rest is the word.

use super::dialect::{Dialect, Separator, is_blank, is_separator, trim_end, trim_start};
use super::numbers;
use super::record_layout::{RecordFault, RecordLayout};
use super::rows::check_utf8;
use super::selection::Selection;
use crate::error::Location;
use crate::float16::Element;
use crate::io::charset::OnInvalid;
use memchr::memchr_iter;
use std::borrow::Cow;
use std::ops::Range;

/// The lines of a file, after its header if it has one.
#[derive(Clone)]
pub(super) struct TextRows {
    dim: usize,
    dialect: Dialect,
    errors: OnInvalid,
    // Largest number of bytes of a line.
    longest: usize,
    // Number of lines before the block, and number of lines of the block that were found so far.
    before: u64,
    here: u64,
    scratch: Vec<u32>,
}

impl TextRows {
    /// Lines of `dim` numbers and at most `longest` bytes. The file has `before` lines before them.
    pub fn after(
        before: u64,
        dim: usize,
        longest: usize,
        dialect: Dialect,
        errors: OnInvalid,
    ) -> Self {
        Self {
            dim,
            dialect,
            errors,
            longest,
            before,
            here: 0,
            scratch: Vec::new(),
        }
    }

    /// Refuse a line that is too long, or too short for `dim` numbers, before memory is allocated for its row.
    fn check(&self, line: &[u8]) -> std::result::Result<(), String> {
        if line.len() > self.longest {
            return Err(too_long(self.longest));
        }
        let line = trim_end(line);
        // Each number takes at least a separator and a digit.
        if line.len() < 2 * self.dim {
            return split_right(line, self.dim, self.dialect, |_, _| ()).map(|_| ());
        }
        Ok(())
    }
}

/// The message about a line that is too long.
pub(super) fn too_long(longest: usize) -> String {
    format!("the line is longer than max_line_bytes, {longest} bytes")
}

impl RecordLayout for TextRows {
    fn frame(
        &mut self,
        block: &[u8],
        at_end: bool,
        most: usize,
        spans: &mut Vec<Range<usize>>,
    ) -> std::result::Result<usize, RecordFault> {
        self.before += self.here;
        self.here = 0;
        let last = (at_end && !block.ends_with(b"\n")).then_some(block.len());
        let mut start = 0;
        for end in memchr_iter(b'\n', block).chain(last) {
            if spans.len() == most {
                return Ok(start);
            }
            let line = &block[start..end];
            if !is_blank(line) {
                match self.check(line) {
                    Ok(()) => spans.push(start..end),
                    Err(message) if spans.is_empty() => {
                        return Err(RecordFault {
                            offset: start,
                            message,
                        });
                    }
                    // Return the lines before this line first: one of them may be malformed too, and the error must
                    // name the first malformed line.
                    Err(_) => return Ok(start),
                }
            }
            start = (end + 1).min(block.len());
            self.here += 1;
        }
        if block.len() - start > self.longest && spans.is_empty() {
            return Err(RecordFault {
                offset: start,
                message: too_long(self.longest),
            });
        }
        Ok(start)
    }

    fn parse<E: Element>(
        &mut self,
        block: &[u8],
        span: Range<usize>,
        row: &mut [E],
    ) -> std::result::Result<Range<usize>, String> {
        let text = &block[span.start..];
        let line = trim_end(&text[..span.len()]);
        let is_default = self.dialect == Dialect::default();
        let fast = is_default.then(|| numbers::parse(text, line.len(), row, &mut self.scratch));
        let end = match fast.flatten() {
            Some(end) => end,
            None => split_right(line, row.len(), self.dialect, |i, x| {
                row[i] = E::from_f32(x);
            })?,
        };
        let start = match self.dialect.separator {
            Separator::Blank => 0,
            _ => end - trim_start(&line[..end]).len(),
        };
        check_utf8(&line[start..end], self.errors)?;
        check_numbers(&line[start..end])?;
        Ok(span.start + start..span.start + end)
    }

    fn may_have(&self, line: &[u8], words: &Selection) -> bool {
        // In other dialects, blanks or quotation marks may be around a word. If `errors` is not strict, a word is
        // repaired before it is compared. In both cases the bytes of the line do not show whether its word is wanted.
        self.dialect != Dialect::default()
            || self.errors != OnInvalid::Strict
            || words.may_begin(line)
    }

    fn word<'a>(&self, word: &'a [u8]) -> Cow<'a, [u8]> {
        match word {
            [b'"', inner @ .., b'"'] if self.dialect.is_table() => {
                let doubled = memchr::memmem::find(inner, b"\"\"").is_some();
                if doubled {
                    String::from_utf8_lossy(inner)
                        .replace("\"\"", "\"")
                        .into_bytes()
                        .into()
                } else {
                    inner.into()
                }
            }
            _ => word.into(),
        }
    }

    fn on_invalid(&self) -> OnInvalid {
        self.errors
    }

    fn location(&self, block: &[u8], offset: usize) -> Location {
        let above = memchr_iter(b'\n', &block[..offset]).count();
        Location::Line(self.before + above as u64 + 1)
    }
}

/// Parse a line from its end, and call `put` with each of its `dim` numbers. Returns where the word ends.
fn split_right(
    line: &[u8],
    dim: usize,
    dialect: Dialect,
    mut put: impl FnMut(usize, f32),
) -> std::result::Result<usize, String> {
    let mut rest = line;
    for i in (0..dim).rev() {
        let split = if i == 0 {
            dialect.split_word(rest)
        } else {
            dialect.split_last(rest)
        };
        let Some((before, field)) = split else {
            let fields = dim - i;
            return Err(format!(
                "expected a word and {dim} numbers, found {fields} field{}",
                if fields == 1 { "" } else { "s" }
            ));
        };
        let Some(value) = dialect.number(field) else {
            return Err(format!(
                "expected a word and {dim} numbers, but number {} is {:?}",
                i + 1,
                String::from_utf8_lossy(&field[..field.len().min(80)])
            ));
        };
        put(i, value);
        rest = before;
    }
    Ok(rest.len())
}

/// Refuse a word whose last field looks like a number but contains a byte that is not UTF-8.
fn check_numbers(word: &[u8]) -> std::result::Result<(), String> {
    if std::str::from_utf8(word).is_ok() {
        return Ok(());
    }
    let start = word
        .iter()
        .rposition(|b| is_separator(*b) || b",;".contains(b));
    let field = &word[start.map_or(word.len(), |at| at + 1)..];
    let Some(bad) = field.iter().find(|b| !b.is_ascii()) else {
        return Ok(());
    };
    let is_number = std::str::from_utf8(field).is_err()
        && field.iter().any(u8::is_ascii_digit)
        && field
            .iter()
            .all(|b| b.is_ascii_digit() || b"+-.eE".contains(b) || !b.is_ascii());
    if is_number {
        return Err(format!(
            "the number {:?} has a byte in it that is not UTF-8 (0x{bad:02x})",
            String::from_utf8_lossy(field)
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse_as(
        dialect: Dialect,
        line: &str,
        dim: usize,
    ) -> std::result::Result<(String, Vec<f32>), String> {
        let mut row = vec![0.0; dim];
        let mut lines = TextRows::after(0, dim, usize::MAX, dialect, OnInvalid::Strict);
        let word = lines.parse(line.as_bytes(), 0..line.len(), &mut row)?;
        let word = lines.word(&line.as_bytes()[word]).into_owned();
        Ok((String::from_utf8(word).unwrap(), row))
    }

    fn parse(line: &str, dim: usize) -> std::result::Result<(String, Vec<f32>), String> {
        parse_as(Dialect::default(), line, dim)
    }

    #[test]
    fn a_dialect_has_its_own_separators_and_decimal_point() {
        let [
            blanks,
            comma_point,
            aligned_comma_point,
            comma,
            semicolon,
            both,
            ..,
        ] = Dialect::OTHERS;
        for (dialect, line, word) in [
            (blanks, "a   1.5  -2.5", "a"),
            (blanks, "   new york\t 1.5    -2.5  ", "new york"),
            (comma_point, "a 1,5 -2,5", "a"),
            (aligned_comma_point, "  a   1,5 -2,5", "a"),
            (comma, "a,1.5,-2.5", "a"),
            (comma, "new york, 1.5, -2.5", "new york"),
            (comma, "\"a, \"\"b\"\"\",1.5,-2.5", "a, \"b\""),
            (comma, "\",\",1.5,-2.5", ","),
            (semicolon, "a;1.5;-2.5", "a"),
            (both, "a;1,5;-2,5", "a"),
        ] {
            let expected = (word.to_owned(), vec![1.5, -2.5]);
            assert_eq!(parse_as(dialect, line, 2).unwrap(), expected, "{line}");
            assert_eq!(dialect.numbers_at_end(line.as_bytes()), 2, "{line}");
        }
    }

    #[test]
    fn words_are_split_off_from_the_right() {
        for (line, word) in [
            ("a 1 2", "a"),
            ("a b 1 2", "a b"),
            (". . . 1 2", ". . ."),
            (" a 1 2", " a"),
            ("a  1 2", "a "),
            ("a\u{85}b\u{a0} 1 2", "a\u{85}b\u{a0}"),
            ("3 1 2", "3"),
            ("4 3 1 2", "4 3"),
            (" 1 2", ""),
            ("a\t1\t2", "a"),
            ("a 1 2 \r", "a"),
            ("nan 1 2", "nan"),
        ] {
            assert_eq!(parse(line, 2).unwrap(), (word.to_owned(), vec![1.0, 2.0]));
        }
    }

    #[test]
    fn malformed_lines_say_what_was_expected() {
        for (line, message) in [
            ("a", "found 1 field"),
            ("1 2", "found 2 fields"),
            ("a b 2", "number 1 is \"b\""),
            ("a 1 2x", "number 2 is \"2x\""),
            ("a 1  2", "number 1 is \"\""),
            ("a 1 1,5", "number 2 is \"1,5\""),
        ] {
            let error = parse(line, 2).unwrap_err();
            assert!(
                error.starts_with("expected a word and 2 numbers"),
                "{error}"
            );
            assert!(error.ends_with(message), "{error}");
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_read() {
        let (_, row) = parse("w nan -nan inf -inf Infinity NaN 1e99", 7).unwrap();
        let text: Vec<_> = row.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["NaN", "NaN", "inf", "-inf", "inf", "NaN", "inf"]);
    }

    proptest! {
        #[test]
        fn numbers_are_rounded_as_the_standard_library_rounds(
            x: f64, digits in 0_usize..30, whole in 0_u64.., fraction in "[0-9]{1,40}",
        ) {
            for text in [format!("{x}"), format!("{x:e}"), format!("{x:.digits$}"),
                         format!("{whole}.{fraction}"), format!("-0.{fraction}")] {
                let (_, row) = parse(&format!("w {text}"), 1).unwrap();
                prop_assert_eq!(row[0].to_bits(), text.parse::<f32>().unwrap().to_bits());
            }
        }

        #[test]
        fn both_ways_to_split_a_line_agree(word in "[^ \t\n]{1,5}", numbers: Vec<f32>, tabs: bool) {
            prop_assume!(!numbers.is_empty());
            let separator = if tabs { '\t' } else { ' ' };
            let line = numbers.iter().fold(word.clone(), |line, x| format!("{line}{separator}{x}"));
            let (mut fast, mut right) = (vec![0.0_f32; numbers.len()], vec![0.0; numbers.len()]);
            let found = numbers::parse(line.as_bytes(), line.len(), &mut fast, &mut Vec::new());
            prop_assert_eq!(found, Some(word.len()));
            let put = |i: usize, x| right[i] = x;
            let plain = Dialect::default();
            prop_assert_eq!(split_right(line.as_bytes(), numbers.len(), plain, put), Ok(word.len()));
            prop_assert_eq!(&fast, &right);
            prop_assert_eq!(plain.numbers_at_end(line.as_bytes()), numbers.len());
            prop_assert_eq!(fast, numbers);
        }
    }
}
