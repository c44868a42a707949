#!/usr/bin/env python3
"""Knex: schema builder, migrations, queries, transactions, streams."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("knex", knex="3.3.0", pg="8.23.1", **{"pg-query-stream": "4.17.0"})
