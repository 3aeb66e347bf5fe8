//! What the caller of a reader wants to read, and which kinds of files may hold it.

use super::kind::FileKind;
use crate::error::{Error, Result};

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

    pub(super) fn refusal(self) -> &'static str {
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
    pub(super) fn takes(self, kind: FileKind) -> bool {
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
