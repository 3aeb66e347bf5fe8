"""Training on a cluster: two worker processes that talk over the loopback interface."""

from __future__ import annotations

import _thread
import collections
import importlib.metadata
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glove_rs import Cooccurrence, Glove, TrainingDiverged, WordVectors, _core, _settings
from libraries import later

dask, distributed = later("dask"), later("distributed")
DaskGlove = later("glove_rs.dask", "DaskGlove")

ARRAYS = ("W", "W_tilde", "b", "b_tilde", "G_W", "G_W_tilde", "G_b", "G_b_tilde")
WORDS = 300


def generated(words: int = WORDS, documents: int = 800) -> list[str]:
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(1, words + 1)
    drawn = rng.choice(words, size=(documents, 40), p=weights / weights.sum())
    # The number in a name does not tell how frequent the word is: spelling predicts nothing.
    names = np.random.default_rng(1).permutation(words)
    return [" ".join(f"w{names[word]}" for word in document) for document in drawn]


TEXT = generated()


@pytest.fixture(scope="module")
def counts() -> Cooccurrence:
    return Cooccurrence.from_corpus(TEXT, min_count=1, window=5)


def cluster_of(workers: int, **options: Any) -> Any:
    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=":0", **options
    )


@pytest.fixture(scope="module", autouse=True)
def impatient() -> Iterator[None]:
    """Wait at most 2 s, not 30 s, to connect to a worker that was killed."""
    importlib.import_module("distributed")  # sets options, which must outlive `with`
    with dask.config.set({"distributed.comm.timeouts.connect": "2s"}):
        yield


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with cluster_of(2) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def alone() -> Iterator[Any]:
    """A client of a cluster with one worker, which runs in this process."""
    with (
        cluster_of(1, processes=False) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


def settings(**more: Any) -> dict[str, Any]:
    # A cluster trains without adjacent words. One machine must do this too, to be compared with it.
    given = {"dim": 20, "epochs": 4, "min_count": 1, "window": 5, "seed": 3, "adjacent": False}
    return {**given, **more}


def arrays(model: Glove) -> list[np.ndarray[Any, Any]]:
    return [model._state.arrays[name] for name in ARRAYS]


def same(a: Glove, b: Glove) -> bool:
    return all(map(np.array_equal, arrays(a), arrays(b))) and a.history == b.history


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"preset": "paper"},
        {"preset": "paper", "optimizer": "sgd", "learning_rate": 0.01},
        {"preset": "paper", "x_max": 10.0, "schedule": "linear", "negative": 2.0},
        {"subwords": False},
        {"epochs": None},
    ],
)
def test_one_group_has_the_bits_of_deterministic_training(
    client: Any, counts: Cooccurrence, more: dict[str, Any]
) -> None:
    alone = Glove(deterministic=True, **settings(**more))
    alone.fit_cooccurrence(counts, validation=0.1)
    model = DaskGlove(client=client, partitions=1, **settings(**more))
    model.fit_cooccurrence(counts, validation=0.1)
    assert same(model, alone)
    assert model.settings_["epochs"] == alone.settings_["epochs"] == len(model.history)
    assert model.settings_["learning_rate"] == alone.settings_["learning_rate"]
    assert model.history.validation == alone.history.validation
    assert model.vocabulary.words == alone.vocabulary.words
    # The spelling of made-up words does not predict their vectors.
    assert model.vectors.subwords is None


def test_vectors_move_to_the_predictions_of_their_spelling_as_on_one_machine(client: Any) -> None:
    rng = np.random.default_rng(5)
    stems = ["walk", "talk", "play", "jump", "climb", "paint", "cook", "clean", "call"]
    endings = ["s", "ed", "ing", "er"]
    text = [
        [stems[stem] + endings[ending] for ending in rng.integers(len(endings), size=8)]
        for stem in rng.integers(len(stems), size=1_500)
    ]
    more = settings(dim=10, epochs=6)
    alone = Glove(deterministic=True, **more).fit(text)
    model = DaskGlove(client=client, partitions=1, **more).fit(text)
    assert same(model, alone)
    unseen = model.vectors.subwords.predict("walkings")
    assert np.array_equal(unseen, alone.vectors.subwords.predict("walkings"))


