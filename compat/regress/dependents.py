"""Which differences only follow from an earlier one.

A statement that failed on zserver alone should have made objects, columns, rows or
a transaction. Errors about these names, rows of these tables, and statements in
the transaction that is failed on one side only are counted as dependent: they are
not equal, but their cause is elsewhere.
"""

import re

UNDEFINED = {
    "42P01", "42883", "42704", "42703", "3F000", "26000", "34000", "3B001", "42P02", "42809", "25P01", "22023", "42601",
    "55000", "2BP01", "42P07", "42710", "42723", "42P16", "42P10", "42601", "0A000",
}
IN_FAILED_TRANSACTION = "25P02"
NAME = r'((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))*)'
CREATES = [
    re.compile(
        r"\bcreate\s+(?:or\s+replace\s+)?(?:(?:global|local|temp|temporary|unlogged|unique|recursive|materialized"
        r"|constraint|trusted|procedural)\s+)*(?:table|view|function|procedure|type|domain|sequence|index|schema|role"
        r"|user|group|aggregate|operator|trigger|rule|policy|collation|cast|language|statistics|database|extension"
        r"|event\s+trigger)\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?" + NAME,
        re.I,
    ),
    re.compile(r"^\s*(?:prepare|declare|savepoint)\s+" + NAME, re.I),
    re.compile(r"\binto\s+(?:temp\s+|temporary\s+|table\s+)*" + NAME, re.I),
    re.compile(r"\brename\s+(?:(?:column|constraint|attribute)\s+)?(?:" + NAME + r"\s+)?to\s+" + NAME, re.I),
    re.compile(r"\badd\s+(?:column\s+)?(?:if\s+not\s+exists\s+)?(?:constraint\s+)?" + NAME, re.I),
    re.compile(r"\battribute\s+" + NAME, re.I),
]
WRITES = re.compile(
    r"\b(?:insert\s+into|update(?:\s+only)?|delete\s+from(?:\s+only)?|merge\s+into|copy|truncate(?:\s+table)?"
    r"|alter\s+table(?:\s+if\s+exists)?(?:\s+only)?|drop\s+\w+(?:\s+if\s+exists)?|refresh\s+materialized\s+view)\s+"
    + NAME,
    re.I,
)


class Dependents:
    def __init__(self):
        self.missing = set()
        self.dirty = set()

    def note(self, sql, postgres, zserver):
        """Remembers what a statement made on one side only."""
        if (postgres.error is None) == (zserver.error is None) and not zserver.broken:
            return
        for pattern in CREATES:
            for found in pattern.findall(sql):
                for name in [found] if isinstance(found, str) else found:
                    if name:
                        self.missing.add(bare(name))
        self.dirty.update(bare(name) for name in WRITES.findall(sql))

    def explain(self, sql, postgres, zserver, difference):
        codes = {(answer.error or {}).get("C") for answer in (postgres, zserver)}
        if IN_FAILED_TRANSACTION in codes:
            return True
        if difference.kind in ("XX000", "hang", "lost"):
            return False
        words = {word.lower() for word in re.findall(r"[\w$]+", sql)}
        if zserver.error is not None and codes & UNDEFINED:
            said = {word.lower() for word in re.findall(r"[\w$]+", zserver.error.get("M", ""))}
            return bool(said & self.missing & (words | said))
        if zserver.error is None:
            return bool(words & (self.missing | self.dirty))
        return False


def bare(name):
    return name.rsplit(".", 1)[-1].strip('"').lower()
