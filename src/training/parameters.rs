//! W, W̃, b, b̃ and their AdaGrad accumulators, laid out for the kernel.

use super::kernel::StepRule;
use super::line::{LINE, Line};
use super::optimizer::Optimizer;
use super::row_layout::{MAX_DIM, RowLayout};
use crate::error::{Error, Result};
use crate::memory::{HugeBuffer, fallible};
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// Number of consecutive words whose random numbers come from one generator.
const ROWS_PER_SEED: usize = 1 << 10;
/// Number of lines that one task copies.
const COPY_LINES: usize = 1 << 16;

/// The rows of one side: W with b, or W̃ with b̃, and their accumulators.
#[derive(Debug, PartialEq)]
struct Side {
    lines: HugeBuffer<Line>,
    layout: RowLayout,
    contexts: bool,
}

impl Side {
    /// Rows of W or, if `contexts`, of W̃, whose vectors and biases are 0 and whose accumulators are 1.
    fn new(words: usize, layout: RowLayout, contexts: bool) -> Result<Self> {
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

    fn allocate(words: usize, layout: RowLayout) -> Result<HugeBuffer<Line>> {
        let lines = words.checked_mul(layout.lines());
        HugeBuffer::zeroed(lines.unwrap_or(usize::MAX))
    }

    fn rows(&self) -> impl IndexedParallelIterator<Item = &[Line]> {
        self.lines.par_chunks_exact(self.layout.lines())
    }

    fn rows_mut(&mut self) -> impl IndexedParallelIterator<Item = &mut [Line]> {
        self.lines.par_chunks_exact_mut(self.layout.lines())
    }

    /// Copies of the vectors and of the biases.
    fn values(&self) -> Result<(Vec<f32>, Vec<f32>)> {
        let (dim, bias) = (self.layout.dim(), self.layout.bias(self.contexts));
        let (mut vectors, mut biases) = self.room(dim)?;
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

    /// Copies of the accumulators of vectors and of biases.
    fn sums(&self) -> Result<(Vec<f32>, Vec<f32>)> {
        let layout = self.layout;
        let width = layout.accumulators_per_vector();
        let bias = layout.bias_accumulator(self.contexts);
        let (mut vectors, mut biases) = self.room(width)?;
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

    /// Two lists of zeros: `width` numbers for each row, and one number for each row.
    fn room(&self, width: usize) -> Result<(Vec<f32>, Vec<f32>)> {
        let words = self.lines.len() / self.layout.lines();
        Ok((fallible::zeroed(words * width)?, fallible::zeroed(words)?))
    }

    fn set_values(&mut self, vectors: &[f32], biases: &[f32]) {
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

    /// Set the accumulators: `width` for each vector (1 or its dim), and one for each bias.
    fn set_sums(&mut self, vectors: &[f32], width: usize, biases: &[f32]) {
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

/// Vectors and biases of V words and C context words as plain arrays, as users see them, or the
/// accumulators of these vectors and biases. C is V unless X is rectangular. If a vector has one
/// accumulator, the arrays `w` and `w_tilde` of accumulators have one number for each row instead of
/// dim.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exported {
    /// W, row-major (V, dim).
    pub w: Vec<f32>,
    /// W̃, row-major (C, dim).
    pub w_tilde: Vec<f32>,
    /// b, (V,).
    pub b: Vec<f32>,
    /// b̃, (C,).
    pub b_tilde: Vec<f32>,
}

impl Exported {
    fn check(&self, shape: [usize; 2], width: usize) -> Result<()> {
        let [words, contexts] = shape;
        for (name, found, words, wanted) in [
            ("W", self.w.len(), words, words * width),
            ("W_tilde", self.w_tilde.len(), contexts, contexts * width),
            ("b", self.b.len(), words, words),
            ("b_tilde", self.b_tilde.len(), contexts, contexts),
        ] {
            if found != wanted {
                return Err(Error::parameter(
                    name,
                    format!("must have {wanted} numbers for {words} words, got {found}"),
                ));
            }
        }
        Ok(())
    }
}

/// The rows of both sides: those of all words and context words, or of consecutive ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParametersView<'a> {
    pub words: &'a [Line],
    pub contexts: &'a [Line],
    /// The layout of every row.
    pub layout: RowLayout,
    /// The word whose row is the first of `words`, and the context word whose row is the first of `contexts`.
    pub first: [usize; 2],
}

impl ParametersView<'_> {
    /// w·w̃ + b + b̃ of a word and a context word.
    #[inline]
    pub fn product(&self, word: usize, context: usize) -> f32 {
        let lines = self.layout.lines();
        let w = &self.words[(word - self.first[0]) * lines..][..lines];
        let c = &self.contexts[(context - self.first[1]) * lines..][..lines];
        self.layout.product(w, c)
    }
}

/// The row of a word or of a context word, for changes outside the kernel.
pub(super) struct RowMut<'a> {
    lines: &'a mut [Line],
    layout: RowLayout,
}

impl RowMut<'_> {
    /// Component `k` of the vector.
    pub fn component(&mut self, k: usize) -> &mut f32 {
        &mut self.lines[k / LINE].0[k % LINE]
    }

    /// Take the step `g`, which is η times the gradient of the vector. `rule` limits the step and, under AdaGrad,
    /// scales it by the accumulators.
    pub fn step(&mut self, g: &[f32], rule: &StepRule) {
        if self.layout.is_rowwise() {
            let (line, lane) = self.layout.accumulator(0);
            let sum = &mut self.lines[line].0[lane];
            let mean_square = g.iter().map(|g| g * g).sum::<f32>() / g.len() as f32;
            let factor = rule.row_factor(mean_square, sum);
            for (k, g) in g.iter().enumerate() {
                *self.component(k) -= factor * g;
            }
        } else {
            let bound = rule.step_bound();
            for (k, g) in g.iter().enumerate() {
                let (line, lane) = self.layout.accumulator(k);
                let (mut x, mut sum) = (*self.component(k), self.lines[line].0[lane]);
                rule.step(&mut x, &mut sum, g.clamp(-bound, bound));
                *self.component(k) = x;
                self.lines[line].0[lane] = sum;
            }
        }
    }
}

/// The parameters of a model and their accumulators, in the layout of the kernel.
#[derive(Debug, PartialEq)]
pub struct Parameters {
    // Numbers of words and of context words. They differ only if X is rectangular.
    shape: [usize; 2],
    layout: RowLayout,
    word_side: Side,
    context_side: Side,
}

impl Parameters {
    /// Vectors and biases uniform in [−½, ½)/dim, and every accumulator G at 1. The numbers do not
    /// depend on the number of threads.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `dim` is out of range; [`Error::Memory`]; [`Error::Cancelled`].
    pub fn random(words: usize, layout: RowLayout, seed: u64, monitor: &Monitor) -> Result<Self> {
        Self::random_shaped([words; 2], layout, seed, monitor)
    }