def test_given_vectors_turn_subwords_off_as_on_one_machine(
    client: Any, counts: Cooccurrence
) -> None:
    start = Glove(**settings()).fit_cooccurrence(counts).vectors
    alone = Glove(deterministic=True, **settings()).fit_cooccurrence(counts, init=start)
    model = DaskGlove(client=client, partitions=1, **settings())
    model.fit_cooccurrence(counts, init=start)
    assert same(model, alone)
    assert model.settings_["subwords"] is alone.settings_["subwords"] is False


def test_text_becomes_the_bits_of_deterministic_training(client: Any, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("\n".join(TEXT))
    stages: list[str] = []

    def progress(stage: str, done: int, total: int, info: dict[str, Any]) -> None:
        assert 0 <= done <= total
        assert total > 0
        stages.append(stage)

    alone = Glove(deterministic=True, **settings()).fit(text)
    model = DaskGlove(
        client=client,
        partitions=1,
        progress=progress,
        **settings(),
    ).fit(text)
    assert same(model, alone)
    assert model.vocabulary.words == alone.vocabulary.words
    assert model.vocabulary.counts.tolist() == alone.vocabulary.counts.tolist()
    assert set(model.stages_) == {"counting", "preparing", "training"}
    kept = [stage for k, stage in enumerate(stages) if stages[k - 1 : k] != [stage]]
    assert kept[-3:] == ["preparing", "training", "subwords"]
    assert kept[:-3]


def test_counts_of_one_direction_train_alike(client: Any) -> None:
    counts = Cooccurrence.from_corpus(TEXT, min_count=1, window=5, symmetric=False)
    alone = Glove(deterministic=True, **settings()).fit_cooccurrence(counts)
    model = DaskGlove(client=client, partitions=1, **settings()).fit_cooccurrence(counts)
    assert same(model, alone)
    parted = DaskGlove(client=client, partitions=2, **settings()).fit_cooccurrence(counts)
    assert parted.history[-1] == pytest.approx(alone.history[-1], rel=0.05)


def test_a_file_of_stop_words_may_go_while_a_cluster_trains(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "stop"
    path.write_text("w0\nw1\n")
    model = DaskGlove(client=client, partitions=1, stop_words=str(path), **settings(epochs=1))
    model.fit(TEXT, callbacks=[lambda state: path.unlink()])
    assert not path.exists()
    assert model.settings_["stop_words"] == ["w0", "w1"]
    assert "w0" not in model.vocabulary


def test_a_matrix_that_is_not_symmetric_gives_a_warning_on_a_cluster_too(client: Any) -> None:
    matrix = [[0.0, 2.0, 1.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]]
    model = DaskGlove(client=client, partitions=1, **settings(epochs=1))
    with pytest.warns(UserWarning, match="symmetric counts are expected"):
        model.fit_cooccurrence(np.array(matrix), vocabulary=["a", "b", "c"])
    with pytest.raises(ValueError, match="symmetric must be True or False"):
        model.set_params(symmetric=1).fit_cooccurrence(np.array(matrix))


@pytest.mark.parametrize("partitions", [2, 3])
def test_groups_reach_the_loss_of_one_whoever_trains_them(
    client: Any, alone: Any, counts: Cooccurrence, partitions: int
) -> None:
    model = DaskGlove(client=client, partitions=partitions, **settings(epochs=8))
    model.fit_cooccurrence(counts, validation=0.1)
    whole = Glove(deterministic=True, **settings(epochs=8)).fit_cooccurrence(counts, validation=0.1)
    assert model.history[-1] == pytest.approx(whole.history[-1], rel=0.03)
    assert model.history.validation[-1] == pytest.approx(whole.history.validation[-1], rel=0.03)
    again = DaskGlove(client=alone, partitions=partitions, threads=2, **settings(epochs=8))
    again.fit_cooccurrence(counts, validation=0.1)
    assert same(again, model)


@pytest.mark.slow
def test_there_may_be_more_groups_than_words(alone: Any) -> None:
    model = DaskGlove(client=alone, partitions=5, dim=3, epochs=2)
    model.fit_cooccurrence(np.array([[0, 2, 1], [2, 0, 3], [1, 3, 0]]))
    assert model.W.shape == (3, 3)
    assert np.isfinite(model.history).all()


def test_there_are_as_many_groups_as_workers_by_default(client: Any, counts: Cooccurrence) -> None:
    model = DaskGlove(client=client, **settings(adjacent=None)).fit_cooccurrence(counts)
    two = DaskGlove(client=client, partitions=2, **settings()).fit_cooccurrence(counts)
    assert same(model, two)
    assert model.settings_["adjacent"] is False


def test_the_default_client_is_used(client: Any, counts: Cooccurrence) -> None:
    before = len(client.run(_logged, wait=True))
    model = DaskGlove(**settings()).fit_cooccurrence(counts)
    assert before == 2
    assert model.stages_["training"]["bytes"][0] > 0  # between the two workers of the client


def _logged(dask_worker: Any) -> int:
    return len(dask_worker.transfer_incoming_log)


def test_what_moves_between_workers_is_told(client: Any, counts: Cooccurrence) -> None:
    # The sums of bytes must not depend on a worker's log, which keeps only its last transfers.
    client.run(_forget_transfers)
    model = DaskGlove(client=client, partitions=2, **settings()).fit_cooccurrence(counts)
    stages = model.stages_
    assert set(stages) == {"preparing", "training"}
    assert stages["training"]["seconds"] == model.history.seconds
    # A context row has 20 components and 4 other numbers, padded to 32 numbers of 4 bytes. It moves
    # between the two workers at least once in each of the 2 slices of an epoch.
    row_bytes = 2 * 4 * 32
    assert all(moved >= WORDS * row_bytes for moved in stages["training"]["bytes"])


def _forget_transfers(dask_worker: Any) -> None:
    dask_worker.transfer_incoming_log = collections.deque(maxlen=1)


@pytest.mark.slow
def test_nothing_moves_between_the_workers_of_a_cluster_with_one(alone: Any) -> None:
    stages = DaskGlove(client=alone, **settings()).fit(TEXT[:100]).stages_
    assert stages["counting"]["bytes"] == stages["preparing"]["bytes"] == 0
    assert stages["training"]["bytes"] == [0] * 4


def test_words_may_start_at_given_vectors(client: Any, counts: Cooccurrence) -> None:
    words = [f"w{word}" for word in range(0, WORDS, 3)] + ["unknown"]
    given = WordVectors(words, np.random.default_rng(1).normal(size=(len(words), 20)))
    alone = Glove(deterministic=True, **settings()).fit_cooccurrence(counts, init=given)
    for partitions in (1, 2):
        model = DaskGlove(client=client, partitions=partitions, **settings())
        model.fit_cooccurrence(counts, init=given)
        assert same(model, alone) == (partitions == 1)
        assert model.history[-1] == pytest.approx(alone.history[-1], rel=0.05)


def test_training_stops_early_and_keeps_the_best_epoch(client: Any) -> None:
    counts = Cooccurrence.from_corpus(generated(60, 40), min_count=1, window=3)
    options: dict[str, Any] = {"validation": 0.3, "early_stopping": 2}
    more = settings(epochs=60, preset="paper", x_max=1.0)
    alone = Glove(deterministic=True, **more).fit_cooccurrence(counts, **options)
    model = DaskGlove(client=client, partitions=1, **more).fit_cooccurrence(counts, **options)
    assert 3 <= len(model.history) < 60
    assert same(model, alone)


def test_callbacks_see_each_epoch_and_may_stop(client: Any, counts: Cooccurrence) -> None:
    seen, states = [], []

    def callback(state: Any) -> bool:
        states.append(state)
        seen.append((state.epoch, state.loss, state.W.copy(), state.b_tilde.copy()))
        return len(seen) == 2

    model = DaskGlove(client=client, **settings(subwords=False))
    model.fit_cooccurrence(counts, callbacks=[callback])
    assert [(epoch, loss) for epoch, loss, _, _ in seen] == [*enumerate(model.history, 1)]
    assert len(model.history) == 2
    assert np.array_equal(seen[-1][2], model.W)
    assert np.array_equal(seen[-1][3], model.b_tilde)
    states[0].__dict__.pop("_sides")  # forget the arrays that were read before
    with pytest.raises(RuntimeError, match="epoch 1 is past"):
        _ = states[0].W


def test_a_finished_fit_leaves_nothing_on_the_workers(client: Any, counts: Cooccurrence) -> None:
    DaskGlove(client=client, **settings()).fit_cooccurrence(counts)
    assert_no_tasks(client)


def test_what_a_callback_raises_leaves_the_last_epoch(client: Any, counts: Cooccurrence) -> None:
    def callback(state: Any) -> None:
        if state.epoch == 2:
            raise RuntimeError("enough")

    model = DaskGlove(client=client, **settings())
    with pytest.raises(RuntimeError, match="enough"):
        model.fit_cooccurrence(counts, callbacks=[callback])
    assert len(model.history) == 2


def test_no_epoch_begins_that_would_end_too_late(client: Any, counts: Cooccurrence) -> None:
    model = DaskGlove(client=client, **settings()).fit_cooccurrence(counts, max_seconds=1e-3)
    assert len(model.history) == 1


def test_divergence_is_undone_as_on_one_machine(client: Any, counts: Cooccurrence) -> None:
    more = settings(optimizer="sgd", grad_clip=1e30, learning_rate=2.0)
    with pytest.warns(RuntimeWarning, match="diverged in epoch 1; .* halved to 1") as theirs:
        alone = Glove(deterministic=True, **more).fit_cooccurrence(counts)
    with pytest.warns(RuntimeWarning) as ours:
        model = DaskGlove(client=client, partitions=1, **more).fit_cooccurrence(counts)
    assert [str(warning.message) for warning in ours] == [str(w.message) for w in theirs]
    assert same(model, alone)


@pytest.mark.filterwarnings("ignore:training diverged")
def test_divergence_in_vain_is_an_error(client: Any, counts: Cooccurrence) -> None:
    more = settings(optimizer="sgd", grad_clip=1e30, learning_rate=1e6)
    with pytest.raises(TrainingDiverged, match=r"epoch 1, .*125000; .*learning_rate") as error:
        DaskGlove(client=client, partitions=2, **more).fit_cooccurrence(counts)
    assert error.value.history == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("checkpoint_dir", "somewhere"),
        ("resume", True),
        ("keep_counts", True),
        ("anchor", 0.1),
        ("start", Glove()),
    ],
)
def test_what_a_cluster_cannot_do_is_refused(
    counts: Cooccurrence, name: str, value: object
) -> None:
    init = WordVectors(["w1"], np.ones((1, 20)))
    options = {"init": init, name: value}
    with pytest.raises(ValueError, match=f"{name} is not possible on a cluster"):
        DaskGlove(client="none is needed", **settings()).fit_cooccurrence(counts, **options)


