//! Splits text into the words of Unicode Standard Annex #29.

use super::handler::TokenHandler;
use unicode_segmentation::UnicodeSegmentation;

/// Split `text` at ASCII white space, and at the word boundaries of UAX #29.
///
/// UAX #29 alone would make one word of a space, a zero-width joiner and a circled letter. Splitting at white
/// space first also means that cutting a text at a space does not change its words. White space outside ASCII is
/// left to UAX #29. There, U+202F, the narrow no-break space, belongs to a word if it stands between letters or
/// digits.
pub(super) fn unicode(text: &str, handler: &mut impl TokenHandler) {
    // Splitting at white space first is also faster: the library is faster on ASCII, and many of
    // the pieces are ASCII even if the text is not.
    for piece in text.split_ascii_whitespace() {
        for word in piece.unicode_words() {
            handler.word(word.as_bytes());
        }
    }
}
