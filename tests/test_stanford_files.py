"""Parameters and accumulators of Stanford's ``glove``: read, written, and trained further."""

from __future__ import annotations

import numpy as np
import pytest

import golden_files
import reference
from glove_rs import Cooccurrence, FormatError, Glove, Vocabulary, WordVectors

DIM = 10


@pytest.fixture(scope="module")
def counts():
    """Counts of 150 words, more than 100: <unk> gets the mean vector of the 100 rarest words."""
    rng = np.random.default_rng(4)
    words = np.array([f"w{k}" for k in range(150)])
    lines = [" ".join(words[(150 ** rng.random(40)).astype(int)]) for _ in range(200)]
    return Cooccurrence.from_corpus(lines, min_count=1, window=5)


@pytest.fixture(scope="module")
def model(counts):
    return Glove(DIM, preset="paper", epochs=2, deterministic=True, seed=3).fit_cooccurrence(counts)


@pytest.fixture
def saved(model, tmp_path):
    model.save_stanford(tmp_path / "vectors", gradsq=True)
    model.vocabulary.save(tmp_path / "vocab.txt")
    return tmp_path


def test_parameters_are_laid_out_as_the_format_says(model, saved):
    arrays = model._state.arrays
    for name, prefix in {"vectors.bin": "", "vectors.gradsq.bin": "G_"}.items():
        found = reference.read_stanford_parameters(saved / name, DIM, prefix)
        for key, array in found.items():
            np.testing.assert_array_equal(array, arrays[key].astype(np.float64))


def test_a_model_comes_back_to_the_bit(model, saved):
    again = Glove.load_stanford(
        saved / "vectors.bin",
        saved / "vocab.txt",
        gradsq=saved / "vectors.gradsq.bin",
        preset="paper",
        x_max=10.0,
    )
    for name, array in model._state.arrays.items():
        np.testing.assert_array_equal(again._state.arrays[name], array)
    assert again.vocabulary == model.vocabulary
    assert again.get_params()["x_max"] == 10.0
    assert (again.get_params()["dim"], again.history) == (DIM, [])
    fresh = Glove.load_stanford(saved / "vectors.bin", model.vocabulary)
    assert all((fresh._state.arrays[f"G_{name}"] == 1).all() for name in reference.MODEL)


def test_training_goes_on_as_if_the_files_had_not_been(counts, model, saved):
    settings = {"preset": "paper", "epochs": 3, "deterministic": True, "seed": 3}
    again = Glove.load_stanford(
        saved / "vectors.bin", saved / "vocab.txt", gradsq=saved / "vectors.gradsq.bin"
    )
    direct = Glove(DIM, **settings).fit_cooccurrence(counts, start=model)
    whole = Glove(DIM, **settings | {"epochs": 5}).fit_cooccurrence(counts)
    np.testing.assert_array_equal(direct.W, whole.W)
    assert direct.history == whole.history[2:]
    # The files do not contain the number of epochs. So the training of `again` begins with epoch 2
    # instead of epoch 3, and has another order of the records.
    from_files = Glove(DIM, **settings).fit_cooccurrence(counts, start=again)
    np.testing.assert_allclose(from_files.history, direct.history, rtol=0.02)


def test_a_start_must_fit(counts, model):
    with pytest.raises(ValueError, match=r"start must have dim=7, got 10"):
        Glove(7).fit_cooccurrence(counts, start=model)
    other = Cooccurrence.from_corpus(["a b c"], min_count=1)
    with pytest.raises(ValueError, match="start must have the words of X"):
        Glove(DIM).fit_cooccurrence(other, start=model)


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("unk", [False, True])
@pytest.mark.parametrize("kind", [0, 1, 2, 3])
def test_texts_of_every_model(model, tmp_path, kind, unk, header):
    model.save_stanford(tmp_path / "v", text=True, binary=False, model=kind, unk=unk, header=header)
    assert [p.name for p in tmp_path.iterdir()] == ["v.txt"]
    p = model._state.arrays
    rows = [
        np.column_stack([p["W"], p["b"], p["W_tilde"], p["b_tilde"]]),
        p["W"],
        p["W"] + p["W_tilde"],
        np.column_stack([p["W"], p["W_tilde"]]),
    ][kind]
    words = [*model.vocabulary.words, "<unk>"] if unk else model.vocabulary.words
    if unk:
        rows = np.vstack([rows, rows[-100:].mean(axis=0)])
    lines = (tmp_path / "v.txt").read_text(encoding="utf-8").splitlines()
    if header:
        assert lines.pop(0) == f"{len(words)} {rows.shape[1]}"
    assert [line.split(" ")[0] for line in lines] == words
    numbers = [line.split(" ")[1:] for line in lines]
    assert all(len(n.partition(".")[2]) == 6 for line in numbers for n in line)
    np.testing.assert_allclose(np.array(numbers, float), rows, rtol=0, atol=6e-7)
    wv = WordVectors.load(tmp_path / "v.txt")
    assert wv.index_to_key == words


