//! The steps of distributed training and its history, for Python. Each step is a pure function of its
//! arguments, except that training a block changes the rows of the block in place.

use super::arguments::RunningArguments;
use super::cooccurrence::CoreCooccurrence;
use super::run::{run, run_in_pool};
use super::session::InitArguments;
use super::shards::CoreGroupCounts;
use super::training::TrainingArguments;
use crate::distributed::{self, EpochStep, GroupCounts, MatrixBlock, Subepoch};
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use crate::partition::Partition;
use crate::report::{EpochCosts, EpochReport};
use crate::threads;
use crate::training::{
    History, Marginal, Optimizer, Parameters, RowLayout, TileOptions, Tiles, TrainingOptions,
    check_enough_records, deadline, held_out_fraction, marginals,
};
use numpy::{
    PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadwriteArray2,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// For each word, the number of records in its row plus the number of records in its column (V,), and the sum
/// of its row and the sum of its column (V, 2).
type Marginals<'py> = (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray2<f64>>);

/// The marginals of the records whose row is in the group of `counts`. The marginals of all groups add up to
/// those of the matrix.
#[pyfunction]
pub fn group_marginals<'py>(
    py: Python<'py>,
    counts: &Bound<'py, CoreGroupCounts>,
    threads: usize,
) -> PyResult<Marginals<'py>> {
    let counts = &counts.get().counts;
    let marginals = py.detach(|| {
        threads::in_pool(threads, || {
            marginals(counts, counts.partition, counts.group)
        })?
    })?;
    let records = marginals.iter().map(|marginal| marginal.records).collect();
    let sums: Vec<f64> = marginals
        .iter()
        .flat_map(|marginal| marginal.sums)
        .collect();
    Ok((
        PyArray1::from_vec(py, records),
        PyArray1::from_vec(py, sums).reshape([marginals.len(), 2])?,
    ))
}

/// Split counts into the counts of each group of words.
#[pyfunction]
pub fn split_counts(
    py: Python<'_>,
    counts: &Bound<'_, CoreCooccurrence>,
    groups: usize,
) -> PyResult<Vec<CoreGroupCounts>> {
    let counts = counts.get().counts()?;
    let group_counts = run_in_pool(py, |monitor| {
        let partition = Partition::new(counts.words, groups);
        (0..groups)
            .map(|group| GroupCounts::of(&counts, partition, group, monitor))
            .collect::<Result<Vec<_>>>()
    })?;
    Ok(group_counts
        .into_iter()
        .map(CoreGroupCounts::from)
        .collect())
}

/// The ranks of the words of a group, in the order of its rows.
#[pyfunction]
pub fn group_ranks(
    py: Python<'_>,
    words: usize,
    groups: usize,
    group: usize,
) -> Bound<'_, PyArray1<u32>> {
    PyArray1::from_vec(py, ranks(words, groups, group))
}

fn ranks(words: usize, groups: usize, group: usize) -> Vec<u32> {
    let partition = Partition::new(words, groups);
    partition
        .group(group)
        .map(|id| partition.rank(id))
        .collect()
}

/// The parameters of a group at the start of the training: rows of W with b, and rows of W̃ with b̃, with
/// their accumulators, in the core's layout. `init` numbers words by their position in the group.
#[pyfunction]
#[pyo3(signature = (words, groups, group, dim, optimizer, seed, init, threads))]
#[allow(clippy::too_many_arguments)]
pub fn start_rows<'py>(
    py: Python<'py>,
    words: usize,
    groups: usize,
    group: usize,
    dim: usize,
    optimizer: &str,
    seed: u64,
    init: Option<InitArguments<'py>>,
    threads: usize,
) -> PyResult<[Bound<'py, PyArray2<f32>>; 2]> {
    let ranks = ranks(words, groups, group);
    let layout = RowLayout::new(dim, Optimizer::from_name(optimizer)?);
    let anchor = match init {
        Some(init) => Some(init.anchor(ranks.len(), dim)?),
        None => None,
    };
    let parameters = py.detach(|| {
        threads::in_pool(threads, || {
            let mut random = Parameters::random_of(&ranks, layout, seed, &Monitor::new())?;
            if let Some(anchor) = &anchor {
                anchor.initialize(&mut random);
            }
            Result::Ok(random)
        })?
    })?;
    let floats = layout.bytes() / size_of::<f32>();
    let rows = |contexts| {
        PyArray1::from_slice(py, parameters.rows_of(contexts)).reshape([ranks.len(), floats])
    };
    Ok([rows(false)?, rows(true)?])
}

