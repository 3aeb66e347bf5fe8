"""Outputs: no file of the user is lost, and outputs appear complete or not at all."""

import contextlib
import io
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from glove_rs import (
    Cooccurrence,
    Glove,
    Phrases,
    Subwords,
    Vocabulary,
    WordVectors,
    _core,
    bootstrap,
)
from glove_rs.cli import main
from program import PROGRAM

TEXT = "a b c d e f\n" * 50
SMALL = ["--dim", "2", "--epochs", "1", "--min-count", "1"]
TRAINING = " -vector-size 2 -iter 1 -binary 2"
FILES = {"history.csv", "model.glove", "settings.json", "vocab.txt"}

needs_unix = pytest.mark.skipif(os.name == "nt", reason="needs the files of Unix")


def run(arguments):
    """Run a command line in this process. Return its exit code and its messages."""
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = main(list(map(str, arguments)))
        except SystemExit as end:
            code = end.code
    assert "Traceback" not in errors.getvalue()
    return code, errors.getvalue()


def done(*arguments):
    """Run a command line that must succeed."""
    code, errors = run(arguments)
    assert code == 0, errors


def reason(code, *arguments):
    """Run a command line that must fail with `code`. Return the last line of its messages."""
    found, errors = run(arguments)
    assert found == code, errors
    return errors.splitlines()[-1]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current directory beside a corpus."""
    (tmp_path / "c.txt").write_text(TEXT)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture(scope="module")
def model():
    return Glove(dim=2, epochs=1, min_count=1).fit(TEXT.splitlines())


@pytest.fixture(scope="module")
def counts():
    return Cooccurrence.from_corpus(TEXT.splitlines(), min_count=1)


def savers(model, counts):
    """The methods that these tests call to write one file, with the methods that read it."""
    words = model.vocabulary
    return {
        "Glove.save": (model.save, Glove.load),
        "save_word2vec": (model.save_word2vec, WordVectors.load),
        "save_word2vec binary": (
            lambda path: model.save_word2vec(path, binary=True),
            WordVectors.load,
        ),
        "WordVectors.save": (model.vectors.save, WordVectors.load),
        "save_glove": (model.vectors.save_glove, WordVectors.load),
        "Vocabulary.save": (words.save, Vocabulary.load),
        "Cooccurrence.save": (counts.save, Cooccurrence.load),
        "records": (counts._core.save_stanford, lambda path: Cooccurrence.load(path, words)),
    }


SAVERS = [
    "Glove.save",
    "save_word2vec",
    "save_word2vec binary",
    "WordVectors.save",
    "save_glove",
    "Vocabulary.save",
    "Cooccurrence.save",
    "records",
]


@pytest.fixture(params=SAVERS)
def saver(request, model, counts):
    return savers(model, counts)[request.param]


def test_the_list_of_savers_is_complete(model, counts):
    assert list(savers(model, counts)) == SAVERS


# --- how each method writes its file --------------------------------------------------------------


@needs_unix
def test_a_link_keeps_pointing_at_what_is_written(saver, here):
    save, load = saver
    os.symlink("target", "link")  # the target does not exist yet
    for _ in range(2):
        save("link")
        assert os.readlink("link") == "target"
        load("target")
    assert sorted(os.listdir()) == ["link", "target"]


@needs_unix
def test_a_pipe_is_written_to(saver, here):
    save, load = saver
    os.mkfifo("pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_bytes()))
    reader.start()
    save("pipe")
    reader.join(60)
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    Path("copy").write_bytes(read[0])
    load("copy")
    assert sorted(os.listdir()) == ["copy", "pipe"]


def interrupted(save, path):
    """Call a saver, and send Ctrl-C after 0.3 seconds, while the saver waits for a pipe."""
    pressed = threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT])
    pressed.start()
    with pytest.raises(KeyboardInterrupt):
        save(path)
    pressed.join()


@pytest.mark.slow
@needs_unix
def test_ctrl_c_ends_the_wait_for_somebody_to_read_a_pipe(saver, here):
    os.mkfifo("pipe")
    interrupted(saver[0], "pipe")
    assert os.listdir() == ["pipe"]


@pytest.mark.slow
@needs_unix
@pytest.mark.parametrize("kind", ["Glove.save", "Vocabulary.save", "save_word2vec"])
def test_ctrl_c_ends_the_wait_for_a_reader_that_has_stopped(kind, here):
    words = Vocabulary([f"word{k}" for k in range(30_000)], [1] * 30_000)
    rows = np.zeros((len(words), 2), np.float32)
    model = Glove(dim=2, epochs=1, min_count=1).fit([words.words])
    save = {
        "Glove.save": model.save,
        "Vocabulary.save": words.save,
        "save_word2vec": WordVectors(words.words, rows).save_word2vec_format,
    }[kind]
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        interrupted(save, "pipe")
    finally:
        os.close(reader)


@needs_unix
def test_a_device_is_written_to(saver, here):
    try:
        os.mknod("null", 0o600 | stat.S_IFCHR, os.stat("/dev/null").st_rdev)
        Path("null").write_bytes(b"x")
    except OSError:
        pytest.skip("this user cannot make a device, and the test must not risk /dev/null")
    saver[0]("null")
    assert stat.S_ISCHR(os.stat("null").st_mode)
    assert os.listdir() == ["null"]


@needs_unix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o007])
def test_a_new_file_has_the_mode_of_the_umask_and_an_old_one_keeps_its_own(saver, here, umask):
    before = os.umask(umask)
    try:
        saver[0]("new")
        assert stat.S_IMODE(os.stat("new").st_mode) == 0o666 & ~umask
        os.chmod("new", 0o604)
        saver[0]("new")
        assert stat.S_IMODE(os.stat("new").st_mode) == 0o604
        assert os.umask(umask) == umask
    finally:
        os.umask(before)


@needs_unix
def test_saving_never_touches_the_umask(saver, here, monkeypatch):
    def touched(mask):
        raise AssertionError("the umask belongs to the whole process")

    monkeypatch.setattr(os, "umask", touched)
    saver[0]("new")


def test_the_longest_name_is_written_and_a_longer_one_is_refused_with_its_errno(saver, here):
    save, load = saver
    longest = "n" * 255
    save(longest)
    load(longest)
    with pytest.raises(OSError, match="name too long") as error:
        save(longest + "n")
    assert (error.value.errno, error.value.filename) == (36, longest + "n")
    assert os.listdir() == [longest]


def test_a_folder_and_a_missing_folder_are_errors_with_the_path(saver, here):
    os.mkdir("folder")
    with pytest.raises(IsADirectoryError) as error:
        saver[0]("folder")
    assert error.value.filename == "folder"
    with pytest.raises(FileNotFoundError) as error:
        saver[0]("no/such")
    assert error.value.filename == "no/such"
    assert os.listdir() == ["folder"]
    assert os.listdir("folder") == []


@needs_unix
def test_a_read_only_file_system_is_errno_30(saver, tmp_path):
    place = tmp_path / "mounted"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "none", place]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no right to mount")
    try:
        with pytest.raises(OSError, match="Read-only") as error:
            saver[0](place / "file")
        assert (error.value.errno, error.value.filename) == (30, str(place / "file"))
    finally:
        subprocess.run(["umount", place], check=True)


@needs_unix
def test_a_full_file_system_keeps_the_old_file(saver, tmp_path):
    place = tmp_path / "mounted"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", place]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no right to mount")
    try:
        (place / "file").write_bytes(b"old" * 1000)
        with (place / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(4096)):
                pass
        with pytest.raises(OSError, match="No space") as error:
            saver[0](place / "file")
        assert (error.value.errno, error.value.filename) == (28, str(place / "file"))
        assert (place / "file").read_bytes() == b"old" * 1000
        assert sorted(os.listdir(place)) == ["file", "filler"]
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_leftover_of_the_same_target_is_removed_and_no_other_file(saver, here):
    leftover = Path(".file.glove-rs-0.tmp")
    others = [".file.x.glove-rs-0.tmp", ".file.glove-rs-a.tmp", ".file.abcdef.tmp", "file.tmp"]
    for path in [leftover, *map(Path, others)]:
        path.write_text("half")
    saver[0]("file")
    assert sorted(os.listdir()) == sorted([*others, "file"])


@needs_unix
def test_what_another_process_is_writing_is_not_removed(saver, here):
    fcntl = pytest.importorskip("fcntl")
    with open(".file.glove-rs-0.tmp", "w") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        saver[0]("file")
        assert sorted(os.listdir()) == [".file.glove-rs-0.tmp", "file"]
    saver[0]("file")
    assert os.listdir() == ["file"]


# --- URLs -----------------------------------------------------------------------------------------


def test_a_url_is_refused_everywhere_and_no_folder_is_made(model, counts, here):
    text = TEXT.splitlines()
    phrases = Phrases.learn(text)
    ways = [
        *(save for save, _ in savers(model, counts).values()),
        phrases.save,
        model.save_stanford,
        Subwords.fit(model.vectors, min_words=1).save,
        lambda path: Glove(dim=2, min_count=1).fit(text, checkpoint_dir=path),
        lambda path: bootstrap(Glove(dim=2, min_count=1), text, 0, path=path),
    ]
    ways.remove(counts._core.save_stanford)
    before = sorted(os.listdir())
    for save in ways:
        with pytest.raises(
            FileNotFoundError, match=r"Only Cooccurrence\.to_parquet writes to URLs"
        ):
            save("memory://folder/x")
    commands = (
        ["fit", "../c.txt", "--out", "s3://bucket/m", *SMALL],
        ["fit", "../c.txt", "--out", "m", "--vectors", "s3://bucket/v", *SMALL],
        ["cooccur", "../c.txt", "-o", "s3://bucket/counts"],
        ["vocab", "../c.txt", "-o", "s3://bucket/words"],
        ["bootstrap", "../c.txt", "--out", "s3://bucket/b", *SMALL],
    )
    for command in commands:
        assert "writes to URLs" in reason(1, *command), command
    assert sorted(os.listdir()) == before
    # A folder of this machine may have a name that looks like a URL.
    os.makedirs("s3:/bucket")
    model.vocabulary.save("s3://bucket/words")
    assert os.listdir("s3:/bucket") == ["words"]


# --- empty paths ----------------------------------------------------------------------------------


def test_an_empty_path_is_refused_by_name_everywhere(model, counts, here):
    text = TEXT.splitlines()
    calls = {
        "path": [*(call for pair in savers(model, counts).values() for call in pair)],
        "prefix": [model.save_stanford],
        "checkpoint_dir": [
            lambda p: Glove(dim=2, min_count=1).fit(text, checkpoint_dir=p),
            Glove.resume,
        ],
        "tmp_dir": [
            lambda p: Glove(dim=2, min_count=1, tmp_dir=p).fit(text),
            lambda p: Vocabulary.from_corpus(text, tmp_dir=p),
            lambda p: Cooccurrence.from_corpus(text, tmp_dir=p),
            lambda p: Cooccurrence.load("x", tmp_dir=p),
        ],
        "vocabulary": [
            lambda p: Glove.load_stanford("x", p),
            lambda p: WordVectors.load("x", vocabulary=p),
        ],
        "gradsq": [lambda p: Glove.load_stanford("x.bin", model.vocabulary, gradsq=p)],
        "source": [Vocabulary.from_corpus, Cooccurrence.from_corpus, Glove(dim=2).fit],
    }
    model.save_stanford("x")
    before = sorted(os.listdir())
    for name, functions in calls.items():
        for function in functions:
            if getattr(function, "__name__", "") == "save_stanford" and name == "path":
                continue  # a method of the core: public methods check the path before they call it
            with pytest.raises(ValueError, match=rf"^{name} must name a \w+.*, got ''$"):
                function("")
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "../c.txt", "--out", "", *SMALL],
        ["fit", "../c.txt", "--out", "m", "--vectors", "", *SMALL],
        ["fit", "../c.txt", "--out", "m", "--checkpoint-dir", "", *SMALL],
        ["fit", "../c.txt", "--out", "m", "--tmp-dir", "", *SMALL],
        ["fit", "", "--out", "m", *SMALL],
        ["fit", "../c.txt", "--vocab", "", "--out", "m", *SMALL],
        ["fit", "../c.txt", "--init", "", "--out", "m", *SMALL],
        ["train", "", "--out", "m"],
        ["train", "../c.txt", "--out", ""],
        ["vocab", "../c.txt", "-o", ""],
        ["vocab", ""],
        ["cooccur", "../c.txt", "-o", ""],
        ["cooccur", "../c.txt", "-o", "x", "--save-vocab", ""],
        ["convert", "", "x"],
        ["convert", "../c.txt", ""],
        ["demo", "--out", ""],
        ["info", ""],
        ["similar", "", "a"],
        ["compat", "cooccur", "-vocab-file", ""],
        ["compat", "glove", "-save-file", ""],
    ],
    ids=" ".join,
)
def test_an_empty_path_on_the_command_line_is_refused_and_nothing_is_touched(here, arguments):
    Path("precious.txt").write_text("precious")
    code = 1 if arguments[0] == "compat" else 2
    assert "got ''" in reason(code, *arguments)
    assert os.listdir() == ["precious.txt"]


# --- folders --------------------------------------------------------------------------------------


def content(folder):
    """The names and contents of the files in a folder."""
    return {p.name: p.read_bytes() for p in Path(folder).iterdir()}


def test_a_folder_is_ours_only_if_its_settings_say_so(here):
    os.mkdir("thesis")
    Path("thesis/thesis.txt").write_text("precious")
    for settings in ["{}", "[]", "null", "not JSON", '{"format": "other"}']:
        Path("thesis/settings.json").write_text(settings)
        before = content("thesis")
        message = reason(1, "fit", "../c.txt", "--out", "thesis", "--overwrite", *SMALL)
        assert "is not a folder of glove-rs" in message
        assert content("thesis") == before
    assert os.listdir() == ["thesis"]


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "x.tmp", "model.glove.bak", "sub/file"])
def test_a_model_folder_with_another_file_is_refused_and_the_file_named(here, name):
    done("fit", "../c.txt", "--out", "m", *SMALL)
    Path("m", name).parent.mkdir(exist_ok=True)
    Path("m", name).write_text("precious")
    files = {p: p.read_bytes() for p in Path("m").rglob("*") if p.is_file()}
    message = reason(1, "fit", "../c.txt", "--out", "m", "--overwrite", *SMALL)
    assert f"m: holds files that glove-rs does not write: {name.split('/')[0]};" in message
    assert files == {p: p.read_bytes() for p in Path("m").rglob("*") if p.is_file()}
    assert os.listdir() == ["m"]


def test_overwrite_replaces_a_folder_and_what_a_killed_save_left_in_it(here):
    done("fit", "../c.txt", "--out", "m", *SMALL)
    before = content("m")
    Path("m/.model.glove.glove-rs-0.tmp").write_text("half")
    assert "--overwrite" in reason(1, "fit", "../c.txt", "--out", "m", *SMALL)
    done("fit", "../c.txt", "--out", "m", *SMALL, "--seed", 9, "--overwrite")
    after = content("m")
    assert after.keys() == FILES
    assert after["model.glove"] != before["model.glove"]
    assert os.listdir() == ["m"]


@pytest.mark.parametrize(
    "out", [".", "..", "/", "./", "../here", "../c.txt", "../c.txt/", "link", "/dev/null"]
)
@pytest.mark.parametrize("options", [[], ["--overwrite"]], ids=["", "overwrite"])
def test_a_folder_that_cannot_be_replaced_is_refused(here, out, options):
    if out == "link":
        os.symlink(".", "link")
    before = os.listdir()
    message = reason(1, "fit", "../c.txt", "--out", out, *SMALL, *options)
    assert "choose another name" in message or "name a folder inside it" in message, message
    assert os.listdir() == before
    assert Path("../c.txt").read_text() == TEXT


def test_trailing_slashes_and_missing_parents_are_fine(here):
    for out in "m/", "n//", "deep/er/m", "m/../k":
        done("fit", "../c.txt", "--out", out, *SMALL)
    for folder in "m", "n", "deep/er/m", "k":
        assert content(folder).keys() == FILES
    assert sorted(os.listdir()) == ["deep", "k", "m", "n"]


@needs_unix
def test_a_link_to_a_folder_stays_and_the_folder_gets_the_files(here):
    os.mkdir("real")
    os.chmod("real", 0o750)
    os.symlink("real", "link")
    for options in [], ["--overwrite"]:
        done("fit", "../c.txt", "--out", "link", *SMALL, *options)
        assert os.readlink("link") == "real"
        assert content("real").keys() == FILES
        assert stat.S_IMODE(os.stat("real").st_mode) == 0o750
    assert sorted(os.listdir()) == ["link", "real"]


def test_vectors_in_the_folder_are_replaced_together_with_it(here):
    for options in [], ["--overwrite"], ["--overwrite"]:
        done("fit", "../c.txt", "--out", "m", "--vectors", "m/v.txt", *SMALL, *options)
        assert content("m").keys() == FILES | {"v.txt"}
    message = reason(
        2, "fit", "../c.txt", "--out", "m", "--vectors", "m/vocab.txt", "--overwrite", *SMALL
    )
    assert message.startswith("glove-rs fit: --vectors must not be one of the files")


@pytest.mark.parametrize("checkpoints", ["m", "m/", "m/checkpoints", "link"])
def test_checkpoints_go_outside_of_the_folder(here, checkpoints):
    if checkpoints == "link":
        os.mkdir("m")
        os.symlink("m", "link")
    before = os.listdir()
    arguments = ["fit", "../c.txt", "--out", "m", "--checkpoint-dir", checkpoints, *SMALL]
    assert "--checkpoint-dir must be outside of --out" in reason(2, *arguments)
    assert os.listdir() == before


@needs_unix
def test_a_leftover_folder_is_finished_or_removed(here):
    done("fit", "../c.txt", "--out", "m", *SMALL)
    before = content("m")
    scratch = Path(".m.glove-rs-0.tmp")
    (scratch / "new").mkdir(parents=True)
    (scratch / "new/model.glove").write_text("half")
    (scratch / "lock").touch()
    os.rename("m", scratch / "old")  # the process was killed between its two renames
    done("fit", "../c.txt", "--out", "other", *SMALL)
    assert scratch.exists()  # a leftover of another target is not touched
    assert "m: exists" in reason(1, "fit", "../c.txt", "--out", "m", *SMALL)
    assert content("m") == before
    assert sorted(os.listdir()) == ["m", "other"]


# --- outputs that are inputs, or that exist -------------------------------------------------------


@pytest.fixture
def files(here, model, counts):
    """A file of each kind, and links to the corpus."""
    Path("c.txt").write_text(TEXT)
    model.save("m.glove")
    model.save_word2vec("v.txt")
    model.save_stanford("s", gradsq=True)
    counts.save("counts")
    counts.save("records.bin")
    counts.vocabulary.save("vocab.txt")
    os.link("c.txt", "hard.txt")
    os.symlink("c.txt", "soft.txt")
    done("fit", "c.txt", "--out", "folder", *SMALL)
    return here


def everything():
    return {p: p.read_bytes() for p in Path().rglob("*") if p.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "vocab c.txt -o c.txt",
        "vocab c.txt -o ./c.txt",
        "vocab c.txt -o hard.txt",
        "vocab c.txt -o soft.txt",
        "vocab soft.txt -o c.txt",
        "vocab v.txt c.txt -o hard.txt",
        "cooccur c.txt -o c.txt",
        "cooccur c.txt -o x --save-vocab c.txt",
        "cooccur c.txt --vocab vocab.txt -o vocab.txt",
        "cooccur c.txt -o x --save-vocab x",
        "fit c.txt --out x --vectors c.txt",
        "fit c*.txt --out x --vectors hard.txt",
        "fit c.txt --vocab vocab.txt --out x --vectors vocab.txt",
        "fit c.txt --init v.txt --out x --vectors v.txt",
        "fit folder/vocab.txt --out folder",
        "train counts --out x --vectors counts",
        "train records.bin --vocab vocab.txt --out x --vectors vocab.txt",
        "train counts --start folder --out folder",
        "train records.bin --vocab folder/vocab.txt --out folder",
        "convert v.txt v.txt",
        "convert folder folder/model.glove",
        "convert s.bin s --to stanford --vocab vocab.txt",
        "convert s.bin x --vocab vocab.txt --gradsq s.gradsq.bin",
        "convert s.bin vocab.txt --vocab vocab.txt",
        "demo --corpus c.txt --out linked",
    ],
)
def test_an_output_that_is_an_input_is_refused_even_with_overwrite(files, command):
    if command.startswith("demo"):
        os.mkdir("linked")
        os.link("c.txt", "linked/vectors.txt")
    if command.startswith("convert s.bin x"):
        os.link("s.gradsq.bin", "x")
    before = everything()
    arguments = command.split()
    if arguments[0] in ("fit", "train"):
        arguments += ["--epochs", "1"]
    # A wrong option gives the exit code 2. `convert` names its output without an option: code 1.
    code = 1 if arguments[0] == "convert" else 2
    message = reason(code, *arguments, "--overwrite")
    assert "must be another file than" in message
    assert everything() == before


@pytest.mark.parametrize(
    "command",
    [
        "vocab c.txt -o old",
        "cooccur c.txt -o old",
        "cooccur c.txt -o x --save-vocab old",
        "fit c.txt --out x --vectors old",
        "train counts --out x --vectors old",
        "convert v.txt old",
        "convert counts old",
        "convert m.glove old --to model",
        "convert m.glove old --to stanford",
        "demo --corpus c.txt --out demo",
    ],
)
def test_a_file_that_exists_is_replaced_only_with_overwrite(files, command):
    os.mkdir("demo")
    old = ["old", "old.txt", "old.bin", "old.gradsq.bin", "demo/vectors.txt"]
    for name in old:
        Path(name).write_text("old")
    before = everything()
    arguments = command.split()
    if arguments[0] != "convert" and arguments[0] != "train":
        arguments += ["--min-count", "1"] if arguments[0] != "demo" else []
    if arguments[0] in ("fit", "train", "demo"):
        arguments += ["--epochs", "1", "--dim", "2"]
    message = reason(1, *arguments)
    assert "exists; choose another name, or replace it with --overwrite" in message
    assert everything() == before
    done(*arguments, "--overwrite")
    assert any(Path(name).read_bytes() != b"old" for name in old)


@pytest.mark.slow
def test_a_file_that_appears_during_the_work_is_not_replaced(here):
    """The corpus is a pipe, so that the command runs until the test closes the pipe."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes")
    os.mkfifo("pipe")
    process = subprocess.Popen(
        [PROGRAM, "vocab", "pipe", "-o", "late", "--min-count", "1"], stderr=subprocess.PIPE
    )
    with open("pipe", "w") as pipe:  # waits until the command reads, after its first check
        Path("late").write_text("precious")
        pipe.write(TEXT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"late: exists" in errors
    assert Path("late").read_text() == "precious"


def output_of(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, check=True).stdout


@pytest.mark.slow
@needs_unix
def test_standard_output_devices_and_pipes_need_no_overwrite(files):
    for out in "-", "/dev/stdout":
        assert output_of("vocab", "c.txt", "-o", out, "--min-count", "1").startswith(b"a 50\n")
        Path("copy").write_bytes(output_of("convert", "m.glove", out, "--to", "model"))
        np.testing.assert_array_equal(Glove.load("copy").W, Glove.load("m.glove").W)
    assert not Path("-").exists()
    done("vocab", "c.txt", "-o", "/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    os.mkfifo("pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_bytes()))
    reader.start()
    done("vocab", "c.txt", "-o", "pipe", "--min-count", "1")
    reader.join(60)
    assert read[0].startswith(b"a 50\n")


