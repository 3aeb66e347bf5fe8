"""Run ``glove-rs demo``: train on English text that this machine has; results are in build/demo.

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
