//! What counting a corpus would take, from reading a few percent of it.

use super::count::{CountingOptions, count};
use super::matrix::Triangle;
use super::spill::encode;
use crate::corpus::{SampleReader, TextOptions};
use crate::encoding::{EncodingOptions, RawCorpus};
use crate::error::{Error, Result};
use crate::memory::MemoryLimit;
use crate::monitor::Monitor;
use std::path::Path;

/// What counting would take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Words in the text.
    pub tokens: f64,
    /// Words in the vocabulary.
    pub words: f64,
    /// Non-zero entries of the matrix.
    pub records: f64,
    /// Bytes of memory at the peak, without a limit.
    pub memory: f64,
    /// Bytes of temporary files with the given limit; 0 if it is not reached.
    pub disk: f64,
    /// Bytes read for the estimate, and in all.
    pub read: [u64; 2],
}

/// How fast a quantity grows with the text, as the exponent of a power law. It falls as the text
/// grows, towards a limit, by a factor e for each e^(1/DECAY)-fold text: so it was on prefixes of
/// English Wikipedia of 0.1 to 63 million words (benches/RESULTS.md, "Estimate").
const DECAY: f64 = 0.37;
const RECORDS_LIMIT: f64 = 0.70;
const WORDS_LIMIT: f64 = 0.60;

/// Read a sample of `path` and say what counting all of it would take.
///
/// # Errors
/// As for [`RawCorpus::read`], [`RawCorpus::vocabulary`] and [`count`].
pub fn estimate(
    path: &Path,
    text: TextOptions,
    encoding: &EncodingOptions,
    counting: &CountingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Estimate> {
    let whole = sample(path, 1, text, encoding, counting, monitor)?;
    let half = match sample(path, 2, text, encoding, counting, monitor) {
        // Half of a small sample may have no word that is frequent enough.
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
        // The slope was measured in the middle of the doubling.
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
    let entry_bytes = if counting.symmetric { 12.0 } else { 20.0 };
    // Ranks and index of the text, the rows, and about 100 bytes per different word.
    let peak = 8.0 * tokens + entry_bytes * pairs + 100.0 * 5.0 * words;
    let disk = match memory.bytes {
        Some(limit) if entry_bytes * pairs > (limit / 4) as f64 => {
            // Text that waits, and rows; segments' rows add up to at most twice the merged ones.
            let segments = tokens / memory.segment_tokens() as f64;
            let rows = pairs * whole.encoded / whole.pairs.max(1.0);
            4.0 * tokens + rows * if segments > 1.0 { 2.5 } else { 1.0 }
        }
        _ => 0.0,
    };
    Ok(Estimate {
        tokens,
        words,
        records,
        memory: peak,
        disk,
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
    let raw = RawCorpus::read(&mut reader, encoding, &memory, monitor)?;
    let (_, text, _) = monitor.snapshot();
    let vocabulary = raw.vocabulary(encoding, monitor)?;
    let mut corpus = raw.encode(&vocabulary, encoding.keep_gaps, monitor)?;
    let tokens = corpus.tokens() as f64;
    let counts = count(&mut corpus, vocabulary.len(), counting, &memory, monitor)?;
    Ok(Sample {
        tokens,
        words: vocabulary.len() as f64,
        records: counts.nnz() as f64,
        pairs: counts.pairs() as f64,
        encoded: encoded_bytes(&counts)?,
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
