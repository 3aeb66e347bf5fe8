//! Tokens per second of counting, and what the full matrix costs.

mod synthetic;

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, measurement::WallTime};
use glove_rs::cooccurrence::count;
use glove_rs::{Monitor, threads};
use std::hint::black_box;
use std::time::Duration;

const TOKENS: usize = 1_000_000;
/// Three times `DENSE_WIDTH`, so that both kinds of row are summed.
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
                bencher.iter(|| count(black_box(&ids), WORDS, &options, &Monitor::new()));
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
        let counts = count(&ids, WORDS, &options, &Monitor::new()).expect("counts");
        group.throughput(Throughput::Elements(counts.totals().0));
        let name = if symmetric { "symmetric" } else { "one-way" };
        group.bench_function(name, |bencher| {
            bencher.iter_with_large_drop(|| black_box(&counts).to_csr());
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    counting(&mut criterion);
    to_csr(&mut criterion);
    criterion.final_summary();
}
