//! Tests of `session`: a Rust program interrupts a training and resumes it from its checkpoint.

use glove_rs::cooccurrence::{CountingOptions, Triangle, count};
use glove_rs::corpus::InMemoryDocuments;
use glove_rs::encoding::{EncodingOptions, RawCorpus};
use glove_rs::formats::counts as counts_file;
use glove_rs::session::{Checkpoints, Session, Start, Trained};
use glove_rs::training::{EpochLog, TrainingOptions, TrainingState};
use glove_rs::{Error, MemoryLimit, Monitor, Result, Vocabulary, threads};
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

const DIM: usize = 12;
const EPOCHS: usize = 6;

/// The vocabulary and the counts of random documents of words w0, w1, …; words with low numbers are frequent.
fn counted() -> (Arc<Vocabulary>, Triangle) {
    let mut state = 7u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((state >> 33) as f64 / (1u64 << 31) as f64).powi(3)
    };
    let documents: Vec<String> = (0..100)
        .map(|_| {
            let mut text = String::new();
            for _ in 0..40 {
                let _ = write!(text, "w{} ", (next() * 120.0) as usize);
            }
            text
        })
        .collect();
    let encoding = EncodingOptions::default();
    let counting = CountingOptions {
        adjacent: true,
        ..CountingOptions::default()
    };
    let (memory, monitor) = (MemoryLimit::default(), Monitor::new());
    let counted: Result<_> = threads::in_pool(2, || {
        let mut reader = InMemoryDocuments::new(documents);
        let raw = RawCorpus::read(&mut reader, &encoding, &memory, &monitor)?;
        let vocabulary = raw.vocabulary(&encoding, &monitor)?;
        let mut corpus = raw.encode(&vocabulary, &encoding, &monitor)?;
        let counts = count(&mut corpus, vocabulary.len(), &counting, &memory, &monitor)?;
        Ok((Arc::new(vocabulary), counts))
    })
    .unwrap();
    counted.unwrap()
}

fn options() -> TrainingOptions {
    TrainingOptions {
        epochs: EPOCHS,
        learning_rate: 0.1,
        negative: 0.5,
        deterministic: true,
        seed: 3,
        ..TrainingOptions::default()
    }
}

fn session(vocabulary: &Arc<Vocabulary>, folder: &Path, every: usize) -> Session {
    Session {
        validation: Some(0.1),
        checkpoints: Some(Checkpoints {
            counts: Some(folder.join("counts")),
            every,
            settings: "seed 3".into(),
            ..Checkpoints::new(folder.join("state"))
        }),
        ..Session::new(vocabulary.clone(), DIM, options())
    }
}

fn run(
    session: &Session,
    counts: Arc<Triangle>,
    start: Start,
    mut after_epoch: impl FnMut(&TrainingState) -> Result<ControlFlow<()>> + Send,
) -> Result<Trained> {
    threads::in_pool(2, || {
        session.run(counts, start, &mut after_epoch, &Monitor::new())
    })
    .unwrap()
}

#[allow(clippy::unnecessary_wraps)] // callbacks return a `Result`
fn go_on(_: &TrainingState) -> Result<ControlFlow<()>> {
    Ok(ControlFlow::Continue(()))
}

/// Interrupt training after epoch 3, as Ctrl-C does.
fn interrupt(training: &TrainingState) -> Result<ControlFlow<()>> {
    match training.log.epochs {
        3 => Err(Error::Cancelled),
        _ => Ok(ControlFlow::Continue(())),
    }
}

fn losses(trained: &Trained) -> Vec<(usize, f64, Option<f64>)> {
    let reports = trained.reports.iter();
    reports
        .map(|report| (report.epoch, report.loss, report.validation))
        .collect()
}

#[test]
fn a_resumed_training_has_the_bits_of_an_uninterrupted_one() {
    for adjacent in [false, true] {
        assert_resumed_training_has_the_bits_of_an_uninterrupted_one(adjacent);
    }
}

