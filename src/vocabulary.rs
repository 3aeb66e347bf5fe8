//! The vocabulary: words with their counts and ranks.

use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::monitor::Monitor;
use foldhash::fast::FixedState;
use hashbrown::{HashTable, hash_table};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The number of a word in its vocabulary, from 0: its frequency rank, unless the vocabulary is given in another order.
pub type WordId = u32;

/// Different words with their counts. The vocabulary of a text has its most frequent words first (see
/// [`Vocabulary::prune`]).
///
/// ```
/// let v = glove_rs::Vocabulary::new([("a", 2), ("apple", 3)]).unwrap();
/// assert_eq!(v.word(0), b"a");          // given vocabularies keep their order
/// assert_eq!(v.index_of(b"apple"), Some(1));
/// ```
#[derive(Debug, Default)]
pub struct Vocabulary {
    bytes: Vec<u8>,
    // Word i is bytes[ends[i - 1]..ends[i]]; word 0 starts at 0.
    ends: Vec<usize>,
    counts: Vec<u64>,
    index: OnceLock<HashTable<WordId>>,
}

impl Clone for Vocabulary {
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
            ends: self.ends.clone(),
            counts: self.counts.clone(),
            index: OnceLock::new(),
        }
    }
}

impl PartialEq for Vocabulary {
    fn eq(&self, other: &Self) -> bool {
        self.ends == other.ends && self.bytes == other.bytes && self.counts == other.counts
    }
}

/// Collects words in the order given. The words must be different, which is not checked.
impl<'a> FromIterator<(&'a [u8], u64)> for Vocabulary {
    fn from_iter<I: IntoIterator<Item = (&'a [u8], u64)>>(words: I) -> Self {
        let mut vocabulary = Self::default();
        for (word, count) in words {
            vocabulary.push(word, count);
        }
        vocabulary
    }
}

impl Vocabulary {
    /// A vocabulary of these words, in the order given.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a word is empty or appears twice, if a count is 2⁶³ or more, or if
    /// there are more than 2³¹ − 4 words; [`Error::Memory`].
    pub fn new<W: AsRef<[u8]>>(words: impl IntoIterator<Item = (W, u64)>) -> Result<Self> {
        let mut vocabulary = Self::default();
        for (word, count) in words {
            vocabulary.add(word.as_ref(), count)?;
        }
        vocabulary.all_different()
    }

    /// Append a word. Unless the caller knows that all words are different, it must call
    /// [`Vocabulary::all_different`] at the end.
    ///
    /// # Errors
    /// As for [`Vocabulary::new`], except that a word may appear twice.
    pub(crate) fn add(&mut self, word: &[u8], count: u64) -> Result<()> {
        if word.is_empty() {
            return Err(Error::parameter(
                "words",
                format!("must not be empty, but word number {} is", self.len()),
            ));
        }
        if self.len() == MAX_WORDS {
            return Err(Error::parameter(
                "words",
                format!("must be at most {MAX_WORDS}, got more"),
            ));
        }
        check_count(count)?;
        fallible::reserve(&mut self.bytes, word.len())?;
        fallible::reserve(&mut self.ends, 1)?;
        fallible::reserve(&mut self.counts, 1)?;
        self.push(word, count);
        Ok(())
    }

    /// This vocabulary, unless a word appears twice.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a word appears twice; [`Error::Memory`].
    pub(crate) fn all_different(self) -> Result<Self> {
        self.all_different_or(|_, error| error)
    }

    /// Like [`Vocabulary::all_different`], but `refuse` may change the error. It receives the rank of the first word
    /// that repeats another, and the error.
    ///
    /// # Errors
    /// What `refuse` returns, if a word appears twice; [`Error::Memory`].
    pub(crate) fn all_different_or(
        self,
        refuse: impl FnOnce(usize, Error) -> Error,
    ) -> Result<Self> {
        let mut table = HashTable::new();
        let hash_of = |&id: &WordId| hash(self.word(id));
        fallible::reserve_in_table(&mut table, self.len(), hash_of)?;
        if let Some(twice) = self.fill_index(&mut table) {
            let word = String::from_utf8_lossy(self.word(twice));
            let message = format!("must be different: {word:?} appears twice");
            return Err(refuse(twice as usize, Error::parameter("words", message)));
        }
        let _ = self.index.set(table);
        Ok(self)
    }

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

    /// A vocabulary of these words, in this order. The words must be different.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Cancelled`].
    pub fn of(words: &[(&[u8], u64)], monitor: &Monitor) -> Result<Self> {
        Self::of_some(words, 0..words.len() as u32, monitor)
    }

