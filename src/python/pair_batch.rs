//! The rows of a table of pairs in Arrow's format: their keys as numbers, and their values.

use super::arrow_column::checked;
use crate::cooccurrence::{KeyTable, PairBatch};
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::vocabulary::WordId;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayAccessor, ArrayRef, BinaryArray, BinaryViewArray, LargeBinaryArray, PrimitiveArray,
};
use arrow_schema::DataType;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::io;

/// The names of the columns of a table that are read, and their positions in the table: the keys of
/// the rows of X, the keys of the columns of X, and the values.
pub struct PairColumns {
    pub names: [String; 3],
    pub positions: [Option<usize>; 3],
}

/// Rows of the table.
pub struct ArrowPairBatch {
    pub rows: ArrayRef,
    pub columns: std::sync::Arc<PairColumns>,
    /// The number in the table, from 0, of the first of these rows.
    pub first: u64,
}

/// Returns the row of a batch in which the value with this index in a column stands.
type RowOf<'a> = &'a dyn Fn(usize) -> usize;

/// A type of integers that are keys. All its values fit into an `i64`.
trait IntegerKey: Copy {
    fn key(self) -> i64;
}

macro_rules! integer_keys {
    ($($kind:ty),*) => { $(impl IntegerKey for $kind {
        #[inline(always)]
        fn key(self) -> i64 {
            self as i64
        }
    })* };
}
integer_keys!(i8, i16, i32, i64, u8, u16, u32);

/// Call the macro `$call` with the Arrow type of a column of integers. `$other` is evaluated for `UInt64`, whose values
/// may not fit into an `i64`, and for all other types.
macro_rules! with_integers {
    ($kind:expr, $call:ident!($($argument:tt)*), $other:expr) => {
        match $kind {
            DataType::Int8 => $call!(Int8Type, $($argument)*),
            DataType::Int16 => $call!(Int16Type, $($argument)*),
            DataType::Int32 => $call!(Int32Type, $($argument)*),
            DataType::Int64 => $call!(Int64Type, $($argument)*),
            DataType::UInt8 => $call!(UInt8Type, $($argument)*),
            DataType::UInt16 => $call!(UInt16Type, $($argument)*),
            DataType::UInt32 => $call!(UInt32Type, $($argument)*),
            _ => $other,
        }
    };
}

impl ArrowPairBatch {
    fn column(&self, number: usize) -> Option<&ArrayRef> {
        let position = self.columns.positions[number]?;
        Some(self.rows.as_struct().column(position))
    }

    /// The error for a row of this batch and column `number` of [`PairColumns`].
    fn fault(&self, number: usize, row: usize, message: &str) -> Error {
        let name = &self.columns.names[number];
        let reason = format!("table must not have {message} in column {name:?}");
        fault(&reason, self.first + row as u64)
    }

    /// Refuse rows that are null, or that have a null in `column`.
    fn check_nulls(&self, number: usize, column: &ArrayRef) -> Result<()> {
        let is_null = |array: &ArrayRef| {
            let nulls = array.logical_nulls()?;
            (nulls.null_count() > 0).then(|| (0..nulls.len()).find(|&row| nulls.is_null(row)))?
        };
        match is_null(&self.rows).or_else(|| is_null(column)) {
            Some(row) => Err(self.fault(number, row, "a null")),
            None => Ok(()),
        }
    }

    fn integers(
        &self,
        number: usize,
        column: &ArrayRef,
        row_of: RowOf<'_>,
        keys: &mut KeyTable,
        ids: &mut Vec<WordId>,
    ) -> Result<()> {
        macro_rules! number_all {
            ($kind:ty,) => {
                number_integers::<$kind>(column.as_primitive(), keys, ids)
            };
        }
        with_integers!(column.data_type(), number_all!(), {
            for (row, &key) in column
                .as_primitive::<UInt64Type>()
                .values()
                .iter()
                .enumerate()
            {
                let key = i64::try_from(key)
                    .map_err(|_| self.fault(number, row_of(row), "a key above 2^63 - 1"))?;
                ids.push(keys.integer(key)?);
            }
            Ok(())
        })
    }

