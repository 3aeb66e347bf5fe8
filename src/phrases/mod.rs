//! Phrases: collocations whose words are joined to one word. They are joined after the text is split into words and
//! before the words are counted.
//!
//! [`Phrases`] holds the phrases, and `joiner` joins them in a stream of words. `collocations` finds the phrases of a
//! text. The rules are those of Mikolov et al. 2013 ("Distributed Representations of Words and Phrases and their
//! Compositionality", section 4), as gensim implements them.

mod byte_strings;
mod joiner;
mod phrase_set;

pub use byte_strings::{ByteStringSet, byte_string_set};
pub(crate) use joiner::Joiner;
pub(crate) use phrase_set::BETWEEN;
pub use phrase_set::{Phrases, Scored, ScoredPhrase};
