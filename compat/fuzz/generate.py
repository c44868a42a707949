"""Random typed expressions and FROM clauses over `schema.sql`.

Every expression has one of a few types, and depth is bounded. Nothing volatile is
made, so that a query has one answer. Errors (division by zero, overflow) are left
possible: which rows meet them is up to the plan, so queries that fail are not judged.
"""

TABLES = {
    "a": {"id": "int", "i": "int", "b": "int", "n": "num", "t": "text", "d": "date", "f": "bool", "m": "mood", "x": "ints"},
    "b": {"id": "int", "i": "int", "a_id": "int", "t": "text", "c": "char", "v": "float", "n": "num", "s": "time",
          "j": "json", "r": "range"},
    "p": {"k": "int", "i": "int", "t": "text"},
    "e": {"i": "int", "t": "text"},
    "parent": {"i": "int", "t": "text"},
    "w": {"t": "text", "c": "int", "i": "int"},
}
LITERALS = {
    "int": ["0", "1", "-1", "3", "7", "12", "40", "NULL::int", "2147483647"],
    "num": ["0.0", "1.5", "-3.25", "10.000", "NULL::numeric", "'NaN'::numeric"],
    "float": ["0::float8", "2.5::float8", "'infinity'::float8", "'NaN'::float8", "NULL::float8"],
    "text": ["''", "'a'", "'ab'", "'abb'", "'xyz'", "'%b'", "NULL::text"],
    "char": ["'a'::char(4)", "'b   '::char(4)", "NULL::char(4)"],
    "date": ["date '2020-02-29'", "date '2020-03-03'", "'infinity'::date", "NULL::date"],
    "time": ["timestamp '2020-03-01 02:00'", "timestamp '2020-02-29'", "NULL::timestamp"],
    "bool": ["true", "false", "NULL::bool"],
    "mood": ["'sad'::mood", "'happy'::mood", "NULL::mood"],
    "ints": ["'{}'::int[]", "ARRAY[1,2]", "ARRAY[0,NULL,6]", "NULL::int[]"],
    "json": ["'{\"k\": 1}'::jsonb", "'{}'::jsonb", "'[1]'::jsonb", "NULL::jsonb"],
    "range": ["'[1,5)'::int4range", "'empty'::int4range", "NULL::int4range"],
}
ORDERED = [name for name in LITERALS if name != "bool"]


