#!/usr/bin/env python3
"""Prisma's client over @prisma/adapter-pg, which needs no engine. Migrations need one, which no registry has."""

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
import transcripts  # noqa: E402

PACKAGES = ["prisma@6.19.0", "@prisma/client@6.19.0", "@prisma/adapter-pg@6.19.0", "pg@8.16.3"]

# Not used by what runs here, and fetched from elsewhere unless they are named.
ENGINES = ["PRISMA_SCHEMA_ENGINE_BINARY", "PRISMA_QUERY_ENGINE_LIBRARY", "PRISMA_QUERY_ENGINE_BINARY"]


def program(server):
    directory = suites.CACHE / "node-prisma"
    place = directory / "program"
    place.mkdir(parents=True, exist_ok=True)
    stamp = directory / "packages"
    if not stamp.exists() or stamp.read_text() != " ".join(PACKAGES):
        (directory / "package.json").write_text("{}")
        suites.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES], cwd=directory)
        stamp.write_text(" ".join(PACKAGES))
    for name in ("schema.prisma", "program.mjs"):
        shutil.copy(suites.HERE / "prisma" / name, place)
    environment = server.environment(DATABASE_URL=server.url(), **{name: "/bin/true" for name in ENGINES}, CHECKPOINT_DISABLE="1", PRISMA_HIDE_UPDATE_MESSAGE="1")
    suites.run([directory / "node_modules" / ".bin" / "prisma", "generate", "--schema", place / "schema.prisma"], cwd=place, env=environment, capture_output=True)
    suites.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", suites.HERE / "prisma" / "schema.sql"], env=server.environment())
    return transcripts.run(server, ["node", "program.mjs"], place, DATABASE_URL=server.url())


transcripts.main("prisma", program)
