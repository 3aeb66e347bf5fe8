//! Reads a text once on all threads. Every worker numbers the words of its chunks with its own interner.

use super::compact_text::SymbolTable;
use super::interned_word::InternedWord;
use super::interner::Interner;
use super::options::EncodingOptions;
use super::segments::{EncodedCorpus, RawChunk, RawIds};
use crate::corpus::{ChunkReader, Content, Origin};
use crate::error::Result;
use crate::memory::{FixedArray, MemoryLimit, TemporaryFile, fallible};
use crate::monitor::{Monitor, Stage};
use crate::vocabulary::{Vocabulary, WordId, check_number_of_words};
use hashbrown::HashTable;
use rayon::prelude::*;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// Number of words between two checks of the monitor.
const POLL_WORDS: usize = 1 << 14;

/// A corpus that has been read, but whose vocabulary is not yet chosen: each word has the number that the interner of
/// a worker gave it.
pub struct RawCorpus {
    name: PathBuf,
    interners: Vec<Interner>,
    // Sorted by position in the text.
    chunks: VecDeque<RawChunk>,
    // Temporary file of the chunks for which the memory limit leaves no room.
    spool: Option<TemporaryFile>,
}

impl RawCorpus {
    /// Read `reader` to its end on all threads of the current rayon pool.
    ///
    /// # Errors
    /// The errors of the reader; for a word longer than `max_word_bytes`, [`crate::Error::Format`] if the
    /// reader knows the file of the word, otherwise [`crate::Error::Corpus`]; [`crate::Error::Corpus`] for
    /// more than 2³¹ − 4 different words; [`crate::Error::Io`] for the temporary file;
    /// [`crate::Error::Memory`], [`crate::Error::Cancelled`].
    pub fn read(
        reader: &mut dyn ChunkReader,
        options: &EncodingOptions,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        let spool = Mutex::new(None);
        let name = reader.name();
        let in_memory = AtomicU64::new(0);
        monitor.begin(Stage::Tokenizing, reader.total_bytes().unwrap_or(0));
        let cancelled = monitor.cancel_flag();
        reader.on_idle(Arc::new(move || {
            if cancelled.load(Relaxed) {
                return Err(std::io::Error::other("cancelled"));
            }
            Ok(())
        }));
        let queue = Mutex::new(ChunkQueue {
            reader: Some(reader),
            next: 0,
            reported: 0,
            text: 0,
        });
        let read_chunks = || -> Result<_> {
            let mut interner = Interner::default();
            let mut chunks = Vec::new();
            while let Some(taken) = ChunkQueue::take(&queue, monitor)? {
                let NumberedChunk {
                    number,
                    content,
                    read,
                    origin,
                } = taken;
                let ids = match interner.encode(&content, options, monitor) {
                    Ok(ids) => ids,
                    Err(fault) => return Err(fault.at(&content, origin, options, &name)),
                };
                let bytes = size_of_val(&ids[..]) as u64;
                let full = in_memory.fetch_add(bytes, Relaxed) + bytes > memory.text_bytes();
                let ids = if full {
                    in_memory.fetch_sub(bytes, Relaxed);
                    let mut spool = spool.lock().unwrap_or_else(PoisonError::into_inner);
                    let spool = match &mut *spool {
                        Some(spool) => spool,
                        none => none.insert(TemporaryFile::create(&memory.folder)?),
                    };
                    let range = spool.append(bytemuck::cast_slice(&ids));
                    RawIds::Spooled(range.map_err(|error| {
                        // The error names four times the size of the text as the space that is
                        // needed: the numbers take 4 bytes for each word, usually less than the
                        // text, but the rows of counts, which are written later, take more.
                        let (_, _, source) = monitor.snapshot();
                        let text = ChunkQueue::whole_text(&queue, source);
                        error.with_space_needed((text * 4.0).max(spool.len() as f64))
                    })?)
                } else {
                    RawIds::Memory(FixedArray::collect(ids.iter().copied())?)
                };
                chunks.push((number, ids));
                monitor.advance(read)?;
            }
            Ok((interner, chunks))
        };
        let workers: Vec<Result<_>> = rayon::broadcast(|_| {
            let read = read_chunks();
            if read.is_err() {
                // The other workers stop too.
                ChunkQueue::close(&queue);
            }
            read
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

    /// The words in the order of their numbers, and the numbers of the text, a list for each chunk. The text must have
    /// been read by one thread, because every thread numbers its words from 0, and without a memory limit, because
    /// chunks in the temporary file are left out.
    pub(crate) fn into_interned(self, monitor: &Monitor) -> Result<(Vocabulary, Vec<Vec<WordId>>)> {
        let mut words = Vec::new();
        for interner in &self.interners {
            words.append(&mut interner.words()?);
        }
        let vocabulary = Vocabulary::of(&words, monitor)?;
        let ids = self.chunks.into_iter().filter_map(|chunk| match chunk.ids {
            RawIds::Memory(ids) => Some(fallible::copied(&ids)),
            RawIds::Spooled(_) | RawIds::Mapped(_) | RawIds::Weighted(_) => None,
        });
        Ok((vocabulary, ids.collect::<Result<_>>()?))
    }

    /// The vocabulary of the text.
    ///
    /// # Errors
    /// As for [`RawCorpus::words`]; [`crate::Error::Corpus`] if the text has no words, or if no word that is not
    /// a stop word occurs `min_count` times.
    pub fn vocabulary(&self, options: &EncodingOptions, monitor: &Monitor) -> Result<Vocabulary> {
        let mut words = self.words(monitor)?;
        Ok(options.choose(&mut words, &self.name, monitor)?.0)
    }

    /// The vocabulary of the text, the words that `min_count` or `max_vocab` excludes from it, and
    /// the ranks for [`RawCorpus::ranked`].
    ///
    /// # Errors
    /// As for [`RawCorpus::vocabulary`].
    pub fn choose(&self, options: &EncodingOptions, monitor: &Monitor) -> Result<ChosenVocabulary> {
        let Merged { mut words, numbers } = self.merge(monitor)?;
        let (vocabulary, ranks) = options.choose(&mut words, &self.name, monitor)?;
        let outside = options.outside();
        let rare = || {
            let rare = words.iter().zip(&ranks).filter(|(_, rank)| rank.is_none());
            let mut others = fallible::with_capacity(words.len() - vocabulary.len())?;
            others.extend(rare.map(|(&word, _)| word).filter(|word| word.1 > 0));
            Vocabulary::of(&others, monitor)
        };
        let tables = || -> Result<Vec<SymbolTable>> {
            let tables = numbers.par_iter().map(|numbers| {
                let ranks = numbers.iter().map(|&number| ranks[number as usize]);
                SymbolTable::of(fallible::collect(
                    ranks.map(|rank| rank.unwrap_or(outside)),
                )?)
            });
            tables.collect()
        };
        let (rare, ranks) = rayon::join(rare, tables);
        Ok(ChosenVocabulary {
            rare: rare?,
            ranks: Ranks(ranks?),
            vocabulary,
        })
    }

    /// Every word of the text and how often it occurs, in no particular order.
    ///
    /// # Errors
    /// [`crate::Error::Corpus`] for more than 2³¹ − 4 different words; [`crate::Error::Memory`],
    /// [`crate::Error::Cancelled`].
    pub fn words(&self, monitor: &Monitor) -> Result<Vec<(&[u8], u64)>> {
        Ok(self.merge(monitor)?.words)
    }

    /// A list of all words with their counts and, for each word of each interner, the index of this
    /// word in the list.
    ///
    /// # Errors
    /// As for [`RawCorpus::words`].
    #[allow(clippy::type_complexity)]
    pub(super) fn merged_words(
        &self,
        monitor: &Monitor,
    ) -> Result<(Vec<(&[u8], u64)>, Vec<Vec<u32>>)> {
        let Merged { words, numbers } = self.merge(monitor)?;
        Ok((words, numbers))
    }

    pub(super) fn chunks(&self) -> &VecDeque<RawChunk> {
        &self.chunks
    }

    pub(super) fn spool(&self) -> Option<&TemporaryFile> {
        self.spool.as_ref()
    }

    /// The words of all interners. The words of the largest interner come first.
    fn merge(&self, monitor: &Monitor) -> Result<Merged<'_>> {
        let size = |&index: &usize| self.interners[index].table.len();
        let Some(largest_index) = (0..self.interners.len()).max_by_key(size) else {
            return Ok(Merged::default());
        };
        let largest = &self.interners[largest_index];
        let mut words = largest.words()?;
        let mut numbers: Vec<Vec<u32>> = self
            .interners
            .iter()
            .map(|interner| fallible::zeroed(interner.table.len()))
            .collect::<Result<_>>()?;
        for (number, index) in numbers[largest_index].iter_mut().zip(0..) {
            *number = index;
        }
        // Each task merges the words with certain hashes, so that no word is merged by two tasks.
        let tasks = rayon::current_num_threads() as u64;
        let merged: Result<Vec<MergedBucket<'_>>> = (0..tasks)
            .into_par_iter()
            .map(|task| {
                let mut merged = MergedBucket::default();
                let mut table: HashTable<u32> = HashTable::new();
                for (index, interner) in self.interners.iter().enumerate() {
                    if index == largest_index {
                        continue;
                    }
                    for (number, entry) in interner.table.iter().enumerate() {
                        if number.is_multiple_of(POLL_WORDS) {
                            monitor.check()?;
                        }
                        let hash = entry.hash();
                        if (hash >> 32) % tasks != task {
                            continue;
                        }
                        let word = entry.bytes(&interner.long);
                        let own = (index, entry.id);
                        if let Some(id) = largest.id_of(word, hash) {
                            fallible::push(&mut merged.known, (own, id, entry.count))?;
                            continue;
                        }
                        let fresh = &mut merged.fresh;
                        let found = table.find(hash, |&i| fresh[i as usize].0 == word);
                        let id = if let Some(&id) = found {
                            fresh[id as usize].1 += entry.count;
                            id
                        } else {
                            check_number_of_words(fresh.len() + 1)?;
                            let id = fresh.len() as u32;
                            let hash_of = |&i: &u32| InternedWord::new(fresh[i as usize].0).hash();
                            fallible::reserve_in_table(&mut table, 1, hash_of)?;
                            table.insert_unique(hash, id, hash_of);
                            fallible::push(fresh, (word, entry.count))?;
                            id
                        };
                        fallible::push(&mut merged.in_fresh, (own, id))?;
                    }
                }
                Ok(merged)
            })
            .collect();
        for bucket in merged? {
            // Ensure that the numbers of all words stay below the marks of encoded text.
            check_number_of_words(words.len() + bucket.fresh.len())?;
            for ((index, own), number, count) in bucket.known {
                words[number as usize].1 += count;
                numbers[index][own as usize] = number;
            }
            for ((index, own), number) in bucket.in_fresh {
                numbers[index][own as usize] = words.len() as u32 + number;
            }
            fallible::reserve(&mut words, bucket.fresh.len())?;
            words.extend(bucket.fresh);
        }
        Ok(Merged { words, numbers })
    }

    /// The text as ranks of `vocabulary`, to be read segment by segment.
    ///
    /// # Errors
    /// [`crate::Error::Memory`], [`crate::Error::Cancelled`].
    pub fn encode(
        self,
        vocabulary: &Vocabulary,
        options: &EncodingOptions,
        monitor: &Monitor,
    ) -> Result<EncodedCorpus> {
        vocabulary.build_index(monitor)?;
        let outside = options.outside();
        let ranks: Result<Vec<SymbolTable>> = self
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
                SymbolTable::of(ranks)
            })
            .collect();
        Ok(self.ranked(Ranks(ranks?)))
    }

