//! Files appear complete or not at all.

use crate::error::{Error, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Instead of a path: standard output, or standard input.
pub(crate) const STANDARD_STREAM: &str = "-";

/// Write `path` through `fill`: into a temporary file beside it that takes its name when complete.
/// If anything fails, what `path` held before is still there and the temporary file is gone.
///
/// A symbolic link keeps pointing at the file that is replaced; a device or pipe is written as is,
/// and so is standard output, whose name is `-`.
///
/// # Errors
/// [`Error::Io`] with `path`; what `fill` reports about its own input.
pub fn write_atomically(
    path: impl AsRef<Path>,
    fill: impl FnOnce(&mut BufWriter<&File>) -> Result<()>,
) -> Result<()> {
    replace(path.as_ref(), false, fill)
}

/// [`write_atomically`] that returns when the file would also outlive the machine's failing now.
///
/// # Errors
/// As for [`write_atomically`].
pub fn write_durably(
    path: impl AsRef<Path>,
    fill: impl FnOnce(&mut BufWriter<&File>) -> Result<()>,
) -> Result<()> {
    replace(path.as_ref(), true, fill)
}

fn replace(
    path: &Path,
    durably: bool,
    fill: impl FnOnce(&mut BufWriter<&File>) -> Result<()>,
) -> Result<()> {
    let fail = |e: io::Error| Error::io(path, e);
    if path == Path::new(STANDARD_STREAM) {
        return write(&standard_output().map_err(fail)?, path, fill);
    }
    let target = match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(fail(ErrorKind::IsADirectory.into())),
        Ok(found) if !found.is_file() => {
            let file = OpenOptions::new().write(true).open(path).map_err(fail)?;
            return write(&file, path, fill);
        }
        Ok(_) => fs::canonicalize(path).map_err(fail)?,
        Err(_) => path.to_owned(),
    };
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&name).suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As an ordinary new file: the umask takes away what it takes away.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let temporary = builder.tempfile_in(&folder).map_err(fail)?;
    write(temporary.as_file(), path, fill)?;
    if let Ok(old) = fs::metadata(&target) {
        let _ = temporary.as_file().set_permissions(old.permissions());
    }
    if durably {
        temporary.as_file().sync_all().map_err(fail)?;
    }
    temporary.persist(&target).map_err(|e| fail(e.error))?;
    #[cfg(unix)] // elsewhere a folder cannot be opened
    if durably {
        let synced = File::open(&folder).and_then(|folder| folder.sync_all());
        synced.map_err(fail)?;
    }
    Ok(())
}

fn write(
    file: &File,
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&File>) -> Result<()>,
) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, file);
    fill(&mut out)?;
    out.flush().map_err(|e| Error::io(path, e))
}

/// Wait until what was written is on the disk: a long file that does so on its way does not keep its
/// caller waiting for all of it at the end, when nothing can interrupt it.
pub(super) fn settle(out: &mut BufWriter<&File>) -> io::Result<()> {
    out.flush()?;
    out.get_ref().sync_data()
}

/// Standard output, unlike [`io::stdout`] with its errors and without a search for newlines.
fn standard_output() -> io::Result<File> {
    #[cfg(unix)]
    let owned = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned();
    #[cfg(windows)]
    let owned = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned();
    owned.map(File::from)
}

/// Lets `fill` closures use `?` on writes.
pub(crate) fn at<T>(path: &Path, result: io::Result<T>) -> Result<T> {
    result.map_err(|e| Error::io(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        let failed = write_atomically(&path, |out| {
            at(&path, out.write_all(b"half"))?;
            Err(Error::Cancelled)
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_atomically(&link, |out| at(&link, out.write_all(b"new"))).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }
}
