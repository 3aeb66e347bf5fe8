//! Counts co-occurrences row by row (docs/architecture.md, Counting rules).
//!
//! If the window has at most 16 words to each side, `frequent_pairs.rs` counts the rows of the 256 most frequent words,
//! which have only pairs of these words. For all other rows, an inverted index of the text lists the positions of each
//! word. The row of a word is summed from the windows around these positions. Neighbours whose rank is larger than that
//! of the word are skipped: each unordered pair is counted once, in the row of its rarer word. So the rows of frequent
//! words, which would otherwise be the longest, are short. Each row is summed and sorted by one thread, so threads need
//! no common table.

use super::accumulator::RowAccumulator;
use super::block_layout::RowBlock;
use super::document_windows::DocumentWindows;
use super::frequent_pairs::FrequentPairs;
use super::matrix::Triangle;
use super::merge::{BlockSum, merge, push_row};
use super::occurrences::Occurrences;
use super::options::CountingOptions;
use super::row_writer::{CountedBlock, RowWriter, WriterProgress};
use super::task_size::{segment_tokens, task_occurrences, wave_tasks};
use super::window::{RowCounter, sum_row};
use crate::encoding::{EncodedCorpus, Segment};
use crate::error::Result;
use crate::memory::MemoryLimit;
use crate::monitor::{Monitor, Stage};
use crate::vocabulary::{Vocabulary, WordId};
use rayon::prelude::*;
use std::slice;
use std::sync::Arc;

