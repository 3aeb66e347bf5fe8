//! Files and folders whose content Python writes. The core creates or replaces them atomically, with the code
//! of `io/file.rs` and `io/folder.rs`.

use crate::error::Error;
use crate::io;
use pyo3::exceptions::{PyBlockingIOError, PyValueError};
use pyo3::prelude::*;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// `errno.EAGAIN`.
const EAGAIN: i32 = if cfg!(target_vendor = "apple") {
    35
} else {
    11
};

/// Bytes written at a time.
const BUFFER: usize = 1 << 20;

/// A file that appears under its name when it is committed. Until then, nothing changes, also after an error. But a
/// device, a pipe and standard output are written to directly.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct FileWriter {
    path: PathBuf,
    // `None` once the file is committed or discarded.
    open: Mutex<Option<Open>>,
}

struct Open {
    replacement: io::Replacement,
    // Data that is not written yet. It is collected here, because the code that writes an archive
    // calls `write` with many small blocks.
    unwritten: Vec<u8>,
}

impl FileWriter {
    fn flush(&self, py: Python<'_>, open: &mut Open) -> PyResult<()> {
        let mut done = 0;
        while done < open.unwritten.len() {
            match py.detach(|| open.replacement.write(&open.unwritten[done..])) {
                Ok(count) => done += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(Error::io(&self.path, error).into()),
            }
            py.check_signals()?;
        }
        open.unwritten.clear();
        Ok(())
    }
}

#[pymethods]
impl FileWriter {
    #[staticmethod]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let replacement = loop {
            match py.detach(|| io::Replacement::create(&path))? {
                Some(replacement) => break replacement,
                None => py.check_signals()?,
            }
        };
        Ok(Self {
            path,
            open: Mutex::new(Some(Open {
                replacement,
                unwritten: Vec::new(),
            })),
        })
    }

    /// Write all of `data`. After a call raised an exception, later calls ignore their data and raise
    /// nothing, so that the code that closes an archive does not hide the first exception. The file cannot be
    /// committed then.
    fn write(&self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        let Some(mut open) = lock(&self.open).take() else {
            return Ok(());
        };
        for part in data.chunks(BUFFER) {
            open.unwritten.extend_from_slice(part);
            if open.unwritten.len() >= BUFFER {
                self.flush(py, &mut open)?;
            }
        }
        *lock(&self.open) = Some(open);
        Ok(())
    }

    /// Make the file appear under its name.
    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        let mut open = lock(&self.open).take().ok_or_else(closed)?;
        self.flush(py, &mut open)?;
        Ok(py.detach(|| open.replacement.commit())?)
    }

    /// Remove what was written.
    fn discard(&self, py: Python<'_>) {
        let open = lock(&self.open).take();
        py.detach(|| drop(open));
    }
}

/// A folder that appears under its name when it is committed. Until then, nothing changes, also after an error.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct FolderWriter {
    /// The folder to fill.
    #[pyo3(get)]
    folder: PathBuf,
    // `None` once the folder is committed or discarded.
    replacement: Mutex<Option<io::FolderReplacement>>,
}

#[pymethods]
impl FolderWriter {
    #[staticmethod]
    fn new(py: Python<'_>, path: PathBuf, names: Vec<OsString>) -> PyResult<Self> {
        let replacement = py.detach(|| io::FolderReplacement::create(&path, names))?;
        Ok(Self {
            folder: replacement.folder(),
            replacement: Mutex::new(Some(replacement)),
        })
    }

    /// Raise an error if [`FolderWriter::commit`] would now refuse to replace what is at the path.
    fn check(&self, py: Python<'_>, overwrite: bool) -> PyResult<()> {
        let replacement = lock(&self.replacement);
        let replacement = replacement.as_ref().ok_or_else(closed)?;
        Ok(py.detach(|| replacement.check(overwrite))?)
    }

    /// Make the folder appear under its name. With `overwrite`, it may replace a folder that contains only
    /// files with the names given to `new` and their temporary files.
    fn commit(&self, py: Python<'_>, overwrite: bool) -> PyResult<()> {
        let replacement = lock(&self.replacement).take().ok_or_else(closed)?;
        Ok(py.detach(|| replacement.commit(overwrite))?)
    }

    /// Move the file `name` out of the folder, to the path that was given to `new`. Refused if
    /// something exists at this path.
    fn commit_file(&self, py: Python<'_>, name: OsString) -> PyResult<()> {
        let replacement = lock(&self.replacement).take().ok_or_else(closed)?;
        Ok(py.detach(|| replacement.commit_file(&name))?)
    }

    /// Remove what was written.
    fn discard(&self, py: Python<'_>) {
        let replacement = lock(&self.replacement).take();
        py.detach(|| drop(replacement));
    }
}

/// The lock of a folder. It is held until it is released or the process ends.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct FolderLock(Mutex<Option<io::FolderLock>>);

#[pymethods]
impl FolderLock {
    #[staticmethod]
    fn new(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        match py.detach(|| io::FolderLock::new(&folder)) {
            Ok(locked) => Ok(Self(Mutex::new(Some(locked)))),
            Err(Error::Io { path, source }) if source.kind() == ErrorKind::WouldBlock => {
                let reason = source.to_string();
                Err(PyBlockingIOError::new_err((
                    EAGAIN,
                    reason,
                    path.into_os_string(),
                )))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Release the lock.
    fn release(&self) {
        drop(lock(&self.0).take());
    }
}

fn closed() -> PyErr {
    PyValueError::new_err("the output is already committed or discarded")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether `name` is the name of a temporary file of `target` that a killed process can have left beside it.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)]
pub fn is_temporary_of(name: OsString, target: OsString) -> bool {
    io::is_temporary_of(&name, &target)
}
