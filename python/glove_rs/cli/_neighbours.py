"""The parameters of a search for nearest words, and its result as JSON and as text."""

from __future__ import annotations

import argparse
from typing import Any

from .._checks import integer
from ..vectors import Neighbours
from ._options import given
from ._printing import columns

__all__ = ["lines", "neighbours", "search_arguments"]


def search_arguments(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the parameters of a search that were given; refuse a `topn` below 1."""
    search = given(options, names)
    integer("topn", search.get("topn", 1), 1)
    return search


def neighbours(found: Neighbours) -> list[dict[str, Any]]:
    """Return nearest words for JSON."""
    return [{"word": word, "cosine": cosine} for word, cosine in found]


def lines(found: Neighbours) -> str:
    """Return nearest words as text, with a line for each word."""
    return columns((word, f"{cosine:.4f}") for word, cosine in found)
