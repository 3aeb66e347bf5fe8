//! The parameters and their accumulators as plain arrays.

use super::matrices::Parameters;
use super::side::Side;
use crate::cooccurrence::ContextColumns;
use crate::error::{Error, Result};
use crate::training::row_layout::RowLayout;

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

impl Parameters {
    /// Parameters with these values and accumulators. `accumulators` may have fewer rows than `values`, or none: the
    /// accumulators of the other rows are those before training. `accumulators` has one accumulator for each
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
        let width = if accumulators.w.len() == accumulators.b.len() {
            1
        } else {
            layout.dim()
        };
        let rows = [&accumulators.b, &accumulators.b_tilde].map(Vec::len);
        accumulators.check([rows[0].min(shape[0]), rows[1].min(shape[1])], width)?;
        let mut parameters = Self::zeros(shape, layout)?;
        let [word_side, context_side] = [&mut parameters.word_side, &mut parameters.context_side];
        word_side.set_values(&values.w, &values.b);
        word_side.set_sums(&accumulators.w, width, &accumulators.b);
        context_side.set_values(&values.w_tilde, &values.b_tilde);
        context_side.set_sums(&accumulators.w_tilde, width, &accumulators.b_tilde);
        Ok(parameters)
    }

    /// Parameters whose arrays of W̃ and b̃ are followed by those of adjacent words.
    ///
    /// # Errors
    /// As for [`Parameters::from_exported`].
    pub(crate) fn from_whole_sides(
        words: usize,
        layout: RowLayout,
        values: &Exported,
        accumulators: &Exported,
    ) -> Result<Self> {
        let rows = [words, ContextColumns::with_adjacent(words).number()];
        let whole = Self::from_shaped(rows, layout, values, accumulators)?;
        Ok(Self {
            shape: [words; 2],
            adjacent: true,
            ..whole
        })
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

    #[cfg(test)]
    pub(crate) fn values(&self) -> Exported {
        self.exported(false).unwrap()
    }

    #[cfg(test)]
    pub(crate) fn accumulators(&self) -> Exported {
        self.exported(true).unwrap()
    }

    /// The numbers in `rows` as plain arrays. `rows` are rows as [`Parameters::rows_of`] returns them for this `layout`
    /// and this `contexts`. The first element of the result is the vectors and biases, the second is the accumulators
    /// of the vectors and of the biases.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn row_arrays(
        rows: &[f32],
        layout: RowLayout,
        contexts: bool,
    ) -> Result<[(Vec<f32>, Vec<f32>); 2]> {
        let number = size_of_val(rows) / layout.bytes();
        let mut side = Side::new(number, layout, contexts)?;
        bytemuck::cast_slice_mut(&mut side.lines).copy_from_slice(rows);
        Ok([side.values(number)?, side.sums(number)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Monitor;
    use crate::training::{Optimizer, START_ACCUMULATOR};

    #[test]
    fn accumulators_that_are_not_given_are_those_before_training() {
        for optimizer in [Optimizer::AdaGrad, Optimizer::RowwiseAdaGrad] {
            let layout = RowLayout::new(3, optimizer);
            let fresh = Parameters::random(4, layout, 1, &Monitor::new()).unwrap();
            let again = Parameters::from_exported(4, layout, &fresh.values(), &Exported::default());
            assert_eq!(again.unwrap(), fresh);

            let width = layout.accumulators_per_vector();
            let first = Exported {
                w: vec![2.0; 2 * width],
                w_tilde: vec![3.0; width],
                b: vec![4.0; 2],
                b_tilde: vec![5.0; 1],
            };
            let given = Parameters::from_exported(4, layout, &fresh.values(), &first).unwrap();
            let filled = |given: &[f32], length| {
                let mut all = given.to_vec();
                all.resize(length, START_ACCUMULATOR);
                all
            };
            let all = Exported {
                w: filled(&first.w, 4 * width),
                w_tilde: filled(&first.w_tilde, 4 * width),
                b: filled(&first.b, 4),
                b_tilde: filled(&first.b_tilde, 4),
            };
            assert_eq!(given.accumulators(), all);

            let long = Exported {
                b: vec![4.0; 5],
                ..first
            };
            assert!(Parameters::from_exported(4, layout, &fresh.values(), &long).is_err());
        }
    }
}
