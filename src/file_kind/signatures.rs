//! Recognises files by signatures and by other typical beginnings, and gives advice about formats
//! that glove-rs does not read.

use super::byte_order_mark::UTF8_MARK;
use super::kind::{FileKind, Foreign};
use super::text::is_text;

/// The offset of a signature, the signature, and the kind of file that has it. A text may begin with the letters
/// of a signature. So a signature at offset 0 that consists of fewer than eight letters and digits does not count if
/// the file may be text.
struct Signature(usize, &'static [u8], FileKind);

const fn foreign(about: &'static Foreign) -> FileKind {
    FileKind::Foreign(about)
}

const TO_TABLE: &str = "to read a column of text, name it: fit(path, column=\"text\"), or --column text on the \
                        command line; for vectors, read it with pyarrow or pandas and make \
                        WordVectors(words, matrix)";
const TO_ARRAY: &str = "read it with numpy.load, and make WordVectors(words, matrix) with the words \
                        of its rows";
const TO_TEXT: &str = "save or extract its text first";
const UNPACK: &str = "unpack it first";

static PARQUET: Foreign = Foreign {
    description: "a Parquet table",
    advice: TO_TABLE,
};
static ARROW: Foreign = Foreign {
    description: "an Arrow (Feather) table",
    advice: TO_TABLE,
};
static AVRO: Foreign = Foreign {
    description: "an Avro table",
    advice: "read it with a library for Avro: fit takes an iterable of texts",
};
static ORC: Foreign = Foreign {
    description: "an ORC table",
    advice: TO_TABLE,
};
static HDF5: Foreign = Foreign {
    description: "an HDF5 file",
    advice: "read it with h5py or pandas.read_hdf, and make WordVectors(words, matrix) of it",
};
static SQLITE: Foreign = Foreign {
    description: "an SQLite database, as .magnitude files are",
    advice: "export its words and vectors with the program that made it, or take the text file that \
             it was made of",
};
static NPY: Foreign = Foreign {
    description: "a NumPy array (.npy)",
    advice: TO_ARRAY,
};
static NPZ: Foreign = Foreign {
    description: "a NumPy archive (.npz)",
    advice: TO_ARRAY,
};
static SAFETENSORS: Foreign = Foreign {
    description: "a safetensors file",
    advice: "read it with safetensors.numpy.load_file, and make WordVectors(words, matrix) with the \
             words of its rows",
};
static PICKLE: Foreign = Foreign {
    description: "a Python pickle",
    advice: "load it with the program that wrote it, and save its vectors as word2vec text (gensim: \
             save_word2vec_format), its text as lines",
};
static PYTORCH: Foreign = Foreign {
    description: "a PyTorch file",
    advice: "load it with torch.load, and make WordVectors(words, matrix) of its tensor as a NumPy \
             array",
};
static FASTTEXT: Foreign = Foreign {
    description: "a model of fastText (.bin)",
    advice: "take the .vec file that was made with it",
};
static FINALFUSION: Foreign = Foreign {
    description: "a finalfusion file",
    advice: "convert it to word2vec text with finalfusion's own program",
};
static GGUF: Foreign = Foreign {
    description: "a GGUF model",
    advice: "glove-rs reads word vectors, not language models",
};
static LFS: Foreign = Foreign {
    description: "a pointer of Git LFS, not the file it stands for",
    advice: "run git lfs pull in its repository",
};
static HTML: Foreign = Foreign {
    description: "an HTML page",
    advice: "if it should have been a download, open the page and take the file itself; for the text \
             of a page, extract the text first",
};
static PDF: Foreign = Foreign {
    description: "a PDF",
    advice: "extract its text first, for instance with pdftotext",
};
static RTF: Foreign = Foreign {
    description: "a document in RTF",
    advice: TO_TEXT,
};
static OFFICE: Foreign = Foreign {
    description: "a document of an office program",
    advice: TO_TEXT,
};
static EBOOK: Foreign = Foreign {
    description: "an EPUB book or an OpenDocument file",
    advice: TO_TEXT,
};
static POSTSCRIPT: Foreign = Foreign {
    description: "a PostScript document",
    advice: TO_TEXT,
};
static TAR: Foreign = Foreign {
    description: "a tar archive",
    advice: "unpack it first (tar -xf), and name the file or the folder that was in it",
};
static EMPTY_ZIP: Foreign = Foreign {
    description: "a zip archive without files",
    advice: "was it written to its end?",
};
static SEVEN_ZIP: Foreign = Foreign {
    description: "a 7z archive",
    advice: UNPACK,
};
static RAR: Foreign = Foreign {
    description: "a RAR archive",
    advice: UNPACK,
};
static LZ4: Foreign = Foreign {
    description: "an LZ4 file",
    advice: "unpack it first: packed files are read if they are gzip, bzip2, xz or Zstandard",
};
static LZMA: Foreign = Foreign {
    description: "an LZMA file of the old format (.lzma)",
    advice: LZ4.advice,
};
static COMPRESS: Foreign = Foreign {
    description: "a file of compress (.Z)",
    advice: LZ4.advice,
};
static SNAPPY: Foreign = Foreign {
    description: "a Snappy file",
    advice: LZ4.advice,
};
static IMAGE: Foreign = Foreign {
    description: "an image",
    advice: "glove-rs reads text",
};
static PROGRAM: Foreign = Foreign {
    description: "a program",
    advice: "glove-rs reads text",
};
static UTF32: Foreign = Foreign {
    description: "text in UTF-32",
    advice: "open it with open(path, encoding=\"utf-32\") and give the open file, or convert it to \
             UTF-8 (iconv -f UTF-32 -t UTF-8)",
};

// The signatures of tables.
const PARQUET_MAGIC: &[u8] = b"PAR1";
const ORC_MAGIC: &[u8] = b"ORC";
const ARROW_FILE: &[u8] = b"ARROW1\0\0";
const ARROW_STREAM: &[u8] = b"\xff\xff\xff\xff";
const FEATHER_1: &[u8] = b"FEA1";

const SIGNATURES: [Signature; 44] = [
    Signature(0, b"gloveCNT", FileKind::Counts),
    Signature(0, b"gloveCKP", FileKind::Checkpoint),
    Signature(0, b"gloveSUB", FileKind::Subwords),
    // The beginning of the JSON that `Phrases.save` writes.
    Signature(0, b"{\"format\": \"glove-rs phrases\"", FileKind::Phrases),
    Signature(0, b"\x89GloVe\r\n", FileKind::Vectors),
    Signature(0, b"PK\x05\x06", foreign(&EMPTY_ZIP)),
    Signature(257, b"ustar", foreign(&TAR)),
    Signature(0, PARQUET_MAGIC, foreign(&PARQUET)),
    Signature(0, ARROW_FILE, foreign(&ARROW)),
    Signature(0, ARROW_STREAM, foreign(&ARROW)),
    Signature(0, FEATHER_1, foreign(&ARROW)),
    Signature(0, b"Obj\x01", foreign(&AVRO)),
    Signature(0, ORC_MAGIC, foreign(&ORC)),
    Signature(0, b"\x89HDF\r\n\x1a\n", foreign(&HDF5)),
    Signature(0, b"SQLite format 3\0", foreign(&SQLITE)),
    Signature(0, b"\x93NUMPY", foreign(&NPY)),
    Signature(0, b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46", foreign(&PYTORCH)),
    Signature(0, b"\x80\x04\x95", foreign(&PICKLE)),
    Signature(0, b"\x80\x05\x95", foreign(&PICKLE)),
    Signature(0, b"\xba\x16\x4f\x2f", foreign(&FASTTEXT)),
    Signature(0, b"FiFu", foreign(&FINALFUSION)),
    Signature(0, b"GGUF", foreign(&GGUF)),
    Signature(
        0,
        b"version https://git-lfs.github.com/spec/",
        foreign(&LFS),
    ),
    Signature(0, b"%PDF-", foreign(&PDF)),
    Signature(0, b"{\\rtf", foreign(&RTF)),
    Signature(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", foreign(&OFFICE)),
    Signature(0, b"%!PS-", foreign(&POSTSCRIPT)),
    Signature(0, b"7z\xbc\xaf\x27\x1c", foreign(&SEVEN_ZIP)),
    Signature(0, b"Rar!\x1a\x07", foreign(&RAR)),
    Signature(0, b"\x04\x22\x4d\x18", foreign(&LZ4)),
    Signature(0, b"\x5d\0\0\x80\0\xff", foreign(&LZMA)),
    Signature(0, b"\x5d\0\0\x10\0\xff", foreign(&LZMA)),
    Signature(0, b"\x5d\0\0\0\x01\xff", foreign(&LZMA)),
    Signature(0, b"\x5d\0\0\0\x04\xff", foreign(&LZMA)),
    Signature(0, b"\x1f\x9d\x90", foreign(&COMPRESS)),
    Signature(0, b"\xff\x06\0\0sNaPpY", foreign(&SNAPPY)),
    Signature(0, b"\x89PNG\r\n\x1a\n", foreign(&IMAGE)),
    Signature(0, b"\xff\xd8\xff", foreign(&IMAGE)),
    Signature(0, b"GIF8", foreign(&IMAGE)),
    Signature(0, b"II*\0", foreign(&IMAGE)),
    Signature(0, b"MM\0*", foreign(&IMAGE)),
    Signature(0, b"\x7fELF", foreign(&PROGRAM)),
    Signature(0, b"\xff\xfe\0\0", foreign(&UTF32)),
    Signature(0, b"\0\0\xfe\xff", foreign(&UTF32)),
];

/// Formats that are zip archives: the end of the name of the first file in the archive, and the format.
const FIRST_MEMBERS: [(&[u8], FileKind); 5] = [
    (b"header.npy", FileKind::Model),
    (b".npy", foreign(&NPZ)),
    (b"[Content_Types].xml", foreign(&OFFICE)),
    (b"mimetype", foreign(&EBOOK)),
    (b"data.pkl", foreign(&PYTORCH)),
];

/// The largest number of bytes of the header of a safetensors file.
const LONGEST_HEADER: u64 = 100_000_000;

/// The kind of a file with this beginning, if the beginning has a signature or is typical of a zip
/// archive, a safetensors file, a pickle, a Windows program or a web page.
pub(super) fn of(beginning: &[u8]) -> Option<FileKind> {
    if let Some(Signature(.., kind)) = signature(beginning) {
        return Some(*kind);
    }
    if beginning.starts_with(b"PK\x03\x04") {
        return Some(zip(beginning));
    }
    if let Some((length, header)) = beginning.split_first_chunk()
        && header.starts_with(b"{\"")
        && (2..=LONGEST_HEADER).contains(&u64::from_le_bytes(*length))
    {
        return Some(foreign(&SAFETENSORS));
    }
    // Pickles of protocols 2 and 3 begin with the byte 0x80, the number of the protocol, and the opcode of a
    // container, a class or a text.
    if let [0x80, 2 | 3, opcode, ..] = beginning
        && b"}](c)XU".contains(opcode)
    {
        return Some(foreign(&PICKLE));
    }
    if is_old_pickle(beginning) {
        return Some(foreign(&PICKLE));
    }
    if is_windows_program(beginning) {
        return Some(foreign(&PROGRAM));
    }
    let page = beginning.strip_prefix(UTF8_MARK).unwrap_or(beginning);
    let page = page.trim_ascii_start();
    let is = |tag: &[u8]| {
        let found = page.get(..tag.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(tag))
    };
    (is(b"<!doctype html") || is(b"<html")).then_some(foreign(&HTML))
}

fn signature(beginning: &[u8]) -> Option<&'static Signature> {
    SIGNATURES.iter().find(|Signature(at, magic, _)| {
        let follows = beginning
            .get(*at..)
            .is_some_and(|rest| rest.starts_with(magic));
        let could_be_text = magic.iter().all(u8::is_ascii_alphanumeric);
        follows && !(could_be_text && *at == 0 && magic.len() < 8 && is_text(beginning))
    })
}

/// The format of a file with this beginning, for a reader of tables: "parquet", "orc", "ipc" (an Arrow file), "ipc
/// stream", "feather 1", or "foreign" for any other format that glove-rs does not read. `None` for all other content,
/// such as JSON lines and CSV.
#[cfg(feature = "python")]
pub(crate) fn table_format(beginning: &[u8]) -> Option<&'static str> {
    match signature(beginning) {
        Some(Signature(_, PARQUET_MAGIC, _)) => Some("parquet"),
        Some(Signature(_, ORC_MAGIC, _)) => Some("orc"),
        Some(Signature(_, ARROW_FILE, _)) => Some("ipc"),
        Some(Signature(_, ARROW_STREAM, _)) => Some("ipc stream"),
        Some(Signature(_, FEATHER_1, _)) => Some("feather 1"),
        _ => matches!(of(beginning), Some(FileKind::Foreign(_))).then_some("foreign"),
    }
}

/// Whether this is a pickle of protocol 0 or 1. These have no signature: they mostly begin with a container, a text or a
/// class that is then stored in the memo of the pickle.
fn is_old_pickle(beginning: &[u8]) -> bool {
    const MODULES: [&[u8]; 9] = [
        b"copy_reg",
        b"copyreg",
        b"numpy.",
        b"collections",
        b"__main__",
        b"__builtin__",
        b"builtins",
        b"gensim.",
        b"pandas.",
    ];
    let mut lines = beginning.split(|b| *b == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let (first, second, third) = (next(), next(), next());
    let is_stored = |line: &[u8]| {
        line.strip_prefix(b"p")
            .is_some_and(|n| !n.is_empty() && n.len() < 4 && n.iter().all(u8::is_ascii_digit))
    };
    match beginning {
        [b']' | b'}' | b')', b'q', 0, ..] | [b'(', b']' | b'}' | b'(', b'q', 0, ..] => true,
        [b'(', b'l' | b'd' | b't', ..] => is_stored(&first[2..]),
        [b'V' | b'S', ..] => is_stored(second),
        [b'X', a, b, 0, 0, rest @ ..] => rest
            .get(usize::from(u16::from_le_bytes([*a, *b]))..)
            .is_some_and(|rest| rest.starts_with(b"q\0")),
        [b'c', ..] => {
            let is_module = MODULES.iter().any(|name| first[1..].starts_with(name));
            is_module && !second.is_empty() && (is_stored(third) || third.starts_with(b"q\0"))
        }
        _ => false,
    }
}

/// Whether this is a program of Windows: its DOS header contains the offset of its PE header.
fn is_windows_program(beginning: &[u8]) -> bool {
    const POINTER: usize = 0x3c;
    const FARTHEST: usize = 0x1000;
    let pointer = beginning.get(POINTER..).and_then(<[u8]>::first_chunk);
    let at = pointer.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
    beginning.starts_with(b"MZ")
        && (POINTER + 4..FARTHEST).contains(&at)
        && beginning
            .get(at..at + 4)
            .is_none_or(|magic| magic == b"PE\0\0")
}

/// The kind of a zip archive, by the name of its first file. The name is in the first bytes of the archive.
fn zip(beginning: &[u8]) -> FileKind {
    let length = beginning.get(26..28).map_or(0, |bytes| {
        usize::from(u16::from_le_bytes([bytes[0], bytes[1]]))
    });
    let name = beginning.get(30..30 + length).unwrap_or_default();
    let known = FIRST_MEMBERS.iter().find(|(end, _)| name.ends_with(end));
    known.map_or(FileKind::Archive, |(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_begins_like_a_signature_is_text() {
        for text in [
            &b"PAR1 is a word\n"[..],
            b"ORCs and elves\n",
            b"GGUF models\n",
            b"GIF89 images\n",
            b"PK is no word",
            b"MZ is a programmer and here are words enough that a header would have its place\n",
            b"(lp is a record)\n",
            b"Volume\np. 0\n",
            b"collections\nof words\np0\n",
            b"html pages have <html> in them",
        ] {
            assert_eq!(of(text), None, "{text:?}");
        }
    }

    #[test]
    fn programs_and_old_pickles_are_told_without_a_signature() {
        let mut program = b"MZ\x90\0\x03".to_vec();
        program.resize(0x80, 0);
        program[0x3c] = 0x80;
        assert_eq!(of(&program), Some(foreign(&PROGRAM)));
        program.extend(b"PE\0\0");
        assert_eq!(of(&program), Some(foreign(&PROGRAM)));
        for pickle in [
            &b"(lp0\nVa\np1\na."[..],
            b"(dp0\nVa\np1\nI1\ns.",
            b"]q\0(X\x01\0\0\0aq\x01e.",
            b"}q\0X\x01\0\0\0aq\x01K\x01s.",
            b"Vking\np0\n.",
            b"X\x04\0\0\0kingq\0.",
            b"ccopy_reg\n_reconstructor\np0\n(c__main__\n",
            b"ccopy_reg\n_reconstructor\nq\0(c__main__\n",
        ] {
            assert_eq!(of(pickle), Some(foreign(&PICKLE)), "{pickle:?}");
        }
    }

    #[test]
    fn the_header_of_an_archive_that_is_cut_off_is_still_an_archive() {
        for end in 4..40 {
            let mut bytes = b"PK\x03\x04".to_vec();
            bytes.resize(end, b'x');
            assert_eq!(of(&bytes), Some(FileKind::Archive));
        }
    }
}
