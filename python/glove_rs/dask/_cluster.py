"""The workers of a fit on a cluster, and the submission of tasks to them."""

from __future__ import annotations

import functools
import importlib.metadata
import time
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dask.delayed import Delayed, delayed
from dask.system import CPU_COUNT
from distributed import Client, Future, LocalCluster, get_client

from .._warnings import warn

__all__ = ["Cluster", "cluster_of"]

_PACKAGE = "glove-rs"
#: Seconds after which a message to the scheduler is assumed to have arrived.
MESSAGE_DELAY = 0.2


class Cluster:
    """A Dask client and its workers, which must have the same version of glove-rs as this process.

    Raises
    ------
    ValueError
        If the client is asynchronous.
    RuntimeError
        If there are no workers, or if a worker has another version of glove-rs or none.
    """

    def __init__(self, client: Client) -> None:
        if client.asynchronous:
            raise ValueError("client must not be asynchronous")
        self.client = client
        self.address: str = client.scheduler.address
        self.version = _installed()
        self._fit = f"glove-{uuid.uuid4().hex[:12]}"
        self._futures: weakref.WeakSet[Future] = weakref.WeakSet()
        versions = self._versions()
        if not versions:
            raise RuntimeError(
                f"{self.address} has no workers yet: start them with dask worker {self.address}, "
                "or wait for them with client.wait_for_workers(n)"
            )
        self.workers = self._usable(versions)
        if len(self.workers) < len(versions):
            raise self._mismatch("every worker", versions)

    def _versions(self) -> dict[str, str]:
        """Return the version of glove-rs on each worker, or "none".

        Workers that do not answer, because they are leaving the cluster, are left out.
        """
        found = self.client.run(importlib.metadata.version, _PACKAGE, on_error="return")
        return {
            worker: "none" if isinstance(version, Exception) else version
            for worker, version in found.items()
            if not isinstance(version, OSError)
        }

    def _usable(self, versions: Mapping[str, str]) -> list[str]:
        return sorted(worker for worker, found in versions.items() if found == self.version)

    def _mismatch(self, who: str, versions: Mapping[str, str]) -> RuntimeError:
        others = {worker: found for worker, found in versions.items() if found != self.version}
        listed = ", ".join(f"{worker} has {found}" for worker, found in others.items())
        return RuntimeError(f"{who} must have {_PACKAGE} {self.version}, but {listed}")

    def refresh(self) -> None:
        """Replace :attr:`workers` by the present workers with the right version of glove-rs.

        Wait until the cluster has at least one worker. Warn before waiting.

        Raises
        ------
        RuntimeError
            If none of the present workers has the right version.
        """
        if not self.client.nthreads():
            warn("all workers of the cluster are lost: waiting for a new worker", RuntimeWarning)
        versions: dict[str, str] = {}
        while not versions:
            self.client.wait_for_workers(1)
            versions = self._versions()
            if not versions:
                time.sleep(MESSAGE_DELAY)  # the worker that `wait_for_workers` found is leaving
        workers = self._usable(versions)
        if not workers:
            raise self._mismatch("at least one worker", versions)
        self.workers = workers

    def owner(self, group: int) -> str:
        """Return the worker that a group of words belongs to."""
        return self.workers[group % len(self.workers)]

    def threads(self) -> int:
        """Return the number of threads of all workers together, at least 1."""
        nthreads: dict[str, int] = self.client.nthreads()
        return max(1, sum(nthreads.get(worker, 0) for worker in self.workers))

    def is_connected(self) -> bool:
        """Return whether the client is connected to the scheduler."""
        return bool(self.client.status == "running")

    def lost(self) -> bool:
        """Return whether a worker in :attr:`workers` has left the cluster."""
        return not self.client.nthreads().keys() >= set(self.workers)

    def submit(
        self,
        function: Callable[..., Any],
        *args: Any,
        name: str,
        at: str | None = None,
        strict: bool = False,
        **options: Any,
    ) -> Future:
        """Submit a task to any of :attr:`workers`, or to the worker `at`.

        If none of these workers is left, any worker of the cluster may run the task, unless
        `strict` is set. The task raises a RuntimeError on a worker with another version of
        glove-rs.
        """
        future = self.client.submit(
            _same_version,
            self.version,
            function,
            *args,
            key=f"{self._fit}-{name}",
            workers=self.workers if at is None else [at],
            allow_other_workers=not strict,
            pure=False,
            **options,
        )
        self._futures.add(future)
        return future

    def compute(
        self, function: Callable[[Any], Any], values: Sequence[Delayed], *, name: str
    ) -> list[Future]:
        """Submit a task for each delayed value: compute the value, then call `function(value)`."""
        call = delayed(_same_version, pure=False)
        futures: list[Future] = self.client.compute(
            [
                call(self.version, function, value, dask_key_name=f"{self._fit}-{name}-{k}")
                for k, value in enumerate(values)
            ],
            workers=self.workers,
            allow_other_workers=True,
        )
        self._futures.update(futures)
        return futures

    def send(self, value: Any, group: int) -> Future:
        """Send a value to the worker of a group.

        The value is sent to one worker only. A second copy would not last: the scheduler's active
        memory manager regularly removes all copies of a value but one.
        """
        future: Future
        [future] = self.client.scatter([value], workers=[self.owner(group)], hash=False)
        self._futures.add(future)
        return future

    def release(self) -> None:
        """Release the futures of all tasks."""
        for future in [*self._futures]:
            future.release()

    def cancel(self) -> None:
        """Release all tasks after an interruption or an error.

        Tasks that reach the scheduler late are released too.
        """
        self.release()
        if not self.is_connected():
            return  # without its client, the scheduler releases the tasks itself
        # A task that was submitted just before Ctrl-C may not have reached the scheduler yet.
        time.sleep(MESSAGE_DELAY)
        self.client.run_on_scheduler(_release, self.client.id, self._fit)


