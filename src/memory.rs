//! The memory limit, large buffers, and temporary files for data beyond the limit.

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

/// How much memory counting may use, and the folder for data beyond that.
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

/// Bytes per token of a segment being counted: its rank, and its position in the index.
const TOKEN_BYTES: u64 = 8;
/// Number of occurrences whose rows one task sums: small enough to balance the load, large enough that the cost
/// of a task does not matter.
pub(crate) const TASK_OCCURRENCES: u64 = 1 << 16;

impl MemoryLimit {
    /// A limit of `bytes`, with temporary files in `folder` or else in the system's folder for them. `None` takes
    /// the limit that the system sets (`ulimit -v`, a container), if there is one.
    pub fn new(bytes: Option<u64>, folder: Option<PathBuf>) -> Self {
        Self {
            bytes: bytes.or_else(system::default_limit),
            folder: folder.unwrap_or_else(std::env::temp_dir),
        }
    }

    /// A fraction of the limit, in eighths: two for encoded text, three for the segment being counted, two for
    /// rows; the last for vocabularies and buffers.
    fn fraction(&self, eighths: u64) -> u64 {
        self.bytes.map_or(u64::MAX, |bytes| bytes / 8 * eighths)
    }

    /// Most bytes of encoded text in memory; text beyond that goes to a temporary file.
    pub fn text_bytes(&self) -> u64 {
        self.fraction(2)
    }

    /// Most bytes of training records in memory; records beyond that go to a temporary file.
    pub(crate) fn record_bytes(&self) -> u64 {
        self.fraction(3)
    }

    /// Tokens of a segment. Positions in a segment are 32-bit numbers.
    pub(crate) fn segment_tokens(&self) -> usize {
        (self.fraction(3) / TOKEN_BYTES).clamp(1 << 10, 1 << 31) as usize
    }

    /// Most bytes of rows in memory; rows beyond that go to a temporary file.
    pub(crate) fn row_bytes(&self) -> u64 {
        self.fraction(2)
    }

    /// Number of occurrences whose rows one task sums. The 30 neighbours of each, of 12 bytes, must stay a small
    /// fraction of the limit for all tasks of a wave together.
    pub(crate) fn task_occurrences(&self) -> u64 {
        (self.fraction(1) / (1 << 12)).clamp(1 << 8, TASK_OCCURRENCES)
    }

    /// Number of tasks to run before their rows are written.
    pub(crate) fn wave_tasks(&self, all: usize) -> usize {
        match self.bytes {
            None => all.max(1),
            Some(_) => 8 * rayon::current_num_threads(),
        }
    }
}

/// Zeroed memory for large arrays, in a mapping of its own. Huge pages, where the system has them, save page
/// faults at first touch. Freed memory returns to the system at once, which bounds the peak
/// (benches/EXPERIMENTS.md, "Huge pages").
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
    /// [`Error::Memory`] if the system refuses the memory.
    pub fn zeroed(length: usize) -> Result<Self> {
        let bytes = length
            .checked_mul(size_of::<T>())
            .ok_or(Error::Memory { bytes: usize::MAX })?;
        if !system::admits(bytes as u64) {
            return Err(Error::Memory { bytes });
        }
        // At least one byte: the system refuses an empty mapping.
        let map = MmapMut::map_anon(bytes.max(1)).map_err(|_| Error::Memory { bytes })?;
        #[cfg(target_os = "linux")]
        // Advice only: without huge pages the memory works too, but slower.
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

/// A file without a name. The system deletes it with this value, or when the process ends for any reason.
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
        let length = self.lock(); // the file has one position: reading moves it
        let mut file = &self.file;
        let result = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(bytes))
            .and_then(|()| file.seek(SeekFrom::Start(*length)));
        result.map(|_| ()).map_err(|e| Error::io(&self.folder, e))
    }

    /// The error for bytes at `offset` that differ from those written there.
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
