#!/usr/bin/env python3
"""TypeORM: synchronize, relations, query builder, schema changes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("typeorm", typeorm="1.1.1", pg="8.23.1", **{"reflect-metadata": "0.2.2", "pg-query-stream": "4.17.0"})
