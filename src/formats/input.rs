//! What a file holds, plain or unpacked, from front to back.

use super::stanford;
use crate::error::{Error, Result};
use crate::io::at;
use crate::monitor::{Monitor, Stage};
use crate::packing::Unpacked;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// Reads what a file holds, packed or plain.
pub(super) struct Input {
    path: PathBuf,
    reader: Unpacked,
    // Looked at but not yet handed out.
    ahead: Vec<u8>,
    // Bytes of the file, as it is on disk; 0 for a pipe.
    size: u64,
    reported: u64,
}

impl Input {
    /// Open `path`.
    pub fn open(path: &Path) -> Result<Self> {
        let file = stanford::open(path)?;
        let metadata = at(path, file.metadata())?;
        Ok(Self {
            path: path.to_owned(),
            reader: at(path, Unpacked::new(file))?,
            ahead: Vec::new(),
            size: if metadata.is_file() {
                metadata.len()
            } else {
                0
            },
            reported: 0,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes the file holds, where that is known without unpacking it.
    pub fn content_size(&self) -> Option<u64> {
        (self.size > 0 && self.reader.packing().is_none()).then_some(self.size)
    }

    /// A guess at that number, generous for packed files; 0 for a pipe.
    pub fn content_bound(&self) -> u64 {
        // Text of vectors packs to a third or half.
        if self.reader.packing().is_some() {
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
        let mut rest = BufReader::with_capacity(1 << 18, rest);
        let skipped = io::copy(&mut rest, &mut io::sink());
        Ok(ahead + skipped.map_err(|e| self.reader.fault(&self.path, e))?)
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
        let read = self.reader.bytes_read();
        let news = read - self.reported;
        self.reported = read;
        monitor.advance(news)
    }

    fn read_onto(&mut self, block: &mut Vec<u8>, most: usize) -> Result<usize> {
        (&mut self.reader)
            .take(most as u64)
            .read_to_end(block)
            .map_err(|e| self.reader.fault(&self.path, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packing::tests::{PACKERS, gzip};

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
        assert_eq!(content(&text).unwrap(), text);
        for pack in PACKERS {
            assert_eq!(content(&pack(&text)).unwrap(), text);
        }
        assert_eq!(content(b"").unwrap(), b"");
    }

    #[test]
    fn cut_off_packing_is_a_malformed_file() {
        let packed = gzip(&b"some words".repeat(1000));
        let error = content(&packed[..packed.len() - 5]).unwrap_err();
        assert!(matches!(error, Error::Format { .. }), "{error}");
    }
}
