//! The names of the formats that vectors are read from.

use crate::error::{Error, Result};

/// The formats that vectors are read from. Files for other programs are written in one of the
/// layouts of [`Layout`](super::write::Layout). Layouts that differ only in how numbers are
/// formatted are read as the same format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text without a header, as GloVe files are.
    Glove,
    /// Text after a line `V dim`: word2vec's, and fastText's `.vec`.
    Word2Vec,
    /// word2vec's binary format.
    Word2VecBinary,
    /// The `.bin` of Stanford's `glove`. It holds no words: the caller gives its vocabulary.
    Stanford,
    /// This package's own format (see [`native`](super::native)).
    Native,
}

impl Format {
    /// The public names, in the order of the variants.
    pub const NAMES: [&str; 5] = ["glove", "word2vec", "word2vec_binary", "stanford", "native"];

    /// The format with this public name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [
            Self::Glove,
            Self::Word2Vec,
            Self::Word2VecBinary,
            Self::Stanford,
            Self::Native,
        ];
        Error::choice("format", name, Self::NAMES, values)
    }
}
