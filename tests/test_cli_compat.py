"""``glove-rs compat``: Stanford's command lines, as scripts run them.

Stanford's tools wrote the golden files (``golden/README.md``). If GLOVE_RS_STANFORD names the
folder with the built tools, a test also runs Stanford's four programs, with one of them in turn
replaced by ``glove-rs compat``.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

import golden_files
import reference
from glove_rs import Cooccurrence, Glove, Vocabulary, WordVectors, _core
from glove_rs.cli import main
from glove_rs.cli.compat import TOOLS
from golden_files import DIM
from program import call, done, reason


def compat(*arguments, **options) -> bytes:
    return done("compat", *arguments, **options)


def losses(result: subprocess.CompletedProcess[bytes]) -> list[float]:
    """The costs that a run of ``glove`` printed. Its epochs must be numbered from 1."""
    lines = re.findall(r"iter: (\d{3}), cost: (\d\.\d{6})$", result.stderr.decode(), re.M)
    assert [int(number) for number, _ in lines] == list(range(1, len(lines) + 1))
    return [float(cost) for _, cost in lines]


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> bytes:
    """A random text of 200 documents, whose words have Zipf's frequencies."""
    rng = np.random.default_rng(11)
    words = np.array([f"w{k}" if k % 7 else f"wört{k}" for k in range(300)])
    return "".join(
        " ".join(words[(300 ** rng.random(n)).astype(int)]) + "\n" for n in rng.integers(0, 80, 200)
    ).encode()


@pytest.fixture(scope="module")
def counted(text, tmp_path_factory) -> Path:
    """A folder with the files that vocab_count and cooccur write."""
    folder = tmp_path_factory.mktemp("counted")
    (folder / "vocab.txt").write_bytes(compat("vocab_count", "-min-count", 3, stdin=text))
    records = compat("cooccur", "-window-size", 5, stdin=text, cwd=folder)
    (folder / "cooccurrence.bin").write_bytes(records)
    return folder


def train(folder: Path, save: str, *arguments: object, code: int = 0):
    result = call(
        *("compat", "glove", "-input-file", "cooccurrence.bin", "-save-file", save),
        *("-vector-size", DIM, "-x-max", 10, "-threads", 1, *arguments),
        cwd=folder,
    )
    assert result.returncode == code, result.stderr.decode()
    return result


# --- vocabulary and counts ------------------------------------------------------------------------


def test_vocabularies_are_stanfords_byte_for_byte(golden_vocabulary):
    corpus = golden_vocabulary.with_name("corpus.txt").read_bytes()
    flags = golden_files.vocabulary_flags(golden_vocabulary)
    assert compat("vocab_count", *flags, stdin=corpus) == golden_vocabulary.read_bytes()


def test_counts_are_stanfords_record_for_record(golden_counts, tmp_path):
    corpus = golden_counts.with_name("corpus.txt").read_bytes()
    flags = golden_files.counting_flags(golden_counts)
    (tmp_path / "ours.bin").write_bytes(compat("cooccur", *flags, stdin=corpus, cwd=tmp_path))
    reference.assert_same_records(
        reference.read_stanford_records(tmp_path / "ours.bin"),
        reference.read_stanford_records(golden_counts),
    )
    assert [p.name for p in tmp_path.iterdir()] == ["ours.bin"]


def test_vocabulary_and_counts_are_those_of_the_definition(text, counted):
    documents = [line.split() for line in text.decode().splitlines()]
    words, counts = reference.vocabulary(documents, min_count=3)
    expected = "".join(f"{w} {n}\n" for w, n in zip(words, counts, strict=True))
    assert (counted / "vocab.txt").read_text(encoding="utf-8") == expected
    reference.assert_same_records(
        reference.read_stanford_records(counted / "cooccurrence.bin"),
        reference.cooccurrence(documents, words, window=5),
    )


def test_a_small_memory_changes_nothing(text, counted):
    records = compat(
        *("cooccur", "-window-size", 5, "-memory", 0.001, "-overflow-file", counted / "tmp"),
        stdin=text,
        cwd=counted,
    )
    ours = np.frombuffer(records, reference.STANFORD_RECORD)
    expected = np.fromfile(counted / "cooccurrence.bin", reference.STANFORD_RECORD)
    np.testing.assert_array_equal(ours[["word1", "word2"]], expected[["word1", "word2"]])
    np.testing.assert_allclose(ours["x"], expected["x"], rtol=1e-9)


def test_the_word_for_unknown_words_is_refused_in_a_text():
    message = reason(1, "compat", "vocab_count", stdin=b"a <unk> b\n")
    assert message == (
        "glove-rs compat vocab_count: the text has a word <unk>, which is reserved for unknown "
        "words: rename it"
    )