    /// Random parameters for `shape[0]` words and `shape[1]` context words of a rectangular matrix.
    /// Each row is equal to the row of the same word or context word in the result of [`Parameters::random`] with
    /// the same seed.
    ///
    /// # Errors
    /// As for [`Parameters::random`].
    pub fn random_shaped(
        shape: [usize; 2],
        layout: RowLayout,
        seed: u64,
        monitor: &Monitor,
    ) -> Result<Self> {
        let [words, contexts] = shape.map(|words| (0..words as WordId).collect::<Vec<_>>());
        Self::random_sides([&words, &contexts], layout, seed, monitor)
    }

    /// Random parameters for some of the words. Their rows are equal to those of [`Parameters::random`] with the
    /// same seed. `words` must be in ascending order.
    ///
    /// # Errors
    /// As for [`Parameters::random`].
    pub fn random_of(
        words: &[WordId],
        layout: RowLayout,
        seed: u64,
        monitor: &Monitor,
    ) -> Result<Self> {
        Self::random_sides([words; 2], layout, seed, monitor)
    }

    fn random_sides(
        words: [&[WordId]; 2],
        layout: RowLayout,
        seed: u64,
        monitor: &Monitor,
    ) -> Result<Self> {
        let mut parameters = Self::zeros(words.map(<[_]>::len), layout)?;
        let dim = layout.dim();
        let seed_of = |word: WordId| word as usize / ROWS_PER_SEED;
        let sides = [&mut parameters.word_side, &mut parameters.context_side];
        for (number, (side, words)) in sides.into_iter().zip(words).enumerate() {
            let chunks: Vec<_> = words.chunk_by(|&a, &b| seed_of(a) == seed_of(b)).collect();
            let bias = layout.bias(side.contexts);
            let mut rest = &mut side.lines[..];
            let mut rows = Vec::with_capacity(chunks.len());
            for words in &chunks {
                let (first, more) = rest.split_at_mut(layout.lines() * words.len());
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
                    for (&wanted, row) in words.iter().zip(rows.chunks_exact_mut(layout.lines())) {
                        (0..(wanted as usize - word) * (dim + 1)).for_each(|_| _ = next());
                        for k in 0..dim {
                            row[k / LINE].0[k % LINE] = next();
                        }
                        row[bias.0].0[bias.1] = next();
                        word = wanted as usize + 1;
                    }
                    monitor.check()
                })?;
        }
        Ok(parameters)
    }

