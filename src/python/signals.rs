//! Ctrl-C while the calling thread reads.

use crate::corpus::Idle;
use pyo3::prelude::*;
use std::io;
use std::sync::Arc;

/// Called while a reader waits on the calling thread. Only that thread sees signals, so it checks them itself.
pub fn signals() -> Idle {
    Arc::new(|| Python::attach(|py| py.check_signals().map_err(io::Error::other)))
}
