//! The contexts of adjacent words, as columns of their own beside those of X (docs/architecture.md, The model).

use super::from_records::TriangleBuilder;
use super::matrix::Triangle;
use crate::error::Result;
use crate::memory::MemoryLimit;
use crate::monitor::Monitor;
use crate::vocabulary::WordId;

/// Number of words that have contexts of their own as adjacent words. With all words, scores are not higher
/// (benches/EXPERIMENTS.md, "Adjacent words as contexts of their own").
const ADJACENT_WORDS: usize = 1 << 14;
/// The counts of adjacent words are multiplied by this number. It was chosen by measurement (the same section).
const ADJACENT_WEIGHT: f64 = 0.2;

/// The columns of the contexts of `words` words: those of X, then those of adjacent words.
///
/// Column j < `words` is the context word j in the window. Column `words` + j is word j directly to the left, for the
/// most frequent words, and column `words` + `adjacent` + j is word j directly to the right.
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
    pub fn len(&self) -> usize {
        self.words + 2 * self.adjacent
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.words == 0
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

/// The columns of adjacent words, from the counts of adjacent words.
///
/// The result has as many words as there are [`ContextColumns`]. Its first columns, the place of X, are empty.
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
    let [words, adjacent] = [columns.words, columns.adjacent].map(|number| number as WordId);
    let quarter = memory.quarter();
    let mut builder = TriangleBuilder::new(columns.len(), &quarter);
    counts.for_each_row(0..words, |row| {
        monitor.check()?;
        let mut pushed = Ok(());
        row.for_each_record(|left, right, count| {
            let x = ADJACENT_WEIGHT * count;
            let mut push = |column, i, j| {
                if column < adjacent && pushed.is_ok() {
                    pushed = builder.push(i, j, x);
                }
            };
            push(left, right, words + left);
            push(right, left, words + adjacent + right);
        });
        pushed
    })?;
    builder.finish(monitor)
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
            [found.words, columns.len()],
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
