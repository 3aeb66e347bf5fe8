//! The layout of a row of parameters: where the vector, the bias and the accumulators of a word lie.

use super::accumulators::{Accumulators, START_ACCUMULATOR};
use super::line::{HALF_LINE, LINE, Line};
use super::optimizer::Optimizer;
use std::ops::Range;

/// The largest accepted `dim`. Up to this `dim`, no computation of a size in bytes overflows.
pub const MAX_DIM: usize = 1 << 20;

/// The layout of a row of W with b, or of W̃ with b̃, and of their accumulators G.
///
/// With an accumulator for each component and for the bias ([`Accumulators::PerComponent`]), a row is
/// `[w, 0…, p, q]`, followed by the accumulators in the same layout. `(p, q)` is `(b, 1)` in the row of a
/// word and `(1, b̃)` in the row of a context word. So w·w̃ + b + b̃ is one dot product, and the same update
/// rule serves vectors and biases. The learning rate of the constant 1 is 0. Both parts are
/// whole half lines. If `[w, 0…, p, q]` ends in the middle of a line, the accumulators of its last half line are in the
/// second half of this line, and the other accumulators follow in whole lines.
///
/// With one accumulator for each vector ([`Accumulators::PerVector`]), a row is
/// `[w, 0…, ‖w‖², b, G of b, G of w]`, and the second half of its last line may be unused: about half as long. The mean
/// square of the gradient of a vector needs the ‖·‖² of the other vector of the record. The kernel updates the stored ‖·‖²
/// together with the vector, instead of computing ‖·‖² for each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowLayout {
    dim: usize,
    accumulators: Accumulators,
}

/// If a vector has one accumulator, the last used floats of its row are no components. This is the number of these floats:
/// ‖w‖², the bias, the accumulator of the bias, and the accumulator of the vector. The next constants are their
/// positions among these four floats.
pub(super) const TAIL: usize = 4;
pub(super) const TAIL_SQUARE: usize = 0;
pub(super) const TAIL_BIAS: usize = 1;
pub(super) const TAIL_BIAS_SUM: usize = 2;
pub(super) const TAIL_SUM: usize = 3;

impl RowLayout {
    /// The layout for vectors of `dim` components. A `dim` above [`MAX_DIM`] counts as [`MAX_DIM`].
    pub fn new(dim: usize, optimizer: Optimizer) -> Self {
        Self::with_accumulators(dim, Accumulators::of(optimizer))
    }

    /// The layout for vectors of `dim` components with these accumulators. A `dim` above [`MAX_DIM`] counts as
    /// [`MAX_DIM`].
    pub fn with_accumulators(dim: usize, accumulators: Accumulators) -> Self {
        Self {
            dim: dim.min(MAX_DIM),
            accumulators,
        }
    }

    /// Number of components of a vector.
    pub fn dim(self) -> usize {
        self.dim
    }

    /// Whether a vector has one accumulator.
    pub fn is_rowwise(self) -> bool {
        self.accumulators == Accumulators::PerVector
    }

    /// Number of accumulators of a vector.
    pub fn accumulators_per_vector(self) -> usize {
        self.accumulators.per_vector(self.dim)
    }

    /// Number of cache lines of a row.
    pub fn lines(self) -> usize {
        if self.is_rowwise() {
            self.value_lines()
        } else {
            // As many half lines of accumulators follow the half lines of parameters.
            self.half_lines()
        }
    }

    /// Bytes of a row. A block of the [`TileGrid`](super::TileGrid) has fewer words if rows have more bytes.
    pub fn bytes(self) -> usize {
        self.lines() * size_of::<Line>()
    }

    /// Number of half lines at the start of a row that hold the vector and the bias; with one accumulator for the vector,
    /// they also hold ‖w‖² and the accumulators.
    pub(super) fn half_lines(self) -> usize {
        let more = if self.is_rowwise() { TAIL } else { 2 };
        (self.dim + more).div_ceil(HALF_LINE)
    }

    /// Number of floats in [`RowLayout::half_lines`].
    fn used_floats(self) -> usize {
        self.half_lines() * HALF_LINE
    }

    /// Number of cache lines at the start of a row that hold the vector and the bias.
    fn value_lines(self) -> usize {
        self.used_floats().div_ceil(LINE)
    }

