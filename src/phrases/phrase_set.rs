//! The phrases of a text, in the form in which they are looked up.

use super::byte_strings::ByteStringSet;
use crate::error::{Error, Result};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// The words of a phrase, and its score.
pub type ScoredPhrase<'a> = (Vec<&'a [u8]>, f64);

/// Separates the words of a phrase in a key. No text in UTF-8 has this byte.
pub(crate) const BETWEEN: u8 = 0xff;

/// The phrases of a text, found in one or more passes. The words of a phrase of the second pass can be joined phrases
/// of the first pass.
///
/// ```
/// use glove_rs::phrases::Phrases;
///
/// let found = vec![(vec!["new", "york"], 12.5), (vec!["bank", "of", "england"], 30.0)];
/// let phrases = Phrases::new("_", ["of"], [found]).unwrap();
/// let text = ["the", "bank", "of", "england", "in", "new", "york"];
/// let joined = phrases.joined(text.map(str::as_bytes));
/// assert_eq!(joined, [&b"the"[..], b"bank_of_england", b"in", b"new_york"]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Phrases {
    pub(super) delimiter: Vec<u8>,
    connectors: ByteStringSet,
    pub(super) passes: Vec<Pass>,
}

/// A phrase as its words, joined by `BETWEEN`, and its score.
pub type Scored = (Box<[u8]>, f64);

/// The phrases of one pass.
#[derive(Debug, Clone, Default)]
pub(super) struct Pass {
    pub(super) scores: HashMap<Box<[u8]>, f64, RandomState>,
    // The roles that a word can have in a phrase, as bits. Words without a role are missing.
    pub(super) roles: HashMap<Box<[u8]>, u8, RandomState>,
}

pub(super) const FIRST: u8 = 1;
pub(super) const LAST: u8 = 2;
pub(super) const CONNECTOR: u8 = 4;

impl Phrases {
    /// Phrases of one or more passes: the words of each phrase, and its score. All words but the first and the last
    /// must be connectors.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the delimiter is empty or has ASCII white space, if a phrase has
    /// fewer than two words or an empty word, if the delimiter or a word of a phrase has the byte
    /// 0xff, or if a word between the first and the last word of a phrase is not a connector;
    /// [`Error::Memory`].
    pub fn new<W: AsRef<[u8]>, P: IntoIterator<Item = (Vec<W>, f64)>>(
        delimiter: impl AsRef<[u8]>,
        connectors: impl IntoIterator<Item = W>,
        passes: impl IntoIterator<Item = P>,
    ) -> Result<Self> {
        let mut phrases = Self::empty(delimiter, connectors)?;
        for found in passes {
            let keys = found.into_iter().map(|(words, score)| {
                let words: Vec<&[u8]> = words.iter().map(AsRef::as_ref).collect();
                let inner = words.get(1..words.len().saturating_sub(1));
                let fault = if words.len() < 2 {
                    Some("must have two or more words")
                } else if words.iter().any(|word| word.is_empty()) {
                    Some("must have no empty word")
                } else if words.iter().any(|word| word.contains(&BETWEEN)) {
                    Some("must have words without the byte 0xff")
                } else if !inner
                    .unwrap_or_default()
                    .iter()
                    .all(|word| phrases.connectors.contains(*word))
                {
                    Some("must have only connector words between the first and the last word")
                } else {
                    None
                };
                if let Some(fault) = fault {
                    let shown: Vec<_> = words
                        .iter()
                        .map(|word| String::from_utf8_lossy(word))
                        .collect();
                    return Err(Error::parameter(
                        "phrases",
                        format!("{fault}, got {shown:?}"),
                    ));
                }
                Ok((words.join(&BETWEEN).into_boxed_slice(), score))
            });
            let keys: Result<Vec<Scored>> = keys.collect();
            phrases.add_pass(keys?)?;
        }
        Ok(phrases)
    }

    /// A [`Phrases`] without phrases. [`Phrases::add_pass`] adds phrases to it.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a delimiter that [`Phrases::new`] refuses.
    pub fn empty<W: AsRef<[u8]>>(
        delimiter: impl AsRef<[u8]>,
        connectors: impl IntoIterator<Item = W>,
    ) -> Result<Self> {
        let delimiter = delimiter.as_ref().to_vec();
        if delimiter.is_empty()
            || delimiter
                .iter()
                .any(|b| b.is_ascii_whitespace() || *b == BETWEEN)
        {
            let shown = String::from_utf8_lossy(&delimiter).into_owned();
            return Err(Error::parameter(
                "delimiter",
                format!("must be text without white space, got {shown:?}"),
            ));
        }
        Ok(Self {
            delimiter,
            connectors: connectors
                .into_iter()
                .map(|word| word.as_ref().into())
                .collect(),
            passes: Vec::new(),
        })
    }

    /// Add the phrases of a new pass.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn add_pass(&mut self, found: Vec<Scored>) -> Result<()> {
        let mut pass = Pass::default();
        for word in &self.connectors {
            pass.roles.insert(word.clone(), CONNECTOR);
        }
        let lack = |_| Error::Memory {
            bytes: size_of_val(&found[..]),
        };
        pass.scores.try_reserve(found.len()).map_err(lack)?;
        for (key, score) in found {
            let mut words = key.split(|&b| b == BETWEEN);
            let (first, last) = (
                words.next().unwrap_or_default(),
                words.next_back().unwrap_or_default(),
            );
            *pass.roles.entry(first.into()).or_default() |= FIRST;
            *pass.roles.entry(last.into()).or_default() |= LAST;
            pass.scores.insert(key, score);
        }
        self.passes.push(pass);
        Ok(())
    }

    /// Number of phrases in all passes.
    pub fn len(&self) -> usize {
        self.passes.iter().map(|pass| pass.scores.len()).sum()
    }

    /// Whether there is no phrase.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text between the words of a joined phrase.
    pub fn delimiter(&self) -> &[u8] {
        &self.delimiter
    }

    /// Words that may stand within a phrase, in no particular order.
    pub fn connectors(&self) -> impl Iterator<Item = &[u8]> {
        self.connectors.iter().map(AsRef::as_ref)
    }

    /// Whether a word may stand within a phrase.
    pub fn is_connector(&self, word: &[u8]) -> bool {
        self.connectors.contains(word)
    }

    /// The phrases of each pass, best first: the words of a phrase, and its score.
    pub fn passes(&self) -> Vec<Vec<ScoredPhrase<'_>>> {
        let of_pass = |pass: &'_ Pass| {
            let mut keys: Vec<_> = pass.scores.iter().collect();
            keys.sort_unstable_by(|a, b| b.1.total_cmp(a.1).then_with(|| a.0.cmp(b.0)));
            keys.into_iter()
                .map(|(key, &score)| (key.clone(), score))
                .collect::<Vec<_>>()
        };
        self.passes
            .iter()
            .map(|pass| {
                of_pass(pass)
                    .iter()
                    .map(|(key, score)| {
                        let (own, _) = pass.scores.get_key_value(key).expect("one of its keys");
                        (own.split(|&b| b == BETWEEN).collect(), *score)
                    })
                    .collect()
            })
            .collect()
    }
}
