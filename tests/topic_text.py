"""A text without an author: documents about a topic, with Zipf's frequencies, from a seed.

``python tests/topic_text.py`` writes ``tests/golden/corpus.txt``. The same seed gives the same text
with every version of Python, because only ``Random.random`` is used.

The words of a topic occur together, so that a model of a long text must find them related, and so
that the ratios of the textbook hold: "solid" belongs to "ice", "gas" to "steam", "water" to both,
"fashion" to neither.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from pathlib import Path
from random import Random


def _words(text: str) -> list[str]:
    return text.split()


COMMON = _words(
    "the of and in to a is was for on as with by he that at from his it an were are which this had "
    "also be she has their not or but one two who they its first been after all into more when "
    "time most other some so over new up only can no out made many"
)

TOPICS = {
    "ice": _words("ice solid cold water snow frozen winter glacier crystal melt"),
    "steam": _words("steam gas hot water engine boiler pressure valve kettle vapour"),
    "months": _words(
        "january february march april may june july august september october november december"
    ),
    "clothes": _words("fashion coat silk shoes hat cotton dress wool button tailor"),
    "music": _words("piano violin drum song café naïve melody chorus opéra rhythm"),
    "sea": _words("ship harbour wave sailor island anchor fjørd storm coast whale"),
    "family": _words("king queen man woman boy girl father mother prince princess"),
    "kitchen": _words("bread salt pepper soup crème oven knife jalapeño butter flour"),
    "sky": _words("star moon planet sun comet orbit telescope galaxy meteor light"),
    "language": _words("слово язык λόγος γλῶσσα 语言 词语 日本語 한국어 𝔾𝕃𝕆 e\u0301te\u0301"),
}

_SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]


def _made_up(rank: int) -> str:
    """A word that no language has; a different one for each rank."""
    word = ""
    rank += len(_SYLLABLES)  # two syllables at least
    while rank:
        rank, syllable = divmod(rank, len(_SYLLABLES))
        word += _SYLLABLES[syllable]
    return word


class _Zipf:
    """An index below ``size``, k with a probability proportional to 1 / (k + 1)."""

    def __init__(self, size: int) -> None:
        self._until = list(itertools.accumulate(1 / (k + 1) for k in range(size)))

    def draw(self, random: Random) -> int:
        return bisect.bisect_right(self._until, random.random() * self._until[-1])


def documents(tokens: int, *, rare: int, length: int = 40, seed: int = 0) -> Iterator[list[str]]:
    """Documents of one topic each, until there are ``tokens`` words.

    Parameters
    ----------
    tokens
        Words of all documents together; the last document may exceed it.
    rare
        How many made-up words there are, whose frequencies follow Zipf's law.
    length
        Mean number of words of a document; at least one.
    seed
        Decides the text.
    """
    random = Random(seed)
    topics = list(TOPICS.values())
    common, related, made_up = _Zipf(len(COMMON)), _Zipf(10), _Zipf(rare)
    while tokens > 0:
        subject = int(random.random() * len(topics))
        size = 1 + int(random.random() * (2 * length - 1))
        document = []
        for _ in range(size):
            kind = random.random()
            if kind < 0.45:
                document.append(COMMON[common.draw(random)])
            elif kind < 0.75:
                # A sixth of these words is off topic, so that every pair of words can meet.
                other = int(random.random() * len(topics))
                topic = topics[subject if kind < 0.7 else other]
                document.append(topic[related.draw(random) % len(topic)])
            else:
                # Half of them belong to the topic: those whose rank ends in its number.
                rank = made_up.draw(random)
                if kind < 0.875:
                    rank += subject - rank % len(topics)
                document.append(_made_up(rank))
        tokens -= size
        yield document


def golden_text() -> bytes:
    """The text of ``tests/golden``: about 2,300 tokens, and the shapes that a reader meets.

    Lines are empty, of one word, of hundreds of words; words repeat, are of several bytes, and are
    parted by several spaces or tabs; carriage returns stand at the ends of lines and between words;
    the last line has no newline.
    """
    lines = [" ".join(document) for document in documents(1900, rare=400, length=30, seed=1935)]
    lines[3] = lines[3].replace(" ", "  ")
    lines[5] = lines[5].replace(" ", "\t")
    lines[7] = " \t" + lines[7] + " \t "
    lines[9] += "\r"
    lines[11] = lines[11].replace(" ", " \r ")
    lines[13:13] = ["", "", "ice", "\r", "语言", " ", "ice ice ice ice ice", "\t\t"]
    lines[30:30] = [" ".join(itertools.chain(*documents(300, rare=400, seed=2014)))]
    return ("\n" + "\n".join(lines)).encode()


if __name__ == "__main__":
    path = Path(__file__).parent / "golden" / "corpus.txt"
    path.write_bytes(golden_text())
    print(f"{path}: {path.stat().st_size} bytes")
