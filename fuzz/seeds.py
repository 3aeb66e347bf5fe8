"""Write the seeds of the fuzz corpora: small well-formed files of every format.

Run ``python fuzz/seeds.py`` again after a format has changed. It replaces ``corpus/*/seed-*`` and
leaves all other inputs unchanged, such as those that once caused a fault.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import json
import lzma
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from glove_rs import Cooccurrence, Glove, WordVectors, _core

CORPUS = Path(__file__).resolve().parent / "corpus"

#: The documents from which all seeds are made.
LINES = [
    "the tide comes in and the tide goes out",
    "a boat waits for the tide and a gull waits for the boat",
    "the gull goes out with the boat",
    "in comes the fog and out goes the light",
    "été naïve Ω 水面 the ﬁne fog",
]
TEXT = "".join(line + "\n" for line in LINES)
CHINESE = "潮水来了，船在等潮水。海鸥等着船。\n雾来了，灯灭了。\n"
#: The words for Stanford's records and parameters, which hold no words.
WORDS = {"a": 9, "b": 7, "c": 5, "d": 3, "e": 1}
#: Settings of the training whose checkpoints are the seeds.
TRAINING = {"dim": 2, "min_count": 2, "window": 3, "seed": 7, "threads": 1, "deterministic": True}


def zstandard(content: bytes, *, sized: bool = True) -> bytes:
    """A Zstandard frame of one stored block. With `sized`, its header has the content's size."""
    size = struct.pack("<I", len(content)) if sized else b""
    frame = b"\x28\xb5\x2f\xfd" + (b"\xa0" + size if sized else b"\x00\x58")
    return frame + struct.pack("<I", len(content) << 3 | 1)[:3] + content


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda content: gzip.compress(content, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard,
}


class Stop(Exception):  # noqa: N818 - what it does
    """Raised by a callback to end a training early, as a crash would."""


def stop_after(epoch: int) -> Callable[[object], None]:
    def callback(state: object) -> None:
        if state.epoch == epoch:  # type: ignore[attr-defined]
            raise Stop

    return callback


def checkpoints(
    folder: Path, epochs: int = 3, stop: int = 2, **options: object
) -> dict[str, bytes]:
    """The two files of a training that ended early."""
    with contextlib.suppress(Stop):
        Glove(**TRAINING, epochs=epochs).fit(
            LINES, checkpoint_dir=folder, callbacks=[stop_after(stop)], **options
        )
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def model() -> Glove:
    return Glove(**TRAINING, epochs=2).fit(LINES)


def parameters(rows: int, columns: int) -> bytes:
    numbers = np.random.default_rng(3).uniform(-1, 1, (rows, columns))
    return numbers.astype("<f8").tobytes()


def records() -> bytes:
    some = [(1, 2, 1.5), (1, 3, 0.25), (2, 1, 1.5), (3, 3, 2.0), (5, 1, 1 / 3), (4, 5, 7.0)]
    return b"".join(struct.pack("<iid", *record) for record in some)


