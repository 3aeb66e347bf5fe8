//! Turns encoded text into counts: how often two words occur within a window, or within a document.
//!
//! [`count_text`] does all steps from text to counts; [`count()`] counts text that is encoded already. Counts are
//! a [`Triangle`], whose rows lie in memory or in a temporary file.
//!
//! Five modules make a [`Triangle`] from other data than a text:
//!
//! | module | input |
//! |---|---|
//! | `pairs` | a table of keys and values |
//! | `from_records` | records in any order, on disk beyond a memory limit |
//! | `assemble` | pairs in any order, in memory |
//! | `merge` | several matrices with the same word ids |
//! | `weighted_sum` | several matrices with different word ids |

mod accumulator;
mod adjacent;
mod assemble;
mod block_layout;
mod block_storage;
mod corpus_size;
mod count;
mod csr;
mod document_windows;
mod encoded_sample;
mod estimate;
mod frequent_pairs;
mod from_records;
mod growth;
mod matrix;
mod merge;
mod occurrences;
mod options;
mod packed_block;
mod pairs;
mod pipeline;
pub(crate) mod row_codec;
mod row_writer;
mod selected_rows;
mod spill_file;
mod symbol_text;
mod task_size;
mod totals;
mod weighted_sum;
mod window;

pub use accumulator::DENSE_WIDTH;
pub(crate) use accumulator::RowAccumulator;
pub use adjacent::{ContextColumns, adjacent_columns};
pub(crate) use block_layout::poll;
pub use block_layout::{CountRows, RowBlock, TriangleRow};
pub(crate) use block_storage::CompressedBlock;
pub use block_storage::SharedBytes;
pub use corpus_size::CorpusSize;
pub use count::{count, count_named};
pub use csr::{Csr, row_parts};
pub(crate) use document_windows::DocumentWindows;
pub use encoded_sample::EncodedSample;
pub use estimate::CountingEstimate;
pub(crate) use frequent_pairs::FrequentPairs;
pub use from_records::TriangleBuilder;
pub use growth::Bounds;
pub use matrix::Triangle;
pub use merge::plus;
pub(crate) use merge::{BlockSum, push_row, push_sum};
pub(crate) use occurrences::{Occurrences, tasks};
pub use options::{CountingOptions, MAX_DOCUMENT};
pub use pairs::{CountedPairs, KeyTable, PairBatch, PairOptions, PairReader, count_pairs};
pub use pipeline::{CountedText, count_text};
pub(crate) use row_writer::RowWriter;
pub(crate) use task_size::TASK_OCCURRENCES;
pub(crate) use totals::Totals;
pub(crate) use window::{RowCounter, sum_row};
