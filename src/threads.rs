//! Creates threads: a call that needs them gets a rayon pool of its own.
//!
//! There is no global pool, because it would not survive `fork`, and calls with different `threads=` would share it.

use crate::error::{Error, Result};

/// Number of processors that this process may use.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The largest number of threads of a call: eight for each processor that this process may use,
/// because more threads only wait for each other. The result is at least 64, so that settings of a larger
/// machine work on a smaller one.
pub fn most() -> usize {
    (8 * processors()).max(64)
}

/// The number of threads for `threads`: this number or, for `None`, the number of processors that this process may use.
///
/// # Errors
/// [`Error::Parameter`] for 0 and for more than [`most`].
pub fn resolve(threads: Option<usize>) -> Result<usize> {
    let most = most();
    match threads {
        Some(n) if !(1..=most).contains(&n) => Err(Error::parameter(
            "threads",
            format!(
                "must be an integer from 1 to {most} (8 for each processor, at least 64), got {n}"
            ),
        )),
        Some(n) => Ok(n),
        None => Ok(processors()),
    }
}

/// Bytes of the stack of a thread, the least memory that a thread needs.
const STACK_BYTES: usize = 2 << 20;

/// The error if the system refuses to start `threads` threads. The system does not say which resource is
/// lacking; the error assumes memory.
pub fn not_started(threads: usize) -> Error {
    Error::Memory {
        bytes: threads * STACK_BYTES,
    }
}

/// Run `work` inside a fresh pool of `threads` threads.
///
/// # Errors
/// [`Error::Memory`] if the system refuses to start the threads.
pub fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> Result<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("glove-rs-{i}"))
        .build()
        .map_err(|_| not_started(threads))?;
    Ok(pool.install(work))
}
