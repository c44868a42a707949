"""psycopg 3: every type in text and binary, transactions, savepoints, errors, COPY, cursors, pipeline."""

import datetime
import decimal
import enum
import math
import uuid

import psycopg
from psycopg.types.enum import EnumInfo, register_enum
from psycopg.types.json import Json, Jsonb


class Mood(enum.Enum):
    sad = "sad"
    happy = "happy"


UTC = datetime.timezone.utc
D = decimal.Decimal
# type -> values; each travels as a parameter and comes back as a result, in both formats.
VALUES = {
    "bool": [True, False],
    "int2": [-32768, 0, 32767],
    "int4": [-(2**31), 7, 2**31 - 1],
    "int8": [-(2**63), -9, 2**63 - 1],
    "float4": [1.5, -0.25, math.inf],
    "float8": [2.25, 1e300, -math.inf],
    "numeric": [D("12.340"), D("-0.00001"), D("1e40"), D("123456789012345678901234567890.123456789")],
    "numeric(10,2)": [D("12.34"), D("-99999999.99")],
    "text": ["naïve", "", "tab\tline\nquote'\\"],
    "varchar": ["v"],
    "varchar(5)": ["five5"],
    "bytea": [b"\x00\xff'\\", b""],
    "date": [datetime.date(2024, 2, 29), datetime.date(1, 1, 1), datetime.date(9999, 12, 31)],
    "time": [datetime.time(12, 34, 56, 789), datetime.time(0)],
    "timestamp": [datetime.datetime(2024, 1, 2, 3, 4, 5, 6), datetime.datetime(1900, 1, 1)],
    "timestamptz": [datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)],
    "interval": [datetime.timedelta(days=3, seconds=7), datetime.timedelta(days=-1, microseconds=5)],
    "uuid": [uuid.UUID(int=5), uuid.UUID(int=2**128 - 1)],
    "bool[]": [[True, None, False]],
    "int2[]": [[1, -2]],
    "int4[]": [[1, None, 3], []],
    "int8[]": [[2**40]],
    "float4[]": [[1.5]],
    "float8[]": [[1.5, None]],
    "numeric[]": [[D("1.50"), None]],
    "text[]": [["a", "b c", 'q"\\', "NULL", "", None]],
    "varchar[]": [["a"]],
    "bytea[]": [[b"\x00", b"b"]],
    "date[]": [[datetime.date(2024, 2, 29)]],
    "time[]": [[datetime.time(1, 2, 3)]],
    "timestamp[]": [[datetime.datetime(2024, 1, 2, 3, 4, 5)]],
    "timestamptz[]": [[datetime.datetime(2024, 1, 2, tzinfo=UTC)]],
    "interval[]": [[datetime.timedelta(days=3)]],
    "uuid[]": [[uuid.UUID(int=5)]],
}


def types(conn):
    for binary in (False, True):
        cur = conn.cursor(binary=binary)
        for placeholder in ("%t", "%b"):
            for cast, values in VALUES.items():
                for value in [*values, None]:
                    if placeholder == "%b" and value == []:
                        continue  # psycopg has no binary form of an empty list of unknown type
                    got = cur.execute(f"SELECT {placeholder}::{cast}", [value]).fetchone()[0]
                    assert got == value, (cast, binary, placeholder, got, value)
            for cast in ("float4", "float8"):
                got = cur.execute(f"SELECT {placeholder}::{cast}", [math.nan]).fetchone()[0]
                assert math.isnan(got), (cast, got)
            for special in ("NaN", "Infinity", "-Infinity"):
                got = cur.execute(f"SELECT {placeholder}::numeric", [D(special)]).fetchone()[0]
                assert str(got) == special, (got, special)
            document = {"a": [1, 2.5, None, "x"], "b": {"c": True}}
            for wrap, cast in ((Json, "json"), (Jsonb, "jsonb")):
                got = cur.execute(f"SELECT {placeholder}::{cast}", [wrap(document)]).fetchone()[0]
                assert got == document, (cast, got)
            got = cur.execute(f"SELECT {placeholder}::jsonb[]", [[Jsonb(1), Jsonb({"a": 2})]]).fetchone()[0]
            assert got == [1, {"a": 2}], got
            row = cur.execute(
                f"SELECT {placeholder}::bpchar(4), {placeholder}::name, {placeholder}::\"char\"",
                ["ab", "relation", "r"]).fetchone()
            assert row == ("ab  ", "relation", "r"), row


