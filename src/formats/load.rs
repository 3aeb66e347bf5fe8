//! Any file of vectors, whatever its format and packing.

use super::binary::BinaryRecords;
use super::component::Component;
use super::detect::{Body, Format, Plan, detect};
use super::input::Input;
use super::records::{self, Vectors};
use super::stanford;
use super::text::{Lines, numbers_at_end};
use super::{native, words::WordList};
use crate::error::{Error, Location, Result};
use crate::monitor::Monitor;
use crate::vocabulary::Vocabulary;
use std::path::Path;

/// Vectors of a file with their words, all different.
#[derive(Debug)]
pub struct Loaded<E> {
    /// The words.
    pub words: WordList,
    /// Their vectors: V × dim, row-major.
    pub matrix: Vec<E>,
    /// Number of components of a vector.
    pub dim: usize,
    /// Words that had come before: their later vectors were left out.
    pub repeated: WordList,
    /// Words of a text that end in a number after a space: of such a line it cannot be told whether
    /// it has a number too many.
    pub doubtful: WordList,
}

/// What to read of a file.
#[derive(Debug, Default, Clone, Copy)]
pub struct LoadOptions<'a> {
    /// The format; found out if not given.
    pub format: Option<Format>,
    /// Read only the first so many vectors.
    pub limit: Option<usize>,
    /// The words of a Stanford `.bin`, which must be read with them and no other format may.
    pub vocabulary: Option<&'a Vocabulary>,
}

/// Read vectors, parsed on all threads of the current rayon pool.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] with the line of a text or the byte of a binary file;
/// [`Error::Parameter`] for a vocabulary where there must be none or the reverse;
/// [`Error::Cancelled`].
pub fn load<E: Component>(
    path: impl AsRef<Path>,
    options: LoadOptions<'_>,
    monitor: &Monitor,
) -> Result<Loaded<E>> {
    let most = options.limit.unwrap_or(usize::MAX);
    if let Some(vocabulary) = options.vocabulary {
        if !matches!(options.format, None | Some(Format::Stanford)) {
            let message = "is for Stanford's .bin only: the other formats hold their words";
            return Err(Error::parameter("vocabulary", message));
        }
        return stanford::load_vectors(path.as_ref(), vocabulary, most, monitor);
    }
    if options.format == Some(Format::Stanford) {
        let message = "must be given with format \"stanford\": the file holds no words";
        return Err(Error::parameter("vocabulary", message));
    }
    let mut input = Input::open(path.as_ref())?;
    input.begin(monitor);
    match detect(&mut input, options.format)? {
        Plan::Text(body) => {
            let vectors = read_text(&mut input, &body, most, monitor)?;
            let doubtful = |word: &&[u8]| numbers_at_end(word) > 0;
            let doubtful = vectors.words.iter().filter(doubtful).collect();
            Ok(finish(vectors, body.dim, doubtful))
        }
        Plan::Binary(body) => {
            let vectors = read_binary(&mut input, &body, most, monitor)?;
            Ok(finish(vectors, body.dim, WordList::default()))
        }
        Plan::Native => {
            let (words, matrix, dim) = native::read(&mut input, most, monitor)?;
            Ok(Loaded {
                words,
                matrix,
                dim,
                repeated: WordList::default(),
                doubtful: WordList::default(),
            })
        }
    }
}

fn read_text<E: Component>(
    input: &mut Input,
    body: &Body,
    most: usize,
    monitor: &Monitor,
) -> Result<Vectors<E>> {
    // The shortest line: an empty word, and a space and a digit for each number.
    let possible = input.content_bound() / (2 * body.dim as u64 + 1);
    let expected = body.promised.unwrap_or_else(|| {
        let size = input.content_size().unwrap_or(0) as f64;
        // Words get longer the rarer they are.
        let guess = size / body.line_bytes.max(1.0) * 1.05;
        (guess as u64).saturating_add(16)
    });
    let expected = expected.min(possible) as usize;
    let lines = Lines::after(u64::from(body.promised.is_some()));
    input.skip(body.start as u64)?;
    let vectors = records::read(input, lines, body.dim, expected, most, monitor)?;
    // There may be more than the header says: Stanford's tool does not count `<unk>`.
    let read = vectors.words.len() as u64;
    if let Some(promised) = body.promised.filter(|n| read < *n && read < most as u64) {
        return Err(Error::format(
            input.path(),
            Location::Line(1),
            format!("the header says {promised} words, but there are {read}: is the file cut off?"),
        ));
    }
    Ok(vectors)
}

fn read_binary<E: Component>(
    input: &mut Input,
    body: &Body,
    most: usize,
    monitor: &Monitor,
) -> Result<Vectors<E>> {
    let promised = body.promised.unwrap_or(0);
    let possible = input.content_bound() / (4 * body.dim as u64 + 1);
    let expected = promised.min(possible) as usize;
    let wanted = (promised as usize).min(most);
    let lines = BinaryRecords::after(body.start as u64, body.dim);
    input.skip(body.start as u64)?;
    let vectors = records::read(input, lines, body.dim, expected, wanted, monitor)?;
    if vectors.words.len() as u64 == promised {
        let mut rest = vectors.rest.clone();
        input.fill(&mut rest, 1)?;
        if rest.iter().any(|b| *b != b'\n') {
            return Err(Error::format(
                input.path(),
                Location::Line(1),
                format!("the header says {promised} words, but the file goes on after the last"),
            ));
        }
    }
    Ok(vectors)
}

/// Leave out the vectors of words that came before.
fn finish<E: Component>(vectors: Vectors<E>, dim: usize, doubtful: WordList) -> Loaded<E> {
    let Vectors {
        mut words,
        mut matrix,
        ..
    } = vectors;
    let again = words.repeats();
    let repeated: WordList = again.iter().map(|row| words.get(*row)).collect();
    if let Some(first) = again.first().copied() {
        let mut kept = WordList::default();
        let mut left_out = again.iter().copied().peekable();
        for row in 0..words.len() {
            if left_out.next_if_eq(&row).is_some() {
                continue;
            }
            if row > first {
                matrix.copy_within(row * dim..(row + 1) * dim, kept.len() * dim);
            }
            kept.push(words.get(row));
        }
        words = kept;
        matrix.truncate(words.len() * dim);
    }
    matrix.shrink_to_fit();
    Loaded {
        words,
        matrix,
        dim,
        repeated,
        doubtful,
    }
}
