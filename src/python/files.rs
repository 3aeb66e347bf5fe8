//! Vector files for Python.

use super::arguments::RunningArguments;
use super::recognising::FileArgument;
use super::run::run;
use super::vocabulary::{CoreVocabulary, list};
use crate::corpus::OnInvalid;
use crate::error::Result;
use crate::file_kind::Wanted;
use crate::formats::write::{self, Layout};
use crate::formats::{
    Combine, Element, Format, LoadOptions, LoadedVectors, Selection, WordList, explained, load,
    load_from, native, stanford,
};
use crate::io::Input;
use crate::monitor::Monitor;
use crate::threads;
use crate::training::Exported;
use half::f16;
use numpy::{
    PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use std::path::PathBuf;

/// A matrix in float32 or in float16.
#[derive(FromPyObject)]
pub enum FloatMatrix<'py> {
    Single(PyReadonlyArray2<'py, f32>),
    Half(PyReadonlyArray2<'py, f16>),
}

/// The vectors of a file. Either their matrix was read, or Python maps it into memory from the file.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreVectors {
    words: WordList,
    repeated: WordList,
    doubtful: WordList,
    not_finite: WordList,
    /// The matrix (V, dim); `None` if Python maps it.
    #[pyo3(get)]
    matrix: Option<Py<PyAny>>,
    /// Number of components of a vector.
    #[pyo3(get)]
    dim: usize,
    /// Byte offset of the matrix in the file, if Python maps it.
    #[pyo3(get)]
    offset: u64,
    /// The header of the file if Python maps the matrix, and otherwise no bytes.
    #[pyo3(get)]
    header: Py<PyBytes>,
    /// Whether the matrix is in half precision (float16).
    #[pyo3(get)]
    half: bool,
}

#[pymethods]
impl CoreVectors {
    /// The words; a new list in each call.
    fn words<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        list(py, self.words.iter())
    }

    /// The word of each vector that was left out because an earlier vector has the same word.
    fn repeated<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        list(py, self.repeated.iter())
    }

    /// Words of a text file that end in a separator and a number: their lines may have one number too many.
    fn doubtful<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        list(py, self.doubtful.iter())
    }

    /// Words whose vectors hold NaN or infinity. A matrix that Python maps is not checked.
    fn not_finite<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        list(py, self.not_finite.iter())
    }

    fn __len__(&self) -> usize {
        self.words.len()
    }
}

impl CoreVectors {
    fn read<E: Element + numpy::Element>(
        py: Python<'_>,
        loaded: LoadedVectors<E>,
    ) -> PyResult<Self> {
        let shape = [loaded.words.len(), loaded.dim];
        let matrix = PyArray1::from_vec(py, loaded.matrix).reshape(shape)?;
        Ok(Self {
            words: loaded.words,
            repeated: loaded.repeated,
            doubtful: loaded.doubtful,
            not_finite: loaded.not_finite,
            matrix: Some(matrix.into_any().unbind()),
            dim: loaded.dim,
            offset: 0,
            header: PyBytes::new(py, b"").unbind(),
            half: E::BYTES == 2,
        })
    }

    fn mapped(py: Python<'_>, header: native::Header, words: WordList) -> Self {
        Self {
            words,
            repeated: WordList::default(),
            doubtful: WordList::default(),
            not_finite: WordList::default(),
            matrix: None,
            dim: header.dim,
            offset: header.matrix,
            header: PyBytes::new(py, &header.bytes).unbind(),
            half: header.is_half(),
        }
    }
}

