//! A sample of a text, from which `estimate` infers the size of the counts. The sample consists of pieces from all
//! parts of the text: 4.5 % of it, but at least 4 MiB and at most about 32 MiB. A source that cannot be read from the
//! middle, such as a compressed file or a pipe, is read from its beginning: to its end or, if its size is known, about
//! 256 MiB of text. Then the sample consists of pieces of the text that was read: see `FRACTION` for its size.

use super::chunk_reader::ChunkReader;
use super::content::Content;
use super::options::TextOptions;
use super::text::is_splittable;
use super::unit::ContentBuilder;
use crate::error::{Error, Location, Result};
use crate::file_kind::UTF8_MARK;
use crate::file_kind::{self, BEGINNING_BYTES};
use crate::io::charset;
use crate::memory::fallible;
use crate::monitor::Monitor;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Smallest number of bytes of a sample. A shorter text is its own sample. A smaller sample would save little time and
/// make the estimate worse.
const LEAST_BYTES: u64 = 4 << 20;
/// The fraction of a text that is sampled, within the bounds `LEAST_BYTES` and `MOST_BYTES`. For a stream, the largest
/// size of the sample is this fraction of the text that was read, within the bounds 2 · `LEAST_BYTES` and `MOST_BYTES`.
/// The sample of a long stream has between about half of this size and all of it: see [`TextSample::of_stream`].
const FRACTION: f64 = 0.045;
/// Largest number of bytes of a sample.
const MOST_BYTES: u64 = 32 << 20;
/// Number of pieces of a sample. Many small pieces represent even a text that is sorted by subject.
const PIECES: u64 = 64;
/// Largest number of bytes of text to read from a source that cannot be read from the middle, such
/// as a compressed file. The size of the whole text is inferred from the size of the source. If
/// the size of the source is unknown, all of the source is read.
const MOST_READ: u64 = 256 << 20;

/// A sample of a text, in memory.
#[derive(Debug, Default)]
pub struct TextSample {
    /// The text of the sample, in the order of the source.
    pub chunks: Vec<Content>,
    /// The size of the whole text divided by the size of the sample; 1 if the sample is the whole text.
    pub scale: f64,
    /// Number of bytes of the source that were read, before decompression.
    pub read: u64,
    /// Number of bytes of the source.
    pub total: u64,
    /// Whether only the beginning of the source was read.
    pub is_beginning: bool,
}

impl TextSample {
    /// Take a sample from a source that is read from its beginning: about 256 MiB of text at most
    /// if the size of the source is known, otherwise all of it. Whenever the sample becomes too
    /// large, every other chunk of it is dropped.
    ///
    /// # Errors
    /// The errors of the reader; [`Error::Memory`]; [`Error::Cancelled`].
    pub fn of_stream(reader: &mut dyn ChunkReader, monitor: &Monitor) -> Result<Self> {
        let most_read = if reader.total_bytes().is_some_and(|total| total > 0) {
            MOST_READ
        } else {
            u64::MAX
        };
        let mut sample = Self::default();
        let (mut seen, mut kept) = (0, 0);
        // Take a chunk when `next` bytes have been seen, and then after every `step` bytes.
        let (mut next, mut step) = (0, 0);
        let mut at_end = false;
        while seen < most_read {
            let Some(content) = reader.next_chunk()? else {
                at_end = true;
                break;
            };
            monitor.check()?;
            if let Some(notice) = reader.take_notice() {
                monitor.warn(notice);
            }
            let start = seen;
            seen += content.len() as u64;
            if start < next {
                continue;
            }
            next = start + step;
            kept += content.len() as u64;
            fallible::push(&mut sample.chunks, content)?;
            let most = ((seen as f64 * FRACTION) as u64).clamp(2 * LEAST_BYTES, MOST_BYTES);
            if kept > most {
                let mut number = 0;
                sample.chunks.retain(|_| {
                    number += 1;
                    number % 2 == 1
                });
                kept = sample.chunks.iter().map(|chunk| chunk.len() as u64).sum();
                step = 2 * seen / number;
                next = start + step;
            }
        }
        sample.read = reader.bytes_read();
        sample.total = if at_end {
            sample.read
        } else {
            reader.total_bytes().unwrap_or(0).max(sample.read)
        };
        sample.is_beginning = sample.read < sample.total;
        let unread = sample.total as f64 / sample.read.max(1) as f64;
        sample.scale = (seen as f64 / kept.max(1) as f64 * unread.max(1.0)).max(1.0);
        Ok(sample)
    }

