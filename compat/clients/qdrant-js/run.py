#!/usr/bin/env python3
"""@qdrant/js-client-rest: collections, points, searches, errors.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("qdrant-js", **{"@qdrant/js-client-rest": "1.19.0"})