def enums(conn):
    conn.execute("CREATE TYPE psycopg_mood AS ENUM ('sad', 'happy')")
    register_enum(EnumInfo.fetch(conn, "psycopg_mood"), conn, Mood)
    for binary in (False, True):
        cur = conn.cursor(binary=binary)
        for placeholder in ("%t", "%b"):
            row = cur.execute(
                f"SELECT {placeholder}::psycopg_mood, {placeholder}::psycopg_mood[]",
                [Mood.happy, [Mood.happy, Mood.sad]]).fetchone()
            assert row == (Mood.happy, [Mood.happy, Mood.sad]), row
    try:
        with conn.transaction():
            conn.execute("SELECT 'angry'::psycopg_mood")
        raise AssertionError("not a label")
    except psycopg.errors.InvalidTextRepresentation as error:
        assert error.diag.message_primary == 'invalid input value for enum psycopg_mood: "angry"'
    conn.execute("DROP TYPE psycopg_mood")


def refused(conn, exception, sql, **fields):
    """The statement fails with the exception and its fields, and only its savepoint is lost."""
    try:
        with conn.transaction():
            conn.execute(sql)
    except exception as error:
        for field, value in fields.items():
            got = getattr(error.diag, field)
            assert got == value, (sql, field, got, value)
        return
    raise AssertionError(f"{sql} succeeded")


def transactions(conn):
    conn.execute("CREATE TABLE psycopg_t (id int PRIMARY KEY, v text NOT NULL CHECK (v <> 'bad'))")
    conn.execute("CREATE TABLE psycopg_c (id int REFERENCES psycopg_t)")
    conn.commit()
    with conn.transaction():
        conn.execute("INSERT INTO psycopg_t VALUES (1, 'x')")
        try:
            with conn.transaction():
                conn.execute("INSERT INTO psycopg_t VALUES (2, 'y')")
                raise psycopg.Rollback
        except psycopg.Rollback:
            pass
        with conn.transaction():
            conn.execute("INSERT INTO psycopg_t VALUES (3, 'z')")
        refused(conn, psycopg.errors.UniqueViolation, "INSERT INTO psycopg_t VALUES (1, 'again')",
                sqlstate="23505", constraint_name="psycopg_t_pkey", table_name="psycopg_t", schema_name="public",
                message_detail="Key (id)=(1) already exists.")
        refused(conn, psycopg.errors.CheckViolation, "INSERT INTO psycopg_t VALUES (4, 'bad')",
                constraint_name="psycopg_t_v_check", message_detail="Failing row contains (4, bad).")
        refused(conn, psycopg.errors.NotNullViolation, "INSERT INTO psycopg_t VALUES (4)", column_name="v")
        refused(conn, psycopg.errors.ForeignKeyViolation, "INSERT INTO psycopg_c VALUES (9)",
                constraint_name="psycopg_c_id_fkey",
                message_detail='Key (id)=(9) is not present in table "psycopg_t".')
        refused(conn, psycopg.errors.UndefinedColumn, "SELECT nosuch FROM psycopg_t", statement_position="8")
        refused(conn, psycopg.errors.DivisionByZero, "SELECT 1 / 0")
    assert conn.execute("SELECT id FROM psycopg_t ORDER BY id").fetchall() == [(1,), (3,)]
    conn.execute("INSERT INTO psycopg_t VALUES (5, 'gone')")
    conn.rollback()
    assert conn.execute("SELECT count(*) FROM psycopg_t").fetchone() == (2,)
    cur = conn.cursor()
    cur.executemany("INSERT INTO psycopg_t VALUES (%s, %s) RETURNING id", [(n, "m") for n in range(10, 20)],
                    returning=True)
    returned = [cur.fetchone()[0]]
    while cur.nextset():
        returned.append(cur.fetchone()[0])
    assert returned == list(range(10, 20)), returned
    conn.execute("DROP TABLE psycopg_c, psycopg_t")
    conn.commit()


