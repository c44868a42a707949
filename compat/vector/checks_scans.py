"""Checks of searches with conditions: filters, plans, iterative scans."""

from subject import KINDS, LIMIT, UNIFORM, array, check, expected_of, hold, recall, some_queries


@check(9, 17)
def filtering(subject):
    classes = 50
    # One list of a hundred is read, where none is named: a share of the nearest is elsewhere.
    for method, least in (("hnsw (v vector_l2_ops)", 0.9), ("ivfflat (v vector_l2_ops) WITH (lists = 100)", 0.4)):
        session = subject.session()
        subject.fresh(session)
        count = subject.rows(10_000, 10_000)
        session.sql("CREATE TABLE tst (i int4, v vector(3), c int4, t text)")
        session.sql("CREATE TABLE cat (i int4 PRIMARY KEY, t text, b boolean)")
        session.sql(f"INSERT INTO tst SELECT i, {array('random()', 3)}, i % {classes}, 'test ' || i FROM generate_series(1, {count}) i")
        session.sql(f"INSERT INTO cat SELECT i, 'cat ' || i, i % 5 = 0 FROM generate_series(1, {classes}) i")
        session.sql(f"CREATE INDEX idx ON tst USING {method}")
        session.sql("ANALYZE tst")
        query = KINDS["vector"].query(subject.random)
        chosen = subject.random.randrange(classes)
        by_index = ["c != %d" % chosen, "c >= 1", "t LIKE '%test%'", f"v <-> {query} < 1", f"v <-> {query} > 0.1"]
        for where in by_index:
            plan = session.plan(f"SELECT i FROM tst WHERE {where} ORDER BY v <-> {query} LIMIT {LIMIT}")
            hold("Index Scan using idx" in plan, f"{where}: {plan}")
        for where in [*by_index, f"c = {chosen}", "c < 1", "t LIKE '%other%'"]:
            rows_of_filter(subject, session, query, where, least)
        without = {
            "no order": f"SELECT i FROM tst WHERE v <-> {query} < 1",
            "no limit": f"SELECT i FROM tst WHERE v <-> {query} < 1 ORDER BY v <-> {query}",
        }
        for what, statement in without.items():
            plan = session.plan(statement)
            hold("Seq Scan" in plan, f"{what}: {plan}")
        for where in ("", "WHERE cat.b = 't'"):
            join = f"SELECT cat.t FROM cat INNER JOIN tst ON cat.i = tst.c {where} ORDER BY v <-> {query} LIMIT {LIMIT}"
            if "hnsw" in method:
                plan = session.plan(join)
                hold("Index Scan using idx" in plan, f"join {where}: {plan}")
            found = session.sql(join)
            hold(len(found) == LIMIT or not subject.ours, f"join {where}: {len(found)} rows")
        session.sql("CREATE INDEX attribute_idx ON tst (c)")
        rows_of_filter(subject, session, query, f"c = {chosen}", least)
        partial = method.replace("lists = 100", "lists = 5")
        session.sql(f"CREATE INDEX partial_idx ON tst USING {partial} WHERE (c = {chosen})")
        plan = session.plan(f"SELECT i FROM tst WHERE c = {chosen} ORDER BY v <-> {query} LIMIT {LIMIT}")
        hold("Index Scan using partial_idx" in plan, f"partial: {plan}")
        rows_of_filter(subject, session, query, f"c = {chosen}", least)


def rows_of_filter(subject, session, query, where, least):
    """zserver is never short of LIMIT while rows match; of pgvector only the order is held."""
    true = expected_of(subject, "<->", [query], where)[0]
    rows = session.sql(f"SELECT i, v <-> {query} FROM tst WHERE {where} ORDER BY v <-> {query} LIMIT {LIMIT}")
    distances = [float(distance) for _, distance in rows]
    hold(distances == sorted(distances), f"{where}: out of order")
    if subject.ours:
        hold(len(rows) == min(LIMIT, len(true)), f"{where}: {len(rows)} of {min(LIMIT, len(true))} rows")
        hold(len({row[0] for row in rows} & true) >= least * len(rows), f"{where}: other rows than the nearest")


