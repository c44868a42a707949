"""Checks of hnsw: recall when built, inserted and vacuumed, for every type and operator; equal values; space."""

from subject import CHECKS, KINDS, LIMIT, UNIFORM, array, check, expected_of, hold, recall, some_queries


# Recall of hnsw, for every type and operator: built, built with little memory, inserted.


def build_recall(subject, kind):
    session = subject.session()
    subject.fresh(session)
    session.sql(f"CREATE TABLE tst (i int4, v {kind.column})")
    session.sql(f"INSERT INTO tst SELECT i, {kind.row} FROM generate_series(1, {subject.rows(10_000)}) i")
    queries = some_queries(subject, kind)
    for operator, opclass in kind.operators.items():
        expected = expected_of(subject, operator, queries)
        for settings in (["max_parallel_maintenance_workers = 0"], ["maintenance_work_mem = '4MB'"]):
            build = subject.session(*settings)
            build.sql(f"CREATE INDEX idx ON tst USING hnsw (v {opclass})")
            build.close()
            recall(subject, operator, queries, expected, kind.least(operator))
            session.sql("DROP INDEX idx")


def insert_recall(subject, kind):
    session = subject.session()
    subject.fresh(session)
    session.sql(f"CREATE TABLE tst (i serial, v {kind.column})")
    queries = some_queries(subject, kind)
    for operator, opclass in kind.operators.items():
        session.sql(f"CREATE INDEX idx ON tst USING hnsw (v {opclass})")
        subject.concurrently(f"INSERT INTO tst (v) VALUES ({kind.row});", clients=10, transactions=1_000)
        expected = expected_of(subject, operator, queries)
        recall(subject, operator, queries, expected, kind.least(operator))
        session.sql("DROP INDEX idx")
        session.sql("TRUNCATE tst")


def vacuum_recall(subject, kind, before, after):
    session = subject.session()
    subject.fresh(session)
    operator, opclass = next(iter(kind.operators.items()))
    count = subject.rows(10_000, 1_000)
    session.sql(f"CREATE TABLE tst (i int4, v {kind.column}) ")
    session.sql("ALTER TABLE tst SET (autovacuum_enabled = false)")
    session.sql(f"INSERT INTO tst SELECT i, {kind.row} FROM generate_series(1, {count}) i")
    session.sql(f"CREATE INDEX ON tst USING hnsw (v {opclass}) WITH (m = 4, ef_construction = 8)")
    session.sql(f"DELETE FROM tst WHERE i > {count // 4}")
    queries = some_queries(subject, kind)
    expected = expected_of(subject, operator, queries)
    for ef_search, least in before:
        recall(subject, operator, queries, expected, least, [f"hnsw.ef_search = {ef_search}"])
    session.sql("VACUUM tst")
    for ef_search, least in after:
        recall(subject, operator, queries, expected, least, [f"hnsw.ef_search = {ef_search}"])


def duplicates(subject, column, value, opclass, operator):
    session = subject.session()
    subject.fresh(session)
    session.sql(f"CREATE TABLE tst (v {column})")

    def found():
        searching = subject.session("enable_seqscan = off", "hnsw.ef_search = 1")
        count = int(searching.one(f"SELECT count(*) FROM (SELECT * FROM tst ORDER BY v {operator} {value}) t"))
        searching.close()
        # pgvector keeps ten rows of a value in an element, and one element is asked for.
        hold(count == 10 or (subject.ours and 1 <= count <= 20), f"{count} rows")

    session.sql(f"INSERT INTO tst SELECT {value} FROM generate_series(1, 20)")
    session.sql(f"CREATE INDEX idx ON tst USING hnsw (v {opclass})")
    found()
    session.sql("TRUNCATE tst")
    for _ in range(20):
        session.sql(f"INSERT INTO tst VALUES ({value})")
    found()
    subject.concurrently(f"INSERT INTO tst VALUES ({value});", clients=5, transactions=100)
    searching = subject.session("enable_seqscan = off", "hnsw.ef_search = 400", "hnsw.iterative_scan = relaxed_order")
    total = int(session.one("SELECT count(*) FROM tst"))
    limited = min(total, 100)
    rows = searching.column(f"SELECT v FROM tst ORDER BY v {operator} {value} LIMIT {limited}")
    hold(len(rows) == limited, f"{len(rows)} of {limited} equal rows")