@pytest.mark.parametrize(
    "wrong", [{"partitions": 0}, {"dim": 0}, {"epochs": 0}, {"client": "tcp://nowhere:1"}]
)
def test_bad_parameters_are_named(counts: Cooccurrence, wrong: dict[str, Any]) -> None:
    model = DaskGlove(**{**settings(), **wrong})
    with pytest.raises(ValueError, match=next(iter(wrong))):
        model.fit_cooccurrence(counts)


def test_nothing_to_train_on_is_an_error(client: Any) -> None:
    with pytest.raises(ValueError, match="no pairs of words"):
        DaskGlove(client=client, dim=3).fit_cooccurrence(np.zeros((4, 4)))
    with pytest.raises(ValueError, match="leaves 16 records to train on and holds out 0"):
        DaskGlove(client=client, dim=3).fit_cooccurrence(np.ones((4, 4)), validation=1e-9)


def test_the_model_is_a_glove(client: Any, counts: Cooccurrence, tmp_path: Path) -> None:
    model = DaskGlove(client=client, partitions=2, **settings()).fit_cooccurrence(counts)
    assert model.get_params()["partitions"] == 2
    assert model.set_params(epochs=7).epochs == 7
    copy = pickle.loads(pickle.dumps(model))
    assert copy.client is None
    assert same(copy, model)
    model.save(tmp_path / "model")
    for loaded in (Glove.load(tmp_path / "model"), DaskGlove.load(tmp_path / "model")):
        assert same(loaded, model)
        assert loaded.epochs == 7
    assert "partitions=2" in repr(model)
    with pytest.raises(TypeError, match="windows"):
        DaskGlove(windows=3)


