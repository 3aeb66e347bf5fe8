//! Counts from a table of pairs: each row has the key of a row of X, the key of a column, and a value.
//!
//! Workers number the keys of batches of rows in parallel. Every worker numbers keys in tables of its own, without
//! locks ([`KeyTable`]), and replaces the keys of each row by their numbers. At the end of the table the keys of all
//! workers become one vocabulary, or two if rows and columns have words of their own, and a [`TriangleBuilder`] adds up
//! the rows in the order of the table. So the counts have the same bits for any number of threads. Beyond a memory
//! limit, the rows go to a temporary file.

use super::from_records::TriangleBuilder;
use super::matrix::Triangle;
use crate::encoding::Interner;
use crate::error::{Error, Result};
use crate::memory::{MemoryLimit, TemporaryFile, fallible};
use crate::monitor::{Monitor, Stage};
use crate::vocabulary::{MAX_WORDS, Vocabulary, WordId};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use rayon::prelude::*;
use std::hash::BuildHasher;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// How to read a table of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairOptions {
    /// Whether each row of the table is a pair without an order. Then a row with the keys i and j adds its value to
    /// both X\[i, j\] and X\[j, i\], or once to X\[i, i\] if i = j.
    pub symmetric: bool,
    /// Whether the columns of X have words of their own.
    pub rectangular: bool,
}

/// A batch of rows of a table.
pub trait PairBatch: Send + Sync {
    /// Number of rows.
    fn rows(&self) -> usize;

    /// Append to `ids` the numbers of the keys in one column of the table, in the order of the rows
    /// of the table. If `contexts`, these are the keys of the columns of X, otherwise those of the
    /// rows of X. `keys` gives the numbers.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the row of the table whose key is missing or is not a word;
    /// [`Error::Memory`].
    fn number(&self, contexts: bool, keys: &mut KeyTable, ids: &mut Vec<WordId>) -> Result<()>;

    /// Append the values of the rows to `values`. Each of them is finite and at least 0.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the row of the table with another value; [`Error::Memory`].
    fn values(&self, values: &mut Vec<f64>) -> Result<()>;
}

/// A table of pairs that is read from front to back.
pub trait PairReader: Send {
    /// The batches of rows to process.
    type Batch: PairBatch;

    /// The next batch; `None` at the end.
    ///
    /// # Errors
    /// The errors of the source.
    fn next_batch(&mut self) -> Result<Option<Self::Batch>>;
}

/// A [`KeyTable`] stores the numbers that it gave to the integer keys from 0 to `DIRECT` − 1 in an
/// array, and the numbers of all other integer keys in a hash table.
const DIRECT: usize = 1 << 24;
/// Marks an integer key that has no number yet.
const NONE: WordId = WordId::MAX;

/// Numbers the keys that one worker meets in the order of their first occurrence, and counts their
/// occurrences. Either all keys of a `KeyTable` are integers, or all are words.
#[derive(Default)]
pub struct KeyTable {
    words: Interner,
    // The number of each integer key below DIRECT, or NONE.
    direct: Vec<WordId>,
    // The numbers of all other integer keys.
    hashed: HashTable<WordId>,
    // For each number, the integer key that has it.
    integers: Vec<i64>,
    // How often the key of each number occurs.
    counts: Vec<u64>,
}

impl KeyTable {
    /// The number of a word, and whether the word is new.
    ///
    /// # Errors
    /// [`Error::Memory`].
    #[inline]
    pub fn word(&mut self, word: &[u8]) -> Result<(WordId, bool)> {
        let full = || Error::Memory { bytes: word.len() };
        let known = self.words.len();
        let id = self.words.intern(word).ok_or_else(full)?;
        Ok((id, self.words.len() > known))
    }

