"""``python -m glove_rs`` is ``glove-rs``."""

import sys

from .cli import main

sys.exit(main())