for _name, _numbers in (("vector", (12, 13)), ("bit", (20, 21)), ("halfvec", (24, 25)), ("sparsevec", (28, 29))):
    CHECKS[f"{_name}_build_recall"] = ((_numbers[0],), lambda subject, kind=KINDS[_name]: build_recall(subject, kind))
    CHECKS[f"{_name}_insert_recall"] = ((_numbers[1],), lambda subject, kind=KINDS[_name]: insert_recall(subject, kind))

FLOATS_BEFORE, FLOATS_AFTER = [(LIMIT, 0.18), (100, 0.93)], [(LIMIT, 0.95)]


@check(14)
def vector_vacuum_recall(subject):
    vacuum_recall(subject, UNIFORM["vector"], FLOATS_BEFORE, FLOATS_AFTER)


@check(22)
def bit_vacuum_recall(subject):
    vacuum_recall(subject, KINDS["bit"], [(100, 0.35)], [(100, 0.80)])


@check(26)
def halfvec_vacuum_recall(subject):
    vacuum_recall(subject, UNIFORM["halfvec"], FLOATS_BEFORE, FLOATS_AFTER)


@check(30)
def sparsevec_vacuum_recall(subject):
    vacuum_recall(subject, UNIFORM["sparsevec"], FLOATS_BEFORE, FLOATS_AFTER)


@check(15)
def vector_duplicates(subject):
    duplicates(subject, "vector(3)", "'[1,1,1]'::vector", "vector_l2_ops", "<->")


@check(23)
def bit_duplicates(subject):
    duplicates(subject, "bit(3)", "B'111'", "bit_hamming_ops", "<~>")


@check(27)
def halfvec_duplicates(subject):
    duplicates(subject, "halfvec(3)", "'[1,1,1]'::halfvec", "halfvec_l2_ops", "<->")


@check(31)
def sparsevec_duplicates(subject):
    duplicates(subject, "sparsevec(3)", "'{1:1,2:1,3:1}/3'::sparsevec", "sparsevec_l2_ops", "<->")


# Inserts and vacuum of hnsw.


@check(11)
def hnsw_vacuum_space(subject):
    session = subject.session()
    subject.fresh(session)
    count = subject.rows(10_000)
    values = "ARRAY[" + ", ".join(f"i % {subject.random.randrange(1, 1001)}" for _ in range(3)) + "]"
    fill = f"INSERT INTO tst SELECT i, {values} FROM generate_series(1, {count}) i"
    session.sql("CREATE TABLE tst (i int4, v vector(3))")
    session.sql(fill)
    session.sql("CREATE INDEX ON tst USING hnsw (v vector_l2_ops)")
    size = int(session.one("SELECT pg_total_relation_size('tst_v_idx')"))
    session.sql("DELETE FROM tst")
    session.sql("VACUUM tst")
    session.sql(fill)
    grown = int(session.one("SELECT pg_total_relation_size('tst_v_idx')"))
    hold(grown <= size * (1.02 if not subject.ours else 1.1), f"{size} bytes, then {grown}")
    session.sql("DELETE FROM tst WHERE i != 123")
    session.sql("VACUUM tst")
    session.sql("SET enable_seqscan = off")
    found = session.column("SELECT i FROM tst ORDER BY v <-> '[0,0,0]' LIMIT 10")
    hold(found == ["123"], f"{found}")


