//! Reads vectors block by block. One thread reads the next block while the others parse this one; they write each row
//! to its final position in the matrix.

use super::element::Element;
use super::selection::Selection;
use super::word_list::WordList;
use crate::error::{Error, Location, Result};
use crate::io::Input;
use crate::io::charset::{OnInvalid, repaired};
use crate::memory::fallible;
use crate::monitor::Monitor;
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;

/// Bytes read at a time: a few milliseconds of parsing. Tests read blocks shorter than some lines.
const BLOCK: usize = if cfg!(test) { 64 } else { 4 << 20 };
/// Rows parsed by one task.
const TASK: usize = 64;
/// Rows that are parsed between two checks for cancellation; so also the most spans that are kept at a time.
const TOGETHER: usize = 1 << 16;

/// How words and vectors follow each other in a file.
pub(super) trait Rows: Sync {
    /// Find complete records from the beginning of `block` on, at most `most`, and append their ranges to `spans`.
    /// Records that it does not find it must find in a later call. Returns the end of the last record found, at which
    /// the next block will start.
    fn frame(
        &mut self,
        block: &[u8],
        at_end: bool,
        most: usize,
        spans: &mut Vec<Range<usize>>,
    ) -> std::result::Result<usize, Fault>;

    /// Read the numbers of one record into `row`. Returns the range of its word in the record. The word is UTF-8 if
    /// [`Rows::on_invalid`] is strict.
    fn parse<E: Element>(
        &self,
        record: &[u8],
        row: &mut [E],
    ) -> std::result::Result<Range<usize>, String>;

    /// Whether a record may have one of the words. This is decided without reading its numbers.
    fn may_have(&self, record: &[u8], words: &Selection) -> bool;

    /// The word that `written` stands for, for example without its quotation marks.
    fn word<'a>(&self, written: &'a [u8]) -> Cow<'a, [u8]> {
        written.into()
    }

    /// What to do with words that are not UTF-8.
    fn on_invalid(&self) -> OnInvalid;

    /// The location in the file of `offset` in the block that [`Rows::frame`] saw last.
    fn location(&self, block: &[u8], offset: usize) -> Location;
}

/// Something wrong at an offset in the block.
pub(super) struct Fault {
    pub offset: usize,
    pub message: String,
}

/// A matrix that is being read.
pub(super) struct Vectors<E> {
    pub words: WordList,
    pub matrix: Vec<E>,
    /// Number of records of the file up to the last that was examined.
    pub records: usize,
    /// What follows the last record, as far as it was read; None if all words of a selection were found before
    /// the end.
    pub rest: Option<Vec<u8>>,
}

/// Read at most `most` records of `dim` numbers. Memory for `expected` records is allocated at once: the file must be
/// large enough for them. With a selection, only the vectors of its words are kept, and reading ends when all are found.
pub(super) fn read<E: Element>(
    input: &mut Input,
    mut records: impl Rows,
    dim: usize,
    expected: usize,
    most: usize,
    only: Option<&Selection>,
    monitor: &Monitor,
) -> Result<Vectors<E>> {
    let path = input.path().to_owned();
    let mut words = WordList::default();
    let (mut seen, mut left) = (0, only.map(Selection::len));
    let expected = left.map_or(expected, |left| left.min(expected));
    // Zeroed memory that is not touched costs nothing, so `expected` may be too much; when it is
    // too little the matrix grows by what each block needs.
    let mut matrix = fallible::zeroed(expected.min(most).saturating_mul(dim))?;
    let (mut block, mut next) = (Vec::new(), Vec::new());
    let mut spans = fallible::with_capacity(TOGETHER.min(most))?;
    let mut at_end = input.fill(&mut block, BLOCK)?;
    loop {
        let fail = |records: &_, fault: Fault| {
            let location = Rows::location(records, &block, fault.offset);
            Error::format(&path, location, fault.message)
        };
        spans.clear();
        let together = TOGETHER.min(most - seen);
        let framed = records.frame(&block, at_end, together, &mut spans);
        let end = framed.map_err(|fault| fail(&records, fault))?;
        let whole = spans.len();
        seen += whole;
        if let Some(only) = only {
            spans.retain(|span| records.may_have(&block[span.clone()], only));
        }
        let (from, to) = (words.len() * dim, (words.len() + spans.len()) * dim);
        if to > matrix.len() {
            fallible::resize(&mut matrix, to, E::ZERO)?;
        }
        let last = at_end && end == block.len() || seen == most;
        next.clear();
        fallible::reserve(&mut next, block.len() - end)?;
        next.extend_from_slice(&block[end..]);
        // If the block has no whole record, the next one is twice as long: a long record is scanned from its start
        // only a few times. If the block has more than `together` records, the rest of them begins the next block.
        let more = if whole == 0 {
            next.len().max(BLOCK)
        } else {
            BLOCK.saturating_sub(next.len())
        };
        let (filled, parsed) = rayon::join(
            || {
                if last || at_end || more == 0 {
                    Ok(at_end)
                } else {
                    input.fill(&mut next, more)
                }
            },
            || parse(&records, &block, &spans, &mut matrix[from..to], dim),
        );
        let first = words.len();
        let mut row = first;
        for task in parsed {
            for word in task.map_err(|fault| fail(&records, fault))? {
                let word = records.word(&block[word]);
                let text = match records.on_invalid() {
                    OnInvalid::Strict => word,
                    lossy => repaired(&word, lossy).into_bytes().into(),
                };
                if only.is_none_or(|only| only.contains(&text)) {
                    if row > words.len() {
                        matrix.copy_within(row * dim..(row + 1) * dim, words.len() * dim);
                    }
                    words.push(&text)?;
                }
                row += 1;
            }
        }
        if let (Some(left), Some(only)) = (&mut left, only)
            && words.len() > first
        {
            *left = only.len() - words.distinct()?;
        }
        at_end = filled?;
        input.report(monitor)?;
        std::mem::swap(&mut block, &mut next);
        if last || left == Some(0) {
            break;
        }
    }
    matrix.truncate(words.len() * dim);
    Ok(Vectors {
        words,
        matrix,
        records: seen,
        rest: (left != Some(0)).then_some(block),
    })
}

/// Parse the records of a block on all threads. Returns the range of each word in the block, task by task.
fn parse<E: Element>(
    records: &impl Rows,
    block: &[u8],
    spans: &[Range<usize>],
    rows: &mut [E],
    dim: usize,
) -> Vec<std::result::Result<Vec<Range<usize>>, Fault>> {
    spans
        .par_chunks(TASK)
        .zip(rows.par_chunks_mut(TASK * dim))
        .map(|(spans, rows)| {
            let rows = rows.chunks_exact_mut(dim);
            spans
                .iter()
                .zip(rows)
                .map(|(span, row)| {
                    let word = records.parse(&block[span.clone()], row);
                    let word = word.map_err(|message| Fault {
                        offset: span.start,
                        message,
                    })?;
                    Ok(span.start + word.start..span.start + word.end)
                })
                .collect()
        })
        .collect()
}

/// An error message if the word is not UTF-8 and `errors` is strict.
pub(super) fn check_utf8(word: &[u8], errors: OnInvalid) -> std::result::Result<(), String> {
    match std::str::from_utf8(word) {
        Err(e) if errors == OnInvalid::Strict => Err(format!(
            "the word {:?} is not valid UTF-8 (byte 0x{:02x}); errors=\"replace\" or \"ignore\" reads \
             such words",
            String::from_utf8_lossy(word),
            word[e.valid_up_to()]
        )),
        _ => Ok(()),
    }
}
