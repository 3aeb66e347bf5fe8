//! Groups of parameters that several functions of the binding take together.

use super::phrases::CorePhrases;
use crate::cooccurrence::CountingOptions;
use crate::encoding::EncodingOptions;
use crate::memory::MemoryLimit;
use crate::threads;
use crate::tokenize::{Folding, Normalization, Segmenter, Tokenizer, UserWord};
use pyo3::prelude::*;
use std::path::PathBuf;

/// The parameters of every call that turns text into words.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct EncodingArguments {
    tokenizer: String,
    user_dictionary: Option<Vec<UserWord>>,
    simplified_lookup: bool,
    lowercase: bool,
    normalize: Option<String>,
    phrases: Option<Py<CorePhrases>>,
    stop_words: Option<Vec<String>>,
    min_count: u64,
    max_vocab: Option<usize>,
    keep_gaps: bool,
    max_word_bytes: usize,
}

/// The parameters for the resources of a call: threads, memory, and the folder for temporary files.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct RunningArguments {
    threads: Option<usize>,
    memory: Option<u64>,
    tmp_dir: Option<PathBuf>,
}

impl RunningArguments {
    pub fn resolve(self) -> PyResult<(usize, MemoryLimit)> {
        let memory = MemoryLimit::new(self.memory, self.tmp_dir);
        Ok((threads::resolve(self.threads)?, memory))
    }
}

/// The tokenizer with this name. Only the tokenizer "zh" uses `user_words` and `simplified_lookup`.
/// `user_words` are folded like the text.
fn tokenizer_of(
    name: &str,
    user_words: Option<&[UserWord]>,
    simplified_lookup: bool,
    folding: Folding,
) -> crate::Result<Tokenizer> {
    let tokenizer = Tokenizer::from_name(name)?;
    if !matches!(tokenizer, Tokenizer::Chinese(_)) {
        return Ok(tokenizer);
    }
    let folded = |(word, n): &UserWord| (folding.apply(word).into_owned(), *n);
    let words = user_words.unwrap_or_default().iter().map(folded).collect();
    Ok(Tokenizer::Chinese(Segmenter::shared(
        words,
        simplified_lookup,
    )))
}

impl EncodingArguments {
    pub fn options(&self) -> PyResult<EncodingOptions> {
        let normalize = self.normalize.as_deref().map(Normalization::from_name);
        let folding = Folding {
            lowercase: self.lowercase,
            normalize: normalize.transpose()?,
        };
        let stop_words = self.stop_words.as_ref();
        let stop_words = stop_words.map(|words| EncodingOptions::stop_words_of(words, folding));
        Ok(EncodingOptions {
            tokenizer: tokenizer_of(
                &self.tokenizer,
                self.user_dictionary.as_deref(),
                self.simplified_lookup,
                folding,
            )?,
            folding,
            phrases: self
                .phrases
                .as_ref()
                .map(|phrases| phrases.get().inner.clone()),
            stop_words: stop_words.transpose()?,
            min_count: self.min_count,
            max_vocab: self.max_vocab,
            keep_gaps: self.keep_gaps,
            keep_empty: false,
            max_word_bytes: self.max_word_bytes,
        })
    }
}

/// The parameters that say which words co-occur, and with which weight.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct CountingArguments {
    window: Option<usize>,
    symmetric: bool,
    distance_weighting: bool,
    adjacent: bool,
}

impl CountingArguments {
    pub fn options(&self) -> CountingOptions {
        CountingOptions {
            window: self.window.unwrap_or(CountingOptions::WHOLE_DOCUMENT),
            symmetric: self.symmetric,
            distance_weighting: self.distance_weighting,
            adjacent: self.adjacent,
        }
    }
}
