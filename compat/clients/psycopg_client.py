"""psycopg 3: types, transactions, errors, COPY, server-side cursor, pipeline."""

import datetime
import decimal
import uuid

import psycopg

with psycopg.connect() as conn:
    assert conn.pgconn.ssl_in_use
    values = [
        True, 7, -9, 1.5, decimal.Decimal("12.340"), "naïve", b"\x00\xff",
        datetime.date(2024, 2, 29), datetime.time(12, 34, 56, 789),
        datetime.datetime(2024, 1, 2, 3, 4, 5, 6),
        datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
        datetime.timedelta(days=3, seconds=7), uuid.UUID(int=5), [1, None, 3], ["a", "b c"],
    ]
    casts = ["bool", "int4", "int8", "float8", "numeric", "text", "bytea", "date", "time", "timestamp",
             "timestamptz", "interval", "uuid", "int4[]", "text[]"]
    for binary in (False, True):
        with conn.cursor(binary=binary) as cur:
            for value, cast in zip(values, casts):
                got = cur.execute(f"SELECT %s::{cast}", [value]).fetchone()[0]
                assert got == value, (cast, binary, got, value)
            got = cur.execute("SELECT %s::jsonb", ['{"a": [1, 2]}']).fetchone()[0]
            assert got == {"a": [1, 2]}, got

    conn.execute("CREATE TABLE psycopg_t (id int PRIMARY KEY, v text)")
    conn.commit()
    try:
        with conn.transaction():
            conn.execute("INSERT INTO psycopg_t VALUES (1, 'x')")
            with conn.transaction():
                conn.execute("INSERT INTO psycopg_t VALUES (2, 'y')")
            conn.execute("INSERT INTO psycopg_t VALUES (1, 'again')")
        raise AssertionError("the second row has the same key")
    except psycopg.errors.UniqueViolation as error:
        assert error.diag.constraint_name == "psycopg_t_pkey"
        assert error.diag.message_detail == "Key (id)=(1) already exists."
    assert conn.execute("SELECT count(*) FROM psycopg_t").fetchone() == (0,)

    with conn.cursor() as cur:
        with cur.copy("COPY psycopg_t FROM STDIN") as copy:
            for n in range(1000):
                copy.write_row((n, f"row {n}"))
        with cur.copy("COPY psycopg_t TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            assert sum(1 for _ in copy.rows()) == 1000
    conn.commit()

    with conn.cursor(name="server_side") as cur:
        cur.itersize = 1000
        cur.execute("SELECT g FROM generate_series(1, 100000) g")
        assert sum(1 for _ in cur) == 100_000
    conn.commit()

    with conn.pipeline():
        results = [conn.execute("SELECT %s::int4", [n]) for n in range(50)]
        assert [r.fetchone()[0] for r in results] == list(range(50))
    conn.execute("DROP TABLE psycopg_t")
print("psycopg", psycopg.__version__)
