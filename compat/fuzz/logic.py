#!/usr/bin/env python3
"""Random queries whose answers check each other (TLP and NoREC), and PostgreSQL's.

    compat/fuzz/logic.py [--queries 5000] [--seed N] [--postgres] [--zserver BINARY]

Ternary logic partitioning (Rigger and Su, 2020): the rows where a condition is true,
false and unknown are together the rows without it; the same for DISTINCT, GROUP BY and
aggregates. NoREC: the optimised count of a filter equals the sum over its value in each
row. With --postgres each query's rows are also compared with PostgreSQL 15's.

A mismatch, XX000, a lost connection or a hang is printed with the seed that makes it
again, and the exit status is 1. Queries that fail alike (division by zero, overflow) are
counted and not judged.
"""

import argparse
import collections
import random
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "regress"))

import generate  # noqa: E402
from protocol import Connection  # noqa: E402
from servers import Postgres, Zserver, built_server  # noqa: E402

TIMEOUT_SECONDS = 20


class Failed(Exception):
    """PostgreSQL-style error: the query is not judged."""


class Broken(Exception):
    """What must never happen: XX000, a hang, a lost connection."""


class Session:
    def __init__(self, port):
        self.port = port
        self.connection = Connection(port)

    def run(self, sql, timeout=TIMEOUT_SECONDS):
        self.connection.query(sql)
        answer = self.connection.answer(timeout)
        if answer.broken:
            self.connection = Connection(self.port)
            raise Broken(f"{answer.broken} after {answer.seconds:.0f} s\n  {sql}")
        if answer.error:
            if answer.error["C"] in ("XX000", "58000", "0A000"):
                raise Broken(f"{answer.error['C']} {answer.error['M']}\n  {sql}")
            raise Failed(answer.error["C"])
        return [row for result in answer.results for row in result.rows]


def check(session, maker):
    """One query of a random kind: None, or what does not agree."""
    tables, scope = generate.source(maker)
    condition = scope.condition()
    return maker.choice(KINDS)(session, maker, tables, scope, condition)


def partitions(condition):
    return [condition, f"NOT {condition}", f"({condition}) IS NULL"]


def items(maker, scope, count):
    return ", ".join(scope.value(maker.choice(["int", "text", "num", "date", "bool"]), 2) for _ in range(count))


def rows(session, maker, tables, scope, condition):
    select = f"SELECT {items(maker, scope, 3)} FROM {tables}"
    whole = session.run(select)
    parts = [row for part in partitions(condition) for row in session.run(f"{select} WHERE {part}")]
    return agree(whole, parts, select, condition)


def union(session, maker, tables, scope, condition):
    select = f"SELECT {items(maker, scope, 2)} FROM {tables}"
    joined = " UNION ALL ".join(f"{select} WHERE {part}" for part in partitions(condition))
    return agree(session.run(select), session.run(joined), select, condition)


def distinct(session, maker, tables, scope, condition):
    select = f"SELECT DISTINCT {items(maker, scope, 2)} FROM {tables}"
    joined = " UNION ".join(f"{select} WHERE {part}" for part in partitions(condition))
    return agree(session.run(select), session.run(joined), select, condition)


def groups(session, maker, tables, scope, condition):
    key = scope.value(maker.choice(["int", "text", "date"]), 1)
    select = f"SELECT {key}, count(*) FROM {tables} GROUP BY 1"
    parts = " UNION ALL ".join(
        f"SELECT {key} AS key, count(*) AS n FROM {tables} WHERE {part} GROUP BY 1" for part in partitions(condition)
    )
    return agree(session.run(select), session.run(f"SELECT key, sum(n) FROM ({parts}) AS u GROUP BY 1"), select, condition)


def having(session, maker, tables, scope, condition):
    key = scope.value("int", 1)
    select = f"SELECT {key} AS key, sum({scope.value('int', 1)}) FROM {tables} GROUP BY 1"
    over = maker.choice(["min", "max", "count"])
    test = f"{over}({scope.value('int', 1)}) {maker.choice(['=', '<', '>='])} {maker.choice(['1', '5', 'NULL'])}"
    parts = [row for part in partitions(test) for row in session.run(f"{select} HAVING {part}")]
    return agree(session.run(select), parts, select, test)