    /// Take all chunks of a reader that reads only pieces of the source, such as [`SampleReader`].
    ///
    /// # Errors
    /// As for [`TextSample::of_stream`].
    pub fn of_pieces(reader: &mut dyn ChunkReader, monitor: &Monitor) -> Result<Self> {
        let mut sample = Self::default();
        while let Some(content) = reader.next_chunk()? {
            monitor.check()?;
            if let Some(notice) = reader.take_notice() {
                monitor.warn(notice);
            }
            fallible::push(&mut sample.chunks, content)?;
        }
        sample.read = reader.bytes_read();
        sample.total = reader.total_bytes().unwrap_or(sample.read);
        sample.scale = (sample.total as f64 / sample.read.max(1) as f64).max(1.0);
        Ok(sample)
    }
}

/// Reads pieces of text files at equal distances. A piece begins and ends with a whole line or, where lines are
/// longer than a piece, with a whole word. The files count as one text.
pub struct SampleReader {
    files: Vec<(PathBuf, u64)>,
    total: u64,
    piece: u64,
    // The index of the next piece, from 0 to `PIECES`.
    next: u64,
    options: TextOptions,
    read: u64,
    // The first notice for the user about any of the files.
    notice: Option<String>,
}

impl SampleReader {
    /// Open these files. `None` if the text is too short to be sampled, or if a file must be read from its
    /// beginning: a compressed file, an archive or a file in an archive, UTF-16, a pipe, or a file that is missing
    /// or is not text. Then a [`FileReader`](super::FileReader) reads the files or reports what is wrong. The content
    /// of a file is examined only if a piece comes from it.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read.
    pub fn open(paths: &[PathBuf], options: TextOptions) -> Result<Option<Self>> {
        let mut files = Vec::new();
        for path in paths {
            match std::fs::metadata(path) {
                Ok(metadata) if metadata.is_file() => files.push((path.clone(), metadata.len())),
                _ => return Ok(None),
            }
        }
        let total = files.iter().map(|(_, size)| size).sum();
        let bytes = ((total as f64 * FRACTION) as u64).clamp(LEAST_BYTES, MOST_BYTES);
        if total <= bytes {
            return Ok(None);
        }
        let mut reader = Self {
            files,
            total,
            piece: bytes / PIECES,
            next: 0,
            options,
            read: 0,
            notice: None,
        };
        let mut checked = None;
        for number in 0..PIECES {
            for (file, ..) in reader.parts(number) {
                if checked.replace(file) == Some(file) {
                    continue;
                }
                let path = &reader.files[file].0;
                let beginning = beginning(path)?;
                if !is_plain(&beginning) {
                    return Ok(None);
                }
                if reader.notice.is_none() {
                    let notice = file_kind::notice(&beginning, beginning.len() < BEGINNING_BYTES);
                    reader.notice = notice.map(|notice| format!("{}: {notice}", path.display()));
                }
            }
        }
        Ok(Some(reader))
    }

    /// The parts of files that piece `number` consists of: for each part, the index of the file in `files`, and the
    /// offsets of the part's beginning and end in the file.
    fn parts(&self, number: u64) -> Vec<(usize, u64, u64)> {
        let start = self.total / PIECES * number;
        let end = start + self.piece;
        let mut parts = Vec::new();
        let mut offset = 0;
        for (file, (_, size)) in self.files.iter().enumerate() {
            let (from, to) = (start.max(offset), end.min(offset + size));
            if from < to {
                parts.push((file, from - offset, to - offset));
            }
            offset += size;
        }
        parts
    }

    fn read_part(&mut self, file: usize, start: u64, end: u64) -> Result<String> {
        let (path, size) = &self.files[file];
        let mut text = fallible::with_capacity((end - start) as usize)?;
        let mut opened = File::open(path).map_err(|e| Error::io(path, e))?;
        opened
            .seek(SeekFrom::Start(start))
            .and_then(|_| opened.take(end - start).read_to_end(&mut text))
            .map_err(|e| Error::io(path, e))?;
        let is_space = |b: &u8| b" \t\n".contains(b);
        let mut start = start;
        if start > 0 {
            let first = memchr::memchr(b'\n', &text).or_else(|| text.iter().position(is_space));
            let cut = first.map_or(text.len(), |at| at + 1);
            text.drain(..cut);
            start += cut as u64;
        } else if text.starts_with(UTF8_MARK) {
            text.drain(..UTF8_MARK.len());
            start = UTF8_MARK.len() as u64;
        }
        if end < *size {
            let last = memchr::memrchr(b'\n', &text).or_else(|| text.iter().rposition(is_space));
            text.truncate(last.map_or(0, |at| at + 1));
        }
        self.read += text.len() as u64;
        charset::utf8(text, self.options.errors)
            .map_err(|(at, what)| Error::format(path, Location::Byte(start + at), what))
    }
}

