"""The clients' own test suites, on PostgreSQL 15 and on zserver.

A suite is a function that runs a client's tests against a server and answers
`{test: "passed" | "failed" | "skipped"}`. What passes on PostgreSQL is the denominator;
it is kept beside the client's files, so that PostgreSQL is asked once. `NAME/missing.txt`
lists what of it does not pass here; the list may only shrink. Clients come from
their own sources, pinned, into `${XDG_CACHE_HOME:-~/.cache}/zserver/clients`; nothing of
them is in this repository.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "regress"))
import servers  # noqa: E402

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zserver" / "clients"
HERE = Path(__file__).resolve().parent
# Room for prepared transactions: psycopg tests them.
servers.PG_OPTIONS = servers.PG_OPTIONS.replace("max_prepared_transactions=2", "max_prepared_transactions=20")


def run(words, **options):
    return subprocess.run([str(word) for word in words], check=True, **options)


def venv(name, *requirements):
    """The Python of a virtual environment with these packages."""
    directory = CACHE / f"venv-{name}"
    python = directory / "bin" / "python"
    stamp = directory / "requirements"
    wanted = "\n".join(requirements)
    if not stamp.exists() or stamp.read_text() != wanted:
        run([sys.executable, "-m", "venv", directory])
        run([python, "-m", "pip", "install", "--quiet", *requirements])
        stamp.write_text(wanted)
    return python


def git(name, url, tag, version):
    """A checkout of one tag."""
    directory = CACHE / f"{name}-{version}"
    if not directory.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            try:
                run(["git", "clone", "--quiet", "--depth", "1", "--branch", tag, url, f"{scratch}/source"])
            except subprocess.CalledProcessError as error:
                raise servers.Missing(f"{name} {version} cannot be fetched") from error
            os.rename(f"{scratch}/source", directory)
    return directory


def junit(path, prefix=""):
    """Outcomes of a JUnit file."""
    results = {}
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{prefix}{case.get('classname')}::{case.get('name')}"
        tags = {child.tag for child in case}
        outcome = "skipped" if "skipped" in tags else "failed" if tags & {"failure", "error"} else "passed"
        # A test may fail, and fail again when it is taken down.
        if results.get(name) != "failed":
            results[name] = outcome
    return results


def pytest(python, words, server, arguments, **options):
    """Outcomes of a pytest run whose output goes to the server's log."""
    report = server.log.with_suffix(".xml")
    words = [python, *words, f"--junitxml={report}"]
    if arguments.only:
        words += ["-k", " or ".join(arguments.only)]
    with open(server.log, "wb") as log:
        subprocess.run([str(word) for word in words], stdout=log, stderr=log, **options)
    return junit(report)


class Target:
    """A server that a suite runs against."""

    def __init__(self, kind, port, log, http_port=None):
        self.kind, self.port, self.log, self.http_port = kind, port, log, http_port

    def url(self, scheme="postgresql", database="postgres"):
        return f"{scheme}://postgres@127.0.0.1:{self.port}/{database}"

    def environment(self, **more):
        return {
            **os.environ,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": "postgres",
            "PGDATABASE": "postgres",
            **({"ZSERVER_HTTP_PORT": str(self.http_port)} if self.http_port else {}),
            **more,
        }

    def psql(self, *statements, database="postgres", check=False):
        """Prepares the database; what a server cannot do is what the suite will show."""
        words = ["psql", "-X", "-q", "-d", database] + [word for text in statements for word in ("-c", text)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(words, env=self.environment(), check=check, **quiet)


def measure(name, suite, arguments):
    """Runs a suite where it has to run; prints and answers its share."""
    CACHE.mkdir(parents=True, exist_ok=True)
    known = CACHE / f"{name}.postgres.json"
    out = Path(arguments.out) / name
    out.mkdir(parents=True, exist_ok=True)
    if arguments.postgres or not known.exists():
        results = on_postgres(suite, out, arguments)
        if not arguments.only:
            known.write_text(json.dumps(results, indent=0, sort_keys=True))
    else:
        results = json.loads(known.read_text())
    expected = {test for test, outcome in results.items() if outcome == "passed"}
    if arguments.only:
        expected = {test for test in expected if any(part in test for part in arguments.only)}
    found = on_zserver(suite, out, arguments)
    passed = {test for test, outcome in found.items() if outcome == "passed"}
    (out / "passed.txt").write_text("".join(f"{test}\n" for test in sorted(passed)))
    missing = sorted(expected - passed)
    (out / "missing.txt").write_text("".join(f"{test}\n" for test in missing))
    share = 100 * len(expected & passed) / max(len(expected), 1)
    print(f"{name}: {len(expected & passed)} of {len(expected)} ({share:.1f} %); see {out}/missing.txt")
    if not arguments.check:
        return 0
    listed = HERE / name / "missing.txt"
    known = set(listed.read_text().splitlines()) if listed.exists() else set()
    lost = [test for test in missing if test not in known]
    for test in lost:
        print(f"  does not pass any more: {test}")
    return 1 if lost else 0


def on_postgres(suite, out, arguments):
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)
        server = servers.Postgres(Path(scratch))
        server.init()
        server.start()
        try:
            return suite(Target("postgres", server.port, out / "postgres.log"), arguments)
        finally:
            server.stop()


def on_zserver(suite, out, arguments):
    with tempfile.TemporaryDirectory() as scratch:
        server = servers.Zserver(arguments.zserver or servers.built_server(), Path(scratch))
        server.has_http = True
        server.start()
        try:
            return suite(Target("zserver", server.port, out / "zserver.log", server.http_port), arguments)
        finally:
            if not server.alive():
                print("the server has ended: see its log")
            (out / "server.log").write_bytes((Path(scratch) / "zs.err").read_bytes())
            server.stop()


def main(name, suite):
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("only", nargs="*", help="parts of test names")
    parser.add_argument("--zserver", help="the server; else it is built")
    parser.add_argument("--postgres", action="store_true", help="ask PostgreSQL again")
    parser.add_argument("--out", default="/tmp/zserver-clients", help="where results go")
    parser.add_argument("--check", action="store_true", help="fail if what missing.txt does not list fails")
    arguments = parser.parse_args()
    try:
        sys.exit(measure(name, suite, arguments))
    except servers.Missing as error:
        print(f"{name}: skipped: {error}")