@check(16)
def hnsw_inserts(subject):
    dims = 1900
    value = array("random()", dims)
    session = subject.session()
    subject.fresh(session)
    session.sql(f"CREATE TABLE tst (v vector({dims}))")
    session.sql("CREATE INDEX ON tst USING hnsw (v vector_l2_ops)")
    searching = subject.session("enable_seqscan = off")
    count = "SELECT count(*) FROM (SELECT v FROM tst ORDER BY v <-> (SELECT v FROM tst LIMIT 1)) t"
    for _ in range(max(2, int(20 * subject.scale))):
        subject.node.pgbench({f"INSERT INTO tst VALUES ({value});": 1}, 10, 1)
        found = int(searching.one(count))
        hold(found == 10, f"{found} of 10 rows after concurrent inserts")
        session.sql("TRUNCATE tst")
    subject.node.pgbench({f"INSERT INTO tst SELECT {value} FROM generate_series(1, 10) i;": 1}, 20, 5)
    searching.sql("SET hnsw.ef_search = 1000")
    found = int(searching.one(count))
    hold(found >= 997, f"{found} of 1,000 rows")


@check(38)
def sparsevec_vacuum_insert(subject):
    session = subject.session()
    subject.fresh(session)
    session.sql("CREATE TABLE tst (i serial, v sparsevec(100000))")
    session.sql("CREATE INDEX ON tst USING hnsw (v sparsevec_l2_ops)")
    for _ in range(3):
        for _ in range(100):
            places = sorted({subject.random.randrange(1, 100_000) for _ in range(subject.random.randrange(100))})
            elements = ",".join(f"{place}:{subject.random.random()}" for place in places)
            session.sql(f"INSERT INTO tst (v) VALUES ('{{{elements}}}/100000')")
        session.sql("DELETE FROM tst WHERE i % 2 = 0")
        session.sql("VACUUM tst")


@check(46)
def hnsw_vacuum_scan(subject):
    session = subject.session()
    subject.fresh(session)
    session.sql("CREATE TABLE tst (i serial, v vector(3))")
    session.sql("ALTER TABLE tst SET (autovacuum_enabled = false)")
    session.sql(f"INSERT INTO tst (v) SELECT {array('random()', 3)} FROM generate_series(1, 1000) i")
    session.sql("CREATE INDEX ON tst USING hnsw (v vector_l2_ops)")
    session.sql("DELETE FROM tst")
    subject.concurrently({"SELECT i FROM tst ORDER BY v <-> '[0,0,0]' LIMIT 10;": 1000, "VACUUM tst;": 1}, 5, 1_000)


@check(47, 48)
def vacuum_insert(subject):
    value = array("random()", 3)
    for method, selects in (("hnsw (v vector_l2_ops)", 20), ("ivfflat (v vector_l2_ops) WITH (lists = 10)", 500)):
        session = subject.session()
        subject.fresh(session)
        session.sql("CREATE TABLE tst (i serial, v vector(3))")
        session.sql(f"INSERT INTO tst (v) SELECT {value} FROM generate_series(1, 1000) i")
        session.sql(f"CREATE INDEX ON tst USING {method}")
        subject.concurrently(
            {
                f"INSERT INTO tst (v) VALUES ({value});": 500,
                "DELETE FROM tst WHERE i = (SELECT i FROM tst LIMIT 1);": 500,
                f"SELECT i FROM tst ORDER BY v <-> (SELECT {value}::vector) LIMIT 10;": selects,
                "VACUUM tst;": 1,
            },
            5,
            1_000,
        )
        # Nothing deleted is found, and what is there is.
        searching = subject.session("enable_seqscan = off", "hnsw.ef_search = 1000", "ivfflat.probes = 10")
        there = set(session.column("SELECT i FROM tst"))
        found = searching.column("SELECT i FROM tst ORDER BY v <-> '[0.5,0.5,0.5]' LIMIT 1000")
        hold(set(found) <= there and len(found) == len(set(found)), "a deleted row, or a row twice")
        hold(len(found) >= min(len(there), 1000) * 0.99, f"{len(found)} of {len(there)} rows")


@check(45)
def low_memory_build(subject):
    session = subject.session("maintenance_work_mem = '3073kB'")
    subject.fresh(session)
    session.sql("CREATE TABLE tst (i int4, v vector(3))")
    session.sql(f"INSERT INTO tst SELECT i, {array('random()', 3)} FROM generate_series(1, 1000) i")
    session.sql("CREATE INDEX ON tst USING hnsw (v vector_l2_ops)")
    queries = some_queries(subject, UNIFORM["vector"])
    recall(subject, "<->", queries, expected_of(subject, "<->", queries), 0.95)
