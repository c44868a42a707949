#!/usr/bin/env python3
"""Fills in what PostgreSQL answers to the calls in tests/sql/functions/*.txt.

Each line is a call, or a call, a tab and an older answer; comments start with
two hyphens. The files are rewritten in place (psql and the PG* variables say
which server answers):

    compat/declarations/results.py tests/sql/functions/*.txt
"""

import json
import subprocess
import sys
from pathlib import Path

FUNCTION = """
CREATE FUNCTION pg_temp.answer(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT string_agg(CASE WHEN r IS NULL THEN ''NULL'' ELSE format(''%s'', r) END, '' | '') FROM ' || call || ' r' INTO result;
    RETURN coalesce(result, '');
EXCEPTION WHEN OTHERS THEN
    RETURN 'ERROR ' || SQLSTATE || ' ' || SQLERRM;
END $$;
"""


def quoted(call):
    """The call with its function's name in quotes, as some are keywords."""
    name, rest = call.split("(", 1)
    return f'pg_catalog."{name}"({rest}'


def aggregated(call):
    """The aggregate over the rows that the call lists."""
    name, rest = call.split("(", 1)
    rows = rest[:-1].split("; ")
    values = ", ".join(f"({row})" for row in rows)
    columns = ", ".join(f"v{n}" for n in range(rows[0].count("::")))
    return f'coalesce((SELECT "{name}"({columns}) FROM (VALUES {values}) t({columns})))'


def answers(calls):
    script = "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY';" + FUNCTION + "SELECT to_json(pg_temp.answer(c.call)) FROM (VALUES "
    rows = ",\n".join("({}, '{}')".format(n, call.replace("'", "''")) for n, call in enumerate(calls))
    script += rows + ") c(n, call) ORDER BY n;"
    out = subprocess.run(["psql", "-XAtq"], input=script, check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in out.stdout.splitlines()]


def main():
    for path in map(Path, sys.argv[1:]):
        lines = path.read_text().splitlines()
        calls = [line.split("\t")[0] for line in lines if line and not line.startswith("--")]
        spell = aggregated if path.stem == "aggregates" else quoted
        results = iter(answers(map(spell, calls)))
        out = []
        for line in lines:
            if line and not line.startswith("--"):
                result = next(results).replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
                line = line.split("\t")[0] + "\t" + result
            out.append(line)
        path.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
