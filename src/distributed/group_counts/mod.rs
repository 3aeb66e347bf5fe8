//! The counts of a group of words, for a fit on a cluster.
//!
//! A task counts some rows of the matrix in some shards of the text. It returns separate counts for
//! each group of words. Words are numbered by the new ids of a [`Partition`](crate::partition::Partition), in which a
//! group is a range. Rows are compressed in blocks. Which rows form a block depends only on the partition and
//! on how often each word occurs in the whole text. So tasks that count the same rows in different
//! shards have the same blocks, and the counts of these tasks are added block by block.

mod block;
mod block_writer;
mod count;
mod counts;
mod merge;
mod row_blocks;
mod serialized;

pub use block_writer::StoreBytes;
pub use count::count_by_group;
pub use counts::GroupCounts;
pub use merge::merge_group_counts;
pub use row_blocks::row_blocks;
pub use serialized::SerializedGroupCounts;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cooccurrence::count;
    use crate::cooccurrence::{CountRows, CountingOptions, SharedBytes};
    use crate::encoding::{DOCUMENT_END, EncodedCorpus, GAP};
    use crate::memory::MemoryLimit;
    use crate::monitor::Monitor;
    use crate::partition::Partition;
    use crate::threads;
    use crate::vocabulary::WordId;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::ops::Range;
    use std::sync::Arc;

    const WORDS: usize = 30;

    /// All records, with the ranks of their words. The counts are rounded, because sums in another order can
    /// differ in their last bits.
    fn records<'a, R: CountRows + 'a>(
        by_group: impl IntoIterator<Item = (&'a R, Partition, usize)>,
    ) -> BTreeMap<(WordId, WordId), i64> {
        let mut records = BTreeMap::new();
        for (counts, partition, group) in by_group {
            let own = partition.group(group);
            let mut seen = BTreeMap::new();
            let rows = 0..partition.words() as WordId;
            counts
                .for_each_row(rows, |row| {
                    row.for_each_record(|i, j, x| {
                        assert!(own.contains(&i) || own.contains(&j));
                        let pair = (partition.rank(i), partition.rank(j));
                        let x = (x * 1e9).round() as i64;
                        assert_eq!(seen.insert(pair, x), None, "a record comes once");
                        assert_eq!(*records.entry(pair).or_insert(x), x);
                    });
                    Ok(())
                })
                .unwrap();
        }
        records
    }

    fn of(by_group: &[GroupCounts]) -> impl Iterator<Item = (&GroupCounts, Partition, usize)> {
        by_group
            .iter()
            .map(|counts| (counts, counts.partition, counts.group))
    }

    fn store(bytes: Vec<u8>) -> Arc<dyn SharedBytes> {
        Arc::new(bytes)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn counts_of_parts_add_up_to_the_counts_of_the_text(
            texts in proptest::collection::vec(proptest::collection::vec(
                prop_oneof![20 => 0..WORDS as WordId, 1 => Just(DOCUMENT_END), 1 => Just(GAP)], 0..200),
                1..7),
            groups in 1usize..6, together in 1usize..4, symmetric: bool,
            window in prop_oneof![4 => 1usize..20, 1 => Just(CountingOptions::WHOLE_DOCUMENT)],
            threads in 1usize..3,
        ) {
            let options = CountingOptions { window, symmetric, distance_weighting: true, adjacent: false };
            let monitor = Monitor::new();
            let mut text = Vec::new();
            let mut occurrences = vec![0; WORDS];
            for &id in texts.iter().flat_map(|text| text.iter().chain([&DOCUMENT_END])) {
                text.push(id);
                if id < GAP {
                    occurrences[id as usize] += 1;
                }
            }
            let partition = Partition::new(WORDS, groups);
            let mut by_group: Vec<Vec<GroupCounts>> = Vec::new();
            by_group.resize_with(groups, Vec::new);
            let new_ids = |text: Vec<WordId>| text.into_iter().map(|id| match id {
                DOCUMENT_END | GAP => id,
                rank => partition.new_id(rank),
            }).collect();
            let texts: Vec<Vec<WordId>> = texts.into_iter().map(new_ids).collect();
            for (number, some) in texts.chunks(together).enumerate() {
                let some: Vec<&[WordId]> = some.iter().map(Vec::as_slice).collect();
                for part in 0..some.len() + number {
                    // The text is so small that `row_blocks` gives all rows to one task: divide its blocks further.
                    // If there are more parts than blocks of rows, some parts get no block, and their counts are empty.
                    let parts = some.len() + number;
                    let all = row_blocks(partition, &occurrences, &options, 0, 1);
                    let cut = |rows: &Range<usize>| {
                        let middle = usize::midpoint(rows.start, rows.end);
                        [rows.start..middle, middle..rows.end]
                    };
                    let blocks: Vec<_> = all.iter().flat_map(cut).filter(|rows| !rows.is_empty())
                        .collect();
                    let (from, to) = (blocks.len() * part / parts, blocks.len() * (part + 1) / parts);
                    let group_counts = count_by_group(
                        &some, &blocks[from..to], partition, &options, &store, &monitor).unwrap();
                    for (group, counts) in group_counts.into_iter().enumerate() {
                        // Convert the counts as if they were sent to another worker.
                        by_group[group].push(counts.serialize().into());
                    }
                }
            }
            let merged: Vec<GroupCounts> = by_group.iter().map(|parts| {
                // Merge in a tree, as workers do.
                let some: Vec<GroupCounts> = parts.chunks(2).map(|parts| {
                    let parts: Vec<&GroupCounts> = parts.iter().collect();
                    threads::in_pool(threads, || merge_group_counts(&parts, &store, &monitor)).unwrap().unwrap()
                }).collect();
                let some: Vec<&GroupCounts> = some.iter().collect();
                merge_group_counts(&some, &store, &monitor).unwrap().serialize().into()
            }).collect();
            let mut corpus = EncodedCorpus::from_ranks(text);
            let whole = threads::in_pool(1, || {
                count(&mut corpus, WORDS, &options, &MemoryLimit::default(), &monitor)
            }).unwrap().unwrap();
            let expected = records([(&whole, Partition::new(WORDS, 1), 0)]);
            prop_assert_eq!(expected.len() as u64, whole.nnz());
            prop_assert_eq!(records(of(&merged)), expected.clone());
            let split: Vec<GroupCounts> = (0..groups)
                .map(|group| GroupCounts::of(&whole, partition, group, &Monitor::new()).unwrap())
                .collect();
            prop_assert_eq!(records(of(&split)), expected.clone());
            // `GroupCounts::rows` decompresses some rows at a time, as training needs them.
            for counts in &merged {
                let own = partition.group(counts.group);
                let mut found = 0;
                for first in (0..WORDS as WordId).step_by(7) {
                    let rows = first..(first + 7).min(WORDS as WordId);
                    let block = counts.rows(rows.clone()).unwrap();
                    prop_assert_eq!(block.rows(), rows.clone());
                    for row in rows {
                        let columns = block.row(row).columns;
                        prop_assert!(columns.is_sorted_by(|a, b| a < b));
                        prop_assert!(own.contains(&row) || columns.iter().all(|j| own.contains(j)));
                        block.row(row).for_each_record(|_, _, _| found += 1);
                    }
                }
                let of_group_counts = expected.keys().filter(|(i, j)| {
                    [i, j].iter().any(|&&rank| own.contains(&partition.new_id(rank)))
                });
                prop_assert_eq!(found, of_group_counts.count() as u64);
                prop_assert_eq!(counts.nnz(), found);
            }
        }
    }
}
