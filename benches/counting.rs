//! Measures tokens per second of counting, and the time to convert counts to the full matrix and to merge them.

mod synthetic;

use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput, measurement::WallTime,
};
use glove_rs::cooccurrence::{CountingOptions, Triangle, count};
use glove_rs::encoding::EncodedCorpus;
use glove_rs::{MemoryLimit, Monitor, WordId, threads};
use std::hint::black_box;
use std::time::Duration;

const TOKENS: usize = 1_000_000;
/// About three times `DENSE_WIDTH`, so that rows are summed in dense arrays and in hash tables.
const WORDS: usize = 200_000;

fn brief(group: &mut BenchmarkGroup<'_, WallTime>) {
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
}

fn counting(criterion: &mut Criterion) {
    let ids = synthetic::ranks(TOKENS, WORDS, 1);
    let every = threads::resolve(None).expect("a number of threads");
    let mut group = criterion.benchmark_group("counting");
    brief(&mut group);
    group.throughput(Throughput::Elements(TOKENS as u64));
    for (window, symmetric, threads) in [
        (5, true, every),
        (5, false, every),
        (15, true, every),
        (15, false, every),
        (15, true, 1),
    ] {
        let options = synthetic::counting(window, symmetric);
        let directions = if symmetric { "symmetric" } else { "one-way" };
        let id = BenchmarkId::new(
            format!("window {window} {directions}"),
            format!("{threads} thread{}", if threads == 1 { "" } else { "s" }),
        );
        group.bench_function(id, |bencher| {
            threads::in_pool(threads, || {
                bencher.iter_batched(
                    || EncodedCorpus::from_ranks(ids.clone()),
                    |corpus| counted(corpus, &options, &MemoryLimit::default()),
                    BatchSize::LargeInput,
                );
            })
            .expect("a pool of threads");
        });
    }
    group.finish();
}

fn to_csr(criterion: &mut Criterion) {
    let ids = synthetic::ranks(TOKENS, WORDS, 1);
    let mut group = criterion.benchmark_group("Triangle::to_csr");
    brief(&mut group);
    for symmetric in [true, false] {
        let options = synthetic::counting(15, symmetric);
        let corpus = EncodedCorpus::from_ranks(ids.clone());
        let counts = counted(corpus, &options, &MemoryLimit::default());
        group.throughput(Throughput::Elements(counts.nnz()));
        let name = if symmetric { "symmetric" } else { "one-way" };
        group.bench_function(name, |bencher| {
            bencher.iter_with_large_drop(|| black_box(&counts).to_csr(&Monitor::new()));
        });
    }
    group.finish();
}

/// Measures adding two matrices of counts, and counting under a memory limit that cuts the text into segments, whose
/// rows are then merged.
fn merging(criterion: &mut Criterion) {
    let every = threads::resolve(None).expect("a number of threads");
    let options = synthetic::counting(15, true);
    let mut group = criterion.benchmark_group("merging");
    brief(&mut group);
    let halves = [1, 2].map(|seed| synthetic::ranks(TOKENS / 2, WORDS, seed));
    let counts = halves.clone().map(|ids| {
        let corpus = EncodedCorpus::from_ranks(ids);
        counted(corpus, &options, &MemoryLimit::default())
    });
    let pairs = counts.iter().map(Triangle::pairs).sum();
    group.throughput(Throughput::Elements(pairs));
    let ranks: Vec<WordId> = (0..WORDS as WordId).collect();
    group.bench_function("Triangle::sum", |bencher| {
        threads::in_pool(every, || {
            let both = [&ranks[..]; 2];
            let parts = [(&counts[0], both, 1.0), (&counts[1], both, 1.0)];
            bencher.iter_with_large_drop(|| {
                Triangle::sum(WORDS, &parts, &Monitor::new()).expect("a sum")
            });
        })
        .expect("a pool of threads");
    });
    let limit = MemoryLimit::new(Some(8_000_000), None);
    group.throughput(Throughput::Elements(TOKENS as u64));
    group.bench_function("counting in segments", |bencher| {
        threads::in_pool(every, || {
            bencher.iter_batched(
                || EncodedCorpus::from_ranks(halves.concat()),
                |corpus| counted(corpus, &options, &limit),
                BatchSize::LargeInput,
            );
        })
        .expect("a pool of threads");
    });
    group.finish();
}

fn counted(mut corpus: EncodedCorpus, options: &CountingOptions, memory: &MemoryLimit) -> Triangle {
    let monitor = Monitor::new();
    count(black_box(&mut corpus), WORDS, options, memory, &monitor).expect("counts")
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    counting(&mut criterion);
    to_csr(&mut criterion);
    merging(&mut criterion);
    criterion.final_summary();
}
