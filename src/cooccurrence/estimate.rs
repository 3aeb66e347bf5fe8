//! Estimates from a sample of a corpus how large the counts of the corpus are, and how much memory and disk space
//! counting takes. `growth.rs` extrapolates from the sample to the corpus; `training/estimate.rs` estimates training.

use super::count::count;
use super::growth::{Bounds, Spectrum};
use super::matrix::Triangle;
use super::options::CountingOptions;
use super::row_codec::encode;
use super::task_size::segment_tokens;
use super::window::SIDE;
use crate::corpus::{CHUNK_BYTES, ChunkReader, Content, TextSample};
use crate::encoding::{DOCUMENT_END, DROPPED, EncodedCorpus, EncodingOptions, RawCorpus, Segment};
use crate::error::{Error, Result};
use crate::memory::{MemoryLimit, fallible};
use crate::monitor::Monitor;
use crate::tokenize::Tokenizer;
use crate::vocabulary::{Vocabulary, WordId};
use std::path::PathBuf;
use std::time::Instant;

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
    /// Whether the matrix is symmetric.
    pub symmetric: bool,
    /// Whether the rows of counts are packed in memory (`packed_block.rs`). This is assumed if the
    /// weight of each distance is a whole multiple of the unit of packed values.
    pub packed: bool,
    /// Number of bytes of the rows of counts when they are compressed.
    pub encoded_bytes: f64,
    /// Number of bytes of the tokenizer's dictionary.
    pub tokenizer_bytes: f64,
    /// The fraction of the rows of counts that the memory allocator still holds after they were freed.
    pub retained_rows: f64,
}

/// Tasks of counting and of building tiles have buffers whose size follows that of the rows, and the allocator still
/// holds a part of these buffers afterwards. As a fraction of the rows, this part was between `low` and `high` in
/// measured fits and differed from run to run (benches/EXPERIMENTS.md, "Memory of a fit"); `likely` is the mean.
const RETAINED_ROWS: Bounds = Bounds {
    low: 0.0,
    likely: 0.05,
    high: 0.2,
};

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
/// Number of bytes of jieba's dictionary.
const DICTIONARY_BYTES: f64 = 34e6;
/// Blocks of rows grow before they are shrunk to their size. Therefore the memory allocator holds this many times
/// the bytes of the rows at the end of counting (benches/EXPERIMENTS.md, "Memory of a fit").
const ROW_OVERHEAD: f64 = 1.15;

