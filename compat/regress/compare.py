"""Whether two servers gave the same answer.

What is each server's own is evened out first, and only this:
- OIDs of users' objects (16384 and up) in results of type oid, in the reg* types in
  binary, in the types of columns, in records and arrays of users' types in binary,
  and in messages; the numbers in names of TOAST tables and temporary schemas;
- transaction ids of 700 and up, positions of rows on disk (columns named ctid, xmin,
  xmax, tableoid in arithmetic are compared as they are);
- the values of statements that read the clock, random numbers or process ids, where
  they differ: there only types, the number of rows, NULLs and booleans are compared;
- rows that came before an error: only whole results are compared where both fail;
- plans: of EXPLAIN only success and columns are compared, and it is counted apart.
Rows are compared in the order of a top-level ORDER BY (rows that it leaves equal may
come in any order), otherwise as a multiset.
"""

import re
from dataclasses import dataclass, field

from script import tokens

FIRST_USER_OID = 16384
FIRST_TRANSACTION = 700
OID_TYPES = {26, 24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191}
XID_TYPES = {28, 29, 5069}
RECORD_TYPES = {2249, 2287, 1034, 1033}
BOOLEAN = 16
VOLATILE = re.compile(
    r"\b(now|random|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|gen_random_uuid"
    r"|pg_backend_pid|txid_current|pg_current_xact_id|pg_current_snapshot|txid_current_snapshot|version"
    r"|pg_postmaster_start_time|pg_conf_load_time)\s*\("
    r"|\bcurrent_(timestamp|time|date)\b|\blocaltime(stamp)?\b|'(now|today|tomorrow|yesterday)\b",
    re.I,
)


@dataclass
class Difference:
    """How an answer differs: `kind` for the counts, `what` for people."""

    kind: str
    what: str
    soft: list = field(default_factory=list)


def compare(sql, postgres, zserver):
    """(difference or None, what differs in detail, hint and notices only)."""
    if zserver.broken:
        return Difference(zserver.broken, f"the connection: {zserver.broken}"), []
    if (zserver.error or {}).get("C") == "XX000" and (postgres.error or {}).get("C") != "XX000":
        return Difference("XX000", zserver.error.get("M", "")), []
    different = compare_errors(postgres.error, zserver.error) or compare_results(sql, postgres, zserver)
    if different is None and postgres.status != zserver.status:
        different = Difference("transaction", f"status {zserver.status} for {postgres.status}")
    return different, soft_differences(postgres, zserver)


def compare_errors(expected, got):
    if expected is None and got is None:
        return None
    if expected is None:
        return Difference("error", f"{got.get('C')} {got.get('M')}")
    if got is None:
        return Difference("no error", f"succeeds; PostgreSQL: {expected.get('C')} {expected.get('M')}")
    for letter, kind in (("C", "SQLSTATE"), ("M", "message"), ("P", "position")):
        if plain(expected.get(letter)) != plain(got.get(letter)):
            return Difference(kind, f"{got.get('C')} {got.get('M')} @{got.get('P')}")
    return None


def soft_differences(postgres, zserver):
    found = []
    if postgres.error and zserver.error:
        for letter, name in (("D", "detail"), ("H", "hint")):
            if plain(postgres.error.get(letter)) != plain(zserver.error.get(letter)):
                found.append(name)
    said = [[(n.get("C"), plain(n.get("M"))) for n in answer.notices] for answer in (postgres, zserver)]
    return found + (["notices"] if said[0] != said[1] else [])


def plain(message):
    """A message without the numbers that are each server's own."""
    if message is None:
        return None
    message = re.sub(r"pg_temp_\d+", "pg_temp_N", message)
    message = re.sub(r"/output-[PZ]/", "/output/", message)
    message = re.sub(r"pg_toast_\d+", "pg_toast_N", message)
    message = re.sub(r"(RI_ConstraintTrigger_[ac]_)\d+", r"\1N", message)
    return re.sub(r"(\boid \"?|OID )\d{5,}", r"\1N", message)


def compare_results(sql, postgres, zserver):
    answers = [answer.results for answer in (postgres, zserver)]
    if postgres.error:
        answers = [[result for result in results if result.tag is not None] for results in answers]
    if len(answers[0]) != len(answers[1]):
        return Difference("results", f"{len(answers[1])} results for {len(answers[0])}")
    for expected, got in zip(*answers):
        different = compare_result(sql, expected, got)
        if different:
            return different
    return None


def compare_result(sql, expected, got):
    different = compare_columns(expected.columns, got.columns)
    if different:
        return different
    if not is_plan(sql):
        different = compare_rows(sql, expected, got)
        if different is None and expected.tag != got.tag:
            different = Difference("tag", f"{got.tag} for {expected.tag}")
    return different