# --- shuffle --------------------------------------------------------------------------------------


def test_a_shuffle_is_a_permutation_fixed_by_its_seed(counted):
    sorted_ = (counted / "cooccurrence.bin").read_bytes()
    once = compat("shuffle", "-seed", 1, "-verbose", 0, stdin=sorted_)
    records = np.frombuffer(once, "V16")
    assert sorted(records.tolist()) == sorted(np.frombuffer(sorted_, "V16").tolist())
    assert once != sorted_
    few = ["-array-size", 100, "-temp-file", counted / "temp"]
    assert compat("shuffle", "-seed", 1, *few, stdin=sorted_) == once
    assert compat("shuffle", "-seed", 2, stdin=sorted_) != once
    # After the shuffle, the rows of consecutive records are not correlated.
    rows = np.frombuffer(once, reference.STANFORD_RECORD)["word1"].astype(float)
    assert abs(np.corrcoef(rows[:-1], rows[1:])[0, 1]) < 0.05


def test_the_seed_that_the_clock_gave_is_said(counted):
    records = (counted / "cooccurrence.bin").read_bytes()
    result = call("compat", "shuffle", stdin=records)
    seed = re.search(r"Using random seed (\d+)", result.stderr.decode())
    assert seed is not None
    assert compat("shuffle", "-seed", seed[1], stdin=records) == result.stdout


def test_a_cut_record_is_refused():
    result = call("compat", "shuffle", "-seed", 1, stdin=b"x" * 40)
    assert result.returncode == 1
    message = result.stderr.decode().splitlines()[-1]
    assert message.endswith("standard input, byte 32: the last record is cut off: 8 bytes of 16"), (
        message
    )


