//! What the ending of a file name says about a file to be written: its compression and its format. Names that do
//! not match the content are refused.

use super::compression::Compression;
use crate::error::{Error, Result};
use std::path::Path;

/// Endings of compressed files, in lower case.
pub(crate) const COMPRESSED: [(&str, Compression); 5] = [
    ("gz", Compression::Gzip),
    ("bz2", Compression::Bzip2),
    ("xz", Compression::Xz),
    ("zst", Compression::Zstandard),
    ("zstd", Compression::Zstandard),
];

/// Endings of formats that glove-rs does not write, or that it writes for one content only (the field `own` of
/// [`Written`]). The endings are refused for all other content, because the content would not match the name.
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
pub(super) fn compression_of(path: &Path) -> Result<Option<Compression>> {
    check_ending(path)?;
    Ok(split(path).1)
}

/// Whether the ending of a name says that the file is compressed.
#[cfg(feature = "python")]
pub(crate) fn is_compressed_name(path: &Path) -> bool {
    split(path).1.is_some()
}

/// Refuse to write a file whose name has the ending of a format that glove-rs does not write.
///
/// # Errors
/// [`Error::Parameter`], which lists the formats that glove-rs writes.
fn check_ending(path: &Path) -> Result<()> {
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
pub struct Written {
    /// The content, for messages.
    content: &'static str,
    /// Endings of other contents that glove-rs writes.
    others: &'static [&'static str],
    /// Endings of [`FOREIGN`] that suit the content.
    own: &'static [&'static str],
    /// Whether a further ending compresses the file.
    is_compressible: bool,
}

impl Written {
    /// Vectors as text.
    pub const TEXT: Self = Self::compressible("vectors as text", &["bin", "counts", "glove"]);
    /// Vectors in word2vec's binary format.
    pub const BINARY: Self =
        Self::compressible("binary vectors", &["txt", "vec", "counts", "glove"]);
    /// Vectors in this package's format.
    pub const NATIVE: Self = Self::compressible(
        "vectors in the native format",
        &["txt", "vec", "bin", "counts", "glove"],
    );
    /// A vocabulary.
    pub const VOCABULARY: Self =
        Self::compressible("a vocabulary", &["bin", "vec", "counts", "glove"]);
    /// Counts.
    pub const COUNTS: Self = Self::compressible("counts", &["txt", "vec", "glove"]);
    /// A subword model.
    pub const SUBWORDS: Self =
        Self::compressible("a subword model", &["txt", "vec", "bin", "counts", "glove"]);
    /// A model: a NumPy archive, which is not compressed again.
    pub const MODEL: Self = Self::plain("a model", &["txt", "vec", "bin", "counts"], &["npz"]);
    /// Phrases, as JSON.
    pub const PHRASES: Self = Self::plain("phrases", &["bin", "vec", "counts", "glove"], &["json"]);
    /// Pairs of words, as Parquet.
    pub const PAIRS: Self = Self::plain(
        "a table of pairs",
        &["txt", "vec", "bin", "counts", "glove"],
        &["parquet"],
    );
    /// A web page.
    pub const PAGE: Self = Self::plain(
        "a web page",
        &["txt", "vec", "bin", "counts", "glove"],
        &["htm", "html"],
    );

    /// The public names, in the order of the constants.
    pub const NAMES: [&str; 10] = [
        "text",
        "binary",
        "native",
        "vocabulary",
        "counts",
        "subwords",
        "model",
        "phrases",
        "pairs",
        "page",
    ];

