//! Files of vectors, vocabularies, counts and checkpoints: Stanford's formats, word2vec's and this
//! package's own.

mod binary_reader;
pub mod checkpoint;
pub mod counts;
mod header;
pub mod stanford;
pub mod vectors;

pub use vectors::{
    Combine, Element, Format, LoadOptions, Loaded, MAX_LINE_BYTES, WordList, load, native, write,
};
