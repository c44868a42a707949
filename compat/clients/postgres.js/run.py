#!/usr/bin/env python3
"""postgres.js: tagged templates, types, transactions, cursors, COPY, LISTEN."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("postgres.js", postgres="3.4.9")
