//! Recognises texts by what they look like: vectors, vocabularies, and text in UTF-16 or UTF-32 without a byte
//! order mark. Warns of XML, JSON and tables.

use super::byte_order_mark::UTF8_MARK;
use super::kind::{FileKind, Foreign};
use memchr::memchr;

static UTF16_LITTLE: Foreign = Foreign {
    description: "text in UTF-16 without its byte order mark",
    advice: "open it with open(path, encoding=\"utf-16-le\") and give the open file, or convert it to \
             UTF-8 (iconv -f UTF-16LE -t UTF-8)",
};
static UTF16_BIG: Foreign = Foreign {
    description: UTF16_LITTLE.description,
    advice: "open it with open(path, encoding=\"utf-16-be\") and give the open file, or convert it to \
             UTF-8 (iconv -f UTF-16BE -t UTF-8)",
};

static UTF32_LITTLE: Foreign = Foreign {
    description: "text in UTF-32 without its byte order mark",
    advice: "open it with open(path, encoding=\"utf-32-le\") and give the open file, or convert it to \
             UTF-8 (iconv -f UTF-32LE -t UTF-8)",
};
static UTF32_BIG: Foreign = Foreign {
    description: UTF32_LITTLE.description,
    advice: "open it with open(path, encoding=\"utf-32-be\") and give the open file, or convert it to \
             UTF-8 (iconv -f UTF-32BE -t UTF-8)",
};

/// Largest number of lines to examine.
const LINES: usize = 50;
/// At least this many lines are needed to recognise a vocabulary, this many records to recognise a table, and
/// this many characters to recognise UTF-16 or UTF-32. To recognise vectors, one line fewer is enough.
const FEW: usize = 3;

/// The kind of a file with this beginning, if it looks like vectors or a vocabulary, or like text
/// in UTF-16 or UTF-32 without a byte order mark.
pub(super) fn of(beginning: &[u8], whole: bool) -> Option<FileKind> {
    for (encoding, read) in [
        (&UTF32_LITTLE, u32::from_le_bytes as fn([u8; 4]) -> u32),
        (&UTF32_BIG, u32::from_be_bytes),
    ] {
        if is_utf32(beginning, read) {
            return Some(FileKind::Foreign(encoding));
        }
    }
    if let Some(big_endian) = is_utf16(beginning) {
        let encoding = if big_endian {
            &UTF16_BIG
        } else {
            &UTF16_LITTLE
        };
        return Some(FileKind::Foreign(encoding));
    }
    let lines = lines(beginning, whole);
    if is_vocabulary(&lines) && lines.len() >= FEW && lines.iter().all(|line| fields(line) == 2) {
        return Some(FileKind::Vocabulary);
    }
    are_vectors(&lines).then_some(FileKind::Vectors)
}

/// Whether this may be the beginning of a text: UTF-8 that has none of the bytes 0 to 6 and 0x0e to 0x1a. The last
/// character may be cut off.
pub(crate) fn is_text(content: &[u8]) -> bool {
    let cut_at_most = match std::str::from_utf8(content) {
        Ok(_) => true,
        Err(e) => e.error_len().is_none(),
    };
    cut_at_most && !content.iter().any(|b| *b < 7 || (0x0e..0x1b).contains(b))
}

/// Whether the bytes are data and not text. A text may have a few control characters. So there must be at least 64
/// bytes, and more than a third of them must be control characters or, if the bytes are not valid UTF-8, more than a
/// tenth. Codes 7 to 13, such as the tab and the newline, do not count.
pub(super) fn is_control_data(content: &[u8]) -> bool {
    const FEW_BYTES: usize = 64;
    let is_control = |b: u8| b.is_ascii_control() && !(7..0x0e).contains(&b);
    // A run of equal control characters counts once, because a text may have a long run of zero bytes.
    let is_new = |pair: &&[u8]| pair[0] != pair[1] && is_control(pair[1]);
    let controls = content.windows(2).filter(is_new).count();
    let is_utf8 = std::str::from_utf8(content).map_or_else(|e| e.error_len().is_none(), |_| true);
    content.len() >= FEW_BYTES && controls * if is_utf8 { 3 } else { 10 } > content.len()
}

