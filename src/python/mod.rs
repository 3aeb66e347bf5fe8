//! The binding: the only module that knows Python. It converts arguments and results, raises errors as Python
//! exceptions, checks for signals, reports progress, and reads Python's iterators and file objects.

mod arguments;
mod arrays;
mod arrow;
mod arrow_column;
mod collocations;
mod cooccurrence;
mod decompressed;
mod documents;
mod epoch_log;
mod errors;
mod estimate;
mod files;
mod group_counts;
mod group_rows;
mod in_order;
mod iterable;
mod names;
mod objects;
mod pair_batch;
mod pairs;
mod panic;
mod parameters;
mod phrases;
mod product;
mod queries;
mod recognising;
mod run;
mod session;
mod shards;
mod signals;
mod source;
mod start;
mod stream;
mod subwords;
mod text_column;
mod tiles;
mod tokenizer;
mod training;
mod vocabulary;
mod writing;

use crate::io::compression::Compression;
use pyo3::prelude::*;

/// The compiled module of `glove_rs`.
// `gil_used = false`: classes are `Sync`, and all state that is kept between calls is behind a lock
// or is written once. So the free-threaded interpreter need not enable its global lock for this
// module.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::collocations::learn_phrases;
    #[pymodule_export]
    use super::cooccurrence::CoreCooccurrence;
    #[pymodule_export]
    use super::decompressed::DecompressedReader;
    #[pymodule_export]
    use super::documents::CoreDocuments;
    #[pymodule_export]
    use super::epoch_log::CoreEpochLog;
    #[pymodule_export]
    use super::errors::{FormatError, InternalError, TrainingDiverged};
    #[pymodule_export]
    use super::estimate::CoreEstimate;
    #[pymodule_export]
    use super::files::{
        CoreVectors, is_native, load_parameters, load_vectors, parameters_summary, records_summary,
        save_parameters, save_vectors, shuffle,
    };
    #[pymodule_export]
    use super::group_counts::{CoreGroupCounts, count_by_group, group_marginals, split_counts};
    #[pymodule_export]
    use super::group_rows::{group_ranks, row_arrays, start_rows};
    #[pymodule_export]
    use super::in_order::train_records;
    #[pymodule_export]
    use super::pairs::count_table;
    #[pymodule_export]
    use super::panic::take_panic;
    #[pymodule_export]
    use super::parameters::{CoreParameters, random_parameters};
    #[pymodule_export]
    use super::phrases::CorePhrases;
    #[pymodule_export]
    use super::product::product;
    #[pymodule_export]
    use super::queries::{cosines, unit_rows};
    #[pymodule_export]
    use super::recognising::{
        check_ending, check_kind, count_lines, ending, find_member, is_archive, is_compressed_name,
        is_member, member_path, members, read_text, recognise, table_format,
    };
    #[pymodule_export]
    use super::session::{CoreCheckpoint, CoreEpoch};
    #[pymodule_export]
    use super::shards::{CoreShard, is_splittable, merge_vocabularies, restore_vocabulary};
    #[pymodule_export]
    use super::source::{document_end, split_documents, table_bytes};
    #[pymodule_export]
    use super::subwords::{CoreDesign, CoreSubwords, restore_subwords, shrink, subword_design};
    #[pymodule_export]
    use super::tiles::{CoreTiles, subepochs};
    #[pymodule_export]
    use super::tokenizer::{CoreSplitter, folded};
    #[pymodule_export]
    use super::training::{
        check_training, negative_targets, simd_level, simd_levels, train, weights,
    };
    #[pymodule_export]
    use super::vocabulary::{CoreVocabulary, most_threads};
    #[pymodule_export]
    use super::writing::{FileWriter, FolderLock, FolderWriter, is_temporary_of};

    #[pymodule_export]
    use pyo3::panic::PanicException;

    #[pymodule_init]
    fn init(module: &super::Bound<'_, super::PyModule>) -> super::PyResult<()> {
        super::panic::remember();
        super::names::add_to(module)
    }

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Negative sampling draws a word with a probability proportional to its frequency to this power.
    #[pymodule_export]
    const NEGATIVE_EXPONENT: f64 = crate::training::NEGATIVE_EXPONENT;

    /// The value of every accumulator before training.
    #[pymodule_export]
    const START_ACCUMULATOR: f32 = crate::training::START_ACCUMULATOR;

    /// The largest value of `negative`.
    #[pymodule_export]
    const MAX_NEGATIVE: f64 = crate::training::MAX_NEGATIVE;

    /// The largest value of `dim`.
    #[pymodule_export]
    const MAX_DIM: usize = crate::training::MAX_DIM;

    /// The default of `max_word_bytes`.
    #[pymodule_export]
    const MAX_WORD_BYTES: usize = crate::corpus::MAX_WORD_BYTES;

    /// The number of words of the longest document that `window=None` counts.
    #[pymodule_export]
    const MAX_DOCUMENT: usize = crate::cooccurrence::MAX_DOCUMENT;

    /// The kernel needs rows whose addresses are multiples of this many bytes.
    #[pymodule_export]
    const ROW_ALIGNMENT: usize = crate::training::ROW_ALIGNMENT;

    /// The number of first bytes that `is_splittable` needs.
    #[pymodule_export]
    const COMPRESSION_BYTES: usize = super::Compression::MAGIC_BYTES;
}
