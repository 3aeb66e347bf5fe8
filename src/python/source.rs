//! What users hand in as text, as `_io/sources.py` has sorted it: files, an open file, or documents.

use super::items::{Items, text_of, type_name};
use super::signals::signals;
use super::tokenizer::PythonTokenizer;
use crate::corpus::{
    CHUNK_BYTES, ChunkReader, Content, DocumentUnit, FileReader, OnInvalid, TextOptions, TextReader,
};
use crate::encoding::EncodingOptions;
use crate::error::Result;
use crate::memory::MemoryLimit;
use crate::tokenize::Tokenizer;
use pyo3::exceptions::{PyBlockingIOError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyIterator, PyString};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// A source and how to read it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct SourceArguments<'py> {
    kind: String,
    value: Bound<'py, PyAny>,
    documents: String,
    errors: String,
    tokenize: Option<PythonTokenizer<'py>>,
}

impl SourceArguments<'_> {
    /// How bytes become documents.
    pub fn options(&self, encoding: &EncodingOptions, memory: &MemoryLimit) -> Result<TextOptions> {
        Ok(TextOptions {
            documents: DocumentUnit::from_name(&self.documents)?,
            errors: OnInvalid::from_name(&self.errors)?,
            // A function may look at more than words.
            whole: self.tokenize.is_some(),
            cut_at_punctuation: encoding.tokenizer != Tokenizer::Whitespace,
            max_word_bytes: encoding.max_word_bytes,
            most_bytes: memory.text_bytes(),
        })
    }

    /// The only file of the source, of which parts are to be read.
    pub fn one_file(&self) -> PyResult<PathBuf> {
        let mut files: Vec<PathBuf> = match &self.kind[..] {
            "files" => self.value.extract()?,
            _ => Vec::new(),
        };
        match files.pop() {
            // Others, a pipe among them, have no parts to take.
            Some(file) if files.is_empty() && file.is_file() => Ok(file),
            _ => Err(PyValueError::new_err(
                "source must be one text file to be sampled",
            )),
        }
    }
}

/// A reader for the worker, and what feeds it from Python if it needs feeding.
pub struct Source<'py> {
    pub reader: Box<dyn ChunkReader>,
    pub feeder: Option<Feeder<'py>>,
}

impl<'py> Source<'py> {
    /// Open what can be opened now.
    pub fn new(
        source: SourceArguments<'py>,
        encoding: &EncodingOptions,
        memory: &MemoryLimit,
    ) -> PyResult<Self> {
        let options = source.options(encoding, memory)?;
        let value = &source.value;
        let upstream = match &source.kind[..] {
            "files" => {
                let mut files = Box::new(FileReader::new(value.extract()?, options)?);
                if source.tokenize.is_none() {
                    return Ok(Self {
                        reader: files,
                        feeder: None,
                    });
                }
                // They are read on the calling thread, which has to look for signals itself.
                files.on_idle(signals());
                Upstream::Reader(files)
            }
            "stream" => Upstream::Reader(Box::new(open_stream(value, options)?)),
            "pieces" => Upstream::Pieces(Box::new(Pieces {
                pieces: value.try_iter()?,
                options,
                current: None,
                read: 0,
            })),
            _ => Upstream::Items(Items::new(value.try_iter()?, options)),
        };
        let total = match &upstream {
            Upstream::Reader(reader) => reader.total_bytes(),
            Upstream::Items(_) | Upstream::Pieces(_) => None,
        };
        let (sender, receiver) =
            sync_channel(2 * std::thread::available_parallelism().map_or(1, usize::from));
        Ok(Self {
            reader: Box::new(FedReader {
                receiver,
                name: match &upstream {
                    Upstream::Reader(reader) => reader.name(),
                    Upstream::Items(_) | Upstream::Pieces(_) => "<documents>".into(),
                },
                read: 0,
                total,
                notice: None,
            }),
            feeder: Some(Feeder {
                upstream,
                tokenizer: source.tokenize,
                sender,
                waiting: None,
            }),
        })
    }
}

/// Content, how many bytes of the source have been read when it is made, and what was noticed of it.
type Parcel = (Content, u64, Option<String>);

/// The worker's end of a channel of chunks.
struct FedReader {
    receiver: Receiver<Parcel>,
    name: PathBuf,
    read: u64,
    total: Option<u64>,
    notice: Option<String>,
}

impl ChunkReader for FedReader {
    fn next_chunk(&mut self) -> Result<Option<Content>> {
        Ok(self.receiver.recv().ok().map(|(content, read, notice)| {
            self.read = read;
            self.notice = notice;
            content
        }))
    }

    fn take_notice(&mut self) -> Option<String> {
        self.notice.take()
    }

    fn total_bytes(&self) -> Option<u64> {
        self.total
    }

    fn bytes_read(&self) -> u64 {
        self.read
    }

    fn name(&self) -> PathBuf {
        self.name.clone()
    }
}

enum Upstream<'py> {
    Items(Items<'py>),
    Pieces(Box<Pieces<'py>>),
    Reader(Box<dyn ChunkReader>),
}

impl Upstream<'_> {
    fn next_chunk(&mut self, py: Python<'_>) -> PyResult<Option<Content>> {
        match self {
            Self::Items(items) => items.next_chunk(py),
            Self::Pieces(pieces) => pieces.next_chunk(py),
            Self::Reader(reader) => Ok(py.detach(|| reader.next_chunk())?),
        }
    }

    fn take_notice(&mut self) -> Option<String> {
        match self {
            Self::Items(_) => None,
            Self::Pieces(pieces) => pieces.current.as_mut().and_then(ChunkReader::take_notice),
            Self::Reader(reader) => reader.take_notice(),
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Self::Items(items) => items.bytes_read(),
            Self::Pieces(pieces) => pieces.bytes_read(),
            Self::Reader(reader) => reader.bytes_read(),
        }
    }
}

