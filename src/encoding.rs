//! Text to word numbers, reading the text once.
//!
//! Every worker numbers the words it meets in its own interner, without locks. When the text is
//! at its end the interners are merged into one vocabulary, and each worker's numbers are mapped to
//! frequency ranks. Which worker read which chunk varies from run to run; the ranks do not.

mod shard;

pub use shard::Shard;

use crate::corpus::{CHUNK_BYTES, ChunkReader, Content, MAX_WORD_BYTES};
use crate::error::{Error, Location, Result};
use crate::memory::{MemoryLimit, TemporaryFile, fallible};
use crate::monitor::{Monitor, Stage};
use crate::tokenize::{Folding, Sink, Tokenizer};
use crate::vocabulary::{self, Vocabulary, WordId};
use hashbrown::HashTable;
use rayon::prelude::*;
use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// Stands between documents in encoded text; larger than any [`WordId`].
pub const DOCUMENT_END: WordId = i32::MAX as WordId;
/// Stands for a word that is not in the vocabulary, where distances count it.
pub const GAP: WordId = DOCUMENT_END - 1;

/// How text becomes numbers.
#[derive(Debug, Clone)]
pub struct EncodingOptions {
    /// How text becomes words.
    pub tokenizer: Tokenizer,
    /// What is done to the text first.
    pub folding: Folding,
    /// Drop words that occur less often.
    pub min_count: u64,
    /// Keep at most so many words.
    pub max_vocab: Option<usize>,
    /// Leave a [`GAP`] for every dropped word instead of closing ranks.
    pub keep_gaps: bool,
    /// A longer word is an error.
    pub max_word_bytes: usize,
}

impl Default for EncodingOptions {
    fn default() -> Self {
        Self {
            tokenizer: Tokenizer::Whitespace,
            folding: Folding::default(),
            min_count: 5,
            max_vocab: None,
            keep_gaps: false,
            max_word_bytes: MAX_WORD_BYTES,
        }
    }
}

/// A corpus in its workers' own numbering: the text has been read, the vocabulary is not yet chosen.
pub struct RawCorpus {
    name: PathBuf,
    interners: Vec<Interner>,
    // In the order of the text.
    chunks: VecDeque<RawChunk>,
    // What the memory limit kept out of memory.
    spool: Option<TemporaryFile>,
}

struct RawChunk {
    number: usize,
    interner: usize,
    ids: RawIds,
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

enum RawIds {
    Memory(Vec<WordId>),
    Spooled(Range<u64>),
}

impl RawCorpus {
    /// Read `reader` to its end on all threads of the current rayon pool.
    ///
    /// # Errors
    /// What the reader reports; [`Error::Corpus`] for more than 2³¹ − 4 different words;
    /// [`Error::Cancelled`].
    pub fn read(
        reader: &mut dyn ChunkReader,
        options: &EncodingOptions,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        let spool = Mutex::new(None);
        let name = reader.name();
        let held = AtomicU64::new(0);
        monitor.begin(Stage::Tokenizing, reader.total_bytes().unwrap_or(0));
        let cancelled = monitor.cancel_flag();
        reader.on_idle(Arc::new(move || {
            if cancelled.load(Relaxed) {
                return Err(std::io::Error::other("cancelled"));
            }
            Ok(())
        }));
        let source = Mutex::new(Turnstile {
            reader: Some(reader),
            next: 0,
            reported: 0,
        });
        let workers: Vec<Result<_>> = rayon::broadcast(|_| {
            let mut interner = Interner::default();
            let mut chunks = Vec::new();
            while let Some(taken) = Turnstile::take(&source, monitor)? {
                let Taken {
                    number,
                    content,
                    read,
                    origin,
                } = taken;
                let ids = match interner.encode(&content, options, monitor) {
                    Ok(ids) => ids,
                    Err(fault) => {
                        // Nobody needs more of the text.
                        Turnstile::close(&source);
                        return Err(fault.at(&content, origin, options.max_word_bytes, &name));
                    }
                };
                let bytes = size_of_val(&ids[..]) as u64;
                let full = held.fetch_add(bytes, Relaxed) + bytes > memory.text_bytes();
                let ids = if full {
                    held.fetch_sub(bytes, Relaxed);
                    let mut spool = spool.lock().unwrap_or_else(PoisonError::into_inner);
                    let spool = match &mut *spool {
                        Some(spool) => spool,
                        none => none.insert(TemporaryFile::create(&memory.folder)?),
                    };
                    let place = spool.append(bytemuck::cast_slice(&ids));
                    RawIds::Spooled(place.map_err(|error| {
                        // A rank takes four bytes, a word and its space about six; rows of counts
                        // take more than the text.
                        let (_, _, text) = monitor.snapshot();
                        error.with_space_needed((text * 4).max(spool.len()) as f64)
                    })?)
                } else {
                    RawIds::Memory(ids)
                };
                chunks.push((number, ids));
                monitor.advance(read)?;
            }
            Ok((interner, chunks))
        });
        let mut raw = Self {
            name,
            interners: Vec::new(),
            chunks: VecDeque::new(),
            spool: spool.into_inner().unwrap_or_else(PoisonError::into_inner),
        };
        for worker in workers {
            let (interner, chunks) = worker?;
            let index = raw.interners.len();
            raw.interners.push(interner);
            raw.chunks
                .extend(chunks.into_iter().map(|(number, ids)| RawChunk {
                    number,
                    interner: index,
                    ids,
                }));
        }
        raw.chunks
            .make_contiguous()
            .sort_unstable_by_key(|c| c.number);
        Ok(raw)
    }

