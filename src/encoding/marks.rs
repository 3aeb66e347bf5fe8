//! The numbers in encoded text, and in tables of ranks, that are not ranks of words.

use crate::vocabulary::WordId;

/// Marks the end of a document in encoded text. Larger than the id of any word.
pub const DOCUMENT_END: WordId = i32::MAX as WordId;

/// Marks a word outside the vocabulary if [`EncodingOptions::keep_gaps`](super::EncodingOptions::keep_gaps) is set. The
/// mark counts as a word in distances.
pub const GAP: WordId = DOCUMENT_END - 1;

/// Takes the place of a rank for a word that is left out of the encoded text, in the tables that
/// give the rank of each word of an interner. Encoded text never contains this mark.
pub(crate) const DROPPED: WordId = DOCUMENT_END - 2;