/// Vectors, biases, accumulators of the vectors, and accumulators of the biases.
type RowArrays<'py> = (
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray1<f32>>,
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray1<f32>>,
);

/// The vectors, the biases and their accumulators in rows of W or, if `contexts`, of W̃.
#[pyfunction]
pub fn row_arrays<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
    dim: usize,
    optimizer: &str,
    contexts: bool,
) -> PyResult<RowArrays<'py>> {
    let rows = rows.as_slice()?;
    let layout = RowLayout::new(dim, Optimizer::from_name(optimizer)?);
    let [(w, b), (g_w, g_b)] = run_in_pool(py, |_| Parameters::row_arrays(rows, layout, contexts))?;
    let vectors = |vectors: Vec<f32>, width: usize| {
        let shape = [vectors.len() / width, width];
        PyArray1::from_vec(py, vectors).reshape(shape)
    };
    Ok((
        vectors(w, dim)?,
        PyArray1::from_vec(py, b),
        vectors(g_w, layout.accumulators_per_vector())?,
        PyArray1::from_vec(py, g_b),
    ))
}

/// The fields of [`Subepoch`].
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct SubepochArguments {
    epoch: usize,
    halvings: usize,
    divergence_cost: f64,
    cycle: usize,
    cycles: usize,
    last: bool,
}

impl From<SubepochArguments> for Subepoch {
    fn from(arguments: SubepochArguments) -> Self {
        Self {
            epoch: arguments.epoch,
            halvings: arguments.halvings,
            divergence_cost: arguments.divergence_cost,
            cycle: arguments.cycle,
            cycles: arguments.cycles,
            last: arguments.last,
        }
    }
}

/// The subepochs of an epoch, in order: cycle, number of cycles, shift, and whether it is the last one.
#[pyfunction]
pub fn subepochs(groups: usize) -> Vec<(usize, usize, usize, bool)> {
    let step = |step: EpochStep| (step.cycle, step.cycles, step.shift, step.last);
    distributed::subepochs(groups).map(step).collect()
}

/// The tiles of the records whose rows are the words of a group.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreTiles {
    tiles: Tiles,
}

impl CoreTiles {
    fn block<'a>(&'a self, columns: usize, options: &'a TrainingOptions) -> MatrixBlock<'a> {
        MatrixBlock {
            tiles: &self.tiles,
            columns,
            options,
        }
    }
}

#[pymethods]
impl CoreTiles {
    /// Tiles from the arrays that [`CoreTiles::__reduce__`] returned.
    #[new]
    fn new(
        index: PyReadonlyArray1<'_, u8>,
        records: PyReadonlyArray1<'_, u8>,
        negatives: PyReadonlyArray1<'_, u8>,
        targets: PyReadonlyArray1<'_, u8>,
    ) -> PyResult<Self> {
        let index: Vec<u64> = bytemuck::allocation::pod_collect_to_vec(index.as_slice()?);
        let targets: Vec<f32> = bytemuck::allocation::pod_collect_to_vec(targets.as_slice()?);
        let (records, negatives) = (records.as_slice()?, negatives.as_slice()?);
        let tiles = Tiles::deserialize(&index, records, negatives, &targets)?;
        Ok(Self { tiles })
    }

