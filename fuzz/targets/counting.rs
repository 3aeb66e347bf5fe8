#![no_main]
//! Fuzzes counting small texts: the counts must be those of a naive counter, and must survive being saved and read.

use glove_rs::cooccurrence::{CountingOptions, count};
use glove_rs::corpus::InMemoryDocuments;
use glove_rs::encoding::{ChosenVocabulary, EncodingOptions, RawCorpus};
use glove_rs::formats::counts;
use glove_rs::tokenize::Tokenizer;
use glove_rs::{MemoryLimit, Monitor, Vocabulary};
use glove_rs_fuzz::{DocumentCollector, accepted, check_counts, in_folder};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

fuzz_target!(|data: &[u8]| {
    let [settings, text @ ..] = data else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let options = CountingOptions {
        window: 1 + usize::from(settings & 15),
        symmetric: settings & 16 == 0,
        distance_weighting: settings & 32 == 0,
        adjacent: text.len() % 2 == 0,
    };
    let encoding = EncodingOptions {
        min_count: 1 + u64::from(settings >> 7),
        keep_gaps: settings & 64 != 0,
        ..Default::default()
    };
    let (memory, monitor) = (MemoryLimit::default(), Monitor::new());
    let mut reader = InMemoryDocuments::new(text.split('\n'));
    let raw = RawCorpus::read(&mut reader, &encoding, &memory, &monitor).expect("text");
    let Some(chosen) = accepted(raw.choose(&encoding, &monitor)) else {
        return;
    };
    let ChosenVocabulary { vocabulary, rare, ranks } = chosen;
    let mut corpus = raw.ranked(ranks);
    let counted =
        count(&mut corpus, vocabulary.len(), &options, &memory, &monitor).expect("counts");
    check_counts(&counted, vocabulary.len());
    let expected = naive(text, &vocabulary, &options, encoding.keep_gaps);
    assert_eq!(counted.nnz(), expected.len() as u64);
    for ((i, j), x) in &expected {
        let found = counted.get(*i, *j).expect("a record");
        assert!(
            (found - x).abs() <= 1e-9 * x,
            "{i} {j}: {found}, expected {x}"
        );
    }
    in_folder(|folder| {
        let path = folder.join("counts");
        let words = counts::Vocabularies { vocabulary: &vocabulary, rare: &rare, contexts: None };
        counts::save(&counted, words, &path, &monitor).expect("counts");
        let again = counts::load(&path, None, &memory, &monitor).expect("saved counts can be read");
        assert_eq!((&*again.vocabulary, &*again.rare), (&vocabulary, &rare));
        assert_eq!(again.counts.to_csr(&monitor).unwrap(), counted.to_csr(&monitor).unwrap());
    });
});

/// The naive counter: adds up every pair of every window.
fn naive(
    text: &str,
    vocabulary: &Vocabulary,
    options: &CountingOptions,
    gaps: bool,
) -> BTreeMap<(u32, u32), f64> {
    let mut documents = DocumentCollector::default();
    Tokenizer::Whitespace.lines(text, &mut documents);
    let mut sums = BTreeMap::new();
    for document in documents.0 {
        let ids = document.iter().map(|word| vocabulary.index_of(word));
        let ids: Vec<Option<u32>> = ids.filter(|id| gaps || id.is_some()).collect();
        for (at, right) in ids.iter().enumerate() {
            for distance in 1..=options.window.min(at) {
                let (Some(left), Some(right)) = (ids[at - distance], *right) else {
                    continue;
                };
                let x = if options.distance_weighting {
                    1.0 / distance as f64
                } else {
                    1.0
                };
                *sums.entry((left, right)).or_insert(0.0) += x;
                if options.symmetric {
                    *sums.entry((right, left)).or_insert(0.0) += x;
                }
            }
        }
    }
    sums
}
