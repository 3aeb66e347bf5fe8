//! The accumulators G of AdaGrad: how many a vector has, and their value before training. `row_layout.rs` says where
//! the accumulators lie in a row of parameters. The step rules in `kernel` say how they grow.

use super::optimizer::Optimizer;

/// The value of every accumulator before training.
pub const START_ACCUMULATOR: f32 = 1.0;

/// How many accumulators a vector has. The bias of a word always has one accumulator besides these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accumulators {
    /// One accumulator for each component of the vector.
    PerComponent,
    /// One accumulator for the whole vector.
    PerVector,
}

impl Accumulators {
    /// The accumulators of a vector in rows that `optimizer` trains. [`Optimizer::Sgd`] uses no accumulators, but its
    /// rows have those of [`Optimizer::AdaGrad`], so that one row layout serves both optimizers.
    pub fn of(optimizer: Optimizer) -> Self {
        Self::rowwise(optimizer == Optimizer::RowwiseAdaGrad)
    }

    /// [`Accumulators::PerVector`] if `rowwise`, else [`Accumulators::PerComponent`].
    pub fn rowwise(rowwise: bool) -> Self {
        if rowwise {
            Self::PerVector
        } else {
            Self::PerComponent
        }
    }

    /// Number of accumulators of a vector of `dim` components.
    pub fn per_vector(self, dim: usize) -> usize {
        match self {
            Self::PerComponent => dim,
            Self::PerVector => 1,
        }
    }
}