    /// Build the tiles of a group from its counts. `records` and `sums` are the marginals of the whole
    /// matrix.
    #[staticmethod]
    #[pyo3(signature = (counts, records, sums, dim, training, validation, running))]
    #[allow(clippy::too_many_arguments)]
    fn of_group(
        py: Python<'_>,
        counts: &Bound<'_, CoreGroupCounts>,
        records: PyReadonlyArray1<'_, u64>,
        sums: PyReadonlyArray2<'_, f64>,
        dim: usize,
        training: TrainingArguments,
        validation: Option<f64>,
        running: RunningArguments,
    ) -> PyResult<Self> {
        let counts = &counts.get().counts;
        let (sums, _) = sums.as_slice()?.as_chunks::<2>();
        let marginal = |(&records, &sums)| Marginal { records, sums };
        let marginals: Vec<Marginal> = records.as_slice()?.iter().zip(sums).map(marginal).collect();
        let options = TileOptions {
            held_out: held_out_fraction(validation)?,
            ..TileOptions::new(dim, &training.options()?)
        };
        let (threads, memory) = running.resolve()?;
        let tiles = run(py, None, None, |monitor| {
            threads::in_pool(threads, || {
                Tiles::of_group_counts(counts, &marginals, &options, &memory, monitor)
            })?
        })?;
        Ok(Self { tiles })
    }

    /// Train the block whose columns are in group `columns` for one subepoch. Changes `words` and `contexts` in
    /// place. Returns the cost of the records and the cost of the negative pairs of the block, or `None` if
    /// training diverged.
    #[allow(clippy::too_many_arguments)]
    fn train(
        &self,
        py: Python<'_>,
        columns: usize,
        training: TrainingArguments,
        subepoch: SubepochArguments,
        mut words: PyReadwriteArray2<'_, f32>,
        mut contexts: PyReadwriteArray2<'_, f32>,
        threads: usize,
    ) -> PyResult<Option<(f64, f64)>> {
        let (options, subepoch) = (training.options()?, subepoch.into());
        let (words, contexts) = (words.as_slice_mut()?, contexts.as_slice_mut()?);
        run(py, None, None, |monitor| {
            threads::in_pool(threads, || {
                let block = self.block(columns, &options);
                match block.train(&subepoch, words, contexts, monitor) {
                    Err(Error::Diverged { .. }) => Ok(None),
                    trained => trained.map(|cost| Some((cost.records, cost.negatives))),
                }
            })?
        })
    }

    /// A cost of the block whose columns are in group `columns`. If `of` is "validation": Σ ½ f(X) diff² over the
    /// held-out records of the block, with diff = w · w̃ + b + b̃ − ln X. If `of` is "divergence": the term of the
    /// block in the cost above which an epoch diverges.
    #[allow(clippy::too_many_arguments)]
    fn cost(
        &self,
        py: Python<'_>,
        of: &str,
        columns: usize,
        training: TrainingArguments,
        words: PyReadonlyArray2<'_, f32>,
        contexts: PyReadonlyArray2<'_, f32>,
        threads: usize,
    ) -> PyResult<f64> {
        let cost = match of {
            "validation" => MatrixBlock::validation_cost,
            "divergence" => MatrixBlock::divergence_cost,
            _ => return Err(PyValueError::new_err(format!("no such cost: {of:?}"))),
        };
        let options = training.options()?;
        let block = self.block(columns, &options);
        let (words, contexts) = (words.as_slice()?, contexts.as_slice()?);
        let cost = py.detach(|| threads::in_pool(threads, || cost(&block, words, contexts))?)?;
        Ok(cost)
    }

    /// Number of records to train on.
    #[getter]
    fn records(&self) -> u64 {
        self.tiles.records()
    }

    /// Number of held-out records.
    #[getter]
    fn held_out(&self) -> u64 {
        self.tiles.held_out()
    }

    /// Bytes in memory.
    #[getter]
    fn nbytes(&self) -> u64 {
        self.tiles.bytes()
    }

    // The arrays have bytes as elements, because arrays from another machine may not be aligned for larger
    // numbers.
    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let tiles = &slf.get().tiles;
        let serialized = py.detach(|| tiles.serialize())?;
        let arrays = [
            PyArray1::from_slice(py, bytemuck::cast_slice(&serialized.index)),
            PyArray1::from_vec(py, serialized.records),
            PyArray1::from_vec(py, serialized.negatives),
            PyArray1::from_slice(py, bytemuck::cast_slice(&serialized.targets)),
        ];
        Ok((slf.get_type().into_any(), PyTuple::new(py, arrays)?))
    }
}

