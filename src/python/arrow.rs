//! Reads columns of text in Arrow's format, without a Python object for each row.

use super::errors::FormatError;
use crate::corpus::{
    CHUNK_BYTES, ChunkReader, Content, ContentBuilder, OnInvalid, TextOptions, TokenizedDocuments,
};
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
    // The position of the named column in each table: a field, then a field of this field, and so
    // on. Empty if no column is named: then the batches are columns, or tables with only one column
    // of text.
    path: Vec<usize>,
    // If the source is a batch of rows of a file: the name of the file, the number in the file of the first row
    // of this batch, and a note for messages that says from where rows are numbered.
    file: Option<(PathBuf, u64, String)>,
    batch: Option<Column>,
    row: usize,
    // The number of rows of the finished batches.
    before: u64,
    read: u64,
}

impl ArrowReader {
    /// Read what `source` exports by `__arrow_c_stream__` or `__arrow_c_array__`. `column` names a
    /// column of the table; without `column` the table must have only one column of text.
    /// `_io/table_files.py` gives a batch of rows of a file the attribute `origin`: the name of the
    /// file, the number in the file of the first row of the batch, and a note for messages that says
    /// from where rows are numbered.
    pub fn new(
        source: &Bound<'_, PyAny>,
        options: TextOptions,
        column: Option<&str>,
    ) -> PyResult<Self> {
        let batches = source.extract::<AnyArray>()?.into_reader()?;
        let path = match column {
            None => Vec::new(),
            Some(name) => named_column(batches.field().data_type(), name)?,
        };
        check(column_type(batches.field().data_type(), &path), column)?;
        Ok(Self {
            batches,
            options,
            path,
            file: source
                .getattr("origin")
                .and_then(|origin| origin.extract())
                .ok(),
            batch: None,
            row: 0,
            before: 0,
            read: 0,
        })
    }

    fn next_batch(&mut self) -> PyResult<Option<Column>> {
        let batch = self.batches.next().transpose();
        let batch = batch.map_err(|error| match error {
            ArrowError::CDataInterface(reason) => invalid(reason),
            other => PyValueError::new_err(other.to_string()),
        })?;
        batch
            .map(|batch| Column::at(&batch, &self.path).map_err(|error| self.in_file(error)))
            .transpose()
    }

    /// Add the file and the first row of the batch to the message of an error in a batch of a file.
    fn in_file(&self, error: PyErr) -> PyErr {
        match &self.file {
            Some((file, first, note)) => {
                let reason = Python::attach(|py| error.value(py).to_string());
                let file = file.display();
                FormatError::new_err(format!("{file}, after row {first}{note}: {reason}"))
            }
            None => error,
        }
    }

