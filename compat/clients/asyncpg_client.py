"""asyncpg: binary protocol only; types, transactions, errors, COPY, cursor, reset."""

import asyncio
import datetime
import decimal
import os
import ssl
import uuid

import asyncpg


async def main():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    pool = await asyncpg.create_pool(
        host=os.environ["PGHOST"], port=int(os.environ["PGPORT"]), ssl=context, min_size=1, max_size=2)
    async with pool.acquire() as conn:
        utc = datetime.timezone.utc
        cases = {
            "bool": True, "int2": 3, "int4": 7, "int8": -9, "float4": 1.5, "float8": 2.25,
            "numeric": decimal.Decimal("12.340"), "text": "naïve", "varchar": "v", "bytea": b"\x00\xff",
            "date": datetime.date(2024, 2, 29), "time": datetime.time(12, 34, 56, 789),
            "timestamp": datetime.datetime(2024, 1, 2, 3, 4, 5, 6),
            "timestamptz": datetime.datetime(2024, 1, 2, tzinfo=utc),
            "interval": datetime.timedelta(days=3, seconds=7), "uuid": uuid.UUID(int=5),
            "json": '{"a": 1}', "jsonb": '{"a": 1}', "int4[]": [1, None, 3], "text[]": ["a", "b c"],
            "numeric[]": [decimal.Decimal("1.5")],
        }
        for cast, value in cases.items():
            got = await conn.fetchval(f"SELECT $1::{cast}", value)
            assert got == value, (cast, got, value)
        await conn.execute("CREATE TYPE asyncpg_mood AS ENUM ('sad', 'happy')")
        assert await conn.fetchval("SELECT $1::asyncpg_mood", "happy") == "happy"
        await conn.execute("CREATE TABLE asyncpg_t (id int PRIMARY KEY, v text)")
        try:
            async with conn.transaction():
                await conn.executemany("INSERT INTO asyncpg_t VALUES ($1, $2)", [(1, "a"), (1, "b")])
            raise AssertionError("the second row has the same key")
        except asyncpg.UniqueViolationError as error:
            assert error.constraint_name == "asyncpg_t_pkey"
        assert await conn.fetchval("SELECT count(*) FROM asyncpg_t") == 0
        await conn.copy_records_to_table("asyncpg_t", records=[(n, f"row {n}") for n in range(1000)])
        assert await conn.fetchval("SELECT count(*) FROM asyncpg_t") == 1000
        async with conn.transaction():
            count = 0
            async for row in conn.cursor("SELECT g FROM generate_series(1, 100000) g", prefetch=1000):
                count += 1
            assert count == 100_000
        assert len(await conn.fetch("SELECT g FROM generate_series(1, 100000) g")) == 100_000
        await conn.execute("DROP TABLE asyncpg_t; DROP TYPE asyncpg_mood")
    await pool.close()
    print("asyncpg", asyncpg.__version__)


asyncio.run(main())
