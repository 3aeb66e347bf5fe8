//! The design matrix: the n-grams of each word of a vocabulary.

use super::ngrams::{MarkedWord, NgramLengths};
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::{Vocabulary, WordId, hash};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Number of words that one task looks up.
const WORDS: usize = 1 << 12;
/// While n-grams are counted, they are divided by their hashes into at most this many shards, one for each
/// thread. Every thread reads all words, so more shards than this would hardly be faster.
const MOST_SHARDS: usize = 16;

/// Lists of numbers in one buffer.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Lists {
    items: Vec<u32>,
    // List i is items[ends[i - 1]..ends[i]]; list 0 starts at 0.
    ends: Vec<usize>,
}

impl Lists {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    #[inline(always)]
    pub fn get(&self, i: usize) -> &[u32] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.items[start..self.ends[i]]
    }

    fn push(&mut self, list: &[u32]) -> Result<()> {
        fallible::reserve(&mut self.items, list.len())?;
        self.items.extend_from_slice(list);
        fallible::push(&mut self.ends, self.items.len())
    }

    fn append(&mut self, other: &Self) -> Result<()> {
        let before = self.items.len();
        fallible::reserve(&mut self.items, other.items.len())?;
        fallible::reserve(&mut self.ends, other.len())?;
        self.items.extend_from_slice(&other.items);
        self.ends.extend(other.ends.iter().map(|end| before + end));
        Ok(())
    }

    /// The transposed lists: for each number below `numbers`, the indices of the lists that contain
    /// it, in ascending order.
    fn transposed(&self, numbers: usize, monitor: &Monitor) -> Result<Self> {
        let mut ends: Vec<usize> = fallible::zeroed(numbers)?;
        for &item in &self.items {
            ends[item as usize] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            // Until list number `item` is filled, `ends[item]` is the position of the next item of the
            // list. When the list is filled, `ends[item]` is the end of the list.
            sum += std::mem::replace(end, sum);
        }
        let mut items = fallible::zeroed(self.items.len())?;
        for i in 0..self.len() {
            if i.is_multiple_of(WORDS) {
                monitor.check()?;
            }
            for &item in self.get(i) {
                let end = &mut ends[item as usize];
                items[*end] = i as u32;
                *end += 1;
            }
        }
        Ok(Self { items, ends })
    }

    /// Divide the lists into ranges with about `items` items each. The ranges do not depend on the
    /// number of threads.
    pub fn tasks(&self, items: usize) -> Vec<Range<usize>> {
        let mut tasks = Vec::new();
        let (mut first, mut before) = (0, 0);
        for (i, &end) in self.ends.iter().enumerate() {
            // Each list counts as one item more than it has, because an empty list takes time too.
            if end - before + (i + 1 - first) >= items {
                tasks.push(first..i + 1);
                (first, before) = (i + 1, end);
            }
        }
        if first < self.len() {
            tasks.push(first..self.len());
        }
        tasks
    }
}

/// The matrix A with a row for each word and a column for each n-gram that occurs in enough words. An entry is 1/√n
/// if the word has the n-gram, otherwise 0, where n is the number of n-grams of the word that have a column. So the
/// Euclidean length of a row is 1, or 0 for a word without such n-grams.
#[derive(Debug)]
pub struct Design {
    pub(super) lengths: NgramLengths,
    // Each n-gram with the number of words that have it. The most frequent n-grams come first, so that the vectors of
    // n-grams that are read most often are close together. All subword models that are fitted with this matrix (see
    // `Design::model`) share the list.
    pub(super) ngrams: Arc<Vocabulary>,
    pub(super) by_word: Lists,
    pub(super) by_ngram: Lists,
}

impl Design {
    /// The design matrix of words, with the n-grams that occur in at least `min_words` of them.
    /// Uses all threads of the current rayon pool. The result does not depend on the number of
    /// threads.
    ///
    /// # Errors
    /// [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
    pub fn new<W: AsRef<[u8]> + Sync>(
        words: &[W],
        lengths: NgramLengths,
        min_words: u64,
        monitor: &Monitor,
    ) -> Result<Self> {
        let ngrams = ngrams_of(words, lengths, min_words, monitor)?;
        ngrams.build_index(monitor)?;
        let parts: Vec<Result<Lists>> = words
            .par_chunks(WORDS)
            .map(|words| {
                monitor.check()?;
                let (mut lists, mut lookup) = (Lists::default(), Lookup::default());
                for word in words {
                    lists.push(lookup.ids(word.as_ref(), lengths, &ngrams))?;
                }
                Ok(lists)
            })
            .collect();
        let mut by_word = Lists::default();
        for part in parts {
            by_word.append(&part?)?;
        }
        Ok(Self {
            by_ngram: by_word.transposed(ngrams.len(), monitor)?,
            lengths,
            ngrams: Arc::new(ngrams),
            by_word,
        })
    }

