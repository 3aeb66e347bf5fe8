//! Names and locks of the temporary files and folders that become outputs. (`memory::TemporaryFile` holds data that
//! exceeds the memory limit.)
//!
//! The temporary file of `vectors.txt` is `.vectors.txt.glove-rs-0.tmp` beside it, or has a higher number if that
//! name is taken. Its process holds a lock on it, which the system releases when the process ends.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Temporary files that killed processes left are searched for under the numbers below `SWEPT`. It is rare that more
/// processes than this write the same target at once.
pub(super) const SWEPT: u32 = 8;
/// How many numbers are tried for a new temporary file.
const MOST_NUMBERS: u32 = 1000;
/// Longest name of a target, in bytes, that the name of its temporary file repeats in full. Most file systems limit
/// names to 255 bytes, encrypted ones to 143.
const LONGEST: usize = 100;

/// The name of a temporary file of the target `name`. A long name is cut, and its checksum is appended, so that a
/// target whose name is as long as the system allows can have a temporary file too.
pub(super) fn name_of(name: &OsStr, number: u32) -> OsString {
    let mut temporary = OsString::from(".");
    if name.len() <= LONGEST {
        temporary.push(name);
    } else {
        let text = name.to_string_lossy();
        let mut end = LONGEST / 2;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let sum = crc32fast::hash(name.as_encoded_bytes());
        temporary.push(format!("{}~{sum:08x}", &text[..end]));
    }
    temporary.push(format!(".glove-rs-{number}.tmp"));
    temporary
}

/// Whether `found` is the name of a temporary file of `target` that [`sweep`] would find.
pub(crate) fn is_of(found: &OsStr, target: &OsStr) -> bool {
    (0..SWEPT).any(|number| found == name_of(target, number))
}

/// Make a temporary file or folder for `target` with the function `make`. `make` must fail with
/// [`ErrorKind::AlreadyExists`] if the name is taken, and return `None` if another process removed the new file or
/// folder.
pub(super) fn claim<T>(
    target: &Path,
    mut make: impl FnMut(&Path) -> io::Result<Option<T>>,
) -> io::Result<T> {
    let name = target.file_name().unwrap_or_default();
    for number in 0..MOST_NUMBERS {
        match make(&target.with_file_name(name_of(name, number))) {
            Ok(Some(created)) => return Ok(created),
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Create a file and lock it. If `private`, only its owner may read it. `None` if another process, which took the file
/// for a leftover, locked or removed it first.
pub(super) fn create_locked(path: &Path, private: bool) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // As for an ordinary new file, the umask removes some of these permissions.
        options.mode(if private { 0o600 } else { 0o666 });
    }
    #[cfg(not(unix))]
    let _ = private;
    let file = options.open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(None),
        // On a file system without locks, a later process cannot lock the file either. So no process removes it as a
        // leftover.
        Err(TryLockError::Error(_)) => return Ok(Some(file)),
        Ok(()) => {}
    }
    Ok(is_at(&file, path).then_some(file))
}

/// Lock an existing file if the process that created it has ended. `None` if the process lives or this is not known.
pub(super) fn lock_of_the_dead(path: &Path) -> Option<File> {
    // glove-rs creates only regular files here. Opening a pipe would wait for a writer.
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let file = OpenOptions::new().write(true).open(path).ok()?;
    file.try_lock().ok()?;
    is_at(&file, path).then_some(file)
}

/// Whether `path` still names `file`.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        match (file.metadata(), fs::symlink_metadata(path)) {
            (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists() // on these systems, no other file can take the name of an open file
    }
}

/// Remove the temporary files of `target` whose processes are dead.
pub(super) fn sweep(target: &Path) {
    for path in numbered(target) {
        if let Some(locked) = lock_of_the_dead(&path) {
            let _ = fs::remove_file(&path);
            drop(locked);
        }
    }
}

/// The paths that [`sweep`] searches for temporary files of `target`.
pub(super) fn numbered(target: &Path) -> impl Iterator<Item = PathBuf> {
    let name = target.file_name().unwrap_or_default();
    (0..SWEPT).map(move |number| target.with_file_name(name_of(name, number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_of_one_target_is_not_one_of_another() {
        let names = [
            "a",
            "a.b",
            "a.glove-rs-0.tmp",
            ".a",
            &"x".repeat(200),
            &"x".repeat(201),
        ];
        for one in names {
            for other in names {
                let found = name_of(OsStr::new(one), 3);
                assert_eq!(
                    is_of(&found, OsStr::new(other)),
                    one == other,
                    "{one} {other}"
                );
            }
        }
        assert!(!is_of(OsStr::new(".a.glove-rs-x.tmp"), OsStr::new("a")));
        assert!(!is_of(OsStr::new("a"), OsStr::new("a")));
    }

    #[test]
    fn the_longest_names_have_temporaries_that_are_no_longer() {
        for name in ["水".repeat(85), "x".repeat(255), "x".repeat(143)] {
            assert!(name_of(OsStr::new(&name), 999).len() <= 143);
        }
    }

    #[test]
    fn only_what_the_dead_left_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let paths: Vec<_> = numbered(&target).take(2).collect();
        let living = create_locked(&paths[0], false).unwrap().unwrap();
        drop(create_locked(&paths[1], false).unwrap().unwrap());
        sweep(&target);
        assert!(paths[0].exists());
        assert!(!paths[1].exists());
        drop(living);
        sweep(&target);
        assert!(!paths[0].exists());
    }
}
