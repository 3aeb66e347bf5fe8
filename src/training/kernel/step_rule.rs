//! The step rule: how a gradient changes the parameters. The loops that apply it to whole rows are in
//! `componentwise.rs` (AdaGrad, SGD) and `rowwise.rs` (row-wise AdaGrad). The names of the rules are in
//! `training/optimizer.rs`.

use super::vector::Number;
use crate::training::line::LINE;
use crate::training::optimizer::Optimizer;

/// The training options that the kernel uses.
#[derive(Debug, Clone, Copy)]
pub struct StepRule {
    /// How a gradient changes a parameter.
    pub optimizer: Optimizer,
    /// The learning rate η of the vectors.
    pub learning_rate: f32,
    /// The learning rate of the biases under both kinds of AdaGrad; 1 in Stanford's tool. Under SGD the
    /// biases have the rate η.
    pub bias_learning_rate: f32,
    /// Each component of the gradient of a vector is limited to ± this value, before the gradient is
    /// multiplied by η. Under row-wise AdaGrad, the root of the mean square of the components is limited
    /// instead. The gradients of biases have no bound.
    pub grad_clip: f32,
    /// ln x_max
    pub ln_x_max: f32,
    /// α
    pub alpha: f32,
    /// For negative pairs, their weight λ: it replaces f(X), `ln_x` is the target, and a prediction
    /// below the target costs nothing. `None` for records.
    pub negative_weight: Option<f32>,
    /// Whether four consecutive records of one word and of four context words are updated as one mini-batch. Only
    /// row-wise AdaGrad has mini-batches.
    pub minibatches: bool,
    /// Whether W̃, b̃ and their accumulators stay as they are.
    pub frozen_contexts: bool,
}

impl StepRule {
    /// The learning rates of the last line of parameters in a row of a word, and in a row of a context word; the second half
    /// of them if the parameters end with half a line: η for
    /// components, the rate of biases for the bias, and 0 for the constant 1 beside the bias. All rates of
    /// frozen context words are 0. Row-wise AdaGrad does not use these rates, because its rows end
    /// differently.
    pub(super) fn last_line_rates(&self) -> [[f32; LINE]; 2] {
        let bias = match self.optimizer {
            Optimizer::AdaGrad | Optimizer::RowwiseAdaGrad => self.bias_learning_rate,
            Optimizer::Sgd => self.learning_rate,
        };
        let mut rates = [[self.learning_rate; LINE]; 2];
        rates[0][LINE - 2..].copy_from_slice(&[bias, 0.0]);
        rates[1][LINE - 2..].copy_from_slice(&[0.0, bias]);
        if self.frozen_contexts {
            rates[1].fill(0.0);
        }
        rates
    }

    /// This rule with both learning rates multiplied by `factor`.
    pub fn at_rate(mut self, factor: f64) -> Self {
        self.learning_rate *= factor as f32;
        self.bias_learning_rate *= factor as f32;
        self
    }

    /// Whether a record with the residual `diff` is a negative pair whose prediction is below its target.
    #[inline(always)]
    pub(super) fn costs_nothing(&self, diff: f32) -> bool {
        self.negative_weight.is_some() && diff < 0.0
    }

    /// The bound of a step, η times the bound of the gradient.
    pub fn step_bound(&self) -> f32 {
        self.grad_clip * self.learning_rate
    }

    /// The bounds of the last line of parameters in a row, or the second half of them. Biases have no bound.
    pub(super) fn last_line_bounds(&self) -> [f32; LINE] {
        let mut bounds = [self.step_bound(); LINE];
        bounds[LINE - 2..].fill(f32::MAX);
        bounds
    }

    /// Take the step `g`, which is already clipped, at one parameter with its accumulator G. Row-wise
    /// AdaGrad does not use the accumulator here: [`StepRule::row_factor`] scales its steps. √G is
    /// computed exactly, not approximated as in the kernel, because only code outside the loop over records calls this
    /// function.
    pub fn step(&self, x: &mut f32, sum: &mut f32, g: f32) {
        match self.optimizer {
            // SAFETY: single floats need no special instructions, and no pointer is involved.
            Optimizer::AdaGrad => (*x, *sum) = unsafe { adagrad(*x, *sum, g) },
            Optimizer::RowwiseAdaGrad | Optimizer::Sgd => *x -= g,
        }
    }

    /// Row-wise AdaGrad: the factor by which to multiply a step g, which is η times the gradient of
    /// a vector. `mean_square` is the mean square of the components of g. The accumulator `sum`
    /// grows by the mean square of the limited step. √G is computed exactly, not approximated as in
    /// the kernel, because only code outside the loop over records calls this function.
    pub fn row_factor(&self, mean_square: f32, sum: &mut f32) -> f32 {
        let excess = (mean_square / self.step_bound().powi(2)).max(1.0);
        let factor = 1.0 / (*sum * excess).sqrt();
        *sum += mean_square / excess;
        factor
    }
}

/// The AdaGrad rule: returns the new parameter x − g/√G and the new accumulator G + g². `sum` is G.
///
/// # Safety
/// The contract of [`super::vector`].
#[inline(always)]
pub(super) unsafe fn adagrad<T: Number>(x: T, sum: T, g: T) -> (T, T) {
    // SAFETY: the caller keeps the contract.
    unsafe { (g.subtract_scaled_from(sum, x), g.mul_add(g, sum)) }
}

/// The weights f(X) = min(1, (X/x_max)^α) of sixteen records, computed from ln X as
/// exp(min(0, α(ln X − ln x_max))). An exponent below −87 is replaced by −87, so that the weight is a
/// normal float.
///
/// This is plain arithmetic: the compiler vectorises it with the instructions of the function that it is
/// inlined into. The polynomial is that of Cephes' expf, with a relative error below 2e-7.
#[inline(always)]
pub(super) fn weights(ln_x: &[f32; LINE], rule: &StepRule) -> [f32; LINE] {
    // Adding 1.5·2²³ rounds a number to an integer, which is then in the low bits. Subtracting 1.5·2²³ again
    // leaves this integer as a float.
    const ROUND: f32 = 12_582_912.0;
    let mut f = [0.0; LINE];
    for k in 0..LINE {
        let t = (rule.alpha * (ln_x[k] - rule.ln_x_max)).clamp(-87.0, 0.0);
        let shifted = t * std::f32::consts::LOG2_E + ROUND;
        let n = shifted - ROUND;
        let r = t - n * 0.693_359_4 + n * 2.121_944_4e-4;
        let p = 1.987_569_1e-4;
        let p = p * r + 1.398_199_9e-3;
        let p = p * r + 8.333_452e-3;
        let p = p * r + 4.166_579_6e-2;
        let p = p * r + 1.666_666_5e-1;
        let p = p * r + 0.5;
        let exp_r = p * r * r + r + 1.0;
        let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
        f[k] = exp_r * scale;
    }
    f
}
