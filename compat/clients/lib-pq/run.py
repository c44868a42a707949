#!/usr/bin/env python3
"""lib/pq (Debian's): its own tests, and a program over database/sql."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import gosuite  # noqa: E402


def suite(server, arguments):
    gosuite.need("github.com/lib/pq")
    server.psql("CREATE DATABASE pqgotest")
    return gosuite.tests(
        server, ["github.com/lib/pq", "github.com/lib/pq/hstore"], PGDATABASE="pqgotest", PGSSLMODE="disable", PQTEST_BINARY_PARAMETERS="no",
    )


gosuite.both("lib-pq", suite)
