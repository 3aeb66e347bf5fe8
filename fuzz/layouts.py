"""Where each format has its sizes, counts and checksums, and how to correct the checksums.

A checksum detects nearly every mutation of a random byte. So mutations change the fields that are
listed here, and `repair` then corrects the checksums. So the code behind the check is reached.
"""

from __future__ import annotations

import io
import json
import random
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["LAYOUTS", "REALS", "Layout", "whole_numbers"]

Mutation = Callable[[bytes, random.Random], bytes]

#: Numbers at which arithmetic may overflow, memory may run out or signs may change.
_WHOLE = (
    *(0, 1, -1, -2, 2, 3, 4, 7, 8, 16, 64, 127, 128, 255, 256, 1000, 65535, 65536),
    *(2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1, 2**32, 2**32 + 1),
    *(2**60, 2**61, 2**61 + 1, 2**62, 2**62 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1),
    *(10**6, 10**9, 10**12, 10**15, 10**18),
)
REALS = (
    *(float("nan"), float("inf"), -float("inf"), 0.0, -0.0, -1.0, 1.0, 0.5),
    *(1e308, -1e308, 1.7e308, 1e39, 3.5e38, 1e30, 1e-30, 1e-46, 5e-324, 2.0**53, 2.0**63),
)


def whole_numbers(old: int, size: int, rng: random.Random) -> int:
    """A number to write in place of the number `old` in a file of `size` bytes."""
    near = (old + 1, old - 1, old * 2, old // 2, old ^ (1 << rng.randrange(64)), -old)
    sizes = (size, size - 1, size + 1, size // 8, size * 16)
    return rng.choice(rng.choice((_WHOLE, near, sizes)))


def put(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def number_at(data: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(data[at : at + size], "little")


@dataclass(frozen=True)
class Layout:
    """A format: where its numbers are, its own mutations, and the correction of its checksums."""

    #: Offset and size of each whole number.
    fields: Callable[[bytes], Sequence[tuple[int, int]]] = lambda data: ()
    #: Offset and size of each float.
    floats: Callable[[bytes], Sequence[tuple[int, int]]] = lambda data: ()
    mutations: tuple[Mutation, ...] = ()
    repair: Callable[[bytes], bytes] = lambda data: data

    def change_field(self, data: bytes, rng: random.Random) -> bytes:
        """Replace a whole number by an unusual one of the same size."""
        fields = [field for field in self.fields(data) if sum(field) <= len(data)]
        if not fields:
            return data
        at, size = rng.choice(fields)
        new = whole_numbers(number_at(data, at, size), len(data), rng)
        return put(data, at, (new % (1 << 8 * size)).to_bytes(size, "little"))

    def change_float(self, data: bytes, rng: random.Random) -> bytes:
        """Replace a float by an unusual one."""
        floats = [span for span in self.floats(data) if sum(span) <= len(data)]
        if not floats:
            return data
        at, size = rng.choice(floats)
        if size == 2:
            return put(data, at, struct.pack("<H", rng.choice((0x7C00, 0x7E00, 0xFC00, 1))))
        with_overflow = rng.choice(REALS)
        if size == 4 and abs(with_overflow) > 3.4e38:
            with_overflow = float("inf")
        return put(data, at, struct.pack("<f" if size == 4 else "<d", with_overflow))


# --- native vectors -------------------------------------------------------------------------------


def _native_fields(data: bytes) -> list[tuple[int, int]]:
    ends = [(64 + 8 * i, 8) for i in range(min(number_at(data, 16), 64))]
    return [(8, 4), (12, 4), (16, 8), (24, 8), (32, 8), (40, 8), (48, 4), (60, 4), *ends]


def _native_floats(data: bytes) -> list[tuple[int, int]]:
    size = 2 if number_at(data, 12, 4) == 2 else 4
    start = number_at(data, 40)
    return [(at, size) for at in range(start, min(len(data), start + 256), size)]


def _native_repair(data: bytes) -> bytes:
    if len(data) < 64:
        return data
    length = min(8 * number_at(data, 16) + number_at(data, 32), len(data))
    data = put(data, 48, struct.pack("<I", zlib.crc32(data[64 : 64 + length])))
    return put(data, 60, struct.pack("<I", zlib.crc32(data[:60])))


def _native_resize(data: bytes, rng: random.Random) -> bytes:
    """Change the number of words or components, and make the length of the file fit."""
    if len(data) < 64:
        return data
    words, dim = number_at(data, 16), number_at(data, 24)
    words, dim = rng.choice(((words, 0), (0, dim), (0, 0), (dim, words), (1, words * dim)))
    if max(words, dim, words * dim) > 10_000:
        return data
    ends = data[64 : 64 + 8 * words].ljust(8 * words, b"\0")
    text = b"" if rng.random() < 0.5 else bytes(rng.randrange(97, 123) for _ in range(words))
    start = -(-(64 + len(ends) + len(text)) // 64) * 64
    size = number_at(data, 12, 4)
    if size not in (2, 4):
        return data
    header = put(data[:64], 16, struct.pack("<QQQQ", words, dim, len(text), start))
    return (header + ends + text).ljust(start, b"\0") + bytes(words * dim * size)


def _native_word(data: bytes, rng: random.Random) -> bytes:
    """Overwrite bytes of the words. The places where the words end stay the same."""
    words, length = number_at(data, 16), number_at(data, 32)
    if words > 64 or length == 0 or 64 + 8 * words + length > len(data):
        return data
    at = 64 + 8 * words + rng.randrange(length)
    return put(data, at, rng.choice((b"\xff", b"\0", b" ", b"\n", b"tide", b"\xc3")))


# --- counts ---------------------------------------------------------------------------------------


def _counts_fields(data: bytes) -> list[tuple[int, int]]:
    sizes = [(16, 8), (24, 8), (32, 8), (40, 8), (48, 8)]
    return [(8, 4), (12, 4), *sizes, (56, 4), (60, 4), *((at, 8) for at in _blocks(data))]


def _blocks(data: bytes) -> list[int]:
    """The offsets at which the blocks begin."""
    at, found = 64 + number_at(data, 32) + number_at(data, 48), []
    while at + 12 <= len(data) and len(found) < 100:
        found.append(at)
        at += 12 + number_at(data, at)
    return found


def _counts_repair(data: bytes) -> bytes:
    if len(data) < 64:
        return data
    length = min(number_at(data, 32) + number_at(data, 48), len(data))
    data = put(data, 56, struct.pack("<I", zlib.crc32(data[64 : 64 + length])))
    data = put(data, 60, struct.pack("<I", zlib.crc32(data[:60])))
    for at in _blocks(data):
        end = min(at + 12 + number_at(data, at), len(data))
        data = put(data, at + 8, struct.pack("<I", zlib.crc32(data[at + 12 : end])))
    return data


def leb128(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _counts_number(data: bytes, rng: random.Random) -> bytes:
    """Write a LEB128 number into a list of words or a block of counts.

    In nine of ten cases, the stored length of the list or block is corrected.
    """
    if len(data) < 64:
        return data
    places: list[tuple[int, int, int]] = [(64, number_at(data, 32), 32)]
    places.append((64 + number_at(data, 32), number_at(data, 48), 48))
    places += [(at + 12, number_at(data, at), at) for at in _blocks(data)]
    start, length, size_at = rng.choice(places)
    if not 0 < length <= len(data) - start:
        return data
    at = start + min(rng.randrange(length), rng.randrange(length))
    new = leb128(whole_numbers(data[at], len(data), rng) % 2**64)
    if rng.random() < 0.1:
        new = b"\xff" * rng.choice((9, 10, 11, 40))
    removed = rng.choice((1, 1, 1, 0, len(new)))
    removed = min(removed, start + length - at)
    data = data[:at] + new + data[at + removed :]
    if rng.random() < 0.9:
        data = put(data, size_at, struct.pack("<Q", length + len(new) - removed))
    return data


def _counts_value(data: bytes, rng: random.Random) -> bytes:
    """Replace a byte in the second half of a block, which has the values, by an unusual value.

    The stored length of the block is corrected.
    """
    at, length = rng.choice([(at, number_at(data, at)) for at in _blocks(data)] or [(0, 0)])
    if not 0 < length <= len(data) - at - 12:
        return data
    offset = at + 12 + rng.randrange(length // 2, length)
    # The byte before a value says whether it has 64 bits (0) or 32 (1).
    value = rng.choice((*REALS, -0.5))
    new = b"\0" + struct.pack("<d", value)
    if abs(value) < 3e38 and rng.random() < 0.3:
        new = b"\1" + struct.pack("<f", value)
    data = put(data, at, struct.pack("<Q", length + len(new) - 1))
    return data[:offset] + new + data[offset + 1 :]


# --- checkpoints ----------------------------------------------------------------------------------

_CHECKPOINT_HEADER = 92


def _checkpoint_report(data: bytes) -> int:
    """The size of an epoch's report in bytes. It depends on the version of the file."""
    return 40 if number_at(data, 8, 4) == 1 else 48


def _checkpoint_fields(data: bytes) -> list[tuple[int, int]]:
    sizes = [(at, 8) for at in range(16, 72, 8)]
    settings = number_at(data, 48)
    size = _checkpoint_report(data)
    reports = [
        (_CHECKPOINT_HEADER + settings + size * i, 8) for i in range(min(number_at(data, 56), 8))
    ]
    return [(8, 4), (12, 4), *sizes, (88, 4), *reports]


def _checkpoint_floats(data: bytes) -> list[tuple[int, int]]:
    start = _CHECKPOINT_HEADER + number_at(data, 48)
    reports = min(number_at(data, 56), 8)
    size = _checkpoint_report(data)
    of_reports = [(start + size * i + at, 8) for i in range(reports) for at in range(8, size, 8)]
    start += size * reports
    return [(72, 8), (80, 8), *of_reports, *((at, 4) for at in range(start, len(data) - 4, 4))]


def _checkpoint_repair(data: bytes) -> bytes:
    if len(data) < 96:
        return data
    data = put(data, 88, struct.pack("<I", zlib.crc32(data[:88])))
    return put(data, len(data) - 4, struct.pack("<I", zlib.crc32(data[:-4])))


def _checkpoint_settings(data: bytes, rng: random.Random) -> bytes:
    """Change the settings and their length."""
    end = _CHECKPOINT_HEADER + number_at(data, 48)
    if end > len(data):
        return data
    settings = _change_json(data[_CHECKPOINT_HEADER:end], rng)
    data = put(data, 48, struct.pack("<Q", len(settings)))
    return data[:_CHECKPOINT_HEADER] + settings + data[end:]


def _checkpoint_shape(data: bytes, rng: random.Random) -> bytes:
    """Change a size in the header and make the length of the file fit it."""
    if len(data) < 96:
        return data
    data = put(data, rng.choice((16, 24, 64)), struct.pack("<Q", rng.choice((0, 1, 2, 5, 9, 30))))
    words, dim, settings, reports, anchored = (number_at(data, at) for at in (16, 24, 48, 56, 64))
    flags = number_at(data, 12, 4)
    sets = 2 if flags & 1 else 1
    accumulators = 1 if flags & 2 else dim  # the number of accumulators of a vector
    length = (
        96
        + settings
        + _checkpoint_report(data) * reports
        + 8 * sets * words * (dim + accumulators + 2)
        + 4 * anchored * (dim + 1)
    )
    return data[:length].ljust(length, b"\0") if length < 1 << 20 else data


# --- JSON -----------------------------------------------------------------------------------------

_VALUES = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        3,
        10**12,
        2**31,
        2**63 - 1,
        2**63,
        2**64,
        10**30,
        1e308,
        0.5,
    ),
    *(
        float("nan"),
        float("inf"),
        "",
        "a",
        "1",
        "\ud800",
        "\0",
        "zh",
        "x" * 1000,
        [],
        {},
        [1],
        [[]],
    ),
    *({"pattern": "(", "flags": 0}, {"pattern": "a", "flags": 4096}, {"pattern": 1}, {"flags": 32}),
    *({"pattern": "(a|a)*b", "flags": 2**40}, {"a": 1}, "1MB", "-5", "1e400GB"),
)


def _change_json(text: bytes, rng: random.Random) -> bytes:
    """Replace, remove or add one value anywhere in a JSON text. Sometimes also break its syntax."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    places: list[tuple[object, object]] = []

    def collect(inside: object) -> None:
        items = inside.items() if isinstance(inside, dict) else enumerate(inside)  # type: ignore[arg-type]
        for key, item in items:
            places.append((inside, key))
            if isinstance(item, dict | list):
                collect(item)

    if isinstance(value, dict | list):
        collect(value)
    if not places or rng.random() < 0.03:
        return json.dumps(rng.choice(_VALUES)).encode()
    inside, key = rng.choice(places)
    match rng.randrange(6):
        case 0:
            del inside[key]  # type: ignore[attr-defined]
        case 1 if isinstance(inside, dict):
            inside[rng.choice(("x", "", "dim", "self", "__class__"))] = rng.choice(_VALUES)
        case 2:
            old = inside[key]  # type: ignore[index]
            if isinstance(old, int):
                inside[key] = whole_numbers(old, len(text), rng)  # type: ignore[index]
        case _:
            inside[key] = rng.choice(_VALUES)  # type: ignore[index]
    encoded = json.dumps(value).encode()
    if rng.random() < 0.05:
        encoded = encoded.replace(b"}", b"," * 3 + b"}", 1)
    if rng.random() < 0.02:
        encoded = b"[" * 100_000 + encoded
    return encoded


# --- npz ------------------------------------------------------------------------------------------


def _zip_fields(data: bytes) -> list[tuple[int, int]]:
    """Every number of the local headers, of the directory and of its end."""
    found = []
    for magic, sizes in (
        (b"PK\x03\x04", (2, 2, 2, 2, 2, 4, 4, 4, 2, 2)),
        (b"PK\x01\x02", (2, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4)),
        (b"PK\x05\x06", (2, 2, 2, 2, 4, 4, 2)),
    ):
        at = data.find(magic)
        while at >= 0:
            offset = at + 4
            for size in sizes:
                found.append((offset, size))
                offset += size
            at = data.find(magic, at + 4)
    return found


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()[:50]}


def _zipped(members: dict[str, bytes], rng: random.Random) -> bytes:
    packing = rng.choice((zipfile.ZIP_STORED,) * 4 + (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", packing) as archive:
        warnings.simplefilter("ignore")  # zipfile warns of a name that comes twice
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
            if rng.random() < 0.01:
                archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


_DESCRIPTIONS = (
    *("<f4", ">f4", "<f8", "<i8", "<i4", "|u1", "|b1", "<c8", "|O", "<U3", "|S4", "<M8[s]", "<f2"),
    *("", "f4", "V16", "<f16", "<i99", [["a", "<f4"]], "[('a', '<f4')]"),
)
_SHAPES = (
    *("()", "(0,)", "(1,)", "(-1,)", "(2,)", "(5, 2)", "(2, 5)", "(1, 1, 1)", "(0, 0)", "(3.0,)"),
    *("(1000000000000,)", "(9223372036854775807,)", "(18446744073709551616,)", "(-5, -2)", "None"),
    *("(4611686018427387904, 4)", "(2147483648, 2147483648)", "(True,)", "'a'", "[5]", "(" * 300),
    "(1,)" + ")" * 200,
)


def _change_npy(content: bytes, rng: random.Random) -> bytes:
    """Change the header of an array: its type, shape, order, version or length."""
    if not content.startswith(b"\x93NUMPY") or len(content) < 12:
        return content
    length = number_at(content, 8, 2)
    header, rest = content[10 : 10 + length].decode("latin1"), content[10 + length :]
    match rng.randrange(8):
        case 0 | 1:
            old = header[header.find("'shape': ") + 9 :]
            old = old[: old.find(")") + 1]
            header = header.replace(old or "\0", rng.choice(_SHAPES), 1)
        case 2 | 3:
            old = header[header.find("'descr': ") + 9 :].split(",")[0]
            header = header.replace(old or "\0", repr(rng.choice(_DESCRIPTIONS)), 1)
        case 4:
            header = header.replace("False", rng.choice(("True", "None", "2", "'x'")), 1)
        case 5:
            header = header.replace(
                rng.choice(("'shape'", "'descr'", "{", "}", ":", ",")),
                rng.choice(("", "'x'", "[", "\x00", "é", "1", "__import__('os')", "\n", "'")),
                1,
            )
        case 6:
            version = rng.choice((b"\2\0", b"\3\0", b"\4\0", b"\0\0", b"\xff\xff", b"\1\1"))
            return put(content, 6, version)
        case _:
            return put(content, 8, struct.pack("<H", rng.choice((0, 1, 10, 65535, length + 1))))
    encoded = header.encode("latin1")
    return content[:8] + struct.pack("<H", len(encoded) % 65536) + encoded + rest


def _npz_member(data: bytes, rng: random.Random) -> bytes:
    """Change, remove or add a member, and write all members again as a well-formed archive."""
    try:
        members = _members(data)
    except Exception:  # an earlier mutation has broken the archive
        return data
    if not members:
        return data
    name = rng.choice([*members, "header.npy", "header.npy", "word_ends.npy"])
    content = members.get(name, b"")
    end = 10 + number_at(content, 8, 2)
    match rng.randrange(9):
        case 0 | 1:
            members[name] = _change_npy(content, rng)
        case 2 | 3 if name == "header.npy":
            settings = _change_json(content[end:], rng)
            header = content[10:end].decode("latin1")
            old = header[header.find("(") : header.find(")") + 1]
            header = header.replace(old or "\0", f"({len(settings)},)")
            encoded = header.encode("latin1")
            members[name] = content[:8] + struct.pack("<H", len(encoded)) + encoded + settings
        case 4:
            members.pop(name, None)
        case 5:
            other = rng.choice(list(members))
            members[name] = members[other]
        case 6:
            members[rng.choice(("../x.npy", "x.npy", "", "header", "words.npy"))] = content
        case 7 if len(content) >= end + 8:
            at = rng.randrange(end, len(content) - 7)
            number = whole_numbers(number_at(content, at), len(data), rng) % 2**64
            new = struct.pack("<Q", number)
            if rng.random() < 0.4:
                new = struct.pack(rng.choice(("<f", "<d")), rng.choice((*REALS[:8], 1e30)))
            members[name] = put(content, at, new)
        case _:
            cut = rng.randrange(len(content) + 1)
            members[name] = content[:cut] if rng.random() < 0.5 else content + content[:cut]
    return _zipped(members, rng)


# --- the files of Stanford's tools ----------------------------------------------------------------


def _record_fields(data: bytes) -> list[tuple[int, int]]:
    return [(16 * (i // 2) + 4 * (i % 2), 4) for i in range(len(data) // 16 * 2)]


def _doubles(data: bytes) -> list[tuple[int, int]]:
    return [(at, 8) for at in range(0, len(data) - 7, 8)]


# --- word2vec -------------------------------------------------------------------------------------


def _header_line(data: bytes, rng: random.Random) -> bytes:
    """Change a number of the first line, which has the numbers of words and of components.

    If the data do not begin with such a line, add one first. If they do, add one in 1 of 20 cases.
    """
    first, newline, rest = data.partition(b"\n")
    fields = first.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields) or rng.random() < 0.05:
        fields, newline, rest = [b"%d" % data.count(b"\n"), b"3"], b"\n", data
    i = rng.randrange(2)
    new = whole_numbers(int(fields[i][:30]), len(data), rng)
    fields[i] = b"%d" % (new if rng.random() < 0.1 else new % 2**64)
    return b" ".join(fields) + newline + rest


# --- packed files ---------------------------------------------------------------------------------


def _packed_fields(data: bytes) -> list[tuple[int, int]]:
    """The first bytes, which describe the compression, and the last, with sizes and checksums."""
    ends = [(at, size) for at in range(min(16, len(data))) for size in (1, 4)]
    return [*ends, *((len(data) - at, 4) for at in (4, 8, 12, 16, 28) if at <= len(data))]


_NATIVE = Layout(_native_fields, _native_floats, (_native_resize, _native_word), _native_repair)
_COUNTS = Layout(
    _counts_fields, mutations=(_counts_number, _counts_number, _counts_value), repair=_counts_repair
)
_CHECKPOINT = Layout(
    _checkpoint_fields,
    _checkpoint_floats,
    (_checkpoint_settings, _checkpoint_settings, _checkpoint_shape),
    _checkpoint_repair,
)
_HEADED = Layout(mutations=(_header_line,))

#: The layout of the files of each corpus. Corpora that are not listed are text.
LAYOUTS = {
    "vectors_text": _HEADED,
    "vectors_word2vec_binary": _HEADED,
    "vectors_native": _NATIVE,
    "counts": _COUNTS,
    "checkpoint": _CHECKPOINT,
    "checkpoint_anchored": _CHECKPOINT,
    "checkpoint_counts": _COUNTS,
    "model": Layout(_zip_fields, mutations=(_npz_member,) * 6),
    "folder_settings": Layout(mutations=(_change_json,) * 3),
    "stanford_records": Layout(_record_fields, lambda d: [(a + 8, 8) for a, s in _doubles(d)[::2]]),
    "stanford_parameters": Layout(floats=_doubles),
    "vectors_packed": Layout(_packed_fields),
    "corpus": Layout(_packed_fields),
}
