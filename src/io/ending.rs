//! What the ending of a file name says about a file to be written: its compression and its format. Names that do
//! not match the content are refused.

use super::compression::Compression;
use crate::error::{Error, Result};
use std::path::Path;

/// Endings of compressed files.
const PACKED: [(&str, Compression); 5] = [
    ("gz", Compression::Gzip),
    ("bz2", Compression::Bzip2),
    ("xz", Compression::Xz),
    ("zst", Compression::Zstandard),
    ("zstd", Compression::Zstandard),
];

/// Endings of formats that glove-rs does not write. They are refused: the content would not match the name.
const FOREIGN: [&str; 52] = [
    "7z",
    "arrow",
    "avro",
    "bz",
    "csv",
    "db",
    "docx",
    "duckdb",
    "epub",
    "feather",
    "ftz",
    "gguf",
    "h5",
    "hdf",
    "hdf5",
    "htm",
    "html",
    "ipc",
    "joblib",
    "json",
    "jsonl",
    "kv",
    "lz4",
    "lzma",
    "magnitude",
    "mat",
    "model",
    "msgpack",
    "ndjson",
    "npy",
    "npz",
    "odt",
    "onnx",
    "orc",
    "parquet",
    "pdf",
    "pickle",
    "pkl",
    "pt",
    "pth",
    "rar",
    "rds",
    "safetensors",
    "sqlite",
    "sqlite3",
    "tar",
    "tgz",
    "tsv",
    "xls",
    "xlsx",
    "xml",
    "zip",
];

/// The endings of what glove-rs writes, for messages.
const WRITTEN: &str = "glove-rs writes text (.txt, .vec), binary files (.bin) and its own formats \
                       (.glove for a model, .counts for counts, any other ending for vectors); a \
                       further .gz, .zst, .bz2 or .xz compresses any of them but a model";

/// The compression of a file with this name, by its last ending.
///
/// # Errors
/// [`Error::Parameter`] for the ending of a format that glove-rs does not write.
pub(super) fn packing(path: &Path) -> Result<Option<Compression>> {
    check_ending(path)?;
    Ok(split(path).1)
}

/// Refuse to write a file whose name has the ending of a format that glove-rs does not write.
///
/// # Errors
/// [`Error::Parameter`], which lists the formats that glove-rs writes.
pub fn check_ending(path: &Path) -> Result<()> {
    let ending = ending_of(path).filter(|ending| FOREIGN.contains(&ending.as_str()));
    let Some(ending) = ending else {
        return Ok(());
    };
    let name = path.to_string_lossy();
    let message =
        format!("must not end in .{ending}, a format that is not written: {WRITTEN}; got {name:?}");
    Err(Error::parameter("path", message))
}

/// What a file that is written holds, and the endings that say that it holds something else.
#[derive(Debug, Clone, Copy)]
pub struct Written(&'static str, &'static [&'static str]);

impl Written {
    /// Vectors as text.
    pub const TEXT: Self = Self("vectors as text", &["bin", "counts", "glove"]);
    /// Vectors in word2vec's binary format.
    pub const BINARY: Self = Self("binary vectors", &["txt", "vec", "counts", "glove"]);
    /// Vectors in this package's format.
    pub const NATIVE: Self = Self(
        "vectors in the native format",
        &["txt", "vec", "bin", "counts", "glove"],
    );
    /// A vocabulary.
    pub const VOCABULARY: Self = Self("a vocabulary", &["bin", "vec", "counts", "glove"]);
    /// Counts.
    pub const COUNTS: Self = Self("counts", &["txt", "vec", "glove"]);
    /// A subword model.
    pub const SUBWORDS: Self = Self("a subword model", &["txt", "vec", "bin", "counts", "glove"]);
    /// A model.
    pub const MODEL: Self = Self("a model", &["txt", "vec", "bin", "counts"]);

    /// Refuse a file name whose ending says that the file holds something else.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the formats that glove-rs writes.
    pub fn check(self, path: &Path) -> Result<()> {
        let Self(content, others) = self;
        let ending = ending_of(path).filter(|ending| others.contains(&ending.as_str()));
        let Some(ending) = ending else {
            return Ok(());
        };
        let name = path.to_string_lossy();
        let message = format!(
            "must not end in .{ending}, because the file holds {content}: {WRITTEN}; got {name:?}"
        );
        Err(Error::parameter("path", message))
    }
}

/// The ending of a name that tells the format, such as `bin` of `vectors.bin.gz`, in lower case.
pub fn ending_of(path: &Path) -> Option<String> {
    split(path).0
}

/// Refuse a file name for a model whose ending says that the file is something else or is compressed. A model is a
/// NumPy archive, which is not compressed again.
///
/// # Errors
/// [`Error::Parameter`].
pub fn check_model_ending(path: &Path) -> Result<()> {
    match split(path) {
        (_, Some(_)) => {
            let name = path.to_string_lossy();
            let message =
                format!("must not end in .gz or the like: a model is not compressed; got {name:?}");
            Err(Error::parameter("path", message))
        }
        (Some(ending), None) if ending == "npz" => Ok(()),
        _ => Written::MODEL.check(path).and_then(|()| check_ending(path)),
    }
}

/// The ending of a name in lower case, without that of the compression, and the compression.
fn split(path: &Path) -> (Option<String>, Option<Compression>) {
    let ending = |path: &Path| Some(path.extension()?.to_str()?.to_ascii_lowercase());
    let last = ending(path);
    let packed = PACKED
        .iter()
        .find(|(name, _)| last.as_deref() == Some(*name));
    match packed {
        Some((_, packing)) => (ending(&path.with_extension("")), Some(*packing)),
        None => (last, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ending_is_the_packing_and_the_one_before_the_format() {
        for (name, expected) in [
            ("vectors", None),
            ("vectors.txt", None),
            ("vectors.txt.gz", Some(Compression::Gzip)),
            ("vectors.GZ", Some(Compression::Gzip)),
            ("vectors.bin.zst", Some(Compression::Zstandard)),
            ("a.json.txt", None),
            (".gz", None),
            ("-", None),
        ] {
            assert_eq!(packing(Path::new(name)).unwrap(), expected, "{name}");
        }
        for name in ["v.npz", "v.JSON", "v.csv.gz", "v.tar.xz", "v.safetensors"] {
            let error = packing(Path::new(name)).unwrap_err().to_string();
            assert!(error.contains("must not end in"), "{error}");
        }
    }
}
