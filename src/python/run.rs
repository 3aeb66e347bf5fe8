//! Runs a long call from Python so that Ctrl-C, progress and Python iterators work.
//!
//! The work runs on a thread of its own, the worker. The worker holds the interpreter only for short
//! steps: to read an open Python file or an Arrow stream, to read or make a NumPy array, and to make
//! an exception. Of the two threads, only the calling thread can see signals. It waits for the worker with
//! the interpreter released. At short intervals it checks for Ctrl-C, reports progress, runs the
//! Python calls that the worker posts, and feeds documents from Python iterators to the worker.

use super::source::Feeder;
use crate::error::Result;
use crate::monitor::{Monitor, Stage};
use crate::report::EpochReport;
use crate::threads;
use pyo3::exceptions::PyRuntimeWarning;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Time between two checks for signals while nothing else happens.
const TICK: Duration = Duration::from_millis(20);
/// Time between two reports of progress.
const REPORT: Duration = Duration::from_millis(100);

/// Run `work` with the interpreter released. Ctrl-C, an exception of `progress` or an exception of the user's
/// iterator cancels the work, and is raised once the work has stopped.
pub fn run<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    feeder: Option<Feeder<'_>>,
    work: impl FnOnce(&Monitor) -> Result<T> + Send,
) -> PyResult<T> {
    run_with_mailbox(py, progress, feeder, |monitor, _| work(monitor))
}

/// As [`run`], with `work` on a new thread pool: the global pool of rayon does not survive `fork`.
pub fn run_in_pool<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Monitor) -> crate::Result<T> + Send,
) -> PyResult<T> {
    let threads = threads::resolve(None)?;
    run(py, None, None, |monitor| {
        threads::in_pool(threads, || work(monitor))?
    })
}

