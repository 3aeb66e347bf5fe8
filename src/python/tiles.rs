//! The tiles of a group of words, and training their blocks on a cluster, for Python. Each step is a pure function of
//! its arguments, except that training a block changes the rows of the block in place.

use super::arguments::RunningArguments;
use super::group_counts::CoreGroupCounts;
use super::run::run;
use super::training::TrainingArguments;
use crate::distributed::{self, BlockEpoch, MatrixBlock, Subepoch};
use crate::error::Error;
use crate::threads;
use crate::training::{Marginal, TileOptions, Tiles, TrainingOptions, held_out_fraction};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyReadwriteArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// The fields of [`BlockEpoch`].
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct EpochArguments {
    epoch: usize,
    halvings: usize,
    divergence_cost: f64,
}

impl From<EpochArguments> for BlockEpoch {
    fn from(arguments: EpochArguments) -> Self {
        Self {
            epoch: arguments.epoch,
            halvings: arguments.halvings,
            divergence_cost: arguments.divergence_cost,
        }
    }
}

/// The fields of [`Subepoch`]; a dict in Python.
#[derive(FromPyObject, IntoPyObject)]
pub struct SubepochFields {
    #[pyo3(item)]
    cycle: usize,
    #[pyo3(item)]
    cycles: usize,
    #[pyo3(item)]
    shift: usize,
    #[pyo3(item)]
    last: bool,
}

impl From<Subepoch> for SubepochFields {
    fn from(subepoch: Subepoch) -> Self {
        Self {
            cycle: subepoch.cycle,
            cycles: subepoch.cycles,
            shift: subepoch.shift,
            last: subepoch.last,
        }
    }
}

impl From<SubepochFields> for Subepoch {
    fn from(fields: SubepochFields) -> Self {
        Self {
            cycle: fields.cycle,
            cycles: fields.cycles,
            shift: fields.shift,
            last: fields.last,
        }
    }
}

/// The subepochs of an epoch, in order.
#[pyfunction]
pub fn subepochs(groups: usize) -> Vec<SubepochFields> {
    distributed::subepochs(groups)
        .map(SubepochFields::from)
        .collect()
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
    #[staticmethod]
    fn new(
        index: PyReadonlyArray1<'_, u8>,
        records: PyReadonlyArray1<'_, u8>,
        filters: PyReadonlyArray1<'_, u8>,
        negatives: PyReadonlyArray1<'_, u8>,
    ) -> PyResult<Self> {
        let index: Vec<u64> = bytemuck::allocation::pod_collect_to_vec(index.as_slice()?);
        let negatives: Vec<f64> = bytemuck::allocation::pod_collect_to_vec(negatives.as_slice()?);
        let tiles =
            Tiles::deserialize(&index, records.as_slice()?, filters.as_slice()?, &negatives)?;
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
        epoch: EpochArguments,
        subepoch: SubepochFields,
        mut words: PyReadwriteArray2<'_, f32>,
        mut contexts: PyReadwriteArray2<'_, f32>,
        threads: usize,
    ) -> PyResult<Option<(f64, f64)>> {
        let (options, epoch, subepoch) = (training.options()?, epoch.into(), subepoch.into());
        let (words, contexts) = (words.as_slice_mut()?, contexts.as_slice_mut()?);
        run(py, None, None, |monitor| {
            threads::in_pool(threads, || {
                let block = self.block(columns, &options);
                match block.train(&epoch, &subepoch, words, contexts, monitor) {
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
            PyArray1::from_vec(py, serialized.filters),
            PyArray1::from_slice(py, bytemuck::cast_slice(&serialized.negatives)),
        ];
        Ok((slf.get_type().getattr("new")?, PyTuple::new(py, arrays)?))
    }
}