    /// The number of an integer.
    ///
    /// # Errors
    /// [`Error::Memory`].
    #[inline]
    pub fn integer(&mut self, key: i64) -> Result<WordId> {
        let index = match usize::try_from(key) {
            Ok(index) if index < DIRECT => index,
            _ => return self.hashed_integer(key),
        };
        if index >= self.direct.len() {
            let length = (index + 1).next_power_of_two();
            fallible::resize(&mut self.direct, length, NONE)?;
        }
        if self.direct[index] == NONE {
            self.direct[index] = self.integers.len() as WordId;
            fallible::push(&mut self.integers, key)?;
        }
        Ok(self.direct[index])
    }

    fn hashed_integer(&mut self, key: i64) -> Result<WordId> {
        let (integers, hasher) = (&self.integers, FixedState::default());
        let hash = hasher.hash_one(key);
        if let Some(&id) = self.hashed.find(hash, |&id| integers[id as usize] == key) {
            return Ok(id);
        }
        let id = integers.len() as WordId;
        fallible::push(&mut self.integers, key)?;
        let integers = &self.integers;
        let hash_of = |&id: &WordId| hasher.hash_one(integers[id as usize]);
        fallible::reserve_in_table(&mut self.hashed, 1, hash_of)?;
        self.hashed.insert_unique(hash, id, hash_of);
        Ok(id)
    }

    /// Count an occurrence of the key of each of these numbers.
    fn count(&mut self, ids: &[WordId]) -> Result<()> {
        let known = self.integers.len().max(self.words.len());
        check_keys(known)?;
        fallible::resize(&mut self.counts, known, 0)?;
        for &id in ids {
            self.counts[id as usize] += 1;
        }
        Ok(())
    }

    /// The keys as words, with their counts, in the order of their numbers.
    fn into_words(self) -> Result<Vocabulary> {
        let counts = self.counts.iter().copied();
        let mut vocabulary = Vocabulary::default();
        if self.integers.is_empty() {
            for ((word, _), count) in self.words.words()?.into_iter().zip(counts) {
                if std::str::from_utf8(word).is_err() {
                    let word = String::from_utf8_lossy(word);
                    let message = format!("must have keys in UTF-8, got {word:?}");
                    return Err(Error::parameter("table", message));
                }
                vocabulary.add(word, count)?;
            }
        } else {
            for (key, count) in self.integers.iter().zip(counts) {
                vocabulary.add(key.to_string().as_bytes(), count)?;
            }
        }
        Ok(vocabulary)
    }
}

/// Refuse more different keys than a vocabulary can have.
fn check_keys(different: usize) -> Result<()> {
    if different > MAX_WORDS {
        let message = format!("must have at most {MAX_WORDS} different keys in a column, got more");
        return Err(Error::parameter("table", message));
    }
    Ok(())
}

/// Refuse a batch whose new keys could have numbers of more than 32 bits. Before a batch, there are
/// at most [`MAX_WORDS`] numbers, which is below 2³¹.
fn check_batch(rows: usize) -> Result<()> {
    if rows > MAX_WORDS {
        let message = format!("must have at most {MAX_WORDS} rows in a batch, got {rows}");
        return Err(Error::parameter("table", message));
    }
    Ok(())
}

/// A row of the table: the numbers of its keys, and its value.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct PairRow {
    row: WordId,
    column: WordId,
    x: f64,
}

/// Rows that one worker has numbered.
struct Numbered {
    worker: usize,
    rows: PairRows,
}

enum PairRows {
    Memory(Vec<PairRow>),
    Spilled(Range<u64>),
}

/// The key tables of one worker: one for both key columns of the table of pairs or, if X is rectangular, one for
/// each of these columns. `ids` and `values` are buffers for one batch.
struct Worker {
    rows: KeyTable,
    columns: Option<KeyTable>,
    ids: [Vec<WordId>; 2],
    values: Vec<f64>,
}

impl Worker {
    fn new(rectangular: bool) -> Self {
        Self {
            rows: KeyTable::default(),
            columns: rectangular.then(KeyTable::default),
            ids: [Vec::new(), Vec::new()],
            values: Vec::new(),
        }
    }

