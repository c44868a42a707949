#!/usr/bin/env python3
"""Perl's DBI with DBD::Pg (Debian's): metadata, types, placeholders, COPY, asynchronous queries, notifications."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
import transcripts  # noqa: E402

SCHEMA = suites.HERE.parent / "psql" / "schema.sql"


def program(server):
    if subprocess.run(["perl", "-MDBD::Pg", "-e", "1"], capture_output=True).returncode:
        raise suites.servers.Missing("the package libdbd-pg-perl is not installed")
    subprocess.run(["psql", "-X", "-q", "-f", str(SCHEMA)], env=server.environment(), capture_output=True)
    return transcripts.run(server, ["perl", suites.HERE / "dbd-pg" / "program.pl"], suites.HERE)


transcripts.main("dbd-pg", program, SCHEMA)
