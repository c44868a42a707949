"""What the checks of pgvector's TAP tests share: types of vectors, exact answers, recall."""

import random

LIMIT = 20
CHECKS = {}


def check(*numbers):
    def keep(function):
        CHECKS[function.__name__] = (numbers, function)
        return function

    return keep


class Failed(Exception):
    pass


def hold(condition, what):
    if not condition:
        raise Failed(what)


class Subject:
    """A node under a check: tables are made anew for each."""

    def __init__(self, node, scale):
        self.node, self.scale = node, scale
        self.random = random.Random(7)

    @property
    def ours(self):
        return self.node.kind == "zserver"

    def rows(self, count, least=200):
        return max(int(count * self.scale), min(count, least))

    def session(self, *settings):
        session = self.node.session()
        for setting in settings:
            session.sql(f"SET {setting}")
        return session

    def fresh(self, session):
        session.sql("DROP TABLE IF EXISTS tst, cat, tmp")

    def concurrently(self, scripts, clients, transactions):
        if isinstance(scripts, str):
            scripts = {scripts: 1}
        return self.node.pgbench(scripts, clients, max(1, int(transactions * min(1, self.scale * 2))))


class Kind:
    """A type of vectors: how a random one is written in SQL, as a value and over the rows of a table."""

    def __init__(self, name, column, row, query, operators, least, cast=""):
        self.name, self.column, self.row, self.query, self.operators, self.least, self.cast = (
            name, column, row, query, operators, least, cast
        )


def array(terms, dims):
    return "ARRAY[" + ", ".join([terms] * dims) + "]"


BITS = 52
LESS_FOR_IP = {"<#>": 0.97}
KINDS = {
    "vector": Kind(
        "vector", "vector(3)", array("random() * random()", 3), lambda r: "'[%s]'" % ",".join(str(r.random()) for _ in range(3)),
        {"<->": "vector_l2_ops", "<#>": "vector_ip_ops", "<=>": "vector_cosine_ops", "<+>": "vector_l1_ops"},
        lambda operator: LESS_FOR_IP.get(operator, 0.99),
    ),
    "halfvec": Kind(
        "halfvec", "halfvec(10)", array("2 * random() * random()", 10), lambda r: "'[%s]'" % ",".join(str(r.random()) for _ in range(10)),
        {"<->": "halfvec_l2_ops", "<#>": "halfvec_ip_ops", "<=>": "halfvec_cosine_ops", "<+>": "halfvec_l1_ops"},
        lambda operator: 0.98,
    ),
    "sparsevec": Kind(
        "sparsevec", "sparsevec(3)", array("random() * random()", 3) + "::vector::sparsevec",
        lambda r: "'{%s}/3'" % ",".join(f"{n}:{r.random()}" for n in (1, 2, 3)),
        {"<->": "sparsevec_l2_ops", "<#>": "sparsevec_ip_ops", "<=>": "sparsevec_cosine_ops", "<+>": "sparsevec_l1_ops"},
        lambda operator: LESS_FOR_IP.get(operator, 0.99),
    ),
    "bit": Kind(
        "bit", f"bit({BITS})", f"(random() * {2**BITS})::bigint::bit({BITS})", lambda r: f"{r.randrange(2**BITS)}::bigint::bit({BITS})",
        {"<~>": "bit_hamming_ops", "<%>": "bit_jaccard_ops"}, lambda operator: 0.95 if operator == "<%>" else 0.98,
    ),
}


def exact(session, operator, query, where="true", limit=LIMIT):
    """The keys of the nearest rows without an index, those that are as near as the last among them."""
    return set(
        session.column(
            f"WITH top AS MATERIALIZED (SELECT v {operator} {query} AS distance FROM tst WHERE {where} ORDER BY v {operator} {query} LIMIT {limit}) "
            f"SELECT i FROM tst WHERE {where} AND (v {operator} {query}) <= (SELECT max(distance) FROM top)"
        )
    )


def expected_of(subject, operator, queries, where="true", limit=LIMIT):
    session = subject.session("enable_indexscan = off")
    found = [exact(session, operator, query, where, limit) for query in queries]
    session.close()
    return found


def recall(subject, operator, queries, expected, least, settings=(), where="true", limit=LIMIT):
    session = subject.session("enable_seqscan = off", *settings)

    def nearest(query):
        return f"SELECT i FROM tst WHERE {where} ORDER BY v {operator} {query} LIMIT {limit}"

    plan = session.plan(nearest(queries[0]))
    hold("Index Scan" in plan, f"no index scan: {plan}")
    hits = total = 0
    for query, true in zip(queries, expected):
        found = session.column(nearest(query))
        hold(len(found) == len(set(found)), f"a row twice: {found}")
        hits += len(set(found) & true)
        total += min(limit, len(true))
    session.close()
    share = hits / max(total, 1)
    # The bounds are for the whole tables; lists of fewer rows hold less of what is near.
    least = least if subject.scale >= 1 else 0.9 * least
    hold(share >= least, f"{operator} {settings} {where}: recall {share:.4f} of {least}")
    return share


def some_queries(subject, kind, count=20):
    return [kind.query(subject.random) for _ in range(count)]

# The tables of these have uniform values; pgvector's bounds are for them.
UNIFORM = {
    "vector": Kind("vector", "vector(3)", array("random()", 3), KINDS["vector"].query, {"<->": "vector_l2_ops"}, None),
    "halfvec": Kind("halfvec", "halfvec(3)", array("random()", 3), KINDS["vector"].query, {"<->": "halfvec_l2_ops"}, None),
    "sparsevec": Kind(
        "sparsevec", "sparsevec(3)", array("random()", 3) + "::vector::sparsevec(3)", KINDS["sparsevec"].query, {"<->": "sparsevec_l2_ops"}, None
    ),
}
