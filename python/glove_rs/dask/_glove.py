"""The class `DaskGlove`: a model that is trained on a Dask cluster."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Self, Unpack

from distributed import Client, Future

from .. import _core, _settings
from .._checks import byte_count, integer
from .._fit.fit_options import CheckedFitOptions, FitOptions
from .._fit.fitted import Fitted
from .._fit.history import History
from .._fit.pretrained import Init
from .._fit.training_counts import given_counts
from .._progress import ProgressCallback, reporter
from ..glove import Glove
from ..subwords import Subwords
from ..vectors import WordVectors
from ..vocabulary import Vocabulary, as_vocabulary
from ._cluster import Cluster, cluster_of
from ._counting import count
from ._training import DistributedTraining, WorkerLost
from ._transfers import received, received_since

__all__ = ["DaskGlove"]


class DaskGlove(Glove):
    """A :class:`Glove` that is fitted on the workers of a Dask cluster.

    The words are divided into `partitions` groups, by default one for each worker. Workers count
    shards of the text, and each worker collects the counts of the words of its groups. Training is
    by strata (Gemulla et al. 2011): the word vectors of a group stay on their worker, and the
    context vectors move from worker to worker. The counts that workers compute are not sent to the
    calling process. At the end the calling process holds all vectors.

    Parameters
    ----------
    dim : int, default 50
    **parameters
        As for :class:`Glove`. Training is always deterministic: the result depends on `partitions`
        and on the shards of the text, and not on the number of threads. The default of `partitions`
        is the number of workers, so set `partitions` to get the same result on any cluster.
        `threads` is the number of threads that a task of training uses on its worker, by default
        all threads of the worker. `memory` limits the memory for the training records of each
        group. `adjacent` must be None or False, and None means False.
    client : distributed.Client, optional
        The client of the cluster. Default: the client that was created last. If there is none,
        `fit` starts a local cluster with a process for each processor, and stops it at the end.
    partitions : int, optional
        The number of groups of words, >= 1. Default: the number of workers when `fit` begins. With
        one group the result has the same bits as that of
        ``Glove(deterministic=True, adjacent=False)`` on the same counts.
    blocksize : int or str, default "64MiB"
        The largest size of a shard, the part of a text that one task reads, in bytes or as text
        with a unit, >= 1000. A shard may be longer by the rest of its last document. These are
        never divided: a compressed file, a file in a zip archive, a row group or stripe of a table,
        and a partition of a bag or of a column.

    Attributes
    ----------
    stages_ : dict
        For each of the stages "counting" (only after `fit`), "preparing" (putting the records into
        tiles) and "training", a dict with "seconds", the wall time, and "bytes", the number of
        bytes that workers received from each other. For "training" both are lists with a number for
        each epoch. If a worker leaves the cluster, its bytes in that stage or epoch are not
        counted.

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
        y: object = None,
        *,
        column: str | None = None,
        storage_options: Any = None,
        vocabulary: Vocabulary | Sequence[str] | None = None,
        init: WordVectors | None = None,
        anchor: float = 0.0,
        resume: bool = False,
        **options: Unpack[FitOptions],
    ) -> Self:
        """Count the co-occurrences of `source` and train on them.

        Parameters
        ----------
        source : path, paths, dask.bag.Bag, column of a dask.dataframe or list of documents
            Text files: paths and patterns, local or with a protocol of fsspec
            (``s3://bucket/*.txt``). The workers read files in shards of whole documents. A large
            file is divided, but not a compressed file or a file in a local zip archive. The first
            16 files, and every file that is divided, are checked before tasks are submitted: if a
            file is recognised as something other than text, a FormatError is raised. Instead of
            files, `source` can be documents, each a str or a list of words: a bag, a column such as
            ``dd.read_parquet(...).text``, or a list, which is sent to the workers.
        column : str, optional
            Read this column of text, or of lists of words, from tables: files as for
            :meth:`Glove.fit`, a dask.dataframe, or a bag or list of dicts. One task reads a row
            group of a Parquet file, a stripe of an ORC file, or a whole file of another format.
        storage_options : dict or file system, optional
            As for :meth:`Glove.fit`. The options are sent to the workers.
        y, vocabulary, init, validation, early_stopping, max_seconds, callbacks
            As for :meth:`Glove.fit`.
        anchor, checkpoint_dir, checkpoint_every, resume, keep_counts
            These are not possible on a cluster. A value that asks for one of them raises a
            ValueError.

        Returns
        -------
        DaskGlove
            The model itself.

        Raises
        ------
        ValueError, OSError, FormatError, TrainingDiverged
            As for :meth:`Glove.fit`.
        TypeError
            If `source` is of a type that is not read.
        RuntimeError
            If there are no workers, or if a worker has another version of glove-rs or none. Workers
            are checked before the text is read.
        ConnectionError
            If the connection to the scheduler is lost.
        KeyboardInterrupt
            After Ctrl-C. The tasks are cancelled. The model then has the parameters after the last
            finished epoch, if there is one.
        """
        parameters, fit_options, given, training = self._checked(init, anchor, resume, options)
        _settings.check_text(parameters)
        where = _settings.checked({"column": column, "storage_options": storage_options}, "source")
        words = None if vocabulary is None else as_vocabulary(vocabulary)
        with cluster_of(self.client) as cluster, reporter(self.progress) as progress:
            begun, before = time.monotonic(), received(cluster.client)
            counted = count(
                cluster,
                source,
                vocabulary=words,
                groups=self._groups(cluster),
                blocksize=self.blocksize,
                progress=progress,
                **where,
                **{
                    name: parameters[name]
                    for name in _settings.names("reading", "encoding", "counting")
                },
            )
            stages = {
                "counting": {
                    "seconds": time.monotonic() - begun,
                    "bytes": received_since(cluster.client, before),
                }
            }
            self._train(
                cluster,
                parameters,
                counted.group_counts,
                counted.vocabulary,
                training,
                fit_options,
                given,
                progress,
                stages,
                column=column,
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
        **options: Unpack[FitOptions],
    ) -> Self:
        """Train on the counts `X`. The calling process splits them and sends them to the workers.

        The parameters are those of :meth:`Glove.fit_cooccurrence`. `start`, rectangular counts, and
        the parameters that :meth:`fit` refuses raise a ValueError. If a worker is lost, the calling
        process splits the counts again and sends the lost groups to other workers.
        """
        if start is not None:
            raise ValueError("start is not possible on a cluster: use Glove")
        parameters, fit_options, given, training = self._checked(init, anchor, resume, options)
        X = given_counts(X, vocabulary, self.symmetric)
        if X.is_rectangular:
            raise ValueError(
                "X must have the same words for rows and columns on a cluster: train rectangular "
                "counts with Glove"
            )
        with cluster_of(self.client) as cluster, reporter(self.progress) as progress:
            groups = self._groups(cluster)

            def send(wanted: Sequence[int]) -> list[Future]:
                group_counts = _core.split_counts(X._core, groups)
                return [cluster.send(group_counts[group], group) for group in wanted]

            self._train(
                cluster,
                parameters,
                send(range(groups)),
                X.vocabulary,
                training,
                fit_options,
                given,
                progress,
                {},
                send,
            )
        return self

    def _checked(
        self, init: WordVectors | None, anchor: float, resume: bool, options: FitOptions
    ) -> tuple[dict[str, Any], CheckedFitOptions, Init | None, _core._Training]:
        """Check the parameters before any work.

        The parameters of the model are returned too. Words and phrases are read from their files,
        and `adjacent` is False.
        """
        fit_options, given = CheckedFitOptions(**options), Init.of(init, anchor, self.dim)
        for name, refused in (
            ("checkpoint_dir", fit_options.folder is not None),
            ("resume", resume),
            ("keep_counts", bool(fit_options.keep_counts)),
            ("anchor", given is not None and given.anchor > 0),
        ):
            if refused:
                raise ValueError(f"{name} is not possible on a cluster: use Glove")
        if self.partitions is not None:
            integer("partitions", self.partitions, 1)
        byte_count("blocksize", self.blocksize, 1000)
        parameters = _settings.without_adjacent(self.get_params(), "on a cluster")
        training = _settings.core_training(parameters, has_init=given is not None)
        return _settings.with_content(parameters), fit_options, given, training

    def _groups(self, cluster: Cluster) -> int:
        return len(cluster.workers) if self.partitions is None else self.partitions

    def _train(
        self,
        cluster: Cluster,
        parameters: Mapping[str, Any],
        group_counts: list[Future],
        vocabulary: Vocabulary,
        training: _core._Training,
        fit_options: CheckedFitOptions,
        init: Init | None,
        progress: ProgressCallback | None,
        stages: dict[str, dict[str, Any]],
        resend: Callable[[Sequence[int]], list[Future]] | None = None,
        *,
        column: str | None = None,
    ) -> None:
        """Train on the counts of all groups, and store the result in the model.

        After an error other than TrainingDiverged, or an interruption, store the parameters after
        the last finished epoch, if there is one and if workers still have them, and raise the
        exception again.
        """
        begun = time.monotonic()
        trainer = DistributedTraining(
            cluster,
            group_counts,
            len(vocabulary),
            self.dim,
            training,
            partial(_settings.for_records, parameters),
            _settings.core_running(self.get_params()),
            fit_options,
            None if init is None else init.core(vocabulary),
            progress,
            resend,
        )
        group_counts.clear()
        prepared = time.monotonic() - begun
        after_epoch = fit_options.callback(vocabulary, 0) or (lambda _: False)

        def store(arrays: dict[str, Any]) -> None:
            reports, moved = trainer.reports, trainer.received
            self._fitted = Fitted(
                vocabulary,
                History(report.numbers() for report in reports),
                arrays,
                _settings.used(parameters)
                | training
                | trainer.of_records
                | fit_options.settings()
                | {"anchor": 0.0, "column": column},
                files=_settings.content_paths(self.get_params()),
            )
            seconds = [report.seconds for report in reports]
            self.stages_ = {
                **stages,
                "preparing": {"seconds": prepared, "bytes": moved[0]},
                "training": {"seconds": seconds, "bytes": moved[1:]},
            }

        try:
            arrays = trainer.run(after_epoch)
            store(arrays)
            if training["subwords"]:
                self._shrink(arrays, progress)
        except _core.TrainingDiverged:
            raise
        except BaseException:
            trainer.cancel()
            if trainer.reports:
                with suppress(WorkerLost):
                    store(trainer.arrays(trainer.state))
            raise

    def _shrink(self, arrays: dict[str, Any], progress: ProgressCallback | None) -> None:
        """Change the vectors in the five steps that the parameter `subwords` of `Glove` describes.

        The calling process computes the steps, not the workers.
        """
        state = self._state
        w, w_tilde = arrays["W"], arrays["W_tilde"]
        found = _core.shrink(state.vocabulary._core, w, w_tilde, None, progress)
        if found is not None:
            core, w, w_tilde = found
            moved = {**arrays, "W": w, "W_tilde": w_tilde}
            self._fitted = replace(state, trained=moved, _subwords=Subwords(core))

    def __getstate__(self) -> dict[str, Any]:
        # A client is a connection of this process, so it is left out of a pickle.
        return {**self.__dict__, "client": None}


def _signature() -> inspect.Signature:
    """Return the signature of the constructor with all parameters by name, for `get_params`."""
    own = inspect.signature(DaskGlove.__init__)
    parameters = {**inspect.signature(Glove.__init__).parameters, **own.parameters}
    del parameters["parameters"]
    return own.replace(parameters=list(parameters.values()))


DaskGlove.__init__.__signature__ = _signature()  # type: ignore[attr-defined]
