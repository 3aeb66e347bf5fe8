//! The vocabulary: words with their counts and ranks.

mod choice;
mod limits;
mod sorting;
mod stanford_order;
mod union;
mod words;

pub use limits::MAX_WORDS;
pub(crate) use limits::check_number_of_words;
pub(crate) use words::{POLL_WORDS, hash};
pub use words::{Vocabulary, WordId};
