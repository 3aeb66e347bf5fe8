//! The reasons why a file of another kind than the wanted one is not read.

use super::byte_order_mark::has_mark;
use super::kind::FileKind;
use super::text::is_control_data;
use super::wanted::Wanted;
use crate::error::{Error, Location};
use std::path::Path;

impl FileKind {
    /// The message that refuses a file of this kind to a caller that wants to read `wanted`. `None`
    /// if the file may be what the caller wants.
    pub fn refusal(self, wanted: Wanted) -> Option<String> {
        let unsure = self == Self::Unknown || self == Self::Empty && wanted == Wanted::Text;
        if unsure || wanted.takes(self) {
            return None;
        }
        let (what, advice) = (self.description(), self.advice());
        Some(format!("{} but {what}: {advice}", wanted.refusal()))
    }

    /// [`FileKind::refusal`] as the error about the file at `path`.
    pub(crate) fn refused(self, path: &Path, wanted: Wanted) -> Option<Error> {
        let message = self.refusal(wanted)?;
        Some(Error::format(path, Location::Byte(0), message))
    }
}

/// The reason why a file with this beginning is not read as text; `None` if it may be text. `whole` says that
/// `beginning` is the whole file.
pub(crate) fn refusal_as_text(beginning: &[u8], whole: bool) -> Option<String> {
    let kind = FileKind::of_beginning(beginning, whole);
    let refusal = kind.and_then(|kind| kind.refusal(Wanted::Text));
    let is_data = kind.is_none() && !has_mark(beginning) && is_control_data(beginning);
    refusal.or_else(|| {
        is_data.then(|| {
            "this is not text: many of its bytes are control characters, as in binary data and in \
             encodings other than UTF-8"
                .to_owned()
        })
    })
}
