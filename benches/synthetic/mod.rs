//! Data for the benchmarks: seeded, and like a language where speed depends on it.

#![allow(dead_code)] // every benchmark compiles this file and uses its part

use glove_rs::WordId;
use glove_rs::cooccurrence::CountingOptions;
use glove_rs::encoding::DOCUMENT_END;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Tokens of a document: an encyclopaedia's article.
const DOCUMENT_TOKENS: usize = 280;

/// Frequency ranks of `tokens` words out of `words`, the one of rank r with probability about 1/r
/// (Zipf), with [`DOCUMENT_END`] after each document.
pub fn ranks(tokens: usize, words: usize, seed: u64) -> Vec<WordId> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut ids = Vec::with_capacity(tokens + tokens / DOCUMENT_TOKENS + 1);
    for token in 1..=tokens {
        // ln(rank) uniform: P(rank < r) = ln(r + 1) / ln(words + 1).
        let uniform: f64 = rng.random();
        let rank = ((words as f64 + 1.0).powf(uniform) as usize).clamp(1, words) - 1;
        ids.push(rank as WordId);
        if token % DOCUMENT_TOKENS == 0 || token == tokens {
            ids.push(DOCUMENT_END);
        }
    }
    ids
}

/// The same as text, a document a line; frequent words are short, 4.9 letters on average.
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

/// The word of rank `id`: its number, written with four letters.
fn spell(id: WordId, text: &mut String) {
    let mut left = id + 1;
    while left > 0 {
        left -= 1;
        text.push(['e', 't', 'a', 'o'][left as usize % 4]);
        left /= 4;
    }
}

/// Counting with a window, both directions or one.
pub fn counting(window: usize, symmetric: bool) -> CountingOptions {
    CountingOptions {
        window,
        symmetric,
        ..CountingOptions::default()
    }
}
