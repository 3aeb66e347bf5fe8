//! Documents whose words the caller has separated.

use crate::error::Result;
use crate::memory::fallible;

/// Number of words between two calls of [`TokenHandler::goes_on`](crate::tokenize::TokenHandler::goes_on).
const POLL_WORDS: usize = 1 << 12;

/// Documents as words that the caller has separated.
#[derive(Debug, Default, Clone)]
pub struct TokenizedDocuments {
    bytes: Vec<u8>,
    // End of each word in `bytes`.
    ends: Vec<usize>,
    // Number of words before the end of each document.
    document_ends: Vec<usize>,
}

impl TokenizedDocuments {
    /// Append a word to the open document.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn push(&mut self, word: &[u8]) -> Result<()> {
        fallible::reserve(&mut self.bytes, word.len())?;
        self.bytes.extend_from_slice(word);
        fallible::push(&mut self.ends, self.bytes.len())
    }

    /// Close the open document.
    pub fn end_document(&mut self) {
        self.document_ends.push(self.ends.len());
    }

    /// All words, one directly after the other.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of bytes of all words.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no word and no document.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.document_ends.is_empty()
    }

    /// Pass all words and ends of documents to `handler`, in order, and end the last document if it
    /// is open. Empty words are left out. The call returns early if
    /// [`TokenHandler::goes_on`](crate::tokenize::TokenHandler::goes_on) is false.
    pub fn replay(&self, handler: &mut impl crate::tokenize::TokenHandler) {
        let (mut start, mut word) = (0, 0);
        let all = self.ends.len();
        let ended = self.document_ends.last().copied().unwrap_or(0);
        let open = (ended < all).then_some(&all);
        for &document_end in self.document_ends.iter().chain(open) {
            for ends in self.ends[word..document_end].chunks(POLL_WORDS) {
                if !handler.goes_on() {
                    return;
                }
                for &end in ends {
                    if end > start {
                        handler.word(&self.bytes[start..end]);
                    }
                    start = end;
                }
            }
            word = document_end;
            handler.end_of_document();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenize::TokenHandler;

    #[derive(Default)]
    struct Seen(String);

    impl TokenHandler for Seen {
        fn word(&mut self, word: &[u8]) {
            self.0.push_str(std::str::from_utf8(word).unwrap());
        }
        fn end_of_document(&mut self) {
            self.0.push('.');
        }
    }

    fn seen(documents: &[&[&str]], open: &[&str]) -> String {
        let mut words = TokenizedDocuments::default();
        for document in documents {
            for word in *document {
                words.push(word.as_bytes()).unwrap();
            }
            words.end_document();
        }
        for word in open {
            words.push(word.as_bytes()).unwrap();
        }
        let mut seen = Seen::default();
        words.replay(&mut seen);
        seen.0
    }

    #[test]
    fn only_documents_that_exist_end() {
        assert_eq!(seen(&[], &[]), "");
        assert_eq!(seen(&[&[]], &[]), ".");
        assert_eq!(seen(&[&["a"], &[], &["b", "c"]], &[]), "a..bc.");
        assert_eq!(seen(&[&[]], &["a"]), ".a.");
        assert_eq!(seen(&[], &["a"]), "a.");
    }
}
