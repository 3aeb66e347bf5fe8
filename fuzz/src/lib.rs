//! What the fuzz targets share: files in memory, and checks of everything that is read.

use glove_rs::cooccurrence::Triangle;
use glove_rs::formats::{Format, LoadOptions, LoadedVectors, load, native, write};
use glove_rs::tokenize::{TokenHandler, Tokenizer};
use glove_rs::{Error, Monitor, Result, Vocabulary};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Run `work` in a temporary folder, in memory if the system has a file system in memory.
pub fn in_folder<R>(work: impl FnOnce(&Path) -> R) -> R {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    let folder = folder.expect("a temporary folder");
    work(folder.path())
}

/// Write a file with `data` in `folder`, and return its path.
pub fn written(folder: &Path, name: &str, data: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, data).expect("a file in the temporary folder");
    path
}

/// What was read, or `None` for a malformed file ([`Error::Format`]) and a text without words ([`Error::Corpus`]).
/// Any other error is a fault of glove-rs: panic.
pub fn accepted<T>(result: Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Error::Format { .. } | Error::Corpus(_)) => None,
        Err(error) => panic!("a file must not lead to {error:?}"),
    }
}

/// Read vectors, check them, and check that they are the same after being saved and read in the
/// native format, as text with a header and without, and in word2vec's binary format.
pub fn check_vectors(data: &[u8], format: Option<Format>) {
    in_folder(|folder| {
        let path = written(folder, "vectors", data);
        let Some(loaded) = accepted(read(&path, format, None)) else {
            return;
        };
        let LoadedVectors {
            words, matrix, dim, ..
        } = &loaded;
        assert_eq!(
            Some(matrix.len()),
            words.len().checked_mul(*dim),
            "V × dim numbers"
        );
        let different: HashSet<&[u8]> = words.iter().collect();
        assert_eq!(different.len(), words.len(), "words are different");
        assert!(words.iter().all(|word| std::str::from_utf8(word).is_ok()));

        if words.len() > 1 && loaded.repeated.is_empty() {
            let first = read(&path, format, Some(1)).expect("the same file with a limit");
            assert_eq!(first.words.get(0), words.get(0));
            assert!(alike(&first.matrix, &matrix[..*dim]));
        }
        let list: Vec<&[u8]> = words.iter().collect();
        let again = folder.join("again");
        native::save(&again, &list, matrix, *dim, &Monitor::new()).expect("any words can be saved");
        check_same(
            &loaded,
            &read(&again, None, None).expect("a saved file can be read"),
        );
        for (layout, format) in [
            (write::Layout::Text, None),
            (write::Layout::Headless, None),
            (write::Layout::Binary, Some(Format::Word2VecBinary)),
        ] {
            // `save` refuses words that a format cannot hold. Then there is nothing to compare.
            if write::save(&again, &list, matrix, *dim, layout, &Monitor::new()).is_ok() {
                let again = read(&again, format, None).expect("a saved file can be read");
                check_same(&loaded, &again);
            }
        }
    });
}

fn read(path: &Path, format: Option<Format>, limit: Option<usize>) -> Result<LoadedVectors<f32>> {
    let options = LoadOptions {
        format,
        limit,
        ..Default::default()
    };
    load(path, options, &Monitor::new())
}

fn check_same(a: &LoadedVectors<f32>, b: &LoadedVectors<f32>) {
    assert_eq!(a.words, b.words);
    assert_eq!(a.dim, b.dim);
    assert!(alike(&a.matrix, &b.matrix), "the same numbers");
}

