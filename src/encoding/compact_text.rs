//! Encoded text in 16-bit symbols.

use super::marks::{DOCUMENT_END, DROPPED, GAP};
use crate::error::{Error, Result};
use crate::memory::{HugeList, fallible};
use crate::vocabulary::WordId;
use std::ops::Range;

/// A text of ranks and marks with a 16-bit symbol for each, half the size of a [`WordId`]. The
/// counter reads the windows around the occurrences of words; with symbols of half the size, it
/// waits for about half as many cache lines.
///
/// The symbol of a word below rank `FAR` is its rank. All words from rank `FAR` on share one
/// symbol, and a separate list has their positions and ranks.
#[derive(Debug, Default, PartialEq)]
pub struct CompactText {
    symbols: HugeList<u16>,
    // The position and the rank of each word from rank FAR on, sorted by position.
    far: Vec<(u32, WordId)>,
}

/// The symbol of all words whose rank is at least `FAR`. Larger symbols are marks, smaller ones are ranks.
pub(crate) const FAR: u16 = END_SYMBOL - 3;
/// The symbol of [`DROPPED`].
const OUTSIDE: u16 = END_SYMBOL - 2;
/// The symbol of [`GAP`].
const SPACE: u16 = END_SYMBOL - 1;
/// The symbol of [`DOCUMENT_END`].
pub(crate) const END_SYMBOL: u16 = u16::MAX;

/// Refuse a text with more than 4,294,967,295 words and marks: positions have 32 bits.
///
/// # Errors
/// [`Error::Parameter`] naming `source`.
pub(super) fn check_length(length: usize) -> Result<()> {
    if u32::try_from(length).is_err() {
        let message = "must have at most 4,294,967,295 words in a document or batch, got more";
        return Err(Error::parameter("source", message));
    }
    Ok(())
}

fn symbol_of(id: WordId) -> u16 {
    match id {
        DOCUMENT_END => END_SYMBOL,
        GAP => SPACE,
        DROPPED => OUTSIDE,
        _ => id.min(WordId::from(FAR)) as u16,
    }
}

/// For each word of an interner, by its number: its rank and the symbol of this rank. A word
/// outside the vocabulary has [`GAP`] or [`DROPPED`] in place of a rank.
#[derive(Debug)]
pub(super) struct SymbolTable {
    symbols: Vec<u16>,
    ranks: Vec<WordId>,
}

impl SymbolTable {
    pub fn of(ranks: Vec<WordId>) -> Result<Self> {
        let symbols = fallible::collect(ranks.iter().map(|&rank| symbol_of(rank)))?;
        Ok(Self { symbols, ranks })
    }
}

impl CompactText {
    /// The text of these ranks and marks.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] naming `source` for more than 4,294,967,295 words and marks;
    /// [`crate::Error::Memory`].
    pub fn of(ids: impl ExactSizeIterator<Item = WordId>) -> Result<Self> {
        check_length(ids.len())?;
        let mut symbols = fallible::with_capacity(ids.len())?;
        let mut far = Vec::new();
        for id in ids {
            let symbol = symbol_of(id);
            if symbol == FAR {
                fallible::push(&mut far, (symbols.len() as u32, id))?;
            }
            symbols.push(symbol);
        }
        let symbols = symbols.into();
        Ok(Self { symbols, far })
    }

    /// The text of `numbers`: words as numbers of an interner, and ends of documents. `ranks` is the
    /// table of this interner. Words whose rank is [`DROPPED`] are left out.
    pub(super) fn of_numbers(numbers: &[WordId], ranks: &SymbolTable) -> Result<Self> {
        check_length(numbers.len())?;
        // The symbol of a dropped word is written too, and the next symbol overwrites it, so that no
        // branch depends on whether a word is dropped.
        let mut symbols: Vec<u16> = fallible::zeroed(numbers.len() + 1)?;
        let mut far = Vec::new();
        let mut length = 0;
        for &number in numbers {
            let symbol = match number {
                DOCUMENT_END => END_SYMBOL,
                _ => ranks.symbols[number as usize],
            };
            if symbol == FAR {
                fallible::push(&mut far, (length as u32, ranks.ranks[number as usize]))?;
            }
            symbols[length] = symbol;
            length += usize::from(symbol != OUTSIDE);
        }
        symbols.truncate(length);
        let symbols = symbols.into();
        Ok(Self { symbols, far })
    }

    /// Make room for `more` words and marks.
    pub(super) fn reserve(&mut self, more: usize) -> Result<()> {
        self.symbols.reserve(more)
    }