def test_tiles_come_back_from_a_pickle(counts: Cooccurrence) -> None:
    training = _settings.core_training(settings())
    group_counts = _core.split_counts(counts._core, 2)
    marginals = [_core.group_marginals(of_group, 1) for of_group in group_counts]
    records, sums = (sum(column) for column in zip(*marginals, strict=True))
    running: Any = {"threads": 1, "memory": None, "tmp_dir": None}
    tiles = _core.CoreTiles.of_group(group_counts[1], records, sums, 20, training, 0.1, running)
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(tiles, protocol=5, buffer_callback=buffers.append)
    assert len(pickled) < 2000  # the records are in out-of-band buffers
    # Buffers that come from another machine need not be aligned.
    moved = [np.frombuffer(b"x" + bytes(buffer), np.uint8)[1:] for buffer in buffers]
    copy = pickle.loads(pickled, buffers=moved)
    assert (copy.records, copy.held_out) == (tiles.records, tiles.held_out)
    assert 0 < copy.nbytes <= tiles.nbytes
    assert [bytes(part) for part in copy.__reduce__()[1]] == [
        bytes(part) for part in tiles.__reduce__()[1]
    ]


# --- faults --------------------------------------------------------------------------------------


def _pretend(version: str | None) -> None:
    from glove_rs.dask import _cluster

    _cluster._installed.cache_clear()

    def found(package: str) -> str:
        if package == "glove-rs" and version is None:
            raise importlib.metadata.PackageNotFoundError(package)
        return version if package == "glove-rs" else real(package)

    real = importlib.metadata.__dict__.setdefault("_real_version", importlib.metadata.version)
    importlib.metadata.version = real if version == "real" else found


