//! Temporary files for data beyond the memory limit.

use super::fallible;
use crate::error::{Error, Location, Result};
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A file without a name. The system deletes it when this value is dropped, or when the process ends for any
/// reason.
#[derive(Debug)]
pub(crate) struct TemporaryFile {
    folder: PathBuf,
    file: File,
    // Bytes written; locked during writes.
    length: Mutex<u64>,
}

impl TemporaryFile {
    /// An empty file in `folder`.
    pub fn create(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(|e| Error::io(folder, e))?;
        Ok(Self {
            folder: folder.to_owned(),
            file,
            length: Mutex::new(0),
        })
    }

    /// Append `bytes`, and return their range in the file.
    pub fn append(&self, bytes: &[u8]) -> Result<Range<u64>> {
        let mut length = self.lock();
        (&self.file)
            .write_all(bytes)
            .map_err(|e| Error::io(&self.folder, e))?;
        let start = *length;
        *length += bytes.len() as u64;
        Ok(start..*length)
    }

    /// Bytes written so far.
    pub fn len(&self) -> u64 {
        *self.lock()
    }

    /// The bytes at `range`.
    pub fn read(&self, range: Range<u64>) -> Result<Vec<u8>> {
        let mut bytes = fallible::zeroed((range.end - range.start) as usize)?;
        self.read_into(range.start, &mut bytes)?;
        Ok(bytes)
    }

    /// Fill `bytes` from `offset` on.
    #[cfg(unix)]
    pub fn read_into(&self, offset: u64, bytes: &mut [u8]) -> Result<()> {
        use std::os::unix::fs::FileExt;
        let result = self.file.read_exact_at(bytes, offset);
        result.map_err(|e| Error::io(&self.folder, e))
    }

    /// Fill `bytes` from `offset` on.
    #[cfg(not(unix))]
    pub fn read_into(&self, offset: u64, bytes: &mut [u8]) -> Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        let length = self.lock(); // reading moves the position at which `append` writes
        let mut file = &self.file;
        let result = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(bytes))
            .and_then(|()| file.seek(SeekFrom::Start(*length)));
        result.map(|_| ()).map_err(|e| Error::io(&self.folder, e))
    }

    /// The error if the bytes read at `offset` differ from those that were written.
    pub fn damaged(&self, offset: u64) -> Error {
        Error::format(
            &self.folder,
            Location::Byte(offset),
            "a temporary file was damaged",
        )
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.length.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
