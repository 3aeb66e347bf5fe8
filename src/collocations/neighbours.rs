//! Counts collocations (`learn.rs` defines what a collocation is). A collocation is *plain* if it consists of two words
//! and neither word is [`SPECIAL`]. Plain collocations are counted by sorting them as numbers. The other
//! collocations are few, and are counted in hash tables.

use crate::encoding::{DOCUMENT_END, NumberedText};
use crate::error::Result;
use crate::memory::{MemoryLimit, fallible};
use crate::monitor::Monitor;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use rayon::prelude::*;

/// A pair of neighbours: the id of the first word in the upper 32 bits, the id of the second word in the lower 32 bits.
pub(super) type NeighbourPair = u64;

pub(super) fn pair(first: u32, second: u32) -> NeighbourPair {
    u64::from(first) << 32 | u64::from(second)
}

/// A bit of the kind of a word: the word is a connector.
pub(super) const CONNECTOR: u8 = 1;
/// A bit of the kind of a word: the word contains the delimiter, or could form another delimiter together with the
/// delimiter beside it (see `ambiguity` in `learn.rs`). Such a word can be spelled like a collocation, and a
/// collocation with such a word can be spelled like another collocation.
pub(super) const SPECIAL: u8 = 2;

/// A hash table from keys to numbers: counts or ids. In a table that counts collocations, a key is the list of the
/// ids of the words of a collocation: two ids, or more if there are connectors between the two words.
pub(super) type NumberTable<K> = HashMap<K, u64, FixedState>;

/// The wanted pairs of a bucket with their counts, and the number of all different pairs of the bucket.
type BucketPairs = (Vec<(NeighbourPair, u64)>, u64);

/// Number of buckets into which pairs are divided before they are sorted. If pairs occur 10⁸ times in the
/// text, a bucket takes about 3 MB.
const BUCKETS: usize = 256;

/// Call `found` with the word ids of each collocation of a chunk. `ids` are the word ids of the chunk; `kinds` has
/// the kind of each word id.
fn collocations(ids: &[u32], kinds: &[u8], mut found: impl FnMut(&[u32])) {
    // The index in `ids` of the latest word of this document that is not a connector.
    let mut start = None;
    for (index, &id) in ids.iter().enumerate() {
        if id == DOCUMENT_END {
            start = None;
        } else if kinds[id as usize] & CONNECTOR == 0 {
            if let Some(start) = start {
                found(&ids[start..=index]);
            }
            start = Some(index);
        }
    }
}

/// Whether a collocation is plain.
fn is_plain(words: &[u32], kinds: &[u8]) -> bool {
    words.len() == 2 && (kinds[words[0] as usize] | kinds[words[1] as usize]) & SPECIAL == 0
}

/// The collocations that are not plain, with their counts.
///
/// # Errors
/// [`crate::Error::Memory`], [`crate::Error::Io`], [`crate::Error::Cancelled`].
pub(super) fn count_others(
    text: &NumberedText<'_>,
    kinds: &[u8],
    monitor: &Monitor,
) -> Result<NumberTable<Box<[u32]>>> {
    let tasks = rayon::current_num_threads().max(1);
    let tables: Result<Vec<NumberTable<Box<[u32]>>>> = (0..tasks)
        .into_par_iter()
        .map(|task| {
            let mut table: NumberTable<Box<[u32]>> = NumberTable::default();
            let mut lacking = None;
            for k in (task..text.chunks()).step_by(tasks) {
                monitor.check()?;
                collocations(&text.ids(k)?, kinds, |words| {
                    if !is_plain(words, kinds) {
                        lacking = add(&mut table, words, 1).err().or(lacking.take());
                    }
                });
                if let Some(error) = lacking {
                    return Err(error);
                }
            }
            Ok(table)
        })
        .collect();
    let mut tables = tables?.into_iter();
    let mut all = tables.next().unwrap_or_default();
    for (words, count) in tables.flatten() {
        fallible::reserve_in_map(&mut all, 1)?;
        *all.entry(words).or_insert(0) += count;
    }
    Ok(all)
}

/// Add `count` to the count of `key`. If `key` is new, the table stores a copy of it.
///
/// # Errors
/// [`crate::Error::Memory`].
pub(super) fn add<T>(table: &mut NumberTable<Box<[T]>>, key: &[T], count: u64) -> Result<()>
where
    T: Copy + Eq + std::hash::Hash,
{
    if let Some(sum) = table.get_mut(key) {
        *sum += count;
        return Ok(());
    }
    fallible::reserve_in_map(table, 1)?;
    table.insert(fallible::copied(key)?.into_boxed_slice(), count);
    Ok(())
}

/// Counts all plain pairs. Returns those that `wanted` accepts, sorted and with their counts, and the number of
/// all different plain pairs.
///
/// # Errors
/// As for [`count_others`].
pub(super) fn count_pairs(
    text: &NumberedText<'_>,
    kinds: &[u8],
    wanted: impl Fn(NeighbourPair, u64) -> bool + Sync,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<(Vec<(NeighbourPair, u64)>, u64)> {
    let threads = rayon::current_num_threads().max(1);
    // Each occurrence of a pair takes memory here. If all occurrences take more memory than encoded text may take,
    // the pairs are counted in several passes. Each pass reads the whole text and counts the pairs whose hashes
    // belong to this pass.
    let passes = (text.len() as u64 * size_of::<NeighbourPair>() as u64)
        .div_ceil(memory.text_bytes().max(1))
        .clamp(1, 1 << 16) as usize;
    let (mut kept, mut different) = (Vec::new(), 0);
    for pass in 0..passes {
        let filled: Result<Vec<Vec<Vec<NeighbourPair>>>> = (0..threads)
            .into_par_iter()
            .map(|task| {
                let mut buckets: Vec<Vec<NeighbourPair>> = vec![Vec::new(); BUCKETS];
                let mut lacking = None;
                for k in (task..text.chunks()).step_by(threads) {
                    monitor.check()?;
                    collocations(&text.ids(k)?, kinds, |words| {
                        if !is_plain(words, kinds) {
                            return;
                        }
                        let pair = pair(words[0], words[1]);
                        let hash = pair.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
                        if hash as usize / BUCKETS % passes == pass {
                            let bucket = &mut buckets[hash as usize % BUCKETS];
                            lacking = fallible::push(bucket, pair).err().or(lacking.take());
                        }
                    });
                    if let Some(error) = lacking {
                        return Err(error);
                    }
                }
                Ok(buckets)
            })
            .collect();
        let filled = filled?;
        let counted: Result<Vec<BucketPairs>> = (0..BUCKETS)
            .into_par_iter()
            .map(|bucket| {
                monitor.check()?;
                let lists = filled.iter().map(|buckets| &buckets[bucket]);
                let mut pairs = fallible::with_capacity(lists.clone().map(Vec::len).sum())?;
                lists.for_each(|list| pairs.extend_from_slice(list));
                pairs.sort_unstable();
                let (mut kept, mut different) = (Vec::new(), 0);
                for occurrences in pairs.chunk_by(|a, b| a == b) {
                    different += 1;
                    if wanted(occurrences[0], occurrences.len() as u64) {
                        fallible::push(&mut kept, (occurrences[0], occurrences.len() as u64))?;
                    }
                }
                Ok((kept, different))
            })
            .collect();
        for (some, number) in counted? {
            fallible::reserve(&mut kept, some.len())?;
            kept.extend(some);
            different += number;
        }
    }
    kept.sort_unstable();
    Ok((kept, different))
}
