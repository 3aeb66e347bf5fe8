//! Reads and writes files of vectors. The format of a file is detected from its content, unless the caller gives it.
//! Stanford's parameters have no words: a file is read as such if the caller gives a vocabulary.
//!
//! | module | what |
//! |---|---|
//! | `load`, `loaded` | reads a file of any format; what it returns: words and a matrix |
//! | `format` | the names of the formats |
//! | `detect`, `format_rules`, `first_lines` | detects which format a file has, from its beginning |
//! | `dialect` | the dialects of text files: what separates the fields, and how numbers are written |
//! | `rows`, `blocks` | reads rows of words and numbers in blocks, on all threads |
//! | `record_layout` | what the reader of rows needs to know of a format |
//! | `text`, `word2vec_binary` | where a row ends and what is in it, in text and in binary |
//! | `numbers`, `decimal` | parses the numbers of a line together, and single numbers |
//! | `shortest` | formats numbers with the fewest digits, many at a time |
//! | `stanford` | reads vectors from the parameters of Stanford's `glove` |
//! | [`native`] | this package's own format, which can be mapped instead of read |
//! | [`write`](mod@write), `ordered_writer` | writes word2vec's formats and GloVe's text, formatted on all threads |
//! | `combine` | combines the two vectors of a word, w and w̃, into one |
//! | `word_list` | many words in one allocation |
//! | `selection` | words whose vectors are wanted |

mod blocks;
mod combine;
mod decimal;
mod detect;
mod dialect;
mod first_lines;
mod format;
mod format_rules;
mod load;
mod loaded;
pub mod native;
mod numbers;
mod ordered_writer;
mod record_layout;
mod rows;
mod selection;
mod shortest;
mod stanford;
mod text;
mod word2vec_binary;
mod word_list;
pub mod write;

pub use crate::float16::Element;
pub use combine::Combine;
pub(super) use detect::are_vectors;
pub use format::Format;
#[cfg(feature = "python")]
pub(crate) use load::load_from;
pub use load::{LoadOptions, load};
pub use loaded::{LoadedVectors, MAX_LINE_BYTES};
pub use selection::Selection;
pub use word_list::WordList;