@check(39, 40)
def costs(subject):
    for method, sizes in (("hnsw (v vector_l2_ops)", (2_000, 6_000)), ("ivfflat (v vector_l2_ops) WITH (lists = 5)", (5_000,))):
        for dims in (384, 1536):
            session = subject.session()
            subject.fresh(session)
            value = array("random()", dims)
            session.sql(f"CREATE TABLE tst (i int4, v vector({dims}))")
            first = 1
            for size in sizes:
                last = subject.rows(size, size)
                session.sql("DROP INDEX IF EXISTS idx")
                session.sql(f"INSERT INTO tst SELECT i, {value} FROM generate_series({first}, {last}) i")
                first = last + 1
                session.sql(f"CREATE INDEX idx ON tst USING {method}")
                session.sql("ANALYZE tst")
            query = "'[%s]'" % ",".join(str(subject.random.random()) for _ in range(dims))
            for where in ("", f"WHERE v <-> {query} < 1"):
                plan = session.plan(f"SELECT i FROM tst {where} ORDER BY v <-> {query} LIMIT 10")
                hold("Index Scan using idx" in plan, plan[:300])
            session.close()


@check(41, 43)
def iterative_scan(subject):
    count = subject.rows(100_000, 20_000)
    every = count // 10
    for method, settings, bounds in (
        ("hnsw", ["hnsw.iterative_scan = relaxed_order", "hnsw.scan_mem_multiplier = 2"], "hnsw.max_scan_tuples"),
        ("ivfflat", ["ivfflat.iterative_scan = relaxed_order", "ivfflat.probes = 10"], "ivfflat.max_probes"),
    ):
        session = subject.session("maintenance_work_mem = '128MB'")
        subject.fresh(session)
        session.sql("CREATE TABLE tst (i int4 PRIMARY KEY, v vector(3))")
        session.sql(f"INSERT INTO tst SELECT i, {array('random()', 3)} FROM generate_series(1, {count}) i")
        session.sql(f"CREATE INDEX ON tst USING {method} (v vector_l2_ops)")
        searching = subject.session("enable_seqscan = off", *settings)
        counting = "SELECT count(*) FROM (SELECT v FROM tst WHERE i %% %d = 0 ORDER BY v <-> (SELECT v FROM tst WHERE i = %d) LIMIT 11) t"
        searching.sql(f"SET {bounds} = {count if method == 'hnsw' else 32768}")
        found = int(searching.one(counting % (every, 1)))
        hold(found == 10, f"{method}: {found} of 10 rows")
        for share in (0.3, 0.5, 0.7):
            searching.sql(f"SET {bounds} = {int(count * share) if method == 'hnsw' else int(100 * share)}")
            mean = sum(int(searching.one(counting % (every, number))) for number in range(1, 21)) / 20
            hold(mean > 10 * share - 2, f"{method} {share}: {mean} rows")
            hold(subject.ours or mean < 10 * share + 2, f"{method} {share}: {mean} rows")


@check(42, 44)
def iterative_scan_recall(subject):
    session = subject.session("maintenance_work_mem = '128MB'")
    subject.fresh(session)
    session.sql("CREATE TABLE tst (i int4, v vector(3))")
    count = subject.rows(50_000, 10_000)
    session.sql(f"INSERT INTO tst SELECT i, {array('random()', 3)} FROM generate_series(1, {count}) i")
    kind = UNIFORM["vector"]
    queries = some_queries(subject, kind)
    for operator, opclass in (("<->", "vector_l2_ops"), ("<=>", "vector_cosine_ops")):
        for method, plans in (
            ("hnsw", [(50, 0.99, ["hnsw.iterative_scan = strict_order"]), (50, 0.99, ["hnsw.iterative_scan = relaxed_order"])]),
            (
                "ivfflat",
                [(100, 0.57, ["ivfflat.iterative_scan = relaxed_order"]), (100, 0.98, ["ivfflat.iterative_scan = relaxed_order", "ivfflat.probes = 10"])],
            ),
        ):
            session.sql(f"CREATE INDEX idx ON tst USING {method} (v {opclass})")
            for every, least, settings in plans:
                where = f"i % {every} = 0"
                recall(subject, operator, queries, expected_of(subject, operator, queries, where), least, settings, where)
            session.sql("DROP INDEX idx")
