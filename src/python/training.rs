//! Training for Python.

use super::cooccurrence::{CoreCooccurrence, in_own_pool};
use super::run::{Desk, run_with_errands};
use super::session::{CheckpointArguments, CoreCheckpoint, SessionArguments, show};
use super::vocabulary::RunningArguments;
use crate::cooccurrence::Triangle;
use crate::error::Error;
use crate::formats::counts as counts_file;
use crate::memory::MemoryLimit;
use crate::monitor::{EpochReport, Monitor};
use crate::threads;
use crate::training::{
    Anchor, Counts, Exported, Optimizer, Parameters, Progress, RateSchedule, SimdLevel,
    TileOptions, Tiles, Training, TrainingOptions, train_in_order,
};
use crate::vocabulary::Vocabulary;
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyDict;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The parameters of training, by their public names.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct TrainingArguments {
    x_max: f64,
    alpha: f64,
    learning_rate: f64,
    bias_learning_rate: f64,
    schedule: String,
    epochs: usize,
    optimizer: String,
    grad_clip: f64,
    negative: f64,
    negative_weight: f64,
    deterministic: bool,
    seed: u64,
}

impl TrainingArguments {
    pub fn options(&self) -> PyResult<TrainingOptions> {
        let options = TrainingOptions {
            x_max: self.x_max,
            alpha: self.alpha,
            learning_rate: self.learning_rate,
            bias_learning_rate: self.bias_learning_rate,
            schedule: RateSchedule::from_name(&self.schedule)?,
            epochs: self.epochs,
            optimizer: Optimizer::from_name(&self.optimizer)?,
            grad_clip: self.grad_clip,
            negative: self.negative,
            negative_weight: self.negative_weight,
            deterministic: self.deterministic,
            seed: self.seed,
            ..TrainingOptions::default()
        };
        options.validate()?;
        Ok(options)
    }
}

/// Parameters to start from, by their public names, and how far they have been trained.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
#[allow(non_snake_case)]
pub struct StartArguments<'py> {
    W: PyReadonlyArray2<'py, f32>,
    W_tilde: PyReadonlyArray2<'py, f32>,
    b: PyReadonlyArray1<'py, f32>,
    b_tilde: PyReadonlyArray1<'py, f32>,
    G_W: PyReadonlyArray2<'py, f32>,
    G_W_tilde: PyReadonlyArray2<'py, f32>,
    G_b: PyReadonlyArray1<'py, f32>,
    G_b_tilde: PyReadonlyArray1<'py, f32>,
    epochs_done: usize,
    halvings: usize,
}

impl StartArguments<'_> {
    /// Parameters and accumulators.
    fn arrays(&self, words: usize, dim: usize) -> PyResult<[Exported; 2]> {
        for array in [&self.W, &self.W_tilde, &self.G_W, &self.G_W_tilde] {
            if array.shape() != [words, dim] {
                let message = format!(
                    "must have arrays of shape ({words}, {dim}), got {:?}",
                    array.shape()
                );
                return Err(Error::parameter("start", message).into());
            }
        }
        Ok([
            exported(&self.W, &self.W_tilde, &self.b, &self.b_tilde)?,
            exported(&self.G_W, &self.G_W_tilde, &self.G_b, &self.G_b_tilde)?,
        ])
    }

    fn progress(&self) -> Progress {
        Progress {
            epochs: self.epochs_done,
            halvings: self.halvings,
            hopeless: None,
        }
    }
}

fn exported(
    w: &PyReadonlyArray2<'_, f32>,
    w_tilde: &PyReadonlyArray2<'_, f32>,
    b: &PyReadonlyArray1<'_, f32>,
    b_tilde: &PyReadonlyArray1<'_, f32>,
) -> PyResult<Exported> {
    Ok(Exported {
        w: w.as_slice()?.to_vec(),
        w_tilde: w_tilde.as_slice()?.to_vec(),
        b: b.as_slice()?.to_vec(),
        b_tilde: b_tilde.as_slice()?.to_vec(),
    })
}