    /// The vocabulary of the text.
    ///
    /// # Errors
    /// [`Error::Corpus`] if no word is left, saying which setting pruned them.
    pub fn vocabulary(&self, options: &EncodingOptions, monitor: &Monitor) -> Result<Vocabulary> {
        self.choose(self.words(monitor)?, options, monitor)
    }

    /// The same, and the words that are too rare for it, in no order.
    ///
    /// # Errors
    /// As for [`RawCorpus::vocabulary`].
    pub fn vocabulary_and_rare(
        &self,
        options: &EncodingOptions,
        monitor: &Monitor,
    ) -> Result<(Vocabulary, Vocabulary)> {
        let words = self.words(monitor)?;
        let vocabulary = self.choose(fallible::copied(&words)?, options, monitor)?;
        let rare = vocabulary.without(&words, monitor)?;
        Ok((vocabulary, rare))
    }

    fn choose(
        &self,
        words: Vec<(&[u8], u64)>,
        options: &EncodingOptions,
        monitor: &Monitor,
    ) -> Result<Vocabulary> {
        let (min_count, max_vocab) = (options.min_count, options.max_vocab);
        Vocabulary::choose(words, &self.name, min_count, max_vocab, monitor)
    }

    /// Every word of the text and how often it occurs, in no order.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Cancelled`].
    pub fn words(&self, monitor: &Monitor) -> Result<Vec<(&[u8], u64)>> {
        let mut interners: Vec<_> = self.interners.iter().collect();
        interners.sort_by_key(|i| std::cmp::Reverse(i.table.len()));
        let Some((largest, others)) = interners.split_first() else {
            return Ok(Vec::new());
        };
        let mut words = largest.words()?;
        // Words are split among the threads by their hash, so that none is counted twice.
        let parts = rayon::current_num_threads() as u64;
        let merged: Result<Vec<_>> = (0..parts)
            .into_par_iter()
            .map(|part| {
                let mut known: Vec<(usize, u64)> = Vec::new();
                let mut fresh: Vec<(&[u8], u64)> = Vec::new();
                let mut table: HashTable<u32> = HashTable::new();
                for interner in others {
                    for (number, entry) in interner.table.iter().enumerate() {
                        if number.is_multiple_of(POLL_WORDS) {
                            monitor.check()?;
                        }
                        let hash = entry.hash();
                        if (hash >> 32) % parts != part {
                            continue;
                        }
                        let word = entry.bytes(&interner.long);
                        if let Some(id) = largest.id_of(word, hash) {
                            fallible::push(&mut known, (id as usize, entry.count))?;
                            continue;
                        }
                        if let Some(&i) = table.find(hash, |&i| fresh[i as usize].0 == word) {
                            fresh[i as usize].1 += entry.count;
                        } else {
                            let hash_of = |&i: &u32| Entry::new(fresh[i as usize].0).hash();
                            fallible::reserve_in_table(&mut table, 1, hash_of)?;
                            table.insert_unique(hash, fresh.len() as u32, hash_of);
                            fallible::push(&mut fresh, (word, entry.count))?;
                        }
                    }
                }
                Ok((known, fresh))
            })
            .collect();
        for (known, fresh) in merged? {
            for (id, count) in known {
                words[id].1 += count;
            }
            fallible::reserve(&mut words, fresh.len())?;
            words.extend(fresh);
        }
        Ok(words)
    }

