"""Train on a Chinese text and on an English one, and print the nearest neighbours of some words.

    python examples/languages.py zhwiki.txt enwiki.txt

Each text is a file with a document on each line, or a folder, pattern or URL that `Glove.fit`
reads. Give `none` to leave a text out. The texts need not be split into words: `tokenizer` splits
them.
"""

from __future__ import annotations

import argparse
import time

from glove_rs import Glove

CHINESE = ["大学", "铁路", "音乐", "日本", "足球"]
ENGLISH = ["university", "railway", "music", "japan", "football"]


def show(name: str, corpus: str, tokenizer: str, words: list[str], epochs: int) -> None:
    start = time.perf_counter()
    model = Glove(
        dim=50,
        tokenizer=tokenizer,
        lowercase=True,
        min_count=10,
        normalize="NFKC",  # full-width letters and digits become plain ones
        epochs=epochs,
    ).fit(corpus)
    seconds = time.perf_counter() - start
    print(
        f"{name}: {corpus} with tokenizer={tokenizer!r}, {len(model.vocabulary):,} words, ", end=""
    )
    print(f"{model.vocabulary.counts.sum():,} of them in the text, {seconds:.1f} s")
    for word in words:
        if word in model.vectors:
            near = model.vectors.most_similar(word, topn=6)
            print(f"  {word}: " + ", ".join(f"{other} {cosine:.2f}" for other, cosine in near))
        else:
            print(f"  {word}: too rare in this text")


def main() -> None:
    parser = argparse.ArgumentParser(description="Neighbours of words in two languages.")
    parser.add_argument("chinese", help="a Chinese text, or none")
    parser.add_argument("english", help="an English text, or none")
    parser.add_argument("--epochs", type=int, default=40, help="default: %(default)s")
    arguments = parser.parse_args()
    if arguments.chinese != "none":
        show("Chinese", arguments.chinese, "zh", CHINESE, arguments.epochs)
    if arguments.english != "none":
        show("English", arguments.english, "unicode", ENGLISH, arguments.epochs)


if __name__ == "__main__":
    main()
