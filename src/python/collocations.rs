//! [`learn`] for Python.

use super::arguments::{EncodingArguments, RunningArguments};
use super::phrases::CorePhrases;
use super::run::run;
use super::source::{Source, SourceArguments};
use crate::collocations::{Rule, Scoring, learn};
use crate::phrases::Phrases;
use crate::threads;
use pyo3::prelude::*;
use std::sync::Arc;

/// Learn phrases from a text, and return them as a new pass after the passes of `earlier`. While
/// the text is read, the phrases of `earlier` are joined.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
#[pyo3(signature = (earlier, source, encoding, running, min_count, threshold, scoring, progress))]
pub fn learn_phrases(
    py: Python<'_>,
    earlier: &Bound<'_, CorePhrases>,
    source: SourceArguments<'_>,
    encoding: EncodingArguments,
    running: RunningArguments,
    min_count: u64,
    threshold: f64,
    scoring: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<CorePhrases> {
    let rule = Rule {
        min_count,
        threshold,
        scoring: Scoring::from_name(scoring)?,
    };
    let options = encoding.options()?;
    let (threads, memory) = running.resolve()?;
    let Source { mut reader, feeder } = Source::new(source, &options, &memory)?;
    let earlier = Phrases::clone(&earlier.get().inner);
    let found = run(py, progress, feeder, |monitor| {
        threads::in_pool(threads, || {
            learn(reader.as_mut(), earlier, &rule, &options, &memory, monitor)
        })?
    })?;
    Ok(CorePhrases {
        inner: Arc::new(found),
    })
}