@pytest.mark.parametrize("version", ["0.0.1", None])
def test_another_glove_rs_on_a_worker_is_an_error_before_any_work(
    client: Any, counts: Cooccurrence, version: str | None
) -> None:
    worker = sorted(client.nthreads())[1]
    client.run(_pretend, version, workers=[worker])
    try:
        message = f"must have glove-rs .*, but {worker} has {version or 'none'}"
        with pytest.raises(RuntimeError, match=message):
            DaskGlove(client=client, **settings()).fit_cooccurrence(counts)
    finally:
        client.run(_pretend, "real", workers=[worker])


@pytest.mark.slow
def test_a_fit_ends_if_only_workers_with_another_glove_rs_are_left(counts: Cooccurrence) -> None:
    with (
        cluster_of(2, silence_logs=50) as cluster,
        distributed.Client(cluster, set_as_default=False) as doomed,
    ):
        lost, other = sorted(doomed.nthreads())

        def callback(state: Any) -> None:
            if state.epoch == 2:
                doomed.run(_pretend, "0.0.1", workers=[other])
                doomed.retire_workers([lost])

        model = DaskGlove(client=doomed, **settings(epochs=50))
        message = f"at least one worker must have glove-rs .*, but {other} has 0.0.1"
        with pytest.raises(RuntimeError, match=message):
            model.fit_cooccurrence(counts, callbacks=[callback])
        assert_no_tasks(doomed)


@pytest.mark.slow
@pytest.mark.parametrize("of", ["text", "counts"])
def test_the_loss_of_the_scheduler_is_told(counts: Cooccurrence, of: str) -> None:
    with (
        cluster_of(1, processes=False, silence_logs=50) as cluster,
        distributed.Client(cluster, set_as_default=False) as doomed,
    ):

        def progress(stage: str, done: int, total: int, info: Any) -> None:
            if stage == "counting" or info.get("epoch") == 2:
                cluster.close()

        model = DaskGlove(client=doomed, **settings(epochs=50), progress=progress)
        message = f"the connection to the Dask scheduler {cluster.scheduler_address} was lost"
        with pytest.raises(ConnectionError, match=message):
            model.fit(TEXT[:50]) if of == "text" else model.fit_cooccurrence(counts)