    /// The text, encoded with `ranks`. [`RawCorpus::choose`] returned them together with their vocabulary.
    pub fn ranked(self, ranks: Ranks) -> EncodedCorpus {
        let counts = self.interners.iter().flat_map(|i| i.table.iter());
        let tokens = counts.map(|entry| entry.count).sum();
        EncodedCorpus::new(ranks.0, self.chunks, self.spool, tokens)
    }
}

/// The vocabulary that was chosen for a text.
pub struct ChosenVocabulary {
    /// The vocabulary.
    pub vocabulary: Vocabulary,
    /// The words that `min_count` or `max_vocab` excludes from the vocabulary, in no particular
    /// order. Stop words are not among them.
    pub rare: Vocabulary,
    /// The argument of [`RawCorpus::ranked`].
    pub ranks: Ranks,
}

/// The rank of each word of each interner, or a mark for a word without a rank.
pub struct Ranks(Vec<SymbolTable>);

/// The words of all interners, each once, with the sum of its counts.
#[derive(Default)]
struct Merged<'a> {
    words: Vec<(&'a [u8], u64)>,
    // For each word of each interner, the index of this word in `words`.
    numbers: Vec<Vec<u32>>,
}

/// The words that one task of [`RawCorpus::merge`] merges: the words with certain hashes, of all
/// interners except the largest. A word of an interner is written as (index of the interner, number
/// of the word in this interner).
#[derive(Default)]
struct MergedBucket<'a> {
    // Words that the largest interner has too: the word, its number in the largest interner, and the
    // count to add to that of the largest interner.
    known: Vec<((usize, WordId), WordId, u64)>,
    // Words that the largest interner does not have, each once, and their counts.
    fresh: Vec<(&'a [u8], u64)>,
    // The words of interners that are in `fresh`: the word of the interner, and its index in `fresh`.
    in_fresh: Vec<((usize, WordId), u32)>,
}

