#!/usr/bin/env python3
"""pgvector-rust's own tests over rust-postgres and sqlx: vector, halfvec, sparsevec, bit, binary COPY.

Its Diesel tests need libpq's headers and are left out. Addresses without a port take
the server's from the environment; `Cargo.lock` pins what it builds with.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402

VERSION = "0.4.2"
DATABASE = "pgvector_rust_test"
# The same program runs on both servers.
PORT = 'std::env::var("PGPORT").unwrap().parse::<u16>().unwrap()'
LINE = re.compile(r"^test (\S+) \.\.\. (ok|FAILED|ignored)$", re.M)


def adapted(server):
    source = suites.git("pgvector-rust", "https://github.com/pgvector/pgvector-rust", f"v{VERSION}", VERSION)
    place = suites.CACHE / "pgvector-rust"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(source / "src", place / "src")
    manifest = (source / "Cargo.toml").read_text()
    sqlx = 'sqlx = { version = "=0.8.6", default-features = false, features = ["runtime-tokio"] }'
    (place / "Cargo.toml").write_text(re.sub(r'^sqlx = \{ version = "0",.*$', sqlx, manifest, flags=re.M))
    shutil.copy(source / "README.md", place)
    shutil.copy(suites.HERE / "pgvector-rust" / "Cargo.lock", place)
    for path in (place / "src").rglob("*.rs"):
        text = path.read_text().replace("postgres://localhost/", "postgres://127.0.0.1/")
        text = text.replace('.host("localhost")', f'.host("127.0.0.1").port({PORT})')
        path.write_text(text.replace('"host=localhost dbname=pgvector_rust_test"', f'&format!("host=127.0.0.1 port={{}} user=postgres dbname=pgvector_rust_test", {PORT})'))
    return place


def suite(server, arguments):
    place = adapted(server)
    server.psql(f"CREATE DATABASE {DATABASE}")
    target = os.environ.get("CLIENTS_TARGET_DIR", str(suites.CACHE / "target-pgvector-rust"))
    words = ["cargo", "test", "--quiet", "--lib", "--features", "postgres,sqlx,halfvec", "--no-run"]
    environment = server.environment(CARGO_TARGET_DIR=target, USER="postgres")
    with open(server.log, "wb") as log:
        suites.run(words, cwd=place, env=environment, stdout=log, stderr=log)
        words = [*words[:2], *words[3:-1], "--", "--test-threads=1"]
        done = subprocess.run(words, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=log)
        log.write(done.stdout)
    kinds = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}
    return {found[1]: kinds[found[2]] for found in LINE.finditer(done.stdout.decode(errors="replace"))}


suites.main("pgvector-rust", suite)
