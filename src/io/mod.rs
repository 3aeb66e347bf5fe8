//! Reads and writes files. Written files appear complete or not at all, except for pipes, devices and standard output.
//!
//! Reading: `open` opens what a path names, also files in archives (`archive`); `input` reads the content from front
//! to back, decompressed (`compression`) and, for text, decoded (`charset`).
//!
//! Writing: `file` writes a file, `folder` a folder. The ending of a name decides on the compression and may be
//! refused (`ending`). All output for a user is written here, by three rules. The old file stays at its path until
//! the new content is complete and on the disk. Only files that glove-rs has written are removed. A temporary file
//! (`temporary`) belongs to one target and one process: its name is made from the name of the target, and the process
//! locks the file while it writes. So the next process that writes the same target can recognise the files that a
//! killed process left, and remove them.
//!
//! `lock` locks the folder of a training. `buckets` keeps items that exceed the memory limit in a temporary file
//! that has no name (`memory::TemporaryFile`).

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

pub use archive::{find_member, members};
pub(crate) use archive::{listed, path_of};
#[cfg(feature = "python")]
pub(crate) use ending::{COMPRESSED, is_compressed_name};
pub use ending::{Written, ending_of};
pub use file::{Output, Replacement, write_atomically};
pub use folder::FolderReplacement;
pub(crate) use input::Input;
pub use lock::FolderLock;
pub use open::{Idle, is_archive, is_member, member_path};
pub(crate) use open::{Opened, open, open_standard_input, size_of};
#[cfg(feature = "python")]
pub(crate) use temporary::is_of as is_temporary_of;

use crate::error::{Error, Result};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Stands for standard input or standard output in place of a path.
pub const STANDARD_STREAM: &str = "-";

/// A path with more links than this counts as a circle of links, as in Linux.
const MOST_LINKS: usize = 40;

/// Add the path to an error of the system.
pub(crate) fn at<T>(path: &Path, result: io::Result<T>) -> Result<T> {
    result.map_err(|e| Error::io(path, e))
}

/// The absolute path to which `path` leads: as long as the path names a link, the link is followed. No file
/// needs to exist at the result.
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
    // The system reports its error for this path, "too many levels of symbolic links".
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
