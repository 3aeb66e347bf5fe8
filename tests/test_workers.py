"""Threads and memory of `alc` and `associations`: limits hold, and results are the same."""

from __future__ import annotations

import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from glove_rs import Cooccurrence, Glove, WordVectors, alc, associations
from glove_rs._workers import Workers, product
from program import answer, reason

#: Values of `threads` and `memory`. The least memory that is allowed is 1 MB.
LIMITS = [{"threads": 1}, {"threads": 3}, {"threads": 2, "memory": "1MB"}, {"memory": 1_000_000}]


# --- the blocks -----------------------------------------------------------------------------------


@pytest.mark.slow
@given(st.integers(0, 40), st.integers(1, 5), st.integers(1, 400_000), st.integers(0, 500_000))
def test_blocks_cover_all_items_within_the_limit(total, threads, item, shared):
    workers = Workers(threads, "1MB")
    lock, running, most, taken, drawn = threading.Lock(), 0, 0, [], []
    reported: list[int] = []

    def prepare(block: slice) -> int:
        drawn.append(block.start)
        return block.start

    def work(block: slice, prepared: int) -> None:
        nonlocal running, most
        assert prepared == block.start
        with lock:
            running += block.stop - block.start
            most = max(most, running)
            taken.extend(range(block.start, block.stop))
        time.sleep(0)
        with lock:
            running -= block.stop - block.start

    workers.each(
        total, work, item=item, shared=shared, prepare=prepare, done=lambda n: reported.append(n)
    )
    assert sorted(taken) == list(range(total))
    assert drawn == sorted(drawn)
    assert sum(reported) == total
    assert shared + most * item <= 1_000_000


def test_items_run_on_as_many_threads_as_asked_for():
    for threads in (1, 2, 4):
        used, together = set(), threading.Barrier(threads)

        def work(block: slice, _: None, used=used, together=together) -> None:
            together.wait(60)  # fails unless `threads` threads work at the same time
            used.add(threading.get_ident())

        Workers(threads).each(threads, work, item=1)
        assert len(used) == threads
        assert (threading.get_ident() in used) == (threads == 1)


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_of_a_block_ends_the_call(threads):
    before = threading.active_count()
    done = []

    def work(block: slice, _: None) -> None:
        if block.start == 5:
            raise ZeroDivisionError("five")
        time.sleep(0.0001)
        done.append(block.start)

    with pytest.raises(ZeroDivisionError, match="five"):
        Workers(threads).each(10_000, work, item=1 << 30)
    assert len(done) < 9_000
    assert threading.active_count() == before

    def stop(n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Workers(threads).each(10_000, lambda block, _: time.sleep(0.001), item=1 << 30, done=stop)
    assert threading.active_count() == before


def test_a_limit_below_one_item_is_an_error():
    with pytest.raises(ValueError, match="memory must be at least 2,000,000 bytes for a row, got"):
        Workers(2, "1MB").each(
            3, lambda block, _: None, item=1_500_000, shared=500_000, what="a row"
        )


def test_warnings_of_numpy_are_off_in_threads_too():
    with warnings.catch_warnings(), np.errstate(divide="ignore"):
        warnings.simplefilter("error")
        Workers(2).each(8, lambda block, _: np.ones(3) / np.zeros(3), item=1)


def test_a_call_goes_on_if_the_system_refuses_threads(monkeypatch):
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    done = []
    Workers(3).each(9, lambda block, _: done.append(block), item=1)
    assert done


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_a_row_of_a_product_does_not_depend_on_other_rows(seed, m, k, n):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(m, k)), rng.normal(size=(n, k)).T
    whole = product(a, b)
    assert_allclose(whole, a @ b, rtol=1e-12, atol=1e-12)
    at = int(rng.integers(m))
    assert np.array_equal(product(a[at : at + 1], b)[0], whole[at])
    assert np.array_equal(product(a[at:], b), whole[at:])
    assert np.array_equal(product(a.astype(bool), b), product(a.astype(bool).astype(float), b))
    with pytest.raises(ValueError, match="as many as the rows of b"):
        product(a, np.ones((k + 1, 2)))


# --- results do not depend on threads and memory -------------------------------------------------


