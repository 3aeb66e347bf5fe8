//! The names that parameters such as `tokenizer`, `format` and `optimizer` accept, and the endings of the names of
//! compressed files, as tuples in the module `_core`.

use crate::collocations::Scoring;
use crate::corpus::{DocumentUnit, OnInvalid};
use crate::formats::{Combine, Format};
use crate::io::COMPRESSED;
use crate::tokenize::{Normalization, Tokenizer};
use crate::training::{Optimizer, RateSchedule};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// Add a tuple of names to the module for each parameter whose values are names.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let tuples: [(&str, &[&str]); 9] = [
        ("TOKENIZERS", &Tokenizer::NAMES),
        ("NORMALIZATIONS", &Normalization::NAMES),
        ("DOCUMENTS", &DocumentUnit::NAMES),
        ("TEXT_ERRORS", &OnInvalid::NAMES),
        ("SCHEDULES", &RateSchedule::NAMES),
        ("OPTIMIZERS", &Optimizer::NAMES),
        ("VECTOR_FORMATS", &Format::NAMES),
        ("COMBINATIONS", &Combine::NAMES),
        ("SCORINGS", &Scoring::NAMES),
    ];
    for (attribute, names) in tuples {
        module.add(attribute, PyTuple::new(module.py(), names)?)?;
    }
    let endings = COMPRESSED.map(|(ending, _)| ending);
    module.add("COMPRESSED_ENDINGS", PyTuple::new(module.py(), endings)?)
}
