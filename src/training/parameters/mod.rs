//! W, W̃, b, b̃ and their AdaGrad accumulators.

mod exported;
mod matrices;
mod random;
mod row_mut;
mod side;
mod view;

pub use exported::Exported;
pub use matrices::Parameters;
pub(super) use row_mut::RowMut;
pub(crate) use view::ParametersView;
