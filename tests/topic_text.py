"""Generates random text: documents about topics, whose words have Zipf's frequencies.

``python tests/topic_text.py`` writes ``tests/golden/corpus.txt``. The same seed gives the same text
with every version of Python, because only ``Random.random`` is used.

The words of a topic occur together. So a model of a long text must find them related, and the
ratios of the GloVe paper hold: "solid" belongs to "ice", "gas" to "steam", "water" to both,
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
    """A made-up word, different for each rank."""
    word = ""
    rank += len(_SYLLABLES)  # two syllables at least
    while rank:
        rank, syllable = divmod(rank, len(_SYLLABLES))
        word += _SYLLABLES[syllable]
    return word


class _Zipf:
    """Draws indices k below ``size`` with probabilities proportional to 1 / (k + 1)."""

    def __init__(self, size: int) -> None:
        self._until = list(itertools.accumulate(1 / (k + 1) for k in range(size)))

    def draw(self, random: Random) -> int:
        return bisect.bisect_right(self._until, random.random() * self._until[-1])


def documents(tokens: int, *, rare: int, length: int = 40, seed: int = 0) -> Iterator[list[str]]:
    """Yield documents of one topic each until they have ``tokens`` words together.

    Parameters
    ----------
    tokens
        Number of words of all documents together. The last document may exceed this number.
    rare
        Number of made-up words. Their frequencies follow Zipf's law.
    length
        Mean number of words of a document. Each document has at least one.
    seed
        Seed of the random numbers.
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
                # A sixth of these words has a random topic, so that any two words can co-occur.
                other = int(random.random() * len(topics))
                topic = topics[subject if kind < 0.7 else other]
                document.append(topic[related.draw(random) % len(topic)])
            else:
                # Half of these words belong to the topic: their rank modulo the number of topics is
                # the number of the topic.
                rank = made_up.draw(random)
                if kind < 0.875:
                    rank += subject - rank % len(topics)
                document.append(_made_up(rank))
        tokens -= size
        yield document


def golden_text() -> bytes:
    """The text of ``tests/golden``: about 2,300 tokens, with lines that are easy to misread.

    There are empty lines and lines of one word and of hundreds of words, repeated words, characters
    of several bytes, several spaces or tabs between words, and carriage returns at the ends of
    lines and between words. The last line has no newline.
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
