"""Training by strata (Gemulla et al. 2011) on the workers of a cluster.

This module submits tasks for the blocks of each subepoch. The core trains the blocks, and its
`CoreEpochLog` decides whether an epoch is repeated and whether another epoch starts.
"""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from distributed import Future, wait

from .. import _core, _settings
from .._fit.fit_options import CheckedFitOptions
from .._progress import ProgressCallback
from .._warnings import warn
from . import _strata
from ._cluster import Cluster
from ._strata import Cost, Rows
from ._transfers import received, received_since

__all__ = ["DistributedEpoch", "DistributedTraining", "WorkerLost"]

#: The largest number of marginals that one task adds.
MARGINALS_AT_ONCE = 8
#: After the state was copied to other workers, at least this many times the duration of the copy
#: passes before the next copy begins.
COPY_EVERY = 10.0
#: Seconds between two checks of a future, and between two checks for lost workers.
CHECK_FUTURE, CHECK_WORKERS = 0.05, 0.5


class WorkerLost(Exception):  # noqa: N818 - the name says what happened
    """A worker has left the cluster, and its results are missing."""


@dataclass
class DistributedEpoch:
    """A finished epoch, from which the :class:`EpochState` for callbacks is created.

    `training` is set only while callbacks run, so only callbacks can read the parameters.
    """

    epoch: int
    loss: float
    data_loss: float
    validation: float | None
    seconds: float
    records_per_second: float
    training: DistributedTraining | None = field(default=None, repr=False)

    def numbers(self) -> tuple[float, float, float, float, float]:
        """Return the numbers of the epoch, in the order of :class:`History`."""
        validation = math.nan if self.validation is None else self.validation
        return self.loss, self.seconds, self.records_per_second, validation, self.data_loss

    def side(self, contexts: bool) -> tuple[Rows, Rows]:
        """Return W and b, or W̃ and b̃ if `contexts`."""
        if self.training is None:
            raise RuntimeError(
                f"epoch {self.epoch} is past: ask for its arrays while the callback runs"
            )
        vectors, biases, _, _ = self.training.side(self.training.state, contexts)
        return vectors, biases


@dataclass
class DistributedState:
    """The state of a training between two epochs: rows of words and of contexts of each group."""

    epoch: int
    halvings: int
    words: list[Future]
    contexts: list[Future]
    # Copies of the rows on other workers, by the key of the copied future.
    copies: dict[str, Future] = field(default_factory=dict)

    def surviving(self, has: dict[str, Sequence[str]]) -> DistributedState | None:
        """Return this state with the rows or copies of rows that still exist on a worker.

        Return None if both the rows of a group and their copy are lost. `has` maps the key of a
        result to the workers that have this result.
        """

        def alive(future: Future) -> Future | None:
            both = (future, self.copies.get(future.key))
            return next((one for one in both if one is not None and has.get(one.key)), None)

        words, contexts = ([alive(one) for one in side] for side in (self.words, self.contexts))
        if None in words or None in contexts:
            return None
        return DistributedState(self.epoch, self.halvings, words, contexts)


