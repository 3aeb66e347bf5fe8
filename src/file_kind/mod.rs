//! Recognises what a file is by its first bytes. The functions that read files ask this module
//! before they read, to refuse a file of another kind, and after an error, to say what the file is.
//!
//! | module | recognises |
//! |---|---|
//! | `signatures` | kinds with a signature, such as this package's files, archives, tables, pickles and images |
//! | `numbers` | binary files of Stanford's tools and of word2vec, by the numbers in them |
//! | `text` | vectors and vocabularies as text, UTF-16 and UTF-32 without a byte order mark; warns of XML, JSON and tables |
//!
//! [`formats::recognise`](crate::formats::recognise) tries to read a file that this module does not recognise.

mod beginning;
mod byte_order_mark;
mod kind;
mod numbers;
mod refusal;
mod signatures;
mod text;
mod wanted;

pub(crate) use beginning::BEGINNING_BYTES;
pub(crate) use byte_order_mark::{UTF8_MARK, has_mark};
pub use kind::{FileKind, Foreign};
pub(crate) use refusal::refusal_as_text;
pub(crate) use text::{is_text, is_vocabulary, notice};
pub use wanted::Wanted;
