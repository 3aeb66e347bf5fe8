//! Recognises what a file is by its first bytes. The functions that read files ask this module
//! before they read, to refuse a file of another kind, and after an error, to say what the file is.
//!
//! | module | recognises |
//! |---|---|
//! | `signatures` | kinds with a signature, such as this package's files, archives, tables, pickles and images |
//! | `numbers` | binary files of Stanford's tools and of word2vec, by the numbers in them |
//! | `text` | vectors and vocabularies as text, UTF-16 and UTF-32 without a byte order mark; warns of XML, JSON and tables |
//!
//! [`formats::recognise`](crate::formats::recognise) tries to read a file that this module does not recognise.

mod numbers;
mod signatures;
mod text;

use crate::error::{Error, Location, Result};
use std::path::Path;

#[cfg(feature = "python")]
pub(crate) use signatures::table_format;
pub(crate) use text::{is_text, is_vocabulary, notice};

/// Number of bytes at the beginning of a file that are examined to recognise it.
pub(crate) const BEGINNING_BYTES: usize = 1 << 16;

/// The byte order mark of UTF-8.
pub(crate) const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether these first bytes have a byte order mark of UTF-16.
pub(crate) fn has_mark(beginning: &[u8]) -> bool {
    beginning.starts_with(b"\xff\xfe") || beginning.starts_with(b"\xfe\xff")
}

/// The reason why a file with this beginning is not read as text; `None` if it may be text. `whole` says that
/// `beginning` is the whole file.
pub(crate) fn refusal_as_text(beginning: &[u8], whole: bool) -> Option<String> {
    let kind = FileKind::of_beginning(beginning, whole);
    let refusal = kind.and_then(|kind| kind.refusal(Wanted::Text));
    let is_data = kind.is_none() && !has_mark(beginning) && text::is_control_data(beginning);
    refusal.or_else(|| {
        is_data.then(|| {
            "this is not text: many of its bytes are control characters, as in binary data and in \
             encodings other than UTF-8"
                .to_owned()
        })
    })
}

/// The kind of a file: what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A file of no bytes.
    Empty,
    /// Text.
    Text,
    /// Word vectors of any format that glove-rs reads, except the `.bin` of Stanford's `glove`.
    Vectors,
    /// Lines of a word and its count.
    Vocabulary,
    /// Co-occurrence counts of this package.
    Counts,
    /// Co-occurrence records of Stanford's tools.
    Records,
    /// Parameters or accumulators of Stanford's `glove`.
    Parameters,
    /// A model of this package.
    Model,
    /// A checkpoint of this package.
    Checkpoint,
    /// A subword model of this package.
    Subwords,
    /// Phrases of this package.
    Phrases,
    /// A zip archive.
    Archive,
    /// A known format that glove-rs does not read.
    Foreign(&'static Foreign),
    /// No format that glove-rs knows.
    Unknown,
}

/// A known format that glove-rs does not read.
#[derive(Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What the file is.
    pub description: &'static str,
    /// What the user can do with the file.
    pub advice: &'static str,
}

/// What the caller of a reader wants to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Text to count.
    Text,
    /// Word vectors.
    Vectors,
    /// A vocabulary.
    Vocabulary,
    /// Co-occurrence counts.
    Counts,
    /// Parameters of Stanford's `glove`.
    Parameters,
    /// A model.
    Model,
    /// A checkpoint.
    Checkpoint,
    /// A subword model.
    Subwords,
    /// Questions, rated pairs of words, or categories of words.
    Evaluation,
}

impl Wanted {
    /// The public names, in the order of the variants.
    pub const NAMES: [&str; 9] = [
        "text",
        "vectors",
        "vocabulary",
        "counts",
        "parameters",
        "model",
        "checkpoint",
        "subwords",
        "evaluation",
    ];

    /// The variant with this public name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [
            Self::Text,
            Self::Vectors,
            Self::Vocabulary,
            Self::Counts,
            Self::Parameters,
            Self::Model,
            Self::Checkpoint,
            Self::Subwords,
            Self::Evaluation,
        ];
        Error::choice("wanted", name, Self::NAMES, values)
    }

    fn denied(self) -> &'static str {
        match self {
            Self::Text => "this is not text",
            Self::Vectors => "these are not vectors",
            Self::Vocabulary => "this is not a vocabulary",
            Self::Counts => "these are not counts",
            Self::Parameters => "these are not parameters of Stanford's glove",
            Self::Model => "this is not a model",
            Self::Checkpoint => "this is not a checkpoint",
            Self::Subwords => "this is not a subword model",
            Self::Evaluation => "these are not questions, rated pairs or categories",
        }
    }

    /// Whether a file of this kind can be what is wanted.
    fn takes(self, kind: FileKind) -> bool {
        match self {
            Self::Text | Self::Evaluation => kind == FileKind::Text,
            Self::Vectors => kind == FileKind::Vectors,
            Self::Vocabulary => kind == FileKind::Vocabulary,
            Self::Counts => matches!(kind, FileKind::Counts | FileKind::Records),
            Self::Parameters => kind == FileKind::Parameters,
            Self::Model => kind == FileKind::Model,
            Self::Checkpoint => kind == FileKind::Checkpoint,
            Self::Subwords => kind == FileKind::Subwords,
        }
    }
}

