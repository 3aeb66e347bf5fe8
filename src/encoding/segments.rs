//! The text as ranks of a vocabulary, segment by segment.

use super::{DOCUMENT_END, DROPPED};
use crate::corpus::CHUNK_BYTES;
use crate::error::{Error, Result};
use crate::memory::{TemporaryFile, fallible};
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rayon::prelude::*;
use std::collections::VecDeque;
use std::ops::Range;

/// A corpus as ranks of a vocabulary.
pub struct EncodedCorpus {
    ranks: Vec<Vec<WordId>>,
    chunks: VecDeque<RawChunk>,
    all_chunks: usize,
    spool: Option<TemporaryFile>,
    tokens: u64,
}

/// A stretch of a corpus.
#[derive(Debug, Default)]
pub struct Segment {
    /// Ranks, with [`DOCUMENT_END`] after each document and, with `keep_gaps`, [`GAP`]s.
    pub ids: Vec<WordId>,
    /// How many of them, at the beginning, are the end of the segment before this one: context for
    /// a document that goes on.
    pub fresh: usize,
}

impl EncodedCorpus {
    /// Chunks in the numbers of their interners, whose ranks are `ranks`.
    pub(super) fn new(
        ranks: Vec<Vec<WordId>>,
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

    /// A text that is ranks already, documents separated by [`DOCUMENT_END`].
    pub fn from_ranks(ids: Vec<WordId>) -> Self {
        let tokens = ids.iter().filter(|&&id| id != DOCUMENT_END).count() as u64;
        let chunk = RawChunk {
            number: 0,
            interner: MAPPED,
            ids: RawIds::Memory(ids),
        };
        Self {
            ranks: Vec::new(),
            chunks: VecDeque::from([chunk]),
            all_chunks: 1,
            spool: None,
            tokens,
        }
    }

    /// Words in the text, those outside the vocabulary included.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Whether every segment has been taken.
    pub fn is_exhausted(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Part of the text in the segments taken so far.
    pub fn fraction_read(&self) -> f64 {
        1.0 - self.chunks.len() as f64 / self.all_chunks.max(1) as f64
    }

    /// Replace `segment` by the next one, of about `most` words and at least one chunk, behind the
    /// last `window` words of its document so far. `false` at the end.
    ///
    /// # Errors
    /// [`Error::Io`] for the temporary file, [`Error::Cancelled`]; [`Error::Parameter`] if a document
    /// and the window are so long that the last words alone are more than a segment.
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
        let tail = segment.ids.len().saturating_sub(window);
        let tail = match segment.ids[tail..]
            .iter()
            .rposition(|&id| id == DOCUMENT_END)
        {
            Some(end) => tail + end + 1,
            None => tail,
        };
        segment.ids.drain(..tail);
        segment.fresh = segment.ids.len();
        if segment.fresh > most.max(LONG_TAIL) {
            let message = format!(
                "= {window} reaches over more words of a document than memory= leaves room for: at \
                 most {most}"
            );
            return Err(Error::parameter("window", message));
        }
        let waiting: usize = self.chunks.iter().map(RawChunk::len).sum();
        let ample = waiting.min(most.saturating_add(CHUNK_BYTES));
        fallible::reserve(&mut segment.ids, ample)?;
        // A batch at a time, so that what is mapped and what is not are not both held whole.
        let together = 16 * rayon::current_num_threads();
        while !self.chunks.is_empty() && segment.ids.len() - segment.fresh < most {
            let batch: Vec<RawChunk> = self
                .chunks
                .drain(..together.min(self.chunks.len()))
                .collect();
            let mapped: Vec<Result<Vec<WordId>>> = batch
                .into_par_iter()
                .map(|chunk| map_chunk(chunk, &self.ranks, self.spool.as_ref()))
                .collect();
            let mut mapped = mapped.into_iter().collect::<Result<VecDeque<_>>>()?;
            while let Some(ids) = mapped.pop_front() {
                fallible::reserve(&mut segment.ids, ids.len())?;
                segment.ids.extend_from_slice(&ids);
                if segment.ids.len() - segment.fresh >= most && !mapped.is_empty() {
                    // Already mapped: the next segment takes them as they are.
                    for ids in mapped.drain(..).rev() {
                        self.chunks.push_front(RawChunk {
                            number: 0,
                            interner: MAPPED,
                            ids: RawIds::Memory(ids),
                        });
                    }
                }
            }
            monitor.check()?;
        }
        Ok(true)
    }
}

/// Words of context that any segment may begin with, whatever the memory limit.
const LONG_TAIL: usize = 1 << 16;

/// Ranks instead of an interner's numbers; dropped words go.
fn map_chunk(
    chunk: RawChunk,
    ranks: &[Vec<WordId>],
    spool: Option<&TemporaryFile>,
) -> Result<Vec<WordId>> {
    let mut ids = match (chunk.ids, spool) {
        (RawIds::Spooled(place), Some(spool)) => {
            let mut ids: Vec<WordId> = fallible::zeroed(((place.end - place.start) / 4) as usize)?;
            spool.read_into(place.start, bytemuck::cast_slice_mut(&mut ids))?;
            ids
        }
        (RawIds::Memory(ids), _) => ids,
        (RawIds::Spooled(_), None) => Vec::new(), // nothing is spooled without a spool
    };
    if let Some(ranks) = ranks.get(chunk.interner) {
        ids.retain_mut(|id| {
            if *id != DOCUMENT_END {
                *id = ranks[*id as usize];
            }
            *id != DROPPED
        });
    }
    Ok(ids)
}

/// Instead of an interner's number: the chunk holds ranks already.
const MAPPED: usize = usize::MAX;

pub(super) struct RawChunk {
    pub number: usize,
    pub interner: usize,
    pub ids: RawIds,
}

impl RawChunk {
    /// Words and ends of documents held.
    fn len(&self) -> usize {
        match &self.ids {
            RawIds::Memory(ids) => ids.len(),
            RawIds::Spooled(place) => (place.end - place.start) as usize / size_of::<WordId>(),
        }
    }
}

pub(super) enum RawIds {
    Memory(Vec<WordId>),
    Spooled(Range<u64>),
}
