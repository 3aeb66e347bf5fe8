//! Waits until a folder is on the disk.

use std::fs;
use std::io;
use std::path::Path;

/// Wait until the entries of a folder are on the disk, where the system has such a call.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
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
