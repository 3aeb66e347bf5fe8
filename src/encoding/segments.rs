//! The text as ranks of a vocabulary, segment by segment.

use super::compact_text::{CompactText, SymbolTable};
use super::document_chunk::WeightedDocuments;
use super::marks::DOCUMENT_END;
use crate::corpus::CHUNK_BYTES;
use crate::error::{Error, Result};
use crate::memory::{FixedArray, TemporaryFile, fallible};
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::collections::VecDeque;
use std::ops::Range;

/// A corpus in which each word is its rank in a vocabulary, read segment by segment.
pub struct EncodedCorpus {
    ranks: Vec<SymbolTable>,
    chunks: VecDeque<RawChunk>,
    all_chunks: usize,
    spool: Option<TemporaryFile>,
    tokens: u64,
}

/// A part of a corpus that is counted at once.
#[derive(Debug, Default)]
pub struct Segment {
    /// Ranks, with [`DOCUMENT_END`] after each document and, with `keep_gaps`, [`GAP`](super::GAP)s.
    pub text: CompactText,
    /// Number of words at the beginning that are carried over from the previous segment: the last words of that
    /// segment, if their document continues in this segment.
    pub carried: usize,
}

impl EncodedCorpus {
    /// The text of `chunks`, in which each word is a number of an interner. `ranks` has a table for
    /// each interner, with the ranks of its words.
    pub(super) fn new(
        ranks: Vec<SymbolTable>,
        chunks: VecDeque<RawChunk>,
        spool: Option<TemporaryFile>,
        tokens: u64,
    ) -> Self {
        Self {
            ranks,
            all_chunks: chunks.len(),
            chunks,
            spool,
            tokens,
        }
    }

    /// A text whose `pieces` already hold ranks. Together the pieces have `tokens` ranks and gaps.
    pub(super) fn of_ids(pieces: Vec<RawIds>, tokens: u64) -> Self {
        let chunks = pieces.into_iter().zip(0..).map(|(ids, number)| RawChunk {
            number,
            interner: MAPPED,
            ids,
        });
        Self::new(Vec::new(), chunks.collect(), None, tokens)
    }

    /// A text of ranks, with [`DOCUMENT_END`] between documents.
    pub fn from_ranks(ids: Vec<WordId>) -> Self {
        let tokens = ids.iter().filter(|&&id| id != DOCUMENT_END).count() as u64;
        Self::of_ids(vec![RawIds::Memory(ids.into())], tokens)
    }

    /// Number of tokens of the text, including those of words outside the vocabulary. For a corpus that was made from
    /// ranks, this is the number of ranks and gaps.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Whether every segment has been read.
    pub fn is_exhausted(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The fraction of the chunks of the text that are in the segments read so far.
    pub fn fraction_read(&self) -> f64 {
        1.0 - self.chunks.len() as f64 / self.all_chunks.max(1) as f64
    }

    /// Number of bytes in the temporary file of the text.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.spool.as_ref().map_or(0, TemporaryFile::len)
    }

    /// Replace `segment` by the next one: about `most` words, but at least one chunk. If the last document of the old
    /// segment continues, the last `window` words of this document come first. Returns `false` at the end of the text.
    ///
    /// # Errors
    /// [`Error::Io`] for the temporary file; [`Error::Memory`], [`Error::Cancelled`];
    /// [`Error::Parameter`] naming `window` if the words that are carried over from the old segment
    /// are more than `most` and more than 65,536.
    pub fn next_segment(
        &mut self,
        most: usize,
        window: usize,
        segment: &mut Segment,
        monitor: &Monitor,
    ) -> Result<bool> {
        if self.chunks.is_empty() {
            return Ok(false);
        }
        let length = segment.text.len();
        let tail = length.saturating_sub(window);
        let end = (tail..length).rfind(|&at| segment.text.id(at) == DOCUMENT_END);
        segment.text.remove_first(end.map_or(tail, |end| end + 1));
        segment.carried = segment.text.len();
        if segment.carried > most.max(LONG_TAIL) {
            let message = format!(
                "must be smaller, or memory larger: the words of a window exceed the memory limit; got \
                 {window}"
            );
            return Err(Error::parameter("window", message));
        }
        let waiting: usize = self.chunks.iter().map(RawChunk::len).sum();
        let ample = waiting.min(most.saturating_add(CHUNK_BYTES));
        segment.text.reserve(ample)?;
        // A batch of chunks at a time, so that memory never holds the whole segment twice, as chunks and as
        // `segment.text`.
        while !self.chunks.is_empty() && segment.text.len() - segment.carried < most {
            let mut mapped = self.next_texts()?;
            while let Some(text) = mapped.pop_front() {
                segment.text.append(&text)?;
                if segment.text.len() - segment.carried >= most && !mapped.is_empty() {
                    // The other chunks of the batch, which are ranks already, begin the next segment.
                    for text in mapped.drain(..).rev() {
                        self.chunks.push_front(RawChunk {
                            number: 0,
                            interner: MAPPED,
                            ids: RawIds::Mapped(text),
                        });
                    }
                }
            }
            monitor.check()?;
        }
        Ok(true)
    }