    /// The text in ranks of `vocabulary`, to be taken segment by segment.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Cancelled`].
    pub fn encode(
        self,
        vocabulary: &Vocabulary,
        keep_gaps: bool,
        monitor: &Monitor,
    ) -> Result<EncodedCorpus> {
        vocabulary.build_index(monitor)?;
        let outside = if keep_gaps { GAP } else { DROPPED };
        let ranks: Result<Vec<Vec<WordId>>> = self
            .interners
            .par_iter()
            .map(|interner| {
                let mut ranks = fallible::filled(outside, interner.table.len())?;
                for (number, entry) in interner.table.iter().enumerate() {
                    if number.is_multiple_of(POLL_WORDS) {
                        monitor.check()?;
                    }
                    if let Some(rank) = vocabulary.index_of(entry.bytes(&interner.long)) {
                        ranks[entry.id as usize] = rank;
                    }
                }
                Ok(ranks)
            })
            .collect();
        let ranks = ranks?;
        let counts = self.interners.iter().flat_map(|i| &i.table);
        Ok(EncodedCorpus {
            ranks,
            tokens: counts.map(|entry| entry.count).sum(),
            all_chunks: self.chunks.len(),
            chunks: self.chunks,
            spool: self.spool,
        })
    }
}

/// Words between two looks at the monitor.
const POLL_WORDS: usize = 1 << 14;

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

/// Hands out the reader's chunks, numbered, one worker at a time.
struct Turnstile<'a> {
    // `None` after the end or an error, so that the other workers stop too.
    reader: Option<&'a mut dyn ChunkReader>,
    next: usize,
    // Bytes of the source that the chunks so far were made of.
    reported: u64,
}

/// A chunk on its way to a worker.
struct Taken {
    number: usize,
    content: Content,
    /// Bytes of the source.
    read: u64,
    origin: Origin,
}

/// The file, and the byte of what it holds that a chunk begins at, if that is known.
type Origin = Option<(PathBuf, u64)>;

impl Turnstile<'_> {
    /// Hand out no more.
    fn close(this: &Mutex<Self>) {
        this.lock().unwrap_or_else(PoisonError::into_inner).reader = None;
    }

    fn take(this: &Mutex<Self>, monitor: &Monitor) -> Result<Option<Taken>> {
        let mut this = this.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(reader) = &mut this.reader else {
            return Ok(None);
        };
        let next = reader.next_chunk();
        let read = reader.bytes_read();
        let origin = reader.origin();
        if !matches!(next, Ok(Some(_))) {
            this.reader = None;
        }
        // A reader that was cancelled while it waited has no error worth telling.
        monitor.check()?;
        let number = this.next;
        this.next += 1;
        let news = read - std::mem::replace(&mut this.reported, read);
        Ok(next?.map(|content| Taken {
            number,
            content,
            read: news,
            origin,
        }))
    }
}

/// Instead of an interner's number: the chunk holds ranks already.
const MAPPED: usize = usize::MAX;

/// Marks a word to leave out while ranks replace local numbers; never seen outside this file.
const DROPPED: WordId = DOCUMENT_END - 2;

