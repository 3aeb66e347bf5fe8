"""Make new inputs by mutating old ones: any bytes, or the fields that `layouts` lists."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import re
import zlib
from collections.abc import Callable, Sequence

from layouts import LAYOUTS, Layout, whole_numbers
from seeds import PACKERS

__all__ = ["mutated"]

#: Largest number of bytes of an input.
MOST_BYTES = 1 << 20

_TOKENS = (
    *(b"\0", b" ", b"\n", b"\t", b"\r", b"\r\n", b"\n\n", b"  ", b"\xff", b"\xc3", b"\xed\xa0\x80"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xc2\xa0", b"\xe2\x80\xa8", b"\xf0\x9f\x91\xa9"),
    *(b"\xe2\x80\x8d", b"\xcc\x81", b"\xe6\xb0\xb4", b"\xc2\x85", b"\xe3\x80\x80", b"<unk>", b"-"),
    *(b"nan", b"inf", b"-inf", b"1e999", b"1e-999", b"0x1p3", b"1_000", b"+1", b"-0", b".", b"1."),
    *(
        b"1e39",
        b"00000000000000000000001",
        b"0." + b"0" * 400 + b"1",
        b"9" * 400,
        b"\x1a",
        b"\x1b[2J",
    ),
    *(b"\x1f\x8b", b"BZh9", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\x89GloVe\r\n", b"gloveCNT"),
)


def mutated(corpus: str, seeds: Sequence[bytes], rng: random.Random) -> bytes:
    """A new input for the readers of `corpus`."""
    if corpus == "arrow":  # an input of this corpus is the seed of a random column
        return b"%d" % rng.randrange(2**60)
    data = rng.choice(seeds)
    for packing, unpack in _UNPACKERS.items():
        if data.startswith(_MAGIC[packing]) and rng.random() < 0.6:
            # Mutate the content, and compress it again: the compressed file is well-formed.
            try:
                inside = unpack(data)
            except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error):
                break  # the seed itself is damaged
            inside = _changed(_layout_of(inside), inside, seeds, rng)
            return PACKERS[packing](inside)[:MOST_BYTES]
    layout = LAYOUTS.get(corpus, Layout())
    return _changed(layout, data, seeds, rng)[:MOST_BYTES]


def _layout_of(data: bytes) -> Layout:
    if data.startswith(b"\x89GloVe\r\n"):
        return LAYOUTS["vectors_native"]
    return LAYOUTS["vectors_text"]


def _changed(layout: Layout, data: bytes, seeds: Sequence[bytes], rng: random.Random) -> bytes:
    own = [*layout.mutations]
    if layout.fields(data):
        own += [layout.change_field] * 4
    if layout.floats(data):
        own += [layout.change_float]
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        special = own and rng.random() < 0.7
        data = rng.choice(own)(data, rng) if special else _any(data, seeds, rng)
        data = data[:MOST_BYTES]
    return layout.repair(data) if rng.random() < 0.85 else data


def _any(data: bytes, seeds: Sequence[bytes], rng: random.Random) -> bytes:
    return rng.choice(_MUTATIONS)(data, seeds, rng)


def _range(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    longest = rng.choice((1, 2, 4, 8, 16, 64, len(data) + 1))
    return start, min(len(data), start + rng.randrange(longest + 1))


def flip(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8)) if data else 0):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwrite(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = _range(data, rng)
    return data[:start] + bytes([rng.choice((0, 1, 127, 128, 255))]) * (end - start) + data[end:]


def truncate(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def remove(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = _range(data, rng)
    return data[:start] + data[end:]


def repeat(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = _range(data, rng)
    times = rng.choice((2, 3, 10, 100))
    return data[:start] + data[start:end] * times + data[end:]


def splice(data: bytes, seeds: Sequence[bytes], rng: random.Random) -> bytes:
    other = rng.choice(seeds)
    start, end = _range(other, rng)
    at = rng.randrange(len(data) + 1)
    if rng.random() < 0.5:
        return data[:at] + other[start:]
    return data[:at] + other[start:end] + data[at:]


def insert(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    token = rng.choice(_TOKENS)
    if rng.random() < 0.03:
        token = rng.choice((b"x", b"1", b"\0", b" ", b"\xe6\xb0\xb4")) * rng.choice((5000, 300_000))
    at = rng.randrange(len(data) + 1)
    return data[:at] + token + data[at:]


def lines(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    rows = data.split(b"\n")
    i, j = rng.randrange(len(rows)), rng.randrange(len(rows))
    match rng.randrange(4):
        case 0:
            rows[i], rows[j] = rows[j], rows[i]
        case 1:
            rows.insert(i, rows[j])
        case 2:
            rows[i] = rng.choice((b"", b" ", rows[i] + b" 1", rows[i].rpartition(b" ")[0]))
        case _:
            del rows[i]
    return b"\n".join(rows)


def number(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    """Replace a number in a text."""
    found = list(re.finditer(rb"[0-9.+-]+(e[0-9+-]+)?", data))
    if not found:
        return data
    place = rng.choice(found)
    new = b"%d" % whole_numbers(1, len(data), rng)
    if rng.random() < 0.3:
        new = rng.choice(_TOKENS)
    return data[: place.start()] + new + data[place.end() :]


_MUTATIONS: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    *(flip, flip, overwrite, truncate, remove, repeat, splice, insert, insert, lines, number),
)
_MAGIC = {"gz": b"\x1f\x8b", "bz2": b"BZh", "xz": b"\xfd7zXZ", "zst": b"\x28\xb5\x2f\xfd"}


def _stored(data: bytes) -> bytes:
    """Unpack a Zstandard frame that `seeds.zstandard` made with `sized`."""
    return data[12:]


_UNPACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.decompress,
    "bz2": bz2.decompress,
    "xz": lzma.decompress,
    "zst": _stored,
}