/// Read `reader` to its end and choose the vocabulary of the text.
///
/// # Errors
/// As for [`RawCorpus::read`] and [`RawCorpus::vocabulary`].
pub fn read_vocabulary(
    reader: &mut dyn ChunkReader,
    options: &EncodingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Vocabulary> {
    RawCorpus::read(reader, options, memory, monitor)?.vocabulary(options, monitor)
}

/// Numbers the chunks of the reader, and gives them to the workers. One worker at a time takes a chunk.
struct ChunkQueue<'a> {
    // `None` after the end of the text, an error of the reader, or a chunk that cannot be encoded, so that all
    // workers stop.
    reader: Option<&'a mut dyn ChunkReader>,
    next: usize,
    // The sum of `NumberedChunk::read` over all chunks so far.
    reported: u64,
    // Number of bytes of the text of all chunks so far, decompressed.
    text: u64,
}

/// A chunk, and where it comes from.
struct NumberedChunk {
    number: usize,
    content: Content,
    /// Number of bytes of the source that were read since the previous chunk.
    read: u64,
    origin: Option<Origin>,
}

impl ChunkQueue<'_> {
    /// Give out no more chunks.
    fn close(this: &Mutex<Self>) {
        this.lock().unwrap_or_else(PoisonError::into_inner).reader = None;
    }

    /// An estimate of the number of bytes of the whole text, decompressed. It has the same proportion to the `source`
    /// bytes of the whole source as the text so far has to the bytes that were read for it. If the size of the source
    /// is not known (0), this is the size of the text so far.
    fn whole_text(this: &Mutex<Self>, source: u64) -> f64 {
        let this = this.lock().unwrap_or_else(PoisonError::into_inner);
        this.text as f64 * (source as f64 / this.reported.max(1) as f64).max(1.0)
    }

    fn take(this: &Mutex<Self>, monitor: &Monitor) -> Result<Option<NumberedChunk>> {
        let mut this = this.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(reader) = &mut this.reader else {
            return Ok(None);
        };
        let next = reader.next_chunk();
        let read = reader.bytes_read();
        let origin = reader.origin();
        if let Some(notice) = reader.take_notice() {
            monitor.warn(notice);
        }
        if !matches!(next, Ok(Some(_))) {
            this.reader = None;
        }
        // If the reader was cancelled while it waited, report the cancellation and not the reader's error.
        monitor.check()?;
        let number = this.next;
        this.next += 1;
        let new = read - std::mem::replace(&mut this.reported, read);
        if let Ok(Some(content)) = &next {
            this.text += content.len() as u64;
        }
        Ok(next?.map(|content| NumberedChunk {
            number,
            content,
            read: new,
            origin,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;
    use std::time::Duration;

    /// One chunk of 1000 words, and then chunks without words. It is compressed to a tenth.
    #[derive(Default)]
    struct SlowReader {
        read: usize,
    }

    impl SlowReader {
        const MOST_CHUNKS: usize = 2000;
        const FIRST: usize = 2000;
    }

    impl ChunkReader for SlowReader {
        fn next_chunk(&mut self) -> Result<Option<Content>> {
            self.read += 1;
            if self.read == 1 {
                return Ok(Some(Content::Lines("a ".repeat(Self::FIRST / 2))));
            }
            std::thread::sleep(Duration::from_millis(1));
            Ok((self.read < Self::MOST_CHUNKS).then(|| Content::Lines(String::new())))
        }
        fn bytes_read(&self) -> u64 {
            Self::FIRST as u64 / 10
        }
        fn name(&self) -> PathBuf {
            "chunks".into()
        }
    }

    #[test]
    fn no_worker_reads_on_after_a_temporary_file_failed() {
        let memory = MemoryLimit {
            bytes: Some(1 << 10),
            folder: Path::new("no such folder").into(),
        };
        let (mut reader, options) = (SlowReader::default(), EncodingOptions::default());
        let read = crate::threads::in_pool(4, || {
            RawCorpus::read(&mut reader, &options, &memory, &Monitor::new()).map(|_| ())
        });
        let error = read.unwrap().unwrap_err().to_string();
        assert!(error.contains("no such folder"), "{error}");
        assert!(
            reader.read < SlowReader::MOST_CHUNKS,
            "all chunks were read"
        );
    }

    #[test]
    fn the_size_of_a_text_is_extrapolated_from_its_decompressed_chunks() {
        let mut reader = SlowReader::default();
        let queue = Mutex::new(ChunkQueue {
            reader: Some(&mut reader),
            next: 0,
            reported: 0,
            text: 0,
        });
        ChunkQueue::take(&queue, &Monitor::new()).unwrap();
        for (source, text) in [(800, 8000.0), (200, 2000.0), (0, 2000.0)] {
            assert_eq!(ChunkQueue::whole_text(&queue, source), text);
        }
    }

    proptest! {
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
