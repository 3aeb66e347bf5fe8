//! Files of vectors, vocabularies, counts, subword models and checkpoints: Stanford's formats, word2vec's and this
//! package's own.

mod binary_reader;
pub mod checkpoint;
pub mod counts;
mod header;
mod recognise;
pub mod stanford;
pub mod subwords;
pub mod vectors;
mod word_section;

#[cfg(feature = "python")]
pub(crate) use recognise::{count_lines, read_text};
pub use recognise::{explained, recognise};
#[cfg(feature = "python")]
pub(crate) use vectors::load_from;
pub use vectors::{
    Combine, Element, Format, LoadOptions, LoadedVectors, MAX_LINE_BYTES, Selection, WordList,
    load, native, write,
};