    const fn compressible(content: &'static str, others: &'static [&'static str]) -> Self {
        Self {
            content,
            others,
            own: &[],
            is_compressible: true,
        }
    }

    const fn plain(
        content: &'static str,
        others: &'static [&'static str],
        own: &'static [&'static str],
    ) -> Self {
        Self {
            content,
            others,
            own,
            is_compressible: false,
        }
    }

    /// The content with this public name.
    ///
    /// # Errors
    /// [`Error::Parameter`], which lists the names, for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let values = [
            Self::TEXT,
            Self::BINARY,
            Self::NATIVE,
            Self::VOCABULARY,
            Self::COUNTS,
            Self::SUBWORDS,
            Self::MODEL,
            Self::PHRASES,
            Self::PAIRS,
            Self::PAGE,
        ];
        Error::choice("content", name, Self::NAMES, values)
    }

    /// Refuse a file name whose ending says that the file holds something else, that it has a format that glove-rs
    /// does not write, or that it is compressed although glove-rs does not compress this content.
    ///
    /// # Errors
    /// [`Error::Parameter`]. The message lists the formats that glove-rs writes, except if the ending of a compression
    /// is refused.
    pub fn check(self, path: &Path) -> Result<()> {
        let (content, name) = (self.content, path.to_string_lossy());
        let (ending, compression) = split(path);
        if compression.is_some() && !self.is_compressible {
            let last = path.extension().unwrap_or_default().to_string_lossy();
            let message = format!(
                "must not end in .{last}: glove-rs does not compress {content}; got {name:?}"
            );
            return Err(Error::parameter("path", message));
        }
        let has = |endings: &[&str]| ending.as_deref().is_some_and(|own| endings.contains(&own));
        if has(self.others) {
            let ending = ending.unwrap_or_default();
            let message = format!(
                "must not end in .{ending}, because the file holds {content}: {WRITTEN}; got {name:?}"
            );
            return Err(Error::parameter("path", message));
        }
        if has(self.own) {
            return Ok(());
        }
        check_ending(path)
    }
}

/// The ending of a name that tells the format, such as `bin` of `vectors.bin.gz`, in lower case.
pub fn ending_of(path: &Path) -> Option<String> {
    split(path).0
}

/// Two parts of a name: the ending that tells the format, in lower case, and the compression. For `v.TXT.gz` these are
/// `txt` and gzip.
fn split(path: &Path) -> (Option<String>, Option<Compression>) {
    let ending = |path: &Path| Some(path.extension()?.to_str()?.to_ascii_lowercase());
    let last = ending(path);
    let compressed = COMPRESSED
        .iter()
        .find(|(name, _)| last.as_deref() == Some(*name));
    match compressed {
        Some((_, compression)) => (ending(&path.with_extension("")), Some(*compression)),
        None => (last, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ending_is_the_compression_and_the_one_before_the_format() {
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
            assert_eq!(compression_of(Path::new(name)).unwrap(), expected, "{name}");
        }
        for name in ["v.npz", "v.JSON", "v.csv.gz", "v.tar.xz", "v.safetensors"] {
            let error = compression_of(Path::new(name)).unwrap_err().to_string();
            assert!(error.contains("must not end in"), "{error}");
        }
    }

    #[test]
    fn a_name_suits_what_the_file_holds() {
        let refused = |written: Written, name: &str| written.check(Path::new(name)).is_err();
        for (name, written, right, wrong) in [
            ("text", Written::TEXT, "v.txt.gz", "v.bin"),
            ("binary", Written::BINARY, "v.bin.zst", "v.txt"),
            ("native", Written::NATIVE, "vectors", "v.glove"),
            ("vocabulary", Written::VOCABULARY, "vocab.txt", "vocab.bin"),
            ("counts", Written::COUNTS, "x.bin.gz", "x.txt"),
            ("subwords", Written::SUBWORDS, "subwords", "s.txt"),
            ("model", Written::MODEL, "m.npz", "m.txt"),
            ("phrases", Written::PHRASES, "p.json", "p.bin"),
            ("pairs", Written::PAIRS, "p.parquet", "p.counts"),
            ("page", Written::PAGE, "p.html", "p.glove"),
        ] {
            assert!(!refused(written, right), "{right}");
            assert!(refused(written, wrong), "{wrong}");
            assert!(refused(written, "x.csv"), "{name}");
            assert_eq!(refused(written, "x.gz"), !written.is_compressible, "{name}");
            let named = Written::from_name(name).unwrap();
            assert_eq!(named.content, written.content);
        }
        assert_eq!(Written::NAMES.len(), 10);
        assert!(Written::from_name("other").is_err());
    }
}
