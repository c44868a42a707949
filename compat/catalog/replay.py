#!/usr/bin/env python3
"""Replays captured catalog queries on PostgreSQL and on zserver, and compares.

    compat/catalog/replay.py CAPTURE.jsonl POSTGRESQL_DSN ZSERVER_DSN [--show N] [--client NAME]

The capture has one statement a line: `f` the client's file, `k` the statement's
kind, `s` its SQL. Only queries and SHOW are replayed. Both databases must be
empty; they get the schema of schema.sql.

OIDs of users' objects differ from server to server. In a statement they are
replaced by those of objects of the schema, the same object on both servers; in
results by the object's name. Functions that only this server has (`zserver_…`) are
left out of its lists. PostgreSQL's cluster has the server's locale and time zone
(TZ=UTC initdb --locale=C). Parameters get the first values for which PostgreSQL
answers rows. Rows are compared in order where the statement orders them.
"""

import argparse
import collections
import json
import re
import sys
from pathlib import Path

import psycopg

FIRST_USER_OID = 16384
# What the user OIDs of the capture stand for, in turn.
STAND_INS = ["shop.customer", "shop.orders", "shop.line", "shop.good_customers", "shop.counter", "shop.order_totals"]
PARAMETERS = ["customer", "shop", "public", "shop.customer", "orders", None]
# Where things are, when they happened and how big they are is each server's own.
PHYSICAL = {
    "xmin", "ctid", "relpages", "reltuples", "relallvisible", "relfrozenxid", "relminmxid", "relfilenode",
    "datfrozenxid", "datminmxid", "age", "pid", "backend_start", "pg_backend_pid", "now", "size", "version",
    "datcollate", "datctype", "current_timestamp", "server_version", "server_version_num", "prosrc", "probin",
}
# How the names of functions begin that PostgreSQL does not have.
OWN = "zserver_"
NAMES = """
SELECT oid, 'relation ' || oid::regclass FROM pg_class
UNION ALL SELECT oid, 'type ' || oid::regtype FROM pg_type
UNION ALL SELECT oid, 'schema ' || nspname FROM pg_namespace
UNION ALL SELECT oid, 'constraint ' || conname FROM pg_constraint
UNION ALL SELECT oid, 'rule ' || rulename || ' ' || ev_class::regclass FROM pg_rewrite
UNION ALL SELECT oid, 'database ' FROM pg_database
UNION ALL SELECT oid, 'role ' || rolname FROM pg_roles
UNION ALL SELECT a.oid, 'default ' || a.adrelid::regclass || a.adnum FROM pg_attrdef a
UNION ALL SELECT e.oid, 'label ' || e.enumtypid::regtype || e.enumlabel FROM pg_enum e
"""


class Server:
    def __init__(self, dsn, schema):
        self.conn = psycopg.connect(dsn, autocommit=True)
        self.conn.execute(schema)
        self.names = {}
        for oid, name in self.conn.execute(NAMES):
            if oid >= FIRST_USER_OID:
                self.names.setdefault(str(oid), name)
        self.oids = {name: self.conn.execute("SELECT %s::regclass::oid", [name]).fetchone()[0] for name in STAND_INS}

    def ask(self, sql):
        """The columns, and the rows with names for OIDs; or the error's SQLSTATE."""
        cur = self.conn.cursor()
        try:
            cur.execute("SET statement_timeout = '20s'")
            result = self.conn.pgconn.exec_(sql.encode())
            if result.error_field(psycopg.pq.DiagnosticField.SQLSTATE):
                return ("error", result.error_field(psycopg.pq.DiagnosticField.SQLSTATE).decode()), []
            columns = [(result.fname(n).decode(), self.type_of(result.ftype(n))) for n in range(result.nfields)]
            rows = [tuple(self.cell(result, row, n) for n in range(result.nfields)) for row in range(result.ntuples)]
            return columns, rows
        finally:
            self.conn.execute("ROLLBACK") if self.conn.info.transaction_status else None

    def type_of(self, oid):
        return self.names.get(str(oid), oid)

    def cell(self, result, row, column):
        value = result.get_value(row, column)
        if value is None or result.fname(column).decode().lower() in PHYSICAL:
            return None
        return re.sub(r"\d{5,}", lambda m: self.names.get(m[0], m[0]), value.decode())

    def localised(self, sql):
        """The statement with this server's OIDs for those of the capture."""
        seen = {}

        def stand_in(match):
            if int(match[0]) < FIRST_USER_OID:
                return match[0]
            name = seen.setdefault(match[0], STAND_INS[len(seen) % len(STAND_INS)])
            return str(self.oids[name])

        return re.sub(r"\b\d{5}\b", stand_in, sql)


def with_parameters(sql, value):
    literal = "NULL" if value is None else "'" + value + "'"
    return re.sub(r"\$\d+", literal, sql)


def answers(postgres, zserver, sql):
    """What both say; for a statement with parameters with the same values."""
    variants = [with_parameters(sql, value) for value in PARAMETERS] if re.search(r"\$\d", sql) else [sql]
    best = None
    for variant in variants:
        columns, rows = postgres.ask(postgres.localised(variant))
        score = -1 if columns and columns[0] == "error" else len(rows)
        if best is None or score > best[0]:
            best = (score, variant, (columns, rows))
        if score > 0:
            break
    return best[2], zserver.ask(zserver.localised(best[1])), best[1]


def difference(expected, got, ordered):
    (columns, rows), (our_columns, our_rows) = expected, got
    if our_columns != columns:
        if our_columns[:1] == ("error",):
            return f"error {our_columns[1]}"
        return f"columns {our_columns} for {columns}"
    our_rows = [row for row in our_rows if not any((value or "").startswith(OWN) for value in row)]
    if not ordered:
        key = lambda row: [(value is None, value or "") for value in row]
        rows, our_rows = sorted(rows, key=key), sorted(our_rows, key=key)
    if rows == our_rows:
        return None
    missing = [row for row in rows if row not in our_rows]
    extra = [row for row in our_rows if row not in rows]
    return f"{len(missing)} rows missing, {len(extra)} too many\n    - {missing[:1]}\n    + {extra[:1]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("capture")
    parser.add_argument("postgres")
    parser.add_argument("zserver")
    parser.add_argument("--show", type=int, default=0, help="differences to print")
    parser.add_argument("--client", help="replay only this client's statements")
    args = parser.parse_args()
    schema = (Path(__file__).parent / "schema.sql").read_text()
    postgres, zserver = Server(args.postgres, schema), Server(args.zserver, schema)
    counts = collections.defaultdict(lambda: [0, 0])
    shown = 0
    for line in Path(args.capture).read_text().splitlines():
        entry = json.loads(line)
        client, kind, sql = entry["f"].removesuffix(".sql"), entry["k"], entry["s"]
        if kind not in ("SelectStmt", "VariableShowStmt") or (args.client and client != args.client):
            continue
        expected, got, asked = answers(postgres, zserver, sql)
        what = difference(expected, got, "order by" in sql.lower())
        counts[client][1] += 1
        counts[client][0] += what is None
        if what and shown < args.show:
            shown += 1
            print(f"== {client}: {what}\n{zserver.localised(asked)}\n")
    for client, (equal, total) in sorted(counts.items()):
        print(f"{client:22} {equal:4} of {total}")
    equal, total = (sum(pair[n] for pair in counts.values()) for n in (0, 1))
    print(f"{'all':22} {equal:4} of {total}  {100 * equal / max(total, 1):.1f} %")


if __name__ == "__main__":
    sys.exit(main())
