//! Columns of text in Arrow's format, read without a Python object per row.

use crate::corpus::{CHUNK_BYTES, ChunkReader, Content, Gatherer, OnInvalid, TextOptions, Words};
use crate::error::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, LargeBinaryArray, OffsetSizeTrait,
};
use arrow_schema::{ArrowError, DataType};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3_arrow::ffi::ArrayReader;
use pyo3_arrow::input::AnyArray;
use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

/// Reads a column, batch by batch: a document per row, of text or of words. Nulls are no documents.
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
        Ok(Self {
            batches: source.extract::<AnyArray>()?.into_reader()?,
            options,
            batch: None,
            row: 0,
            read: 0,
        })
    }

    fn next_batch(&mut self) -> PyResult<Option<Column>> {
        let batch = self.batches.next().transpose();
        let batch = batch.map_err(|e: ArrowError| PyValueError::new_err(e.to_string()))?;
        batch.map(|batch| Column::new(&batch)).transpose()
    }

    fn text<'a>(&self, bytes: &'a [u8]) -> PyResult<Cow<'a, str>> {
        // The format promises valid UTF-8, and nobody checks.
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

    /// Documents of the open batch.
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
        Ok(if matches!(column, Column::Lists { .. }) {
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

/// A column of a batch. Strings are taken for the bytes they are until they have been checked.
enum Column {
    Small(BinaryArray),
    Large(LargeBinaryArray),
    View(BinaryViewArray),
    Dictionary {
        keys: Vec<Option<usize>>,
        values: Box<Column>,
    },
    Lists {
        rows: Vec<Option<(usize, usize)>>,
        tokens: Box<Column>,
    },
    Nulls(usize),
}

impl Column {
    /// The text in `array`: the array itself, or its one column of text if it is a table.
    fn new(array: &ArrayRef) -> PyResult<Self> {
        if let Some(columns) = array.as_struct_opt() {
            let texts: Vec<usize> = (0..columns.num_columns())
                .filter(|&i| is_text(columns.column(i).data_type()))
                .collect();
            if let [only] = texts[..] {
                return Self::new(columns.column(only));
            }
            return Err(PyValueError::new_err(format!(
                "source must have one column of text, or be one, such as table[\"text\"]; it has \
                 {} among its columns {:?}",
                texts.len(),
                columns.column_names()
            )));
        }
        Ok(match array.data_type() {
            DataType::Utf8 => Self::Small(array.as_string::<i32>().clone().into()),
            DataType::LargeUtf8 => Self::Large(array.as_string::<i64>().clone().into()),
            DataType::Utf8View => Self::View(array.as_string_view().clone().to_binary_view()),
            DataType::Null => Self::Nulls(array.len()),
            DataType::Dictionary(_, values) if is_string(values) => {
                let dictionary = array.as_any_dictionary();
                let keys = dictionary.normalized_keys().into_iter().enumerate();
                Self::Dictionary {
                    keys: keys
                        .map(|(row, key)| array.is_valid(row).then_some(key))
                        .collect(),
                    values: Box::new(Self::new(dictionary.values())?),
                }
            }
            DataType::List(item) if is_string(item.data_type()) => Self::lists::<i32>(array)?,
            DataType::LargeList(item) if is_string(item.data_type()) => Self::lists::<i64>(array)?,
            other => {
                return Err(PyTypeError::new_err(format!(
                    "source must be a column of strings or of lists of strings, got {other}"
                )));
            }
        })
    }

    fn lists<O: OffsetSizeTrait>(array: &ArrayRef) -> PyResult<Self> {
        let lists = array.as_list::<O>();
        let rows = lists.value_offsets().windows(2).enumerate();
        Ok(Self::Lists {
            rows: rows
                .map(|(row, ends)| {
                    let [start, end] = [ends[0].as_usize(), ends[1].as_usize()];
                    array.is_valid(row).then_some((start, end))
                })
                .collect(),
            tokens: Box::new(Self::new(lists.values())?),
        })
    }

    fn rows(&self) -> usize {
        match self {
            Self::Small(array) => array.len(),
            Self::Large(array) => array.len(),
            Self::View(array) => array.len(),
            Self::Dictionary { keys, .. } => keys.len(),
            Self::Lists { rows, .. } => rows.len(),
            Self::Nulls(rows) => *rows,
        }
    }

    fn text(&self, row: usize) -> Option<&[u8]> {
        match self {
            Self::Small(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Large(array) => array.is_valid(row).then(|| array.value(row)),
            Self::View(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Dictionary { keys, values } => values.text(keys[row]?),
            Self::Lists { .. } | Self::Nulls(_) => None,
        }
    }

    fn tokens(&self, row: usize) -> Option<impl Iterator<Item = &[u8]>> {
        let Self::Lists { rows, tokens } = self else {
            return None;
        };
        let (start, end) = rows[row]?;
        Some((start..end).filter_map(|token| tokens.text(token)))
    }
}

fn is_string(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::List(item) | DataType::LargeList(item) => is_string(item.data_type()),
        DataType::Dictionary(_, values) => is_string(values),
        other => is_string(other),
    }
}
