#!/usr/bin/env python3
"""curl: each example of the native API in the README, and every area by hand.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402
import suites  # noqa: E402

HERE = Path(__file__).resolve().parent

suites.main("curl-api", lambda server, arguments: programs.steps(server, [sys.executable, HERE / "program.py"], HERE))