/// Where training begins.
#[derive(FromPyObject)]
pub enum Start<'py> {
    /// Where another left off.
    Checkpoint(Bound<'py, CoreCheckpoint>),
    /// At given parameters.
    Arrays(StartArguments<'py>),
}

/// One epoch: number, loss, seconds, records per second.
type Epoch = (usize, f64, f64, f64);

/// What training made.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreParameters {
    numbers: Mutex<Numbers>,
    /// Per epoch: epoch, loss, seconds, records_per_second.
    #[pyo3(get)]
    history: Vec<Epoch>,
    /// Per epoch: the loss on the records held out, if there are any.
    #[pyo3(get)]
    validation: Vec<Option<f64>>,
    /// The counts, if they were to be kept.
    #[pyo3(get)]
    counts: Option<Py<CoreCooccurrence>>,
}

/// Parameters, until they are asked for: what Ctrl-C leaves behind must not take time.
enum Numbers {
    Held(Parameters),
    Given(Py<PyDict>, Py<PyDict>),
}

impl CoreParameters {
    fn given<'py>(&self, py: Python<'py>) -> PyResult<[Bound<'py, PyDict>; 2]> {
        let mut numbers = self
            .numbers
            .lock_py_attached(py)
            .unwrap_or_else(PoisonError::into_inner);
        if let Numbers::Held(parameters) = &*numbers {
            let made = in_own_pool(py, |_| {
                Ok([parameters.exported(false)?, parameters.exported(true)?])
            })?;
            let (arrays, addresses) = arrays(py, parameters.dim(), made)?;
            *numbers = Numbers::Given(arrays.unbind(), addresses.unbind());
        }
        match &*numbers {
            Numbers::Given(arrays, addresses) => Ok([
                arrays.clone_ref(py).into_bound(py),
                addresses.clone_ref(py).into_bound(py),
            ]),
            Numbers::Held(_) => unreachable!("given away above"),
        }
    }
}

#[pymethods]
impl CoreParameters {
    /// W, W̃: (V, dim); b, b̃: (V,); and the accumulators G of the same: arrays whose memory is what
    /// the core filled.
    #[getter]
    fn arrays<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.given(py).map(|[arrays, _]| arrays)
    }

    /// Where the core had each array's numbers before it gave them away.
    #[getter]
    fn addresses<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.given(py).map(|[_, addresses]| addresses)
    }
}

/// Arrays by their public names, and the addresses of their numbers.
fn arrays(
    py: Python<'_>,
    dim: usize,
    made: [Exported; 2],
) -> PyResult<(Bound<'_, PyDict>, Bound<'_, PyDict>)> {
    let (arrays, addresses) = (PyDict::new(py), PyDict::new(py));
    for (prefix, from) in ["", "G_"].into_iter().zip(made) {
        for (name, vectors) in [("W", from.w), ("W_tilde", from.w_tilde)] {
            let name = format!("{prefix}{name}");
            addresses.set_item(&name, vectors.as_ptr() as usize)?;
            let rows = vectors.len() / dim;
            let array = PyArray1::from_vec(py, vectors).reshape([rows, dim])?;
            arrays.set_item(&name, array)?;
        }
        for (name, biases) in [("b", from.b), ("b_tilde", from.b_tilde)] {
            let name = format!("{prefix}{name}");
            addresses.set_item(&name, biases.as_ptr() as usize)?;
            arrays.set_item(&name, PyArray1::from_vec(py, biases))?;
        }
    }
    Ok((arrays, addresses))
}

/// Refuse parameters that cannot be trained with, before the text is read.
#[pyfunction]
pub fn check_training(training: TrainingArguments) -> PyResult<()> {
    training.options().map(|_| ())
}

