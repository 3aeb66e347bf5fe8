//! From the numbers of a text's words to ranks: of the vocabulary that is chosen for the text, or of a given one.

use super::compact_text::SymbolTable;
use super::merged_words::MergedWords;
use super::options::EncodingOptions;
use super::raw_corpus::RawCorpus;
use super::segments::EncodedCorpus;
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::{POLL_WORDS, Vocabulary};
use rayon::prelude::*;

/// The vocabulary that was chosen for a text.
pub struct ChosenVocabulary {
    /// The vocabulary.
    pub vocabulary: Vocabulary,
    /// The words that `min_count` or `max_vocab` excludes from the vocabulary, in no particular
    /// order. Stop words are not among them.
    pub rare: Vocabulary,
    /// The ranks of the words of the text, for [`RawCorpus::ranked`].
    pub ranks: Ranks,
}

/// The rank of each word of each interner, or a mark for a word without a rank.
pub struct Ranks(Vec<SymbolTable>);

impl RawCorpus {
    /// The vocabulary of the text.
    ///
    /// # Errors
    /// As for [`RawCorpus::words`]; [`crate::Error::Corpus`] if the text has no words, or if no word that is not
    /// a stop word occurs `min_count` times.
    pub fn vocabulary(&self, options: &EncodingOptions, monitor: &Monitor) -> Result<Vocabulary> {
        let mut words = self.words(monitor)?;
        Ok(options.choose(&mut words, &self.name, monitor)?.0)
    }

    /// The vocabulary of the text, the words that `min_count` or `max_vocab` excludes from it, and
    /// the ranks for [`RawCorpus::ranked`].
    ///
    /// # Errors
    /// As for [`RawCorpus::vocabulary`].
    pub fn choose(&self, options: &EncodingOptions, monitor: &Monitor) -> Result<ChosenVocabulary> {
        let MergedWords { mut words, numbers } = MergedWords::of(&self.interners, monitor)?;
        let (vocabulary, ranks) = options.choose(&mut words, &self.name, monitor)?;
        let outside = options.outside();
        let rare = || {
            let rare = words.iter().zip(&ranks).filter(|(_, rank)| rank.is_none());
            let mut others = fallible::with_capacity(words.len() - vocabulary.len())?;
            others.extend(rare.map(|(&word, _)| word).filter(|word| word.1 > 0));
            Vocabulary::of(&others, monitor)
        };
        let tables = || -> Result<Vec<SymbolTable>> {
            let tables = numbers.par_iter().map(|numbers| {
                let ranks = numbers.iter().map(|&number| ranks[number as usize]);
                SymbolTable::of(fallible::collect(
                    ranks.map(|rank| rank.unwrap_or(outside)),
                )?)
            });
            tables.collect()
        };
        let (rare, ranks) = rayon::join(rare, tables);
        Ok(ChosenVocabulary {
            rare: rare?,
            ranks: Ranks(ranks?),
            vocabulary,
        })
    }

    /// The text as ranks of `vocabulary`, to be read segment by segment.
    ///
    /// # Errors
    /// [`crate::Error::Memory`], [`crate::Error::Cancelled`].
    pub fn encode(
        self,
        vocabulary: &Vocabulary,
        options: &EncodingOptions,
        monitor: &Monitor,
    ) -> Result<EncodedCorpus> {
        vocabulary.build_index(monitor)?;
        let outside = options.outside();
        let ranks: Result<Vec<SymbolTable>> = self
            .interners
            .par_iter()
            .map(|interner| {
                let mut ranks = fallible::filled(outside, interner.table.len())?;
                for (number, entry) in interner.table.iter().enumerate() {
                    if number.is_multiple_of(POLL_WORDS) {
                        monitor.check()?;
                    }
                    if let Some(rank) = vocabulary.index_of(entry.bytes(&interner.long)) {
                        ranks[entry.id as usize] = rank;
                    }
                }
                SymbolTable::of(ranks)
            })
            .collect();
        Ok(self.ranked(Ranks(ranks?)))
    }

    /// The text, encoded with `ranks`, which [`RawCorpus::choose`] returns together with the vocabulary.
    pub fn ranked(self, ranks: Ranks) -> EncodedCorpus {
        let counts = self.interners.iter().flat_map(|i| i.table.iter());
        let tokens = counts.map(|entry| entry.count).sum();
        EncodedCorpus::new(ranks.0, self.chunks, self.spool, tokens)
    }
}
