//! Divides the words into groups, for a fit on a cluster.
//!
//! Training on one machine uses a [`Partition`] with one group. Therefore this module is not a part
//! of `distributed`.

use crate::vocabulary::WordId;

/// A division of words, numbered by rank, into groups. With three groups, the ranks 0, 1, 2, … go to the groups 0, 1,
/// 2, 2, 1, 0, 0, 1, … (back and forth), so that every pair of groups has about the same number of records.
///
/// *New ids* number the words group by group, and by rank within a group, so that a group is a range of new ids.
/// With one group, new ids are ranks.
///
/// ```
/// use glove_rs::partition::Partition;
///
/// let partition = Partition::new(5, 2);
/// let ranks: Vec<_> = (0..5).map(|id| partition.rank(id)).collect();
/// assert_eq!(ranks, [0, 3, 4, 1, 2]); // group 0, then group 1
/// assert_eq!(partition.group(1), 3..5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    words: usize,
    groups: usize,
}

impl Partition {
    /// Divide `words` words into `groups` groups, at least one.
    ///
    /// # Panics
    /// If `groups` is 0.
    pub fn new(words: usize, groups: usize) -> Self {
        assert!(groups > 0, "groups must be at least 1");
        Self { words, groups }
    }

    /// Number of words.
    pub fn words(&self) -> usize {
        self.words
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The group of the word with this new id.
    #[inline]
    pub fn group_of(&self, new_id: WordId) -> usize {
        // The first `first` groups have `size` words each. Each later group has `other` words: one more or one
        // fewer.
        let (rounds, rest) = self.round_of(self.words);
        let (first, size, other) = if rounds.is_multiple_of(2) {
            (rest, rounds + 1, rounds)
        } else {
            (self.groups - rest, rounds, rounds + 1)
        };
        match (new_id as usize).checked_sub(first * size) {
            None => new_id as usize / size,
            Some(beyond) => first + beyond / other,
        }
    }

    /// The new ids of a group.
    pub fn group(&self, group: usize) -> std::ops::Range<WordId> {
        self.start(group)..self.start(group + 1)
    }

    /// The first new id of a group; if `group` is the number of groups, the number of words.
    #[inline]
    pub fn start(&self, group: usize) -> WordId {
        let (rounds, rest) = self.round_of(self.words);
        // Each full round gives one word to every group. The last round may not reach every group. It begins at the
        // group where the previous round ended. `served` is the number of groups before `group` that the last round
        // reaches.
        let served = if rounds.is_multiple_of(2) {
            group.min(rest)
        } else {
            (group + rest).saturating_sub(self.groups)
        };
        (group * rounds + served) as WordId
    }

    /// The new id of the word with this rank.
    #[inline]
    pub fn new_id(&self, rank: WordId) -> WordId {
        let (round, position) = self.round_of(rank as usize);
        self.start(self.group_at(round, position)) + round as WordId
    }

    /// The rank of the word with this new id.
    pub fn rank(&self, new_id: WordId) -> WordId {
        let group = self.group_of(new_id);
        let round = (new_id - self.start(group)) as usize;
        (round * self.groups + self.group_at(round, group)) as WordId
    }

    /// The new id of each rank.
    pub fn new_ids(&self) -> Vec<WordId> {
        let ranks = 0..self.words as WordId;
        ranks.map(|rank| self.new_id(rank)).collect()
    }

    /// The rank of each new id.
    pub fn ranks(&self) -> Vec<WordId> {
        let new_ids = 0..self.words as WordId;
        new_ids.map(|new_id| self.rank(new_id)).collect()
    }

    /// The round of a rank, and its position within the round. A round is a range of `groups` ranks, one for each
    /// group.
    #[inline]
    fn round_of(&self, rank: usize) -> (usize, usize) {
        (rank / self.groups, rank % self.groups)
    }

    /// The group at `position` of a round. Given a group instead of a position, the function returns the position
    /// of this group in the round.
    #[inline]
    fn group_at(&self, round: usize, position: usize) -> usize {
        if round.is_multiple_of(2) {
            position
        } else {
            self.groups - 1 - position
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_group_leaves_ranks_alone() {
        let partition = Partition::new(7, 1);
        assert_eq!(partition.new_ids(), (0..7).collect::<Vec<_>>());
        assert_eq!(partition.group(0), 0..7);
    }

    #[test]
    fn ranks_go_to_groups_back_and_forth() {
        let partition = Partition::new(8, 3);
        let group_of_rank = |rank| partition.group_of(partition.new_id(rank));
        let groups: Vec<_> = (0..8).map(group_of_rank).collect();
        assert_eq!(groups, [0, 1, 2, 2, 1, 0, 0, 1]);
        assert_eq!(partition.ranks(), [0, 5, 6, 1, 4, 7, 2, 3]);
    }

    proptest! {
        #[test]
        fn new_ids_number_the_groups_in_order_of_rank(words in 0usize..200, groups in 1usize..12) {
            let partition = Partition::new(words, groups);
            let ranks = partition.ranks();
            let mut sorted = ranks.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..words as WordId).collect::<Vec<_>>());
            for group in 0..groups {
                let ids = partition.group(group);
                prop_assert!(ids.clone().all(|id| partition.group_of(id) == group));
                let ranks = &ranks[ids.start as usize..ids.end as usize];
                prop_assert!(ranks.is_sorted());
                prop_assert!(ranks.len() == words / groups || ranks.len() == words.div_ceil(groups));
            }
            prop_assert_eq!(partition.start(groups), words as WordId);
            for (id, &rank) in ranks.iter().enumerate() {
                prop_assert_eq!(partition.new_id(rank), id as WordId);
            }
        }
    }
}