/// Train on counts from random parameters, or from those of `start` on; `consume` gives the counts'
/// memory back while tiles are made.
///
/// `start` is a checkpoint, or holds parameters and accumulators by the names of
/// `CoreParameters.arrays`, `epochs_done` and `halvings` of the learning rate; training then runs
/// epochs `epochs_done + 1` to `epochs`.
#[pyfunction]
#[pyo3(signature = (counts, dim, training, running, progress, consume, start=None, session=None))]
#[allow(clippy::too_many_arguments)]
pub fn train(
    py: Python<'_>,
    counts: &Bound<'_, CoreCooccurrence>,
    dim: usize,
    training: TrainingArguments,
    running: RunningArguments,
    progress: Option<&Bound<'_, PyAny>>,
    consume: bool,
    start: Option<Start<'_>>,
    session: Option<SessionArguments<'_>>,
) -> PyResult<CoreParameters> {
    let session = session.unwrap_or_default();
    let mut options = training.options()?;
    options.patience = session.early_stopping;
    options.deadline = match session.max_seconds.map(Duration::try_from_secs_f64) {
        Some(Ok(limit)) => Instant::now().checked_add(limit),
        _ => None,
    };
    let (threads, memory) = running.resolve()?;
    if dim == 0 {
        return Err(Error::parameter("dim", "must be at least 1, got 0").into());
    }
    let (vocabulary, rare) = (counts.get().vocabulary.clone(), counts.get().rare.clone());
    let counts = if consume {
        counts.get().take()?
    } else {
        counts.get().counts()?
    };
    if counts.pairs() == 0 {
        return Err(Error::Corpus(
            "there are no pairs of words to train on: every document has fewer than two words of \
             the vocabulary (see min_count and max_vocab)"
                .into(),
        )
        .into());
    }
    let words = counts.words;
    let begin = match start {
        None => Begin::Random,
        Some(Start::Checkpoint(checkpoint)) => Begin::At(Box::new(checkpoint.get().take()?)),
        Some(Start::Arrays(start)) => {
            Begin::From(Box::new(start.arrays(words, dim)?), start.progress())
        }
    };
    let anchor = match session.init {
        Some(init) => Some(init.anchor(words, dim)?),
        None => None,
    };
    let job = Job {
        vocabulary,
        rare,
        words,
        dim,
        options,
        memory,
        share: session.validation.unwrap_or(0.0),
        checkpoint: session.checkpoint,
        callback: session.callback.map(Arc::new),
        keep_counts: session.keep_counts,
    };
    let mut made = None;
    let trained = run_with_errands(py, progress, None, |monitor, desk| {
        threads::in_pool(threads, || {
            job.run(counts, begin, anchor, &mut made, monitor, desk)
        })?
    });
    let made = made.map(|made| job.parameters(py, made)).transpose()?;
    match (trained, made) {
        (Ok(()), Some(made)) => Ok(made),
        (Err(error), Some(made)) => {
            if let Some(rescue) = session.rescue {
                rescue.call1(py, (made,))?;
            }
            Err(error)
        }
        (trained, None) => Err(trained.err().unwrap_or_else(|| Error::Cancelled.into())),
    }
}

/// What training begins with.
enum Begin {
    /// Random parameters.
    Random,
    /// Given parameters and accumulators.
    From(Box<[Exported; 2]>, Progress),
    /// All that another training left.
    At(Box<Training>),
}

/// A call of [`train`], for the worker.
struct Job {
    vocabulary: Arc<Vocabulary>,
    rare: Arc<Vocabulary>,
    words: usize,
    dim: usize,
    options: TrainingOptions,
    memory: MemoryLimit,
    share: f64,
    checkpoint: Option<CheckpointArguments>,
    callback: Option<Arc<Py<PyAny>>>,
    keep_counts: bool,
}

/// What a [`Job`] leaves: parameters, reports of all epochs, and the counts if they are kept.
struct Made(Parameters, Vec<EpochReport>, Option<Arc<Triangle>>);