@pytest.fixture(scope="module")
def case() -> SimpleNamespace:
    rng = np.random.default_rng(3)
    words = [f"w{i}" for i in range(400)]
    rows = rng.normal(size=(400, 12))
    contexts = [[words[j] for j in rng.integers(400, size=n)] for n in rng.integers(1, 80, 900)]
    wv = WordVectors(words, rows)
    return SimpleNamespace(
        words=words,
        pair=(words, rows),
        contexts=contexts,
        transform=rng.normal(size=(12, 12)),
        embeddings=alc.embed(contexts, (words, rows), False),
        groups=np.array(["a", "b"])[rng.integers(2, size=900)],
        clusters=rng.integers(30, size=900),
        X={"x": rng.normal(size=900), "y": rng.integers(2, size=900).astype(float)},
        wv=wv,
        models=[WordVectors(words, rows + rng.normal(size=rows.shape) * 0.1) for _ in range(9)],
        counts=Cooccurrence.from_corpus([" ".join(c) for c in contexts], min_count=1),
    )


def _table(table: object) -> dict[str, list]:
    return {name: list(table[name]) for name in table.columns}  # type: ignore[attr-defined]


def _regressed(case: SimpleNamespace, **options: object) -> dict[str, list]:
    return _table(alc.regress(case.embeddings, case.X, permutations=40, **options))


