//! Vectors as text: a line for each word, first the word, then its numbers.
//!
//! One space or tab separates. A word may hold spaces and anything else but a newline: where it
//! ends is found from the right, by the number of components.

use super::element::Element;
use super::rows::{Fault, Rows, check_utf8};
use crate::error::Location;
use memchr::{memchr_iter, memchr2};
use std::ops::Range;

/// The lines of a file, after its header if it has one.
pub(super) struct Lines {
    dim: usize,
    // Bytes that a line may have.
    longest: usize,
    // Lines before the block, and in it.
    before: u64,
    here: u64,
}

impl Lines {
    /// Lines of `dim` numbers and at most `longest` bytes that follow `before` others.
    pub fn after(before: u64, dim: usize, longest: usize) -> Self {
        Self {
            dim,
            longest,
            before,
            here: 0,
        }
    }

    /// Whether a line can be what it should be, by its length alone: a row is only made for one that
    /// can.
    fn check(&self, line: &[u8]) -> std::result::Result<(), String> {
        if line.len() > self.longest {
            return Err(too_long(self.longest));
        }
        let line = trim_end(line);
        // At least a separator and a digit for each number.
        if line.len() < 2 * self.dim {
            return split_right(line, self.dim, |_, _| ()).map(|_| ());
        }
        Ok(())
    }
}

/// The complaint about a line that does not end.
pub(super) fn too_long(longest: usize) -> String {
    format!("the line is longer than max_line_bytes, {longest} bytes")
}

impl Rows for Lines {
    fn frame(
        &mut self,
        block: &[u8],
        at_end: bool,
        most: usize,
        spans: &mut Vec<Range<usize>>,
    ) -> std::result::Result<usize, Fault> {
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
                        return Err(Fault {
                            offset: start,
                            message,
                        });
                    }
                    // First those before it, one of which may be malformed.
                    Err(_) => return Ok(start),
                }
            }
            start = (end + 1).min(block.len());
            self.here += 1;
        }
        if block.len() - start > self.longest && spans.is_empty() {
            return Err(Fault {
                offset: start,
                message: too_long(self.longest),
            });
        }
        Ok(start)
    }

    fn parse<E: Element>(
        &self,
        line: &[u8],
        row: &mut [E],
    ) -> std::result::Result<Range<usize>, String> {
        let line = trim_end(line);
        let end = match split_left(line, row) {
            Some(end) => end,
            None => split_right(line, row.len(), |i, x| row[i] = E::from_f32(x))?,
        };
        check_utf8(&line[..end])?;
        Ok(0..end)
    }

    fn location(&self, block: &[u8], offset: usize) -> Location {
        let above = memchr_iter(b'\n', &block[..offset]).count();
        Location::Line(self.before + above as u64 + 1)
    }
}

/// Parse a line whose word has no space, as nearly all are; where the word ends.
fn split_left<E: Element>(line: &[u8], row: &mut [E]) -> Option<usize> {
    let end = memchr2(b' ', b'\t', line)?;
    let mut rest = &line[end..];
    for x in row {
        let (separator, number) = rest.split_first()?;
        if !is_separator(*separator) {
            return None;
        }
        let (value, length) = fast_float2::parse_partial::<f32, _>(number).ok()?;
        *x = E::from_f32(value);
        rest = &number[length..];
    }
    rest.is_empty().then_some(end)
}

/// Parse a line from its end, calling `put` with each of its `dim` numbers; where the word ends.
fn split_right(
    line: &[u8],
    dim: usize,
    mut put: impl FnMut(usize, f32),
) -> std::result::Result<usize, String> {
    let mut end = line.len();
    for i in (0..dim).rev() {
        let Some(separator) = line[..end].iter().rposition(|b| is_separator(*b)) else {
            let fields = dim - i;
            return Err(format!(
                "expected a word and {dim} numbers, found {fields} field{}",
                if fields == 1 { "" } else { "s" }
            ));
        };
        let field = &line[separator + 1..end];
        let Ok(value) = fast_float2::parse::<f32, _>(field) else {
            return Err(format!(
                "expected a word and {dim} numbers, but number {} is {:?}",
                i + 1,
                String::from_utf8_lossy(&field[..field.len().min(80)])
            ));
        };
        put(i, value);
        end = separator;
    }
    Ok(end)
}

/// How many numbers end a line, not counting its first field, which is the word or its beginning.
pub(super) fn numbers_at_end(line: &[u8]) -> usize {
    let mut rest = trim_end(line);
    let mut numbers = 0;
    while let Some(separator) = rest.iter().rposition(|b| is_separator(*b)) {
        if fast_float2::parse::<f32, _>(&rest[separator + 1..]).is_err() {
            break;
        }
        numbers += 1;
        rest = &rest[..separator];
    }
    numbers
}

pub(super) fn is_separator(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|b| b" \t\r".contains(b))
}

/// Without the spaces of fastText and the CR of Windows.
pub(super) fn trim_end(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t' | b'\r'] = line {
        line = rest;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(line: &str, dim: usize) -> std::result::Result<(String, Vec<f32>), String> {
        let mut row = vec![0.0; dim];
        let word = Lines::after(0, dim, usize::MAX).parse(line.as_bytes(), &mut row)?;
        Ok((line[word].to_owned(), row))
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
    fn what_is_not_finite_is_read() {
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
        fn both_directions_agree(word in "[^ \t\n]{1,5}", numbers: Vec<f32>) {
            prop_assume!(!numbers.is_empty());
            let line = numbers.iter().fold(word.clone(), |line, x| format!("{line} {x}"));
            let (mut left, mut right) = (vec![0.0_f32; numbers.len()], vec![0.0; numbers.len()]);
            prop_assert_eq!(split_left(line.as_bytes(), &mut left), Some(word.len()));
            let put = |i: usize, x| right[i] = x;
            prop_assert_eq!(split_right(line.as_bytes(), numbers.len(), put), Ok(word.len()));
            prop_assert_eq!(&left, &right);
            prop_assert_eq!(numbers_at_end(line.as_bytes()), numbers.len());
            prop_assert_eq!(left, numbers);
        }
    }
}