def test_a_model_must_be_one_of_four(model, tmp_path):
    with pytest.raises(ValueError, match="model must be"):
        model.save_stanford(tmp_path / "v", model=4)
    assert list(tmp_path.iterdir()) == []


def test_files_that_do_not_fit_are_refused(saved, model):
    whole = (saved / "vectors.bin").read_bytes()
    for cut in (8, 12):
        (saved / "cut.bin").write_bytes(whole[:-cut])
        with pytest.raises(FormatError, match=r"cut\.bin, byte \d+: \d+ bytes are not 2 rows"):
            Glove.load_stanford(saved / "cut.bin", model.vocabulary)
    # A file in which each vector has one component less.
    (saved / "narrow.bin").write_bytes(whole[: -8 * 2 * len(model.vocabulary)])
    with pytest.raises(ValueError, match="gradsq must have the shape"):
        Glove.load_stanford(saved / "vectors.bin", model.vocabulary, gradsq=saved / "narrow.bin")
    numbers = np.frombuffer(whole).copy()
    numbers[25] = np.nan
    (saved / "nan.bin").write_bytes(numbers.tobytes())
    with pytest.raises(FormatError, match=r"nan\.bin, byte 200: this number is not finite"):
        Glove.load_stanford(saved / "nan.bin", model.vocabulary)


def test_stanfords_own_text_is_written_from_its_parameters(golden, tmp_path):
    model = Glove.load_stanford(
        golden / "train.bin", golden / "vocab.min3.txt", gradsq=golden / "train.gradsq.bin"
    )
    model.save_stanford(tmp_path / "train", gradsq=True)
    ours, theirs = WordVectors.load(tmp_path / "train.txt"), WordVectors.load(golden / "train.txt")
    assert ours.index_to_key == theirs.index_to_key
    np.testing.assert_allclose(ours.vectors, theirs.vectors, rtol=0, atol=1.1e-6)
    for name in ("train.bin", "train.gradsq.bin"):
        np.testing.assert_allclose(
            np.fromfile(tmp_path / name), np.fromfile(golden / name), rtol=6e-8, atol=0
        )


@pytest.mark.parametrize("model", [0, 1])
def test_stanfords_other_texts_are_written_from_its_parameters(tmp_path, model):
    golden = golden_files.FOLDERS[0]
    fitted = Glove.load_stanford(golden / "train.bin", golden / "vocab.min3.txt")
    fitted.save_stanford(tmp_path / "train", model=model)
    ours = WordVectors.load(tmp_path / "train.txt")
    theirs = WordVectors.load(golden / f"train.model{model}.txt")
    # After the rows of the words, Stanford's file has a row for unknown words.
    size = len(fitted.vocabulary)
    assert ours.index_to_key[:size] == theirs.index_to_key[:size]
    np.testing.assert_allclose(ours.vectors[:size], theirs.vectors[:size], rtol=0, atol=1.1e-6)


def test_words_and_counts_of_large_files_are_read_under_a_limit(counts, tmp_path):
    counts.save(tmp_path / "cooccurrence.bin")
    limited = Cooccurrence.load(
        tmp_path / "cooccurrence.bin", counts.vocabulary, memory=1_000_000, tmp_dir=tmp_path
    )
    reference.assert_same_records(limited.records(), counts.records(), rtol=0)
    native = tmp_path / "counts"
    counts.save(native)
    again = Cooccurrence.load(native, memory=1_000_000, tmp_dir=tmp_path, threads=1)
    reference.assert_same_records(again.records(), counts.records(), rtol=0)


def test_loading_reports_and_is_of_a_vocabulary_that_fits(counts, tmp_path):
    counts.save(tmp_path / "cooccurrence.bin")
    seen = []
    Cooccurrence.load(
        tmp_path / "cooccurrence.bin",
        counts.vocabulary,
        progress=lambda stage, done, total, info: seen.append((stage, done, total)),
    )
    size = (tmp_path / "cooccurrence.bin").stat().st_size
    assert seen[-1] == ("loading", size, size)
    V = len(counts.vocabulary)
    longer = Vocabulary([*counts.vocabulary, *(f"x{k}" for k in range(20))], [1] * (V + 20))
    message = f"the highest word number is {V}, but the vocabulary has {V + 20} words"
    with pytest.warns(RuntimeWarning, match=message):
        Cooccurrence.load(tmp_path / "cooccurrence.bin", longer)