/// Numbers words in the order it first meets them, and counts them.
#[derive(Default)]
struct Interner {
    table: HashTable<Entry>,
    // Words longer than `SHORT`, each behind its length; short ones live in the table.
    long: Vec<u8>,
}

const SHORT: usize = 16;

/// A word in the table. Words of up to 16 bytes (nearly all) are compared without leaving it.
#[derive(Clone, Copy)]
struct Entry {
    // The word, zero-padded; of a long word, its hash and where it stands in `long`.
    key: [u8; SHORT],
    len: u32,
    id: WordId,
    count: u64,
}

impl Entry {
    #[inline]
    fn new(word: &[u8]) -> Self {
        let (low, high) = match word.len() {
            0..=8 => (load_le(word), 0),
            9..=SHORT => (load_le(&word[..8]), load_le(&word[8..])),
            _ => (vocabulary::hash(word), 0),
        };
        Self::of_halves(low, high, word.len())
    }

    /// The entry of `text[start..end]`. Where 16 bytes can be read at once, the word's length takes
    /// no branch, which the processor could not foresee.
    #[inline(always)]
    fn new_in(text: &[u8], start: usize, end: usize) -> Self {
        const BELOW: [u64; 9] = {
            let mut masks = [u64::MAX; 9];
            let mut bytes = 0;
            while bytes < 8 {
                masks[bytes] = (1 << (8 * bytes)) - 1;
                bytes += 1;
            }
            masks
        };
        let length = end - start;
        match text[start..].first_chunk::<SHORT>() {
            Some(window) if length <= SHORT => {
                let both = u128::from_le_bytes(*window);
                let low = both as u64 & BELOW[length.min(8)];
                let high = (both >> 64) as u64 & BELOW[length.max(8) - 8];
                Self::of_halves(low, high, length)
            }
            _ => Self::new(&text[start..end]),
        }
    }

    #[inline]
    fn of_halves(low: u64, high: u64, length: usize) -> Self {
        Self {
            key: (u128::from(low) | u128::from(high) << 64).to_le_bytes(),
            len: length.min(u32::MAX as usize) as u32,
            id: 0,
            count: 1,
        }
    }

    #[inline]
    fn is_long(&self) -> bool {
        self.len as usize > SHORT
    }

    #[inline]
    fn halves(&self) -> (u64, u64) {
        let key = u128::from_le_bytes(self.key);
        (key as u64, (key >> 64) as u64)
    }

    /// Depends on the word alone, so that entries of different interners can be compared.
    #[inline]
    fn hash(&self) -> u64 {
        let (low, high) = self.halves();
        let high = if self.is_long() { 0 } else { high };
        let product = u128::from(low ^ 0x9e37_79b9_7f4a_7c15)
            * u128::from(high ^ u64::from(self.len) ^ 0xd1b5_4a32_d192_ed03);
        let folded = (product as u64) ^ ((product >> 64) as u64);
        // Nearby keys differ in few bits after one multiplication: mix once more.
        folded.wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(29) ^ folded
    }

    #[inline]
    fn bytes<'a>(&'a self, long: &'a [u8]) -> &'a [u8] {
        if self.is_long() {
            let at = self.halves().1 as usize;
            let length = u64::from_le_bytes(*long[at..].first_chunk().expect("its length"));
            &long[at + 8..][..length as usize]
        } else {
            &self.key[..self.len as usize]
        }
    }
}

/// Up to eight bytes as a little-endian number.
#[inline]
fn load_le(bytes: &[u8]) -> u64 {
    match *bytes {
        [] => 0,
        [a] => u64::from(a),
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        [a, b, c] => u64::from(u32::from_le_bytes([a, b, c, 0])),
        _ if bytes.len() >= 8 => u64::from_le_bytes(*bytes.first_chunk().expect("8 bytes")),
        _ => {
            // Two overlapping halves cover 4 to 7 bytes.
            let low = u64::from(u32::from_le_bytes(*bytes.first_chunk().expect("4 bytes")));
            let high = u64::from(u32::from_le_bytes(*bytes.last_chunk().expect("4 bytes")));
            low | high << (8 * (bytes.len() - 4))
        }
    }
}

