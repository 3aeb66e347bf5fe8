//! Replaces the words of a text by their numbers in a vocabulary. The text is read once.
//!
//! Every worker numbers the words of its chunks with an interner of its own, without locks ([`RawCorpus`]). At
//! the end of the text the interners are merged into one vocabulary, and the numbers of each worker are replaced
//! by frequency ranks ([`EncodedCorpus`]). Which worker reads which chunk varies from run to run; the ranks do
//! not.

mod chunk;
mod chunk_queue;
mod compact_text;
mod document_chunk;
mod documents;
mod interned_word;
mod interner;
mod joining;
mod marks;
mod merged_words;
mod numbered;
mod options;
mod pipeline;
mod ranks;
mod raw_corpus;
mod reader;
mod segments;
mod word_table;

pub use compact_text::CompactText;
pub(crate) use compact_text::{END_SYMBOL, FAR};
pub use documents::DocumentText;
pub(crate) use interner::Interner;
pub(crate) use marks::DROPPED;
pub use marks::{DOCUMENT_END, GAP};
pub(crate) use numbered::NumberedText;
pub use options::EncodingOptions;
pub use pipeline::{EncodedText, WordChoice, encode_text};
pub use ranks::{ChosenVocabulary, Ranks};
pub use raw_corpus::RawCorpus;
pub use reader::read_vocabulary;
pub use segments::{EncodedCorpus, Segment};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::InMemoryDocuments;
    use crate::vocabulary::WordId;
    use crate::{MemoryLimit, Monitor, Result, Vocabulary};

    fn encode(documents: &[&str], options: &EncodingOptions) -> Result<(Vocabulary, Vec<WordId>)> {
        let monitor = Monitor::new();
        let memory = MemoryLimit::default();
        let mut reader = InMemoryDocuments::new(documents);
        let raw = RawCorpus::read(&mut reader, options, &memory, &monitor)?;
        let vocabulary = raw.vocabulary(options, &monitor)?;
        let mut encoded = raw.encode(&vocabulary, options, &monitor)?;
        let mut segment = Segment::default();
        assert!(encoded.next_segment(usize::MAX, 15, &mut segment, &monitor)?);
        assert!(encoded.is_exhausted());
        Ok((
            vocabulary,
            segment.text.ids(0..segment.text.len()).collect(),
        ))
    }

    #[test]
    fn ranks_replace_words_and_rare_words_go() {
        let options = EncodingOptions {
            min_count: 2,
            ..Default::default()
        };
        let (vocabulary, ids) = encode(&["b a rare a", "b a"], &options).unwrap();
        assert_eq!(vocabulary.word(0), b"a");
        assert_eq!(ids, [1, 0, 0, DOCUMENT_END, 1, 0, DOCUMENT_END]);
        let gaps = EncodingOptions {
            keep_gaps: true,
            ..options
        };
        let (_, ids) = encode(&["b a rare a", "b a"], &gaps).unwrap();
        assert_eq!(ids[..4], [1, 0, GAP, 0]);
    }

    #[test]
    fn a_word_of_any_length_may_be_too_long() {
        for max_word_bytes in [1, 2, 15, 16, 17, 100] {
            let options = EncodingOptions {
                min_count: 1,
                max_word_bytes,
                ..Default::default()
            };
            let longest = "x".repeat(max_word_bytes);
            assert!(encode(&[&format!("a {longest} b")], &options).is_ok());
            let error = encode(&[&format!("a {longest}x b")], &options).unwrap_err();
            let message = format!(
                "a word of {} bytes; the limit is max_word_bytes={max_word_bytes}",
                max_word_bytes + 1
            );
            assert!(error.to_string().ends_with(&message), "{error}");
        }
    }

    #[test]
    fn words_left_out_by_min_count_are_named_as_the_reason() {
        let error = encode(&["a b c"], &EncodingOptions::default()).unwrap_err();
        assert!(error.to_string().contains("min_count=5"), "{error}");
        let error = encode(&["  ", ""], &EncodingOptions::default()).unwrap_err();
        assert!(
            error.to_string().contains("no words in the text"),
            "{error}"
        );
    }
}
