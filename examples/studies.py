"""The worked studies of the documentation on a text of yours.

    python examples/studies.py corpus.txt --words ice steam --sets sets.csv --replicates 50

Each line is a document. The studies: how two halves of the text use words (docs/compare.md), how
words drift over its parts (docs/compare.md), whether the contexts of a word differ between the
halves (docs/alc.md), and, with ``--sets``, an association test with its uncertainty
(docs/associations.md). The pages say what may be concluded from the tables.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import glove_rs
from glove_rs import Bootstrap, Glove, alc, associations, compare, kwic


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


def association(halves: Sequence[Bootstrap], path: str) -> None:
    sets = list(associations.read_sets(path).values())
    if len(sets) != 4:
        raise SystemExit(f"{path}: there must be four sets, X, Y, A and B, got {len(sets)}")
    for name, half in zip(("first", "second"), halves, strict=True):
        print(f"Association test in the {name} half")
        print(associations.weat(half.full, *sets, bootstrap=half), end="\n\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", help="a text in UTF-8, a document on each line")
    parser.add_argument("--words", nargs="*", default=[], help="words to look at")
    parser.add_argument("--sets", help="a file of four sets of words, X, Y, A and B")
    parser.add_argument("--replicates", type=int, default=20, help="bootstrap replicates")
    parser.add_argument("--parts", type=int, default=4, help="parts for the study of drift")
    parser.add_argument("--dim", type=int, default=50, help="components of a vector")
    options = parser.parse_args()
    lines = [line for line in Path(options.corpus).read_text("utf-8").splitlines() if line.strip()]
    model = Glove(options.dim)
    middle = len(lines) // 2
    halves = [
        glove_rs.bootstrap(model, half, options.replicates)
        for half in (lines[:middle], lines[middle:])
    ]
    changes(halves, options.words)
    drift(model, lines, options.words, options.parts)
    if options.words:
        regression(model, lines, options.words)
    if options.sets:
        association(halves, options.sets)


if __name__ == "__main__":
    main()
