//! The one place that makes threads: a rayon pool of its own for every call.
//!
//! A global pool does not survive `fork`, and two calls with different `threads=` would share it.

use crate::error::{Error, Result};

/// Resolve `threads=None` to the number of processors this process may use.
pub fn resolve(threads: Option<usize>) -> Result<usize> {
    match threads {
        Some(0) => Err(Error::parameter("threads", "must be at least 1, got 0")),
        Some(n) => Ok(n),
        None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}

/// Run `work` inside a fresh pool of `threads` threads.
pub fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> Result<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("glove-rs-{i}"))
        .build()
        .map_err(|e| {
            Error::parameter("threads", format!("= {threads} could not be started: {e}"))
        })?;
    Ok(pool.install(work))
}
