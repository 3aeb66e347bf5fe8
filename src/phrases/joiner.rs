//! Joins phrases in a stream of words, from left to right. The phrases that one pass joins do not overlap.

use super::phrase_set::{BETWEEN, CONNECTOR, FIRST, LAST, Pass, Phrases};

/// Joins the phrases of a stream of words.
pub(crate) struct Joiner<'a> {
    phrases: &'a Phrases,
    // For each pass, the words that wait for the next word: a word that can begin a phrase, and the
    // connectors after it, separated by `BETWEEN`.
    waiting: Vec<Vec<u8>>,
    joined: Vec<u8>,
}

impl<'a> Joiner<'a> {
    pub fn new(phrases: &'a Phrases) -> Self {
        Self {
            phrases,
            waiting: vec![Vec::new(); phrases.passes.len()],
            joined: Vec::new(),
        }
    }

    /// Take the next word, and pass finished words to `out`.
    #[inline]
    pub fn word(&mut self, word: &[u8], out: &mut dyn FnMut(&[u8])) {
        let mut chain = PassChain {
            passes: &self.phrases.passes,
            delimiter: &self.phrases.delimiter,
            waiting: &mut self.waiting,
        };
        chain.word(word, &mut self.joined, out);
    }

    /// End the document: pass the words that still wait to `out`.
    #[inline]
    pub fn end(&mut self, out: &mut dyn FnMut(&[u8])) {
        let mut chain = PassChain {
            passes: &self.phrases.passes,
            delimiter: &self.phrases.delimiter,
            waiting: &mut self.waiting,
        };
        chain.end(&mut self.joined, out);
    }
}

/// A pass and the later passes. Each pass receives the words that the pass before it gives.
struct PassChain<'a> {
    passes: &'a [Pass],
    delimiter: &'a [u8],
    waiting: &'a mut [Vec<u8>],
}

impl PassChain<'_> {
    fn word(&mut self, word: &[u8], joined: &mut Vec<u8>, out: &mut dyn FnMut(&[u8])) {
        let Some((pass, passes)) = self.passes.split_first() else {
            return out(word);
        };
        let [waiting, rest @ ..] = &mut *self.waiting else {
            return out(word);
        };
        let mut next = PassChain {
            passes,
            delimiter: self.delimiter,
            waiting: rest,
        };
        let role = pass.roles.get(word).copied().unwrap_or(0);
        if waiting.is_empty() {
            if role & (FIRST | CONNECTOR) == FIRST {
                waiting.extend_from_slice(word);
            } else {
                next.word(word, joined, out);
            }
            return;
        }
        if role & CONNECTOR != 0 {
            waiting.push(BETWEEN);
            waiting.extend_from_slice(word);
            return;
        }
        if role & LAST != 0 {
            let length = waiting.len();
            waiting.push(BETWEEN);
            waiting.extend_from_slice(word);
            if pass.scores.contains_key(&waiting[..]) {
                joined.clear();
                for (number, part) in waiting.split(|&b| b == BETWEEN).enumerate() {
                    if number > 0 {
                        joined.extend_from_slice(self.delimiter);
                    }
                    joined.extend_from_slice(part);
                }
                waiting.clear();
                // The later passes, `next`, use the same buffer for the phrases that they join. So
                // this phrase is moved out of the buffer while they run.
                let whole = std::mem::take(joined);
                next.word(&whole, joined, out);
                *joined = whole;
                return;
            }
            waiting.truncate(length);
        }
        for part in waiting.split(|&b| b == BETWEEN) {
            next.word(part, joined, out);
        }
        waiting.clear();
        if role & FIRST != 0 {
            waiting.extend_from_slice(word);
        } else {
            next.word(word, joined, out);
        }
    }

    fn end(&mut self, joined: &mut Vec<u8>, out: &mut dyn FnMut(&[u8])) {
        let Some((_, passes)) = self.passes.split_first() else {
            return;
        };
        let [waiting, rest @ ..] = &mut *self.waiting else {
            return;
        };
        let mut next = PassChain {
            passes,
            delimiter: self.delimiter,
            waiting: rest,
        };
        if !waiting.is_empty() {
            for part in waiting.split(|&b| b == BETWEEN) {
                next.word(part, joined, out);
            }
            waiting.clear();
        }
        next.end(joined, out);
    }
}

impl Phrases {
    /// The words of a document, with its phrases joined.
    pub fn joined<'a>(&self, words: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
        let mut joined = Vec::new();
        let mut joiner = Joiner::new(self);
        let mut keep = |word: &[u8]| joined.push(word.to_vec());
        for word in words {
            joiner.word(word, &mut keep);
        }
        joiner.end(&mut keep);
        joined
    }
}