    /// Parameters with these values and accumulators. `accumulators` has one accumulator for each
    /// vector, or one for each component. If `layout` has the other number of accumulators, the
    /// accumulators are converted: the accumulator of a vector is the mean of the accumulators of its components,
    /// and the accumulator of a component is the accumulator of its vector.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the array of the wrong size, or `dim` if it is out of range;
    /// [`Error::Memory`].
    pub fn from_exported(
        words: usize,
        layout: RowLayout,
        values: &Exported,
        accumulators: &Exported,
    ) -> Result<Self> {
        Self::from_shaped([words; 2], layout, values, accumulators)
    }

    /// Like [`Parameters::from_exported`], for the numbers of words and of context words in `shape`.
    ///
    /// # Errors
    /// As for [`Parameters::from_exported`].
    pub fn from_shaped(
        shape: [usize; 2],
        layout: RowLayout,
        values: &Exported,
        accumulators: &Exported,
    ) -> Result<Self> {
        values.check(shape, layout.dim())?;
        let width = match accumulators.w.len() {
            one if one == shape[0] && one > 0 => 1,
            _ => layout.dim(),
        };
        accumulators.check(shape, width)?;
        let mut parameters = Self::zeros(shape, layout)?;
        let [word_side, context_side] = [&mut parameters.word_side, &mut parameters.context_side];
        word_side.set_values(&values.w, &values.b);
        word_side.set_sums(&accumulators.w, width, &accumulators.b);
        context_side.set_values(&values.w_tilde, &values.b_tilde);
        context_side.set_sums(&accumulators.w_tilde, width, &accumulators.b_tilde);
        Ok(parameters)
    }

    /// Parameters of no words.
    pub(super) fn empty() -> Result<Self> {
        Self::zeros([0, 0], RowLayout::new(1, Optimizer::AdaGrad))
    }

    /// Check that memory for the parameters can be reserved. Called before long work, so that a lack of
    /// memory is noticed early. The memory is freed at once, and no page of it is touched.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn check_memory(shape: [usize; 2], layout: RowLayout) -> Result<()> {
        let _both = (
            Side::allocate(shape[0], layout)?,
            Side::allocate(shape[1], layout)?,
        );
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

    fn zeros(shape: [usize; 2], layout: RowLayout) -> Result<Self> {
        Self::check_dim(layout.dim())?;
        Ok(Self {
            shape,
            layout,
            word_side: Side::new(shape[0], layout, false)?,
            context_side: Side::new(shape[1], layout, true)?,
        })
    }