impl ChunkReader for SampleReader {
    fn next_chunk(&mut self) -> Result<Option<Content>> {
        if self.next >= PIECES {
            return Ok(None);
        }
        let parts = self.parts(self.next);
        self.next += 1;
        let mut builder = ContentBuilder::new(self.options.documents);
        for (file, start, end) in parts {
            builder.push(&self.read_part(file, start, end)?)?;
            // The next part or piece comes from another file or another position: no window crosses its beginning.
            builder.end();
        }
        Ok(Some(builder.take()))
    }

    fn take_notice(&mut self) -> Option<String> {
        self.notice.take()
    }

    fn total_bytes(&self) -> Option<u64> {
        Some(self.total)
    }

    fn bytes_read(&self) -> u64 {
        self.read
    }

    fn name(&self) -> PathBuf {
        match &self.files[..] {
            [(path, _)] => path.clone(),
            files => format!("{} files", files.len()).into(),
        }
    }
}

fn beginning(path: &Path) -> Result<Vec<u8>> {
    let mut beginning = Vec::new();
    File::open(path)
        .and_then(|file| {
            file.take(BEGINNING_BYTES as u64)
                .read_to_end(&mut beginning)
        })
        .map_err(|e| Error::io(path, e))?;
    Ok(beginning)
}

/// Whether a file with this beginning is text that can be read from the middle.
fn is_plain(beginning: &[u8]) -> bool {
    is_splittable(beginning)
        && file_kind::refusal_as_text(beginning, beginning.len() < BEGINNING_BYTES).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::FileReader;

    fn files(folder: &Path, sizes: &[usize]) -> Vec<PathBuf> {
        let write = |(number, &size): (usize, &usize)| {
            let path = folder.join(number.to_string());
            let line = format!("{number} words in a line\n");
            std::fs::write(&path, line.repeat(size / line.len())).unwrap();
            path
        };
        sizes.iter().enumerate().map(write).collect()
    }

    #[test]
    fn pieces_come_from_all_files_and_are_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let paths = files(folder.path(), &[9 << 20, 100, 7 << 20]);
        let options = TextOptions::default();
        let mut reader = SampleReader::open(&paths, options).unwrap().unwrap();
        let sample = TextSample::of_pieces(&mut reader, &Monitor::new()).unwrap();
        assert!(sample.read <= LEAST_BYTES && sample.read > LEAST_BYTES / 10 * 9);
        assert!(!sample.is_beginning);
        let mut lines = std::collections::BTreeMap::new();
        for chunk in &sample.chunks {
            for (line, ended) in chunk.document_texts().filter(|(line, _)| !line.is_empty()) {
                assert!(ended && line.ends_with(" words in a line"), "{line}");
                *lines.entry(line[..1].to_owned()).or_insert(0) += 1;
            }
        }
        let ratio = f64::from(lines["0"]) / f64::from(lines["2"]);
        assert!((ratio / (9.0 / 7.0) - 1.0).abs() < 0.1, "{ratio}");
    }

    #[test]
    fn a_small_text_and_a_packed_one_are_read_from_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let paths = files(folder.path(), &[1 << 20]);
        let options = TextOptions::default();
        assert!(SampleReader::open(&paths, options).unwrap().is_none());
        let mut reader = FileReader::new(paths, options).unwrap();
        let sample = TextSample::of_stream(&mut reader, &Monitor::new()).unwrap();
        assert_eq!(sample.read, sample.total);
        assert!((sample.scale - 1.0).abs() < 1e-9);
        let compressed = folder.path().join("compressed");
        let mut bytes = b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
        bytes.resize(6 << 20, 0);
        std::fs::write(&compressed, bytes).unwrap();
        assert!(
            SampleReader::open(&[compressed], options)
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn the_sample_of_a_stream_is_bounded_and_comes_from_all_of_it() {
        struct NumberedLines(usize);
        impl ChunkReader for NumberedLines {
            fn next_chunk(&mut self) -> Result<Option<Content>> {
                self.0 += 1;
                let line = format!("{}\n", self.0).repeat(100_000);
                Ok((self.0 <= 300).then_some(Content::Lines(line)))
            }
            fn bytes_read(&self) -> u64 {
                0
            }
            fn name(&self) -> PathBuf {
                "<numbers>".into()
            }
        }
        let sample = TextSample::of_stream(&mut NumberedLines(0), &Monitor::new()).unwrap();
        let kept: usize = sample.chunks.iter().map(Content::len).sum();
        assert!(kept as u64 <= 2 * LEAST_BYTES + (1 << 20));
        let whole: f64 = (1..=300u32).map(|n| 1e5 * f64::from(n.ilog10() + 2)).sum();
        assert!((sample.scale * kept as f64 / whole - 1.0).abs() < 1e-9);
        let halves = sample.chunks.len() / 2;
        let middle = String::from_utf8_lossy(sample.chunks[halves].text());
        let middle: usize = middle.lines().next().unwrap().parse().unwrap();
        assert!((100..200).contains(&middle), "{middle}");
    }
}
