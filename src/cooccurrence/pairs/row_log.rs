//! The rows of a table whose keys have been numbered, in memory or in a temporary file.

use super::worker::PairRow;
use crate::error::Result;
use crate::memory::{MemoryLimit, TemporaryFile, fallible};
use std::ops::Range;

/// Rows whose keys one worker has numbered.
pub(super) struct Numbered {
    pub(super) worker: usize,
    pub(super) rows: PairRows,
}

pub(super) enum PairRows {
    Memory(Vec<PairRow>),
    Spilled(Range<u64>),
}

/// The rows of the table that have been numbered so far, in the order of the table.
pub(super) struct Log<'a> {
    pub(super) numbered: Vec<Numbered>,
    in_memory: u64,
    pub(super) file: Option<TemporaryFile>,
    memory: &'a MemoryLimit,
}

impl<'a> Log<'a> {
    pub(super) fn new(memory: &'a MemoryLimit) -> Self {
        Self {
            numbered: Vec::new(),
            in_memory: 0,
            file: None,
            memory,
        }
    }

    pub(super) fn push(&mut self, more: Vec<Numbered>) -> Result<()> {
        for mut numbered in more {
            let PairRows::Memory(rows) = &numbered.rows else {
                continue;
            };
            let bytes = size_of_val(&rows[..]) as u64;
            // The rows may take the fraction of the limit that encoded text takes when a text is
            // counted.
            if self.in_memory + bytes > self.memory.text_bytes() {
                let file = match &self.file {
                    Some(file) => file,
                    None => self
                        .file
                        .insert(TemporaryFile::create(&self.memory.folder)?),
                };
                numbered.rows = PairRows::Spilled(file.append(bytemuck::cast_slice(rows))?);
            } else {
                self.in_memory += bytes;
            }
            fallible::push(&mut self.numbered, numbered)?;
        }
        Ok(())
    }
}
