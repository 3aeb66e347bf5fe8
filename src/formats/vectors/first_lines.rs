//! What the first lines of a text of vectors look like: their dialect, and how many numbers they end in.

use super::dialect::{Dialect, Separator, is_blank, trim_end};
use memchr::memchr;

/// Number of lines that are examined.
const LINES: usize = 1000;

/// Number of rows that are examined to choose the dialect.
pub(super) const FEW_ROWS: usize = 50;

/// What the first lines look like.
pub(super) struct Sample<'a> {
    /// The examined lines that are not blank.
    rows: Vec<&'a [u8]>,
    pub(super) dialect: Dialect,
    /// How many numbers each row ends in, sorted.
    numbers: Vec<usize>,
    /// Number of all lines that are not blank: of the whole file if it was given, else of the examined lines.
    pub(super) lines: usize,
    pub(super) line_bytes: f64,
}

impl<'a> Sample<'a> {
    /// Examine the complete lines of `text`, the beginning of a file, or all of it if `whole`. `promised` is the
    /// number of components that the header states.
    pub(super) fn of(text: &'a [u8], whole: bool, promised: Option<usize>) -> Self {
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
    pub(super) fn thousands(&self) -> Option<String> {
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
        // Whether a line probably has no list. "1,5" may be a number with a decimal comma instead of two whole numbers.
        // In "route 66,0.1,0.2", the 66 looks like the first number of a list, but is the end of a word with spaces.
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
    /// ends in a number. If two of these counts are equally frequent, returns the larger count: the lines with fewer
    /// numbers are considered malformed.
    pub(super) fn numbers(&self) -> Option<usize> {
        usual(&self.numbers)
    }

    /// Whether the lines are vectors of `dim` numbers, and some lines end in more numbers because their words are
    /// phrases that end in a number. This is assumed if some words do not end in a number, or if in most lines the
    /// word ends in a whole number and most numbers of the vector are not whole.
    pub(super) fn has_phrases(&self, dim: usize) -> bool {
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
