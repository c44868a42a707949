#!/usr/bin/env python3
"""pgx 4 and pgtype (Debian's): their own tests, and a program. pgconn's tests need a package that Debian lacks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import gosuite  # noqa: E402

PACKAGES = [
    "github.com/jackc/pgtype",
    "github.com/jackc/pgtype/zeronull",
    "github.com/jackc/pgx/v4",
    "github.com/jackc/pgx/v4/pgxpool",
    "github.com/jackc/pgx/v4/stdlib",
]


def suite(server, arguments):
    gosuite.need("github.com/jackc/pgx")
    server.psql("CREATE EXTENSION hstore", "CREATE DOMAIN uint64 AS numeric(20,0)")
    place = f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres"
    packages = [package for package in PACKAGES if not arguments.only or any(part in package for part in arguments.only)]
    return gosuite.tests(
        server, packages, PGX_TEST_DATABASE=place, PGX_TEST_CONN_STRING=place, PGX_TEST_TCP_CONN_STRING=place,
        PGX_TEST_CONNECTION_REFUSED_CONN_STRING="host=127.0.0.1 port=1 user=postgres dbname=postgres",
    )


gosuite.both("pgx", suite)