impl CorpusSize {
    /// Number of bytes of the rows of counts in memory.
    pub fn row_bytes(&self) -> f64 {
        let sums = if self.symmetric { 1.0 } else { 2.0 };
        let (column, sum) = if self.packed {
            // The columns of the first 65,536 rows take 16 bits.
            let wide = 1.0 - (65_536.0 / self.words).min(1.0);
            (2.0 + 2.0 * wide, size_of::<u32>())
        } else {
            (size_of::<WordId>() as f64, size_of::<f64>())
        };
        self.pairs * (column + sums * sum as f64)
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

    /// Number of bytes in memory of the text whose words have numbers.
    fn numbered_text(&self, memory: &MemoryLimit) -> f64 {
        (ID_BYTES * self.tokens).min(memory.text_bytes() as f64)
    }

    /// Number of bytes of the blocks of rows that threads unpack, one for each thread, while counts
    /// are compressed. The allocator still holds these bytes afterwards.
    pub(crate) fn unpacked_bytes(&self) -> f64 {
        let entries = BLOCK_ENTRIES * rayon::current_num_threads() as f64;
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

/// Number of entries of a large block of rows (benches/EXPERIMENTS.md, "Memory of a fit").
const BLOCK_ENTRIES: f64 = 1e6;
/// While the text is counted, the allocator still holds this fraction of the bytes that reading the text took at its
/// peak, not counting the text and the tokenizer's dictionary.
const RETAINED_READING: f64 = 0.45;
/// Number of bytes of a thread's buffers: the sums and columns of a row, the block of rows that
/// grows, the blocks that are unpacked, and freed memory of these that the allocator still holds.
const THREAD_BYTES: f64 = 7e6;

/// The size of a corpus, as a sample of it suggests.
#[derive(Debug, Clone, Copy)]
pub struct CountingEstimate {
    /// The most likely size.
    pub likely: CorpusSize,
    /// The corpus is rarely smaller than this.
    pub low: CorpusSize,
    /// The corpus is rarely larger than this.
    pub high: CorpusSize,
}

impl CountingEstimate {
    /// The bounds of a quantity that grows with the size of the corpus. `of` computes the quantity.
    pub fn bounds(&self, of: impl Fn(&CorpusSize) -> f64) -> Bounds {
        Bounds {
            low: of(&self.low),
            likely: of(&self.likely),
            high: of(&self.high),
        }
    }
}

/// Number of stretches into which a sample is divided. A half of the sample consists of every other stretch.
const STRETCHES: usize = 64;

/// A sample of a text as word numbers. The whole sample or a part of it can be counted.
pub struct EncodedSample {
    // The sample as word numbers (0 is the most frequent word) and ends of documents.
    ids: Vec<WordId>,
    // The words of the sample by number, and how often each occurs.
    words: Vocabulary,
    // The numbers of the stop words that the sample has.
    stop_words: Vec<WordId>,
    word_bytes: f64,
    /// The size of the whole text divided by the size of the sample.
    pub scale: f64,
    /// Number of bytes of the source that were read.
    pub read: u64,
    /// Number of bytes of the source.
    pub total: u64,
    // Whether only the beginning of the source was read.
    is_beginning: bool,
    /// Seconds that it took to split the sample into words and to number them.
    pub seconds: f64,
}

impl EncodedSample {
    /// Split the sample into words, on all threads of the current rayon pool.
    ///
    /// # Errors
    /// As for [`RawCorpus::read`] and [`RawCorpus::vocabulary`].
    pub fn new(
        sample: TextSample,
        name: PathBuf,
        encoding: &EncodingOptions,
        monitor: &Monitor,
    ) -> Result<Self> {
        let TextSample {
            chunks,
            scale,
            read,
            total,
            is_beginning,
        } = sample;
        let mut reader = Chunks {
            chunks: chunks.into_iter(),
            name: name.clone(),
        };
        let start = Instant::now();
        let raw = RawCorpus::read(&mut reader, encoding, &MemoryLimit::default(), monitor)?;
        let (words, _) = Vocabulary::choose(&raw.words(monitor)?, &name, 1, None, monitor)?;
        let mut corpus = raw.encode(&words, encoding, monitor)?;
        let mut segment = Segment::default();
        corpus.next_segment(usize::MAX / 2, 1, &mut segment, monitor)?;
        let bytes: usize = words.iter().map(|(word, _)| word.len()).sum();
        let numbered = words.iter().zip(0..);
        let stop_words = numbered.filter(|((word, _), _)| encoding.is_stop_word(word));
        Ok(Self {
            stop_words: stop_words.map(|(_, id)| id).collect(),
            ids: fallible::collect(segment.text.ids(0..segment.text.len()))?,
            word_bytes: bytes as f64 / words.len() as f64,
            words,
            scale,
            read,
            total,
            is_beginning,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    /// The average number of different words in a part of the sample, for parts of 1, 2, 4, … and all stretches. Each
    /// average is over at most `MOST_PARTS` parts.
    fn different(&self) -> Result<Vec<f64>> {
        const MOST_PARTS: usize = 8;
        // For each word, the serial number of the part in which it was last seen; 0 if it has not been seen yet.
        let mut seen: Vec<u32> = fallible::zeroed(self.words.len())?;
        let mut number = 0;
        let mut means = Vec::new();
        let mut parts = STRETCHES;
        while parts > 0 {
            let mut different = 0;
            for part in 0..parts.min(MOST_PARTS) {
                number += 1;
                for &id in self.stretches([part, parts]).flatten() {
                    if let Some(seen) = seen.get_mut(id as usize) {
                        different += u32::from(*seen != number);
                        *seen = number;
                    }
                }
            }
            means.push(f64::from(different) / parts.min(MOST_PARTS) as f64);
            parts /= 2;
        }
        Ok(means)
    }

    /// The stretches of part number `part`, from 0, of `parts` parts. Every `parts`-th stretch
    /// belongs to the same part.
    fn stretches(&self, [part, parts]: [usize; 2]) -> impl Iterator<Item = &[WordId]> {
        let length = self.ids.len().div_ceil(STRETCHES).max(1);
        self.ids.chunks(length).skip(part).step_by(parts)
    }

    /// Count the pairs of part number `part`, from 0, of `parts` parts of the sample. The stretches of a part are
    /// spread over the whole sample. `None` if no word of the part occurs `min_count` times, except stop words.
    ///
    /// # Errors
    /// As for [`count`].
    pub fn count(
        &self,
        [part, parts]: [usize; 2],
        min_count: u64,
        encoding: &EncodingOptions,
        counting: &CountingOptions,
        monitor: &Monitor,
    ) -> Result<Option<Triangle>> {
        let stretches = || self.stretches([part, parts]);
        let mut words: Vec<(&[u8], u64)> = fallible::with_capacity(self.words.len())?;
        words.extend(self.words.iter().map(|(word, _)| (word, 0)));
        for &id in stretches().flatten().filter(|&&id| id != DOCUMENT_END) {
            words[id as usize].1 += 1;
        }
        for &id in &self.stop_words {
            words[id as usize].1 = 0; // too rare for any vocabulary
        }
        let order = Vocabulary::order(&words, min_count.max(1), encoding.max_vocab, monitor)?;
        if order.is_empty() {
            return Ok(None);
        }
        let mut ranks: Vec<WordId> = fallible::filled(encoding.outside(), words.len())?;
        for (&id, rank) in order.iter().zip(0..) {
            ranks[id as usize] = rank;
        }
        let mut ids = fallible::with_capacity(self.ids.len() / parts + 2 * STRETCHES)?;
        for stretch in stretches() {
            let encoded = stretch.iter().map(|&id| match id {
                DOCUMENT_END => DOCUMENT_END,
                id => ranks[id as usize],
            });
            ids.extend(encoded.filter(|&id| id != DROPPED));
            if parts > 1 {
                ids.push(DOCUMENT_END);
            }
        }
        let mut corpus = EncodedCorpus::from_ranks(ids);
        let memory = MemoryLimit::default();
        count(&mut corpus, order.len(), counting, &memory, monitor).map(Some)
    }

    /// Extrapolate to the whole text, on all threads of the current rayon pool.
    ///
    /// # Errors
    /// As for [`count`]; [`Error::Corpus`] if no word of the sample occurs `min_count` times, except
    /// stop words.
    pub fn estimate(
        &self,
        encoding: &EncodingOptions,
        counting: &CountingOptions,
        monitor: &Monitor,
    ) -> Result<CountingEstimate> {
        let min_count = encoding.min_count.max(1);
        let counted = self.count([0, 1], min_count, encoding, counting, monitor)?;
        let is_whole = self.scale < 1.0 + 1e-9;
        let Some(whole) = counted else {
            return Err(Error::Corpus(format!(
                "no words left: no word of the sample occurs min_count={min_count} times{}; lower \
                 min_count",
                if self.stop_words.is_empty() {
                    ""
                } else {
                    ", except stop words"
                }
            )));
        };
        let now = whole.nnz() as f64;
        let mut before = 0.0;
        for part in 0..if is_whole { 0 } else { 2 } {
            let half = self.count([part, 2], min_count, encoding, counting, monitor)?;
            before += half.map_or(0.0, |half| half.nnz() as f64) / 2.0;
        }
        let spectrum = Spectrum::new(self.words.counts(), &self.different()?, self.is_beginning);
        let threads = rayon::current_num_threads() as f64;
        let tokens = spectrum.tokens(self.scale);
        let (words, slope) = spectrum.words(self.scale, min_count);
        let most = encoding.max_vocab.map_or(f64::INFINITY, |most| most as f64);
        let different = spectrum.different(self.scale);
        let per_thread = spectrum.different(self.scale / threads);
        // Stop words are frequent, so their counts are assumed to grow in proportion to the text.
        let stop_counts = self
            .stop_words
            .iter()
            .map(|&id| self.words.counts()[id as usize] as f64 * self.scale);
        let stop_counts: Vec<f64> = stop_counts
            .filter(|&count| count >= min_count as f64)
            .collect();
        let stop_words = stop_counts.len() as f64;
        let kept = spectrum.kept_tokens(self.scale, min_count) - stop_counts.iter().sum::<f64>();
        let records = spectrum.records(self.scale, slope, [before.max(1.0), now]);
        let pairs = whole.pairs() as f64 / whole.nnz().max(1) as f64;
        let encoded = encoded_bytes(&whole)? / whole.nnz().max(1) as f64;
        let size = |of: fn(&Bounds) -> f64| CorpusSize {
            tokens: of(&tokens),
            kept_tokens: kept.max(1.0),
            words: (of(&words) - stop_words).max(1.0).min(most),
            different_words: of(&different),
            words_per_thread: of(&per_thread),
            word_bytes: self.word_bytes,
            records: of(&records),
            pairs: of(&records) * pairs,
            symmetric: counting.symmetric,
            packed: counting.window <= SIDE || !counting.distance_weighting,
            encoded_bytes: of(&records) * encoded,
            tokenizer_bytes: match &encoding.tokenizer {
                // A dictionary with the user's words is a copy of jieba's dictionary, which stays in memory too.
                Tokenizer::Chinese(segmenter) if segmenter.has_own_dictionary() => {
                    2.0 * DICTIONARY_BYTES
                }
                Tokenizer::Chinese(_) => DICTIONARY_BYTES,
                Tokenizer::Whitespace | Tokenizer::Unicode => 0.0,
            },
            retained_rows: of(&RETAINED_ROWS),
        };
        Ok(CountingEstimate {
            likely: size(|bounds| bounds.likely),
            low: size(|bounds| bounds.low),
            high: size(|bounds| bounds.high),
        })
    }
}

fn encoded_bytes(counts: &Triangle) -> Result<f64> {
    let mut bytes = 0;
    for k in 0..counts.blocks() {
        bytes += encode(&*counts.block(k)?)?.len();
    }
    Ok(bytes as f64)
}

/// The chunks of a sample as a source of text.
struct Chunks {
    chunks: std::vec::IntoIter<Content>,
    name: PathBuf,
}

impl ChunkReader for Chunks {
    fn next_chunk(&mut self) -> Result<Option<Content>> {
        Ok(self.chunks.next())
    }

    fn bytes_read(&self) -> u64 {
        0
    }

    fn name(&self) -> PathBuf {
        self.name.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of a text of `tokens` tokens whose rows are small.
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