    /// Line and lane of the accumulator of the number at `line` and `lane`, in a row with an accumulator for each component.
    fn accumulator_of(self, line: usize, lane: usize) -> (usize, usize) {
        if line == self.used_floats() / LINE {
            (line, HALF_LINE + lane)
        } else {
            (self.value_lines() + line, lane)
        }
    }

    /// Line and lane of the bias in the row of a word or, if `contexts`, of a context word. The line is the number
    /// of the cache line in the row, the lane the position in this line.
    pub(super) fn bias(self, contexts: bool) -> (usize, usize) {
        if self.is_rowwise() {
            self.tail(TAIL_BIAS)
        } else {
            line_and_lane(self.used_floats() - 2 + usize::from(contexts))
        }
    }

    /// Line and lane of ‖w‖² in a row with one accumulator for its vector.
    pub(super) fn square(self) -> (usize, usize) {
        self.tail(TAIL_SQUARE)
    }

    /// Line and lane of a number of the last four numbers of a row with one accumulator for its vector.
    fn tail(self, number: usize) -> (usize, usize) {
        line_and_lane(self.used_floats() - TAIL + number)
    }

    /// Line and lane of the bias's accumulator.
    pub(super) fn bias_accumulator(self, contexts: bool) -> (usize, usize) {
        if self.is_rowwise() {
            self.tail(TAIL_BIAS_SUM)
        } else {
            let (line, lane) = self.bias(contexts);
            self.accumulator_of(line, lane)
        }
    }

    /// Line and lane of accumulator `k` of the vector.
    pub(super) fn accumulator(self, k: usize) -> (usize, usize) {
        if self.is_rowwise() {
            self.tail(TAIL_SUM)
        } else {
            self.accumulator_of(k / LINE, k % LINE)
        }
    }

    /// The positions of all accumulators among the floats of a row. Accumulators of padding are among them.
    fn all_accumulators(self) -> Range<usize> {
        let used = self.used_floats();
        if self.is_rowwise() {
            used - TAIL + TAIL_BIAS_SUM..used
        } else {
            used..self.lines() * LINE
        }
    }

    /// Compute the stored ‖w‖² of a row anew. Does nothing if rows do not store it.
    pub(super) fn set_square(self, row: &mut [Line]) {
        if !self.is_rowwise() {
            return;
        }
        let (line, lane) = self.square();
        let mut sums = [0.0; LINE];
        for (number, components) in row.iter().enumerate() {
            let components = if number == line {
                &components.0[..lane]
            } else {
                &components.0
            };
            for (sum, x) in sums.iter_mut().zip(components) {
                *sum += x * x;
            }
        }
        row[line].0[lane] = sums.iter().sum();
    }

    /// A new row for a word or, if `contexts`, for a context word. Its vector and bias are 0, and its
    /// accumulators are [`START_ACCUMULATOR`].
    pub(super) fn zeros(self, contexts: bool) -> Vec<Line> {
        let mut row = vec![Line([0.0; LINE]); self.lines()];
        let floats = bytemuck::cast_slice_mut(&mut row);
        floats[self.all_accumulators()].fill(START_ACCUMULATOR);
        if !self.is_rowwise() {
            // The constant 1 beside the bias.
            let (line, lane) = self.bias(!contexts);
            row[line].0[lane] = 1.0;
        }
        row
    }

    /// w·w̃ + b + b̃ of the rows of a word and of a context word.
    #[inline]
    pub(super) fn product(self, w: &[Line], c: &[Line]) -> f32 {
        let mut sums = [0.0; LINE];
        let last = self.value_lines() - 1;
        for (w, c) in w[..last].iter().zip(c) {
            for k in 0..LINE {
                sums[k] += w.0[k] * c.0[k];
            }
        }
        let (w, c) = (&w[last].0, &c[last].0);
        let more = if self.is_rowwise() { TAIL } else { 0 };
        let ends = self.used_floats() - last * LINE - more;
        for k in 0..ends {
            sums[k] += w[k] * c[k];
        }
        if self.is_rowwise() {
            let lane = self.bias(false).1;
            sums[LINE - 1] += w[lane] + c[lane];
        }
        sums.iter().sum()
    }

    /// Whether a row can be trained: all its numbers are finite, and its accumulators are positive.
    pub(super) fn can_train(self, row: &[Line]) -> bool {
        let usable = |&g: &f32| g > 0.0 && g < f32::INFINITY;
        let floats: &[f32] = bytemuck::cast_slice(row);
        floats[self.all_accumulators()].iter().all(usable) && self.is_finite(row)
    }