def aggregate(session, maker, tables, scope, condition):
    value = scope.value(maker.choice(["int", "text", "date", "num"]), 2)
    name = maker.choice(["min", "max"])
    parts = " UNION ALL ".join(f"SELECT {name}({value}) AS v FROM {tables} WHERE {part}" for part in partitions(condition))
    select = f"SELECT {name}({value}) FROM {tables}"
    return agree(session.run(select), session.run(f"SELECT {name}(v) FROM ({parts}) AS u"), select, condition)


def filtered(session, maker, tables, scope, condition):
    """count(*) FILTER for each part, against the count."""
    parts = " + ".join(f"count(*) FILTER (WHERE {part})" for part in partitions(condition))
    select = f"SELECT count(*) FROM {tables}"
    return agree(session.run(select), session.run(f"SELECT {parts} FROM {tables}"), select, condition)


def norec(session, maker, tables, scope, condition):
    optimised = f"SELECT count(*) FROM {tables} WHERE {condition}"
    plain = f"SELECT coalesce(sum(CASE WHEN c THEN 1 ELSE 0 END), 0) FROM (SELECT ({condition}) IS TRUE AS c FROM {tables} OFFSET 0) AS u"
    return agree(session.run(optimised), session.run(plain), optimised, plain)


def ordered(session, maker, tables, scope, condition):
    """The first rows of an order are the head of the whole order."""
    keys = f"{scope.value('int', 1)}, {scope.value('text', 1)} DESC NULLS LAST"
    select = f"SELECT {keys.replace(' DESC NULLS LAST', '')} FROM {tables} WHERE {condition} ORDER BY 1, 2 DESC NULLS LAST"
    whole, head = session.run(select), session.run(f"{select} LIMIT 7 OFFSET 2")
    return None if whole[2:9] == head else f"LIMIT differs: {len(whole)} rows\n  {select}"


KINDS = [rows, rows, union, distinct, groups, having, aggregate, filtered, norec, norec, norec, ordered]


def agree(one, other, query, condition):
    a, b = collections.Counter(one), collections.Counter(other)
    if a == b:
        return None
    missing, extra = list((a - b).items())[:3], list((b - a).items())[:3]
    return f"{len(one)} and {len(other)} rows; only in the first {missing}, only in the second {extra}\n  {query}\n  {condition}"


class Differential:
    """Runs each query on PostgreSQL too, and compares."""

    def __init__(self, ours, postgres):
        self.ours, self.postgres = ours, postgres

    def run(self, sql):
        failure = rows_here = None
        try:
            rows_here = self.ours.run(sql)
        except Failed as error:
            failure = error
        try:
            rows_there = self.postgres.run(sql, 60)
        except (Failed, Broken) as error:
            raise failure or Failed(str(error)) from error
        if failure:
            # PostgreSQL answered: a different order of evaluation may explain it.
            raise Failed(f"only here {failure}")
        different = agree(rows_there, rows_here, sql, "")
        if different:
            raise Broken(f"differs from PostgreSQL: {different}")
        return rows_here


def load(session):
    for statement in (HERE / "schema.sql").read_text().split(";\n"):
        if statement.strip():
            session.run(statement)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--zserver")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory)
        directory.chmod(0o755)
        server, postgres = Zserver(options.zserver or built_server(), directory), None
        try:
            server.start()
            session = Session(server.port)
            load(session)
            if options.postgres:
                postgres = Postgres(directory)
                postgres.init()
                postgres.start()
                load(other := Session(postgres.port))
                session = Differential(session, other)
            return judge(session, options)
        finally:
            server.stop()
            if postgres:
                postgres.stop()


def judge(session, options):
    failed, bad = collections.Counter(), 0
    for number in range(options.queries):
        seed = options.seed * 1_000_000 + number
        try:
            difference = check(session, random.Random(seed))
        except Failed as error:
            failed[str(error)] += 1
            continue
        except Broken as error:
            difference = str(error)
        if difference:
            bad += 1
            print(f"{seed}: {difference}", flush=True)
    print(f"{options.queries} queries: {bad} wrong, {sum(failed.values())} not judged {dict(failed.most_common(12))}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
