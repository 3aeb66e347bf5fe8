//! Byte order marks: first bytes of a text, which show its encoding.

/// The byte order mark of UTF-8.
pub(crate) const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether these first bytes have a byte order mark of UTF-16.
pub(crate) fn has_mark(beginning: &[u8]) -> bool {
    beginning.starts_with(b"\xff\xfe") || beginning.starts_with(b"\xfe\xff")
}
