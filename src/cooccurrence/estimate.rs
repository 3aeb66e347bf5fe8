//! Estimates the size of a corpus's counts, and the memory and disk space of counting it, from a sample.

use super::count::CountingOptions;
use super::matrix::Triangle;
use super::pipeline::{Words, count_text};
use super::row_codec::encode;
use crate::corpus::{ChunkReader, SampleReader, TextOptions};
use crate::encoding::EncodingOptions;
use crate::error::{Error, Result};
use crate::memory::MemoryLimit;
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use std::path::Path;

/// The estimated size and cost of counting a corpus.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Words in the text.
    pub tokens: f64,
    /// Words in the vocabulary.
    pub words: f64,
    /// Different words in the text.
    pub different_words: f64,
    /// Non-zero entries of the matrix.
    pub records: f64,
    /// Whether the matrix is symmetric.
    pub symmetric: bool,
    /// Bytes of the rows of counts in memory.
    pub row_bytes: f64,
    /// Bytes of the same rows in a temporary file.
    pub encoded_bytes: f64,
    /// Bytes read for the estimate, and in all.
    pub read: [u64; 2],
}

/// Bytes of a different word in the vocabulary and in the tables of the threads that read the text.
const WORD_BYTES: f64 = 100.0;
/// Different words of a text for each word of its vocabulary, if `min_count` leaves words out.
const DIFFERENT_WORDS: f64 = 5.0;
/// Bytes of a token while it is counted: its rank, and its position in the index.
const TOKEN_BYTES: f64 = 2.0 * size_of::<WordId>() as f64;
/// Rows grow entry by entry before they are shrunk to their size; at the end of counting the memory
/// allocator holds this many times the bytes of the rows. Repeated runs on 17 million words of Wikipedia
/// gave 1.3 to 1.7.
const ROW_OVERHEAD: f64 = 1.5;
/// Bytes of the buffers of one thread that reads and counts.
const THREAD_BYTES: f64 = 10e6;

impl Estimate {
    /// Bytes of the vocabulary and of the words too rare for it.
    pub fn vocabulary_bytes(&self) -> f64 {
        WORD_BYTES * self.different_words
    }

    /// Bytes of memory at the peak of counting, on all threads of the current rayon pool.
    pub fn memory(&self, memory: &MemoryLimit) -> f64 {
        let buffers = THREAD_BYTES * rayon::current_num_threads() as f64;
        let counting = TOKEN_BYTES * self.tokens + ROW_OVERHEAD * self.row_bytes;
        let limit = memory.bytes.map_or(f64::INFINITY, |limit| limit as f64);
        (counting + buffers).min(limit) + self.vocabulary_bytes()
    }

    /// Bytes of temporary files that counting writes; 0 if the memory limit is not reached.
    pub fn disk(&self, memory: &MemoryLimit) -> f64 {
        if self.row_bytes <= memory.row_bytes() as f64 {
            return 0.0;
        }
        // The encoded text, and the rows. With several segments, their rows and the merged rows are on disk
        // together: about 2.5 times the bytes of the merged rows.
        let segments = self.tokens / memory.segment_tokens() as f64;
        let times = if segments > 1.0 { 2.5 } else { 1.0 };
        size_of::<WordId>() as f64 * self.tokens + times * self.encoded_bytes
    }
}

/// Words and records grow as a power of the text, whose exponent falls towards a limit (`RECORDS_LIMIT`,
/// `WORDS_LIMIT`) as the text grows. When the text grows by the factor e^(1/DECAY), the distance from the limit
/// shrinks by the factor e. The constants are fitted to prefixes of English Wikipedia of 0.1 to 63 million words
/// (benches/EXPERIMENTS.md, "Prediction of vocabulary and records").
const DECAY: f64 = 0.37;
const RECORDS_LIMIT: f64 = 0.70;
const WORDS_LIMIT: f64 = 0.60;

/// Count a sample of `path`, and extrapolate to the whole file.
///
/// # Errors
/// As for [`count_text`].
pub fn estimate(
    path: &Path,
    text: TextOptions,
    encoding: &EncodingOptions,
    counting: &CountingOptions,
    monitor: &Monitor,
) -> Result<Estimate> {
    let whole = sample(path, 1, text, encoding, counting, monitor)?;
    let half = match sample(path, 2, text, encoding, counting, monitor) {
        // In half of a small sample perhaps no word reaches `min_count`.
        Err(Error::Corpus(_)) => None,
        half => Some(half?),
    };
    let scale = (whole.size as f64 / whole.text as f64).max(1.0);
    let grown = |now: f64, before: Option<f64>, limit: f64| -> f64 {
        if scale < 1.01 {
            return now;
        }
        let before = before.unwrap_or(now / 2.0).max(1.0);
        let doubled = half
            .as_ref()
            .map_or(2.0, |h| whole.tokens / h.tokens.max(1.0));
        let slope = ((now / before).ln() / doubled.ln()).clamp(limit, 1.5);
        // The slope belongs to the middle of the doubling from half of the sample to the whole sample.
        let from = doubled.ln() / 2.0;
        let to = from + scale.ln();
        let area = limit * (to - from)
            + (slope - limit) / DECAY * ((-DECAY * from).exp() - (-DECAY * to).exp());
        now * area.exp()
    };
    let half_of = |f: fn(&Sample) -> f64| half.as_ref().map(f);
    let tokens = whole.tokens * scale;
    let words = grown(whole.words, half_of(|h| h.words), WORDS_LIMIT);
    let records = grown(whole.records, half_of(|h| h.records), RECORDS_LIMIT);
    let pairs = records * whole.pairs / whole.records.max(1.0);
    let sums = if counting.symmetric { 1 } else { 2 };
    let entry_bytes = size_of::<WordId>() + sums * size_of::<f64>();
    Ok(Estimate {
        tokens,
        words,
        different_words: words
            * if encoding.min_count > 1 {
                DIFFERENT_WORDS
            } else {
                1.0
            },
        records,
        symmetric: counting.symmetric,
        row_bytes: entry_bytes as f64 * pairs,
        encoded_bytes: pairs * whole.encoded / whole.pairs.max(1.0),
        read: [whole.text.min(whole.size), whole.size],
    })
}

struct Sample {
    tokens: f64,
    words: f64,
    records: f64,
    pairs: f64,
    encoded: f64,
    text: u64,
    size: u64,
}

fn sample(
    path: &Path,
    every: u64,
    text: TextOptions,
    encoding: &EncodingOptions,
    counting: &CountingOptions,
    monitor: &Monitor,
) -> Result<Sample> {
    let memory = MemoryLimit::default();
    let mut reader = SampleReader::open(path, every, text)?;
    let size = reader.size();
    let counted = count_text(
        &mut reader,
        Words::Chosen,
        encoding,
        counting,
        &memory,
        monitor,
    )?;
    let text = reader.bytes_read();
    let counts = &counted.counts;
    Ok(Sample {
        tokens: counted.tokens as f64,
        words: counted.vocabulary.len() as f64,
        records: counts.nnz() as f64,
        pairs: counts.pairs() as f64,
        encoded: encoded_bytes(counts)?,
        text,
        size,
    })
}

fn encoded_bytes(counts: &Triangle) -> Result<f64> {
    let mut bytes = 0;
    for k in 0..counts.blocks() {
        bytes += encode(&*counts.block(k)?)?.len();
    }
    Ok(bytes as f64)
}
