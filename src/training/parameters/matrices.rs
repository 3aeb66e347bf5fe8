//! W, W̃, b, b̃ and their AdaGrad accumulators, laid out for the kernel.

use super::row_mut::RowMut;
use super::side::Side;
use super::view::ParametersView;
use crate::cooccurrence::ContextColumns;
use crate::error::{Error, Result};
use crate::training::kernel::SharedRows;
use crate::training::line::Line;
use crate::training::optimizer::Optimizer;
use crate::training::row_layout::{MAX_DIM, RowLayout};
use rayon::prelude::*;

/// Number of lines that one task copies.
const COPY_LINES: usize = 1 << 16;

/// Number of rows of contexts in a model of this shape.
fn context_rows(shape: [usize; 2], adjacent: bool) -> usize {
    if adjacent {
        ContextColumns::with_adjacent(shape[1]).number()
    } else {
        shape[1]
    }
}

/// The parameters of a model and their accumulators, in the layout of the kernel.
#[derive(Debug, PartialEq)]
pub struct Parameters {
    // Numbers of words and of context words. They differ only if X is rectangular.
    pub(super) shape: [usize; 2],
    // Whether `context_side` has rows of the contexts of adjacent words too. These follow the rows of W̃.
    pub(super) adjacent: bool,
    pub(super) layout: RowLayout,
    pub(super) word_side: Side,
    pub(super) context_side: Side,
}

impl Parameters {
    /// Parameters of no words.
    pub(in crate::training) fn empty() -> Result<Self> {
        Self::zeros([0, 0], RowLayout::new(1, Optimizer::AdaGrad))
    }

    /// Check that memory for the parameters can be reserved. Called before long work, so that a lack of
    /// memory is noticed early. The memory is freed at once, and no page of it is touched.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn check_memory(shape: [usize; 2], adjacent: bool, layout: RowLayout) -> Result<()> {
        let _both = (
            Side::allocate(shape[0], layout)?,
            Side::allocate(context_rows(shape, adjacent), layout)?,
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

    pub(super) fn zeros(shape: [usize; 2], layout: RowLayout) -> Result<Self> {
        Self::check_dim(layout.dim())?;
        Ok(Self {
            shape,
            adjacent: false,
            layout,
            word_side: Side::new(shape[0], layout, false)?,
            context_side: Side::new(shape[1], layout, true)?,
        })
    }

    /// A copy.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub(in crate::training) fn try_clone(&self) -> Result<Self> {
        let rows = [self.shape[0], context_rows(self.shape, self.adjacent)];
        let mut copy = Self::zeros(rows, self.layout)?;
        copy.copy_from(self);
        copy.shape = self.shape;
        copy.adjacent = self.adjacent;
        Ok(copy)
    }

    /// Overwrite the parameters and accumulators with those of `other`, which has the same shape and layout.
    pub(in crate::training) fn copy_from(&mut self, other: &Self) {
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

    /// Whether there are context vectors and biases of adjacent words. They serve training, and are not part of the
    /// model: [`Parameters::side`] and [`Parameters::exported`] leave them out.
    pub fn has_adjacent(&self) -> bool {
        self.adjacent
    }

    /// Number of context vectors, those of adjacent words included.
    pub(crate) fn context_rows(&self) -> usize {
        context_rows(self.shape, self.adjacent)
    }

    /// Number of components of a vector.
    pub fn dim(&self) -> usize {
        self.layout.dim()
    }

    /// The layout of the rows.
    pub fn layout(&self) -> RowLayout {
        self.layout
    }

    /// W and b or, if `contexts`, W̃ and b̃. If `accumulators`, the accumulators G of these instead.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn side(&self, contexts: bool, accumulators: bool) -> Result<(Vec<f32>, Vec<f32>)> {
        let rows = self.shape[usize::from(contexts)];
        self.first_rows(contexts, accumulators, rows)
    }

    /// As [`Parameters::side`]. W̃ and b̃ are followed by those of adjacent words, if there are any.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub(crate) fn whole_side(
        &self,
        contexts: bool,
        accumulators: bool,
    ) -> Result<(Vec<f32>, Vec<f32>)> {
        let rows = if contexts {
            self.context_rows()
        } else {
            self.words()
        };
        self.first_rows(contexts, accumulators, rows)
    }

    fn first_rows(
        &self,
        contexts: bool,
        accumulators: bool,
        rows: usize,
    ) -> Result<(Vec<f32>, Vec<f32>)> {
        let side = if contexts {
            &self.context_side
        } else {
            &self.word_side
        };
        if accumulators {
            side.sums(rows)
        } else {
            side.values(rows)
        }
    }

    /// Replace W and b or, if `contexts`, W̃ and b̃. Accumulators and the contexts of adjacent words stay. The ‖w‖² in the rows of row-wise AdaGrad are then
    /// wrong until `SharedRows::new` computes them anew.
    pub fn set_side(&mut self, contexts: bool, vectors: &[f32], biases: &[f32]) {
        let side = if contexts {
            &mut self.context_side
        } else {
            &mut self.word_side
        };
        side.set_values(vectors, biases);
    }

    /// The rows of both sides, for reading.
    pub(in crate::training) fn view(&self) -> ParametersView<'_> {
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

    /// For each word, its row in W and its row in W̃. X must not be rectangular.
    pub(in crate::training) fn words_mut(
        &mut self,
    ) -> impl IndexedParallelIterator<Item = [RowMut<'_>; 2]> {
        let layout = self.layout;
        let row = move |lines| RowMut { lines, layout };
        let (words, contexts) = (self.word_side.rows_mut(), self.context_side.rows_mut());
        words
            .zip(contexts)
            .map(move |(word, context)| [row(word), row(context)])
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
    pub(in crate::training) fn rows(&mut self) -> SharedRows<'_> {
        SharedRows::new(
            &mut self.word_side.lines,
            &mut self.context_side.lines,
            self.layout,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Monitor;

    #[test]
    fn a_side_is_replaced_without_its_accumulators() {
        for optimizer in [Optimizer::AdaGrad, Optimizer::RowwiseAdaGrad] {
            let layout = RowLayout::new(19, optimizer);
            let mut parameters = Parameters::random(7, layout, 5, &Monitor::new()).unwrap();
            let side =
                |of: &Parameters, contexts, accumulators| of.side(contexts, accumulators).unwrap();
            let before = [false, true].map(|contexts| side(&parameters, contexts, false).1);
            let sums = [false, true].map(|contexts| side(&parameters, contexts, true));
            let new = [1.0, 2.0].map(|factor| {
                (0..7 * 19)
                    .map(|k| factor * (k as f32).sin())
                    .collect::<Vec<f32>>()
            });
            for (k, contexts) in [false, true].into_iter().enumerate() {
                parameters.set_side(contexts, &new[k], &before[k]);
            }
            for (k, contexts) in [false, true].into_iter().enumerate() {
                let after = side(&parameters, contexts, false);
                assert_eq!(after, (new[k].clone(), before[k].clone()));
                assert_eq!(side(&parameters, contexts, true), sums[k]);
            }
        }
    }
}