    /// Number and count the keys of a batch, and return its rows without those whose value is 0. The keys of a row
    /// with the value 0 are counted too.
    fn number(&mut self, batch: &impl PairBatch) -> Result<Vec<PairRow>> {
        check_batch(batch.rows())?;
        let [rows, columns] = &mut self.ids;
        for (contexts, ids) in [(false, &mut *rows), (true, &mut *columns)] {
            ids.clear();
            fallible::reserve(ids, batch.rows())?;
            let keys = match &mut self.columns {
                Some(columns) if contexts => columns,
                _ => &mut self.rows,
            };
            batch.number(contexts, keys, ids)?;
            keys.count(ids)?;
        }
        self.values.clear();
        fallible::reserve(&mut self.values, batch.rows())?;
        batch.values(&mut self.values)?;
        let mut numbered = fallible::with_capacity(batch.rows())?;
        let keys = rows.iter().zip(&*columns).zip(&self.values);
        let pairs = keys.map(|((&row, &column), &x)| PairRow { row, column, x });
        numbered.extend(pairs.filter(|pair| pair.x != 0.0));
        Ok(numbered)
    }
}

/// Counts of a table of pairs.
#[derive(Debug)]
pub struct CountedPairs {
    /// The keys of the rows and, if `contexts` is `None`, of the columns. The most frequent keys
    /// are first. The count of a key is the number of its occurrences in the table.
    pub vocabulary: Arc<Vocabulary>,
    /// The keys of the columns of a rectangular matrix; `None` for any other matrix.
    pub contexts: Option<Arc<Vocabulary>>,
    /// The counts.
    pub counts: Triangle,
}

/// Count a table of pairs on all threads of the current rayon pool. The values of rows with the same keys add up.
///
/// # Errors
/// The errors of `reader` and its batches; [`Error::Corpus`] for a table without rows; [`Error::Parameter`] naming
/// `table` for a key that is not UTF-8, for more than [`MAX_WORDS`] different keys, for a batch of more than
/// [`MAX_WORDS`] rows, and if the sum of all counts is not finite; [`Error::Io`] for temporary files;
/// [`Error::Memory`]; [`Error::Cancelled`].
pub fn count_pairs(
    reader: &mut impl PairReader,
    options: PairOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<CountedPairs> {
    monitor.begin(Stage::Counting, 0);
    let threads = rayon::current_num_threads();
    let new_worker = || Worker::new(options.rectangular);
    let mut workers: Vec<Worker> = std::iter::repeat_with(new_worker).take(threads).collect();
    let mut log = Log::new(memory);
    let mut wave = read_wave(reader, threads)?;
    while !wave.is_empty() {
        // While workers number the keys of a wave of batches, one thread reads the next wave.
        let per_worker = wave.len().div_ceil(threads);
        let number = || -> Result<Vec<Numbered>> {
            let numbered: Result<Vec<Vec<Numbered>>> = workers
                .par_iter_mut()
                .zip(wave.par_chunks(per_worker))
                .enumerate()
                .map(|(number, (worker, batches))| {
                    let mut all = Vec::new();
                    for batch in batches {
                        monitor.advance(batch.rows() as u64)?;
                        let rows = PairRows::Memory(worker.number(batch)?);
                        all.push(Numbered {
                            worker: number,
                            rows,
                        });
                    }
                    Ok(all)
                })
                .collect();
            Ok(numbered?.into_iter().flatten().collect())
        };
        let (numbered, next) = rayon::join(number, || read_wave(reader, threads));
        log.push(numbered?)?;
        wave = next?;
    }
    log.into_counts(workers, options, memory, monitor)
}

/// Number of batches for each worker in a wave. A wave is a group of batches that are in memory together.
const BATCHES: usize = 8;

fn read_wave<R: PairReader>(reader: &mut R, threads: usize) -> Result<Vec<R::Batch>> {
    let mut wave = Vec::new();
    while wave.len() < BATCHES * threads {
        match reader.next_batch()? {
            Some(batch) => wave.push(batch),
            None => break,
        }
    }
    Ok(wave)
}

/// The rows of the table that have been numbered so far, in the order of the table.
struct Log<'a> {
    numbered: Vec<Numbered>,
    in_memory: u64,
    file: Option<TemporaryFile>,
    memory: &'a MemoryLimit,
}

