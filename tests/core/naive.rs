//! Compares counting with a naive counter: two nested loops over each document, and a map.
//!
//! The naive counter has no segments, rows or groups. Everything that the core does to count faster, in less memory
//! or on many machines must result in the same records.

use glove_rs::cooccurrence::{CountRows, CountingOptions, Triangle, count, plus};
use glove_rs::corpus::InMemoryDocuments;
use glove_rs::distributed::{GroupCounts, Shard, count_by_group, merge_group_counts, row_blocks};
use glove_rs::encoding::{EncodingOptions, RawCorpus};
use glove_rs::partition::Partition;
use glove_rs::{MemoryLimit, Monitor, Vocabulary, WordId, threads};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

/// Words, some of which have several bytes for a character or begin with another word.
const WORDS: [&str; 14] = [
    "a", "b", "ab", "abc", "é", "fort", "fortín", "水", "水曜", "x1", "x2", "Ω", "𝔾", "zz",
];

/// So many words that the co-occurrence counts of a text of them exceed a small memory limit.
static MANY_WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let words = (0..400).map(|k| &*String::leak(format!("w{k}")));
    words.collect()
});

type Document = Vec<&'static str>;
type Records = BTreeMap<(WordId, WordId), f64>;

/// The options of the vocabulary and of counting.
#[derive(Debug, Clone)]
struct Options {
    window: usize,
    symmetric: bool,
    distance_weighting: bool,
    keep_gaps: bool,
    min_count: u64,
    max_vocab: Option<usize>,
}

impl Options {
    fn encoding(&self) -> EncodingOptions {
        EncodingOptions {
            min_count: self.min_count,
            max_vocab: self.max_vocab,
            keep_gaps: self.keep_gaps,
            ..EncodingOptions::default()
        }
    }

    fn counting(&self) -> CountingOptions {
        CountingOptions {
            window: self.window,
            symmetric: self.symmetric,
            distance_weighting: self.distance_weighting,
            adjacent: self.window != CountingOptions::WHOLE_DOCUMENT,
        }
    }

    /// The options that count adjacent words.
    fn of_adjacent(&self) -> Self {
        Self {
            window: 1,
            symmetric: false,
            ..self.clone()
        }
    }
}

fn options() -> impl Strategy<Value = Options> {
    (
        prop_oneof![4 => 1usize..12, 1 => Just(CountingOptions::WHOLE_DOCUMENT)],
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        1u64..5,
        option::of(1usize..16),
    )
        .prop_map(
            |(window, symmetric, distance_weighting, keep_gaps, min_count, max_vocab)| Options {
                window,
                symmetric,
                distance_weighting,
                keep_gaps,
                min_count,
                max_vocab,
            },
        )
}

/// Texts of [`WORDS`], in which the first words of the list are the most frequent. Documents may be empty.
fn documents(most: usize) -> impl Strategy<Value = Vec<Document>> {
    let word = (0..WORDS.len(), 0..WORDS.len()).prop_map(|(a, b)| WORDS[a.min(b)]);
    vec(vec(word, 0..30), 0..most)
}

/// Texts of [`MANY_WORDS`], most of which are rare.
fn long_documents() -> impl Strategy<Value = Vec<Document>> {
    let word = (0..MANY_WORDS.len(), 0..MANY_WORDS.len()).prop_map(|(a, b)| MANY_WORDS[a.min(b)]);
    vec(vec(word, 0..100), 10..30)
}

// --- the naive side -------------------------------------------------------------------------------

/// A word as a C string of signed bytes. Stanford's tools compare words in this form.
fn c_string(word: &str) -> Vec<i8> {
    word.bytes().chain([0]).map(|byte| byte as i8).collect()
}

/// The number of the list in which Stanford's hash table stores a word. The table has 2^20 lists.
fn stanford_list(word: &str) -> u32 {
    let hash = word.bytes().fold(1_159_241_u32, |h, byte| {
        let c = byte as i8 as i32 as u32;
        h ^ (h << 5).wrapping_add(c).wrapping_add(h >> 2)
    });
    (hash & 0x7fff_ffff) % (1 << 20)
}

fn naive_vocabulary(documents: &[Document], options: &Options) -> Vec<(&'static str, u64)> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for word in documents.iter().flatten() {
        *counts.entry(word).or_default() += 1;
    }
    let mut kept: Vec<_> = counts.into_iter().collect();
    kept.retain(|&(_, count)| count >= options.min_count);
    if let Some(most) = options.max_vocab
        && most < kept.len()
    {
        kept.sort_by_key(|&(word, n)| (u64::MAX - n, stanford_list(word), c_string(word)));
        kept.truncate(most);
    }
    kept.sort_by_key(|&(word, n)| (u64::MAX - n, c_string(word)));
    kept
}

