//! Files of vectors, vocabularies and counts: Stanford's formats and word2vec's.

mod atomic;
pub mod counts;
pub mod stanford;
pub mod word2vec;

pub use atomic::write_atomically;
