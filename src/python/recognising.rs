//! Recognises files, checks the names of files to write, and accepts an open file in place of a path, for
//! Python.

use super::run::run;
use super::stream::PythonStream;
use crate::corpus::OnInvalid;
use crate::error::{Error, Result};
use crate::file_kind::Wanted;
use crate::formats;
use crate::io::{self, Input, Written};
use crate::monitor::Monitor;
use pyo3::prelude::*;
use std::path::{Path, PathBuf};

/// The kind of a file, a description of it, and advice on what to do with it.
#[pyfunction]
pub fn recognise(
    py: Python<'_>,
    path: PathBuf,
) -> PyResult<(&'static str, &'static str, &'static str)> {
    let kind = run(py, None, None, |monitor| formats::recognise(path, monitor))?;
    Ok((kind.name(), kind.description(), kind.advice()))
}

/// Refuse a file that is recognised as a kind that cannot be `wanted`. A file of an unknown kind is not refused.
#[pyfunction]
pub fn check_kind(py: Python<'_>, path: PathBuf, wanted: &str) -> PyResult<()> {
    let wanted = Wanted::from_name(wanted)?;
    run(py, None, None, |monitor| {
        let kind = formats::recognise(&path, monitor)?;
        kind.refused(&path, wanted).map_or(Ok(()), Err)
    })
}

/// The format of a file with these first bytes, for a reader of tables: "parquet", "orc", "ipc" (an Arrow file), "ipc
/// stream", "feather 1", or "foreign" for any other format that glove-rs does not read. `None` for all other content,
/// such as JSON lines and CSV.
#[pyfunction]
pub fn table_format(beginning: &[u8]) -> Option<&'static str> {
    crate::file_kind::table_format(beginning)
}

/// Refuse a name for a file to write whose ending does not suit `content`, one of [`Written::NAMES`].
#[pyfunction]
pub fn check_ending(path: PathBuf, content: &str) -> PyResult<()> {
    Ok(Written::from_name(content)?.check(&path)?)
}

/// The ending of a name that tells the format, such as `.bin` of `vectors.bin.gz`; an empty text if there is
/// none.
#[pyfunction]
pub fn ending(path: PathBuf) -> String {
    io::ending_of(&path).map_or_else(String::new, |ending| format!(".{ending}"))
}

/// Whether the ending of a name says that the file is compressed.
#[pyfunction]
pub fn is_compressed_name(path: PathBuf) -> bool {
    io::is_compressed_name(&path)
}

/// The path that names a file in a zip archive.
#[pyfunction]
pub fn member_path(archive: PathBuf, member: &str) -> PyResult<PathBuf> {
    Ok(io::member_path(&archive, member)?)
}

/// Whether a path names a zip archive of files, and not a file of a format that is a zip archive, such as `.npz`.
#[pyfunction]
pub fn is_archive(path: PathBuf) -> PyResult<bool> {
    Ok(io::is_archive(&path)?)
}

/// The names of the files in a zip archive.
#[pyfunction]
pub fn members(archive: PathBuf) -> PyResult<Vec<String>> {
    let found = io::members(&archive).map_err(|error| Error::io(&archive, error))?;
    Ok(found.into_iter().map(|(name, _)| name).collect())
}

/// The path of the archive, and the full name in it, of the file that a path `archive.zip:name` means.
#[pyfunction]
pub fn find_member(path: PathBuf) -> PyResult<(String, String)> {
    let (archive, member) = io::find_member(&path)?;
    Ok((archive.to_string_lossy().into_owned(), member))
}

/// Whether a path names a file in a zip archive.
#[pyfunction]
pub fn is_member(path: PathBuf) -> bool {
    io::is_member(&path)
}

/// The text of a file, decompressed and without its byte order mark. A binary file and a file of a format that
/// glove-rs does not read are refused. Bytes that are not UTF-8 are an error, which names the line.
#[pyfunction]
pub fn read_text(py: Python<'_>, file: FileArgument, wanted: &str) -> PyResult<String> {
    let wanted = Wanted::from_name(wanted)?;
    run(py, None, None, |monitor| {
        formats::read_text(file.open(monitor)?, wanted)
    })
}

/// The number of lines of a text file, and the beginning of the first line.
#[pyfunction]
pub fn count_lines(py: Python<'_>, path: PathBuf) -> PyResult<(u64, String)> {
    run(py, None, None, |monitor| {
        formats::count_lines(Input::open(&path, monitor)?, monitor)
    })
}

/// A path, or an open file that is read from its current position.
pub enum FileArgument {
    Path(PathBuf),
    Stream(PathBuf, PythonStream),
}

impl FileArgument {
    /// The path, or the name of the open file for messages.
    pub fn name(&self) -> &Path {
        match self {
            Self::Path(path) | Self::Stream(path, _) => path,
        }
    }

    /// Open the path, where `-` is standard input, or read the open file from its current position.
    pub fn open(self, monitor: &Monitor) -> Result<Input> {
        match self {
            Self::Path(path) => Input::open_or_standard_input(&path, monitor),
            Self::Stream(name, stream) => Input::of(&name, stream, monitor),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for FileArgument {
    type Error = PyErr;

    fn extract(file: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if !file.hasattr("read")? {
            return Ok(Self::Path(file.extract()?));
        }
        let name = file.getattr("name").and_then(|name| name.extract());
        let name = name.unwrap_or_else(|_| "<file>".into());
        let stream = PythonStream::new(&file, OnInvalid::Strict)?;
        Ok(Self::Stream(name, stream))
    }
}
