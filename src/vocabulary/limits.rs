//! The largest number of words, and the largest count of a word.

use crate::error::{Error, Result};

/// Largest number of words of a vocabulary, 2³¹ − 4. The three largest ids below 2³¹ are reserved: two
/// mark ends of documents and gaps in encoded text, and one stands for a dropped word while a text is encoded. Ids stay
/// below 2³¹ because the counter compares them as signed numbers.
pub const MAX_WORDS: usize = i32::MAX as usize - 3;

/// Refuse more than [`MAX_WORDS`] different words of a text: their numbers would reach the marks of encoded text.
///
/// # Errors
/// [`Error::Corpus`].
pub(crate) fn check_number_of_words(different: usize) -> Result<()> {
    if different > MAX_WORDS {
        let message = format!("the text has more than {MAX_WORDS} different words");
        return Err(Error::Corpus(message));
    }
    Ok(())
}

/// Refuse a count of 2⁶³ or more: Python receives counts as signed 64-bit numbers.
pub(super) fn check_count(count: u64) -> Result<()> {
    if i64::try_from(count).is_ok() {
        return Ok(());
    }
    let message = format!("must be below 2^63, got {count}");
    Err(Error::parameter("counts", message))
}

/// Add `more` to `count`, and refuse a sum of 2⁶³ or more.
pub(super) fn increase(count: &mut u64, more: u64) -> Result<()> {
    *count = count.saturating_add(more);
    check_count(*count)
}
