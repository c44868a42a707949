"""ODBC as applications use it, with the driver's different ways of running statements."""

import datetime
import decimal
import os
import re
import threading
import time
import traceback
import uuid

import pyodbc

WAYS = {
    "plain": {},
    "declare and fetch": {"UseDeclareFetch": 1, "Fetch": 7},
    "no server-side prepare": {"UseServerSidePrepare": 0},
    "rollback of the statement": {"Protocol": "7.4-2"},
    "rollback of the transaction": {"Protocol": "7.4-1"},
    "other types": {"BoolsAsChar": 0, "ByteaAsLongVarBinary": 1, "TextAsLongVarchar": 0, "UnknownsAsLongVarchar": 1, "TrueIsMinus1": 1, "ShowOidColumn": 1, "RowVersioning": 1, "ShowSystemTables": 1},
}


def connect(autocommit=True, **more):
    place = {"Driver": os.environ["ODBC_DRIVER"], "Server": os.environ["PGHOST"], "Port": os.environ["PGPORT"], "UID": os.environ["PGUSER"], "Database": os.environ["PGDATABASE"], **more}
    return pyodbc.connect(";".join(f"{key}={value}" for key, value in place.items()), autocommit=autocommit)


def say(text):
    print(re.sub(r"pg_temp_\d+", "pg_temp_N", str(text).replace("\n", "\\n")), flush=True)


def step(name):
    def run(work):
        print(f"== {name}", flush=True)
        try:
            work()
        except pyodbc.Error as error:
            say(f"error {type(error).__name__} {error.args}")
        except Exception as error:
            say(f"exception {type(error).__name__} {error}")
            traceback.print_exc()

    return run


def fails(work, *arguments):
    try:
        work(*arguments)
        say("no error")
    except pyodbc.Error as error:
        say(f"{type(error).__name__} {error.args}")


def shape(cursor):
    for column in cursor.description or ():
        say(f"column {column[0]} {column[1].__name__} {column[2:]}")


def rows(cursor):
    shape(cursor)
    for row in cursor.fetchall():
        say(tuple(row))


def described(cursor):
    """Rows of a catalog function: without OIDs, which differ, and in an order of their own."""
    shape(cursor)
    oid = re.compile(r"(?<![\d.'])(1638[4-9]|1639\d|16[4-9]\d\d|1[7-9]\d{3}|[2-9]\d{4})(?![\d.'])")
    # The driver says a number from nowhere as the table of xmin.
    xmin = re.compile(r"(0, -3), -?\d+, ")
    for line in sorted(xmin.sub(r"\1, ?, ", oid.sub("OID", str(tuple(row)))) for row in cursor.fetchall()):
        say(line)


def catalog(way, options):
    connection = connect(**options)
    cursor = connection.cursor()
    calls = {
        "tables": lambda: cursor.tables(schema="rich"),
        "tables of kinds": lambda: cursor.tables(schema="rich", tableType="VIEW,MATVIEW"),
        "tables by pattern": lambda: cursor.tables(table="k%", schema="rich"),
        "system tables": lambda: cursor.tables(schema="pg_catalog", table="pg\\_c%", tableType="SYSTEM TABLE"),
        "schemas": lambda: cursor.tables(catalog="", schema="%", table=""),
        "kinds": lambda: cursor.tables(catalog="", schema="", table="", tableType="%"),
        "columns": lambda: cursor.columns(schema="rich"),
        "columns of one table": lambda: cursor.columns(table="kinds", schema="rich", column="%a%"),
        "statistics": lambda: cursor.statistics("kinds", schema="rich"),
        "statistics, unique only": lambda: cursor.statistics("kinds", schema="rich", unique=True),
        "row identifiers": lambda: cursor.rowIdColumns("kinds", schema="rich"),
        "row versions": lambda: cursor.rowVerColumns("kinds", schema="rich"),
        "primary keys": lambda: cursor.primaryKeys("kinds", schema="rich"),
        "primary keys of two columns": lambda: cursor.primaryKeys("by_range", schema="rich"),
        "foreign keys from": lambda: cursor.foreignKeys(foreignTable="owner_of", foreignSchema="rich"),
        "foreign keys to": lambda: cursor.foreignKeys(table="parent", schema="rich"),
        "foreign keys between": lambda: cursor.foreignKeys(table="parent", schema="rich", foreignTable="owner_of", foreignSchema="rich"),
        "procedures": lambda: cursor.procedures(schema="rich"),
        "procedure columns": lambda: cursor.procedureColumns(schema="rich"),
        "types": lambda: cursor.getTypeInfo(),
        "one type": lambda: cursor.getTypeInfo(pyodbc.SQL_VARCHAR),
        "odd names": lambda: cursor.columns(table="Mixed Case", schema="rich"),
        "nothing": lambda: cursor.columns(table="absent"),
    }
    for name, call in calls.items():

        @step(f"{way}: {name}")
        def _(call=call):
            described(call())

    connection.close()