    fn text<'a>(&self, bytes: &'a [u8]) -> PyResult<Cow<'a, str>> {
        // Arrow requires valid UTF-8, but not all programs that export Arrow data check it.
        match (std::str::from_utf8(bytes), self.options.errors) {
            (Ok(text), _) => Ok(text.into()),
            (Err(error), OnInvalid::Strict) => Err(match &self.file {
                Some((file, first, note)) => FormatError::new_err(format!(
                    "{}, row {}{note}: {error}; errors=\"replace\" or errors=\"ignore\" accepts it",
                    file.display(),
                    first + self.row as u64
                )),
                None => PyValueError::new_err(format!(
                    "row {} (from 0) of a table of the source: {error}",
                    self.before + self.row as u64
                )),
            }),
            (Err(_), OnInvalid::Replace) => Ok(String::from_utf8_lossy(bytes)),
            (Err(_), OnInvalid::Ignore) => {
                Ok(bytes.utf8_chunks().map(|chunk| chunk.valid()).collect())
            }
        }
    }

    /// Join the next documents of the open batch into a chunk.
    fn read_chunk(&mut self, column: &Column) -> PyResult<Content> {
        let mut text = ContentBuilder::new(self.options.documents);
        let mut words = TokenizedDocuments::default();
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
        let content = self.read_chunk(&column).map_err(from_python)?;
        if self.row < column.rows() {
            self.batch = Some(column);
        } else {
            self.before += column.rows() as u64;
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
    /// The column at `path` in a table. If the path is empty, the result is that of
    /// [`Column::new`].
    fn at(array: &ArrayRef, path: &[usize]) -> PyResult<Self> {
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
    // An empty slice is not checked: its offset has no meaning.
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

/// What a column of this type holds; `None` if it cannot hold text or lists of words and is not a column of nulls.
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

/// Refuse a column whose type can hold neither text nor lists of words. A column of nulls without a type is
/// accepted. Called before a row is read. `column` is the name of the column, if the caller chose it by its name.
fn check(kind: &DataType, column: Option<&str>) -> PyResult<()> {
    match (kind, column) {
        (_, Some(name)) if holds(kind).is_none() => Err(PyValueError::new_err(format!(
            "column must name a column of text or of lists of words, but {name:?} has the type {}",
            type_text(kind)
        ))),
        (DataType::Struct(fields), None) => text_column(fields).map(|_| ()),
        (other, _) => holds(other).map(|_| ()).ok_or_else(|| not_text(other)),
    }
}

/// The position of the column `name` in a table. "a.b" is the column with this name or, if there is none, the
/// field "b" of the column "a".
fn named_column(table: &DataType, name: &str) -> PyResult<Vec<usize>> {
    let DataType::Struct(fields) = table else {
        return Err(PyValueError::new_err(format!(
            "column must be left out, got {name:?}: the source is a column itself, not a table"
        )));
    };
    find(fields, name).ok_or_else(|| {
        let columns: Vec<_> = fields
            .iter()
            .map(|field| format!("{}: {}", field.name(), type_text(field.data_type())))
            .collect();
        PyValueError::new_err(format!(
            "column must name a column of the source, got {name:?}; the source has {}",
            if columns.is_empty() {
                "no columns".to_owned()
            } else {
                columns.join(", ")
            }
        ))
    })
}

fn find(fields: &Fields, name: &str) -> Option<Vec<usize>> {
    let position = |name: &str| fields.iter().position(|field| field.name() == name);
    if let Some(found) = position(name) {
        return Some(vec![found]);
    }
    name.match_indices('.').find_map(|(dot, _)| {
        let outer = position(&name[..dot])?;
        let DataType::Struct(inner) = fields[outer].data_type() else {
            return None;
        };
        let mut path = find(inner, &name[dot + 1..])?;
        path.insert(0, outer);
        Some(path)
    })
}

/// The type of the column at a path that [`named_column`] returned.
fn column_type<'a>(table: &'a DataType, path: &[usize]) -> &'a DataType {
    path.iter().fold(table, |kind, field| match kind {
        DataType::Struct(fields) => fields[*field].data_type(),
        other => other,
    })
}

/// The name of a type, as pyarrow writes it for the common types.
fn type_text(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 => "string".into(),
        DataType::LargeUtf8 => "large_string".into(),
        DataType::Utf8View => "string_view".into(),
        DataType::Float16 => "halffloat".into(),
        DataType::Float32 => "float".into(),
        DataType::Float64 => "double".into(),
        DataType::Boolean => "bool".into(),
        DataType::List(item) => format!("list<{}>", type_text(item.data_type())),
        DataType::LargeList(item) => format!("large_list<{}>", type_text(item.data_type())),
        DataType::Struct(fields) => {
            let fields = fields.iter();
            let fields: Vec<_> = fields
                .map(|field| format!("{}: {}", field.name(), type_text(field.data_type())))
                .collect();
            format!("struct<{}>", fields.join(", "))
        }
        other => other.to_string().to_lowercase(),
    }
}

/// The position of the only column of text or of lists of words in a table. If there is no such column and only
/// one column of nulls without a type, the position of the column of nulls.
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
            "source must have one column of text, or column= must name one; it has {} among its \
             columns {:?}",
            texts.len(),
            fields.iter().map(|field| field.name()).collect::<Vec<_>>()
        ))),
    }
}
