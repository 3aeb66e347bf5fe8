//! Counts rows in shards of the text.

use super::block::GroupBlock;
use super::block_writer::{BlockWriter, StoreBytes};
use super::counts::GroupCounts;
use crate::cooccurrence::row_codec::RowEncoder;
use crate::cooccurrence::{
    BlockSum, CountingOptions, DocumentWindows, FrequentPairs, Occurrences, RowAccumulator,
    RowBlock, RowCounter, push_row, sum_row,
};
use crate::encoding::{CompactText, DOCUMENT_END};
use crate::error::{Error, Result};
use crate::monitor::{Monitor, Stage};
use crate::partition::Partition;
use crate::vocabulary::WordId;
use std::ops::Range;

/// Count some blocks of rows in `texts`, on one thread. The texts consist of new ids of `partition` and of marks such
/// as [`DOCUMENT_END`]. Returns, for each group, its counts in these rows. A row has the same bits for any division of
/// the rows into tasks. The result depends only on the arguments.
///
/// # Errors
/// [`crate::Error::Parameter`] if the window is 0, if a text has 2^32 − 1 ids or more, or if whole
/// documents are windows and a document is too long; [`crate::Error::Memory`];
/// [`crate::Error::Cancelled`].
pub fn count_by_group(
    texts: &[&[WordId]],
    blocks: &[Range<usize>],
    partition: Partition,
    options: &CountingOptions,
    store: &StoreBytes<'_>,
    monitor: &Monitor,
) -> Result<Vec<GroupCounts>> {
    options.check()?;
    if texts.iter().any(|ids| ids.len() >= u32::MAX as usize) {
        return Err(Error::parameter(
            "blocksize",
            "must be so small that a block of text has fewer than 2^32 words",
        ));
    }
    let by_group = if options.symmetric {
        count_blocks::<f64>(texts, blocks, partition, options, store, monitor)?
    } else {
        count_blocks::<[f64; 2]>(texts, blocks, partition, options, store, monitor)?
    };
    let of_group = |(group, mut blocks): (usize, Vec<GroupBlock>)| {
        blocks.sort_by_key(GroupBlock::position);
        GroupCounts {
            partition,
            group,
            symmetric: options.symmetric,
            blocks,
        }
    };
    Ok(by_group.into_iter().enumerate().map(of_group).collect())
}

