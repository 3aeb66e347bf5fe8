//! Counts a table of pairs in Arrow's format, without a Python object for each row.

use super::arguments::RunningArguments;
use super::cooccurrence::CoreCooccurrence;
use super::pair_batch::{ArrowPairBatch, PairColumns, from_python, invalid};
use super::run::run;
use crate::cooccurrence::{PairOptions, PairReader, count_pairs};
use crate::error::Result;
use crate::threads;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{ArrowError, DataType, Fields};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3_arrow::ffi::ArrayReader;
use pyo3_arrow::input::AnyArray;

/// Largest number of rows of an [`ArrowPairBatch`]. A larger batch of the source is divided: pandas exports a
/// table as one batch.
const BATCH_ROWS: usize = 1 << 17;

/// Count the table that `source` exports by `__arrow_c_stream__` or `__arrow_c_array__`. `columns`
/// names the columns with the keys of the rows of X, with the keys of the columns of X, and with
/// the values. Without a column of values, every row of the table counts 1.
///
/// If a row of the table cannot be used, the attribute `row` of the exception is the number of this row,
/// from 0, and the attribute `reason` says what is wrong.
#[pyfunction]
#[pyo3(signature = (source, columns, symmetric, rectangular, running, progress))]
pub fn count_table(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    columns: (String, String, Option<String>),
    symmetric: bool,
    rectangular: bool,
    running: RunningArguments,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<CoreCooccurrence> {
    let (threads, memory) = running.resolve()?;
    let options = PairOptions {
        symmetric,
        rectangular,
    };
    let batches = source.extract::<AnyArray>()?.into_reader()?;
    let mut table = PairTable::new(batches, columns, rectangular)?;
    let counted = run(py, progress, None, |monitor| {
        threads::in_pool(threads, || {
            count_pairs(&mut table, options, &memory, monitor)
        })?
    })?;
    let (vocabulary, contexts) = (counted.vocabulary, counted.contexts);
    Ok(CoreCooccurrence::shaped(
        vocabulary,
        contexts,
        counted.counts,
        memory,
    ))
}

/// Reads a table of pairs.
struct PairTable {
    batches: Box<dyn ArrayReader + Send>,
    columns: std::sync::Arc<PairColumns>,
    // The open batch of the source, how many of its rows were returned, and the number of rows of the table
    // before this batch.
    open: Option<ArrayRef>,
    given: usize,
    before: u64,
}

impl PairTable {
    fn new(
        batches: Box<dyn ArrayReader + Send>,
        names: (String, String, Option<String>),
        rectangular: bool,
    ) -> PyResult<Self> {
        let field = batches.field();
        let DataType::Struct(fields) = field.data_type() else {
            return Err(PyTypeError::new_err(format!(
                "table must be a table with named columns, got one column of {}",
                field.data_type()
            )));
        };
        let position = |parameter: &str, name: &str| position_of(fields, parameter, name);
        let (row, column) = (position("row", &names.0)?, position("column", &names.1)?);
        let value = names
            .2
            .as_ref()
            .map(|name| position("value", name))
            .transpose()?;
        let kind = |position: usize| fields[position].data_type();
        let kinds = [(row, &names.0), (column, &names.1)].map(|(position, name)| {
            KeyKind::of(kind(position)).ok_or_else(|| {
                let hint = if kind(position).is_floating() {
                    ": convert them to integers; pandas makes floats of integers if some are missing"
                } else {
                    ""
                };
                let message = format!(
                    "column {name:?} must hold integers or text as keys, got {}{hint}",
                    kind(position)
                );
                PyTypeError::new_err(message)
            })
        });
        let [row_kind, column_kind] = kinds;
        // A column of nulls is not compared with the other one: `check_nulls` refuses it later.
        let has_nulls_only = [row, column].map(kind).contains(&&DataType::Null);
        if row_kind? != column_kind? && !rectangular && !has_nulls_only {
            return Err(PyTypeError::new_err(format!(
                "columns {:?} and {:?} must both hold integers or both hold text, because rows and columns of X \
                 have the same words; got {} and {}. With rectangular=True they have words of their own",
                names.0,
                names.1,
                kind(row),
                kind(column)
            )));
        }
        if let (Some(position), Some(name)) = (value, &names.2)
            && !is_number(kind(position))
        {
            let message = format!("column {name:?} must hold numbers, got {}", kind(position));
            return Err(PyTypeError::new_err(message));
        }
        Ok(Self {
            columns: std::sync::Arc::new(PairColumns {
                names: [names.0, names.1, names.2.unwrap_or_default()],
                positions: [Some(row), Some(column), value],
            }),
            batches,
            open: None,
            given: 0,
            before: 0,
        })
    }
}

fn position_of(fields: &Fields, parameter: &str, name: &str) -> PyResult<usize> {
    let mut found = fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.name() == name);
    match (found.next(), found.next()) {
        (Some((position, _)), None) => Ok(position),
        (Some(_), Some(_)) => Err(PyValueError::new_err(format!(
            "{parameter} must name one column, but the table has several with the name {name:?}"
        ))),
        (None, _) => {
            let columns: Vec<String> = fields
                .iter()
                .map(|field| format!("{:?} ({})", field.name(), field.data_type()))
                .collect();
            Err(PyValueError::new_err(format!(
                "{parameter} must name a column of the table, which has {}, got {name:?}",
                columns.join(", ")
            )))
        }
    }
}

/// What a column of keys holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    Integers,
    Text,
}

impl KeyKind {
    fn of(kind: &DataType) -> Option<Self> {
        match kind {
            // A column that has only nulls is accepted here. `check_nulls` refuses the column and names its first
            // row.
            // Older writers of Parquet do not mark columns of text, so bytes are accepted.
            DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::Null => Some(Self::Text),
            DataType::Dictionary(_, values) => Self::of(values),
            other => other.is_integer().then_some(Self::Integers),
        }
    }
}

fn is_number(kind: &DataType) -> bool {
    let is_other = matches!(
        kind,
        DataType::Float16 | DataType::Float32 | DataType::Float64 | DataType::Decimal128(..)
    );
    kind.is_integer() || is_other || *kind == DataType::Null
}

impl PairReader for PairTable {
    type Batch = ArrowPairBatch;

    fn next_batch(&mut self) -> Result<Option<ArrowPairBatch>> {
        loop {
            if let Some(open) = &self.open {
                let left = open.len() - self.given;
                if left > 0 {
                    let rows = open.slice(self.given, left.min(BATCH_ROWS));
                    let first = self.before + self.given as u64;
                    self.given += rows.len();
                    return Ok(Some(ArrowPairBatch {
                        rows,
                        columns: self.columns.clone(),
                        first,
                    }));
                }
                self.before += open.len() as u64;
            }
            (self.open, self.given) = (None, 0);
            self.open = match self.batches.next() {
                None => return Ok(None),
                Some(Ok(batch)) => Some(batch),
                Some(Err(ArrowError::CDataInterface(reason))) => return Err(invalid(reason)),
                Some(Err(error)) => {
                    return Err(from_python(PyValueError::new_err(error.to_string())));
                }
            };
        }
    }
}