    /// Number of words.
    pub fn words(&self) -> usize {
        self.by_word.len()
    }

    /// The n-grams. The count of an n-gram is the number of words that have it.
    pub fn ngrams(&self) -> &Vocabulary {
        &self.ngrams
    }

    /// Whether a word has any of the n-grams.
    pub(super) fn has_ngrams(&self, word: usize) -> bool {
        !self.by_word.get(word).is_empty()
    }

    /// 1/√n for a word that has n of the n-grams; 0 if it has none.
    #[inline(always)]
    pub(super) fn scale(&self, word: usize) -> f32 {
        scale(self.by_word.get(word).len())
    }
}

/// 1/√n for a word of n n-grams; 0 for none.
#[inline(always)]
pub(super) fn scale(ngrams: usize) -> f32 {
    if ngrams == 0 {
        0.0
    } else {
        1.0 / (ngrams as f32).sqrt()
    }
}

/// Buffers for looking up the n-grams of words.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    word: MarkedWord,
    ids: Vec<WordId>,
}

impl Lookup {
    /// The ids of the n-grams of a word that are in `ngrams`, in ascending order, each once.
    pub fn ids(&mut self, word: &[u8], lengths: NgramLengths, ngrams: &Vocabulary) -> &[WordId] {
        self.word.set(word);
        self.ids.clear();
        let found = self.word.ngrams(lengths);
        let known = found.filter_map(|range| ngrams.index_of(&self.word.text()[range]));
        self.ids.extend(known);
        self.ids.sort_unstable();
        self.ids.dedup();
        &self.ids
    }
}

/// An n-gram while n-grams are counted: its start and length in the text of the shard, how many words so far
/// have the n-gram, and the position of the last of these words in the list of words.
struct NgramCount {
    start: usize,
    length: u32,
    words: u32,
    last: u32,
}

/// The n-grams that occur in at least `min_words` words, each with the number of these words.
fn ngrams_of<W: AsRef<[u8]> + Sync>(
    words: &[W],
    lengths: NgramLengths,
    min_words: u64,
    monitor: &Monitor,
) -> Result<Vocabulary> {
    // For each shard, a task reads the n-grams of all words and counts those whose hash belongs to
    // the shard. The result is sorted, so it does not depend on the number of shards.
    let shards = rayon::current_num_threads().clamp(1, MOST_SHARDS);
    let counted: Vec<Result<(Vec<u8>, Vec<NgramCount>)>> = (0..shards as u64)
        .into_par_iter()
        .map(|shard| count_shard(words, lengths, min_words, (shard, shards as u64), monitor))
        .collect();
    let counted = counted.into_iter().collect::<Result<Vec<_>>>()?;
    let all = counted.iter().map(|(_, found)| found.len()).sum();
    let mut ngrams: Vec<(&[u8], u64)> = fallible::with_capacity(all)?;
    for (text, found) in &counted {
        let ngram = |n: &NgramCount| (&text[n.start..][..n.length as usize], u64::from(n.words));
        ngrams.extend(found.iter().map(ngram));
    }
    Vocabulary::prune(&ngrams, min_words, None, monitor)
}

