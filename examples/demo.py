"""Run ``glove-rs demo``: train on the docstrings and comments of Python's standard library.

The results are written to build/demo. With ``--corpus``, train on your own text instead.

python examples/demo.py
python examples/demo.py --corpus my.txt --dim 100 --epochs 15
make demo CORPUS=my.txt
"""

import sys
from pathlib import Path

from glove_rs.cli import main

OUT = Path(__file__).resolve().parents[1] / "build" / "demo"

if __name__ == "__main__":
    sys.exit(main(["demo", "--progress", "--overwrite", "--out", str(OUT), *sys.argv[1:]]))
