//! Estimates of memory and disk space, for Python.

use super::arguments::{CountingArguments, EncodingArguments, RunningArguments};
use super::run::run;
use super::source::SourceArguments;
use crate::cooccurrence::{Estimate, estimate};
use crate::memory::MemoryLimit;
use crate::threads;
use crate::training::{FitEstimate, Optimizer};
use pyo3::prelude::*;

/// The estimated cost of counting a text and of training on its counts.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreEstimate {
    counts: Estimate,
    threads: usize,
    memory: MemoryLimit,
}

impl CoreEstimate {
    fn fit_of(&self, dim: usize, optimizer: &str, negative: f64) -> PyResult<FitEstimate> {
        Ok(FitEstimate {
            counts: self.counts,
            dim,
            optimizer: Optimizer::from_name(optimizer)?,
            negative,
        })
    }

    fn in_pool<T: Send>(&self, of: impl FnOnce() -> T + Send) -> PyResult<T> {
        Ok(threads::in_pool(self.threads, of)?)
    }
}

#[pymethods]
impl CoreEstimate {
    /// Read a sample of a text file.
    #[new]
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
        let text = source.options(&encoding, &memory)?;
        let path = source.one_file()?;
        let counts = run(py, None, None, |monitor| {
            threads::in_pool(threads, || {
                estimate(&path, text, &encoding, &counting, monitor)
            })?
        })?;
        Ok(Self {
            counts,
            threads,
            memory,
        })
    }

    /// tokens, words, records, memory without a limit, disk, bytes read, bytes in all.
    fn counting(&self) -> PyResult<[f64; 7]> {
        let counts = &self.counts;
        let free = MemoryLimit::default();
        let memory = self.in_pool(|| counts.memory(&free))?;
        let disk = counts.disk(&self.memory);
        let [read, size] = counts.read.map(|n| n as f64);
        Ok([
            counts.tokens,
            counts.words,
            counts.records,
            memory,
            disk,
            read,
            size,
        ])
    }

    /// Bytes of parameters, of memory at the peak without the interpreter, and of temporary files of a
    /// fit under the memory limit of the estimate or, if it is given, under another.
    #[pyo3(signature = (dim, optimizer, negative, limit = None))]
    fn fit(
        &self,
        dim: usize,
        optimizer: &str,
        negative: f64,
        limit: Option<u64>,
    ) -> PyResult<[f64; 3]> {
        let fit = self.fit_of(dim, optimizer, negative)?;
        let mut memory = self.memory.clone();
        memory.bytes = limit.or(memory.bytes);
        let peak = self.in_pool(|| fit.memory(&memory))?;
        Ok([fit.parameters(), peak, fit.disk(&memory)])
    }

    /// The largest memory limit of at least `least` bytes under which a fit takes at most `available`.
    fn limit_within(
        &self,
        dim: usize,
        optimizer: &str,
        negative: f64,
        available: f64,
        least: u64,
    ) -> PyResult<Option<u64>> {
        let fit = self.fit_of(dim, optimizer, negative)?;
        self.in_pool(|| fit.limit_within(available, least))
    }
}
