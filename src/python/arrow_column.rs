//! A column of text or of lists of words in Arrow's format, of any of the types that hold these.

use super::text_column::{not_text, text_column};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type, Int64Type, RunEndIndexType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, LargeBinaryArray, OffsetSizeTrait,
};
use arrow_buffer::ArrowNativeType;
use arrow_schema::DataType;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A column of a batch. Strings are bytes until they are checked to be UTF-8.
pub enum Column {
    Small(BinaryArray),
    Large(LargeBinaryArray),
    View(BinaryViewArray),
    /// Each row refers to a row of another column: of a dictionary, of run-end encoded values, or of a table.
    Rows {
        rows: Vec<Option<usize>>,
        values: Box<Column>,
    },
    Lists {
        rows: Vec<Option<(usize, usize)>>,
        tokens: Box<Column>,
    },
    Nulls(usize),
}

impl Column {
    /// The column at `path` in a table. If the path is empty, the result is that of
    /// [`Column::new`].
    pub fn at(array: &ArrayRef, path: &[usize]) -> PyResult<Self> {
        let Some((field, rest)) = path.split_first() else {
            return Self::new(array);
        };
        let table = array
            .as_struct_opt()
            .filter(|table| *field < table.num_columns());
        let table = table.ok_or_else(|| invalid("a batch has another type than its stream"))?;
        let values = Self::at(table.column(*field), rest)?;
        if table.null_count() == 0 {
            return Ok(values);
        }
        let rows = (0..array.len()).map(|row| array.is_valid(row).then_some(row));
        Self::rows_of(rows.collect(), values)
    }

    /// The column of text in `array`: the array itself or, if it is a table, its only column of text.
    fn new(array: &ArrayRef) -> PyResult<Self> {
        Ok(match array.data_type() {
            DataType::Utf8 => Self::Small(checked(array.as_string::<i32>().clone().into())?),
            DataType::LargeUtf8 => Self::Large(checked(array.as_string::<i64>().clone().into())?),
            DataType::Utf8View => {
                Self::View(checked(array.as_string_view().clone().to_binary_view())?)
            }
            DataType::Null => Self::Nulls(array.len()),
            DataType::Struct(fields) => {
                let column = array.as_struct().column(text_column(fields)?);
                let rows = (0..array.len()).map(|row| array.is_valid(row).then_some(row));
                Self::of_rows(rows.collect(), column)?
            }
            DataType::Dictionary(key, _) => {
                let keys = match **key {
                    DataType::Int8 => keys::<Int8Type>(array),
                    DataType::Int16 => keys::<Int16Type>(array),
                    DataType::Int32 => keys::<Int32Type>(array),
                    DataType::Int64 => keys::<Int64Type>(array),
                    DataType::UInt8 => keys::<UInt8Type>(array),
                    DataType::UInt16 => keys::<UInt16Type>(array),
                    DataType::UInt32 => keys::<UInt32Type>(array),
                    DataType::UInt64 => keys::<UInt64Type>(array),
                    _ => return Err(not_text(array.data_type())),
                };
                Self::of_rows(keys, array.as_any_dictionary().values())?
            }
            DataType::RunEndEncoded(ends, _) => match ends.data_type() {
                DataType::Int16 => Self::runs::<Int16Type>(array)?,
                DataType::Int32 => Self::runs::<Int32Type>(array)?,
                DataType::Int64 => Self::runs::<Int64Type>(array)?,
                _ => return Err(not_text(array.data_type())),
            },
            DataType::List(_) => Self::lists::<i32>(array)?,
            DataType::LargeList(_) => Self::lists::<i64>(array)?,
            DataType::ListView(_) => Self::list_views::<i32>(array)?,
            DataType::LargeListView(_) => Self::list_views::<i64>(array)?,
            DataType::FixedSizeList(_, size) => {
                let size = usize::try_from(*size).unwrap_or(0);
                let rows = (0..array.len()).map(|row| (row * size, (row + 1) * size));
                Self::of_lists(array, rows, array.as_fixed_size_list().values())?
            }
            other => return Err(not_text(other)),
        })
    }

    fn of_rows(rows: Vec<Option<usize>>, values: &ArrayRef) -> PyResult<Self> {
        Self::rows_of(rows, Self::new(values)?)
    }

