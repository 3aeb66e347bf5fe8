"""Use a built wheel as a new user would: in an empty environment, outside the repository.

python .ci/wheel_check.py build/wheel/*.whl
"""

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

# This program runs in the new environment. Only the package and the libraries that it requires are
# installed there: no scipy, no gensim.
SMOKE = """
import importlib.util
import pathlib
import sys

import numpy as np

import glove_rs
from glove_rs import Glove, Vocabulary, WordVectors

assert pathlib.Path(glove_rs.__file__).is_relative_to(sys.prefix), glove_rs.__file__
for optional in ("scipy", "gensim", "matplotlib"):
    assert importlib.util.find_spec(optional) is None, f"{optional} came with the wheel"

pathlib.Path("corpus.txt").write_text("the cat sat on the mat\\n" * 50, encoding="utf-8")
model = Glove(dim=8, window=3, epochs=3, threads=2, progress=False).fit("corpus.txt")
assert model.W.shape == (len(model.vocabulary), 8) and np.isfinite(model.W).all()
assert len(model.history) == 3 and model.history[-1] < model.history[0]

chinese = Vocabulary.from_corpus(["我来到北京清华大学"], tokenizer="zh", min_count=1)
assert "清华大学" in chinese.words, chinese.words

model.save("model.glove")
np.testing.assert_array_equal(Glove.load("model.glove").W, model.W)

model.save_word2vec("vectors.txt")
vectors = WordVectors.load("vectors.txt")
np.testing.assert_allclose(vectors["cat"], model.vectors["cat"], atol=1e-6)
assert len(vectors.most_similar("cat", topn=3)) == 3

print(f"glove_rs {glove_rs.__version__}: fitted, saved, loaded with numpy {np.__version__} alone")
"""


def check_contents(wheel: Path) -> None:
    """Check the name of the wheel and its files: one abi3 extension, types, licences."""
    assert "-cp311-abi3-" in wheel.name, f"{wheel.name} is not an abi3 wheel for Python 3.11"
    names = zipfile.ZipFile(wheel).namelist()
    extensions = [name for name in names if name.endswith((".so", ".pyd"))]
    assert len(extensions) == 1, f"expected one extension module, found {extensions}"
    for needed in ("glove_rs/__init__.py", "glove_rs/py.typed", "glove_rs/_core.pyi"):
        assert needed in names, f"{needed} is missing from the wheel"
    for licence in ("LICENSE-MIT", "LICENSE-APACHE"):
        assert any(name.endswith(licence) for name in names), f"{licence} is missing"
    strays = [n for n in names if not n.startswith(("glove_rs/", "glove_rs-", "glove_rs.libs/"))]
    assert not strays, f"the wheel holds files outside the package: {strays}"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(f"usage: wheel_check.py WHEEL (exactly one; got {sys.argv[1:]})")
    wheel = Path(sys.argv[1]).resolve()
    check_contents(wheel)
    with tempfile.TemporaryDirectory(prefix="glove-rs-wheel-") as scratch:
        home = Path(scratch)
        # The pip of this interpreter installs into the new environment, which needs no pip.
        windows = os.name == "nt"
        venv.create(home / "env", symlinks=not windows)
        python = home / "env" / ("Scripts" if windows else "bin") / "python"
        pip = [sys.executable, "-m", "pip", "--python", str(python)]
        subprocess.run([*pip, "install", "--quiet", str(wheel)], check=True)
        subprocess.run([*pip, "check"], check=True)
        subprocess.run([python, "-I", "-c", SMOKE], cwd=home, check=True)
        # The program `glove-rs` of the wheel reads a file that SMOKE has written.
        subprocess.run([python.with_name("glove-rs"), "info", "vectors.txt"], cwd=home, check=True)
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, works outside the repository")


if __name__ == "__main__":
    main()