/// Count `corpus`, whose vocabulary has `words` words, segment by segment, on all threads of the current
/// rayon pool. The counts have the same bits for any number of threads, because the order of
/// additions to a count does not depend on the threads.
///
/// # Errors
/// [`crate::Error::Parameter`] for a window of 0, for a window whose words exceed the memory limit,
/// and for a document of more than [`MAX_DOCUMENT`](super::MAX_DOCUMENT) words if whole documents
/// are counted; [`crate::Error::Io`] naming the temporary folder if temporary files cannot be
/// written or read there; [`crate::Error::Format`] if a temporary file is damaged;
/// [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
pub fn count(
    corpus: &mut EncodedCorpus,
    words: usize,
    options: &CountingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Triangle> {
    count_named(corpus, words, None, options, memory, monitor)
}

/// Like [`count`]. If `vocabulary` is given, the error for a document that is too long shows the first
/// words of the document.
///
/// # Errors
/// As for [`count`].
pub fn count_named(
    corpus: &mut EncodedCorpus,
    words: usize,
    vocabulary: Option<&Vocabulary>,
    options: &CountingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Triangle> {
    options.check()?;
    if options.symmetric {
        count_segments::<f64>(corpus, words, vocabulary, options, memory, monitor)
    } else {
        count_segments::<[f64; 2]>(corpus, words, vocabulary, options, memory, monitor)
    }
}

fn count_segments<S: BlockSum>(
    corpus: &mut EncodedCorpus,
    words: usize,
    vocabulary: Option<&Vocabulary>,
    options: &CountingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Triangle> {
    monitor.begin(Stage::Counting, corpus.tokens());
    let silent = monitor.without_progress();
    let tokens = segment_tokens(memory);
    let (mut counted, mut documents_before) = (Vec::new(), 0);
    let mut segment = Segment::default();
    let (mut adjacent, adjacent_memory) = (Vec::new(), memory.quarter());
    while corpus.next_segment(tokens, options.window, &mut segment, monitor)? {
        let last = corpus.is_exhausted();
        let new_writer = |memory, counted: &[Triangle], others: &[Triangle]| {
            let mut writer = if last && counted.is_empty() {
                RowWriter::new(memory)
            } else {
                RowWriter::on_disk(memory)?
            };
            let disk_bytes =
                |matrices: &[Triangle]| matrices.iter().map(Triangle::disk_bytes).sum();
            writer.set_progress(WriterProgress {
                fraction: corpus.fraction_read(),
                earlier_rows: disk_bytes(counted),
                other_files: corpus.disk_bytes() + disk_bytes(others),
            });
            crate::Result::Ok(writer)
        };
        let documents = if options.counts_documents() {
            let documents = DocumentWindows::index(&segment.text, last, monitor)?;
            Some(documents.map_err(|long| long.error(documents_before, vocabulary))?)
        } else {
            None
        };
        documents_before += documents.as_ref().map_or(0, DocumentWindows::len);
        let documents = documents.as_ref();
        let index = SegmentIndex::new(&segment, documents, words, options, monitor)?;
        let mut rows = new_writer(memory, &counted, &adjacent)?;
        index.count::<S>(options, memory, &mut rows, monitor)?;
        counted.push(rows.finish(words, options.symmetric));
        if options.adjacent {
            let mut rows = new_writer(&adjacent_memory, &adjacent, &counted)?;
            let options = options.of_adjacent();
            index.count::<[f64; 2]>(&options, &adjacent_memory, &mut rows, &silent)?;
            adjacent.push(rows.finish(words, options.symmetric));
        }
        if last {
            break;
        }
    }
    drop(segment);
    let counts = total::<S>(counted, words, options, memory, monitor)?;
    if !options.adjacent {
        return Ok(counts);
    }
    let options = options.of_adjacent();
    let adjacent = total::<[f64; 2]>(adjacent, words, &options, &adjacent_memory, &silent)?;
    Ok(counts.with_adjacent(Some(Arc::new(adjacent))))
}

/// The sum of the counts of all segments.
fn total<S: BlockSum>(
    mut counted: Vec<Triangle>,
    words: usize,
    options: &CountingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Triangle> {
    match counted.len() {
        0 => Triangle::assemble(words, monitor, |_| Ok(())),
        1 => Ok(counted.remove(0)),
        _ => merge::<S>(counted, words, options.symmetric, memory, monitor),
    }
}

/// A segment of text with the positions of its words.
struct SegmentIndex<'a> {
    segment: &'a Segment,
    documents: Option<&'a DocumentWindows>,
    // Number of the most frequent words, which `FrequentPairs` counts. They are not in `occurrences`.
    frequent: usize,
    occurrences: Occurrences,
}

impl<'a> SegmentIndex<'a> {
    fn new(
        segment: &'a Segment,
        documents: Option<&'a DocumentWindows>,
        words: usize,
        options: &CountingOptions,
        monitor: &Monitor,
    ) -> Result<Self> {
        let frequent = FrequentPairs::words(words, options);
        Ok(Self {
            segment,
            documents,
            frequent,
            occurrences: Occurrences::index(&segment.text, frequent..words, monitor)?,
        })
    }

    /// Count the segment with these options. If there are `frequent` words, the window must have at most 16 words to
    /// each side.
    fn count<S: BlockSum>(
        &self,
        options: &CountingOptions,
        memory: &MemoryLimit,
        writer: &mut RowWriter,
        monitor: &Monitor,
    ) -> Result<()> {
        let Segment { text, carried } = self.segment;
        if self.frequent > 0 {
            let symbols = text.symbols();
            let pairs = FrequentPairs::count(symbols, *carried, self.frequent, options, monitor)?;
            writer.push(vec![pairs.rows(options.symmetric)?])?;
        }
        let occurrences = &self.occurrences;
        let counter = RowCounter::new(text, *carried, occurrences, self.documents, options);
        let scratch = || (RowAccumulator::<S>::new(), RowBlock::default());
        let tasks = occurrences.tasks(task_occurrences(memory));
        // Without a memory limit all tasks run in one wave. With a limit, the writer takes the blocks of a wave before
        // the next wave starts, and can move them to disk.
        let wave = wave_tasks(memory, tasks.len());
        for tasks in tasks.chunks(wave) {
            let blocks: Result<Vec<CountedBlock>> = tasks
                .par_iter()
                .map_init(scratch, |(accumulator, block), rows| {
                    block.refill(rows.start as WordId, !options.symmetric);
                    block.reserve(rows.len(), 0)?;
                    for row in rows.clone() {
                        sum_row(
                            row as WordId,
                            slice::from_ref(&counter),
                            accumulator,
                            monitor,
                        )?;
                        push_row(accumulator, block)?;
                    }
                    CountedBlock::copy_of(block)
                })
                .collect();
            writer.push_counted(blocks?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{DOCUMENT_END, FAR, GAP};
    use crate::vocabulary::WordId;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// The counts by the definition: a loop over all positions and distances.
    fn naive(ids: &[WordId], options: &CountingOptions) -> BTreeMap<(WordId, WordId), f64> {
        let mut records = BTreeMap::new();
        let is_word = |id: WordId| id != GAP && id != DOCUMENT_END;
        for (position, &left) in ids.iter().enumerate().filter(|(_, id)| is_word(**id)) {
            let is_inside = |id: &&WordId| **id != DOCUMENT_END;
            let document = ids[position + 1..].iter().take_while(is_inside);
            let before = ids[..position].iter().rev().take_while(is_inside).count();
            let others = before + document.clone().count();
            for (distance, &right) in (1..=options.window).zip(document) {
                let distance = if options.counts_documents() {
                    others
                } else {
                    distance
                };
                if is_word(right) {
                    *records.entry((left, right)).or_default() += options.weight(distance);
                    if options.symmetric {
                        *records.entry((right, left)).or_default() += options.weight(distance);
                    }
                }
            }
        }
        records
    }

    /// Words of three kinds, most of them near the limits between the kinds: words of
    /// [`FrequentPairs`], other words with a 16-bit symbol of their own, and words that share the
    /// symbol `FAR`. Also gaps and ends of documents.
    fn id() -> impl Strategy<Value = WordId> {
        let (frequent, far) = (
            FrequentPairs::words(usize::MAX, &CountingOptions::default()) as WordId,
            WordId::from(FAR),
        );
        prop_oneof![
            4 => 0..6u32,
            4 => frequent - 3..frequent + 3,
            4 => far - 3..far + 3,
            1 => Just(GAP),
            1 => Just(DOCUMENT_END),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn words_of_all_symbols_are_counted(
            ids in proptest::collection::vec(id(), 0..300),
            window in prop_oneof![4 => 1..20usize, 1 => Just(CountingOptions::WHOLE_DOCUMENT)],
            symmetric: bool,
            distance_weighting: bool,
        ) {
            let options = CountingOptions { window, symmetric, distance_weighting, adjacent: false };
            let expected = naive(&ids, &options);
            let mut corpus = EncodedCorpus::from_ranks(ids);
            let words = usize::from(FAR) + 3;
            let (memory, monitor) = (MemoryLimit::default(), Monitor::new());
            let counts = count(&mut corpus, words, &options, &memory, &monitor).unwrap();
            let mut records = BTreeMap::new();
            counts.for_each_record(|i, j, x| { records.insert((i, j), x); }).unwrap();
            prop_assert_eq!(records.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
            for (pair, x) in records {
                prop_assert!((x - expected[&pair]).abs() <= 1e-12 * x, "{:?}", pair);
            }
        }
    }
}