    /// A copy.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub(super) fn try_clone(&self) -> Result<Self> {
        let mut copy = Self::zeros(self.shape, self.layout)?;
        copy.copy_from(self);
        Ok(copy)
    }

    /// Overwrite the parameters and accumulators with those of `other`, which has the same shape and layout.
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
        self.shape[0]
    }

    /// Numbers of words and of context words. They differ only if X is rectangular.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Components per vector.
    pub fn dim(&self) -> usize {
        self.layout.dim()
    }

    /// The layout of the rows.
    pub fn layout(&self) -> RowLayout {
        self.layout
    }

    #[cfg(test)]
    pub(crate) fn values(&self) -> Exported {
        self.exported(false).unwrap()
    }

    #[cfg(test)]
    pub(crate) fn accumulators(&self) -> Exported {
        self.exported(true).unwrap()
    }

    /// W, W̃, b and b̃ or, if `accumulators`, their accumulators G.
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

    /// W and b or, if `contexts`, W̃ and b̃. If `accumulators`, the accumulators G of these instead.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn side(&self, contexts: bool, accumulators: bool) -> Result<(Vec<f32>, Vec<f32>)> {
        let side = if contexts {
            &self.context_side
        } else {
            &self.word_side
        };
        if accumulators {
            side.sums()
        } else {
            side.values()
        }
    }

    /// The rows of both sides, for reading.
    pub(super) fn view(&self) -> ParametersView<'_> {
        ParametersView {
            words: &self.word_side.lines,
            contexts: &self.context_side.lines,
            layout: self.layout,
            first: [0, 0],
        }
    }

    /// All rows of W with b or, if `contexts`, of W̃ with b̃. A row includes its accumulators and has
    /// [`RowLayout::bytes`] bytes.
    pub fn rows_of(&self, contexts: bool) -> &[f32] {
        let side = if contexts {
            &self.context_side
        } else {
            &self.word_side
        };
        bytemuck::cast_slice(&side.lines)
    }

    /// The arrays of rows that [`Parameters::rows_of`] returned. The first element of the result is the vectors and biases,
    /// the second is the accumulators of the vectors and of the biases.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn row_arrays(
        rows: &[f32],
        layout: RowLayout,
        contexts: bool,
    ) -> Result<[(Vec<f32>, Vec<f32>); 2]> {
        let mut side = Side::new(size_of_val(rows) / layout.bytes(), layout, contexts)?;
        bytemuck::cast_slice_mut(&mut side.lines).copy_from_slice(rows);
        Ok([side.values()?, side.sums()?])
    }

    /// For each word, its row in W and its row in W̃. X must not be rectangular.
    pub(super) fn words_mut(&mut self) -> impl IndexedParallelIterator<Item = [RowMut<'_>; 2]> {
        let layout = self.layout;
        let row = move |lines| RowMut { lines, layout };
        let (words, contexts) = (self.word_side.rows_mut(), self.context_side.rows_mut());
        words
            .zip(contexts)
            .map(move |(word, context)| [row(word), row(context)])
    }

    /// The vectors w + w̃, row-major (V, dim). X must not be rectangular.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn sums(&self) -> Result<Vec<f32>> {
        let (mut sums, _) = self.side(false, false)?;
        let (w_tilde, _) = self.side(true, false)?;
        sums.par_iter_mut()
            .zip(&w_tilde)
            .for_each(|(w, w_tilde)| *w += w_tilde);
        Ok(sums)
    }

    /// Move the vector w + w̃ of each word by the row of the word in `moves`, row-major (V, dim).
    /// Half of the row is added to w and half to w̃. The ‖w‖² in row-wise rows are then wrong until
    /// `SharedRows::new` computes them anew.
    pub fn move_sums(&mut self, moves: &[f32]) {
        let dim = self.dim();
        self.words_mut()
            .zip(moves.par_chunks_exact(dim))
            .for_each(|([mut w, mut w_tilde], by)| {
                for (k, by) in by.iter().enumerate() {
                    *w.component(k) += 0.5 * by;
                    *w_tilde.component(k) += 0.5 * by;
                }
            });
    }

    /// Whether every parameter is a finite number.
    pub fn all_finite(&self) -> bool {
        self.all(|row| self.layout.is_finite(row))
    }

    /// Whether training can start from these parameters: all are finite, and all accumulators are finite and
    /// positive.
    pub(crate) fn can_train(&self) -> bool {
        self.all(|row| self.layout.can_train(row))
    }

    fn all(&self, holds: impl Fn(&[Line]) -> bool + Sync) -> bool {
        [&self.word_side, &self.context_side]
            .iter()
            .all(|side| side.rows().all(&holds))
    }

    /// The rows of both sides for the kernel.
    pub(super) fn rows(&mut self) -> super::kernel::SharedRows<'_> {
        super::kernel::SharedRows::new(
            &mut self.word_side.lines,
            &mut self.context_side.lines,
            self.layout,
        )
    }
}