impl<'a> Log<'a> {
    fn new(memory: &'a MemoryLimit) -> Self {
        Self {
            numbered: Vec::new(),
            in_memory: 0,
            file: None,
            memory,
        }
    }

    fn push(&mut self, more: Vec<Numbered>) -> Result<()> {
        for mut numbered in more {
            let PairRows::Memory(rows) = &numbered.rows else {
                continue;
            };
            let bytes = size_of_val(&rows[..]) as u64;
            // The rows may take the fraction of the limit that encoded text takes when a text is
            // counted.
            if self.in_memory + bytes > self.memory.text_bytes() {
                let file = match &self.file {
                    Some(file) => file,
                    None => self
                        .file
                        .insert(TemporaryFile::create(&self.memory.folder)?),
                };
                numbered.rows = PairRows::Spilled(file.append(bytemuck::cast_slice(rows))?);
            } else {
                self.in_memory += bytes;
            }
            fallible::push(&mut self.numbered, numbered)?;
        }
        Ok(())
    }

    fn into_counts(
        self,
        workers: Vec<Worker>,
        options: PairOptions,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<CountedPairs> {
        let (rows, columns): (Vec<_>, Vec<_>) = workers
            .into_iter()
            .map(|worker| (worker.rows, worker.columns))
            .unzip();
        let (vocabulary, row_ranks) = merged(rows, monitor)?;
        let (contexts, column_ranks) = match columns.into_iter().collect::<Option<Vec<_>>>() {
            Some(columns) => {
                let (contexts, ranks) = merged(columns, monitor)?;
                (Some(Arc::new(contexts)), Some(ranks))
            }
            None => (None, None),
        };
        let column_ranks = column_ranks.as_ref().unwrap_or(&row_ranks);
        let shape = [
            vocabulary.len(),
            contexts
                .as_ref()
                .map_or(vocabulary.len(), |words| words.len()),
        ];
        let mut builder = TriangleBuilder::new(shape[0].max(shape[1]), memory);
        if options.symmetric {
            builder = builder.symmetric();
        }
        let rows = self.numbered.iter().map(|numbered| match &numbered.rows {
            PairRows::Memory(rows) => rows.len() as u64,
            PairRows::Spilled(range) => (range.end - range.start) / size_of::<PairRow>() as u64,
        });
        monitor.begin(Stage::Merging, rows.sum());
        let file = self.file.as_ref();
        let mut numbered = self.numbered.into_iter();
        loop {
            let wave: Vec<Numbered> = numbered
                .by_ref()
                .take(BATCHES * rayon::current_num_threads())
                .collect();
            if wave.is_empty() {
                break;
            }
            let ranked: Result<Vec<Vec<PairRow>>> = wave
                .into_par_iter()
                .map(|Numbered { worker, rows }| {
                    let mut rows = match (rows, file) {
                        (PairRows::Memory(rows), _) => rows,
                        (PairRows::Spilled(range), Some(file)) => {
                            let length = (range.end - range.start) as usize / size_of::<PairRow>();
                            let mut rows: Vec<PairRow> = fallible::zeroed(length)?;
                            file.read_into(range.start, bytemuck::cast_slice_mut(&mut rows))?;
                            rows
                        }
                        (PairRows::Spilled(_), None) => Vec::new(), // cannot happen: spilled rows have a file
                    };
                    for pair in &mut rows {
                        pair.row = row_ranks[worker][pair.row as usize];
                        pair.column = column_ranks[worker][pair.column as usize];
                    }
                    Ok(rows)
                })
                .collect();
            for rows in ranked? {
                monitor.advance(rows.len() as u64)?;
                for PairRow { row, column, x } in rows {
                    builder.push(row, column, x)?;
                }
            }
        }
        let counts = builder.finish(monitor)?;
        counts.check_sum("table")?;
        let is_rectangular = contexts.is_some();
        Ok(CountedPairs {
            vocabulary: Arc::new(vocabulary),
            contexts,
            counts: if is_rectangular {
                counts.rectangular(shape)
            } else {
                counts
            },
        })
    }
}

/// The keys of all workers as one vocabulary, and the rank of each key of each worker.
fn merged(tables: Vec<KeyTable>, monitor: &Monitor) -> Result<(Vocabulary, Vec<Vec<WordId>>)> {
    let parts: Result<Vec<Arc<Vocabulary>>> = tables
        .into_par_iter()
        .map(|keys| keys.into_words().map(Arc::new))
        .collect();
    let parts = parts?;
    let all = Vocabulary::merged(&parts).map_err(|error| match error {
        Error::Parameter { .. } => check_keys(MAX_WORDS + 1).expect_err("too many keys"),
        other => other,
    })?;
    let mut words: Vec<(&[u8], u64)> = fallible::with_capacity(all.len())?;
    words.extend(all.iter());
    if words.is_empty() {
        let message = "table must have rows: it has none, so there is nothing to count";
        return Err(Error::Corpus(message.to_owned()));
    }
    let (vocabulary, _) = Vocabulary::choose(&words, Path::new("table"), 0, None, monitor)?;
    vocabulary.build_index(monitor)?;
    let ranks: Result<Vec<Vec<WordId>>> = parts
        .par_iter()
        .map(|part| {
            let rank = |id| {
                vocabulary
                    .index_of(part.word(id))
                    .expect("a key of a worker")
            };
            fallible::collect((0..part.len() as WordId).map(rank))
        })
        .collect();
    Ok((vocabulary, ranks?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type TableRow = (i64, i64, f64);

    #[test]
    fn numbers_of_keys_have_31_bits() {
        assert!(check_keys(MAX_WORDS).is_ok() && check_batch(MAX_WORDS).is_ok());
        for error in [check_keys(MAX_WORDS + 1), check_batch(MAX_WORDS + 1)] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains("at most 2147483644"), "{error}");
        }
        // If MAX_WORDS keys have numbers, the numbers of MAX_WORDS new keys of a batch are still below NONE.
        assert!(WordId::try_from(2 * MAX_WORDS).is_ok_and(|last| last < NONE));
        // Ids leave the highest bit for the direction of a record.
        const { assert!(MAX_WORDS < 1 << 31) };
    }

    struct MemoryBatch(Vec<TableRow>, bool);

    impl PairBatch for MemoryBatch {
        fn rows(&self) -> usize {
            self.0.len()
        }
        fn number(&self, contexts: bool, keys: &mut KeyTable, ids: &mut Vec<WordId>) -> Result<()> {
            for &(row, column, _) in &self.0 {
                let key = if contexts { column } else { row };
                ids.push(if self.1 {
                    keys.integer(key)?
                } else {
                    keys.word(key.to_string().as_bytes())?.0
                });
            }
            Ok(())
        }
        fn values(&self, values: &mut Vec<f64>) -> Result<()> {
            values.extend(self.0.iter().map(|row| row.2));
            Ok(())
        }
    }

    struct MemoryTable(std::vec::IntoIter<MemoryBatch>);

    impl PairReader for MemoryTable {
        type Batch = MemoryBatch;
        fn next_batch(&mut self) -> Result<Option<MemoryBatch>> {
            Ok(self.0.next())
        }
    }

    fn counted(
        rows: &[TableRow],
        batch: usize,
        integers: bool,
        options: PairOptions,
        memory: Option<u64>,
        threads: usize,
    ) -> CountedPairs {
        let batches: Vec<_> = rows
            .chunks(batch)
            .map(|rows| MemoryBatch(rows.to_vec(), integers))
            .collect();
        let memory = MemoryLimit::new(memory, None);
        let mut reader = MemoryTable(batches.into_iter());
        threads::in_pool(threads, || {
            count_pairs(&mut reader, options, &memory, &Monitor::new()).unwrap()
        })
        .unwrap()
    }

    fn records(counted: &CountedPairs) -> BTreeMap<(String, String), f64> {
        let contexts = counted.contexts.as_ref().unwrap_or(&counted.vocabulary);
        let word = |words: &Vocabulary, id| String::from_utf8(words.word(id).to_vec()).unwrap();
        let mut found = BTreeMap::new();
        let add = |i, j, x| {
            let pair = (word(&counted.vocabulary, i), word(contexts, j));
            assert!(found.insert(pair, x).is_none());
        };
        counted.counts.for_each_record(add).unwrap();
        found
    }

    fn key() -> impl Strategy<Value = i64> {
        prop_oneof![6 => 0_i64..9, 1 => -3_i64..0, 1 => (DIRECT as i64 - 2)..(DIRECT as i64 + 3),
            1 => Just(i64::MIN), 1 => Just(i64::MAX)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn counts_are_the_sums_of_the_rows(
            // Whole multiples of 1/4, so that no addition rounds and sums do not depend on the
            // order.
            rows in proptest::collection::vec((key(), key(), (0_u32..5).prop_map(|x| f64::from(x) / 4.0)), 1..120),
            batch in 1_usize..40, integers: bool, symmetric: bool, rectangular: bool,
            memory in proptest::option::of(500_u64..4000), threads in 1_usize..4,
        ) {
            let options = PairOptions { symmetric: symmetric && !rectangular, rectangular };
            let found = counted(&rows, batch, integers, options, memory, threads);
            let (mut expected, mut uses) = (BTreeMap::new(), [BTreeMap::new(), BTreeMap::new()]);
            for &(i, j, x) in &rows {
                let (i, j) = (i.to_string(), j.to_string());
                *uses[0].entry(i.clone()).or_insert(0) += 1;
                *uses[usize::from(rectangular)].entry(j.clone()).or_insert(0) += 1;
                if x > 0.0 {
                    *expected.entry((i.clone(), j.clone())).or_insert(0.0) += x;
                    if options.symmetric && i != j {
                        *expected.entry((j, i)).or_insert(0.0) += x;
                    }
                }
            }
            prop_assert_eq!(records(&found), expected);
            prop_assert!(!options.symmetric || found.counts.symmetric);
            let sides = [Some(&found.vocabulary), found.contexts.as_ref()];
            for (words, uses) in sides.into_iter().zip(uses) {
                let Some(words) = words else { continue };
                prop_assert!(words.counts().is_sorted_by(|a, b| a >= b));
                let counts: BTreeMap<_, _> = words.iter()
                    .map(|(word, n)| (String::from_utf8(word.to_vec()).unwrap(), n)).collect();
                prop_assert_eq!(counts, uses);
            }
            let again = counted(&rows, batch, integers, options, memory, threads + 1);
            let csr = |counted: &CountedPairs| counted.counts.to_csr(&Monitor::new()).unwrap();
            prop_assert_eq!(csr(&again), csr(&found));
            prop_assert!(again.vocabulary == found.vocabulary && again.contexts == found.contexts);
        }
    }

    #[test]
    fn sums_are_those_of_the_order_of_the_table_for_any_number_of_threads() {
        let rows: Vec<TableRow> = (0..5000)
            .map(|k| (k % 7, k % 3, 1.0 / (k as f64 + 0.3)))
            .collect();
        let options = PairOptions {
            symmetric: false,
            rectangular: true,
        };
        let csr = |threads, memory| {
            let counted = counted(&rows, 64, true, options, memory, threads);
            counted.counts.to_csr(&Monitor::new()).unwrap()
        };
        let one = csr(1, None);
        assert!(
            [csr(2, None), csr(3, None), csr(3, Some(4000))]
                .iter()
                .all(|csr| *csr == one)
        );
    }
}
