//! Reads and writes files. Written files appear complete or not at all, except for pipes, devices and standard output.
//!
//! Reading: `open` opens what a path names, also files in archives (`archive`); `input` reads the content from front
//! to back, decompressed (`compression`, `decompressed`) and, for text, decoded (`charset`).
//!
//! Writing: `file` writes a file, `folder` a folder. The ending of a name decides on the compression and may be
//! refused (`ending`). All output for a user is written here, by three rules. The old file stays at its path until
//! the new content is complete and on the disk. Only files that glove-rs has written are removed. A temporary file
//! (`temporary`) belongs to one target and one process: its name is made from the name of the target, and the process
//! locks the file while it writes. So the next process that writes the same target can recognise the files that a
//! killed process left, and remove them.
//!
//! `lock` locks the folder of a training. `buckets` keeps items that exceed the memory limit in a temporary file
//! that has no name (`memory::TemporaryFile`).

mod archive;
pub(crate) mod buckets;
pub(crate) mod charset;
mod compressed_writer;
pub(crate) mod compression;
pub(crate) mod decompressed;
mod ending;
mod file;
mod folder;
mod input;
mod links;
mod lock;
mod open;
mod path_error;
mod standard_stream;
mod sync;
mod temporary;

pub(crate) use archive::path_of;
pub use archive::{find_member, members};
#[cfg(feature = "python")]
pub(crate) use ending::{COMPRESSED, is_compressed_name};
pub use ending::{Written, ending_of};
pub use file::{Output, Replacement, write_atomically};
pub use folder::FolderReplacement;
pub(crate) use input::Input;
pub use lock::FolderLock;
pub use open::{Idle, is_archive, is_member, member_path};
pub(crate) use open::{Opened, open, size_of};
pub(crate) use path_error::at;
pub use standard_stream::STANDARD_STREAM;
#[cfg(feature = "python")]
pub(crate) use temporary::is_of as is_temporary_of;