    /// Append a range of another text.
    pub(super) fn append_range(&mut self, other: &Self, range: Range<usize>) -> Result<()> {
        let offset = self.symbols.len();
        check_length(offset.saturating_add(range.len()))?;
        let far = other.far_before(range.start)..other.far_before(range.end);
        self.reserve(range.len())?;
        self.symbols
            .extend_from_slice(&other.symbols[range.clone()])?;
        fallible::reserve(&mut self.far, far.len())?;
        let moved = other.far[far].iter();
        self.far
            .extend(moved.map(|&(at, id)| ((offset + at as usize - range.start) as u32, id)));
        Ok(())
    }

    /// This text without unused capacity. If the symbols are in a memory mapping of their own (see [`HugeList`]), the
    /// mapping keeps its unused capacity.
    pub(super) fn shrunk(mut self) -> Self {
        self.symbols.shrink_to_fit();
        self.far.shrink_to_fit();
        self
    }

    /// Append another text.
    pub(crate) fn append(&mut self, other: &Self) -> Result<()> {
        check_length(self.len().saturating_add(other.len()))?;
        let offset = self.symbols.len() as u32;
        self.symbols.extend_from_slice(&other.symbols)?;
        fallible::reserve(&mut self.far, other.far.len())?;
        let moved = other.far.iter().map(|&(at, id)| (offset + at, id));
        self.far.extend(moved);
        Ok(())
    }

    /// Remove the first `length` words and marks.
    pub(super) fn remove_first(&mut self, length: usize) {
        self.symbols.remove_first(length);
        let gone = self.far_before(length);
        self.far.drain(..gone);
        for (at, _) in &mut self.far {
            *at -= length as u32;
        }
    }

    fn far_before(&self, position: usize) -> usize {
        self.far
            .partition_point(|&(at, _)| (at as usize) < position)
    }

    /// Number of words and marks.
    pub fn len(&self) -> usize {
        self.symbols.len()
    }

    /// Whether there is no word and no mark.
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    /// A symbol for each word and mark.
    pub(crate) fn symbols(&self) -> &[u16] {
        &self.symbols
    }

    /// The rank or mark at a position.
    #[inline]
    pub(crate) fn id(&self, position: usize) -> WordId {
        match self.symbols[position] {
            END_SYMBOL => DOCUMENT_END,
            SPACE => GAP,
            FAR => self.far[self.far_before(position)].1,
            symbol => WordId::from(symbol),
        }
    }

    /// The ranks and marks in a range.
    #[inline]
    pub(crate) fn ids(&self, range: Range<usize>) -> impl ExactSizeIterator<Item = WordId> {
        let mut far = self.far[self.far_before(range.start)..].iter();
        self.symbols[range].iter().map(move |&symbol| match symbol {
            END_SYMBOL => DOCUMENT_END,
            SPACE => GAP,
            FAR => far.next().map_or(DOCUMENT_END, |&(_, id)| id),
            symbol => WordId::from(symbol),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn positions_have_32_bits() {
        let most = u32::MAX as usize;
        assert!(check_length(0).is_ok() && check_length(most).is_ok());
        for more in [most + 1, most + 2, usize::MAX] {
            let error = check_length(more).unwrap_err().to_string();
            assert!(error.contains("at most 4,294,967,295 words"), "{error}");
        }
    }

    fn ids() -> impl Strategy<Value = Vec<WordId>> {
        let far = WordId::from(FAR);
        let id = prop_oneof![0..9u32, far - 2..far + 9, Just(GAP), Just(DOCUMENT_END)];
        proptest::collection::vec(id, 0..60)
    }

    proptest! {
        #[test]
        fn ranks_come_back(first in ids(), second in ids(), cut in any::<prop::sample::Index>()) {
            let mut text = CompactText::of(first.iter().copied()).unwrap();
            text.append(&CompactText::of(second.iter().copied()).unwrap()).unwrap();
            let mut all = [first, second].concat();
            let cut = cut.index(all.len() + 1);
            text.remove_first(cut);
            all.drain(..cut);
            prop_assert_eq!(text.ids(0..text.len()).collect::<Vec<_>>(), all.clone());
            prop_assert_eq!((0..text.len()).map(|at| text.id(at)).collect::<Vec<_>>(), all.clone());
            let half = all.len() / 2;
            prop_assert_eq!(text.ids(half..all.len()).collect::<Vec<_>>(), all[half..].to_vec());
        }
    }
}
