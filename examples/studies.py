"""Two studies of a text: how its halves use words, and how words drift over its parts.

    python examples/studies.py corpus.txt --words ice steam --replicates 20

Each line is a document. docs/compare.md explains the tables.
"""

import argparse
from pathlib import Path

import glove_rs
from glove_rs import Glove, compare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", help="a text in UTF-8, a document on each line")
    parser.add_argument("--words", nargs="*", default=[], help="words to look at")
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
    print("Words that changed most between the halves")
    print(compare.changed_words(*halves, topn=20), end="\n\n")
    for word in options.words:
        print(f"Neighbours of {word} in both halves")
        print(compare.neighbours(word, {"first": halves[0], "second": halves[1]}), end="\n\n")

    part = [number * options.parts // len(lines) + 1 for number in range(len(lines))]
    parts = compare.slices(model, lines, part)
    print("Parts of the text")
    print(parts, end="\n\n")
    for word in options.words:
        print(f"Drift of {word}, and its neighbours in each part")
        print(parts.drift(word))
        print(parts.neighbours(word), end="\n\n")


if __name__ == "__main__":
    main()
