"""Run the command line: ``python -m glove_rs`` does the same as ``glove-rs``."""

import sys

from .cli import main

sys.exit(main())
