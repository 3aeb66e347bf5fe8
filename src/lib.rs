//! GloVe word vectors (Pennington, Socher, Manning 2014).
//!
//! Data flows one way, and each step has a module: [`corpus`] → [`tokenize`] → [`encoding`] and
//! [`vocabulary`] → [`cooccurrence`] → [`training`] → [`formats`]. A step takes data that earlier
//! steps produced. [`session`] runs one training that writes checkpoints and can be resumed.
//!
//! ```
//! use glove_rs::cooccurrence::{CountingOptions, count};
//! use glove_rs::corpus::InMemoryDocuments;
//! use glove_rs::encoding::{EncodingOptions, RawCorpus};
//! use glove_rs::training::{Counts, Parameters, TileOptions, Tiles, TrainingOptions, train};
//! use glove_rs::{MemoryLimit, Monitor, threads};
//!
//! # fn main() -> glove_rs::Result<()> {
//! let text = ["an apple a day keeps the doctor away", "an apple a day keeps an apple a day"];
//! let encoding = EncodingOptions { min_count: 1, ..Default::default() };
//! let monitor = Monitor::new();
//! let memory = MemoryLimit::default();
//! let (vocabulary, reports) = threads::in_pool(2, || {
//!     let raw = RawCorpus::read(&mut InMemoryDocuments::new(text), &encoding, &memory, &monitor)?;
//!     let vocabulary = raw.vocabulary(&encoding, &monitor)?;
//!     let mut corpus = raw.encode(&vocabulary, &encoding, &monitor)?;
//!     let options = CountingOptions::default();
//!     let counts = count(&mut corpus, vocabulary.len(), &options, &memory, &monitor)?;
//!     let (dim, options) = (10, TrainingOptions::default());
//!     let tile_options = TileOptions::new(dim, &options);
//!     let tiles = Tiles::new(&mut Counts::Owned(counts), &tile_options, &memory, &monitor)?;
//!     let mut parameters = Parameters::random(vocabulary.len(), tile_options.layout, 0, &monitor)?;
//!     let reports = train(&mut parameters, &tiles, &options, &monitor)?;
//!     glove_rs::Result::Ok((vocabulary, reports))
//! })??;
//! assert_eq!(vocabulary.word(0), b"a");
//! assert!(reports.last().unwrap().loss < reports[0].loss);
//! # Ok(())
//! # }
//! ```

// The tests of the public interface are a module of the unit tests. So `cargo test --lib` runs all tests of the core,
// and cargo does not compile the core a second time for a separate test program. These tests call the core `glove_rs`,
// as a user does.
#[cfg(test)]
#[path = "../tests/core/main.rs"]
mod core_tests;
#[cfg(test)]
extern crate self as glove_rs;

mod bits;
pub mod collocations;
pub mod cooccurrence;
pub mod corpus;
pub mod distributed;
pub mod encoding;
mod error;
mod file_kind;
mod float16;
pub mod formats;
pub mod io;
mod memory;
mod monitor;
pub mod partition;
pub mod phrases;
#[cfg(feature = "python")]
mod python;
pub mod queries;
mod report;
pub mod session;
pub mod subwords;
pub mod threads;
pub mod tokenize;
pub mod training;
pub mod vocabulary;

pub use error::{Error, Location, Result};
pub use file_kind::{FileKind, Foreign, Wanted};
pub use memory::MemoryLimit;
pub use monitor::{Monitor, Stage};
pub use report::EpochReport;
pub use vocabulary::{Vocabulary, WordId};
