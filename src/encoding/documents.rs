//! A text of ranks that is kept in memory, document by document, so that it can be counted many
//! times with different weights of its documents.

use super::compact_text::{CompactText, END_SYMBOL, check_length};
use super::document_chunk::{DocumentChunk, WeightedDocuments};
use super::marks::{DOCUMENT_END, GAP};
use super::segments::{EncodedCorpus, RawIds};
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use std::sync::Arc;

/// The documents of a text, in their order. A word takes two bytes; a word of rank 65,532 or above
/// takes ten.
#[derive(Debug, Default)]
pub struct DocumentText {
    chunks: Vec<Arc<DocumentChunk>>,
    documents: usize,
}

impl DocumentText {
    /// The documents of `corpus`, which is read to its end. Documents that have words, but none of
    /// the vocabulary, are included. So are documents without any word if the corpus was read with
    /// [`EncodingOptions::keep_empty`](super::EncodingOptions::keep_empty); otherwise they may be missing.
    ///
    /// # Errors
    /// [`Error::Io`] for the temporary file of the corpus; [`Error::Parameter`] naming `source` for
    /// a document of more than 4,294,967,295 words; [`Error::Memory`], [`Error::Cancelled`].
    pub fn read(mut corpus: EncodedCorpus, monitor: &Monitor) -> Result<Self> {
        let mut read = Self::default();
        // The words so far of a document whose end has not been read yet.
        let mut open = CompactText::default();
        while !corpus.is_exhausted() {
            for text in corpus.next_texts()? {
                let last = text
                    .symbols()
                    .iter()
                    .rposition(|&symbol| symbol == END_SYMBOL);
                let Some(last) = last else {
                    open.append(&text)?;
                    continue;
                };
                open.append_range(&text, 0..last + 1)?;
                read.push(std::mem::take(&mut open))?;
                open.append_range(&text, last + 1..text.len())?;
            }
            monitor.check()?;
        }
        if !open.is_empty() {
            open.append(&CompactText::of([DOCUMENT_END].into_iter())?)?;
            read.push(open)?;
        }
        Ok(read)
    }

    /// Append documents. The last one ends with [`DOCUMENT_END`].
    fn push(&mut self, text: CompactText) -> Result<()> {
        check_length(text.len())?;
        let mut ends = Vec::new();
        for (at, &symbol) in text.symbols().iter().enumerate() {
            if symbol == END_SYMBOL {
                fallible::push(&mut ends, at as u32 + 1)?;
            }
        }
        self.documents += ends.len();
        fallible::push(
            &mut self.chunks,
            Arc::new(DocumentChunk {
                text: text.shrunk(),
                ends,
            }),
        )
    }

    /// Number of documents.
    pub fn documents(&self) -> usize {
        self.documents
    }

