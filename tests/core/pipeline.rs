//! Tests of the whole core, from text to vectors, as another Rust program would use it. Python is not needed.

use glove_rs::cooccurrence::{CountingOptions, Triangle, count};
use glove_rs::corpus::{ChunkReader, FileReader, InMemoryDocuments};
use glove_rs::encoding::{EncodingOptions, RawCorpus};
use glove_rs::formats::{counts as counts_file, stanford};
use glove_rs::training::{
    Counts, Exported, Parameters, TileOptions, Tiles, TrainingOptions, train,
};
use glove_rs::{Error, MemoryLimit, Monitor, Result, Vocabulary, threads};
use std::fmt::Write as _;

/// Random documents of words w0, w1, …; words with low numbers are frequent.
fn documents() -> Vec<String> {
    let mut state = 1u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((state >> 33) as f64 / (1u64 << 31) as f64).powi(3)
    };
    (0..300)
        .map(|_| {
            let mut text = String::new();
            for _ in 0..50 {
                let _ = write!(text, "w{} ", (next() * 200.0) as usize);
            }
            text
        })
        .collect()
}

fn counted(
    reader: &mut dyn ChunkReader,
    threads: usize,
    memory: &MemoryLimit,
) -> Result<(Vocabulary, Triangle)> {
    let (encoding, counting, monitor) = (
        EncodingOptions::default(),
        CountingOptions::default(),
        Monitor::new(),
    );
    threads::in_pool(threads, || {
        let raw = RawCorpus::read(reader, &encoding, memory, &monitor)?;
        let vocabulary = raw.vocabulary(&encoding, &monitor)?;
        let mut corpus = raw.encode(&vocabulary, &encoding, &monitor)?;
        let counts = count(&mut corpus, vocabulary.len(), &counting, memory, &monitor)?;
        Ok((vocabulary, counts))
    })?
}

fn trained(counts: &Triangle, threads: usize, memory: &MemoryLimit) -> Result<Exported> {
    let monitor = Monitor::new();
    let options = TrainingOptions {
        epochs: 3,
        deterministic: true,
        ..TrainingOptions::default()
    };
    threads::in_pool(threads, || {
        let tiling = TileOptions::new(20, &options);
        let tiles = Tiles::new(&mut Counts::Borrowed(counts), &tiling, memory, &monitor)?;
        let mut parameters = Parameters::random(counts.words, tiling.layout, 1, &monitor)?;
        let reports = train(&mut parameters, &tiles, &options, &monitor)?;
        assert!(reports[2].loss < reports[0].loss);
        parameters.exported(false)
    })?
}

#[test]
fn text_becomes_the_same_vectors_for_any_threads_and_memory() {
    let free = MemoryLimit::default();
    let little = MemoryLimit::new(Some(100_000), None);
    let (vocabulary, counts) = counted(&mut InMemoryDocuments::new(documents()), 1, &free).unwrap();
    let vectors = trained(&counts, 1, &free).unwrap();
    for threads in [2, 3, 8] {
        let (words, again) =
            counted(&mut InMemoryDocuments::new(documents()), threads, &free).unwrap();
        assert!(words == vocabulary);
        assert!(again.to_csr(&Monitor::new()).unwrap() == counts.to_csr(&Monitor::new()).unwrap());
        assert!(trained(&counts, threads, &little).unwrap() == vectors);
    }
    let (_, limited) = counted(&mut InMemoryDocuments::new(documents()), 2, &little).unwrap();
    assert!(limited.is_on_disk());
    assert_eq!(limited.nnz(), counts.nnz());
    assert!((limited.total() - counts.total()).abs() < 1e-9 * counts.total());
}

#[test]
fn counts_and_words_survive_files() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("corpus.txt");
    std::fs::write(&text, documents().join("\n")).unwrap();
    let mut reader = FileReader::open(&text).unwrap();
    let (vocabulary, counts) = counted(&mut reader, 2, &MemoryLimit::default()).unwrap();

    let native = folder.path().join("counts");
    let (rare, memory, monitor) = (
        Vocabulary::default(),
        MemoryLimit::default(),
        Monitor::new(),
    );
    let words = counts_file::Vocabularies {
        vocabulary: &vocabulary,
        rare: &rare,
        contexts: None,
    };
    counts_file::save(&counts, words, &native, &monitor).unwrap();
    let loaded = counts_file::load(&native, None, &memory, &monitor).unwrap();
    assert!(
        *loaded.vocabulary == vocabulary
            && loaded.rare.is_empty()
            && loaded.counts.to_csr(&monitor).unwrap() == counts.to_csr(&monitor).unwrap()
    );

    let (words, records) = (
        folder.path().join("vocab.txt"),
        folder.path().join("cooc.bin"),
    );
    stanford::save_vocabulary(&vocabulary, &words, &monitor).unwrap();
    assert!(stanford::load_vocabulary(&words, &monitor).unwrap() == vocabulary);
    stanford::save_cooccurrences(&counts, &records, &memory, &monitor).unwrap();
    let loaded = stanford::load_cooccurrences(&records, vocabulary.len(), &memory, &monitor);
    assert!(
        loaded.unwrap().to_csr(&Monitor::new()).unwrap() == counts.to_csr(&Monitor::new()).unwrap()
    );
}

#[test]
fn parameters_of_another_vocabulary_are_refused() {
    let (_, counts) = counted(
        &mut InMemoryDocuments::new(documents()),
        2,
        &MemoryLimit::default(),
    )
    .unwrap();
    let monitor = Monitor::new();
    let refused = threads::in_pool(2, || {
        let memory = MemoryLimit::default();
        let options = TileOptions::new(5, &TrainingOptions::default());
        let tiles = Tiles::new(&mut Counts::Borrowed(&counts), &options, &memory, &monitor)?;
        let mut parameters = Parameters::random(counts.words - 1, options.layout, 1, &monitor)?;
        train(
            &mut parameters,
            &tiles,
            &TrainingOptions::default(),
            &monitor,
        )
    })
    .unwrap();
    assert!(matches!(
        refused,
        Err(Error::Parameter {
            name: "parameters",
            ..
        })
    ));
}

#[test]
fn cancelled_work_stops() {
    let monitor = Monitor::new();
    monitor.cancel();
    let stopped = RawCorpus::read(
        &mut InMemoryDocuments::new(documents()),
        &EncodingOptions::default(),
        &MemoryLimit::default(),
        &monitor,
    );
    assert!(matches!(stopped, Err(Error::Cancelled)));
}
