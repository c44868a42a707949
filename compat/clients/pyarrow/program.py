"""Results of SQL over HTTP as pyarrow reads them."""

import base64
import datetime
import decimal
import json
import os
import urllib.error
import urllib.request
import uuid

PORT = os.environ.get("ZSERVER_HTTP_PORT")


def ask(query, **more):
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/api/v1/sql",
        json.dumps({"query": query, **more}).encode(),
        {
            "Authorization": "Basic " + base64.b64encode(b"postgres:any").decode(),
            "Accept": "application/vnd.apache.arrow.stream",
        },
    )
    return urllib.request.urlopen(request, timeout=60)


def table(query, **more):
    import pyarrow

    with pyarrow.ipc.open_stream(ask(query, **more)) as reader:
        return reader.read_all()


def one(expression):
    return table(f"select {expression} as x").column("x").to_pylist()[0]


def numbers():
    assert one("7") == 7 and one("2::int2") == 2 and one("9007199254740993") == 9007199254740993
    assert one("1.5::float8") == 1.5 and one("1.5::float4") == 1.5
    assert one("1.50::numeric(10, 2)") == decimal.Decimal("1.50")
    assert one("'-99999999999999999999999999999999.999999'::numeric(38, 6)") == decimal.Decimal(
        "-99999999999999999999999999999999.999999"
    )
    assert one("1e50::numeric") == "1" + "0" * 50 and one("'NaN'::numeric") == "NaN"
    assert one("42::oid") == 42


def texts():
    assert one("'é'::text") == "é" and one("'x'::varchar(3)") == "x" and one("'x'::char(3)") == "x  "
    assert one("'\\x0102'::bytea") == b"\x01\x02" and one("true") is True and one("null::text") is None
    assert one("'pg_class'::regclass") == "pg_class" and one("'c'::\"char\"") == "c"
    assert one("int4range(1, 5)") == "[1,5)" and one("inet '10.0.0.1/8'") == "10.0.0.1/8"
    assert one("row(1, 'a')") == "(1,a)"


def times():
    utc = datetime.timezone.utc
    found = one("timestamptz '2020-01-02 03:04:05.000006+02'")
    assert found == datetime.datetime(2020, 1, 2, 1, 4, 5, 6, utc), found
    assert one("timestamp '2020-01-02 03:04:05'") == datetime.datetime(2020, 1, 2, 3, 4, 5)
    assert one("date '1999-12-31'") == datetime.date(1999, 12, 31)
    assert one("time '03:04:05.5'") == datetime.time(3, 4, 5, 500000)
    months, days, nanoseconds = one("interval '1 mon 2 days 3 sec'")
    assert (months, days, nanoseconds) == (1, 2, 3_000_000_000)


def arrays():
    assert one("array[1, null, 3]") == [1, None, 3] and one("'{}'::int[]") == []
    assert one("array['a', 'é']") == ["a", "é"] and one("null::int[]") is None
    assert one("array[date '2020-01-01']") == [datetime.date(2020, 1, 1)]
    assert one("array[1.5, 2.5]::numeric(5, 1)[]") == [decimal.Decimal("1.5"), decimal.Decimal("2.5")]


def extensions():
    found = table("select '00000000-0000-0000-0000-000000000001'::uuid as u, '{\"k\": [1]}'::jsonb as j")
    assert found.column("u").to_pylist() == [uuid.UUID(int=1)], found.schema
    assert json.loads(found.column("j").to_pylist()[0]) == {"k": [1]}
    assert found.schema.field("u").metadata[b"postgresql.type"] == b"uuid"


def many():
    query = "select g, g::text as t, g::numeric(12, 2) as n, array[g] as a from generate_series(1, $1::int) g"
    found = table(query, params=[100_000])
    assert found.num_rows == 100_000
    assert found.column("g").to_pylist()[-1] == 100_000 and found.column("a").to_pylist()[-1] == [100_000]
    assert sum(found.column("n").to_pylist()) == 5_000_050_000
    assert table("select 1 as a where false").num_rows == 0


def streamed():
    import pyarrow

    with pyarrow.ipc.open_stream(ask("select g from generate_series(1, 50000000) g")) as reader:
        first = next(iter(reader))
    assert first.column(0)[0].as_py() == 1


def errors():
    for query, code in [("select 1 / 0", "22012"), ("select date 'infinity'", "22008"), ("select array[[1]]", "0A000")]:
        try:
            ask(query)
            raise AssertionError(query)
        except urllib.error.HTTPError as error:
            found = json.loads(error.read())["code"]
            assert found == code, found


def tables():
    for query in ["create table points (id int primary key, at timestamptz, price numeric(8, 2))",
                  "insert into points values (1, '2020-01-01Z', 9.99), (2, null, null)"]:
        ask(query).read()
    found = table("select * from points order by id").to_pylist()
    utc = datetime.timezone.utc
    assert found == [
        {"id": 1, "at": datetime.datetime(2020, 1, 1, tzinfo=utc), "price": decimal.Decimal("9.99")},
        {"id": 2, "at": None, "price": None},
    ], found


for step in [numbers, texts, times, arrays, extensions, many, streamed, errors, tables]:
    try:
        if PORT:
            step()
        print(f"ok {step.__name__}")
    except Exception as error:  # noqa: BLE001
        print(f"not ok {step.__name__}: {type(error).__name__} {error}")
