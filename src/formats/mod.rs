//! Files of vectors, vocabularies, counts and checkpoints: Stanford's formats, word2vec's and this
//! package's own.

pub mod checkpoint;
pub mod counts;
pub mod stanford;
pub mod vectors;

pub use vectors::{
    Combine, Element, Format, LoadOptions, Loaded, MAX_LINE_BYTES, WordList, load, native, write,
};