impl Job {
    /// Train. `made` is filled by a training that ends well, and by one that is interrupted after it
    /// finished an epoch.
    fn run(
        &self,
        counts: Arc<Triangle>,
        begin: Begin,
        anchor: Option<Anchor>,
        made: &mut Option<Made>,
        monitor: &Monitor,
        desk: &Desk,
    ) -> crate::Result<()> {
        if let Some(path) = self.checkpoint.as_ref().and_then(|c| c.counts.as_ref()) {
            counts_file::save(&counts, &self.vocabulary, &self.rare, path, true, monitor)?;
        }
        let mut shared = None;
        let mut counts = match Arc::try_unwrap(counts) {
            Ok(owned) if self.keep_counts => Counts::Packed(owned),
            Ok(owned) => Counts::Owned(owned),
            Err(counts) => Counts::Borrowed(shared.insert(counts)),
        };
        let mut tiles = None;
        if matches!(&begin, Begin::At(training) if training.is_finished(&self.options)) {
            counts.done_from(0)?;
        } else {
            tiles = Some(self.tiles(&mut counts, monitor)?);
        }
        let packed = match counts {
            Counts::Packed(counts) => Some(Arc::new(counts)),
            _ => None,
        };
        let kept = packed.or(shared).filter(|_| self.keep_counts);
        let resumed = matches!(begin, Begin::At(_));
        let mut training = self.begin(begin, anchor, monitor)?;
        let first = training.progress.epochs;
        let trained = match tiles {
            Some(tiles) => self.train(&mut training, &tiles, resumed, monitor, desk),
            None => Ok(()),
        };
        let interrupted = match &trained {
            Ok(()) => false,
            Err(Error::Diverged { .. }) => return trained,
            Err(_) if training.progress.epochs == first => return trained,
            Err(_) => true,
        };
        let reports = std::mem::take(&mut training.reports);
        let parameters = if interrupted {
            training.parameters
        } else {
            training.into_best()
        };
        *made = Some(Made(parameters, reports, kept));
        trained
    }

    fn tiles(&self, counts: &mut Counts<'_>, monitor: &Monitor) -> crate::Result<Tiles> {
        let options = TileOptions {
            held_out: self.share,
            ..TileOptions::new(self.dim, &self.options)
        };
        Tiles::new(counts, &options, &self.memory, monitor)
    }

    fn begin(
        &self,
        begin: Begin,
        anchor: Option<Anchor>,
        monitor: &Monitor,
    ) -> crate::Result<Training> {
        let (parameters, progress) = match begin {
            Begin::At(training) => return Ok(*training),
            Begin::From(arrays, progress) => {
                let [values, sums] = *arrays;
                let given = Parameters::from_exported(self.words, self.dim, &values, &sums)?;
                (given, progress)
            }
            Begin::Random => {
                let mut random =
                    Parameters::random(self.words, self.dim, self.options.seed, monitor)?;
                if let Some(anchor) = &anchor {
                    anchor.place(&mut random);
                }
                (random, Progress::default())
            }
        };
        Ok(Training {
            progress,
            anchor: anchor.filter(|anchor| anchor.weight > 0.0),
            ..Training::new(parameters)
        })
    }

    /// Run the epochs, with checkpoints and the callback between them.
    fn train(
        &self,
        training: &mut Training,
        tiles: &Tiles,
        resumed: bool,
        monitor: &Monitor,
        desk: &Desk,
    ) -> crate::Result<()> {
        if let (Some(checkpoint), false) = (&self.checkpoint, resumed) {
            checkpoint.save(training, monitor)?;
        }
        let mut saved = training.progress.epochs;
        let mut after_epoch = |training: &Training| {
            if let Some(checkpoint) = &self.checkpoint
                && training.progress.epochs.is_multiple_of(checkpoint.every)
            {
                checkpoint.save(training, monitor)?;
                saved = training.progress.epochs;
            }
            match &self.callback {
                Some(callback) => show(desk, callback, training),
                None => Ok(ControlFlow::Continue(())),
            }
        };
        training.run(tiles, &self.options, &mut after_epoch, monitor)?;
        match &self.checkpoint {
            Some(last) if saved != training.progress.epochs => last.save(training, monitor),
            _ => Ok(()),
        }
    }

    fn parameters(&self, py: Python<'_>, made: Made) -> PyResult<CoreParameters> {
        let Made(parameters, reports, counts) = made;
        let counts = counts.map(|counts| {
            let (vocabulary, rare) = (self.vocabulary.clone(), self.rare.clone());
            let memory = self.memory.clone();
            Py::new(
                py,
                CoreCooccurrence::with_rare(vocabulary, rare, counts, memory),
            )
        });
        Ok(CoreParameters {
            numbers: Mutex::new(Numbers::Held(parameters)),
            history: reports
                .iter()
                .map(|r| (r.epoch, r.loss, r.seconds, r.records_per_second))
                .collect(),
            validation: reports.iter().map(|r| r.validation).collect(),
            counts: counts.transpose()?,
        })
    }
}