impl Interner {
    /// The number of a word; `None` if there is no memory for a new one.
    #[inline]
    fn intern(&mut self, word: &[u8]) -> Option<WordId> {
        let new = Entry::new(word);
        let hash = new.hash();
        if !new.is_long() {
            return self.intern_short(new, hash);
        }
        let long = &self.long;
        let same = |old: &Entry| old.len == new.len && old.bytes(long) == word;
        if let Some(entry) = self.table.find_mut(hash, |old| same(old)) {
            entry.count += 1;
            return Some(entry.id);
        }
        fallible::reserve(&mut self.long, size_of::<u64>() + word.len()).ok()?;
        let mut new = new;
        new.key[8..].copy_from_slice(&(self.long.len() as u64).to_le_bytes());
        self.long
            .extend_from_slice(&(word.len() as u64).to_le_bytes());
        self.long.extend_from_slice(word);
        self.insert(new, hash)
    }

    /// Count a word that is all in its entry.
    #[inline]
    fn intern_short(&mut self, new: Entry, hash: u64) -> Option<WordId> {
        let same = |old: &Entry| old.key == new.key && old.len == new.len;
        if let Some(entry) = self.table.find_mut(hash, same) {
            entry.count += 1;
            return Some(entry.id);
        }
        self.insert(new, hash)
    }

    fn insert(&mut self, mut new: Entry, hash: u64) -> Option<WordId> {
        fallible::reserve_in_table(&mut self.table, 1, Entry::hash).ok()?;
        new.id = self.table.len() as WordId;
        self.table.insert_unique(hash, new, Entry::hash);
        Some(new.id)
    }

    /// The id of `word`, whose entry elsewhere hashes to `hash`.
    fn id_of(&self, word: &[u8], hash: u64) -> Option<WordId> {
        self.table
            .find(hash, |e| e.bytes(&self.long) == word)
            .map(|e| e.id)
    }

    /// Words and counts in the order of their numbers.
    fn words(&self) -> Result<Vec<(&[u8], u64)>> {
        let mut words = fallible::filled((&[][..], 0), self.table.len())?;
        for entry in &self.table {
            words[entry.id as usize] = (entry.bytes(&self.long), entry.count);
        }
        Ok(words)
    }

    fn encode(
        &mut self,
        content: &Content,
        options: &EncodingOptions,
        monitor: &Monitor,
    ) -> std::result::Result<Vec<WordId>, Fault> {
        let mut sink = Encoder {
            ids: fallible::with_capacity(content.len() / 4)?,
            interner: self,
            folding: Folding::default(),
            waiting: Vec::with_capacity(BATCH),
            max_word_bytes: options.max_word_bytes,
            monitor,
            fault: None,
        };
        let (tokenizer, folding) = (options.tokenizer, options.folding);
        match content {
            Content::Lines(text) => tokenizer.lines(&folding.apply(text), &mut sink),
            Content::Documents { .. } => {
                for (piece, ended) in content.pieces() {
                    tokenizer.words(&folding.apply(piece), &mut sink);
                    if ended {
                        sink.end_of_document();
                    }
                }
            }
            Content::Words(words) => {
                sink.folding = folding;
                words.replay(&mut sink);
            }
        }
        sink.flush();
        let Encoder { mut ids, fault, .. } = sink;
        if let Some(fault) = fault {
            return Err(fault);
        }
        monitor.check()?;
        ids.shrink_to_fit();
        if self.table.len() > vocabulary::MAX_WORDS {
            let message = format!(
                "the text has more than {} different words",
                vocabulary::MAX_WORDS
            );
            return Err(Error::Corpus(message).into());
        }
        Ok(ids)
    }
}

struct Encoder<'a> {
    interner: &'a mut Interner,
    ids: Vec<WordId>,
    // What is still to be done to each word.
    folding: Folding,
    // Short words, and ends of documents, that have no number yet.
    waiting: Vec<(Entry, u64)>,
    max_word_bytes: usize,
    monitor: &'a Monitor,
    // Why the rest of the chunk does not matter.
    fault: Option<Fault>,
}

