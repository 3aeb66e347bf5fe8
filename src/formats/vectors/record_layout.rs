//! What the reader of rows needs to know of a format: where a record ends, and what is in it. A record is a word with
//! its vector.

use super::selection::Selection;
use crate::error::Location;
use crate::float16::Element;
use crate::io::charset::OnInvalid;
use std::borrow::Cow;
use std::ops::Range;

/// How words and vectors follow each other in a file. Each thread that parses a block gets a clone, which keeps
/// the position of this block in the file for error messages.
pub(super) trait RecordLayout: Clone + Send {
    /// Find complete records from the beginning of `block` on, at most `most`, and append their
    /// ranges to `spans`. `at_end` says that the file ends with the block. Returns the end of the
    /// last record found. The next block starts there, so a later call finds the records that this
    /// call leaves out.
    fn frame(
        &mut self,
        block: &[u8],
        at_end: bool,
        most: usize,
        spans: &mut Vec<Range<usize>>,
    ) -> std::result::Result<usize, RecordFault>;

    /// Read the numbers of the record at `span` of `block` into `row`. Returns the range of its word in the block. The
    /// word is UTF-8 if [`RecordLayout::on_invalid`] is strict.
    fn parse<E: Element>(
        &mut self,
        block: &[u8],
        span: Range<usize>,
        row: &mut [E],
    ) -> std::result::Result<Range<usize>, String>;

    /// Whether the word of a record may be one of `words`. This is decided without reading the
    /// numbers of the record.
    fn may_have(&self, record: &[u8], words: &Selection) -> bool;

    /// The word that `written` stands for, for example without its quotation marks.
    fn word<'a>(&self, written: &'a [u8]) -> Cow<'a, [u8]> {
        written.into()
    }

    /// What to do with words that are not UTF-8.
    fn on_invalid(&self) -> OnInvalid;

    /// The location in the file of `offset` in the block that [`RecordLayout::frame`] saw last.
    fn location(&self, block: &[u8], offset: usize) -> Location;
}

/// An error in the block: its offset, and a message.
pub(super) struct RecordFault {
    pub offset: usize,
    pub message: String,
}
