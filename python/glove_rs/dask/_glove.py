"""The model, trained on a cluster."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from typing import Any, Self, Unpack

from distributed import Client, Future

from .. import _core, _fitting
from .._parameters import byte_count, integer
from .._parameters import words as words_of
from .._progress import Callback as Progress
from .._progress import reporter
from .._training import Fitted, History, Init, Session, SessionOptions
from ..cooccurrence import Cooccurrence
from ..glove import Glove
from ..vectors import WordVectors
from ..vocabulary import Vocabulary, as_vocabulary, running_arguments
from ._cluster import Cluster, cluster_of
from ._counting import count
from ._training import Training

__all__ = ["DaskGlove"]


class DaskGlove(Glove):
    """`Glove`, fitted on the workers of a Dask cluster.

    Words are dealt into groups, one for each worker. Text is counted by shards, each worker
    collects what touches the words of its group, and trains on it by strata (Gemulla et al. 2011):
    the word vectors of a group stay with their worker, the context vectors go from worker to
    worker. No machine ever holds all counts; the one that calls holds all vectors at the end.

    Parameters
    ----------
    dim : int, default 50
    **parameters
        As for :class:`Glove`. Training is always as with ``deterministic=True``: the outcome
        depends on `partitions` and on the shards of the text, not on how many workers or threads
        there are. `threads` is that of each worker, by default all it was given; `memory` is the
        limit for the training records of each.
    client : distributed.Client, optional
        The cluster. Default: the client that was made last, or else a local cluster with a process
        for each processor, as long as `fit` runs.
    partitions : int, optional
        Groups of words, >= 1. Default: as many as there are workers when `fit` begins. With one,
        the outcome has the bits of ``Glove(deterministic=True)`` on the same counts.
    blocksize : int or str, default "64MiB"
        Bytes of text that a worker counts at a time.

    Attributes
    ----------
    stages_ : dict
        Of "counting", "tiling" and "training" the "seconds", and the "bytes" that workers received
        from each other; of training, lists with a number for each epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from distributed import Client, LocalCluster
    >>> from glove_rs.dask import DaskGlove
    >>> with LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster:
    ...     with Client(cluster) as client:
    ...         model = DaskGlove(dim=10, epochs=5, client=client)
    ...         model = model.fit_cooccurrence(np.array([[0, 2, 1], [2, 0, 3], [1, 3, 0]]))
    >>> model.W.shape
    (3, 10)
    """

    def __init__(
        self,
        dim: int = 50,
        *,
        client: Client | None = None,
        partitions: int | None = None,
        blocksize: int | str = "64MiB",
        **parameters: Any,
    ) -> None:
        super().__init__(dim, **parameters)
        self.client = client
        self.partitions = partitions
        self.blocksize = blocksize

    def fit(
        self,
        source: Any,
        *,
        vocabulary: Vocabulary | Sequence[str] | None = None,
        init: WordVectors | None = None,
        anchor: float = 0.0,
        resume: bool = False,
        **options: Unpack[SessionOptions],
    ) -> Self:
        """Count the co-occurrences of `source` and train on them.

        Parameters
        ----------
        source : path, paths or dask.bag.Bag
            Text files: names and patterns, local or with a protocol that fsspec knows
            (``s3://bucket/*.txt``), read by the workers in blocks that end with a line; packed
            files are one block each. Or a bag of documents, each a str or a list of words.
        vocabulary, init, validation, early_stopping, max_seconds, callbacks
            As for :meth:`Glove.fit`.
        anchor, checkpoint_dir, checkpoint_every, resume, keep_counts
            Not on a cluster: refused if set.

        Returns
        -------
        DaskGlove
            The model itself.

        Raises
        ------
        ValueError, OSError, FormatError, TrainingDiverged
            As for :meth:`Glove.fit`.
        RuntimeError
            If a worker has another glove-rs, or none, before any work.
        KeyboardInterrupt
            After Ctrl-C; the tasks are cancelled. The model is then that of the last finished
            epoch, if one is.
        """
        session, given, training = self._checked(init, anchor, resume, options)
        _fitting.check_counting(self)
        words = None if vocabulary is None else as_vocabulary(vocabulary)
        with cluster_of(self.client) as cluster, reporter(self.progress) as progress:
            begun, before = time.monotonic(), cluster.received()
            counted = count(
                cluster,
                source,
                vocabulary=words,
                groups=self._groups(cluster),
                blocksize=self.blocksize,
                progress=progress,
                **_fitting.counting_settings(self),
            )
            stages = {
                "counting": {
                    "seconds": time.monotonic() - begun,
                    "bytes": cluster.received() - before,
                }
            }
            self._train(
                cluster,
                counted.group_counts,
                counted.vocabulary,
                training,
                session,
                given,
                progress,
                stages,
            )
        return self

    def fit_cooccurrence(
        self,
        X: Any,
        *,
        vocabulary: Vocabulary | Sequence[str] | None = None,
        start: Glove | None = None,
        init: WordVectors | None = None,
        anchor: float = 0.0,
        resume: bool = False,
        **options: Unpack[SessionOptions],
    ) -> Self:
        """Train on counts, which are split here and sent to the workers.

        As :meth:`Glove.fit_cooccurrence`, with the exceptions that :meth:`fit` names and without
        `start`. The counts that a lost worker had are split again and sent to another.
        """
        if start is not None:
            raise ValueError("start is not possible on a cluster: use Glove")
        session, given, training = self._checked(init, anchor, resume, options)
        if not isinstance(X, Cooccurrence):
            X = Cooccurrence.from_scipy(X, vocabulary)
        elif vocabulary is not None and X.vocabulary.words != words_of("vocabulary", vocabulary):
            raise ValueError("vocabulary must be that of the Cooccurrence, or None")
        with cluster_of(self.client) as cluster, reporter(self.progress) as progress:
            groups = self._groups(cluster)

            def send(wanted: Sequence[int]) -> list[Future]:
                group_counts = _core.split_counts(X._core, groups)
                return [cluster.send(group_counts[group], group) for group in wanted]

            self._train(
                cluster,
                send(range(groups)),
                X.vocabulary,
                training,
                session,
                given,
                progress,
                {},
                send,
            )
        return self

    def _checked(
        self, init: WordVectors | None, anchor: float, resume: bool, options: SessionOptions
    ) -> tuple[Session, Init | None, _core._Training]:
        """Refuse parameters that cannot be trained with, before any work."""
        session, given = Session(**options), Init.of(init, anchor, self.dim)
        for name, refused in (
            ("checkpoint_dir", session.folder is not None),
            ("resume", resume),
            ("keep_counts", bool(session.keep_counts)),
            ("anchor", given is not None and given.anchor > 0),
        ):
            if refused:
                raise ValueError(f"{name} is not possible on a cluster: use Glove")
        if self.partitions is not None:
            integer("partitions", self.partitions, 1)
        byte_count("blocksize", self.blocksize, 1000)
        return session, given, self._training_arguments()

    def _groups(self, cluster: Cluster) -> int:
        return len(cluster.workers) if self.partitions is None else self.partitions

    def _train(
        self,
        cluster: Cluster,
        group_counts: list[Future],
        vocabulary: Vocabulary,
        training: _core._Training,
        session: Session,
        init: Init | None,
        progress: Progress | None,
        stages: dict[str, dict[str, Any]],
        resend: Callable[[Sequence[int]], list[Future]] | None = None,
    ) -> None:
        """Train on the counts of all groups. The model gets the result even after an interrupt."""
        begun = time.monotonic()
        trainer = Training(
            cluster,
            group_counts,
            len(vocabulary),
            self.dim,
            training,
            running_arguments(threads=self.threads, memory=self.memory, tmp_dir=self.tmp_dir),
            session,
            None if init is None else init.core(vocabulary),
            progress,
            resend,
        )
        group_counts.clear()
        tiled = time.monotonic() - begun
        after_epoch = session.callback(vocabulary, 0) or (lambda _: False)

        def keep(arrays: dict[str, Any]) -> None:
            reports, received = trainer.reports, trainer.received
            self._fitted = Fitted(
                vocabulary, History(report.numbers() for report in reports), arrays
            )
            seconds = [report.seconds for report in reports]
            self.stages_ = {
                **stages,
                "tiling": {"seconds": tiled, "bytes": received[0]},
                "training": {"seconds": seconds, "bytes": received[1:]},
            }

        try:
            keep(trainer.run(after_epoch))
        except _core.TrainingDiverged:
            raise
        except BaseException:
            trainer.cancel()
            if trainer.reports:
                keep(trainer.arrays(trainer.state))
            raise

    def __getstate__(self) -> dict[str, Any]:
        # A client is a connection of this process.
        return {**self.__dict__, "client": None}


def _signature() -> inspect.Signature:
    """All parameters by name: what `get_params` goes by."""
    own = inspect.signature(DaskGlove.__init__)
    parameters = {**inspect.signature(Glove.__init__).parameters, **own.parameters}
    del parameters["parameters"]
    return own.replace(parameters=list(parameters.values()))


DaskGlove.__init__.__signature__ = _signature()  # type: ignore[attr-defined]
