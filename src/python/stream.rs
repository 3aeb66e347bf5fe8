//! Reads the bytes of an open file of Python.

use super::objects::{text_of, type_name};
use crate::corpus::{CHUNK_BYTES, OnInvalid};
use pyo3::exceptions::{PyBlockingIOError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};
use std::io::{self, Read};

/// The bytes of a Python file object.
pub struct PythonStream {
    read: Py<PyAny>,
    // The method `read` of a file in non-blocking mode; `None` for any other file.
    read_when_empty: Option<Py<PyAny>>,
    // What to do with lone surrogates in text; `None` to refuse text.
    errors: Option<OnInvalid>,
    // The last block that Python returned, and how far it has been read.
    block: io::Cursor<Vec<u8>>,
    // Whether the file has ended. It is not read again then, because a terminal would wait for more input.
    has_ended: bool,
}

impl PythonStream {
    /// Read `file`, which may be open for bytes or for text.
    pub fn new(file: &Bound<'_, PyAny>, errors: OnInvalid) -> PyResult<Self> {
        Self::over(file, Some(errors))
    }

    /// Read `file`, which must be open for bytes.
    pub fn of_bytes(file: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::over(file, None)
    }

    fn over(file: &Bound<'_, PyAny>, errors: Option<OnInvalid>) -> PyResult<Self> {
        // `read1` returns the data that is available now. `read` waits for the number of bytes that was
        // asked for.
        let read = file.getattr("read1").or_else(|_| file.getattr("read"))?;
        let read_when_empty = if is_nonblocking(file) {
            Some(file.getattr("read")?.unbind())
        } else {
            None
        };
        Ok(Self {
            read: read.unbind(),
            read_when_empty,
            errors,
            block: io::Cursor::default(),
            has_ended: false,
        })
    }

    fn next_block(&self, py: Python<'_>) -> PyResult<Vec<u8>> {
        // A file of many bytes may decompress to none. The calling thread would then not see signals.
        py.check_signals()?;
        let mut block = self.read.bind(py).call1((CHUNK_BYTES,))?;
        // If there is no data yet, `read1` returns no bytes, as at the end, but `read` returns None. At the end of a
        // terminal, `read` would wait for more: only files in non-blocking mode are asked again.
        if let (Some(read), Ok(0)) = (&self.read_when_empty, block.len()) {
            block = read.bind(py).call1((CHUNK_BYTES,))?;
        }
        if block.is_instance_of::<PyByteArray>() || block.is_instance_of::<PyMemoryView>() {
            block = py.get_type::<PyBytes>().call1((block,))?;
        }
        if let Ok(bytes) = block.cast::<PyBytes>() {
            return Ok(bytes.as_bytes().to_vec());
        }
        if let Ok(text) = block.cast::<PyString>() {
            let errors = self.errors.ok_or_else(|| {
                PyTypeError::new_err("source must be open for bytes (mode 'rb'), not for text")
            })?;
            return Ok(text_of(text, errors)?.into_owned().into_bytes());
        }
        if block.is_none() {
            let message = "the source has no data yet, because it is in non-blocking mode";
            return Err(PyBlockingIOError::new_err((11, message)));
        }
        Err(PyTypeError::new_err(format!(
            "the source's read() must return bytes{}, got {}",
            if self.errors.is_some() { " or str" } else { "" },
            type_name(&block)
        )))
    }
}

/// Whether a file of Python is in non-blocking mode, as far as the system can tell.
fn is_nonblocking(file: &Bound<'_, PyAny>) -> bool {
    let is_blocking = || {
        let descriptor = file.call_method0("fileno")?;
        let os = file.py().import("os")?;
        os.call_method1("get_blocking", (descriptor,))?.extract()
    };
    is_blocking().is_ok_and(|is_blocking: bool| !is_blocking)
}

impl Read for PythonStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.has_ended && self.block.position() == self.block.get_ref().len() as u64 {
            let block = Python::attach(|py| self.next_block(py)).map_err(io::Error::other)?;
            self.has_ended = block.is_empty();
            self.block = io::Cursor::new(block);
        }
        self.block.read(buffer)
    }
}
