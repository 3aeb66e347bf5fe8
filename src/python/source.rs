//! What users hand in as text: a path, or an iterable of documents or of token lists.

use crate::corpus::{CHUNK_BYTES, ChunkReader, Content, FileReader, Words};
use crate::error::Result;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyString};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

/// A reader for the worker, and what feeds it from Python if it needs feeding.
pub struct Source<'py> {
    pub reader: Box<dyn ChunkReader>,
    pub feeder: Option<Feeder<'py>>,
}

impl<'py> Source<'py> {
    /// From a path (`str` or `os.PathLike`) or an iterable.
    pub fn new(source: &Bound<'py, PyAny>) -> PyResult<Self> {
        if source.is_instance_of::<PyString>() || source.hasattr("__fspath__")? {
            let path: PathBuf = source.extract()?;
            return Ok(Self {
                reader: Box::new(FileReader::open(path)?),
                feeder: None,
            });
        }
        let documents = source.try_iter().map_err(|_| {
            PyTypeError::new_err(format!(
                "source must be a path or an iterable of documents (str) or of lists of words, \
                 got {}",
                type_name(source)
            ))
        })?;
        let (sender, receiver) =
            sync_channel(2 * std::thread::available_parallelism().map_or(1, usize::from));
        Ok(Self {
            reader: Box::new(FedReader { receiver }),
            feeder: Some(Feeder {
                documents,
                number: 0,
                sender,
                waiting: None,
                pending: None,
            }),
        })
    }
}

/// The worker's end of a channel of chunks.
struct FedReader {
    receiver: Receiver<Content>,
}

impl ChunkReader for FedReader {
    fn next_chunk(&mut self) -> Result<Option<Content>> {
        Ok(self.receiver.recv().ok())
    }

    fn name(&self) -> PathBuf {
        "<documents>".into()
    }
}

/// Drains a Python iterator, a chunk per call, on the thread that holds the interpreter.
pub struct Feeder<'py> {
    documents: Bound<'py, PyIterator>,
    number: u64,
    sender: SyncSender<Content>,
    // A chunk that found the channel full.
    waiting: Option<Content>,
    // A document of the other kind, which ended the chunk before it.
    pending: Option<Bound<'py, PyAny>>,
}

/// How long documents are gathered before they are handed over, few as they may be.
const PATIENCE: Duration = Duration::from_millis(50);

/// What a call of [`Feeder::feed`] came to.
pub enum Fed {
    /// A chunk is on its way.
    Sent,
    /// The workers are behind; try again soon.
    Full,
    /// There are no more documents, or nobody to take them.
    Exhausted,
}

impl Feeder<'_> {
    /// Make a chunk of documents and hand it over.
    pub fn feed(&mut self, py: Python<'_>) -> PyResult<Fed> {
        let chunk = match self.waiting.take() {
            Some(chunk) => chunk,
            None => match self.next_chunk(py)? {
                Some(chunk) => chunk,
                None => return Ok(Fed::Exhausted),
            },
        };
        Ok(match self.sender.try_send(chunk) {
            Ok(()) => Fed::Sent,
            Err(TrySendError::Full(chunk)) => {
                self.waiting = Some(chunk);
                Fed::Full
            }
            Err(TrySendError::Disconnected(_)) => Fed::Exhausted,
        })
    }

    fn next_chunk(&mut self, py: Python<'_>) -> PyResult<Option<Content>> {
        let mut text = Vec::new();
        let mut words = Words::default();
        let mut taken = 0;
        let start = Instant::now();
        while text.len() + words.len() < CHUNK_BYTES {
            // A slow source must not keep the caller from progress, signals and errors.
            if start.elapsed() > PATIENCE && (!text.is_empty() || !words.is_empty()) {
                break;
            }
            // A slow generator still leaves a way out every few documents.
            taken += 1;
            if taken % 256 == 0 {
                py.check_signals()?;
            }
            let document = match self.pending.take() {
                Some(document) => document,
                None => match self.documents.next() {
                    Some(document) => document?,
                    None => break,
                },
            };
            if let Ok(document_text) = document.cast::<PyString>() {
                if !words.is_empty() {
                    self.pending = Some(document);
                    break;
                }
                text.extend_from_slice(document_text.to_str()?.as_bytes());
                text.push(b'\n');
            } else {
                if !text.is_empty() {
                    self.pending = Some(document);
                    break;
                }
                push_words(&document, self.number, &mut words)?;
            }
            self.number += 1;
        }
        Ok(if !words.is_empty() {
            Some(Content::Words(words))
        } else if !text.is_empty() {
            Some(Content::Text(text))
        } else {
            None
        })
    }
}

fn push_words(document: &Bound<'_, PyAny>, number: u64, words: &mut Words) -> PyResult<()> {
    let wrong = |found: &Bound<'_, PyAny>, what: &str| {
        PyTypeError::new_err(format!(
            "document {number} of the source {what}, got {}",
            type_name(found)
        ))
    };
    let bytes = document.is_instance_of::<pyo3::types::PyBytes>();
    let tokens = document
        .try_iter()
        .ok()
        .filter(|_| !bytes)
        .ok_or_else(|| wrong(document, "must be a str or a list of str"))?;
    for token in tokens {
        let token = token?;
        let token = token
            .cast::<PyString>()
            .map_err(|_| wrong(&token, "must hold str only"))?;
        words.push(token.to_str()?.as_bytes());
    }
    words.end_document();
    Ok(())
}

fn type_name(object: &Bound<'_, PyAny>) -> String {
    object
        .get_type()
        .name()
        .map_or_else(|_| "?".into(), |name| name.to_string())
}
