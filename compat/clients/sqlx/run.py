#!/usr/bin/env python3
"""sqlx, whose `query!` is checked against the server when it is compiled, and tokio-postgres.

What the macros learn of each query (types, columns, what may be NULL) is what they would
keep for building without a server; it is compared as the program's output is.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
import transcripts  # noqa: E402

HERE = suites.HERE / "sqlx"


def program(server):
    target = Path(os.environ.get("CLIENTS_TARGET_DIR", suites.CACHE / "target-sqlx"))
    place = suites.CACHE / "sqlx"
    learnt = place / f"learnt-{server.kind}"
    shutil.rmtree(learnt, ignore_errors=True)
    learnt.mkdir(parents=True)
    for name in ("src", "migrations"):
        shutil.rmtree(place / name, ignore_errors=True)
        shutil.copytree(HERE / name, place / name)
    shutil.copy(HERE / "Cargo.toml", place)
    for file in sorted((HERE / "migrations").iterdir()):
        suites.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file], env=server.environment(PGOPTIONS="-c client_min_messages=warning"))
    # The macros run when the program is compiled, which it is for each server.
    environment = server.environment(DATABASE_URL=server.url(), SQLX_OFFLINE_DIR=str(learnt), CARGO_TARGET_DIR=str(target))
    (place / "src" / "main.rs").touch()
    done = subprocess.run(["cargo", "build", "--quiet"], cwd=place, env=environment, capture_output=True, text=True)
    said = {}
    for file in sorted(learnt.glob("query-*.json")):
        said[f"learnt {file.stem}"] = file.read_text().splitlines()
    said["it compiles"] = [f"exit {done.returncode}", *(line for line in done.stderr.splitlines() if line.startswith("error"))]
    if done.returncode:
        print(done.stderr)
        return said
    return said | transcripts.run(server, [target / "debug" / "sqlx-program"], place, PROGRAM_URL=server.url())


transcripts.main("sqlx", program)
