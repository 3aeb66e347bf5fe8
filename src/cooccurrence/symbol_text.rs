//! The view of an encoded text that counting uses.

use crate::encoding::{CompactText, DOCUMENT_END, END_SYMBOL, FAR};
use crate::vocabulary::WordId;
use std::ops::Range;

/// An encoded text: words, and marks for gaps and ends of documents. The counter reads symbols, which can be narrower
/// than ids. Where several words share a symbol, the counter looks up the id.
pub(crate) trait SymbolText: Sync {
    /// The type of the symbols of the text.
    type Symbol: Symbol;

    /// A symbol for each word and mark.
    fn symbols(&self) -> &[Self::Symbol];
    /// The word or mark at a position.
    fn id(&self, position: usize) -> WordId;
    /// The words and marks in a range.
    fn ids(&self, range: Range<usize>) -> impl ExactSizeIterator<Item = WordId>;
}

/// The symbol of a word or of a mark. The symbols of marks are larger than those of words.
pub(crate) trait Symbol: Copy + PartialEq + Default + Sync {
    /// The end of a document.
    const END: Self;

    /// The symbol of `word`; `None` if other words have the same symbol.
    fn of(word: WordId) -> Option<Self>;
    /// The word of this symbol. The symbol must be that of only one word.
    fn word(self) -> WordId;
    /// Whether this is the symbol of a word whose id is at most the id of the word with the symbol
    /// `word`.
    fn is_at_most(self, word: Self) -> bool;
}

impl SymbolText for [WordId] {
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
    /// Compares signed numbers, because not all processors have vector instructions that compare
    /// unsigned ones. No id and no mark is 2³¹ or more.
    #[inline(always)]
    fn is_at_most(self, word: Self) -> bool {
        self as i32 <= word as i32
    }
}

impl SymbolText for CompactText {
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
    const END: Self = END_SYMBOL;

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
