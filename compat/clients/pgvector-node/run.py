#!/usr/bin/env python3
"""pgvector-node's own tests: pg, postgres.js, pg-promise, Knex, Objection, Sequelize, TypeORM, Kysely, Drizzle.

Left out are Prisma (its schema engine is in no registry), Slonik and MikroORM (they need newer Nodes). The
tests name `localhost` without a port, or nothing, where a client takes an address; there the server's is put in.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402

VERSION = "0.3.0"
DATABASE = "pgvector_node_test"
LEFT_OUT = ["prisma", "slonik", "mikro-orm"]
PACKAGES = [
    f"pgvector@{VERSION}", "pg@8.23.1", "postgres@3.4.9", "pg-promise@12.7.1", "knex@3.3.0", "objection@3.1.5",
    "sequelize@6.37.8", "typeorm@1.1.1", "kysely@0.28.8", "drizzle-orm@0.45.4",
    "reflect-metadata@0.2.2",
]
TAP = re.compile(r"^(not ok|ok) \d+ - (.*?)( # SKIP.*)?$")


def packages():
    directory = suites.CACHE / "node-pgvector"
    stamp = directory / "packages"
    wanted = " ".join(PACKAGES)
    if not stamp.exists() or stamp.read_text() != wanted:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "package.json").write_text('{"type": "module"}')
        quiet = ["--silent", "--no-audit", "--no-fund", "--legacy-peer-deps"]
        suites.run(["npm", "install", *quiet, *PACKAGES], cwd=directory)
        stamp.write_text(wanted)
    return directory


def suite(server, arguments):
    source = suites.git("pgvector-node", "https://github.com/pgvector/pgvector-node", f"v{VERSION}", VERSION)
    directory = packages()
    server.psql(f"CREATE DATABASE {DATABASE}")
    place = directory / "tests"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    results = {}
    with open(server.log, "wb") as log:
        for path in sorted((source / "tests").glob("*.test.js")):
            name = path.name.removesuffix(".test.js")
            if name in LEFT_OUT or (arguments.only and not any(part in name for part in arguments.only)):
                continue
            text = path.read_text().replace("postgres://localhost/", f"postgres://postgres@127.0.0.1:{server.port}/")
            (place / path.name).write_text(text)
            results.update(outcomes(name, server, directory, path.name, log))
    return results


def outcomes(name, server, directory, file, log):
    words = ["node", "--test", "--test-reporter=tap", "--test-force-exit", f"tests/{file}"]
    environment = server.environment(USER="postgres", NODE_NO_WARNINGS="1")
    try:
        done = subprocess.run(
            words, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=log, timeout=120
        )
        said = done.stdout
    except subprocess.TimeoutExpired as hung:
        said = hung.stdout or b""
    log.write(f"=== {file}\n".encode() + said)
    results = {}
    # A file's tests are told one level in, where there are several files; at the margin for one.
    for line in said.decode(errors="replace").splitlines():
        found = TAP.match(line.strip())
        if found and not found[2].endswith(".test.js"):
            results[f"{name}: {found[2]}"] = "passed" if found[1] == "ok" else "failed"
    return results


suites.main("pgvector-node", suite)
