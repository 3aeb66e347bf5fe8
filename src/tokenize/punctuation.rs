//! The punctuation of scripts that are written without spaces.

/// Whether a character is CJK punctuation: 、。〈〉《》「」『』 and the like, the ideographic space, or
/// ！，：；？ of full width. No word of the scripts that are written without spaces contains such a
/// character.
pub(crate) fn is_punctuation(character: char) -> bool {
    matches!(character, '\u{3000}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '！' | '，' | '：' | '；' | '？')
}
