#!/usr/bin/env python3
"""Compares what psql's describing commands print on PostgreSQL 15 and on zserver, line by line.

    compat/psql/run.py [--zserver BINARY] [--show N] [command ...]
    compat/psql/run.py --check     holds differs.txt: what it does not list must be equal
    compat/psql/run.py --servers POSTGRESQL_DSN ZSERVER_DSN     on servers that run, with empty databases

Both databases get the objects of schema.sql; commands.txt lists the commands. OIDs of
users' objects, sizes on disk and the server's own functions (`zserver_...`) are each
server's own. `differs.txt` lists the commands whose answers differ; it may only shrink.
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
sys.path.insert(0, str(HERE.parent / "dump"))

from run_servers import Plain  # noqa: E402
from servers import Missing, Zserver, built_server  # noqa: E402

SKIPPED = 77
DIFFERS = HERE / "differs.txt"
MARK = "@@@ "
# What the servers differ in without any being wrong, and what stands in its place.
OWN = [
    # Of 15.20 only.
    (re.compile(r"^pg_catalog\|binary_upgrade_set_next_attribute_versions\|.*$"), ""),
    (re.compile(r"\b\d+ (bytes|kB|MB|GB)\b"), "SIZE"),
    (re.compile(r"(?<![\d.])(1[6-9]|[2-9]\d)\d{3}(?![\d.])"), "OID"),
    (re.compile(r"^.*\|zserver_.*$"), ""),
]
LOAD = ["-v", "ON_ERROR_STOP=1", "-q", "-f", str(HERE / "schema.sql")]


def psql(dsn, *arguments, text=None):
    command = ["psql", "-X", "-d", dsn, *arguments]
    environment = {**os.environ, "PGOPTIONS": "-c client_min_messages=warning"}
    return subprocess.run(command, input=text, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def answers(dsn, commands):
    """What psql prints for each command."""
    script = "".join(f"\\echo {MARK}{n}\n{command}\n" for n, command in enumerate(commands))
    out = psql(dsn, "-A", "-P", "pager=off", text=script).stdout
    found = {}
    for part in out.split(MARK)[1:]:
        number, _, body = part.partition("\n")
        found[int(number)] = [line for line in map(without_own, body.splitlines()) if line]
    return found


def without_own(line):
    for pattern, stand_in in OWN:
        line = pattern.sub(stand_in, line)
    return re.sub(r"^\((\d+) rows?\)$", "", line)


def compare(dsns, commands, show):
    """Prints what differs; answers the commands whose answers do."""
    for dsn in dsns:
        loaded = psql(dsn, *LOAD)
        if loaded.returncode != 0:
            raise SystemExit(f"{dsn}: {loaded.stdout}")
    expected, got = (answers(dsn, commands) for dsn in dsns)
    different = []
    for number, command in enumerate(commands):
        ours, theirs = got.get(number, ["no answer"]), expected.get(number, ["no answer"])
        if ours == theirs:
            continue
        different.append(command)
        diff = difflib.unified_diff(theirs, ours, lineterm="", n=0)
        diff = [line for line in diff if not line.startswith(("---", "+++", "@@"))]
        print(f"== {command}: {len(diff)} lines differ")
        for line in diff[:show]:
            print("   " + line)
    print(f"{len(commands) - len(different)} of {len(commands)} commands print the same")
    return different


def with_servers(binary, commands, show):
    with tempfile.TemporaryDirectory(prefix="zserver-psql-") as name:
        directory = Path(name)
        os.chmod(directory, 0o755)
        postgres, zserver = Plain(directory), Zserver(binary, directory)
        try:
            postgres.init()
            postgres.start()
            zserver.start()
            dsns = [f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres" for server in (postgres, zserver)]
            return compare(dsns, commands, show)
        finally:
            zserver.stop()
            postgres.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*")
    parser.add_argument("--zserver", help="the server's binary; otherwise it is built")
    parser.add_argument("--servers", nargs=2, metavar="DSN")
    parser.add_argument("--show", type=int, default=20, help="lines of each difference to print")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    listed = [line for line in (HERE / "commands.txt").read_text().splitlines() if line]
    commands = args.commands or listed
    try:
        if args.servers:
            different = compare(args.servers, commands, args.show)
        else:
            different = with_servers(args.zserver or built_server(), commands, args.show)
    except Missing as missing:
        print(f"skipped: {missing}")
        return SKIPPED
    if not args.check:
        return 1 if different else 0
    known = set(DIFFERS.read_text().splitlines())
    return 1 if set(different) - known else 0


if __name__ == "__main__":
    sys.exit(main())
