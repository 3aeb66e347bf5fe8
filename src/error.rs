//! The one error type of the core. `python/errors.rs` turns it into Python exceptions.

use crate::report::EpochReport;
use std::io;
use std::path::{Path, PathBuf};

/// The result of a function of the core that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// The position of an error in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// Line number, from 1.
    Line(u64),
    /// Byte offset, from 0.
    Byte(u64),
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(n) => write!(f, "line {n}"),
            Self::Byte(n) => write!(f, "byte {n}"),
        }
    }
}

/// Everything that can go wrong in the core.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An operation on a file failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory concerned.
        path: PathBuf,
        /// The error of the operating system, or an error that glove-rs describes, such as a file that changed.
        source: io::Error,
    },
    /// A file is malformed.
    #[error("{}, {location}: {message}", path.display())]
    Format {
        /// The malformed file.
        path: PathBuf,
        /// Line or byte offset of the fault.
        location: Location,
        /// What was expected and what was found.
        message: String,
    },
    /// A parameter cannot be used: it is out of its range, it contradicts another parameter, or the data in it
    /// are invalid.
    #[error("{name} {message}")]
    Parameter {
        /// The parameter's public name.
        name: &'static str,
        /// What the parameter must be and, where this helps, the value that was given.
        message: String,
    },
    /// The text or the table of pairs cannot be used: it has no words that are frequent enough, no rows or no pairs to
    /// train on, too many different words, or a word that is too long. If a setting can cause this, the message names
    /// the setting.
    #[error("{0}")]
    Corpus(String),
    /// Training diverged, even after the learning rate was halved several times. `MatrixBlock::train`, which does not
    /// halve it, returns this error at the first divergence.
    #[error(
        "training diverged in epoch {epoch}, even at a learning rate of {learning_rate}; start \
         with a smaller learning_rate or bias_learning_rate"
    )]
    Diverged {
        /// The number of the epoch that could not be finished, from 1.
        epoch: usize,
        /// The smallest learning rate of the vectors that was tried.
        learning_rate: f32,
        /// Reports of the epochs before `epoch`. Empty in an error of `MatrixBlock::train`, which does not know them.
        reports: Vec<EpochReport>,
    },
    /// Memory could not be allocated, or so little of it is left that [`Monitor::check`](crate::Monitor::check) fails.
    #[error(
        "could not allocate {bytes} bytes; memory= limits what counting and training hold in memory"
    )]
    Memory {
        /// Bytes asked for or, in an error of `Monitor::check`, the bytes that it wants free.
        bytes: usize,
    },
    /// The caller asked to stop (Ctrl-C).
    #[error("interrupted")]
    Cancelled,
}

impl Error {
    /// An I/O error at `path`. If `source` wraps an [`Error`], that error is returned instead.
    pub fn io(path: impl AsRef<Path>, source: io::Error) -> Self {
        match source.downcast::<Self>() {
            Ok(error) => error,
            Err(source) => Self::Io {
                path: path.as_ref().to_owned(),
                source,
            },
        }
    }

    /// If the error is that the disk is full, replace the message by one that says how many bytes are needed and
    /// what to do.
    #[must_use]
    pub(crate) fn with_space_needed(self, bytes: f64) -> Self {
        match self {
            Self::Io { path, source } if source.kind() == io::ErrorKind::StorageFull => {
                let message = format!(
                    "No space left on device: about {:.0} MB or more are needed there (set tmp_dir to \
                     another folder, or set memory to a larger limit)",
                    (bytes / 1e6).ceil()
                );
                Self::io(path, io::Error::new(io::ErrorKind::StorageFull, message))
            }
            other => other,
        }
    }

    /// The error for a malformed file.
    pub fn format(path: impl AsRef<Path>, location: Location, message: impl Into<String>) -> Self {
        Self::Format {
            path: path.as_ref().to_owned(),
            location,
            message: message.into(),
        }
    }

    /// The element of `values` at the position that `name` has in `names`.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists `names`, if `name` is none of them.
    pub(crate) fn choice<T: Copy, const N: usize>(
        parameter: &'static str,
        name: &str,
        names: [&str; N],
        values: [T; N],
    ) -> Result<T> {
        let position = names.iter().position(|known| *known == name);
        position.map(|at| values[at]).ok_or_else(|| {
            Self::parameter(parameter, format!("must be one of {names:?}, got {name:?}"))
        })
    }

    /// The error for a parameter that cannot be used.
    pub fn parameter(name: &'static str, message: impl Into<String>) -> Self {
        Self::Parameter {
            name,
            message: message.into(),
        }
    }
}
