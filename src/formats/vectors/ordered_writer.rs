//! Formats text on all threads and writes it in order.

use crate::error::Result;
use crate::io::{Output, at};
use crate::monitor::Monitor;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, PoisonError};

/// Call `format` for the blocks 0 to `blocks` − 1 on all threads of the current rayon pool, and
/// write the text of each block in order. While one thread writes, the other threads format later blocks.
pub(super) fn write_in_order(
    out: &mut Output<'_>,
    path: &Path,
    blocks: usize,
    monitor: &Monitor,
    format: impl Fn(usize, &mut TextBuffer) + Sync,
) -> Result<()> {
    let unclaimed = AtomicUsize::new(0);
    let writer = OrderedWriter {
        state: Mutex::new(WriterState {
            out,
            next: 0,
            ended: None,
        }),
        changed: Condvar::new(),
    };
    rayon::broadcast(|_| {
        let _guard = EndOnPanic(&writer);
        let mut text = TextBuffer::default();
        loop {
            let block = unclaimed.fetch_add(1, Relaxed);
            if block >= blocks {
                return;
            }
            text.truncate(0);
            format(block, &mut text);
            let write = |out: &mut Output<'_>| {
                monitor.check()?;
                at(path, out.write_all(text.bytes()))
            };
            if !writer.write(block, write) {
                return;
            }
        }
    });
    let state = writer.state.into_inner();
    state
        .unwrap_or_else(PoisonError::into_inner)
        .ended
        .unwrap_or(Ok(()))
}

/// The output. One thread at a time writes to it, in the order of the blocks.
struct OrderedWriter<'a, 'b> {
    state: Mutex<WriterState<'a, 'b>>,
    changed: Condvar,
}

struct WriterState<'a, 'b> {
    out: &'a mut Output<'b>,
    /// Number of the block that is written next.
    next: usize,
    /// Set after an error or a panic: no thread writes any more.
    ended: Option<Result<()>>,
}

impl<'b> OrderedWriter<'_, 'b> {
    /// Wait until block `number` is next, and write it. Returns false if writing has ended, because
    /// writing a block failed or a thread panicked.
    fn write(&self, number: usize, write: impl FnOnce(&mut Output<'b>) -> Result<()>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.next != number && state.ended.is_none() {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.ended.is_some() {
            return false;
        }
        let written = write(state.out);
        state.next += 1;
        let is_fine = written.is_ok();
        state.ended = written.err().map(Err);
        drop(state);
        self.changed.notify_all();
        is_fine
    }
}

/// If a thread panics, the other threads end instead of waiting for its block.
struct EndOnPanic<'a, 'b, 'c>(&'a OrderedWriter<'b, 'c>);

impl Drop for EndOnPanic<'_, '_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.ended.get_or_insert(Ok(()));
            drop(state);
            self.0.changed.notify_all();
        }
    }
}

/// A buffer of text. It keeps its memory when it is truncated.
#[derive(Default)]
pub(super) struct TextBuffer {
    bytes: Vec<u8>,
    end: usize,
}

impl TextBuffer {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    pub fn truncate(&mut self, bytes: usize) {
        self.end = self.end.min(bytes);
    }

    /// Let `fill` write to the next `longest` bytes. `fill` returns the number of bytes that it
    /// wrote.
    pub fn append(&mut self, longest: usize, fill: impl FnOnce(&mut [u8]) -> usize) {
        let end = self.end + longest;
        if end > self.bytes.len() {
            self.bytes.resize(end.max(2 * self.bytes.len()), 0);
        }
        self.end += fill(&mut self.bytes[self.end..end]);
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.append(bytes.len(), |room| {
            room.copy_from_slice(bytes);
            bytes.len()
        });
    }
}

impl fmt::Write for TextBuffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::io::write_atomically;
    use crate::threads::in_pool;
    use std::fmt::Write as _;

    fn written(
        path: &Path,
        monitor: &Monitor,
        format: impl Fn(usize, &mut TextBuffer) + Send + Sync,
    ) -> Result<()> {
        in_pool(3, || {
            write_atomically(path, monitor, |out| {
                write_in_order(out, path, 500, monitor, format)
            })
        })?
    }

    #[test]
    fn blocks_are_written_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let format = |i: usize, text: &mut TextBuffer| {
            // Some blocks take long.
            if i.is_multiple_of(100) {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            write!(text, "{i} ").unwrap();
        };
        written(&path, &Monitor::new(), format).unwrap();
        let expected: String = (0..500)
            .flat_map(|i| [i.to_string(), " ".to_owned()])
            .collect();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    }

    #[test]
    fn all_threads_end_when_one_is_cancelled_or_panics() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let monitor = Monitor::new();
        let cancel = |i: usize, _: &mut TextBuffer| {
            if i == 50 {
                monitor.cancel();
            }
        };
        assert!(matches!(
            written(&path, &monitor, cancel),
            Err(Error::Cancelled)
        ));
        let panic = || written(&path, &Monitor::new(), |i, _| assert!(i != 50, "a fault"));
        assert!(std::panic::catch_unwind(panic).is_err());
        assert!(!path.exists());
    }
}
