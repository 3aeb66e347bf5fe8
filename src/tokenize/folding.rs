//! Unicode normalization and lower case.

use crate::error::{Error, Result};
use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

/// How text is normalized and lower-cased before it is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Folding {
    /// Lower-case the text by the language-independent rules of Unicode.
    pub lowercase: bool,
    /// Normalize the text to this form, before it is lower-cased.
    pub normalize: Option<Normalization>,
}

/// Forms of Unicode Standard Annex #15.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalization {
    /// Canonical composition: é is always one character, never an e and an accent.
    Nfc,
    /// Compatibility composition: as NFC; full-width letters, ligatures and the like also become plain letters.
    Nfkc,
}

impl Normalization {
    /// The public names, in the order of the enum.
    pub const NAMES: [&str; 2] = ["NFC", "NFKC"];

    /// The form with this name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [Self::Nfc, Self::Nfkc];
        Error::choice("normalize", name, Self::NAMES, values)
    }

    fn apply(self, text: &str) -> Cow<'_, str> {
        let is_normal = match self {
            Self::Nfc => is_nfc_quick(text.chars()),
            Self::Nfkc => is_nfkc_quick(text.chars()),
        };
        match self {
            _ if is_normal == IsNormalized::Yes => text.into(),
            Self::Nfc => text.nfc().collect(),
            Self::Nfkc => text.nfkc().collect(),
        }
    }
}

impl Folding {
    /// Normalize and lower-case `text`.
    pub fn apply(self, text: &str) -> Cow<'_, str> {
        if text.is_ascii() {
            let has_upper = self.lowercase && text.bytes().any(|b| b.is_ascii_uppercase());
            return if has_upper {
                text.to_ascii_lowercase().into()
            } else {
                text.into()
            };
        }
        let text = self.normalize.map_or(text.into(), |form| form.apply(text));
        if self.lowercase {
            text.to_lowercase().into()
        } else {
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_normalizes_and_lowers() {
        let fold = |normalize, text: &str| {
            Folding {
                lowercase: true,
                normalize,
            }
            .apply(text)
            .into_owned()
        };
        assert_eq!(fold(None, "ΟΔΟΣ İ ASCII"), "οδος i\u{307} ascii");
        assert_eq!(fold(Some(Normalization::Nfc), "E\u{301}"), "\u{e9}");
        assert_eq!(fold(Some(Normalization::Nfkc), "Ａ①ﬁ"), "a1fi");
        assert!(matches!(
            Folding::default().apply("Aé"),
            Cow::Borrowed("Aé")
        ));
    }
}