    /// Whether the vector and the bias are finite numbers. In a row with one accumulator for its vector, ‖w‖² and the
    /// accumulators must be finite too.
    pub(crate) fn is_finite(self, row: &[Line]) -> bool {
        let floats: &[f32] = bytemuck::cast_slice(row);
        floats[..self.used_floats()].iter().all(|x| x.is_finite())
    }
}

/// Line and lane of float `at` of a row.
fn line_and_lane(at: usize) -> (usize, usize) {
    (at / LINE, at % LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_a_row_has_a_lane_of_its_own() {
        for dim in 1..200 {
            let layout = RowLayout::new(dim, Optimizer::AdaGrad);
            for contexts in [false, true] {
                let bias = [layout.bias(contexts), layout.bias_accumulator(contexts)];
                let one = [layout.bias(!contexts), layout.bias_accumulator(!contexts)];
                let values = (0..dim).map(|k| (k / LINE, k % LINE));
                let sums = (0..dim).map(|k| layout.accumulator(k));
                let mut lanes: Vec<_> = values.chain(sums).chain(bias).chain(one).collect();
                lanes.sort_unstable();
                lanes.dedup();
                assert_eq!(lanes.len(), 2 * dim + 4);
                assert!(lanes.iter().all(|(line, _)| *line < layout.lines()));
                // No row of this dim can be shorter, if it has whole half lines of numbers and of accumulators.
                assert_eq!(layout.lines(), (dim + 2).div_ceil(HALF_LINE));

                let row = layout.zeros(contexts);
                let zeros = lanes
                    .iter()
                    .filter(|(line, lane)| row[*line].0[*lane] == 0.0);
                assert_eq!(zeros.count(), dim + 1);
                assert_eq!(row[one[0].0].0[one[0].1], 1.0);
            }
        }
    }

    #[test]
    fn a_row_with_one_accumulator_for_its_vector_ends_with_four_numbers() {
        for dim in 1..200 {
            let layout = RowLayout::new(dim, Optimizer::RowwiseAdaGrad);
            for contexts in [false, true] {
                let last = [
                    layout.square(),
                    layout.bias(contexts),
                    layout.bias_accumulator(contexts),
                    layout.accumulator(0),
                ];
                let floats = last.map(|(line, lane)| line * LINE + lane);
                assert_eq!(floats, std::array::from_fn(|k| floats[0] + k));
                assert!(dim <= floats[0] && floats[0] < dim + HALF_LINE);
                assert_eq!(layout.lines(), (floats[3] + 1).div_ceil(LINE));
                let row = layout.zeros(contexts);
                let ones: Vec<_> = (0..layout.lines() * LINE)
                    .filter(|at| row[at / LINE].0[at % LINE] == START_ACCUMULATOR)
                    .collect();
                assert_eq!(ones, floats[2..]);
            }
        }
    }

    #[test]
    fn the_product_of_two_rows_is_that_of_their_vectors_and_biases() {
        for optimizer in [Optimizer::AdaGrad, Optimizer::RowwiseAdaGrad] {
            for dim in 1..100 {
                let layout = RowLayout::new(dim, optimizer);
                let [w, c] = [false, true].map(|contexts| {
                    let mut row = layout.zeros(contexts);
                    for k in 0..dim {
                        row[k / LINE].0[k % LINE] = (k + 1) as f32;
                    }
                    let (line, lane) = layout.bias(contexts);
                    row[line].0[lane] = 0.5;
                    layout.set_square(&mut row);
                    row
                });
                let squares: usize = (1..=dim).map(|k| k * k).sum();
                assert_eq!(
                    layout.product(&w, &c),
                    squares as f32 + 1.0,
                    "{optimizer:?} {dim}"
                );
            }
        }
    }

    #[test]
    fn an_accumulator_that_is_not_finite_does_not_count_as_a_parameter() {
        for dim in [14, 15, 22, 23, 50, 100] {
            let layout = RowLayout::new(dim, Optimizer::AdaGrad);
            let mut row = layout.zeros(false);
            let (line, lane) = layout.bias_accumulator(false);
            row[line].0[lane] = f32::INFINITY;
            assert!(layout.is_finite(&row) && !layout.can_train(&row));
            row[0].0[0] = f32::NAN;
            assert!(!layout.is_finite(&row));
        }
    }
}
