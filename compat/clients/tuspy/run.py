#!/usr/bin/env python3
"""tuspy: uploads in pieces, with checksums, stopped and gone on with.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.python("tuspy", "tuspy==1.1.0")
