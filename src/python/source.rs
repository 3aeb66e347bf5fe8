//! Sources of text from Python: files, an open file, an iterable of documents, or ranges of files.
//! `_io/sources.py` decides which of these kinds of source a user's object is.

use super::iterable::IterableReader;
use super::signals::signals;
use super::stream::PythonStream;
use super::tokenizer::PythonTokenizer;
use crate::corpus::{
    ChunkReader, Content, DocumentUnit, FileReader, OnInvalid, SampleReader, TextOptions,
    TextReader,
};
use crate::encoding::EncodingOptions;
use crate::error::Result;
use crate::memory::MemoryLimit;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyString};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// A source, and how to read it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct SourceArguments<'py> {
    kind: String,
    value: Bound<'py, PyAny>,
    // The name of an iterable, or of ranges of files, in messages.
    name: PathBuf,
    // The column to read, if the value gives tables.
    column: Option<String>,
    // The approximate number of bytes of text of an iterable, if it is known.
    total: Option<u64>,
    // Whether the value gives only a sample of the text, from which the size of the whole text is
    // estimated.
    is_sample: bool,
    documents: String,
    errors: String,
    tokenize: Option<PythonTokenizer<'py>>,
}

impl SourceArguments<'_> {
    /// How to cut text into documents.
    pub fn options(&self, encoding: &EncodingOptions, memory: &MemoryLimit) -> Result<TextOptions> {
        Ok(TextOptions {
            documents: DocumentUnit::from_name(&self.documents)?,
            errors: OnInvalid::from_name(&self.errors)?,
            // A Python tokenizer gets whole documents, because it may look at several words together.
            whole: self.tokenize.is_some(),
            most_bytes: memory.text_bytes(),
            ..encoding.text_options()
        })
    }
}

/// The documents of a text, cut as when a corpus is read. The package calls this to search a corpus for a word.
#[pyfunction]
pub fn split_documents<'a>(text: &'a str, documents: &str) -> PyResult<Vec<&'a str>> {
    Ok(DocumentUnit::from_name(documents)?.split(text))
}

/// Bytes after which a file may be cut into parts that have the same documents; `None` if it must not be cut.
#[pyfunction]
pub fn document_end(documents: &str) -> PyResult<Option<&'static [u8]>> {
    Ok(DocumentUnit::from_name(documents)?.end())
}

/// About the largest number of bytes of decoded tables that may wait for the core in a call with this memory limit.
#[pyfunction]
pub fn table_bytes(memory: Option<u64>) -> u64 {
    MemoryLimit::new(memory, None).table_bytes()
}

/// A reader for the worker. If only Python can read the source or split it into words, a feeder sends the
/// chunks to this reader.
pub struct Source<'py> {
    pub reader: Box<dyn ChunkReader>,
    pub feeder: Option<Feeder<'py>>,
}

impl<'py> Source<'py> {
    /// Open the source.
    pub fn new(
        source: SourceArguments<'py>,
        encoding: &EncodingOptions,
        memory: &MemoryLimit,
    ) -> PyResult<Self> {
        let options = source.options(encoding, memory)?;
        if source.kind == "files" {
            let files = FileReader::new(source.value.extract()?, options)?;
            return Ok(Self::of_files(Box::new(files), source));
        }
        let value = &source.value;
        let upstream = match &source.kind[..] {
            "stream" => Upstream::Reader(Box::new(open_stream(value, options)?)),
            "ranges" => Upstream::FileRanges(Box::new(FileRanges {
                ranges: value.try_iter()?,
                options,
                current: None,
                read: 0,
            })),
            _ => Upstream::Iterable(IterableReader::new(
                value.try_iter()?,
                options,
                source.column.clone(),
            )),
        };
        Ok(Self::fed(upstream, source))
    }

    /// Like [`Source::new`], except that only pieces of files are read if all files can be read from the middle and
    /// their text is larger than its sample. The second value says whether the reader gives only a sample of the
    /// text. This is so for pieces of files, and for a source whose `is_sample` is true.
    pub fn sampled(
        source: SourceArguments<'py>,
        encoding: &EncodingOptions,
        memory: &MemoryLimit,
    ) -> PyResult<(Self, bool)> {
        if source.kind == "files" {
            let options = source.options(encoding, memory)?;
            let files: Vec<PathBuf> = source.value.extract()?;
            if let Some(pieces) = SampleReader::open(&files, options)? {
                return Ok((Self::of_files(Box::new(pieces), source), true));
            }
        }
        let is_sample = source.is_sample;
        Ok((Self::new(source, encoding, memory)?, is_sample))
    }

