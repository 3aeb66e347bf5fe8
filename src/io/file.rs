//! Writes files so that they appear complete or not at all. `folder.rs` does the same for folders.

use super::compressed_writer::CompressedWriter;
use super::links::{MOST_LINKS, resolve};
use super::standard_stream::STANDARD_STREAM;
use super::sync::sync_folder;
use super::{ending, folder, temporary};
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Number of bytes that are written between two waits for the disk. Ctrl-C cannot end such a wait, so each wait has to
/// be short.
const SETTLE: usize = 16 << 20;
/// Number of bytes that are collected before they are written. Longer pieces are written without a copy.
const BUFFER: usize = 1 << 16;
/// Milliseconds of a wait for the reader of a pipe. Between two waits, the writer checks whether
/// the caller has asked to stop.
const PIPE_WAIT: u64 = 20;
/// A pipe that is ready takes this many bytes without making its writer wait.
const PIPE: usize = 4096;

/// What `fill` of [`write_atomically`] writes to.
pub type Output<'a> = BufWriter<CompressedWriter<CancellableWriter<'a>>>;

/// Write a file with the content that `fill` writes. A temporary file beside `path` is filled; when it is complete
/// and on the disk, it is renamed to `path`. If a step up to the renaming fails, `path` is unchanged and the
/// temporary file is removed.
///
/// If `path` ends in `.gz`, `.bz2`, `.xz`, `.zst` or `.zstd`, the file is compressed accordingly.
/// If `path` is a link, the file to which it points is replaced. The new file gets the permissions of the file that it
/// replaces and, if the system allows it, the owner. Devices, pipes and `-`, standard output, are written to directly.
///
/// # Errors
/// [`Error::Io`], which names `path`; [`Error::Parameter`] for an empty path and for the ending of
/// a format that glove-rs does not write; [`Error::Cancelled`], also while a pipe has no reader;
/// the errors of `fill`.
pub fn write_atomically(
    path: impl AsRef<Path>,
    monitor: &Monitor,
    fill: impl FnOnce(&mut Output<'_>) -> Result<()>,
) -> Result<()> {
    let path = path.as_ref();
    let compression = ending::compression_of(path)?;
    let replacement = loop {
        match Replacement::create(path)? {
            Some(replacement) => break replacement,
            None => monitor.check()?,
        }
    };
    let writer = CancellableWriter {
        replacement,
        monitor,
    };
    let writer = CompressedWriter::new(writer, compression).map_err(|e| Error::io(path, e))?;
    let mut out = BufWriter::with_capacity(BUFFER, writer);
    let filled = fill(&mut out).and_then(|()| out.flush().map_err(|e| Error::io(path, e)));
    let (writer, _) = out.into_parts(); // dropping `out` would write what is left
    let finished = filled.and_then(|()| writer.finish().map_err(|e| Error::io(path, e)));
    // A write that Ctrl-C ended reports only that it failed; the monitor knows the reason.
    let writer = finished.map_err(|error| monitor.check().err().unwrap_or(error))?;
    writer.replacement.commit()
}

/// A [`Replacement`] that waits for the reader of a pipe until the caller asks to stop.
#[derive(Debug)]
pub struct CancellableWriter<'a> {
    replacement: Replacement,
    monitor: &'a Monitor,
}

impl Write for CancellableWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.replacement.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.monitor.check().map_err(io::Error::other)?;
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is being written, under a temporary name until [`Replacement::commit`] moves it to its path. If the
/// `Replacement` is dropped before, the temporary file is removed.
#[derive(Debug)]
pub struct Replacement {
    /// The path as the caller gave it, for messages.
    path: PathBuf,
    file: File,
    /// None for standard output, a device or a pipe.
    temporary: Option<Temporary>,
}

#[derive(Debug)]
struct Temporary {
    path: PathBuf,
    target: PathBuf,
    old: Option<Metadata>,
    unsettled: usize,
}

impl Replacement {
    /// Begin to write `path`, and remove temporary files that killed processes left beside it. `None` after a short
    /// wait if `path` is a pipe that no process reads yet.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Parameter`] for an empty path.
    pub fn create(path: &Path) -> Result<Option<Self>> {
        if path.as_os_str().is_empty() {
            return Err(Error::parameter("path", "must name a file, got ''"));
        }
        Self::open(path).map_err(|e| Error::io(path, e))
    }

