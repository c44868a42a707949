#!/usr/bin/env python3
"""@neondatabase/serverless, with Drizzle and Kysely on it: SQL over HTTP and over WebSockets.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("neon", **{"@neondatabase/serverless": "1.2.0", "drizzle-orm": "0.45.4", "kysely": "0.29.9", "kysely-neon": "3.0.0", "ws": "8.18.3"})
