#!/usr/bin/env python3
"""Writes compat/functions.md: PostgreSQL 15's functions and operators, and their state here.

    compat/functions.py POSTGRES_PORT ZSERVER_PORT            writes the file
    compat/functions.py POSTGRES_PORT ZSERVER_PORT --check    fails when it is not what it would write

Both servers are asked for their pg_proc and pg_operator through psql, on 127.0.0.1 as
postgres. What has PostgreSQL's OIDs here works, but for what sql/later_*.sql only lists; a
function without arguments that this server has, but answers 0A000, is listed as such;
the rest is missing.

Left out are functions that no statement calls (input and output, support functions of
indexes, aggregates and estimates, trigger functions) and those over the types that are
for later: money, xml, full text.
"""

import re
import subprocess
import sys
from pathlib import Path

FILE = Path(__file__).parent / "functions.md"

LATER = """money xml tsvector tsquery gtsvector
""".split()

# Functions that are in pg_proc here without code: calling one answers 0A000.
LISTED = set(re.findall(r"(?:SET oid|OID) = (\d+)", "".join(
    (FILE.parent.parent / "sql" / f"later_{kind}.sql").read_text() for kind in ("functions", "aggregates"))))

FUNCTIONS = """
SELECT p.oid, CASE p.prokind WHEN 'a' THEN 'aggregates' WHEN 'w' THEN 'window functions' ELSE '' END,
    p.proname, pg_get_function_identity_arguments(p.oid),
    coalesce((SELECT string_agg(t::regtype::text, ' ') FROM unnest(p.proargtypes::oid[] || p.prorettype) t), '')
FROM pg_proc p WHERE p.oid < 16384 AND p.pronamespace = 'pg_catalog'::regnamespace
"""
OPERATORS = """
SELECT o.oid, o.oprname, o.oprleft::regtype, o.oprright::regtype, o.oprresult::regtype, o.oprcode::oid
FROM pg_operator o WHERE o.oid < 16384
"""

INTERNAL_TYPES = {"internal", "cstring", "trigger", "event_trigger", "language_handler", "index_am_handler",
                  "table_am_handler", "fdw_handler", "tsm_handler", "pg_ddl_command"}
INTERNAL_NAMES = re.compile("^(RI_FKey_.*|binary_upgrade_.*|.*_(transfn|finalfn|support)|.*(in|out|send|recv)"
                            "|.*sel|.*selfunc|plpgsql_validator|fmgr_.*)$")
# Names that only look like input and output.
CALLED = re.compile("^(asin|sin|min|cot|.*_join|bool_.*|array_.*|makeaclitem|pg_.*|text.*|int.*plus|.*_begin"
                    "|date_bin|age.*)$")


def ask(port, sql):
    command = ["psql", "-XAtq", "-F", "\t", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", sql, "postgres"]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [line.split("\t") for line in out.splitlines()]


def refused(port, name):
    """Whether a function without arguments answers that it is not supported."""
    command = ["psql", "-XAtq", "-v", "VERBOSITY=sqlstate", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres",
               "-c", f'SELECT pg_catalog."{name}"()', "postgres"]
    return "0A000" in subprocess.run(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True).stderr


def is_later(types):
    words = set(types.replace("[]", "").split())
    return bool(words & set(LATER))


def functions(postgres, zserver):
    here = {row[0] for row in ask(zserver, FUNCTIONS)} - LISTED
    rows = []
    for oid, kind, name, arguments, types in ask(postgres, FUNCTIONS):
        words = set(types.replace("[]", "").split())
        internal = words & INTERNAL_TYPES or INTERNAL_NAMES.match(name) and not CALLED.match(name)
        if is_later(types) or internal or name.startswith(("ts_", "xml", "gin_", "gist_", "spg_", "brin_", "inet_gist")):
            continue
        if oid not in here:
            state = "missing"
        elif not arguments and not kind and refused(zserver, name):
            state = "0A000"
        else:
            state = "works"
        rows.append((kind or "functions", name, f"({arguments})", state))
    return rows


def operators(postgres, zserver):
    here = {row[0] for row in ask(zserver, OPERATORS) if row[5] not in LISTED}
    rows = []
    for oid, name, left, right, result, _ in ask(postgres, OPERATORS):
        if is_later(" ".join([left, right, result])):
            continue
        left = "" if left == "-" else left + " "
        rows.append(("operators", name, f"{left}{name} {right}", "works" if oid in here else "missing"))
    return rows


def section(title, rows):
    """One line a name and state: its signatures."""
    grouped = {}
    for _, name, signature, state in rows:
        grouped.setdefault((name, state), []).append(signature)
    count = {state: sum(len(s) for (_, known), s in grouped.items() if known == state)
             for state in ("works", "0A000", "missing")}
    told = ", ".join(f"{n} {state}" for state, n in count.items() if n)
    lines = ["", f"## {title[0].upper()}{title[1:]}: {told}", "", "| name | signatures | state |", "|---|---|---|"]
    for (name, state), signatures in sorted(grouped.items()):
        cells = [cell.replace("|", "\\|") for cell in (name, " · ".join(sorted(signatures)))]
        lines.append(f"| `{cells[0]}` | {cells[1]} | {state} |")
    return lines


def document(postgres, zserver):
    rows = functions(postgres, zserver) + operators(postgres, zserver)
    lines = ["# PostgreSQL 15's functions and operators, and their state here", "",
             "Written by `compat/functions.py` from both servers' catalogs; `.ci/test functions::` fails when it is out of",
             "date. The types of later work (geometric, money, xml, full text) and functions that no statement calls are",
             "left out."]
    for title in ("functions", "aggregates", "window functions", "operators"):
        lines += section(title, [row for row in rows if row[0] == title])
    return "\n".join(lines) + "\n"


def main():
    text = document(int(sys.argv[1]), int(sys.argv[2]))
    if "--check" not in sys.argv[3:]:
        FILE.write_text(text)
        return 0
    if FILE.read_text() == text:
        return 0
    known = set(FILE.read_text().splitlines())
    print("compat/functions.md is out of date:")
    print("\n".join(line for line in text.splitlines() if line not in known))
    return 1


if __name__ == "__main__":
    sys.exit(main())
