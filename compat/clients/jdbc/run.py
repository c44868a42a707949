#!/usr/bin/env python3
"""PostgreSQL's JDBC driver (Debian's): the whole of its metadata, result sets, transactions, XA, COPY, notifications."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
import transcripts  # noqa: E402

JAR = "/usr/share/java/postgresql.jar"
SCHEMA = suites.HERE.parent / "psql" / "schema.sql"
PROGRAMS = ["Metadata", "Results", "Values", "Work"]


def program(server):
    if not Path(JAR).exists():
        raise suites.servers.Missing("the package libpostgresql-jdbc-java is not installed")
    classes = suites.CACHE / "jdbc"
    classes.mkdir(parents=True, exist_ok=True)
    here = suites.HERE / "jdbc"
    suites.run(["javac", "-Xlint:-options", "-cp", JAR, "-d", classes, *sorted(here.glob("*.java"))], stderr=subprocess.DEVNULL)
    subprocess.run(["psql", "-X", "-q", "-f", str(SCHEMA)], env=server.environment(), capture_output=True)
    said = {}
    for name in PROGRAMS:
        found = transcripts.run(server, ["java", "-Duser.timezone=UTC", "-cp", f"{classes}:{JAR}", name], classes)
        said |= {f"{name}: {step}": lines for step, lines in found.items()}
    return said


transcripts.main("jdbc", program, SCHEMA)
