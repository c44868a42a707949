#!/usr/bin/env python3
"""The server's own demonstration page (`/demo`) in a headless Chromium: two pages publish and watch each other.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("demo-page", "figures.mjs")