/// The counted blocks of each group.
fn count_blocks<S: BlockSum>(
    texts: &[&[WordId]],
    blocks: &[Range<usize>],
    partition: Partition,
    options: &CountingOptions,
    store: &StoreBytes<'_>,
    monitor: &Monitor,
) -> Result<Vec<Vec<GroupBlock>>> {
    let rows = match blocks {
        [] => 0..0,
        [first, .., last] => first.start..last.end,
        [only] => only.clone(),
    };
    monitor.begin(
        Stage::Counting,
        texts.iter().map(|ids| ids.len() as u64).sum(),
    );
    let frequent = frequent_rows(texts, &rows, partition, options, monitor)?;
    let counted = frequent.as_ref().map_or(0, |block| block.rows().end);
    let first = rows.start.max(counted as usize).min(rows.end);
    let occurrences: Result<Vec<Occurrences>> = texts
        .iter()
        .map(|ids| Occurrences::index(*ids, first..rows.end, monitor))
        .collect();
    let occurrences = occurrences?;
    let mut documents: Vec<DocumentWindows> = Vec::new();
    let mut documents_before = 0;
    for ids in texts.iter().filter(|_| options.counts_documents()) {
        let found = DocumentWindows::index(*ids, true, monitor)?;
        let found = found.map_err(|long| long.error(documents_before, None))?;
        documents_before += found.len();
        documents.push(found);
    }
    let counters: Vec<RowCounter<'_, [WordId]>> = texts
        .iter()
        .zip(&occurrences)
        .enumerate()
        .map(|(text, (ids, occurrences))| {
            RowCounter::new(*ids, 0, occurrences, documents.get(text), options)
        })
        .collect();
    let mut accumulator = RowAccumulator::<S>::new();
    let mut block = RowBlock::default();
    let mut encoder = RowEncoder::default();
    let mut by_group: Vec<Vec<GroupBlock>> = vec![Vec::new(); partition.groups()];
    for of_group in blocks.chunk_by(|a, b| same_group(partition, a, b)) {
        let own = partition.group_of(of_group[0].start as WordId);
        // A block with rows of one group and columns of another belongs to the counts of both groups. It is
        // compressed once.
        let mut writers: Vec<BlockWriter> = Vec::new();
        writers.resize_with(own + 1, BlockWriter::default);
        for rows in of_group {
            block.refill(rows.start as WordId, !options.symmetric);
            for row in rows.clone().map(|row| row as WordId) {
                match &frequent {
                    Some(frequent) if row < counted => {
                        block.extend(&frequent.row(row))?;
                        block.end_row();
                    }
                    _ => {
                        sum_row(row, &counters, &mut accumulator, monitor)?;
                        push_row(&mut accumulator, &mut block)?;
                    }
                }
            }
            let mut rest: Vec<_> = block.rows().map(|row| block.row(row)).collect();
            for (columns, writer) in writers.iter_mut().enumerate() {
                let columns = partition.group(columns);
                let mut part = Vec::with_capacity(rest.len());
                for row in &mut rest {
                    let (own, others) = row.split(columns.end);
                    part.push(own);
                    *row = others;
                }
                writer.push(columns, &part, &mut encoder)?;
            }
        }
        for (columns, writer) in writers.into_iter().enumerate() {
            let parts = writer.finish(store);
            if columns != own {
                by_group[columns].extend_from_slice(&parts);
            }
            by_group[own].extend(parts);
        }
    }
    Ok(by_group)
}

/// The rows of the most frequent words, counted as `cooccurrence::count` counts them on one machine, so that they have
/// the same bits. `None` if these rows are counted like all others. There are three such cases: `rows` has none of
/// these words; there are several groups, so that new ids are not ranks; or the texts together have more ids than a
/// [`CompactText`] can hold, so that one machine would count them in segments.
fn frequent_rows(
    texts: &[&[WordId]],
    rows: &Range<usize>,
    partition: Partition,
    options: &CountingOptions,
    monitor: &Monitor,
) -> Result<Option<RowBlock>> {
    let frequent = FrequentPairs::words(partition.words(), options);
    // One more for each text, because the loop below may append `DOCUMENT_END` to a text.
    let length: usize = texts.iter().map(|ids| ids.len() + 1).sum();
    let fits = u32::try_from(length).is_ok();
    if partition.groups() > 1 || rows.start >= frequent || !fits {
        return Ok(None);
    }
    let mut whole = CompactText::default();
    for ids in texts {
        whole.append(&CompactText::of(ids.iter().copied())?)?;
        // No window crosses from one text into the next.
        if ids.last().is_some_and(|&id| id != DOCUMENT_END) {
            whole.append(&CompactText::of([DOCUMENT_END].into_iter())?)?;
        }
    }
    let pairs = FrequentPairs::count(whole.symbols(), 0, frequent, options, monitor)?;
    pairs.rows(options.symmetric).map(Some)
}

fn same_group(partition: Partition, a: &Range<usize>, b: &Range<usize>) -> bool {
    let [a, b] = [a, b].map(|rows| partition.group_of(rows.start as WordId));
    a == b
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: usize = 30;

    #[test]
    fn rows_of_frequent_words_come_from_one_text_if_all_texts_fit_into_it() {
        let text = vec![0; 1 << 20];
        let frequent = |texts: &[&[WordId]]| {
            let (partition, options) = (Partition::new(WORDS, 1), CountingOptions::default());
            frequent_rows(texts, &(0..WORDS), partition, &options, &Monitor::new()).unwrap()
        };
        assert!(frequent(&[&text, &text]).is_some());
        // Together these texts have more than 2^32 ids.
        assert!(frequent(&vec![&text[..]; (1 << 12) + 1]).is_none());
    }
}
