//! What `load.rs` returns: the vectors of a file with their words.

use super::word_list::WordList;

/// Default limit on the length of a line of a text, in bytes: room for more than a million numbers.
pub const MAX_LINE_BYTES: usize = 64 << 20;

/// Vectors of a file with their words. The words differ from each other.
#[derive(Debug)]
pub struct LoadedVectors<E> {
    /// The words.
    pub words: WordList,
    /// The vectors of the words: V × dim, row-major.
    pub matrix: Vec<E>,
    /// Number of components of a vector.
    pub dim: usize,
    /// The word of each vector that was left out because an earlier vector has the same word.
    pub repeated: WordList,
    /// Words of a text file that end in a separator and a number, such as "psalm 22". The line of such a word may be
    /// malformed: it may have one number too many.
    pub doubtful: WordList,
    /// Words whose vectors hold NaN or infinity.
    pub not_finite: WordList,
}
