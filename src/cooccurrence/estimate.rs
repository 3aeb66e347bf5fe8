//! Estimates from a sample of a corpus how large the corpus and its counts are. `growth.rs` has the laws by which
//! words and records grow with a text; `corpus_size.rs` computes memory and disk space from the size.

use super::corpus_size::CorpusSize;
use super::encoded_sample::EncodedSample;
use super::growth::{Bounds, Spectrum};
use super::matrix::Triangle;
use super::options::CountingOptions;
use super::row_codec::encode;
use super::window::SIDE;
use crate::encoding::EncodingOptions;
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use crate::tokenize::Tokenizer;

/// The tasks that count, and those that build the tiles of training, have buffers. The larger the rows of counts, the
/// larger the buffers, and the allocator still holds a part of them when they are freed. As a fraction of the rows,
/// this part was between `low` and `high` in measured fits and differed from run to run (benches/EXPERIMENTS.md,
/// "Memory of a fit"); `likely` is the mean.
const RETAINED_ROWS: Bounds = Bounds {
    low: 0.0,
    likely: 0.05,
    high: 0.2,
};

/// Number of bytes of jieba's dictionary.
const DICTIONARY_BYTES: f64 = 34e6;
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

impl EncodedSample {
    /// Extrapolate to the whole text, on all threads of the current rayon pool.
    ///
    /// # Errors
    /// As for [`EncodedSample::count`]; [`Error::Corpus`] if no word of the sample occurs `min_count` times, except
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
        let adjacent_nnz = |counts: &Triangle| counts.adjacent().map_or(0, |n| n.nnz()) as f64;
        let adjacent_now = adjacent_nnz(&whole);
        let (mut before, mut adjacent_before) = (0.0, 0.0);
        for part in 0..if is_whole { 0 } else { 2 } {
            let half = self.count([part, 2], min_count, encoding, counting, monitor)?;
            before += half.as_ref().map_or(0.0, |half| half.nnz() as f64) / 2.0;
            adjacent_before += half.as_ref().map_or(0.0, adjacent_nnz) / 2.0;
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
        let adjacent =
            spectrum.records(self.scale, slope, [adjacent_before.max(1.0), adjacent_now]);
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
            adjacent: if counting.adjacent {
                of(&adjacent)
            } else {
                0.0
            },
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

/// Number of bytes of the compressed rows of counts, those of adjacent words included.
fn encoded_bytes(counts: &Triangle) -> Result<f64> {
    let mut bytes = 0;
    for k in 0..counts.blocks() {
        bytes += encode(&*counts.block(k)?)?.len();
    }
    let adjacent = counts.adjacent().map_or(Ok(0.0), |n| encoded_bytes(n))?;
    Ok(bytes as f64 + adjacent)
}