/// Whole files and parts of files, one after the other: (name, where in the file it begins, open
/// file), `None` for the beginning of a whole file, which may be packed.
struct Pieces<'py> {
    pieces: Bound<'py, PyIterator>,
    options: TextOptions,
    current: Option<TextReader>,
    // Bytes of the pieces that are done.
    read: u64,
}

impl Pieces<'_> {
    fn next_chunk(&mut self, py: Python<'_>) -> PyResult<Option<Content>> {
        loop {
            if let Some(reader) = &mut self.current {
                if let Some(content) = py.detach(|| reader.next_chunk())? {
                    return Ok(Some(content));
                }
                self.read += reader.bytes_read();
                self.current = None;
            }
            let Some(piece) = self.pieces.next() else {
                return Ok(None);
            };
            let (name, offset, file): (PathBuf, Option<u64>, Bound<'_, PyAny>) =
                piece?.extract()?;
            let stream = PythonStream::new(&file, self.options.errors)?;
            let mut reader = match offset {
                None => TextReader::new(name, stream, self.options)?,
                Some(offset) => TextReader::part(name, stream, self.options, offset),
            };
            reader.on_idle(signals());
            self.current = Some(reader);
        }
    }

    fn bytes_read(&self) -> u64 {
        self.read + self.current.as_ref().map_or(0, TextReader::bytes_read)
    }
}

/// Brings what only Python can read or split, a chunk per call, on the thread that holds the
/// interpreter.
pub struct Feeder<'py> {
    upstream: Upstream<'py>,
    tokenizer: Option<PythonTokenizer<'py>>,
    sender: SyncSender<Parcel>,
    // A chunk that found the channel full.
    waiting: Option<Parcel>,
}

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
        let parcel = match self.waiting.take() {
            Some(parcel) => parcel,
            None => match self.next_chunk(py)? {
                Some(content) => {
                    let read = self.upstream.bytes_read();
                    (content, read, self.upstream.take_notice())
                }
                None => return Ok(Fed::Exhausted),
            },
        };
        Ok(match self.sender.try_send(parcel) {
            Ok(()) => Fed::Sent,
            Err(TrySendError::Full(parcel)) => {
                self.waiting = Some(parcel);
                Fed::Full
            }
            Err(TrySendError::Disconnected(_)) => Fed::Exhausted,
        })
    }

    fn next_chunk(&mut self, py: Python<'_>) -> PyResult<Option<Content>> {
        let Some(tokenizer) = &mut self.tokenizer else {
            return self.upstream.next_chunk(py);
        };
        if tokenizer.is_idle() {
            match self.upstream.next_chunk(py)? {
                Some(content) => tokenizer.begin(content),
                None => return Ok(None),
            }
        }
        tokenizer.go_on(py).map(Some)
    }
}

/// Read an open file: of text if `read` gives str, else of bytes, which may be packed.
fn open_stream(file: &Bound<'_, PyAny>, options: TextOptions) -> PyResult<TextReader> {
    let name = file.getattr("name").and_then(|name| name.extract());
    let name: PathBuf = name.unwrap_or_else(|_| "<file>".into());
    let is_text = file
        .call_method1("read", (0,))?
        .is_instance_of::<PyString>();
    let stream = PythonStream::new(file, options.errors)?;
    let mut reader = if is_text {
        TextReader::decoded(name, stream, options).recognising()
    } else {
        TextReader::new(name, stream, options)?
    };
    reader.on_idle(signals());
    Ok(reader)
}

/// The bytes of a Python file object.
pub struct PythonStream {
    read: Py<PyAny>,
    errors: OnInvalid,
    // What Python has given and nobody taken.
    block: io::Cursor<Vec<u8>>,
}

impl PythonStream {
    pub fn new(file: &Bound<'_, PyAny>, errors: OnInvalid) -> PyResult<Self> {
        // What is there already, rather than to wait for as much as was asked for.
        let read = file.getattr("read1").or_else(|_| file.getattr("read"))?;
        Ok(Self {
            read: read.unbind(),
            errors,
            block: io::Cursor::default(),
        })
    }

    fn next_block(&self, py: Python<'_>) -> PyResult<Vec<u8>> {
        let block = self.read.bind(py).call1((CHUNK_BYTES,))?;
        if let Ok(bytes) = block.cast::<PyBytes>() {
            return Ok(bytes.as_bytes().to_vec());
        }
        if let Ok(text) = block.cast::<PyString>() {
            return Ok(text_of(text, self.errors)?.into_owned().into_bytes());
        }
        if block.is_none() {
            let message = "the source has no data yet: it is open without blocking";
            return Err(PyBlockingIOError::new_err((11, message)));
        }
        Err(PyTypeError::new_err(format!(
            "the source's read() must return bytes or str, got {}",
            type_name(&block)
        )))
    }
}

impl Read for PythonStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.block.position() == self.block.get_ref().len() as u64 {
            let block = Python::attach(|py| self.next_block(py)).map_err(io::Error::other)?;
            self.block = io::Cursor::new(block);
        }
        self.block.read(buffer)
    }
}
