//! Reads the files of a corpus one after the other, each once from front to back. `text.rs` cuts the bytes of one
//! file into chunks; `io/open.rs` opens it.

use super::chunk_reader::ChunkReader;
use super::content::Content;
use super::options::TextOptions;
use super::origin::Origin;
use super::text::TextReader;
use crate::error::{Error, Result};
use crate::io::{Idle, Opened, open, path_of, size_of};
use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads text files, compressed or plain, as one corpus. The end of a file ends a document. The
/// path of a zip archive means all files in the archive.
pub struct FileReader {
    paths: VecDeque<PathBuf>,
    name: PathBuf,
    options: TextOptions,
    idle: Idle,
    current: Option<Box<Current>>,
    total: u64,
    // Number of bytes of the files that have been read to their end.
    done: u64,
    // The first notice for the user about any of the files.
    notice: Option<String>,
    has_noticed: bool,
}

struct Current {
    path: PathBuf,
    text: TextReader,
    // The open file or, for a file in an archive, the open archive; and the metadata of this file or archive before
    // reading. `None` for a pipe.
    before: Option<(File, Metadata)>,
    // For a file in an archive: its number of bytes in the archive, and its number of bytes after decompression.
    compressed: Option<[u64; 2]>,
}

/// What a path names.
enum Next {
    Text(Box<Current>),
    /// The files in a zip archive, and the number of bytes of the archive that belong to none of
    /// these files.
    Archive(Vec<PathBuf>, u64),
}

impl FileReader {
    /// Read these files in this order. All must exist now. A file is opened after the previous one
    /// has been read.
    ///
    /// # Errors
    /// [`Error::Io`] if a file is missing or is a folder; [`Error::Format`] if a file is in a damaged archive.
    pub fn new(paths: Vec<PathBuf>, options: TextOptions) -> Result<Self> {
        let mut total = 0;
        for path in &paths {
            total += size_of(path)?;
        }
        let name = match &paths[..] {
            [path] => path.clone(),
            _ => format!("{} files", paths.len()).into(),
        };
        Ok(Self {
            paths: paths.into(),
            name,
            options,
            idle: Arc::new(|| Ok(())),
            current: None,
            total,
            done: 0,
            notice: None,
            has_noticed: false,
        })
    }

    /// Read one file, a document per line.
    ///
    /// # Errors
    /// As for [`FileReader::new`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let paths = vec![path.as_ref().to_owned()];
        Self::new(paths, TextOptions::default())
    }
}

impl ChunkReader for FileReader {
    fn next_chunk(&mut self) -> Result<Option<Content>> {
        loop {
            if let Some(current) = &mut self.current {
                let content = current.text.next_chunk()?;
                if let Some(notice) = current.text.take_notice()
                    && !std::mem::replace(&mut self.has_noticed, true)
                {
                    self.notice = Some(notice);
                }
                if content.is_some() {
                    return Ok(content);
                }
                current.check_unchanged()?;
                self.done += current.bytes_read();
                self.current = None;
            }
            let Some(path) = self.paths.pop_front() else {
                return Ok(None);
            };
            match Current::open(path, self.options, &self.idle)? {
                Next::Text(current) => self.current = Some(current),
                Next::Archive(members, others) => {
                    self.done += others;
                    for member in members.into_iter().rev() {
                        self.paths.push_front(member);
                    }
                }
            }
        }
    }

    fn on_idle(&mut self, idle: Idle) {
        self.idle = idle;
    }

    fn origin(&self) -> Option<Origin> {
        self.current
            .as_ref()
            .and_then(|current| current.text.origin())
    }

    fn take_notice(&mut self) -> Option<String> {
        self.notice.take()
    }

    fn total_bytes(&self) -> Option<u64> {
        Some(self.total)
    }

    fn bytes_read(&self) -> u64 {
        let current = self.current.as_ref().map(|current| current.bytes_read());
        self.done + current.unwrap_or(0)
    }

    fn name(&self) -> PathBuf {
        self.name.clone()
    }
}

impl Current {
    fn open(path: PathBuf, options: TextOptions, idle: &Idle) -> Result<Next> {
        let at = |error| Error::io(&path, error);
        let mut compressed = None;
        let (mut text, before) = match open(&path, idle.clone()).map_err(at)? {
            Opened::File(file, metadata) => {
                let before = Some((file.try_clone().map_err(at)?, metadata));
                (TextReader::new(&path, file, options)?, before)
            }
            Opened::Pipe(pipe) => (TextReader::new(&path, pipe, options)?, None),
            Opened::Member(member) => {
                compressed = Some([member.compressed_bytes(), member.bytes()]);
                let (content, archive) = member.into_parts();
                let before = archive.metadata().map_err(at)?;
                let text = TextReader::new(&path, content, options)?;
                (text, Some((archive, before)))
            }
            Opened::Archive(members) => {
                let compressed: u64 = members.iter().map(|(_, bytes)| bytes).sum();
                let others = size_of(&path)?.saturating_sub(compressed);
                let members = members.iter().map(|(name, _)| path_of(&path, name));
                return Ok(Next::Archive(members.collect(), others));
            }
        };
        text.on_idle(idle.clone());
        Ok(Next::Text(Box::new(Self {
            path,
            text,
            before,
            compressed,
        })))
    }

