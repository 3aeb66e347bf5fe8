//! Subword models: they predict the vector of a word from its spelling.
//!
//! A word is described by the set of its character n-grams; the beginning and the end of the word count as characters
//! (Bojanowski et al. 2017). Each n-gram has a vector. The prediction for a word with n known n-grams is 1/√n times
//! the sum of their vectors. The vectors of the n-grams are computed by weighted ridge regression of given word vectors
//! on the n-grams of the words, so a subword model can be fitted to any word vectors. N-grams are not hashed into
//! buckets: each n-gram has a vector of its own.
//!
//! | module | holds |
//! |---|---|
//! | `ngrams` | the n-grams of a word |
//! | `design` | the n-grams of a vocabulary, and the n-grams of each of its words |
//! | `ridge` | the regression |
//! | `model` | vectors of n-grams, predictions |
//! | `covariance` | the mean of vectors, and their directions of largest variance |
//! | `opposite` | directions in which w and w̃ are opposite, and the sum of both with w̃ turned there |
//! | `directions` | the mean of word vectors and their dominating directions, and damping both |
//! | `shrinkage` | turning and damping, then moving word vectors towards their predictions |
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

mod covariance;
mod design;
mod directions;
mod model;
mod ngrams;
mod opposite;
mod ridge;
mod shrinkage;

pub use design::Design;
pub use model::{SubwordOptions, Subwords, word_weights};
pub use ngrams::{MAX_NGRAM, NgramLengths};
pub use shrinkage::{Found, Shrinkage};
