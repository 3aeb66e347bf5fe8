//! The vectors of a file, and how long a line of it may be.

use super::word_list::WordList;

/// The default limit of a line of text in bytes: more than a million numbers.
pub const MAX_LINE_BYTES: usize = 64 << 20;

/// Vectors of a file with their words, all different.
#[derive(Debug)]
pub struct Loaded<E> {
    /// The words.
    pub words: WordList,
    /// Their vectors: V × dim, row-major.
    pub matrix: Vec<E>,
    /// Number of components of a vector.
    pub dim: usize,
    /// The word of each vector that was left out because an earlier vector has the same word.
    pub repeated: WordList,
    /// Words of a text that end in a number after a space: of such a line it cannot be told whether
    /// it has a number too many.
    pub doubtful: WordList,
    /// Words whose vectors hold NaN or infinity.
    pub not_finite: WordList,
}
