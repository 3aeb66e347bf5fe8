//! Recognises what a file is by its first bytes.

use super::byte_order_mark::has_mark;
use super::kind::FileKind;
use super::text::is_text;
use super::{numbers, signatures, text};

/// Number of bytes at the beginning of a file that are examined to recognise it.
pub(crate) const BEGINNING_BYTES: usize = 1 << 16;

impl FileKind {
    /// The kind of a file with this beginning, if the beginning alone shows it: by a signature, by
    /// its binary numbers, or by the form of its first lines (at most 50). `whole` says that
    /// `beginning` is the whole file. Prose is not recognised: the result is `None`.
    pub fn of_beginning(beginning: &[u8], whole: bool) -> Option<Self> {
        if beginning.is_empty() {
            return whole.then_some(Self::Empty);
        }
        let told = signatures::of(beginning);
        if told.is_some() || has_mark(beginning) {
            return told;
        }
        let is_text = is_text(beginning);
        if !is_text && numbers::has_header(beginning) {
            let are_vectors = numbers::are_word2vec_binary(beginning);
            return are_vectors.then_some(Self::Vectors);
        }
        let told = text::of(beginning, whole);
        if told.is_some() || is_text {
            return told;
        }
        if numbers::are_records(beginning) {
            return Some(Self::Records);
        }
        numbers::are_numbers(beginning).then_some(Self::Parameters)
    }
}
