//! Reads iterables of documents. An item is a str, an iterable of words, or a batch of documents in Arrow's
//! format.

use super::arrow::ArrowReader;
use super::objects::{text_of, type_name};
use super::signals::signals;
use crate::corpus::{
    CHUNK_BYTES, ChunkReader, Content, ContentBuilder, TextOptions, TextReader, TokenizedDocuments,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyIterator, PyList, PyString, PyTuple};
use std::time::{Duration, Instant};

/// A chunk is sent after this time even if it is small, so that progress and Ctrl-C do not wait for
/// a slow source.
pub const CHUNK_WAIT: Duration = Duration::from_millis(50);

/// Reads documents from a Python iterator and joins them into chunks.
pub struct IterableReader<'py> {
    items: Bound<'py, PyIterator>,
    options: TextOptions,
    // The name of the column to read, if an item is a table.
    column: Option<String>,
    // Number of the next item, from 0.
    number: u64,
    // The next document, if it was taken from the iterator but not added to the last chunk, because it is of
    // another kind or is large.
    pending: Option<Bound<'py, PyAny>>,
    // The reader of the present item, if this item is a batch or a document at least as large as a
    // chunk.
    inside: Option<Box<dyn ChunkReader>>,
    read: u64,
}

impl<'py> IterableReader<'py> {
    pub fn new(
        items: Bound<'py, PyIterator>,
        options: TextOptions,
        column: Option<String>,
    ) -> Self {
        Self {
            items,
            options,
            column,
            number: 0,
            pending: None,
            inside: None,
            read: 0,
        }
    }

    pub fn bytes_read(&self) -> u64 {
        self.read
    }

    /// Read about [`CHUNK_BYTES`] of documents; less if the iterator is slow.
    pub fn next_chunk(&mut self, py: Python<'_>) -> PyResult<Option<Content>> {
        loop {
            let mut chunk = None;
            if let Some(reader) = &mut self.inside {
                chunk = py.detach(|| reader.next_chunk())?;
            }
            if chunk.is_none() {
                self.inside = None;
                chunk = self.read_chunk(py)?;
            }
            if let Some(chunk) = chunk {
                self.read += chunk.len() as u64;
                return Ok(Some(chunk));
            }
            if self.inside.is_none() {
                return Ok(None);
            }
        }
    }

    /// Join small documents of one kind (text or words) into a chunk. Returns `None` at the end of the
    /// iterator, or if the next item needs a reader of its own; this reader is then `self.inside`.
    fn read_chunk(&mut self, py: Python<'_>) -> PyResult<Option<Content>> {
        let mut text = ContentBuilder::new(self.options.documents);
        let mut words = TokenizedDocuments::default();
        let start = Instant::now();
        for taken in 1.. {
            if text.len() + words.len() >= CHUNK_BYTES {
                break;
            }
            let has_some = !text.is_empty() || !words.is_empty();
            // Return to the caller soon: it reports progress and checks for signals and errors.
            if has_some && start.elapsed() > CHUNK_WAIT {
                break;
            }
            // Check for signals, so that Ctrl-C also ends an iterator of many small documents.
            if taken % 256 == 0 {
                py.check_signals()?;
            }
            let item = match self.pending.take() {
                Some(item) => item,
                None => match self.items.next() {
                    Some(item) => item?,
                    None => break,
                },
            };
            if let Ok(document) = item.cast::<PyString>() {
                let document =
                    text_of(document, self.options.errors).map_err(|error| self.note(py, error))?;
                let is_large = document.len() >= CHUNK_BYTES;
                if !words.is_empty() || is_large && has_some {
                    drop(document);
                    self.pending = Some(item);
                    break;
                }
                if is_large {
                    let document = std::io::Cursor::new(document.into_owned());
                    let name = format!("document {} of the source", self.number);
                    let mut reader = TextReader::decoded(name, document, self.options);
                    reader.on_idle(signals());
                    self.inside = Some(Box::new(reader));
                    self.number += 1;
                    break;
                }
                text.push(&document)?;
                text.end();
            } else {
                let is_arrow = is_arrow(&item)?;
                if !text.is_empty() || is_arrow && has_some {
                    self.pending = Some(item);
                    break;
                }
                if is_arrow {
                    let batch = ArrowReader::new(&item, self.options, self.column.as_deref())?;
                    self.inside = Some(Box::new(batch));
                    self.number += 1;
                    break;
                }
                self.push_words(&item, &mut words)?;
            }
            self.number += 1;
        }
        Ok(if !words.is_empty() {
            Some(Content::Words(words))
        } else if !text.is_empty() {
            Some(text.take())
        } else {
            None
        })
    }

    fn push_words(
        &self,
        document: &Bound<'py, PyAny>,
        words: &mut TokenizedDocuments,
    ) -> PyResult<()> {
        let wrong = |found: &Bound<'_, PyAny>, what: &str| {
            PyTypeError::new_err(format!(
                "document {} of the source {what}, got {}",
                self.number,
                type_name(found)
            ))
        };
        // Iterating over bytes or a dict would not give words.
        let is_other = document.is_instance_of::<PyBytes>() || document.is_instance_of::<PyDict>();
        let tokens = document
            .try_iter()
            .ok()
            .filter(|_| !is_other)
            .ok_or_else(|| wrong(document, "must be a str or a list of str"))?;
        for (number, token) in tokens.enumerate() {
            // Check for signals, so that Ctrl-C also ends a document of millions of words.
            if number % 4096 == 4095 {
                document.py().check_signals()?;
            }
            let token = token?;
            let token = token
                .cast::<PyString>()
                .map_err(|_| wrong(&token, "must hold str only"))?;
            let token = text_of(token, self.options.errors)
                .map_err(|error| self.note(document.py(), error))?;
            words.push(token.as_bytes())?;
        }
        words.end_document();
        Ok(())
    }

    /// Add a note that names the document to an error. The type and the message of the error stay the same.
    fn note(&self, py: Python<'_>, error: PyErr) -> PyErr {
        let note = format!(
            "in document {} of the source; errors=\"replace\" or errors=\"ignore\" accepts it",
            self.number
        );
        match error.value(py).call_method1("add_note", (note,)) {
            Ok(_) => error,
            Err(failed) => failed,
        }
    }
}

fn is_arrow(item: &Bound<'_, PyAny>) -> PyResult<bool> {
    // Most items are lists or tuples: skip the two slow attribute look-ups for them.
    let is_plain = item.is_instance_of::<PyList>() || item.is_instance_of::<PyTuple>();
    Ok(!is_plain && (item.hasattr("__arrow_c_stream__")? || item.hasattr("__arrow_c_array__")?))
}
