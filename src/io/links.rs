//! Follows symbolic links.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A path with more links than this counts as a circle of links, as in Linux.
pub(super) const MOST_LINKS: usize = 40;

/// The absolute path to which `path` leads: as long as the path names a link, the link is followed. No file
/// needs to exist at the result.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(path)?;
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                let link = fs::read_link(&path)?;
                path = match path.parent() {
                    Some(parent) => parent.join(link),
                    None => link,
                };
            }
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    // The system reports its error for this path, "too many levels of symbolic links".
    fs::metadata(&path).map(|_| path)
}
