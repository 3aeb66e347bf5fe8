//! The size of a corpus, and how much memory and disk space counting a corpus of this size takes.
//! `training/estimate.rs` computes the memory and disk space of a training.

use super::task_size::segment_tokens;
use crate::corpus::CHUNK_BYTES;
use crate::memory::MemoryLimit;
use crate::vocabulary::WordId;

/// The size of a corpus and its counts, from which the memory and disk space of counting are
/// computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorpusSize {
    /// Number of tokens of the text.
    pub tokens: f64,
    /// Number of tokens of the text whose word is in the vocabulary.
    pub kept_tokens: f64,
    /// Number of words in the vocabulary.
    pub words: f64,
    /// Number of different words in the text.
    pub different_words: f64,
    /// Number of different words in the part of the text that each thread reads.
    pub words_per_thread: f64,
    /// Average length in bytes of the different words.
    pub word_bytes: f64,
    /// Number of non-zero entries of the matrix.
    pub records: f64,
    /// Number of pairs of words that the rows of counts hold. Both directions of a pair count as one.
    pub pairs: f64,
    /// Number of non-zero counts of adjacent words; 0 if they are not counted.
    pub adjacent: f64,
    /// Whether the matrix is symmetric.
    pub symmetric: bool,
    /// Whether the rows of counts are packed in memory (`packed_block.rs`). This is assumed if the
    /// weight of each distance is a whole multiple of 1/720720, the unit of packed values.
    pub packed: bool,
    /// Number of bytes of the rows of counts when they are compressed, those of adjacent words included.
    pub encoded_bytes: f64,
    /// Number of bytes of the tokenizer's dictionary.
    pub tokenizer_bytes: f64,
    /// The size of the freed buffers that the memory allocator still holds after counting, as a fraction of the size of
    /// the rows of counts.
    pub retained_rows: f64,
}

/// Number of bytes for each word in the table in which a thread numbers the words of its text. A slot has 32 bytes.
/// The table doubles when it is 3/4 full, and has about 1.85 slots for each word on average.
const INTERNED_BYTES: f64 = 32.0 * 1.85;
/// Average number of slots for each entry of a table of the crate `hashbrown`. Such a table doubles when it is 7/8
/// full.
const TABLE_SLACK: f64 = 1.6;
/// Number of bytes of a word in a list of words with counts.
const LISTED_BYTES: f64 = size_of::<(&[u8], u64)>() as f64;
/// Number of bytes of a word in a vocabulary besides the characters of the word: its end and its count.
const VOCABULARY_BYTES: f64 = (size_of::<usize>() + size_of::<u64>()) as f64;
/// Number of bytes of an entry of a vocabulary's index.
const INDEX_BYTES: f64 = (size_of::<WordId>() + 1) as f64 * TABLE_SLACK;
/// Number of bytes of each token of encoded text.
const ID_BYTES: f64 = size_of::<WordId>() as f64;
/// Blocks of rows grow before they are shrunk to their size. Therefore the memory allocator holds this many times
/// the bytes of the rows at the end of counting (benches/EXPERIMENTS.md, "Memory of a fit").
const ROW_OVERHEAD: f64 = 1.15;

/// Largest number of entries of a block of rows, as measured (benches/EXPERIMENTS.md, "Memory of a fit"). Each thread
/// has one unpacked block.
const MAX_BLOCK_ENTRIES: f64 = 1e6;
/// While the text is counted, the allocator still holds this fraction of the bytes that reading the text took at its
/// peak, not counting the text and the tokenizer's dictionary.
const RETAINED_READING: f64 = 0.45;
/// Number of bytes of a thread's buffers: the sums and columns of a row, the block of rows that
/// grows, the blocks that are unpacked, and freed memory of these that the allocator still holds.
const THREAD_BYTES: f64 = 7e6;

impl CorpusSize {
    /// Number of bytes of the rows of counts in memory, those of adjacent words included.
    pub fn row_bytes(&self) -> f64 {
        let sums = if self.symmetric { 1.0 } else { 2.0 };
        // The columns of the first 65,536 rows take 16 bits.
        let wide = 1.0 - (65_536.0 / self.words).min(1.0);
        let (packed_column, packed_sum) = (2.0 + 2.0 * wide, size_of::<u32>() as f64);
        let (column, sum) = if self.packed {
            (packed_column, packed_sum)
        } else {
            (size_of::<WordId>() as f64, size_of::<f64>() as f64)
        };
        self.pairs * (column + sums * sum) + self.adjacent * (packed_column + 2.0 * packed_sum)
    }

    /// Number of bytes of the vocabulary, of the words too rare for it, and of the tokenizer's dictionary.
    pub fn vocabulary_bytes(&self) -> f64 {
        let words = (self.word_bytes + VOCABULARY_BYTES) * self.different_words;
        words + INDEX_BYTES * self.words + self.tokenizer_bytes
    }

    /// Number of bytes of memory at the peak of reading the text and choosing its vocabulary.
    pub(crate) fn reading_bytes(&self, memory: &MemoryLimit) -> f64 {
        let threads = rayon::current_num_threads() as f64;
        let text = self.numbered_text(memory);
        let tables = INTERNED_BYTES * self.words_per_thread * threads;
        // Each thread has a chunk of text and the numbers of its words, which take about as many bytes as the chunk.
        let chunks = 2.0 * (CHUNK_BYTES as f64) * threads;
        // While the vocabulary is chosen, memory holds the vocabulary, the rare words, and three lists of all words.
        let lists = 3.0 * LISTED_BYTES * self.different_words + self.vocabulary_bytes();
        text + tables + (chunks + self.tokenizer_bytes).max(lists)
    }

