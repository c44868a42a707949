#!/usr/bin/env python3
"""Drizzle: migrator, relational queries, drizzle-kit pull."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("drizzle", pg="8.23.1", **{"drizzle-orm": "0.45.4", "drizzle-kit": "0.31.11"})
