#!/usr/bin/env python3
"""asyncpg's own tests, those that can run on a server that is there already."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402

VERSION = "0.30.0"


def suite(server, arguments):
    source = suites.git("asyncpg", "https://github.com/MagicStack/asyncpg", f"v{VERSION}", VERSION)
    python = suites.venv("asyncpg", f"asyncpg=={VERSION}", "pytest<9", "async_timeout", "distro")
    # The tests of the installed package: beside the sources it would not be compiled.
    tests = source / "tests"
    words = ["-P", "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", tests]
    words += ["--rootdir", source, "--import-mode=importlib"]
    return suites.pytest(python, words, server, arguments, cwd="/", env=server.environment())


suites.main("asyncpg", suite)
