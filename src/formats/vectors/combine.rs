//! Combines the two vectors of a word, w and w̃, into one.

use crate::error::{Error, Result};
use crate::float16::Element;

/// How the vectors w and w̃ of a word are combined into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Combine {
    /// w + w̃, the paper's choice.
    #[default]
    Sum,
    /// (w + w̃)/2
    Mean,
    /// w
    Word,
    /// w̃
    Context,
    /// w and then w̃, twice as many components.
    Concat,
}

impl Combine {
    /// The public names, in the order of the variants.
    pub const NAMES: [&str; 5] = ["sum", "mean", "word", "context", "concat"];

    /// The combination with this public name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [
            Self::Sum,
            Self::Mean,
            Self::Word,
            Self::Context,
            Self::Concat,
        ];
        Error::choice("combine", name, Self::NAMES, values)
    }

    /// Number of components of the combination of two vectors of `dim` components.
    pub(super) fn components(self, dim: usize) -> usize {
        dim * if self == Self::Concat { 2 } else { 1 }
    }

    /// Append the combination of w and w̃ (`c`) to `matrix`. The numbers of w and w̃ are little-endian f64. They are
    /// combined in f64, and the result is rounded to `E`.
    pub(super) fn extend<E: Element>(self, matrix: &mut Vec<E>, w: &[[u8; 8]], c: &[[u8; 8]]) {
        let number = |bytes: &[u8; 8]| f64::from_le_bytes(*bytes);
        let rounded = |x: f64| E::from_f32(x as f32);
        let sums = w.iter().zip(c).map(|(w, c)| number(w) + number(c));
        match self {
            Self::Sum => matrix.extend(sums.map(rounded)),
            Self::Mean => matrix.extend(sums.map(|sum| rounded(sum / 2.0))),
            Self::Word => matrix.extend(w.iter().map(number).map(rounded)),
            Self::Context => matrix.extend(c.iter().map(number).map(rounded)),
            Self::Concat => matrix.extend(w.iter().chain(c).map(number).map(rounded)),
        }
    }
}