fn assert_resumed_training_has_the_bits_of_an_uninterrupted_one(adjacent: bool) {
    let (vocabulary, counts) = counted();
    let counts = Arc::new(counts);
    let whole = run(
        &Session {
            validation: Some(0.1),
            adjacent,
            ..Session::new(vocabulary.clone(), DIM, options())
        },
        counts.clone(),
        Start::Random,
        go_on,
    )
    .unwrap();
    assert_eq!(whole.parameters.has_adjacent(), adjacent);
    assert_eq!(whole.parameters.shape(), [vocabulary.len(); 2]);
    assert!(whole.interrupted.is_none());
    assert_eq!(whole.reports.len(), EPOCHS);
    assert!(whole.reports[EPOCHS - 1].loss < whole.reports[0].loss);
    // With every = 2 the checkpoint is older than the interruption.
    for every in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let session = Session {
            adjacent,
            ..session(&vocabulary, folder.path(), every)
        };
        let part = run(&session, counts.clone(), Start::Random, interrupt).unwrap();
        assert!(matches!(part.interrupted, Some(Error::Cancelled)));
        assert_eq!(losses(&part), losses(&whole)[..3]);
        assert_ne!(part.parameters, whole.parameters);

        let (memory, monitor) = (MemoryLimit::default(), Monitor::new());
        let path = folder.path().join("counts");
        let saved = counts_file::load(path, None, &memory, &monitor).unwrap();
        assert!(*saved.vocabulary == *vocabulary);
        let start = Start::from_checkpoint(folder.path().join("state"), &Monitor::new()).unwrap();
        let Start::Resumed(training) = &start else {
            panic!("a checkpoint must resume a training");
        };
        assert_eq!(training.log.epochs, 4 - every);
        let rest = run(&session, Arc::new(saved.counts), start, go_on).unwrap();
        assert_eq!(losses(&rest), losses(&whole));
        assert_eq!(rest.parameters, whole.parameters);
    }
}

#[test]
fn checkpoints_after_every_zero_epochs_are_refused_before_anything_is_written() {
    let (vocabulary, counts) = counted();
    let folder = tempfile::tempdir().unwrap();
    let session = session(&vocabulary, folder.path(), 0);
    let refused = run(&session, Arc::new(counts), Start::Random, go_on);
    assert!(matches!(
        refused,
        Err(Error::Parameter {
            name: "checkpoint_every",
            ..
        })
    ));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn contexts_of_adjacent_words_serve_the_training_alone() {
    let (vocabulary, counts) = counted();
    let counts = Arc::new(counts);
    let train = |adjacent, start| {
        let session = Session {
            adjacent,
            ..Session::new(vocabulary.clone(), DIM, options())
        };
        run(&session, counts.clone(), start, go_on)
    };
    let [with, without] = [true, false].map(|adjacent| train(adjacent, Start::Random).unwrap());
    let words = vocabulary.len();
    for contexts in [false, true] {
        let (vectors, biases) = with.parameters.side(contexts, false).unwrap();
        assert_eq!([vectors.len(), biases.len()], [words * DIM, words]);
        assert_ne!(vectors, without.parameters.side(contexts, false).unwrap().0);
    }
    // A model can be trained again with contexts of adjacent words, which it does not have itself.
    let [values, accumulators] = [false, true].map(|sums| with.parameters.exported(sums).unwrap());
    let given = Start::Given {
        values: Box::new(values),
        accumulators: Box::new(accumulators),
        log: EpochLog::default(),
    };
    let again = train(true, given).unwrap();
    assert!(again.reports[EPOCHS - 1].data_loss < with.reports[0].data_loss);
    // A checkpoint with contexts of adjacent words cannot be continued without them.
    let folder = tempfile::tempdir().unwrap();
    let session = session(&vocabulary, folder.path(), 1);
    let first = Session {
        adjacent: true,
        ..session
    };
    run(&first, counts.clone(), Start::Random, interrupt).unwrap();
    let start = Start::from_checkpoint(folder.path().join("state"), &Monitor::new()).unwrap();
    let refused = run(
        &Session {
            adjacent: false,
            ..first
        },
        counts.clone(),
        start,
        go_on,
    );
    assert!(matches!(
        refused,
        Err(Error::Parameter {
            name: "parameters",
            ..
        })
    ));
}

#[test]
fn a_finished_training_has_nothing_left_to_do() {
    let (vocabulary, counts) = counted();
    let counts = Arc::new(counts);
    let folder = tempfile::tempdir().unwrap();
    let session = session(&vocabulary, folder.path(), 1);
    let trained = run(&session, counts.clone(), Start::Random, go_on).unwrap();
    let start = Start::from_checkpoint(folder.path().join("state"), &Monitor::new()).unwrap();
    let again = run(&session, counts, start, |_| panic!("no epoch is left")).unwrap();
    assert_eq!(again.parameters, trained.parameters);
    assert_eq!(losses(&again), losses(&trained));
}

#[test]
fn counts_are_kept_on_request_only() {
    for keep_counts in [false, true] {
        let (vocabulary, counts) = counted();
        let nnz = counts.nnz();
        let session = Session {
            keep_counts,
            ..Session::new(vocabulary, DIM, options())
        };
        let trained = run(&session, Arc::new(counts), Start::Random, go_on).unwrap();
        let kept = trained.counts.map(|counts| counts.nnz());
        assert_eq!(kept, keep_counts.then_some(nnz));
    }
}

#[test]
fn an_error_before_the_first_epoch_is_returned() {
    let (vocabulary, counts) = counted();
    let session = Session::new(vocabulary, 0, options());
    let refused = run(&session, Arc::new(counts), Start::Random, go_on);
    assert!(matches!(refused, Err(Error::Parameter { name: "dim", .. })));
}
