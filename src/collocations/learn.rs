//! Learns from counts which neighbouring words of a text are phrases.

use super::neighbours::{
    CONNECTOR, NeighbourPair, NumberTable, SPECIAL, add, count_others, count_pairs, pair,
};
use super::score::{Rule, TextSize};
use crate::corpus::ChunkReader;
use crate::encoding::{EncodingOptions, NumberedText, RawCorpus};
use crate::error::Result;
use crate::memory::{MemoryLimit, fallible};
use crate::monitor::{Monitor, Stage};
use crate::phrases::{BETWEEN, Phrases, Scored};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use memchr::memmem;
use std::sync::Arc;

/// Read `reader` to its end, and add the phrases of its text to `phrases` as a new pass. The
/// phrases of the earlier passes are joined before anything is counted. Runs on the current rayon
/// pool. The result does not depend on the number of threads.
///
/// Words and collocations are counted. A collocation consists of a word that is not a connector,
/// the connectors after it, and the next word of the document that is not a connector. Words and
/// collocations with the same spelling have one common count, as in gensim: with the delimiter `_`, the
/// word `new_york` and the collocation `new york` are counted together.
///
/// # Errors
/// As for [`RawCorpus::read`].
pub fn learn(
    reader: &mut dyn ChunkReader,
    phrases: Phrases,
    rule: &Rule,
    encoding: &EncodingOptions,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Phrases> {
    let phrases = Arc::new(phrases);
    let encoding = EncodingOptions {
        phrases: Some(phrases.clone()),
        ..encoding.clone()
    };
    let raw = RawCorpus::read(reader, &encoding, memory, monitor)?;
    monitor.begin(Stage::Counting, 0);
    let found = find(&raw.numbered(monitor)?, &phrases, rule, memory, monitor)?;
    let mut phrases = Arc::unwrap_or_clone(phrases);
    phrases.add_pass(found)?;
    Ok(phrases)
}

/// Counts of spellings that several words and collocations can share.
type Spellings = NumberTable<Box<[u8]>>;

fn find(
    text: &NumberedText<'_>,
    phrases: &Phrases,
    rule: &Rule,
    memory: &MemoryLimit,
    monitor: &Monitor,
) -> Result<Vec<Scored>> {
    let words = text.words();
    let can_be_ambiguous = ambiguity(phrases.delimiter());
    let kinds = words.iter().map(|(word, _)| {
        let connector = if phrases.is_connector(word) {
            CONNECTOR
        } else {
            0
        };
        let special = if can_be_ambiguous(word) { SPECIAL } else { 0 };
        connector | special
    });
    let kinds: Vec<u8> = fallible::collect(kinds)?;
    let others = count_others(text, &kinds, monitor)?;
    let ambiguous = kinds.iter().any(|kind| kind & SPECIAL != 0);
    let mut spellings = Spellings::default();
    if ambiguous {
        for ((word, count), kind) in words.iter().zip(&kinds) {
            if *kind == SPECIAL {
                add(&mut spellings, word, *count)?;
            }
        }
        for (own, count) in &others {
            let spelling = spelled(own, words, phrases.delimiter())?;
            add(&mut spellings, &spelling, *count)?;
        }
    }
    let shared = shared_pairs(&spellings, words, &kinds, phrases.delimiter())?;
    let wanted =
        |pair: NeighbourPair, count: u64| count >= rule.min_count || shared.contains_key(&pair);
    let (pairs, different_pairs) = count_pairs(text, &kinds, wanted, memory, monitor)?;
    // Number of pairs that `different_pairs` counts although their spelling is also in `spellings`.
    let mut counted_twice = 0;
    for (pair, count) in &pairs {
        if let Some(spelling) = shared.get(pair) {
            counted_twice += 1;
            add(&mut spellings, spelling, *count)?;
        }
    }
    let plain: u64 = kinds.iter().map(|&kind| u64::from(kind == 0)).sum();
    let apart = if ambiguous {
        spellings.len()
    } else {
        others.len()
    } as u64;
    let numbers = TextSize {
        different: plain + apart + different_pairs - counted_twice,
        words: words.iter().map(|word| word.1).sum(),
    };
    let count_of = |id: u32| {
        let (word, count) = words[id as usize];
        match kinds[id as usize] & SPECIAL {
            0 => count,
            _ => spellings.get(word).copied().unwrap_or(count),
        }
    };
    let mut found = Vec::new();
    for (pair, count) in pairs {
        let both = shared
            .get(&pair)
            .map_or(count, |spelling| spellings[&spelling[..]]);
        let ends = [(pair >> 32) as u32, pair as u32];
        let [first, last] = ends.map(count_of);
        if let Some(score) = rule.score(first, last, both, numbers) {
            fallible::push(&mut found, (key(&ends, words)?, score))?;
        }
    }
    for (own, count) in others {
        let both = if ambiguous {
            spellings[&spelled(&own, words, phrases.delimiter())?[..]]
        } else {
            count
        };
        let [first, last] = [own[0], own[own.len() - 1]].map(count_of);
        if let Some(score) = rule.score(first, last, both, numbers) {
            fallible::push(&mut found, (key(&own, words)?, score))?;
        }
    }
    Ok(found)
}

/// A function that returns whether a word is [`SPECIAL`]. Such a word contains the delimiter. If the delimiter can
/// overlap itself, as "__" does in "___", a word that begins or ends with a byte of the delimiter is special too.
fn ambiguity(delimiter: &[u8]) -> impl Fn(&[u8]) -> bool {
    let finder = memmem::Finder::new(delimiter);
    let overlaps = (1..delimiter.len()).any(|shift| delimiter.starts_with(&delimiter[shift..]));
    let of_delimiter = |byte: Option<&u8>| byte.is_some_and(|byte| delimiter.contains(byte));
    move |word| {
        finder.find(word).is_some()
            || overlaps && (of_delimiter(word.first()) || of_delimiter(word.last()))
    }
}

/// The plain pairs whose spelling is shared with a word or with another collocation, each with this spelling. A pair is
/// plain if neither word is [`SPECIAL`].
type Shared = HashMap<NeighbourPair, Box<[u8]>, FixedState>;

/// The plain pairs that are spelled like one of `spellings`, each with this spelling.
fn shared_pairs(
    spellings: &Spellings,
    words: &[(&[u8], u64)],
    kinds: &[u8],
    delimiter: &[u8],
) -> Result<Shared> {
    let mut shared = Shared::default();
    if spellings.is_empty() {
        return Ok(shared);
    }
    let mut ids: NumberTable<&[u8]> = NumberTable::default();
    for (id, ((word, _), kind)) in words.iter().zip(kinds).enumerate() {
        if *kind == 0 {
            fallible::reserve_in_map(&mut ids, 1)?;
            ids.insert(word, id as u64);
        }
    }
    for spelling in spellings.keys() {
        for offset in memmem::find_iter(spelling, delimiter) {
            let (first, last) = (&spelling[..offset], &spelling[offset + delimiter.len()..]);
            if let (Some(&first), Some(&last)) = (ids.get(first), ids.get(last)) {
                fallible::reserve_in_map(&mut shared, 1)?;
                let spelling = fallible::copied(spelling)?.into_boxed_slice();
                shared.insert(pair(first as u32, last as u32), spelling);
            }
        }
    }
    Ok(shared)
}

/// The spelling of the collocation of these words: the words with `delimiter` between them.
fn spelled(own: &[u32], words: &[(&[u8], u64)], delimiter: &[u8]) -> Result<Vec<u8>> {
    let parts = own.iter().map(|&id| words[id as usize].0);
    let bytes: usize = parts.clone().map(|word| word.len() + delimiter.len()).sum();
    let mut spelling = fallible::with_capacity(bytes)?;
    for (number, word) in parts.enumerate() {
        if number > 0 {
            spelling.extend_from_slice(delimiter);
        }
        spelling.extend_from_slice(word);
    }
    Ok(spelling)
}

/// The key under which [`Phrases`] stores the collocation of these words.
fn key(own: &[u32], words: &[(&[u8], u64)]) -> Result<Box<[u8]>> {
    Ok(spelled(own, words, &[BETWEEN])?.into_boxed_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collocations::Scoring;
    use crate::corpus::InMemoryDocuments;

    #[test]
    fn a_phrase_occurs_min_count_times_whatever_the_threshold() {
        // Words with the delimiter are counted in other tables than all other words.
        let text = ["a b", "x_y z", "c d", "c d", "v_w u", "v_w u"];
        let rule = Rule {
            min_count: 2,
            threshold: f64::NEG_INFINITY,
            scoring: Scoring::Default,
        };
        let found = learn(
            &mut InMemoryDocuments::new(text),
            Phrases::empty("_", [""; 0]).unwrap(),
            &rule,
            &EncodingOptions::default(),
            &MemoryLimit::default(),
            &Monitor::new(),
        )
        .unwrap();
        let mut phrases: Vec<_> = found.passes()[0]
            .iter()
            .map(|(words, _)| words.concat())
            .collect();
        phrases.sort();
        assert_eq!(phrases, [b"cd".to_vec(), b"v_wu".to_vec()]);
    }
}
