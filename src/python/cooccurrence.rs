//! [`Triangle`] with its vocabulary, for Python.

use super::run::run;
use super::source::Source;
use super::vocabulary::{CoreVocabulary, EncodingArguments};
use crate::cooccurrence::{CountingOptions, Triangle, count};
use crate::encoding::RawCorpus;
use crate::error::Error;
use crate::formats::stanford;
use crate::threads;
use crate::vocabulary::{Vocabulary, WordId};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// Co-occurrence counts as the core keeps them.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreCooccurrence {
    pub vocabulary: Arc<Vocabulary>,
    pub counts: Arc<Triangle>,
    totals: OnceLock<Totals>,
}

struct Totals {
    nnz: u64,
    total: f64,
    rows: Vec<f64>,
}

/// The parameters that say what co-occurs.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct CountingArguments {
    window: usize,
    symmetric: bool,
    distance_weighting: bool,
}

impl CoreCooccurrence {
    fn new(vocabulary: Arc<Vocabulary>, counts: Triangle) -> Self {
        Self {
            vocabulary,
            counts: Arc::new(counts),
            totals: OnceLock::new(),
        }
    }

    fn totals(&self) -> &Totals {
        self.totals.get_or_init(|| {
            let (nnz, total) = self.counts.totals();
            Totals {
                nnz,
                total,
                rows: self.counts.row_sums(),
            }
        })
    }
}

/// indptr, indices and values of compressed sparse rows.
type Csr<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i32>>,
    Bound<'py, PyArray1<f64>>,
);

#[pymethods]
impl CoreCooccurrence {
    #[staticmethod]
    #[pyo3(signature = (source, vocabulary, encoding, counting, threads, progress))]
    fn from_corpus(
        py: Python<'_>,
        source: &Bound<'_, PyAny>,
        vocabulary: Option<&Bound<'_, CoreVocabulary>>,
        encoding: EncodingArguments,
        counting: CountingArguments,
        threads: Option<usize>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let encoding = encoding.options()?;
        let counting = CountingOptions {
            window: counting.window,
            symmetric: counting.symmetric,
            distance_weighting: counting.distance_weighting,
        };
        let threads = threads::resolve(threads)?;
        let given = vocabulary.map(|v| v.get().inner.clone());
        let Source { mut reader, feeder } = Source::new(source)?;
        let (vocabulary, counts) = run(py, progress, feeder, |monitor| {
            threads::in_pool(threads, || {
                let raw = RawCorpus::read(reader.as_mut(), &encoding, monitor)?;
                let vocabulary = match given {
                    Some(vocabulary) => vocabulary,
                    None => Arc::new(raw.vocabulary(&encoding)?),
                };
                let corpus = raw.encode(&vocabulary, encoding.keep_gaps, monitor)?;
                let counts = count(&corpus.ids, vocabulary.len(), &counting, monitor)?;
                crate::Result::Ok((vocabulary, counts))
            })?
        })?;
        Ok(Self::new(vocabulary, counts))
    }

    /// From compressed sparse rows; finite counts ≥ 0, checked here.
    #[staticmethod]
    fn from_csr(
        py: Python<'_>,
        vocabulary: &Bound<'_, CoreVocabulary>,
        indptr: PyReadonlyArray1<'_, i64>,
        indices: PyReadonlyArray1<'_, i64>,
        values: PyReadonlyArray1<'_, f64>,
    ) -> PyResult<Self> {
        let vocabulary = vocabulary.get().inner.clone();
        let words = vocabulary.len();
        let (indptr, indices, values) =
            (indptr.as_slice()?, indices.as_slice()?, values.as_slice()?);
        let counts = py.detach(|| {
            let mut records = Vec::with_capacity(values.len());
            for row in 0..words {
                for entry in indptr[row] as usize..indptr[row + 1] as usize {
                    let x = values[entry];
                    if !(x.is_finite() && x >= 0.0) {
                        return Err(Error::parameter(
                            "X",
                            format!("must hold finite counts >= 0, got {x} in row {row}"),
                        ));
                    }
                    records.push((row as WordId, indices[entry] as WordId, x));
                }
            }
            Ok(Triangle::from_records(words, records))
        })?;
        Ok(Self::new(vocabulary, counts))
    }

    /// From Stanford's records, in any order.
    #[staticmethod]
    fn load_stanford(
        py: Python<'_>,
        path: PathBuf,
        vocabulary: &Bound<'_, CoreVocabulary>,
    ) -> PyResult<Self> {
        let vocabulary = vocabulary.get().inner.clone();
        let words = vocabulary.len();
        let counts = py.detach(|| {
            stanford::load_records(path, words).map(|r| Triangle::from_records(words, r))
        })?;
        Ok(Self::new(vocabulary, counts))
    }

    fn save_stanford(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        Ok(py.detach(|| stanford::save_cooccurrences(&self.counts, path))?)
    }

    fn csr<'py>(&self, py: Python<'py>) -> Csr<'py> {
        let (starts, columns, values) = py.detach(|| self.counts.to_csr());
        (
            PyArray1::from_vec(py, starts),
            PyArray1::from_vec(py, columns),
            PyArray1::from_vec(py, values),
        )
    }

    #[getter]
    fn vocabulary(&self) -> CoreVocabulary {
        CoreVocabulary {
            inner: self.vocabulary.clone(),
        }
    }

    #[getter]
    fn symmetric(&self) -> bool {
        self.counts.symmetric
    }

    #[getter]
    fn nnz(&self) -> u64 {
        self.totals().nnz
    }

    #[getter]
    fn total(&self) -> f64 {
        self.totals().total
    }

    /// X[i, j]
    fn get(&self, i: WordId, j: WordId) -> f64 {
        self.counts.get(i, j)
    }

    /// Σ_j X[i, j]
    fn row_sum(&self, i: WordId) -> f64 {
        self.totals().rows[i as usize]
    }
}
