#!/usr/bin/env python3
"""psqlODBC (Debian's) under unixODBC and pyodbc: catalog functions, declare and fetch, every type, errors."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
import transcripts  # noqa: E402

DRIVER = Path("/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so")
SCHEMA = suites.HERE.parent / "psql" / "schema.sql"
# pyodbc is Debian's too, and so is its Python.
PYTHON = "/usr/bin/python3"


def program(server):
    has_client = subprocess.run([PYTHON, "-c", "import pyodbc"], capture_output=True).returncode == 0
    if not DRIVER.exists() or not has_client:
        raise suites.servers.Missing("the packages odbc-postgresql, unixodbc and python3-pyodbc are not installed")
    subprocess.run(["psql", "-X", "-q", "-f", str(SCHEMA)], env=server.environment(), capture_output=True)
    return transcripts.run(server, [PYTHON, suites.HERE / "odbc" / "program.py"], suites.HERE, ODBC_DRIVER=DRIVER)


transcripts.main("odbc", program, SCHEMA)
