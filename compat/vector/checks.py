#!/usr/bin/env python3
"""The checks of pgvector's TAP tests, on PostgreSQL with pgvector and on zserver.

    compat/vector/checks.py [--servers pgvector,zserver] [--zserver PATH] [--scale 0.1] [check ...]

Each check carries the numbers of the files that it stands for (`test/t/NNN_*.pl` of the
version in `sources.py`) and their bounds. `--scale` makes tables smaller, for a debug build.
Where pgvector's tests ask for an upper bound of recall, or for a plan without the index,
zserver may do better, and only the lower bound and the rows are held. Replay of the log by a replica is
here kill -9 and a start. Not here: rows too big for a page (019), messages about parallel
workers. One `ok` or `not ok` line for each check and server; the exit code is 1 where
zserver fails.
"""

import argparse
import sys
import tempfile
import traceback

import checks_hnsw  # noqa: F401
import checks_ivfflat  # noqa: F401
import checks_scans  # noqa: F401
import checks_values  # noqa: F401
from nodes import SqlError, common_arguments, nodes
from subject import CHECKS, Failed, Subject, array, check, hold


@check(1, 10)
def replay(subject):
    """After kill -9 and a start the same queries answer the same rows."""
    dims = 32
    value = array("random()", dims)
    for method, count in (("hnsw", subject.rows(1_000)), ("ivfflat", subject.rows(20_000, 2_000))):
        session = subject.session()
        subject.fresh(session)
        session.sql(f"CREATE TABLE tst (i int4, v vector({dims}))")
        session.sql(f"INSERT INTO tst SELECT i % 10, {value} FROM generate_series(1, {count}) i")
        session.sql(f"CREATE INDEX ON tst USING {method} (v vector_l2_ops)")
        for step in range(1, 4):
            for statement in (
                f"DELETE FROM tst WHERE i = {step}",
                "VACUUM tst",
                f"INSERT INTO tst SELECT i % 10, {value} FROM generate_series({count + 1}, {count + count // 10}) i",
            ):
                session.sql(statement)
                same_after_kill(subject, dims, f"{method}: {statement[:20]}")
                session = subject.session()


def same_after_kill(subject, dims, what):
    query = "[" + ",".join(str(subject.random.random()) for _ in range(dims)) + "]"
    asked = [f"SELECT * FROM tst ORDER BY v <-> '{query}' LIMIT 10", "SELECT count(*), sum(i) FROM tst"]
    before = subject.session("enable_seqscan = off", "hnsw.ef_search = 400", "ivfflat.probes = 100")
    expected = [before.sql(statement) for statement in asked]
    subject.node.kill()
    subject.node.start()
    after = subject.session("enable_seqscan = off", "hnsw.ef_search = 400", "ivfflat.probes = 100")
    found = [after.sql(statement) for statement in asked]
    hold(found == expected, f"{what}: other rows after kill -9")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", help="parts of their names")
    parser.add_argument("--scale", type=float, default=1.0, help="share of pgvector's rows and transactions")
    parser.add_argument("-v", "--verbose", action="store_true")
    common_arguments(parser)
    arguments = parser.parse_args()
    chosen = {name: it for name, it in CHECKS.items() if not arguments.checks or any(part in name for part in arguments.checks)}
    failed = 0
    with tempfile.TemporaryDirectory(prefix="zserver-vector-checks") as directory:
        for node in nodes(arguments, directory, durable=True):
            passed = 0
            for name, (numbers, function) in chosen.items():
                label = f"{node.kind} {name} ({', '.join(f'{number:03}' for number in numbers)})"
                try:
                    function(Subject(node, arguments.scale))
                    passed += 1
                    print(f"ok {label}", flush=True)
                except (Failed, SqlError, ConnectionError, RuntimeError, OSError) as error:
                    failed += node.kind == "zserver"
                    print(f"not ok {label}: {str(error)[:400]}", flush=True)
                    if arguments.verbose:
                        traceback.print_exc()
            print(f"{node.kind}: {passed} of {len(chosen)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
