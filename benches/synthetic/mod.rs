//! Synthetic data for the benchmarks. It depends only on a seed, and has the word frequencies of a natural language.

#![allow(dead_code)] // every benchmark compiles this file and uses a part of it

use glove_rs::WordId;
use glove_rs::cooccurrence::CountingOptions;
use glove_rs::encoding::DOCUMENT_END;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Number of tokens of a document, about as many as in an article of an encyclopaedia.
const DOCUMENT_TOKENS: usize = 280;

/// A text of `tokens` ranks below `words`, with [`DOCUMENT_END`] after each document. The probability of rank r is
/// about proportional to 1/(r + 1) (Zipf's law).
pub fn ranks(tokens: usize, words: usize, seed: u64) -> Vec<WordId> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut ids = Vec::with_capacity(tokens + tokens / DOCUMENT_TOKENS + 1);
    for token in 1..=tokens {
        // The logarithm of rank + 1 is about uniform: P(rank < r) = ln(r + 1) / ln(words + 1).
        let uniform: f64 = rng.random();
        let rank = ((words as f64 + 1.0).powf(uniform) as usize).clamp(1, words) - 1;
        ids.push(rank as WordId);
        if token % DOCUMENT_TOKENS == 0 || token == tokens {
            ids.push(DOCUMENT_END);
        }
    }
    ids
}

/// The words of [`ranks`] as text, with a document on each line. Frequent words are short.
pub fn text(tokens: usize, words: usize, seed: u64) -> String {
    let mut text = String::new();
    for id in ranks(tokens, words, seed) {
        if id == DOCUMENT_END {
            text.pop();
            text.push('\n');
        } else {
            spell(id, &mut text);
            text.push(' ');
        }
    }
    text
}

/// Append the word of rank `id`: its number, written in an alphabet of four letters.
fn spell(id: WordId, text: &mut String) {
    let mut left = id + 1;
    while left > 0 {
        left -= 1;
        text.push(['e', 't', 'a', 'o'][left as usize % 4]);
        left /= 4;
    }
}

/// Options of counting with this window, in both directions or one.
pub fn counting(window: usize, symmetric: bool) -> CountingOptions {
    CountingOptions {
        window,
        symmetric,
        ..CountingOptions::default()
    }
}
