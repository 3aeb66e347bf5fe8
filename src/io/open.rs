//! Opening files, pipes and standard input to read them.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// Called from time to time while a chunk is read and while a pipe has nothing to say; an error of it
/// ends the wait.
pub type Idle = Arc<dyn Fn() -> io::Result<()> + Send + Sync>;

/// What a path named.
pub(crate) enum Opened {
    /// A regular file, and what it was like when it was opened.
    File(File, Metadata),
    /// Anything else that can be read.
    Pipe(Pipe),
}

/// Open `path` to read it from front to back.
pub(crate) fn open(path: &Path, idle: Idle) -> io::Result<Opened> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Pipe::open(path, &metadata, idle).map(Opened::Pipe);
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok(Opened::File(file, metadata))
}

/// Open standard input.
pub(crate) fn open_standard_input(idle: Idle) -> io::Result<Pipe> {
    #[cfg(unix)]
    let file = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?;
    #[cfg(windows)]
    let file = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned()?;
    Ok(Pipe::of(file.into(), idle))
}

/// A pipe, socket or device. Its reader must not sleep in the system, where no cancellation can
/// reach it.
#[cfg_attr(not(unix), allow(dead_code))]
pub(crate) struct Pipe {
    file: File,
    idle: Idle,
}

#[cfg(unix)]
impl Pipe {
    fn open(path: &Path, metadata: &Metadata, idle: Idle) -> io::Result<Self> {
        use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
        let mut options = std::fs::OpenOptions::new();
        options.read(true);
        // Otherwise a named pipe would be opened only once somebody writes to it. Elsewhere than on
        // Linux it would then seem to be at its end.
        if cfg!(target_os = "linux") && metadata.file_type().is_fifo() {
            options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        }
        let file = options.open(path)?;
        Ok(Self { file, idle })
    }
}

impl Pipe {
    /// Read what is open already.
    fn of(file: File, idle: Idle) -> Self {
        Self { file, idle }
    }
}

#[cfg(unix)]
impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        const PATIENCE: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 50_000_000,
        };
        loop {
            let mut descriptors = [PollFd::new(&self.file, PollFlags::IN)];
            match poll(&mut descriptors, Some(&PATIENCE)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => (self.idle)()?,
                Ok(_) => match self.file.read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    read => return read,
                },
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(not(unix))]
impl Pipe {
    fn open(path: &Path, _: &Metadata, idle: Idle) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Self { file, idle })
    }
}

#[cfg(not(unix))]
impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}