    /// The next chunks, as ranks: up to 4 for each thread of the current rayon pool.
    pub(super) fn next_texts(&mut self) -> Result<VecDeque<CompactText>> {
        let together = 4 * rayon::current_num_threads();
        let batch: Vec<RawChunk> = self
            .chunks
            .drain(..together.min(self.chunks.len()))
            .collect();
        let mapped: Vec<Result<CompactText>> = batch
            .into_par_iter()
            .map(|chunk| map_chunk(chunk, &self.ranks, self.spool.as_ref()))
            .collect();
        if self.chunks.is_empty() {
            // The rows of counts may need the space of this file.
            self.spool = None;
        }
        mapped.into_iter().collect()
    }
}

/// Number of words that a segment may carry over from the previous segment, even if the memory limit
/// makes segments smaller than this.
const LONG_TAIL: usize = 1 << 16;

/// The text of a chunk. If the chunk has numbers of an interner, ranks replace them, and words
/// whose rank is [`DROPPED`](super::DROPPED) are left out.
fn map_chunk(
    chunk: RawChunk,
    ranks: &[SymbolTable],
    spool: Option<&TemporaryFile>,
) -> Result<CompactText> {
    let ids = match (chunk.ids, spool) {
        (RawIds::Mapped(text), _) => return Ok(text),
        (RawIds::Weighted(documents), _) => return documents.text(),
        (RawIds::Spooled(range), Some(spool)) => {
            let mut ids: Vec<WordId> = fallible::zeroed(((range.end - range.start) / 4) as usize)?;
            spool.read_into(range.start, bytemuck::cast_slice_mut(&mut ids))?;
            ids.into()
        }
        (RawIds::Memory(ids), _) => ids,
        (RawIds::Spooled(_), None) => Vec::new().into(), // cannot happen: spooled chunks have a spool
    };
    let Some(ranks) = ranks.get(chunk.interner) else {
        return CompactText::of(ids.iter().copied());
    };
    CompactText::of_numbers(&ids, ranks)
}

/// Value of [`RawChunk::interner`] for a chunk that already holds ranks.
const MAPPED: usize = usize::MAX;

pub(super) struct RawChunk {
    pub number: usize,
    pub interner: usize,
    pub ids: RawIds,
}

impl RawChunk {
    /// Number of words and ends of documents.
    pub fn len(&self) -> usize {
        match &self.ids {
            RawIds::Memory(ids) => ids.len(),
            RawIds::Mapped(text) => text.len(),
            RawIds::Weighted(documents) => documents.len(),
            RawIds::Spooled(range) => (range.end - range.start) as usize / size_of::<WordId>(),
        }
    }
}

pub(super) enum RawIds {
    /// Numbers of an interner or, if the interner is [`MAPPED`], ranks.
    Memory(FixedArray<WordId>),
    /// A text of ranks.
    Mapped(CompactText),
    /// Documents of a chunk of ranks, with their weights.
    Weighted(WeightedDocuments),
    /// The range of bytes in the temporary file that contains numbers of an interner.
    Spooled(Range<u64>),
}
