//! The kinds of files: what a file of each kind is, and what a user can do with it.

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

impl FileKind {
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
}
