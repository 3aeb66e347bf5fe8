//! Files: opening and reading them, writing them so that they appear complete or not at all, and the
//! lock of a folder.
//!
//! Reading: `open` opens what a path names, `input` reads it from front to back, unpacked.
//!
//! Writing: everything that this package writes for a user goes through here. Three rules hold for it.
//! The old file stays at its path until the new content is complete and on the disk. A file is removed
//! only if it was identified as ours. A temporary belongs to one target and
//! one process: it carries the target's name and is locked as long as the process lives, so that the
//! next run of the same target can recognise what a killed process left, and remove it.

mod archive;
pub(crate) mod buckets;
pub(crate) mod charset;
pub(crate) mod compression;
mod ending;
mod file;
mod folder;
mod input;
mod lock;
mod open;
mod temporary;

pub use archive::members;
pub(crate) use archive::{listed, path_of};
pub use ending::{Written, check_ending, check_model_ending, ending_of};
pub use file::{Output, Replacement, write_atomically};
pub use folder::FolderReplacement;
pub(crate) use input::Input;
pub use lock::FolderLock;
pub use open::{Idle, is_member, member_path};
pub(crate) use open::{Opened, open, open_standard_input, size_of};

use crate::error::{Error, Result};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Instead of a path: standard output, or standard input.
pub const STANDARD_STREAM: &str = "-";

/// Links followed before a path counts as a circle, as in Linux.
const MOST_LINKS: usize = 40;

/// Lets `fill` closures use `?` on writes.
pub(crate) fn at<T>(path: &Path, result: io::Result<T>) -> Result<T> {
    result.map_err(|e| Error::io(path, e))
}

/// The absolute path that `path` names after all links at its end, whether there is something or not.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(path)?;
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                let link = fs::read_link(&path)?;
                path = match path.parent() {
                    Some(parent) => parent.join(link),
                    None => link,
                };
            }
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    // Says "too many levels of symbolic links" in the system's words.
    fs::metadata(&path).map(|_| path)
}

/// Wait until the entries of a folder are on the disk, where the system has such a call.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)] // elsewhere a folder cannot be opened
    match fs::File::open(folder).and_then(|folder| folder.sync_all()) {
        // Some network file systems cannot do this, and a folder may be writable but not readable.
        Err(error)
            if !matches!(
                error.kind(),
                io::ErrorKind::InvalidInput
                    | io::ErrorKind::Unsupported
                    | io::ErrorKind::PermissionDenied
            ) =>
        {
            return Err(error);
        }
        _ => {}
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