/// Whether this is the beginning of a text in UTF-32 without a byte order mark. `read` decodes the bytes of a
/// character.
fn is_utf32(content: &[u8], read: fn([u8; 4]) -> u32) -> bool {
    const EXAMINED_BYTES: usize = 1 << 14;
    let (units, _) = content[..content.len().min(EXAMINED_BYTES)].as_chunks::<4>();
    units.len() >= FEW
        && units.iter().all(|unit| {
            let character = char::from_u32(read(*unit));
            character.is_some_and(|c| !c.is_control() || c.is_whitespace())
        })
}

/// Whether this is the beginning of a text in UTF-16 without a byte order mark, and if so, whether its
/// bytes are in big-endian order.
///
/// In UTF-16 one of the two bytes of an ASCII character is zero, always on the same side. Text in UTF-8 may have
/// zero bytes between its words. But then most pairs of bytes that are not an ASCII character of UTF-16 are two
/// printable ASCII characters of UTF-8, and the result is `None`.
fn is_utf16(content: &[u8]) -> Option<bool> {
    const EXAMINED_BYTES: usize = 1 << 14;
    let (pairs, _) = content[..content.len().min(EXAMINED_BYTES)].as_chunks::<2>();
    if pairs.len() < FEW || !content[..2 * pairs.len()].contains(&0) {
        return None;
    }
    let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic() || b"\t\r\n".contains(&byte);
    // The number of ASCII characters, if this may be UTF-16 in this byte order.
    let ascii_of = |big_endian: bool| {
        let (mut ascii, mut letters) = (0, 0);
        for &pair in pairs {
            let [high, low] = if big_endian { pair } else { [pair[1], pair[0]] };
            if high == 0 && low < 0x80 {
                if !printable(low) {
                    return None;
                }
                ascii += 1;
            } else if [high, low].iter().all(|b| (b' '..0x7f).contains(b)) {
                // Tabs do not count: the code of a tab is the high byte of Devanagari characters.
                letters += 1;
            }
        }
        let others = pairs.len() - ascii;
        (ascii * 50 >= pairs.len() && 2 * letters <= others).then_some(ascii)
    };
    let [little, big] = [false, true].map(ascii_of);
    little.max(big).map(|_| big > little)
}

/// The lines that are complete and not blank among the first `LINES` lines, without a byte order mark and without
/// carriage returns. The last line counts as complete if `beginning` is the `whole` file.
fn lines(beginning: &[u8], whole: bool) -> Vec<&[u8]> {
    let text = beginning.strip_prefix(UTF8_MARK).unwrap_or(beginning);
    let mut lines: Vec<&[u8]> = Vec::new();
    let mut rest = text;
    while let Some(end) = memchr(b'\n', rest)
        && lines.len() < LINES
    {
        lines.push(&rest[..end]);
        rest = &rest[end + 1..];
    }
    if whole && lines.len() < LINES {
        lines.push(rest);
    }
    for line in &mut lines {
        *line = line.strip_suffix(b"\r").unwrap_or(line);
    }
    lines.retain(|line| !line.trim_ascii().is_empty());
    lines
}

fn split(line: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    line.split(|b| b" \t".contains(b))
        .filter(|field| !field.is_empty())
}

fn fields(line: &[u8]) -> usize {
    split(line).count()
}

/// Whether every line is a word and its count, and no count is larger than the count on the line before.
pub(crate) fn is_vocabulary<L: AsRef<[u8]>>(lines: &[L]) -> bool {
    let mut before = u64::MAX;
    let falls = |line: &L| {
        let line = line.as_ref();
        let Some(space) = line.iter().rposition(|b| b" \t".contains(b)) else {
            return false;
        };
        let count = &line[space + 1..];
        let digits = count.iter().all(u8::is_ascii_digit);
        let count = std::str::from_utf8(count)
            .ok()
            .and_then(|text| text.parse().ok());
        let falls = digits && space > 0 && count.is_some_and(|count| count <= before);
        before = count.unwrap_or(before);
        falls
    };
    !lines.is_empty() && lines.iter().all(falls)
}

