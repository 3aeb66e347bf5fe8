//! Reads this package's files of counts, checkpoints and subword models from front to back.

use crate::error::{Error, Location, Result};
use crate::io::Input;
use crate::monitor::Monitor;

/// A file that is being read, and the position in it.
pub(super) struct BinaryReader {
    pub input: Input,
    /// Offset of the next byte in the file.
    pub offset: u64,
}

impl BinaryReader {
    pub fn new(input: Input, monitor: &Monitor) -> Self {
        input.begin(monitor);
        Self { input, offset: 0 }
    }

    /// The error for a malformed file.
    pub fn error(&self, offset: u64, message: impl Into<String>) -> Error {
        Error::format(self.input.path(), Location::Byte(offset), message)
    }

    /// Read the next `length` bytes.
    ///
    /// # Errors
    /// [`Error::Format`] if fewer than `length` bytes are left; [`Error::Io`]; [`Error::Memory`];
    /// [`Error::Cancelled`].
    pub fn bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        let size = self.input.content_size();
        let cut_off = self.error(size.unwrap_or(self.offset), "the file is cut off");
        // Compare the length with the size of the file first: a damaged length must not reserve memory.
        if size.is_some_and(|size| length > size.saturating_sub(self.offset)) {
            return Err(cut_off);
        }
        let mut bytes = Vec::new();
        self.input.exactly(length, &mut bytes, || cut_off)?;
        self.offset += length;
        Ok(bytes)
    }

    /// Refuse a file that has bytes after the end of its content. In the message, `content` is the name of the
    /// content.
    ///
    /// # Errors
    /// [`Error::Format`]; [`Error::Io`]; [`Error::Memory`]; [`Error::Cancelled`].
    pub fn expect_end(&mut self, content: &str) -> Result<()> {
        if self.input.peek(1)?.is_empty() {
            return Ok(());
        }
        let message = format!("the file is too long: it goes on after the end of the {content}");
        Err(self.error(self.offset, message))
    }
}
