"""Keyword in context: every occurrence of a word in a text, with the words around it.

:func:`contexts` reads the files and iterables that :meth:`glove_rs.Glove.fit` reads, and tables
with columns of metadata. :func:`glove_rs.alc.embed` takes its result, and
:meth:`glove_rs.Glove.infer_vector` takes the windows of the result.
"""

from ._contexts import Context, KeywordContexts
from ._find import contexts

__all__ = ["Context", "KeywordContexts", "contexts"]