/// Train copies of the arrays on the records, one after the other, on one thread, with the
/// production kernel: the arithmetic of DESIGN section 2 itself.
#[pyfunction]
#[pyo3(signature = (row, col, x, W, W_tilde, b, b_tilde, G_W, G_W_tilde, G_b, G_b_tilde, *,
    x_max, alpha, learning_rate, grad_clip, optimizer="adagrad", epochs=1, simd=None,
    bias_learning_rate=1.0, unseen_weight=None))]
#[allow(non_snake_case, clippy::too_many_arguments)]
pub fn train_records<'py>(
    py: Python<'py>,
    row: PyReadonlyArray1<'py, i32>,
    col: PyReadonlyArray1<'py, i32>,
    x: PyReadonlyArray1<'py, f64>,
    W: PyReadonlyArray2<'py, f32>,
    W_tilde: PyReadonlyArray2<'py, f32>,
    b: PyReadonlyArray1<'py, f32>,
    b_tilde: PyReadonlyArray1<'py, f32>,
    G_W: PyReadonlyArray2<'py, f32>,
    G_W_tilde: PyReadonlyArray2<'py, f32>,
    G_b: PyReadonlyArray1<'py, f32>,
    G_b_tilde: PyReadonlyArray1<'py, f32>,
    x_max: f64,
    alpha: f64,
    learning_rate: f64,
    grad_clip: f64,
    optimizer: &str,
    epochs: usize,
    simd: Option<&str>,
    bias_learning_rate: f64,
    unseen_weight: Option<f32>,
) -> PyResult<Bound<'py, PyDict>> {
    let options = TrainingOptions {
        x_max,
        alpha,
        learning_rate,
        bias_learning_rate,
        epochs,
        optimizer: Optimizer::from_name(optimizer)?,
        grad_clip,
        ..Default::default()
    };
    let level = match simd {
        Some(name) => SimdLevel::from_name(name)?,
        None => SimdLevel::active()?,
    };
    let (words, dim) = (W.shape()[0], W.shape()[1]);
    let values = exported(&W, &W_tilde, &b, &b_tilde)?;
    let accumulators = exported(&G_W, &G_W_tilde, &G_b, &G_b_tilde)?;
    let (row, col, x) = (row.as_slice()?, col.as_slice()?, x.as_slice()?);
    if row.len() != col.len() || row.len() != x.len() {
        let message = "must be as long as col and x";
        return Err(Error::parameter("row", message).into());
    }
    let records: Vec<_> = row
        .iter()
        .zip(col)
        .zip(x)
        // A negative index becomes one that is out of range.
        .map(|((&i, &j), &x)| (i as u32, j as u32, x))
        .collect();
    let (made, losses) = py.detach(|| {
        threads::in_pool(1, || {
            let mut parameters = Parameters::from_exported(words, dim, &values, &accumulators)?;
            let losses = train_in_order(&mut parameters, &records, &options, unseen_weight, level)?;
            crate::Result::Ok((
                [parameters.exported(false)?, parameters.exported(true)?],
                losses,
            ))
        })?
    })?;
    let (arrays, _) = arrays(py, dim, made)?;
    arrays.set_item("losses", losses)?;
    Ok(arrays)
}

/// Return the instruction set that training uses: "avx512", "avx2", "neon" or "portable".
///
/// It is the fastest that the machine has, or the one that the environment variable
/// ``GLOVE_RS_SIMD`` names when it is first asked for in a process.
///
/// Raises
/// ------
/// ValueError
///     If ``GLOVE_RS_SIMD`` names none that this machine has; the message lists those.
///
/// Examples
/// --------
/// >>> import glove_rs
/// >>> glove_rs.simd_level() in ("avx512", "avx2", "neon", "portable")
/// True
#[pyfunction]
pub fn simd_level() -> PyResult<&'static str> {
    Ok(SimdLevel::active()?.name())
}

/// The instruction sets that this machine has, the fastest first.
#[pyfunction]
pub fn simd_levels() -> Vec<&'static str> {
    SimdLevel::usable()
        .into_iter()
        .map(SimdLevel::name)
        .collect()
}
