"""Checks of values: aggregates, comparison, distances, input."""

from nodes import SqlError
from subject import array, check, hold


@check(18)
def aggregates(subject):
    session = subject.session()
    subject.fresh(session)
    session.sql("CREATE TABLE tst (r1 real, r2 real, r3 real, v vector(3))")
    session.sql(
        "INSERT INTO tst SELECT r1, r2, r3, ARRAY[r1, r2, r3] FROM (SELECT random() + 1.01 AS r1, random() + 2.01 AS r2, "
        f"random() + 3.01 AS r3 FROM generate_series(1, {subject.rows(1_000_000, 10_000)}) t) i"
    )
    for value in ("v", "v::halfvec"):
        mean = session.one(f"SELECT avg({value}) FROM tst")
        near = [float(x) for x in mean.strip("[]").split(",")]
        hold(all(abs(x - y) < 0.05 for x, y in zip(near, (1.51, 2.51, 3.51))), mean)
        for name in ("avg", "sum"):
            hold(session.one(f"SELECT {name}({value}) FROM tst WHERE r1 < 0") is None, "a value of no rows")
    reals = [session.one(f"SELECT avg({column})::float4 FROM tst") for column in ("r1", "r2", "r3")]
    mean = [float(x) for x in session.one("SELECT avg(v) FROM tst").strip("[]").split(",")]
    hold(all(abs(float(a) - b) < 1e-5 for a, b in zip(reals, mean)), f"{reals} {mean}")


@check(33)
def comparison(subject):
    session = subject.session()
    subject.fresh(session)
    session.sql("CREATE TABLE tst (v real[])")
    element = "floor(random() * 2)::int - 1"
    session.sql(f"INSERT INTO tst SELECT {array(element, 3)} FROM generate_series(1, {subject.rows(10_000)}) i")
    for _ in range(50):
        query = "{" + ",".join(str(subject.random.randrange(2) - 1) for _ in range(subject.random.randrange(2, 5))) + "}"
        expected = session.column(f"SELECT btarraycmp(v, '{query}') FROM tst")
        for call in (
            f"vector_cmp(v::vector, '{query}'::real[]::vector)",
            f"halfvec_cmp(v::halfvec, '{query}'::real[]::halfvec)",
            f"sparsevec_cmp(v::vector::sparsevec, '{query}'::real[]::vector::sparsevec)",
        ):
            hold(session.column(f"SELECT {call} FROM tst") == expected, call)


@check(34)
def distance_functions(subject):
    dims = 5
    session = subject.session()
    subject.fresh(session)
    session.sql(f"CREATE TABLE tst (v vector({dims}))")
    element = "floor(random() * 4)::int - 2"
    session.sql(f"INSERT INTO tst SELECT {array(element, dims)} FROM generate_series(1, {subject.rows(10_000)}) i")
    for name in ("l2_distance", "inner_product", "cosine_distance", "l1_distance"):
        for _ in range(20):
            query = "[" + ",".join(str(subject.random.randrange(4) - 2) for _ in range(dims)) + "]"
            expected = session.column(f"SELECT {name}(v, '{query}') FROM tst")
            for kind in ("halfvec", "sparsevec"):
                found = session.column(f"SELECT {name}(v::{kind}, '{query}'::vector::{kind}) FROM tst")
                hold(found == expected, f"{name} of {kind} and {query}")


@check(37)
def inputs(subject):
    session = subject.session()
    subs = [" ", " ", ",", ":", "-", "1", "9", "\0", "2147483648", "-2147483649"]
    for kind, whole in (("vector", "[1.23,4.56,7.89]"), ("halfvec", "[1.23,4.56,7.89]"), ("sparsevec", "{1:1.23,2:4.56,3:7.89}/3")):
        for _ in range(100):
            text = whole
            for _ in range(subject.random.randrange(1, 3)):
                place, sub = subject.random.randrange(len(text) or 1), subject.random.choice(subs)
                if sub == "\0":
                    text = text[:place]
                elif subject.random.random() > 0.5:
                    text = text[:place] + sub + text[place:]
                else:
                    text = text[:place] + sub + text[place + len(sub) :]
            try:
                session.sql(f"SELECT '{text}'::{kind}")
            except SqlError as error:
                hold(kind in error.message, f"'{text}': {error.message}")
