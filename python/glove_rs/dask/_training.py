"""Training by strata (Gemulla et al. 2011) on the workers of a cluster."""

from __future__ import annotations

import math
import operator
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from distributed import Future, wait

from .. import _core
from .._progress import Callback as Progress
from .._training import Session
from . import _strata
from ._cluster import Cluster
from ._strata import Rows

__all__ = ["EpochReport", "Training"]

#: Parts that one task adds up.
FAN_IN = 8
#: Slices of an epoch where there are several groups: each moves all context rows but those that
#: stay, and an even number brings them back to where they were. On enwiki-17m, dim 100 and 8
#: epochs, 2 and 4 groups come within 0.2 % of the loss of one and half a point of its analogies;
#: with one slice 4 groups lose 1.2 points, and 8 slices in the first epoch gain nothing.
SLICES = 2
#: The state is copied to other workers when so many times as long as that took have passed since.
COPY_EVERY = 10.0
#: Seconds between two looks at what is waited for, and between two looks for lost workers.
TICK, LOOK = 0.05, 0.5


class WorkerLost(Exception):  # noqa: N818 - what happened
    """A worker is gone that tasks wait for."""


@dataclass
class EpochReport:
    """A finished epoch, as `EpochState` wants it: its rows are those of `training`, for a while."""

    epoch: int
    loss: float
    validation: float | None
    seconds: float
    records_per_second: float
    training: Training | None = field(default=None, repr=False)

    def numbers(self) -> tuple[float, float, float, float]:
        """Return what a `History` keeps of it."""
        validation = math.nan if self.validation is None else self.validation
        return self.loss, self.seconds, self.records_per_second, validation

    def side(self, contexts: bool) -> tuple[Rows, Rows]:
        """W and b, or W̃ and b̃ if `contexts`."""
        if self.training is None:
            raise RuntimeError(
                f"epoch {self.epoch} is past: ask for its arrays while the callback runs"
            )
        vectors, biases, _, _ = self.training.side(self.training.state, contexts)
        return vectors, biases


@dataclass
class State:
    """A training between two epochs: each group's rows of words and of contexts."""

    epoch: int
    halvings: int
    words: list[Future]
    contexts: list[Future]
    # The same on other workers, by key.
    copies: dict[str, Future] = field(default_factory=dict)

    def surviving(self, has: dict[str, Sequence[str]]) -> State | None:
        """Find what is in memory somewhere, if all of it is."""

        def alive(future: Future) -> Future | None:
            both = (future, self.copies.get(future.key))
            return next((one for one in both if one is not None and has.get(one.key)), None)

        words, contexts = ([alive(one) for one in side] for side in (self.words, self.contexts))
        if None in words or None in contexts:
            return None
        return State(self.epoch, self.halvings, words, contexts)


