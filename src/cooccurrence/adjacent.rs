//! The contexts of adjacent words, as columns of their own beside those of X (docs/architecture.md, The model).

use super::block_layout::RowBlock;
use super::matrix::Triangle;
use super::row_writer::{CountedBlock, RowWriter};
use crate::error::Result;
use crate::memory::{MemoryLimit, fallible};
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::ops::Range;

/// Number of words that have contexts of their own as adjacent words: the first words of the vocabulary. With all words,
/// analogies score lower (benches/EXPERIMENTS.md, "Adjacent words as contexts of their own").
const ADJACENT_WORDS: usize = 1 << 14;
/// The counts of adjacent words are multiplied by this number. Other numbers were measured too (the same section).
const ADJACENT_WEIGHT: f64 = 0.2;

/// The columns of the contexts of `words` words: those of X, then those of adjacent words.
///
/// Column j (j < `words`) is word j in the window. Column `words` + j (j < `adjacent`) is word j as the left neighbour
/// of the word of the row. Column `words` + `adjacent` + j is word j as its right neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContextColumns {
    /// Number of words.
    pub words: usize,
    /// Number of words that have contexts as adjacent words.
    pub adjacent: usize,
}

impl ContextColumns {
    /// The columns of X alone.
    pub fn of_window(words: usize) -> Self {
        Self { words, adjacent: 0 }
    }

    /// The columns of X and those of adjacent words.
    pub fn with_adjacent(words: usize) -> Self {
        Self {
            words,
            adjacent: words.min(ADJACENT_WORDS),
        }
    }

    /// Number of columns.
    pub fn number(&self) -> usize {
        self.words + 2 * self.adjacent
    }

    /// The word of a column.
    #[inline]
    pub fn word_of(&self, column: WordId) -> WordId {
        match column.checked_sub(self.words as WordId) {
            Some(beyond) => beyond % self.adjacent as WordId,
            None => column,
        }
    }
}

/// The columns of adjacent words, from the counts of adjacent words, on all threads of the current rayon pool.
///
/// The result is a triangle with a row for each of the [`ContextColumns`]. The rows of the columns of X are empty.
///
/// # Errors
/// As for [`Triangle::block`]; [`crate::Error::Io`] naming the folder for temporary files;
/// [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
pub fn adjacent_columns(
    counts: &Triangle,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Triangle> {
    let columns = ContextColumns::with_adjacent(counts.words);
    let quarter = memory.quarter();
    let mut writer = RowWriter::new(&quarter);
    let mut empty = RowBlock::new(0, true);
    empty.reserve(columns.words, 0)?;
    (0..columns.words).for_each(|_| empty.end_row());
    writer.push(vec![empty])?;
    let parts: Vec<_> = [Side::Left, Side::Right]
        .into_iter()
        .flat_map(|side| (0..PARTS).map(move |part| (side, part_words(columns.adjacent, part))))
        .collect();
    for parts in parts.chunks(2 * rayon::current_num_threads()) {
        let blocks: Result<Vec<CountedBlock>> = parts
            .par_iter()
            .map(|(side, words)| {
                let block = column_block(counts, &columns, *side, words.clone(), monitor)?;
                CountedBlock::copy_of(&block)
            })
            .collect();
        writer.push_counted(blocks?)?;
    }
    Ok(writer.finish(columns.number(), false))
}

/// On which side of the word of a row the context word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// The columns of each side are divided into this many parts. Each task makes one part.
const PARTS: usize = 16;

/// The words of part number `part`. The first parts have fewer words, because frequent words have more neighbours.
fn part_words(words: usize, part: usize) -> Range<WordId> {
    let start = |part: usize| (words * part * part / (PARTS * PARTS)) as WordId;
    start(part)..start(part + 1)
}

/// The columns of the words in `part` on one side, as rows of the triangle.
fn column_block(
    counts: &Triangle,
    columns: &ContextColumns,
    side: Side,
    part: Range<WordId>,
    monitor: &Monitor,
) -> Result<RowBlock> {
    // (adjacent word, word, count)
    let mut records: Vec<(WordId, WordId, f64)> = Vec::new();
    counts.for_each_row(part.start..counts.words as WordId, |row| {
        let row = if row.row < part.end {
            row
        } else {
            row.within(part.clone())
        };
        fallible::reserve(&mut records, 2 * row.columns.len())?;
        row.for_each_record(|left, right, count| {
            let [adjacent, word] = match side {
                Side::Left => [left, right],
                Side::Right => [right, left],
            };
            if part.contains(&adjacent) {
                records.push((adjacent, word, count));
            }
        });
        monitor.check()
    })?;
    // For each adjacent word, the words ascend: those of its own row of the triangle were read first, then those of later
    // rows. The sort is stable, so that they stay in this order.
    records.sort_by_key(|&(adjacent, ..)| adjacent);
    let beyond = match side {
        Side::Left => columns.words,
        Side::Right => columns.words + columns.adjacent,
    };
    let mut block = RowBlock::new(part.start + beyond as WordId, true);
    block.reserve(part.len(), records.len())?;
    let mut records = records.into_iter().peekable();
    for own in part {
        while let Some((_, word, count)) = records.next_if(|&(adjacent, ..)| adjacent == own) {
            block.push_both(word, 0.0, ADJACENT_WEIGHT * count);
        }
        block.end_row();
    }
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_words_alone_have_columns_of_their_own() {
        let words = ADJACENT_WORDS + 2;
        let (rare, frequent) = (ADJACENT_WORDS as WordId, 3);
        let monitor = Monitor::new();
        let counts = Triangle::assemble(words, &monitor, |pair| {
            pair(rare, frequent, 5.0, 10.0);
            pair(rare + 1, rare, 1.0, 0.0);
            Ok(())
        });
        let found = adjacent_columns(&counts.unwrap(), &MemoryLimit::default(), &monitor).unwrap();
        let columns = ContextColumns::with_adjacent(words);
        assert_eq!(
            [found.words, columns.number()],
            [words + 2 * ADJACENT_WORDS; 2]
        );
        let mut records = Vec::new();
        found
            .for_each_record(|i, j, x| records.push((i, j, x)))
            .unwrap();
        let left = words as WordId + frequent;
        let right = left + ADJACENT_WORDS as WordId;
        assert_eq!(records, [(rare, left, 2.0), (rare, right, 1.0)]);
        let words = [0, rare, left, right].map(|column| columns.word_of(column));
        assert_eq!(words, [0, rare, frequent, frequent]);
    }
}