def test_a_scheduler_without_workers_is_an_error(counts: Cooccurrence) -> None:
    with (
        cluster_of(0, processes=False) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
        pytest.raises(RuntimeError, match="no workers yet"),
    ):
        DaskGlove(client=client, **settings()).fit_cooccurrence(counts)


def test_ctrl_c_cancels_the_tasks_and_leaves_the_last_epoch(
    client: Any, counts: Cooccurrence
) -> None:
    def callback(state: Any) -> None:
        # Python ignores an interrupt within a finalizer of Dask. So interrupt again and again.
        if state.epoch % 50 == 2:
            threading.Timer(0.05, _thread.interrupt_main).start()

    model = DaskGlove(client=client, **settings(epochs=1000))
    with pytest.raises(KeyboardInterrupt):
        model.fit_cooccurrence(counts, callbacks=[callback])
    assert 2 <= len(model.history) < 1000
    assert np.isfinite(model.W).all()
    assert_no_tasks(client)


def assert_no_tasks(client: Any) -> None:
    end = time.monotonic() + 20
    while client.run_on_scheduler(_tasks) and time.monotonic() < end:
        time.sleep(0.05)
    assert client.run_on_scheduler(_tasks) == 0


def _tasks(dask_scheduler: Any) -> int:
    return len(dask_scheduler.tasks)


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.0, 0.05])
@pytest.mark.parametrize("of", ["text", "counts"])
@pytest.mark.parametrize("killed", [min, max])
def test_a_killed_worker_changes_nothing_of_the_outcome(
    client: Any, tmp_path: Path, counts: Cooccurrence, of: str, after: float, killed: Any
) -> None:
    text = tmp_path / "text"
    text.write_text("\n".join(TEXT))
    more = settings(epochs=6, partitions=2)

    def fitted(client: Any, **options: Any) -> DaskGlove:
        model = DaskGlove(client=client, **more)
        if of == "text":
            return model.fit(text, **options)
        return model.fit_cooccurrence(counts, **options)

    whole = fitted(client)
    with (
        cluster_of(2, silence_logs=50) as cluster,
        distributed.Client(cluster, set_as_default=False) as doomed,
    ):
        process = killed(doomed.run(os.getpid).values())

        def callback(state: Any) -> None:
            if state.epoch == 2:
                # The scheduler makes this call every two seconds. It leaves one copy of each stored
                # object, which the killed worker may have.
                doomed.amm.run_once()
            if state.epoch == 3:
                threading.Timer(after, os.kill, (process, signal.SIGKILL)).start()

        model = fitted(doomed, callbacks=[callback])
    assert same(model, whole)


# --- the command line, a cluster on this machine, wrong parameters, and no Dask ------------------


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_without_a_client_there_is_a_local_cluster_for_the_while(
    monkeypatch: pytest.MonkeyPatch, counts: Cooccurrence
) -> None:
    monkeypatch.setattr("glove_rs.dask._cluster.CPU_COUNT", 1)
    monkeypatch.setattr("glove_rs.dask._cluster.get_client", _no_client)
    model = DaskGlove(**settings()).fit_cooccurrence(counts)
    assert same(model, Glove(deterministic=True, **settings()).fit_cooccurrence(counts))


def _no_client() -> None:
    raise ValueError("No global client found")


def run_cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "glove_rs", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


def test_the_command_line_fits_on_a_cluster(client: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join(TEXT[:500]))
    (tmp_path / "b.txt").write_text("\n".join(TEXT[500:]))
    pattern, out = str(tmp_path / "*.txt"), tmp_path / "model"
    options = ["--dim", "8", "--epochs", "2", "--min-count", "1", "--blocksize", "10kB"]
    ran = run_cli(
        "fit", pattern, "--out", str(out), "--scheduler", client.scheduler.address, *options
    )
    assert ran.returncode == 0, ran.stderr
    wanted = DaskGlove(dim=8, epochs=2, min_count=1, blocksize="10kB", client=client).fit(pattern)
    made = Glove.load(out / "model.glove")
    np.testing.assert_array_equal(made.W, wanted.W)
    assert made.vocabulary.words == wanted.vocabulary.words


