//! What the counter needs of an encoded text.

use crate::encoding::{CompactText, DOCUMENT_END, END, FAR};
use crate::vocabulary::WordId;
use std::ops::Range;

/// An encoded text. The counter reads symbols, which are narrow, and looks ids up where a symbol stands for
/// several words.
pub(crate) trait Text: Sync {
    /// What a window is made of.
    type Symbol: Symbol;

    /// A symbol for each word and mark.
    fn symbols(&self) -> &[Self::Symbol];
    /// The word or mark at a position.
    fn id(&self, position: usize) -> WordId;
    /// The words and marks in a range.
    fn ids(&self, range: Range<usize>) -> impl ExactSizeIterator<Item = WordId>;
}

/// A word or a mark. Marks are larger than the symbols of words.
pub(crate) trait Symbol: Copy + PartialEq + Default + Sync {
    /// The end of a document.
    const END: Self;

    /// The symbol of `word`, if no other word has it.
    fn of(word: WordId) -> Option<Self>;
    /// The word of a symbol that no other word has.
    fn word(self) -> WordId;
    /// Whether this is a word of at most the id of another.
    fn is_at_most(self, word: Self) -> bool;
}

impl Text for [WordId] {
    type Symbol = WordId;

    fn symbols(&self) -> &[WordId] {
        self
    }
    fn id(&self, position: usize) -> WordId {
        self[position]
    }
    fn ids(&self, range: Range<usize>) -> impl ExactSizeIterator<Item = WordId> {
        self[range].iter().copied()
    }
}

impl Symbol for WordId {
    const END: Self = DOCUMENT_END;

    fn of(word: WordId) -> Option<Self> {
        Some(word)
    }
    #[inline(always)]
    fn word(self) -> WordId {
        self
    }
    /// As signed numbers, which all processors compare in vectors.
    #[inline(always)]
    fn is_at_most(self, word: Self) -> bool {
        self as i32 <= word as i32
    }
}

impl Text for CompactText {
    type Symbol = u16;

    fn symbols(&self) -> &[u16] {
        self.symbols()
    }
    fn id(&self, position: usize) -> WordId {
        self.id(position)
    }
    fn ids(&self, range: Range<usize>) -> impl ExactSizeIterator<Item = WordId> {
        self.ids(range)
    }
}

impl Symbol for u16 {
    const END: Self = END;

    fn of(word: WordId) -> Option<Self> {
        u16::try_from(word).ok().filter(|&symbol| symbol < FAR)
    }
    #[inline(always)]
    fn word(self) -> WordId {
        WordId::from(self)
    }
    #[inline(always)]
    fn is_at_most(self, word: Self) -> bool {
        self <= word
    }
}