    fn rows_of(rows: Vec<Option<usize>>, values: Self) -> PyResult<Self> {
        let values = Box::new(values);
        match rows.iter().flatten().find(|&&row| row >= values.rows()) {
            Some(row) => Err(invalid(format!(
                "a row refers to value {row} of {} values",
                values.rows()
            ))),
            None => Ok(Self::Rows { rows, values }),
        }
    }

    fn runs<E: RunEndIndexType>(array: &ArrayRef) -> PyResult<Self> {
        let runs = array.as_run::<E>();
        let ends = runs.run_ends();
        let rows = (0..ends.len()).map(|row| Some(ends.get_physical_index(row)));
        Self::of_rows(rows.collect(), runs.values())
    }

    fn lists<O: OffsetSizeTrait>(array: &ArrayRef) -> PyResult<Self> {
        let lists = array.as_list::<O>();
        let ends = lists.value_offsets().windows(2);
        let rows = ends.map(|ends| (ends[0].as_usize(), ends[1].as_usize()));
        Self::of_lists(array, rows, lists.values())
    }

    fn list_views<O: OffsetSizeTrait>(array: &ArrayRef) -> PyResult<Self> {
        let lists = array.as_list_view::<O>();
        let views = lists.value_offsets().iter().zip(lists.value_sizes());
        let rows = views.map(|(start, size)| {
            let start = start.as_usize();
            (start, start.saturating_add(size.as_usize()))
        });
        Self::of_lists(array, rows, lists.values())
    }

    /// A column of lists. `rows` has the first position and the end of each list in `tokens`.
    fn of_lists(
        array: &ArrayRef,
        rows: impl Iterator<Item = (usize, usize)>,
        tokens: &ArrayRef,
    ) -> PyResult<Self> {
        let tokens = Box::new(Self::new(tokens)?);
        let rows: Vec<_> = rows
            .enumerate()
            // The range of a null row has no meaning.
            .map(|(row, range)| array.is_valid(row).then_some(range))
            .collect();
        let size = tokens.rows();
        match rows.iter().flatten().find(|range| range.1 > size) {
            Some((start, end)) => Err(invalid(format!(
                "a list refers to values {start} to {end} of {size} values"
            ))),
            None => Ok(Self::Lists { rows, tokens }),
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Small(array) => array.len(),
            Self::Large(array) => array.len(),
            Self::View(array) => array.len(),
            Self::Rows { rows, .. } => rows.len(),
            Self::Lists { rows, .. } => rows.len(),
            Self::Nulls(rows) => *rows,
        }
    }

    /// Whether the rows have lists of words instead of texts.
    pub fn are_words(&self) -> bool {
        match self {
            Self::Rows { values, .. } => values.are_words(),
            other => matches!(other, Self::Lists { .. }),
        }
    }

    /// The text of a row; `None` for a null row.
    pub fn text(&self, row: usize) -> Option<&[u8]> {
        match self {
            Self::Small(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Large(array) => array.is_valid(row).then(|| array.value(row)),
            Self::View(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Rows { rows, values } => values.text(rows[row]?),
            Self::Lists { .. } | Self::Nulls(_) => None,
        }
    }

    /// The words of a row; `None` for a null row.
    pub fn tokens(&self, row: usize) -> Option<impl Iterator<Item = &[u8]>> {
        let (mut column, mut row) = (self, row);
        while let Self::Rows { rows, values } = column {
            (column, row) = (values, rows[row]?);
        }
        let Self::Lists { rows, tokens } = column else {
            return None;
        };
        let (start, end) = rows[row]?;
        Some((start..end).filter_map(|token| tokens.text(token)))
    }
}

fn keys<K: ArrowDictionaryKeyType>(array: &ArrayRef) -> Vec<Option<usize>> {
    let keys = array.as_dictionary::<K>().keys().iter();
    keys.map(|key| key.map(ArrowNativeType::as_usize)).collect()
}

/// Check that the offsets or views of the array lie within its values, and return it.
pub fn checked<A: Array + Clone>(array: A) -> PyResult<A> {
    // An empty slice is not checked: its offset has no meaning.
    if !array.is_empty() {
        array.to_data().validate_full().map_err(invalid)?;
    }
    Ok(array)
}

/// The error for a source that breaks the rules of Arrow.
pub fn invalid(reason: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("source is not valid in Arrow's format: {reason}"))
}
