//! Reads a file of vectors of any format, compressed or not.

use super::combine::Combine;
use super::detect::detect;
use super::format::Format;
use super::format_rules::{Body, Plan};
use super::loaded::{LoadedVectors, MAX_LINE_BYTES};
use super::rows::{self, Vectors};
use super::selection::Selection;
use super::stanford;
use super::text::TextRows;
use super::word2vec_binary::BinaryRows;
use super::{native, word_list::WordList};
use crate::error::{Error, Location, Result};
use crate::float16::{Element, are_finite};
use crate::io::Input;
use crate::io::charset::OnInvalid;
use crate::monitor::Monitor;
use crate::vocabulary::Vocabulary;
use rayon::prelude::*;
use std::path::Path;

/// What to read of a file.
#[derive(Debug, Clone, Copy)]
pub struct LoadOptions<'a> {
    /// The format; detected if not given.
    pub format: Option<Format>,
    /// Read at most this many vectors, the first of the file. `words` then selects from these.
    pub limit: Option<usize>,
    /// The words of a Stanford `.bin`: required for this format, an error for all other formats.
    pub vocabulary: Option<&'a Vocabulary>,
    /// Which of the two vectors of a word to read from a Stanford `.bin`, or how to combine them.
    /// The other formats hold one vector for each word.
    pub combine: Combine,
    /// Largest number of bytes of a line in a text file.
    pub max_line_bytes: usize,
    /// What to do with words that are not UTF-8.
    pub errors: OnInvalid,
    /// Read only the vectors of these words.
    pub words: Option<&'a Selection>,
}

impl Default for LoadOptions<'_> {
    fn default() -> Self {
        Self {
            format: None,
            limit: None,
            vocabulary: None,
            combine: Combine::default(),
            max_line_bytes: MAX_LINE_BYTES,
            errors: OnInvalid::default(),
            words: None,
        }
    }
}

/// Read vectors, parsed on all threads of the current rayon pool.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] with the line of a text or the byte of a binary file;
/// [`Error::Parameter`] for a vocabulary with a format whose files hold their words, for [`Format::Stanford`] without a
/// vocabulary, for a `combine` other than [`Combine::Sum`] if the format holds one vector of a word, and for an archive
/// of several files; [`Error::Memory`]; [`Error::Cancelled`].
pub fn load<E: Element>(
    path: impl AsRef<Path>,
    options: LoadOptions<'_>,
    monitor: &Monitor,
) -> Result<LoadedVectors<E>> {
    let path = path.as_ref();
    if let Some(vocabulary) = options.vocabulary {
        if !matches!(options.format, None | Some(Format::Stanford)) {
            let message = "is for Stanford's .bin only: the other formats hold their words";
            return Err(Error::parameter("vocabulary", message));
        }
        let (combine, most) = (options.combine, options.limit.unwrap_or(usize::MAX));
        let loaded = stanford::load(path, vocabulary, combine, most, monitor)?;
        return selected(loaded, options.words).and_then(checked);
    }
    load_from(Input::open(path, monitor)?, options, monitor)
}