/// Loss, data loss, validation loss, seconds, and records per second of an epoch.
type ReportNumbers = (f64, f64, Option<f64>, f64, f64);

/// The [`History`] of a training on a cluster, with the options that decide when it ends.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreHistory {
    records: u64,
    held_out: u64,
    state: Mutex<(TrainingOptions, History)>,
}

impl CoreHistory {
    fn lock(&self) -> MutexGuard<'_, (TrainingOptions, History)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl CoreHistory {
    /// A history without epochs. `records` and `held_out` are the numbers of records to train on
    /// and of held-out records in all groups. If `records` is 0 or, with `validation`, `held_out`
    /// is 0, the call is refused. The time limit counts from this call.
    #[new]
    fn new(
        training: TrainingArguments,
        validation: Option<f64>,
        records: u64,
        held_out: u64,
        early_stopping: Option<usize>,
        seconds_left: Option<f64>,
    ) -> PyResult<Self> {
        check_enough_records(validation, records, held_out)?;
        let options = TrainingOptions {
            early_stopping,
            deadline: deadline(seconds_left)?,
            ..training.options()?
        };
        options.validate()?;
        Ok(Self {
            records,
            held_out,
            state: Mutex::new((options, History::default())),
        })
    }

    /// Number of finished epochs.
    #[getter]
    fn epochs(&self) -> usize {
        self.lock().1.epochs
    }

    /// How many times the learning rate has been halved.
    #[getter]
    fn halvings(&self) -> usize {
        self.lock().1.halvings
    }

    /// The cost above which an epoch diverges; `None` before training starts.
    #[getter]
    fn divergence_cost(&self) -> Option<f64> {
        self.lock().1.divergence_cost
    }

    /// Set the cost above which an epoch diverges. Called when training starts.
    fn set_divergence_cost(&self, cost: f64) {
        self.lock().1.divergence_cost = Some(cost);
    }

    /// Whether all epochs are finished, the training was stopped, or early stopping ends it.
    fn is_finished(&self) -> bool {
        let (options, history) = &*self.lock();
        history.is_finished(options)
    }

    /// Whether an epoch with this cost diverges.
    fn is_divergence(&self, cost: f64) -> bool {
        self.lock().1.is_divergence(cost)
    }

    /// Halve the learning rate after an epoch that diverged; returns a warning for the user.
    fn halve_rate(&self) -> PyResult<String> {
        let (options, history) = &mut *self.lock();
        Ok(history.halve_rate(options)?)
    }

    /// Store the report of a finished epoch: the costs of its records and negative pairs, the cost of the held-out
    /// records (0 without them), and its seconds. Returns the report, and whether its validation loss is smaller than
    /// those of all earlier epochs; true if no records are held out.
    fn finish_epoch(
        &self,
        records: f64,
        negatives: f64,
        held_out: f64,
        seconds: f64,
    ) -> (ReportNumbers, bool) {
        let (_, history) = &mut *self.lock();
        let costs = EpochCosts {
            records,
            negatives,
            anchor: 0.0,
            held_out,
        };
        let epoch = history.epochs + 1;
        let report = EpochReport::of(epoch, &costs, self.records, self.held_out, seconds);
        history.finish_epoch(report);
        let numbers = (
            report.loss,
            report.data_loss,
            report.validation,
            report.seconds,
            report.records_per_second,
        );
        (numbers, history.epochs_since_best() == 0)
    }

    /// Whether the time limit allows another epoch that takes `seconds`.
    fn has_time_for(&self, seconds: f64) -> bool {
        let seconds = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        self.lock().0.has_time_for(seconds)
    }

    /// End the training with the last finished epoch.
    fn stop(&self) {
        let (options, history) = &mut *self.lock();
        options.epochs = history.epochs;
    }

    /// Go back to the end of an earlier epoch, when the learning rate had been halved `halvings` times.
    fn rewind(&self, epochs: usize, halvings: usize) {
        self.lock().1.rewind(epochs, halvings);
    }
}
