//! Estimates of memory, disk space and time, for Python.

use super::arguments::{CountingArguments, EncodingArguments, RunningArguments};
use super::run::run;
use super::source::{Source, SourceArguments};
use super::training::TrainingArguments;
use crate::cooccurrence::{Bounds, CountingEstimate, CountingOptions, EncodedSample};
use crate::corpus::TextSample;
use crate::encoding::EncodingOptions;
use crate::memory::MemoryLimit;
use crate::threads;
use crate::training::{Advice, FitEstimate, FitSeconds, Optimizer};
use pyo3::prelude::*;

/// Estimates the memory, the disk space and the time for counting a text and training on its counts.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreEstimate {
    sample: EncodedSample,
    estimate: CountingEstimate,
    encoding: EncodingOptions,
    counting: CountingOptions,
    threads: usize,
    memory: MemoryLimit,
}

/// The smallest, the most likely and the largest value of an estimated number.
type BoundsTuple = (f64, f64, f64);

fn tuple(bounds: Bounds) -> BoundsTuple {
    (bounds.low, bounds.likely, bounds.high)
}

impl CoreEstimate {
    fn in_pool<T: Send>(&self, of: impl FnOnce() -> T + Send) -> PyResult<T> {
        Ok(threads::in_pool(self.threads, of)?)
    }

    fn limited(&self, limit: Option<u64>) -> MemoryLimit {
        MemoryLimit {
            bytes: limit.or(self.memory.bytes),
            ..self.memory.clone()
        }
    }

    /// A fit to a text of the most likely size.
    fn fit_of(
        &self,
        dim: usize,
        optimizer: &str,
        negative: f64,
        keep_counts: bool,
    ) -> PyResult<FitEstimate> {
        Ok(FitEstimate {
            size: self.estimate.likely,
            dim,
            optimizer: Optimizer::from_name(optimizer)?,
            negative,
            keep_counts,
        })
    }
}

#[pymethods]
impl CoreEstimate {
    /// Read a sample of a text.
    #[staticmethod]
    fn new(
        py: Python<'_>,
        source: SourceArguments<'_>,
        encoding: EncodingArguments,
        counting: CountingArguments,
        running: RunningArguments,
    ) -> PyResult<Self> {
        let encoding = encoding.options()?;
        let counting = counting.options();
        let (threads, memory) = running.resolve()?;
        let (source, has_pieces) = Source::sampled(source, &encoding, &memory)?;
        let Source { mut reader, feeder } = source;
        let (sample, estimate) = run(py, None, feeder, |monitor| {
            threads::in_pool(threads, || {
                let sample = if has_pieces {
                    TextSample::of_pieces(reader.as_mut(), monitor)?
                } else {
                    TextSample::of_stream(reader.as_mut(), monitor)?
                };
                let sample = EncodedSample::new(sample, reader.name(), &encoding, monitor)?;
                let estimate = sample.estimate(&encoding, &counting, monitor)?;
                crate::Result::Ok((sample, estimate))
            })?
        })?;
        Ok(Self {
            sample,
            estimate,
            encoding,
            counting,
            threads,
            memory,
        })
    }

    /// The bounds of five results of counting: the numbers of tokens, of words and of records, the
    /// bytes of memory without a limit, and the bytes of temporary files under the memory limit of
    /// this estimate.
    fn corpus(&self) -> PyResult<[BoundsTuple; 5]> {
        let free = MemoryLimit::default();
        let of = &self.estimate;
        let memory = self.in_pool(|| of.bounds(|size| size.memory(&free)))?;
        Ok([
            tuple(of.bounds(|size| size.tokens)),
            tuple(of.bounds(|size| size.words)),
            tuple(of.bounds(|size| size.records)),
            tuple(memory),
            tuple(of.bounds(|size| size.disk(&self.memory))),
        ])
    }

    /// The number of bytes of the source that were read, and the size of the source in bytes.
    fn bytes(&self) -> [u64; 2] {
        [self.sample.read, self.sample.total]
    }

    /// The bounds of three numbers of bytes of a fit: of the parameters, of the memory at its peak without the
    /// interpreter, and of the temporary files. The memory limit is `limit` or, if `limit` is `None`, the
    /// limit of this estimate.
    #[pyo3(signature = (dim, optimizer, negative, keep_counts = false, limit = None))]
    fn fit(
        &self,
        dim: usize,
        optimizer: &str,
        negative: f64,
        keep_counts: bool,
        limit: Option<u64>,
    ) -> PyResult<[BoundsTuple; 3]> {
        let memory = self.limited(limit);
        let likely = self.fit_of(dim, optimizer, negative, keep_counts)?;
        let bounds = |of: &(dyn Fn(FitEstimate) -> f64 + Sync)| {
            tuple(
                self.estimate
                    .bounds(|&size| of(FitEstimate { size, ..likely })),
            )
        };
        self.in_pool(|| {
            [
                bounds(&|fit| fit.parameters()),
                bounds(&|fit| fit.memory(&memory)),
                bounds(&|fit| fit.disk(&memory)),
            ]
        })
    }

    /// Seconds for counting, for preparing and for training, extrapolated from measurements on the sample.
    fn seconds(
        &self,
        py: Python<'_>,
        dim: usize,
        training: TrainingArguments,
    ) -> PyResult<[f64; 3]> {
        let training = training.options()?;
        let options = (&self.encoding, &self.counting);
        let size = &self.estimate.likely;
        let seconds = run(py, None, None, |monitor| {
            threads::in_pool(self.threads, || {
                FitSeconds::measure(&self.sample, size, dim, options, &training, monitor)
            })?
        })?;
        Ok([seconds.counting, seconds.preparing, seconds.training])
    }

    /// Settings with which a fit stays within `available` bytes. The first item says whether the present
    /// settings suffice. If they do not, the second item is the memory limit to set. If this limit suffices,
    /// the third item is the number of bytes of temporary files. Otherwise the fourth item is a smaller number
    /// of components and the fifth item a smaller number of words. The memory limit together with one of these two
    /// numbers suffices. Items that do not apply are `None`.
    #[pyo3(signature = (dim, optimizer, negative, available, keep_counts = false))]
    fn advice(
        &self,
        dim: usize,
        optimizer: &str,
        negative: f64,
        available: f64,
        keep_counts: bool,
    ) -> PyResult<CoreAdvice> {
        let fit = self.fit_of(dim, optimizer, negative, keep_counts)?;
        let advice = self.in_pool(|| fit.advice(&self.memory, available))?;
        Ok(match advice {
            Advice::AsItIs => (true, None, None, None, None),
            Advice::Limit { memory, disk } => (false, Some(memory), Some(disk), None, None),
            Advice::Smaller {
                memory,
                dim,
                max_vocab,
            } => (false, Some(memory), None, dim, max_vocab),
        })
    }
}

/// Whether the settings suffice, a memory limit, bytes of temporary files, components of a vector, and words.
type CoreAdvice = (bool, Option<u64>, Option<f64>, Option<usize>, Option<u64>);