/// Why a chunk cannot be encoded.
enum Fault {
    /// A word of so many bytes.
    Word(usize),
    Other(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl Fault {
    /// The error, with its place.
    fn at(self, content: &Content, origin: Origin, most: usize, name: &Path) -> Error {
        let length = match self {
            Self::Word(length) => length,
            Self::Other(error) => return error,
        };
        let message = format!("a word of {length} bytes; the limit is max_word_bytes={most}");
        let Some((path, start)) = origin else {
            return Error::Corpus(format!("{}: {message}", name.display()));
        };
        // Where it stands was not noted: in the longest stretch without white space, as good as always.
        let mut longest = 0..0;
        let mut at = 0;
        for stretch in content.text().split(u8::is_ascii_whitespace) {
            if stretch.len() > longest.len() {
                longest = at..at + stretch.len();
            }
            at += stretch.len() + 1;
        }
        Error::format(path, Location::Byte(start + longest.start as u64), message)
    }
}

/// Words that are looked up together. The table is much larger than the second-level cache, and a
/// processor that meets all their places first waits for many at a time (benches/RESULTS.md,
/// "Sources").
const BATCH: usize = 32;

/// In the place of an entry's length: a document ends here.
const END: u32 = u32::MAX;

impl Encoder<'_> {
    /// Number the word `text[start..end]`, soon.
    #[inline(always)]
    fn add(&mut self, text: &[u8], start: usize, end: usize) {
        if end - start > SHORT {
            self.add_long(&text[start..end]);
        } else {
            let entry = Entry::new_in(text, start, end);
            self.wait(entry, entry.hash());
        }
    }

    #[inline]
    fn add_long(&mut self, word: &[u8]) {
        self.flush();
        if word.len() > self.max_word_bytes {
            self.fault.get_or_insert(Fault::Word(word.len()));
        }
        if self.fault.is_some() {
            return;
        }
        match self.interner.intern(word) {
            Some(id) if fallible::push(&mut self.ids, id).is_ok() => {}
            _ => self.lack_memory(),
        }
    }

    #[cold]
    fn lack_memory(&mut self) {
        let bytes = self.interner.table.capacity() * size_of::<Entry>()
            + self.interner.long.len()
            + size_of_val(&self.ids[..]);
        self.fault.get_or_insert(Error::Memory { bytes }.into());
        self.waiting.clear();
    }

    #[inline(always)]
    fn wait(&mut self, entry: Entry, hash: u64) {
        self.waiting.push((entry, hash));
        if self.waiting.len() == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let table = &self.interner.table;
        let mut seen = 0;
        for (_, hash) in &self.waiting {
            table.find(*hash, |entry| {
                seen ^= entry.len;
                true
            });
        }
        std::hint::black_box(seen);
        if fallible::reserve(&mut self.ids, BATCH).is_err() {
            return self.lack_memory();
        }
        let mut lacking = false;
        for (entry, hash) in self.waiting.drain(..) {
            // Also at the beginning of a chunk a document may end: the one before.
            if entry.len != END {
                match self.interner.intern_short(entry, hash) {
                    Some(id) => self.ids.push(id),
                    None => lacking = true,
                }
            } else if self.ids.last() != Some(&DOCUMENT_END) {
                self.ids.push(DOCUMENT_END);
            }
        }
        if lacking {
            self.lack_memory();
        }
    }
}

impl Sink for Encoder<'_> {
    #[inline]
    fn word(&mut self, word: &[u8]) {
        self.word_in(word, 0, word.len());
    }

    #[inline(always)]
    fn word_in(&mut self, text: &[u8], start: usize, end: usize) {
        if self.folding == Folding::default() {
            self.add(text, start, end);
        } else {
            let word = String::from_utf8_lossy(&text[start..end]);
            let word = self.folding.apply(&word);
            self.add(word.as_bytes(), 0, word.len());
        }
    }

