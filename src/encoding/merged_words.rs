//! Merges the words that the workers numbered: each word once, with the sum of its counts.

use super::interned_word::InternedWord;
use super::interner::Interner;
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::{POLL_WORDS, WordId, check_number_of_words};
use hashbrown::HashTable;
use rayon::prelude::*;

/// The words of all interners, each once, with the sum of its counts.
#[derive(Default)]
pub(super) struct MergedWords<'a> {
    /// The words with their counts.
    pub words: Vec<(&'a [u8], u64)>,
    /// For each word of each interner, the index of this word in `words`.
    pub numbers: Vec<Vec<u32>>,
}

/// The words that one task of [`MergedWords::of`] merges: the words with certain hashes, of all
/// interners except the largest. A word of an interner is written as (index of the interner, number
/// of the word in this interner).
#[derive(Default)]
struct MergedBucket<'a> {
    // Words that the largest interner has too: the word, its number in the largest interner, and the
    // count to add to its count in the largest interner.
    known: Vec<((usize, WordId), WordId, u64)>,
    // Words that the largest interner does not have, each once, and their counts.
    fresh: Vec<(&'a [u8], u64)>,
    // The words of interners that are in `fresh`: the word of the interner, and its index in `fresh`.
    in_fresh: Vec<((usize, WordId), u32)>,
}

impl<'a> MergedWords<'a> {
    /// The words of all interners. The words of the largest interner come first.
    ///
    /// # Errors
    /// [`crate::Error::Corpus`] for more than 2³¹ − 4 different words; [`crate::Error::Memory`],
    /// [`crate::Error::Cancelled`].
    pub fn of(interners: &'a [Interner], monitor: &Monitor) -> Result<Self> {
        let size = |&index: &usize| interners[index].table.len();
        let Some(largest_index) = (0..interners.len()).max_by_key(size) else {
            return Ok(Self::default());
        };
        let largest = &interners[largest_index];
        let mut words = largest.words()?;
        let mut numbers: Vec<Vec<u32>> = interners
            .iter()
            .map(|interner| fallible::zeroed(interner.table.len()))
            .collect::<Result<_>>()?;
        for (number, index) in numbers[largest_index].iter_mut().zip(0..) {
            *number = index;
        }
        // Each task merges the words with certain hashes, so that no word is merged by two tasks.
        let tasks = rayon::current_num_threads() as u64;
        let merged: Result<Vec<MergedBucket<'_>>> = (0..tasks)
            .into_par_iter()
            .map(|task| {
                let mut merged = MergedBucket::default();
                let mut table: HashTable<u32> = HashTable::new();
                for (index, interner) in interners.iter().enumerate() {
                    if index == largest_index {
                        continue;
                    }
                    for (number, entry) in interner.table.iter().enumerate() {
                        if number.is_multiple_of(POLL_WORDS) {
                            monitor.check()?;
                        }
                        let hash = entry.hash();
                        if (hash >> 32) % tasks != task {
                            continue;
                        }
                        let word = entry.bytes(&interner.long);
                        let own = (index, entry.id);
                        if let Some(id) = largest.id_of(word, hash) {
                            fallible::push(&mut merged.known, (own, id, entry.count))?;
                            continue;
                        }
                        let fresh = &mut merged.fresh;
                        let found = table.find(hash, |&i| fresh[i as usize].0 == word);
                        let id = if let Some(&id) = found {
                            fresh[id as usize].1 += entry.count;
                            id
                        } else {
                            check_number_of_words(fresh.len() + 1)?;
                            let id = fresh.len() as u32;
                            let hash_of = |&i: &u32| InternedWord::new(fresh[i as usize].0).hash();
                            fallible::reserve_in_table(&mut table, 1, hash_of)?;
                            table.insert_unique(hash, id, hash_of);
                            fallible::push(fresh, (word, entry.count))?;
                            id
                        };
                        fallible::push(&mut merged.in_fresh, (own, id))?;
                    }
                }
                Ok(merged)
            })
            .collect();
        for bucket in merged? {
            // Ensure that the numbers of all words stay below the marks of encoded text.
            check_number_of_words(words.len() + bucket.fresh.len())?;
            for ((index, own), number, count) in bucket.known {
                words[number as usize].1 += count;
                numbers[index][own as usize] = number;
            }
            for ((index, own), number) in bucket.in_fresh {
                numbers[index][own as usize] = words.len() as u32 + number;
            }
            fallible::reserve(&mut words, bucket.fresh.len())?;
            words.extend(bucket.fresh);
        }
        Ok(Self { words, numbers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn merged_counts_are_the_counts_of_the_whole(left in proptest::collection::vec("[a-c]{1,20}", 0..40),
                right in proptest::collection::vec("[a-c]{1,20}", 0..40)) {
            let mut interners = vec![];
            let mut expected = std::collections::BTreeMap::new();
            for words in [&left, &right] {
                let mut interner = Interner::default();
                for word in words {
                    interner.intern(word.as_bytes());
                    *expected.entry(word.as_bytes()).or_insert(0u64) += 1;
                }
                interners.push(interner);
            }
            let merged: std::collections::BTreeMap<_, _> = MergedWords::of(&interners, &Monitor::new()).unwrap().words.into_iter().collect();
            prop_assert_eq!(merged, expected);
        }
    }
}