@pytest.mark.slow
@needs_unix
def test_what_the_shell_appends_to_is_appended_to_and_no_input(files):
    Path("log").write_text("first\n")
    for out in "-", "/dev/stdout":
        with open("log", "a") as log:
            subprocess.run([PROGRAM, "vocab", "c.txt", "-o", out], stdout=log, check=True)
    assert Path("log").read_text().startswith("first\n")
    before = Path("c.txt").read_bytes()
    with open("c.txt", "a") as corpus:
        refused = subprocess.run(
            [PROGRAM, "vocab", "c.txt"], stdout=corpus, stderr=subprocess.PIPE, check=False
        )
        assert refused.returncode == 2
    assert Path("c.txt").read_bytes() == before


@pytest.mark.parametrize(
    "flags",
    [
        "-save-file s -input-file records.bin -vocab-file vocab.txt -load-init-param 1 "
        "-init-param-file s.bin",
        "-save-file x -input-file records.bin -vocab-file vocab.txt -gradsq-file y "
        "-load-init-param 1 -init-param-file s.bin -load-init-gradsq 1 -init-gradsq-file y.bin",
        "-save-file records -input-file records.bin -vocab-file vocab.txt",
        "-save-file vocab -input-file records.bin -vocab-file vocab.txt",
    ],
)
def test_compat_refuses_an_output_that_is_an_input(files, flags):
    os.link("s.gradsq.bin", "y.bin")
    before = everything()
    message = reason(
        1, "compat", "glove", *flags.split(), *["-vector-size", "2", "-iter", "1", "-binary", "2"]
    )
    assert "must be another file than the input" in message
    assert everything() == before


