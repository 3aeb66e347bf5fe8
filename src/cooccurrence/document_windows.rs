//! Whole documents as windows: every two words of a document are a pair, whatever their distance
//! (docs/architecture.md, Counting rules).

use super::accumulator::{RowSums, Sum};
use super::occurrences::POLL_TOKENS;
use super::options::{CountingOptions, MAX_DOCUMENT};
use super::symbol_text::{Symbol, SymbolText};
use crate::encoding::GAP;
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::{Vocabulary, WordId};
use std::ops::Range;

/// Number of positions of the text for each element of the field `index` of [`DocumentWindows`].
const STEP: usize = 64;
/// Number of words of a document that an error shows.
const SHOWN: usize = 5;

/// The documents of a text. A document is looked up by the position of one of its words.
pub(crate) struct DocumentWindows {
    // ends[k] is the position of the mark that ends document k, or the length of the text if the
    // last document has no mark.
    ends: Vec<u32>,
    // The number of the document at every STEP-th position.
    index: Vec<u32>,
}

impl DocumentWindows {
    /// Index the documents of a segment. If the segment is the last one (`is_last`), the words after
    /// the last end of a document are a document too. Otherwise these words are left out, because the
    /// next segment begins with them.
    ///
    /// # Errors
    /// [`Error::Memory`]; [`Error::Cancelled`]. The inner result is a [`LongDocument`] if a
    /// document has more than [`MAX_DOCUMENT`] words and gaps.
    pub fn index<T: SymbolText + ?Sized>(
        text: &T,
        is_last: bool,
        monitor: &Monitor,
    ) -> Result<std::result::Result<Self, LongDocument>> {
        let symbols = text.symbols();
        let (mut ends, mut start) = (Vec::new(), 0);
        let mut index = fallible::with_capacity(symbols.len().div_ceil(STEP))?;
        for (block, part) in symbols.chunks(STEP).enumerate() {
            if (block * STEP).is_multiple_of(POLL_TOKENS) {
                monitor.check()?;
            }
            index.push(ends.len() as u32);
            for (offset, &symbol) in part.iter().enumerate() {
                if symbol == T::Symbol::END {
                    let end = block * STEP + offset;
                    if end - start > MAX_DOCUMENT {
                        return Ok(Err(LongDocument::of(text, ends.len(), start..end)));
                    }
                    fallible::push(&mut ends, end as u32)?;
                    start = end + 1;
                }
            }
        }
        if symbols.len() - start > MAX_DOCUMENT {
            let words = start..symbols.len();
            return Ok(Err(LongDocument::of(text, ends.len(), words)));
        }
        if is_last && start < symbols.len() {
            fallible::push(&mut ends, symbols.len() as u32)?;
        }
        Ok(Ok(Self { ends, index }))
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The range of the document of the word at `position`; `None` if the next segment begins with
    /// this document.
    #[inline]
    fn of(&self, position: usize) -> Option<Range<usize>> {
        let mut number = self.index[position / STEP] as usize;
        while *self.ends.get(number)? as usize <= position {
            number += 1;
        }
        let start = number
            .checked_sub(1)
            .map_or(0, |k| self.ends[k] as usize + 1);
        Some(start..self.ends[number] as usize)
    }

    /// The sum, over these positions, of the number of other positions in the document of the position. Positions in a
    /// document with which the next segment begins do not count.
    pub fn others(&self, positions: impl Iterator<Item = usize>) -> usize {
        positions
            .filter_map(|position| self.of(position))
            .map(|document| document.len() - 1)
            .sum()
    }

    /// Add to `sums`, for each of these positions of the word `row`, the pairs of `row` with the words at the other
    /// positions of the document. Words with a larger id than `row` are skipped: their own rows count these pairs.
    #[inline(always)]
    pub fn scan<T: SymbolText + ?Sized>(
        &self,
        text: &T,
        row: WordId,
        positions: impl Iterator<Item = usize>,
        options: &CountingOptions,
        sums: &mut impl RowSums,
    ) {
        let symbols = text.symbols();
        for position in positions {
            let Some(document) = self.of(position) else {
                continue;
            };
            let weight = options.weight(document.len() - 1);
            let (left, right) = (document.start..position, position + 1..document.end);
            if let Some(symbol) = T::Symbol::of(row) {
                for &column in &symbols[left] {
                    if column.is_at_most(symbol) && (options.symmetric || column != symbol) {
                        sums.at(column.word()).add(false, weight);
                    }
                }
                for &column in &symbols[right] {
                    if column.is_at_most(symbol) {
                        sums.at(column.word()).add(true, weight);
                    }
                }
            } else {
                for column in text.ids(left) {
                    if column < row || (column == row && options.symmetric) {
                        sums.at(column).add(false, weight);
                    }
                }
                for column in text.ids(right).filter(|&column| column <= row) {
                    sums.at(column).add(true, weight);
                }
            }
        }
    }
}

/// A document of more than [`MAX_DOCUMENT`] words and gaps. Such a document cannot be counted as a whole.
pub(crate) struct LongDocument {
    // The number of documents before this one in the segment.
    number: usize,
    words: usize,
    // Whether some of the words are gaps.
    has_gaps: bool,
    // The first `SHOWN` words.
    first: Vec<WordId>,
}

impl LongDocument {
    fn of<T: SymbolText + ?Sized>(text: &T, number: usize, words: Range<usize>) -> Self {
        Self {
            number,
            words: words.len(),
            has_gaps: text.ids(words.clone()).any(|id| id == GAP),
            first: text.ids(words.start..words.start + SHOWN).collect(),
        }
    }

    /// The error for this document. `before` is the number of documents before the segment. The
    /// first words of the document are looked up in `vocabulary`.
    pub fn error(&self, before: usize, vocabulary: Option<&Vocabulary>) -> Error {
        let known = |&id: &WordId| {
            let vocabulary = vocabulary.filter(|words| (id as usize) < words.len())?;
            Some(String::from_utf8_lossy(vocabulary.word(id)).into_owned())
        };
        let first: Vec<String> = self.first.iter().filter_map(known).collect();
        let begins = if first.is_empty() {
            String::new()
        } else {
            format!(", which begins {:?},", first.join(" "))
        };
        let gaps = if self.has_gaps {
            " (dropped words count too, because distances count them)"
        } else {
            ""
        };
        // The segment may hold only the beginning of the document: hence "or more".
        Error::parameter(
            "window",
            format!(
                "must be a number of words for this text: None counts every pair of a document of up to \
                 {MAX_DOCUMENT} words, but document {}{begins} has {} words or more{gaps}",
                before + self.number + 1,
                self.words,
            ),
        )
    }
}
