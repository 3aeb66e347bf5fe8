//! The rows of both sides, for reading.

use crate::training::line::Line;
use crate::training::row_layout::RowLayout;

/// The rows of both sides: those of all words and context words, or of consecutive ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParametersView<'a> {
    pub words: &'a [Line],
    pub contexts: &'a [Line],
    /// The layout of every row.
    pub layout: RowLayout,
    /// The id of the word of the first row of `words`, and the id of the context word of the first row of `contexts`.
    pub first: [usize; 2],
}

impl ParametersView<'_> {
    /// w·w̃ + b + b̃ of a word and a context word.
    #[inline]
    pub fn product(&self, word: usize, context: usize) -> f32 {
        let lines = self.layout.lines();
        let w = &self.words[(word - self.first[0]) * lines..][..lines];
        let c = &self.contexts[(context - self.first[1]) * lines..][..lines];
        self.layout.product(w, c)
    }
}
