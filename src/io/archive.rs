//! Reads files in zip archives. `archive.zip:name` is the path of a file in an archive.

use crate::error::{Error, Location, Result};
use crate::file_kind::{BEGINNING_BYTES, FileKind};
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use zip::{CompressionMethod, ZipArchive};

/// Largest number of file names that a message lists.
const SHOWN: usize = 20;

/// An open file in an archive. It is decompressed while it is read from front to back.
pub(crate) struct Member {
    reader: Box<dyn Read + Send>,
    archive: File,
    compressed_bytes: u64,
    bytes: u64,
}

impl Member {
    /// The size of the file after decompression.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The size of the compressed file in the archive.
    pub fn compressed_bytes(&self) -> u64 {
        self.compressed_bytes
    }

    /// The reader of the content of the file, and the open archive, with which the caller can check
    /// whether the archive changes.
    pub fn into_parts(self) -> (Box<dyn Read + Send>, File) {
        (self.reader, self.archive)
    }
}

/// Whether this open file is a zip archive of files, and not a format that uses zip archives, such
/// as `.npz`. The position in the file is its beginning afterwards.
pub(crate) fn is_archive(file: &mut File) -> io::Result<bool> {
    let mut beginning = Vec::new();
    file.take(4).read_to_end(&mut beginning)?;
    if beginning == b"PK\x03\x04" {
        file.take(BEGINNING_BYTES as u64)
            .read_to_end(&mut beginning)?;
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(FileKind::of_beginning(&beginning, false) == Some(FileKind::Archive))
}

/// Split a path `archive.zip:name` into the path of the archive and the name of the file in it. `None` if there is
/// no such archive.
pub(crate) fn split(path: &Path) -> Option<(PathBuf, String)> {
    let text = path.to_str()?;
    text.match_indices(':').find_map(|(at, _)| {
        let (archive, member) = (Path::new(&text[..at]), &text[at + 1..]);
        let is_file = !member.is_empty() && archive.is_file();
        let found = is_file
            && File::open(archive).is_ok_and(|mut file| is_archive(&mut file).unwrap_or(false));
        found.then(|| (archive.to_owned(), member.to_owned()))
    })
}

/// The path of a file in an archive.
pub(crate) fn path_of(archive: &Path, member: &str) -> PathBuf {
    let mut path = archive.as_os_str().to_owned();
    path.push(":");
    path.push(member);
    path.into()
}

/// Names of the files in an archive and their compressed sizes, in the order of the archive. Hidden files and the
/// folder that macOS adds are left out.
///
/// # Errors
/// An error of the system, or [`Error::Format`] within an [`io::Error`] if the archive is damaged.
pub fn members(archive: &Path) -> io::Result<Vec<(String, u64)>> {
    members_of(&mut directory(archive)?, archive)
}

fn members_of(directory: &mut Directory, archive: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut members = Vec::new();
    for number in 0..directory.len() {
        let member = directory.by_index_raw(number).map_err(of_zip(archive))?;
        let name = member.name().map_err(of_zip(archive))?.into_owned();
        let is_hidden = |part: &str| part.starts_with('.') || part == "__MACOSX";
        if !member.is_dir() && !name.split('/').any(is_hidden) {
            members.push((name, member.compressed_size()));
        }
    }
    Ok(members)
}

/// The first names of `members`, as text for a message.
pub(crate) fn listed<'a>(members: impl IntoIterator<Item = &'a (String, u64)>) -> String {
    let mut members = members.into_iter();
    let names: Vec<_> = members.by_ref().take(SHOWN).collect();
    let names = names.iter().map(|(name, _)| format!("{name:?}"));
    let more = if members.next().is_some() {
        ", ..."
    } else {
        ""
    };
    names.collect::<Vec<_>>().join(", ") + more
}

/// The full name of the file among `members` that `name` means: the file with this full name or, if there is none, the
/// only file whose name has `name` as its last part.
///
/// # Errors
/// [`ErrorKind::NotFound`] if there is no such file, or if several files have this last part.
fn named<'a>(members: &'a [(String, u64)], name: &str) -> io::Result<&'a str> {
    if let Some((member, _)) = members.iter().find(|(member, _)| member == name) {
        return Ok(member);
    }
    let is_last_part = |(member, _): &&(String, u64)| member.rsplit('/').next() == Some(name);
    let found: Vec<&(String, u64)> = members.iter().filter(is_last_part).collect();
    let message = match found[..] {
        [(member, _)] => return Ok(member),
        [] => format!(
            "no such file in the archive, which holds {}",
            listed(members)
        ),
        _ => format!(
            "several files in the archive have this name: {}",
            listed(found)
        ),
    };
    Err(io::Error::new(ErrorKind::NotFound, message))
}