TYPES = [
    "true", "false", "1::int2", "2147483647::int4", "9223372036854775807::int8", "1.5::float4", "2.25::float8", "'NaN'::float8", "123.4500::numeric(10,4)", "1e20::numeric", "'NaN'::numeric", "'text ü'::text", "''::text",
    "'v'::varchar(9)", "'c'::bpchar(4)", "'n'::name", "'q'::\"char\"", "'\\x00ff5c'::bytea", "date '2020-02-29'", "date '0001-01-01'", "time '12:34:56'", "timestamp '2020-02-29 01:02:03.456'", "timestamptz '2020-02-29 01:02:03+05'",
    "interval '1 day 2 hours'", "uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'{\"a\": 1}'::json", "'{\"a\": 1}'::jsonb", "inet '10.0.0.1/8'", "macaddr '08:00:2b:01:02:03'", "B'101'::bit(3)", "B'1'::bit(1)", "B'10'::varbit",
    "ARRAY[1,2]", "ARRAY['a','b,c']", "int4range(1,5)", "ROW(1,'x')", "'happy'::rich.mood", "5::rich.positive", "ROW(1,2.5,'l')::rich.place", "1::oid", "'pg_class'::regclass", "'5'::xid", "NULL::int4", "NULL", "'unknown'",
]


def values(way, options):
    connection = connect(**options)
    cursor = connection.cursor()
    cursor.execute("SET TimeZone = 'UTC'")
    for literal in TYPES:

        @step(f"{way}: value {literal}")
        def _(literal=literal):
            rows(cursor.execute(f"SELECT {literal} AS v"))
            rows(cursor.execute(f"SELECT {literal} AS v WHERE 1 = ?", 1))

    @step(f"{way}: parameters")
    def _():
        given = [
            ("bool", True), ("int2", 5), ("int4", -7), ("int8", 2**60), ("float8", 2.5), ("numeric", decimal.Decimal("-123.4500")), ("text", "ü'\\ ?"), ("text", "x" * 5000), ("varchar(5)", "abc"), ("bytea", b"\x00\xff\\"),
            ("bytea", bytearray(b"z" * 9000)), ("date", datetime.date(2020, 2, 29)), ("time", datetime.time(1, 2, 3)), ("timestamp", datetime.datetime(2020, 2, 29, 1, 2, 3, 456000)), ("uuid", uuid.UUID(int=5)), ("int4", None), ("text", ""),
            ("jsonb", '{"k": [1]}'), ("int4[]", "{1,2}"), ("rich.mood", "sad"),
        ]
        for kind, value in given:
            say(f"{kind} {str(value)[:40]}")
            try:
                found = cursor.execute(f"SELECT (?::{kind})::text, pg_typeof(?::{kind})::text", value, value).fetchone()
                say(tuple(str(part)[:60] for part in found))
            except pyodbc.Error as error:
                say(error.args)

    @step(f"{way}: schema, writes, keys")
    def _():
        cursor.execute("DROP TABLE IF EXISTS odbc_part; DROP TABLE IF EXISTS odbc_item")
        cursor.execute("CREATE TABLE odbc_item (id serial PRIMARY KEY, name varchar(20) NOT NULL UNIQUE, price numeric(8,2) CHECK (price >= 0), at timestamp, raw bytea, doc text)")
        cursor.execute("CREATE TABLE odbc_part (item int REFERENCES odbc_item, n int)")
        cursor.executemany("INSERT INTO odbc_item (name, price, at, raw) VALUES (?, ?, ?, ?)", [(f"n{n}", decimal.Decimal(n) / 4, datetime.datetime(2020, 1, 1, n % 24), bytes([n])) for n in range(50)])
        say(cursor.execute("UPDATE odbc_item SET price = price * 2 WHERE id < ?", 10).rowcount)
        say(cursor.execute("DELETE FROM odbc_item WHERE id = ?", 50).rowcount)
        rows(cursor.execute("SELECT * FROM odbc_item WHERE price > ? ORDER BY id", 11))
        rows(cursor.execute("INSERT INTO odbc_item (name) VALUES (?) RETURNING id, name", "returned"))
        rows(cursor.execute("{call upper('x')}"))
        rows(cursor.execute("SELECT {fn ucase('x')}, {d '2020-02-29'}, {ts '2020-02-29 01:02:03'}, {fn curdate()} = current_date, {fn mod(7, 4)}, {fn length('abc')}, {fn left('abc', 2)}, {fn ifnull(NULL, 'y')}, {fn concat('a', 'b')}"))

    @step(f"{way}: many rows")
    def _():
        cursor.execute("SELECT g, 'row ' || g FROM generate_series(1, 20000) g")
        found = 0
        while chunk := cursor.fetchmany(333):
            found += sum(row[0] + len(row[1]) for row in chunk)
        say(found)
        cursor.execute("SELECT g FROM generate_series(1, 100) g")
        say([row[0] for row in cursor.fetchmany(3)])
        cursor.skip(5)
        say(cursor.fetchone()[0])
        other = connection.cursor()
        fails(lambda: say(other.execute("SELECT 'beside'").fetchone()[0]))
        say(len(cursor.fetchall()))

    @step(f"{way}: several results")
    def _():
        cursor.execute("SELECT 1 AS a; UPDATE odbc_item SET price = price WHERE id IN (1, 2); SELECT 'x' AS b, 2 AS c")
        while True:
            if cursor.description:
                rows(cursor)
            else:
                say(cursor.rowcount)
            if not cursor.nextset():
                break

    for text in ["SELEC 1", "SELECT * FROM absent", "SELECT absent FROM odbc_item", "INSERT INTO odbc_item (id, name) VALUES (1, 'q')", "INSERT INTO odbc_item (name, price) VALUES ('p', -1)", "INSERT INTO odbc_item (name) VALUES (NULL)",
                 "INSERT INTO odbc_part VALUES (999, 1)", "SELECT 1/0", "SELECT 'x'::int", "INSERT INTO odbc_item (name) VALUES ('123456789012345678901')", "DROP TABLE odbc_item", "SELECT 1 +", "CREATE TABLE odbc_item (a int)",
                 "DO $$ BEGIN RAISE EXCEPTION 'own' USING ERRCODE = 'ZZ001', DETAIL = 'd', HINT = 'h'; END $$"]:

        @step(f"{way}: error of {text}")
        def _(text=text):
            fails(cursor.execute, text)

    connection.close()


