//! Sets of byte strings.

use crate::error::{Error, Result};
use crate::memory::fallible;
use foldhash::fast::RandomState;
use hashbrown::HashSet;

/// A set of byte strings.
pub type ByteStringSet = HashSet<Box<[u8]>, RandomState>;

/// The words of a list, each once.
///
/// # Errors
/// [`Error::Memory`].
pub fn byte_string_set<W: AsRef<[u8]>>(words: &[W]) -> Result<ByteStringSet> {
    let mut set = ByteStringSet::default();
    let bytes = size_of_val(words);
    set.try_reserve(words.len())
        .map_err(|_| Error::Memory { bytes })?;
    for word in words {
        set.insert(fallible::copied(word.as_ref())?.into_boxed_slice());
    }
    Ok(set)
}