/// As [`run`], for work that also posts Python calls to the calling thread. An exception of such a call
/// cancels the work too.
pub fn run_with_mailbox<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    feeder: Option<Feeder<'_>>,
    work: impl FnOnce(&Monitor, &Mailbox) -> Result<T> + Send,
) -> PyResult<T> {
    let monitor = Monitor::new();
    let mailbox = Mailbox::default();
    let mut reporter = Reporter::new(progress);
    std::thread::scope(|scope| {
        let mailbox = &mailbox;
        let worker = std::thread::Builder::new().spawn_scoped(scope, {
            let monitor = &monitor;
            move || {
                let _finish = FinishOnDrop(mailbox);
                work(monitor, mailbox)
            }
        });
        let worker = worker.map_err(|_| threads::not_started(1))?;
        // A panic of this thread must stop the worker too. Otherwise the worker would take the
        // documents that it has received for the whole text.
        let watched = catch_unwind(AssertUnwindSafe(|| {
            watch(py, &monitor, &mut reporter, feeder, mailbox)
        }));
        if !matches!(watched, Ok(Ok(()))) {
            monitor.cancel();
            mailbox.close();
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

/// Feed documents to the worker, run its Python calls, check for signals and report progress, until
/// the worker has finished.
fn watch(
    py: Python<'_>,
    monitor: &Monitor,
    reporter: &mut Reporter<'_, '_>,
    mut feeder: Option<Feeder<'_>>,
    mailbox: &Mailbox,
) -> PyResult<()> {
    loop {
        // The worker may wait for documents from this thread: pause only if there is nothing to send or the
        // channel is full.
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
        match py.detach(|| mailbox.wait(pause)) {
            Message::Finished => return Ok(()),
            Message::Call(call) => call(py)?,
            Message::Nothing => {}
        }
        py.check_signals()?;
        warn(py, monitor)?;
        reporter.report_if_due(py, monitor)?;
    }
}

/// Show the warnings of the work as Python warnings, at the line of the user's program.
fn warn(py: Python<'_>, monitor: &Monitor) -> PyResult<()> {
    let messages = monitor.take_warnings();
    if messages.is_empty() {
        return Ok(());
    }
    let warn = py.import("glove_rs._warnings")?.getattr("warn")?;
    for message in messages {
        warn.call1((message, py.get_type::<PyRuntimeWarning>()))?;
    }
    Ok(())
}

/// Work that needs the interpreter.
type Call = Box<dyn FnOnce(Python<'_>) -> PyResult<()> + Send>;

/// Mailbox to the calling thread: Python calls to run, and at the end "finished", whether the work succeeded
/// or not.
#[derive(Default)]
pub struct Mailbox {
    state: Mutex<MailboxState>,
    changed: Condvar,
}

#[derive(Default)]
struct MailboxState {
    call: Option<Call>,
    finished: bool,
    closed: bool,
}

/// What [`Mailbox::wait`] returns.
enum Message {
    Call(Call),
    Finished,
    /// Nothing came in time.
    Nothing,
}

impl Mailbox {
    /// Ask the calling thread to run `call`, and return at once. If the work was cancelled, `call` is dropped
    /// and does not run.
    pub fn post(&self, call: Call) {
        let mut state = self.lock();
        if !state.closed {
            state.call = Some(call);
            self.changed.notify_all();
        }
    }

    /// Drop the waiting call and all later calls.
    fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.call = None;
    }

    fn wait(&self, at_most: Duration) -> Message {
        let (mut state, _) = self
            .changed
            .wait_timeout_while(self.lock(), at_most, |state| {
                state.call.is_none() && !state.finished
            })
            .unwrap_or_else(PoisonError::into_inner);
        match state.call.take() {
            Some(call) => Message::Call(call),
            None if state.finished => Message::Finished,
            None => Message::Nothing,
        }
    }

    fn lock(&self) -> MutexGuard<'_, MailboxState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Posts "finished" when dropped, also if the work panics.
struct FinishOnDrop<'a>(&'a Mailbox);

impl Drop for FinishOnDrop<'_> {
    fn drop(&mut self) {
        self.0.lock().finished = true;
        self.0.changed.notify_all();
    }
}

/// Calls `progress(stage, done, total, info)`, at least once for each stage and each epoch. `info`
/// is a dict with the report of the last finished epoch, or an empty dict.
struct Reporter<'a, 'py> {
    progress: Option<&'a Bound<'py, PyAny>>,
    last: Instant,
    // Number of epochs that have been reported.
    epochs: usize,
}

impl<'a, 'py> Reporter<'a, 'py> {
    fn new(progress: Option<&'a Bound<'py, PyAny>>) -> Self {
        Self {
            progress,
            last: Instant::now(),
            epochs: 0,
        }
    }

    fn report_if_due(&mut self, py: Python<'_>, monitor: &Monitor) -> PyResult<()> {
        if self.last.elapsed() < REPORT {
            return Ok(());
        }
        self.last = Instant::now();
        self.report(py, monitor)
    }

    fn report(&mut self, py: Python<'_>, monitor: &Monitor) -> PyResult<()> {
        let Some(progress) = self.progress else {
            return Ok(());
        };
        let (stage, done, total) = monitor.snapshot();
        let call = |stage: Stage, done: u64, total: u64, epoch: Option<&EpochReport>| {
            let info = epoch.map_or_else(|| Ok(PyDict::new(py)), |epoch| epoch_info(py, epoch));
            progress.call1((stage.name(), done, total, info?)).map(drop)
        };
        // Report the stages and epochs that ended since the last report, because each must be reported at
        // least once.
        let mut epochs = monitor.epochs_from(self.epochs.saturating_sub(1));
        let before = if self.epochs > 0 {
            epochs.first().copied()
        } else {
            None
        };
        let new = usize::from(before.is_some());
        for (past, units) in monitor.take_past_stages() {
            call(past, units, units, before.as_ref())?;
            if past == Stage::Training {
                // Training has ended: report its remaining epochs.
                for epoch in epochs.iter().skip(new) {
                    call(past, units, units, Some(epoch))?;
                }
                self.epochs = self.epochs.saturating_sub(1) + epochs.len();
                return call(stage, done, total, None);
            }
        }
        if stage != Stage::Training {
            return call(stage, done, total, None);
        }
        let last = epochs.pop();
        for epoch in epochs.iter().skip(new) {
            call(stage, done, total, Some(epoch))?;
        }
        self.epochs = self.epochs.saturating_sub(1) + epochs.len() + usize::from(last.is_some());
        call(stage, done, total, last.as_ref())
    }
}

fn epoch_info<'py>(py: Python<'py>, epoch: &EpochReport) -> PyResult<Bound<'py, PyDict>> {
    let info = PyDict::new(py);
    info.set_item("epoch", epoch.epoch)?;
    info.set_item("loss", epoch.loss)?;
    info.set_item("data_loss", epoch.data_loss)?;
    if let Some(loss) = epoch.validation {
        info.set_item("validation", loss)?;
    }
    info.set_item("seconds", epoch.seconds)?;
    info.set_item("records_per_second", epoch.records_per_second)?;
    Ok(info)
}