impl FileKind {
    /// The kind of a file with this beginning, if the beginning alone shows it: by a signature, by
    /// its binary numbers, or by the form of its first lines (at most 50). `whole` says that
    /// `beginning` is the whole file. Prose is not recognised: the result is `None`.
    pub fn of_beginning(beginning: &[u8], whole: bool) -> Option<Self> {
        if beginning.is_empty() {
            return whole.then_some(Self::Empty);
        }
        let told = signatures::of(beginning);
        if told.is_some() || has_mark(beginning) {
            return told;
        }
        let is_text = is_text(beginning);
        if !is_text && numbers::has_header(beginning) {
            let are_vectors = numbers::are_word2vec_binary(beginning);
            return are_vectors.then_some(Self::Vectors);
        }
        let told = text::of(beginning, whole);
        if told.is_some() || is_text {
            return told;
        }
        if numbers::are_records(beginning) {
            return Some(Self::Records);
        }
        numbers::are_numbers(beginning).then_some(Self::Parameters)
    }

    /// The public name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Text => "text",
            Self::Vectors => "vectors",
            Self::Vocabulary => "vocabulary",
            Self::Counts => "counts",
            Self::Records => "records",
            Self::Parameters => "parameters",
            Self::Model => "model",
            Self::Checkpoint => "checkpoint",
            Self::Subwords => "subwords",
            Self::Phrases => "phrases",
            Self::Archive => "archive",
            Self::Foreign(_) => "foreign",
            Self::Unknown => "unknown",
        }
    }

    /// What such a file is, for messages.
    pub fn description(self) -> &'static str {
        match self {
            Self::Empty => "an empty file",
            Self::Text => "text",
            Self::Vectors => "word vectors",
            Self::Vocabulary => "a vocabulary: a word and its count on each line",
            Self::Counts => "co-occurrence counts of glove-rs",
            Self::Records => "co-occurrence records of Stanford's tools",
            Self::Parameters => {
                "64-bit numbers, as in a parameters or gradsq .bin of Stanford's glove"
            }
            Self::Model => "a model of glove-rs",
            Self::Checkpoint => "a checkpoint of a training",
            Self::Subwords => "a subword model of glove-rs",
            Self::Phrases => "phrases of glove-rs",
            Self::Archive => "a zip archive",
            Self::Foreign(foreign) => foreign.description,
            Self::Unknown => "of no format that glove-rs knows",
        }
    }

    /// What the user can do with a file of this kind.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Empty => "was it written to its end?",
            Self::Text => "count it with Glove.fit or Cooccurrence.from_corpus, or glove-rs fit",
            Self::Vectors => {
                "read them with WordVectors.load (without vocabulary=), or query them with glove-rs similar"
            }
            Self::Vocabulary => {
                "read it with Vocabulary.load, or give it as vocabulary= or --vocab"
            }
            Self::Counts => "read them with Cooccurrence.load, or train with glove-rs train",
            Self::Records => {
                "read them with Cooccurrence.load and the vocabulary of their words, or train with \
                 glove-rs train --vocab"
            }
            Self::Parameters => {
                "read them together with the file of their words, vocabulary= or --vocab"
            }
            Self::Model => "read it with Glove.load; its vectors are Glove.load(path).vectors",
            Self::Checkpoint => "continue with Glove.resume(its folder), or glove-rs fit --resume",
            Self::Subwords => "read it with Subwords.load, or give it as subwords= or --subwords",
            Self::Phrases => "read them with Phrases.load, or give them as phrases= or --phrases",
            Self::Archive => "name a file in it, as in archive.zip:name",
            Self::Foreign(foreign) => foreign.advice,
            Self::Unknown => "is this the file that was meant?",
        }
    }

    /// The message that refuses a file of this kind to a caller that wants to read `wanted`. `None`
    /// if the file may be what the caller wants.
    pub fn refusal(self, wanted: Wanted) -> Option<String> {
        let unsure = self == Self::Unknown || self == Self::Empty && wanted == Wanted::Text;
        if unsure || wanted.takes(self) {
            return None;
        }
        let (what, advice) = (self.description(), self.advice());
        Some(format!("{} but {what}: {advice}", wanted.denied()))
    }

    /// [`FileKind::refusal`] as the error about the file at `path`.
    pub(crate) fn refused(self, path: &Path, wanted: Wanted) -> Option<Error> {
        let message = self.refusal(wanted)?;
        Some(Error::format(path, Location::Byte(0), message))
    }
}
