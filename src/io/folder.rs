//! Writes a folder with a fixed set of files, and replaces an older folder as a whole. `file.rs` writes single
//! files.

use super::links::resolve;
use super::sync::sync_folder;
use super::temporary;
use crate::error::{Error, Result};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Names in the scratch folder. `LOCK` is a file that the writing process locks. `NEW` is the new
/// folder; after an exchange, the old folder has this name. `OLD` is the old folder on a system that
/// cannot exchange folders.
const LOCK: &str = "lock";
const NEW: &str = "new";
const OLD: &str = "old";
/// Largest number of attempts to give the old folder its name back.
const TRIES: usize = 3;
/// Largest number of names that a message lists.
const SHOWN: usize = 5;

/// A folder that is being written. If it is dropped before [`FolderReplacement::commit`], its files are removed and
/// the target is unchanged; parent folders that were made for it stay.
///
/// The new folder is filled in a scratch folder beside the target. At the end, the new folder and
/// an old one at the target are exchanged. The system does this in one step, so the target is
/// complete at every moment. On a system that cannot exchange folders, the old folder is renamed
/// first and then the new one. If the process dies between these two steps, the next process that
/// writes the same target puts the old folder back.
#[derive(Debug)]
pub struct FolderReplacement {
    /// The path as the caller gave it, for messages.
    path: PathBuf,
    target: PathBuf,
    scratch: PathBuf,
    lock: Option<File>,
    names: Vec<OsString>,
}

impl FolderReplacement {
    /// Begin to write a folder of files with these `names`, and clean up after killed processes that wrote the same
    /// folder. Missing parent folders are made. If `path` is a link, the folder to which it points is replaced.
    ///
    /// # Errors
    /// [`Error::Io`], which names `path`; [`Error::Parameter`] for an empty path.
    pub fn create(path: &Path, names: Vec<OsString>) -> Result<Self> {
        if path.as_os_str().is_empty() {
            return Err(Error::parameter("path", "must name a folder, got ''"));
        }
        Self::make(path, names).map_err(|e| Error::io(path, e))
    }

    fn make(path: &Path, names: Vec<OsString>) -> io::Result<Self> {
        let target = resolve(path)?;
        let (Some(parent), Some(_)) = (target.parent(), target.file_name()) else {
            let message = "exists; choose another name";
            return Err(io::Error::new(ErrorKind::AlreadyExists, message));
        };
        fs::create_dir_all(parent)?;
        sweep(&target, &names);
        temporary::sweep(&target);
        let (scratch, lock) = temporary::claim(&target, |scratch| {
            fs::create_dir(scratch)?;
            let created = temporary::create_locked(&scratch.join(LOCK), false);
            match created.and_then(|lock| fs::create_dir(scratch.join(NEW)).map(|()| lock)) {
                Ok(lock) => Ok(lock.map(|lock| (scratch.to_owned(), lock))),
                // Another process saw the folder before it was locked, took it for a leftover and removed it.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => {
                    remove(scratch, &target, &names);
                    Err(error)
                }
            }
        })?;
        Ok(Self {
            path: path.to_owned(),
            target,
            scratch,
            lock: Some(lock),
            names,
        })
    }

    /// The folder to fill.
    pub fn folder(&self) -> PathBuf {
        self.scratch.join(NEW)
    }

    /// Fail if the folder that is now at the path must not be replaced. [`FolderReplacement::commit`] checks it
    /// again.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn check(&self, overwrite: bool) -> Result<()> {
        let occupied = self.is_occupied(overwrite);
        occupied.map(|_| ()).map_err(|e| Error::io(&self.path, e))
    }

    /// Move the folder to its path. There may be nothing or an empty folder at the path; with `overwrite`, also a
    /// folder that holds only files with the names given to [`FolderReplacement::create`] and their temporary files.
    /// When this returns, the new folder is on disk and survives a crash of the machine.
    ///
    /// # Errors
    /// [`Error::Io`]. Then the old folder is still at the path, unless only the last step failed,
    /// the syncing of its parent folder.
    pub fn commit(self, overwrite: bool) -> Result<()> {
        self.put(overwrite).map_err(|e| Error::io(&self.path, e))
    }

    /// Move the file `name` out of the new folder to the target path itself. If a file or folder is
    /// at that path, for instance because another program has written it in the meantime, it stays,
    /// and the call fails. When this returns, the file survives a crash of the machine.
    ///
    /// # Errors
    /// [`Error::Io`], with [`ErrorKind::AlreadyExists`] if a file or folder is at the target path.
    pub fn commit_file(self, name: &OsStr) -> Result<()> {
        let put = rename_to_new(&self.folder().join(name), &self.target)
            .and_then(|()| self.target.parent().map_or(Ok(()), sync_folder));
        put.map_err(|e| Error::io(&self.path, e))
    }

    fn put(&self, overwrite: bool) -> io::Result<()> {
        let new = self.folder();
        sync_folder(&new)?;
        let occupied = self.is_occupied(overwrite)?;
        if let Ok(old) = fs::metadata(&self.target) {
            let _ = fs::set_permissions(&new, old.permissions());
            #[cfg(not(unix))] // on Unix, renaming replaces an empty folder
            if !occupied {
                fs::remove_dir(&self.target)?;
            }
        }
        if occupied {
            self.swap(&new)?;
        } else {
            fs::rename(&new, &self.target)?;
        }
        self.target.parent().map_or(Ok(()), sync_folder)
    }

    /// Whether the target is a folder that is not empty; an error if it must not be replaced.
    fn is_occupied(&self, overwrite: bool) -> io::Result<bool> {
        match fs::read_dir(&self.target) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
            Ok(mut entries) => {
                if entries.next().is_none() {
                    return Ok(false);
                }
            }
        }
        if !overwrite {
            let message = "exists; choose another name";
            return Err(io::Error::new(ErrorKind::AlreadyExists, message));
        }
        self.refuse_foreign(&self.target).map(|()| true)
    }

    /// Refuse a folder that holds a folder, or a file that is neither one of `names` nor a temporary file of one of
    /// them.
    fn refuse_foreign(&self, folder: &Path) -> io::Result<()> {
        let foreign = foreign(folder, &self.names)?;
        if foreign.is_empty() {
            return Ok(());
        }
        let mut shown = foreign[..foreign.len().min(SHOWN)].join(", ");
        if foreign.len() > SHOWN {
            shown = format!("{shown} and {} more", foreign.len() - SHOWN);
        }
        let message =
            format!("holds files that glove-rs does not write: {shown}; choose another name");
        Err(io::Error::new(ErrorKind::AlreadyExists, message))
    }

    fn swap(&self, new: &Path) -> io::Result<()> {
        match exchange(new, &self.target) {
            Ok(()) => {
                // The old folder is now at the path `new`. Another process may have put a file into it since
                // `put` checked it.
                let checked = self.refuse_foreign(new);
                if checked.is_err() {
                    exchange(new, &self.target)?;
                }
                return checked;
            }
            Err(error) if !is_unsupported(&error) => return Err(error),
            Err(_) => {}
        }
        let old = self.scratch.join(OLD);
        fs::rename(&self.target, &old)?;
        let renamed = self
            .refuse_foreign(&old)
            .and_then(|()| fs::rename(new, &self.target));
        if renamed.is_err() {
            put_back(&old, &self.target);
        }
        renamed
    }
}