def seeds() -> dict[str, dict[str, bytes]]:
    """All seeds, by corpus and name."""
    found: dict[str, dict[str, bytes]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def saved(save: Callable[[Path], object]) -> bytes:
            save(folder / "file")
            content = (folder / "file").read_bytes()
            (folder / "file").unlink()
            return content

        words = ["tide", "boat", "the", "été", "new york"]
        rows = np.random.default_rng(5).normal(size=(5, 3)).astype(np.float32)
        plain = WordVectors(words[:4], rows[:4])
        spaced = WordVectors(words, rows)
        headless = b"".join(
            word.encode() + b" 0.5 -1 2e-3 nan\n" for word in ("tide", "boat", "new york")
        )
        text = saved(plain.save_word2vec_format)
        found["vectors_text"] = {
            "headless": headless,
            "header": text,
            "crlf": headless.replace(b"\n", b"\r\n"),
            "one-number": b"tide 1\nboat 2\nfog 3\n",
            "repeated": b"tide 1 2\nboat 3 4\ntide 5 6\n",
            "none": b"0 3\n",
        }
        found["vectors_word2vec_binary"] = {
            "plain": saved(lambda path: plain.save_word2vec_format(path, binary=True)),
            "newlines": b"2 1\n" + b"".join(b"%c \0\0\x80\x3f\n" % c for c in b"ab"),
        }
        found["vectors_native"] = {
            "single": saved(spaced.save),
            "half": saved(WordVectors(words, rows.astype(np.float16)).save),
            "none": saved(WordVectors([], np.empty((0, 3), np.float32)).save),
        }
        found["vectors_packed"] = {
            f"{name}-{packing}": pack(content)
            for packing, pack in PACKERS.items()
            for name, content in (
                ("text", text),
                ("native", found["vectors_native"]["single"]),
                ("binary", found["vectors_word2vec_binary"]["plain"]),
            )
        }
        lines = "".join(f"{word} {count}\n" for word, count in WORDS.items()).encode()
        found["vocabulary"] = {
            "ascii": lines,
            "unicode": "水面 12\nété 5\nnew york 5\n".encode(),
            "crlf": lines.replace(b"\n", b"\r\n"),
        }
        counting = {"min_count": 2, "window": 3, "threads": 1}
        found["counts"] = {
            "symmetric": saved(Cooccurrence.from_corpus(LINES, **counting).save),
            "directed": saved(Cooccurrence.from_corpus(LINES, **counting, symmetric=False).save),
            "no-records": saved(
                Cooccurrence.from_corpus(["tide"], min_count=1, window=1, threads=1).save
            ),
        }
        found["stanford_records"] = {"records": records()}
        found["stanford_parameters"] = {
            "three": parameters(10, 4),
            "one": parameters(10, 2),
            "gz": PACKERS["gz"](parameters(10, 3)),
        }
        state = checkpoints(folder / "checkpoints")
        anchored = checkpoints(
            folder / "anchored",
            validation=0.2,
            init=WordVectors(["tide", "boat"], np.ones((2, 2), np.float32)),
            anchor=0.5,
        )
        found["checkpoint"] = {"plain": state["training.checkpoint"]}
        found["checkpoint_anchored"] = {"anchored": anchored["training.checkpoint"]}
        found["checkpoint_counts"] = {"counts": state["cooccurrence.counts"]}
        trained = model()
        found["model"] = {"model": saved(trained.save)}
        settings = {
            "format": "glove-rs folder",
            "glove_rs": _core.__version__,
            "created": "2024-01-01T00:00:00+00:00",
            "source": "corpus.txt",
            "words": len(trained.vocabulary),
            "settings": {"dim": 2, "tokenizer": "whitespace"},
        }
        found["folder_settings"] = {"settings": json.dumps(settings, indent=2).encode()}
        text16 = TEXT.encode("utf-16-le")
        found["corpus"] = {
            "plain": TEXT.encode(),
            "mark": b"\xef\xbb\xbf" + TEXT.encode(),
            "utf16le": b"\xff\xfe" + text16,
            "utf16be": b"\xfe\xff" + TEXT.encode("utf-16-be"),
            "chinese": CHINESE.encode(),
            "crlf": TEXT.replace("\n", "\r\n").encode(),
            "paragraphs": TEXT.replace("\n", "\n\n").encode(),
            "invalid": b"the tide \xff\xfe comes \xe6\xb0 in\n",
            **{f"packed-{name}": pack(TEXT.encode()) for name, pack in PACKERS.items()},
            "utf16-gz": PACKERS["gz"](b"\xff\xfe" + text16),
        }
        found["counting"] = {
            "directed": b"\x13" + TEXT.encode(),
            "gaps": b"\xc4" + TEXT.encode(),
            "plain": b"\x05" + TEXT.encode(),
        }
        unicode = "Don't stop-me now… ﬁne Ⅷ x\u00adyz 水面 ไทย 1,000.5 a\u00a0b\n"
        unicode += "e\u0301te\u0301 👩\u200d👧\n"
        for tokenizer in ("whitespace", "unicode", "zh"):
            found[f"tokenize_{tokenizer}"] = {
                "english": TEXT.encode(),
                "chinese": (CHINESE + "abc 潮水 def 12% 水3面\n").encode(),
                "unicode": unicode.encode(),
                "controls": b"a\rb \x00 c\td\x0be\x0cf\x1cg\x85\n\n\r\n",
            }
        found["arrow"] = {f"{seed:02}": b"%d" % seed for seed in range(12)}
        found["analogies"] = {
            "questions": b": capital-common\na b c d\nb c d e\n: gram1\na b a b\nx y z a\n",
        }
        found["similarity"] = {
            "tabs": b"a\tb\t7.5\nb\tc\t1.25\nx\ty\t3\n",
            "header": b"word1 word2 score\na b 7\na c 3.5\nd e 1\n",
            "commas": b"word 1,word 2,mean\na,b,7\na,c,3.5\n",
        }
        found["categories"] = {
            "tabs": b"a\tone\nb\tone\nc\ttwo\nx\ttwo\n",
            "pandas": b",category,word\n0,one,a\n1,one,b\n2,two,c\n",
        }
        found["panel"] = {
            kind: next(iter(found[kind].values()))
            for kind in ("analogies", "similarity", "categories")
        }
    return found


def main() -> None:
    for corpus, files in seeds().items():
        folder = CORPUS / corpus
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("seed-*"):
            old.unlink()
        for name, content in files.items():
            (folder / f"seed-{name}").write_bytes(content)


if __name__ == "__main__":
    main()
