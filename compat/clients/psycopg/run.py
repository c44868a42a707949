#!/usr/bin/env python3
"""psycopg 3's own tests, without those that need a network of their own or hours."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402

VERSION = "3.2.6"
LEFT_OUT = "not slow and not timing and not subprocess and not dns and not pool and not proxy"


def suite(server, arguments):
    source = suites.git("psycopg", "https://github.com/psycopg/psycopg", VERSION, VERSION)
    python = suites.venv("psycopg", f"psycopg[binary]=={VERSION}", "psycopg-pool", "pytest<9", "anyio", "numpy")
    server.psql("CREATE EXTENSION IF NOT EXISTS hstore")
    dsn = f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres"
    words = ["-m", "pytest", "-q", "--tb=short", "-m", LEFT_OUT, "--test-dsn", dsn]
    return suites.pytest(python, words, server, arguments, cwd=source)


suites.main("psycopg", suite)
