"""Checks of ivfflat: recall, space, lists, equal centers."""

from subject import KINDS, UNIFORM, array, check, expected_of, hold, recall, some_queries


def ivfflat_recall(subject, column, row, query, classes, bounds, floor):
    session = subject.session("maintenance_work_mem = '128MB'")
    subject.fresh(session)
    count = subject.rows(100_000, 10_000)
    session.sql(f"CREATE TABLE tst (i int4, v {column})")
    session.sql(f"INSERT INTO tst SELECT i, {row} FROM generate_series(1, {count}) i")
    queries = [query(subject.random) for _ in range(20)]
    for operator, opclass in classes.items():
        expected = expected_of(subject, operator, queries)
        session.sql(f"CREATE INDEX idx ON tst USING ivfflat (v {opclass})")
        for probes, least in bounds if operator != "<#>" else []:
            recall(subject, operator, queries, expected, least, [f"ivfflat.probes = {probes}"])
        recall(subject, operator, queries, expected, floor.get(operator, 1.0), ["ivfflat.probes = 100"])
        session.sql("DROP INDEX idx")


@check(3)
def ivfflat_vector_recall(subject):
    classes = {"<->": "vector_l2_ops", "<#>": "vector_ip_ops", "<=>": "vector_cosine_ops"}
    ivfflat_recall(subject, "vector(3)", array("random()", 3), KINDS["vector"].query, classes, [(1, 0.71), (10, 0.95)], {"<=>": 0.9925})


@check(32)
def ivfflat_halfvec_recall(subject):
    classes = {"<->": "halfvec_l2_ops", "<#>": "halfvec_ip_ops", "<=>": "halfvec_cosine_ops"}
    ivfflat_recall(subject, "halfvec(10)", array("random()", 10), KINDS["halfvec"].query, classes, [(1, 0.33), (10, 0.93)], {"<=>": 0.98})


@check(35)
def ivfflat_bit_recall(subject):
    kind = KINDS["bit"]
    ivfflat_recall(subject, kind.column, kind.row, kind.query, {"<~>": "bit_hamming_ops"}, [(1, 0.08), (10, 0.50)], {})


@check(4)
def ivfflat_insert_recall(subject):
    session = subject.session()
    subject.fresh(session)
    session.sql("CREATE TABLE tst (i serial, v vector(3))")
    kind = UNIFORM["vector"]
    queries = some_queries(subject, kind)
    for operator, opclass in (("<->", "vector_l2_ops"), ("<=>", "vector_cosine_ops")):
        session.sql(f"CREATE INDEX idx ON tst USING ivfflat (v {opclass})")
        subject.concurrently(f"INSERT INTO tst (v) SELECT {kind.row} FROM generate_series(1, 10) i;", 10, 500)
        expected = expected_of(subject, operator, queries)
        for probes, least in ((1, 0.71), (10, 0.95), (100, 0.9925)):
            recall(subject, operator, queries, expected, least, [f"ivfflat.probes = {probes}"])
        session.sql("DROP INDEX idx")
        session.sql("TRUNCATE tst")


@check(2)
def ivfflat_vacuum_space(subject):
    session = subject.session()
    subject.fresh(session)
    session.sql("CREATE TABLE tst (i int4, v vector(3))")
    session.sql(f"INSERT INTO tst SELECT i, {array('random()', 3)} FROM generate_series(1, {subject.rows(100_000)}) i")
    session.sql("CREATE INDEX ON tst USING ivfflat (v vector_l2_ops)")
    size = int(session.one("SELECT pg_total_relation_size('tst_v_idx')"))
    session.sql("CREATE TABLE tmp AS SELECT * FROM tst")
    session.sql("DELETE FROM tst")
    session.sql("VACUUM tst")
    session.sql("INSERT INTO tst SELECT * FROM tmp")
    again = int(session.one("SELECT pg_total_relation_size('tst_v_idx')"))
    hold(again == size or (subject.ours and again <= 1.1 * size), f"{size} bytes, then {again}")


