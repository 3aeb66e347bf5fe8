"""GloVe on a cluster: counting and training as tasks of Dask.

Importing this needs ``pip install dask distributed``; the rest of glove-rs does not.
"""

from .._optional import optional

for _module in ("dask", "distributed"):
    optional(_module, "glove_rs.dask")

from ._glove import DaskGlove  # noqa: E402 - after the check

__all__ = ["DaskGlove"]