    #[inline]
    fn end_of_document(&mut self) {
        let mut end = Entry::of_halves(0, 0, 0);
        end.len = END;
        self.wait(end, 0);
    }

    fn goes_on(&self) -> bool {
        self.fault.is_none() && self.monitor.check().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Documents;
    use proptest::prelude::*;

    fn encode(documents: &[&str], options: &EncodingOptions) -> Result<(Vocabulary, Vec<WordId>)> {
        let monitor = Monitor::new();
        let memory = MemoryLimit::default();
        let mut reader = Documents::new(documents);
        let raw = RawCorpus::read(&mut reader, options, &memory, &monitor)?;
        let vocabulary = raw.vocabulary(options, &monitor)?;
        let mut encoded = raw.encode(&vocabulary, options.keep_gaps, &monitor)?;
        let mut segment = Segment::default();
        assert!(encoded.next_segment(usize::MAX, 15, &mut segment, &monitor)?);
        assert!(encoded.is_exhausted());
        Ok((vocabulary, segment.ids))
    }

    #[test]
    fn ranks_replace_words_and_rare_words_go() {
        let options = EncodingOptions {
            min_count: 2,
            ..Default::default()
        };
        let (vocabulary, ids) = encode(&["b a rare a", "b a"], &options).unwrap();
        assert_eq!(vocabulary.word(0), b"a");
        assert_eq!(ids, [1, 0, 0, DOCUMENT_END, 1, 0, DOCUMENT_END]);
        let gaps = EncodingOptions {
            keep_gaps: true,
            ..options
        };
        let (_, ids) = encode(&["b a rare a", "b a"], &gaps).unwrap();
        assert_eq!(ids[..4], [1, 0, GAP, 0]);
    }

    #[test]
    fn a_document_that_ends_where_a_chunk_does_still_ends() {
        let mut interner = Interner::default();
        let options = EncodingOptions::default();
        let text = |text: &str| Content::Lines(text.into());
        assert_eq!(
            interner
                .encode(&text("w w "), &options, &Monitor::new())
                .ok()
                .unwrap(),
            [0, 0]
        );
        let next = interner
            .encode(&text("\nother"), &options, &Monitor::new())
            .ok()
            .unwrap();
        assert_eq!(next, [DOCUMENT_END, 1]);
    }

    #[test]
    fn words_left_out_by_min_count_are_named_as_the_reason() {
        let error = encode(&["a b c"], &EncodingOptions::default()).unwrap_err();
        assert!(error.to_string().contains("min_count=5"), "{error}");
        let error = encode(&["  ", ""], &EncodingOptions::default()).unwrap_err();
        assert!(
            error.to_string().contains("no words in the text"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn interning_tells_all_words_apart(words in proptest::collection::vec(
            proptest::collection::vec(0u8..3, 1..40), 0..60)) {
            let mut interner = Interner::default();
            let ids: Vec<_> = words.iter().map(|w| interner.intern(w)).collect();
            let known = interner.words().unwrap();
            for (id, word) in ids.iter().zip(&words) {
                prop_assert_eq!(known[id.unwrap() as usize].0, &word[..]);
                let times = words.iter().filter(|w| *w == word).count() as u64;
                prop_assert_eq!(known[id.unwrap() as usize].1, times);
            }
        }

        #[test]
        fn merged_counts_are_the_counts_of_the_whole(left in proptest::collection::vec("[a-c]{1,20}", 0..40),
                right in proptest::collection::vec("[a-c]{1,20}", 0..40)) {
            let mut raw = RawCorpus { name: "".into(), interners: vec![], chunks: VecDeque::new(), spool: None };
            let mut expected = std::collections::BTreeMap::new();
            for words in [&left, &right] {
                let mut interner = Interner::default();
                for word in words {
                    interner.intern(word.as_bytes());
                    *expected.entry(word.as_bytes()).or_insert(0u64) += 1;
                }
                raw.interners.push(interner);
            }
            let merged: std::collections::BTreeMap<_, _> = raw.words(&Monitor::new()).unwrap().into_iter().collect();
            prop_assert_eq!(merged, expected);
        }
    }
}
