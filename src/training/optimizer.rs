//! The optimizers, by their public names.

use crate::error::{Error, Result};

/// How a gradient changes a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Optimizer {
    /// AdaGrad (Duchi et al. 2011) as Stanford's tool does it: x −= g/√G, then G += g².
    #[default]
    AdaGrad,
    /// AdaGrad with one accumulator for each vector. The idea is that of FBGEMM and PyTorch-BigGraph; the order,
    /// and η within g, are those of Stanford's tool: w −= g/√G, then G += ‖g‖²/dim. Each bias has its own
    /// accumulator.
    RowwiseAdaGrad,
    /// Plain stochastic gradient descent: x −= g. Biases take the learning rate, too.
    Sgd,
}

impl Optimizer {
    /// The public names, in the order of the enum.
    pub const NAMES: [&str; 3] = ["adagrad", "rowwise_adagrad", "sgd"];

    /// The optimizer with this public name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [Self::AdaGrad, Self::RowwiseAdaGrad, Self::Sgd];
        Error::choice("optimizer", name, Self::NAMES, values)
    }
}