def test_compat_replaces_its_earlier_outputs_as_stanfords_tools_do(files):
    flags = "-save-file s -input-file records.bin -vocab-file vocab.txt"
    before = everything()
    done("compat", "glove", *(flags + TRAINING).split())
    after = everything()
    assert {str(p) for p in after if after[p] != before[p]} >= {"s.bin", "s.txt"}


# --- checkpoint folders ---------------------------------------------------------------------------


def test_two_trainings_cannot_use_one_checkpoint_dir(here):
    refused = []

    def second(state):
        try:
            Glove(dim=2, epochs=2, min_count=1).fit(TEXT.splitlines(), checkpoint_dir="ckpt")
        except OSError as error:
            refused.append(error)

    first = Glove(dim=2, epochs=2, min_count=1)
    first.fit(TEXT.splitlines(), checkpoint_dir="ckpt", callbacks=[second])
    assert len(refused) == 2
    assert isinstance(refused[0], BlockingIOError)
    assert refused[0].filename == "ckpt"
    assert "another training uses this checkpoint_dir" in str(refused[0])
    assert np.array_equal(Glove.resume("ckpt").W, first.W)  # the folder is no longer locked


@pytest.mark.slow
def test_a_killed_training_leaves_its_checkpoint_dir_free(here):
    code = """
import os, signal
from glove_rs import Glove
Glove(dim=2, epochs=9, min_count=1).fit(
    ["a b c d e f"] * 50, checkpoint_dir="ckpt",
    callbacks=[lambda state: state.epoch == 3 and os.kill(os.getpid(), signal.SIGKILL)],
)
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode != 0
    resumed = Glove.resume("ckpt")
    assert len(resumed.history) == 9


def test_checkpoints_delete_nothing_that_is_not_theirs(here):
    os.mkdir("ckpt")
    others = ["thesis.txt", ".training.checkpoint.x.tmp", ".cooccurrence.counts.abc.tmp", "lock"]
    for name in others:
        Path("ckpt", name).write_text("precious")
    leftovers = [".training.checkpoint.glove-rs-0.tmp", ".cooccurrence.counts.glove-rs-1.tmp"]
    for name in leftovers:
        Path("ckpt", name).write_text("half")
    Glove(dim=2, epochs=2, min_count=1).fit(TEXT.splitlines(), checkpoint_dir="ckpt")
    names = {"training.checkpoint", "cooccurrence.counts", "training.lock", *others}
    assert set(os.listdir("ckpt")) == names
    assert all(Path("ckpt", name).read_text() == "precious" for name in others)


def test_a_missing_checkpoint_dir_is_not_made_to_resume_from(here):
    with pytest.raises(FileNotFoundError):
        Glove.resume("no such")
    assert os.listdir() == []


def test_settings_are_json_of_the_documented_format(here):
    done("fit", "../c.txt", "--out", "m", *SMALL)
    assert json.loads(Path("m/settings.json").read_text())["format"] == "glove-rs folder"


# --- checkpoint folders, and outputs beside each other --------------------------------------------


@pytest.mark.parametrize("name", ["cooccurrence.counts", "training.lock"])
@pytest.mark.parametrize("content", [b"my thesis", b"gloveCNT, or so"])
def test_a_checkpoint_folder_replaces_no_file_that_no_training_of_it_wrote(tmp_path, name, content):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / name).write_bytes(content)
    with pytest.raises(FileExistsError, match=name):
        Glove(dim=2, epochs=1, min_count=1).fit(["a b c"] * 5, checkpoint_dir=folder)
    assert {path.name for path in folder.iterdir()} == {name, "training.lock"}
    assert (folder / name).read_bytes() == content


def test_a_checkpoint_folder_follows_no_links_out_of_it(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "thesis").write_text("mine")
    (folder / "cooccurrence.counts").symlink_to(tmp_path / "thesis")
    with pytest.raises(FileExistsError, match=r"cooccurrence\.counts"):
        Glove(dim=2, epochs=1, min_count=1).fit(["a b c"] * 5, checkpoint_dir=folder)
    assert (tmp_path / "thesis").read_text() == "mine"
    other = tmp_path / "other"
    other.mkdir()
    (other / "training.lock").symlink_to(tmp_path / "missing")
    with pytest.raises(OSError, match=r"training\.lock"):
        Glove(dim=2, epochs=1, min_count=1).fit(["a b c"] * 5, checkpoint_dir=other)
    assert not (tmp_path / "missing").exists()


def test_an_input_in_the_checkpoint_folder_is_not_replaced(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    corpus = folder / "cooccurrence.counts"
    corpus.write_text("a b c\n" * 5)
    with pytest.raises(FileExistsError):
        Glove(dim=2, epochs=1, min_count=1).fit(corpus, checkpoint_dir=folder)
    assert corpus.read_text() == "a b c\n" * 5
    older = tmp_path / "older"
    older.mkdir()
    (older / "counts.glove").write_text("a b c\n" * 5)
    Glove(dim=2, epochs=1, min_count=1).fit(older / "counts.glove", checkpoint_dir=older)
    assert (older / "counts.glove").read_text() == "a b c\n" * 5


def test_counts_that_a_killed_training_left_are_replaced_by_the_next(tmp_path):
    def die(state):
        raise SystemExit

    settings = {"dim": 2, "epochs": 2, "min_count": 1}
    with pytest.raises(SystemExit):
        Glove(**settings).fit(["a b c"] * 5, checkpoint_dir=tmp_path, callbacks=[die])
    (tmp_path / "training.checkpoint").unlink()  # as if killed before the first checkpoint
    assert (tmp_path / "cooccurrence.counts").exists()
    Glove(**settings).fit(["a b c d"] * 5, checkpoint_dir=tmp_path)
    assert len(Glove.resume(tmp_path).vocabulary) == 4


def test_vectors_are_not_written_among_checkpoints(tmp_path):
    (tmp_path / "c.txt").write_text("a b c\n" * 5)
    command = ["fit", str(tmp_path / "c.txt"), "--min-count", "1", "--dim", "2", "--epochs", "1"]
    command += ["--out", str(tmp_path / "m"), "--checkpoint-dir", str(tmp_path / "run")]
    assert main([*command, "--vectors", str(tmp_path / "run" / "training.checkpoint")]) == 2
    assert not (tmp_path / "m").exists()


def test_two_outputs_of_stanfords_command_line_are_two_files(tmp_path):
    (tmp_path / "c.txt").write_text("a b c\n" * 5)
    X = Cooccurrence.from_corpus(tmp_path / "c.txt", min_count=1)
    X.save(tmp_path / "x.bin")
    X.vocabulary.save(tmp_path / "v.txt")
    command = ["compat", "glove", "-input-file", str(tmp_path / "x.bin"), "-vocab-file"]
    command += [str(tmp_path / "v.txt"), "-save-file", str(tmp_path / "same"), "-vector-size", "2"]
    assert main([*command, "-gradsq-file", str(tmp_path / "same"), "-iter", "1"]) != 0
    assert not (tmp_path / "same.txt").exists()


# --- outputs that are one file, or that another process writes ------------------------------------


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (
            "fit ../c.txt --out o --vectors o",
            2,
            "--vectors must be another file than that of --out",
        ),
        ("fit ../c.txt --out o/m --vectors o", 2, "--vectors must not be a folder of another"),
        ("fit ../c.txt --out o --vectors no/v", 1, "no/v: the folder"),
        ("fit ../c.txt --out o --vectors ..", 1, "..: Is a directory"),
        ("fit ../c.txt --out o --vectors v --save-counts v", 2, "--save-counts must be another"),
        ("fit ../c.txt --out o --save-counts o", 2, "--save-counts must be another file"),
        ("fit ../c.txt --out o --save-counts k/c --checkpoint-dir k", 2, "outside of --checkpoint"),
        (
            "cooccur ../c.txt --save-vocab d -o d/x",
            2,
            "--save-vocab must not be a folder of",
        ),
        ("cooccur ../c.txt --save-vocab d/x -o d", 2, "--output must not be a folder of another"),
        ("cooccur ../c.txt -o no/x", 1, "no/x: the folder"),
        ("vocab ../c.txt -o no/x", 1, "no/x: the folder"),
        ("vocab ../c.txt -o .", 1, ".: Is a directory"),
        ("convert ../c.txt no/x", 1, "no/x: the folder"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(
    here, monkeypatch, command, code, message
):
    def work(*_, **__):
        raise AssertionError("the work has begun")

    monkeypatch.setattr(Glove, "fit", work)
    monkeypatch.setattr(Cooccurrence, "from_corpus", work)
    monkeypatch.setattr(Vocabulary, "from_corpus", work)
    assert message in reason(code, *command.split())
    assert os.listdir() == []


def test_vectors_may_lie_beside_a_folder_that_is_made(here):
    done("fit", "../c.txt", "--out", "deep/m", "--vectors", "deep/v.txt", *SMALL)
    assert sorted(os.listdir("deep")) == ["m", "v.txt"]


NEW_FILES = {
    "vocab ../c.txt -o x": ["x"],
    "cooccur ../c.txt -o x --min-count 1 --save-vocab v": ["v", "x"],
    "fit ../c.txt --out m --vectors x --dim 2 --epochs 1": ["x"],
    "fit ../c.txt --out m --save-counts x --dim 2 --epochs 1": ["x"],
    "convert ../model.glove x": ["x"],
    "convert ../model.glove x --to model": ["x"],
    "convert ../model.glove x --to vocab": ["x"],
    "convert ../model.glove x --to native": ["x"],
    "convert ../model.glove x --to stanford": ["x.bin", "x.gradsq.bin", "x.txt"],
    "convert ../counts x --to counts": ["x"],
    "convert ../counts x --to records": ["x"],
}


@pytest.mark.parametrize("command", NEW_FILES)
def test_a_file_that_appears_while_an_output_is_written_is_not_replaced(
    here, model, counts, monkeypatch, command
):
    model.save("../model.glove")
    counts.save("../counts")
    done(*command.split())
    written = sorted(p for p in os.listdir() if p != "m")
    assert written == NEW_FILES[command]
    # Run the command again. Like another process, `late` writes the last file before the command.
    contents = {name: Path(name).read_bytes() for name in written}
    for name in written:
        os.remove(name)
    commit = _core.FolderWriter.commit_file

    def late(self, name):
        if name == NEW_FILES[command][-1]:
            Path(name).write_bytes(b"precious")
        commit(self, name)

    monkeypatch.setattr(_core.FolderWriter, "commit_file", late)
    last = NEW_FILES[command][-1]
    assert reason(1, *command.split(), *again(command)).endswith(
        f"{last}: exists; choose another name, or replace it with --overwrite"
    )
    assert Path(last).read_bytes() == b"precious"
    assert not [name for name in os.listdir() if name.startswith(".")]
    # With --overwrite the file is replaced.
    done(*command.split(), "--overwrite")
    # A second training gives other numbers, so compare only the beginning of the file.
    assert Path(last).read_bytes()[:4] == contents[last][:4] != b"prec"


def again(command):
    """Options that name another folder, because the folder of the first run exists."""
    return ["--out", "m2"] if command.startswith("fit") else []


@needs_unix
def test_a_new_file_through_a_link_is_made_where_the_link_points(here):
    os.symlink("target", "link")
    done("vocab", "../c.txt", "-o", "link")
    assert os.readlink("link") == "target"
    assert len(Vocabulary.load("target")) == 6
    assert sorted(os.listdir()) == ["link", "target"]


def test_what_a_killed_run_left_of_a_new_file_is_removed(here):
    for made_by in (["--overwrite"], []):
        scratch = Path(".x.glove-rs-0.tmp")
        (scratch / "new").mkdir(parents=True)
        (scratch / "lock").touch()
        (scratch / "new" / "x").write_text("half")
        Path(".x.glove-rs-1.tmp").write_text("half")
        done("vocab", "../c.txt", "-o", "x", *made_by)
        assert os.listdir() == ["x"]
        os.remove("x")


def test_a_model_is_written_though_its_vectors_cannot_be_any_more(here, monkeypatch):
    fit = Glove.fit

    def late(self, *arguments, **options):
        fit(self, *arguments, **options)
        Path("v").write_text("precious")

    monkeypatch.setattr(Glove, "fit", late)
    message = reason(1, "fit", "../c.txt", "--out", "m", "--vectors", "v", *SMALL)
    assert "v: exists" in message
    assert Path("v").read_text() == "precious"
    assert content("m").keys() == FILES


# --- outputs are checked before the inputs are read -----------------------------------------------

#: For each output a command line, and an ending that the output must not have. The inputs do not
#: exist. So a command that reads its input before it checks the output complains of the input.
WRITING = {
    "fit nowhere --out m --vectors {}": "glove",
    "fit nowhere --out m --save-counts {}": "glove",
    "fit nowhere --out m --save-counts x --vectors {}": "counts",
    "train nowhere --out m --vectors {}": "bin",
    "update nowhere nowhere --counts nowhere --out m --vectors {}": "csv",
    "update nowhere nowhere --counts nowhere --out m --save-counts {}": "txt",
    "vocab nowhere -o {}": "bin",
    "cooccur nowhere -o {}": "txt",
    "cooccur nowhere -o x --save-vocab {}": "counts",
    "phrases nowhere -o {}": "bin",
    "pairs nowhere.parquet --row a --column b -o {}": "txt",
    "subwords nowhere {}": "txt",
    "convert nowhere {} --to word2vec": "bin",
    "convert nowhere {} --to word2vec_binary": "txt",
    "convert nowhere {} --to glove": "counts",
    "convert nowhere {} --to native": "txt",
    "convert nowhere {} --to model": "glove.gz",
    "convert nowhere {} --to vocab": "bin",
    "convert nowhere {} --to counts": "txt",
    "convert nowhere {} --to records": "glove",
    "convert nowhere {} --to pairs": "glove",
    "evaluate nowhere --panel nowhere --html {}": "counts",
}


def refused(command, target):
    """Run a command that must refuse its output before it reads its input."""
    before = sorted(os.listdir())
    code, errors = run([part.format(target) for part in command.split()])
    message = errors.splitlines()[-1]
    assert code in (1, 2)
    assert str(target) in message, message
    assert "nowhere" not in message, message
    assert sorted(os.listdir()) == before
    return message


@pytest.mark.parametrize("command", WRITING)
def test_an_output_that_cannot_be_written_is_refused_before_the_input_is_read(here, command):
    os.mkdir("folder")
    Path("old").write_text("old")
    assert "must not end in" in refused(command, f"file.{WRITING[command]}")
    assert "directory" in refused(command, "folder").lower()
    assert "directory" in refused(command, "new/").lower()
    assert "does not exist" in refused(command, "none/file")
    assert "directory" in refused(command, "old/file").lower()
    assert "too long" in refused(command, "n" * 256)
    assert "exists; choose another name, or replace it with --overwrite" in refused(command, "old")


@pytest.mark.parametrize("command", WRITING)
def test_an_output_in_a_read_only_folder_is_refused_before_the_input_is_read(
    here, command, monkeypatch
):
    os.mkdir("locked")
    access = os.access
    monkeypatch.setattr(
        os,
        "access",
        lambda path, mode, **how: (
            not (mode & os.W_OK and os.path.basename(path) == "locked")
            and access(path, mode, **how)
        ),
    )
    assert "Permission denied" in refused(command, "locked/file")


@needs_unix
def test_a_link_that_leads_to_itself_is_refused_before_the_input_is_read(here):
    os.symlink("loop", "loop")
    assert "symbolic links" in refused("vocab nowhere -o {}", "loop")


@pytest.mark.parametrize(
    ("command", "one", "other"),
    [
        ("fit nowhere --out m --overwrite", "--vectors", "--save-counts"),
        ("update nowhere nowhere --counts nowhere --out m", "--vectors", "--save-counts"),
        ("cooccur nowhere --overwrite", "-o", "--save-vocab"),
    ],
)
def test_two_outputs_are_never_one_file(here, command, one, other):
    if hasattr(os, "mkfifo"):
        os.mkfifo("pipe")
    os.symlink("new", "link")
    Path("old").write_text("old")
    os.link("old", "hard")
    same = [("new", "./new"), ("new", "link"), ("-", "-"), ("-", "/dev/stdout")]
    same += [("old", "hard")] * ("--overwrite" in command) + [("pipe", "pipe")]
    before = sorted(os.listdir())
    for first, second in same:
        message = reason(2, *command.split(), one, first, other, second)
        assert "must be another file than that of" in message, message
    message = reason(1, *command.split(), one, "/dev/null", other, "/dev/null")
    assert "nowhere" in message, message
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("setting", ["--stop-words", "--user-dictionary", "--phrases"])
@pytest.mark.parametrize(
    "command", ["fit nowhere --out m --save-counts", "vocab nowhere -o", "cooccur nowhere -o"]
)
def test_a_file_of_words_is_an_input_that_no_output_replaces(here, command, setting):
    Path("words").write_text("the\n")
    message = reason(2, *command.split(), "words", setting, "words", "--overwrite")
    assert "must be another file than the input words" in message
    assert Path("words").read_text() == "the\n"


def test_a_wrong_ending_in_the_folder_of_the_model_is_refused_before_the_text_is_read(here):
    message = reason(2, "fit", "nowhere", "--out", "m", "--vectors", "m/v.bin")
    assert "--vectors must not end in .bin" in message
    assert os.listdir() == []


def test_the_format_of_the_input_decides_which_endings_suit_the_output(files):
    before = everything()
    message = reason(1, "convert", "counts", "x.glove")
    assert "must not end in .glove, because the file holds counts" in message
    message = reason(1, "convert", "v.txt", "x.counts")
    assert "must not end in .counts, because the file holds vectors as text" in message
    assert everything() == before
    done("convert", "m.glove", "x.bin")


def test_vectors_are_not_printed_into_json(here):
    message = reason(2, "fit", "../c.txt", "--out", "m", "--vectors", "-", "--json", *SMALL)
    assert "--vectors must be a file with --json" in message
    assert os.listdir() == []


def test_a_bootstrap_checks_its_folder_before_it_reads_the_text(here, monkeypatch):
    Path("file").write_text("precious")
    os.mkdir("other")
    Path("other/file").write_text("precious")
    for out in "file", "file/below", "other":
        message = reason(1, "bootstrap", "nowhere", "--out", out, "--dim", "2")
        assert out in message
        assert "nowhere" not in message, message
    done("bootstrap", "../c.txt", "--out", "b", "--replicates", "0", *SMALL)
    message = reason(2, "bootstrap", "nowhere", "--out", "b", *SMALL[:-2], "--seed", "7")
    assert "--out has a bootstrap with another" in message
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode & os.W_OK == 0 and access(path, mode))
    assert "denied" in reason(1, "bootstrap", "nowhere", "--out", "new", "--dim", "2")
    assert sorted(os.listdir()) == ["b", "file", "other"]


def test_counts_are_not_lost_if_a_word_to_show_is_unknown(here):
    command = ["cooccur", "../c.txt", "-o", "counts", "--save-vocab", "words", "--min-count", "1"]
    assert "nowhere" in reason(1, *command, "--show", "a", "nowhere")
    assert Cooccurrence.load("counts").vocabulary == Vocabulary.load("words")