fn naive_counts(documents: &[Document], words: &[(&str, u64)], options: &Options) -> Records {
    let rank = |word: &str| words.iter().position(|&(known, _)| known == word);
    let mut records = Records::new();
    for document in documents {
        let mut ids: Vec<Option<usize>> = document.iter().map(|word| rank(word)).collect();
        if !options.keep_gaps {
            ids.retain(Option::is_some);
        }
        for right in 0..ids.len() {
            for left in right.saturating_sub(options.window)..right {
                let (Some(i), Some(j)) = (ids[left], ids[right]) else {
                    continue;
                };
                let whole = options.window == CountingOptions::WHOLE_DOCUMENT;
                let distance = if whole { ids.len() - 1 } else { right - left };
                let (i, j, distance) = (i as WordId, j as WordId, distance as f64);
                let x = if options.distance_weighting {
                    1.0 / distance
                } else {
                    1.0
                };
                *records.entry((i, j)).or_default() += x;
                if options.symmetric {
                    *records.entry((j, i)).or_default() += x;
                }
            }
        }
    }
    records
}

// --- the core's side ------------------------------------------------------------------------------

fn lines(documents: &[Document]) -> InMemoryDocuments {
    InMemoryDocuments::new(documents.iter().map(|document| document.join(" ")))
}

/// Vocabulary and counts, or `None` if no word is left.
fn counted(
    documents: &[Document],
    options: &Options,
    threads: usize,
    memory: &MemoryLimit,
) -> Option<(Vocabulary, Triangle)> {
    let (encoding, monitor) = (options.encoding(), Monitor::new());
    threads::in_pool(threads, || {
        let raw = RawCorpus::read(&mut lines(documents), &encoding, memory, &monitor).unwrap();
        let vocabulary = raw.vocabulary(&encoding, &monitor).ok()?;
        Some((counted_with(raw, &vocabulary, options, memory), vocabulary))
    })
    .unwrap()
    .map(|(counts, vocabulary)| (vocabulary, counts))
}

fn counted_with(
    raw: RawCorpus,
    vocabulary: &Vocabulary,
    options: &Options,
    memory: &MemoryLimit,
) -> Triangle {
    let encoded = raw.encode(vocabulary, &options.encoding(), &Monitor::new());
    let mut corpus = encoded.unwrap();
    let words = vocabulary.len();
    count(
        &mut corpus,
        words,
        &options.counting(),
        memory,
        &Monitor::new(),
    )
    .unwrap()
}

fn records(rows: &impl CountRows, words: usize) -> Records {
    let mut records = Records::new();
    rows.for_each_row(0..words as WordId, |row| {
        row.for_each_record(|i, j, x| {
            assert!(
                records.insert((i, j), x).is_none(),
                "there are two records ({i}, {j})"
            );
        });
        Ok(())
    })
    .unwrap();
    records
}

/// Check that `actual` and `expected` have the same cells, with values that differ relatively by at most 1e-9.
fn assert_same(actual: &Records, expected: &Records) {
    assert!(
        actual.keys().eq(expected.keys()),
        "cells {:?}, expected {:?}",
        actual.keys(),
        expected.keys()
    );
    for (cell, x) in expected {
        let found = actual[cell];
        assert!(
            (found - x).abs() <= 1e-9 * x,
            "{cell:?}: {found}, expected {x}"
        );
    }
}

/// Check that `counts`, and its counts of adjacent words, are those of the naive counter.
fn assert_naive(
    counts: &Triangle,
    documents: &[Document],
    words: &[(&str, u64)],
    options: &Options,
) {
    let expected = naive_counts(documents, words, options);
    assert_same(&records(counts, words.len()), &expected);
    let is_whole = options.window == CountingOptions::WHOLE_DOCUMENT;
    assert_eq!(counts.adjacent().is_none(), is_whole);
    if let Some(adjacent) = counts.adjacent() {
        let expected = naive_counts(documents, words, &options.of_adjacent());
        assert_same(&records(&**adjacent, words.len()), &expected);
    }
}

/// Check that `actual` and `expected` have the same cells, with equal values.
fn assert_equal(actual: &Triangle, expected: &Triangle) {
    let csr = |counts: &Triangle| counts.to_csr(&Monitor::new()).unwrap();
    assert!(csr(actual) == csr(expected));
    assert_eq!(actual.adjacent().is_some(), expected.adjacent().is_some());
    if let (Some(actual), Some(expected)) = (actual.adjacent(), expected.adjacent()) {
        assert_equal(actual, expected);
    }
}

/// A memory limit of `bytes` bytes.
fn limit(bytes: u64) -> MemoryLimit {
    MemoryLimit::new(Some(bytes), None)
}