def compare_columns(expected, got):
    if (expected is None) != (got is None):
        return Difference("columns", "has no columns" if got is None else "has columns")
    if expected is None:
        return None
    shown = [[(c.name, user(c.type_oid), c.typmod) for c in columns] for columns in (expected, got)]
    if shown[0] == shown[1]:
        return None
    kind = "columns"
    if len(shown[0]) == len(shown[1]):
        first = next(pair for pair in zip(*shown) if pair[0] != pair[1])
        kind = next(k for k, a, b in zip(("column name", "type", "typmod"), *first) if a != b)
    return Difference(kind, f"{shown[1]} for {shown[0]}")


def user(oid):
    return "user" if oid >= FIRST_USER_OID else oid


def is_plan(sql):
    return re.match(r"\s*explain\b", sql, re.I) is not None


def compare_rows(sql, expected, got):
    rows = [evened(expected.columns, expected.rows), evened(expected.columns, got.rows)]
    if rows[0] == rows[1]:
        return None
    if sorted(rows[0], key=row_key) == sorted(rows[1], key=row_key):
        keys = order_by(sql)
        if keys is None:
            return None
        positions = key_positions(keys, expected.columns)
        if positions and all(
            [row[n] for n in positions] == [other[n] for n in positions] for row, other in zip(*rows)
        ):
            return None
        return Difference("order", "rows in another order")
    if VOLATILE.search(sql) and shape(expected) == shape(got):
        return None
    if len(rows[0]) != len(rows[1]):
        return Difference("rows", f"{len(rows[1])} rows for {len(rows[0])}")
    return Difference("values", first_value(rows, expected.columns))


def row_key(row):
    return [(cell is not None, cell or b"") for cell in row]


def first_value(rows, columns):
    for expected, got in zip(*rows):
        for column, a, b in zip(columns or [], expected, got):
            if a != b:
                return f"{column.name}: {shown(b)} for {shown(a)}"
    return "rows"


def shown(cell):
    return "NULL" if cell is None else cell[:200].decode("utf-8", "backslashreplace")


def shape(result):
    """What is left of rows whose values are the moment's: NULLs and booleans."""
    kept = [column.type_oid == BOOLEAN for column in result.columns or []]
    return sorted(
        [(cell is None, (cell or b"") if keep else b"") for keep, cell in zip(kept, row)] for row in result.rows
    )


def evened(columns, rows):
    makers = [evener(column) for column in columns or []]
    if not any(makers):
        return rows
    return [
        tuple(make(cell) if make and cell is not None else cell for make, cell in zip(makers, row)) for row in rows
    ]


def evener(column):
    if column.type_oid == 0:
        return None
    if column.name in ("ctid", "xmin", "xmax", "cmin", "cmax"):
        return lambda cell: b"physical"
    if column.type_oid in OID_TYPES:
        return lambda cell: number(session_schema(cell), column.format, FIRST_USER_OID)
    if column.type_oid in XID_TYPES:
        return lambda cell: number(cell, column.format, FIRST_TRANSACTION)
    if column.format == 1 and (column.type_oid >= FIRST_USER_OID or column.type_oid in RECORD_TYPES):
        return lambda cell: re.sub(rb"\x00\x00[\x40-\xff].", b"\x00\x00OI", cell, flags=re.S)
    if column.type_oid in (18, 19, 25, 1043, 1034, 1003, 1009):
        return session_schema
    return None


def session_schema(cell):
    """Without the number of the session whose schema it is."""
    return re.sub(rb"pg_(toast|temp)_\d+", rb"pg_\1_N", cell)


def number(cell, form, limit):
    value = int.from_bytes(cell, "big") if form == 1 else int(cell) if cell.isdigit() else 0
    return b"OID" if value >= limit else cell


def order_by(sql):
    """The text of a statement's top-level ORDER BY; None without one."""
    depth, words = 0, []
    for start, end in tokens(sql):
        token = sql[start:end]
        depth += (token == "(") - (token == ")")
        if depth == 0 and token.strip() and not token.startswith(("--", "/*")):
            words.append((token.lower(), start, end))
    found = None
    for (a, _, _), (b, _, end) in zip(words, words[1:]):
        if (a, b) == ("order", "by"):
            found = end
    if found is None:
        return None
    rest = next((s for w, s, _ in words if s > found and w in ("limit", "offset", "fetch", "for", "using")), len(sql))
    return sql[found:rest]


def key_positions(keys, columns):
    """Which result columns an ORDER BY names, if it names nothing else."""
    names, positions = [column.name for column in columns], []
    for key in keys.split(","):
        word = re.sub(r"\s+(asc|desc)\b|\s+nulls\s+(first|last)\b", "", key, flags=re.I).strip().strip('"')
        word = word.rsplit(".", 1)[-1]
        if word.isdigit() and 0 < int(word) <= len(columns):
            positions.append(int(word) - 1)
        elif names.count(word.lower()) == 1:
            positions.append(names.index(word.lower()))
        else:
            return None
    return positions
