//! The rows of one side of a model, for copying to and from plain arrays.

use crate::error::Result;
use crate::memory::{HugeBuffer, fallible};
use crate::training::line::{LINE, Line};
use crate::training::row_layout::RowLayout;
use rayon::prelude::*;

/// The rows of one side: W with b, or W̃ with b̃, and their accumulators.
#[derive(Debug, PartialEq)]
pub(super) struct Side {
    pub(super) lines: HugeBuffer<Line>,
    layout: RowLayout,
    pub(super) contexts: bool,
}

impl Side {
    /// Rows of W, or of W̃ if `contexts`. All vectors and biases are 0, and all accumulators are
    /// those before training.
    pub(super) fn new(words: usize, layout: RowLayout, contexts: bool) -> Result<Self> {
        let row = layout.zeros(contexts);
        let mut lines = Self::allocate(words, layout)?;
        lines
            .par_chunks_exact_mut(row.len())
            .for_each(|to: &mut [Line]| to.copy_from_slice(&row));
        Ok(Self {
            lines,
            layout,
            contexts,
        })
    }

    pub(super) fn allocate(words: usize, layout: RowLayout) -> Result<HugeBuffer<Line>> {
        let lines = words.checked_mul(layout.lines());
        HugeBuffer::zeroed(lines.unwrap_or(usize::MAX))
    }

    pub(super) fn rows(&self) -> impl IndexedParallelIterator<Item = &[Line]> {
        self.lines.par_chunks_exact(self.layout.lines())
    }

    pub(super) fn rows_mut(&mut self) -> impl IndexedParallelIterator<Item = &mut [Line]> {
        self.lines.par_chunks_exact_mut(self.layout.lines())
    }

    /// Copies of the vectors and of the biases of the first `rows` rows.
    pub(super) fn values(&self, rows: usize) -> Result<(Vec<f32>, Vec<f32>)> {
        let (dim, bias) = (self.layout.dim(), self.layout.bias(self.contexts));
        let (mut vectors, mut biases) = room(rows, dim)?;
        (
            vectors.par_chunks_exact_mut(dim),
            biases.par_iter_mut(),
            self.rows(),
        )
            .into_par_iter()
            .for_each(|(vector, to_bias, row)| {
                for (to, line) in vector.chunks_mut(LINE).zip(row) {
                    to.copy_from_slice(&line.0[..to.len()]);
                }
                *to_bias = row[bias.0].0[bias.1];
            });
        Ok((vectors, biases))
    }

    /// Copies of the accumulators of the vectors and of the biases of the first `rows` rows.
    pub(super) fn sums(&self, rows: usize) -> Result<(Vec<f32>, Vec<f32>)> {
        let layout = self.layout;
        let width = layout.accumulators_per_vector();
        let bias = layout.bias_accumulator(self.contexts);
        let (mut vectors, mut biases) = room(rows, width)?;
        (
            vectors.par_chunks_exact_mut(width),
            biases.par_iter_mut(),
            self.rows(),
        )
            .into_par_iter()
            .for_each(|(sums, to_bias, row)| {
                for (k, sum) in sums.iter_mut().enumerate() {
                    let (line, lane) = layout.accumulator(k);
                    *sum = row[line].0[lane];
                }
                *to_bias = row[bias.0].0[bias.1];
            });
        Ok((vectors, biases))
    }

    pub(super) fn set_values(&mut self, vectors: &[f32], biases: &[f32]) {
        let (dim, bias) = (self.layout.dim(), self.layout.bias(self.contexts));
        (
            self.rows_mut(),
            vectors.par_chunks_exact(dim),
            biases.par_iter(),
        )
            .into_par_iter()
            .for_each(|(row, vector, &from_bias)| {
                for (line, from) in row.iter_mut().zip(vector.chunks(LINE)) {
                    line.0[..from.len()].copy_from_slice(from);
                }
                row[bias.0].0[bias.1] = from_bias;
            });
    }

    /// Set the accumulators of the first rows: `width` for each vector (1 or its dim), and one for each bias.
    pub(super) fn set_sums(&mut self, vectors: &[f32], width: usize, biases: &[f32]) {
        let layout = self.layout;
        let bias = layout.bias_accumulator(self.contexts);
        (
            self.rows_mut(),
            vectors.par_chunks_exact(width),
            biases.par_iter(),
        )
            .into_par_iter()
            .for_each(|(row, sums, &from_bias)| {
                if width == layout.accumulators_per_vector() {
                    for (k, &sum) in sums.iter().enumerate() {
                        let (line, lane) = layout.accumulator(k);
                        row[line].0[lane] = sum;
                    }
                } else {
                    // The widths differ: one is 1, the other is the dim of the vector. Every new accumulator
                    // is the mean of the old accumulators of its vector.
                    let mean = sums.iter().map(|&x| f64::from(x)).sum::<f64>() / width as f64;
                    for k in 0..layout.accumulators_per_vector() {
                        let (line, lane) = layout.accumulator(k);
                        row[line].0[lane] = mean as f32;
                    }
                }
                row[bias.0].0[bias.1] = from_bias;
            });
    }
}

/// Two lists of zeros: `width` numbers for each row, and one number for each row.
fn room(rows: usize, width: usize) -> Result<(Vec<f32>, Vec<f32>)> {
    Ok((fallible::zeroed(rows * width)?, fallible::zeroed(rows)?))
}
