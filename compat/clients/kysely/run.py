#!/usr/bin/env python3
"""Kysely: migrations, queries, transactions, streams, introspection."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("kysely", kysely="0.29.9", pg="8.23.1", **{"pg-cursor": "2.22.1"})