/// The n-grams of one shard that occur in at least `min_words` words, and the text that they refer to.
fn count_shard<W: AsRef<[u8]>>(
    words: &[W],
    lengths: NgramLengths,
    min_words: u64,
    (shard, shards): (u64, u64),
    monitor: &Monitor,
) -> Result<(Vec<u8>, Vec<NgramCount>)> {
    let mut text: Vec<u8> = Vec::new();
    let mut table: HashTable<NgramCount> = HashTable::new();
    let mut marked = MarkedWord::default();
    for (number, word) in words.iter().enumerate() {
        if number.is_multiple_of(WORDS) {
            monitor.check()?;
        }
        marked.set(word.as_ref());
        let mut is_new = false;
        for range in marked.ngrams(lengths) {
            let ngram = &marked.text()[range.clone()];
            let code = hash(ngram);
            // The lowest bits of the hash do not choose the shard, because they place n-grams in
            // the table.
            if (code >> 24) % shards != shard {
                continue;
            }
            // An n-gram that is new in this word has a range beyond the end of `text`. Its bytes are still in
            // `marked`, which is appended to `text` after this loop.
            let of = |n: &NgramCount| {
                let from = n.start.checked_sub(text.len());
                let (text, start) = from.map_or((&text[..], n.start), |at| (marked.text(), at));
                &text[start..][..n.length as usize]
            };
            let hash_of = |n: &NgramCount| hash(of(n));
            fallible::reserve_in_table(&mut table, 1, hash_of)?;
            match table.entry(code, |n| of(n) == ngram, hash_of) {
                Entry::Occupied(mut found) => {
                    let found = found.get_mut();
                    found.words += u32::from(found.last != number as u32);
                    found.last = number as u32;
                }
                Entry::Vacant(slot) => {
                    is_new = true;
                    slot.insert(NgramCount {
                        start: text.len() + range.start,
                        length: range.len() as u32,
                        words: 1,
                        last: number as u32,
                    });
                }
            }
        }
        if is_new {
            fallible::reserve(&mut text, marked.text().len())?;
            text.extend_from_slice(marked.text());
        }
    }
    let often = |n: &NgramCount| u64::from(n.words) >= min_words;
    let mut found = fallible::with_capacity(table.iter().filter(|n| often(n)).count())?;
    found.extend(table.into_iter().filter(often));
    Ok((text, found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subwords::ngrams::shown;
    use crate::threads;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn design(words: &[String], lengths: NgramLengths, min_words: u64, threads: usize) -> Design {
        let monitor = Monitor::new();
        threads::in_pool(threads, || Design::new(words, lengths, min_words, &monitor))
            .unwrap()
            .unwrap()
    }

    /// The n-grams of a word, by the definition. Edges are '<' and '>' here.
    fn naive(word: &str, least: usize, most: usize) -> BTreeSet<String> {
        let marked: Vec<char> = format!("<{word}>").chars().collect();
        let windows = (least..=most).flat_map(|n| marked.windows(n));
        let all = windows.map(|window| window.iter().collect::<String>());
        all.filter(|ngram| ngram != "<" && ngram != ">").collect()
    }

    proptest! {
        #[test]
        fn the_matrix_is_the_naive_one_for_any_number_of_threads(
            words in prop::collection::hash_set("[abc語é]{0,6}", 0..40),
            (least, more) in (1_usize..4, 0_usize..4),
            min_words in 1_u64..4,
        ) {
            let words: Vec<String> = words.into_iter().collect();
            let lengths = NgramLengths::new(least, least + more).unwrap();
            let sets: Vec<_> = words.iter().map(|word| naive(word, least, least + more)).collect();
            let mut counts = BTreeMap::new();
            for ngram in sets.iter().flatten() {
                *counts.entry(ngram.clone()).or_insert(0) += 1;
            }
            counts.retain(|_, count| *count >= min_words);
            let one = design(&words, lengths, min_words, 1);
            let found: BTreeMap<String, u64> =
                one.ngrams.iter().map(|(ngram, count)| (shown(ngram), count)).collect();
            prop_assert_eq!(&found, &counts);
            for (i, set) in sets.iter().enumerate() {
                let ids = one.by_word.get(i);
                let row: BTreeSet<String> =
                    ids.iter().map(|&id| shown(one.ngrams.word(id))).collect();
                let kept: BTreeSet<String> =
                    set.iter().filter(|n| counts.contains_key(*n)).cloned().collect();
                prop_assert_eq!(row, kept);
                prop_assert!(ids.is_sorted_by(|a, b| a < b));
            }
            for (id, (_, count)) in one.ngrams.iter().enumerate() {
                let having = one.by_ngram.get(id);
                prop_assert_eq!(having.len() as u64, count);
                prop_assert!(having.iter().all(|&word| one.by_word.get(word as usize).contains(&(id as u32))));
            }
            let three = design(&words, lengths, min_words, 3);
            prop_assert_eq!(&one.ngrams, &three.ngrams);
            prop_assert_eq!(&one.by_word, &three.by_word);
            prop_assert_eq!(&one.by_ngram, &three.by_ngram);
        }
    }

    #[test]
    fn tasks_cover_all_lists_in_order() {
        let mut lists = Lists::default();
        for length in [0, 3, 100, 0, 0, 7, 1] {
            lists.push(&vec![0; length]).unwrap();
        }
        for items in [1, 5, 1000] {
            let tasks = lists.tasks(items);
            assert_eq!(tasks.first().unwrap().start, 0);
            assert_eq!(tasks.last().unwrap().end, lists.len());
            assert!(tasks.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }
}