@functools.cache
def _installed() -> str:
    return importlib.metadata.version(_PACKAGE)


def _same_version(version: str, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call a function on a worker, if the worker has the right version of glove-rs.

    The version is checked again, because the worker may have joined the cluster after
    :class:`Cluster` checked the versions.
    """
    found = _installed()
    if found != version:
        raise RuntimeError(f"a worker that joined later has {_PACKAGE} {found}, not {version}")
    return function(*args, **options)


def _release(client: str, fit: str, dask_scheduler: Any) -> None:
    # This function runs on the scheduler. Client.cancel is not used: it fails if a task for which
    # the client has no future depends on a cancelled task.
    wanted = [task.key for task in dask_scheduler.clients[client].wants_what]
    keys = [key for key in wanted if str(key).startswith(fit)]
    dask_scheduler.client_releases_keys(keys=keys, client=client, stimulus_id=f"{fit}-cancelled")


@contextmanager
def cluster_of(client: Client | None) -> Iterator[Cluster]:
    """Yield the checked cluster of `client`.

    If `client` is None, yield the cluster of Dask's default client. If there is no default client,
    start a local cluster with one process for each processor. An exception in the block cancels all
    tasks.

    Raises
    ------
    ValueError
        If `client` is not a synchronous ``distributed.Client``.
    RuntimeError
        If there are no workers, or if a worker has another version of glove-rs or none.
    ConnectionError
        If the connection to the scheduler is lost. Before this error, Dask tries to connect again
        for the time in Dask's setting ``distributed.comm.timeouts.connect``.
    """
    with _client_of(client) as found, found.as_current():
        cluster = Cluster(found)
        try:
            yield cluster
        except BaseException as error:
            cluster.cancel()
            if isinstance(error, Exception) and not cluster.is_connected():
                message = f"the connection to the Dask scheduler {cluster.address} was lost"
                raise ConnectionError(message) from error
            raise
        finally:
            cluster.release()


@contextmanager
def _client_of(client: Client | None) -> Iterator[Client]:
    if client is None:
        try:
            client = get_client()
        except ValueError:
            with (
                # Workers run any code that they receive. So the scheduler and the workers accept
                # connections from this machine only, and there is no dashboard.
                LocalCluster(
                    n_workers=CPU_COUNT,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                    worker_dashboard_address=None,
                ) as local,
                Client(local, set_as_default=False) as local_client,
            ):
                yield local_client
            return
    if not isinstance(client, Client):
        raise ValueError(f"client must be a distributed.Client, got {type(client).__name__}")
    yield client
