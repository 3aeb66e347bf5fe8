//! The optimizers, by their public names. Their arithmetic is in `kernel/step_rule.rs`, and in
//! `kernel/rowwise.rs` for row-wise AdaGrad. Their accumulators are in `accumulators.rs`.

use crate::error::{Error, Result};

/// How a gradient changes a parameter. In the formulas, x is a parameter, w a vector of parameters, g the
/// learning rate η times the gradient, and G the accumulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Optimizer {
    /// AdaGrad (Duchi et al. 2011) as Stanford's tool does it: x −= g/√G, then G += g².
    #[default]
    AdaGrad,
    /// AdaGrad with one accumulator for each vector: w −= g/√G, then G += ‖g‖²/dim. The idea is that of
    /// FBGEMM and PyTorch-BigGraph; the order of the two updates, and η within g, are those of Stanford's
    /// tool. Each bias has an accumulator of its own.
    RowwiseAdaGrad,
    /// Plain stochastic gradient descent: x −= g. Biases use the learning rate of the vectors.
    Sgd,
}

impl Optimizer {
    /// The public names, in the order of the enum.
    pub const NAMES: [&str; 3] = ["adagrad", "rowwise_adagrad", "sgd"];

    /// The optimizer with this public name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the public names, if `name` is none of them.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [Self::AdaGrad, Self::RowwiseAdaGrad, Self::Sgd];
        Error::choice("optimizer", name, Self::NAMES, values)
    }
}
