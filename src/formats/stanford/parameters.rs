//! Reads and writes parameters of Stanford's `glove`, or their accumulators, which have the same shape: first V rows of
//! W, then V rows of W̃. A row is a word's vector and its bias, as little-endian f64. (`formats/vectors/stanford.rs`
//! reads the vectors alone.)

use crate::error::{Error, Location, Result};
use crate::file_kind::Wanted;
use crate::io::Input;
use crate::io::{at, write_atomically};
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::training::Exported;
use std::fs;
use std::io::Write;
use std::path::Path;

/// Write parameters, or accumulators. Vectors have `dim` components.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for an empty name and for a name with the ending of a format that glove-rs
/// does not write; [`Error::Cancelled`].
pub fn save_parameters(
    from: &Exported,
    dim: usize,
    path: impl AsRef<Path>,
    monitor: &Monitor,
) -> Result<()> {
    let path = path.as_ref();
    write_atomically(path, monitor, |out| {
        let mut row = Vec::with_capacity(8 * (dim + 1));
        for (vectors, biases) in [(&from.w, &from.b), (&from.w_tilde, &from.b_tilde)] {
            for (vector, bias) in vectors.chunks_exact(dim).zip(biases) {
                row.clear();
                for &x in vector.iter().chain([bias]) {
                    row.extend_from_slice(&f64::from(x).to_le_bytes());
                }
                at(path, out.write_all(&row))?;
                monitor.check()?;
            }
        }
        Ok(())
    })
}

/// Read parameters, or accumulators, of a vocabulary of `words` words. Returns the number of components, and
/// the parameters in single precision.
///
/// # Errors
/// [`Error::Io`], also for a pipe; [`Error::Parameter`] for an archive of several files;
/// [`Error::Format`] for a file of another kind, for a size that does not fit the vocabulary, or with
/// the byte offset of a number that is not finite in single precision; [`Error::Memory`];
/// [`Error::Cancelled`].
pub fn load_parameters(
    path: impl AsRef<Path>,
    words: usize,
    monitor: &Monitor,
) -> Result<(usize, Exported)> {
    let path = path.as_ref();
    let shape = Shape::of(path, words, monitor)?;
    let mut input = Input::open(path, monitor)?;
    input.begin(monitor);
    let mut to = Exported::default();
    let mut bytes = Vec::new();
    let mut row = 0;
    for (vectors, biases) in [(&mut to.w, &mut to.b), (&mut to.w_tilde, &mut to.b_tilde)] {
        *vectors = fallible::with_capacity(words * shape.dim + 1)?;
        *biases = fallible::with_capacity(words)?;
        for _ in 0..words {
            shape.read_row(&mut input, path, &mut bytes)?;
            let start = vectors.len();
            for number in bytes.as_chunks().0 {
                vectors.push(f64::from_le_bytes(*number) as f32);
            }
            if let Some(index) = vectors[start..].iter().position(|x| !x.is_finite()) {
                let offset = row * shape.row_bytes + 8 * index as u64;
                let message = "this number is not finite in single precision";
                return Err(Error::format(path, Location::Byte(offset), message));
            }
            biases.extend(vectors.pop());
            row += 1;
            input.report(monitor)?;
        }
    }
    Ok((shape.dim, to))
}

/// The number of numbers in a file of parameters, and the first `shown` of them. The vocabulary need not be known.
///
/// # Errors
/// As for [`load_parameters`], but any size and any numbers are accepted.
pub fn summarize_parameters(
    path: impl AsRef<Path>,
    shown: usize,
    monitor: &Monitor,
) -> Result<(u64, Vec<f64>)> {
    let path = path.as_ref();
    let size = content_size(path, monitor)?;
    let mut input = Input::open(path, monitor)?;
    let bytes = input.peek(8 * shown)?;
    let first = bytes.as_chunks().0.iter().copied();
    Ok((size / 8, first.map(f64::from_le_bytes).collect()))
}

/// How a file is divided into rows of numbers.
pub(in crate::formats) struct Shape {
    size: u64,
    pub dim: usize,
    pub row_bytes: u64,
}

impl Shape {
    pub fn of(path: &Path, words: usize, monitor: &Monitor) -> Result<Self> {
        let size = content_size(path, monitor)?;
        let row_bytes = size / (2 * words as u64).max(1) / 8 * 8;
        if row_bytes * 2 * words as u64 != size || row_bytes < 16 {
            return Err(Error::format(
                path,
                Location::Byte(size),
                format!(
                    "{size} bytes are not 2 rows of 8-byte numbers for each of the vocabulary's \
                     {words} words"
                ),
            ));
        }
        let dim = row_bytes as usize / 8 - 1;
        Ok(Self {
            size,
            dim,
            row_bytes,
        })
    }

    pub fn read_row(&self, input: &mut Input, path: &Path, bytes: &mut Vec<u8>) -> Result<()> {
        input.exactly(self.row_bytes, bytes, || {
            Error::format(path, Location::Byte(self.size), "the file is cut off")
        })
    }
}

/// Number of bytes of the decompressed content of a file. A pipe is refused, because the caller opens the file again.
fn content_size(path: &Path, monitor: &Monitor) -> Result<u64> {
    let metadata = at(path, fs::metadata(path))?;
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(Error::io(path, std::io::ErrorKind::NotSeekable.into()));
    }
    let mut input = Input::open(path, monitor)?;
    input.check_kind(Wanted::Parameters)?;
    match input.content_size() {
        Some(size) => Ok(size),
        None => input.skip(u64::MAX),
    }
}
