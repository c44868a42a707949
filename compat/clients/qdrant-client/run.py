#!/usr/bin/env python3
"""qdrant-client: its quick start, and the same operations as on its own in-memory collections, with the same answers.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.python("qdrant-client", "qdrant-client==1.20.0", "numpy==2.4.6")
