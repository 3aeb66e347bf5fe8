//! Reads columns of text in Arrow's format, without a Python object for each row.

use crate::corpus::{CHUNK_BYTES, ChunkReader, Content, Gatherer, OnInvalid, TextOptions, Words};
use crate::error::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type, Int64Type, RunEndIndexType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, LargeBinaryArray, OffsetSizeTrait,
};
use arrow_buffer::ArrowNativeType;
use arrow_schema::{ArrowError, DataType, Fields};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3_arrow::ffi::ArrayReader;
use pyo3_arrow::input::AnyArray;
use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

/// Reads a column of text or of lists of words, batch by batch. A row is a document; a null row is skipped.
pub struct ArrowReader {
    batches: Box<dyn ArrayReader + Send>,
    options: TextOptions,
    batch: Option<Column>,
    row: usize,
    read: u64,
}

impl ArrowReader {
    /// Read what `source` exports by `__arrow_c_stream__` or `__arrow_c_array__`.
    pub fn new(source: &Bound<'_, PyAny>, options: TextOptions) -> PyResult<Self> {
        let batches = source.extract::<AnyArray>()?.into_reader()?;
        check(batches.field().data_type())?;
        Ok(Self {
            batches,
            options,
            batch: None,
            row: 0,
            read: 0,
        })
    }

    fn next_batch(&mut self) -> PyResult<Option<Column>> {
        let batch = self.batches.next().transpose();
        let batch = batch.map_err(|error| match error {
            ArrowError::CDataInterface(reason) => invalid(reason),
            other => PyValueError::new_err(other.to_string()),
        })?;
        batch.map(|batch| Column::new(&batch)).transpose()
    }

    fn text<'a>(&self, bytes: &'a [u8]) -> PyResult<Cow<'a, str>> {
        // Arrow requires valid UTF-8, but its producers do not all check it.
        match (std::str::from_utf8(bytes), self.options.errors) {
            (Ok(text), _) => Ok(text.into()),
            (Err(error), OnInvalid::Strict) => Err(PyValueError::new_err(format!(
                "row {} of a batch of the source: {error}",
                self.row
            ))),
            (Err(_), OnInvalid::Replace) => Ok(String::from_utf8_lossy(bytes)),
            (Err(_), OnInvalid::Ignore) => {
                Ok(bytes.utf8_chunks().map(|chunk| chunk.valid()).collect())
            }
        }
    }

    /// Gather the next documents of the open batch into a chunk.
    fn gather(&mut self, column: &Column) -> PyResult<Content> {
        let mut text = Gatherer::new(self.options.documents);
        let mut words = Words::default();
        while self.row < column.rows() && text.len() + words.len() < CHUNK_BYTES {
            if let Some(tokens) = column.tokens(self.row) {
                for token in tokens {
                    words.push(self.text(token)?.as_bytes())?;
                }
                words.end_document();
            } else if let Some(document) = column.text(self.row) {
                text.push(&self.text(document)?)?;
                text.end();
            }
            self.row += 1;
        }
        Ok(if column.are_words() {
            Content::Words(words)
        } else {
            text.take()
        })
    }
}

impl ChunkReader for ArrowReader {
    fn next_chunk(&mut self) -> Result<Option<Content>> {
        let column = match self.batch.take() {
            Some(column) => column,
            None => match self.next_batch().map_err(from_python)? {
                Some(column) => column,
                None => return Ok(None),
            },
        };
        let content = self.gather(&column).map_err(from_python)?;
        if self.row < column.rows() {
            self.batch = Some(column);
        } else {
            self.row = 0;
        }
        self.read += content.len() as u64;
        Ok(Some(content))
    }

    fn bytes_read(&self) -> u64 {
        self.read
    }

    fn name(&self) -> PathBuf {
        "<documents>".into()
    }
}

fn from_python(error: PyErr) -> Error {
    Error::io("<documents>", io::Error::other(error))
}

/// A column of a batch. Strings are bytes until they are checked to be UTF-8.
enum Column {
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

/// What the rows of a column hold, if they are not null.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Words,
    Nothing,
}

impl Column {
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
        let values = Box::new(Self::new(values)?);
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

    fn rows(&self) -> usize {
        match self {
            Self::Small(array) => array.len(),
            Self::Large(array) => array.len(),
            Self::View(array) => array.len(),
            Self::Rows { rows, .. } => rows.len(),
            Self::Lists { rows, .. } => rows.len(),
            Self::Nulls(rows) => *rows,
        }
    }

    fn are_words(&self) -> bool {
        match self {
            Self::Rows { values, .. } => values.are_words(),
            other => matches!(other, Self::Lists { .. }),
        }
    }

    fn text(&self, row: usize) -> Option<&[u8]> {
        match self {
            Self::Small(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Large(array) => array.is_valid(row).then(|| array.value(row)),
            Self::View(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Rows { rows, values } => values.text(rows[row]?),
            Self::Lists { .. } | Self::Nulls(_) => None,
        }
    }

    fn tokens(&self, row: usize) -> Option<impl Iterator<Item = &[u8]>> {
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
    // The offset of an empty slice has no meaning.
    if !array.is_empty() {
        array.to_data().validate_full().map_err(invalid)?;
    }
    Ok(array)
}

fn invalid(reason: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("source is not valid in Arrow's format: {reason}"))
}

fn not_text(kind: &DataType) -> PyErr {
    PyTypeError::new_err(format!(
        "source must be a column of strings or of lists of strings, got {kind}"
    ))
}

/// What a column of this type holds; `None` if that cannot be text.
fn holds(kind: &DataType) -> Option<Holds> {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(Holds::Text),
        DataType::Null => Some(Holds::Nothing),
        DataType::Dictionary(_, values) => holds(values),
        DataType::RunEndEncoded(_, values) => holds(values.data_type()),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => {
            let tokens = holds(item.data_type())?;
            (tokens != Holds::Words).then_some(Holds::Words)
        }
        _ => None,
    }
}

/// Refuse a type of column that is not text. Called before a row is read.
fn check(kind: &DataType) -> PyResult<()> {
    match kind {
        DataType::Struct(fields) => text_column(fields).map(|_| ()),
        other => holds(other).map(|_| ()).ok_or_else(|| not_text(other)),
    }
}

/// The position of the only column of text in a table. A column of nulls without a type is chosen if it is
/// the only one and there is no column of text.
fn text_column(fields: &Fields) -> PyResult<usize> {
    let of = |wanted: &dyn Fn(Holds) -> bool| -> Vec<usize> {
        let fields = fields.iter().enumerate();
        fields
            .filter(|(_, field)| holds(field.data_type()).is_some_and(wanted))
            .map(|(column, _)| column)
            .collect()
    };
    let texts = of(&|holds| holds != Holds::Nothing);
    let nulls = of(&|holds| holds == Holds::Nothing);
    match (&texts[..], &nulls[..]) {
        ([only], _) | ([], [only]) => Ok(*only),
        _ => Err(PyValueError::new_err(format!(
            "source must have one column of text, or be one, such as table[\"text\"]; it has {} \
             among its columns {:?}",
            texts.len(),
            fields.iter().map(|field| field.name()).collect::<Vec<_>>()
        ))),
    }
}
