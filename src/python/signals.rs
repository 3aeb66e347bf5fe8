//! Lets Ctrl-C interrupt the calling thread while it reads.

use crate::corpus::Idle;
use pyo3::prelude::*;
use std::io;
use std::sync::Arc;

/// A function to call while a reader waits for data on the calling thread. Only the calling thread can see
/// signals, and nothing else checks for them while it waits. So this function does.
pub fn signals() -> Idle {
    Arc::new(|| Python::attach(|py| py.check_signals().map_err(io::Error::other)))
}