    /// Files are read on the calling thread only if a Python function splits them into words.
    fn of_files(mut files: Box<dyn ChunkReader>, source: SourceArguments<'py>) -> Self {
        if source.tokenize.is_none() {
            return Self {
                reader: files,
                feeder: None,
            };
        }
        // The calling thread reads these files for the Python tokenizer, so it must check for signals while
        // it waits for a pipe.
        files.on_idle(signals());
        Self::fed(Upstream::Reader(files), source)
    }

    fn fed(upstream: Upstream<'py>, source: SourceArguments<'py>) -> Self {
        let total = match &upstream {
            Upstream::Reader(reader) => reader.total_bytes(),
            Upstream::Iterable(_) => source.total,
            Upstream::FileRanges(_) => None,
        };
        let (sender, receiver) =
            sync_channel(2 * std::thread::available_parallelism().map_or(1, usize::from));
        Self {
            reader: Box::new(FedReader {
                receiver,
                name: match &upstream {
                    Upstream::Reader(reader) => reader.name(),
                    Upstream::Iterable(_) | Upstream::FileRanges(_) => source.name,
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
        }
    }
}

/// A chunk, the number of bytes of the source that were read up to the end of this chunk, and a notice for the user.
type Parcel = (Content, u64, Option<String>);

/// The worker's end of the channel of chunks from a [`Feeder`].
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
    Iterable(IterableReader<'py>),
    FileRanges(Box<FileRanges<'py>>),
    Reader(Box<dyn ChunkReader>),
}

impl Upstream<'_> {
    fn next_chunk(&mut self, py: Python<'_>) -> PyResult<Option<Content>> {
        match self {
            Self::Iterable(iterable) => iterable.next_chunk(py),
            Self::FileRanges(ranges) => ranges.next_chunk(py),
            Self::Reader(reader) => Ok(py.detach(|| reader.next_chunk())?),
        }
    }

    fn take_notice(&mut self) -> Option<String> {
        match self {
            Self::Iterable(_) => None,
            Self::FileRanges(ranges) => ranges.current.as_mut().and_then(ChunkReader::take_notice),
            Self::Reader(reader) => reader.take_notice(),
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Self::Iterable(iterable) => iterable.bytes_read(),
            Self::FileRanges(ranges) => ranges.bytes_read(),
            Self::Reader(reader) => reader.bytes_read(),
        }
    }
}

/// Reads ranges of files, one after the other. Python gives each range as (name, position, open
/// file). The range begins at this position of the file of this name, and ends where the open file
/// ends. The position is `None` for a whole file, which may be compressed.
struct FileRanges<'py> {
    ranges: Bound<'py, PyIterator>,
    options: TextOptions,
    current: Option<TextReader>,
    // Bytes of the finished ranges.
    read: u64,
}

impl FileRanges<'_> {
    fn next_chunk(&mut self, py: Python<'_>) -> PyResult<Option<Content>> {
        loop {
            if let Some(reader) = &mut self.current {
                if let Some(content) = py.detach(|| reader.next_chunk())? {
                    return Ok(Some(content));
                }
                self.read += reader.bytes_read();
                self.current = None;
            }
            let Some(range) = self.ranges.next() else {
                return Ok(None);
            };
            let (name, offset, file): (PathBuf, Option<u64>, Bound<'_, PyAny>) =
                range?.extract()?;
            let stream = PythonStream::new(&file, self.options.errors)?;
            let mut reader = match offset {
                None => TextReader::new(name, stream, self.options)?,
                Some(offset) => TextReader::from_offset(name, stream, self.options, offset),
            };
            reader.on_idle(signals());
            self.current = Some(reader);
        }
    }

    fn bytes_read(&self) -> u64 {
        self.read + self.current.as_ref().map_or(0, TextReader::bytes_read)
    }
}

/// Reads a source that only Python can read or split into words, and sends its chunks to the worker. Runs on
/// the thread that holds the interpreter.
pub struct Feeder<'py> {
    upstream: Upstream<'py>,
    tokenizer: Option<PythonTokenizer<'py>>,
    sender: SyncSender<Parcel>,
    // A chunk that could not be sent, because the channel was full.
    waiting: Option<Parcel>,
}

/// The result of [`Feeder::feed`].
pub enum Fed {
    /// A chunk was sent.
    Sent,
    /// The channel is full, because the worker is slower than the source.
    Full,
    /// The source is at its end, or the worker has stopped.
    Exhausted,
}

impl Feeder<'_> {
    /// Send the waiting chunk or, if there is none, read one chunk and send it, without waiting for
    /// the worker.
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

/// A reader of an open file. If the `read` of the file returns bytes, the bytes may be compressed.
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
