//! The steps of training on many machines, for Python: each a function of its arguments alone, of which
//! rows are changed in place.

use super::cooccurrence::{CoreCooccurrence, in_own_pool};
use super::run::run;
use super::session::InitArguments;
use super::shards::CoreShare;
use super::training::TrainingArguments;
use super::vocabulary::RunningArguments;
use crate::cooccurrence::Share;
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use crate::partition::Partition;
use crate::threads;
use crate::training::{
    Margin, Parameters, Stratum, TileOptions, Tiles, TrainingOptions, Turn, margins,
};
use numpy::{
    PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadwriteArray2,
};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// Per word: records; and sums of row and column.
type Margins<'py> = (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray2<f64>>);

/// Number (V,) and sums (V, 2) of the records of every word's row and column, of the records whose row
/// is in the share's group: those of all groups add up.
#[pyfunction]
pub fn share_margins<'py>(
    py: Python<'py>,
    share: &Bound<'py, CoreShare>,
    threads: usize,
) -> PyResult<Margins<'py>> {
    let share = &share.get().share;
    let margins =
        py.detach(|| threads::in_pool(threads, || margins(share, share.partition, share.group))?)?;
    let records = margins.iter().map(|margin| margin.records).collect();
    let sums: Vec<f64> = margins.iter().flat_map(|margin| margin.sums).collect();
    Ok((
        PyArray1::from_vec(py, records),
        PyArray1::from_vec(py, sums).reshape([margins.len(), 2])?,
    ))
}

/// The share of each group in counts.
#[pyfunction]
pub fn split_counts(
    py: Python<'_>,
    counts: &Bound<'_, CoreCooccurrence>,
    groups: usize,
) -> PyResult<Vec<CoreShare>> {
    let counts = counts.get().counts()?;
    let shares = in_own_pool(py, |monitor| {
        let partition = Partition::new(counts.words, groups);
        (0..groups)
            .map(|group| Share::of(&counts, partition, group, monitor))
            .collect::<Result<Vec<_>>>()
    })?;
    Ok(shares.into_iter().map(CoreShare::from).collect())
}

/// The words of a group, by rank, in the order of its rows.
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

/// Rows of W with b, and of W̃ with b̃, of a group as training begins: each with its accumulators, as
/// the core lays them out. `init` tells words by their places in the group.
#[pyfunction]
#[pyo3(signature = (words, groups, group, dim, seed, init, threads))]
#[allow(clippy::too_many_arguments)]
pub fn start_rows<'py>(
    py: Python<'py>,
    words: usize,
    groups: usize,
    group: usize,
    dim: usize,
    seed: u64,
    init: Option<InitArguments<'py>>,
    threads: usize,
) -> PyResult<[Bound<'py, PyArray2<f32>>; 2]> {
    let ranks = ranks(words, groups, group);
    let anchor = match init {
        Some(init) => Some(init.anchor(ranks.len(), dim)?),
        None => None,
    };
    let parameters = py.detach(|| {
        threads::in_pool(threads, || {
            let mut random = Parameters::random_of(&ranks, dim, seed, &Monitor::new())?;
            if let Some(anchor) = &anchor {
                anchor.place(&mut random);
            }
            Result::Ok(random)
        })?
    })?;
    let floats = Parameters::row_bytes(dim) / size_of::<f32>();
    let rows = |contexts| {
        PyArray1::from_slice(py, parameters.rows_of(contexts)).reshape([ranks.len(), floats])
    };
    Ok([rows(false)?, rows(true)?])
}

/// Vectors, biases, and the accumulators of both.
type Unpacked<'py> = (
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray1<f32>>,
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray1<f32>>,
);

/// What rows of W or, if `contexts`, of W̃ hold.
#[pyfunction]
pub fn unpack_rows<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
    dim: usize,
    contexts: bool,
) -> PyResult<Unpacked<'py>> {
    let rows = rows.as_slice()?;
    let [(w, b), (g_w, g_b)] = in_own_pool(py, |_| Parameters::unpack(rows, dim, contexts))?;
    let vectors = |vectors: Vec<f32>| {
        let shape = [vectors.len() / dim, dim];
        PyArray1::from_vec(py, vectors).reshape(shape)
    };
    Ok((
        vectors(w)?,
        PyArray1::from_vec(py, b),
        vectors(g_w)?,
        PyArray1::from_vec(py, g_b),
    ))
}

/// When a stratum is trained, by the names of [`Turn`].
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct TurnArguments {
    epoch: usize,
    halvings: usize,
    hopeless: f64,
    slice: usize,
    slices: usize,
    last: bool,
}

impl From<TurnArguments> for Turn {
    fn from(turn: TurnArguments) -> Self {
        Self {
            epoch: turn.epoch,
            halvings: turn.halvings,
            hopeless: turn.hopeless,
            slice: turn.slice,
            slices: turn.slices,
            last: turn.last,
        }
    }
}

/// The records whose rows are the words of a group, ready to train on.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreTiles {
    tiles: Tiles,
}

