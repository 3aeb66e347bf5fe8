//! Counting for a distributed fit: a shard of the text at a time, for every group of words apart.
//!
//! Counts are kept in new ids (see [`Partition`]), in which a group of words is a range.

use super::accumulator::RowAccumulator;
use super::count::{CountingOptions, Occurrences, RowCounter};
use super::matrix::{Held, RowBlock, Store, Sums, Triangle, TriangleRow};
use super::merge::{BlockSum, merge_once};
use super::sink::RowSink;
use super::spill::encode_rows;
use crate::encoding::Segment;
use crate::error::Result;
use crate::memory::MemoryLimit;
use crate::monitor::{Monitor, Stage};
use crate::partition::Partition;
use crate::vocabulary::WordId;
use rayon::prelude::*;

/// The counts of all pairs that touch a group of words, at either end.
#[derive(Debug)]
pub struct Share {
    /// How words are dealt into groups.
    pub partition: Partition,
    /// The group.
    pub group: usize,
    /// A triangle over all words, in new ids. Rows before the group's first word are empty, those
    /// behind its last one hold columns of the group only.
    pub counts: Triangle,
}

impl Share {
    /// What counts by rank hold of it.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn of(counts: &Triangle, partition: Partition, group: usize) -> Result<Self> {
        let own = partition.group(group);
        let new_ids = partition.new_ids();
        let counts = Triangle::assemble(counts.words, |pair| {
            counts.for_each_row(0..counts.words as WordId, |row| {
                let i = new_ids[row.row as usize];
                for (entry, &column) in row.columns.iter().enumerate() {
                    let j = new_ids[column as usize];
                    if own.contains(&i) || own.contains(&j) {
                        let forward = row.forward[entry];
                        pair(i, j, forward, row.backward.map_or(forward, |b| b[entry]));
                    }
                }
                Ok(())
            })
        })?;
        Ok(Self {
            partition,
            group,
            counts,
        })
    }
}

/// Count text in new ids of `partition`: the share of each group. A pure function of its arguments,
/// on all threads of the current rayon pool.
///
/// # Errors
/// [`crate::Error::Parameter`] for a window of 0; [`crate::Error::Cancelled`].
pub fn count_shares(
    ids: Vec<WordId>,
    partition: Partition,
    options: &CountingOptions,
    monitor: &Monitor,
) -> Result<Vec<Share>> {
    options.check()?;
    let triangles = if options.symmetric {
        count_groups::<f64>(ids, partition, options, monitor)?
    } else {
        count_groups::<[f64; 2]>(ids, partition, options, monitor)?
    };
    let share = |(group, counts)| Share {
        partition,
        group,
        counts,
    };
    Ok(triangles.into_iter().enumerate().map(share).collect())
}

fn count_groups<S: BlockSum>(
    ids: Vec<WordId>,
    partition: Partition,
    options: &CountingOptions,
    monitor: &Monitor,
) -> Result<Vec<Triangle>> {
    monitor.begin(Stage::Counting, ids.len() as u64);
    let segment = Segment { ids, fresh: 0 };
    let occurrences = Occurrences::index(&segment.ids, partition.words(), monitor)?;
    let counter = RowCounter::new(&segment, &occurrences, options);
    let tasks = occurrences.tasks(MemoryLimit::default().task_occurrences());
    let counted: Result<Vec<Vec<PackedRows>>> = tasks
        .par_iter()
        .map_init(RowAccumulator::<S>::new, |accumulator, rows| {
            let mut block = RowBlock::new(rows.start as WordId, !options.symmetric);
            for row in rows.clone() {
                counter.sum(row as WordId, accumulator, monitor)?;
                accumulator.drain(|column, sum| sum.push(column, &mut block));
                block.end_row();
            }
            let groups = 0..partition.groups();
            Ok(groups
                .map(|group| PackedRows::of(&block, partition, group))
                .collect())
        })
        .collect();
    let mut counted: Vec<_> = counted?.into_iter().map(Vec::into_iter).collect();
    (0..partition.groups())
        .map(|_| {
            let blocks = counted.iter_mut().filter_map(Iterator::next);
            let blocks: Vec<_> = blocks.filter(|rows| !rows.bytes.is_empty()).collect();
            let sums = blocks
                .iter()
                .fold(Sums::default(), |sums, rows| sums.with(rows.sums));
            let packed = blocks
                .iter()
                .map(|rows| (rows.rows.clone(), rows.entries, &rows.bytes[..]));
            let store = Store::Memory(Held::packed(&packed.collect::<Vec<_>>())?);
            Ok(Triangle::new(
                partition.words(),
                options.symmetric,
                store,
                sums,
            ))
        })
        .collect()
}

/// What a group has of some rows.
struct PackedRows {
    rows: std::ops::Range<WordId>,
    entries: usize,
    sums: Sums,
    // None where the group begins behind these rows.
    bytes: Vec<u8>,
}

impl PackedRows {
    fn of(block: &RowBlock, partition: Partition, group: usize) -> Self {
        let group = partition.group(group);
        let rows = block.rows();
        if rows.end <= group.start {
            return Self {
                rows,
                entries: 0,
                sums: Sums::default(),
                bytes: Vec::new(),
            };
        }
        let held: Vec<TriangleRow<'_>> = rows
            .clone()
            .map(|number| {
                let row = block.row(number);
                if group.contains(&number) {
                    row
                } else {
                    row.within(group.clone())
                }
            })
            .collect();
        Self {
            rows,
            entries: held.iter().map(|row| row.columns.len()).sum(),
            sums: held.iter().fold(Sums::default(), Sums::plus_row),
            bytes: encode_rows(&held, block.has_both_directions()),
        }
    }
}

/// The share of the whole text: the sum, in the order given, of a group's shares of parts of it, on
/// all threads of the current rayon pool.
///
/// # Errors
/// [`crate::Error::Cancelled`].
///
/// # Panics
/// If there is no part, or parts are of different partitions or groups.
pub fn merge_shares(parts: &[&Share], monitor: &Monitor) -> Result<Share> {
    let (partition, group) = (parts[0].partition, parts[0].group);
    assert!(
        parts
            .iter()
            .all(|part| (part.partition, part.group) == (partition, group))
    );
    let symmetric = parts[0].counts.symmetric;
    let merge = if symmetric {
        merge_once::<f64>
    } else {
        merge_once::<[f64; 2]>
    };
    let triangles: Vec<&Triangle> = parts.iter().map(|part| &part.counts).collect();
    let memory = MemoryLimit::default();
    let sink = RowSink::new(&memory);
    let counts = merge(
        &triangles,
        partition.words(),
        symmetric,
        &memory,
        sink,
        monitor,
    )?;
    Ok(Share {
        partition,
        group,
        counts,
    })
}