    /// Number of bytes that the text takes in memory when each word is replaced by a number.
    fn numbered_text(&self, memory: &MemoryLimit) -> f64 {
        (ID_BYTES * self.tokens).min(memory.text_bytes() as f64)
    }

    /// Number of bytes of the blocks of rows that threads unpack, one for each thread, while counts
    /// are compressed. The allocator still holds these bytes afterwards.
    pub(crate) fn unpacked_bytes(&self) -> f64 {
        let entries = MAX_BLOCK_ENTRIES * rayon::current_num_threads() as f64;
        let sums = if self.symmetric { 1.0 } else { 2.0 };
        let entry = size_of::<WordId>() as f64 + sums * size_of::<f64>() as f64;
        entries.min(self.pairs) * entry
    }

    /// Number of bytes of memory at the peak of counting, on all threads of the current rayon pool.
    pub fn memory(&self, memory: &MemoryLimit) -> f64 {
        let segment = self.kept_tokens.min(segment_tokens(memory) as f64);
        let rows = self.row_bytes().min(memory.row_bytes() as f64);
        // A token of the segment takes ID_BYTES on average: two bytes for its symbol and, for about half of the
        // tokens, four bytes for its position in the index. The most frequent words are not indexed.
        let counting = ID_BYTES * segment + ROW_OVERHEAD * rows;
        let counting = counting + self.vocabulary_bytes() + self.retained_reading(memory);
        counting.max(self.reading_bytes(memory))
    }

    /// Number of bytes that the memory allocator still holds after the text was read, plus the number of bytes of the
    /// buffers of all threads.
    pub(crate) fn retained_reading(&self, memory: &MemoryLimit) -> f64 {
        let threads = THREAD_BYTES * rayon::current_num_threads() as f64;
        let others = self.numbered_text(memory) + self.tokenizer_bytes;
        threads + RETAINED_READING * (self.reading_bytes(memory) - others)
    }

    /// Number of bytes of temporary files that counting writes. 0 if the encoded text and the rows fit into their
    /// fractions of the memory limit and the text is one segment.
    pub fn disk(&self, memory: &MemoryLimit) -> f64 {
        let text = (ID_BYTES * self.tokens - memory.text_bytes() as f64).max(0.0);
        // If there are several segments, their rows are on disk, and the merged rows are too if they do not fit into
        // memory. The rows of the segments are assumed to take 1.5 times the bytes of the merged rows.
        let is_cut = self.kept_tokens > segment_tokens(memory) as f64;
        let of_segments = if is_cut { 1.5 } else { 0.0 };
        let is_large = self.row_bytes() > memory.row_bytes() as f64;
        text + (of_segments + f64::from(u8::from(is_large))) * self.encoded_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cooccurrence::encoded_sample::Chunks;
    use crate::cooccurrence::{CountingOptions, count};
    use crate::corpus::Content;
    use crate::encoding::{EncodingOptions, RawCorpus};
    use crate::monitor::Monitor;
    use crate::vocabulary::Vocabulary;

    /// The size of a text of `tokens` tokens whose rows of counts are small.
    fn size(tokens: f64) -> CorpusSize {
        CorpusSize {
            tokens,
            kept_tokens: tokens,
            words: 20.0,
            different_words: 20.0,
            words_per_thread: 20.0,
            word_bytes: 3.0,
            records: 400.0,
            pairs: 210.0,
            adjacent: 0.0,
            symmetric: true,
            packed: true,
            encoded_bytes: 800.0,
            tokenizer_bytes: 0.0,
            retained_rows: 0.0,
        }
    }

    #[test]
    fn disk_space_is_estimated_if_and_only_if_counting_needs_it() {
        let folder = tempfile::tempdir().unwrap();
        let memory = MemoryLimit {
            bytes: Some(1_000_000),
            folder: folder.path().join("missing"),
        };
        // A segment has 46,875 tokens, and 62,500 tokens of encoded text fit into memory.
        for (lines, fits) in [(40, true), (60, false), (70, false)] {
            let words: Vec<_> = (0..1000)
                .map(|number| format!("w{}", number % 20))
                .collect();
            let line = words.join(" ");
            let chunks = vec![line + "\n"; lines].into_iter().map(Content::Lines);
            let mut reader = Chunks {
                chunks: chunks.collect::<Vec<_>>().into_iter(),
                name: "text".into(),
            };
            let (options, monitor) = (EncodingOptions::default(), Monitor::new());
            let counted =
                RawCorpus::read(&mut reader, &options, &memory, &monitor).and_then(|raw| {
                    let words = raw.words(&monitor)?;
                    let (words, _) =
                        Vocabulary::choose(&words, "text".as_ref(), 1, None, &monitor)?;
                    let mut corpus = raw.encode(&words, &options, &monitor)?;
                    count(
                        &mut corpus,
                        words.len(),
                        &CountingOptions::default(),
                        &memory,
                        &monitor,
                    )
                });
            assert_eq!(counted.is_ok(), fits, "{lines} lines");
            assert_eq!(
                size(1000.0 * lines as f64).disk(&memory) == 0.0,
                fits,
                "{lines} lines"
            );
        }
        // Without a memory limit, a segment has at most 2³¹ tokens, because positions in a segment are 32-bit numbers.
        // So a text of 3 billion tokens has several segments.
        assert_eq!(size(2e9).disk(&MemoryLimit::default()), 0.0);
        assert!(size(3e9).disk(&MemoryLimit::default()) > 0.0);
    }
}
