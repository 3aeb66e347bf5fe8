//! Combines the vocabularies of several texts.

use super::limits::increase;
use super::words::{POLL_WORDS, Vocabulary, WordId, hash};
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use hashbrown::HashTable;
use std::sync::Arc;

impl Vocabulary {
    /// The union of two vocabularies, and the new ranks of the words of each.
    ///
    /// The union of two equal vocabularies is the same vocabulary, with its counts unchanged: two texts that were
    /// counted with the same given vocabulary both have this vocabulary. Otherwise counts add up, and the order is that
    /// of [`Vocabulary::prune`].
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] if the counts of a word add up to 2⁶³ or more; [`crate::Error::Memory`],
    /// [`crate::Error::Cancelled`].
    pub fn union(&self, other: &Self, monitor: &Monitor) -> Result<(Self, [Vec<WordId>; 2])> {
        if self == other {
            let same = || fallible::collect(0..self.len() as WordId);
            return Ok((self.clone(), [same()?, same()?]));
        }
        self.build_index(monitor)?;
        let mut words: Vec<(&[u8], u64)> = fallible::with_capacity(self.len() + other.len())?;
        words.extend(self.iter());
        for (word, count) in other.iter() {
            match self.index_of(word) {
                Some(id) => increase(&mut words[id as usize].1, count)?,
                None => words.push((word, count)),
            }
        }
        let union = Self::prune(&words, 0, None, monitor)?;
        union.build_index(monitor)?;
        let ranks = |part: &Self| {
            let mut ranks = fallible::with_capacity(part.len())?;
            let rank = |(word, _)| union.index_of(word).expect("a word of the union");
            ranks.extend(part.iter().map(rank));
            Ok(ranks)
        };
        let ranks = [ranks(self)?, ranks(other)?];
        Ok((union, ranks))
    }

    /// The words of all parts in the order of first occurrence, with the sums of their counts.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] if the counts of a word add up to 2⁶³ or more, or if there are more than 2³¹ − 4
    /// words; [`crate::Error::Memory`].
    pub fn merged(parts: &[Arc<Self>]) -> Result<Self> {
        let mut merged = Self::default();
        let mut index: HashTable<WordId> = HashTable::new();
        for (word, count) in parts.iter().flat_map(|part| part.iter()) {
            let hash = hash(word);
            if let Some(&id) = index.find(hash, |&id| merged.word(id) == word) {
                increase(&mut merged.counts[id as usize], count)?;
            } else {
                let id = merged.len() as WordId;
                merged.add(word, count)?;
                let hash_of = |&id: &WordId| self::hash(merged.word(id));
                fallible::reserve_in_table(&mut index, 1, hash_of)?;
                index.insert_unique(hash, id, hash_of);
            }
        }
        Ok(merged)
    }

    /// The same words with the counts of `other`; 0 for words that `other` lacks.
    #[must_use]
    pub fn counted(&self, other: &Self) -> Self {
        let mut counted = self.clone();
        counted.counts.fill(0);
        for (word, count) in other.iter() {
            if let Some(id) = self.index_of(word) {
                counted.counts[id as usize] = count;
            }
        }
        counted
    }

    /// This vocabulary, extended by a text whose words and counts are `words`. `rare` holds the
    /// words that were too rare for this vocabulary, with their counts so far. Words of this
    /// vocabulary keep their ranks; counts add up. Other words that now occur at least `min_count`
    /// times are appended, most frequent first, as long as the vocabulary has fewer than `most`
    /// words. Also returns the words that are still left out.
    ///
    /// # Errors
    /// As for [`Vocabulary::union`].
    pub fn grown(
        &self,
        rare: &Self,
        words: &[(&[u8], u64)],
        min_count: u64,
        most: usize,
        monitor: &Monitor,
    ) -> Result<(Self, Self)> {
        self.build_index(monitor)?;
        rare.build_index(monitor)?;
        let mut others: Vec<(&[u8], u64)> = fallible::with_capacity(rare.len() + words.len())?;
        others.extend(rare.iter());
        let mut own: Vec<(&[u8], u64)> = fallible::with_capacity(self.len() + others.len())?;
        own.extend(self.iter());
        for &(word, count) in words {
            match (self.index_of(word), rare.index_of(word)) {
                (Some(id), _) => increase(&mut own[id as usize].1, count)?,
                (None, Some(id)) => increase(&mut others[id as usize].1, count)?,
                (None, None) => others.push((word, count)),
            }
        }
        let room = most.saturating_sub(self.len());
        let new = Self::prune(&others, min_count, Some(room), monitor)?;
        own.extend(new.iter());
        let grown = Self::of(&own, monitor)?;
        let left = grown.without(&others, monitor)?;
        Ok((grown, left))
    }

    /// The words of `words` that are not in this vocabulary.
    ///
    /// # Errors
    /// [`crate::Error::Memory`], [`crate::Error::Cancelled`].
    pub fn without(&self, words: &[(&[u8], u64)], monitor: &Monitor) -> Result<Self> {
        self.build_index(monitor)?;
        let mut rest = Vec::new();
        for (number, &word) in words.iter().enumerate() {
            if number.is_multiple_of(POLL_WORDS) {
                monitor.check()?;
            }
            if self.index_of(word.0).is_none() {
                fallible::push(&mut rest, word)?;
            }
        }
        Self::of(&rest, monitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_text_adds_words_behind_the_old_ones() {
        let v = Vocabulary::new([("b", 9), ("a", 5)]).unwrap();
        let rare = Vocabulary::new([("x", 4), ("y", 1)]).unwrap();
        let words = [(&b"x"[..], 1), (b"a", 7), (b"z", 6), (b"y", 3), (b"q", 1)];
        let (grown, left) = v.grown(&rare, &words, 5, 10, &Monitor::new()).unwrap();
        let all: Vec<_> = grown.iter().collect();
        assert_eq!(all, [(&b"b"[..], 9), (b"a", 12), (b"z", 6), (b"x", 5)]);
        assert_eq!(grown.index_of(b"x"), Some(3));
        let all: Vec<_> = left.iter().collect();
        assert_eq!(all, [(&b"y"[..], 4), (b"q", 1)]);
        let (full, left) = v.grown(&rare, &words, 5, 3, &Monitor::new()).unwrap();
        assert_eq!((full.len(), full.word(2), left.len()), (3, &b"z"[..], 3));
    }

    #[test]
    fn counts_that_add_up_beyond_the_largest_are_refused() {
        let [a, b] = [[("a", u64::MAX >> 1), ("b", 1)], [("a", 1), ("b", 2)]]
            .map(|words| Vocabulary::new(words).unwrap());
        let words: Vec<_> = b.iter().collect();
        let empty = Vocabulary::default();
        for error in [
            a.union(&b, &Monitor::new()).unwrap_err(),
            Vocabulary::merged(&[Arc::new(a.clone()), Arc::new(b.clone())]).unwrap_err(),
            a.grown(&empty, &words, 1, 10, &Monitor::new()).unwrap_err(),
        ] {
            assert!(error.to_string().contains("below 2^63"), "{error}");
        }
    }
}
