//! What a file holds, plain or unpacked, from front to back.

use super::atomic::at;
use super::stanford;
use crate::error::{Error, Location, Result};
use crate::monitor::{Monitor, Stage};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Reads a file, of which the first bytes tell whether it is packed: gzip, of any number of
/// members, Zstandard, of any number of frames, or plain.
pub(super) struct Input {
    path: PathBuf,
    reader: Box<dyn Read + Send>,
    packing: Option<&'static str>,
    // Looked at but not yet handed out.
    ahead: Vec<u8>,
    // Bytes of the file, as it is on disk; 0 for a pipe.
    size: u64,
    read: Arc<AtomicU64>,
    reported: u64,
}

impl Input {
    /// Open `path`.
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = stanford::open(path)?;
        let metadata = at(path, file.metadata())?;
        let mut magic = Vec::new();
        at(path, (&mut file).take(4).read_to_end(&mut magic))?;
        let packing = if magic.starts_with(GZIP) {
            Some("gzip")
        } else if magic.starts_with(ZSTD) {
            Some("Zstandard")
        } else {
            None
        };
        let read = Arc::new(AtomicU64::new(magic.len() as u64));
        let file = Counted {
            file,
            read: read.clone(),
        };
        let file = io::Cursor::new(magic).chain(file);
        let reader: Box<dyn Read + Send> = match packing {
            None => Box::new(file),
            Some("gzip") => Box::new(flate2::bufread::MultiGzDecoder::new(buffered(file))),
            Some(_) => {
                let mut decoder = at(path, zstd::Decoder::with_buffer(buffered(file)))?;
                // Files made with `zstd --long` are refused without it.
                at(path, decoder.window_log_max(31))?;
                Box::new(decoder)
            }
        };
        Ok(Self {
            path: path.to_owned(),
            reader,
            packing,
            ahead: Vec::new(),
            size: if metadata.is_file() {
                metadata.len()
            } else {
                0
            },
            read,
            reported: 0,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes the file holds, where that is known without unpacking it.
    pub fn content_size(&self) -> Option<u64> {
        (self.size > 0 && self.packing.is_none()).then_some(self.size)
    }

    /// A guess at that number, generous for packed files; 0 for a pipe.
    pub fn content_bound(&self) -> u64 {
        // Text of vectors packs to a third or half.
        if self.packing.is_some() {
            self.size.saturating_mul(16)
        } else {
            self.size
        }
    }

    /// Look at the next `most` bytes, at fewer if the file ends before.
    pub fn peek(&mut self, most: usize) -> Result<&[u8]> {
        if self.ahead.len() < most {
            let mut ahead = std::mem::take(&mut self.ahead);
            let more = most - ahead.len();
            self.read_onto(&mut ahead, more)?;
            self.ahead = ahead;
        }
        Ok(&self.ahead[..most.min(self.ahead.len())])
    }

    /// Read about `most` more bytes onto `block`; whether that was the end.
    pub fn fill(&mut self, block: &mut Vec<u8>, most: usize) -> Result<bool> {
        block.append(&mut self.ahead);
        let read = self.read_onto(block, most)?;
        Ok(read < most)
    }

    /// Leave out the next bytes, if there are so many; how many there were.
    pub fn skip(&mut self, bytes: u64) -> Result<u64> {
        let ahead = (self.ahead.len() as u64).min(bytes);
        self.ahead.drain(..ahead as usize);
        let rest = (&mut self.reader).take(bytes - ahead);
        let skipped = io::copy(&mut buffered(rest), &mut io::sink());
        Ok(ahead + skipped.map_err(|e| self.fault(e))?)
    }

    /// Read exactly the next bytes, or say with `fault` that the file ends before.
    pub fn exactly(
        &mut self,
        bytes: u64,
        into: &mut Vec<u8>,
        fault: impl FnOnce() -> Error,
    ) -> Result<()> {
        into.clear();
        let ahead = (self.ahead.len() as u64).min(bytes);
        into.extend(self.ahead.drain(..ahead as usize));
        let more = (bytes - ahead) as usize;
        if self.read_onto(into, more)? < more {
            return Err(fault());
        }
        Ok(())
    }

    /// Begin to tell `monitor` how much of the file is read.
    pub fn begin(&self, monitor: &Monitor) {
        monitor.begin(Stage::Loading, self.size);
    }

    /// Tell `monitor` how much of the file has been read, and stop if it says so.
    pub fn report(&mut self, monitor: &Monitor) -> Result<()> {
        let read = self.read.load(Relaxed);
        let news = read - self.reported;
        self.reported = read;
        monitor.advance(news)
    }

    fn read_onto(&mut self, block: &mut Vec<u8>, most: usize) -> Result<usize> {
        (&mut self.reader)
            .take(most as u64)
            .read_to_end(block)
            .map_err(|e| self.fault(e))
    }

    /// What the system reports is its fault; what the decoder reports is the file's.
    fn fault(&self, error: io::Error) -> Error {
        match self.packing {
            Some(packing) if error.raw_os_error().is_none() => Error::format(
                &self.path,
                Location::Byte(self.read.load(Relaxed)),
                format!("the {packing} data are damaged or cut off ({error})"),
            ),
            _ => Error::io(&self.path, error),
        }
    }
}

fn buffered<R: Read>(reader: R) -> BufReader<R> {
    BufReader::with_capacity(1 << 18, reader)
}

/// Counts what is read of the file itself.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstandard(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    fn content(file: &[u8]) -> Result<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, file).unwrap();
        let mut input = Input::open(&path)?;
        input.peek(3)?;
        let mut all = Vec::new();
        while !input.fill(&mut all, 1000)? {}
        Ok(all)
    }

    #[test]
    fn every_packing_unpacks_to_the_same() {
        let text = b"some words and numbers 1 2 3\n".repeat(1000);
        for file in [text.clone(), gzip(&text), zstandard(&text)] {
            assert_eq!(content(&file).unwrap(), text);
        }
        for empty in [vec![], gzip(b""), zstandard(b"")] {
            assert_eq!(content(&empty).unwrap(), b"");
        }
    }

    #[test]
    fn members_and_frames_follow_each_other() {
        let [a, b] = [b"first ".repeat(1000), b"second ".repeat(1000)];
        let both = [&a[..], &b].concat();
        assert_eq!(content(&[gzip(&a), gzip(&b)].concat()).unwrap(), both);
        let frames = [zstandard(&a), zstandard(&b)].concat();
        assert_eq!(content(&frames).unwrap(), both);
    }

    #[test]
    fn cut_off_packing_is_a_malformed_file() {
        let text = b"some words".repeat(1000);
        for file in [gzip(&text), zstandard(&text)] {
            let error = content(&file[..file.len() - 5]).unwrap_err();
            assert!(matches!(error, Error::Format { .. }), "{error}");
        }
    }
}
