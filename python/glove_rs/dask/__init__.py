"""GloVe on a cluster: counting and training as tasks of Dask.

This package needs ``pip install dask distributed``. The other modules of glove-rs do not need Dask.
"""

from .._optional import optional

for _module in ("dask", "distributed"):
    optional(_module, "glove_rs.dask")

from ._glove import DaskGlove  # noqa: E402 - after `optional`, whose error says what to install

__all__ = ["DaskGlove"]
