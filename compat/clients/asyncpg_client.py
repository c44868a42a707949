"""asyncpg: binary protocol only; every type, transactions, errors, COPY, cursor, prepared statements, reset."""

import asyncio
import datetime
import decimal
import io
import math
import os
import ssl
import uuid

import asyncpg

UTC = datetime.timezone.utc
D = decimal.Decimal
VALUES = {
    "bool": [True, False],
    "int2": [-32768, 3],
    "int4": [7, -(2**31)],
    "int8": [-9, 2**63 - 1],
    "float4": [1.5, math.inf],
    "float8": [2.25, -math.inf],
    "numeric": [D("12.340"), D("-0.00001"), D("123456789012345678901234567890.123456789")],
    "numeric(10,2)": [D("12.34")],
    "text": ["naïve", ""],
    "varchar": ["v"],
    "name": ["relation"],
    "bytea": [b"\x00\xff", b""],
    "date": [datetime.date(2024, 2, 29), datetime.date.min, datetime.date.max],
    "time": [datetime.time(12, 34, 56, 789)],
    "timestamp": [datetime.datetime(2024, 1, 2, 3, 4, 5, 6)],
    "timestamptz": [datetime.datetime(2024, 1, 2, tzinfo=UTC)],
    "interval": [datetime.timedelta(days=3, seconds=7)],
    "uuid": [uuid.UUID(int=5)],
    "json": ['{"a": 1}'],
    "jsonb": ['{"a": 1}'],
    "bool[]": [[True, None]],
    "int2[]": [[1]],
    "int4[]": [[1, None, 3], []],
    "int8[]": [[2**40]],
    "float8[]": [[1.5]],
    "numeric[]": [[D("1.5")]],
    "text[]": [["a", "b c", None, ""]],
    "bytea[]": [[b"\x00"]],
    "date[]": [[datetime.date(2024, 2, 29)]],
    "timestamp[]": [[datetime.datetime(2024, 1, 2)]],
    "timestamptz[]": [[datetime.datetime(2024, 1, 2, tzinfo=UTC)]],
    "interval[]": [[datetime.timedelta(days=3)]],
    "uuid[]": [[uuid.UUID(int=5)]],
    "jsonb[]": [["1", '{"a": 2}']],
}


async def types(conn):
    for cast, values in VALUES.items():
        for value in [*values, None]:
            got = await conn.fetchval(f"SELECT $1::{cast}", value)
            assert got == value, (cast, got, value)
    for cast in ("float4", "float8"):
        assert math.isnan(await conn.fetchval(f"SELECT $1::{cast}", math.nan))
    for special in ("NaN", "Infinity", "-Infinity"):
        assert str(await conn.fetchval("SELECT $1::numeric", D(special))) == special
    assert await conn.fetchval("SELECT $1::bpchar(4)", "ab") == "ab  "
    await conn.execute("CREATE TYPE asyncpg_mood AS ENUM ('sad', 'happy')")
    await conn.execute("CREATE TABLE asyncpg_moods (m asyncpg_mood, ms asyncpg_mood[])")
    row = await conn.fetchrow("INSERT INTO asyncpg_moods VALUES ($1, $2) RETURNING *", "happy", ["sad", None])
    assert tuple(row) == ("happy", ["sad", None]), row
    # Text queries, by the simple protocol.
    assert await conn.execute("SELECT 1; SELECT 2") == "SELECT 1"
    await conn.execute("DROP TABLE asyncpg_moods; DROP TYPE asyncpg_mood")


async def statements(conn):
    prepared = await conn.prepare("SELECT $1::int4 AS a, $2::text AS b, NULL::numeric(8,2) AS c")
    assert [p.name for p in prepared.get_parameters()] == ["int4", "text"]
    assert [(a.name, a.type.name) for a in prepared.get_attributes()] == [
        ("a", "int4"), ("b", "text"), ("c", "numeric")]
    for n in range(20):
        assert [tuple(row) for row in await prepared.fetch(n, "x")] == [(n, "x", None)]
    assert prepared.get_statusmsg() == "SELECT 1"
    await conn.execute("SET search_path = pg_catalog")
    await conn.reset()
    assert await conn.fetchval("SHOW search_path") == '"$user", public'


