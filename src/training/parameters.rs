//! W, W̃, b, b̃ and their AdaGrad accumulators, laid out for the kernel.

use super::line::{LINE, Line};
use crate::error::{Error, Result};
use crate::memory::{HugeBuffer, fallible};
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// The largest accepted `dim`; below it no size overflows.
pub const MAX_DIM: usize = 1 << 20;

/// Lines in one half of a row: `dim` components and two floats for the biases.
pub(super) fn lines_per_half(dim: usize) -> usize {
    (dim + 2).div_ceil(LINE)
}

/// Number of rows whose random numbers come from one generator.
const ROWS_PER_SEED: usize = 1 << 10;
/// Lines copied by one task.
const COPY_LINES: usize = 1 << 16;

/// One side's rows: W with b, or W̃ with b̃.
///
/// A row is `[w, 0…, p, q]`, followed by the accumulators G in the same layout. The last two floats make
/// the biases components of the dot product: `(p, q)` is `(b, 1)` in a row of words and `(1, b̃)` in a row
/// of contexts. So w·w̃ + b + b̃ is one dot product, and one update rule serves all. The constant 1 has a
/// learning rate of 0.
#[derive(Debug, PartialEq)]
struct Side {
    lines: HugeBuffer<Line>,
    dim: usize,
    // Index of the bias in the last line.
    bias: usize,
}

impl Side {
    /// Rows of zeros and accumulators of ones: of W or, if `contexts`, of W̃.
    fn new(words: usize, dim: usize, contexts: bool) -> Result<Self> {
        let bias = LINE - 2 + usize::from(contexts);
        let half = lines_per_half(dim);
        let mut row = vec![Line([0.0; LINE]); half];
        row[half - 1].0[LINE - 2..].fill(1.0);
        row.resize(2 * half, Line([1.0; LINE]));
        let mut lines = Self::allocate(words, dim)?;
        lines
            .par_chunks_exact_mut(row.len())
            .for_each(|to: &mut [Line]| to.copy_from_slice(&row));
        Ok(Self { lines, dim, bias })
    }

    fn allocate(words: usize, dim: usize) -> Result<HugeBuffer<Line>> {
        let lines = words.checked_mul(2 * lines_per_half(dim));
        HugeBuffer::zeroed(lines.unwrap_or(usize::MAX))
    }

    /// Parameter lines and accumulator lines of every row.
    fn halves(&self) -> impl IndexedParallelIterator<Item = (&[Line], &[Line])> {
        let half = lines_per_half(self.dim);
        self.lines
            .par_chunks_exact(2 * half)
            .map(move |row| row.split_at(half))
    }

    fn par_halves_mut(
        &mut self,
    ) -> impl IndexedParallelIterator<Item = (&mut [Line], &mut [Line])> {
        let half = lines_per_half(self.dim);
        self.lines
            .par_chunks_exact_mut(2 * half)
            .map(move |row| row.split_at_mut(half))
    }

    /// Copy vectors and biases out, of the parameters or of the accumulators.
    fn export(&self, accumulators: bool) -> Result<(Vec<f32>, Vec<f32>)> {
        let half = lines_per_half(self.dim);
        let words = self.lines.len() / (2 * half);
        let mut vectors: Vec<f32> = fallible::zeroed(words * self.dim)?;
        let mut biases: Vec<f32> = fallible::zeroed(words)?;
        (
            vectors.par_chunks_exact_mut(self.dim),
            biases.par_iter_mut(),
            self.halves(),
        )
            .into_par_iter()
            .for_each(|(vector, bias, (values, sums))| {
                let from = if accumulators { sums } else { values };
                for (to, line) in vector.chunks_mut(LINE).zip(from) {
                    to.copy_from_slice(&line.0[..to.len()]);
                }
                *bias = from[half - 1].0[self.bias];
            });
        Ok((vectors, biases))
    }

    fn import(&mut self, accumulators: bool, vectors: &[f32], biases: &[f32]) {
        let (dim, bias_lane) = (self.dim, self.bias);
        (
            self.par_halves_mut(),
            vectors.par_chunks_exact(dim),
            biases.par_iter(),
        )
            .into_par_iter()
            .for_each(|((values, sums), vector, &bias)| {
                let to = if accumulators { sums } else { values };
                for (line, from) in to.iter_mut().zip(vector.chunks(LINE)) {
                    line.0[..from.len()].copy_from_slice(from);
                }
                if let Some(last) = to.last_mut() {
                    last.0[bias_lane] = bias;
                }
            });
    }
}

/// Vectors and biases of V words as plain arrays, as users see them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exported {
    /// W, row-major (V, dim).
    pub w: Vec<f32>,
    /// W̃, row-major (V, dim).
    pub w_tilde: Vec<f32>,
    /// b, (V,).
    pub b: Vec<f32>,
    /// b̃, (V,).
    pub b_tilde: Vec<f32>,
}

