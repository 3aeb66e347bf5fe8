//! Splits text into words.

mod chinese;
mod folding;
mod handler;
mod punctuation;
mod tokenizer;
mod unicode;
mod whitespace;

pub use chinese::{Segmenter, UserWord};
pub use folding::{Folding, Normalization};
pub use handler::TokenHandler;
pub(crate) use punctuation::is_punctuation;
pub use tokenizer::Tokenizer;
pub use whitespace::whitespace;
