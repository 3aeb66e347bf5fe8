//! Files of vectors, vocabularies and counts: Stanford's formats, word2vec's and this package's own.

mod binary;
pub mod checkpoint;
mod combine;
mod component;
pub mod counts;
mod detect;
mod input;
mod load;
pub mod native;
mod records;
pub mod stanford;
mod text;
pub mod word2vec;
mod words;

pub use combine::Combine;
pub use component::Component;
pub use detect::Format;
pub use load::{LoadOptions, Loaded, MAX_LINE_BYTES, load};
pub use words::WordList;
