//! The one way a long call is made from Python.
//!
//! The work runs on a thread of its own and never needs the interpreter. The calling thread, which
//! is the only one that can see signals, releases the interpreter while it waits, looks for Ctrl-C,
//! reports progress, and feeds documents from Python iterators.

use super::source::Feeder;
use crate::error::Result;
use crate::monitor::Monitor;
use pyo3::exceptions::PyRuntimeWarning;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::ffi::CString;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often signals are looked for while nothing else happens.
const TICK: Duration = Duration::from_millis(20);
/// How often progress is reported.
const REPORT: Duration = Duration::from_millis(100);

/// Run `work` with the interpreter released; Ctrl-C and exceptions of `progress` or of the user's
/// iterator cancel it and are raised once it has stopped.
pub fn run<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    feeder: Option<Feeder<'_>>,
    work: impl FnOnce(&Monitor) -> Result<T> + Send,
) -> PyResult<T> {
    let monitor = Monitor::new();
    let finished = Finished::default();
    let mut reporter = Reporter::new(progress);
    std::thread::scope(|scope| {
        let finished = &finished;
        let worker = scope.spawn({
            let monitor = &monitor;
            move || {
                let _signal = SignalOnDrop(finished);
                work(monitor)
            }
        });
        let watched = watch(py, &monitor, &mut reporter, feeder, finished);
        if watched.is_err() {
            monitor.cancel();
        }
        let result = py.detach(|| worker.join());
        let result = result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        watched?;
        warn(py, &monitor)?;
        let result = result?;
        reporter.report(py, &monitor)?;
        Ok(result)
    })
}

/// Until the worker is finished: feed it, look for signals, report.
fn watch(
    py: Python<'_>,
    monitor: &Monitor,
    reporter: &mut Reporter<'_, '_>,
    mut feeder: Option<Feeder<'_>>,
    finished: &Finished,
) -> PyResult<()> {
    loop {
        // A worker that waits for documents waits for this thread: keep it fed before pausing.
        let pause = match &mut feeder {
            Some(source) => match source.feed(py)? {
                super::source::Fed::Sent => Duration::ZERO,
                super::source::Fed::Full => Duration::from_millis(1),
                super::source::Fed::Exhausted => {
                    feeder = None;
                    Duration::ZERO
                }
            },
            None => TICK,
        };
        if py.detach(|| finished.wait(pause)) {
            return Ok(());
        }
        py.check_signals()?;
        warn(py, monitor)?;
        reporter.report_if_due(py, monitor)?;
    }
}

fn warn(py: Python<'_>, monitor: &Monitor) -> PyResult<()> {
    let category = py.get_type::<PyRuntimeWarning>();
    for message in monitor.take_warnings() {
        let message = CString::new(message).unwrap_or_default();
        PyErr::warn(py, &category, &message, 2)?;
    }
    Ok(())
}

/// Whether the worker is done, however it ended.
#[derive(Default)]
struct Finished {
    done: Mutex<bool>,
    changed: Condvar,
}

impl Finished {
    fn wait(&self, at_most: Duration) -> bool {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, _) = self
            .changed
            .wait_timeout_while(done, at_most, |done| !*done)
            .unwrap_or_else(PoisonError::into_inner);
        *done
    }
}

struct SignalOnDrop<'a>(&'a Finished);

impl Drop for SignalOnDrop<'_> {
    fn drop(&mut self) {
        *self.0.done.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}

/// Calls `progress(stage, done, total, info)`.
struct Reporter<'a, 'py> {
    progress: Option<&'a Bound<'py, PyAny>>,
    last: Instant,
}

impl<'a, 'py> Reporter<'a, 'py> {
    fn new(progress: Option<&'a Bound<'py, PyAny>>) -> Self {
        Self {
            progress,
            last: Instant::now(),
        }
    }

    fn report_if_due(&mut self, py: Python<'_>, monitor: &Monitor) -> PyResult<()> {
        if self.last.elapsed() < REPORT {
            return Ok(());
        }
        self.last = Instant::now();
        self.report(py, monitor)
    }

    fn report(&self, py: Python<'_>, monitor: &Monitor) -> PyResult<()> {
        let Some(progress) = self.progress else {
            return Ok(());
        };
        let (stage, done, total) = monitor.snapshot();
        let info = PyDict::new(py);
        if let Some(epoch) = monitor.epochs().last() {
            info.set_item("epoch", epoch.epoch)?;
            info.set_item("loss", epoch.loss)?;
            info.set_item("seconds", epoch.seconds)?;
            info.set_item("records_per_second", epoch.records_per_second)?;
        }
        progress.call1((stage.name(), done, total, info))?;
        Ok(())
    }
}
