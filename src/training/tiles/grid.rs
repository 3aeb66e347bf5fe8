//! The grid of the tiles: the division of the vocabulary into blocks of words.

use crate::partition::Partition;
use crate::vocabulary::WordId;
use std::ops::Range;

/// Blocks of consecutive words. Blocks of words with many records have fewer words. Words are numbered as a
/// [`Partition`] numbers them: by rank if there is one group. No block has words of two groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileGrid {
    // Block k holds words starts[k]..starts[k + 1].
    pub(super) starts: Vec<WordId>,
    pub(super) partition: Partition,
    // The group of the rows of the tiles.
    pub(super) group: usize,
}

/// The words of a block have at most 1/16 of all records, unless a single word has more. So about 16 threads
/// find tiles that share no row (benches/EXPERIMENTS.md, "Threads").
pub(super) const MIN_BLOCKS: u64 = 16;
/// A block has at most this many bytes of rows (parameters and accumulators), or at most 32 rows if 32 rows have more
/// bytes. A tile uses two blocks. The number was measured: benches/EXPERIMENTS.md, "Size of a block".
const BLOCK_BYTES: usize = 1 << 20;

impl TileGrid {
    /// Divide words with these numbers of records into blocks. The parameters and accumulators of a word take
    /// `row_bytes` bytes on each side. The rows of the tiles belong to the words of `group` of `partition`, and the
    /// columns to all words. A block begins at `boundary`, if this is a word.
    pub fn new(
        records_per_word: impl ExactSizeIterator<Item = u64> + Clone,
        row_bytes: usize,
        partition: Partition,
        group: usize,
        boundary: WordId,
    ) -> Self {
        let all_words = records_per_word.len() as WordId;
        let total: u64 = records_per_word.clone().sum();
        let most_records = total.div_ceil(MIN_BLOCKS).max(1);
        let most_words = (BLOCK_BYTES / row_bytes).clamp(32, 1 << 16);
        let mut starts = vec![0];
        let (mut words, mut records) = (0, 0);
        let mut group_end = partition.start(1);
        for (word, n) in records_per_word.enumerate() {
            let is_first = word as WordId == group_end;
            if is_first {
                group_end = partition.group(partition.group_of(word as WordId)).end;
            }
            let is_first = is_first || word as WordId == boundary;
            if words > 0 && (is_first || words == most_words || records + n > most_records) {
                starts.push(word as WordId);
                (words, records) = (0, 0);
            }
            words += 1;
            records += n;
        }
        starts.push(all_words);
        Self {
            starts,
            partition,
            group,
        }
    }

    /// Number of blocks; tiles are pairs of blocks.
    pub fn blocks(&self) -> usize {
        self.starts.len() - 1
    }

    /// The first word of block `k`.
    pub fn start(&self, k: usize) -> WordId {
        self.starts[k]
    }

    /// Number of words in all blocks.
    pub fn words(&self) -> usize {
        self.starts[self.blocks()] as usize
    }

    /// The words of block `k`.
    pub(crate) fn words_of(&self, k: usize) -> Range<usize> {
        self.starts[k] as usize..self.starts[k + 1] as usize
    }

    pub(super) fn block_of(&self, word: WordId) -> usize {
        self.starts.partition_point(|&s| s <= word) - 1
    }

    /// The groups of words.
    pub(crate) fn partition(&self) -> Partition {
        self.partition
    }

    /// The group of the rows of the tiles.
    pub(crate) fn group(&self) -> usize {
        self.group
    }

    /// The blocks of the words of `group`.
    pub(crate) fn blocks_of(&self, group: usize) -> Range<usize> {
        let first = |group| {
            self.starts
                .partition_point(|&s| s < self.partition.start(group))
        };
        first(group)..first(group + 1)
    }

    /// Those blocks of the words of `group` whose first word has an id below `end`.
    pub(super) fn blocks_with(&self, group: usize, end: usize) -> Range<usize> {
        let Range { start, end: last } = self.blocks_of(group);
        let first_beyond = self.starts.partition_point(|&start| (start as usize) < end);
        start..last.min(first_beyond).max(start)
    }
}
