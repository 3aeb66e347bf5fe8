//! Measures numbers per second of writing vectors as text and of reading them again.
//!
//! The files are written to the temporary folder of the system. The time of writing includes the
//! wait until the file is on the disk. With `TMPDIR=/dev/shm`, the files are in memory, and no disk
//! is measured.

use criterion::{BenchmarkId, Criterion, Throughput};
use glove_rs::formats::write::{Layout, save};
use glove_rs::formats::{LoadOptions, LoadedVectors, load};
use glove_rs::{Monitor, threads};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::hint::black_box;
use std::time::Duration;

const WORDS: usize = 20_000;
const DIM: usize = 300;

/// How numbers are written: with the fewest digits that give the same f32 when they are read, or with six decimals.
const LAYOUTS: [(&str, Layout); 2] = [
    ("shortest", Layout::Headless),
    ("six decimals", Layout::SixDecimals),
];

fn text(criterion: &mut Criterion) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let words: Vec<String> = (0..WORDS).map(|i| format!("word{i}")).collect();
    let vectors: Vec<f32> = (0..WORDS * DIM)
        .map(|_| (0..4).map(|_| random.random::<f32>() - 0.5).sum())
        .collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vectors.txt");
    for processors in [1, 2] {
        let mut group = criterion.benchmark_group(format!("vectors as text, {processors} threads"));
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2))
            .throughput(Throughput::Elements(vectors.len() as u64));
        for (name, layout) in LAYOUTS {
            let write = || save(&path, &words, &vectors, DIM, layout, &Monitor::new());
            group.bench_function(BenchmarkId::new("save", name), |bencher| {
                let all = || bencher.iter(|| write().expect("space for the vectors"));
                threads::in_pool(processors, all).expect("a pool");
            });
            write().expect("space for the vectors");
            group.bench_function(BenchmarkId::new("load", name), |bencher| {
                let read = || -> LoadedVectors<f32> {
                    load(&path, LoadOptions::default(), &Monitor::new()).expect("it was written")
                };
                let all = || bencher.iter(|| black_box(read()));
                threads::in_pool(processors, all).expect("a pool");
            });
        }
        group.finish();
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    text(&mut criterion);
    criterion.final_summary();
}