    /// Number of bytes of the file that have been read. For a file in an archive: its compressed
    /// size, multiplied by the fraction of the decompressed file that has been read.
    fn bytes_read(&self) -> u64 {
        let read = self.text.bytes_read();
        self.compressed.map_or(read, |[compressed, bytes]| {
            (read as f64 / bytes.max(1) as f64 * compressed as f64).round() as u64
        })
    }

    /// Called at the end of a file. Refuses a file whose size or modification time changed while it
    /// was read: its text could be a mixture of two versions. The size of a file of the system, such
    /// as those in /proc, is always 0, so the number of bytes read may differ from a size of 0.
    fn check_unchanged(&self) -> Result<()> {
        let Some((file, before)) = &self.before else {
            return Ok(());
        };
        let after = file.metadata().map_err(|e| Error::io(&self.path, e))?;
        let read = self.text.bytes_read();
        if after.len() == before.len()
            && (read == after.len() || after.len() == 0 || self.compressed.is_some())
            && after.modified().ok() == before.modified().ok()
        {
            return Ok(());
        }
        let message = format!(
            "the file changed while it was being read: {} bytes at first, {} at the end, {read} read",
            before.len(),
            after.len(),
        );
        Err(Error::io(&self.path, io::Error::other(message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::CHUNK_BYTES;
    use std::io::Write;

    #[test]
    fn a_file_that_changes_while_it_is_read_is_refused() {
        let text = b"some words in a line\n".repeat(200_000);
        let changes: [fn(&File); 3] = [
            |file| file.set_len(CHUNK_BYTES as u64 + 10).unwrap(),
            |mut file| file.write_all(b"more words").unwrap(),
            |file| {
                let later = std::time::SystemTime::now() + std::time::Duration::from_secs(9);
                file.set_modified(later).unwrap();
            },
        ];
        for change in changes {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&text).unwrap();
            let mut reader = FileReader::open(file.path()).unwrap();
            reader.next_chunk().unwrap();
            change(file.as_file());
            let error = loop {
                match reader.next_chunk() {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("the change went unnoticed"),
                    Err(error) => break error,
                }
            };
            assert!(
                error
                    .to_string()
                    .contains("changed while it was being read")
            );
        }
    }

    #[test]
    fn files_follow_each_other_and_end_documents() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = ["a b", "", "c\nd\n", "e"]
            .iter()
            .enumerate()
            .map(|(number, text)| {
                let path = folder.path().join(number.to_string());
                std::fs::write(&path, text).unwrap();
                path
            })
            .collect();
        let mut reader = FileReader::new(paths, TextOptions::default()).unwrap();
        assert_eq!(reader.total_bytes(), Some(8));
        let mut text = String::new();
        while let Some(Content::Lines(lines)) = reader.next_chunk().unwrap() {
            text += &lines;
        }
        assert_eq!(text, "a b\nc\nd\ne\n");
        assert_eq!(reader.bytes_read(), 8);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_of_the_system_has_size_0_and_is_read() {
        let path = Path::new("/proc/self/status");
        assert_eq!(std::fs::metadata(path).unwrap().len(), 0);
        let mut reader = FileReader::open(path).unwrap();
        let Some(Content::Lines(text)) = reader.next_chunk().unwrap() else {
            panic!("there is text");
        };
        assert!(text.starts_with("Name:"), "{text}");
        assert!(reader.next_chunk().unwrap().is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_idle_pipe_can_be_left_and_a_slow_one_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let mut reader = FileReader::open(&path).unwrap();
        reader.on_idle(Arc::new(|| Err(io::Error::other("enough"))));
        let error = reader.next_chunk().unwrap_err();
        assert!(error.to_string().contains("enough"));

        let writer = std::thread::spawn({
            let path = path.clone();
            move || {
                let mut pipe = std::fs::OpenOptions::new().write(true).open(path).unwrap();
                for _ in 0..3 {
                    std::thread::sleep(std::time::Duration::from_millis(70));
                    pipe.write_all(b"slow words ").unwrap();
                }
            }
        });
        let mut reader = FileReader::open(&path).unwrap();
        let Some(Content::Lines(text)) = reader.next_chunk().unwrap() else {
            panic!("there is text");
        };
        assert_eq!(text, "slow words slow words slow words \n");
        writer.join().unwrap();
    }
}
