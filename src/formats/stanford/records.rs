//! Reads, writes and shuffles co-occurrence records of 16 bytes: little-endian `i32 word1, i32 word2, f64 x`. Word
//! numbers start at 1.

use crate::cooccurrence::{Triangle, TriangleBuilder, row_parts};
use crate::error::{Error, Location, Result};
use crate::io::Input;
use crate::io::buckets::Buckets;
use crate::io::{at, write_atomically};
use crate::memory::{MemoryLimit, fallible};
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use std::io::Write;
use std::path::Path;

const RECORD: usize = 16;
/// Number of bytes read at a time.
const READ_BYTES: usize = 4 << 20;
/// Number of buckets of a shuffle. The order that a seed gives depends on the number of buckets. So this number is
/// the same for every memory limit.
const SHUFFLE_BUCKETS: usize = if cfg!(test) { 8 } else { 1 << 10 };

/// Write the records of `counts`, sorted by (word1, word2). As many rows are in memory at a time as the
/// memory limit allows, and at least one row.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for an empty name and for a name with the ending of a format that glove-rs
/// does not write; the errors of [`Triangle::block`]; [`Error::Memory`]; [`Error::Cancelled`].
pub fn save_cooccurrences(
    counts: &Triangle,
    path: impl AsRef<Path>,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<()> {
    let path = path.as_ref();
    let lengths = counts.row_lengths(monitor)?;
    let bounds = row_parts(&lengths, memory.row_bytes());
    write_atomically(path, monitor, |out| {
        let mut bytes = Vec::new();
        for bounds in bounds.windows(2) {
            let (first, part) = (bounds[0], &lengths[bounds[0]..bounds[1]]);
            let (starts, columns, values) = counts.rows_to_csr(first as WordId, part, monitor)?;
            for (row, ends) in (first..).zip(starts.windows(2)) {
                bytes.clear();
                let entries = ends[0] as usize..ends[1] as usize;
                for (column, x) in columns[entries.clone()].iter().zip(&values[entries]) {
                    bytes.extend_from_slice(&(row as i32 + 1).to_le_bytes());
                    bytes.extend_from_slice(&(column + 1).to_le_bytes());
                    bytes.extend_from_slice(&x.to_le_bytes());
                }
                at(path, out.write_all(&bytes))?;
                monitor.check()?;
            }
        }
        Ok(())
    })
}

/// Read records in any order. Records with the same word1 and the same word2 are added up. The monitor gets a warning
/// if none of the last 1 % of the words has a record. The path `-` means standard input.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for an archive of several files; [`Error::Format`] with the
/// byte offset for a length that is not a multiple of 16, an index outside 1..=`words`, a count that
/// is not a finite number above 0, or counts whose sum is not finite; [`Error::Memory`];
/// [`Error::Cancelled`].
pub fn load_cooccurrences(
    path: impl AsRef<Path>,
    words: usize,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Triangle> {
    let mut input = Input::open_or_standard_input(path.as_ref(), monitor)?;
    read_cooccurrences(&mut input, words, memory, monitor)
}

/// Like [`load_cooccurrences`], but from an open file.
pub(in crate::formats) fn read_cooccurrences(
    input: &mut Input,
    words: usize,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Triangle> {
    let path = &input.path().to_owned();
    let mut builder = TriangleBuilder::new(words, memory);
    let mut last = 0;
    for_each_record(input, monitor, |record, offset| {
        let bad = |relative: u64, message: String| {
            Error::format(path, Location::Byte(offset + relative), message)
        };
        let ((i, j), x) = parsed(record);
        let rank = |index: i32, at: u64| -> Result<WordId> {
            if index < 1 || index as usize > words {
                let message =
                    format!("word index {index} is outside the vocabulary of {words} words");
                return Err(bad(at, message));
            }
            Ok(index as WordId - 1)
        };
        if !(x.is_finite() && x > 0.0) {
            return Err(bad(8, format!("count {x} is not a finite number above 0")));
        }
        let (i, j) = (rank(i, 0)?, rank(j, 4)?);
        last = last.max(i).max(j);
        builder.push(i, j, x)
    })?;
    // Some of the last words of the vocabulary may have no records. But if none of the last 1 % has
    // a record, the vocabulary probably belongs to another text.
    if (last as usize) + 1 < words - words / 100 {
        monitor.warn(format!(
            "{}: the highest word number is {}, but the vocabulary has {words} words; check that the \
             vocabulary belongs to these records",
            path.display(),
            last + 1
        ));
    }
    let counts = builder.finish(monitor)?;
    check_sum(&counts, path)?;
    Ok(counts)
}

/// Refuse a file whose counts have a sum that is not finite.
pub(in crate::formats) fn check_sum(counts: &Triangle, path: &Path) -> Result<()> {
    let checked = counts.check_sum("the file");
    checked.map_err(|e| Error::format(path, Location::Byte(0), e.to_string()))
}

/// Copy records in random order. Every order is equally likely, and `seed` determines the order. Returns the number of
/// records. The content of the records is not checked. If `from` is `-`, the records are read from standard input.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] for a length that is not a multiple of 16; [`Error::Parameter`]
/// if `from` is an archive of several files, or if `to` is empty or has the ending of a format that
/// glove-rs does not write; [`Error::Memory`]; [`Error::Cancelled`].
pub fn shuffle(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
    seed: u64,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<u64> {
    // The records may not fit into memory. So each record goes to a random bucket, and each bucket is shuffled by
    // itself.
    let to = to.as_ref();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let half = memory.bytes.map_or(u64::MAX, |bytes| bytes / 2);
    let mut buckets = Buckets::new(SHUFFLE_BUCKETS, half, memory.folder.clone());
    let mut records = 0;
    let mut input = Input::open_or_standard_input(from.as_ref(), monitor)?;
    for_each_record(&mut input, monitor, |record, _| {
        records += 1;
        buckets.push(
            rand::RngExt::random_range(&mut rng, 0..SHUFFLE_BUCKETS),
            *record,
        )
    })?;
    let (buckets, file) = buckets.into_parts();
    let mut rest = buckets.into_iter().zip(seed..);
    let wave = 4 * rayon::current_num_threads();
    write_atomically(to, monitor, |out| {
        loop {
            let wave: Vec<_> = rest.by_ref().take(wave).collect();
            if wave.is_empty() {
                return Ok(());
            }
            let shuffled: Vec<Result<Vec<[u8; RECORD]>>> = wave
                .into_par_iter()
                .map(|(bucket, seed)| {
                    let mut records = bucket.items(file.as_ref())?;
                    records.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(!seed));
                    Ok(records)
                })
                .collect();
            for records in shuffled {
                at(to, out.write_all(records?.as_flattened()))?;
                monitor.check()?;
            }
        }
    })?;
    Ok(records)
}

/// What [`summarize_records`] finds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordsSummary {
    /// The highest word number.
    pub words: i32,
    /// Number of records.
    pub records: u64,
    /// The sum of the counts.
    pub total: f64,
    /// Whether the records are sorted by (word1, word2).
    pub sorted: bool,
    /// The first records: word1, word2 and count.
    pub first: Vec<(i32, i32, f64)>,
}

/// Summarize a file of records. The summary has the first `shown` records. The path `-` means standard input. The word
/// numbers and the counts may have any value.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for an archive of several files; [`Error::Format`] with the byte offset of a
/// record that is cut off; [`Error::Memory`]; [`Error::Cancelled`].
pub fn summarize_records(
    path: impl AsRef<Path>,
    shown: usize,
    monitor: &Monitor,
) -> Result<RecordsSummary> {
    /// Number of counts that are added up before their sum is added to the total, so that small counts are not rounded
    /// away in a large total.
    const ADDED: u64 = 1 << 16;
    let mut input = Input::open_or_standard_input(path.as_ref(), monitor)?;
    let mut found = RecordsSummary {
        sorted: true,
        ..RecordsSummary::default()
    };
    let (mut last, mut sum) = ((0, 0), 0.0);
    for_each_record(&mut input, monitor, |record, _| {
        let ((i, j), x) = parsed(record);
        if found.first.len() < shown {
            fallible::push(&mut found.first, (i, j, x))?;
        }
        found.words = found.words.max(i).max(j);
        found.sorted &= (i, j) >= last;
        last = (i, j);
        sum += x;
        found.records += 1;
        if found.records.is_multiple_of(ADDED) {
            found.total += std::mem::take(&mut sum);
        }
        Ok(())
    })?;
    found.total += sum;
    Ok(found)
}

/// The word numbers and the count of a record.
fn parsed(record: &[u8; RECORD]) -> ((i32, i32), f64) {
    let index = |at: usize| i32::from_le_bytes(*record[at..].first_chunk().expect("4 bytes"));
    let x = f64::from_le_bytes(*record[8..].first_chunk().expect("8 bytes"));
    ((index(0), index(4)), x)
}

/// Call `f(record, offset in the file)` for each record.
fn for_each_record(
    input: &mut Input,
    monitor: &Monitor,
    mut f: impl FnMut(&[u8; RECORD], u64) -> Result<()>,
) -> Result<()> {
    input.begin(monitor);
    let mut offset = 0;
    let mut block = Vec::new();
    loop {
        block.clear();
        let at_end = input.fill(&mut block, READ_BYTES)?;
        let (records, rest) = block.as_chunks::<RECORD>();
        for record in records {
            f(record, offset)?;
            offset += RECORD as u64;
        }
        input.report(monitor)?;
        if !rest.is_empty() {
            let message = format!(
                "the last record is cut off: {} bytes of {RECORD}",
                rest.len()
            );
            return Err(Error::format(input.path(), Location::Byte(offset), message));
        }
        if at_end {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(records: &[[u8; RECORD]]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(records.as_flattened()).unwrap();
        file
    }

    fn shuffled(records: &[[u8; RECORD]], seed: u64, memory: &MemoryLimit) -> Vec<u8> {
        let (from, to) = (file(records), tempfile::NamedTempFile::new().unwrap());
        let count = shuffle(from.path(), to.path(), seed, memory, &Monitor::new()).unwrap();
        assert_eq!(count, records.len() as u64);
        std::fs::read(to.path()).unwrap()
    }

    #[test]
    fn a_shuffle_is_a_permutation_that_its_seed_decides_and_its_memory_does_not() {
        let records: Vec<[u8; RECORD]> = (0..2_000_u128).map(u128::to_le_bytes).collect();
        let free = MemoryLimit::default();
        let once = shuffled(&records, 7, &free);
        assert_eq!(
            once,
            shuffled(&records, 7, &MemoryLimit::new(Some(10_000), None))
        );
        assert_ne!(once, shuffled(&records, 8, &free));
        let mut sorted = once.as_chunks::<RECORD>().0.to_vec();
        sorted.sort_unstable_by_key(|record| u128::from_le_bytes(*record));
        assert_eq!(sorted, records);
    }

    #[test]
    fn every_order_of_three_records_is_equally_likely() {
        let records = [[1; RECORD], [2; RECORD], [3; RECORD]];
        let free = MemoryLimit::default();
        let mut seen = std::collections::HashMap::new();
        for seed in 0..1200 {
            *seen.entry(shuffled(&records, seed, &free)).or_insert(0) += 1;
        }
        // Each order is expected 200 times. 60 is more than four standard deviations of this number.
        assert_eq!(seen.len(), 6);
        assert!(seen.values().all(|n| (140..=260).contains(n)), "{seen:?}");
    }

    #[test]
    fn a_summary_has_the_figures_of_all_records() {
        let records: Vec<[u8; RECORD]> = (0..200_000_i32)
            .map(|n| {
                let mut record = [0; RECORD];
                record[..4].copy_from_slice(&(1 + n / 7).to_le_bytes());
                record[4..8].copy_from_slice(&(1 + n % 7).to_le_bytes());
                record[8..].copy_from_slice(&f64::from(n % 3).to_le_bytes());
                record
            })
            .collect();
        let summary = |records: &[[u8; RECORD]]| {
            summarize_records(file(records).path(), 2, &Monitor::new()).unwrap()
        };
        let found = summary(&records);
        let expected = RecordsSummary {
            words: 1 + 199_999 / 7,
            records: 200_000,
            total: (0..200_000).map(|n| f64::from(n % 3)).sum(),
            sorted: true,
            first: vec![(1, 1, 0.0), (1, 2, 1.0)],
        };
        assert_eq!(found, expected);
        let swapped = [&records[1..], &records[..1]].concat();
        let found = summary(&swapped);
        assert_eq!((found.total, found.sorted), (expected.total, false));
        assert_eq!(summary(&[]).records, 0);
    }

    #[test]
    fn saved_counts_are_the_same_for_any_memory() {
        let counts = Triangle::assemble(40, &Monitor::new(), |pair| {
            for i in 0..40 {
                for j in 0..=i {
                    pair(i, j, f64::from(1 + i * j % 5), f64::from((i + j) % 3));
                }
            }
            Ok(())
        })
        .unwrap();
        let saved = |memory: &MemoryLimit| {
            let to = tempfile::NamedTempFile::new().unwrap();
            save_cooccurrences(&counts, to.path(), memory, &Monitor::new()).unwrap();
            std::fs::read(to.path()).unwrap()
        };
        let all = saved(&MemoryLimit::default());
        assert_eq!(all.len() as u64, 16 * counts.nnz());
        for bytes in [1, 5_000, 40_000] {
            assert_eq!(saved(&MemoryLimit::new(Some(bytes), None)), all);
        }
    }
}
