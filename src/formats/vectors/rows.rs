//! Reads vectors block by block. All threads work in the same way: a thread locks the file, reads the next block and
//! takes rows of the matrix for it. Then it parses the block into these rows while other threads read the next blocks.

use super::blocks::{Block, Blocks, Taken};
use super::record_layout::RecordLayout;
use super::selection::Selection;
use super::word_list::{Distinct, WordList};
use crate::error::{Error, Result};
use crate::float16::{Element, are_finite};
use crate::io::Input;
use crate::io::charset::{OnInvalid, repaired};
use crate::memory::fallible;
use crate::monitor::Monitor;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The vectors that [`read`] returns, with their words.
pub(super) struct Vectors<E> {
    pub words: WordList,
    pub matrix: Vec<E>,
    /// The indices of the words that are equal to an earlier word, in ascending order.
    pub repeats: Vec<usize>,
    /// The indices of the words whose vectors hold NaN or infinity, in ascending order.
    pub not_finite: Vec<usize>,
    /// Number of records of the file that were examined, also of those that are not kept.
    pub records: usize,
    /// What follows the last record, as far as it was read; None if all words of a selection were found before
    /// the end.
    pub rest: Option<Vec<u8>>,
}

/// Read at most `most` records of `dim` numbers on all threads of the current rayon pool. Memory for `expected` records
/// is allocated before reading. So the caller must not expect more records than a file of this size can hold. If a
/// selection `only` is given, only the vectors of its words are kept, and reading ends when all its words are found.
pub(super) fn read<E: Element>(
    input: &mut Input,
    records: impl RecordLayout,
    dim: usize,
    expected: usize,
    most: usize,
    only: Option<&Selection>,
    monitor: &Monitor,
) -> Result<Vectors<E>> {
    let expected = only.map_or(expected, |only| only.len().min(expected));
    // Zeroed memory that is not touched costs nothing, so `expected` may be too large. If `expected`
    // is too small, the matrix grows.
    let mut matrix = fallible::zeroed(expected.min(most).saturating_mul(dim))?;
    let mut blocks = Blocks::new(input, records, only, most, monitor);
    let mut joined = JoinedBlocks::new(only);
    loop {
        let before = joined.words.len();
        let round = Round {
            blocks: Mutex::new((&mut blocks, &mut matrix[before * dim..])),
            joined: Mutex::new(&mut joined),
            dim,
            only,
        };
        rayon::broadcast(|_| round.work());
        joined.close_gaps(&mut matrix, before, dim);
        if let Some(error) = joined.error {
            return Err(error);
        }
        let rows = match blocks.rows_needed() {
            Some(rows) if !joined.is_complete => rows,
            _ => break,
        };
        // Add more rows than needed, so that the matrix grows only a few times.
        let words = joined.words.len();
        let rows = (words + rows).saturating_add(words / 8).min(most);
        fallible::resize(&mut matrix, rows.saturating_mul(dim), E::ZERO)?;
    }
    matrix.truncate(joined.words.len() * dim);
    Ok(Vectors {
        rest: (!joined.is_complete).then(|| blocks.into_rest()),
        words: joined.words,
        matrix,
        repeats: joined.repeats,
        not_finite: joined.not_finite,
        records: joined.records,
    })
}

