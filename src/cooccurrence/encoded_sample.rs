//! A sample of a text as word numbers. The whole sample or a part of it can be counted.

use super::count::count;
use super::matrix::Triangle;
use super::options::CountingOptions;
use crate::corpus::{ChunkReader, Content, TextSample};
use crate::encoding::{DOCUMENT_END, DROPPED, EncodedCorpus, EncodingOptions, RawCorpus, Segment};
use crate::error::Result;
use crate::memory::{MemoryLimit, fallible};
use crate::monitor::Monitor;
use crate::vocabulary::{Vocabulary, WordId};
use std::path::PathBuf;
use std::time::Instant;

/// Number of stretches into which a sample is divided. A half of the sample consists of every other stretch.
const STRETCHES: usize = 64;

/// A sample of a text as word numbers. The whole sample or a part of it can be counted.
pub struct EncodedSample {
    // The sample as word numbers (0 is the most frequent word) and ends of documents.
    ids: Vec<WordId>,
    // The words of the sample in the order of their numbers, and how often each occurs.
    pub(super) words: Vocabulary,
    // The stop words that occur in the sample.
    pub(super) stop_words: Vec<WordId>,
    pub(super) word_bytes: f64,
    /// The size of the whole text divided by the size of the sample.
    pub scale: f64,
    /// Number of bytes of the source that were read.
    pub read: u64,
    /// Number of bytes of the source.
    pub total: u64,
    // Whether only the beginning of the source was read.
    pub(super) is_beginning: bool,
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
    pub(super) fn different(&self) -> Result<Vec<f64>> {
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
}

/// The chunks of a sample as a source of text.
pub(super) struct Chunks {
    pub chunks: std::vec::IntoIter<Content>,
    pub name: PathBuf,
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