class Scope:
    """The columns that an expression may name: (alias, column, type)."""

    def __init__(self, random, columns, outer=None, depth=3):
        self.random, self.columns, self.outer, self.depth = random, columns, outer or [], depth

    def column(self, kind):
        known = [f"{alias}.{name}" for alias, name, held in self.columns if held == kind]
        if self.outer and self.random.random() < 0.5:
            known += [f"{alias}.{name}" for alias, name, held in self.outer if held == kind]
        return self.random.choice(known) if known else None

    def leaf(self, kind):
        column = self.column(kind)
        if column and self.random.random() < 0.75:
            return column
        return self.random.choice(LITERALS[kind])

    def value(self, kind, depth):
        if depth <= 0 or self.random.random() < 0.3:
            return self.leaf(kind)
        if kind == "bool":
            return self.condition(depth)
        make = lambda other: self.value(other, depth - 1)
        common = [
            lambda: f"coalesce({make(kind)}, {make(kind)})",
            lambda: f"nullif({make(kind)}, {make(kind)})",
            lambda: f"CASE WHEN {self.condition(depth - 1)} THEN {make(kind)} ELSE {make(kind)} END",
            lambda: f"CASE {make('int')} WHEN {make('int')} THEN {make(kind)} END",
        ]
        return self.random.choice(common + self.special(kind, make))()

    def special(self, kind, make):
        pick = self.random.choice
        return {
            "int": [
                lambda: f"({make('int')} {pick(['+', '-', '%', '&', '|'])} {pick(['1', '2', '5'])})",
                lambda: f"(({make('int')})::bigint * 3 / 2)",
                lambda: f"length({make('text')})",
                lambda: f"abs({make('int')} % 1000)",
                lambda: f"greatest({make('int')}, {make('int')})",
                lambda: f"cardinality({make('ints')})",
                lambda: f"({make('ints')})[{pick(['1', '2', '9'])}]",
                lambda: f"lower({make('range')})",
                lambda: f"strpos({make('text')}, {make('text')})",
            ],
            "num": [
                lambda: f"({make('num')} {pick(['+', '-', '*'])} {make('num')})",
                lambda: f"round({make('num')}, 1)",
                lambda: f"({make('int')})::numeric",
                lambda: f"abs({make('num')})",
            ],
            "float": [lambda: f"({make('float')} + {make('float')})", lambda: f"({make('int')})::float8", lambda: f"-({make('float')})"],
            "text": [
                lambda: f"({make('text')} || {make('text')})",
                lambda: f"upper({make('text')})",
                lambda: f"substr({make('text')}, 1, 2)",
                lambda: f"({make('int')})::text",
                lambda: f"({make('char')})::text",
                lambda: f"replace({make('text')}, 'b', {make('text')})",
                lambda: f"({make('json')} ->> 'k')",
                lambda: f"concat({make('text')}, {make('int')})",
            ],
            "date": [lambda: f"({make('date')} + {pick(['1', '3', '-2'])})", lambda: f"({make('time')})::date"],
            "time": [lambda: f"({make('time')} + interval '1 day')", lambda: f"({make('date')})::timestamp"],
            "ints": [lambda: f"({make('ints')} || {make('ints')})", lambda: f"array_remove({make('ints')}, 1)"],
            "json": [lambda: f"({make('json')} -> 'l')", lambda: f"to_jsonb({make('int')})"],
            "range": [lambda: f"({make('range')} * {make('range')})"],
        }.get(kind, [])

    def condition(self, depth=None):
        depth = self.depth if depth is None else depth
        pick = self.random.choice
        if depth <= 0:
            return self.leaf("bool") if self.random.random() < 0.2 else self.comparison(0)
        make = lambda kind: self.value(kind, depth - 1)
        return pick(
            [
                lambda: self.comparison(depth),
                lambda: self.comparison(depth),
                lambda: f"({self.condition(depth - 1)} AND {self.condition(depth - 1)})",
                lambda: f"({self.condition(depth - 1)} OR {self.condition(depth - 1)})",
                lambda: f"(NOT {self.condition(depth - 1)})",
                lambda: f"({self.value(pick(ORDERED), depth - 1)} IS {pick(['', 'NOT '])}NULL)",
                lambda: f"({self.condition(depth - 1)} IS {pick(['TRUE', 'NOT FALSE', 'UNKNOWN', 'NOT TRUE'])})",
                lambda: f"({make('int')} {pick(['', 'NOT '])}BETWEEN {make('int')} AND {make('int')})",
                lambda: f"({make('int')} {pick(['', 'NOT '])}IN ({make('int')}, {make('int')}, 3))",
                lambda: f"({make('text')} {pick(['LIKE', 'NOT LIKE', 'ILIKE'])} {pick(LITERALS['text'])})",
                lambda: f"({make('text')} ~ {pick(['^a', 'b$', '[xy]', '.b'])!r})",
                lambda: f"({make('int')} = {pick(['ANY', 'ALL'])} ({make('ints')}))",
                lambda: f"({make('ints')} {pick(['@>', '&&', '<@'])} {make('ints')})",
                lambda: f"({make('json')} {pick(['@>', '<@'])} {make('json')})",
                lambda: f"({make('range')} @> ({make('int')})::int)",
                lambda: f"(({make('int')}, {make('text')}) {pick(['=', '<', '>='])} ({make('int')}, {make('text')}))",
                lambda: self.subquery(depth),
                lambda: self.subquery(depth),
            ]
        )()

    def comparison(self, depth):
        kind = self.random.choice(ORDERED)
        column = self.column(kind)
        left = column if column and self.random.random() < 0.5 else self.value(kind, depth - 1)
        operator = self.random.choice(["=", "=", "<", "<=", ">", ">=", "<>", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"])
        return f"({left} {operator} {self.value(kind, depth - 1)})"

    def subquery(self, depth):
        name = self.random.choice(list(TABLES))
        alias = f"s{depth}{self.random.randrange(1000)}"
        columns = [(alias, column, kind) for column, kind in TABLES[name].items()]
        inner = Scope(self.random, columns, self.columns + self.outer)
        where = inner.condition(min(depth - 1, 1))
        kind = self.random.choice(["int", "text"])
        item = inner.column(kind) or inner.leaf(kind)
        own = Scope(self.random, columns).leaf(kind)
        outside = self.value(kind, depth - 1)
        limit = self.random.choice(["", "", f" ORDER BY 1 LIMIT {self.random.randrange(3)}"])
        return self.random.choice(
            [
                f"EXISTS (SELECT 1 FROM {name} AS {alias} WHERE {where})",
                f"(NOT EXISTS (SELECT {item} FROM {name} AS {alias} WHERE {where}))",
                f"({outside} {self.random.choice(['', 'NOT '])}IN (SELECT {item} FROM {name} AS {alias} WHERE {where}{limit}))",
                f"({outside} {self.random.choice(['=', '<', '>'])} (SELECT {self.random.choice(['min', 'max'])}({own}) FROM {name} AS {alias} WHERE {where}))",
                f"({outside} {self.random.choice(['<', '>=', '<>'])} {self.random.choice(['ANY', 'ALL'])} (SELECT {item} FROM {name} AS {alias} WHERE {where}))",
                f"((SELECT count(*) FROM {name} AS {alias} WHERE {where}) {self.random.choice(['=', '>', '<'])} {self.random.randrange(12)})",
            ]
        )


def source(random):
    """A FROM clause and its scope."""
    text, columns = "", []
    for number in range(random.choice([1, 1, 2, 2, 3])):
        alias, name = f"r{number}", random.choice(list(TABLES))
        added = [(alias, column, kind) for column, kind in TABLES[name].items()]
        relation = f"{name} AS {alias}"
        if random.random() < 0.15:
            inner = Scope(random, added, columns if number else None)
            lateral = "LATERAL " if number else ""
            relation = f"{lateral}(SELECT * FROM {name} AS {alias} WHERE {inner.condition(1)}) AS {alias}"
        if not number:
            text, columns = relation, added
            continue
        on = Scope(random, columns + added).condition(1)
        equal = equality(random, columns, added)
        if equal and random.random() < 0.7:
            on = equal if random.random() < 0.6 else f"{equal} AND {on}"
        kind = random.choice(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"])
        if "LATERAL" in relation and kind in ("RIGHT JOIN", "FULL JOIN"):
            kind = "LEFT JOIN"
        if kind == "FULL JOIN" and not (equal and on.startswith(equal)):
            kind = "LEFT JOIN"
        text += f" {kind} {relation}" + ("" if kind == "CROSS JOIN" else f" ON {on}")
        columns = columns + added
    return text, Scope(random, columns)


def equality(random, left, right):
    pairs = [(a, b) for a in left for b in right if a[2] == b[2] and a[2] in ("int", "text")]
    if not pairs:
        return None
    one, other = random.choice(pairs)
    return f"({one[0]}.{one[1]} = {other[0]}.{other[1]})"
