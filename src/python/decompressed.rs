//! Reads files for Python as the core reads them: decompressed, and UTF-16 as UTF-8.

use super::stream::PythonStream;
use crate::corpus::OnInvalid;
use crate::error::Result;
use crate::io::Input;
use crate::io::compression::Compression;
use crate::memory::fallible;
use crate::monitor::Monitor;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::path::PathBuf;
use std::sync::{Mutex, TryLockError};

/// Largest number of bytes of content that are read between two checks for signals.
const STEP: usize = 4 << 20;

/// The content of a file, which may be compressed. UTF-16 with a byte order mark becomes UTF-8, and a byte order mark
/// is left out.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct DecompressedReader {
    // `None` after an error: what a decoder returns then would not be the rest of the content.
    input: Mutex<Option<Input>>,
    /// The name of the compression; `None` for a plain file.
    #[pyo3(get)]
    compression: Option<&'static str>,
}

#[pymethods]
impl DecompressedReader {
    /// Read `file`, which is open for bytes, from its current position. Messages call it `name`.
    #[staticmethod]
    fn of_file(py: Python<'_>, file: &Bound<'_, PyAny>, name: PathBuf) -> PyResult<Self> {
        let stream = PythonStream::of_bytes(file)?;
        Self::over(py, || Input::of(&name, stream, &Monitor::new()))
    }

    /// Read the file in a zip archive that a path `archive.zip:name` means.
    #[staticmethod]
    fn of_member(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Self::over(py, || Input::open(&path, &Monitor::new()))
    }

    /// The next `size` bytes, or fewer if the content ends earlier. They are not consumed.
    fn peek<'py>(&self, py: Python<'py>, size: usize) -> PyResult<Bound<'py, PyBytes>> {
        let mut seen = 0;
        while seen < size {
            let most = size.min(seen + STEP);
            seen = most;
            if self.with(py, |input| Ok(input.peek(most)?.len()))? < most {
                break;
            }
            py.check_signals()?;
        }
        let bytes = self.with(py, |input| {
            let bytes = input.peek(seen)?;
            fallible::copied(bytes)
        })?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Consume and return the next `size` bytes, or fewer if the content ends earlier or `size` is large. The result is
    /// empty only at the end of the content, or if `size` is 0.
    fn read<'py>(&self, py: Python<'py>, size: usize) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.with(py, |input| {
            let mut bytes = fallible::zeroed(size.min(STEP))?;
            let read = input.read(&mut bytes)?;
            bytes.truncate(read);
            Ok(bytes)
        })?;
        Ok(PyBytes::new(py, &bytes))
    }
}

impl DecompressedReader {
    fn over(py: Python<'_>, open: impl FnOnce() -> Result<Input> + Send) -> PyResult<Self> {
        let input = py.detach(|| {
            let mut input = open()?;
            input.decode(OnInvalid::Strict)?;
            Ok::<_, crate::Error>(input)
        })?;
        Ok(Self {
            compression: input.compression().map(Compression::name),
            input: Mutex::new(Some(input)),
        })
    }

    /// Call `read` with the interpreter released.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        read: impl FnOnce(&mut Input) -> Result<T> + Send,
    ) -> PyResult<T> {
        py.detach(|| {
            // Do not wait for the lock, because that could last forever: the method `read` of the Python file may call
            // this reader, which has locked the input.
            let mut input = match self.input.try_lock() {
                Ok(input) => input,
                Err(TryLockError::WouldBlock) => {
                    return Err(PyRuntimeError::new_err("the file is being read already"));
                }
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            };
            // The input is put back only after success, so not after a panic either.
            let mut open = input.take().ok_or_else(|| {
                PyValueError::new_err("the file cannot be read on after an error")
            })?;
            let result = read(&mut open)?;
            *input = Some(open);
            Ok(result)
        })
    }
}
