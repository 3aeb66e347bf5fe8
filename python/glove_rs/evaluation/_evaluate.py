"""Measure vectors on a file of questions, of rated pairs or of categories."""

from __future__ import annotations

import os

from .._checks import choice
from .._vectors.analogy import METHODS
from ._analogies import AnalogyResult, analogies
from ._categories import CategoryResult, categories
from ._outcomes import Vectors
from ._set_files import SetFile, kind_of
from ._similarity import SimilarityResult, similarity

__all__ = ["evaluate"]


def evaluate(
    wv: Vectors,
    path: str | os.PathLike[str],
    *,
    method: str = "3cosadd",
    restrict_vocab: int | None = None,
    lowercase: bool = True,
) -> AnalogyResult | SimilarityResult | CategoryResult:
    """Run :func:`analogies`, :func:`categories` or :func:`similarity`, depending on the file.

    A file has questions if its first line starts with ':', or if each of its first two lines has
    four words and no rating, as in the files of Stanford's eval/question-data. It has categories if
    each of its first two lines has two fields of at most four words, and the second field is not a
    number. Any other file is passed to :func:`similarity`. Comments, the lines that start
    with '#', do not count as lines here.

    The parameters, except `path`, are those of :func:`analogies`; `method` is used only for
    questions. The exceptions are those of the function that is run.
    """
    method = choice("method", method, METHODS)
    read = SetFile(path)
    kind = kind_of(read)
    if kind == "analogies":
        return analogies(
            wv, read, method=method, restrict_vocab=restrict_vocab, lowercase=lowercase
        )
    measure = categories if kind == "categories" else similarity
    return measure(wv, read, restrict_vocab=restrict_vocab, lowercase=lowercase)