impl CoreTiles {
    fn stratum<'a>(&'a self, columns: usize, options: &'a TrainingOptions) -> Stratum<'a> {
        Stratum {
            tiles: &self.tiles,
            columns,
            options,
        }
    }
}

#[pymethods]
impl CoreTiles {
    /// From [`CoreTiles::__reduce__`].
    #[new]
    fn new(
        index: PyReadonlyArray1<'_, u8>,
        records: PyReadonlyArray1<'_, u8>,
        unseen: PyReadonlyArray1<'_, u8>,
        targets: PyReadonlyArray1<'_, u8>,
    ) -> PyResult<Self> {
        let index: Vec<u64> = bytemuck::allocation::pod_collect_to_vec(index.as_slice()?);
        let targets: Vec<f32> = bytemuck::allocation::pod_collect_to_vec(targets.as_slice()?);
        let (records, unseen) = (records.as_slice()?, unseen.as_slice()?);
        let tiles = Tiles::from_parts(&index, records, unseen, &targets)?;
        Ok(Self { tiles })
    }

    /// Of the records of a share, where all shares have these margins.
    #[staticmethod]
    #[pyo3(signature = (share, records, sums, dim, training, validation, running))]
    #[allow(clippy::too_many_arguments)]
    fn of_share(
        py: Python<'_>,
        share: &Bound<'_, CoreShare>,
        records: PyReadonlyArray1<'_, u64>,
        sums: PyReadonlyArray2<'_, f64>,
        dim: usize,
        training: TrainingArguments,
        validation: Option<f64>,
        running: RunningArguments,
    ) -> PyResult<Self> {
        let share = &share.get().share;
        let (sums, _) = sums.as_slice()?.as_chunks::<2>();
        let margin = |(&records, &sums)| Margin { records, sums };
        let margins: Vec<Margin> = records.as_slice()?.iter().zip(sums).map(margin).collect();
        let options = TileOptions {
            held_out: validation.unwrap_or(0.0),
            ..TileOptions::new(dim, &training.options()?)
        };
        let (threads, memory) = running.resolve()?;
        let tiles = run(py, None, None, |monitor| {
            threads::in_pool(threads, || {
                Tiles::of_share(share, &margins, &options, &memory, monitor)
            })?
        })?;
        Ok(Self { tiles })
    }

    /// Train in place the part of an epoch that falls to this turn and to columns of a group. Returns
    /// Σ ½ f(X) diff², or `None` if training diverged.
    #[allow(clippy::too_many_arguments)]
    fn train(
        &self,
        py: Python<'_>,
        columns: usize,
        training: TrainingArguments,
        turn: TurnArguments,
        mut words: PyReadwriteArray2<'_, f32>,
        mut contexts: PyReadwriteArray2<'_, f32>,
        threads: usize,
    ) -> PyResult<Option<f64>> {
        let (options, turn) = (training.options()?, turn.into());
        let (words, contexts) = (words.as_slice_mut()?, contexts.as_slice_mut()?);
        run(py, None, None, |monitor| {
            threads::in_pool(threads, || {
                let stratum = self.stratum(columns, &options);
                match stratum.train(&turn, words, contexts, monitor) {
                    Err(Error::Diverged { .. }) => Ok(None),
                    trained => trained.map(Some),
                }
            })?
        })
    }

    /// Of the records with columns of a group: Σ ½ f(X) diff² over those held out or, if `hopeless`,
    /// their part of what an epoch costs where there is no hope.
    #[allow(clippy::too_many_arguments)]
    fn cost(
        &self,
        py: Python<'_>,
        columns: usize,
        training: TrainingArguments,
        words: PyReadonlyArray2<'_, f32>,
        contexts: PyReadonlyArray2<'_, f32>,
        hopeless: bool,
        threads: usize,
    ) -> PyResult<f64> {
        let options = training.options()?;
        let stratum = self.stratum(columns, &options);
        let (words, contexts) = (words.as_slice()?, contexts.as_slice()?);
        Ok(py.detach(|| {
            threads::in_pool(threads, || {
                if hopeless {
                    stratum.hopeless_cost(words, contexts)
                } else {
                    stratum.validation_cost(words, contexts)
                }
            })?
        })?)
    }

    /// Records to train on.
    #[getter]
    fn records(&self) -> u64 {
        self.tiles.records()
    }

    /// Records held out.
    #[getter]
    fn held_out(&self) -> u64 {
        self.tiles.held_out()
    }

    /// Bytes held.
    #[getter]
    fn nbytes(&self) -> u64 {
        self.tiles.bytes()
    }

    // As bytes: what comes from another machine need not be aligned.
    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let tiles = &slf.get().tiles;
        let parts = py.detach(|| tiles.to_parts())?;
        let arrays = [
            PyArray1::from_slice(py, bytemuck::cast_slice(&parts.index)),
            PyArray1::from_vec(py, parts.records),
            PyArray1::from_vec(py, parts.unseen),
            PyArray1::from_slice(py, bytemuck::cast_slice(&parts.targets)),
        ];
        Ok((slf.get_type().into_any(), PyTuple::new(py, arrays)?))
    }
}
