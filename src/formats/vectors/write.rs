//! Writing vectors for other programs: word2vec's two formats, and GloVe's text.

use super::element::Element;
use super::format::{self, Body, Plan};
use super::shortest;
use super::text::Dialect;
use crate::error::{Error, Result};
use crate::io::{Output, Written, at, write_atomically};
use crate::monitor::Monitor;
use std::fmt::{self, Write as _};
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, PoisonError};

/// How words and numbers are laid out in a file that is written. The file is then read as a
/// [`Format`](super::Format): `Headless` and `SixDecimals` as `Glove`, `Text` and `SixDecimalsHeader` as
/// `Word2Vec`, `Binary` as `Word2VecBinary`. The module [`native`](super::native) writes its own format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `V dim LF`, then `word SP number SP … LF`; the shortest digits that read back the same.
    Text,
    /// `V dim LF`, then `word SP` and little-endian f32.
    Binary,
    /// Lines as in text, without the header: what GloVe files look like; the shortest digits.
    Headless,
    /// The same with six decimals, as Stanford's `%f` writes them.
    SixDecimals,
    /// The same after `V dim LF`.
    SixDecimalsHeader,
}

/// Bytes that a thread formats before it writes them, about: a part of what a core has in its cache.
const BLOCK: usize = 1 << 18;
/// Lines whose text is checked before anything is written: more than a reader examines.
const CHECKED: usize = 1 << 10;

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
    let rows = Rows {
        words,
        vectors,
        dim,
        layout,
    };
    write_atomically(path, monitor, |out| {
        let mut text = Text::default();
        if header {
            text.push(format!("{} {dim}\n", words.len()).as_bytes());
        }
        if layout != Layout::Binary {
            let start = text.end;
            let checked = words.len().min(CHECKED);
            rows.format(0..checked, &mut text);
            let all = checked == words.len();
            check_beginning(text.bytes(), all, header.then_some(words.len()), dim)?;
            text.end = start;
        }
        at(path, out.write_all(text.bytes()))?;
        let together = (BLOCK / dim.saturating_mul(12)).max(1);
        let blocks = words.len().div_ceil(together);
        in_order(out, path, blocks, monitor, |block, text| {
            let start = block * together;
            rows.format(start..(start + together).min(words.len()), text);
        })
    })
}

/// Write what `format` makes of the numbers from 0 to `blocks`, in their order. All threads of the current rayon
/// pool call it; while one writes, the others go on with later numbers.
fn in_order(
    out: &mut Output<'_>,
    path: &Path,
    blocks: usize,
    monitor: &Monitor,
    format: impl Fn(usize, &mut Text) + Sync,
) -> Result<()> {
    let unclaimed = AtomicUsize::new(0);
    let turns = Turns {
        turn: Mutex::new(Turn {
            out,
            next: 0,
            ended: None,
        }),
        changed: Condvar::new(),
    };
    rayon::broadcast(|_| {
        let _guard = EndOnPanic(&turns);
        let mut text = Text::default();
        loop {
            let block = unclaimed.fetch_add(1, Relaxed);
            if block >= blocks {
                return;
            }
            text.end = 0;
            format(block, &mut text);
            let write = |out: &mut Output<'_>| {
                monitor.check()?;
                at(path, out.write_all(text.bytes()))
            };
            if !turns.take(block, write) {
                return;
            }
        }
    });
    let turn = turns.turn.into_inner();
    turn.unwrap_or_else(PoisonError::into_inner)
        .ended
        .unwrap_or(Ok(()))
}

/// The output, for one thread at a time in the order of their numbers.
struct Turns<'a, 'b> {
    turn: Mutex<Turn<'a, 'b>>,
    changed: Condvar,
}

struct Turn<'a, 'b> {
    out: &'a mut Output<'b>,
    /// Whose turn it is.
    next: usize,
    /// Set after an error: nobody writes any more.
    ended: Option<Result<()>>,
}

impl<'b> Turns<'_, 'b> {
    /// Wait for the turn of `number`, and write. Returns whether others may go on.
    fn take(&self, number: usize, write: impl FnOnce(&mut Output<'b>) -> Result<()>) -> bool {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        while turn.next != number && turn.ended.is_none() {
            turn = self
                .changed
                .wait(turn)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if turn.ended.is_some() {
            return false;
        }
        let written = write(turn.out);
        turn.next += 1;
        let is_fine = written.is_ok();
        turn.ended = written.err().map(Err);
        drop(turn);
        self.changed.notify_all();
        is_fine
    }
}

/// Lets the other threads end when one panics, instead of waiting for its turn.
struct EndOnPanic<'a, 'b, 'c>(&'a Turns<'b, 'c>);

impl Drop for EndOnPanic<'_, '_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut turn = self.0.turn.lock().unwrap_or_else(PoisonError::into_inner);
            turn.ended.get_or_insert(Ok(()));
            drop(turn);
            self.0.changed.notify_all();
        }
    }
}

/// Refuse words that end before they should: at a newline, or, before a reader that splits at
/// every space, at a space.
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

/// Refuse words with which the file would be taken for another: when most of the first end in a
/// space and a number, say, or the very first starts with a byte order mark.
fn check_beginning(text: &[u8], all: bool, words: Option<usize>, dim: usize) -> Result<()> {
    let (content, whole) = format::beginning(text);
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
            "cannot be told from the numbers in this format, or there are none: \
             the native format takes any",
        )),
    }
}

/// What is to be written.
struct Rows<'a, W, E> {
    words: &'a [W],
    vectors: &'a [E],
    dim: usize,
    layout: Layout,
}

impl<W: AsRef<[u8]>, E: Element> Rows<'_, W, E> {
    /// Append some of the rows to `text`.
    fn format(&self, rows: Range<usize>, text: &mut Text) {
        let mut wide = vec![0.0; self.dim];
        let vectors = &self.vectors[rows.start * self.dim..rows.end * self.dim];
        for (word, vector) in self.words[rows].iter().zip(vectors.chunks_exact(self.dim)) {
            text.push(word.as_ref());
            let vector = E::widen(vector, &mut wide);
            match self.layout {
                Layout::Binary => {
                    text.push(b" ");
                    let numbers = text.room(4 * vector.len());
                    for (x, bytes) in vector.iter().zip(numbers.as_chunks_mut().0) {
                        *bytes = x.to_le_bytes();
                    }
                    text.end += 4 * vector.len();
                }
                Layout::SixDecimals | Layout::SixDecimalsHeader => {
                    for x in vector {
                        write!(text, " {x:.6}").expect("writing to memory");
                    }
                    text.push(b"\n");
                }
                Layout::Text | Layout::Headless => {
                    let line = text.room(shortest::longest(vector.len()));
                    text.end += shortest::write(vector, line);
                    text.push(b"\n");
                }
            }
        }
    }
}

/// Text that grows. Its room is kept when it is written anew.
#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    end: usize,
}

impl Text {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    /// Some bytes behind the end.
    fn room(&mut self, bytes: usize) -> &mut [u8] {
        let end = self.end + bytes;
        if end > self.bytes.len() {
            self.bytes.resize(end.max(2 * self.bytes.len()), 0);
        }
        &mut self.bytes[self.end..end]
    }

    fn push(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.end += bytes.len();
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}
