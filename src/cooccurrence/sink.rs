//! Where counted rows go: memory, or, beyond a limit, a file.

use super::matrix::{RowBlock, Store, Sums, Triangle};
use super::spill::{Run, encode};
use crate::error::Result;
use crate::memory::MemoryLimit;
use rayon::prelude::*;

/// Takes blocks of rows in order; holds them in memory as long as the limit allows.
pub(crate) struct RowSink<'a> {
    memory: &'a MemoryLimit,
    held: Vec<RowBlock>,
    held_bytes: u64,
    run: Option<Run>,
    sums: Sums,
    // Occurrences or rows: how much of the whole was read, for saying what the whole would need.
    fraction: f64,
}

impl<'a> RowSink<'a> {
    pub fn new(memory: &'a MemoryLimit) -> Self {
        Self {
            memory,
            held: Vec::new(),
            held_bytes: 0,
            run: None,
            sums: Sums::default(),
            fraction: 1.0,
        }
    }

    /// A sink that writes to a file from the beginning.
    pub fn on_disk(memory: &'a MemoryLimit) -> Result<Self> {
        Ok(Self {
            run: Some(Run::create(&memory.folder)?),
            ..Self::new(memory)
        })
    }

    /// What part of the text these rows and all before them come from.
    pub fn expect(&mut self, fraction: f64) {
        self.fraction = fraction;
    }

    /// Take the next blocks.
    pub fn push(&mut self, blocks: Vec<RowBlock>) -> Result<()> {
        self.sums = blocks
            .par_iter()
            .map(|block| Sums::default().plus(block))
            .collect::<Vec<_>>()
            .into_iter()
            .fold(self.sums, Sums::with);
        let bytes: u64 = blocks.iter().map(RowBlock::bytes).sum();
        if self.run.is_none() && self.held_bytes + bytes <= self.memory.row_bytes() {
            self.held_bytes += bytes;
            self.held.extend(blocks);
            return Ok(());
        }
        if self.run.is_none() {
            self.run = Some(Run::create(&self.memory.folder)?);
        }
        let held = std::mem::take(&mut self.held);
        let together = 8 * rayon::current_num_threads();
        for blocks in held.chunks(together).chain(blocks.chunks(together)) {
            let encoded: Result<Vec<Vec<u8>>> = blocks.par_iter().map(encode).collect();
            for (block, bytes) in blocks.iter().zip(encoded?) {
                self.write(block, &bytes)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, block: &RowBlock, bytes: &[u8]) -> Result<()> {
        let run = self.run.as_mut().expect("made above");
        let written = run.bytes() + bytes.len() as u64;
        run.push(block.rows(), block.len() as u64, bytes)
            // Later rows are rarer and longer; this is the order of magnitude.
            .map_err(|e| e.with_space_needed(written as f64 / self.fraction.max(1e-3)))
    }

    /// Of blocks with both directions: in memory one of them goes if they are equal everywhere.
    pub fn finish_either(self, words: usize) -> Triangle {
        match self.run {
            None => Triangle::in_memory(words, self.held),
            Some(_) => self.finish(words, false),
        }
    }

    pub fn finish(self, words: usize, symmetric: bool) -> Triangle {
        let store = match self.run {
            Some(run) => Store::Disk(run),
            None => Store::of(self.held),
        };
        Triangle::new(words, symmetric, store, self.sums)
    }
}
