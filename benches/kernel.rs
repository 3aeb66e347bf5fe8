//! Measures records per second of training: building tiles, whole epochs over them, and the arithmetic of each SIMD
//! level alone. The epochs of row-wise AdaGrad have mini-batches.

mod synthetic;

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, measurement::WallTime};
use glove_rs::cooccurrence::{Triangle, count};
use glove_rs::encoding::EncodedCorpus;
use glove_rs::training::{
    Counts, Optimizer, Parameters, RowLayout, SimdLevel, TileOptions, Tiles, TrainingOptions,
    train, train_in_order,
};
use glove_rs::{MemoryLimit, Monitor, WordId, threads};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::time::{Duration, Instant};

const DIMS: [usize; 3] = [50, 100, 300];
const OPTIMIZERS: [(&str, Optimizer); 3] = [
    ("adagrad", Optimizer::AdaGrad),
    ("rowwise_adagrad", Optimizer::RowwiseAdaGrad),
    ("sgd", Optimizer::Sgd),
];

/// The word and context rows of 20,000 words have at least 8 MB at dim 50, and 48 MB at dim 300. At both dims they do not
/// fit into an L2 cache. At dim 300 they do not fit into an L3 cache of 32 MB.
const WORDS: usize = 20_000;
const TOKENS: usize = 300_000;

/// Number of bytes of the rows that the benchmark of a SIMD level trains. They fill half of an L2 cache of 1 MiB, so
/// that they stay in it, as the rows of one tile do in training.
const TILE_BYTES: usize = 1 << 19;
const TILE_RECORDS: usize = 100_000;

fn brief(group: &mut BenchmarkGroup<'_, WallTime>, records: u64) {
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .throughput(Throughput::Elements(records));
}

fn options(optimizer: Optimizer, epochs: usize) -> TrainingOptions {
    TrainingOptions {
        x_max: 10.0,
        // SGD diverges with the learning rate of AdaGrad.
        learning_rate: match optimizer {
            Optimizer::AdaGrad | Optimizer::RowwiseAdaGrad => 0.05,
            Optimizer::Sgd => 0.005,
        },
        optimizer,
        epochs,
        ..TrainingOptions::default()
    }
}

/// Measures building the tiles on all threads, without negative pairs and with one for each record.
fn tiles(criterion: &mut Criterion) {
    let counts = counts();
    let threads = threads::resolve(None).expect("a number of threads");
    let mut group = criterion.benchmark_group(format!("tiles, threads={threads}"));
    brief(&mut group, counts.nnz());
    for (name, optimizer) in &OPTIMIZERS[..2] {
        for negative in [0.0, 1.0] {
            let training = TrainingOptions {
                negative,
                ..options(*optimizer, 1)
            };
            let options = TileOptions::new(100, &training);
            let id = BenchmarkId::new(*name, format!("negative {negative}"));
            group.bench_function(id, |bencher| {
                let build = || {
                    let (memory, monitor) = (MemoryLimit::default(), Monitor::new());
                    Tiles::new(&mut Counts::Borrowed(&counts), &options, &memory, &monitor)
                };
                let all = || bencher.iter(|| build().expect("tiles"));
                threads::in_pool(threads, all).expect("a pool of threads");
            });
        }
    }
    group.finish();
}

fn counts() -> Triangle {
    let ids = synthetic::ranks(TOKENS, WORDS, 1);
    let mut corpus = EncodedCorpus::from_ranks(ids);
    let (counting, memory) = (synthetic::counting(15, true), MemoryLimit::default());
    count(&mut corpus, WORDS, &counting, &memory, &Monitor::new()).expect("counts")
}

/// Measures epochs of `train` on all threads, at the SIMD level of this machine. The first epoch is not measured: its
/// batches are shorter than those of later epochs.
fn epochs(criterion: &mut Criterion) {
    let counts = counts();
    let threads = threads::resolve(None).expect("a number of threads");
    let level = SimdLevel::active().expect("a SIMD level").name();
    let mut group = criterion.benchmark_group(format!("epoch, {level}, threads={threads}"));
    brief(&mut group, counts.nnz());
    for dim in DIMS {
        for (name, optimizer) in OPTIMIZERS {
            group.bench_function(BenchmarkId::new(name, format!("dim {dim}")), |bencher| {
                threads::in_pool(threads, || {
                    let (mut parameters, tiles) = prepare(&counts, dim, optimizer);
                    bencher.iter_custom(|times| {
                        let options = options(optimizer, 1 + times as usize);
                        let reports = train(&mut parameters, &tiles, &options, &Monitor::new())
                            .expect("reports");
                        assert!(reports.iter().all(|report| report.loss.is_finite()));
                        let seconds = reports[1..].iter().map(|report| report.seconds).sum();
                        Duration::from_secs_f64(seconds)
                    });
                })
                .expect("a pool of threads");
            });
        }
    }
    group.finish();
}

fn prepare(counts: &Triangle, dim: usize, optimizer: Optimizer) -> (Parameters, Tiles) {
    let options = TileOptions::new(dim, &options(optimizer, 1));
    let parameters = Parameters::random(counts.words, options.layout, 0, &Monitor::new());
    let parameters = parameters.expect("parameters");
    let (mut counts, memory) = (Counts::Borrowed(counts), MemoryLimit::default());
    let tiles = Tiles::new(&mut counts, &options, &memory, &Monitor::new()).expect("tiles");
    (parameters, tiles)
}

/// Measures the arithmetic alone, on one thread, with records in the order given, at each SIMD level of this machine.
fn levels(criterion: &mut Criterion) {
    for level in SimdLevel::usable() {
        let mut group = criterion.benchmark_group(format!("kernel, {}", level.name()));
        brief(&mut group, TILE_RECORDS as u64);
        for dim in DIMS {
            for (name, optimizer) in OPTIMIZERS {
                let layout = RowLayout::new(dim, optimizer);
                let words = TILE_BYTES / 2 / layout.bytes();
                let records = records(words);
                let mut parameters =
                    Parameters::random(words, layout, 0, &Monitor::new()).expect("parameters");
                let mut time = |epochs: usize| {
                    let start = Instant::now();
                    let losses = train_in_order(
                        &mut parameters,
                        &records,
                        &options(optimizer, epochs),
                        None,
                        level,
                    )
                    .expect("losses");
                    let elapsed = start.elapsed();
                    assert!(losses.iter().all(|loss| loss.is_finite()));
                    elapsed
                };
                group.bench_function(BenchmarkId::new(name, format!("dim {dim}")), |bencher| {
                    // Each call first packs the records. So the time of a call with one epoch is subtracted.
                    bencher.iter_custom(|times| {
                        let packing = time(1);
                        time(1 + times as usize).saturating_sub(packing)
                    });
                });
            }
        }
        group.finish();
    }
}

/// Records of a tile: random pairs of its words. Most counts are small, as in real text.
fn records(words: usize) -> Vec<(WordId, WordId, f64)> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let word = |uniform: f64| (uniform * words as f64) as WordId;
    (0..TILE_RECORDS)
        .map(|_| {
            let x = 0.07 * 1000f64.powf(rng.random::<f64>().powi(2));
            (word(rng.random()), word(rng.random()), x)
        })
        .collect()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    tiles(&mut criterion);
    epochs(&mut criterion);
    levels(&mut criterion);
    criterion.final_summary();
}