#: Calls with the parameters threads and memory.
CALLS: dict[str, Callable[..., object]] = {
    "embed": lambda c, **k: alc.embed(c.contexts, c.pair, c.transform, **k).vectors.tolist(),
    "regress": _regressed,
    "regress with a bootstrap": lambda c, **k: _regressed(c, errors="bootstrap", bootstraps=9, **k),
    "regress with clusters": lambda c, **k: _regressed(c, cluster=c.clusters, **k),
    "nearest": lambda c, **k: _table(alc.nearest(c.embeddings, c.groups, bootstraps=30, **k)),
    "similarity": lambda c, **k: _table(
        alc.similarity(c.embeddings, c.words[:5], c.groups, bootstraps=30, **k)
    ),
    "ratio": lambda c, **k: _table(
        alc.ratio(c.embeddings, c.groups, bootstraps=30, permutations=30, **k)
    ),
    "feature_embeddings": lambda c, **k: alc.feature_embeddings(
        c.counts, c.pair, c.transform, **k
    ).vectors.tolist(),
    "weat": lambda c, **k: _table(
        associations.weat(
            c.wv,
            c.words[:20],
            c.words[20:40],
            c.words[40:50],
            c.words[50:60],
            permutations=3000,
            bootstrap=c.models,
            **k,
        )
    ),
    "weat, exact": lambda c, **k: _table(
        associations.weat(c.wv, c.words[:9], c.words[9:20], c.words[40:50], c.words[50:60], **k)
    ),
    "sc_weat": lambda c, **k: _table(
        associations.sc_weat(
            c.wv, c.words[:9], c.words[20:40], c.words[40:60], permutations=3000, **k
        )
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_results_have_the_same_bits_for_any_threads_and_memory(case, call):
    expected = call(case)
    assert expected
    for limits in LIMITS:
        assert call(case, **limits) == expected


READERS: dict[str, Callable[..., object]] = {
    "rnd": lambda c, **k: associations.rnd(c.wv, *_sets(c)[:3], bootstrap=c.models, **k),
    "ripa": lambda c, **k: associations.ripa(
        c.wv, [tuple(c.words[:2])], c.words[5:9], bootstrap=c.models, **k
    ),
    "project": lambda c, **k: associations.axis(c.wv, *_sets(c)[:2]).project(
        c.words[5:9], bootstrap=c.models, **k
    ),
}


def _sets(case: SimpleNamespace) -> list[list[str]]:
    return [case.words[at : at + 5] for at in range(0, 20, 5)]


@pytest.mark.parametrize("call", READERS.values(), ids=READERS)
def test_models_are_read_by_any_number_of_threads(case, call):
    expected = _table(call(case, threads=1))
    assert _table(call(case, threads=4)) == expected
    with pytest.raises(ValueError, match="threads must be an integer"):
        call(case, threads=0)


@pytest.mark.slow
def test_a_transform_differs_by_rounding_errors_only(case):
    expected = alc.transform_matrix(case.pair, case.counts)
    assert_allclose(alc.transform_matrix(case.pair, case.counts, threads=1), expected, rtol=1e-12)
    assert 40 * case.counts.nnz > 500_000  # so the counts are unpacked in blocks
    limited = alc.transform_matrix(case.pair, case.counts, memory="1MB", threads=2)
    assert_allclose(limited, expected, rtol=1e-8, atol=1e-10)
    text = [" ".join(words) for words in case.contexts]
    model = Glove(dim=4, epochs=1, min_count=1, threads=1, progress=False).fit(iter(text))
    found = alc.embed(text[:9], model, threads=2, memory="1MB")
    assert_allclose(found.vectors, alc.embed(text[:9], model).vectors, rtol=1e-6, atol=1e-9)


@pytest.mark.slow
def test_inputs_that_exceed_the_memory_are_refused(case):
    n = 130_000
    many = case.embeddings[np.arange(n) % 900]
    x = np.arange(n, dtype=float)
    for call, item in [
        (lambda **k: alc.regress(many, x, errors=None, permutations=9, **k), "a permutation"),
        (lambda **k: alc.regress(many, x, permutations=0, **k), "the products of an embedding"),
        (lambda **k: alc.regress(many, x, errors="bootstrap", **k), "the sums of a regression"),
        (
            lambda **k: alc.regress(many, x, errors=None, cluster=x // 2, **k),
            "a permutation of cells",
        ),
        (lambda **k: alc.nearest(many, bootstraps=9, **k), "a draw"),
        (lambda **k: alc.ratio(many, x > 9, permutations=9, **k), "a permutation"),
        (
            lambda **k: associations.weat(
                case.wv, *[case.words[20 * i : 20 * i + 20] for i in range(4)], exact=True, **k
            ),
            "an exact p-value",
        ),
    ]:
        with pytest.raises(ValueError, match=f"memory must be at least [0-9,]+ bytes for {item}"):
            call(memory="1MB")
    large = (["a"], np.ones((1, 5000)))
    with pytest.raises(ValueError, match=r"memory must be at least .* 32 word vectors"):
        alc.embed([["a"]], large, False, memory="1MB")
    with pytest.raises(ValueError, match=r"memory must be at least .* the counts of one word"):
        alc.feature_embeddings(case.counts, (["w1"], np.ones((1, 20_000))), False, memory="1MB")


@pytest.mark.slow
def test_memory_limits_the_arrays_of_a_call():
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(1500)]
    found = alc.embed([[word] for word in words], (words, rng.normal(size=(1500, 20))), False)
    x = rng.normal(size=1500)
    calls = {
        "permutations": lambda **k: alc.regress(found, x, errors=None, permutations=3000, **k),
        "jackknife": lambda **k: alc.regress(found, x, permutations=0, **k),
        "draws": lambda **k: alc.nearest(found, bootstraps=3000, **k),
    }

    def peak(call: Callable[..., object], **limits: object) -> int:
        call(**limits)  # so that modules are imported before
        tracemalloc.start()
        try:
            call(threads=2, **limits)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    for name, call in calls.items():
        # The limit is for the blocks. The vectors, the residuals and a few arrays of their size
        # (240 kB) take more memory.
        assert peak(call, memory="1MB") < 3_000_000, name
        assert peak(call) > 4_000_000, name


# --- threads limit what numpy does ---------------------------------------------------------------


@pytest.mark.slow
def test_one_thread_is_one_thread_and_two_are_more():
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(2000)]
    found = alc.embed([[word] for word in words], (words, rng.normal(size=(2000, 100))), False)
    x = rng.normal(size=2000)

    def others(threads: int) -> float:
        """The share of the CPU time of these calls that threads other than this one use."""
        time.sleep(0.3)  # threads of BLAS wait actively for a short time
        process, own = time.process_time(), time.thread_time()
        alc.regress(found, x, permutations=500, threads=threads)
        alc.nearest(found, bootstraps=500, threads=threads)
        process, own = time.process_time() - process, time.thread_time() - own
        return 1 - own / process

    assert others(1) < 0.2
    assert others(2) > 0.5


# --- the command line ----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_takes_threads_and_memory(tmp_path):
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(80)]
    path, sets = tmp_path / "vectors", tmp_path / "sets.json"
    WordVectors(words, rng.normal(size=(80, 5))).save(path)
    sets.write_text(
        '{"a": ["w0"], "b": ["w1"], "x": '
        + str(words[10:40]).replace("'", '"')
        + ', "y": '
        + str(words[40:70]).replace("'", '"')
        + "}"
    )
    run = ("associations", path, sets, "--weat", "x", "y", "a", "b", "--json")
    assert answer(*run, "--threads", 2, "--memory", "1MB") == answer(*run)
    assert "memory must be" in reason(2, *run, "--memory", "7")
    rnd = ("associations", path, sets, "--rnd", "x", "y", "a")
    assert "--threads needs --weat or --sc-weat" in reason(2, *rnd, "--threads", 2)