/// Whether all lines, except for a header of two whole numbers, are a word and its components. The components are
/// numbers, and most of them are decimal fractions. A line may have one or two numbers more than the others, because
/// a word may end in one or two numbers.
fn are_vectors(lines: &[&[u8]]) -> bool {
    let whole = |field: &[u8]| field.iter().all(u8::is_ascii_digit);
    let has_header = lines
        .first()
        .is_some_and(|line| fields(line) == 2 && split(line).all(whole));
    let rows = &lines[usize::from(has_header)..];
    if rows.len() + usize::from(has_header) < FEW - 1 || rows.is_empty() {
        return false;
    }
    let fraction = |field: &&[u8]| {
        let decimal = field.iter().any(|b| b".eE".contains(b));
        decimal && fast_float2::parse::<f32, _>(field).is_ok()
    };
    let number = |field: &&[u8]| fast_float2::parse::<f32, _>(field).is_ok();
    let counted = rows.iter().map(|row| {
        let numbers = split(row)
            .rev()
            .take_while(number)
            .count()
            .min(fields(row) - 1);
        let fractions = split(row).rev().take(numbers).filter(fraction).count();
        (numbers, fractions)
    });
    let counted: Vec<_> = counted.collect();
    let dim = counted
        .iter()
        .map(|(numbers, _)| *numbers)
        .min()
        .unwrap_or(0);
    let decimal: usize = counted.iter().map(|(_, fractions)| fractions).sum();
    dim >= 2 && decimal * 2 > dim * rows.len() && counted.iter().all(|(n, _)| *n <= dim + 2)
}

/// The warning for text that looks like XML, JSON or a table (columns between commas, semicolons or tabs) and
/// would be read as plain text; `None` if it looks like none of these.
pub(crate) fn notice(beginning: &[u8], whole: bool) -> Option<String> {
    let lines = lines(beginning, whole);
    let first = String::from_utf8_lossy(lines.first()?);
    let first = first.trim();
    let begins: String = first.chars().take(60).collect();
    let begins = format!("it begins with {begins:?}");
    if first.starts_with("<?xml") || first.starts_with("<mediawiki") {
        return Some(format!(
            "this looks like XML ({begins}): tags and attributes are read as words, too. Extract the \
             text first (wikiextractor extracts that of a Wikipedia dump)"
        ));
    }
    if is_json(&lines) {
        return Some(format!(
            "this looks like JSON ({begins}): keys and punctuation are read as words, too. To read one \
             field of each line, name it: fit(path, column=\"text\"), or --column text on the command \
             line"
        ));
    }
    let (_, name) = [(b',', "commas"), (b';', "semicolons"), (b'\t', "tabs")]
        .into_iter()
        .find(|(separator, _)| is_table(beginning, whole, *separator))?;
    Some(format!(
        "this looks like a table whose columns are separated by {name} ({begins}): all columns and \
         their separators are read as words. To read one column, name it: fit(path, column=\"text\"), or \
         --column text on the command line; the first line must have the names of the columns"
    ))
}

/// Whether all lines are JSON objects or all are JSON lists, or the text begins like one long list or object.
fn is_json(lines: &[&[u8]]) -> bool {
    let quoted = |line: &[u8]| line.trim_ascii_start().starts_with(b"\"");
    let is_object =
        |line: &[u8]| line.ends_with(b"}") && line.strip_prefix(b"{").is_some_and(quoted);
    let is_list = |line: &[u8]| {
        let has_text = [&b"[\""[..], b",\"", b", \""]
            .iter()
            .any(|quote| memchr::memmem::find(line, quote).is_some());
        line.starts_with(b"[") && line.ends_with(b"]") && has_text
    };
    let opens = |line: &[u8]| [&b"["[..], b"{", b"[{"].contains(&line);
    let is_member = |line: &[u8]| quoted(line) && line.contains(&b':') || line.starts_with(b"{\"");
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.trim_ascii()).collect();
    let first = lines[0];
    let inside = lines.iter().find(|line| !opens(line));
    lines.iter().all(|line| is_object(line))
        || lines.iter().all(|line| is_list(line))
        || opens(first) && inside.is_some_and(|line| is_member(line))
        || first.starts_with(b"[{\"")
        || first.starts_with(b"[[\"")
}

