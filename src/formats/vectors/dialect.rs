//! The dialects of text files of vectors: what separates the fields of a line, and how a number is written.

/// What separates the fields of a line, and whether a comma stands for the decimal point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Dialect {
    pub separator: Separator,
    pub decimal_comma: bool,
}

/// What separates the fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Separator {
    /// One space or tab.
    #[default]
    Blank,
    /// One or more spaces or tabs, as between aligned columns.
    Blanks,
    /// A comma; a word may be in quotation marks.
    Comma,
    /// A semicolon; a word may be in quotation marks.
    Semicolon,
    /// A tab; a word may hold blanks and end in a number.
    Tab,
    /// `mark` separates the numbers. After the word comes a space or a tab or, with `colon`, a colon.
    List { mark: u8, colon: bool },
}

impl Dialect {
    const fn new(separator: Separator, decimal_comma: bool) -> Self {
        Self {
            separator,
            decimal_comma,
        }
    }

    /// All dialects except the default and [`Dialect::TABS`]. If several are equally good, the first
    /// of them is chosen.
    pub const OTHERS: [Self; 12] = [
        Self::new(Separator::Blanks, false),
        Self::new(Separator::Blank, true),
        Self::new(Separator::Blanks, true),
        Self::new(Separator::Comma, false),
        Self::new(Separator::Semicolon, false),
        Self::new(Separator::Semicolon, true),
        Self::list(b',', true, false),
        Self::list(b',', false, false),
        Self::list(b';', true, false),
        Self::list(b';', false, false),
        Self::list(b';', true, true),
        Self::list(b';', false, true),
    ];

    /// The dialects in which only tabs separate fields. They are tried if all lines have the same number
    /// of tabs and a line has a space.
    pub const TABS: [Self; 2] = [
        Self::new(Separator::Tab, false),
        Self::new(Separator::Tab, true),
    ];

    const fn list(mark: u8, colon: bool, decimal_comma: bool) -> Self {
        Self::new(Separator::List { mark, colon }, decimal_comma)
    }

    /// Whether this is a table whose first line may name the columns.
    pub fn is_table(self) -> bool {
        matches!(self.separator, Separator::Comma | Separator::Semicolon)
    }

    /// Split off the last field of a line. Returns what comes before the separator, and the field.
    pub fn split_last(self, line: &[u8]) -> Option<(&[u8], &[u8])> {
        let mark = match self.separator {
            Separator::Blank => {
                let at = line.iter().rposition(|b| is_separator(*b))?;
                return Some((&line[..at], &line[at + 1..]));
            }
            Separator::Blanks => {
                let at = line.iter().rposition(|b| is_separator(*b))?;
                return Some((trim_end(&line[..at]), &line[at + 1..]));
            }
            Separator::Comma => b',',
            Separator::Semicolon => b';',
            Separator::Tab => b'\t',
            Separator::List { mark, .. } => mark,
        };
        let at = line.iter().rposition(|b| *b == mark)?;
        Some((trim_end(&line[..at]), trim(&line[at + 1..])))
    }

    /// Split the word from the first number. `line` is what is left of a line after the other numbers were split
    /// off. Returns the word and the field of the number.
    pub fn split_word(self, line: &[u8]) -> Option<(&[u8], &[u8])> {
        let Separator::List { colon, .. } = self.separator else {
            return self.split_last(line);
        };
        let line = trim_end(line);
        let at = line
            .iter()
            .rposition(|b| if colon { *b == b':' } else { is_separator(*b) })?;
        Some((trim_end(&line[..at]), trim(&line[at + 1..])))
    }

    /// The number that a field holds, if any.
    pub fn number(self, field: &[u8]) -> Option<f32> {
        const LONGEST: usize = 64;
        if !self.decimal_comma {
            return fast_float2::parse(field).ok();
        }
        if field.len() > LONGEST || field.contains(&b'.') {
            return None;
        }
        let mut digits = [0; LONGEST];
        let digits = &mut digits[..field.len()];
        digits.copy_from_slice(field);
        if let Some(comma) = digits.iter_mut().find(|b| **b == b',') {
            *comma = b'.';
        }
        fast_float2::parse(&*digits).ok()
    }

    /// Count the numbers at the end of a line. The first field does not count: it is the word or its beginning. In
    /// a dialect with lists, a line with fewer than two numbers has none.
    pub fn numbers_at_end(self, line: &[u8]) -> usize {
        let mut rest = self.trimmed(line);
        let mut numbers = 0;
        while let Some((before, field)) = self.split_last(rest)
            && self.number(field).is_some()
        {
            numbers += 1;
            rest = before;
        }
        if matches!(self.separator, Separator::List { .. }) {
            let first = self.split_word(rest);
            let is_list =
                numbers > 0 && first.is_some_and(|(_, field)| self.number(field).is_some());
            return if is_list { numbers + 1 } else { 0 };
        }
        numbers
    }

    /// The line without the white space that this dialect allows around it.
    fn trimmed(self, line: &[u8]) -> &[u8] {
        match self.separator {
            Separator::Blank => trim_end(line),
            _ => trim(line),
        }
    }
}

pub(super) fn is_separator(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|b| b" \t\r".contains(b))
}

/// The line without blanks and carriage returns at its end: fastText writes a space there, Windows a carriage return.
pub(super) fn trim_end(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t' | b'\r'] = line {
        line = rest;
    }
    line
}

pub(super) fn trim_start(mut line: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = line {
        line = rest;
    }
    line
}

fn trim(line: &[u8]) -> &[u8] {
    trim_start(trim_end(line))
}