@check(5)
def ivfflat_finds_itself(subject):
    session = subject.session()
    subject.fresh(session)
    count = subject.rows(100_000, 1_000)
    session.sql("CREATE TABLE tst (i int4 primary key, v vector(3))")
    session.sql(f"INSERT INTO tst SELECT i, {array('random()', 3)} FROM generate_series(1, {count}) i")
    session.sql("CREATE INDEX ON tst USING ivfflat (v vector_l2_ops)")
    session.sql("SET enable_seqscan = off")
    for _ in range(20):
        value = session.one(f"SELECT v FROM tst WHERE i = {subject.random.randrange(1, count)}")
        found = session.one(f"SELECT v FROM tst ORDER BY v <-> '{value}' LIMIT 1")
        hold(found == value, f"{found} for {value}")


@check(6)
def ivfflat_lists(subject):
    session = subject.session()
    subject.fresh(session)
    session.sql("CREATE TABLE tst (v vector(3))")
    session.sql(f"INSERT INTO tst SELECT {array('random()', 3)} FROM generate_series(1, {subject.rows(100_000, 5_000)}) i")
    session.sql("CREATE INDEX lists50 ON tst USING ivfflat (v vector_l2_ops) WITH (lists = 50)")
    session.sql("CREATE INDEX lists100 ON tst USING ivfflat (v vector_l2_ops) WITH (lists = 100)")
    plan = session.plan("SELECT v FROM tst ORDER BY v <-> '[0.5,0.5,0.5]' LIMIT 10")
    hold("lists100" in plan and "lists50" not in plan, plan)


@check(7)
def ivfflat_inserts(subject):
    dims = 768
    value = array("random()", dims)
    session = subject.session()
    subject.fresh(session)
    count = subject.rows(10_000, 1_000)
    session.sql(f"CREATE TABLE tst (v vector({dims}))")
    session.sql(f"INSERT INTO tst SELECT {value} FROM generate_series(1, {count}) i")
    session.sql("CREATE INDEX ON tst USING ivfflat (v vector_l2_ops)")
    done = subject.concurrently(f"INSERT INTO tst SELECT {value} FROM generate_series(1, 10) i;", 5, 100)
    there = count + done * 10
    hold(int(session.one("SELECT count(*) FROM tst")) == there, "rows are missing")
    session.sql("SET enable_seqscan = off")
    session.sql("SET ivfflat.probes = 100")
    found = int(session.one("SELECT count(*) FROM (SELECT v FROM tst ORDER BY v <-> (SELECT v FROM tst LIMIT 1)) t"))
    hold(found == there, f"{found} of {there} rows")


@check(8, 36)
def ivfflat_centers(subject):
    session = subject.session()
    subject.fresh(session)
    session.sql("CREATE TABLE tst (i int4, v vector(3))")
    session.sql("INSERT INTO tst SELECT i, '[1,2,3]' FROM generate_series(1, 10) i")
    session.sql("CREATE INDEX ON tst USING ivfflat (v vector_l2_ops) WITH (lists = 5)")
    session.sql("CREATE INDEX ON tst USING ivfflat (v vector_l2_ops) WITH (lists = 10)")
    session.sql("INSERT INTO tst SELECT i, '[4,5,6]' FROM generate_series(1, 10) i")
    session.sql("CREATE INDEX ON tst USING ivfflat (v vector_l2_ops) WITH (lists = 10)")
    subject.fresh(session)
    session.sql("CREATE TABLE tst (i int4, v bit(3))")
    session.sql("INSERT INTO tst SELECT i, floor(random() * 8)::bigint::bit(3) FROM generate_series(1, 100) i")
    counts = session.sql("SELECT v, count(*) FROM tst GROUP BY 1 ORDER BY 1")
    session.sql("CREATE INDEX ON tst USING ivfflat (v bit_hamming_ops) WITH (lists = 100)")
    session.sql("SET enable_seqscan = off")
    for value, count in counts:
        found = session.column(f"SELECT i FROM tst WHERE v = '{value}' ORDER BY v <~> '{value}' LIMIT 100")
        hold(len(found) == int(count), f"{value}: {len(found)} of {count}")