    /// A vocabulary of the words at the `indices` of `words`, in the order of `indices`.
    fn of_some(
        words: &[(&[u8], u64)],
        indices: impl ExactSizeIterator<Item = u32> + Clone,
        monitor: &Monitor,
    ) -> Result<Self> {
        let chosen = indices.map(|index| words[index as usize]);
        let mut vocabulary = Self::default();
        fallible::reserve(&mut vocabulary.ends, chosen.len())?;
        fallible::reserve(&mut vocabulary.counts, chosen.len())?;
        let bytes = chosen.clone().map(|(word, _)| word.len()).sum();
        fallible::reserve(&mut vocabulary.bytes, bytes)?;
        for (number, (word, count)) in chosen.enumerate() {
            if number.is_multiple_of(POLL_WORDS) {
                monitor.check()?;
            }
            vocabulary.push(word, count);
        }
        Ok(vocabulary)
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

    /// The union of two vocabularies, and the new ranks of the words of each.
    ///
    /// Two texts that were counted with the same given words have equal vocabularies. Their union is that
    /// vocabulary, with its counts unchanged. Otherwise counts add up, and the order is that of
    /// [`Vocabulary::prune`].
    ///
    /// # Errors
    /// [`Error::Parameter`] if the counts of a word add up to 2⁶³ or more; [`Error::Memory`],
    /// [`Error::Cancelled`].
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
    /// [`Error::Parameter`] if the counts of a word add up to 2⁶³ or more, or if there are more than 2³¹ − 4
    /// words; [`Error::Memory`].
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

    /// Number of bytes of memory that the vocabulary takes, without the index of [`Vocabulary::index_of`].
    pub fn bytes(&self) -> usize {
        self.bytes.len() + size_of_val(&self.ends[..]) + size_of_val(&self.counts[..])
    }

    /// The words, one directly after the other, and the end of each.
    pub fn text(&self) -> (&[u8], &[usize]) {
        (&self.bytes, &self.ends)
    }

    /// A vocabulary from what [`Vocabulary::text`] and [`Vocabulary::counts`] return. Repeated words are not
    /// noticed.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming `ends` if they do not divide `bytes` into a word for each count.
    pub fn from_parts(bytes: Vec<u8>, ends: Vec<usize>, counts: Vec<u64>) -> Result<Self> {
        let last = ends.last().copied().unwrap_or(0);
        if ends.len() != counts.len() || last != bytes.len() || !ends.is_sorted() {
            let message = format!(
                "must divide {} bytes into {} words, got {} ends",
                bytes.len(),
                counts.len(),
                ends.len()
            );
            return Err(Error::parameter("ends", message));
        }
        Ok(Self {
            bytes,
            ends,
            counts,
            index: OnceLock::new(),
        })
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
    /// [`Error::Memory`], [`Error::Cancelled`].
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

    fn push(&mut self, word: &[u8], count: u64) {
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len());
        self.counts.push(count);
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The word of rank `id`.
    pub fn word(&self, id: WordId) -> &[u8] {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.bytes[start..self.ends[id]]
    }

    /// The count of each word.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Words with their counts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u64)> {
        (0..self.len() as WordId).map(|id| (self.word(id), self.counts[id as usize]))
    }

    /// The rank of `word`; `None` if the vocabulary does not have it.
    pub fn index_of(&self, word: &[u8]) -> Option<WordId> {
        let table = self.index.get_or_init(|| {
            let mut table = HashTable::with_capacity(self.len());
            self.fill_index(&mut table);
            table
        });
        table.find(hash(word), |&id| self.word(id) == word).copied()
    }

    /// Build the index of [`Vocabulary::index_of`] now, instead of in its first call.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Cancelled`].
    pub fn build_index(&self, monitor: &Monitor) -> Result<()> {
        if self.index.get().is_some() {
            return Ok(());
        }
        let mut table = HashTable::new();
        fallible::reserve_in_table(&mut table, self.len(), |_| 0)?;
        for id in 0..self.len() as WordId {
            if (id as usize).is_multiple_of(POLL_WORDS) {
                monitor.check()?;
            }
            // Room was reserved above, so the table does not grow and hash its words again.
            table.insert_unique(hash(self.word(id)), id, |&id| hash(self.word(id)));
        }
        let _ = self.index.set(table);
        Ok(())
    }

    /// Fill `table` with the words. Returns the first word that appears a second time.
    fn fill_index(&self, table: &mut HashTable<WordId>) -> Option<WordId> {
        let mut duplicate = None;
        for id in 0..self.len() as WordId {
            let word = self.word(id);
            match table.entry(
                hash(word),
                |&i| self.word(i) == word,
                |&i| hash(self.word(i)),
            ) {
                hash_table::Entry::Occupied(_) => {
                    duplicate = duplicate.or(Some(id));
                }
                hash_table::Entry::Vacant(slot) => {
                    slot.insert(id);
                }
            }
        }
        duplicate
    }
}

/// Refuse a count of 2⁶³ or more: Python receives counts as signed 64-bit numbers.
fn check_count(count: u64) -> Result<()> {
    if i64::try_from(count).is_ok() {
        return Ok(());
    }
    let message = format!("must be below 2^63, got {count}");
    Err(Error::parameter("counts", message))
}

/// Add to a count.
fn increase(count: &mut u64, more: u64) -> Result<()> {
    *count = count.saturating_add(more);
    check_count(*count)
}

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

/// Number of words between two checks of the monitor.
const POLL_WORDS: usize = 1 << 14;

/// Sort different words. Runs of words are sorted and then merged, so that the caller can interrupt
/// the sorting of millions of words.
fn sorted<T: Copy + Send + Sync>(
    mut words: Vec<T>,
    monitor: &Monitor,
    compare: impl Fn(&T, &T) -> Ordering + Sync,
) -> Result<Vec<T>> {
    const RUN: usize = 1 << 16;
    if words.len() <= RUN {
        words.sort_unstable_by(compare);
        return Ok(words);
    }
    words.par_chunks_mut(RUN).try_for_each(|run| {
        monitor.check()?;
        run.sort_unstable_by(&compare);
        Ok(())
    })?;
    let mut spare = fallible::copied(&words)?;
    let mut width = RUN;
    while width < words.len() {
        let pairs = words
            .par_chunks(2 * width)
            .zip(spare.par_chunks_mut(2 * width));
        pairs.try_for_each(|(from, to)| {
            let (mut left, mut right) = from.split_at(width.min(from.len()));
            for to in to.chunks_mut(POLL_WORDS) {
                monitor.check()?;
                for out in to {
                    let takes_left = match (left.first(), right.first()) {
                        (Some(a), Some(b)) => compare(a, b) != Ordering::Greater,
                        (first, _) => first.is_some(),
                    };
                    let side = if takes_left { &mut left } else { &mut right };
                    if let Some((&word, rest)) = side.split_first() {
                        *out = word;
                        *side = rest;
                    }
                }
            }
            Ok(())
        })?;
        std::mem::swap(&mut words, &mut spare);
        width *= 2;
    }
    Ok(words)
}

/// Compare as C compares strings of signed bytes that end with a zero byte: "é" comes before "a".
fn compare_c_strings(a: &[u8], b: &[u8]) -> Ordering {
    let at = |word: &[u8], i: usize| word.get(i).map_or(0, |&byte| byte as i8);
    let common = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    at(a, common)
        .cmp(&at(b, common))
        .then_with(|| a.len().cmp(&b.len()))
}

/// The slot of a word in the hash table of Stanford's `vocab_count` (Zobel, Heinz and Williams
/// 2001). The order of the slots decides which of equally frequent words `max_vocab` keeps.
fn stanford_bucket(word: &[u8]) -> u32 {
    let hash = word.iter().fold(1_159_241_u32, |hash, &byte| {
        let byte = byte as i8 as u32;
        hash ^ (hash << 5).wrapping_add(byte).wrapping_add(hash >> 2)
    });
    (hash & 0x7fff_ffff) % (1 << 20)
}

/// The hash of a word. The seed is constant, so that every run computes the same hashes.
pub(crate) fn hash(word: &[u8]) -> u64 {
    FixedState::with_seed(0x5eed).hash_one(word)
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
    fn parts_that_do_not_fit_together_are_refused() {
        let whole = Vocabulary::new([("é", 2), ("b", 1)]).unwrap();
        let (bytes, ends) = whole.text();
        let parts = |bytes: &[u8], ends: &[usize], counts: &[u64]| {
            Vocabulary::from_parts(bytes.to_vec(), ends.to_vec(), counts.to_vec())
        };
        assert_eq!(parts(bytes, ends, whole.counts()).unwrap(), whole);
        assert!(parts(b"", &[], &[]).unwrap().is_empty());
        for (ends, counts) in [
            (&[2][..], &[2, 1][..]),
            (&[2, 3], &[2]),
            (&[2, 4], &[2, 1]),
            (&[4, 3], &[2, 1]),
            (&[], &[]),
        ] {
            assert!(parts(bytes, ends, counts).is_err(), "{ends:?} {counts:?}");
        }
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

    #[test]
    fn a_word_given_twice_is_refused() {
        let error = Vocabulary::new([("a", 1), ("b", 1), ("a", 1)]).unwrap_err();
        assert!(error.to_string().contains("\"a\" appears twice"));
    }
}