/// Like [`load`], but for an open file whose position is its beginning.
///
/// # Errors
/// As for [`load`]; [`Error::Parameter`] also for any vocabulary: Stanford's parameters are read by
/// their path.
pub(crate) fn load_from<E: Element>(
    mut input: Input,
    options: LoadOptions<'_>,
    monitor: &Monitor,
) -> Result<LoadedVectors<E>> {
    let most = options.limit.unwrap_or(usize::MAX);
    if options.vocabulary.is_some() {
        let message = "must be None for an open file: Stanford's .bin is read by its path";
        return Err(Error::parameter("vocabulary", message));
    }
    if options.format == Some(Format::Stanford) {
        let message = "must be given with format \"stanford\": the file holds no words";
        return Err(Error::parameter("vocabulary", message));
    }
    if options.combine != Combine::default() {
        let message = "must be \"sum\", except for Stanford's .bin, which is read with vocabulary=: \
                       the other formats hold one vector of a word";
        return Err(Error::parameter("combine", message));
    }
    input.begin(monitor);
    let longest = options.max_line_bytes;
    let errors = options.errors;
    Ok(match detect(&mut input, options.format, longest, errors)? {
        Plan::Text(body) => {
            let lines = TextRows::after(body.lines, body.dim, longest, body.dialect, errors);
            let vectors = read_text(&mut input, &body, lines, most, options.words, monitor)?;
            let doubtful = |word: &&[u8]| body.dialect.numbers_at_end(word) > 0;
            let doubtful = WordList::of(vectors.words.iter().filter(doubtful))?;
            finish(vectors, body.dim, doubtful)?
        }
        Plan::Binary(body) => {
            let vectors = read_binary(&mut input, &body, errors, most, options.words, monitor)?;
            finish(vectors, body.dim, WordList::default())?
        }
        Plan::Native => {
            let (words, matrix, dim) = native::read(&mut input, most, monitor)?;
            let loaded = LoadedVectors {
                words,
                matrix,
                dim,
                repeated: WordList::default(),
                doubtful: WordList::default(),
                not_finite: WordList::default(),
            };
            selected(loaded, options.words).and_then(checked)?
        }
    })
}

/// Keep only the vectors of the words in `only`, if there is a selection.
fn selected<E: Element>(
    mut loaded: LoadedVectors<E>,
    only: Option<&Selection>,
) -> Result<LoadedVectors<E>> {
    let Some(only) = only else { return Ok(loaded) };
    let (dim, mut kept) = (loaded.dim, WordList::default());
    for row in 0..loaded.words.len() {
        if only.contains(loaded.words.get(row)) {
            loaded
                .matrix
                .copy_within(row * dim..(row + 1) * dim, kept.len() * dim);
            kept.push(loaded.words.get(row))?;
        }
    }
    loaded.matrix.truncate(kept.len() * dim);
    loaded.matrix.shrink_to_fit();
    loaded.words = kept;
    Ok(loaded)
}

/// Set `not_finite` to the words whose vectors hold NaN or infinity.
fn checked<E: Element>(mut loaded: LoadedVectors<E>) -> Result<LoadedVectors<E>> {
    let dim = loaded.dim.max(1);
    let rows = loaded.matrix.par_chunks(dim).enumerate();
    let lost: Vec<usize> = rows
        .filter(|(_, row)| !are_finite(row))
        .map(|(i, _)| i)
        .collect();
    loaded.not_finite = WordList::of(lost.into_iter().map(|i| loaded.words.get(i)))?;
    Ok(loaded)
}

fn read_text<E: Element>(
    input: &mut Input,
    body: &Body,
    lines: TextRows,
    most: usize,
    only: Option<&Selection>,
    monitor: &Monitor,
) -> Result<Vectors<E>> {
    let size = input.content_size().unwrap_or(0);
    // The shortest possible line has an empty word, a space and a digit for each number, and the newline.
    let possible = size / (2 * body.dim as u64 + 1);
    let expected = body.promised.unwrap_or_else(|| {
        // A guess from the first lines. It is a little too large, because memory that is not touched costs nothing.
        let guess = size as f64 / body.line_bytes.max(1.0) * 1.05;
        (guess as u64).saturating_add(16)
    });
    let expected = expected.min(possible) as usize;
    input.skip(body.start as u64)?;
    let vectors = rows::read(input, lines, body.dim, expected, most, only, monitor)?;
    // More words than the header says are no error, because Stanford's tool does not count `<unk>` in its header.
    let read = vectors.records as u64;
    let cut = |promised: &u64| read < *promised && read < most as u64 && vectors.rest.is_some();
    if let Some(promised) = body.promised.filter(cut) {
        return Err(Error::format(
            input.path(),
            Location::Line(1),
            format!("the header says {promised} words, but there are {read}: is the file cut off?"),
        ));
    }
    Ok(vectors)
}