    fn words<'a>(
        &self,
        number: usize,
        words: impl ArrayAccessor<Item = &'a [u8]>,
        row_of: RowOf<'_>,
        keys: &mut KeyTable,
        ids: &mut Vec<WordId>,
    ) -> Result<()> {
        for row in 0..words.len() {
            let word = words.value(row);
            if word.is_empty() {
                return Err(self.fault(number, row_of(row), "an empty key"));
            }
            let (id, is_new) = keys.word(word)?;
            if is_new && std::str::from_utf8(word).is_err() {
                let shown = String::from_utf8_lossy(word);
                let what = format!("a key that is not UTF-8 ({shown:?})");
                return Err(self.fault(number, row_of(row), &what));
            }
            ids.push(id);
        }
        Ok(())
    }

    /// Append the ids of the keys of a column, or of a slice of a dictionary, to `ids`. `number` is the position
    /// of the column in [`PairColumns`]. `row_of` returns the row of this batch in which the value with an index in
    /// `column` stands.
    fn keys(
        &self,
        number: usize,
        column: &ArrayRef,
        row_of: RowOf<'_>,
        keys: &mut KeyTable,
        ids: &mut Vec<WordId>,
    ) -> Result<()> {
        match column.data_type() {
            DataType::Utf8 => {
                let text: BinaryArray = valid(column.as_string::<i32>().clone().into())?;
                self.words(number, &text, row_of, keys, ids)
            }
            DataType::LargeUtf8 => {
                let text: LargeBinaryArray = valid(column.as_string::<i64>().clone().into())?;
                self.words(number, &text, row_of, keys, ids)
            }
            DataType::Binary => {
                let text = valid(column.as_binary::<i32>().clone())?;
                self.words(number, &text, row_of, keys, ids)
            }
            DataType::LargeBinary => {
                let text = valid(column.as_binary::<i64>().clone())?;
                self.words(number, &text, row_of, keys, ids)
            }
            DataType::BinaryView => {
                let text = valid(column.as_binary_view().clone())?;
                self.words(number, &text, row_of, keys, ids)
            }
            DataType::Utf8View => {
                let text: BinaryViewArray =
                    valid(column.as_string_view().clone().to_binary_view())?;
                self.words(number, &text, row_of, keys, ids)
            }
            _ => self.integers(number, column, row_of, keys, ids),
        }
    }

    /// Like [`ArrowPairBatch::keys`], but for a dictionary-encoded column. Each value of the dictionary is
    /// looked up at most once.
    fn dictionary(
        &self,
        number: usize,
        column: &ArrayRef,
        keys: &mut KeyTable,
        ids: &mut Vec<WordId>,
    ) -> Result<()> {
        let dictionary = column.as_any_dictionary();
        if column.is_empty() {
            return Ok(());
        }
        if dictionary.values().is_empty() {
            return Err(invalid("a row refers to a value of an empty dictionary"));
        }
        let positions = dictionary.normalized_keys();
        let values = dictionary.values();
        // For each value, whether a row of this batch refers to it. Values to which no row refers are
        // not keys of the table.
        let mut used = fallible::filled(false, values.len())?;
        for &position in &positions {
            match used.get_mut(position) {
                Some(used) => *used = true,
                None => {
                    return Err(invalid(format!(
                        "a row refers to value {position} of {}",
                        values.len()
                    )));
                }
            }
        }
        let mut numbers: Vec<WordId> = fallible::zeroed(values.len())?;
        let mut one = Vec::new();
        for position in (0..values.len()).filter(|&position| used[position]) {
            one.clear();
            let row_of = |_: usize| {
                positions
                    .iter()
                    .position(|&own| own == position)
                    .unwrap_or(0)
            };
            self.keys(number, &values.slice(position, 1), &row_of, keys, &mut one)?;
            numbers[position] = one[0];
        }
        ids.extend(positions.into_iter().map(|position| numbers[position]));
        Ok(())
    }
}

fn number_integers<T: ArrowPrimitiveType>(
    column: &PrimitiveArray<T>,
    keys: &mut KeyTable,
    ids: &mut Vec<WordId>,
) -> Result<()>
where
    T::Native: IntegerKey,
{
    for key in column.values() {
        ids.push(keys.integer(key.key())?);
    }
    Ok(())
}

impl PairBatch for ArrowPairBatch {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn number(&self, contexts: bool, keys: &mut KeyTable, ids: &mut Vec<WordId>) -> Result<()> {
        let number = usize::from(contexts);
        let Some(column) = self.column(number) else {
            return Ok(());
        };
        self.check_nulls(number, column)?;
        match column.data_type() {
            DataType::Dictionary(..) => self.dictionary(number, column, keys, ids),
            _ => self.keys(number, column, &|row| row, keys, ids),
        }
    }

    fn values(&self, values: &mut Vec<f64>) -> Result<()> {
        let Some(column) = self.column(2) else {
            return fallible::resize(values, self.rows(), 1.0);
        };
        self.check_nulls(2, column)?;
        macro_rules! convert {
            ($kind:ty,) => {
                values.extend(
                    column
                        .as_primitive::<$kind>()
                        .values()
                        .iter()
                        .map(|&x| x as f64),
                )
            };
        }
        match column.data_type() {
            DataType::Float64 => {
                values.extend_from_slice(column.as_primitive::<Float64Type>().values());
            }
            DataType::Float32 => convert!(Float32Type,),
            DataType::Float16 => {
                let halves = column.as_primitive::<Float16Type>().values();
                values.extend(halves.iter().map(|x| x.to_f64()));
            }
            // Sums of integers may be decimals too: DuckDB exports the type HUGEINT as decimals.
            DataType::Decimal128(_, scale) => {
                let unit = 10_f64.powi(i32::from(*scale));
                let decimals = column.as_primitive::<Decimal128Type>().values();
                values.extend(decimals.iter().map(|&x| x as f64 / unit));
            }
            DataType::UInt64 => convert!(UInt64Type,),
            kind => with_integers!(kind, convert!(), ()),
        }
        match values.iter().position(|x| !(x.is_finite() && *x >= 0.0)) {
            Some(row) => {
                let what = if values[row] < 0.0 {
                    "a negative value"
                } else {
                    "a value that is not finite"
                };
                Err(self.fault(2, row, what))
            }
            None => Ok(()),
        }
    }
}

fn valid<A: Array + Clone>(array: A) -> Result<A> {
    checked(array).map_err(from_python)
}

/// The error for a table that breaks the rules of Arrow.
pub fn invalid(reason: impl std::fmt::Display) -> Error {
    let message = format!("table is not valid in Arrow's format: {reason}");
    from_python(PyValueError::new_err(message))
}

/// The error for row number `row` of the table: a Python exception with the attributes `row` and
/// `reason`.
fn fault(reason: &str, row: u64) -> Error {
    Python::attach(|py| {
        let error = PyValueError::new_err(format!("{reason}, but row {row} (from 0) has one"));
        let value = error.value(py);
        let set = value.setattr("row", row);
        match set.and_then(|()| value.setattr("reason", reason)) {
            Ok(()) => from_python(error),
            Err(other) => from_python(other),
        }
    })
}

/// An exception of Python that was raised while the table is read, as an error of the core.
pub fn from_python(error: PyErr) -> Error {
    Error::io("<table>", io::Error::other(error))
}
