//! Converts the errors of the core into Python exceptions.

use crate::error::Error;
use pyo3::exceptions::{
    PyArithmeticError, PyKeyboardInterrupt, PyMemoryError, PyOSError, PyRuntimeError, PyValueError,
};
use pyo3::prelude::*;
use std::io::ErrorKind;

pyo3::create_exception!(
    glove_rs,
    FormatError,
    PyValueError,
    "A file is malformed. The message names the file and the line or byte offset."
);

pyo3::create_exception!(
    glove_rs,
    TrainingDiverged,
    PyArithmeticError,
    "Training diverged, even after the learning rate was halved several times. `history` has the \
     loss of each epoch that finished before."
);

pyo3::create_exception!(
    glove_rs,
    InternalError,
    PyRuntimeError,
    "An error in glove-rs itself. Please report it, with the message. No output file is left half \
     written: each is complete or unchanged."
);

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Io { path, source } => {
                // An exception that Python code raised, for instance in the `read` of a file object, is raised
                // unchanged.
                let source = match source.downcast::<PyErr>() {
                    Ok(exception) => return exception,
                    Err(source) => source,
                };
                // Python chooses the subclass of OSError by the errno.
                let errno = source.raw_os_error().unwrap_or(match source.kind() {
                    ErrorKind::NotFound => 2,
                    ErrorKind::PermissionDenied => 13,
                    ErrorKind::AlreadyExists => 17,
                    ErrorKind::NotADirectory => 20,
                    ErrorKind::IsADirectory => 21,
                    ErrorKind::InvalidInput => 22,
                    ErrorKind::StorageFull => 28,
                    _ => 5,
                });
                // Drop the "(os error 2)" at the end: Python shows the number itself.
                let reason = if source.raw_os_error().is_none()
                    && source.kind() == ErrorKind::IsADirectory
                {
                    "Is a directory".to_owned()
                } else {
                    let reason = source.to_string();
                    reason
                        .split(" (os error")
                        .next()
                        .unwrap_or_default()
                        .to_owned()
                };
                PyOSError::new_err((errno, reason, path.into_os_string()))
            }
            Error::Format { .. } => FormatError::new_err(message),
            Error::Diverged { reports, .. } => {
                let history: Vec<f64> = reports.iter().map(|r| r.loss).collect();
                let error = TrainingDiverged::new_err(message);
                Python::attach(|py| match error.value(py).setattr("history", history) {
                    Ok(()) => error,
                    Err(failed) => failed,
                })
            }
            Error::Parameter { .. } | Error::Corpus(_) => PyValueError::new_err(message),
            Error::Memory { .. } => PyMemoryError::new_err(message),
            Error::Cancelled => PyKeyboardInterrupt::new_err(()),
        }
    }
}
