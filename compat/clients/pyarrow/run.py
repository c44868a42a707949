#!/usr/bin/env python3
"""pyarrow: reads the Arrow streams of SQL over HTTP.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.python("pyarrow", "pyarrow==21.0.0")
