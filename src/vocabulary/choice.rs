//! Chooses the words of a text that become its vocabulary, and their order.

use super::limits::MAX_WORDS;
use super::sorting::sorted;
use super::stanford_order::{compare_c_strings, stanford_bucket};
use super::words::{Vocabulary, WordId};
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::monitor::Monitor;
use std::path::Path;

impl Vocabulary {
    /// A vocabulary of those of `words` that occur at least `min_count` times, or of the `max_vocab` most frequent of
    /// them.
    ///
    /// The order is that of Stanford's `vocab_count`: most frequent first, and equally frequent words in the
    /// order of C strings. If `max_vocab` keeps only some of the words with the same count, it keeps those that
    /// `vocab_count` keeps: they are picked by a hash, not by the alphabet.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Cancelled`].
    pub fn prune(
        words: &[(&[u8], u64)],
        min_count: u64,
        max_vocab: Option<usize>,
        monitor: &Monitor,
    ) -> Result<Self> {
        let order = Self::order(words, min_count, max_vocab, monitor)?;
        Self::of_some(words, order.into_iter(), monitor)
    }

    /// The indices in `words` of the words that [`Vocabulary::prune`] keeps, in the order of their
    /// ranks.
    pub(crate) fn order(
        words: &[(&[u8], u64)],
        min_count: u64,
        max_vocab: Option<usize>,
        monitor: &Monitor,
    ) -> Result<Vec<u32>> {
        let is_frequent = |&(_, word): &(usize, &(&[u8], u64))| word.1 >= min_count;
        let number = words.iter().enumerate().filter(is_frequent).count();
        let mut kept = fallible::with_capacity(number)?;
        let frequent = words.iter().enumerate().filter(is_frequent);
        kept.extend(frequent.map(|(index, &(word, count))| (word, count, index as u32)));
        let most = max_vocab.unwrap_or(MAX_WORDS).min(MAX_WORDS);
        if most < kept.len() {
            kept = sorted(kept, monitor, |a, b| {
                b.1.cmp(&a.1)
                    .then_with(|| stanford_bucket(a.0).cmp(&stanford_bucket(b.0)))
                    .then_with(|| compare_c_strings(a.0, b.0))
            })?;
            kept.truncate(most);
        }
        let kept = sorted(kept, monitor, |a, b| {
            b.1.cmp(&a.1).then_with(|| compare_c_strings(a.0, b.0))
        })?;
        fallible::collect(kept.iter().map(|word| word.2))
    }

    /// The vocabulary that [`Vocabulary::prune`] makes of `words`, and the rank of each of `words`;
    /// `None` for words that are left out. Errors call the text `name`.
    ///
    /// # Errors
    /// [`Error::Corpus`] if the text has no words, or if no word occurs `min_count` times;
    /// otherwise as for [`Vocabulary::prune`].
    pub fn choose(
        words: &[(&[u8], u64)],
        name: &Path,
        min_count: u64,
        max_vocab: Option<usize>,
        monitor: &Monitor,
    ) -> Result<(Self, Vec<Option<WordId>>)> {
        let name = name.display();
        let different = words.len();
        if different == 0 {
            let message = format!("{name}: there are no words in the text");
            return Err(Error::Corpus(message));
        }
        let order = Self::order(words, min_count, max_vocab, monitor)?;
        if order.is_empty() {
            let most = words.iter().map(|w| w.1).max().unwrap_or(0);
            return Err(Error::Corpus(format!(
                "{name}: no words left: all {different} different words occur fewer than \
                 min_count={min_count} times (the most frequent one occurs {most} times); \
                 lower min_count"
            )));
        }
        let mut ranks = fallible::filled(None, words.len())?;
        for (rank, &index) in order.iter().enumerate() {
            ranks[index as usize] = Some(rank as WordId);
        }
        Ok((Self::of_some(words, order.into_iter(), monitor)?, ranks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equally_frequent_words_come_in_the_order_of_c_strings() {
        let words = ["sabha", "são", "sa", "sé"]
            .map(|w| (w.as_bytes(), 4))
            .to_vec();
        let v = Vocabulary::prune(&words, 1, None, &Monitor::new()).unwrap();
        let order: Vec<_> = v.iter().map(|(w, _)| String::from_utf8_lossy(w)).collect();
        assert_eq!(order, ["são", "sé", "sa", "sabha"]);
    }

    #[test]
    fn pruning_orders_by_count_first() {
        let words = vec![(&b"b"[..], 2), (b"a", 2), (b"z", 9), (b"rare", 1)];
        let v = Vocabulary::prune(&words, 2, None, &Monitor::new()).unwrap();
        assert_eq!(
            v.iter().collect::<Vec<_>>(),
            [(&b"z"[..], 9), (b"a", 2), (b"b", 2)]
        );
        assert_eq!(
            Vocabulary::prune(&words, 1, Some(2), &Monitor::new())
                .unwrap()
                .len(),
            2
        );
    }
}