impl Exported {
    fn check(&self, words: usize, dim: usize) -> Result<()> {
        for (name, found, wanted) in [
            ("W", self.w.len(), words * dim),
            ("W_tilde", self.w_tilde.len(), words * dim),
            ("b", self.b.len(), words),
            ("b_tilde", self.b_tilde.len(), words),
        ] {
            if found != wanted {
                return Err(Error::parameter(
                    name,
                    format!("must have {wanted} numbers for {words} words of {dim}, got {found}"),
                ));
            }
        }
        Ok(())
    }
}

/// The rows of both sides, or of some words of each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub words: &'a [Line],
    pub contexts: &'a [Line],
    /// Lines per half row.
    pub half: usize,
    /// The word and the context word of the first rows.
    pub first: [usize; 2],
}

impl View<'_> {
    /// w·w̃ + b + b̃ of a word and a context word.
    #[inline]
    pub fn product(&self, word: usize, context: usize) -> f32 {
        let range = |row: usize| 2 * self.half * row..(2 * row + 1) * self.half;
        let w = &self.words[range(word - self.first[0])];
        let c = &self.contexts[range(context - self.first[1])];
        let mut sums = [0.0; LINE];
        for (w, c) in w.iter().zip(c) {
            for k in 0..LINE {
                sums[k] += w.0[k] * c.0[k];
            }
        }
        sums.iter().sum()
    }
}

/// The model's state while it trains.
#[derive(Debug, PartialEq)]
pub struct Parameters {
    words: usize,
    dim: usize,
    word_side: Side,
    context_side: Side,
}

impl Parameters {
    /// Vectors and biases uniform in (−½, ½)/dim, and every accumulator G at 1. The numbers depend on
    /// the seed only, not on the number of threads.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `dim` is out of range; [`Error::Memory`]; [`Error::Cancelled`].
    pub fn random(words: usize, dim: usize, seed: u64, monitor: &Monitor) -> Result<Self> {
        let all: Vec<WordId> = (0..words as WordId).collect();
        Self::random_of(&all, dim, seed, monitor)
    }