/// The path of the archive and the full name of the file in it that a path `archive.zip:name` means.
///
/// # Errors
/// [`Error::Io`] of the kind [`ErrorKind::NotFound`] if there is no such archive or no such file in it, or if `name` is
/// the last part of the names of several files; [`Error::Format`] if the archive is damaged.
pub fn find_member(path: &Path) -> Result<(PathBuf, String)> {
    let Some((archive, name)) = split(path) else {
        let error = fs::metadata(path).err();
        return Err(Error::io(path, error.unwrap_or(ErrorKind::NotFound.into())));
    };
    let found = members(&archive).and_then(|members| named(&members, &name).map(str::to_owned));
    found
        .map(|name| (archive, name))
        .map_err(|error| Error::io(path, error))
}

/// Open the file that `name` means in the archive at `path`.
///
/// # Errors
/// [`ErrorKind::NotFound`] as for [`find_member`]; [`ErrorKind::Unsupported`] if the file is encrypted or compressed by
/// a method that glove-rs does not read; [`Error::Format`] within an [`io::Error`] if the archive is damaged.
pub(crate) fn open_member(path: &Path, name: &str) -> io::Result<Member> {
    let mut directory = directory(path)?;
    let all = members_of(&mut directory, path)?;
    let chosen = named(&all, name)?;
    let number = directory.index_for_name(chosen);
    let number = number.ok_or(ErrorKind::NotFound)?;
    let member = directory.by_index_raw(number).map_err(of_zip(path))?;
    let unsupported = |why: String| io::Error::new(ErrorKind::Unsupported, why);
    if member.encrypted() {
        return Err(unsupported(
            "the file in the archive is encrypted: unpack it first".into(),
        ));
    }
    let method = member.compression();
    let (start, compressed_bytes) = (member.data_start(), member.compressed_size());
    let (crc, size) = (member.crc32(), member.size());
    let start = start.ok_or(ErrorKind::InvalidData)?;
    drop(member);
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let archive = file.try_clone()?;
    let compressed = file.take(compressed_bytes);
    let decompressed: Box<dyn Read + Send> = match method {
        CompressionMethod::STORE => Box::new(compressed),
        CompressionMethod::DEFLATE => {
            let compressed = BufReader::with_capacity(1 << 18, compressed);
            Box::new(flate2::bufread::DeflateDecoder::new(compressed))
        }
        other => {
            let why = format!(
                "the file in the archive is compressed with {other}, which glove-rs does not read: unpack it \
                 first"
            );
            return Err(unsupported(why));
        }
    };
    let reader = Box::new(Checked {
        path: path_of(path, chosen),
        decompressed,
        hasher: crc32fast::Hasher::new(),
        crc,
        left: size,
    });
    Ok(Member {
        reader,
        archive,
        compressed_bytes,
        bytes: size,
    })
}

/// The list of files at the end of an archive.
type Directory = ZipArchive<BufReader<File>>;

fn directory(path: &Path) -> io::Result<Directory> {
    ZipArchive::new(BufReader::new(File::open(path)?)).map_err(of_zip(path))
}

fn of_zip(path: &Path) -> impl Fn(zip::result::ZipError) -> io::Error {
    move |error| match error {
        zip::result::ZipError::Io(error) if error.raw_os_error().is_some() => error,
        error => damaged(path, &error.to_string()),
    }
}

fn damaged(path: &Path, what: &str) -> io::Error {
    let message = format!("the zip archive is damaged or cut off ({what})");
    io::Error::other(Error::format(path, Location::Byte(0), message))
}

/// Compares the decompressed content with the size and the checksum that the archive holds.
struct Checked {
    path: PathBuf,
    decompressed: Box<dyn Read + Send>,
    hasher: crc32fast::Hasher,
    crc: u32,
    left: u64,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = match self.decompressed.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            Err(error) if error.raw_os_error().is_some() => return Err(error),
            read => read.map_err(|error| damaged(&self.path, &error.to_string()))?,
        };
        self.hasher.update(&buffer[..read]);
        let left = self.left.checked_sub(read as u64);
        let bad = |what| damaged(&self.path, what);
        self.left = left.ok_or_else(|| bad("a file is longer than the list of files says"))?;
        if read == 0 && self.left > 0 {
            return Err(bad("a file is shorter than the list of files says"));
        }
        if read == 0 && self.hasher.clone().finalize() != self.crc {
            return Err(bad("the checksum of a file is wrong"));
        }
        Ok(read)
    }
}