/// Whether all numbers are the same. All NaNs count as equal.
pub fn alike(a: &[f32], b: &[f32]) -> bool {
    let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// Check what training relies on: counts above 0, and rows of ascending columns below `words`, the number of words.
pub fn check_counts(counts: &Triangle, words: usize) {
    assert_eq!(counts.words, words);
    let (starts, columns, values) = counts.to_csr(&Monitor::new()).expect("rows of counts in memory");
    assert_eq!(starts.len(), words + 1);
    assert_eq!(starts[words] as u64, counts.nnz());
    assert_eq!(columns.len(), values.len());
    assert!(values.iter().all(|x| x.is_finite() && *x > 0.0), "counts");
    assert!(counts.total().is_finite(), "the sum of the counts");
    for ends in starts.windows(2) {
        let row = &columns[ends[0] as usize..ends[1] as usize];
        assert!(row.is_sorted_by(|a, b| a < b), "columns ascend");
        assert!(row.iter().all(|&c| (c as usize) < words), "columns exist");
    }
}

/// The words `a` to `e`, with falling counts.
pub fn five_words() -> Vocabulary {
    let words = [("a", 9), ("b", 7), ("c", 5), ("d", 3), ("e", 1)];
    Vocabulary::new(words).expect("different words")
}

/// The documents that a tokenizer finds, each with its words.
#[derive(Debug, Default, PartialEq, Eq, Clone)]
pub struct DocumentCollector(pub Vec<Vec<Vec<u8>>>);

impl TokenHandler for DocumentCollector {
    fn word(&mut self, word: &[u8]) {
        if self.0.is_empty() {
            self.0.push(Vec::new());
        }
        self.0.last_mut().expect("a document").push(word.to_vec());
    }
    fn end_of_document(&mut self) {
        if self.0.is_empty() {
            self.0.push(Vec::new());
        }
        self.0.push(Vec::new());
    }
}

/// Check the words of a text: each is a piece of the text without white space, in the order of the text; and if the
/// text is cut after a space or a newline, both parts together have the same words.
pub fn check_tokenizer(tokenizer: Tokenizer, data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut whole = DocumentCollector::default();
    tokenizer.lines(text, &mut whole);
    // The white space tokenizer removes carriage returns from words.
    let searched = text.replace('\r', "");
    let mut from = 0;
    for word in whole.0.iter().flatten() {
        let word = std::str::from_utf8(word).expect("a word of a text in UTF-8 is UTF-8");
        let stands_for_space = |c: char| match tokenizer {
            Tokenizer::Whitespace => " \t\n\r".contains(c),
            // By UAX #29 the narrow no-break space joins letters and numbers.
            _ => c.is_whitespace() && c != '\u{202f}',
        };
        assert!(
            !word.is_empty() && !word.contains(stands_for_space),
            "{word:?}"
        );
        let found = searched[from..].find(word);
        from += found.unwrap_or_else(|| panic!("{word:?} is not in the text")) + word.len();
    }
    let cuts = text.match_indices([' ', '\n']).map(|(at, _)| at + 1);
    let cuts: Vec<usize> = cuts.collect();
    // Try only a few cuts: each takes as long as the whole text.
    for cut in cuts.iter().step_by(1 + cuts.len() / 4) {
        let mut parts = DocumentCollector::default();
        tokenizer.lines(&text[..*cut], &mut parts);
        tokenizer.lines(&text[*cut..], &mut parts);
        assert_eq!(parts, whole, "cut at {cut}");
    }
}

/// Correct the checksums of mutated files, so that the code behind the checks is fuzzed, too.
pub mod repair {
    fn u64_at(data: &[u8], at: usize) -> usize {
        u64::from_le_bytes(*data[at..].first_chunk().expect("8 bytes")) as usize
    }

    fn put(data: &mut [u8], at: usize, sum: u32) {
        data[at..at + 4].copy_from_slice(&sum.to_le_bytes());
    }

    /// `length` bytes from `start` on, or fewer at the end of the data.
    fn part(data: &[u8], start: usize, length: usize) -> &[u8] {
        let end = start.saturating_add(length).min(data.len());
        &data[start.min(end)..end]
    }

    /// Correct the checksums of native vectors: CRC-32 of the words and of the header.
    pub fn vectors(mut data: Vec<u8>) -> Vec<u8> {
        if data.len() < 64 {
            return data;
        }
        let length = u64_at(&data, 16)
            .saturating_mul(8)
            .saturating_add(u64_at(&data, 32));
        let sum = crc32fast::hash(part(&data, 64, length));
        put(&mut data, 48, sum);
        let sum = crc32fast::hash(&data[..60]);
        put(&mut data, 60, sum);
        data
    }

    /// Correct the checksums of a file of counts: CRC-32 of the words, of the header and of each
    /// block.
    pub fn counts(mut data: Vec<u8>) -> Vec<u8> {
        if data.len() < 64 {
            return data;
        }
        let length = u64_at(&data, 32).saturating_add(u64_at(&data, 48));
        let sum = crc32fast::hash(part(&data, 64, length));
        put(&mut data, 56, sum);
        let sum = crc32fast::hash(&data[..60]);
        put(&mut data, 60, sum);
        let mut at = length.saturating_add(64);
        while data.len() >= 12 && at <= data.len() - 12 {
            let length = u64_at(&data, at);
            let sum = crc32fast::hash(part(&data, at + 12, length));
            put(&mut data, at + 8, sum);
            at = length.saturating_add(at + 12);
        }
        data
    }

    /// Correct the checksums of a checkpoint: CRC-32 of the header, and of all bytes before the
    /// last four.
    pub fn checkpoint(mut data: Vec<u8>) -> Vec<u8> {
        if data.len() < 96 {
            return data;
        }
        let sum = crc32fast::hash(&data[..88]);
        put(&mut data, 88, sum);
        let end = data.len() - 4;
        let sum = crc32fast::hash(&data[..end]);
        put(&mut data, end, sum);
        data
    }
}
