//! Random parameters, at the start of a training.

use super::matrices::Parameters;
use crate::cooccurrence::ContextColumns;
use crate::error::Result;
use crate::monitor::Monitor;
use crate::training::line::LINE;
use crate::training::row_layout::RowLayout;
use crate::vocabulary::WordId;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// Number of consecutive words whose random numbers come from one generator.
const ROWS_PER_SEED: usize = 1 << 10;

impl Parameters {
    /// Vectors and biases uniform in [−½, ½)/dim, and every accumulator G at 1. The numbers do not
    /// depend on the number of threads.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] if `dim` is out of range; [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
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

    /// These parameters, followed by random context vectors and biases of adjacent words. The context vectors are
    /// those that [`Parameters::random_shaped`] makes for context words with the next ids.
    ///
    /// # Errors
    /// As for [`Parameters::random`].
    pub(crate) fn with_adjacent(self, seed: u64, monitor: &Monitor) -> Result<Self> {
        let shape = self.shape;
        let rows = [0, ContextColumns::with_adjacent(shape[1]).number()];
        let random = Self::random_shaped(rows, self.layout(), seed, monitor)?;
        let mut context_side = random.context_side;
        let first = &self.context_side.lines[..];
        context_side.lines[..first.len()].copy_from_slice(first);
        Ok(Self {
            adjacent: true,
            context_side,
            ..self
        })
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
}