impl Drop for FolderReplacement {
    fn drop(&mut self) {
        put_back(&self.scratch.join(OLD), &self.target);
        remove(&self.scratch, &self.target, &self.names);
        self.lock = None;
    }
}

/// Rename the old folder back to `target`. Nothing happens if `target` exists, or if the old folder
/// does not exist.
fn put_back(old: &Path, target: &Path) {
    for _ in 0..TRIES {
        if !old.exists() || target.exists() || fs::rename(old, target).is_ok() {
            return;
        }
    }
}

/// Rename a file to a name that is not taken, in one step where the system can.
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).map_err(io::Error::from) {
            Err(error) if is_unsupported(&error) => {}
            renamed => return renamed,
        }
    }
    // A hard link is refused if the name is taken. Some file systems have no hard links.
    match fs::hard_link(from, to) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            if fs::symlink_metadata(to).is_ok() {
                return Err(ErrorKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        }
        Ok(()) => fs::remove_file(from),
        exists => exists,
    }
}

/// Exchange two folders in one step.
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    {
        let _ = (one, other);
        Err(ErrorKind::Unsupported.into())
    }
}

/// Whether an operation failed because the system or the file system does not have it.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Unsupported | ErrorKind::InvalidInput
    )
}

/// Whether `name` is one of `names`, or the name of a temporary file of one of them.
fn is_ours(name: &OsStr, names: &[OsString]) -> bool {
    names
        .iter()
        .any(|ours| name == ours || temporary::is_of(name, ours))
}

/// The sorted names of the folders in `folder`, and of its files that are neither one of `names` nor a temporary file
/// of one of them.
fn foreign(folder: &Path, names: &[OsString]) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !is_ours(&entry.file_name(), names) || entry.file_type()?.is_dir() {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found.sort();
    Ok(found)
}

/// Remove the files with these `names` from the new and the old folder in a scratch folder. Remove the scratch folder
/// too if nothing else is in it. An old folder that could not be put back stays.
fn remove(scratch: &Path, target: &Path, names: &[OsString]) {
    for name in [NEW, OLD] {
        if name == OLD && !target.exists() {
            continue;
        }
        let folder = scratch.join(name);
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if is_ours(&entry.file_name(), names) {
                let _ = fs::remove_file(entry.path());
            }
        }
        let _ = fs::remove_dir(&folder);
    }
    // Remove the lock last: while this process holds it, no other process removes the scratch
    // folder as a leftover.
    if [NEW, OLD].iter().all(|name| !scratch.join(name).exists()) {
        let _ = fs::remove_file(scratch.join(LOCK));
        let _ = fs::remove_dir(scratch);
    }
}

