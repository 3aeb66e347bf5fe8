//! Reads columns of text in Arrow's format, without a Python object for each row.

use super::arrow_column::{Column, invalid};
use super::errors::FormatError;
use super::text_column::{check, column_type, named_column};
use crate::corpus::{
    CHUNK_BYTES, ChunkReader, Content, ContentBuilder, OnInvalid, TextOptions, TokenizedDocuments,
};
use crate::error::{Error, Result};
use arrow_schema::ArrowError;
use pyo3::exceptions::PyValueError;
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
