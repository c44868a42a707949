#!/usr/bin/env python3
"""PostgreSQL's postgres_fdw and dblink as readers and writers of the server."""

import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
import transcripts  # noqa: E402

HERE = suites.HERE / "postgres_fdw"


def program(server):
    """The foreign server is what is looked at; a PostgreSQL of its own holds the foreign tables."""
    server.psql("SELECT 1", check=True)
    suites.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", HERE / "remote.sql"], env=server.environment(PGOPTIONS="-c client_min_messages=warning"))
    with tempfile.TemporaryDirectory() as scratch:
        suites.os.chmod(scratch, 0o755)
        local = suites.servers.Postgres(Path(scratch))
        local.init()
        local.start()
        try:
            words = ["psql", "-X", "-q", "-a", "-p", local.port, "-v", "host=127.0.0.1", "-v", f"port={server.port}", "-v", "dbname=postgres", "-v", "user=postgres", "-f", HERE / "program.sql"]
            shell = ["sh", "-c", '"$@" 2>&1', "sh", *words]
            said = transcripts.run(server, shell, HERE, PGPORT=local.port)
        finally:
            local.stop()
    return {step: [plain(line, server.port) for line in lines] for step, lines in said.items()}


def plain(line, port):
    """Without what names the machine: ports, and lines of source files."""
    line = re.sub(r"^LOCATION: .*", "LOCATION", line.replace(str(port), "PORT"))
    return re.sub(r"^psql:\S*?:\d+: ", "", line)


transcripts.main("postgres_fdw", program)