    /// The rows of [`Parameters::random`] for `words`, which are in ascending order.
    ///
    /// # Errors
    /// As for [`Parameters::random`].
    pub fn random_of(words: &[WordId], dim: usize, seed: u64, monitor: &Monitor) -> Result<Self> {
        let mut parameters = Self::zeros(words.len(), dim)?;
        let half = lines_per_half(dim);
        let seed_of = |word: WordId| word as usize / ROWS_PER_SEED;
        let chunks: Vec<_> = words.chunk_by(|&a, &b| seed_of(a) == seed_of(b)).collect();
        let sides = [&mut parameters.word_side, &mut parameters.context_side];
        for (number, side) in sides.into_iter().enumerate() {
            let bias = side.bias;
            let mut rest = &mut side.lines[..];
            let mut rows = Vec::with_capacity(chunks.len());
            for words in &chunks {
                let (first, more) = rest.split_at_mut(2 * half * words.len());
                rows.push(first);
                rest = more;
            }
            (&chunks, rows)
                .into_par_iter()
                .try_for_each(|(words, rows)| {
                    let k = seed_of(words[0]);
                    let stream = (2 * k + number) as u64;
                    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ stream.rotate_left(40));
                    let mut next = || (rng.random::<f32>() - 0.5) / dim as f32;
                    let mut word = k * ROWS_PER_SEED;
                    for (&wanted, row) in words.iter().zip(rows.chunks_exact_mut(2 * half)) {
                        (0..(wanted as usize - word) * (dim + 1)).for_each(|_| _ = next());
                        for k in 0..dim {
                            row[k / LINE].0[k % LINE] = next();
                        }
                        row[half - 1].0[bias] = next();
                        word = wanted as usize + 1;
                    }
                    monitor.check()
                })?;
        }
        Ok(parameters)
    }

    /// Parameters with these values and accumulators.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the array of the wrong size.
    pub fn from_exported(
        words: usize,
        dim: usize,
        values: &Exported,
        accumulators: &Exported,
    ) -> Result<Self> {
        values.check(words, dim)?;
        accumulators.check(words, dim)?;
        let mut parameters = Self::zeros(words, dim)?;
        for (is_sum, from) in [(false, values), (true, accumulators)] {
            parameters.word_side.import(is_sum, &from.w, &from.b);
            parameters
                .context_side
                .import(is_sum, &from.w_tilde, &from.b_tilde);
        }
        Ok(parameters)
    }

    /// Parameters of no words.
    pub(super) fn empty() -> Result<Self> {
        Self::zeros(0, 1)
    }

    /// Refuse parameters that the system has no memory for, before the work that comes first. Nothing is kept, and
    /// no page is touched.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn check_memory(words: usize, dim: usize) -> Result<()> {
        let _both = (Side::allocate(words, dim)?, Side::allocate(words, dim)?);
        Ok(())
    }

    /// Refuse a `dim` out of range.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn check_dim(dim: usize) -> Result<()> {
        if (1..=MAX_DIM).contains(&dim) {
            return Ok(());
        }
        Err(Error::parameter(
            "dim",
            format!("must be between 1 and {MAX_DIM}, got {dim}"),
        ))
    }

    fn zeros(words: usize, dim: usize) -> Result<Self> {
        Self::check_dim(dim)?;
        Ok(Self {
            words,
            dim,
            word_side: Side::new(words, dim, false)?,
            context_side: Side::new(words, dim, true)?,
        })
    }

    /// A copy.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub(super) fn try_clone(&self) -> Result<Self> {
        let mut copy = Self::zeros(self.words, self.dim)?;
        copy.copy_from(self);
        Ok(copy)
    }

    /// Copy the state of `other`, of the same size.
    pub(super) fn copy_from(&mut self, other: &Self) {
        let ours = [&mut self.word_side, &mut self.context_side];
        for (to, from) in ours
            .into_iter()
            .zip([&other.word_side, &other.context_side])
        {
            to.lines
                .par_chunks_mut(COPY_LINES)
                .zip(from.lines.par_chunks(COPY_LINES))
                .for_each(|(to, from)| to.copy_from_slice(from));
        }
    }

    /// Number of words.
    pub fn words(&self) -> usize {
        self.words
    }

    /// Components per vector.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Bytes of a row of `dim` components with its accumulators. The size of tiles depends on it.
    pub fn row_bytes(dim: usize) -> usize {
        2 * lines_per_half(dim.min(MAX_DIM)) * size_of::<Line>()
    }

    #[cfg(test)]
    pub(crate) fn values(&self) -> Exported {
        self.exported(false).unwrap()
    }

    #[cfg(test)]
    pub(crate) fn accumulators(&self) -> Exported {
        self.exported(true).unwrap()
    }

    /// W, W̃, b, b̃; or the accumulators G of the same.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn exported(&self, accumulators: bool) -> Result<Exported> {
        let (w, b) = self.side(false, accumulators)?;
        let (w_tilde, b_tilde) = self.side(true, accumulators)?;
        Ok(Exported {
            w,
            w_tilde,
            b,
            b_tilde,
        })
    }

    /// W and b, or if `contexts` W̃ and b̃; or the accumulators G of the same.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn side(&self, contexts: bool, accumulators: bool) -> Result<(Vec<f32>, Vec<f32>)> {
        let side = if contexts {
            &self.context_side
        } else {
            &self.word_side
        };
        side.export(accumulators)
    }

    /// The rows of both sides, for reading.
    pub(super) fn view(&self) -> View<'_> {
        View {
            words: &self.word_side.lines,
            contexts: &self.context_side.lines,
            half: lines_per_half(self.dim),
            first: [0, 0],
        }
    }

    /// All rows of W and b or, if `contexts`, of W̃ and b̃, each with its accumulators: rows of
    /// [`Parameters::row_bytes`].
    pub fn rows_of(&self, contexts: bool) -> &[f32] {
        let side = if contexts {
            &self.context_side
        } else {
            &self.word_side
        };
        bytemuck::cast_slice(&side.lines)
    }

    /// The vectors and biases of rows that [`Parameters::rows_of`] returned, and their accumulators.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn unpack(rows: &[f32], dim: usize, contexts: bool) -> Result<[(Vec<f32>, Vec<f32>); 2]> {
        let mut side = Side::new(size_of_val(rows) / Self::row_bytes(dim), dim, contexts)?;
        bytemuck::cast_slice_mut(&mut side.lines).copy_from_slice(rows);
        Ok([side.export(false)?, side.export(true)?])
    }

    /// Rows of both sides, word by word: parameters and accumulators of each.
    pub(super) fn words_mut(
        &mut self,
    ) -> impl IndexedParallelIterator<Item = [(&mut [Line], &mut [Line]); 2]> {
        self.word_side
            .par_halves_mut()
            .zip(self.context_side.par_halves_mut())
            .map(|(word, context)| [word, context])
    }

    /// Whether every parameter is a finite number.
    pub fn all_finite(&self) -> bool {
        self.all(|(values, _)| values.iter().all(|l| l.0.iter().all(|x| x.is_finite())))
    }

    /// Whether training can start here: finite parameters, and positive, finite accumulators.
    pub(crate) fn can_train(&self) -> bool {
        let usable = |l: &Line| l.0.iter().all(|&g| g > 0.0 && g < f32::INFINITY);
        self.all_finite() && self.all(|(_, sums)| sums.iter().all(usable))
    }

    fn all(&self, holds: impl Fn((&[Line], &[Line])) -> bool + Sync) -> bool {
        [&self.word_side, &self.context_side]
            .iter()
            .all(|side| side.halves().all(&holds))
    }

    /// The rows of both sides for the kernel.
    pub(super) fn rows(&mut self) -> super::kernel::SharedRows<'_> {
        super::kernel::SharedRows::new(
            &mut self.word_side.lines,
            &mut self.context_side.lines,
            lines_per_half(self.dim),
        )
    }
}