/// A text of `tokens` random words of [`MANY_WORDS`], in documents of 100 words.
fn long_text(tokens: usize) -> Vec<Document> {
    let mut state = 7u32;
    let mut word = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b] = [state >> 8, state >> 20].map(|n| n as usize % MANY_WORDS.len());
        MANY_WORDS[a.min(b)]
    };
    (0..tokens / 100)
        .map(|_| (0..100).map(|_| word()).collect())
        .collect()
}

fn everything() -> Options {
    Options {
        window: 5,
        symmetric: false,
        distance_weighting: true,
        keep_gaps: false,
        min_count: 1,
        max_vocab: None,
    }
}

// --- the properties -------------------------------------------------------------------------------

proptest! {
    #[test]
    fn counts_are_the_naive_counters(documents in documents(20), options in options()) {
        let words = naive_vocabulary(&documents, &options);
        let Some((vocabulary, counts)) = counted(&documents, &options, 2, &limit(1 << 30)) else {
            prop_assert!(words.is_empty());
            return Ok(());
        };
        let found: Vec<_> = vocabulary.iter().collect();
        let expected: Vec<_> = words.iter().map(|&(word, n)| (word.as_bytes(), n)).collect();
        prop_assert_eq!(found, expected);
        let expected = naive_counts(&documents, &words, &options);
        prop_assert_eq!(counts.symmetric, options.symmetric);
        prop_assert_eq!(counts.nnz(), expected.len() as u64);
        assert_naive(&counts, &documents, &words, &options);
    }

    #[test]
    fn threads_do_not_change_a_bit(
        documents in documents(20), options in options(), threads in 2usize..9,
    ) {
        let memory = MemoryLimit::default();
        let one = counted(&documents, &options, 1, &memory);
        let many = counted(&documents, &options, threads, &memory);
        prop_assert_eq!(one.is_some(), many.is_some());
        if let (Some(one), Some(many)) = (one, many) {
            prop_assert!(one.0 == many.0);
            assert_equal(&many.1, &one.1);
        }
    }

    #[test]
    fn a_memory_limit_changes_no_record(
        documents in long_documents(), options in options(), threads in 1usize..4,
        bytes in 500u64..20_000,
    ) {
        let words = naive_vocabulary(&documents, &options);
        if let Some((_, counts)) = counted(&documents, &options, threads, &limit(bytes)) {
            assert_naive(&counts, &documents, &words, &options);
            // With the same memory limit, another number of threads gives counts that are equal to the last bit.
            let (_, again) = counted(&documents, &options, threads + 2, &limit(bytes)).unwrap();
            assert_equal(&again, &counts);
        }
    }

    #[test]
    fn counts_of_two_texts_add_up_to_those_of_both(
        one in documents(15), other in documents(15), options in options(), threads in 1usize..4,
        bytes in option::of(500u64..20_000),
    ) {
        let whole = [one.clone(), other.clone()].concat();
        let words = naive_vocabulary(&whole, &options);
        let vocabulary = Vocabulary::new(words.iter().copied()).unwrap();
        let (memory, monitor) = (MemoryLimit::new(bytes, None), Monitor::new());
        let sum = threads::in_pool(threads, || {
            let [one, other] = [&one, &other].map(|text| {
                let read = RawCorpus::read(&mut lines(text), &options.encoding(), &memory, &monitor);
                counted_with(read.unwrap(), &vocabulary, &options, &memory)
            });
            plus(&one, &other, vocabulary.len(), &memory, &monitor).unwrap()
        }).unwrap();
        assert_naive(&sum, &whole, &words, &options);
    }

    #[test]
    fn group_counts_have_every_pair_with_a_word_of_the_group(
        documents in documents(20), options in options(), groups in 1usize..6,
        shards in 1usize..4, parts in 1usize..4, threads in 1usize..3,
    ) {
        let words = naive_vocabulary(&documents, &options);
        let vocabulary = Vocabulary::new(words.iter().copied()).unwrap();
        let partition = Partition::new(words.len(), groups);
        let expected = naive_counts(&documents, &words, &options);
        let texts = encoded(&documents, shards, &vocabulary, partition, &options);

        let apart = texts.iter().flat_map(|text| {
            group_counts(&[text], &vocabulary, partition, &options, parts)
        }).collect();
        let texts: Vec<&[WordId]> = texts.iter().map(AsRef::as_ref).collect();
        let together = group_counts(&texts, &vocabulary, partition, &options, parts);
        for counted in [apart, together] {
            for (group, counts) in merged(counted, groups, threads).into_iter().enumerate() {
                let counts = GroupCounts::from(counts.serialize());
                let touches = |id: WordId| partition.group_of(partition.new_id(id)) == group;
                let mut wanted = expected.clone();
                wanted.retain(|&(i, j), _| touches(i) || touches(j));
                let found: Records = records(&counts, words.len())
                    .into_iter()
                    .map(|((i, j), x)| ((partition.rank(i), partition.rank(j)), x))
                    .collect();
                assert_same(&found, &wanted);
                prop_assert_eq!(counts.nnz(), wanted.len() as u64);
            }
        }
    }

    #[test]
    fn the_division_of_rows_into_tasks_does_not_change_a_bit_of_group_counts(
        documents in documents(20), options in options(), groups in 1usize..6, parts in 2usize..6,
    ) {
        let words = naive_vocabulary(&documents, &options);
        let vocabulary = Vocabulary::new(words.iter().copied()).unwrap();
        let partition = Partition::new(words.len(), groups);
        let texts = encoded(&documents, 2, &vocabulary, partition, &options);
        let texts: Vec<&[WordId]> = texts.iter().map(AsRef::as_ref).collect();
        let [one, many] = [1, parts].map(|parts| {
            merged(group_counts(&texts, &vocabulary, partition, &options, parts), groups, 2)
        });
        for (one, many) in one.iter().zip(&many) {
            prop_assert_eq!(records(many, words.len()), records(one, words.len()));
        }
    }
}