def copies(conn):
    conn.execute("CREATE TABLE psycopg_copy (id int PRIMARY KEY, v text, n numeric, t timestamptz, b bytea, a int4[])")
    stamp = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    rows = [(n, f"row\t{n}\\", D(n) / 4, stamp, bytes([n % 256]), [n, None]) for n in range(2000)]
    cast = ["int4", "text", "numeric", "timestamptz", "bytea", "int4[]"]
    cur = conn.cursor()
    for form in ("text", "binary"):
        with cur.copy(f"COPY psycopg_copy FROM STDIN (FORMAT {form})") as copy:
            copy.set_types(cast)
            for row in rows:
                copy.write_row(row)
        with cur.copy(f"COPY psycopg_copy TO STDOUT (FORMAT {form})") as copy:
            copy.set_types(cast)
            got = sorted(copy.rows())
        assert got == rows, (form, got[:2])
        conn.execute("TRUNCATE psycopg_copy")
    with cur.copy("COPY psycopg_copy (id, v) FROM STDIN (FORMAT csv, HEADER)") as copy:
        copy.write('id,v\n1,"a ""b"", c"\n2,\n')
    with cur.copy("COPY (SELECT id, v FROM psycopg_copy ORDER BY id) TO STDOUT (FORMAT csv, HEADER)") as copy:
        assert b"".join(copy) == b'id,v\n1,"a ""b"", c"\n2,\n'
    conn.commit()
    try:
        with cur.copy("COPY psycopg_copy (id, v) FROM STDIN") as copy:
            copy.write("5\tx\nfive\ty\n")
        raise AssertionError("five is no integer")
    except psycopg.errors.InvalidTextRepresentation as error:
        assert error.diag.context == 'COPY psycopg_copy, line 2, column id: "five"', error.diag.context
    conn.rollback()
    try:
        with cur.copy("COPY psycopg_copy (id) FROM STDIN") as copy:
            copy.write("6\n")
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    conn.rollback()
    assert conn.execute("SELECT count(*) FROM psycopg_copy").fetchone() == (2,)
    conn.execute("DROP TABLE psycopg_copy")
    conn.commit()


def cursors(conn):
    for binary in (False, True):
        with conn.cursor(name="server_side", binary=binary) as cur:
            cur.itersize = 1000
            cur.execute("SELECT g, 'row ' || g FROM generate_series(1, 100000) g")
            for n, row in enumerate(cur, 1):
                assert row == (n, f"row {n}"), row
            assert n == 100_000
    with conn.cursor(name="scrolls", scrollable=True) as cur:
        cur.execute("SELECT g FROM generate_series(1, 100) g")
        cur.scroll(50)
        assert cur.fetchone() == (51,)
        cur.scroll(-11)
        assert cur.fetchone() == (41,)
        cur.scroll(0, mode="absolute")
        assert cur.fetchone() == (1,)
    conn.commit()
    with conn.cursor(name="held", withhold=True) as cur:
        cur.execute("SELECT g FROM generate_series(1, 10) g")
        conn.commit()
        assert len(cur.fetchall()) == 10
    conn.commit()
    streamed = sum(1 for _ in conn.cursor().stream("SELECT g FROM generate_series(1, 100000) g"))
    assert streamed == 100_000
    conn.commit()


def pipelines(conn):
    with conn.pipeline():
        results = [conn.execute("SELECT %s::int4", [n]) for n in range(50)]
        assert [r.fetchone()[0] for r in results] == list(range(50))
    with conn.pipeline() as pipeline:
        good = conn.execute("SELECT 1")
        conn.execute("SELECT 1 / 0")
        try:
            pipeline.sync()
            raise AssertionError("the pipeline failed")
        except psycopg.errors.DivisionByZero:
            pass
        assert good.fetchone() == (1,)
    conn.rollback()
    for n in range(10):
        assert conn.execute("SELECT %s::int4 + 1", [n], prepare=True).fetchone() == (n + 1,)
    conn.commit()


def notifications(conn):
    conn.autocommit = True
    conn.execute("LISTEN psycopg_channel")
    with psycopg.connect(autocommit=True) as other:
        other.execute("NOTIFY psycopg_channel, 'hello'")
    note = next(iter(conn.notifies(timeout=10, stop_after=1)))
    assert (note.channel, note.payload) == ("psycopg_channel", "hello")
    conn.execute("UNLISTEN *")


with psycopg.connect() as conn:
    assert conn.pgconn.ssl_in_use
    assert conn.pgconn.used_password
    for part in (types, enums, transactions, copies, cursors, pipelines, notifications):
        part(conn)
        print("  ", part.__name__, flush=True)
print("psycopg", psycopg.__version__)