/// Read vectors of any format. `half` chooses float16 or float32; `None` means the type of a native
/// file, and float32 for other formats. If `map` is true and `path` is the path of a native file
/// with numbers of this type, the matrix is not read: the result says how to map it. Mapping needs
/// a `format` of `None` or "native", a `vocabulary` of `None` and the default of `combine`. `only`
/// restricts the vectors to those of some words, unless the matrix is mapped.
#[pyfunction]
#[pyo3(signature = (path, format, limit, half, vocabulary, combine, map, max_line_bytes, errors, only, progress))]
#[allow(clippy::too_many_arguments)] // the arguments are keywords in Python
pub fn load_vectors(
    py: Python<'_>,
    path: FileArgument,
    format: Option<&str>,
    limit: Option<usize>,
    half: Option<bool>,
    vocabulary: Option<&Bound<'_, CoreVocabulary>>,
    combine: &str,
    map: bool,
    max_line_bytes: usize,
    errors: &str,
    only: Option<Vec<String>>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<CoreVectors> {
    let only = only.map(Selection::new);
    let vocabulary = vocabulary.map(|v| v.get().inner.clone());
    let options = LoadOptions {
        format: format.map(Format::from_name).transpose()?,
        limit,
        vocabulary: vocabulary.as_deref(),
        combine: Combine::from_name(combine)?,
        max_line_bytes,
        errors: OnInvalid::from_name(errors)?,
        words: only.as_ref(),
    };
    find(py, path, options, half, map, progress)
}

/// A native file whose matrix Python maps, or vectors that were read.
enum VectorsRead {
    Native(native::Header, WordList),
    Single(LoadedVectors<f32>),
    Half(LoadedVectors<f16>),
}

fn find(
    py: Python<'_>,
    file: FileArgument,
    options: LoadOptions<'_>,
    half: Option<bool>,
    map: bool,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<CoreVectors> {
    let map = map
        && matches!(options.format, None | Some(Format::Native))
        && options.vocabulary.is_none()
        && options.combine == Combine::default();
    let threads = threads::resolve(None)?;
    let found = run(py, progress, None, |monitor| {
        let path = match file {
            FileArgument::Path(path) => path,
            FileArgument::Stream(..) => {
                let input = file.open(monitor)?;
                return threads::in_pool(threads, || read(input, options, half, monitor))?;
            }
        };
        // A file in an archive cannot be mapped.
        let opened = if map && path.exists() {
            native::open(&path, monitor)?
        } else {
            None
        };
        let fits = |header: &native::Header| half.is_none_or(|half| half == header.is_half());
        if let Some((header, words)) = opened.filter(|(header, _)| fits(header)) {
            return Ok(VectorsRead::Native(header, words));
        }
        threads::in_pool(threads, || {
            if options.vocabulary.is_none() {
                return read(Input::open(&path, monitor)?, options, half, monitor);
            }
            let found = match half {
                Some(true) => load(&path, options, monitor).map(VectorsRead::Half),
                _ => load(&path, options, monitor).map(VectorsRead::Single),
            };
            explained(found, &path, Wanted::Parameters, monitor)
        })?
    })?;
    match found {
        VectorsRead::Native(header, mut words) => {
            words.truncate(options.limit.unwrap_or(usize::MAX));
            Ok(CoreVectors::mapped(py, header, words))
        }
        VectorsRead::Single(loaded) => CoreVectors::read(py, loaded),
        VectorsRead::Half(loaded) => CoreVectors::read(py, loaded),
    }
}

/// Read the vectors of an open file.
fn read(
    mut input: Input,
    options: LoadOptions<'_>,
    half: Option<bool>,
    monitor: &Monitor,
) -> Result<VectorsRead> {
    let half = match half {
        Some(half) => half,
        None => native::is_half(&mut input)?,
    };
    if half {
        load_from(input, options, monitor).map(VectorsRead::Half)
    } else {
        load_from(input, options, monitor).map(VectorsRead::Single)
    }
}

/// Whether a file begins like a file of vectors in the native format.
#[pyfunction]
pub fn is_native(path: PathBuf) -> PyResult<bool> {
    Ok(native::is_native(&path)?)
}

/// Write vectors as "text", "binary", "headless", "six_decimals", "six_decimals_header" or "native".
#[pyfunction]
#[pyo3(signature = (path, words, vectors, layout))]
pub fn save_vectors(
    py: Python<'_>,
    path: PathBuf,
    words: Vec<String>,
    vectors: FloatMatrix<'_>,
    layout: &str,
) -> PyResult<()> {
    let layout = match layout {
        "text" => Some(Layout::Text),
        "binary" => Some(Layout::Binary),
        "headless" => Some(Layout::Headless),
        "six_decimals" => Some(Layout::SixDecimals),
        "six_decimals_header" => Some(Layout::SixDecimalsHeader),
        "native" => None,
        _ => return Err(PyValueError::new_err(format!("unknown layout {layout:?}"))),
    };
    match vectors {
        FloatMatrix::Single(vectors) => save(py, path, &words, &vectors, layout),
        FloatMatrix::Half(vectors) => save(py, path, &words, &vectors, layout),
    }
}

fn save<E: Element + numpy::Element>(
    py: Python<'_>,
    path: PathBuf,
    words: &[String],
    vectors: &PyReadonlyArray2<'_, E>,
    layout: Option<Layout>,
) -> PyResult<()> {
    let (rows, dim) = (vectors.shape()[0], vectors.shape()[1]);
    if rows != words.len() {
        return Err(PyValueError::new_err(format!(
            "vectors must have a row per word: {rows} rows, {} words",
            words.len()
        )));
    }
    let vectors = vectors.as_slice()?;
    let threads = threads::resolve(None)?;
    run(py, None, None, |monitor| -> Result<()> {
        threads::in_pool(threads, || match layout {
            Some(layout) => write::save(path, words, vectors, dim, layout, monitor),
            None => native::save(path, words, vectors, dim, monitor),
        })?
    })
}

/// W, W̃, b and b̃, or their accumulators.
type ParameterArrays<'py> = (
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray1<f32>>,
    Bound<'py, PyArray1<f32>>,
);

/// Read Stanford's parameters or accumulators, for a vocabulary of `words` words.
#[pyfunction]
#[pyo3(signature = (path, words, progress))]
pub fn load_parameters<'py>(
    py: Python<'py>,
    path: PathBuf,
    words: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<ParameterArrays<'py>> {
    let (dim, from) = run(py, progress, None, |monitor| {
        let loaded = stanford::load_parameters(&path, words, monitor);
        explained(loaded, &path, Wanted::Parameters, monitor)
    })?;
    Ok((
        PyArray1::from_vec(py, from.w).reshape([words, dim])?,
        PyArray1::from_vec(py, from.w_tilde).reshape([words, dim])?,
        PyArray1::from_vec(py, from.b),
        PyArray1::from_vec(py, from.b_tilde),
    ))
}

