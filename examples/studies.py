"""The worked studies of the documentation, on your own text.

    python examples/studies.py corpus.txt --words ice steam --sets sets.csv --replicates 50

Each line of the text is a document. The studies show which words the two halves of the text use
differently (docs/compare.md), how words drift over the parts of the text (docs/compare.md), whether
the contexts of a word differ between the halves (docs/alc.md), and, with ``--sets``, an association
test in each half, with intervals (docs/associations.md). These pages say what may be concluded from
the tables.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import glove_rs
from glove_rs import Bootstrap, Glove, Vocabulary, alc, associations, compare, kwic


def changes(halves: Sequence[Bootstrap], words: Sequence[str]) -> None:
    print("Words that changed most between the halves")
    print(compare.changed_words(*halves, topn=20), end="\n\n")
    for word in words:
        print(f"Neighbours of {word} in both halves")
        print(compare.neighbours(word, {"first": halves[0], "second": halves[1]}), end="\n\n")


def drift(model: Glove, lines: Sequence[str], words: Sequence[str], number: int) -> None:
    part = [line * number // len(lines) + 1 for line in range(len(lines))]
    parts = compare.slices(model, lines, part)
    print("Parts of the text")
    print(parts, end="\n\n")
    for word in words:
        print(f"Drift of {word}, and its neighbours in each part")
        print(parts.drift(word))
        print(parts.neighbours(word), end="\n\n")


def regression(model: Glove, lines: Sequence[str], words: Sequence[str]) -> None:
    model.fit(lines)
    half = ["first" if 2 * line < len(lines) else "second" for line in range(len(lines))]
    for word in words:
        found = kwic.contexts(lines, word, metadata={"half": half}, model=model)
        embeddings = alc.embed(found, model, model.transform_matrix())
        print(f"Regression of the contexts of {word} on the half of the text")
        print(alc.regress(embeddings, ["half"], permutations=1000), end="\n\n")


def association(halves: Sequence[Bootstrap], sets: Sequence[associations.WordSet]) -> None:
    for name, half in zip(("first", "second"), halves, strict=True):
        print(f"Association test in the {name} half")
        print(associations.weat(half.full, *sets, bootstrap=half), end="\n\n")


def read_lines(path: str) -> list[str]:
    """Return the lines of a text that are not blank."""
    text = Path(path).read_text("utf-8")
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 4:
        raise ValueError(f"{path}: a study needs a text of at least 4 lines, got {len(lines)}")
    return lines


def read_sets(path: str) -> list[associations.WordSet]:
    """Return the four sets of words of an association test."""
    sets = list(associations.read_sets(path).values())
    if len(sets) != 4:
        raise ValueError(f"{path}: there must be four sets, X, Y, A and B, got {len(sets)}")
    for first, second in (sets[:2], sets[2:]):
        if shared := sorted(set(first) & set(second)):
            names, words = f"{first.name} and {second.name}", ", ".join(shared)
            raise ValueError(f"{path}: {names} must not share words, got {words} in both")
    return sets


def check_words(
    model: Glove,
    halves: Sequence[Sequence[str]],
    words: Sequence[str],
    sets: Sequence[associations.WordSet],
) -> None:
    """Raise a ValueError if one of `words`, or all words of a set, are too rare in a half."""
    for name, half in zip(("first", "second"), halves, strict=True):
        known = Vocabulary.from_corpus(half)
        rule = f"a word must occur {model.min_count} times in each half"
        for word in words:
            if word not in known:
                raise ValueError(f"--words: {word!r} is too rare in the {name} half: {rule}")
        for own in sets:
            if not any(word in known for word in own):
                raise ValueError(f"--sets: all words of {own.name} are too rare: {rule}")


def run(options: argparse.Namespace) -> None:
    """Run the studies.

    The text, the words and the sets are checked before the first model is trained.
    """
    lines = read_lines(options.corpus)
    sets = read_sets(options.sets) if options.sets else []
    model = Glove(options.dim)
    middle = len(lines) // 2
    texts = lines[:middle], lines[middle:]
    check_words(model, texts, options.words, sets)
    halves = [glove_rs.bootstrap(model, text, options.replicates) for text in texts]
    changes(halves, options.words)
    drift(model, lines, options.words, options.parts)
    if options.words:
        regression(model, lines, options.words)
    if sets:
        association(halves, sets)


def at_least(least: int) -> Callable[[str], int]:
    """Return a function that converts an argument to an integer of at least `least`."""

    def integer(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {text}")
        return int(text)

    return integer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", help="a text in UTF-8, a document on each line")
    parser.add_argument("--words", nargs="*", default=[], help="words to look at")
    parser.add_argument("--sets", help="a file of four sets of words, X, Y, A and B")
    parser.add_argument("--replicates", type=at_least(2), default=20, help="bootstrap replicates")
    parser.add_argument("--parts", type=at_least(2), default=4, help="parts for the study of drift")
    parser.add_argument("--dim", type=at_least(1), default=50, help="components of a vector")
    options = parser.parse_args()
    try:
        run(options)
    except UnicodeDecodeError as error:
        raise SystemExit(f"{options.corpus}: byte {error.start} is not UTF-8") from None
    except OSError as error:
        raise SystemExit(f"{error.filename}: {error.strerror}") from None
    except (KeyError, ValueError) as error:
        raise SystemExit(f"studies.py: {error}") from None


if __name__ == "__main__":
    main()