class Training:
    """A training on the shares of all groups of `words` words.

    When the worker of a share is lost, Dask makes the share again if a task made it; `resend` sends
    the shares of some groups again if the client sent them.

    Attributes
    ----------
    reports : list of EpochReport
        The finished epochs.
    received : list of int
        Bytes that workers received from each other before the first epoch, and in each.
    """

    def __init__(
        self,
        cluster: Cluster,
        shares: Sequence[Future],
        words: int,
        dim: int,
        training: _core._Training,
        running: _core._Running,
        session: Session,
        init: _core._Init | None,
        progress: Progress | None,
        resend: Callable[[Sequence[int]], list[Future]] | None = None,
    ) -> None:
        self._cluster = cluster
        self._words, self._dim = words, dim
        self._groups = len(shares)
        self._training = training
        self._threads = running["threads"]
        self._session = session
        self._init = init
        self._progress = progress
        self._running_arguments = running
        self._resend = resend
        self.reports: list[EpochReport] = []
        self.received: list[int] = []
        self._owners = [cluster.owner(group) for group in range(self._groups)]
        self._last = training["epochs"]
        self._round = 0
        self._shown = 0
        self._running: list[Future] = []
        self._best: State | None = None
        self._saved: State | None = None
        self._copying: State | None = None
        self._copy_began = self._copy_ended = -math.inf
        before = cluster.received()
        margins = self._margins_of(shares)
        self._tiles = [self._tiles_of(k, share, margins) for k, share in enumerate(shares)]
        # Lost tiles need the margins of all shares; those of shares that were sent are kept here.
        self._margins = None if resend is None else self._value(margins)
        del shares, margins  # workers keep what somebody holds a future of
        self._records, self._held_out = self._sizes()
        self.state = self._begin()
        self._hopeless = self._cost(self.state, hopeless=True)
        self.received.append(cluster.received() - before)

    # --- before the first epoch -----------------------------------------------------------------

    def _margins_of(self, shares: Sequence[Future]) -> Future:
        """Add up the margins of all shares."""
        submit = self._cluster.submit
        parts = [
            submit(_strata.margins, share, self._threads, name=f"margins-{group}", at=owner)
            for group, (share, owner) in enumerate(zip(shares, self._owners, strict=True))
        ]
        level = 0
        while len(parts) > 1:
            level += 1
            parts = [
                submit(_strata.add_margins, parts[k : k + FAN_IN], name=f"margins-{level}-{k}")
                for k in range(0, len(parts), FAN_IN)
            ]
        return parts[0]

    def _tiles_of(self, group: int, share: Future, margins: Future) -> Future:
        """Have the tiles of a group made by its worker."""
        return self._cluster.submit(
            _strata.tiles,
            share,
            margins,
            self._dim,
            self._training,
            self._session.validation,
            self._running_arguments,
            name=f"{self._round}-tiles-{group}",
            at=self._cluster.owner(group),
        )

    def _sizes(self) -> tuple[int, int]:
        sizes = [
            self._cluster.submit(_strata.sizes, tiles, name=f"sizes-{group}")
            for group, tiles in enumerate(self._tiles)
        ]
        records = held_out = 0
        self._report("tiling", 0, 0)
        for found in self._values(sizes):
            records, held_out = records + found[0], held_out + found[1]
            self._report("tiling", records, 0)
        share = self._session.validation
        if share is not None and 0 in (records, held_out):
            raise ValueError(
                f"validation = {share} leaves {records} records to train on and holds out "
                f"{held_out}"
            )
        if records == 0:
            raise ValueError(
                "there are no pairs of words to train on: every document has fewer than two words "
                "of the vocabulary (see min_count and max_vocab)"
            )
        return records, held_out

    def _begin(self) -> State:
        started = [
            self._cluster.submit(
                _strata.start,
                (self._words, self._groups, group),
                self._dim,
                self._training["seed"],
                self._init_of(group),
                self._threads,
                name=f"{self._round}-start-{group}",
                at=owner,
            )
            for group, owner in enumerate(self._owners)
        ]
        sides = ([self._item(rows, side) for rows in started] for side in range(2))
        words, contexts = sides
        return State(0, 0, words, contexts)

    def _init_of(self, group: int) -> _core._Init | None:
        """Select the vectors of the words of a group, by their places in it."""
        if self._init is None:
            return None
        ranks = _core.group_ranks(self._words, self._groups, group)
        known = np.isin(self._init["words"], ranks)
        places = np.searchsorted(ranks, self._init["words"][known]).astype(np.uint32)
        vectors = self._init["vectors"][known]
        return {"words": places, "vectors": vectors, "anchor": self._init["anchor"]}

    # --- epochs ---------------------------------------------------------------------------------

    def run(self, after_epoch: Callable[[EpochReport], bool]) -> dict[str, Rows]:
        """Train to the end, or until `after_epoch` says to stop; returns :meth:`arrays`.

        Raises
        ------
        TrainingDiverged
            If the rate was halved three times in vain.
        """
        while True:
            try:
                while self.state.epoch < self._last and not self._is_impatient():
                    self._run_epoch(after_epoch)
                return self.arrays(self._best or self.state)
            except WorkerLost:
                self._recover()

    def _run_epoch(self, after_epoch: Callable[[EpochReport], bool]) -> None:
        begun = time.monotonic()
        report = self._epoch()
        if report is None:
            return
        self._copy()
        stop = False
        if report.epoch > self._shown:  # and not made again
            self._shown = report.epoch
            report.training = self
            try:
                stop = after_epoch(report)
            finally:
                report.training = None
        left, lap = self._session.seconds_left(), time.monotonic() - begun
        if stop or (left is not None and lap > left):
            self._last = report.epoch

    def _epoch(self) -> EpochReport | None:
        """Run an epoch; `None` if it diverged and is to be run again at half the rate."""
        epoch = self.state.epoch + 1
        begun, before = time.monotonic(), self._cluster.received()
        state, costs = self._submit(epoch)
        cost = 0.0
        for done, part in enumerate(self._values(costs)):
            cost += math.nan if part is None else part
            self._report_epoch(epoch - 1 + done / len(costs))
            if math.isnan(cost):
                break
        if not cost <= self._hopeless:
            self._halve(epoch)
            return None
        validation = None
        if self._held_out:
            validation = self._cost(state, hopeless=False) / self._held_out
        seconds = time.monotonic() - begun
        rate = self._records / max(seconds, 1e-9)
        report = EpochReport(epoch, cost / self._records, validation, seconds, rate)
        self.state = state
        self.reports.append(report)
        self.received.append(self._cluster.received() - before)
        if self._session.early_stopping is not None and self._since_best() == 0:
            self._best = state
        self._report_epoch(epoch)
        return report

    def _submit(self, epoch: int) -> tuple[State, list[Future]]:
        """Give the tasks of an epoch to the workers: the state after it, and what strata cost."""
        self._round += 1
        groups = range(self._groups)
        slices = 1 if self._groups == 1 else SLICES
        words, contexts, costs = [*self.state.words], [*self.state.contexts], []
        for number in range(slices * self._groups):
            sweep, place = divmod(number, self._groups)
            # There and back again: what was last in one sweep is first in the next, and stays.
            shift = place if sweep % 2 == 0 else -place - 1
            turn: _core._Turn = {
                "epoch": epoch,
                "halvings": self.state.halvings,
                "hopeless": self._hopeless,
                "slice": sweep,
                "slices": slices,
                "last": number == slices * self._groups - 1,
            }
            for group in groups:
                columns = (group + shift) % self._groups
                trained = self._cluster.submit(
                    _strata.train,
                    self._tiles[group],
                    words[group],
                    contexts[columns],
                    columns,
                    self._training,
                    turn,
                    self._threads,
                    name=f"{self._round}-train-{number}-{group}",
                    at=self._owners[group],
                    strict=True,
                )
                words[group] = trained
                contexts[columns] = self._item(trained, 1, self._owners[group])
                costs.append(self._item(trained, 2, self._owners[group]))
        self._running = costs
        words = [self._item(words[group], 0, self._owners[group]) for group in groups]
        return State(epoch, self.state.halvings, words, contexts), costs

    def _item(self, of: Future, item: int, at: str | None = None) -> Future:
        return self._cluster.submit(
            operator.getitem, of, item, name=f"{of.key}-{item}", at=at, strict=at is not None
        )

    def _halve(self, epoch: int) -> None:
        """Have the epoch run again with half the rate."""
        rate = self._training["learning_rate"] * 0.5**self.state.halvings
        if self.state.halvings >= _core.MOST_HALVINGS:
            error = _core.TrainingDiverged(
                f"training diverged in epoch {epoch}, even at a learning rate of {rate:g}; start "
                "with a smaller learning_rate"
            )
            error.history = [report.loss for report in self.reports]
            raise error
        self.state.halvings += 1
        warnings.warn(
            f"training diverged in epoch {epoch}; going on from the end of epoch {epoch - 1} with "
            f"the learning rate halved to {rate / 2:g}",
            RuntimeWarning,
            stacklevel=5,
        )

    def _cost(self, state: State, *, hopeless: bool) -> float:
        """Sum up what the records held out cost, or what an epoch costs without hope."""
        total = 0.0
        self._round += 1
        for shift in range(self._groups):
            costs = [
                self._cluster.submit(
                    _strata.measure,
                    self._tiles[group],
                    state.words[group],
                    state.contexts[(group + shift) % self._groups],
                    (group + shift) % self._groups,
                    self._training,
                    hopeless,
                    self._threads,
                    name=f"{self._round}-cost-{shift}-{group}",
                    at=self._owners[group],
                )
                for group in range(self._groups)
            ]
            total += sum(self._values(costs))
        return total

    def _since_best(self) -> int:
        """Epochs since the one with the least loss on the records held out."""
        losses = [report.validation for report in self.reports if report.validation is not None]
        return len(losses) - 1 - losses.index(min(losses)) if losses else 0

    def _is_impatient(self) -> bool:
        patience = self._session.early_stopping
        return patience is not None and self._since_best() >= patience

    # --- faults ---------------------------------------------------------------------------------

    def _copy(self) -> None:
        """Have other workers keep the state too, so that a death does not undo everything."""
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

    def _look_at_copies(self) -> None:
        state = self._copying
        if state is not None and all(copy.done() for copy in state.copies.values()):
            self._saved, self._copying = state, None
            self._copy_ended = time.monotonic()

    def _recover(self) -> None:
        """Go on, after a worker was lost, from the last epoch all of whose rows are left."""
        self._copying = None
        while True:
            try:
                self._cluster.refresh()
                self._replace_lost_tiles()
                # What was lost of the tiles, Dask makes again if it can.
                for tiles in self._tiles:
                    self._wait(tiles)
                break
            except WorkerLost:
                pass
        has = self._cluster.client.who_has()
        self._owners = [has[tiles.key][0] for tiles in self._tiles]
        self._round += 1
        best = None if self._best is None else self._best.surviving(has)
        for state in (self.state, self._saved):
            left = None if state is None else state.surviving(has)
            if left is not None and (best or self._best is None):
                break
        else:
            left, best = self._begin(), None
        self.state, self._saved, self._best = left, None, best
        del self.reports[left.epoch :], self.received[left.epoch + 1 :]

    def _replace_lost_tiles(self) -> None:
        """Send again the shares of tiles that Dask cannot make again."""
        lost = [group for group, tiles in enumerate(self._tiles) if tiles.cancelled()]
        if not lost:
            return
        if self._resend is None:
            raise RuntimeError("a worker is gone that had a part of the counts: fit them again")
        self._round += 1
        for group, share in zip(lost, self._resend(lost), strict=True):
            margins = self._cluster.send(self._margins, group)
            self._tiles[group] = self._tiles_of(group, share, margins)

    def cancel(self) -> None:
        """Let go of the epoch that is running."""
        for cost in self._running:
            cost.release()

    # --- waiting --------------------------------------------------------------------------------

    def _wait(self, future: Future) -> None:
        look = time.monotonic() + LOOK
        while not future.done():
            try:
                wait([future], timeout=TICK)
            except TimeoutError:
                self._look_at_copies()
            except CancelledError:
                raise WorkerLost from None
            if time.monotonic() > look:
                look = time.monotonic() + LOOK
                if self._cluster.lost():
                    raise WorkerLost
        if future.cancelled() or future.status == "lost":
            raise WorkerLost
        if future.status == "error":
            raise future.exception()
        self._look_at_copies()

    def _value(self, future: Future) -> Any:
        while True:
            self._wait(future)
            try:
                return future.result(timeout=LOOK)
            except TimeoutError:
                if self._cluster.lost():
                    raise WorkerLost from None
            except CancelledError:
                raise WorkerLost from None

    def _values(self, futures: Sequence[Future]) -> Iterator[Any]:
        return map(self._value, futures)

    def _report_epoch(self, epochs: float) -> None:
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

    # --- what was made --------------------------------------------------------------------------

    def arrays(self, state: State) -> dict[str, Rows]:
        """Parameters and accumulators by name, by rank."""
        sides = {"": self.side(state, contexts=False), "_tilde": self.side(state, contexts=True)}
        return {
            name + side: arrays[place]
            for place, name in enumerate(("W", "b", "G_W", "G_b"))
            for side, arrays in sides.items()
        }

    def side(self, state: State, contexts: bool) -> tuple[Rows, Rows, Rows, Rows]:
        """Vectors, biases and accumulators of both, by rank."""
        vectors = [np.empty((self._words, self._dim), np.float32) for _ in range(2)]
        biases = [np.empty(self._words, np.float32) for _ in range(2)]
        arrays = (vectors[0], biases[0], vectors[1], biases[1])
        for group, rows in enumerate(state.contexts if contexts else state.words):
            ranks = _core.group_ranks(self._words, self._groups, group)
            found = _strata.aligned(self._value(rows))
            parts = _core.unpack_rows(found, self._dim, contexts)
            for array, part in zip(arrays, parts, strict=True):
                array[ranks] = part
        return arrays