class DistributedTraining:
    """A training on the counts of all groups; `words` is the number of words of all groups.

    ``for_records(records)`` returns the number of epochs and the learning rate; `records` is the
    number of records of all groups together.

    If a worker is lost, its tiles are built again from the counts of its groups. If tasks computed
    the counts, Dask runs these tasks again. If the calling process sent the counts, the function
    `resend` sends the counts of the lost groups again.

    Attributes
    ----------
    reports : list of DistributedEpoch
        The finished epochs.
    received : list of int
        The bytes that workers received from each other: before the first epoch, then in each epoch.
    of_records : ForRecords
        The number of epochs of the training, and its learning rate.
    """

    def __init__(
        self,
        cluster: Cluster,
        group_counts: Sequence[Future],
        words: int,
        dim: int,
        training: _core._Training,
        for_records: Callable[[int], _settings.ForRecords],
        running: _core._Running,
        fit_options: CheckedFitOptions,
        init: _core._Init | None,
        progress: ProgressCallback | None,
        resend: Callable[[Sequence[int]], list[Future]] | None = None,
    ) -> None:
        self._cluster = cluster
        self._words, self._dim = words, dim
        self._groups = len(group_counts)
        self._training = training
        self._threads = running["threads"]
        self._fit_options = fit_options
        self._init = init
        self._progress = progress
        self._running_arguments = running
        self._resend = resend
        self.reports: list[DistributedEpoch] = []
        self.received: list[int] = []
        self._owners = [cluster.owner(group) for group in range(self._groups)]
        # This number is part of the names of tasks, so that no two tasks have the same name.
        self._round = 0
        # The last epoch for which callbacks were called. If this epoch or an earlier one is trained
        # again after the loss of a worker, callbacks are not called.
        self._shown = 0
        # The costs of the blocks in the running epoch.
        self._epoch_costs: list[Future] = []
        # With early stopping: the state after the epoch with the smallest validation loss.
        self._best: DistributedState | None = None
        # The last state that was copied to other workers, and the state that is being copied.
        self._copied: DistributedState | None = None
        self._copying: DistributedState | None = None
        self._copy_began = self._copy_ended = -math.inf
        before = received(cluster.client)
        marginals = self._marginals_of(group_counts)
        pairs = self._pairs_of(group_counts)
        self._tiles = [
            self._tiles_of(k, counts, marginals) for k, counts in enumerate(group_counts)
        ]
        # Tiles that are built again need the marginals of the whole matrix. If this process sent
        # the counts, Dask cannot compute the marginals again, so they are stored here.
        self._marginals = None if resend is None else self._value(marginals)
        del group_counts, marginals  # workers keep results as long as their futures exist
        self._records, self._held_out = self._sizes(pairs)
        self.of_records = for_records(self._records + self._held_out)
        self._training = {**training, **self.of_records}
        self._epoch_log = _core.CoreEpochLog.new(
            self._training,
            fit_options.validation,
            self._records,
            self._held_out,
            fit_options.early_stopping,
            fit_options.seconds_left(),
        )
        self.state = self._begin()
        self._divergence_cost = self._cost("divergence", self.state)
        self._epoch_log.set_divergence_cost(self._divergence_cost)
        self.received.append(received_since(cluster.client, before))

    # --- before the first epoch -----------------------------------------------------------------

    def _marginals_of(self, group_counts: Sequence[Future]) -> Future:
        """Submit tasks that add the marginals of all groups. Return the future of their sum."""
        submit = self._cluster.submit
        parts = [
            submit(_strata.marginals, counts, self._threads, name=f"marginals-{group}", at=owner)
            for group, (counts, owner) in enumerate(zip(group_counts, self._owners, strict=True))
        ]
        level = 0
        while len(parts) > 1:
            level += 1
            parts = [
                submit(
                    _strata.add_marginals,
                    parts[k : k + MARGINALS_AT_ONCE],
                    name=f"marginals-{level}-{k}",
                )
                for k in range(0, len(parts), MARGINALS_AT_ONCE)
            ]
        return parts[0]

    def _pairs_of(self, group_counts: Sequence[Future]) -> list[Future]:
        """Submit tasks for the number of pairs of each group.

        Only progress reports need these numbers. Without progress return an empty list.
        """
        if self._progress is None:
            return []
        return [
            self._cluster.submit(_strata.pairs, counts, name=f"pairs-{group}", at=owner)
            for group, (counts, owner) in enumerate(zip(group_counts, self._owners, strict=True))
        ]

    def _tiles_of(self, group: int, counts: Future, marginals: Future) -> Future:
        """Submit a task that builds the tiles of a group on its worker."""
        return self._cluster.submit(
            _strata.tiles,
            counts,
            marginals,
            self._dim,
            self._training,
            self._fit_options.validation,
            self._running_arguments,
            name=f"{self._round}-tiles-{group}",
            at=self._cluster.owner(group),
        )

    def _sizes(self, pairs: Sequence[Future]) -> tuple[int, int]:
        """Return the number of records to train on and of held-out records, in all groups.

        Wait until all tiles are built. The reported progress is the number of `pairs` of the groups
        whose tiles are finished.
        """
        sizes = [
            self._cluster.submit(_strata.sizes, tiles, name=f"sizes-{group}")
            for group, tiles in enumerate(self._tiles)
        ]
        records = held_out = done = 0
        of_groups = list(self._values(pairs)) or [0] * len(sizes)
        self._report("preparing", 0, sum(of_groups))
        for of_group, found in zip(of_groups, self._values(sizes), strict=True):
            records, held_out = records + found[0], held_out + found[1]
            done += of_group
            self._report("preparing", done, sum(of_groups))
        return records, held_out

    def _begin(self) -> DistributedState:
        """Submit tasks that make the rows before the first epoch, and return the state."""
        started = [
            self._cluster.submit(
                _strata.start,
                (self._words, self._groups, group),
                self._dim,
                self._training["optimizer"],
                self._training["seed"],
                self._init_of(group),
                self._threads,
                name=f"{self._round}-start-{group}",
                at=owner,
            )
            for group, owner in enumerate(self._owners)
        ]
        sides = ([self._element(rows, side) for rows in started] for side in range(2))
        words, contexts = sides
        return DistributedState(0, 0, words, contexts)

    def _init_of(self, group: int) -> _core._Init | None:
        """Return the pretrained vectors of a group. Its words are numbered within the group."""
        if self._init is None:
            return None
        ranks = _core.group_ranks(self._words, self._groups, group)
        known = np.isin(self._init["words"], ranks)
        rows = np.searchsorted(ranks, self._init["words"][known]).astype(np.uint32)
        vectors = self._init["vectors"][known]
        return {"words": rows, "vectors": vectors, "anchor": self._init["anchor"]}

    # --- epochs ---------------------------------------------------------------------------------

    def run(self, after_epoch: Callable[[DistributedEpoch], bool]) -> dict[str, Rows]:
        """Train to the end, or until `after_epoch` returns True.

        Return parameters and accumulators by name. With early stopping, they are those after the
        epoch with the smallest validation loss.

        Raises
        ------
        TrainingDiverged
            If an epoch diverges after the learning rate was halved three times.
        """
        while True:
            try:
                while not self._epoch_log.is_finished():
                    self._run_epoch(after_epoch)
                return self.arrays(self._best or self.state)
            except WorkerLost:
                self._recover()

    def _run_epoch(self, after_epoch: Callable[[DistributedEpoch], bool]) -> None:
        begun = time.monotonic()
        report = self._epoch()
        if report is None:
            return
        self._copy()
        stop = False
        if report.epoch > self._shown:
            self._shown = report.epoch
            report.training = self
            try:
                stop = after_epoch(report)
            finally:
                report.training = None
        if stop or not self._epoch_log.has_time_for(time.monotonic() - begun):
            self._epoch_log.stop()

    def _epoch(self) -> DistributedEpoch | None:
        """Run an epoch. Return None if the epoch diverged.

        After a divergence, the learning rate is halved, and :meth:`run` repeats the epoch.

        Raises
        ------
        TrainingDiverged
            If the learning rate was already halved three times.
        """
        epoch = self.state.epoch + 1
        begun, before = time.monotonic(), received(self._cluster.client)
        state, costs = self._submit(epoch)
        cost = negatives = 0.0
        for done, block in enumerate(self._values(costs)):
            of_records, of_negatives = (math.nan, math.nan) if block is None else block
            cost += of_records
            negatives += of_negatives
            self._report_epoch(epoch - 1 + done / len(costs))
            if math.isnan(cost):
                break
        if self._epoch_log.is_divergence(cost):
            warn(self._epoch_log.halve_rate(), RuntimeWarning)
            self.state.halvings = self._epoch_log.halvings
            return None
        held_out = self._cost("validation", state) if self._held_out else 0.0
        seconds = time.monotonic() - begun
        numbers, is_best = self._epoch_log.finish_epoch(cost, negatives, held_out, seconds)
        report = DistributedEpoch(epoch, *numbers)
        self.state = state
        self.reports.append(report)
        self.received.append(received_since(self._cluster.client, before))
        if self._fit_options.early_stopping is not None and is_best:
            self._best = state
        self._report_epoch(epoch)
        return report

    def _submit(self, epoch: int) -> tuple[DistributedState, list[Future]]:
        """Submit the tasks of an epoch. Return the state after it, and the costs of all blocks."""
        self._round += 1
        groups = range(self._groups)
        words, contexts, costs = [*self.state.words], [*self.state.contexts], []
        subepochs = _core.subepochs(self._groups)
        block_epoch: _core._BlockEpoch = {
            "epoch": epoch,
            "halvings": self.state.halvings,
            "divergence_cost": self._divergence_cost,
        }
        for number, subepoch in enumerate(subepochs):
            for group in groups:
                columns = (group + subepoch["shift"]) % self._groups
                trained = self._cluster.submit(
                    _strata.train,
                    self._tiles[group],
                    words[group],
                    contexts[columns],
                    columns,
                    self._training,
                    block_epoch,
                    subepoch,
                    self._threads,
                    name=f"{self._round}-train-{number}-{group}",
                    at=self._owners[group],
                    strict=True,
                )
                words[group] = trained
                contexts[columns] = self._element(trained, 1, self._owners[group])
                costs.append(self._element(trained, 2, self._owners[group]))
        self._epoch_costs = costs
        words = [self._element(words[group], 0, self._owners[group]) for group in groups]
        return DistributedState(epoch, self.state.halvings, words, contexts), costs

    def _element(self, of: Future, number: int, at: str | None = None) -> Future:
        """Submit a task that takes one element of the result of the task `of`."""
        return self._cluster.submit(
            operator.getitem, of, number, name=f"{of.key}-{number}", at=at, strict=at is not None
        )

    def _cost(self, of: Cost, state: DistributedState) -> float:
        """Return the sum of a cost over all blocks. `of` says which cost: see `_strata.cost`."""
        total = 0.0
        self._round += 1
        for shift in range(self._groups):
            costs = [
                self._cluster.submit(
                    _strata.cost,
                    of,
                    self._tiles[group],
                    state.words[group],
                    state.contexts[(group + shift) % self._groups],
                    (group + shift) % self._groups,
                    self._training,
                    self._threads,
                    name=f"{self._round}-cost-{shift}-{group}",
                    at=self._owners[group],
                )
                for group in range(self._groups)
            ]
            total += sum(self._values(costs))
        return total

    # --- faults ---------------------------------------------------------------------------------

    def _copy(self) -> None:
        """Start to copy the state to other workers, so that it survives the loss of a worker.

        Do nothing if there is only one worker, or if the last copy is recent or still in progress.
        """
        workers = self._cluster.workers
        now = time.monotonic()
        took = self._copy_ended - self._copy_began
        if self._copying is not None or len(workers) == 1:
            return
        if now - self._copy_ended < COPY_EVERY * took:
            return
        state = self.state
        for side in (state.words, state.contexts):
            for rows, owner in zip(side, self._owners, strict=True):
                other = workers[(workers.index(owner) + 1) % len(workers)]
                state.copies[rows.key] = self._cluster.submit(
                    _strata.copied, rows, name=f"{rows.key}-copy", at=other, strict=True
                )
        self._copying, self._copy_began = state, now

    def _check_copies(self) -> None:
        """Check whether the copy of the state is complete on the other workers."""
        state = self._copying
        if state is not None and all(copy.done() for copy in state.copies.values()):
            self._copied, self._copying = state, None
            self._copy_ended = time.monotonic()

    def _recover(self) -> None:
        """After the loss of a worker, go back to a state whose rows still exist.

        This is the state after the last finished epoch or, if its rows are lost, the last state
        that was copied. With early stopping, the rows after the epoch with the smallest validation
        loss must still exist too. Otherwise, begin again before the first epoch.
        """
        self._copying = None
        while True:
            try:
                self._cluster.refresh()
                self._replace_lost_tiles()
                # Dask builds the other lost tiles again, those whose counts came from tasks.
                for tiles in self._tiles:
                    self._wait(tiles)
                break
            except WorkerLost:
                pass
        has = self._cluster.client.who_has()
        self._owners = [has[tiles.key][0] for tiles in self._tiles]
        self._round += 1
        best = None if self._best is None else self._best.surviving(has)
        for state in (self.state, self._copied):
            left = None if state is None else state.surviving(has)
            if left is not None and (best or self._best is None):
                break
        else:
            left, best = self._begin(), None
        self.state, self._copied, self._best = left, None, best
        self._epoch_log.rewind(left.epoch, left.halvings)
        del self.reports[left.epoch :], self.received[left.epoch + 1 :]

    def _replace_lost_tiles(self) -> None:
        """Build lost tiles again if this process sent their counts: Dask cannot build such tiles.

        Raises
        ------
        RuntimeError
            If tiles are lost, and this process did not send their counts.
        """
        lost = [group for group, tiles in enumerate(self._tiles) if tiles.cancelled()]
        if not lost:
            return
        if self._resend is None:
            raise RuntimeError(
                "a worker was lost, and its part of the counts cannot be computed again: call fit "
                "again"
            )
        self._round += 1
        for group, counts in zip(lost, self._resend(lost), strict=True):
            marginals = self._cluster.send(self._marginals, group)
            self._tiles[group] = self._tiles_of(group, counts, marginals)

    def cancel(self) -> None:
        """Release the tasks of the running epoch."""
        for cost in self._epoch_costs:
            cost.release()

    # --- waiting --------------------------------------------------------------------------------

    def _wait(self, future: Future) -> None:
        """Wait for a task. Raise its exception, or `WorkerLost` if a worker has left."""
        next_check = time.monotonic() + CHECK_WORKERS
        while not future.done():
            try:
                wait([future], timeout=CHECK_FUTURE)
            except TimeoutError:
                self._check_copies()
            except CancelledError:
                raise WorkerLost from None
            if time.monotonic() > next_check:
                next_check = time.monotonic() + CHECK_WORKERS
                if self._cluster.lost():
                    raise WorkerLost
        if future.cancelled() or future.status == "lost":
            raise WorkerLost
        if future.status == "error":
            raise future.exception()
        self._check_copies()

    def _value(self, future: Future) -> Any:
        """Wait for a task and return its result. Raise what :meth:`_wait` raises."""
        while True:
            self._wait(future)
            try:
                return future.result(timeout=CHECK_WORKERS)
            except TimeoutError:
                if self._cluster.lost():
                    raise WorkerLost from None
            except CancelledError:
                raise WorkerLost from None

    def _values(self, futures: Sequence[Future]) -> Iterator[Any]:
        return map(self._value, futures)

    def _report_epoch(self, epochs: float) -> None:
        """Report the progress of training after `epochs` epochs. `epochs` may be a fraction."""
        total = self._records * self._training["epochs"]
        self._report("training", int(self._records * epochs), total)

    def _report(self, stage: str, done: int, total: int) -> None:
        if self._progress is None:
            return
        info: dict[str, Any] = {}
        if self.reports:
            last = self.reports[-1]
            info = {name: getattr(last, name) for name in ("epoch", "loss", "seconds")}
            info["records_per_second"] = last.records_per_second
            if last.validation is not None:
                info["validation"] = last.validation
        self._progress(stage, done, total, info)

    # --- results --------------------------------------------------------------------------

    def arrays(self, state: DistributedState) -> dict[str, Rows]:
        """Return parameters and accumulators by name. Row i belongs to the word of rank i."""
        sides = {"": self.side(state, contexts=False), "_tilde": self.side(state, contexts=True)}
        return {
            name + side: arrays[number]
            for number, name in enumerate(("W", "b", "G_W", "G_b"))
            for side, arrays in sides.items()
        }

    def side(self, state: DistributedState, contexts: bool) -> tuple[Rows, Rows, Rows, Rows]:
        """Return vectors, biases, and the accumulators of both. Row i is of the word of rank i."""
        arrays: list[Rows] = []
        for group, rows in enumerate(state.contexts if contexts else state.words):
            ranks = _core.group_ranks(self._words, self._groups, group)
            found = _strata.kernel_aligned(self._value(rows))
            found_arrays = _core.row_arrays(found, self._dim, self._training["optimizer"], contexts)
            if not arrays:
                arrays = [
                    np.empty((self._words, *part.shape[1:]), np.float32) for part in found_arrays
                ]
            for array, part in zip(arrays, found_arrays, strict=True):
                array[ranks] = part
        w, b, g_w, g_b = arrays
        return w, b, g_w, g_b
