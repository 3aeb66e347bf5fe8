//! Divides a file of vectors into blocks of whole records, and finds the range of each record. A record is a word with
//! its vector.

use super::record_layout::RecordLayout;
use super::selection::Selection;
use crate::error::{Error, Result};
use crate::io::Input;
use crate::memory::fallible;
use crate::monitor::Monitor;
use std::ops::Range;
use std::path::PathBuf;

/// Number of bytes read at a time: few enough to stay in the cache of a core while they are parsed.
/// Tests read blocks that are shorter than some lines.
const READ_BYTES: usize = if cfg!(test) { 64 } else { 1 << 18 };
/// Largest number of records in a block.
const MOST_RECORDS: usize = 1 << 16;

/// Consecutive records of a file.
#[derive(Default)]
pub(super) struct Block {
    /// The path of the file, for messages.
    pub path: PathBuf,
    /// The ranges of the records. With a selection, only the ranges of records whose words may be in
    /// the selection.
    pub spans: Vec<Range<usize>>,
    /// Number of all records of the block, including those without a range in `spans`.
    pub records: usize,
    // The first `length` bytes are the bytes of the block. After them there is unused room for longer blocks.
    buffer: Vec<u8>,
    length: usize,
}

impl Block {
    /// The bytes in which the records lie.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

/// A block that a thread parses, and the rows of the matrix for it.
pub(super) struct Taken<'a, R, E> {
    /// The number of the block in the file, from 0.
    pub number: usize,
    /// A row for each span of the block.
    pub rows: &'a mut [E],
    /// How to parse the records, or the error at which reading ended.
    pub records: Result<R>,
}

/// Reads one block after the other.
pub(super) struct Blocks<'a, R> {
    input: &'a mut Input,
    records: R,
    only: Option<&'a Selection>,
    monitor: &'a Monitor,
    /// Number of records that may still be read.
    left: usize,
    /// The number of the next block.
    next: usize,
    /// The bytes that were read beyond the last complete record.
    rest: Vec<u8>,
    /// Number of bytes to read in addition to `rest`.
    more: usize,
    at_end: bool,
    is_closed: bool,
    /// A block that was read when there were not enough rows for it.
    waiting: Option<Block>,
}

impl<'a, R: RecordLayout> Blocks<'a, R> {
    /// Read at most `most` records from `input`.
    pub fn new(
        input: &'a mut Input,
        records: R,
        only: Option<&'a Selection>,
        most: usize,
        monitor: &'a Monitor,
    ) -> Self {
        Self {
            input,
            records,
            only,
            monitor,
            left: most,
            next: 0,
            rest: Vec::new(),
            more: READ_BYTES,
            at_end: false,
            is_closed: false,
            waiting: None,
        }
    }

    /// Read the next records into `block`, and take rows for them from the beginning of `free`.
    /// Returns `None` if there are no more records, or if `free` has too few rows. In the second
    /// case, [`Blocks::rows_needed`] returns how many rows the block needs. If reading fails, the
    /// result has the error and no rows.
    #[expect(
        clippy::mut_mut,
        reason = "`free` is replaced by the rows that are left"
    )]
    pub fn take<'r, E>(
        &mut self,
        block: &mut Block,
        free: &mut &'r mut [E],
        dim: usize,
    ) -> Option<Taken<'r, R, E>> {
        if let Some(waiting) = self.waiting.take() {
            *block = waiting;
        } else if self.is_closed {
            return None;
        } else if let Err(error) = self.read(block) {
            self.is_closed = true;
            return Some(Taken {
                number: self.number(),
                rows: &mut [],
                records: Err(error),
            });
        }
        if block.records == 0 {
            return None;
        }
        let Some((rows, others)) =
            std::mem::take(free).split_at_mut_checked(block.spans.len() * dim)
        else {
            // `free` is empty from here on, so all threads stop.
            self.waiting = Some(std::mem::take(block));
            return None;
        };
        *free = others;
        Some(Taken {
            number: self.number(),
            rows,
            records: Ok(self.records.clone()),
        })
    }

    fn number(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    /// Read until `block` has at least one record or there are no more records to read.
    fn read(&mut self, block: &mut Block) -> Result<()> {
        block.spans.clear();
        block.records = 0;
        self.input.path().clone_into(&mut block.path);
        while block.records == 0 && !self.is_closed {
            let kept = self.rest.len();
            block.length = kept + self.more;
            if block.length > block.buffer.len() {
                let grown = block.length;
                fallible::resize(&mut block.buffer, grown, 0)?;
            }
            block.buffer[..kept].copy_from_slice(&self.rest);
            if !self.at_end && self.more > 0 {
                let read = self.input.read(&mut block.buffer[kept..block.length])?;
                self.at_end = read < self.more;
                block.length = kept + read;
            } else {
                block.length = kept;
            }
            self.frame(block)?;
            self.input.report(self.monitor)?;
        }
        Ok(())
    }

    /// Find the records of a block, and keep the bytes after them for the next block.
    fn frame(&mut self, block: &mut Block) -> Result<()> {
        let together = MOST_RECORDS.min(self.left);
        let bytes = &block.buffer[..block.length];
        let framed = self
            .records
            .frame(bytes, self.at_end, together, &mut block.spans);
        let end = framed.map_err(|fault| {
            let location = self.records.location(bytes, fault.offset);
            Error::format(self.input.path(), location, fault.message)
        })?;
        block.records = block.spans.len();
        self.left -= block.records;
        if let Some(only) = self.only {
            let records = &self.records;
            block
                .spans
                .retain(|span| records.may_have(&bytes[span.clone()], only));
        }
        self.is_closed = self.at_end && end == bytes.len() || self.left == 0;
        self.rest.clear();
        fallible::reserve(&mut self.rest, bytes.len() - end)?;
        self.rest.extend_from_slice(&bytes[end..]);
        // A record that is longer than the block is scanned again from its start. The block doubles
        // each time, so that there are few scans. If the block has more records than `MOST_RECORDS`,
        // some of them are in `rest`, and fewer bytes are read next.
        self.more = if block.records == 0 {
            self.rest.len().max(READ_BYTES)
        } else {
            READ_BYTES.saturating_sub(self.rest.len())
        };
        Ok(())
    }

    /// Give out no more blocks.
    pub fn close(&mut self) {
        self.is_closed = true;
        self.waiting = None;
    }

    /// The number of rows that the block in `waiting` needs, if there is one.
    pub fn rows_needed(&self) -> Option<usize> {
        self.waiting.as_ref().map(|block| block.spans.len())
    }

    /// The bytes that were read beyond the last complete record.
    pub fn into_rest(self) -> Vec<u8> {
        self.rest
    }
}
