//! The one way a long call is made from Python.
//!
//! The work runs on a thread of its own and never needs the interpreter. The calling thread, which
//! is the only one that can see signals, releases the interpreter while it waits, looks for Ctrl-C,
//! reports progress, and feeds documents from Python iterators.

use super::source::Feeder;
use crate::error::Result;
use crate::monitor::Monitor;
use crate::threads;
use pyo3::exceptions::PyRuntimeWarning;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
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
    run_with_errands(py, progress, feeder, |monitor, _| work(monitor))
}

/// The same for work that has errands for the calling thread; their exceptions cancel it too.
pub fn run_with_errands<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    feeder: Option<Feeder<'_>>,
    work: impl FnOnce(&Monitor, &Desk) -> Result<T> + Send,
) -> PyResult<T> {
    let monitor = Monitor::new();
    let desk = Desk::default();
    let mut reporter = Reporter::new(progress);
    std::thread::scope(|scope| {
        let desk = &desk;
        let worker = std::thread::Builder::new().spawn_scoped(scope, {
            let monitor = &monitor;
            move || {
                let _signal = SignalOnDrop(desk);
                work(monitor, desk)
            }
        });
        let worker = worker.map_err(|_| threads::not_started(1))?;
        // The worker must hear of a panic of this thread too, or it counts half a text to its end.
        let watched = catch_unwind(AssertUnwindSafe(|| {
            watch(py, &monitor, &mut reporter, feeder, desk)
        }));
        if !matches!(watched, Ok(Ok(()))) {
            monitor.cancel();
            desk.close();
        }
        let result = py.detach(|| worker.join());
        watched.unwrap_or_else(|panic| resume_unwind(panic))?;
        let result = result.unwrap_or_else(|panic| resume_unwind(panic));
        warn(py, &monitor)?;
        let result = result?;
        reporter.report(py, &monitor)?;
        Ok(result)
    })
}

/// Until the worker is finished: feed it, run its errands, look for signals, report.
fn watch(
    py: Python<'_>,
    monitor: &Monitor,
    reporter: &mut Reporter<'_, '_>,
    mut feeder: Option<Feeder<'_>>,
    desk: &Desk,
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
        match py.detach(|| desk.wait(pause)) {
            Word::Done => return Ok(()),
            Word::Errand(errand) => errand(py)?,
            Word::Nothing => {}
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

/// Something that only the thread that holds the interpreter can do.
type Errand = Box<dyn FnOnce(Python<'_>) -> PyResult<()> + Send>;

/// Where the worker leaves word for the calling thread: an errand, or that it is done, however it
/// ended.
#[derive(Default)]
pub struct Desk {
    left: Mutex<Left>,
    changed: Condvar,
}

#[derive(Default)]
struct Left {
    errand: Option<Errand>,
    done: bool,
    closed: bool,
}

/// What was found on the [`Desk`].
enum Word {
    Errand(Errand),
    Done,
    Nothing,
}

impl Desk {
    /// Have the calling thread do this; the worker does not wait for it here. It is dropped undone if
    /// the work was cancelled.
    pub fn leave(&self, errand: Errand) {
        let mut left = self.lock();
        if !left.closed {
            left.errand = Some(errand);
            self.changed.notify_all();
        }
    }

    /// No more errands will be run.
    fn close(&self) {
        let mut left = self.lock();
        left.closed = true;
        left.errand = None;
    }

    fn wait(&self, at_most: Duration) -> Word {
        let (mut left, _) = self
            .changed
            .wait_timeout_while(self.lock(), at_most, |left| {
                left.errand.is_none() && !left.done
            })
            .unwrap_or_else(PoisonError::into_inner);
        match left.errand.take() {
            Some(errand) => Word::Errand(errand),
            None if left.done => Word::Done,
            None => Word::Nothing,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct SignalOnDrop<'a>(&'a Desk);

impl Drop for SignalOnDrop<'_> {
    fn drop(&mut self) {
        self.0.lock().done = true;
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
            if let Some(loss) = epoch.validation {
                info.set_item("validation", loss)?;
            }
            info.set_item("seconds", epoch.seconds)?;
            info.set_item("records_per_second", epoch.records_per_second)?;
        }
        progress.call1((stage.name(), done, total, info))?;
        Ok(())
    }
}