/// Divide the documents into at most `shards` texts. Return the words of each text as new ids of the partition.
fn encoded(
    documents: &[Document],
    shards: usize,
    vocabulary: &Vocabulary,
    partition: Partition,
    options: &Options,
) -> Vec<Vec<WordId>> {
    documents
        .chunks(documents.len().div_ceil(shards).max(1))
        .map(|some| {
            let shard = Shard::read(&mut lines(some), &options.encoding(), &Monitor::new());
            shard
                .unwrap()
                .encode(vocabulary, partition, &options.encoding())
                .unwrap()
        })
        .collect()
}

/// Divide the rows among `parts` tasks. Each task counts its rows in all texts, and returns counts for each group.
fn group_counts(
    texts: &[impl AsRef<[WordId]>],
    vocabulary: &Vocabulary,
    partition: Partition,
    options: &Options,
    parts: usize,
) -> Vec<GroupCounts> {
    let texts: Vec<&[WordId]> = texts.iter().map(AsRef::as_ref).collect();
    let (counting, monitor) = (options.counting(), Monitor::new());
    (0..parts)
        .flat_map(|part| {
            let blocks = row_blocks(partition, vocabulary.counts(), &counting, part, parts);
            let store = |bytes| Arc::new(bytes) as _;
            count_by_group(&texts, &blocks, partition, &counting, &store, &monitor).unwrap()
        })
        .collect()
}

/// Add up the counts of each group.
fn merged(group_counts: Vec<GroupCounts>, groups: usize, threads: usize) -> Vec<GroupCounts> {
    (0..groups)
        .filter_map(|group| {
            let parts: Vec<&GroupCounts> = group_counts
                .iter()
                .filter(|counts| counts.group == group)
                .collect();
            if parts.is_empty() {
                return None; // there are no documents
            }
            let store = |bytes| Arc::new(bytes) as _;
            let merge = || merge_group_counts(&parts, &store, &Monitor::new());
            Some(threads::in_pool(threads, merge).unwrap().unwrap())
        })
        .collect()
}

// --- checks that the properties test what they claim ---------------------------------------------

#[test]
fn a_text_larger_than_the_limit_is_counted_on_disk() {
    let (documents, options) = (long_text(20_000), everything());
    let words = naive_vocabulary(&documents, &options);
    let (_, free) = counted(&documents, &options, 2, &MemoryLimit::default()).unwrap();
    assert!(!free.is_on_disk());
    assert_naive(&free, &documents, &words, &options);
    let folder = tempfile::tempdir().unwrap();
    let little = MemoryLimit::new(Some(20_000), Some(folder.path().to_owned()));
    let (_, limited) = counted(&documents, &options, 2, &little).unwrap();
    assert!(limited.is_on_disk() && limited.adjacent().unwrap().is_on_disk());
    assert_naive(&limited, &documents, &words, &options);
}

#[test]
fn a_naive_counter_of_another_window_differs() {
    let (documents, options) = (long_text(1000), everything());
    let words = naive_vocabulary(&documents, &options);
    let wider = Options {
        window: options.window + 1,
        ..options.clone()
    };
    let expected = naive_counts(&documents, &words, &options);
    assert_ne!(naive_counts(&documents, &words, &wider), expected);
    let (_, counts) = counted(&documents, &wider, 2, &MemoryLimit::default()).unwrap();
    assert_ne!(records(&counts, words.len()), expected);
}