/// What the threads share until there are no more blocks or the matrix is full.
struct Round<'a, 'b, R, E> {
    /// The blocks that are not read yet, and the rows that are not taken yet.
    blocks: Mutex<(&'a mut Blocks<'b, R>, &'a mut [E])>,
    joined: Mutex<&'a mut JoinedBlocks<'b>>,
    dim: usize,
    only: Option<&'b Selection>,
}

impl<R: RecordLayout, E: Element> Round<'_, '_, R, E> {
    /// Read and parse blocks until there are no more, the matrix has no room for the next, or an error occurs.
    fn work(&self) {
        let mut block = Block::default();
        loop {
            let taken = {
                let mut guard = lock(&self.blocks);
                let (blocks, rows) = &mut *guard;
                blocks.take(&mut block, rows, self.dim)
            };
            let Some(Taken {
                number,
                rows,
                records,
            }) = taken
            else {
                return;
            };
            let parsed =
                records.and_then(|records| parse(&block, records, rows, self.dim, self.only));
            let stop = parsed.is_err();
            let is_complete = lock(&self.joined).put(number, parsed);
            if stop || is_complete {
                lock(&self.blocks).0.close();
            }
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The words of a block.
struct Parsed {
    words: WordList,
    not_finite: Vec<usize>,
    /// Number of records of the block, and of the rows of the matrix that were taken for it.
    records: usize,
    rows: usize,
}

/// Parse the records of a block. The vectors of the wanted words are written to the first rows of `rows`.
fn parse<E: Element>(
    block: &Block,
    mut records: impl RecordLayout,
    rows: &mut [E],
    dim: usize,
    only: Option<&Selection>,
) -> Result<Parsed> {
    let bytes = block.bytes();
    let mut words = WordList::default();
    let mut not_finite = Vec::new();
    for span in &block.spans {
        let row = &mut rows[words.len() * dim..][..dim];
        let parsed = records.parse(bytes, span.clone(), row);
        let word = parsed.map_err(|message| {
            let location = records.location(bytes, span.start);
            Error::format(&block.path, location, message)
        })?;
        let word = records.word(&bytes[word]);
        let text = match records.on_invalid() {
            OnInvalid::Strict => word,
            lossy => repaired(&word, lossy).into_bytes().into(),
        };
        if only.is_none_or(|only| only.contains(&text)) {
            if !are_finite(row) {
                fallible::push(&mut not_finite, words.len())?;
            }
            words.push(&text)?;
        }
    }
    Ok(Parsed {
        words,
        not_finite,
        records: block.records,
        rows: block.spans.len(),
    })
}

/// The parsed blocks, joined in the order of the file.
struct JoinedBlocks<'a> {
    only: Option<&'a Selection>,
    words: WordList,
    distinct: Distinct,
    repeats: Vec<usize>,
    not_finite: Vec<usize>,
    records: usize,
    /// Number of the next block to join, and the later blocks that were parsed before it.
    next: usize,
    later: BTreeMap<usize, Result<Parsed>>,
    /// For each block of this round: the number of words kept, and of rows taken.
    rows: Vec<(usize, usize)>,
    /// Whether all words of the selection were found.
    is_complete: bool,
    /// The first error in the order of the file. Blocks after it are ignored.
    error: Option<Error>,
}

impl<'a> JoinedBlocks<'a> {
    fn new(only: Option<&'a Selection>) -> Self {
        Self {
            only,
            words: WordList::default(),
            distinct: Distinct::default(),
            repeats: Vec::new(),
            not_finite: Vec::new(),
            records: 0,
            next: 0,
            later: BTreeMap::new(),
            rows: Vec::new(),
            is_complete: only.is_some_and(Selection::is_empty),
            error: None,
        }
    }

    /// Add a block. Returns whether all words of the selection were found.
    fn put(&mut self, number: usize, parsed: Result<Parsed>) -> bool {
        self.later.insert(number, parsed);
        while let Some(parsed) = self.later.remove(&self.next) {
            self.next += 1;
            if self.error.is_some() || self.is_complete {
                continue;
            }
            let added = parsed.and_then(|parsed| self.add(&parsed));
            self.error = added.err();
        }
        self.is_complete
    }

    fn add(&mut self, parsed: &Parsed) -> Result<()> {
        let first = self.words.len();
        self.words.append(&parsed.words)?;
        for i in first..self.words.len() {
            if !self.distinct.insert(&self.words, i)? {
                fallible::push(&mut self.repeats, i)?;
            }
        }
        for i in &parsed.not_finite {
            fallible::push(&mut self.not_finite, first + i)?;
        }
        self.records += parsed.records;
        fallible::push(&mut self.rows, (parsed.words.len(), parsed.rows))?;
        self.is_complete = self
            .only
            .is_some_and(|only| self.distinct.len() == only.len());
        Ok(())
    }

    /// Close the gaps between the vectors of the blocks of this round, whose rows start at row `to`. A block leaves a
    /// gap if fewer words of it were kept than rows were taken.
    fn close_gaps<E: Element>(&mut self, matrix: &mut [E], mut to: usize, dim: usize) {
        let mut from = to;
        for (words, rows) in self.rows.drain(..) {
            if from > to {
                matrix.copy_within(from * dim..(from + words) * dim, to * dim);
            }
            from += rows;
            to += words;
        }
    }
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