async def transactions(conn):
    await conn.execute("CREATE TABLE asyncpg_t (id int PRIMARY KEY, v text CHECK (v <> 'bad'))")
    try:
        async with conn.transaction():
            await conn.executemany("INSERT INTO asyncpg_t VALUES ($1, $2)", [(1, "a"), (1, "b")])
        raise AssertionError("the second row has the same key")
    except asyncpg.UniqueViolationError as error:
        assert error.constraint_name == "asyncpg_t_pkey"
        assert error.sqlstate == "23505"
        assert error.detail == "Key (id)=(1) already exists."
    assert await conn.fetchval("SELECT count(*) FROM asyncpg_t") == 0
    async with conn.transaction(isolation="serializable"):
        await conn.execute("INSERT INTO asyncpg_t VALUES (1, 'kept')")
        try:
            async with conn.transaction():
                await conn.execute("INSERT INTO asyncpg_t VALUES (2, 'bad')")
        except asyncpg.CheckViolationError as error:
            assert error.constraint_name == "asyncpg_t_v_check"
    assert await conn.fetchval("SELECT array_agg(id) FROM asyncpg_t") == [1]
    try:
        async with conn.transaction(readonly=True):
            await conn.execute("DELETE FROM asyncpg_t")
        raise AssertionError("the transaction only reads")
    except asyncpg.ReadOnlySQLTransactionError:
        pass
    try:
        await conn.fetchval("SELECT nosuch")
    except asyncpg.UndefinedColumnError as error:
        assert error.position == "8"
    assert await conn.execute("DELETE FROM asyncpg_t WHERE id = $1", 1) == "DELETE 1"


async def copies(conn):
    await conn.copy_records_to_table("asyncpg_t", records=[(n, f"row {n}") for n in range(1000)])
    assert await conn.fetchval("SELECT count(*) FROM asyncpg_t") == 1000
    out = io.BytesIO()
    status = await conn.copy_from_query("SELECT * FROM asyncpg_t ORDER BY id", output=out, format="csv")
    assert status == "COPY 1000"
    assert out.getvalue().startswith(b"0,row 0\n1,row 1\n")
    await conn.execute("TRUNCATE asyncpg_t")
    out.seek(0)
    assert await conn.copy_to_table("asyncpg_t", source=out, format="csv") == "COPY 1000"
    binary = io.BytesIO()
    await conn.copy_from_table("asyncpg_t", output=binary, format="binary")
    assert binary.getvalue().startswith(b"PGCOPY\n\xff\r\n\0")
    await conn.execute("DROP TABLE asyncpg_t")


async def cursors(conn):
    async with conn.transaction():
        count = 0
        async for row in conn.cursor("SELECT g FROM generate_series(1, 100000) g", prefetch=1000):
            count += 1
            assert row["g"] == count
        assert count == 100_000
        cursor = await conn.cursor("SELECT g FROM generate_series(1, 100) g")
        assert await cursor.forward(10) == 10
        assert [r[0] for r in await cursor.fetch(2)] == [11, 12]
    assert len(await conn.fetch("SELECT g FROM generate_series(1, 100000) g")) == 100_000


async def cancels(conn):
    try:
        await conn.fetch("SELECT count(*) FROM generate_series(1, 100000000000) g", timeout=0.5)
        raise AssertionError("that takes longer")
    except asyncio.TimeoutError:
        pass
    assert await conn.fetchval("SELECT 1") == 1


async def notifications(conn):
    heard = asyncio.get_running_loop().create_future()

    def listener(_conn, _pid, _channel, payload):
        heard.set_result(payload)

    await conn.add_listener("asyncpg_channel", listener)
    await conn.execute("NOTIFY asyncpg_channel, 'hello'")
    assert await asyncio.wait_for(heard, 10) == "hello"
    await conn.remove_listener("asyncpg_channel", listener)


async def main():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    pool = await asyncpg.create_pool(
        host=os.environ["PGHOST"], port=int(os.environ["PGPORT"]), ssl=context, min_size=1, max_size=2)
    for part in (types, statements, transactions, copies, cursors, cancels, notifications):
        async with pool.acquire() as conn:
            await part(conn)
            print("  ", part.__name__, flush=True)
    await pool.close()
    print("asyncpg", asyncpg.__version__)


asyncio.run(main())
