#!/usr/bin/env python3
"""Dumps and restores between PostgreSQL 15 and zserver with PostgreSQL's own programs.

    compat/dump/run.py [--zserver BINARY] [SCHEMA.sql ...]
    compat/dump/run.py --check      all steps must pass

The files (by default ../psql/schema.sql and data.sql) are loaded into both servers. Then

    1. pg_dump says the same of both,
    2. PostgreSQL's dump restores into zserver without an error, and is dumped the same again,
    3. zserver's dump restores into PostgreSQL without an error, and is dumped the same again,
    4. so does the custom format by pg_restore, in both directions.

Roles are made beforehand: a dump has none. The exit status is 1 if a step fails.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "regress"))

from run_servers import Plain  # noqa: E402
from servers import Missing, Zserver, built_server  # noqa: E402

SKIPPED = 77
SCHEMAS = [HERE.parent / "psql" / "schema.sql", HERE / "data.sql"]
# Lines of a dump that tell the servers' versions, or that are made anew each time.
OWN = re.compile(r"^-- Dumped |^\\(un)?restrict ")


class Failed(Exception):
    pass


class Database:
    """One database of one of the servers."""

    def __init__(self, server, name="postgres"):
        self.server, self.name = server, name

    def program(self, *words, text=None):
        environment = {**os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(self.server.port), "PGUSER": "postgres",
                       "PGDATABASE": self.name, "PGOPTIONS": "-c client_min_messages=warning", "TZ": "UTC"}
        done = subprocess.run([str(word) for word in words], env=environment, input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode or (words[0] == "psql" and done.stderr):
            raise Failed(done.stderr)
        return done.stdout

    def run(self, *files, text=None):
        for file in files or [None]:
            source = ["-f", file] if file else []
            self.program("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *source, text=text)

    def dump(self):
        lines = self.program("pg_dump").splitlines()
        return [line for line in lines if not OWN.match(line)]


def role_statements(schemas):
    text = "".join(Path(schema).read_text() for schema in schemas)
    return "\n".join(re.findall(r"^(?:CREATE ROLE|GRANT psql_\w+ TO) .*;$", text, re.M))


def same(expected, got):
    diff = list(difflib.unified_diff(expected, got, "expected", "got", lineterm="", n=1))
    if diff:
        raise Failed("\n".join(diff))


class Steps:
    def __init__(self, show):
        self.failed, self.show = 0, show

    def step(self, name, work, *arguments):
        try:
            answer = work(*arguments)
            print(f"ok      {name}")
            return answer
        except Failed as failure:
            self.failed += 1
            print(f"FAILED  {name}")
            for line in str(failure).splitlines()[: self.show]:
                print("        " + line)


def run(directory, binary, schemas, show):
    postgres = Plain(directory / "postgres")
    (directory / "postgres").mkdir()
    servers = [postgres]
    try:
        postgres.init()
        postgres.start()
        source, target = Database(postgres, "dump_source"), Database(postgres, "dump_target")
        ours = []
        for name in ("source", "target"):
            (directory / name).mkdir()
            server = Zserver(binary, directory / name)
            server.start()
            servers.append(server)
            ours.append(Database(server))
        steps = Steps(show)
        compare(steps, postgres, source, target, ours, schemas, directory)
        return steps.failed
    finally:
        for server in servers:
            server.stop()


def compare(steps, postgres, source, target, ours, schemas, directory):
    roles = role_statements(schemas)

    def fresh():
        """Empty databases to restore into."""
        for name in ("dump_target",):
            postgres.run("postgres", f"DROP DATABASE IF EXISTS {name}")
            postgres.run("postgres", f"CREATE DATABASE {name}")
        ours[1].server.fresh_database(None)
        ours[1].run(text=roles)

    def restored(database, dump):
        fresh()
        database.run(text="\n".join(dump))

    def custom(start, end, dump):
        file = directory / "custom"
        start.program("pg_dump", "-Fc", "-f", file)
        fresh()
        end.program("pg_restore", "--exit-on-error", "--dbname", end.name, file)
        same(dump, end.dump())

    postgres.run("postgres", "CREATE DATABASE dump_source")
    steps.step("PostgreSQL loads the schemas", source.run, *schemas)
    steps.step("zserver loads the schemas", ours[0].run, *schemas)
    theirs = steps.step("PostgreSQL is dumped", source.dump) or []
    our_dump = steps.step("zserver is dumped", ours[0].dump) or []
    steps.step("the two dumps are the same", same, theirs, our_dump)
    steps.step("PostgreSQL's dump restores into zserver", restored, ours[1], theirs)
    steps.step("and is dumped the same again", lambda: same(theirs, ours[1].dump()))
    steps.step("zserver's dump restores into PostgreSQL", restored, target, our_dump)
    steps.step("and is dumped the same again", lambda: same(our_dump, target.dump()))
    steps.step("the custom format from PostgreSQL to zserver", custom, source, ours[1], theirs)
    steps.step("the custom format from zserver to PostgreSQL", custom, ours[0], target, our_dump)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schemas", nargs="*", type=Path, default=SCHEMAS)
    parser.add_argument("--zserver", help="the server's binary; otherwise it is built")
    parser.add_argument("--show", type=int, default=60, help="lines of each failure to print")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="zserver-dump-") as directory:
            os.chmod(directory, 0o755)
            failed = run(Path(directory), args.zserver or built_server(), args.schemas, args.show)
    except Missing as missing:
        print(f"skipped: {missing}")
        return SKIPPED
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