/// Whether the text is a table with columns between `separator`, as in CSV. The first records are examined, at
/// least `FEW` and at most `LINES`. All must have the same number of fields, at least two. A line
/// without a separator and without a space is passed over. In at least half of the records, a field must have several
/// words. Unless the separator is the tab, at most one in five separators may be followed by a space.
fn is_table(beginning: &[u8], whole: bool, separator: u8) -> bool {
    let text = beginning.strip_prefix(UTF8_MARK).unwrap_or(beginning);
    let (mut columns, mut records, mut wide) = (None, 0, 0);
    // Number of separators, and number of separators before a space. In sentences, a space follows most commas.
    let (mut separators, mut loose) = (0, 0);
    let (mut fields, mut quoted, mut spaces, mut has_text) = (1, false, 0, false);
    let mut bytes = text.iter().copied().peekable();
    loop {
        let byte = match bytes.next() {
            Some(byte) => byte,
            None if whole && !quoted && (fields > 1 || spaces > 0) => b'\n',
            None => break,
        };
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => spaces += usize::from(byte == b' '),
            b'\n' => {
                if fields > 1 || spaces > 0 {
                    has_text |= spaces > 0;
                    if *columns.get_or_insert(fields) != fields {
                        return false;
                    }
                    records += 1;
                    wide += usize::from(has_text);
                }
                (fields, spaces, has_text) = (1, 0, false);
                if records == LINES || bytes.peek().is_none() {
                    break;
                }
            }
            byte if byte == separator => {
                fields += 1;
                separators += 1;
                loose += usize::from(bytes.peek() == Some(&b' '));
                has_text |= spaces > 0;
                spaces = 0;
            }
            _ => spaces += usize::from(byte == b' '),
        }
    }
    let is_tight = separator == b'\t' || loose * 5 <= separators;
    records >= FEW && columns >= Some(2) && 2 * wide >= records && is_tight
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kind(text: &[u8]) -> Option<FileKind> {
        of(text, true)
    }

    #[test]
    fn vectors_and_vocabularies_are_told_from_texts() {
        for vectors in [
            &b"the 0.1 -0.2 0.3\nof 0.2 0.1 -0.5\n"[..],
            b"2 3\nthe 0.1 -0.2 0.3\nof 0.2 0.1 -0.5\n",
            b"1 2\nthe 0.1 -0.2",
            b"\xef\xbb\xbfnew york 0.1 1e-5\r\n. . . 0.5 2\r\n",
        ] {
            assert_eq!(kind(vectors), Some(FileKind::Vectors), "{vectors:?}");
        }
        assert_eq!(kind(b"the 9\nof 9\nnew 3\n"), Some(FileKind::Vocabulary));
        for text in [
            &b"1 2 3\n4 5 6\n7 8 9\n"[..],
            b"it cost 3.50 1.20\nand then nothing\n",
            b"the 9\nof 12\nnew 3\n",
            b"page one 9\npage two 8\npage three 7\n",
            b"0.5 0.5\n",
            b"a\n",
            b"a b c\nd e f\n",
        ] {
            assert_eq!(kind(text), None, "{text:?}");
        }
    }

    #[test]
    fn tables_are_told_from_sentences() {
        for (table, name) in [
            (&b"{\"text\": \"a b\"}\n{\"text\": \"c\"}\n"[..], "JSON"),
            (b"[\"a\", \"b c\"]\n[\"d\", \"e\"]\n", "JSON"),
            (b"[1, \"b c\"]\n[2, \"e\"]\n", "JSON"),
            (b"[\n  {\"text\": \"a b\"},\n", "JSON"),
            (b"[{\"text\": \"a b\"}]", "JSON"),
            (
                b"id,text\n1,a few words\n2,\"some, more\nwords\"\n",
                "commas",
            ),
            (b"id;text\n1;a few words\n2;more words\n", "semicolons"),
            (b"1\ta few words\n2\tmore of them\n3\tand so on\n", "tabs"),
            (b"<?xml version=\"1.0\"?>\n<a>b</a>\n", "XML"),
        ] {
            let text = notice(table, true).unwrap_or_default();
            assert!(text.contains(name), "{table:?}: {text}");
        }
        for text in [
            &b"well, this is a sentence\nand, of course, another\nno, not more\n"[..],
            b"one, two\nthree, four\nfive, six\n",
            b"a b c\nd e f\ng h i\n",
            b"a\tb\nc\td\ne\tf\n",
            b"{braces} alone\nare no JSON\n",
            b"a single line, with a comma",
            b"a line, with an open \" quotation mark",
            b"",
        ] {
            assert_eq!(notice(text, true), None, "{text:?}");
        }
    }

    fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
        let write = if big_endian {
            u16::to_be_bytes
        } else {
            u16::to_le_bytes
        };
        text.encode_utf16().flat_map(write).collect()
    }

    #[test]
    fn utf16_without_a_mark_is_told_by_its_zeros() {
        for text in [
            "plain words\n",
            "Москва и Петербург, два города\n",
            "Ελλάδα και κόσμος\n",
            "早上好 world\n一 二 三\n",
            "été à Genève\r\n",
            "नमस्ते दुनिया, यह एक वाक्य है\n",
            "ਸਤਿ ਸ੍ਰੀ ਅਕਾਲ ਦੁਨੀਆ\n",
            "മലയാളം ഒരു ഭാഷയാണ്\n",
        ] {
            for big_endian in [false, true] {
                assert_eq!(
                    is_utf16(&utf16(text, big_endian)),
                    Some(big_endian),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn utf32_without_a_mark_is_told_by_its_characters() {
        for text in ["plain words\n", "नमस्ते दुनिया\n", "早上好\n"] {
            for write in [u32::to_le_bytes as fn(u32) -> [u8; 4], u32::to_be_bytes] {
                let bytes: Vec<u8> = text.chars().flat_map(|c| write(c.into())).collect();
                let Some(FileKind::Foreign(foreign)) = kind(&bytes) else {
                    panic!("{text}");
                };
                assert!(foreign.description.contains("UTF-32"), "{text}");
            }
        }
    }

    #[test]
    fn many_control_characters_are_no_text_and_a_few_are() {
        assert!(is_control_data(&b"ab\0\x01".repeat(20)));
        assert!(is_control_data(&b"\xffabcd\0".repeat(20)));
        for text in [
            "\0\u{80}\u{10000}".as_bytes(),
            &b"\0\0\0\0".repeat(2),
            &b"words in a line\0".repeat(20),
            &[&b"words"[..], &[0; 999], b"words"].concat(),
            &b"\x1b[1mbold\x1b[0m ".repeat(20),
            b"",
        ] {
            assert!(!is_control_data(text), "{text:?}");
            assert_eq!(kind(text), None, "{text:?}");
        }
    }

    #[test]
    fn zero_bytes_between_words_are_no_utf16() {
        for text in [
            &b"known \0 \0known\0 known"[..],
            b"a few\0 words\0 with zeros\0\0",
            b"\0\0\0\0\0\0\0\0",
            b"plain text",
            "Москва".as_bytes(),
        ] {
            assert_eq!(is_utf16(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn text_in_utf8_without_zeros_is_never_utf16(text in "[^\0]*") {
            prop_assert_eq!(is_utf16(text.as_bytes()), None);
        }

        #[test]
        fn nothing_panics(bytes: Vec<u8>, whole: bool) {
            FileKind::of_beginning(&bytes, whole);
            notice(&bytes, whole);
        }
    }
}
