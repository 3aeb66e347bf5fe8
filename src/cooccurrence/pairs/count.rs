//! Counts a table of pairs on all threads.

use super::merged_keys::merged;
use super::row_log::{Log, Numbered, PairRows};
use super::table::{PairBatch, PairOptions, PairReader};
use super::worker::{PairRow, Worker};
use crate::cooccurrence::from_records::TriangleBuilder;
use crate::cooccurrence::matrix::Triangle;
use crate::error::Result;
use crate::memory::{MemoryLimit, fallible};
use crate::monitor::{Monitor, Stage};
use crate::vocabulary::Vocabulary;
use rayon::prelude::*;
use std::sync::Arc;

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
/// The errors of `reader` and its batches; [`crate::Error::Corpus`] for a table without rows;
/// [`crate::Error::Parameter`] naming `table` for a key that is not UTF-8, for more than [`MAX_WORDS`] different keys,
/// for a batch of more than [`MAX_WORDS`] rows, and if the sum of all counts is not finite; [`crate::Error::Io`] for
/// temporary files; [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
///
/// [`MAX_WORDS`]: crate::vocabulary::MAX_WORDS
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

impl Log<'_> {
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

#[cfg(test)]
mod tests {
    use super::super::key_table::{DIRECT, KeyTable, NONE, check_keys};
    use super::super::worker::check_batch;
    use super::*;
    use crate::threads;
    use crate::vocabulary::{MAX_WORDS, WordId};
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
        // Ids are below 2³¹, because `from_records.rs` marks the direction of a record by the highest bit.
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
