"""What a run found: shares, causes, and every differing statement with both answers."""

import collections
import re

import files

FIRST = ("lost", "hang", "XX000")


def counts(outcomes):
    return collections.Counter(outcome.verdict for outcome in outcomes)


def share(counter):
    total = counter["equal"] + counter["different"] + counter["dependent"]
    return counter["equal"], total, 100 * counter["equal"] / max(total, 1)


def shares(runs):
    """The text of shares by file and category; `runs` is {(file, mode): outcomes}."""
    by_category = collections.defaultdict(collections.Counter)
    whole = collections.Counter()
    lines = []
    for (name, mode), outcomes in sorted(runs.items()):
        counter = counts(outcomes)
        by_category[files.category(name)] += counter
        whole += counter
        lines.append(row(f"{name} ({mode})", counter))
    goal = sum((c for name, c in by_category.items() if name != files.OTHER), collections.Counter())
    lines.append("")
    lines += [row(name, counter) for name, counter in sorted(by_category.items())]
    lines += ["", row("higher goal", goal), row("all", whole)]
    return "\n".join(lines)


def row(name, counter):
    equal, total, percent = share(counter)
    return (
        f"{name:40} {equal:6} of {total:6} {percent:6.1f} %   different {counter['different']:5}  "
        f"dependent {counter['dependent']:5}  plans {counter['plan']:4}  skipped {counter['skipped']:4}"
    )


def causes(runs, limit=None):
    """Differing statements by what zserver says, names and numbers left out."""
    grouped = collections.defaultdict(list)
    for (name, mode), outcomes in runs.items():
        for outcome in outcomes:
            if outcome.verdict == "different":
                grouped[cause(outcome)].append((name, mode, outcome))
    ordered = sorted(grouped.items(), key=lambda item: (item[0][0] not in FIRST, -len(item[1])))
    lines = []
    for (kind, what), found in ordered[:limit]:
        name, _, outcome = found[0]
        where = collections.Counter(name for name, _, _ in found)
        places = " ".join(f"{place}:{count}" for place, count in where.most_common(4))
        lines.append(f"{len(found):5}  {kind}: {what}   [{places}]\n         {one_line(outcome.sql, 150)}")
    return "\n".join(lines)


def cause(outcome):
    difference = outcome.difference
    what = difference.what
    if difference.kind in ("values", "rows", "order", "type", "column name", "columns", "typmod", "tag", "results"):
        what = ""
    return difference.kind, re.sub(r"\d+", "N", re.sub(r'"[^"]*"', '"…"', what))[:160]


def soft(runs):
    """How many equal statements differ in detail, hint or notices."""
    found = collections.Counter()
    for outcomes in runs.values():
        for outcome in outcomes:
            if outcome.verdict == "equal":
                found.update(outcome.soft)
    return ", ".join(f"{name} {count}" for name, count in found.most_common()) or "none"


def differences(name, mode, outcomes, verdicts=("different", "dependent", "soft")):
    """Each differing statement of a file with both answers; the broken ones first."""
    chosen = [o for o in outcomes if o.verdict in verdicts or ("soft" in verdicts and o.soft)]
    chosen.sort(key=lambda o: (o.difference is None, o.difference is not None and o.difference.kind not in FIRST))
    parts = []
    for outcome in chosen:
        kind = outcome.difference.kind if outcome.difference else "only " + ", ".join(outcome.soft)
        what = outcome.difference.what if outcome.difference else ""
        head = f"== {name}:{outcome.line} #{outcome.number} {mode} {outcome.verdict} [{kind}] {what}"
        shown = "\n".join(f"{mark} {text}" for mark, a in zip("PZ", outcome.answers) for text in answer_lines(a))
        parts.append(f"{head}\n{outcome.sql}\n{shown}\n")
    return "\n".join(parts)


def answer_lines(answer, limit=12):
    lines = [f"({answer.broken})"] if answer.broken else []
    for result in answer.results:
        if result.columns:
            columns = [f"{c.name}:{c.type_oid}" + (f"/{c.typmod}" if c.typmod >= 0 else "") for c in result.columns]
            lines.append(" | ".join(columns))
        for shown_row in result.rows[:limit]:
            lines.append("  " + " | ".join(map(cell, shown_row, result.columns or [None] * len(shown_row))))
        if len(result.rows) > limit:
            lines.append(f"  … {len(result.rows)} rows")
        lines.append(f"  {result.tag}")
    for fields in answer.notices + ([answer.error] if answer.error else []):
        said = f"{fields.get('S')} {fields.get('C')}: {fields.get('M')}"
        for letter, label in (("P", "@"), ("D", "DETAIL "), ("H", "HINT "), ("W", "CONTEXT ")):
            if letter in fields:
                said += f"  {label}{fields[letter]}"
        lines.append(said)
    return lines


INTEGERS = (20, 21, 23, 26)


def cell(value, column):
    if value is None:
        return "NULL"
    if column is not None and column.format == 1 and column.type_oid in INTEGERS:
        return str(int.from_bytes(value, "big", signed=True))
    return value[:300].decode("utf-8", "backslashreplace")


def one_line(sql, width):
    joined = " ".join(sql.split())
    return joined if len(joined) <= width else joined[: width - 1] + "…"
