//! The keys of all workers as one vocabulary.

use super::key_table::{KeyTable, check_keys};
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::{MAX_WORDS, Vocabulary, WordId};
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// The keys of all workers as one vocabulary and, for each worker, the rank in this vocabulary of each of its keys, in
/// the order of the keys' numbers.
pub(super) fn merged(
    tables: Vec<KeyTable>,
    monitor: &Monitor,
) -> Result<(Vocabulary, Vec<Vec<WordId>>)> {
    let parts: Result<Vec<Arc<Vocabulary>>> = tables
        .into_par_iter()
        .map(|keys| keys.into_words().map(Arc::new))
        .collect();
    let parts = parts?;
    let all = Vocabulary::merged(&parts).map_err(|error| match error {
        Error::Parameter { .. } => check_keys(MAX_WORDS + 1).expect_err("too many keys"),
        other => other,
    })?;
    let mut words: Vec<(&[u8], u64)> = fallible::with_capacity(all.len())?;
    words.extend(all.iter());
    if words.is_empty() {
        let message = "table must have rows: it has none, so there is nothing to count";
        return Err(Error::Corpus(message.to_owned()));
    }
    let (vocabulary, _) = Vocabulary::choose(&words, Path::new("table"), 0, None, monitor)?;
    vocabulary.build_index(monitor)?;
    let ranks: Result<Vec<Vec<WordId>>> = parts
        .par_iter()
        .map(|part| {
            let rank = |id| {
                vocabulary
                    .index_of(part.word(id))
                    .expect("a key of a worker")
            };
            fallible::collect((0..part.len() as WordId).map(rank))
        })
        .collect();
    Ok((vocabulary, ranks?))
}
