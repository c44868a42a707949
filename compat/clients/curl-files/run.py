#!/usr/bin/env python3
"""curl: uploads from files and pipes, ranges, downloads that go on, conditions, signed URLs.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402
import suites  # noqa: E402

HERE = Path(__file__).resolve().parent

suites.main("curl-files", lambda server, arguments: programs.steps(server, [sys.executable, HERE / "program.py"], HERE))