@pytest.mark.parametrize(
    ("corpus", "reason"),
    [
        ("-", "corpus must be files or URLs with --scheduler: workers cannot read standard input"),
        ("nowhere", "nowhere: No such file or directory"),
        ("/dev/null", "/dev/null: No regular file"),
    ],
)
def test_the_command_line_does_not_count_names_as_documents(
    client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], corpus: str, reason: str
) -> None:
    from glove_rs.cli import main

    fit = ["fit", corpus, "--out", str(tmp_path / "m"), "--min-count", "1", "--scheduler"]
    assert main([*fit, client.scheduler.address]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"glove-rs fit: {reason}"
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:1", "tls://127.0.0.1:1"])
def test_a_wrong_address_of_a_scheduler_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    from glove_rs.cli import main

    (tmp_path / "text").write_text("a b")
    fit = ["fit", str(tmp_path / "text"), "--out", str(tmp_path / "m"), "--scheduler", address]
    assert main(fit) == 2
    message = "glove-rs fit: --scheduler must be the address of a Dask scheduler, such as "
    assert f"{message}tcp://host:8786, got {address!r} (" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--partitions", "2"], "--partitions must come with --scheduler"),
        (["--scheduler", "tcp://127.0.0.1:1"], "tcp://127.0.0.1:1"),
    ],
)
def test_the_command_line_says_what_is_wrong_with_a_cluster(
    tmp_path: Path, options: list[str], reason: str
) -> None:
    (tmp_path / "text").write_text("\n".join(TEXT))
    environment = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    command = [sys.executable, "-m", "glove_rs", "fit", str(tmp_path / "text"), "--out"]
    ran = subprocess.run(
        [*command, str(tmp_path / "model"), *options],
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | environment,
    )
    assert ran.returncode in (1, 2)
    assert reason in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr


def test_dask_is_imported_only_when_it_is_used() -> None:
    code = "import glove_rs, sys; print([m for m in sys.modules if m in ('dask', 'distributed')])"
    assert run_python(code).strip() == "[]"


@pytest.mark.parametrize("missing", ["dask", pytest.param("distributed", marks=pytest.mark.slow)])
def test_without_dask_the_error_says_what_to_install(missing: str) -> None:
    code = f"""
import sys
sys.modules[{missing!r}] = None
try:
    import glove_rs.dask
except ImportError as error:
    print(error)
"""
    assert f"needs {missing}" in run_python(code)
    assert "pip install dask distributed" in run_python(code)


@pytest.mark.slow
def test_a_cluster_of_its_own_listens_to_this_machine_only(monkeypatch):
    psutil = pytest.importorskip("psutil", reason="psutil is not installed")
    from glove_rs.dask import _cluster

    monkeypatch.setattr(_cluster, "CPU_COUNT", 1)
    monkeypatch.setattr(_cluster, "get_client", _no_client)
    before = {(c.laddr.ip, c.laddr.port) for c in psutil.Process().net_connections()}
    with _cluster.cluster_of(None):
        here = psutil.Process()
        listening = {
            (connection.laddr.ip, connection.laddr.port)
            for process in (here, *here.children(recursive=True))
            for connection in process.net_connections()
            if connection.status == psutil.CONN_LISTEN
        } - before
    # At least the scheduler, a nanny and a worker.
    assert len(listening) >= 3
    assert {address for address, _ in listening} <= {"127.0.0.1", "::1"}


def _no_client() -> Any:
    raise ValueError("no client was made")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"partitions": np.array([2])}, "partitions must be an integer >= 1, got array"),
        ({"partitions": 1.5}, "partitions must be an integer >= 1, got 1.5"),
        ({"partitions": True}, "partitions must be an integer >= 1, got True"),
        ({"blocksize": "x"}, "blocksize must be a number of bytes"),
        ({"blocksize": None}, "blocksize must be a number of bytes"),
        ({"client": "tcp://host"}, "client must be a distributed.Client, got str"),
    ],
)
def test_parameters_are_refused_by_name(parameters, message):
    with pytest.raises(ValueError, match=message):
        DaskGlove(dim=2, min_count=1, **parameters).fit_cooccurrence(np.ones((2, 2)))
