//! Tokenizers that are Python functions, called on the thread that holds the interpreter.

use super::arguments::EncodingArguments;
use super::iterable::CHUNK_WAIT;
use super::objects::{text_of, type_name};
use crate::corpus::{Content, OnInvalid, TokenizedDocuments};
use crate::error::Error;
use crate::tokenize::{Folding, Normalization, TokenHandler, Tokenizer};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use std::time::Instant;

/// A Python function from str to a list of str, and the folding of the text that the function gets.
pub struct PythonTokenizer<'py> {
    function: Bound<'py, PyAny>,
    folding: Folding,
    // The chunk that is split at present, and the number of its finished documents.
    content: Option<Content>,
    done: usize,
}

impl<'a, 'py> FromPyObject<'a, 'py> for PythonTokenizer<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (function, lowercase, normalize): (Bound<'py, PyAny>, bool, Option<String>) =
            object.extract()?;
        let normalize = normalize.as_deref().map(Normalization::from_name);
        Ok(Self {
            function,
            folding: Folding {
                lowercase,
                normalize: normalize.transpose()?,
            },
            content: None,
            done: 0,
        })
    }
}

impl PythonTokenizer<'_> {
    /// Whether no chunk is split at present.
    pub fn is_idle(&self) -> bool {
        self.content.is_none()
    }

    /// Begin to split a chunk. If the chunk consists of words already, the words are only folded.
    pub fn begin(&mut self, content: Content) {
        self.content = Some(content);
        self.done = 0;
    }

    /// Split some documents of the chunk, for a limited time. Returns their words.
    pub fn go_on(&mut self, py: Python<'_>) -> PyResult<Content> {
        let start = Instant::now();
        let mut words = TokenizedDocuments::default();
        let Some(content) = self.content.take() else {
            return Ok(Content::Words(words));
        };
        if let Content::Words(ready) = content {
            let mut folded = Folded {
                folding: self.folding,
                words: &mut words,
                failed: None,
            };
            ready.replay(&mut folded);
            if let Some(error) = folded.failed {
                return Err(error.into());
            }
            return Ok(Content::Words(words));
        }
        let is_line = matches!(content, Content::Lines(_));
        let mut texts = content.document_texts().skip(self.done);
        let is_done = loop {
            let Some((document, _)) = texts.next() else {
                break true;
            };
            self.done += 1;
            // On Windows, a carriage return comes before the newline.
            let line = document.strip_suffix('\r').filter(|_| is_line);
            let document = line.unwrap_or(document);
            // The function is not called for an empty document. But the document keeps its number, because the
            // caller may have a label for each document.
            if !document.is_empty() {
                self.split(&self.folding.apply(document), &mut words)?;
            }
            words.end_document();
            py.check_signals()?;
            if start.elapsed() > CHUNK_WAIT {
                break false;
            }
        };
        drop(texts);
        self.content = Some(content).filter(|_| !is_done);
        Ok(Content::Words(words))
    }

    fn split(&self, text: &str, words: &mut TokenizedDocuments) -> PyResult<()> {
        let wrong = |found: &Bound<'_, PyAny>, what: &str| {
            PyTypeError::new_err(format!(
                "tokenizer must return {what}, got {}",
                type_name(found)
            ))
        };
        let tokens = self.function.call1((text,))?;
        if tokens.is_instance_of::<PyString>() || tokens.is_instance_of::<PyBytes>() {
            return Err(wrong(&tokens, "a list of str"));
        }
        let tokens = tokens
            .try_iter()
            .map_err(|_| wrong(&tokens, "a list of str"))?;
        for (number, token) in tokens.enumerate() {
            if number % 4096 == 4095 {
                self.function.py().check_signals()?;
            }
            let token = token?;
            let token = token
                .cast::<PyString>()
                .map_err(|_| wrong(&token, "str only"))?;
            words.push(text_of(token, OnInvalid::Strict)?.as_bytes())?;
        }
        Ok(())
    }
}

/// Splits documents into words as a fit does it.
#[pyclass(frozen, module = "glove_rs._core")]
pub struct CoreSplitter {
    tokenizer: Tokenizer,
}

#[pymethods]
impl CoreSplitter {
    #[staticmethod]
    fn new(encoding: EncodingArguments) -> PyResult<Self> {
        Ok(Self {
            tokenizer: encoding.options()?.tokenizer,
        })
    }

    /// The words of a document that is folded already.
    fn split(&self, folded: &str) -> Vec<String> {
        let mut words = Collected::default();
        self.tokenizer.words(folded, &mut words);
        words.0
    }
}

/// Words, normalized and lower-cased as a text is before it is split.
#[pyfunction]
pub fn folded(
    words: Vec<String>,
    lowercase: bool,
    normalize: Option<&str>,
) -> PyResult<Vec<String>> {
    let normalize = normalize.map(Normalization::from_name).transpose()?;
    let folding = Folding {
        lowercase,
        normalize,
    };
    let folded = words.iter().map(|word| folding.apply(word).into_owned());
    Ok(folded.collect())
}

/// Collects the words of one document.
#[derive(Default)]
struct Collected(Vec<String>);

impl TokenHandler for Collected {
    fn word(&mut self, word: &[u8]) {
        self.0.push(String::from_utf8_lossy(word).into_owned());
    }

    fn end_of_document(&mut self) {}
}

struct Folded<'a> {
    folding: Folding,
    words: &'a mut TokenizedDocuments,
    failed: Option<Error>,
}

impl TokenHandler for Folded<'_> {
    fn word(&mut self, word: &[u8]) {
        let text = String::from_utf8_lossy(word);
        if let Err(error) = self.words.push(self.folding.apply(&text).as_bytes()) {
            self.failed = Some(error);
        }
    }

    fn end_of_document(&mut self) {
        self.words.end_document();
    }

    fn goes_on(&self) -> bool {
        self.failed.is_none()
    }
}