/// Write Stanford's parameters or accumulators.
#[pyfunction]
#[pyo3(signature = (path, W, W_tilde, b, b_tilde))]
#[allow(non_snake_case)]
pub fn save_parameters(
    py: Python<'_>,
    path: PathBuf,
    W: PyReadonlyArray2<'_, f32>,
    W_tilde: PyReadonlyArray2<'_, f32>,
    b: PyReadonlyArray1<'_, f32>,
    b_tilde: PyReadonlyArray1<'_, f32>,
) -> PyResult<()> {
    let from = Exported {
        w: W.as_slice()?.to_vec(),
        w_tilde: W_tilde.as_slice()?.to_vec(),
        b: b.as_slice()?.to_vec(),
        b_tilde: b_tilde.as_slice()?.to_vec(),
    };
    let dim = W.shape()[1];
    run(py, None, None, |monitor| {
        stanford::save_parameters(&from, dim, path, monitor)
    })
}

/// Stanford's co-occurrence records: the highest word number, the number of records, the sum of the counts, whether
/// the records are sorted, and the first `shown` records.
#[pyfunction]
#[allow(clippy::type_complexity)]
pub fn records_summary(
    py: Python<'_>,
    path: PathBuf,
    shown: usize,
) -> PyResult<(i32, u64, f64, bool, Vec<(i32, i32, f64)>)> {
    let found = run(py, None, None, |monitor| {
        stanford::summarize_records(path, shown, monitor)
    })?;
    Ok((
        found.words,
        found.records,
        found.total,
        found.sorted,
        found.first,
    ))
}

/// The number of numbers in a file of Stanford's parameters, and the first `shown` of them.
#[pyfunction]
pub fn parameters_summary(
    py: Python<'_>,
    path: PathBuf,
    shown: usize,
) -> PyResult<(u64, Vec<f64>)> {
    run(py, None, None, |monitor| {
        stanford::summarize_parameters(path, shown, monitor)
    })
}

/// Copy a file of Stanford's co-occurrence records in random order. Returns the number of records.
#[pyfunction]
#[pyo3(signature = (source, target, seed, running, progress))]
pub fn shuffle(
    py: Python<'_>,
    source: PathBuf,
    target: PathBuf,
    seed: u64,
    running: RunningArguments,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<u64> {
    let (threads, memory) = running.resolve()?;
    run(py, progress, None, |monitor| {
        threads::in_pool(threads, || {
            stanford::shuffle(source, target, seed, &memory, monitor)
        })?
    })
}