def transactions(way, options):
    @step(f"{way}: transactions")
    def _():
        connection = connect(autocommit=False, **options)
        cursor = connection.cursor()
        cursor.execute("INSERT INTO odbc_item (name) VALUES ('in transaction')")
        fails(cursor.execute, "INSERT INTO odbc_item (name) VALUES ('in transaction')")
        fails(lambda: say(cursor.execute("SELECT count(*) FROM odbc_item WHERE name = 'in transaction'").fetchone()[0]))
        fails(connection.commit)
        fails(lambda: say(cursor.execute("SELECT count(*) FROM odbc_item WHERE name = 'in transaction'").fetchone()[0]))
        connection.rollback()
        cursor.execute("DELETE FROM odbc_item WHERE name = 'in transaction'")
        connection.commit()
        for level in (pyodbc.SQL_TXN_SERIALIZABLE, pyodbc.SQL_TXN_REPEATABLE_READ, pyodbc.SQL_TXN_READ_COMMITTED):
            connection.set_attr(pyodbc.SQL_ATTR_TXN_ISOLATION, level)
            say(cursor.execute("SHOW transaction_isolation").fetchone()[0])
            connection.commit()
        cursor.execute("SELECT id FROM odbc_item ORDER BY id")
        say([cursor.fetchone()[0] for _ in range(3)])
        connection.commit()
        fails(lambda: say(len(cursor.fetchall())))
        connection.close()

    @step(f"{way}: limits")
    def _():
        connection = connect(**options)
        connection.timeout = 1
        cursor = connection.cursor()
        fails(lambda: cursor.execute("SELECT pg_sleep(10)").fetchall())
        connection.timeout = 0
        threading.Timer(0.5, cursor.cancel).start()
        fails(lambda: cursor.execute("SELECT count(*) FROM generate_series(1, 2000000000) g WHERE g % 3 = 7").fetchall())
        say(cursor.execute("SELECT 'goes on'").fetchone()[0])
        time.sleep(0.1)
        connection.close()


def information():
    connection = connect()
    apart = {"SQL_SERVER_NAME", "SQL_DATA_SOURCE_NAME", "SQL_DBMS_VER", "SQL_DM_VER", "SQL_DRIVER_NAME"}

    @step("information")
    def _():
        for name in sorted(name for name in dir(pyodbc) if name.startswith("SQL_") and name not in apart):
            try:
                say(f"{name} {connection.getinfo(getattr(pyodbc, name))}")
            except (pyodbc.Error, TypeError):
                pass

    connection.close()


information()
for way, options in WAYS.items():
    if way in ("plain", "other types", "declare and fetch"):
        catalog(way, options)
    values(way, options)
    transactions(way, options)
