//! Divides the rows of the matrix into blocks, and the blocks among tasks.

use super::block::MOST_ROWS;
use crate::cooccurrence::{CountingOptions, TASK_OCCURRENCES, tasks};
use crate::partition::Partition;
use crate::vocabulary::WordId;
use std::ops::Range;

/// Rows are divided into at most about this many blocks; then blocks of more than `MOST_ROWS` rows are divided
/// further. More and smaller blocks would compress worse, because the rows that are counted in one shard of a large
/// text are short.
const MOST_BLOCKS: u64 = 1 << 12;

/// The time to count one occurrence of a word, divided by the time that each different neighbour of
/// the word adds.
const LOOKED_UP: f64 = 5.0;

/// The blocks of rows, in new ids, that task number `task` of `task_count` tasks counts. Tasks are numbered
/// from 0. The words of the rows of a block belong to one group. All tasks take about the same time.
/// `counts` is the number of occurrences of each word in the whole text, by rank. The result depends
/// only on the arguments.
///
/// # Panics
/// Unless `task < task_count`.
pub fn row_blocks(
    partition: Partition,
    counts: &[u64],
    options: &CountingOptions,
    task: usize,
    task_count: usize,
) -> Vec<Range<usize>> {
    assert!(task < task_count, "task {task} of {task_count}");
    let counts: Vec<u64> = (0..partition.words() as WordId)
        .map(|id| counts[partition.rank(id) as usize])
        .collect();
    let text: u64 = counts.iter().sum();
    let size = (text / MOST_BLOCKS).max(TASK_OCCURRENCES);
    let groups = (0..partition.groups()).map(|group| partition.group(group));
    let blocks: Vec<Range<usize>> = groups
        .flat_map(|group| {
            let first = group.start as usize;
            let own = &counts[first..group.end as usize];
            let cut = move |rows: Range<usize>| {
                let starts = (first + rows.start..first + rows.end).step_by(MOST_ROWS);
                starts.map(move |start| start..(start + MOST_ROWS).min(first + rows.end))
            };
            tasks(own.iter().copied(), size).into_iter().flat_map(cut)
        })
        .collect();
    let neighbours = 2.0 * options.reach() as f64 / text.max(1) as f64;
    let (mut before, mut work) = (0, 0.0);
    let ends: Vec<f64> = blocks
        .iter()
        .map(|rows| {
            for row in rows.clone() {
                before += counts[row];
                let occurrences = counts[row] as f64;
                let neighbours = occurrences * neighbours * before as f64;
                work += LOOKED_UP * occurrences + different(neighbours, row as f64 + 1.0);
            }
            work
        })
        .collect();
    let first = |task: usize| match task {
        0 => 0,
        _ if task == task_count => blocks.len(),
        _ => ends.partition_point(|&end| end <= work * task as f64 / task_count as f64),
    };
    blocks[first(task)..first(task + 1)].to_vec()
}

/// Estimate the number of different words among `neighbours` words that are drawn from `words` words.
fn different(neighbours: f64, words: f64) -> f64 {
    neighbours * words / (neighbours.sqrt() + words.sqrt()).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_counted_by_one_task_in_a_block_of_one_group() {
        let counts: Vec<u64> = (1..=50_000).map(|rank| 20_000_000 / rank).collect();
        let options = CountingOptions::default();
        for groups in [1, 2, 5] {
            let partition = Partition::new(counts.len(), groups);
            for parts in [1, 2, 3, 8] {
                let blocks: Vec<_> = (0..parts)
                    .map(|part| row_blocks(partition, &counts, &options, part, parts))
                    .collect();
                assert!(blocks.iter().all(|blocks| !blocks.is_empty()));
                let mut next = 0;
                for rows in blocks.concat() {
                    assert_eq!(rows.start, next);
                    let [first, last] = [rows.start, rows.end - 1].map(|id| id as WordId);
                    assert_eq!(partition.group_of(first), partition.group_of(last));
                    next = rows.end;
                }
                assert_eq!(next, counts.len());
            }
        }
    }
}
