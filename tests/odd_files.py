"""Tiny files of many kinds that glove_rs must recognise. Installed libraries write some of them."""

from __future__ import annotations

import importlib.util
import io
import json
import pickle
import sqlite3
import struct
import tarfile
import zipfile
from collections.abc import Callable

import numpy as np

TEXT = "the quick brown fox\njumps over the lazy dog\n" * 20
ROWS = [f"{number},some words of text number {number}\n" for number in range(9)]
MATRIX = np.arange(6, dtype=np.float32).reshape(2, 3) / 8


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack files into a zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return file.getvalue()


def _tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as packed:
        member = tarfile.TarInfo("corpus.txt")
        member.size = len(TEXT)
        packed.addfile(member, io.BytesIO(TEXT.encode()))
    return file.getvalue()


def _npy() -> bytes:
    file = io.BytesIO()
    np.save(file, MATRIX)
    return file.getvalue()


def _npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, vectors=MATRIX)
    return file.getvalue()


def _safetensors() -> bytes:
    about = {"vectors": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
    header = json.dumps(about).encode()
    return struct.pack("<Q", len(header)) + header + MATRIX.tobytes()


def _sqlite() -> bytes:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE magnitude (key TEXT, dim_0 INTEGER)")
    database.commit()
    return database.serialize()


def _parquet() -> bytes:
    import pyarrow
    import pyarrow.parquet

    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"text": TEXT.splitlines()}), file)
    return file.getvalue()


def _arrow(stream: bool) -> bytes:
    import pyarrow

    table = pyarrow.table({"text": TEXT.splitlines()})
    sink = pyarrow.BufferOutputStream()
    new = pyarrow.ipc.new_stream if stream else pyarrow.ipc.new_file
    with new(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


LFS = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)

#: Files that glove_rs refuses. Each has a function that returns its content, and two patterns that
#: the message must match: for the kind of the file, and for the advice.
FOREIGN: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "Parquet": (_parquet, "a Parquet table", "pyarrow"),
    "Arrow file": (lambda: _arrow(False), "an Arrow", "pyarrow"),
    "Arrow stream": (lambda: _arrow(True), "an Arrow", "pyarrow"),
    "tar": (_tar, "a tar archive", "tar -xf"),
    "npy": (_npy, "a NumPy array", r"numpy\.load"),
    "npz": (_npz, "a NumPy archive", r"numpy\.load"),
    "safetensors": (_safetensors, "a safetensors file", "load_file"),
    "magnitude": (_sqlite, r"\.magnitude", "text file"),
    "HDF5": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(90), "an HDF5 file", "h5py"),
    "GIF": (lambda: b"GIF89a" + bytes(90), "an image", "reads text"),
    "fastText": (lambda: b"\xba\x16\x4f\x2f\x0c\0\0\0" + bytes(90), "fastText", r"\.vec"),
    "git-lfs": (lambda: LFS, "Git LFS", "git lfs pull"),
    "HTML": (lambda: b"<!DOCTYPE html>\n<html><body>the text</body></html>\n", "HTML", "download"),
    "HTML with a mark": (lambda: b"\xef\xbb\xbf\n<HTML><body>text</body></HTML>\n", "HTML", "text"),
    "PDF": (lambda: b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "a PDF", "pdftotext"),
    "docx": (
        lambda: archive({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<a/>"}),
        "an office program",
        "text first",
    ),
    "PyTorch": (
        lambda: archive({"archive/data.pkl": b"\x80\x02.", "archive/data/0": bytes(64)}),
        "a PyTorch file",
        r"torch\.load",
    ),
    "7z": (lambda: b"7z\xbc\xaf\x27\x1c\0\4" + bytes(90), "a 7z archive", "unpack"),
    "UTF-16 LE": (lambda: TEXT.encode("utf-16-le"), "UTF-16 without", "utf-16-le"),
    "UTF-16 BE": (lambda: TEXT.encode("utf-16-be"), "UTF-16 without", "utf-16-be"),
    "UTF-16 of Cyrillic": (
        lambda: "съешь же ещё этих мягких булок\n".encode("utf-16-le"),
        "UTF-16 without",
        "utf-16-le",
    ),
    "UTF-32": (lambda: TEXT.encode("utf-32"), "UTF-32", "utf-32"),
} | {
    f"pickle {protocol}": (
        lambda protocol=protocol: pickle.dumps({"words": TEXT.split()}, protocol=protocol),
        "a Python pickle",
        "save_word2vec_format",
    )
    for protocol in (2, 3, 4, 5)
}
#: The library that writes a file, for the files that no library of Python itself writes.
NEEDS = {"Parquet": "pyarrow", "Arrow file": "pyarrow", "Arrow stream": "pyarrow"}


def available(name: str) -> bool:
    """Whether the library that makes this file is installed."""
    return name not in NEEDS or importlib.util.find_spec(NEEDS[name]) is not None


#: Texts that are read with a warning: (content, the text's kind in the warning).
TABLES = {
    "JSON lines": (
        "".join(json.dumps({"id": n, "text": line}) + "\n" for n, line in enumerate(ROWS)),
        "JSON",
    ),
    "JSON": (json.dumps([{"text": line} for line in ROWS], indent=1), "JSON"),
    "CSV": ("id,text\n" + "".join(ROWS), "commas"),
    "CSV with quotes": ('id,text\n1,"one, two"\n2,"three\nfour"\n3,"five ""six"""\n', "commas"),
    "CSV with semicolons": ("id;text\n" + "".join(ROWS).replace(",", ";"), "semicolons"),
    "TSV": ("id\ttext\n" + "".join(ROWS).replace(",", "\t"), "tabs"),
    "XML": ('<?xml version="1.0"?>\n<page>\n<text>some words</text>\n</page>\n', "XML"),
}
