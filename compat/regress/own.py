"""The project's own files as scripts for the lock-step runner.

A `.sql` file is a psql script already. Of a `.slt` file (`tests/sql`) each statement is
taken and its expected rows are not: PostgreSQL answers beside it. Both protocols are held by `gaps.txt`: what differs is listed there with its
reason, and the list may only shrink.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GAPS = Path(__file__).parent / "gaps.txt"
HEAD = re.compile(r"(statement|query)\b")


def is_own(name):
    return name.endswith((".slt", ".sql"))


def category(name):
    """The folder of the file."""
    return str(Path(name).parent)


def script(name):
    text = Path(name).read_text(encoding="utf-8")
    return text if name.endswith(".sql") else opening(name) + ";\n".join(statements(text)) + ";\n"


def opening(name):
    """The schema of the file's own that `tests/sql.rs` opens it with, on the same line."""
    schema = "slt_" + re.sub(r"[^A-Za-z0-9]", "_", name.removesuffix(".slt"))
    return f"CREATE SCHEMA {schema}; SET search_path = {schema}, public; SET TimeZone = 'UTC'; SET DateStyle = ISO; "


def statements(text):
    """Each statement's text, without what it should answer."""
    for record in re.split(r"\n\s*\n", text):
        lines = record.splitlines()
        while lines and not HEAD.match(lines[0]):
            lines.pop(0)
        if lines:
            body = lines[1:]
            end = body.index("----") if "----" in body else len(body)
            yield "\n".join(body[:end]).rstrip().rstrip(";")


def files():
    """Every file under `tests/sql`, by its path from the project's root."""
    return [str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests" / "sql").rglob("*.slt"))]


def gap(name, mode, outcome):
    """The line of `gaps.txt` for a statement."""
    return f"{name} {mode}: {' '.join(outcome.sql.split())}"


def gaps():
    lines = GAPS.read_text(encoding="utf-8").splitlines() if GAPS.exists() else []
    return {line for line in lines if line and not line.startswith("#")}