    /// For each document, the number of its tokens that are words of the vocabulary. With `keep_gaps`, the
    /// tokens of other words count too.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn lengths(&self) -> Result<Vec<u32>> {
        let mut lengths = fallible::with_capacity(self.documents)?;
        for chunk in &self.chunks {
            lengths.extend(chunk.ranges().map(|range| range.len() as u32 - 1));
        }
        Ok(lengths)
    }

    /// The weights of the documents of each chunk.
    fn chunk_weights<'a>(&'a self, weights: &'a [u32]) -> Result<impl Iterator<Item = &'a [u32]>> {
        if weights.len() != self.documents {
            let message = format!(
                "must have a number for each of {} documents, got {}",
                self.documents,
                weights.len()
            );
            return Err(Error::parameter("weights", message));
        }
        let mut rest = weights;
        Ok(self.chunks.iter().map(move |chunk| {
            let (own, others) = rest.split_at(chunk.ends.len());
            rest = others;
            own
        }))
    }

    /// The text in which document `d` stands `weights[d]` times in a row. The documents are copied segment by
    /// segment, when the counter reads them.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming `weights` if it does not have a number for each document;
    /// [`Error::Memory`].
    pub fn weighted(&self, weights: &[u32]) -> Result<EncodedCorpus> {
        let mut tokens = 0;
        let mut chunks = Vec::new();
        for (chunk, own) in self.chunks.iter().zip(self.chunk_weights(weights)?) {
            let (words, ends) = chunk.size(own);
            tokens += words;
            chunks.push(RawIds::Weighted(WeightedDocuments {
                chunk: chunk.clone(),
                weights: fallible::collect(own.iter().copied())?,
                length: (words + ends) as usize,
            }));
        }
        Ok(EncodedCorpus::of_ids(chunks, tokens))
    }

    /// The documents whose weight is above 0, each once, with other ranks of their words: the word of rank `k` gets
    /// the rank `ranks[k]`.
    ///
    /// # Errors
    /// As for [`DocumentText::weighted`].
    pub fn subset(&self, weights: &[u32], ranks: &[WordId]) -> Result<Self> {
        let mut subset = Self::default();
        for (chunk, own) in self.chunks.iter().zip(self.chunk_weights(weights)?) {
            let mut ids = Vec::new();
            for (range, _) in chunk.ranges().zip(own).filter(|(_, weight)| **weight > 0) {
                fallible::reserve(&mut ids, range.len())?;
                let old = chunk.text.ids(range);
                ids.extend(old.map(|id| ranks.get(id as usize).copied().unwrap_or(id)));
            }
            if !ids.is_empty() {
                subset.push(CompactText::of(ids.into_iter())?)?;
            }
        }
        Ok(subset)
    }

    /// How often each word occurs in the text of [`DocumentText::weighted`], by rank. `words` is
    /// the number of words of the vocabulary.
    ///
    /// # Errors
    /// As for [`DocumentText::weighted`]; [`Error::Memory`]; [`Error::Cancelled`].
    pub fn word_counts(
        &self,
        weights: &[u32],
        words: usize,
        monitor: &Monitor,
    ) -> Result<Vec<u64>> {
        let mut counts = fallible::zeroed(words)?;
        for (chunk, own) in self.chunks.iter().zip(self.chunk_weights(weights)?) {
            monitor.check()?;
            for (range, &weight) in chunk.ranges().zip(own).filter(|(_, weight)| **weight > 0) {
                for id in chunk.text.ids(range).filter(|&id| id < GAP) {
                    counts[id as usize] += u64::from(weight);
                }
            }
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryLimit;
    use crate::cooccurrence::{CountingOptions, Triangle, count};
    use crate::encoding::{FAR, Segment};
    use proptest::prelude::*;

    const WORDS: usize = FAR as usize + 9;

    fn document() -> impl Strategy<Value = Vec<WordId>> {
        let far = WordId::from(FAR);
        let id = prop_oneof![4 => 0..6u32, 1 => 254..258u32, 2 => far - 2..far + 9, 1 => Just(GAP)];
        proptest::collection::vec(id, 0..12)
    }

    fn joined<'a>(documents: impl Iterator<Item = &'a Vec<WordId>>) -> Vec<WordId> {
        let mut ids = Vec::new();
        for document in documents {
            ids.extend(document);
            ids.push(DOCUMENT_END);
        }
        ids
    }

    fn text_of(documents: &[Vec<WordId>], cut: usize) -> DocumentText {
        let ids = joined(documents.iter());
        let chunks = ids
            .chunks(cut)
            .map(|part| RawIds::Memory(part.to_vec().into()));
        DocumentText::read(EncodedCorpus::of_ids(chunks.collect(), 0), &Monitor::new()).unwrap()
    }

    fn counted(mut corpus: EncodedCorpus, options: &CountingOptions) -> Vec<(WordId, WordId, u64)> {
        let (memory, monitor) = (MemoryLimit::default(), Monitor::new());
        let counts: Triangle = count(&mut corpus, WORDS, options, &memory, &monitor).unwrap();
        let mut records = Vec::new();
        counts
            .for_each_record(|i, j, x| records.push((i, j, x.to_bits())))
            .unwrap();
        records
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn counts_with_weights_have_the_bits_of_counts_of_a_text_that_repeats_its_documents(
            documents in proptest::collection::vec((document(), 0..4u32), 1..12),
            cut in 1..40usize,
            window in 1..20usize,
            symmetric: bool,
        ) {
            let (documents, weights): (Vec<_>, Vec<_>) = documents.into_iter().unzip();
            let text = text_of(&documents, cut);
            prop_assert_eq!(text.documents(), documents.len());
            let lengths: Vec<u32> = documents.iter().map(|d| d.len() as u32).collect();
            prop_assert_eq!(text.lengths().unwrap(), lengths);
            let repeated = documents.iter().zip(&weights);
            let repeated = joined(repeated.flat_map(|(d, &weight)| (0..weight).map(move |_| d)));
            let mut weighted = text.weighted(&weights).unwrap();
            let mut segment = Segment::default();
            weighted.next_segment(usize::MAX, window, &mut segment, &Monitor::new()).unwrap();
            let found: Vec<WordId> = segment.text.ids(0..segment.text.len()).collect();
            prop_assert_eq!(&found, &repeated);
            let mut expected = vec![0u64; WORDS];
            for &id in repeated.iter().filter(|&&id| id < GAP) {
                expected[id as usize] += 1;
            }
            prop_assert_eq!(text.word_counts(&weights, WORDS, &Monitor::new()).unwrap(), expected);
            let options = CountingOptions { window, symmetric, distance_weighting: true, adjacent: false };
            prop_assert_eq!(
                counted(text.weighted(&weights).unwrap(), &options),
                counted(EncodedCorpus::from_ranks(repeated), &options)
            );
        }
    }

    proptest! {
        #[test]
        fn a_part_has_the_documents_with_a_weight_and_new_ranks(
            documents in proptest::collection::vec((document(), 0..2u32), 1..12),
            cut in 1..40usize,
        ) {
            let (documents, weights): (Vec<_>, Vec<_>) = documents.into_iter().unzip();
            let ranks: Vec<WordId> = (0..WORDS as WordId).rev().collect();
            let subset = text_of(&documents, cut).subset(&weights, &ranks).unwrap();
            let kept = documents.iter().zip(&weights).filter(|(_, weight)| **weight > 0);
            let expected: Vec<Vec<WordId>> = kept
                .map(|(ids, _)| ids.iter().map(|&id| if id == GAP { GAP } else { ranks[id as usize] }).collect())
                .collect();
            let found = subset.chunks.iter().flat_map(|chunk| chunk.text.ids(0..chunk.text.len()));
            prop_assert_eq!(found.collect::<Vec<_>>(), joined(expected.iter()));
            prop_assert_eq!(subset.documents(), expected.len());
        }
    }

    #[test]
    fn a_text_without_a_last_end_and_weights_of_another_length() {
        let corpus = EncodedCorpus::from_ranks(vec![1, 2, DOCUMENT_END, 0]);
        let text = DocumentText::read(corpus, &Monitor::new()).unwrap();
        assert_eq!(text.lengths().unwrap(), [2, 1]);
        let error = text.weighted(&[1]).err().unwrap();
        assert!(error.to_string().contains("2 documents, got 1"), "{error}");
    }
}
