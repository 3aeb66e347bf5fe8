//! What may be held in memory, and where the rest goes.

pub(crate) mod fallible;
pub(crate) mod system;

use crate::error::{Error, Location, Result};
use bytemuck::Pod;
use memmap2::MmapMut;
use std::fs::File;
use std::io::Write;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How much memory counting may use, and where to put the rest.
#[derive(Debug, Clone)]
pub struct MemoryLimit {
    /// Bytes, if limited.
    pub bytes: Option<u64>,
    /// Folder for temporary files.
    pub folder: PathBuf,
}

impl Default for MemoryLimit {
    fn default() -> Self {
        Self {
            bytes: None,
            folder: std::env::temp_dir(),
        }
    }
}

/// Bytes per token of a segment being counted: its rank, and its place in the index.
const TOKEN_BYTES: u64 = 8;
/// Occurrences whose rows one task sums: small enough to balance, large enough to amortise.
pub(crate) const TASK_OCCURRENCES: u64 = 1 << 16;

impl MemoryLimit {
    /// A limit, with temporary files in `folder` or else in the system's place for them. Without one,
    /// a limit of the system (`ulimit -v`, a container) decides; mostly there is none.
    pub fn new(bytes: Option<u64>, folder: Option<PathBuf>) -> Self {
        Self {
            bytes: bytes.or_else(system::share),
            folder: folder.unwrap_or_else(std::env::temp_dir),
        }
    }

    /// Of the limit: a quarter for encoded text that waits, three eighths for the segment being
    /// counted, a quarter for rows; the rest for vocabularies and buffers.
    fn share(&self, eighths: u64) -> u64 {
        self.bytes.map_or(u64::MAX, |bytes| bytes / 8 * eighths)
    }

    /// Bytes of encoded text to hold before it goes to a file.
    pub fn text_bytes(&self) -> u64 {
        self.share(2)
    }

    /// Bytes of training records to hold before they go to a file.
    pub(crate) fn record_bytes(&self) -> u64 {
        self.share(3)
    }

    /// Tokens of a segment. Places in a segment are 32-bit numbers.
    pub(crate) fn segment_tokens(&self) -> usize {
        (self.share(3) / TOKEN_BYTES).clamp(1 << 10, 1 << 31) as usize
    }

    /// Bytes of rows to hold before they go to a file.
    pub(crate) fn row_bytes(&self) -> u64 {
        self.share(2)
    }

    /// Occurrences whose rows one task sums: 30 neighbours of 12 bytes each must stay a small part
    /// of the limit for each of the tasks of a wave.
    pub(crate) fn task_occurrences(&self) -> u64 {
        (self.share(1) / (1 << 12)).clamp(1 << 8, TASK_OCCURRENCES)
    }

    /// Tasks to run before their rows are put away.
    pub(crate) fn wave_tasks(&self, all: usize) -> usize {
        match self.bytes {
            None => all.max(1),
            Some(_) => 8 * rayon::current_num_threads(),
        }
    }
}

/// Zeroed memory for large arrays: its own mapping, in huge pages where the system has them, which
/// saves faults when it is first touched; freed, it is the system's again, which bounds the peak
/// (benches/RESULTS.md, "Huge pages").
#[derive(Debug)]
pub(crate) struct HugeBuffer<T> {
    map: MmapMut,
    length: usize,
    _elements: PhantomData<T>,
}

impl<T: Pod> HugeBuffer<T> {
    /// `length` zeros.
    ///
    /// # Errors
    /// [`Error::Memory`] if the system has not so much.
    pub fn zeroed(length: usize) -> Result<Self> {
        let bytes = length
            .checked_mul(size_of::<T>())
            .ok_or(Error::Memory { bytes: usize::MAX })?;
        if !system::admits(bytes as u64) {
            return Err(Error::Memory { bytes });
        }
        // An empty mapping is refused, hence at least one byte.
        let map = MmapMut::map_anon(bytes.max(1)).map_err(|_| Error::Memory { bytes })?;
        #[cfg(target_os = "linux")]
        // Advice only: without huge pages the memory is as good, but slower.
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self {
            map,
            length,
            _elements: PhantomData,
        })
    }
}

impl<T: Pod> Deref for HugeBuffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(&self.map[..self.length * size_of::<T>()])
    }
}

impl<T: Pod> DerefMut for HugeBuffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.map[..self.length * size_of::<T>()])
    }
}

impl<T: Pod + PartialEq> PartialEq for HugeBuffer<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

/// A file without a name: it vanishes with this value, and with the process, however that ends.
#[derive(Debug)]
pub(crate) struct TemporaryFile {
    folder: PathBuf,
    file: File,
    // Bytes written; locked while more are.
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

    /// Append `bytes`; says where they are.
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
        let length = self.lock(); // the file has one position: reading moves it
        let mut file = &self.file;
        let result = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(bytes))
            .and_then(|()| file.seek(SeekFrom::Start(*length)));
        result.map(|_| ()).map_err(|e| Error::io(&self.folder, e))
    }

    /// What was read at `offset` is not what was written there.
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