    fn open(path: &Path) -> io::Result<Option<Self>> {
        let stream = |file| Self {
            path: path.to_owned(),
            file,
            temporary: None,
        };
        if path == Path::new(STANDARD_STREAM) {
            return standard_output().map(stream).map(Some);
        }
        let old = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() || is_descriptor(path) => {
                return Ok(open_stream(path)?.map(stream));
            }
            Ok(found) => Some(found),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let target = resolve(path)?;
        if target.file_name().is_none() || names_folder(path) {
            return Err(ErrorKind::IsADirectory.into());
        }
        temporary::sweep(&target);
        // A killed process may have been writing this file with `FolderReplacement::commit_file`: remove its scratch
        // folder.
        let names: Vec<_> = target.file_name().map(Into::into).into_iter().collect();
        folder::sweep(&target, &names);
        let (path_of_it, file) = temporary::claim(&target, |path| {
            let created = temporary::create_locked(path, old.is_some())?;
            Ok(created.map(|file| (path.to_owned(), file)))
        })?;
        let temporary = Some(Temporary {
            path: path_of_it,
            target,
            old,
            unsettled: 0,
        });
        Ok(Some(Self {
            path: path.to_owned(),
            file,
            temporary,
        }))
    }

    /// Write some of `bytes`, and return how many were written.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] after a short wait for the reader of a pipe; any other error of the system.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(temporary) = &mut self.temporary else {
            let most = if is_ready(&self.file)? {
                PIPE
            } else {
                bytes.len()
            };
            return self.file.write(&bytes[..bytes.len().min(most)]);
        };
        // Sync a long file in steps while it is written: one long wait at the end could not be
        // interrupted.
        if temporary.unsettled >= SETTLE {
            self.file.sync_data()?;
            temporary.unsettled = 0;
        }
        let written = self.file.write(bytes)?;
        temporary.unsettled += written;
        Ok(written)
    }

    /// Move the file to its path. When this returns, the file is on disk and survives a crash of the machine. This
    /// function does nothing for a device, a pipe or standard output.
    ///
    /// # Errors
    /// [`Error::Io`]. Then the old file is still at the path, unless only the last step failed, the
    /// syncing of its folder.
    pub fn commit(mut self) -> Result<()> {
        let committed = self.put();
        committed.map_err(|e| Error::io(&self.path, e))
    }

    fn put(&mut self) -> io::Result<()> {
        let Some(temporary) = &self.temporary else {
            return Ok(());
        };
        if let Some(old) = &temporary.old {
            keep_owner(&self.file, old);
            let _ = self.file.set_permissions(old.permissions());
        }
        self.file.sync_all()?;
        fs::rename(&temporary.path, &temporary.target)?;
        let target = self.temporary.take().expect("it was there").target;
        target.parent().map_or(Ok(()), sync_folder)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary
            && fs::remove_file(&temporary.path).is_err()
        {
            let _ = fs::remove_file(&temporary.path); // once more: a network file system may fail once
        }
    }
}

/// Whether a path can only name a folder: it ends in a separator, or its last part is `.` or `..`.
fn names_folder(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    let is_separator = |byte: &u8| std::path::is_separator(*byte as char);
    let last = bytes.rsplit(is_separator).next().unwrap_or_default();
    matches!(last, b"" | b"." | b"..")
}

/// Give `file` the owner of the old file, if the system allows this user to.
fn keep_owner(file: &File, old: &Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        if file
            .metadata()
            .is_ok_and(|new| (new.uid(), new.gid()) != (old.uid(), old.gid()))
        {
            let _ = fchown(file, Some(old.uid()), Some(old.gid()));
        }
    }
    #[cfg(not(unix))]
    let _ = (file, old);
}

/// Whether `path` names an open file, such as `/dev/stdout` or `/dev/fd/3`. The output must go to that file, not
/// to a new file in its place.
fn is_descriptor(path: &Path) -> bool {
    cfg!(target_os = "linux") && {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let parent = path.parent().map(fs::canonicalize).and_then(io::Result::ok);
            if parent.is_some_and(|parent| parent.starts_with("/proc")) {
                return true;
            }
            match fs::read_link(&path) {
                Ok(link) => path = path.parent().unwrap_or(&path).join(link),
                Err(_) => return false,
            }
        }
        false
    }
}

