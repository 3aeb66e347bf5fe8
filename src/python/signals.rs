//! Lets Ctrl-C interrupt the calling thread while it reads.

use crate::corpus::Idle;
use pyo3::prelude::*;
use std::io;
use std::sync::Arc;

/// A function to call while a reader waits for data on the calling thread. Only that thread can see signals,
/// so it checks for them itself.
pub fn signals() -> Idle {
    Arc::new(|| Python::attach(|py| py.check_signals().map_err(io::Error::other)))
}
