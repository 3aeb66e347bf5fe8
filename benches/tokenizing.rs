//! Measures bytes per second of tokenizing, and of reading plain and compressed text into word numbers.
//!
//! `GLOVE_RS_BENCH_TEXT=text.txt` names a real text to compress, because the compression ratio of
//! synthetic text differs from that of real text.

mod synthetic;

use criterion::{BenchmarkId, Criterion, Throughput};
use glove_rs::corpus::{FileReader, InMemoryDocuments};
use glove_rs::encoding::{EncodingOptions, RawCorpus};
use glove_rs::tokenize::{TokenHandler, whitespace};
use glove_rs::{MemoryLimit, Monitor, threads};
use std::hint::black_box;
use std::io::{self, BufReader};
use std::time::{Duration, Instant};

const TOKENS: usize = 1_000_000;
const WORDS: usize = 50_000;

/// Only counts words and documents, so that the tokenizer alone is measured.
#[derive(Default)]
struct TokenCounts {
    bytes: usize,
    words: usize,
    documents: usize,
}

impl TokenHandler for TokenCounts {
    #[inline]
    fn word(&mut self, word: &[u8]) {
        self.bytes += word.len();
        self.words += 1;
    }
    #[inline]
    fn end_of_document(&mut self) {
        self.documents += 1;
    }
}

fn tokenizing(criterion: &mut Criterion) {
    let text = synthetic::text(TOKENS, WORDS, 1);
    let mut group = criterion.benchmark_group("tokenizing");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("whitespace", |bencher| {
        bencher.iter(|| {
            let mut counts = TokenCounts::default();
            whitespace(black_box(text.as_bytes()), &mut counts);
            assert_eq!(counts.words, TOKENS);
            black_box(counts)
        });
    });
    // `InMemoryDocuments` gives all of its text as one chunk, which one thread reads.
    let options = EncodingOptions::default();
    group.bench_function(BenchmarkId::new("RawCorpus::read", "1 thread"), |bencher| {
        threads::in_pool(1, || {
            bencher.iter_custom(|times| {
                let mut elapsed = Duration::ZERO;
                for _ in 0..times {
                    // `InMemoryDocuments::new` copies the text. This is not measured.
                    let mut documents = InMemoryDocuments::new(text.lines());
                    let start = Instant::now();
                    let raw = RawCorpus::read(
                        &mut documents,
                        &options,
                        &MemoryLimit::default(),
                        &Monitor::new(),
                    );
                    elapsed += start.elapsed();
                    assert!(black_box(raw).is_ok());
                }
                elapsed
            });
        })
        .expect("a pool of one thread");
    });
    group.finish();
}

/// Measures the decompressor alone, and the whole reading of compressed text on two threads.
fn packed(criterion: &mut Criterion) {
    let text = match std::env::var_os("GLOVE_RS_BENCH_TEXT") {
        Some(path) => std::fs::read(path).expect("the text can be read"),
        None => synthetic::text(4 * TOKENS, WORDS, 1).into_bytes(),
    };
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut encoder = flate2::write::GzEncoder::new(&mut file, flate2::Compression::default());
    io::copy(&mut &text[..], &mut encoder).expect("space for the packed text");
    encoder.finish().expect("space for the packed text");
    let mut group = criterion.benchmark_group("gzip");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(4))
        .throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("decompressor alone", |bencher| {
        bencher.iter(|| {
            let packed = std::fs::File::open(file.path()).expect("it was just written");
            let packed = BufReader::with_capacity(1 << 18, packed);
            io::copy(
                &mut BufReader::with_capacity(
                    1 << 18,
                    flate2::bufread::MultiGzDecoder::new(packed),
                ),
                &mut io::sink(),
            )
        });
    });
    let options = EncodingOptions::default();
    group.bench_function("RawCorpus::read/2 threads", |bencher| {
        threads::in_pool(2, || {
            bencher.iter(|| {
                let mut reader = FileReader::open(file.path()).expect("it was just written");
                let memory = MemoryLimit::default();
                RawCorpus::read(&mut reader, &options, &memory, &Monitor::new())
                    .expect("it is text")
            });
        })
        .expect("a pool of two threads");
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    tokenizing(&mut criterion);
    packed(&mut criterion);
    criterion.final_summary();
}
