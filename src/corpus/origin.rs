//! Where a chunk begins in its file.

/// Where a chunk begins in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub path: std::path::PathBuf,
    /// The offset in the file, in decompressed bytes.
    pub offset: u64,
    /// Whether the file is in UTF-16; the chunk itself is always UTF-8.
    pub is_utf16: bool,
}

impl Origin {
    /// The offset in the file at which `before`, the beginning of the chunk's text, ends. It is approximate if
    /// invalid bytes were replaced or dropped.
    pub fn after(&self, before: &[u8]) -> u64 {
        self.offset + file_bytes(before, self.is_utf16)
    }
}

/// Number of bytes that `text` takes in its file. `text` is in UTF-8; if the file is in UTF-16, `text`
/// was converted from UTF-16.
pub(super) fn file_bytes(text: &[u8], is_utf16: bool) -> u64 {
    if !is_utf16 {
        return text.len() as u64;
    }
    let units = |byte: &u8| match byte {
        0x80..=0xbf => 0, // continues a character
        0xf0.. => 2,
        _ => 1,
    };
    2 * text.iter().map(units).sum::<u64>()
}