/// Open a device or a pipe. `None` after a short wait if no process reads the pipe yet.
fn open_stream(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.append(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(OFlags::NONBLOCK.bits() as i32);
        match options.open(path) {
            Ok(file) => {
                let flags = rustix::fs::fcntl_getfl(&file)?;
                rustix::fs::fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
                Ok(Some(file))
            }
            Err(error) if is_unread_pipe(path, &error) => {
                std::thread::sleep(std::time::Duration::from_millis(PIPE_WAIT));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
    #[cfg(not(unix))]
    options.open(path).map(Some)
}

#[cfg(unix)]
fn is_unread_pipe(path: &Path, error: &io::Error) -> bool {
    use std::os::unix::fs::FileTypeExt;
    error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error())
        && fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

/// Wait until `file` can take bytes, for at most `PIPE_WAIT`. Returns whether the caller may write only a few bytes
/// at a time: `true` for a pipe or device, `false` for a regular file. After `PIPE_WAIT`, the error is
/// [`ErrorKind::WouldBlock`].
fn is_ready(file: &File) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        if file.metadata().is_ok_and(|found| found.is_file()) {
            return Ok(false);
        }
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: PIPE_WAIT as i64 * 1_000_000,
        };
        match poll(&mut [PollFd::new(file, PollFlags::OUT)], Some(&timeout)) {
            Ok(0) => return Err(ErrorKind::WouldBlock.into()),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        Ok(false)
    }
}

/// Standard output as a file. [`io::stdout`] would hide some errors and search the output for newlines.
fn standard_output() -> io::Result<File> {
    #[cfg(unix)]
    let owned = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned();
    #[cfg(windows)]
    let owned = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned();
    owned.map(File::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::at;

    fn write(path: &Path, content: &[u8]) -> Result<()> {
        write_atomically(path, &Monitor::new(), |out| {
            at(path, out.write_all(content))
        })
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries.map(|e| name(e).into_string().unwrap()).collect()
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        let failed = write_atomically(&path, &Monitor::new(), |out| {
            at(&path, out.write_all(b"half"))?;
            Err(Error::Cancelled)
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn two_writers_of_one_file_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_atomically(&path, &Monitor::new(), |out| {
            at(&path, out.write_all(b"outer"))?;
            write(&path, b"inner")?;
            assert_eq!(fs::read(&path).unwrap(), b"inner");
            Ok(())
        })
        .unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"outer");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn an_empty_path_is_refused() {
        assert!(matches!(
            write(Path::new(""), b"x"),
            Err(Error::Parameter { .. })
        ));
    }

    #[test]
    fn a_path_that_ends_as_that_of_a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        for end in ["file/", "file/.", "file/..", "file/./"] {
            let path = format!("{}/{end}", folder.path().display());
            assert!(matches!(
                write(Path::new(&path), b"x"),
                Err(Error::Io { .. })
            ));
        }
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn a_name_says_how_its_file_is_compressed() {
        use std::io::Read;
        let folder = tempfile::tempdir().unwrap();
        let text = b"some words and numbers 1 2 3\n".repeat(100_000);
        for name in ["a.gz", "a.txt.bz2", "a.xz", "a.bin.ZST", "a.txt"] {
            let path = folder.path().join(name);
            write(&path, &text).unwrap();
            let compressed = fs::metadata(&path).unwrap().len();
            assert_eq!(compressed < 100_000, name != "a.txt", "{name}");
            let file = File::open(&path).unwrap();
            let mut decompressed = super::super::decompressed::Decompressed::new(file).unwrap();
            assert_eq!(decompressed.compression().is_some(), name != "a.txt");
            let mut content = Vec::new();
            decompressed.read_to_end(&mut content).unwrap();
            assert_eq!(content, text, "{name}");
        }
        let refused = write(&folder.path().join("a.npz"), b"x");
        assert!(matches!(refused, Err(Error::Parameter { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::os::unix::fs::symlink("file", &link).unwrap();
        for content in [b"first", b"again"] {
            write(&link, content).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read(&file).unwrap(), content);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to() {
        use std::os::unix::fs::FileTypeExt;
        write(Path::new("/dev/null"), &[0; 10_000]).unwrap();
        assert!(
            fs::metadata("/dev/null")
                .unwrap()
                .file_type()
                .is_char_device()
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_that_nobody_reads_can_be_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).unwrap();
        let monitor = Monitor::new();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| write_atomically(&path, &monitor, |_| Ok(())));
            monitor.cancel();
            assert!(matches!(writer.join().unwrap(), Err(Error::Cancelled)));
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_private_while_it_is_written() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write_atomically(&path, &Monitor::new(), |_| {
            for name in names(folder.path()).iter().filter(|name| *name != "file") {
                let mode = fs::metadata(folder.path().join(name)).unwrap().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
    }
}
