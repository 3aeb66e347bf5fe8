//! Errors of the system with the path that they are about.

use crate::error::{Error, Result};
use std::io;
use std::path::Path;

/// Add the path to an error of the system.
pub(crate) fn at<T>(path: &Path, result: io::Result<T>) -> Result<T> {
    result.map_err(|e| Error::io(path, e))
}