/// Clean up after killed processes that wrote the folder `target`, or a file by [`FolderReplacement::commit_file`]:
/// put the old folder back, and remove scratch folders.
pub(super) fn sweep(target: &Path, names: &[OsString]) {
    for scratch in temporary::numbered(target) {
        if !fs::symlink_metadata(&scratch).is_ok_and(|found| found.is_dir()) {
            continue;
        }
        if let Some(lock) = temporary::lock_of_the_dead(&scratch.join(LOCK)) {
            put_back(&scratch.join(OLD), target);
            remove(&scratch, target, names);
            drop(lock);
        } else {
            let _ = fs::remove_dir(&scratch); // empty if its process was killed before locking
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(unix)]
    use std::os::unix::fs::symlink;

    const NAMES: [&str; 2] = ["a", "b"];

    fn begin(path: &Path, content: &str) -> FolderReplacement {
        let replacement =
            FolderReplacement::create(path, NAMES.map(OsString::from).into()).unwrap();
        for name in NAMES {
            fs::write(replacement.folder().join(name), content).unwrap();
        }
        replacement
    }

    fn content(path: &Path) -> Vec<String> {
        NAMES
            .map(|name| fs::read_to_string(path.join(name)).unwrap())
            .into()
    }

    #[test]
    fn a_new_file_takes_no_name_that_another_has_taken() {
        let around = tempfile::tempdir().unwrap();
        let path = around.path().join("file");
        begin(&path, "mine").commit_file(OsStr::new("a")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        let refused = begin(&path, "later").commit_file(OsStr::new("a"));
        assert!(refused.unwrap_err().to_string().contains("exists"));
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        assert_eq!(entries(around.path()), 1);
    }

    fn entries(path: &Path) -> usize {
        fs::read_dir(path).unwrap().count()
    }

    #[test]
    fn a_folder_appears_and_is_replaced_as_a_whole() {
        let around = tempfile::tempdir().unwrap();
        let path = around.path().join("deep").join("model");
        begin(&path, "first").commit(false).unwrap();
        assert_eq!(content(&path), ["first", "first"]);
        assert!(begin(&path, "second").commit(false).is_err());
        assert_eq!(content(&path), ["first", "first"]);
        begin(&path, "second").commit(true).unwrap();
        assert_eq!(content(&path), ["second", "second"]);
        drop(begin(&path, "third"));
        assert_eq!(content(&path), ["second", "second"]);
        assert_eq!(entries(&around.path().join("deep")), 1);
    }

    #[test]
    fn what_is_not_ours_is_never_removed() {
        let around = tempfile::tempdir().unwrap();
        let path = around.path().join("model");
        begin(&path, "old").commit(false).unwrap();
        fs::write(path.join("thesis"), "precious").unwrap();
        let refused = begin(&path, "new").commit(true).unwrap_err();
        assert!(refused.to_string().contains("thesis"), "{refused}");
        assert_eq!(content(&path), ["old", "old"]);
        assert_eq!(fs::read(path.join("thesis")).unwrap(), b"precious");
        assert_eq!(entries(around.path()), 1);
    }

    #[test]
    fn the_old_folder_comes_back_after_a_death_between_two_renames() {
        let around = tempfile::tempdir().unwrap();
        let path = around.path().join("model");
        begin(&path, "old").commit(false).unwrap();
        let mut dead = begin(&path, "new");
        fs::rename(&path, dead.scratch.join(OLD)).unwrap();
        dead.lock = None;
        std::mem::forget(dead);
        drop(begin(&path, "newer"));
        assert_eq!(content(&path), ["old", "old"]);
        assert_eq!(entries(around.path()), 1);
    }

    #[test]
    fn what_the_living_write_is_not_swept() {
        let around = tempfile::tempdir().unwrap();
        let path = around.path().join("model");
        let living = begin(&path, "living");
        begin(&path, "other").commit(true).unwrap();
        living.commit(true).unwrap();
        assert_eq!(content(&path), ["living", "living"]);
        assert_eq!(entries(around.path()), 1);
    }

    #[test]
    fn a_foreign_file_in_what_a_dead_process_left_stays() {
        let around = tempfile::tempdir().unwrap();
        let path = around.path().join("model");
        let mut dead = begin(&path, "old");
        let foreign = dead.folder().join("thesis");
        fs::write(&foreign, "precious").unwrap();
        dead.lock = None;
        std::mem::forget(dead);
        begin(&path, "new").commit(false).unwrap();
        assert_eq!(fs::read(&foreign).unwrap(), b"precious");
        assert_eq!(content(&path), ["new", "new"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_stays_a_link() {
        let around = tempfile::tempdir().unwrap();
        let (path, link) = (around.path().join("model"), around.path().join("link"));
        symlink("model", &link).unwrap();
        for text in ["first", "second"] {
            begin(&link, text).commit(true).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(content(&path), [text, text]);
        }
    }
}
