//! Writes vectors for other programs: word2vec's two formats, and GloVe's text.

use super::element::Element;
use super::format::{self, Body, Plan};
use super::text::Dialect;
use crate::error::{Error, Result};
use crate::io::Written;
use crate::io::{at, write_atomically};
use crate::monitor::Monitor;
use rayon::prelude::*;
use std::io::Write;
use std::path::Path;

/// How words and numbers are laid out in a file that is written. The file is then read as a
/// [`Format`](super::Format): `Headless` and `SixDecimals` as `Glove`, `Text` and `SixDecimalsHeader` as
/// `Word2Vec`, `Binary` as `Word2VecBinary`. The module [`native`](super::native) writes its own format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `V dim LF`, then lines `word SP number SP … LF`. Numbers have the fewest digits that read back the same.
    Text,
    /// `V dim LF`, then `word SP` and little-endian f32.
    Binary,
    /// As `Text`, without the header. Files of GloVe vectors look like this.
    Headless,
    /// As `Headless`, with six decimals, as Stanford's `%f` writes them.
    SixDecimals,
    /// As `SixDecimals`, after the header `V dim LF`.
    SixDecimalsHeader,
}

/// Words that one task formats. With 300 components their text fits into the cache of a core.
const ROWS: usize = 1 << 7;
/// Tasks for each thread between two writes; a round has more lines than `check_beginning` sees.
const TASKS: usize = 8;

/// Write `words` with their rows of `vectors` (V × dim, row-major), formatted on all threads of the
/// current rayon pool.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for words that the format cannot hold; [`Error::Cancelled`].
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
    write_atomically(path, monitor, |out| {
        // Format a limited number of rows at a time, so that memory does not grow with V.
        let together = ROWS * TASKS * rayon::current_num_threads();
        let mut blocks = words
            .chunks(together)
            .zip(vectors.chunks(together.saturating_mul(dim)));
        let format = |(words, vectors): (&[W], &[E])| -> Vec<Vec<u8>> {
            words
                .par_chunks(ROWS)
                .zip(vectors.par_chunks(ROWS * dim))
                .map(|(words, vectors)| format_rows(words, vectors, dim, layout))
                .collect()
        };
        let mut parts = blocks.next().map_or_else(Vec::new, format);
        if header {
            parts.insert(0, format!("{} {dim}\n", words.len()).into_bytes());
        }
        if layout != Layout::Binary {
            let all = words.len() <= together;
            check_beginning(&parts, all, header.then_some(words.len()), dim)?;
        }
        while !parts.is_empty() {
            monitor.check()?;
            // One thread writes while the others format what follows.
            let (written, next) = rayon::join(
                || parts.iter().try_for_each(|part| out.write_all(part)),
                || blocks.next().map_or_else(Vec::new, format),
            );
            at(path, written)?;
            parts = next;
        }
        Ok(())
    })
}

/// Refuse words that a reader would cut off: at a newline or, if the reader splits at every space, at a space.
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

/// Refuse words that would let a reader mistake the file: for example if most of the first words end in a space and a
/// number, or if the first word starts with a byte order mark.
fn check_beginning(parts: &[Vec<u8>], all: bool, words: Option<usize>, dim: usize) -> Result<()> {
    let text = parts.concat();
    let (content, whole) = format::beginning(&text);
    let expected = (dim, words.map(|n| n as u64), true);
    match format::plan(content, whole && all, None, None, usize::MAX) {
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
            "cannot be told from the numbers in this format, or there are none; save them in the native \
             format, which takes any words",
        )),
    }
}

fn format_rows<W: AsRef<[u8]>, E: Element>(
    words: &[W],
    vectors: &[E],
    dim: usize,
    layout: Layout,
) -> Vec<u8> {
    let mut text = Vec::with_capacity(words.len() * (dim * 12 + 12));
    let mut digits = std::array::from_fn::<_, TOGETHER, _>(|_| zmij::Buffer::new());
    let mut line = vec![0; dim * LONGEST + 1];
    for (word, vector) in words.iter().zip(vectors.chunks_exact(dim)) {
        text.extend_from_slice(word.as_ref());
        match layout {
            Layout::Binary => {
                text.push(b' ');
                let start = text.len();
                text.resize(start + dim * 4, 0);
                for (x, bytes) in vector.iter().zip(text[start..].chunks_exact_mut(4)) {
                    x.to_f32().write_le(bytes);
                }
            }
            Layout::SixDecimals | Layout::SixDecimalsHeader => {
                for x in vector {
                    write!(text, " {:.6}", x.to_f32()).expect("writing to memory");
                }
                text.push(b'\n');
            }
            Layout::Text | Layout::Headless => {
                let mut end = 0;
                for numbers in vector.chunks(digits.len()) {
                    let mut texts = [""; TOGETHER];
                    for ((text, digits), x) in texts.iter_mut().zip(&mut digits).zip(numbers) {
                        *text = digits.format(x.to_f32());
                    }
                    for number in &texts[..numbers.len()] {
                        end = put(&mut line, end, number.as_bytes());
                    }
                }
                line[end] = b'\n';
                text.extend_from_slice(&line[..=end]);
            }
        }
    }
    text
}

/// How many numbers are formatted before they are copied to the line: reading what was just written is slow.
const TOGETHER: usize = 8;
/// More bytes than the longest f32 with the space before it: " -1.17549435e-38".
const LONGEST: usize = 24;

/// Write a space and the digits of a number at `at`. Returns where they end. Copies of a fixed size, which
/// overlap, take half the time of those of any length.
#[inline(always)]
fn put(text: &mut [u8], at: usize, digits: &[u8]) -> usize {
    let number = &mut text[at..at + LONGEST];
    number[0] = b' ';
    let length = digits.len();
    if let (Some(first), Some(last)) = (digits.first_chunk::<8>(), digits.last_chunk::<8>())
        && length <= 16
    {
        number[1..9].copy_from_slice(first);
        number[length - 7..=length].copy_from_slice(last);
    } else if let (Some(first), Some(last)) = (digits.first_chunk::<4>(), digits.last_chunk::<4>())
        && length <= 8
    {
        number[1..5].copy_from_slice(first);
        number[length - 3..=length].copy_from_slice(last);
    } else {
        number[1..=length].copy_from_slice(digits);
    }
    at + 1 + length
}