# --- training -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_files_are_named_and_laid_out_as_theirs(counted):
    result = train(
        *(counted, "all", "-iter", 5, "-checkpoint-every", 2, "-binary", 2),
        *("-gradsq-file", "sums", "-save-init-param", 1, "-write-header", 1, "-model", 0),
    )
    assert len(losses(result)) == 5
    numbers = ["", ".000", ".002", ".004"]
    made = {p.name for p in counted.glob("all*")} | {p.name for p in counted.glob("sums*")}
    assert made == {f"{b}{n}.{e}" for b in ("all", "sums") for n in numbers for e in ("bin", "txt")}

    vocabulary = Vocabulary.load(counted / "vocab.txt")
    V = len(vocabulary)
    model = Glove.load_stanford(counted / "all.bin", vocabulary, gradsq=counted / "sums.bin")
    p = model._state.arrays
    lines = (counted / "all.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"{V + 1} {2 * DIM + 2}"
    everything = WordVectors.load(counted / "all.txt")
    assert everything.index_to_key == [*vocabulary.words, "<unk>"]
    rows = np.column_stack([p["W"], p["b"], p["W_tilde"], p["b_tilde"]])
    np.testing.assert_allclose(everything.vectors[:V], rows, atol=1e-6)
    np.testing.assert_allclose(everything["<unk>"], rows[-100:].mean(axis=0), atol=1e-6)
    sums = WordVectors.load(counted / "sums.txt")
    assert sums.index_to_key == vocabulary.words
    rows = np.column_stack([p["G_W"], p["G_b"], p["G_W_tilde"], p["G_b_tilde"]])
    np.testing.assert_allclose(sums.vectors, rows, rtol=1e-6, atol=1e-6)

    first = reference.read_stanford_parameters(counted / "all.000.bin", DIM)
    for name in reference.MODEL:
        assert -0.5 / DIM <= first[name].min() < -0.4 / DIM
        assert 0.4 / DIM < first[name].max() <= 0.5 / DIM
    assert (np.fromfile(counted / "sums.000.bin") == 1).all()


@pytest.mark.parametrize(("model", "how"), [(1, "word"), (2, "sum"), (3, "concat")])
def test_models_of_text(counted, model, how):
    from glove_rs.vectors import combine

    train(counted, f"m{model}", "-iter", 1, "-model", model, "-binary", 2)
    fitted = Glove.load_stanford(counted / f"m{model}.bin", counted / "vocab.txt")
    found = WordVectors.load(counted / f"m{model}.txt")
    expected = combine(fitted.W, fitted.W_tilde, how)
    np.testing.assert_allclose(found.vectors[:-1], expected, atol=1e-6)
    assert not (counted / f"m{model}.txt").read_text(encoding="utf-8").startswith("1")


@pytest.mark.slow
def test_binary_decides_what_is_written(counted):
    train(counted, "text", "-iter", 1)
    train(counted, "bin", "-iter", 1, "-binary", 1, "-save-gradsq", 1)
    assert {p.name for p in counted.glob("text.*")} == {"text.txt"}
    assert {p.name for p in counted.glob("bin.*")} == {"bin.bin"}
    assert {p.name for p in counted.glob("gradsq*")} == {"gradsq.bin"}


@pytest.mark.slow
def test_with_one_thread_the_seed_decides(counted):
    # The same checks as in randomization.test.sh, a test of Stanford's tools.
    def trained(save, *flags):
        train(counted, save, "-iter", 3, "-binary", 1, *flags)
        return (counted / f"{save}.bin").read_bytes()

    base = trained("base", "-seed", 1, "-save-init-param", 1)
    assert trained("same", "-seed", 1) == base
    assert trained("other", "-seed", 2) != base
    loaded = ["-load-init-param", 1, "-init-param-file", "base.000.bin", "-save-init-param", 1]
    assert trained("loaded", *loaded) == base
    first = [(counted / f"{name}.000.bin").read_bytes() for name in ("base", "loaded")]
    assert first[0] == first[1]


@pytest.mark.slow
def test_a_checkpoint_goes_on_as_if_there_had_been_no_pause(counted):
    # The last check of randomization.test.sh, and a comparison of the losses.
    flags = ["-checkpoint-every", 2, "-binary", 1]
    whole = train(counted, "whole", "-iter", 6, "-gradsq-file", "whole.gradsq", *flags)
    rest = train(
        *(counted, "rest", "-iter", 4, "-gradsq-file", "rest.gradsq", *flags),
        *("-load-init-param", 1, "-init-param-file", "whole.002.bin"),
        *("-load-init-gradsq", 1, "-init-gradsq-file", "whole.gradsq.002.bin"),
    )
    assert losses(rest) == losses(whole)[2:]
    for before, after in {".004": ".002", ".006": ".004", "": ""}.items():
        for kind in ("", ".gradsq"):
            a, b = counted / f"whole{kind}{before}.bin", counted / f"rest{kind}{after}.bin"
            assert a.read_bytes() == b.read_bytes(), a.name


@pytest.mark.slow
def test_stanfords_checkpoint_goes_on_where_it_stopped(golden, golden_losses, tmp_path):
    (tmp_path / "cooccurrence.bin").write_bytes((golden / "cooc.shuf.bin").read_bytes())
    vocabulary = ["-vocab-file", golden / "vocab.min3.txt"]
    begun = train(
        *(tmp_path, "begun", "-iter", 3, *vocabulary),
        *("-load-init-param", 1, "-init-param-file", golden / "train.000.bin"),
    )
    np.testing.assert_allclose(losses(begun), golden_losses, rtol=0.05)
    more = train(
        *(tmp_path, "more", "-iter", 2, "-binary", 1, *vocabulary),
        *("-load-init-param", 1, "-init-param-file", golden / "train.bin"),
        *("-load-init-gradsq", 1, "-init-gradsq-file", golden / "train.gradsq.bin"),
    )
    start = {
        **reference.read_stanford_parameters(golden / "train.bin", DIM),
        **reference.read_stanford_parameters(golden / "train.gradsq.bin", DIM, "G_"),
    }
    records = reference.read_stanford_records(golden / "cooc.shuf.bin")
    _, expected, _ = reference.train(start, *records, reference.Config(x_max=10.0), epochs=2)
    # `compat glove` trains in another order than the reference (see test_golden.py).
    np.testing.assert_allclose(losses(more), expected, rtol=0.03)
    assert losses(more)[0] < golden_losses[-1]


def test_the_python_api_goes_on_from_stanfords_files(golden, golden_losses):
    X = Cooccurrence.load(golden / "cooc.shuf.bin", Vocabulary.load(golden / "vocab.min3.txt"))
    start = Glove.load_stanford(
        golden / "train.bin", golden / "vocab.min3.txt", gradsq=golden / "train.gradsq.bin"
    )
    assert start.W.shape == (len(X.vocabulary), DIM)
    model = Glove(DIM, preset="paper", x_max=10.0, epochs=2).fit_cooccurrence(X, start=start)
    last = golden_losses[-1]
    assert last > model.history[0] > model.history[1] > 0.9 * last


# --- the command line itself ----------------------------------------------------------------------


def test_flags_without_a_meaning_are_said_once(text, counted):
    result = call(
        *("compat", "cooccur", "-window-size", 5, "-max-product", 100, "-overflow-length", 5),
        *("-verbose", 0, "-nonsense", 3),
        stdin=text,
        cwd=counted,
    )
    assert result.returncode == 0
    assert result.stdout == (counted / "cooccurrence.bin").read_bytes()
    assert result.stderr.decode().splitlines() == [
        "-max-product -overflow-length has no effect here: ignored",
        "-nonsense 3 is not known: ignored",
    ]


def test_the_first_of_two_equal_flags_counts(text, counted):
    # The second value is not even checked.
    for second in (1, 0):
        flags = ["-window-size", 5, "-window-size", second, "-verbose", 0]
        found = compat("cooccur", *flags, stdin=text, cwd=counted)
        assert found == (counted / "cooccurrence.bin").read_bytes()


@pytest.mark.parametrize("tool", ["vocab_count", "cooccur", "shuffle", "glove"])
def test_help_names_every_flag_and_a_missing_value_fails(tool):
    shown = compat(tool, "-help").decode()
    assert f"glove-rs compat {tool} " in shown.split("example:")[1]
    assert "-verbose <int>" in shown
    message = reason(1, "compat", tool, "-verbose")
    assert message == f"glove-rs compat {tool}: -verbose needs a value"
    assert "-verbose must be an integer, got 'x'" in reason(1, "compat", tool, "-verbose", "x")


NUMBERS = [
    (name, flag)
    for name, tool in TOOLS.items()
    for flag in tool.flags
    if not isinstance(flag.default, str)
]


@pytest.mark.parametrize(("tool", "flag"), NUMBERS, ids=lambda part: getattr(part, "name", part))
def test_a_number_out_of_range_is_refused_by_flag_and_range(tool, flag, capsys):
    wrong = ["nan", "abc", "", "9" * 400]
    if isinstance(flag.default, float):
        wrong += ["-1", "0"] if flag.above else ["-1"]
        limit = "a finite number >"
    else:
        wrong += ["1e30", str(flag.most + 1)]
        wrong += [] if flag.least is None else [str(flag.least - 1), "-3"]
        limit = "an integer"
    for value in wrong:
        assert main(["compat", tool, f"-{flag.name}", value]) == 1, value
        message = capsys.readouterr().err
        assert message.startswith(f"glove-rs compat {tool}: -{flag.name} must be {limit}"), message
        assert len(message) < 300
        if isinstance(flag.default, int):
            limits = [f">= {flag.least}", f"from {flag.least} to {flag.most}"]
            assert flag.least is None or any(limit in message for limit in limits), message


def test_a_negative_limit_of_words_keeps_all_as_stanfords_tool_does():
    assert compat("vocab_count", "-max-vocab", -1, stdin=b"a b a\n") == b"a 2\nb 1\n"


def test_a_learning_rate_that_diverges_is_named_by_its_flag(counted):
    result = train(counted, "diverged", "-eta", "1e30", "-iter", 1, code=1)
    assert result.stderr.decode().endswith("start with a smaller -eta\n")
    result = train(counted, "tiny", "-eta", "1e-50", "-iter", 1, code=1)
    expected = "-eta must be a finite 32-bit float > 0, got 1e-50\n"
    assert result.stderr.decode().endswith(expected)


def test_random_parameters_refuse_a_dim_out_of_range():
    for dim in (0, 2**20 + 1):
        with pytest.raises(ValueError, match=f"dim must be between 1 and 1048576, got {dim}"):
            _core.random_parameters(0, 1, dim, 1)


def test_a_seed_is_not_rounded(counted):
    records = (counted / "cooccurrence.bin").read_bytes()
    seeds = [2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]
    results = [call("compat", "shuffle", "-seed", seed, stdin=records) for seed in seeds]
    assert len({result.stdout for result in results}) == len(seeds)
    for seed, result in zip(seeds, results, strict=True):
        assert f"Using random seed {seed}\n" in result.stderr.decode()


def test_huge_numbers_of_epochs_are_not_listed(counted):
    flags = ["-iter", 10**12, "-checkpoint-every", 1, "-vocab-file", "none.txt"]
    message = reason(1, "compat", "glove", *flags, cwd=counted)
    assert message == "glove-rs compat glove: none.txt: No such file or directory"


def test_a_checkpoint_must_not_replace_an_input_or_another_output(counted):
    (counted / "same.002.bin").write_bytes((counted / "cooccurrence.bin").read_bytes())
    flags = ["-iter", 4, "-checkpoint-every", 1, "-binary", 1, "-save-file", "same"]
    message = reason(1, "compat", "glove", *flags, "-input-file", "same.002.bin", cwd=counted)
    assert "-save-file must be another file than the input same.002.bin" in message
    message = reason(1, "compat", "glove", *flags, "-gradsq-file", "same.003", cwd=counted)
    assert "must be another file than that of -save-file, got same.003.bin" in message


def test_tools_that_need_flags_print_their_usage_without():
    for tool in ("cooccur", "glove"):
        assert compat(tool) == compat(tool, "-help")
    assert compat("vocab_count", stdin=b"a b a\n") == b"a 2\nb 1\n"
    assert "TOOL must be one of" in reason(2, "compat", "word2vec")


@pytest.mark.slow
def test_what_goes_wrong_is_one_line_and_1(text, counted, tmp_path):
    missing = reason(1, "compat", "cooccur", "-vocab-file", "none.txt", stdin=text)
    assert missing == "glove-rs compat cooccur: none.txt: No such file or directory"
    (counted / "cut.bin").write_bytes((counted / "cooccurrence.bin").read_bytes()[:-3])
    result = call("compat", "glove", "-input-file", "cut.bin", "-seed", 1, cwd=counted)
    assert result.returncode == 1
    assert re.search(r"cut\.bin, byte \d+: the last record is cut off", result.stderr.decode())
    result = train(
        *(counted, "x", "-iter", 1, "-load-init-param", 1, "-init-param-file", "none.bin"),
        code=1,
    )
    assert "none.bin" in result.stderr.decode().splitlines()[-1]
    narrow = tmp_path / "narrow"
    Glove(3, epochs=1).fit_cooccurrence(
        Cooccurrence.load(counted / "cooccurrence.bin", Vocabulary.load(counted / "vocab.txt"))
    ).save_stanford(narrow)
    result = train(
        *(counted, "x", "-load-init-param", 1, "-init-param-file", f"{narrow}.bin"), code=1
    )
    assert "have 3 components, but -vector-size is 10" in result.stderr.decode().splitlines()[-1]


# --- with Stanford's programs ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def tools() -> Path:
    folder = os.environ.get("GLOVE_RS_STANFORD")
    if not folder:
        pytest.skip("set GLOVE_RS_STANFORD to the folder of Stanford's built tools")
    return Path(folder)


def theirs(tools: Path, tool: str, *flags: object, cwd: Path, stdin: bytes = b""):
    return subprocess.run(
        [tools / tool, *map(str, flags)], input=stdin, capture_output=True, cwd=cwd, check=True
    )


@pytest.mark.parametrize("ours", ["vocab_count", "cooccur", "shuffle", "glove"])
def test_any_stage_can_be_ours(tools, text, tmp_path, ours):
    def stage(tool, *flags, stdin=b""):
        if tool == ours:
            result = call("compat", tool, *flags, stdin=stdin, cwd=tmp_path)
            assert result.returncode == 0, result.stderr.decode()
            return result
        return theirs(tools, tool, *flags, stdin=stdin, cwd=tmp_path)

    # Stanford's `cooccur` may count the first pair twice, which matters less in a longer text.
    text = text * 3
    (tmp_path / "vocab.txt").write_bytes(stage("vocab_count", "-min-count", 3, stdin=text).stdout)
    records = stage("cooccur", "-window-size", 5, "-memory", 0.1, stdin=text).stdout
    shuffled = stage("shuffle", "-memory", 0.1, "-seed", 1, stdin=records).stdout
    (tmp_path / "cooccurrence.shuf.bin").write_bytes(shuffled)
    flags = ["-vector-size", DIM, "-x-max", 10, "-threads", 1, "-iter", 4, "-seed", 1]
    flags += ["-binary", 2]
    sums = ["-gradsq-file", "gradsq"]
    costs = losses(stage("glove", *flags, *sums))
    # Files of other names, so that the files of the first `glove` stay.
    apart = ["-save-file", "theirs", "-gradsq-file", "their-gradsq"]
    expected = losses(theirs(tools, "glove", *flags, *apart, cwd=tmp_path))
    np.testing.assert_allclose(costs, expected, rtol=0.05)
    # Stanford's `glove` continues from the files that ours wrote, and ours from those of Stanford.
    other = ["-load-init-param", 1, "-init-param-file", "vectors.bin", "-save-file", "more"]
    other += ["-load-init-gradsq", 1, "-init-gradsq-file", "gradsq.bin"]
    other += ["-gradsq-file", "more-gradsq"]
    if ours == "glove":
        more = theirs(tools, "glove", *flags, *other, cwd=tmp_path)
    else:
        more = call("compat", "glove", *flags, *other, cwd=tmp_path)
    assert costs[-1] > losses(more)[0] > 0.85 * costs[-1]