fn read_binary<E: Element>(
    input: &mut Input,
    body: &Body,
    errors: OnInvalid,
    most: usize,
    only: Option<&Selection>,
    monitor: &Monitor,
) -> Result<Vectors<E>> {
    let promised = body.promised.unwrap_or(0);
    let possible = input.content_size().unwrap_or(0) / (4 * body.dim as u64 + 1);
    let expected = promised.min(possible) as usize;
    let wanted = (promised as usize).min(most);
    let lines = BinaryRows::after(body.start as u64, body.dim, errors);
    input.skip(body.start as u64)?;
    let mut vectors = rows::read(input, lines, body.dim, expected, wanted, only, monitor)?;
    if vectors.records as u64 == promised
        && let Some(mut rest) = vectors.rest.take()
    {
        input.fill(&mut rest, 1)?;
        if rest.iter().any(|b| *b != b'\n') {
            return Err(Error::format(
                input.path(),
                Location::Byte(0),
                format!(
                    "the header says {promised} words, but the file goes on after the last word"
                ),
            ));
        }
    }
    Ok(vectors)
}

/// Leave out each vector whose word has an earlier vector.
fn finish<E: Element>(
    vectors: Vectors<E>,
    dim: usize,
    doubtful: WordList,
) -> Result<LoadedVectors<E>> {
    let Vectors {
        mut words,
        mut matrix,
        repeats: again,
        not_finite,
        ..
    } = vectors;
    let kept = not_finite
        .iter()
        .filter(|row| again.binary_search(row).is_err());
    let not_finite = WordList::of(kept.map(|row| words.get(*row)))?;
    let repeated = WordList::of(again.iter().map(|row| words.get(*row)))?;
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
            kept.push(words.get(row))?;
        }
        words = kept;
        matrix.truncate(words.len() * dim);
    }
    matrix.shrink_to_fit();
    Ok(LoadedVectors {
        words,
        matrix,
        dim,
        repeated,
        doubtful,
        not_finite,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::vectors::write::{self, Layout};
    use crate::threads::in_pool;
    use half::f16;
    use proptest::prelude::*;

    fn read<E: Element>(content: &[u8], options: LoadOptions<'_>) -> Result<LoadedVectors<E>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        in_pool(2, || load(file.path(), options, &Monitor::new()))?
    }

    fn read_all(content: &[u8]) -> Result<LoadedVectors<f32>> {
        read(content, LoadOptions::default())
    }

    fn saved(words: &[String], vectors: &[f32], dim: usize, layout: Layout) -> Result<Vec<u8>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let save = || write::save(file.path(), words, vectors, dim, layout, &Monitor::new());
        in_pool(2, save)??;
        Ok(std::fs::read(file.path()).unwrap())
    }

    fn list(words: &[&str]) -> WordList {
        WordList::of(words).unwrap()
    }

    /// The line that the error names.
    fn faulty_line(content: &[u8]) -> u64 {
        match read_all(content).unwrap_err() {
            Error::Format {
                location: Location::Line(line),
                ..
            } => line,
            error => panic!("{error}"),
        }
    }

    #[test]
    fn a_later_vector_of_the_same_word_is_left_out() {
        let loaded = read_all(b"a 1 2\nb 3 4\na 5 6\nc 7 8\nb 9 9\nd 0 1\n").unwrap();
        assert_eq!(loaded.words, list(&["a", "b", "c", "d"]));
        assert_eq!(loaded.matrix, [1.0, 2.0, 3.0, 4.0, 7.0, 8.0, 0.0, 1.0]);
        assert_eq!(loaded.repeated, list(&["a", "b"]));
    }

    #[test]
    fn a_malformed_line_is_named_wherever_it_is() {
        let fine = "word 1 2 3\n".repeat(500);
        for before in [0, 1, 10, 499] {
            let bad = format!("{}oops 1 2\n{fine}", &fine[..11 * before]);
            assert_eq!(faulty_line(bad.as_bytes()), before as u64 + 1);
            let bad = format!("1000 3\r\n\n{bad}");
            assert_eq!(faulty_line(bad.as_bytes()), before as u64 + 3);
        }
        // If several lines are malformed, the error names the first. Lines beyond the limit are not read.
        let bad = format!("{fine}a 1\n{fine}b \n");
        assert_eq!(faulty_line(bad.as_bytes()), 501);
        let limited = LoadOptions {
            limit: Some(500),
            ..Default::default()
        };
        assert_eq!(read::<f32>(bad.as_bytes(), limited).unwrap().words.len(), 1);
    }

    #[test]
    fn blocks_of_a_file_of_unknown_size_come_in_order() {
        let words: Vec<_> = (0..2000).map(|i| format!("w{i}")).collect();
        let vectors: Vec<f32> = (0..4000).map(|i| i as f32 / 8.0).collect();
        let file = saved(&words, &vectors, 2, Layout::Headless).unwrap();
        let packed = crate::io::compression::tests::gzip(&file);
        let loaded = read_all(&packed).unwrap();
        assert_eq!(loaded.words, WordList::of(&words).unwrap());
        assert_eq!(loaded.matrix, vectors);
        // The word "w7 b" is not selected, but its first field is a selected word.
        let file = [&b"w7 b 9 9\n"[..], &file, b"w3 8 8\nbad\n"].concat();
        let selection = Selection::new(["w1999", "w7", "w3"]);
        let some = LoadOptions {
            words: Some(&selection),
            ..Default::default()
        };
        for file in [&crate::io::compression::tests::gzip(&file), &file] {
            let loaded = read::<f32>(file, some).unwrap();
            assert_eq!(loaded.words, list(&["w3", "w7", "w1999"]));
            assert_eq!(loaded.matrix, [0.75, 0.875, 1.75, 1.875, 499.75, 499.875]);
        }
    }

    #[test]
    fn vectors_that_are_not_finite_are_named_unless_they_are_left_out() {
        let loaded = read_all(b"a 1 nan\nb 3 4\na 5 inf\nb inf 1\nc -inf 8\n").unwrap();
        assert_eq!(loaded.not_finite, list(&["a", "c"]));
        assert_eq!(loaded.words, list(&["a", "b", "c"]));
    }

    #[test]
    fn invalid_utf8_is_a_malformed_line() {
        assert_eq!(faulty_line(b"a 1 2\nb\xff 1 2\nc 1 2\n"), 2);
    }

    #[test]
    fn a_header_may_promise_too_little_but_not_too_much() {
        assert_eq!(read_all(b"1 2\na 1 2\nb 3 4\n").unwrap().words.len(), 2);
        assert_eq!(faulty_line(b"3 2\na 1 2\nb 3 4\n"), 1);
        assert_eq!(faulty_line(b"99999999999999 2\na 1 2\nb 3 4\n"), 1);
        let limited = LoadOptions {
            limit: Some(2),
            ..Default::default()
        };
        let loaded = read::<f32>(b"3 2\na 1 2\nb 3 4\n", limited).unwrap();
        assert_eq!(loaded.words.len(), 2);
    }

    #[test]
    fn a_cut_binary_file_is_noticed() {
        let words: Vec<_> = (0..40).map(|i| format!("w{i}")).collect();
        let vectors: Vec<f32> = (0..120).map(|i| i as f32).collect();
        let file = saved(&words, &vectors, 3, Layout::Binary).unwrap();
        let binary = LoadOptions {
            format: Some(Format::Word2VecBinary),
            ..Default::default()
        };
        for end in 5..file.len() {
            let error = read::<f32>(&file[..end], binary).unwrap_err();
            let Error::Format {
                location: Location::Byte(byte),
                ..
            } = error
            else {
                panic!("{end}: {error}");
            };
            // The error names the first byte of the record that is cut off.
            assert!(
                byte as usize <= end && end - (byte as usize) < 3 + 1 + 12,
                "{end}: {byte}"
            );
        }
        let error = read::<f32>(&[&file[..], b"!"].concat(), binary).unwrap_err();
        assert!(error.to_string().contains("goes on"), "{error}");
        assert_eq!(
            read::<f32>(&[&file[..], b"\n"].concat(), binary)
                .unwrap()
                .matrix,
            vectors
        );
    }

    #[test]
    fn newlines_after_binary_vectors_belong_to_no_word() {
        let record = |word: &str, x: f32| [word.as_bytes(), b" ", &x.to_le_bytes(), b"\n"].concat();
        let file = [b"2 1\n".to_vec(), record("a", 0.1), record("b", -2.5)].concat();
        let loaded = read_all(&file).unwrap();
        assert_eq!(loaded.words, list(&["a", "b"]));
        assert_eq!(loaded.matrix, [0.1, -2.5]);
    }

    #[test]
    fn stanfords_parameters_are_summed() {
        let rows = [
            [1.0, 2.0, 9.0],
            [3.0, 4.0, 9.0],
            [0.5, 0.25, 9.0],
            [0.125, 1.0, 9.0_f64],
        ];
        let bytes: Vec<u8> = rows
            .iter()
            .flatten()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let vocabulary = Vocabulary::new([("a", 2), ("b", 1)]).unwrap();
        let mut options = LoadOptions {
            vocabulary: Some(&vocabulary),
            ..Default::default()
        };
        let loaded = read::<f32>(&bytes, options).unwrap();
        assert_eq!(loaded.words, list(&["a", "b"]));
        assert_eq!(loaded.matrix, [1.5, 2.25, 3.125, 5.0]);
        assert!(read::<f32>(&bytes[..bytes.len() - 8], options).is_err());
        options.limit = Some(1);
        assert_eq!(read::<f32>(&bytes, options).unwrap().matrix, [1.5, 2.25]);
        options.format = Some(Format::Glove);
        assert!(matches!(
            read::<f32>(&bytes, options),
            Err(Error::Parameter { .. })
        ));
        let missing = LoadOptions {
            format: Some(Format::Stanford),
            ..Default::default()
        };
        assert!(matches!(
            read::<f32>(&bytes, missing),
            Err(Error::Parameter { .. })
        ));
    }

    prop_compose! {
        fn vectors()(
            words in prop::collection::hash_set("[a-z0-9 \t\u{85}\u{a0}é.]{1,6}", 1..60),
            dim in 1_usize..6,
            seed: [f32; 11],
        ) -> (Vec<String>, Vec<f32>, usize) {
            let count = words.len() * dim;
            (words.into_iter().collect(), (0..count).map(|i| seed[i % 11]).collect(), dim)
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read((words, vectors, dim) in vectors(), binary: bool, bare: bool) {
            let layout = match (binary, bare) {
                (true, _) => Layout::Binary,
                (_, true) => Layout::Headless,
                _ => Layout::Text,
            };
            // Words that the format cannot hold are refused.
            let Ok(file) = saved(&words, &vectors, dim, layout) else {
                let text = words.join("\n");
                prop_assert!(text.contains([' ', '\t']));
                return Ok(());
            };
            let loaded = read_all(&file).unwrap();
            prop_assert_eq!(loaded.words, WordList::of(&words).unwrap());
            prop_assert_eq!(loaded.dim, dim);
            prop_assert_eq!(&loaded.matrix, &vectors);

            let half = read::<f16>(&file, LoadOptions::default()).unwrap();
            let rounded: Vec<_> = vectors.iter().map(|x| f16::from_f32(*x)).collect();
            prop_assert_eq!(half.matrix, rounded);

            let limit = words.len().div_ceil(2);
            let limited = LoadOptions { limit: Some(limit), ..Default::default() };
            let first = read::<f32>(&file, limited).unwrap();
            prop_assert_eq!(first.words, WordList::of(&words[..limit]).unwrap());
            prop_assert_eq!(&first.matrix, &vectors[..limit * dim]);
        }
    }
}
