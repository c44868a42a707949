#!/usr/bin/env python3
"""pgvector-python's own tests: psycopg 3, psycopg2, asyncpg, pg8000, SQLAlchemy, SQLModel, Django, peewee.

The tests name `localhost` and no port. libpq's clients and asyncpg read theirs from the
environment; pg8000 does not, so the port is put into its addresses.
"""

import re
import shutil
import sys
import tarfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402

VERSION = "0.4.2"
DATABASE = "pgvector_python_test"
PACKAGES = [
    f"pgvector=={VERSION}", "numpy==2.3.5", "pytest==8.4.2", "pytest-asyncio==1.2.0", "asyncpg==0.30.0",
    "psycopg[binary,pool]==3.2.13", "psycopg2-binary==2.9.11", "pg8000==1.31.5", "SQLAlchemy[asyncio]==2.0.44",
    "sqlmodel==0.0.27", "Django==5.2.8", "peewee==3.18.3", "scipy==1.16.3",
]


def sources():
    directory = suites.CACHE / f"pgvector-{VERSION}"
    if not directory.exists():
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pgvector"]
        suites.run(words + ["--dest", suites.CACHE, f"pgvector=={VERSION}"])
        with tarfile.open(suites.CACHE / f"pgvector-{VERSION}.tar.gz") as archive:
            archive.extractall(suites.CACHE, filter="data")
    return directory


def adapted(server):
    """The tests with the server's port where a client does not take it from the environment."""
    place = suites.CACHE / f"pgvector-python-{server.kind}"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(sources() / "tests", place / "tests")
    shutil.copy(sources() / "pyproject.toml", place)
    for path in (place / "tests").glob("*.py"):
        text = path.read_text()
        text = re.sub(r"(\+pg8000://[^/]*localhost)/", rf"\1:{server.port}/", text)
        text = text.replace('Connection(os.environ["USER"], database=', f'Connection(os.environ["USER"], port={server.port}, database=')
        path.write_text(text)
    return place


def suite(server, arguments):
    python = suites.venv("pgvector-python", *PACKAGES)
    server.psql(f"CREATE DATABASE {DATABASE}")
    results = {}
    place = adapted(server)
    # One file at a time: Django's settings and others' connections would meet in one process.
    for path in sorted((place / "tests").glob("test_*.py")):
        log = server.log.with_name(f"{server.kind}.{path.stem}.log")
        beside = suites.Target(server.kind, server.port, log)
        environment = server.environment(USER="postgres", PGDATABASE=DATABASE)
        words = ["-m", "pytest", "-q", "--tb=short", f"tests/{path.name}"]
        results.update(suites.pytest(python, words, beside, arguments, cwd=place, env=environment))
    return results


suites.main("pgvector-python", suite)
