//! A subword model: vectors of words from the spelling of the words.
//!
//! A word is the set of its character n-grams, with its edges (Bojanowski et al. 2017). Each n-gram has a vector,
//! and the prediction for a word with n known n-grams is 1/√n times the sum of their vectors. The vectors of the
//! n-grams are a weighted ridge regression of given word vectors on the n-grams of their words, so any word
//! vectors can have a subword model. N-grams are stored as they are, without hash buckets: two n-grams never
//! share a vector.
//!
//! | module | holds |
//! |---|---|
//! | `ngrams` | the n-grams of a word |
//! | `design` | the n-grams of a vocabulary, and which word has which |
//! | `ridge` | the regression |
//! | `model` | vectors of n-grams, predictions |
//! | `shrinkage` | word vectors moved towards their predictions |
//!
//! ```
//! use glove_rs::subwords::{Subwords, SubwordOptions};
//! use glove_rs::Monitor;
//!
//! # fn main() -> glove_rs::Result<()> {
//! let words = ["walk", "walks", "walked", "talk", "talks", "talked"];
//! let vectors = [1.0, 0.0, 1.0, 0.5, 1.0, 1.0, 0.0, 1.0, 0.0, 1.5, 0.0, 2.0];
//! let options = SubwordOptions { min_words: 2, ..SubwordOptions::default() };
//! let subwords = Subwords::fit(&words, &vectors, 2, None, &options, &Monitor::new())?;
//! assert!(subwords.predict(b"talking").is_some());
//! assert!(subwords.predict("語".as_bytes()).is_none());
//! # Ok(())
//! # }
//! ```

mod design;
mod model;
mod ngrams;
mod ridge;
mod shrinkage;

pub use design::Design;
pub use model::{SubwordOptions, Subwords, word_weights};
pub use ngrams::{MAX_NGRAM, NgramLengths};
pub use shrinkage::Shrinkage;
