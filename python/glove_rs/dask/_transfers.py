"""The bytes that the workers of a cluster receive from each other.

Dask does not count these bytes: the logs of a worker have only its last transfers, and the counter
``transfer_outgoing_bytes_total`` includes the bytes that the calling process fetches. So a plugin
on each worker adds up the bytes of all results that arrive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distributed import Client, Worker, WorkerPlugin

__all__ = ["received", "received_since"]

_NAME = "glove-rs-transfers"


class _Transfers(WorkerPlugin):  # type: ignore[misc]  # distributed has no types
    """Adds up the bytes of the results that a worker receives from other workers."""

    def __init__(self) -> None:
        self.bytes = 0

    def setup(self, worker: Worker) -> None:
        self._tasks = worker.state.tasks

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        if start == "flight" and finish == "memory":
            self.bytes += self._tasks[key].get_nbytes()


def received(client: Client) -> dict[str, int]:
    """Return the bytes that each worker has received from other workers.

    The call adds the plugin to each worker that does not have it; the bytes of such a worker are 0.
    The plugin stays on the worker for later calls. Workers without glove-rs are left out.
    """
    found: dict[str, int] = client.run(_received, on_error="ignore")
    return found


def received_since(client: Client, before: Mapping[str, int]) -> int:
    """Return the bytes that workers have received since :func:`received` returned `before`.

    The bytes of workers that have left the cluster in the meantime are not known and left out.
    """
    return sum(now - before.get(worker, 0) for worker, now in received(client).items())


async def _received(dask_worker: Worker) -> int:
    transfers: _Transfers | None = dask_worker.plugins.get(_NAME)
    if transfers is None:
        transfers = _Transfers()
        await dask_worker.plugin_add(plugin=transfers, name=_NAME)
    return transfers.bytes
