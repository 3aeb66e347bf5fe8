//! [`Phrases`] for Python.

use crate::phrases::Phrases;
use pyo3::prelude::*;
use std::sync::Arc;

/// The phrases of all passes. Before the first pass there are none.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CorePhrases {
    pub inner: Arc<Phrases>,
}

/// The phrases of a pass: the words of each phrase, and its score.
type PassScores = Vec<(Vec<String>, f64)>;

fn text(word: &[u8]) -> String {
    String::from_utf8_lossy(word).into_owned()
}

#[pymethods]
impl CorePhrases {
    #[staticmethod]
    fn new(delimiter: &str, connectors: Vec<String>, passes: Vec<PassScores>) -> PyResult<Self> {
        let phrases = Phrases::new(delimiter, connectors, passes)?;
        Ok(Self {
            inner: Arc::new(phrases),
        })
    }

    /// The delimiter, the sorted connectors, and the passes.
    fn contents(&self) -> (String, Vec<String>, Vec<PassScores>) {
        let mut connectors: Vec<String> = self.inner.connectors().map(text).collect();
        connectors.sort_unstable();
        let passes = self.inner.passes().into_iter().map(|pass| {
            pass.into_iter()
                .map(|(words, score)| (words.into_iter().map(text).collect(), score))
                .collect()
        });
        (text(self.inner.delimiter()), connectors, passes.collect())
    }

    /// The words of a document, with its phrases joined.
    fn joined(&self, words: Vec<String>) -> Vec<String> {
        let joined = self.inner.joined(words.iter().map(String::as_bytes));
        joined.iter().map(|word| text(word)).collect()
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }
}
