//! Locks the checkpoint folder of a training against other trainings.

use crate::error::{Error, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;

/// The file that is locked. It is never removed: otherwise a process could still hold the lock of the removed file
/// while another process locks a new file of this name.
const NAME: &str = "training.lock";

/// A locked folder, which no other training may use. The system releases the lock when the process
/// ends, even if it is killed.
#[derive(Debug)]
pub struct FolderLock(File);

impl FolderLock {
    /// Lock an existing folder.
    ///
    /// # Errors
    /// [`Error::Io`] if the lock file cannot be opened, and with [`ErrorKind::WouldBlock`] if another process, or
    /// another call in this process, has locked the folder.
    pub fn new(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // Do not follow a link: that could create a file in another folder.
            options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
        }
        let file = options.open(&path).map_err(|e| Error::io(&path, e))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let message = "another training uses this checkpoint_dir now; wait for its end, or \
                               choose another folder";
                let error = io::Error::new(ErrorKind::WouldBlock, message);
                Err(Error::io(folder, error))
            }
            // On a file system without locks, training goes on without a lock.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self(file)),
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // A process that was forked in the meantime also has the file open. Then closing the file here would not
        // release the lock. So release it explicitly.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_locked_once_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::new(folder.path()).unwrap();
        let second = FolderLock::new(folder.path()).unwrap_err();
        assert!(
            matches!(second, Error::Io { source, .. } if source.kind() == ErrorKind::WouldBlock)
        );
        drop(first);
        FolderLock::new(folder.path()).unwrap();
    }
}
