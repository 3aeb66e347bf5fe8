//! Opens files, pipes and standard input to read them.

use super::archive::{self, Member};
use super::path_error::at;
use crate::error::{Error, Result};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A function that is called from time to time while a chunk of text is read and while a pipe has no data. If it
/// returns an error, reading ends with this error.
pub type Idle = Arc<dyn Fn() -> io::Result<()> + Send + Sync>;

/// What a path names, opened.
pub(crate) enum Opened {
    /// A regular file, and its metadata when it was opened.
    File(File, Metadata),
    /// Anything else that can be read.
    Pipe(Pipe),
    /// A file in a zip archive.
    Member(Member),
    /// A zip archive: the names of its files and their compressed sizes.
    Archive(Vec<(String, u64)>),
}

/// Open `path` to read it from front to back.
pub(crate) fn open(path: &Path, idle: Idle) -> io::Result<Opened> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            let (archive, member) = archive::split(path).ok_or(error)?;
            return archive::open_member(&archive, &member).map(Opened::Member);
        }
    };
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Pipe::open(path, &metadata, idle).map(Opened::Pipe);
    }
    let mut file = File::open(path)?;
    if archive::is_archive(&mut file)? {
        return archive::members(path).map(Opened::Archive);
    }
    let metadata = file.metadata()?;
    Ok(Opened::File(file, metadata))
}

/// The size of the file that `path` names, before decompression; 0 for a pipe or device.
///
/// # Errors
/// [`Error::Io`] if the file is missing or is a folder; [`Error::Format`] if it is in a damaged archive.
pub(crate) fn size_of(path: &Path) -> Result<u64> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            let (archive, member) = archive::split(path).ok_or(Error::io(path, error))?;
            let member = at(path, archive::open_member(&archive, &member))?;
            return Ok(member.compressed_bytes());
        }
    };
    if metadata.is_dir() {
        return Err(Error::io(path, io::ErrorKind::IsADirectory.into()));
    }
    Ok(if metadata.is_file() {
        metadata.len()
    } else {
        0
    })
}

/// The path `archive:member`, which names the file `member` in the zip archive at `archive`.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] if `archive` is not a zip archive of files.
pub fn member_path(archive: &Path, member: &str) -> Result<PathBuf> {
    if is_archive(archive)? {
        return Ok(archive::path_of(archive, member));
    }
    let message = format!(
        "must be None: {} is not a zip archive of files",
        archive.display()
    );
    Err(Error::parameter("member", message))
}

/// Whether `path` names a zip archive of files, and not a file of a format that is a zip archive, such as `.npz`.
///
/// # Errors
/// [`Error::Io`], also for a folder.
pub fn is_archive(path: &Path) -> Result<bool> {
    let mut file = open_seekable(path)?;
    at(path, archive::is_archive(&mut file))
}

/// Whether `path` names a file in a zip archive, `archive.zip:name`.
pub fn is_member(path: &Path) -> bool {
    fs::metadata(path).is_err() && archive::split(path).is_some()
}

/// Open the file at `path`, which the caller then reads at any offset.
///
/// # Errors
/// [`Error::Io`], also for a folder.
fn open_seekable(path: &Path) -> Result<File> {
    let file = at(path, File::open(path))?;
    if at(path, file.metadata())?.is_dir() {
        return Err(Error::io(path, io::ErrorKind::IsADirectory.into()));
    }
    Ok(file)
}

/// Open standard input.
pub(crate) fn open_standard_input(idle: Idle) -> io::Result<Pipe> {
    #[cfg(unix)]
    let file = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?;
    #[cfg(windows)]
    let file = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned()?;
    Ok(Pipe::of(file.into(), idle))
}

/// A pipe, socket or device. On Unix, its reader sleeps in a system call for at most 50 ms at a time, because a
/// cancellation cannot end such a sleep. On other systems, a read waits until there is data.
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
        // Without this flag, opening a named pipe waits until some process writes to it. With this flag, systems other
        // than Linux would report the end of the pipe at once.
        if cfg!(target_os = "linux") && metadata.file_type().is_fifo() {
            options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        }
        let file = options.open(path)?;
        Ok(Self { file, idle })
    }
}

impl Pipe {
    /// A pipe that reads from a file that is open already.
    fn of(file: File, idle: Idle) -> Self {
        Self { file, idle }
    }
}

#[cfg(unix)]
impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        const PIPE_WAIT: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 50_000_000,
        };
        loop {
            let mut descriptors = [PollFd::new(&self.file, PollFlags::IN)];
            match poll(&mut descriptors, Some(&PIPE_WAIT)) {
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
