//! Writes vectors for other programs: word2vec's two formats, and GloVe's text.

use super::detect::beginning;
use super::dialect::Dialect;
use super::format_rules::{Body, Plan, plan};
use super::ordered_writer::{TextBuffer, write_in_order};
use super::shortest;
use crate::error::{Error, Result};
use crate::float16::Element;
use crate::io::{Written, at, write_atomically};
use crate::monitor::Monitor;
use std::fmt::Write as _;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

/// How words and numbers are laid out in a file that is written. The file is then read as a
/// [`Format`](super::Format): `Headless` and `SixDecimals` as `Glove`, `Text` and `SixDecimalsHeader` as
/// `Word2Vec`, `Binary` as `Word2VecBinary`. The module [`native`](super::native) writes its own format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `V dim LF`, then lines `word SP number SP … LF`. Numbers have the fewest digits that are read back as the same
    /// f32.
    Text,
    /// `V dim LF`, then `word SP` and `dim` little-endian f32 for each word, without a newline
    /// after them.
    Binary,
    /// As `Text`, without the header. Files of GloVe vectors look like this.
    Headless,
    /// As `Headless`, with six decimals, as Stanford's `%f` writes them.
    SixDecimals,
    /// As `SixDecimals`, after the header `V dim LF`.
    SixDecimalsHeader,
}

/// Approximate number of bytes that a thread formats before it writes them: few enough to stay in the cache of a
/// core.
const FORMATTED_BYTES: usize = 1 << 18;
/// Number of lines that are checked before anything is written. A reader examines fewer lines to detect the
/// format.
const CHECKED: usize = 1 << 10;

/// Write `words` with their rows of `vectors` (V × dim, row-major), formatted on all threads of the
/// current rayon pool.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for words that the format cannot hold, for an empty list of words if the layout
/// is text without a header, for vectors without components, for an empty name, and for a name with the ending of
/// another format; [`Error::Cancelled`].
pub fn save<W: AsRef<[u8]> + Sync, E: Element>(
    path: impl AsRef<Path>,
    words: &[W],
    vectors: &[E],
    dim: usize,
    layout: Layout,
    monitor: &Monitor,
) -> Result<()> {
    let path = path.as_ref();
    let written = if layout == Layout::Binary {
        Written::BINARY
    } else {
        Written::TEXT
    };
    written.check(path)?;
    if dim == 0 {
        let message = "must have at least one component in this format";
        return Err(Error::parameter("vectors", message));
    }
    let header = !matches!(layout, Layout::Headless | Layout::SixDecimals);
    check_words(words, header)?;
    let formatter = RowFormatter {
        words,
        vectors,
        dim,
        layout,
    };
    write_atomically(path, monitor, |out| {
        let mut text = TextBuffer::default();
        if header {
            text.push(format!("{} {dim}\n", words.len()).as_bytes());
        }
        if layout != Layout::Binary {
            let start = text.bytes().len();
            let checked = words.len().min(CHECKED);
            formatter.format(0..checked, &mut text);
            let all = checked == words.len();
            check_beginning(text.bytes(), all, header.then_some(words.len()), dim)?;
            text.truncate(start);
        }
        at(path, out.write_all(text.bytes()))?;
        let together = (FORMATTED_BYTES / dim.saturating_mul(12)).max(1);
        let blocks = words.len().div_ceil(together);
        write_in_order(out, path, blocks, monitor, |block, text| {
            let start = block * together;
            formatter.format(start..(start + together).min(words.len()), text);
        })
    })
}

/// Refuse empty words, and words that a reader would cut off: at a newline or, if the reader splits at every
/// space, at a space.
fn check_words<W: AsRef<[u8]>>(words: &[W], split_at_spaces: bool) -> Result<()> {
    for word in words {
        let word = word.as_ref();
        let ends = |byte: &u8| *byte == b'\n' || split_at_spaces && *byte == b' ';
        if word.is_empty() || word.iter().any(ends) {
            let spaces = if split_at_spaces { "spaces or " } else { "" };
            return Err(Error::parameter(
                "words",
                format!(
                    "must not be empty or contain {spaces}newlines in this format: {:?}",
                    String::from_utf8_lossy(word)
                ),
            ));
        }
    }
    Ok(())
}

/// Refuse words with which a reader would misread the file: for example if most of the first words end in a space and a
/// number, or if the first word starts with a byte order mark.
fn check_beginning(text: &[u8], all: bool, words: Option<usize>, dim: usize) -> Result<()> {
    let (content, whole) = beginning(text);
    let expected = (dim, words.map(|n| n as u64), true);
    match plan(content, whole && all, None, None, usize::MAX) {
        Ok(Plan::Text(Body {
            dim,
            promised,
            start,
            dialect,
            ..
        })) if dialect == Dialect::default()
            && (dim, promised, promised.is_some() || start == 0) == expected =>
        {
            Ok(())
        }
        _ => Err(Error::parameter(
            "words",
            "cannot be told from the numbers in this format, or there are no words; save them in the native \
             format, which takes any words",
        )),
    }
}

/// The words and vectors to write, and their layout.
struct RowFormatter<'a, W, E> {
    words: &'a [W],
    vectors: &'a [E],
    dim: usize,
    layout: Layout,
}

impl<W: AsRef<[u8]>, E: Element> RowFormatter<'_, W, E> {
    /// Format the `rows` in this range, and append them to `text`.
    fn format(&self, rows: Range<usize>, text: &mut TextBuffer) {
        let mut wide = vec![0.0; self.dim];
        let vectors = &self.vectors[rows.start * self.dim..rows.end * self.dim];
        for (word, vector) in self.words[rows].iter().zip(vectors.chunks_exact(self.dim)) {
            text.push(word.as_ref());
            let vector = E::widen(vector, &mut wide);
            match self.layout {
                Layout::Binary => {
                    text.push(b" ");
                    text.append(4 * vector.len(), |room| {
                        for (x, bytes) in vector.iter().zip(room.as_chunks_mut().0) {
                            *bytes = x.to_le_bytes();
                        }
                        room.len()
                    });
                }
                Layout::SixDecimals | Layout::SixDecimalsHeader => {
                    for x in vector {
                        write!(text, " {x:.6}").expect("writing to memory");
                    }
                    text.push(b"\n");
                }
                Layout::Text | Layout::Headless => {
                    let longest = shortest::longest(vector.len());
                    text.append(longest, |line| shortest::write(vector, line));
                    text.push(b"\n");
                }
            }
        }
    }
}
